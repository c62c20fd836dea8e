"""The layouts of checksums in a native measure: where a value stands and what it covers, as words of `box`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.native.builder import FAILED, Inexpressible, Unreachable
from sigflow.compiler.emit.native.evaluate import Context
from sigflow.compiler.emit.native.statements import Assign, If
from sigflow.compiler.emit.native.tree import AT, END, Conditional, Const, Expr, Local
from sigflow.compiler.emit.native.values import MOST, Bytes, Cases, Flag, Int, Literal, SymbolicObject, Value, both
from sigflow.compiler.hints import ChecksumHint, Path
from sigflow.runtime import box
from sigflow.runtime.native import BAILOUT
from sigflow.runtime.stored import DECODINGS, RAW

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.reading import Reader


class Layouts:
    """Works out layouts of checksums that are said of an object: the frame, or an element of it."""

    def __init__(self, reader: Reader, obj: SymbolicObject) -> None:
        self.reader = reader
        self.builder = reader.builder
        self.obj = obj
        #: The fields that are there where the checksum at hand is, and whether a place was in one that may be absent.
        self.sure: frozenset[sc.Attr] = frozenset()
        self.partial = False

    def layout(self, checksum: ChecksumHint) -> list[Expr]:
        """The words of a layout: where the checksum stands and what it covers."""
        self.sure = frozenset(attr for path in checksum.stored.fields for attr in path)
        self.partial = False
        if checksum.conditions:
            return self.optional(checksum)
        pieces = self.pieces(checksum)
        return [offset(self.stored(checksum)).expr, Const(len(pieces) // 2), *pieces]

    def stored(self, checksum: ChecksumHint) -> Local:
        """Where the value of a checksum stands."""
        return self.place(checksum.path)[0].plus(checksum.inner)

    def pieces(self, checksum: ChecksumHint) -> list[Expr]:
        """What a checksum covers; before it, the value that is told."""
        pieces: list[Expr] = self.told(checksum) if checksum.told is not None else []
        for over in checksum.over:
            if over.decode.startswith(RAW):
                self.builder.place = checksum.place
                raise Inexpressible("a checksum over bytes of the wire")
            if over.code is None:
                assert over.first is not None and over.last is not None
                start, stop = self.place(over.start)[0], self.place(over.stop)[1]
                first = offset(start).expr
                if over.decode:
                    first = Const(box.PIECE_SPELT - list(DECODINGS).index(over.decode)) - first * 2
                pieces += [first, offset(stop).expr]
                continue
            self.builder.place = over.code.place
            value = self.reader.ev.value(over.code.expr, Context(self.obj))
            pieces += self.piece(checksum, self.reader.ev.as_int(value) if isinstance(value, Flag) else value)
        return pieces

    def told(self, checksum: ChecksumHint) -> list[Expr]:
        """The value that an expression gives, as int64, and a word that says nothing.

        One of 64 bits is compared in two's complement, so nothing else may look like it.
        """
        assert checksum.told is not None
        self.builder.place = checksum.told.place
        value = self.reader.ev.integer(checksum.told.expr, Context(self.obj))
        if checksum.signed:
            value = self.reader.ev.arithmetic.narrow(value)
        elif value.low < 0:
            self.builder.refuse(self.reader.ev.arithmetic.compare("<", value, Int.of(0)), BAILOUT)
        return [self.builder.let("told", value.expr), Const(0)]

    def place(self, path: Path) -> tuple[Local, Local]:
        """Where the field that a path leads to starts and stops."""
        framing = self.reader.hints.framing
        if framing is not None and path and path[0] in framing.behind:
            start, stop = framing.behind[path[0]]
            return END.plus(start), END.plus(stop)
        obj = self.obj
        for attr in path[:-1]:
            inner = obj.members.get(attr)
            if inner is None:
                self.reader.ev.fail()
            if isinstance(inner, Cases) and attr.condition is not None and attr in self.sure:
                # It is there where the condition of the checksum holds, and so are the locals that its reading set.
                objects = [value for value in inner.values if value is not None]
                inner, self.partial = objects[0] if len(objects) == 1 else inner, True
            if not isinstance(inner, SymbolicObject):
                raise Inexpressible("a checksum in an object that only some frames have")
            obj = inner
        place = self.reader.places.get((obj, path[-1]))
        if place is None:
            raise Inexpressible("a checksum in an object that only some frames have")
        return place

    def optional(self, checksum: ChecksumHint) -> list[Expr]:
        """The layout of a checksum that not every frame has; what it asks is asked only where it is there."""
        condition = Flag.of(True)
        for code in checksum.conditions:
            self.builder.place = code.place
            value = self.reader.ev.value(code.expr, Context(self.obj))
            if not isinstance(value, Flag):
                raise Inexpressible("a condition of a checksum that is no condition of numbers")
            condition = both(condition, value)
        if condition.value is False:
            return [Const(-1), Const(0)]
        stored = self.stored(checksum)
        if condition.value is True:
            pieces = self.pieces(checksum)
            return [offset(stored).expr, Const(len(pieces) // 2), *pieces]
        self.builder.flush()
        node = If(condition.expr)
        with self.builder.within(node.then):
            self.builder.assume(condition.yes)
            try:
                pieces = self.pieces(checksum)
            except Unreachable:  # whoever has it is refused
                pieces = []
        if not node.then and not self.partial:
            return [Conditional(condition.expr, offset(stored).expr, Const(-1)), Const(len(pieces) // 2), *pieces]
        words: list[Expr] = []
        for word in (offset(stored).expr, *pieces):
            local = self.builder.let("word", Const(-1))
            node.then.append(Assign(local.name, word))
            words.append(local)
        self.builder.put(node)
        return [words[0], Const(len(pieces) // 2), *words[1:]]

    def piece(self, checksum: ChecksumHint, value: Value) -> list[Expr]:
        """Covered bytes that an expression gives."""
        if isinstance(value, Int):
            arithmetic = self.reader.ev.arithmetic
            value = arithmetic.narrow(value)
            self.builder.refuse(arithmetic.compare("<", value, Int.of(0)), FAILED)
            self.builder.refuse(arithmetic.compare(">", value, Int.of(255)), FAILED)
            return [Const(box.PIECE_LITERAL), value.expr]
        if isinstance(value, Literal) and isinstance(value.value, bytes):
            return [word for byte in value.value for word in (Const(box.PIECE_LITERAL), Const(byte))]
        if isinstance(value, Bytes) and not value.encoding and not checksum.zeroed:
            self.reader.ev.byte_ranges.real(value)
            return [offset(value.start).expr, offset(value.stop).expr]
        raise Inexpressible("covered bytes that are no stretch of the frame")


def offset(position: Local) -> Int:
    """A position as an offset in the frame."""
    if position.name == AT.name:
        return Int.of(position.offset)
    return Int(position - AT, 0, MOST)
