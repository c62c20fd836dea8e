"""What follows from what was given: lengths from what stands behind them, counts, offsets, tags.

Strategy.  An object is written in rounds.  Where an expression of the spec does not give what is there (a size that is
not that of the bytes), it is solved for the one number in it that nobody gave, and the next round writes that.  When a
round changes nothing, what it wrote is what the value says; what still does not fit then is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sigflow.frozen import frozen
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing import varint
from sigflow.runtime.writing.description import Computed, Formula, Put, PutBits, PutNumber, PutText, Solution
from sigflow.runtime.writing.node import MISSING, Mistake, Node, Path, shown, told
from sigflow.runtime.writing.slack import Slack

#: Bytes of a stretch, or of a stream, where the format sets no limit.
LARGEST = 1 << 30
#: Rounds after which what still changes never settles.
ROUNDS = 16
#: What goes wrong where an expression meets values that do not fit.
FAILURES = (*WIRE_ERRORS, ArithmeticError, NameError)


@frozen
class Options:
    """keep: paths whose given values are written although something else follows from the rest; `all` keeps every one.
    lenient: derived values that were given and no longer fit are computed anew.  json: bytes are given as hexadecimal
    digits.
    """

    keep: frozenset[str] = frozenset()
    lenient: bool = False
    json: bool = False


@frozen
class Recomputed:
    """A derived value that was given, and was computed anew."""

    path: str
    supplied: Any
    derived: Any


class Derive:
    """The state of writing one value.

    recording: the value was read from bytes that are known: nothing is derived, and what it does not carry is kept in
    `slack`.  Else that is taken from there, where it still has its place.
    """

    def __init__(self, options: Options, slack: Slack, recording: bool = False) -> None:
        self.options = options
        self.slack = slack
        self.recording = recording
        self.nodes: dict[int, Node] = {}
        self.mistakes: list[Mistake] = []
        self.recomputed: dict[str, Recomputed] = {}
        self.changes = 0
        #: Members whose values something in this round already needs to be what they are.
        self.settled: set[tuple[int, str, int | None]] = set()
        #: Whether it is written once more.
        self.again = False
        #: Whether the round before changed something, so that what follows may still get another place.
        self.moving = False
        #: What streams held in the round before, where instances were put, and what those of other objects wrote there.
        self.streams: dict[Path, bytes] = dict(slack.streams) if not recording else {}
        self.places: dict[Path, int] = {}
        self.inserts: dict[Path, dict[Path, tuple[int, bytes]]] = {}
        self._solving = 0
        #: Bytes that one stretch, or one stream, may have.
        self.limit = LARGEST

    # ---------------------------------------------------------------- mistakes

    def mistake(self, path: Path, text: str, member: Put | Computed | None = None) -> None:
        """Something is wrong with the value at a path."""
        self.mistakes.append(Mistake(shown(path), text, member.place if member is not None else (0, 0, "")))

    def kept(self, path: Path) -> bool:
        """Whether the given value of a field is to be written whatever follows from the rest."""
        keep = self.options.keep
        return self.recording or "all" in keep or shown(path) in keep

    def evaluate(self, formula: Formula, node: Node, i: Any, element: Any, path: Path, member: Put) -> Any:
        """What an expression gives; MISSING, and a mistake, where it gives nothing."""
        try:
            return formula.value(node.unit, i, element)
        except FAILURES as error:
            text = (
                f"`{formula.text}` cannot be computed: {type(error).__name__}: {error}" if formula.text else str(error)
            )
            self.mistake(path, text, member)
            return MISSING

    # ---------------------------------------------------------------- solving

    def constrain(
        self, formula: Formula, actual: Any, node: Node, i: Any, path: Path, member: Put, what: str, element: Any = None
    ) -> None:
        """An expression shall give `actual`: if it does not, it is solved for what nobody gave.

        what: what `actual` is, for people: `the size`, `the number of elements`.
        """
        if self.recording:
            return
        try:
            current = formula.value(node.unit, i, element)
        except FAILURES:
            current = MISSING
        if current == actual and current is not MISSING:
            self.confirm(formula, node, i, element)
            return
        if not self.solve(formula, actual, node, i, element):
            known = self.targets(formula, node, i, None, element)
            if known and not self.targets(formula, node, i, actual, element):
                names = " or ".join(dict.fromkeys(target[2] for target in known))
                self.mistake(path, f"{what} is {told(actual)}, and no {names} makes `{formula.text}` give that", member)
                return
            shown_now = "nothing" if current is MISSING else told(current)
            self.mistake(path, f"{what} is {told(actual)}, but `{formula.text}` gives {shown_now}", member)

    def confirm(self, formula: Formula, node: Node, i: Any, element: Any = None) -> None:
        """An expression gives what it shall: what was guessed in it was right."""
        if not formula.solutions:
            return
        for owner, member, name, index, _ in self.targets(formula, node, i, None, element):
            if isinstance(member, Put):
                owner.guessed.discard(name)
                self.settled.add((id(owner), name, index))
            elif isinstance(member, Computed):
                varint.confirm(owner)
                with self.deeper():
                    if self._solving < ROUNDS:
                        self.confirm(member.formula, owner, None)
            elif owner.maker is not None and name in owner.writing.params:
                parent, wire, at = owner.maker
                with self.deeper():
                    if self._solving < ROUNDS:
                        self.confirm(wire.arguments[owner.writing.params.index(name)], parent, at)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Expressions that speak of instances that speak of instances, and never round in a circle."""
        self._solving += 1
        try:
            yield
        finally:
            self._solving -= 1

    def targets(
        self, formula: Formula, node: Node, i: Any, wanted: Any, element: Any = None
    ) -> list[tuple[Node, Put | Computed | None, str, int | None, Solution]]:
        """What an expression can be solved for, as things are: node, member (None for a param), name, index."""
        listed = []
        for solution in formula.solutions:
            try:
                if wanted is not None and solution.value(node.unit, i, element, wanted) is None:
                    continue
                unit = solution.owner(node.unit, i, element) if solution.owner is not None else node.unit
                index = solution.index(node.unit, i, element) if solution.index is not None else None
            except FAILURES:
                continue
            owner = self.nodes.get(id(unit)) if isinstance(unit, KaitaiStruct) else None
            if owner is not None:
                member = owner.writing.members.get(solution.name)
                if member is not None or solution.name in owner.writing.params:
                    listed.append((owner, member, solution.name, index, solution))
        return listed

    def solve(self, formula: Formula, wanted: Any, node: Node, i: Any, element: Any = None) -> bool:
        """Make an expression give `wanted`; returns whether that was possible."""
        if self._solving >= ROUNDS:
            return False
        targets = self.targets(formula, node, i, wanted, element)
        if not targets:
            return False
        if all(target[-1].part for target in targets):
            chosen = targets
        else:
            open_ones = [target for target in targets if self.is_open(target[0], target[1], target[2], target[3])]
            if len(open_ones) == 1:
                chosen = open_ones
            elif len(targets) == 1:
                chosen = targets
            else:
                return False
        solved = True
        with self.deeper():
            for owner, member, name, index, solution in chosen:
                value = solution.value(node.unit, i, element, wanted)
                solved &= self.assign(owner, member, name, index, value)
        return solved

    def is_open(self, node: Node, member: Put | Computed | None, name: str, index: int | None) -> bool:
        """Whether nobody gave the value of what an expression could be solved for."""
        if member is None:
            if node.maker is None:
                return False
            parent, wire, at = node.maker
            targets = self.targets(wire.arguments[node.writing.params.index(name)], parent, at, None)
            return any(self.is_open(*target[:4]) for target in targets)
        if isinstance(member, Computed):
            with self.deeper():
                if self._solving >= ROUNDS:
                    return False
                targets = self.targets(member.formula, node, None, None)
                return varint.is_open(node) or any(self.is_open(*target[:4]) for target in targets)
        return (name, index) in node.derived or name in node.guessed or node.input.get(name, member.id) is MISSING

    def assign(self, node: Node, member: Put | Computed | None, name: str, index: int | None, value: Any) -> bool:
        """Let a member have a value that follows from others; returns whether it can."""
        if value is None:
            return False
        if member is None:
            if node.maker is None:
                return False
            parent, wire, at = node.maker
            return self.solve(wire.arguments[node.writing.params.index(name)], value, parent, at)
        if isinstance(member, Computed):
            if varint.is_open(node):
                return self.digits(node, member, value)
            return self.solve(member.formula, value, node, None)
        return self.derive(node, member, index, value)

    def digits(self, node: Node, member: Computed, value: Any) -> bool:
        """An object that is one number in digits of seven bits, or the like: the shortest that says it."""
        groups = varint.digits(node, member, value)
        if groups is None:
            return False
        put, elements = groups
        if node.derived.get((put.name, None)) == elements:
            return False
        node.guessed.discard(put.name)
        node.derived[put.name, None] = elements
        self.changes += 1
        return True

    def derive(self, node: Node, put: Put, index: int | None, value: Any) -> bool:
        """Let a field have a value that follows from others, unless another was given and is kept."""
        path = (*node.path, put.id) if index is None else (*node.path, put.id, index)
        if self.kept(path):
            return True
        if isinstance(value, float) and isinstance(put.wire, PutNumber | PutBits) and _is_whole(put.wire):
            value = round(value)  # as near as the field can say it
            if node.derived.get((put.name, index), MISSING) == value:
                return True
        if node.derived.get((put.name, index), MISSING) == value or (id(node), put.name, index) in self.settled:
            return False  # it has it already, or needs another for something else
        if not isinstance(put.wire, PutNumber | PutBits | PutText) and not isinstance(value, bytes):
            return False
        supplied = node.input.get(put.name, put.id)
        if index is not None and supplied is not MISSING:
            supplied = supplied[index] if index < len(supplied) else MISSING
            supplied = node.input.changed.get((put.id, index), supplied)
        explicit = supplied is not MISSING and (not self.options.lenient or node.input.is_changed(put.id, index))
        if explicit and _plain(supplied) != value:
            self.mistake(path, f"{told(_plain(supplied))} was given, but {told(value)} follows from the rest", put)
            return True
        node.derived[put.name, index] = value
        node.guessed.discard(put.name)
        self.settled.add((id(node), put.name, index))
        self.recomputed.pop(shown(path), None)
        if supplied is not MISSING and _plain(supplied) != value:
            self.recomputed[shown(path)] = Recomputed(shown(path), _plain(supplied), value)
        self.changes += 1
        return True


def _is_whole(wire: PutNumber | PutBits) -> bool:
    return isinstance(wire, PutBits) or wire.kind != "f"


def _plain(value: Any) -> Any:
    """The number of an enum's member in any form."""
    if isinstance(value, dict) and "raw" in value:
        return value["raw"]
    return value
