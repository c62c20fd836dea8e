"""`sigflow lint` runs the examples of a spec without errors; every form carries what does not hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import Call
from tests.cli.schema import faults

SPEC = """\
meta: {id: mine}
-sigflow-examples:
  - {hex: '05', expect: {a: 6}}
seq:
  - {id: a, type: TYPE}
"""
MESSAGE = "a: found 5, wanted 6"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "mine.ksy"
    path.write_text(SPEC.replace("TYPE", "u1"), encoding="utf-8")
    return path


def test_text(sigflow: Call, path: Path) -> None:
    called = sigflow("lint", path)
    assert called.code == 1
    assert called.out.splitlines()[0] == f"{path}:3:26: error SF511: {MESSAGE}"
    assert called.out.splitlines()[2].index("^") == 2 + 25
    path.write_text(SPEC.replace("TYPE", "u1").replace("6", "5"), encoding="utf-8")
    assert sigflow("lint", path)[:2] == (0, "")


def test_json(sigflow: Call, path: Path) -> None:
    document = json.loads(sigflow("lint", path, "--format", "json").out)
    assert faults(document, "lint") == []
    assert [(problem["code"], problem["line"], problem["path"]) for problem in document] == [
        ("SF511", 3, "/-sigflow-examples/0/expect/a")
    ]


def test_sarif(sigflow: Call, path: Path) -> None:
    (run,) = json.loads(sigflow("lint", path, "--format", "sarif").out)["runs"]
    assert [(result["ruleId"], result["message"]["text"]) for result in run["results"]] == [("SF511", MESSAGE)]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["SF511"]


def test_examples_of_a_spec_with_errors_are_not_run(sigflow: Call, path: Path) -> None:
    path.write_text(SPEC.replace("TYPE", "nothing"), encoding="utf-8")
    assert [problem["code"] for problem in json.loads(sigflow("lint", path, "--format", "json").out)] == ["SF204"]
