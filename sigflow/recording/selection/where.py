"""A condition over the frames of several formats.

What an `and` at the top joins is decided part by part: first the parts that can be computed for many frames at once,
then the others, each for the frames that are left.  The order makes no difference, since a frame matches only where all
parts can be computed and hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sigflow.compiler import expression as ex
from sigflow.compiler.parser import ExpressionError, parse_expression
from sigflow.compiler.problems import did_you_mean
from sigflow.errors import UsageError
from sigflow.recording.grouping import records_of
from sigflow.recording.selection.binding import FUNCTIONS, Binder, Mistake
from sigflow.recording.selection.terms import Many, Term
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    import numpy

    from sigflow.calibration.following import Followed
    from sigflow.columns.frames import FrameBatch
    from sigflow.events import Record
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

#: So many letters of a long condition are shown before and after the place of a mistake.
_NEAR = 60


class ConditionError(UsageError):
    """A condition that is none, or that does not fit.  at: the place in the text; excerpt: the text, with a caret."""

    def __init__(self, message: str, text: str, at: int) -> None:
        super().__init__(message)
        self.at = at
        start = max(at - _NEAR, 0)
        shown = text[start : at + _NEAR]
        shown = "".join(letter if letter.isprintable() else " " for letter in shown)
        self.excerpt = f"  {shown}\n  {' ' * (at - start)}^"


def parsed(text: str) -> ex.Expr:
    """The tree of a condition, or of a value; raises `ExpressionError`."""
    return parse_expression(text, FUNCTIONS)


class Condition:
    """A condition on the frames of one format."""

    def __init__(self, format: Format, terms: Sequence[Term]) -> None:
        self._format = format
        self._many = [term for term in terms if term.of_frames is not None]
        self._one = [term for term in terms if term.of_frames is None]

    @property
    def gathers(self) -> bool:
        """Whether no frame has to be parsed, as far as that can be told before."""
        return not self._one

    def matches(self, record: Record) -> bool:
        """Whether a frame of the format matches."""
        return all(_holds(term, record) for term in (*self._many, *self._one))

    def mask(self, frames: FrameBatch, rows: Many | None = None) -> Array:
        """Which of these frames match, all of the format.  rows: the same frames, where these are at hand."""
        import numpy as np

        from sigflow.columns.gather import Stretches
        from sigflow.recording.selection.vectors import NotExact, matching

        keep: Array = np.ones(len(frames), bool)
        if not len(frames):
            return keep
        if rows is None:
            rows = Many(frames, Stretches.of(self._format, frames))
        left = list(self._one)
        for term in self._many:
            assert term.of_frames is not None
            try:
                fitting = matching(term.of_frames(rows), len(frames))
                keep = fitting if term is self._many[0] else keep & fitting
            except NotExact:
                left.append(term)
        if left:
            places = np.flatnonzero(keep)
            records = records_of(self._format, frames.at(places))
            keep[places] = [all(_holds(term, record) for term in left) for record in records]
        return keep


def _holds(term: Term, record: Record) -> bool:
    try:
        return term.of_record(record) is True
    except WIRE_ERRORS:
        return False


def conditions(text: str, formats: Sequence[Format]) -> list[Condition | None]:
    """The condition for each of these formats; None where the format lacks a field, so that no frame of it matches.

    Raises `ConditionError` where the text is no condition, a name is in none of the formats, or the types do not fit.
    """
    try:
        expr = parsed(text)
    except ExpressionError as error:
        raise ConditionError(f"no condition: {error}", text, error.at) from error
    bound: list[Condition | None] = []
    lacking: list[tuple[Mistake, Format]] = []
    for format in formats:
        binder = Binder(format)
        try:
            bound.append(Condition(format, [_bound(binder, part) for part in parts_of(expr)]))
        except Mistake as mistake:
            if not mistake.lacking:
                more = f" in {format.name}" if len(formats) > 1 else ""
                near = did_you_mean(*mistake.near) if mistake.near is not None else ""
                raise ConditionError(f"{mistake}{more}{near}", text, mistake.at) from mistake
            lacking.append((mistake, format))
            bound.append(None)
    if lacking and len(lacking) == len(formats):
        raise _unknown(lacking, text)
    return bound


def value_of(text: str, format: Format, *, raw: bool = False) -> Callable[[Record], Any]:
    """What an expression gives for a frame of a format, as a function of its record, which raises one of `WIRE_ERRORS`
    where it cannot be computed.  raw: whether of fields as they are on the wire.

    Raises `ConditionError` where the text is no expression, names what the format has not, or the types do not fit.
    """
    try:
        return Binder(format, raw=raw).bound(parsed(text)).of_record
    except ExpressionError as error:
        raise ConditionError(f"no expression: {error}", text, error.at) from error
    except Mistake as mistake:
        near = did_you_mean(*mistake.near) if mistake.near is not None else ""
        raise ConditionError(f"{mistake} in {format.name}{near}", text, mistake.at) from mistake


def values_of(text: str, formats: Sequence[Format], *, condition: bool = False) -> dict[str, Callable[[Record], Any]]:
    """The same for several formats, by their names; a format that lacks a field is left out.  condition: whether it
    must be a boolean.

    Raises `ConditionError` where the text is no expression, a name is in none of them, or the types do not fit.
    """
    return {name: term.of_record for name, term in bound_terms(text, formats, condition=condition).items()}


def bound_terms(
    text: str,
    formats: Sequence[Format],
    *,
    condition: bool = False,
    followed: Mapping[str, list[Followed]] = MappingProxyType({}),
) -> dict[str, Term]:
    """The terms of an expression, as `values_of`; raises the same.  followed: see `Binder`, by the format."""
    try:
        expr = parsed(text)
    except ExpressionError as error:
        raise ConditionError(f"no expression: {error}", text, error.at) from error
    values, lacking = {}, []
    for format in formats:
        try:
            binder = Binder(format, followed=followed.get(format.name))
            values[format.name] = _bound(binder, expr) if condition else binder.bound(expr)
        except Mistake as mistake:
            if not mistake.lacking:
                near = did_you_mean(*mistake.near) if mistake.near is not None else ""
                raise ConditionError(f"{mistake} in {format.name}{near}", text, mistake.at) from mistake
            lacking.append((mistake, format))
    if lacking and not values:
        raise _unknown(lacking, text)
    return values


def _unknown(lacking: Sequence[tuple[Mistake, Format]], text: str) -> ConditionError:
    """What is to be said where every format lacks something: the last place that some format came to."""
    mistake, format = max(lacking, key=lambda entry: entry[0].at)
    same = [other for other, _ in lacking if other.at == mistake.at]
    where = f" in {format.name}" if len(same) == 1 or len(lacking) == 1 else " in any of the formats"
    known = [name for other in same if other.near is not None for name in other.near[1]]
    near = did_you_mean(mistake.near[0], known) if mistake.near is not None else ""
    return ConditionError(f"{mistake}{where}{near}", text, mistake.at)


def parts_of(expr: ex.Expr) -> list[ex.Expr]:
    """What an `and` at the top joins."""
    if isinstance(expr, ex.Logic) and expr.op == "and":
        return [*parts_of(expr.left), *parts_of(expr.right)]
    return [expr]


def _bound(binder: Binder, expr: ex.Expr) -> Term:
    term = binder.bound(expr)
    if term.type.kind not in ("bool", "any"):
        raise Mistake(f"a condition is a boolean, got {term.type}", expr.at)
    return term
