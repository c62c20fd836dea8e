"""Random specs and small ones that cross the features of the language, on random bytes: what can be read is written,
and read the same.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sigflow.compiler import build
from sigflow.runtime.measure import WIRE_ERRORS
from tests.compiler.random_specs import ALPHABET, random_spec
from tests.writing.kit import differs, made_anew, read, written

MINI = sorted((Path(__file__).resolve().parents[1] / "compiler" / "mini").glob("*.ksy"))
#: Random specs of one test, and inputs for each.
SPECS, INPUTS = 25, 30


def kind_of(folder: Path, text: str) -> Any:
    """The class of a spec, None where it is refused."""
    path = folder / "spec.ksy"
    path.write_text(text, encoding="utf-8")
    result = build(str(path), write=True)
    if not result.ok:
        return None
    module = result.load()
    return getattr(module, "".join(part.capitalize() for part in result.id.split("_")))


def inputs(dice: random.Random, text: str, count: int) -> Iterator[bytes]:
    """Bytes that begin as the spec's contents do."""
    contents = re.search(r"contents: \[([0-9, ]*)\]", text)
    head = bytes(int(byte) for byte in contents[1].split(",")) if contents else b""
    for _ in range(count):
        size = dice.choice((3, 8, 20, 60))
        if dice.random() < 0.7:
            yield head + bytes(dice.choice(ALPHABET) for _ in range(size))
        else:
            yield head + dice.randbytes(size)


def tried(kind: Any, raw: bytes) -> bool:
    """Hold what bytes are read as against what that is written as; returns whether they can be read."""
    try:
        unit = read(kind, raw)
    except WIRE_ERRORS:
        return False
    unit._check()
    out = written(unit, raw)
    assert not differs(read(kind, raw), read(kind, out)), raw
    anew = made_anew(read(kind, raw))
    anew._check()
    assert written(anew, raw) == out, raw
    return True


@pytest.mark.parametrize("first", range(0, 100, SPECS))
def test_random_specs(first: int, tmp_path: Path) -> None:
    count = 0
    for seed in range(first, first + SPECS):
        text = random_spec(seed)
        kind = kind_of(tmp_path, text)
        if kind is not None:
            count += sum(tried(kind, raw) for raw in inputs(random.Random(seed), text, INPUTS))
    assert count > 40


@pytest.mark.parametrize("spec", MINI, ids=lambda path: path.stem)
def test_small_specs(spec: Path, tmp_path: Path) -> None:
    text = spec.read_text(encoding="utf-8")
    kind = kind_of(tmp_path, text)
    assert kind is not None
    count = sum(tried(kind, raw) for raw in inputs(random.Random(spec.stem), text, 200))
    assert count > 0
