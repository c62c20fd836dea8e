"""The kinds of calibrations that are built in, and what stands around one of somebody else.

Each has one rule and two forms of it: `of`, for one number, and `of_array`, for many.  Both do the same operations of
IEEE 754 in the same order, so they give the same bits; a test holds them together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sigflow.errors import SigflowError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from sigflow.calibration import Calibration

    Array = np.ndarray[Any, Any]


class UnfitArguments(UsageError):
    """Arguments that make no calibration.  at: where among them, as keys and numbers."""

    def __init__(self, message: str, *at: str | int) -> None:
        super().__init__(message)
        self.at = at


#: Coefficients of a polynomial, and rows of a table, at most.
MOST = 100_000


class Both(Protocol):
    """A calibration in both forms."""

    def of(self, value: float) -> float:
        """The physical value of one raw number."""
        ...

    def of_array(self, values: Array) -> Array:
        """Those of many."""
        ...


class Linear:
    """raw * scale + offset."""

    def __init__(self, *, scale: float = 1.0, offset: float = 0.0) -> None:
        self.scale, self.offset = _number(scale, "scale"), _number(offset, "offset")

    def of(self, value: float) -> float:
        """The physical value of one raw number."""
        return value * self.scale + self.offset

    def of_array(self, values: Array) -> Array:
        """Those of many."""
        result: Array = values * self.scale
        result += self.offset
        return result


class Poly:
    """c0 + c1 * raw + c2 * raw**2 + ..., by Horner's rule from the highest coefficient down."""

    def __init__(self, *, poly: Sequence[float]) -> None:
        if not poly:
            raise UnfitArguments("a polynomial has at least one coefficient", "poly")
        if not isinstance(poly, list | tuple) or len(poly) > MOST:
            raise UnfitArguments(f"wanted a list of 1 to {MOST} coefficients", "poly")
        self.poly = tuple(_number(part, "poly", number) for number, part in enumerate(poly))

    def of(self, value: float) -> float:
        """The physical value of one raw number."""
        *others, result = self.poly
        for coefficient in reversed(others):
            result = result * value + coefficient
        return result

    def of_array(self, values: Array) -> Array:
        """Those of many."""
        import numpy as np

        *others, first = self.poly
        if not others:
            return np.full(len(values), first, np.float64)
        result: Array = values * first
        for coefficient in reversed(others[1:]):
            result += coefficient
            result *= values
        result += others[0]
        return result


class Table:
    """Between the rows (raw, physical) of a table on a straight line; beyond its ends the value at that end."""

    def __init__(self, *, table: Sequence[Sequence[float]]) -> None:
        if not table:
            raise UnfitArguments("a table has at least one row", "table")
        if not isinstance(table, list | tuple) or len(table) > MOST:
            raise UnfitArguments(f"wanted a list of 1 to {MOST} rows [raw, physical]", "table")
        before = -math.inf
        for number, row in enumerate(table):
            if not isinstance(row, list | tuple) or len(row) != 2:
                raise UnfitArguments("a row is a pair [raw, physical]", "table", number)
            raw = _number(row[0], "table", number, 0)
            _number(row[1], "table", number, 1)
            if raw <= before:
                raise UnfitArguments(
                    f"raw values rise from row to row: {raw:g} stands behind {before:g}", "table", number
                )
            before = raw
        self.table = tuple((float(raw), float(value)) for raw, value in table)
        self._columns: tuple[Array, Array] | None = None

    def of(self, value: float) -> float:
        """The physical value of one raw number."""
        import numpy as np

        # (NumPy's own rule for one number, too: what a compiler makes of a product and a sum is its business.)
        return float(np.interp(value, *self._rows()))

    def of_array(self, values: Array) -> Array:
        """Those of many."""
        import numpy as np

        result: Array = np.interp(values, *self._rows())
        return result

    def _rows(self) -> tuple[Array, Array]:
        if self._columns is None:
            import numpy as np

            raws, values = zip(*self.table, strict=True)
            self._columns = np.array(raws, np.float64), np.array(values, np.float64)
        return self._columns


class Foreign:
    """A calibration of somebody else, of which it is seen to that it gives what it promises."""

    def __init__(self, name: str, inner: Calibration) -> None:
        """Raises `UsageError` where it is none."""
        if not callable(getattr(inner, "of_array", None)):
            raise UsageError(f"calibration {name!r} gives {type(inner).__name__}, which has no `of_array`")
        self._name = name
        self._inner = inner

    def of(self, value: float) -> float:
        """The physical value of one raw number."""
        import numpy as np

        return float(self.of_array(np.array([value], np.float64))[0])

    def of_array(self, values: Array) -> Array:
        """Those of many.  Raises `SigflowError` where there is not one float64 for each."""
        import numpy as np

        if not len(values):
            return np.empty(0, np.float64)
        try:
            result = self._inner.of_array(values.copy())  # (it is given what it may write to)
        except SigflowError:
            raise
        except Exception as error:
            raise SigflowError(f"calibration {self._name!r} failed: {type(error).__name__}: {error}") from error
        if not isinstance(result, np.ndarray) or result.shape != values.shape or result.dtype != np.float64:
            got = f"{result.dtype} of shape {result.shape}" if isinstance(result, np.ndarray) else type(result).__name__
            raise SigflowError(
                f"calibration {self._name!r} gave {got}, wanted an array of float64 of shape {values.shape}"
            )
        return result


def _number(value: Any, *at: str | int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnfitArguments(f"found {value!r}, wanted a number", *at)
    try:
        number = float(value)
    except OverflowError:
        raise UnfitArguments(f"{value} is no number that a float64 holds", *at) from None
    if not math.isfinite(number):
        raise UnfitArguments(f"found {number}, wanted a finite number", *at)
    return number
