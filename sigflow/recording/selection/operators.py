"""The operators of terms that fit: for one frame as the emitted code has them, for many by `vectors`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sigflow.compiler.expression import COMPARISONS
from sigflow.compiler.model import BOOL, Type
from sigflow.recording.selection import vectors
from sigflow.recording.selection.terms import Term
from sigflow.runtime.struct import shifted

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.recording.selection.terms import Many


def _divided(left: Any, right: Any) -> Any:
    """Two integers, of which one whole number comes, or numbers."""
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": shifted,
    ">>": operator.rshift,
}
_UNARY: dict[str, Callable[[Any], Any]] = {"not": operator.not_, "-": operator.neg, "~": operator.invert}
_UNARY_OF_MANY = {"not": vectors.negated, "-": vectors.negative, "~": vectors.inverted}


def arithmetic(op: str, type_: Type, left: Term, right: Term) -> Term:
    """`left op right`."""
    function, first, second = _ARITHMETIC[op], left.of_record, right.of_record
    of_record = lambda record: function(first(record), second(record))  # noqa: E731
    if type_.kind == "float" and op == "/":
        of_record = lambda record: first(record) / second(record)  # noqa: E731
    many, more = left.of_frames, right.of_frames
    if many is None or more is None or not type_.is_number:
        return Term(type_, of_record)
    return Term(type_, of_record, lambda rows: vectors.arithmetic(op, many(rows), more(rows)))


def comparing(op: str, left: Term, right: Term) -> Term:
    """`left op right`, which is a boolean."""
    function, first, second = COMPARISONS[op], left.of_record, right.of_record
    of_record = lambda record: function(first(record), second(record))  # noqa: E731
    many, more = left.of_frames, right.of_frames
    if many is None or more is None:
        return Term(BOOL, of_record)
    return Term(BOOL, of_record, lambda rows: vectors.compared(op, many(rows), more(rows)))


def unary(op: str, value: Term) -> Term:
    """`op value`."""
    function, inner, many = _UNARY[op], value.of_record, value.of_frames
    type_ = BOOL if op == "not" else value.type
    of_many = None if many is None else lambda rows: _UNARY_OF_MANY[op](many(rows))
    return Term(type_, lambda record: function(inner(record)), of_many)


def either(op: str, left: Term, right: Term) -> Term:
    """`left and right`, `left or right`."""
    first, second = left.of_record, right.of_record

    def both(record: Record) -> Any:
        return first(record) and second(record)

    def any_of(record: Record) -> Any:
        return first(record) or second(record)

    many, more = left.of_frames, right.of_frames
    of_record = both if op == "and" else any_of
    if many is None or more is None:
        return Term(BOOL, of_record)
    return Term(BOOL, of_record, lambda rows: vectors.logic(op, many(rows), more(rows)))


def choice(type_: Type, condition: Term, yes: Term, no: Term) -> Term:
    """`condition ? yes : no`."""
    many, first, second = condition.of_frames, yes.of_frames, no.of_frames

    def of_record(record: Record) -> Any:
        return yes.of_record(record) if condition.of_record(record) else no.of_record(record)

    if many is None or first is None or second is None:
        return Term(type_, of_record)

    def of_many(rows: Many) -> vectors.Vector:
        return vectors.chosen(many(rows), first(rows), second(rows))

    return Term(type_, of_record, of_many)
