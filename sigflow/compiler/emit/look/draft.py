"""The function being drafted: statements with the names they assign and use, and what is known at each place.

Statements are kept as a tree of small nodes over text.  Everything the measure reads gets a name where it is read,
needed or not; `tidy` then drops what nothing needs: an expression has no effects, so an assignment to a name that no
remaining statement uses may go, and so may a loop or a condition with nothing in it that remains.

`Draft.facts` are bounds of expressions by their text, learnt from the checks passed on the way here.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from sigflow.compiler.emit.look.values import MOST, Facts, Flag, Int
from sigflow.diagnostics import Place

NEED, HARD = 0, -1000
#: A function of more statements than this is not worth compiling: types that hold each other many times over.
LARGEST = 3000

_NAME = re.compile(r"[A-Za-z_]\w*")
_TAKEN = frozenset(("data", "at", "end", "limit", "box", "last", "looked", *keyword.kwlist, *dir(builtins)))


class Inexpressible(Exception):
    """Something that `_look` cannot say; the text says what, for people."""


class Ended(Exception):
    """What comes next in the block at hand is never reached."""


class Doubtful(Exception):
    """An expression may fail, where that must not decide anything."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason that is told at run time: the text of a return value, and what it may be."""

    text: str
    note: str


@dataclass(slots=True)
class Assign:
    """`name = text`."""

    name: str
    text: str


@dataclass(slots=True)
class Do:
    """A statement with an effect."""

    text: str


@dataclass(slots=True)
class Exit:
    """`return code`, with a comment."""

    code: str
    note: str


@dataclass(slots=True)
class Break:
    """`break`."""


@dataclass(slots=True)
class If:
    """`if condition:` ... `else:` ..."""

    condition: str
    then: list[Node] = field(default_factory=list)
    other: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Loop:
    """`for ... in range(...):` or `while True:`."""

    head: str
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """Statements that are added later, at a place left for them."""

    body: list[Node] = field(default_factory=list)


Node = Assign | Do | Exit | Break | If | Loop | Group
#: Why a frame is refused, or NEED or HARD.
Reason = str | int | Cause


class Draft:
    """The statements so far, the block that is being written, names in use, facts, reasons.

    settle: called before anything is written, so that what was put off comes first.
    """

    def __init__(self, need: Callable[[str], str]) -> None:
        self._need = need
        self.root: list[Node] = []
        self.block = self.root
        self.facts: dict[str, tuple[int, int]] = {}
        self.reasons: list[str] = []
        #: Bytes that a pair of locals may stand for though the frame does not hold them.
        self.literals: list[bytes] = []
        self.settle: Callable[[], None] = lambda: None
        self.place = Place()
        #: Whether an expression that may fail is of no use.
        self.strict = False
        #: Whether what is read here was read and checked before.
        self.muted = False
        #: The blocks being written, outermost first: what was worked out in one of them is still there.
        self.open: list[object] = [object()]
        self._names: set[str] = set(_TAKEN)
        self._written = 0

    # ------------------------------------------------------------ names

    def need(self, name: str) -> str:
        """The name of a function of `sigflow.runtime.native`."""
        if self._need(name) != name:
            raise Inexpressible(f"a spec of the name '{name}', which is that of a function")
        self._names.add(name)
        return name

    def name(self, wanted: str) -> str:
        """A new local name like the one wanted."""
        name, count = wanted.strip("_") or "x", 1
        base = name
        while name in self._names or _READER.fullmatch(name):
            count += 1
            name = f"{base}_{count}"
        self._names.add(name)
        return name

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
        """Add a statement to the block at hand, without settling."""
        self._written += 1
        if self._written > LARGEST:
            raise Inexpressible("more than fits into one function")
        self.block.append(node)

    def assign(self, name: str, text: str) -> None:
        """`name = text`."""
        self.settle()
        self.put(Assign(name, text))

    def do(self, text: str) -> None:
        """A statement with an effect."""
        self.settle()
        self.put(Do(text))

    def leave(self, reason: Reason) -> NoReturn:
        """Return with a refusal, NEED or HARD; nothing after it in this block is reached."""
        self.settle()
        self.exit(reason)
        raise Ended

    def exit(self, reason: Reason) -> None:
        """`return`, without settling."""
        if self.strict:
            raise Doubtful
        if isinstance(reason, Cause):
            self.put(Exit(reason.text, reason.note))
        elif isinstance(reason, str):
            self.put(Exit(str(self.code(reason)), reason))
        else:
            self.put(Exit(str(reason), "lacking" if reason == NEED else "hard"))

    def refuse(self, bad: Flag, reason: Reason) -> None:
        """Return where `bad` holds; from here on it does not."""
        if bad.text == "False":
            return
        if self.muted:
            self.learn(bad.no)
            return
        if bad.text == "True":
            self.leave(reason)
        self.settle()
        with self.inside(If(bad.text), "then"):
            self.exit(reason)
        self.learn(bad.no)

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
        outer, facts = self.block, dict(self.facts)
        self.block = block
        self.open.append(object())
        try:
            yield
        finally:
            self.open.pop()
            self.block, self.facts = outer, facts

    # ------------------------------------------------------------ facts

    def learn(self, facts: Facts) -> None:
        """Narrow what is known."""
        for text, low, high in facts:
            old_low, old_high = self.facts.get(text, (low, high))
            self.facts[text] = max(low, old_low), min(high, old_high)

    def known(self, value: Int) -> Int:
        """The number with the bounds known here."""
        low, high = self.facts.get(value.text, (value.low, value.high))
        low, high = max(low, value.low), min(high, value.high)
        if low > high:
            return value  # never reached
        if low == high and abs(low) <= MOST:
            return Int.of(low)
        return Int(value.text, low, high, value.own, value.empty)


