"""Loop-carried values: locals that an iteration of a list sets to members of its element, for those that follow.

A `PreviousElement` is the element as those locals know it; a member gets its local once it is asked for.  That may be
before the text that reads the element is written, since the one asked about was read by an earlier iteration: then a
string is assumed to be what is most likely, and where it turns out to be more (a literal, another encoding), `Retry`
has the loop written once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.native.builder import Builder, Inexpressible
from sigflow.compiler.emit.native.statements import Assign, Node
from sigflow.compiler.emit.native.streams import FAR
from sigflow.compiler.emit.native.substream import Substream
from sigflow.compiler.emit.native.tree import Const, Expr, Local, Truth, call
from sigflow.compiler.emit.native.values import (
    ANY_ENCODING,
    IO,
    LEAST,
    MOST,
    WIDE,
    Bytes,
    Cases,
    Flag,
    Int,
    Literal,
    SymbolicObject,
    Unknown,
    Value,
)
from sigflow.compiler.encodings import python_name
from sigflow.compiler.model import Bits, Number, Text, Type, User, Wire
from sigflow.compiler.model import Bytes as BytesWire
from sigflow.compiler.plan import Step

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.reading import Reader

#: How a member of an element that was read before follows from that element.
_Getter = Callable[[Value], Value]
#: The path to a member: of which element, then its attributes.
_Path = tuple[object, ...]


class Retry(Exception):
    """What an iteration hands on is more than was thought."""


@dataclass(slots=True)
class LoopInfo:
    """What turned out of a list while its loop was written: what the strings are that the last and the first element
    hand on, by their path; and whether elements begin within a byte.
    """

    strings: tuple[dict[_Path, Bytes], dict[_Path, Bytes]] = field(default_factory=lambda: ({}, {}))
    unaligned: bool = False


class Carried:
    """Locals that each iteration, or only the first one, sets to members of its element.

    before: where they get their first values, which nobody reads; hole: where in the loop they are set.  strings: what
    those among them turned out to be, by their path.
    """

    def __init__(self, reader: Reader, before: list[Node], hole: list[Node], strings: dict[_Path, Bytes]) -> None:
        self.reader = reader
        self.builder: Builder = reader.builder
        self.before = before
        self.hole = hole
        self.strings = strings
        self.element: tuple[Value] | None = None  # once it has been read
        self._waiting: list[tuple[Value, _Getter, _Path]] = []

    def read(self, element: Value) -> None:
        """The element, as it was read: what was asked for before is set from it."""
        self.element = (element,)
        for slot, get, path in self._waiting:
            self._store(slot, get(element), path)

    def value(self, step: Step, wire: Wire, hint: str, owner: SymbolicObject, path: _Path, get: _Getter) -> Value:
        """Locals for a value of a wire."""
        if isinstance(wire, Number) and wire.kind == "f":
            return Unknown("a float")
        if isinstance(wire, Number | Bits):
            if isinstance(wire, Bits) and wire.boolean:
                return self._keep(Flag(self.builder.local(hint)), path, get)
            bits = 8 * wire.size if isinstance(wire, Number) else wire.width
            signed = isinstance(wire, Number) and wire.kind == "s"
            high = (1 << bits - signed) - 1
            return self._keep(Int(self.builder.local(hint), -high - 1 if signed else 0, high), path, get)
        if isinstance(wire, BytesWire | Text):
            return self.byte_range(hint, python_name(wire.encoding) if isinstance(wire, Text) else "", path, get)
        if isinstance(wire, User) and isinstance(wire.target, sc.ClassSpec) and wire.target in self.reader.plans:
            plan = self.reader.plans[wire.target]
            previous = PreviousElement(plan, f"{hint}_", owner, owner.root, owner.stream, carried=self)
            previous.path, previous.get, previous.own_stream = path, get, wire.bounded
            return previous
        raise Inexpressible(f"'{step.attr.id}' of another element")

    def byte_range(self, hint: str, encoding: str, path: _Path, get: _Getter) -> Value:
        """Locals for a byte range, or what stands for one."""
        start, stop = self.builder.local(f"{hint}_start"), self.builder.local(f"{hint}_stop")
        slot = Bytes(start, stop, Int(stop - start, 0, FAR), encoding, (), True)
        needed = self.strings.get(path)
        if needed is None and self.element is not None:
            needed = self._pair(slot, get(self.element[0]))[2]
        if needed is not None:
            slot = replace(slot, encoding=needed.encoding, literals=needed.literals, plain=needed.plain)
        return self._keep(slot, path, get)

    def member(self, previous: PreviousElement, attr: sc.Attr | sc.Param) -> Value:
        """Locals for a member of an element."""
        path = (*previous.path, attr)
        hint = f"{previous.prefix}{attr.id}"

        def get(element: Value) -> Value:
            real = previous.get(element)
            if not isinstance(real, SymbolicObject) or attr not in real.members:
                raise Inexpressible(f"'{attr.id}' of another element, which is not always there")
            return real.members[attr]

        param = next((param for param in previous.plan.params if param.param is attr), None)
        if param is not None:
            return self._param(param.type, hint, path, get)
        step = next((step for step in previous.plan.steps if step.attr is attr), None)
        if step is None or step.attr.repeat is not None:
            raise Inexpressible(f"'{attr.id}' of another element")
        if step.attr.condition is None:
            return self.value(step, step.wire, hint, previous, path, get)
        tag = self.builder.local(f"{hint}_case")
        there = self.value(step, step.wire, hint, previous, (*path, "there"), get)
        if not isinstance(there, Int | Flag | Bytes):
            raise Inexpressible(f"'{attr.id}' of another element, which is not always there")
        return self._keep(Cases(tag, (None, there)), path, get)

    def _param(self, type_: Type, hint: str, path: _Path, get: _Getter) -> Value:
        if type_.kind in ("int", "enum"):
            return self._keep(Int(self.builder.local(hint), LEAST, MOST), path, get)
        if type_.kind == "bool":
            return self._keep(Flag(self.builder.local(hint)), path, get)
        if type_.kind in ("str", "bytes"):
            return self.byte_range(hint, ANY_ENCODING if type_.kind == "str" else "", path, get)
        raise Inexpressible("a param of another element")

    def _keep(self, slot: Value, path: _Path, get: _Getter) -> Value:
        self._begin(slot)
        if path and path[-1] == "there":
            return slot
        if self.element is None:
            self._waiting.append((slot, get, path))
        else:
            self._store(slot, get(self.element[0]), path)
        return slot

    def _begin(self, slot: Value) -> None:
        first = Truth(False) if isinstance(slot, Flag) else Const(0)
        self.before += [Assign(local.name, first) for local in _locals(slot)]

    def _store(self, slot: Value, value: Value, path: _Path) -> None:
        self.builder.flush()
        with self.builder.within(self.hole):
            self._set(slot, value, path)

    def _set(self, slot: Value, value: Value, path: _Path) -> None:
        if isinstance(slot, Int) and isinstance(value, Int | Flag):
            if isinstance(value, Int) and value.wide and slot.high < WIDE:
                raise Inexpressible("an integer beyond 63 bits that is handed on")
            self._assign(slot, value.expr if isinstance(value, Int) else call("int", value.expr))
        elif isinstance(slot, Flag) and isinstance(value, Flag):
            self._assign(slot, value.expr)
        elif isinstance(slot, Bytes) and isinstance(value, Bytes | Literal):
            start, stop, needed = self._pair(slot, value)
            if needed != slot:
                self.strings[path] = needed
                raise Retry
            self._assign(slot, start, stop)
        elif isinstance(slot, Cases):
            self._set_cases(slot, value, path)
        else:
            raise Inexpressible("a member of another element that is of several kinds")

    def _assign(self, slot: Value, *values: Expr) -> None:
        for local, value in zip(_locals(slot), values, strict=True):
            self.builder.assign(local, value)

    def _set_cases(self, slot: Cases, value: Value, path: _Path) -> None:
        if isinstance(value, Cases):
            for number, case in enumerate(value.values):
                with self.builder.when(value.tag.equals(number)):
                    self._set_cases(slot, case, path)
            return
        self._assign(slot, Const(0 if value is None else 1))
        if value is not None:
            self._set(slot.values[1], value, (*path, "there"))

    def _pair(self, slot: Bytes, value: Value) -> tuple[Expr, Expr, Bytes]:
        """What both locals are set to, and the slot as it would have to be."""
        if not isinstance(value, Bytes | Literal):
            raise Inexpressible("a member of another element that is of several kinds")
        if isinstance(value, Bytes):
            encoding = value.encoding if slot.encoding in (ANY_ENCODING, value.encoding) else None
            if value.encoding == ANY_ENCODING:
                encoding = slot.encoding
            if encoding is None:
                raise Inexpressible("strings of different encodings")
            literals = tuple(sorted({*slot.literals, *value.literals}))
            plain = slot.plain and self.reader.ev.byte_ranges.is_plain(value)
            return value.start, value.stop, replace(slot, encoding=encoding, literals=literals, plain=plain)
        raw = value.value if isinstance(value.value, bytes) else value.value.encode("utf-8")
        if not raw.isascii() and slot.encoding != "utf-8":
            raise Inexpressible("a literal in another encoding")
        number = self.builder.literal(raw)
        literals = tuple(sorted({*slot.literals, number}))
        needed = replace(slot, literals=literals, plain=slot.plain and raw.isascii())
        return Const(-1 - number), Const(-1 - number + len(raw)), needed


def _locals(slot: Value) -> list[Local]:
    """The locals of a slot, in the order of its parts."""
    exprs: list[Expr] = []
    if isinstance(slot, Int | Flag):
        exprs = [slot.expr]
    elif isinstance(slot, Cases):
        exprs = [slot.tag]
    elif isinstance(slot, Bytes):
        exprs = [slot.start, slot.stop]
    return [expr for expr in exprs if isinstance(expr, Local)]


@dataclass(slots=True, eq=False)
class PreviousElement(SymbolicObject):
    """An element that was read in another iteration.  own_stream: whether it has a stream of its own."""

    carried: Carried | None = None
    path: _Path = ()
    get: _Getter = field(default=lambda element: element)
    own_stream: bool = False
    made: Substream | None = None

    def member(self, attr: sc.Attr | sc.Param) -> Value:
        """A field or param."""
        assert self.carried is not None
        if attr not in self.members:
            self.members[attr] = self.carried.member(self, attr)
        return self.members[attr]

    def io(self) -> IO:
        """The element's stream."""
        if not self.own_stream:
            return self.parent.io() if isinstance(self.parent, PreviousElement) else IO(self.stream)
        assert self.carried is not None
        if self.made is None:

            def get(element: Value) -> Value:
                real = self.get(element)
                assert isinstance(real, SymbolicObject) and isinstance(real.stream, Substream)
                return Bytes(real.stream.begin, real.stream.stop, real.stream.size)

            whole = self.carried.byte_range(f"{self.prefix}io", "", (*self.path, "_io"), get)
            assert isinstance(whole, Bytes)
            self.made = Substream(self.carried.builder, whole)
            self.made.passed = True
        return IO(self.made)
