"""A class that keeps where its fields were read (`ks-debug`) reads and checks them as any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kaitaistruct import ValidationExprError

from sigflow.compiler import build

SPEC = """
meta: {id: debugged, ks-debug: true}
seq:
  - {id: num_few, type: u1}
  - {id: few, type: u1, repeat: expr, repeat-expr: num_few, valid: {expr: _ < 4 and _ != _index}}
  - {id: more, type: u1, repeat: until, repeat-until: _ == 0, valid: {expr: _ < 9}}
  - {id: rest, type: u1, repeat: eos, valid: {expr: _ > 2}}
"""


def parsed(data: bytes, folder: Path) -> Any:
    path = folder / "debugged.ksy"
    path.write_text(SPEC, encoding="utf-8")
    unit = build(path).load().Debugged.from_bytes(data)
    unit._read()
    return unit


def test_lists_and_where_their_elements_stand(tmp_path: Path) -> None:
    unit = parsed(bytes((2, 1, 3, 8, 0, 9)), tmp_path)
    assert (unit.few, unit.more, unit.rest) == ([1, 3], [8, 0], [9])
    assert [(part["start"], part["end"]) for part in unit._debug["few"]["arr"]] == [(1, 2), (2, 3)]
    assert [(part["start"], part["end"]) for part in unit._debug["rest"]["arr"]] == [(5, 6)]


@pytest.mark.parametrize("data", [(2, 1, 4, 0), (1, 0, 0), (0, 9, 0), (0, 0, 9, 1)], ids=str)
def test_each_element_is_checked(data: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(ValidationExprError):
        parsed(bytes(data), tmp_path)
