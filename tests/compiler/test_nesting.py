"""A spec that is nested too deeply is told as that, whatever scanner PyYAML has, and whatever bound that one has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from sigflow.compiler import source
from sigflow.compiler.problems import Problems

LOADERS = [name for name in ("CLoader", "Loader") if hasattr(yaml, name)]
#: (text, line, column of the first level that is too deep)
DEEP = {
    "lists in a line": ("a: " + "[" * 5_000 + "]" * 5_000, 1, 103),
    "lists that never end": ("a: " + "[" * 5_000, 1, 103),
    "maps in a line": ("{" * 5_000, 1, 101),
    "lists over lines": ("[\n" * 5_000, 101, 1),
    "blocks": ("- " * 5_000 + "a\n", 1, 201),
    "indentation": ("".join(" " * depth + "a:\n" for depth in range(1_500)), 101, 101),
}


def codes(text: str) -> list[tuple[str, int, int]]:
    problems = Problems()
    source.parse(text, "deep.ksy", problems)
    return [(problem.code, problem.line, problem.column) for problem in problems.sorted()]


def bounded(bound: int) -> Any:
    """Events of a scanner that runs ahead and refuses the first text that opens more than `bound` lists in a row."""

    def events(text: str) -> Iterator[Any]:
        depth = 0
        for index, letter in enumerate(text):
            depth += (letter in "[{") - (letter in "]}")
            if depth > bound:
                mark = yaml.Mark("", index, text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1, None, 0)
                raise yaml.MarkedYAMLError(problem="a bound of its own", problem_mark=mark)
        yield from yaml.parse(text, Loader=yaml.Loader)

    return events


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", DEEP)
def test_every_scanner(name: str, loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_events", lambda text: iter(yaml.parse(text, Loader=getattr(yaml, loader))))
    text, line, column = DEEP[name]
    assert codes(text) == [("SF106", line, column)]


@pytest.mark.parametrize("bound", [200, 1_000])
@pytest.mark.parametrize("name", ["lists in a line", "lists that never end", "maps in a line", "lists over lines"])
def test_a_scanner_with_a_bound_of_its_own(name: str, bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_events", bounded(bound))
    text, line, column = DEEP[name]
    assert codes(text) == [("SF106", line, column)]


@pytest.mark.parametrize("loader", LOADERS)
def test_other_mistakes_stay_what_they_are(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_events", lambda text: iter(yaml.parse(text, Loader=getattr(yaml, loader))))
    assert codes("a: " + "[" * 99 + "]" * 99) == []
    assert codes("x: x: x: ") == [("SF103", 1, 5)]
    assert [code for code, _, _ in codes("a: " + "[" * 90)] == ["SF103"]
