"""The frame as a stream: its bytes may still be arriving, and it may turn out too long.  See `Window`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sigflow.compiler.emit.expressions import COMPARE, OR, SUM
from sigflow.compiler.emit.native.builder import NEED, Builder, Cause
from sigflow.compiler.emit.native.streams import FAR, Stream, halves
from sigflow.compiler.emit.native.values import Bytes, Int, Pos, flag

TOO_LONG = "too-long"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A bound: the local that holds it, and why what passes it is refused.

    span: how many bytes it leaves at most.  offset: its distance from `at`, where that is a constant, with the reason
    there.
    """

    name: str
    cause: Cause | str
    span: int = FAR
    offset: int = FAR
    reason: str = TOO_LONG


class Frame(Stream):
    """The frame.  peeks: whether some terminator is looked at but not taken.  usual: bytes that any limit
    may be taken to leave; beyond them, fields that only some frames have are held against it.

    least: the bytes of the fields that are read at constant places; the caller sees to it that the limit is no less.
    """

    def __init__(self, builder: Builder, sync: tuple[bytes, ...], peeks: bool, usual: int) -> None:
        super().__init__(builder, Pos("at"))
        self.sync = sync
        self.peeks = peeks
        self.usual = usual
        self.least = 0
        self._ceilings = [Ceiling("last", TOO_LONG)]
        self._limited: Pos | None = None  # what was passed over reaches up to here, which may be beyond the ceiling

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

    def test(self, stop: Pos) -> None:
        """Lacking, unless the bytes up to `stop` are there."""
        lacking = f"end - {stop.base} < {stop.offset}" if stop.offset > 0 else f"end < {stop}"
        self.builder.refuse(flag(lacking, COMPARE), NEED)

    def need(self, stop: Pos) -> None:
        """Write that the bytes up to `stop` are asked for."""
        self.hold(stop)
        self.test(stop)

    def hold(self, stop: Pos) -> None:
        """Refuse what passes the ceiling."""
        self.builder.refuse(flag(f"{stop.at(SUM)} > {self.ceiling.name}", COMPARE), self.ceiling.cause)

    def saw(self, stop: Pos) -> None:
        """The bytes up to `stop` are looked at."""
        looked = self.state.looked
        if looked.base == stop.base:
            stop = max(looked, stop, key=lambda one: one.offset)
        elif self.peeks:
            name = self.builder.name("looked")
            self.builder.assign(name, f"max({looked}, {stop})")
            stop = Pos(name)
        self.state = replace(self.state, looked=stop)

    # ------------------------------------------------------------ reading

    def want(self, size: int) -> None:
        """Ask for a constant number of bytes from here."""
        stop = self.state.pos.plus(size)
        if stop.base == "at" and (stop.offset <= max(self.least, self.usual) or not self.builder.is_branch):
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
        if not self.known(stop):
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
        return Bytes(start, stop, self.builder.known(size))

    def skip(self, size: Int, negative: str) -> None:
        """Pass over so many bytes, which need not be there.  negative: the reason where the size is."""
        if size.value is not None and size.value >= 0:
            stop = self.state.pos.plus(size.value)
        else:
            stop = self._after(size, negative)
        self.to(stop)
        self._limited = stop

    def _after(self, size: Int, negative: str) -> Pos:
        """Where `size` bytes from here end; sizes that are none, or that no frame has, are refused."""
        self.flush()
        size = self.builder.known(size)
        if size.low < 0:
            self.builder.refuse(flag(f"{size.at(COMPARE + 1)} < 0", COMPARE, no=((size.text, 0, size.high),)), negative)
            size = self.builder.known(size)
        if size.high > FAR:
            passed = f"{size.at(COMPARE + 1)} > {self.ceiling.name} - {self.state.pos.at(SUM + 1)}"
            if size.wide:
                passed = f"{size.at(COMPARE + 1)} < 0 or {passed}"
            own = OR if size.wide else COMPARE
            self.builder.refuse(flag(passed, own, no=((size.text, size.low, FAR),)), self.ceiling.cause)
        name = self.builder.name(f"{self.hint}_end")
        self.builder.assign(name, f"{self.state.pos} + {size.at(SUM + 1)}")
        return Pos(name)

    def until(self, term: bytes, include: bool, consume: bool, eos_error: bool) -> Bytes:
        """Take the bytes up to a terminator; see `Window.lacks_term`."""
        self.flush()
        builder, start, ceiling = self.builder, self.state.pos, self.ceiling
        within, found = builder.name("within"), builder.name(f"{self.hint}_end")
        builder.assign(within, f"min(end, {ceiling.name})")
        builder.assign(found, self.search(term, str(start), within))
        for literal in self.sync:
            if len(literal) == 1:
                upto = f"{found} if {found} >= 0 else {within}"
                seen = f"{builder.need('find_byte')}(data, {start}, {upto}, {literal[0]})"
                builder.refuse(flag(f"{seen} >= 0", COMPARE), "aborted")
                continue
            verdict = builder.name("marker")
            call = f"{builder.need('sync_inside')}(data, {start}, {found}, {within}, end, {halves(literal)})"
            builder.assign(verdict, call)
            builder.refuse(flag(f"{verdict} > 0", COMPARE), "aborted")
            builder.refuse(flag(f"{verdict} < 0", COMPARE), NEED)
        builder.refuse(flag(f"{found} < 0 and end >= {ceiling.name}", 2), ceiling.cause)
        builder.refuse(flag(f"{found} < 0", COMPARE), NEED)
        unit = len(term)
        stop = Pos(found, unit if include else 0)
        self.saw(Pos(found, unit))
        self.to(Pos(found, unit if consume else 0))
        self.state = replace(self.state, tested=Pos(found, unit))
        low = unit if include else 0
        size = Int(f"{stop.at(SUM)} - {start.at(SUM + 1)}", low, max(ceiling.span - unit + low, low), SUM)
        return Bytes(start, stop, size)

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
        name, stop = builder.name("bound"), pos.plus(count)
        cause: Cause | str = outer.cause
        if cause != reason:
            code = builder.name("cause")
            inner = builder.code(reason)
            builder.assign(code, f"{inner} if {stop} < {outer.name} else {builder.cause(outer.cause)}")
            cause = Cause(code, f"{reason} or the frame limit")
        builder.assign(name, f"min({outer.name}, {stop})")
        offset, at = outer.offset, outer.reason
        if stop.base == "at" and stop.offset < offset:
            offset, at = stop.offset, reason
        self._ceilings.append(Ceiling(name, cause, min(count, outer.span), offset, at))
