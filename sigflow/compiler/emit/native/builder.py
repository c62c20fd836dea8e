"""The function under construction: where statements are written, which names are in use, what is known at each place.

Everything that the measure reads gets a name where it is read, needed or not; `eliminate_dead_code` drops what nothing
needs.  `ranges` are the bounds of expressions by their text, learnt from the checks that were passed on the way to the
current block.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from sigflow.compiler.emit.native.statements import Assign, Do, Exit, If, Loop, Node
from sigflow.compiler.emit.native.values import MOST, Flag, Int, Ranges
from sigflow.diagnostics import Place
from sigflow.runtime import native

NEED, BAILOUT = 0, -1000
#: Statements, names and objects of a function that is still worth compiling; types may hold each other many times over.
MOST_WORK = 6000

#: The bounds of what does not hold.
_NO = (0, 0)

_TAKEN = frozenset(("data", "at", "end", "limit", "box", "last", *keyword.kwlist, *dir(builtins)))


class Inexpressible(Exception):
    """Something that `_native_measure` cannot say; the text says what, for people."""


class Unreachable(Exception):
    """What comes next in the block at hand is never reached."""


class MayFail(Exception):
    """An expression may fail, where that must not decide anything."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason that is told at run time: the text of a return value, and what it may be."""

    text: str
    note: str


#: Why a frame is refused, or NEED or BAILOUT.
Reason = str | int | Cause


class Builder:
    """The statements so far, the block that is being written, names in use, facts, reasons.

    alias: what the module calls a function.  flush: called before anything is written, so that what was deferred comes
    first.
    """

    def __init__(self, alias: Callable[[str], str]) -> None:
        self._alias = alias
        #: Names of functions of `sigflow.runtime.native` that were asked for.
        self.functions: set[str] = set()
        self.root: list[Node] = []
        self.block = self.root
        self.ranges: dict[str, tuple[int, int]] = {}
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

    def need(self, name: str) -> str:
        """The name of a function of `sigflow.runtime.native`."""
        if self._alias(name) != name:
            raise Inexpressible(f"a spec of the name '{name}', which is that of a function")
        self.functions.add(name)
        return name

    def name(self, wanted: str) -> str:
        """A new local name like the one wanted."""
        self.spend()
        name, count = wanted.strip("_") or "x", 1
        base = name
        while name in self._names or hasattr(native, name):
            count += 1
            name = f"{base}_{count}"
        self._names.add(name)
        return name

    @property
    def is_branch(self) -> bool:
        """Whether the block at hand is one that not every frame comes to."""
        return len(self.open) > 1

    def literal(self, value: bytes) -> int:
        """The number of a literal, from 0."""
        if value not in self.literals:
            self.literals.append(value)
        return self.literals.index(value)

    def cause(self, reason: str | Cause) -> str:
        """The return value of a refusal, as text."""
        return reason.text if isinstance(reason, Cause) else str(self.code(reason))

    def code(self, reason: str) -> int:
        """The return value of a refusal."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return -1 - self.reasons.index(reason)

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
        """Add a statement to the block at hand, without flushing."""
        self.spend()
        self.block.append(node)

    def spend(self) -> None:
        """Count what is written, and what it takes to find out what to write."""
        self._spent += 1
        if self._spent > MOST_WORK:
            raise Inexpressible("more than fits into one function")

    def assign(self, name: str, text: str) -> None:
        """`name = text`."""
        self.flush()
        self.put(Assign(name, text))

    def do(self, text: str) -> None:
        """A statement with an effect."""
        self.flush()
        self.put(Do(text))

    def leave(self, reason: Reason) -> NoReturn:
        """Return with a refusal, NEED or BAILOUT; nothing after it in this block is reached."""
        self.flush()
        self.exit(reason)
        raise Unreachable

    def exit(self, reason: Reason) -> None:
        """`return`, without flushing."""
        if self.speculative:
            raise MayFail
        if isinstance(reason, Cause):
            self.put(Exit(reason.text, reason.note))
        elif isinstance(reason, str):
            self.put(Exit(str(self.code(reason)), reason))
        else:
            self.put(Exit(str(reason), "lacking" if reason == NEED else "bailout"))

    def refuse(self, bad: Flag, reason: Reason) -> None:
        """Return where `bad` holds; from here on it does not."""
        if bad.text == "False" or self.ranges.get(bad.text) == _NO:
            return
        if self.muted:
            self.assume(bad.no)
            return
        if bad.text == "True":
            self.leave(reason)
        self.flush()
        with self.inside(If(bad.text), "then"):
            self.exit(reason)
        self.assume((*bad.no, (bad.text, *_NO)))

    @contextmanager
    def inside(self, node: If | Loop, part: str) -> Iterator[None]:
        """Write into a block of `node`, which is put first unless it was already."""
        if not (self.block and self.block[-1] is node):
            self.put(node)
        with self.within(getattr(node, part)):
            yield

    @contextmanager
    def within(self, block: list[Node]) -> Iterator[None]:
        """Write into `block`; facts learnt there are forgotten after it."""
        outer, ranges = self.block, dict(self.ranges)
        self.block = block
        self.open.append(object())
        try:
            yield
        finally:
            self.open.pop()
            self.block, self.ranges = outer, ranges

    # ------------------------------------------------------------ facts

    def assume(self, ranges: Ranges) -> None:
        """Narrow what is known."""
        for text, low, high in ranges:
            old_low, old_high = self.ranges.get(text, (low, high))
            self.ranges[text] = max(low, old_low), min(high, old_high)

    def known(self, value: Int) -> Int:
        """The number with the bounds known here."""
        low, high = self.ranges.get(value.text, (value.low, value.high))
        low, high = max(low, value.low), min(high, value.high)
        if low > high:
            return value  # never reached
        if low == high and abs(low) <= MOST:
            return Int.of(low)
        return Int(value.text, low, high, value.own, value.empty)
