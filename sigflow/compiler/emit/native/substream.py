"""A part of the frame as a stream of its own: all its bytes are there, and a read beyond its end is refused."""

from __future__ import annotations

from dataclasses import replace

from sigflow.compiler.emit.expressions import COMPARE, SUM
from sigflow.compiler.emit.native.builder import BAILOUT, Builder, Inexpressible
from sigflow.compiler.emit.native.streams import FAR, Stream
from sigflow.compiler.emit.native.values import Bytes, Flag, Int, Pos, Ranges, flag

INVALID = "valid"


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

    def seen_from(self, offset: Int) -> Substream:
        """The same bytes, read from an offset on."""
        self.flush()
        offset = self.builder.known(offset)
        if offset.low < 0:
            negative = flag(f"{offset.at(COMPARE + 1)} < 0", COMPARE, no=((offset.text, 0, offset.high),))
            self.builder.refuse(negative, INVALID)
            offset = self.builder.known(offset)
        if offset.high > FAR:
            far = flag(f"{offset.at(COMPARE + 1)} > {FAR}", COMPARE, no=((offset.text, offset.low, FAR),))
            self.builder.refuse(far, BAILOUT)
        view = Substream(self.builder, Bytes(self.begin, self.stop, self.size))
        if offset.value is None:
            name = self.builder.name(f"{self.hint}_at")
            self.builder.assign(name, f"{self.begin} + {offset.at(SUM + 1)}")
            view.to(Pos(name))
        else:
            view.to(self.begin.plus(offset.value))
        view.beyond = offset.value != 0
        return view

    def test(self, stop: Pos) -> None:
        """Refuse what reads beyond the end."""
        if stop.base == self.stop.base:
            if stop.offset > self.stop.offset:
                self.builder.leave(INVALID)
            return
        text = f"{self.stop.at(SUM)} - {stop.base} < {stop.offset}" if stop.offset else f"{self.stop} < {stop}"
        size = self.builder.known(self.size)
        ranges: Ranges = ()
        if stop.base == self.begin.base:
            needed = stop.offset - self.begin.offset
            if needed <= size.low:
                return
            ranges = ((size.text, needed, size.high),)
        self.builder.refuse(flag(text, COMPARE, no=ranges), INVALID)

    def want(self, size: int) -> None:
        """Ask for a constant number of bytes from here."""
        stop = self.state.pos.plus(size)
        if size and not self.known(stop):
            self._wanted = stop

    def sized(self, size: Int, negative: str) -> Bytes:
        """Take so many bytes."""
        start = self.state.pos
        if size.value is not None and size.value >= 0:
            self.fixed(size.value)
            return Bytes(start, self.state.pos, size)
        self.flush()
        size = self.builder.known(size)
        if size.low < 0:
            self.builder.refuse(flag(f"{size.at(COMPARE + 1)} < 0", COMPARE, no=((size.text, 0, size.high),)), INVALID)
            size = self.builder.known(size)
        left = f"{self.stop.at(SUM)} - {start.at(SUM + 1)}"
        beyond = f"{size.at(COMPARE + 1)} > {left}"
        if size.wide:
            beyond = f"{size.at(COMPARE + 1)} < 0 or {beyond}"
        most = min(self.builder.known(self.size).high, FAR)
        self.builder.refuse(flag(beyond, 1 if size.wide else COMPARE, no=((size.text, size.low, most),)), INVALID)
        name = self.builder.name(f"{self.hint}_end")
        self.builder.assign(name, f"{start} + {size.at(SUM + 1)}")
        self.to(Pos(name))
        return Bytes(start, Pos(name), self.builder.known(size))

    def until(self, term: bytes, include: bool, consume: bool, eos_error: bool) -> Bytes:
        """Take the bytes up to a terminator, or to the end where there is none and that is no error."""
        self.flush()
        builder, start, unit = self.builder, self.state.pos, len(term)
        found = builder.name(f"{self.hint}_end")
        builder.assign(found, self.search(term, str(start), str(self.stop)))
        most = min(builder.known(self.size).high, FAR)
        if eos_error:
            builder.refuse(flag(f"{found} < 0", COMPARE), INVALID)
            stop = Pos(found, unit if include else 0)
            self.to(Pos(found, unit if consume else 0))
            self.state = replace(self.state, tested=Pos(found, unit))
        else:
            after = builder.name(f"after_{self.hint}")
            missing = f"if {found} < 0 else {found}"
            end = f"max({self.stop}, {start})" if self.beyond else str(self.stop)
            builder.assign(after, f"{end} {missing}" + (f" + {unit}" if consume else ""))
            stop_name = builder.name(f"{self.hint}_stop")
            builder.assign(stop_name, f"{end} {missing}" + (f" + {unit}" if include else ""))
            stop = Pos(stop_name)
            self.to(Pos(after))
        return Bytes(start, stop, Int(f"{stop.at(SUM)} - {start.at(SUM + 1)}", 0, most, SUM))

    def rest(self) -> Bytes:
        """Take what is left."""
        self.flush()
        start, stop = self.state.pos, self.stop
        most = min(self.builder.known(self.size).high, FAR)
        if start == self.begin:
            self.to(stop)
            return Bytes(start, stop, self.size)
        if self.beyond:
            name = self.builder.name(f"{self.hint}_end")
            self.builder.assign(name, f"max({start}, {stop})")
            stop = Pos(name)
        self.to(stop)
        if start.base == stop.base:
            return Bytes(start, stop, Int.of(stop.offset - start.offset))
        return Bytes(start, stop, Int(f"{stop.at(SUM)} - {start.at(SUM + 1)}", 0, most, SUM))

    # ------------------------------------------------------------ what expressions ask for

    def place(self) -> Int:
        """`pos`: the offset of the next byte."""
        if self.passed:
            raise Inexpressible("the position in the stream of another element")
        return super().place()

    def whole(self) -> Int:
        """`size`: all bytes of the stream."""
        return self.builder.known(self.size)

    def ended(self) -> Flag:
        """`eof`: whether nothing is left."""
        self.flush()
        pos, stop = self.state.pos, self.stop
        if self.state.left != 0 or self.passed:
            raise Inexpressible("the end of a stream within a byte")
        if pos.base == stop.base:
            return Flag.of(pos.offset >= stop.offset)
        text = f"{pos.at(SUM)} {{}} {stop.at(SUM)}"
        return Flag(text.format(">="), COMPARE, text.format("<"), COMPARE)
