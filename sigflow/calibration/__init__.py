"""Calibrations: what makes physical values of raw numbers, and which of them holds for which frames.

The contract of a calibration is small: `of_array(values)` takes an array of float64 and gives one of the same length,
of float64, each number made of the one at its place and of nothing else.  A kind of calibration is what makes one: a
class or a function that is called with the arguments of a rule as keywords, and raises `UsageError` (or `TypeError`,
`ValueError`) for arguments that make none.  Kinds are named in `CALIBRATIONS`: built in, registered by a program, or
brought by an installed package (entry point group `sigflow.calibrations`).

kinds    the built-in kinds: `linear`, `poly`, `table`; and what stands around one of somebody else
measure  which calibration makes the physical value of a field, for one value and for many
rules    the rules of sigflow.yaml, bound to a format

Nothing here imports NumPy before there is something to compute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from sigflow.errors import UsageError
from sigflow.registry import Registry

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

T = TypeVar("T", bound=Callable[..., object])


class Calibration(Protocol):
    """Makes physical values of raw ones."""

    def of_array(self, values: Array) -> Array:
        """The physical values of raw ones: float64, of the same length, each made of the number at its place alone."""
        ...


#: The kinds of calibrations by name: what makes a `Calibration` of the arguments of a rule.
CALIBRATIONS: Registry[Callable[..., Calibration]] = Registry(
    "calibration",
    "sigflow.calibrations",
    {name: f"sigflow.calibration.kinds:{name.capitalize()}" for name in ("linear", "poly", "table")},
)


def get(name: str) -> Callable[..., Calibration]:
    """What makes calibrations of this kind; `UsageError` where there is none, or it is none."""
    made: object = CALIBRATIONS.get(name)
    if not callable(made):
        what = type(made).__name__
        raise UsageError(f"calibration {name!r}: found {what}, wanted a class, or a function of keyword arguments")
    return cast("Callable[..., Calibration]", made)


def register_calibration(name: str) -> Callable[[T], T]:
    """Makes a class, or a function, known as a kind of calibration: `{use: NAME, ...}` in sigflow.yaml.

    It is called with the other keys of the entry as keywords (numbers, texts, lists and maps of such), and gives an
    object with `of_array(values)`: float64 in, float64 of the same length out, element by element.  Raises `UsageError`
    where the name is taken.
    """

    def registered(kind: T) -> T:
        CALIBRATIONS.register(name, kind, getattr(kind, "__module__", ""))  # type: ignore[arg-type]  # what it gives is checked when it is used
        return kind

    return registered
