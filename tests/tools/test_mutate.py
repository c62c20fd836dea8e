"""The mutator: every change compiles, changes something, and is the same for the same seed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools.killers import Map
from tools.mutate import ROOT, SUBJECTS, files, mutants

SOURCE = '''"""A text with 1 + 2."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


def f(a: int = 3) -> int:
    """Nothing to change here: a < 1."""
    if a < 4 and not a:
        raise ValueError(f"{a + 1} is wrong")
    a += 1
    return a + 5
'''


def test_what_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    path.write_text(SOURCE, encoding="utf-8")
    changes = mutants(path, 100, 1)
    assert sorted(mutant.what for mutant in changes) == sorted(
        [
            "3  ->  4", "4  ->  5", "1  ->  2", "5  ->  6", "a < 4  ->  a <= 4", "not a  ->  a", "a += 1  ->  pass",
            "if a < 4 and (not a):  ->  if not (a < 4 and (not a)):", "a + 5  ->  a - 5",
            "a < 4 and (not a)  ->  a < 4 or not a", "return a + 5  ->  return None",
        ]
    )  # fmt: skip
    assert {mutant.line for mutant in changes} == {9, 11, 13, 14}


@pytest.mark.parametrize(
    "path",
    [path for subject in SUBJECTS.values() for path in files(subject)],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_every_change_compiles(path: Path) -> None:
    changes = mutants(path, 4, 1)
    assert changes == mutants(path, 4, 1)
    plain = ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
    for mutant in changes:
        compile(mutant.text, str(path), "exec")
        assert mutant.text.strip() != plain.strip(), mutant.what


def test_the_tests_of_each_unit_are_there() -> None:
    assert all((ROOT / name).exists() for subject in SUBJECTS.values() for name in subject.tests)


def test_who_may_notice_a_change() -> None:
    seconds = {"a::slow": 3.0, "a::quick[1]": 0.1, "a::quick[2]": 0.2, "b::other": 0.1, "c::elsewhere": 0.1}
    calls = {"f.py": {5: ["a::slow", "a::quick[1]", "a::quick[2]"], 9: ["b::other"]}}
    tests = Map(calls, seconds)
    assert tests.of("f.py", 5, 60) == ["a::quick[1]", "a::slow", "a::quick[2]", "b::other"]
    assert tests.of("f.py", 5, 0.35) == ["a::quick[1]", "a::quick[2]"]
    assert tests.of("f.py", None, 60) == ["a::quick[1]", "b::other", "a::slow", "c::elsewhere", "a::quick[2]"]
    assert tests.of("constants.py", None, 60)[:3] == ["a::quick[1]", "b::other", "c::elsewhere"]
    assert tests.of("f.py", 17, 60) == ["a::quick[1]", "b::other", "a::slow", "a::quick[2]"]
    assert tests.of("imported.py", 3, 60) == ["a::quick[1]", "b::other", "c::elsewhere", "a::slow", "a::quick[2]"]
