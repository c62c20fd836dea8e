"""The frame as a stream: its bytes may still be arriving, and it may turn out too long.  See `Window`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sigflow.compiler.emit.native.builder import Builder, Cause, Inexpressible
from sigflow.compiler.emit.native.streams import FAR, Stream, halves, terminated
from sigflow.compiler.emit.native.tree import AT, DATA, END, Compare, Conditional, Expr, Local, both, call, either
from sigflow.compiler.emit.native.values import Bytes, Flag, Int
from sigflow.compiler.model import Shape
from sigflow.reasons import ABORTED, LENGTH, TOO_LONG
from sigflow.runtime.native import NEED


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A bound: the local that holds it, and why what passes it is refused.

    span: how many bytes it leaves at most.  offset: its distance from `at`, where that is a constant, with the reason
    there.
    """

    bound: Local
    cause: Cause | str
    span: int = FAR
    offset: int = FAR
    reason: str = TOO_LONG


class Frame(Stream):
    """The frame.  peeks: whether some terminator is looked at but not taken.  usual: bytes that any limit
    may be taken to leave; beyond them, fields that only some frames have are held against it.

    least: the bytes of the fields that are read at constant places; the caller sees to it that the limit is no less.
    """

    #: Where a frame ends at the latest, and why what passes that is refused.
    last: Expr = AT + Local("limit")
    beyond = TOO_LONG

    def __init__(self, builder: Builder, sync: tuple[bytes, ...], peeks: bool, usual: int) -> None:
        super().__init__(builder, AT)
        self.sync = sync
        self.peeks = peeks
        self.usual = usual
        self.least = 0
        self._ceilings = [Ceiling(Local("last"), self.beyond)]
        self._limited: Local | None = None  # what was passed over reaches up to here, which may be beyond the ceiling

    @property
    def ceiling(self) -> Ceiling:
        """The bound in force."""
        return self._ceilings[-1]

    # ------------------------------------------------------------ putting off

    def flush(self) -> None:
        """Write what was deferred."""
        limited, self._limited = self._limited, None
        super().flush()
        if limited is not None:
            self.hold(limited)

    def finish(self) -> None:
        """The same at the end of the measure, whose length the caller holds against the limit."""
        self._limited = None
        self.flush()

    def test(self, stop: Local) -> None:
        """Lacking, unless the bytes up to `stop` are there."""
        lacking = END - Local(stop.name) < stop.offset if stop.offset > 0 else Compare("<", END, stop)
        self.builder.refuse(lacking, NEED)

    def need(self, stop: Local) -> None:
        """Write that the bytes up to `stop` are asked for."""
        self.hold(stop)
        self.test(stop)

    def hold(self, stop: Local) -> None:
        """Refuse what passes the ceiling."""
        self.builder.refuse(stop > self.ceiling.bound, self.ceiling.cause)

    def saw(self, stop: Local) -> None:
        """The bytes up to `stop` are looked at."""
        looked = self.state.looked
        if looked.name == stop.name:
            stop = max(looked, stop, key=lambda position: position.offset)
        elif self.peeks:
            stop = self.builder.let("looked", call("max", looked, stop))
        self.state = replace(self.state, looked=stop)

    # ------------------------------------------------------------ reading

    def want(self, size: int) -> None:
        """Ask for a constant number of bytes from here."""
        stop = self.state.pos.plus(size)
        if stop.name == AT.name and (stop.offset <= max(self.least, self.usual) or not self.builder.is_branch):
            if stop.offset > self.ceiling.offset:
                self.flush()
                self.builder.leave(self.ceiling.reason)
            self.least = max(self.least, stop.offset)
            self._limited = None
        elif size:
            self._limited = None  # what lies before `stop` passes no ceiling that `stop` does not
            self.flush()
            self.hold(stop)
        elif self._limited is not None:
            self.flush()
        self.saw(stop)
        if not self.is_there(stop):
            self._wanted = stop

    def sized(self, size: Int, negative: str) -> Bytes:
        """Take so many bytes."""
        start = self.state.pos
        if size.value is not None and size.value >= 0:
            self.fixed(size.value)
            return Bytes(start, self.state.pos, size)
        stop = self._after(size, negative)
        self.hold(stop)
        self.saw(stop)
        self._wanted = stop
        self.to(stop)
        return Bytes(start, stop, self.builder.refined(size))

    def skip(self, size: Int, negative: str) -> None:
        """Pass over so many bytes, which need not be there.  negative: the reason where the size is."""
        if size.value is not None and size.value >= 0:
            stop = self.state.pos.plus(size.value)
        else:
            stop = self._after(size, negative)
        self.to(stop)
        self._limited = stop

    def _after(self, size: Int, negative: str) -> Local:
        """Where `size` bytes from here end; sizes that are none, or that no frame has, are refused."""
        size = self.not_negative(size, negative)
        if size.high > FAR:
            passed: Expr = size.expr > self.ceiling.bound - self.state.pos
            if size.wide:
                passed = either(size.expr < 0, passed)
            self.builder.refuse(Flag(passed, no=((size.expr, size.low, FAR),)), self.ceiling.cause)
        return self.builder.let(f"{self.hint}_end", self.state.pos + size.expr)

    def until(self, shape: Shape) -> Bytes:
        """Take the bytes up to a terminator; see `Window.lacks_term`."""
        term, include, consume, _ = terminated(shape)
        self.flush()
        builder, start, ceiling = self.builder, self.state.pos, self.ceiling
        within, end = builder.local("within"), builder.local(f"{self.hint}_end")
        builder.assign(within, call("min", END, ceiling.bound))
        builder.assign(end, self.search(term, start, within, shape.anywhere))
        for literal in self.sync:
            if len(literal) == 1:
                stop = Conditional(end >= 0, end, within)
                builder.refuse(builder.call("find_byte", DATA, start, stop, literal[0]) >= 0, ABORTED)
                continue
            marker = builder.let("marker", builder.call("sync_inside", DATA, start, end, within, END, *halves(literal)))
            builder.refuse(marker > 0, ABORTED)
            builder.refuse(marker < 0, NEED)
        builder.refuse(both(end < 0, Compare(">=", END, ceiling.bound)), ceiling.cause)
        builder.refuse(end < 0, NEED)
        unit = len(term)
        taken = unit if include else 0
        self.saw(end.plus(unit))
        self.to(end.plus(unit if consume else 0))
        self.state = replace(self.state, tested=end.plus(unit))
        size = Int(end.plus(taken) - start, taken, max(ceiling.span - unit + taken, taken))
        return Bytes(start, end.plus(taken), size)

    # ------------------------------------------------------------ bounds that a spec declares

    @contextmanager
    def within(self, count: int, reason: str) -> Iterator[None]:
        """What reaches more than `count` bytes beyond here is refused for `reason`."""
        self._enter(count, reason)
        try:
            yield
            self.flush()
        finally:
            self._ceilings.pop()

    def _enter(self, count: int, reason: str) -> None:
        self.flush()
        builder, outer, pos = self.builder, self.ceiling, self.state.pos
        bound, stop = builder.local("bound"), pos.plus(count)
        cause: Cause | str = outer.cause
        if cause != reason:
            inner = Conditional(stop < outer.bound, builder.code(reason), builder.code(outer.cause))
            cause = Cause(builder.let("cause", inner), f"{reason} or the frame limit")
        builder.assign(bound, call("min", outer.bound, stop))
        offset, at = outer.offset, outer.reason
        if stop.name == AT.name and stop.offset < offset:
            offset, at = stop.offset, reason
        self._ceilings.append(Ceiling(bound, cause, min(count, outer.span), offset, at))


