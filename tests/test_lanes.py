"""The lanes: what is slow is there, is chosen evenly, and is left out by nothing but the marker."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from tests.lanes import KEPT, function_of, spread

TESTS = Path(__file__).resolve().parent


@pytest.mark.parametrize("name", KEPT)
def test_what_the_table_names_is_there(name: str) -> None:
    file, _, function = name.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("count", "kept", "chosen"),
    [(8, 2, {0, 4}), (5, 2, {0, 2}), (3, 1, {0}), (4, 0, set()), (3, 3, {0, 1, 2}), (2, 9, {0, 1})],
)
def test_the_fast_cases_are_spread(count: int, kept: int, chosen: set[int]) -> None:
    assert spread(count, kept) == chosen


@pytest.mark.parametrize("nodeid", ["tests/cli/test_x.py::test_y[a[b]::c]", "cli/test_x.py::test_y"])
def test_a_case_belongs_to_its_function(nodeid: str) -> None:
    assert function_of(nodeid) == "cli/test_x.py::test_y"


def test_only_the_marker_leaves_tests_out() -> None:
    options = tomllib.loads((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
    addopts = options["ini_options"]["addopts"]
    assert addopts[-2:] == ["-m", "not slow"]
    assert not {"--ignore", "--deselect", "-k"} & {option.partition("=")[0] for option in addopts}


def test_what_the_targets_name_is_there() -> None:
    """A path that is gone would leave a whole lane without tests."""
    text = (TESTS.parent / ".ci" / "target").read_text(encoding="utf-8")
    named = [word for word in text.split() if word.startswith("tests/")]
    assert len(named) > 20
    assert [word for word in named if not (TESTS.parent / word.partition("::")[0]).exists()] == []
