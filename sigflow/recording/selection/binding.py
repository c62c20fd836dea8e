"""An expression and a format: what the expression is for the frames of that format, or what is wrong with it.

One rule for each kind of node types it, and says what it is for one frame and for many.  Types are those of the
compiler; they come from what the generated module says of its classes, so no spec is needed.  Of a field that may be
one of several kinds (a switch), a member is looked for in all of them, and found when the frame is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.columns.frame import FrameType, description
from sigflow.columns.tree import Trees
from sigflow.compiler import encodings, naming
from sigflow.compiler import expression as ex
from sigflow.compiler.kinds import combined, comparison, is_bytes
from sigflow.compiler.methods import METHODS as TYPED
from sigflow.compiler.model import ANY, BOOL, BYTES, FLOAT, INT, STR, Type, array_of
from sigflow.recording.selection import vectors
from sigflow.recording.selection.last_terms import kind_in, kind_of_frames, last
from sigflow.recording.selection.methods import METHODS, kind_of
from sigflow.recording.selection.operators import arithmetic, choice, comparing, either, unary
from sigflow.recording.selection.physical_terms import Physical, computed, path_of, physical, physical_type
from sigflow.recording.selection.terms import Absent, Many, OfFrames, OfRecord, Term
from sigflow.runtime.column import Bits, Bytes, Column, Computed, Kind, Named, Nested, Number, Switch, Text
from sigflow.runtime.column import Many as Repeated
from sigflow.runtime.struct import label

if TYPE_CHECKING:
    from sigflow.calibration.following import Followed
    from sigflow.columns.gather import Scalar
    from sigflow.events import Record
    from sigflow.stream.format import Format


class Mistake(Exception):
    """What is wrong with an expression, and where.  lacking: whether it names what this format has not.

    near: what was written, and what there is.
    """

    def __init__(self, message: str, at: int, *, lacking: bool = False, near: tuple[str, Iterable[str]] | None = None):
        super().__init__(message)
        self.at = at
        self.lacking = lacking
        self.near = near


@dataclass(frozen=True, slots=True, eq=False)
class _Class:
    """A class, or an enum, as a type refers to it."""

    id: str
    target: type[Any]


#: What is known of a frame beside its fields, by names that no field has.
FRAME: dict[str, tuple[OfRecord, OfFrames]] = {
    "_offset": (lambda record: record.start, lambda many: vectors.integers(many.frames.offsets)),
    "_length": (
        lambda record: len(record.raw),
        lambda many: vectors.integers(many.frames.stops - many.frames.starts),
    ),
    "_index": (lambda record: record.index, lambda many: vectors.integers(many.frames.indexes)),
}


#: The functions of expressions: what is in the parentheses, taken as it is on the wire; and what it was in the last
#: frame of a kind.
RAW, LAST = "raw", "last"
FUNCTIONS = frozenset((RAW, LAST))


class Binder:
    """Binds expressions to one format.  State: what is known of its classes, and the types made of them; whether fields
    are taken as they are on the wire.

    raw: whether all are; else a field that is calibrated, by the spec or by a rule, is its physical value.  followed:
    the last values that were asked for, to which others are added; None where none may be.
    """

    def __init__(self, format: Format, *, raw: bool = False, followed: list[Followed] | None = None) -> None:
        self._of_format = format
        self._followed = followed
        self.module, self.unit = description(format)
        self._physical = Physical(format, raw=raw)
        trees = Trees(self.module, instances=True)
        trees.members(self.unit)  # (this takes in what other modules describe)
        self.classes = trees.known
        kind = FrameType(format)
        self._scalars: dict[str, Scalar] = {scalar.path: scalar for scalar in kind.scalars.values()}
        self._gathered = kind.gathered
        self._types: dict[type[Any], _Class] = {}

    def bound(self, expr: ex.Expr) -> Term:
        """The term of an expression.  Raises `Mistake`."""
        return _RULES[type(expr)](self, expr)

    # ------------------------------------------------------------ types

    def _ref(self, target: type[Any], id: str) -> _Class:
        return self._types.setdefault(target, _Class(id, target))

    def _class(self, target: type[Any]) -> Type:
        fields = self.classes.get(target)
        return Type("user", self._ref(target, fields.id if fields is not None else target.__name__))

    def _enum(self, enum: type[Any]) -> Type:
        return Type("enum", self._ref(enum, _id_of(enum.__name__)))

    def type_of(self, kind: Kind) -> Type:
        """The type of a field of this kind, as an expression sees it."""
        if isinstance(kind, Number):
            return FLOAT if kind.kind == "f" else INT
        if isinstance(kind, Bits):
            return BOOL if kind.boolean else INT
        if isinstance(kind, Computed):
            return {"int": INT, "float": FLOAT, "bool": BOOL}.get(kind.kind, ANY)
        if isinstance(kind, Named):
            return self._enum(kind.enum)
        if isinstance(kind, Nested):
            return self._class(kind.target)
        if isinstance(kind, Repeated):
            return array_of(self.type_of(kind.item))
        if isinstance(kind, Switch):
            return self._one_of([self.type_of(case) for case in kind.cases])
        return BYTES if isinstance(kind, Bytes) else STR if isinstance(kind, Text) else ANY

    @staticmethod
    def _one_of(types: list[Type]) -> Type:
        """One of these: of several kinds, what is known are the classes among them."""
        if all(type_ == types[0] for type_ in types):
            return types[0]
        if all(type_.is_number for type_ in types):
            return FLOAT
        return Type("any", tuple(type_ for type_ in types if type_.kind == "user"))

    # ------------------------------------------------------------ names and members

    def _literal(self, expr: ex.Int | ex.Float | ex.Str | ex.Bool) -> Term:
        value = expr.value
        type_ = {ex.Int: INT, ex.Float: FLOAT, ex.Str: STR, ex.Bool: BOOL}[type(expr)]
        if isinstance(value, str):
            return Term(type_, lambda record: value)
        column = vectors.constant(value)
        return Term(type_, lambda record: value, lambda many: column)

    def _name(self, expr: ex.Name) -> Term:
        if expr.id in FRAME:
            return Term(INT, *FRAME[expr.id])
        if expr.id == "_root":
            return Term(self._class(self.unit), lambda record: record.value)
        quantity = self._physical.quantity(expr.id)
        if quantity is not None:
            return computed(quantity)
        column = self._column(self.unit, expr.id)
        if column is None:
            ids = [column.id for column in self._columns(self.unit)] + self._physical.quantities
            text = f"unknown field '{expr.id}'" if expr.id[0] != "_" else f"'{expr.id}' has no meaning here"
            raise Mistake(text, expr.at, lacking=True, near=(expr.id, [*ids, *FRAME]))
        return self._member(lambda record: record.value, column, expr.id, expr.id)

    def _columns(self, target: type[Any]) -> tuple[Column, ...]:
        fields = self.classes.get(target)
        return fields.columns if fields is not None else ()

    def _column(self, target: type[Any], id: str) -> Column | None:
        return next((column for column in self._columns(target) if column.id == id), None)

    def _apply(self, expr: ex.Apply) -> Term:
        if expr.id == LAST:
            return self._last(expr)
        if len(expr.arguments) != 1:
            raise Mistake(f"'{expr.id}' takes 1 argument, got {len(expr.arguments)}", expr.at)
        physical_, self._physical = self._physical, self._physical.as_raw()
        try:
            return self.bound(expr.arguments[0])
        finally:
            self._physical = physical_

    def _last(self, expr: ex.Apply) -> Term:
        if self._followed is None:
            raise Mistake("'last' is for computed quantities (`compute` in sigflow.yaml)", expr.at)
        if len(expr.arguments) != 2:
            raise Mistake(f"'last' takes 2 arguments, a kind and a value, got {len(expr.arguments)}", expr.at)
        kind, value = expr.arguments
        spelt = kind_in(kind)
        if spelt is None:
            raise Mistake("a kind is a name, a number, or a text, as of --kind", kind.at)
        followed, self._followed = self._followed, None  # (no value of a value)
        try:
            term = self.bound(value)
        finally:
            self._followed = followed
        if term.type.kind not in ("int", "float", "bool", "str"):
            raise Mistake(f"the last value is a number, a boolean or a text, got {term.type}", value.at)
        is_kind = kind_of_frames(self._of_format, spelt)
        if is_kind is None:
            raise Mistake(f"{self._of_format.name} tells no kinds apart", expr.at, lacking=True)
        return last(term, is_kind, followed)

    def _member(self, owner: OfRecord, column: Column, path: str, ruled: str) -> Term:
        """A field of an object.  path: from the frame, where it leads there by fields alone; else "".  ruled: as rules
        name it.
        """
        measure = self._physical.measure(column, ruled)
        if measure is None:
            return self._raw_member(owner, column, path)
        return physical(self._raw_member(owner, column, path), measure, column, self._scalars.get(path))

    def _raw_member(self, owner: OfRecord, column: Column, path: str) -> Term:
        name = column.name
        scalar = self._scalars.get(path)
        of_frames: OfFrames | None = None
        if scalar is not None:
            boolean = isinstance(scalar.kind, Bits) and scalar.kind.boolean
            of_frames = _booleans(scalar) if boolean else _numbers(scalar)

        def of_record(record: Record) -> Any:
            value = getattr(owner(record), name)
            if value is None:
                raise Absent(f"{name} is not there")
            return value

        return Term(self.type_of(column.kind), of_record, of_frames)

    def _attribute(self, expr: ex.Attribute) -> Term:
        return self._access(expr, expr.value, expr.id, ())

    def _call(self, expr: ex.Call) -> Term:
        return self._access(expr, expr.value, expr.id, expr.arguments)

    def _access(self, expr: ex.Attribute | ex.Call, value: ex.Expr, id: str, arguments: tuple[ex.Expr, ...]) -> Term:
        owner = self.bound(value)
        kind = owner.type.kind
        if kind == "user":
            column = self._column(owner.type.ref.target, id)
            if column is None:
                ids = [column.id for column in self._columns(owner.type.ref.target)]
                text = f"unknown field '{id}' in {owner.type}"
                raise Mistake(text, expr.id_at, lacking=True, near=(id, ids))
            if isinstance(expr, ex.Call):
                raise Mistake(f"'{id}' is a field, which takes no arguments", expr.id_at)
            path = ".".join(ex.path(expr) or ())
            return self._member(owner.of_record, column, path, path_of(expr))
        if kind == "any":
            return self._of_any(expr, owner, id, arguments)
        return self._method(expr, owner, id, arguments)

    def _of_any(self, expr: ex.Attribute | ex.Call, owner: Term, id: str, arguments: tuple[ex.Expr, ...]) -> Term:
        """A member or a method of what may be one of several kinds."""
        classes = [type_.ref.target for type_ in owner.type.ref or ()]
        columns = [column for target in classes if (column := self._column(target, id)) is not None]
        named = {name for _, name in TYPED}
        if not columns and id not in named:
            ids = {column.id for target in classes for column in self._columns(target)}
            raise Mistake(f"no case has a field '{id}'", expr.id_at, lacking=True, near=(id, sorted(ids)))
        terms = [self.bound(argument).of_record for argument in arguments]
        path = path_of(expr)
        by_class = [(target, self._column(target, id)) for target in classes]
        measures = {
            target: measure
            for target, column in by_class
            if column is not None and (measure := self._physical.measure(column, path)) is not None
        }

        def of_record(record: Record) -> Any:
            value = owner.of_record(record)
            method = METHODS.get((kind_of(value), id))
            if method is not None:
                return method(value, *(term(record) for term in terms))
            names = {shown: attribute for attribute, shown in getattr(value, "_IDS", {}).items()}
            name = names.get(id, id)
            if name not in getattr(value, "_FIELDS", ()):
                raise Absent(f"{id} is not there")
            member = getattr(value, name)
            measure = measures.get(value.__class__)
            if measure is not None:
                member = measure.of(member, record.rules)
            if member is None:
                raise Absent(f"{id} is not there")
            return member

        types = [
            physical_type(column) if target in measures else self.type_of(column.kind)
            for target, column in by_class
            if column is not None
        ]
        return Term(self._one_of(types) if types else ANY, of_record)

    def _method(self, expr: ex.Attribute | ex.Call, owner: Term, id: str, arguments: tuple[ex.Expr, ...]) -> Term:
        kind = owner.type.kind
        typed, method = TYPED.get((kind, id)), METHODS.get((kind, id))
        if typed is None or method is None:
            known = [name for of, name in METHODS if of == kind]
            raise Mistake(f"{owner.type} has no member or method '{id}'", expr.id_at, near=(id, known))
        wanted, result = typed
        least = sum(not kind_.endswith("?") for kind_ in wanted)
        if not least <= len(arguments) <= len(wanted) or (isinstance(expr, ex.Call) and not wanted):
            shown = f"{least}" if least == len(wanted) else f"{least} to {len(wanted)}"
            raise Mistake(f"'{id}' takes {shown} arguments, got {len(arguments)}", expr.id_at)
        terms = []
        for kind_, argument in zip(wanted, arguments, strict=False):
            term = self.bound(argument)
            if kind_ == "encoding":
                if not isinstance(argument, ex.Str) or encodings.canonical(argument.value) is None:
                    raise Mistake(f"'{id}' takes the name of an encoding", argument.at)
            elif term.type.kind not in (kind_.rstrip("?"), "any"):
                raise Mistake(f"'{id}' takes {kind_.rstrip('?')}, got {term.type}", argument.at)
            terms.append(term.of_record)
        of_frames: OfFrames | None = None
        if id == "to_i" and kind in ("enum", "bool") and owner.of_frames is not None:
            inner = owner.of_frames
            of_frames = lambda rows: _as_integers(inner(rows))  # noqa: E731
        elif kind == "bytes" and id in ("length", "size"):
            of_frames = self._length(expr.value)
        return Term(
            result if isinstance(result, Type) else result(owner.type),
            lambda record: method(owner.of_record(record), *(term(record) for term in terms)),
            of_frames,
        )

    def _length(self, value: ex.Expr) -> OfFrames | None:
        """The length of a byte array of the frame that stands at a place and is not cut."""
        column = self._column(self.unit, value.id) if isinstance(value, ex.Name) else None
        if column is None or column.id not in self._gathered or column.place is None:
            return None
        if not isinstance(column.kind, Bytes) or column.kind.pad is not None or column.kind.term is not None:
            return None
        start, stop = column.place

        def of_frames(rows: Many) -> vectors.Vector:
            begin, end = rows.rows.limits(start, stop)
            return vectors.integers(end - begin)

        return of_frames

    def _subscript(self, expr: ex.Subscript) -> Term:
        value, index = self.bound(expr.value), self.bound(expr.index)
        if index.type.kind not in ("int", "any"):
            raise Mistake(f"an index is an integer, got {index.type}", expr.index.at)
        if value.type.kind not in ("array", "bytes", "any"):
            raise Mistake(f"{value.type} has no elements", expr.at)
        element = value.type.ref if value.type.kind == "array" else INT if value.type.kind == "bytes" else ANY
        return Term(element, lambda record: value.of_record(record)[index.of_record(record)])

    def _list(self, expr: ex.ListOf) -> Term:
        if is_bytes(expr):
            data = bytes(item.value for item in expr.items if isinstance(item, ex.Int))
            return Term(BYTES, lambda record: data)
        terms = [self.bound(item) for item in expr.items]
        element = combined([term.type for term in terms]) if terms else None
        if element is None:
            raise Mistake("the elements of a list are of one kind, and there is one", expr.at)
        return Term(array_of(element), lambda record: [term.of_record(record) for term in terms])

    def _format(self, expr: ex.Format) -> Term:
        terms = [self.bound(part) for part in expr.parts]
        for term, part in zip(terms, expr.parts, strict=True):
            if term.type.kind not in ("int", "str", "any"):
                raise Mistake(f"an f-string takes integers and strings, got {term.type}", part.at)
        return Term(STR, lambda record: "".join(str(term.of_record(record)) for term in terms))

    def _cast(self, expr: ex.Cast) -> Term:
        value = self.bound(expr.value)
        name = str(expr.type)
        if name in _PLAIN:
            return Term(_PLAIN[name], value.of_record, value.of_frames)
        targets = [target for target, fields in self.classes.items() if fields.id == expr.type.path[-1]]
        if not targets or expr.type.arrays or expr.type.called:
            ids = sorted(fields.id for fields in self.classes.values())
            raise Mistake(f"unknown type '{name}'", expr.type.at, lacking=True, near=(name, [*ids, *_PLAIN]))

        def of_record(record: Record) -> Any:
            member = value.of_record(record)
            if not isinstance(member, tuple(targets)):
                raise Absent(f"it is no {name}")
            return member

        return Term(self._class(targets[0]), of_record)

    def _enum_label(self, expr: ex.EnumLabel) -> Term:
        wanted = naming.upper_camel(expr.enum)
        enums = {enum.__name__: enum for enum in _enums(self.classes.values())}
        enum = enums.get(wanted)
        if enum is None:
            known = [_id_of(name) for name in enums]
            raise Mistake(f"unknown enum '{expr.enum}'", expr.at, lacking=True, near=(expr.enum, known))
        labels = {label(member): member for member in enum.__members__.values()}
        if expr.label not in labels:
            text = f"enum '{expr.enum}' has no member '{expr.label}'"
            raise Mistake(text, expr.label_at, lacking=True, near=(expr.label, labels))
        member = labels[expr.label]
        column = vectors.constant(int(member))
        return Term(self._enum(enum), lambda record: member, lambda many: column)

    # ------------------------------------------------------------ operators

    def _unary(self, expr: ex.Unary) -> Term:
        value = self.bound(expr.value)
        wanted = {"not": ("bool",), "-": ("int", "float"), "~": ("int",)}[expr.op]
        if value.type.kind not in (*wanted, "any"):
            raise Mistake(f"'{expr.op}' takes {_WORDS[wanted[0]]}, got {value.type}", expr.value.at)
        return unary(expr.op, value)

    def _binary(self, expr: ex.Binary) -> Term:
        left, right = self.bound(expr.left), self.bound(expr.right)
        kinds = {left.type.kind, right.type.kind}
        if "any" in kinds:
            type_ = ANY
        elif kinds == {"str"} and expr.op == "+":
            type_ = STR
        elif kinds == {"int"}:
            type_ = INT
        elif kinds <= {"int", "float"} and expr.op in "+-*/%":
            type_ = FLOAT
        else:
            raise Mistake(f"'{expr.op}' does not take {left.type} and {right.type}", expr.at)
        return arithmetic(expr.op, type_, left, right)

    def _compare(self, expr: ex.Compare) -> Term:
        left, right = self.bound(expr.left), self.bound(expr.right)
        mistake = comparison(expr.op, left.type, right.type)
        if mistake:
            enum = next((side.type for side in (left, right) if side.type.kind == "enum"), None)
            more = "; compare it with ENUM::LABEL, or its number by .to_i" if enum is not None else ""
            raise Mistake(f"{mistake}{more}", expr.at)
        return comparing(expr.op, left, right)

    def _logic(self, expr: ex.Logic) -> Term:
        left, right = self.bound(expr.left), self.bound(expr.right)
        for side, part in ((left, expr.left), (right, expr.right)):
            if side.type.kind not in ("bool", "any"):
                raise Mistake(f"'{expr.op}' takes booleans, got {side.type}", part.at)
        return either(expr.op, left, right)

    def _choice(self, expr: ex.Choice) -> Term:
        condition, yes, no = self.bound(expr.condition), self.bound(expr.yes), self.bound(expr.no)
        if condition.type.kind not in ("bool", "any"):
            raise Mistake(f"the condition of '?:' is a boolean, got {condition.type}", expr.condition.at)
        type_ = combined([yes.type, no.type])
        if type_ is None:
            raise Mistake(f"both values of '?:' are of one kind, got {yes.type} and {no.type}", expr.yes.at)
        return choice(type_, condition, yes, no)

    def _size_of(self, expr: ex.SizeOf) -> Term:
        raise Mistake("sizes of types are not told here", expr.at)


_WORDS = {"bool": "a boolean", "int": "an integer"}
_PLAIN: dict[str, Type] = {
    **dict.fromkeys(("u1", "u2", "u4", "u8", "s1", "s2", "s4", "s8"), INT),
    **dict.fromkeys(("f4", "f8"), FLOAT),
    "str": STR,
    "bytes": BYTES,
    "bool": BOOL,
}
_RULES: dict[type[ex.Expr], Callable[[Binder, Any], Term]] = {
    ex.Int: Binder._literal,
    ex.Float: Binder._literal,
    ex.Str: Binder._literal,
    ex.Bool: Binder._literal,
    ex.Format: Binder._format,
    ex.Name: Binder._name,
    ex.Attribute: Binder._attribute,
    ex.Call: Binder._call,
    ex.Apply: Binder._apply,
    ex.Subscript: Binder._subscript,
    ex.ListOf: Binder._list,
    ex.Unary: Binder._unary,
    ex.Binary: Binder._binary,
    ex.Compare: Binder._compare,
    ex.Logic: Binder._logic,
    ex.Choice: Binder._choice,
    ex.Cast: Binder._cast,
    ex.SizeOf: Binder._size_of,
    ex.EnumLabel: Binder._enum_label,
}


def _numbers(scalar: Scalar) -> OfFrames:
    def of_frames(rows: Many) -> vectors.Vector:
        import numpy as np

        made = rows.columns.get(scalar.path)
        if made is None:
            numbers = scalar.numbers(rows.rows)
            whole = numbers.dtype.kind != "f"
            made = vectors.integers(numbers) if whole else vectors.Vector(numbers.astype(np.float64))
            rows.columns[scalar.path] = made
        return made

    return of_frames


def _booleans(scalar: Scalar) -> OfFrames:
    return lambda rows: vectors.Vector(scalar.numbers(rows.rows).astype(bool))


def _as_integers(value: vectors.Vector) -> vectors.Vector:
    return vectors.integers(value.values, value.bad) if value.kind != "b" else vectors.truths(value)


def _enums(classes: Iterable[Any]) -> Iterable[type[Any]]:
    """The enums that fields of these classes have."""
    waiting = [column.kind for fields in classes for column in fields.columns]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, Named):
            yield kind.enum
        elif isinstance(kind, Repeated):
            waiting.append(kind.item)
        elif isinstance(kind, Switch):
            waiting += kind.cases


def _id_of(name: str) -> str:
    """The id of an enum, from the name of its class."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")