class ClosedFrame(Frame):
    """A frame that ends at `end`: whoever calls takes NEED for a unit that is too short."""

    last = END
    beyond = LENGTH
    #: Its end, and its bytes.
    stop = END
    size = Int(END - AT, 0, FAR)

    def skip(self, size: Int, negative: str) -> None:
        """Pass over so many bytes, which must be there."""
        super().skip(size, negative)
        stop = self.state.pos
        if not self.is_there(stop):
            self._wanted = stop

    def until(self, shape: Shape) -> Bytes:
        """Take the bytes up to a terminator, or to the end where there is none and that is no error."""
        term, include, consume, eos_error = terminated(shape)
        if eos_error:
            return super().until(shape)
        self.flush()
        builder, start, unit = self.builder, self.state.pos, len(term)
        end = builder.let(f"{self.hint}_end", self.search(term, start, END, shape.anywhere))
        after = builder.let(f"after_{self.hint}", Conditional(end < 0, END, end.plus(unit if consume else 0)))
        stop = builder.let(f"{self.hint}_stop", Conditional(end < 0, END, end.plus(unit if include else 0)))
        self.saw(END)
        self.to(after)
        self.state = replace(self.state, tested=after)
        return Bytes(start, stop, Int(stop - start, 0, FAR))

    def rest(self) -> Bytes:
        """Take what is left."""
        self.flush()
        start = self.state.pos
        self.saw(END)
        self.to(END)
        self.state = replace(self.state, tested=END)
        if start.name == END.name:
            return Bytes(start, END, Int.of(0))
        return Bytes(start, END, Int(END - start, 0, FAR))

    # ------------------------------------------------------------ what expressions ask for

    def whole(self) -> Int:
        """`size`: all bytes of the unit."""
        return self.builder.refined(self.size)

    def ended(self) -> Flag:
        """`eof`: whether nothing is left."""
        self.flush()
        if self.state.left != 0:
            raise Inexpressible("the end of a stream within a byte")
        return Flag(self.state.pos >= END)
