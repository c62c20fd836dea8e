"""Small specs that cross the features of the language, on random bytes: trees and failures equal the official ones."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sigflow.compiler import build
from tests.compiler import object_tree
from tests.compiler.test_differential import import_classes
from tools import oracle

MINI = Path(__file__).parent / "mini"
SPECS = sorted(MINI.glob("*.ksy"))
WHY_NOT = oracle.why_absent()


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    folder = tmp_path_factory.mktemp("official")
    for outcome in oracle.compile_many(SPECS, folder):
        assert outcome.ok, outcome
    yield import_classes(folder)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("ours")
    for spec in SPECS:
        built = build(spec)
        assert built.ok, built.problems
        for name, text in built.modules.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return import_classes(folder)


def words(dice: random.Random) -> bytes:
    """Bytes that the spec `strings` can read, but for a fault now and then."""
    text = b"".join(dice.choice((b"a", b"BA", b"xyz", b"")) + b"\0" for _ in range(3)) + b"q" * dice.randrange(3) + b"A"
    text += (
        dice.choice((b"abc@@@@@", b"abcA@@@@", b"AAAAAAAA")) + "hié\0".encode("utf-16-le") + "x\0yz".encode("utf-16-be")
    )
    text += (
        dice.choice((b"1f\0z", b"12ab"))
        + dice.choice((b"abc\0\0\0", b"a\0c d "))
        + dice.choice((b"ab\0\0  ", b"abcdef"))
    )
    text += dice.choice((b"wBB", b"B", b"")) + bytes(range(250, 256))
    if dice.random() < 0.3:
        at = dice.randrange(len(text))
        text = text[:at] + bytes((dice.randrange(256),)) + text[at + 1 :]
    return text[: dice.randrange(len(text))] if dice.random() < 0.2 else text


def inputs(name: str) -> Iterator[bytes]:
    """Random bytes with many small values, letters and zeros, so that lengths and cases are met."""
    dice = random.Random(name)
    if name == "strings":
        yield from (words(dice) for _ in range(400))
    for _ in range(400):
        size = dice.randrange(90)
        pool = dice.choice((b"\0\1\2\3\4", b"AB@ abc\0", bytes(range(256)), b"\1\2\3\x80\xff\0AM"))
        yield bytes(dice.choice(pool) if dice.random() < 0.8 else dice.randrange(256) for _ in range(size))


@pytest.mark.parametrize("name", [spec.stem for spec in SPECS])
def test_equal(name: str, official: dict[str, Any], ours: dict[str, Any]) -> None:
    whole = failed = 0
    for data in inputs(name):
        theirs, mine = outcome(official[name], data), outcome(ours[name], data)
        if isinstance(theirs, type) or isinstance(mine, type):
            assert theirs == mine, data.hex(" ")
            failed += 1
            continue
        whole += 1
        assert not list(object_tree.differences(theirs, mine)), data.hex(" ")
    assert whole >= 5, (whole, failed)
    assert sys.getrecursionlimit() >= 1000


def outcome(cls: Any, data: bytes) -> Any:
    """The parsed object, or the class of the error."""
    try:
        return cls.from_bytes(data)
    except Exception as error:  # whatever it is, the other side must say the same
        return type(error)
