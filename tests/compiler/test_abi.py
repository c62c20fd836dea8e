"""A generated module of another version either runs or is refused with the command that makes a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sigflow.compiler import build
from sigflow.errors import SpecError
from sigflow.runtime.struct import ABI

SPEC = "meta: {id: dated}\nseq: [{id: a, type: u1}]\n"


def module_of_abi(version: int, folder: Path) -> dict[str, Any]:
    """The names of a module that says it was generated for this version of the ABI."""
    path = folder / "dated.ksy"
    path.write_text(SPEC, encoding="utf-8")
    text = build(path).modules["dated"]
    call = f"require_abi(__name__, 'dated.ksy', {ABI})"
    assert text.count(call) == 1
    names: dict[str, Any] = {"__name__": "dated"}
    exec(compile(text.replace(call, call.replace(f"{ABI})", f"{version})")), "dated.py", "exec"), names)
    return names


def test_a_module_of_this_version_runs(tmp_path: Path) -> None:
    assert module_of_abi(ABI, tmp_path)["Dated"].from_bytes(b"\7").a == 7


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        (ABI - 1, "by an older sigflow.*generate it again with `sigflow compile dated.ksy -o DIR`"),
        (
            ABI + 1,
            "by a newer sigflow.*install a newer one, or generate it again with `sigflow compile dated.ksy -o DIR`",
        ),
    ],
)
def test_a_module_of_another_version_is_refused(version: int, wanted: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=f"dated was generated for ABI {version} {wanted}"):
        module_of_abi(version, tmp_path)


def test_nothing_of_a_refused_module_runs(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    with pytest.raises(SpecError):
        names = module_of_abi(ABI - 1, tmp_path)
    assert "Dated" not in names
