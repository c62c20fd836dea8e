"""The function under construction: where statements are written, which names are in use, what is known at each place.

Everything that the measure reads gets a name where it is read, needed or not; `eliminate_dead_code` drops what nothing
needs.  `ranges` are the bounds of expressions, learnt from the checks that were passed on the way to the current block.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NoReturn

from sigflow import reads
from sigflow.compiler.emit.native.statements import Assign, If, Node, Return
from sigflow.compiler.emit.native.tree import Call, Const, Expr, Local, Operand, call
from sigflow.compiler.emit.native.values import MOST, Flag, Int, Ranges
from sigflow.diagnostics import Place
from sigflow.reasons import INVALID
from sigflow.runtime import native
from sigflow.runtime.native import BAILOUT, NEED

#: Statements, names and objects of a function that is still worth compiling; types may hold each other many times over.
MOST_WORK = 6000

#: The reason of a frame for which an expression fails, or that is refused for no reason of its own.
FAILED = INVALID

#: The bounds of a truth that does not hold.
_NO = (0, 0)

#: The names of the functions that may be called, and of what stands beside them.
_FUNCTIONS = vars(native).keys() | vars(reads).keys()
_TAKEN = frozenset(("data", "at", "end", "limit", "box", "last", *keyword.kwlist, *dir(builtins)))


class Inexpressible(Exception):
    """Something that a native measure cannot say; the text says what, for people."""


class Unreachable(Exception):
    """What comes next in the current block is never reached."""


class MayFail(Exception):
    """An expression may fail, where that must not decide anything."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason that is told at run time: the return value, and what it may be."""

    value: Local
    note: str


#: Why a frame is refused, or NEED or BAILOUT.
Reason = str | int | Cause
_NOTES = {NEED: "lacking", BAILOUT: "bailout"}