_READER = re.compile(r"[us][1248](be|le)?")


# ---------------------------------------------------------------- what remains of it


def tidy(root: list[Node]) -> list[Node]:
    """The statements without those that nothing needs."""
    live: set[str] = set()
    while True:
        before = len(live)
        _mark(root, live, False)
        if len(live) == before:
            return _kept(root, live, False)


def _matters(node: Node, live: set[str], looped: bool) -> bool:
    """Whether a statement stays.  looped: a `break` in it ends a loop that stays."""
    if isinstance(node, Assign):
        return node.name in live
    if isinstance(node, If):
        return any(_matters(one, live, looped) for one in (*node.then, *node.other))
    if isinstance(node, Loop):
        return any(_matters(one, live, False) for one in node.body)
    if isinstance(node, Group):
        return any(_matters(one, live, looped) for one in node.body)
    return looped if isinstance(node, Break) else True


def _mark(block: list[Node], live: set[str], looped: bool) -> None:
    for node in block:
        if not _matters(node, live, looped):
            continue
        if isinstance(node, Assign | Do):
            live.update(_NAME.findall(node.text))
        elif isinstance(node, If):
            live.update(_NAME.findall(node.condition))
            _mark(node.then, live, looped)
            _mark(node.other, live, looped)
        elif isinstance(node, Loop):
            live.update(_NAME.findall(node.head))
            _mark(node.body, live, True)
        elif isinstance(node, Group):
            _mark(node.body, live, looped)
        elif isinstance(node, Exit):
            live.update(_NAME.findall(node.code))


def _kept(block: list[Node], live: set[str], looped: bool) -> list[Node]:
    kept: list[Node] = []
    for node in block:
        if not _matters(node, live, looped):
            continue
        if isinstance(node, If):
            node = If(node.condition, _kept(node.then, live, looped), _kept(node.other, live, looped))
        elif isinstance(node, Loop):
            node = Loop(node.head, _kept(node.body, live, True))
        elif isinstance(node, Group):
            kept += _kept(node.body, live, looped)
            continue
        kept.append(node)
    return kept


def lines_of(block: list[Node], indent: str = "") -> Iterator[str]:
    """The statements as lines of Python."""
    for node in block:
        if isinstance(node, Assign):
            yield f"{indent}{node.name} = {node.text}"
        elif isinstance(node, Do):
            yield f"{indent}{node.text}"
        elif isinstance(node, Exit):
            yield f"{indent}return {node.code}" + (f"  # {node.note}" if node.note else "")
        elif isinstance(node, Break):
            yield f"{indent}break"
        elif isinstance(node, Loop):
            yield f"{indent}{node.head}:"
            yield from lines_of(node.body, indent + "    ")
        elif isinstance(node, Group):
            yield from lines_of(node.body, indent)
        elif node.then:
            yield f"{indent}if {node.condition}:"
            yield from lines_of(node.then, indent + "    ")
            if len(node.other) == 1 and isinstance(node.other[0], If) and node.other[0].then:
                first, *more = lines_of(node.other, indent)
                yield f"{indent}el{first.removeprefix(indent)}"
                yield from more
            elif node.other:
                yield f"{indent}else:"
                yield from lines_of(node.other, indent + "    ")
        else:
            yield f"{indent}if not ({node.condition}):"
            yield from lines_of(node.other, indent + "    ")
