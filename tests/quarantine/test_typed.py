"""Plain data held against a type."""

from __future__ import annotations

import pytest

from sigflow.diagnostics import Finding, Severity
from sigflow.events import Stamp
from sigflow.quarantine.entry import Neighbour, SpecUsed
from sigflow.quarantine.typed import typed

FINDING = {"code": "crc", "severity": "error", "message": "no", "offset": 3}


def test_what_fits() -> None:
    assert typed(["a", 1, None], tuple[str, int, str | None]) == ("a", 1, None)
    assert typed([], tuple[str, ...]) == ()
    assert typed([FINDING], tuple[Finding, ...]) == (Finding("crc", Severity.ERROR, "no", 3),)
    assert typed([[1, 2], None], tuple[Stamp | None, Stamp | None]) == (Stamp(1, 2), None)
    assert typed([1, 2, "tcp"], Stamp) == Stamp(1, 2, "tcp")
    assert typed({"name": "x", "hash": "", "more": 1}, SpecUsed) == SpecUsed("x", "")
    assert typed(None, Neighbour | None) is None


@pytest.mark.parametrize(
    ("value", "type", "says"),
    [
        ("1", int, "expected int, got str at $"),
        (True, int, "expected int, got bool at $"),
        (1.0, int, "expected int, got float at $"),
        (None, str, "expected str, got NoneType at $"),
        ("ab", tuple[str, ...], "expected list, got str at $"),
        ([1], tuple[int, int], "expected 2 items, got 1 at $"),
        ([1, 2, 3], tuple[int, int], "expected 2 items, got 3 at $"),
        ([[1, "2"]], tuple[Stamp | None, ...], "expected int, got str at $[0][1]"),
        ([1], Stamp, "expected 5 items, got 1 at $"),
        ([1, 2, "x", "y", 5, 6], Stamp, "expected 5 items, got 6 at $"),
        ([], SpecUsed, "expected SpecUsed, got list at $"),
        ({"name": "x"}, SpecUsed, "SpecUsed lacks 'hash' at $"),
        ({"name": "x", "hash": 1}, SpecUsed, "expected str, got int at $.hash"),
        ([{**FINDING, "severity": "odd"}], tuple[Finding, ...], "no Severity: 'odd' at $[0].severity"),
        ([{**FINDING, "severity": []}], tuple[Finding, ...], "no Severity: '[]' at $[0].severity"),
    ],
)
def test_what_does_not(value: object, type: object, says: str) -> None:
    with pytest.raises(ValueError) as error:
        typed(value, type)
    assert str(error.value) == says
