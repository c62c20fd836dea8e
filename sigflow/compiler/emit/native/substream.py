"""A part of the frame as a stream of its own: all its bytes are there, and a read beyond its end is refused."""

from __future__ import annotations

from dataclasses import replace

from sigflow.compiler.emit.native.builder import FAILED, Builder, Inexpressible
from sigflow.compiler.emit.native.streams import FAR, Stream, terminated
from sigflow.compiler.emit.native.tree import Conditional, Expr, Local, call, either
from sigflow.compiler.emit.native.values import Bytes, Flag, Int, Ranges
from sigflow.compiler.model import Shape
from sigflow.runtime.native import BAILOUT


class Substream(Stream):
    """data[begin:stop], `size` bytes."""

    def __init__(self, builder: Builder, whole: Bytes) -> None:
        super().__init__(builder, whole.start)
        self.stop = whole.stop
        self.size = whole.size
        #: Whether it may be read from beyond its end.
        self.beyond = False
        #: Whether it belongs to an object that was read before: where its reading stood is not known.
        self.passed = False
        #: Whether it is but the bytes of one object in that stream.
        self.partial = False

    def seen_from(self, offset: Int) -> Substream:
        """The same bytes, read from an offset on."""
        self.flush()
        offset = self.not_negative(offset, FAILED)
        if offset.high > FAR:
            self.builder.refuse(Flag(offset.expr > FAR, no=((offset.expr, offset.low, FAR),)), BAILOUT)
        view = Substream(self.builder, Bytes(self.begin, self.stop, self.size))
        if offset.value is None:
            view.to(self.builder.let(f"{self.hint}_at", self.begin + offset.expr))
        else:
            view.to(self.begin.plus(offset.value))
        view.beyond = offset.value != 0
        return view

    def test(self, stop: Local) -> None:
        """Refuse what reads beyond the end."""
        if stop.name == self.stop.name:
            if stop.offset > self.stop.offset:
                self.builder.leave(FAILED)
            return
        size = self.builder.refined(self.size)
        ranges: Ranges = ()
        if stop.name == self.begin.name:
            needed = stop.offset - self.begin.offset
            if needed <= size.low:
                return
            ranges = ((size.expr, needed, size.high),)
        beyond = self.stop - Local(stop.name) < stop.offset if stop.offset else self.stop < stop
        self.builder.refuse(Flag(beyond, no=ranges), FAILED)

    def want(self, size: int) -> None:
        """Ask for a constant number of bytes from here."""
        stop = self.state.pos.plus(size)
        if size and not self.is_there(stop):
            self._wanted = stop

    def sized(self, size: Int, negative: str) -> Bytes:
        """Take so many bytes."""
        start = self.state.pos
        if size.value is not None and size.value >= 0:
            self.fixed(size.value)
            return Bytes(start, self.state.pos, size)
        self.flush()
        size = self.not_negative(size, FAILED)
        beyond: Expr = size.expr > self.stop - start
        if size.wide:
            beyond = either(size.expr < 0, beyond)
        self.builder.refuse(Flag(beyond, no=((size.expr, size.low, self._most()),)), FAILED)
        stop = self.builder.let(f"{self.hint}_end", start + size.expr)
        self.to(stop)
        return Bytes(start, stop, self.builder.refined(size))

    def until(self, shape: Shape) -> Bytes:
        """Take the bytes up to a terminator, or to the end where there is none and that is no error."""
        term, include, consume, eos_error = terminated(shape)
        self.flush()
        builder, start, unit = self.builder, self.state.pos, len(term)
        end = builder.let(f"{self.hint}_end", self.search(term, start, self.stop, shape.anywhere))
        included, consumed = end.plus(unit if include else 0), end.plus(unit if consume else 0)
        if eos_error:
            builder.refuse(end < 0, FAILED)
            stop = included
            self.to(consumed)
            self.state = replace(self.state, tested=end.plus(unit))
        else:
            limit = call("max", self.stop, start) if self.beyond else self.stop
            after = builder.let(f"after_{self.hint}", Conditional(end < 0, limit, consumed))
            stop = builder.let(f"{self.hint}_stop", Conditional(end < 0, limit, included))
            self.to(after)
        return Bytes(start, stop, Int(stop - start, 0, self._most()))

    def rest(self) -> Bytes:
        """Take what is left."""
        self.flush()
        start, stop = self.state.pos, self.stop
        if start == self.begin:
            self.to(stop)
            return Bytes(start, stop, self.size)
        if self.beyond:
            stop = self.builder.let(f"{self.hint}_end", call("max", start, stop))
        self.to(stop)
        if start.name == stop.name:
            return Bytes(start, stop, Int.of(stop.offset - start.offset))
        return Bytes(start, stop, Int(stop - start, 0, self._most()))

    def _most(self) -> int:
        """How many bytes of it may be taken at once."""
        return min(self.builder.refined(self.size).high, FAR)

    # ------------------------------------------------------------ what expressions ask for

    def place(self) -> Int:
        """`pos`: the offset of the next byte."""
        if self.passed:
            raise Inexpressible("the position in the stream of another element")
        return super().place()

    def whole(self) -> Int:
        """`size`: all bytes of the stream."""
        if self.partial:
            raise Inexpressible("the size of the stream of another element")
        return self.builder.refined(self.size)

    def ended(self) -> Flag:
        """`eof`: whether nothing is left."""
        self.flush()
        pos, stop = self.state.pos, self.stop
        if self.state.left != 0 or self.passed:
            raise Inexpressible("the end of a stream within a byte")
        if pos.name == stop.name:
            return Flag.of(pos.offset >= stop.offset)
        return Flag(pos >= stop)
