"""The errors of Kaitai's runtime for what a spec asks of a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kaitaistruct import (
    ConsistencyError,
    ValidationExprError,
    ValidationGreaterThanError,
    ValidationLessThanError,
    ValidationNotAnyOfError,
    ValidationNotEqualError,
    ValidationNotInEnumError,
)

from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.writing.description import Put
from sigflow.runtime.writing.stream import Undecided

#: By the kind of the check; those that say what was wanted, and those that do not.
_FACING: dict[str, Callable[..., Exception]] = {
    "equal": ValidationNotEqualError,
    "least": ValidationLessThanError,
    "most": ValidationGreaterThanError,
}
_OTHERS: dict[str, Callable[..., Exception]] = {
    "among": ValidationNotAnyOfError,
    "member": ValidationNotInEnumError,
    "true": ValidationExprError,
}


def refused_by(put: Put, unit: Any, i: Any, value: Any, stream: Any) -> Exception | None:
    """The error of the first check that refuses a value; None where all that can be computed let it pass."""
    for check in put.checks:
        try:
            if not check.refuses(unit, i, value):
                continue
            wanted = check.wanted(unit, i, value) if check.wanted is not None else None
        except Undecided:
            continue
        except WIRE_ERRORS as error:
            refusal: Exception = ConsistencyError(
                put.id, "a check that can be computed", f"{type(error).__name__}: {error}"
            )
            return refusal
        place = put.place[2]
        if check.kind in _FACING:
            return _FACING[check.kind](wanted, value, stream, place)
        return _OTHERS[check.kind](value, stream, place)
    return None
