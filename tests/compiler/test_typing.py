"""A type checker sees the fields of generated classes: what is right passes `mypy --strict`, what is misspelt fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sigflow.compiler import build

ROOT = Path(__file__).resolve().parents[2]
SPEC = """\
meta: {id: beacon, endian: le, encoding: ASCII}
-sigflow-stream: {max-frame: 100, confirm: {chain: 12}}
seq:
  - {id: sync, contents: SYNC}
  - {id: count, type: u1, valid: {max: 9}}
  - {id: name, type: str, size: 3}
  - {id: color, type: u1, enum: color}
  - {id: items, type: item(2), repeat: expr, repeat-expr: count}
  - {id: extra, type: u2, if: count > 1}
  - {id: either, type: {switch-on: count, cases: {1: item(1), _: other}}}
types:
  item:
    params: [{id: len, type: u1}]
    seq: [{id: body, size: len}]
    instances: {first: {value: 'body[0]'}}
  other:
    seq: [{id: number, type: f4}]
enums: {color: {0: red}}
instances:
  total: {value: count + 1}
"""
HEAD = "from beacon import Beacon\n\n"
RIGHT = f"""\
from sigflow.runtime import KaitaiStream
{HEAD}
def total(data: bytes) -> int:
    with Beacon.from_bytes(data) as beacon:
        bodies: list[bytes] = [item.body for item in beacon.items]
        extra = beacon.extra
        more: int = extra if extra is not None else 0
        name: str = beacon.name
        either = beacon.either
        size: float = either.number if isinstance(either, Beacon.Other) else either.first
        stream: KaitaiStream = beacon._io
        red: bool = beacon.color is Beacon.Color.red
        return beacon.total + len(bodies) + more + len(name) + red + int(size) + stream.pos()


def from_a_file(name: str) -> Beacon:
    return Beacon.from_file(name)
"""
#: A body, and what mypy says about its line.
WRONG = {
    "misspelt field": ("return Beacon.from_bytes(b'').cuont", '"Beacon" has no attribute "cuont"'),
    "misspelt instance": ("return Beacon.from_bytes(b'').tottal", '"Beacon" has no attribute "tottal"'),
    "misspelt in a list": ("return Beacon.from_bytes(b'').items[0].boddy", '"Item" has no attribute "boddy"'),
    "misspelt member": ("return Beacon.Color.rad", 'has no attribute "rad"'),
    "wrong type": ("return Beacon.from_bytes(b'').name", 'got "str", expected "int"'),
    "optional": ("return Beacon.from_bytes(b'').extra", 'got "int | None", expected "int"'),
    "one of two": ("return Beacon.from_bytes(b'').either.number", 'has no attribute "number"'),
    "wrong argument": ("return Beacon.from_bytes('text').count", "incompatible type"),
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says, by file: one run for all."""
    folder = tmp_path_factory.mktemp("typing")
    (folder / "beacon.ksy").write_text(SPEC, encoding="utf-8")
    result = build(folder / "beacon.ksy")
    assert result.ok, result.problems
    (folder / "beacon.py").write_text(result.modules["beacon"], encoding="utf-8")
    (folder / "right.py").write_text(RIGHT, encoding="utf-8")
    files = ["right.py"]
    for number, (body, _) in enumerate(WRONG.values()):
        files.append(f"wrong_{number}.py")
        (folder / files[-1]).write_text(f"{HEAD}\ndef wrong() -> int:\n    {body}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(folder / "cache"), *files],
        cwd=folder,
        env={**os.environ, "MYPYPATH": os.pathsep.join((str(folder), str(ROOT)))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    messages: dict[str, list[str]] = {name: [] for name in files}
    for line in done.stdout.splitlines():
        if match := re.match(r"([^:]+):\d+: error: (.*)", line):
            messages.setdefault(match[1], []).append(match[2])
    return messages


def test_a_right_program_passes(checked: dict[str, list[str]]) -> None:
    assert checked.pop("right.py") == []
    assert set(checked) == {f"wrong_{number}.py" for number in range(len(WRONG))}, (
        "errors in files that are not the user's"
    )


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_program_does_not(name: str, checked: dict[str, list[str]]) -> None:
    said = checked[f"wrong_{list(WRONG).index(name)}.py"]
    assert any(WRONG[name][1] in message for message in said), said
