"""The interval of an expression holds every value that it takes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sigflow import catalog
from sigflow.compiler import Build, build
from sigflow.runtime.column import Computed
from tests.columns.kit import description_of

EXPRESSIONS = [
    "a + s",
    "a - b * s",
    "(a & 0x3c) | (b ^ 5)",
    "s & 0x0f",
    "s | a",
    "s ^ -3",
    "~s & ~a",
    "-(a - b)",
    "s / 7",
    "a % 13",
    "s % 5",
    "(a + 1) / (b + 1)",
    "a << 3",
    "s << 2",
    "a << (b & 7)",
    "s >> 2",
    "b >> (a & 3)",
    "f ? a : -b",
    "bits + word",
    "raw.length + raw.first - raw.last",
    "text.length * 2",
    "f.to_i + e.to_i",
    "other * 2 - 1",
    "raw.index_of(0)",
    "s == 1 ? 5 : word",
    "word * word * word * word",
]
#: What is not bounded, and says so.
OPEN = ["text.to_i", "x.to_i", "a << word", "1 / s"]

SPEC = """
meta: {{id: one, endian: be, encoding: ISO-8859-1}}
seq:
  - {{id: a, type: u1}}
  - {{id: b, type: u1}}
  - {{id: s, type: s1}}
  - {{id: word, type: u4}}
  - {{id: bits, type: b5}}
  - {{id: f, type: b1}}
  - {{id: e, type: b2, enum: es}}
  - {{id: raw, size: 3}}
  - {{id: text, type: str, size: 2}}
  - {{id: x, type: f4}}
instances:
  other: {{value: s}}
{instances}
enums: {{es: {{1: one}}}}
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Build:
    path = Path(tmp_path_factory.mktemp("bounds")) / "one.ksy"
    lines = [f"  v{n}: {{value: '{text}'}}" for n, text in enumerate([*EXPRESSIONS, *OPEN])]
    path.write_text(SPEC.format(instances="\n".join(lines)), encoding="utf-8")
    return build(path)


def test_every_value_is_within(compiled: Build) -> None:
    format = catalog.format_of(compiled)
    kinds = description_of(format)
    chance = random.Random(2)
    edges = (0, 1, 0x7F, 0x80, 0xFF)
    for _ in range(400):
        raw = bytes(chance.choice((*edges, chance.randrange(256))) for _ in range(17))
        value = format.parse(raw)
        for number, text in enumerate(EXPRESSIONS):
            kind = kinds[f"v{number}"]
            assert isinstance(kind, Computed) and kind.low is not None and kind.high is not None, text
            assert kind.low <= getattr(value, f"v{number}") <= kind.high, (text, raw.hex())


def test_what_is_not_bounded(compiled: Build) -> None:
    kinds = description_of(catalog.format_of(compiled))
    for number, text in enumerate(OPEN, len(EXPRESSIONS)):
        assert kinds[f"v{number}"] == Computed("int"), text


def test_a_long_chain_ends(tmp_path: Path) -> None:
    lines = "\n".join(f"  v{n}: {{value: v{n + 1} + 1}}" for n in range(300))
    (tmp_path / "one.ksy").write_text(f"meta: {{id: one}}\ninstances:\n{lines}\n  v300: {{value: 1}}\n")
    kinds = description_of(catalog.format_of(build(tmp_path / "one.ksy")))
    assert kinds["v0"] == Computed("int") and kinds["v299"] == Computed("int", 2, 2)
