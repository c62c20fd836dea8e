"""The parsers that are checked in are what the compiler makes of the bundled specs today, each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow.compiler import build

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "formats").glob("*.ksy"))
PACKAGE = ROOT / "generated" / "sigflow_formats"


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_checked_in_is_what_the_compiler_makes(spec: Path) -> None:
    first, second = build(spec, package="sigflow_formats"), build(spec, package="sigflow_formats")
    assert first.modules == second.modules
    for name, text in first.modules.items():
        assert (PACKAGE / f"{name}.py").read_text(encoding="utf-8") == text, "run `sigflow compile` (see CONTRIBUTING)"


def test_nothing_else_is_there() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", *(spec.stem for spec in SPECS)}
