"""`tools/lowest.py`: constraints that hold what `pyproject.toml` allows at its lowest."""

from __future__ import annotations

import tomllib

import pytest

from tools.lowest import CHECKERS, PYPROJECT, constraints, main, requirements


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("click>=8.1", ["click==8.1"]),
        ("llvmlite >= 0.45; python_version < '3.15'", ["llvmlite==0.45; python_version < '3.15'"]),
        ("mkdocstrings[python]>=0.26", ["mkdocstrings==0.26"]),
        ("dissect.cstruct>=4.0", ["dissect.cstruct==4.0"]),
        ("types-PyYAML", []),
        ("sigflow[arrow,compression]", []),
        ("ruff>=0.6", []),
    ],
)
def test_a_requirement(text: str, line: list[str]) -> None:
    assert list(constraints([text])) == line


@pytest.mark.parametrize("text", ["click<9", "click>=8,<9", "click==8.1", ">=8"])
def test_another_form_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no requirement of the form"):
        list(constraints([text]))


def test_every_dependency_of_the_package_has_a_lowest_version(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[: len(project["dependencies"])] == list(constraints(project["dependencies"]))
    assert len(project["dependencies"]) == len(list(constraints(project["dependencies"])))
    named = {text.split("[")[0].split(">")[0] for text in requirements(project) if ">" in text}
    assert {line.split("==")[0] for line in lines} == named - CHECKERS
