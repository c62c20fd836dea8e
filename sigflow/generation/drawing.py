"""An object whose values are chosen while it is written: where nobody gave one, it is drawn, and stays.

What a field may be depends on those before it, as when it is read: sizes and counts are chosen first, small ones
mostly, and what they speak of then has that size.  An object in a stream of its own is drawn freely, and so is a
payload that codecs encode: the sizes of such are left open, and follow when the frame is built.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from sigflow import codecs
from sigflow.errors import CodecError
from sigflow.generation.values import NoValue, Values
from sigflow.limits import DEFAULTS
from sigflow.runtime.envelope import Codec
from sigflow.runtime.writing import (
    Computed,
    Extent,
    Formula,
    Put,
    PutBits,
    PutCase,
    PutNumber,
    PutObject,
    PutText,
    Solution,
    writing_of,
)
from sigflow.runtime.writing.derive import FAILURES, Options
from sigflow.runtime.writing.node import MISSING, Input, Node, Path, shown
from sigflow.runtime.writing.sink import Sink
from sigflow.runtime.writing.slack import Slack
from sigflow.runtime.writing.walk import Walk

#: Elements of a list that an element of some kind ends, at most, and how often one is drawn until it does.
LONGEST, TRIES = 64, 24
#: How many elements lists have that may have any number of them.
COUNTS = (0, 1, 1, 2, 2, 3, 4, 5)
#: Such elements that are remembered, since it may be hard to come by one.
KEPT = 8
#: Elements of frames that were built, of which some come again.
REMEMBERED = 32
#: Objects in objects, at most, and the depth from which on lists are empty.
DEEPEST, SHALLOW = 24, 4
#: Values of a frame, at most, and how often elements of its lists are drawn again.
VALUES, AGAIN = 10_000, 400


class Drawing(Walk):
    """Draws one object.  State: that of a walk; fields whose values follow and are not drawn (`_released`)."""

    def __init__(self, values: Values, forbidden: Sequence[bytes] = (), codecs: Sequence[Codec] = ()) -> None:
        """forbidden: what must not stand anywhere in it.  codecs: those of the format of the object."""
        super().__init__(Options(), Slack())
        self.values = values
        self.codecs = codecs
        self._forbidden = list(forbidden)
        self._released: set[tuple[int, str]] = set()
        self._left_open: list[tuple[Node, Put]] = []
        self._drawn = 0
        self._values = 0
        self._again = 0
        #: What must not stand in what a terminator ends.
        self.marks: Sequence[bytes] = ()
        #: The objects in lists, with the list's place in the spec.
        self.drawn: list[tuple[Any, dict[str, Any]]] = []

    def draw(self, writing: Any, root: Any = None, settled: bool = False) -> Node:
        """The node of a new object; `node.input.value` is the mapping of its values.

        settled: draw as often as expressions need to see what was written.  Raises `NoValue`.
        """
        node = Node(writing, Input({}), (), None, root)
        self.object(node, Sink(b""))
        if settled:
            self.rounds(node)
        for owner, put in self._left_open:
            # What follows is said, since conditions may ask for it.
            derived = owner.derived.get((put.name, None), MISSING)
            if derived is not MISSING and isinstance(owner.input.value, dict):
                owner.input.value[put.id] = derived
        return node

    # ---------------------------------------------------------------- fields

    def _mapping(self, node: Node, put: Put, i: int | None) -> dict[str, Any]:
        """A mapping to draw an object into."""
        held: Any = node.input.value
        fresh: dict[str, Any] = {}
        if i is None:
            held[put.id] = fresh
        else:
            held[put.id][i] = fresh
        return fresh

    def element(self, node: Node, put: Put, wire: Any, value: Any, sink: Sink, path: Path, i: int | None) -> None:
        """A value, which is drawn where there is none yet."""
        if value is not MISSING or (node.input.keys is None) or (id(node), put.name) in self._released:
            super().element(node, put, wire, value, sink, path, i)
            return
        if isinstance(wire, PutObject):
            value = self._mapping(node, put, i)
        elif not isinstance(wire, PutCase):
            value = self._leaf(node, put, wire, sink, path, i)
            if value is not MISSING:
                if i is None:
                    node.input.value[put.id] = value
                else:
                    node.input.value[put.id][i] = value
        super().element(node, put, wire, value, sink, path, i)

    def _leaf(self, node: Node, put: Put, wire: Any, sink: Sink, path: Path, i: int | None) -> Any:
        """The value of a field that is no object."""
        if self.later(node, put) is not None:
            return MISSING  # a checksum
        where = shown(path)
        self._tally(where)
        self.values.deep = len(path) > SHALLOW
        if isinstance(wire, PutNumber | PutBits):
            return self.values.number(node.writing, put, wire, node.unit, i, where)
        extent = wire.extent
        if extent.contents is not None:
            return MISSING
        if not node.path and i is None:
            raw = self._encoded(node, put, extent, i)
            if raw is not None:
                return raw
        size = self._size(node, put, extent, sink, path, i)
        self._charge(size or 0, where)
        number = self._said(node, put) if put.name in self.values.hints.sizes else None
        forbidden = [*self._forbidden, *self.marks] if extent.term is not None else self._forbidden
        try:
            return self.values.content(node.writing, put, wire, node.unit, i, where, size, forbidden, number)
        except NoValue:
            if size is None or not isinstance(extent.size, Formula):
                raise
            raise NoValue(where, f"no value of the size {size} that `{extent.size.text}` gives") from None

    def _tally(self, where: str) -> None:
        """Count a value of the frame."""
        self._values += 1
        self.values.work += 1
        if self._values > VALUES:
            raise NoValue(where, f"it would have more than {VALUES} values")

    def _charge(self, size: int, where: str) -> None:
        """Count bytes of the frame."""
        self._drawn += size
        if self._drawn > self.values.limit:
            raise NoValue(where, f"it would have more than {self.values.limit} bytes")

    def _size(self, node: Node, put: Put, extent: Extent, sink: Sink, path: Path, i: int | None) -> int | None:
        """The bytes that a value has to have; None where any number will do."""
        if isinstance(extent.size, int):
            return extent.size
        left = sink.size() - sink.pos() if sink.size() else None
        if extent.eos:
            return left if left is not None and sink.path else None
        if extent.size is None or extent.size.of_stream or self._is_released(extent.size, node, i):
            return None
        size = self.size_of(node, put, extent, path, i)
        if size is None or not 0 <= size <= self.values.limit:
            if size is None and self.targets(extent.size, node, i, None):
                return None
            raise NoValue(shown(path), f"`{extent.size.text}` gives no size that is possible: {size}")
        return size

    def _said(self, node: Node, put: Put) -> int | str | None:
        """A small size, for a text or bytes that say one in digits."""
        wanted = self.values.size()
        for solution in self._asked_by_parent(node, put):
            assert node.maker is not None
            parent = node.maker[0]
            setattr(node.unit, put.name, "1" if isinstance(put.wire, PutText) else b"1")  # as if it were a number
            try:
                value = solution.value(parent.unit, None, None, wanted)
            except FAILURES:
                value = None
            delattr(node.unit, put.name)
            parent.forget()
            node.forget()
            if value is not None:
                return value.decode("latin-1") if isinstance(value, bytes) else str(value)
            return None
        return wanted if self.values.chance.integer(0, 3) else None

    def _asked_by_parent(self, node: Node, put: Put) -> Iterator[Solution]:
        """How value instances of the object that holds this one are solved for a field of it."""
        if node.maker is None:
            return
        parent = node.maker[0]
        for member in parent.writing.instances:
            if not isinstance(member, Computed) or member.name not in self.values.hints.sizes:
                continue
            for solution in member.formula.solutions:
                if solution.name == put.name and solution.owner is not None:
                    try:
                        if solution.owner(parent.unit, None, None) is node.unit:
                            yield solution
                    except FAILURES:
                        continue

    # ---------------------------------------------------------------- sizes that follow

    def _is_released(self, formula: Formula, node: Node, i: int | None) -> bool:
        return any((id(owner), name) in self._released for owner, _, name, _, _ in self.targets(formula, node, i, None))

    def release(self, formula: Formula, node: Node, i: int | None) -> None:
        """Leave open what an expression is computed of, so that it follows from the rest."""
        for owner, member, name, _, _ in self.targets(formula, node, i, None):
            if isinstance(member, Put):
                if isinstance(owner.input.value, dict):
                    owner.input.value.pop(member.id, None)
                if (id(owner), name) not in self._released and member.repeat is None:
                    self._left_open.append((owner, member))
                self._released.add((id(owner), name))
            elif self._solving < DEEPEST:
                with self.deeper():
                    if isinstance(member, Computed):
                        self.release(member.formula, owner, None)
                    elif owner.maker is not None:
                        parent, wire, at = owner.maker
                        self.release(wire.arguments[owner.writing.params.index(name)], parent, at)

    # ---------------------------------------------------------------- payloads

    def _encoded(self, node: Node, put: Put, extent: Extent, i: int | None) -> bytes | None:
        """The bytes of a payload, encoded by the codecs that apply to the frame as it is; None where none does."""
        applying = []
        for codec in self.codecs:
            try:
                if codec.field == put.id and (codec.when is None or codec.when(node.unit)):
                    applying.append(codec)
            except FAILURES:
                continue
        if not applying:
            return None
        if isinstance(extent.size, Formula):
            self.release(extent.size, node, i)
        raw = payload(self.values, applying)
        self._charge(len(raw), put.id)
        return raw

    # ---------------------------------------------------------------- objects

    def child(self, node: Node, put: Put, wire: PutObject, value: Any, path: Path, i: Any) -> Node | None:
        """The node of an object, which the object that it is in knows already."""
        child = super().child(node, put, wire, value, path, i)
        if child is not None and i is None and put.repeat is None:
            setattr(node.unit, put.name, child.unit)
        return child

    def put_object(self, node: Node, put: Put, wire: PutObject, value: Any, sink: Sink, path: Path, i: Any) -> Any:
        """An object.  Where its stream has a size that can follow, it does."""
        if len(path) > DEEPEST:
            raise NoValue(shown(path), f"nested deeper than {DEEPEST}")
        self._tally(shown(path))
        extent = wire.extent
        if extent is not None and isinstance(extent.size, Formula) and path not in self.streams:
            self.release(extent.size, node, i)
        term = extent.term if extent is not None and extent.process is None else None
        before = len(self._forbidden)
        if term is not None:
            self._forbidden += [term, *self.marks]
        try:
            written = super().put_object(node, put, wire, value, sink, path, i)
        finally:
            del self._forbidden[before:]
        return written

    def content(self, child: Node, path: Path, size: int | None, source: bytes | None) -> bytes:
        """What an object writes into a stream of its own: at first twice, so that expressions see what it wrote."""
        if path not in self.streams:
            super().content(child, path, size, source)
        return super().content(child, path, size, source)

    # ---------------------------------------------------------------- lists

    def listed(self, node: Node, put: Put, value: Any, sink: Sink, path: Path) -> None:
        """A list, which is drawn element by element."""
        if value is not MISSING or put.repeat is None:
            super().listed(node, put, value, sink, path)
            return
        held: list[Any] = []
        node.input.value[put.id] = held
        setattr(node.unit, put.name, [])
        kind, code = put.repeat.kind, put.repeat.code
        count = self._count(node, put, path)
        end = sink.size() if kind == "eos" and sink.size() and sink.path else None
        while True:
            i = len(held)
            if kind == "until":
                assert code is not None
                if i and self._ends(code, node, put, i - 1):
                    break
                if i >= LONGEST:
                    raise NoValue(shown(path), f"none of {LONGEST} elements ends it")
                self._element(node, put, sink, path, i, code, i >= count - 1)
            elif end is not None:
                if sink.pos() >= end:
                    break
                self._element(node, put, sink, path, i, None, False)
            else:
                if i >= count:
                    break
                self._element(node, put, sink, path, i, None, False)

    def _count(self, node: Node, put: Put, path: Path) -> int:
        """How many elements a list shall have."""
        repeat = put.repeat
        assert repeat is not None
        if repeat.kind == "expr" and repeat.code is not None and not self._is_released(repeat.code, node, None):
            try:
                count = repeat.code.value(node.unit, None, None)
            except FAILURES:
                count = None
            if isinstance(count, int) and 0 <= count <= min(self.values.limit, VALUES):
                return count
            if isinstance(count, int) and count > 0:
                raise NoValue(shown(path), f"it would have {count} elements")
        if len(path) > SHALLOW + 1 and repeat.kind != "until":
            return 0
        key = node.writing.id, put.id, "count"
        lowest = 1 if repeat.kind == "until" else 0
        goal = self.values.goals.take(key, self.values.goals.waiting(key, (0, 1, 3)), self.values.chance)
        return max(lowest, goal if goal is not None else self.values.chance.choice(COUNTS))

    def _ends(self, code: Formula, node: Node, put: Put, i: int) -> bool:
        """Whether an element is the last one."""
        try:
            return bool(code.value(node.unit, i, getattr(node.unit, put.name)[i]))
        except FAILURES:
            return False

    def _known(self, node: Node, put: Put, last: bool) -> Sequence[Any]:
        """Elements to choose from, of those that were drawn before: ones that end a list, or, where the last frame
        failed, ones of frames that were built.
        """
        key = node.writing.id, put.id
        if last:
            return self.values.endings[key]
        if not self.values.goals.failures or self.values.chance.integer(0, 1):
            return ()
        return self.values.elements.get(key, ())

    def remember(self) -> None:
        """The frame was built: keep some of its elements."""
        for key, element in self.drawn:
            known = self.values.elements.setdefault(key, [])
            if len(known) < REMEMBERED:
                known.append(deepcopy(element))
            elif self.values.goals.failures and not self.values.chance.integer(0, 3):
                known[self.values.chance.integer(0, REMEMBERED - 1)] = deepcopy(element)

    def _element(self, node: Node, put: Put, sink: Sink, path: Path, i: int, code: Formula | None, last: bool) -> None:
        """An element; with `code`, one of which that says whether it is the last, as long as that can be had."""
        held, elements = node.input.value[put.id], getattr(node.unit, put.name)
        place = len(sink.data), sink._pos, [list(part) for part in sink.ranges], sink._spare_bits, sink._spare_low
        mistakes, drawn = len(self.mistakes), self._drawn
        key = node.writing.id, put.id
        endings = self.values.endings.setdefault(key, [])
        for tries in range(TRIES):
            known = self._known(node, put, last) if tries < 2 else ()
            value = deepcopy(self.values.chance.choice(known)) if known else MISSING
            held.append(value)
            try:
                self.element(node, put, put.wire, value, sink, (*path, i), i)
            except NoValue:
                self._again += 1
                if tries == TRIES - 1 or self._again > AGAIN:
                    raise
            else:
                fits = code is None or self._ends(code, node, put, i) == last
                if (fits and len(self.mistakes) == mistakes) or tries == TRIES - 1:
                    if held[i] is MISSING:
                        held[i] = None
                    if fits and last and isinstance(held[i], dict) and value is MISSING and len(endings) < KEPT:
                        endings.append(deepcopy(held[i]))
                    if isinstance(held[i], dict):
                        self.drawn.append((key, held[i]))
                    return
            del held[i:], elements[i:], self.mistakes[mistakes:], sink.data[place[0] :]
            sink._pos, sink.ranges, sink._spare_bits, sink._spare_low = place[1], list(map(list, place[2])), *place[3:]
            self._drawn = drawn
            node.children.pop((put.name, i), None)
            for stream in [stream for stream in self.streams if stream[: len(path) + 1] == (*path, i)]:
                del self.streams[stream]


def payload(values: Values, applying: Sequence[Codec]) -> bytes:
    """A payload that these codecs decode, in their order.  Raises `NoValue` where they do not encode."""
    last = applying[-1]
    target = codecs.target_of(last)
    if target is not None:
        writing = writing_of(target)
        if writing is None:
            raise NoValue(last.field, f"objects of {target.__name__} cannot be written")
        walk = Drawing(values)
        raw = walk.rounds(walk.draw(writing))
        if walk.mistakes:
            raise NoValue(last.field, "; ".join(f"{mistake.path}: {mistake.text}" for mistake in walk.mistakes))
    elif last.name == "tlv":
        raw = codecs.get("tlv").encode(elements(values, 0))
    elif codecs.of(last).parses:
        raw = _parsed(last, values)
    else:
        raw = _encode(last, values.chance.data(values.size()))
    for codec in reversed(applying[:-1]):
        raw = _encode(codec, raw)
    return raw


def _parsed(codec: Codec, values: Values) -> bytes:
    """Bytes that a codec parses of which only that is known: such are looked for by trying."""
    made = codecs.of(codec)
    for _ in range(TRIES):
        raw = values.chance.data(values.size())
        try:
            made.decode(raw, DEFAULTS)
        except (CodecError, *FAILURES):
            continue
        return raw
    raise NoValue(codec.field, f"the codec {codec.name} takes none of {TRIES} payloads")


def _encode(codec: Codec, raw: bytes) -> bytes:
    if codec.name == "zlib":
        # Stored and not deflated: what a library makes of bytes is not the same everywhere.
        return zlib.compress(raw, 0)
    try:
        return codecs.of(codec).encode(raw)
    except (CodecError, *FAILURES) as error:
        raise NoValue(codec.field, f"the codec {codec.name} does not encode bytes: {error}") from error


def elements(values: Values, depth: int) -> list[Mapping[str, Any]]:
    """Elements of tag and value, some of which hold others."""
    chance = values.chance
    listed: list[Mapping[str, Any]] = []
    for _ in range(chance.integer(0, 3)):
        if depth < SHALLOW and not chance.integer(0, 3):
            listed.append({"tag": 0x8000 | chance.integer(0, 0x7FFF), "value": elements(values, depth + 1)})
        else:
            listed.append({"tag": chance.integer(0, 0x7FFF), "value": chance.data(chance.integer(0, 12))})
    return listed
