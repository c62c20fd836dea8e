"""How frames of one format become frames of another: an expression over the source's frame for each field.

Strategy.  Fields of the same path and kind are carried over; so is the payload, and the field that the stream follows
from, whatever they are called.  What a table below, or the user, says of a field comes before that.  A sequence counter
is carried only where it counts the same way in both formats; else frames are counted, each stream from 0.  Numbers that
nothing speaks of are 0; what the target derives is left to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sigflow.columns.layout_fields import Nobody
from sigflow.compiler import expression as ex
from sigflow.compiler.parser import ExpressionError, parse_expression
from sigflow.compiler.problems import did_you_mean
from sigflow.errors import UsageError
from sigflow.recording.selection.binding import Binder, Mistake
from sigflow.recording.selection.where import ConditionError
from sigflow.recording.setting import put_at
from sigflow.runtime.writing import Put, PutBits, PutBytes, PutNumber, PutObject, PutText, writing_of
from sigflow.runtime.writing.derive import FAILURES
from sigflow.runtime.writing.description import Formula
from sigflow.stream.building.paths import path_of
from sigflow.stream.building.payload import payload_field

if TYPE_CHECKING:
    from sigflow.recording.selection.terms import Term
    from sigflow.stream.format import Format

#: What fields of a target are, whatever fields of that name another format has, unless a user says otherwise.
DEFAULTS: Mapping[str, Mapping[str, str]] = {"sgf1": {"version": "1"}}
#: Where a rule comes from.
MAP, NAME, ROLE, DEFAULT, COUNTED = "map", "name", "role", "default", "counted"
#: Objects inside each other that are looked into.
_DEEPEST = 8

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field of the target becomes: an expression over the source's frame, None where frames are counted.

    path: of the field; text: the expression as it is written; origin: where the rule comes from.
    """

    path: Path
    text: str
    origin: str
    expr: ex.Expr | None = None
    term: Term | None = None

    @property
    def name(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class FormatMapping:
    """How frames of a source become frames of the target.  unread: the fields of the source that no rule reads."""

    source: Format
    target: Format
    rules: tuple[Rule, ...]
    unread: tuple[str, ...]

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "from": self.source.name,
            "to": self.target.name,
            "fields": [
                {"path": rule.name, "value": rule.text if rule.term is not None else None, "by": rule.origin}
                for rule in self.rules
            ],
            "unread": list(self.unread),
        }


def mapping_of(
    source: Format,
    target: Format,
    wanted: Mapping[str, str | None] = MappingProxyType({}),
    places: Mapping[str, str] = MappingProxyType({}),
) -> FormatMapping:
    """The mapping between two formats.

    wanted: expressions by the paths of the target's fields, None to leave a field out.  places: where they stand, for
    messages.  Raises `UsageError` where a
    path is none of the target's, or an expression does not fit the source (`ConditionError`, with the place).
    """
    if target.envelope is None or target.is_part or target.envelope.around is not None:
        raise UsageError(f"frames of {target.name} do not stand by themselves: nothing can be converted to it")
    binder = Binder(source, raw=True)  # (what is written are raw numbers)
    asked = list(_asked(target, wanted))
    rules = {}
    for path, text in asked:
        if text is not None:
            name = ".".join(path)
            where = f"{places[name]}: {name}" if name in places else name
            rules[path] = Rule(path, text, MAP, *_bound(binder, source, where, text))
    told = [path for path, _ in asked]
    derived = _derived(target)
    for path, put in fields_of(target):
        if put.name in derived or any(_within(path, other) or _within(other, path) for other in told):
            continue
        rule = _rule(binder, source, target, path, put)
        if rule is not None:
            rules[path] = rule
        elif isinstance(put.wire, PutBytes | PutText) and put.repeat is None and put.default is None:
            name = ".".join(path)
            text = f"nothing in {source.name} says what {name} of {target.name} is: map it, `{name}: EXPRESSION`"
            raise UsageError(f"{text} under {source.name}")
    ordered = tuple(rules.values())
    return FormatMapping(source, target, ordered, tuple(_unread(source, ordered)))


def _asked(target: Format, wanted: Mapping[str, str | None]) -> Iterator[tuple[Path, str | None]]:
    for text, expression in wanted.items():
        path = path_of(text)
        if any(isinstance(part, int) for part in path):
            raise UsageError(f"{text!r}: a place in a list cannot be set by itself")
        put_at(target, text)
        yield tuple(map(str, path)), expression


def _rule(binder: Binder, source: Format, target: Format, path: Path, put: Put) -> Rule | None:
    """The rule for a field that nobody spoke of; None where there is none."""
    name = ".".join(path)
    sequence = _sequence_path(target)
    if path == sequence:
        other = _sequence_path(source)
        if other is not None and _counts_alike(source, target):
            return Rule(path, ".".join(other), ROLE, *_bound(binder, source, name, ".".join(other)))
        return Rule(path, "", COUNTED)
    default = DEFAULTS.get(target.name, {}).get(name) if source.name != target.name else None
    if default is not None:
        return Rule(path, default, DEFAULT, *_bound(binder, source, name, default))
    candidates = [(name, NAME)]
    payload, own_payload = _payload_of(source), _payload_of(target)
    if payload is not None and name == own_payload:
        candidates.append((payload, ROLE))
    stream, own_stream = _stream_path(source), _stream_path(target)
    if stream is not None and name == own_stream:
        candidates.append((stream, ROLE))
    for text, origin in candidates:
        try:
            expr = parse_expression(text)
            term = binder.bound(expr)
        except (Mistake, ExpressionError):
            continue
        if term.type.kind in _TAKES.get(_kind_of(put), ()):
            return Rule(path, text, origin, expr, term)
    if isinstance(put.wire, PutNumber | PutBits) and put.repeat is None and put.default is None:
        return Rule(path, "0", DEFAULT, *_bound(binder, source, name, "0"))
    return None


