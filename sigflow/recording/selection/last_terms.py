"""Terms of last values: `last(KIND, VALUE)`, what a value was in the last frame of a kind before this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sigflow.calibration.following import Followed
from sigflow.compiler import expression as ex
from sigflow.errors import UsageError
from sigflow.recording.selection.keys import is_spelt
from sigflow.recording.selection.terms import Absent, Term
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.stream.format import Format


def kind_in(expr: ex.Expr) -> str | None:
    """The kind that an expression names, as it is spelt; None where it names none."""
    if isinstance(expr, ex.Name):
        return expr.id
    if isinstance(expr, ex.EnumLabel):
        return expr.label
    return str(expr.value) if isinstance(expr, ex.Str | ex.Int) else None


def kind_of_frames(format: Format, text: str) -> Callable[[Record], bool] | None:
    """Whether a frame is of a kind; None where the format tells none apart."""
    kind = format.envelope.decode.kind if format.envelope is not None else None
    if kind is None:
        return None

    def is_kind(record: Record) -> bool:
        try:
            return is_spelt(kind(record.value), text)
        except WIRE_ERRORS:
            return False

    return is_kind


def last(term: Term, is_kind: Callable[[Record], bool], followed: list[Followed]) -> Term:
    """The last value of a term; it is added to those that are followed."""
    place = len(followed)

    def of(record: Record) -> Any:
        try:
            return term.of_record(record)
        except WIRE_ERRORS:
            return None

    followed.append(Followed(is_kind, of))

    def of_record(record: Record) -> Any:
        carried = record.carried
        if carried is None:
            raise UsageError("`last` asks for the frames before, which are not read here: read the whole stream")
        if carried[place] is None:
            raise Absent("there was none")
        return carried[place]

    return Term(term.type, of_record)
