"""`-sigflow-limits` of a spec, and the user's limits over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow.compiler import build
from sigflow.errors import LimitExceeded
from sigflow.limits import Limits
from sigflow.runtime import current_limits

SPEC = """meta: {id: lists, endian: le}
-sigflow-limits: {repeat: 3}
seq:
  - {id: n, type: u1}
  - id: items
    {KIND}
"""
KINDS = {
    "numbers": "type: u1\n    repeat: expr\n    repeat-expr: n",
    "numbers to the end": "type: u1\n    repeat: eos",
    "bits": "type: b2\n    repeat: expr\n    repeat-expr: n",
    "bytes": "size: 1\n    repeat: expr\n    repeat-expr: n",
    "bytes to the end": "size: 1\n    repeat: eos",
    "until": "size: 1\n    repeat: until\n    repeat-until: _index == n - 1",
}


@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_held_against_the_limit(kind: str, tmp_path: Path) -> None:
    spec = tmp_path / "lists.ksy"
    spec.write_text(SPEC.replace("{KIND}", KINDS[kind]))
    built = build(spec)
    assert built.ok, built.problems
    lists = built.load().Lists
    assert len(lists.from_bytes(b"\3abc").items) == 3
    with pytest.raises(LimitExceeded, match=r"(4|9) elements exceed limit 3"):
        lists.from_bytes(b"\x09abcdefghi")
    token = current_limits.set(Limits(repeat=9))
    try:
        assert len(lists.from_bytes(b"\x09abcdefghi").items) == 9
    finally:
        current_limits.reset(token)