def _payload_of(format: Format) -> str | None:
    """The path of the payload: the field that the format names, else the only bytes that may be any."""
    named = payload_field(format)
    if named is not None:
        return named
    bytes_ = [
        ".".join(path)
        for path, put in fields_of(format)
        if isinstance(put.wire, PutBytes) and put.repeat is None and put.wire.extent.contents is None
    ]
    return bytes_[0] if len(bytes_) == 1 else None


def _kind_of(put: Put) -> str:
    if isinstance(put.wire, PutNumber):
        return "float" if put.wire.kind == "f" else "number"
    return {PutBits: "number", PutBytes: "bytes", PutText: "text"}.get(type(put.wire), "")


#: The types of expressions that fields of each kind take over.
_TAKES = {
    "number": ("int", "bool", "enum"),
    "float": ("int", "float"),
    "bytes": ("bytes",),
    "text": ("str",),
}


def _bound(binder: Binder, source: Format, path: str, text: str) -> tuple[ex.Expr, Term]:
    """An expression over the source's frame.  path: of the field, for messages."""
    try:
        expr = parse_expression(text)
        return expr, binder.bound(expr)
    except ExpressionError as error:
        raise ConditionError(f"{path}: no expression: {error}", text, error.at) from error
    except Mistake as mistake:
        near = did_you_mean(*mistake.near) if mistake.near is not None else ""
        raise ConditionError(f"{path}: {mistake} in {source.name}{near}", text, mistake.at) from mistake


# ---------------------------------------------------------------- what the formats say


def fields_of(format: Format) -> list[tuple[Path, Put]]:
    """The fields of a format's frames that are there in each of them and are no objects, with their paths."""
    unit = format.value_class
    return list(_fields(unit, (), 0)) if unit is not None else []


def _fields(target: type[Any], path: Path, level: int) -> Iterator[tuple[Path, Put]]:
    writing = writing_of(target)
    for put in writing.puts if writing is not None and level < _DEEPEST else ():
        if put.condition is not None or put.unnamed:
            continue
        if isinstance(put.wire, PutObject) and put.repeat is None:
            yield from _fields(put.wire.target, (*path, put.id), level + 1)
        else:
            yield (*path, put.id), put


def _derived(format: Format) -> set[str]:
    """The attributes that follow from others: constants, checksums, and what formulas are solved for."""
    envelope = format.envelope
    names = {checksum.field.split(".")[-1] for checksum in envelope.search.checksums} if envelope is not None else set()
    waiting, seen = [format.value_class], set()
    while waiting:
        target = waiting.pop()
        writing = writing_of(target) if target is not None and target not in seen else None
        seen.add(target)
        for put in writing.puts if writing is not None else ():
            if isinstance(put.wire, PutObject):
                waiting.append(put.wire.target)
            if _is_constant(put):
                names.add(put.name)
            names |= {solution.name for formula in _formulas(put) for solution in formula.solutions}
    return names


def _formulas(put: Put) -> Iterator[Formula]:
    extent = getattr(put.wire, "extent", None)
    for formula in (extent.size if extent is not None else None, put.repeat.code if put.repeat is not None else None):
        if isinstance(formula, Formula):
            yield formula


def _is_constant(put: Put) -> bool:
    if isinstance(put.wire, PutBytes) and put.wire.extent.contents is not None:
        return True
    for check in put.checks:
        if check.kind == "equal" and check.wanted is not None:
            try:
                check.wanted(Nobody(), None, None)
            except FAILURES:
                continue
            return True
    return False


def _sequence_path(format: Format) -> Path | None:
    """The path of the sequence counter."""
    sequence = format.envelope.decode.sequence if format.envelope is not None else None
    if sequence is None or sequence.counts is not None:
        return None
    return next((path for path, put in fields_of(format) if put.name == sequence.field and len(path) == 1), None)


def _counts_alike(source: Format, target: Format) -> bool:
    mine = source.envelope.decode.sequence if source.envelope is not None else None
    other = target.envelope.decode.sequence if target.envelope is not None else None
    return mine is not None and other is not None and (mine.modulus, mine.step) == (other.modulus, other.step)


def _stream_path(format: Format) -> str | None:
    """The one field that the stream follows from."""
    sequence = format.envelope.decode.sequence if format.envelope is not None else None
    needs = sequence.needs if sequence is not None else None
    return needs[0] if needs is not None and len(needs) == 1 else None


# ---------------------------------------------------------------- what is not read


def _unread(source: Format, rules: tuple[Rule, ...]) -> Iterator[str]:
    """The fields of the source that no rule reads, and that do not follow from others."""
    read = [path for rule in rules if rule.expr is not None for path in _read(rule.expr)]
    derived = _derived(source)
    for path, put in fields_of(source):
        if put.name not in derived and not any(_within(path, other) or _within(other, path) for other in read):
            yield ".".join(path)


def _read(expr: ex.Expr) -> Iterator[Path]:
    """The paths of fields that an expression reads."""
    path = ex.path(expr)
    if path is not None:
        yield path
        return
    for part in ex.children(expr):
        yield from _read(part)


def _within(path: Path, other: Path) -> bool:
    """Whether a path leads to what another leads to, or into it."""
    return path[: len(other)] == other