class Builder:
    """The statements so far, the block that is being written, names in use, ranges, reasons.

    alias: what the module calls a function.  flush: called before anything is written, so that what was deferred comes
    first.
    """

    def __init__(self, alias: Callable[[str], str]) -> None:
        self._alias = alias
        self.root: list[Node] = []
        self.block = self.root
        self.ranges: dict[Expr, tuple[int, int]] = {}
        self.reasons: list[str] = []
        #: Bytes that a pair of locals may stand for though the frame does not hold them.
        self.literals: list[bytes] = []
        self.flush: Callable[[], None] = lambda: None
        self.place = Place()
        #: Whether an expression that may fail is of no use.
        self.speculative = False
        #: How many instances are being worked out, which Python does once and keeps.
        self.memoizing = 0
        #: Whether what is read here was read and checked before.
        self.muted = False
        #: The blocks being written, outermost first: what was worked out in one of them is still there.
        self.open: list[object] = [object()]
        self._names: set[str] = set(_TAKEN)
        self._spent = 0

    # ------------------------------------------------------------ names

    def call(self, name: str, *arguments: Operand) -> Call:
        """A call of a function of the runtime (`sigflow.runtime.native`, `sigflow.reads`)."""
        if self._alias(name) != name:
            raise Inexpressible(f"a spec of the name '{name}', which is that of a function")
        return call(name, *arguments)

    def name(self, wanted: str) -> str:
        """A new local name like the one wanted."""
        self.spend()
        name, count = wanted.strip("_") or "x", 1
        base = name
        while name in self._names or name in _FUNCTIONS:
            count += 1
            name = f"{base}_{count}"
        self._names.add(name)
        return name

    def local(self, wanted: str) -> Local:
        """The same, as an expression."""
        return Local(self.name(wanted))

    @property
    def is_branch(self) -> bool:
        """Whether the current block is one that not every frame comes to."""
        return len(self.open) > 1

    def literal(self, value: bytes) -> int:
        """The number of a literal, from 0."""
        if value not in self.literals:
            self.literals.append(value)
        return self.literals.index(value)

    def code(self, reason: str | Cause) -> Expr:
        """The return value of a refusal."""
        if isinstance(reason, Cause):
            return reason.value
        if reason not in self.reasons:
            self.reasons.append(reason)
        return Const(-1 - self.reasons.index(reason))

    # ------------------------------------------------------------ statements

    @contextmanager
    def attempt(self, block: list[Node]) -> Iterator[None]:
        """Write into `block`; if that fails, as if nothing had been written."""
        names, reasons = set(self._names), len(self.reasons)
        try:
            with self.within(block):
                yield
        except BaseException:
            self._names = names
            del self.reasons[reasons:]
            raise

    def put(self, node: Node) -> None:
        """Add a statement to the current block, without flushing."""
        self.spend()
        self.block.append(node)

    def spend(self) -> None:
        """Count what is written, and what it takes to find out what to write."""
        self._spent += 1
        if self._spent > MOST_WORK:
            raise Inexpressible("more than fits into one function")

    def do(self, node: Node) -> None:
        """Add a statement to the current block."""
        self.flush()
        self.put(node)

    def assign(self, local: Local, value: Expr) -> None:
        """`local = value`."""
        self.do(Assign(local.name, value))

    def let(self, wanted: str, value: Expr) -> Local:
        """A new local, named like the one wanted, that has this value."""
        local = self.local(wanted)
        self.assign(local, value)
        return local

    def join(self, wanted: str, branches: list[tuple[list[Node], Expr]]) -> Local:
        """A new local, named like the one wanted, that each of several blocks sets to a value of its own."""
        local = self.local(wanted)
        for block, value in branches:
            with self.within(block):
                self.assign(local, value)
        return local

    def leave(self, reason: Reason) -> NoReturn:
        """Return with a refusal, NEED or BAILOUT; nothing after it in this block is reached."""
        self.flush()
        self.exit(reason)
        raise Unreachable

    def exit(self, reason: Reason) -> None:
        """`return`, without flushing."""
        if self.speculative:
            raise MayFail
        if isinstance(reason, int):
            self.put(Return(Const(reason), _NOTES[reason]))
        else:
            self.put(Return(self.code(reason), reason.note if isinstance(reason, Cause) else reason))

    def refuse(self, bad: Flag | Expr, reason: Reason) -> None:
        """Return where `bad` holds; from here on it does not."""
        bad = Flag(bad) if isinstance(bad, Expr) else bad
        if bad.value is False or self.ranges.get(bad.expr) == _NO:
            return
        if self.muted:
            self.assume(bad.no)
            return
        if bad.value is True:
            self.leave(reason)
        self.flush()
        with self.when(bad.expr):
            self.exit(reason)
        self.assume((*bad.no, (bad.expr, *_NO)))

    @contextmanager
    def when(self, condition: Expr) -> Iterator[None]:
        """Write what is done where a condition holds, without flushing."""
        node = If(condition)
        self.put(node)
        with self.within(node.then):
            yield

    @contextmanager
    def within(self, block: list[Node]) -> Iterator[None]:
        """Write into `block`; what is learnt there is forgotten after it."""
        outer, ranges = self.block, dict(self.ranges)
        self.block = block
        self.open.append(object())
        try:
            yield
        finally:
            self.open.pop()
            self.block, self.ranges = outer, ranges

    # ------------------------------------------------------------ ranges

    def assume(self, ranges: Ranges) -> None:
        """Narrow what is known."""
        for expr, low, high in ranges:
            old_low, old_high = self.ranges.get(expr, (low, high))
            self.ranges[expr] = max(low, old_low), min(high, old_high)

    def refined(self, value: Int) -> Int:
        """The number with the bounds known here."""
        low, high = self.ranges.get(value.expr, (value.low, value.high))
        low, high = max(low, value.low), min(high, value.high)
        if low > high:
            return value  # never reached
        if low == high and abs(low) <= MOST:
            return Int.of(low)
        return replace(value, low=low, high=high)
