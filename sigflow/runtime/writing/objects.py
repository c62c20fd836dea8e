"""Writing an object of a generated class: its fields in order, lists, switches, objects in objects, instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sigflow.diagnostics import nearest
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing import metadata
from sigflow.runtime.writing.cases import Cases
from sigflow.runtime.writing.derive import FAILURES, Options
from sigflow.runtime.writing.description import (
    Computed,
    Formula,
    Put,
    PutBits,
    PutBytes,
    PutCase,
    PutNumber,
    PutObject,
    PutText,
    Wire,
    writing_of,
)
from sigflow.runtime.writing.node import MISSING, Input, Node, Path, told
from sigflow.runtime.writing.sink import Sink
from sigflow.runtime.writing.slack import Slack

#: Objects in objects, at most.
DEPTH = 200


class Objects(Cases):
    """Writes objects."""

    def __init__(self, options: Options, slack: Slack, recording: bool = False) -> None:
        super().__init__(options, slack, recording)
        self._depth = 0
        #: Fields that are computed when all else is written, by their paths without places in lists, and their sizes.
        self.computed_later: Mapping[str, int] = {}

    # ---------------------------------------------------------------- objects

    def object(self, node: Node, sink: Sink) -> None:
        """All fields of an object, and the instances that were given for it."""
        if self._depth > DEPTH:
            self.mistake(node.path, f"nested deeper than {DEPTH}")
            return
        unit: Any = node.unit
        writing = node.writing
        self.nodes[id(unit)] = node
        unit._io = sink
        node.forget()
        if node.maker is not None:
            parent, wire, i = node.maker
            if writing.order == "inherited":
                unit._is_le = getattr(parent.unit, "_is_le", None)
            for name, formula in zip(writing.params, wire.arguments, strict=False):
                try:
                    setattr(unit, name, formula.value(parent.unit, i, None))
                except FAILURES:
                    setattr(unit, name, None)
        else:
            for name in writing.params:
                setattr(unit, name, getattr(node.input.value, name, 0))
        if writing.order == "calc" and writing.endian is not None:
            try:
                unit._is_le = writing.endian(unit)
            except FAILURES:
                unit._is_le = None
        self._depth += 1
        for put in writing.puts:
            self.put(node, put, sink)
        self.names(node)
        for member in writing.instances:
            if isinstance(member, Put):
                self.instance(node, member, sink)
            else:
                self.computed(node, member)
        self._depth -= 1

    def names(self, node: Node) -> None:
        """A mistake for each name that the type does not have."""
        keys = node.input.keys
        if keys is None:
            return
        known = node.writing.ids
        for key in keys:
            if key in known or key in node.writing.members or key == "type":
                continue
            if key == "metadata" and any(put.metadata is not None for put in node.writing.puts):
                continue
            bare = key.removesuffix("_physical") if isinstance(key, str) else key
            held = known.get(bare)
            if isinstance(held, Put) and held.physical is not None:
                continue
            if key in node.writing.params:
                continue
            near = nearest(str(key), known)
            hint = f"; did you mean {near!r}?" if near else ""
            self.mistake((*node.path, str(key)), f"type {node.writing.id!r} has no field of this name{hint}")

    def put(self, node: Node, put: Put, sink: Sink) -> None:
        """One field."""
        path = (*node.path, put.id)
        value = self.value(node, put)
        if put.condition is not None:
            holds = self.evaluate(put.condition, node, None, None, path, put)
            if holds is MISSING:
                holds = value is not MISSING and value is not None
            if not holds and self.moving and put.condition.of_stream:
                holds = value is not MISSING and value is not None  # (the stream may be as long as it takes)
            if not holds:
                named = node.input.get(put.name, put.id)
                if named is not MISSING and named is not None and not self.recording:
                    self.mistake(path, f"it was given, but `{put.condition.text}` says that it is not there", put)
                setattr(node.unit, put.name, None)
                node.children.pop((put.name, None), None)
                return
            if value is None:
                value = MISSING
        if put.repeat is not None:
            self.listed(node, put, value, sink, path)
        else:
            setattr(node.unit, put.name, None) if put.name not in node.unit.__dict__ else None
            self.element(node, put, put.wire, value, sink, path, None)

    def value(self, node: Node, put: Put) -> Any:
        """What a field shall be: derived, given, or what the spec fixes; MISSING where nothing says so."""
        derived = node.derived.get((put.name, None), MISSING)
        if derived is not MISSING:
            return derived
        value = node.input.get(put.name, put.id)
        if value is not MISSING:
            return value
        if self.computed_later:
            size = self.later(node, put)
            if size is not None:
                return _zeros(put.wire, size)
        for check in put.checks:
            if check.kind == "equal" and check.wanted is not None and put.repeat is None:
                try:
                    return check.wanted(node.unit, None, None)
                except FAILURES:
                    return MISSING
        if put.default is not None:
            try:
                return put.default.value(node.unit, None, None)
            except FAILURES:
                return MISSING
        return MISSING

    def later(self, node: Node, put: Put) -> int | None:
        """The bytes of a field that is computed when all else is written; None for another."""
        return self.computed_later.get(".".join(part for part in (*node.path, put.id) if isinstance(part, str)))

    # ---------------------------------------------------------------- lists

    def listed(self, node: Node, put: Put, value: Any, sink: Sink, path: Path) -> None:
        """A list of values."""
        repeat = put.repeat
        assert repeat is not None
        if value is MISSING and put.metadata is not None:
            value = metadata.elements(put.metadata, node) or MISSING
        if value is MISSING:
            value = self.missing_list(node, put)
        if not isinstance(value, list | tuple):
            self.mistake(path, f"expected a list, got {type(value).__name__}", put)
            value = []
        if repeat.kind == "expr" and repeat.code is not None:
            try:  # an instance in it is read where the stream stands now
                repeat.code.value(node.unit, None, None)
            except FAILURES:
                pass
        elements: list[Any] = []
        setattr(node.unit, put.name, elements)
        for i, element in enumerate(value):
            element = node.input.changed.get((put.id, i), element)
            self.element(node, put, put.wire, node.derived.get((put.name, i), element), sink, (*path, i), i)
            if isinstance(element, metadata.Texts) and put.metadata is not None and elements:
                self.constrain(put.metadata.key, element.key, node, i, (*path, i), put, "its key", elements[-1])
                if element.value is not MISSING:
                    self.constrain(
                        put.metadata.value, element.value, node, i, (*path, i), put, "its value", elements[-1]
                    )
            if repeat.kind == "until" and repeat.code is not None and not self.recording:
                last, held = i == len(value) - 1, elements[-1] if elements else None
                self.constrain(repeat.code, last, node, i, (*path, i), put, "whether the list ends here", held)
        if repeat.kind == "expr" and repeat.code is not None and self.counts(repeat.code, node, put, value):
            self.constrain(repeat.code, len(value), node, None, path, put, "the number of elements")
        if repeat.kind == "until" and not value and not self.recording:
            self.mistake(path, "a list that an element ends has at least one", put)

    def counts(self, code: Formula, node: Node, put: Put, value: Any) -> bool:
        """Whether a list has as many elements as its expression says: below zero stands for none, and one of a switch
        may leave some out, so that of its number nothing can be said where somebody gave it.
        """
        if not value and self.is_negative(code, node):
            return False
        wire = put.wire
        if not isinstance(wire, PutCase) or any(case is None for case, _ in wire.cases):
            return True
        return any(self.is_open(*target[:4]) for target in self.targets(code, node, None, None))

    @staticmethod
    def is_negative(code: Formula, node: Node) -> bool:
        """Whether an expression gives a number below zero as things are."""
        try:
            number = code.value(node.unit, None, None)
        except FAILURES:
            return False
        return isinstance(number, int) and number < 0

    def missing_list(self, node: Node, put: Put) -> list[Any]:
        """What a list is that nothing was given for."""
        repeat = put.repeat
        assert repeat is not None
        if repeat.kind == "expr" and repeat.code is not None:
            try:
                count = repeat.code.value(node.unit, None, None)
            except FAILURES:
                count = 0
            if count == 0:
                return []
            number = isinstance(put.wire, PutNumber | PutBits)
            if (put.unnamed or number) and isinstance(count, int) and 0 < count < 1 << 16:
                if number:
                    node.guessed.add(put.name)
                return [0] * count if number else [MISSING] * count
        node.guessed.add(put.name)
        return []

    # ---------------------------------------------------------------- values

    def element(self, node: Node, put: Put, wire: Wire, value: Any, sink: Sink, path: Path, i: int | None) -> None:
        """One value of a field, or of a list, and its checks."""
        written = getattr(self, WRITERS[type(wire)])(node, put, wire, value, sink, path, i)
        if isinstance(wire, PutCase):
            return
        if not isinstance(wire, PutObject):
            self.keep(node, put, i, written)
        self.check(node, put, i, written, path)

    @staticmethod
    def keep(node: Node, put: Put, i: int | None, value: Any) -> None:
        """Set a field, or add to a list."""
        if i is None:
            setattr(node.unit, put.name, value)
        else:
            getattr(node.unit, put.name).append(value)

    def check(self, node: Node, put: Put, i: int | None, value: Any, path: Path) -> None:
        """What the spec asks of a value."""
        if not put.checks or self.kept(path):
            return
        for check in put.checks:
            try:
                refused = check.refuses(node.unit, i, value)
                wanted = check.wanted(node.unit, i, value) if refused and check.wanted is not None else None
            except FAILURES as error:
                self.mistake(path, f"its check cannot be computed: {type(error).__name__}: {error}", put)
                return
            if refused:
                self.mistake(path, f"{_short(value)} was given, {_WANTED[check.kind].format(_short(wanted))}", put)
                return

    def put_bytes(self, node: Node, put: Put, wire: PutBytes, value: Any, sink: Sink, path: Path, i: Any) -> bytes:
        """Bytes."""
        if value is MISSING or value is None:
            value = self.missing_bytes(node, put, wire, path, i)
        raw = self.bytes_of(put, value, path) or b""
        self.put_extent(node, put, wire.extent, raw, sink, path, i)
        return raw

    def missing_bytes(self, node: Node, put: Put, wire: PutBytes | PutText, path: Path, i: Any) -> Any:
        """What bytes are that nothing was given for: those that are always there, or zeros that have no name."""
        extent = wire.extent
        if extent.contents is not None:
            return extent.contents
        size = self.size_of(node, put, extent, path, i)
        if size == 0 and not (isinstance(extent.size, Formula) and extent.size.solutions):
            return b"" if isinstance(wire, PutBytes) else ""
        if put.unnamed and size is not None and size <= self.limit and isinstance(wire, PutBytes):
            return bytes(max(size, 0))
        node.guessed.add(put.name)
        if isinstance(wire, PutText):
            return ""
        fixed = extent.size if isinstance(extent.size, int) and extent.pad is None and extent.term is None else 0
        return bytes(fixed)

    def put_text(self, node: Node, put: Put, wire: PutText, value: Any, sink: Sink, path: Path, i: Any) -> str:
        """A text."""
        if value is MISSING or value is None:
            value = self.missing_bytes(node, put, wire, path, i)
        raw = self.text_of(put, value, wire.encoding, path) or b""
        self.put_extent(node, put, wire.extent, raw, sink, path, i)
        return value if isinstance(value, str) else ""

    def put_object(self, node: Node, put: Put, wire: PutObject, value: Any, sink: Sink, path: Path, i: Any) -> Any:
        """An object, in the stream at hand or in one of its own."""
        child = self.child(node, put, wire, value, path, i)
        if child is None:
            self.keep(node, put, i, None)
            return None
        extent = wire.extent
        if extent is None:
            self.object(child, sink)
            self.keep(node, put, i, child.unit)
            return child.unit
        source = bytes(value._io._data) if self.recording else None
        content = self.content(child, path, self.inner_size(node, put, wire, path, i), source)
        self.keep(node, put, i, child.unit)
        self.put_extent(node, put, extent, content, sink, path, i, filled=True)
        return child.unit

    def content(self, child: Node, path: Path, size: int | None, source: bytes | None) -> bytes:
        """What an object writes into a stream of its own, which has `size` bytes where that is known."""
        before = source if source is not None else self.streams.get(path, b"")
        inner = Sink(before, size, source)
        inner.path = path
        self.object(child, inner)
        content = self.streams[path] = self.whole(path, inner)
        return content

    def child(self, node: Node, put: Put, wire: PutObject, value: Any, path: Path, i: Any) -> Node | None:
        """The node of an object in an object; None with a mistake."""
        writing = writing_of(wire.target)
        if writing is None:
            self.mistake(path, f"objects of {wire.target.__name__} cannot be written: it is no class of a spec", put)
            return None
        inside = node.input.inside(put.id) if i is None else node.input.inside(put.id, i)
        if value is MISSING or value is None or isinstance(value, metadata.Texts):
            if i is None and not inside:
                node.guessed.add(put.name)
            value = {}
        if isinstance(value, KaitaiStruct) and not isinstance(value, wire.target):
            self.mistake(path, f"expected an object of {wire.target.__name__}, got {type(value).__name__}", put)
            return None
        if not isinstance(value, Mapping | KaitaiStruct):
            self.mistake(path, f"expected a mapping of its fields, got {type(value).__name__}", put)
            return None
        key = put.name, i
        child = node.children.get(key)
        if child is None or child.writing is not writing or (child.input.value is not value and value != {}):
            parent: Any = node.unit
            if wire.no_parent:
                parent = None
            elif wire.parent is not None:
                try:
                    parent = wire.parent(node.unit, i, None)
                except FAILURES:
                    parent = None
            foreign = getattr(wire.target, "__module__", None) != type(node.unit).__module__
            root = None if foreign else node.unit._root
            child = Node(writing, Input(value, inside), path, None if foreign else parent, root, (node, wire, i))
            node.children[key] = child
        return child

    # ---------------------------------------------------------------- switches

    def put_case(self, node: Node, put: Put, wire: PutCase, value: Any, sink: Sink, path: Path, i: Any) -> None:
        """One of several wires: the one that the tag says, or else the one that the value fits."""
        chosen = self.case(node, put, wire, value, path, i)
        if chosen is None:
            if value is not MISSING and value is not None and not self.recording:
                self.mistake(path, f"it was given, but no case of `{wire.on.text}` applies", put)
            if i is None:
                setattr(node.unit, put.name, None)
            return
        self.element(node, put, chosen, value, sink, path, i)

    # ---------------------------------------------------------------- instances

    def computed(self, node: Node, member: Computed) -> None:
        """A value instance that was given: what it is computed of follows from it."""
        if node.input.keys is None or self.recording:
            changed = node.input.changed.get((member.id,), MISSING)
            if changed is MISSING or self.recording:
                return
            value = changed
        else:
            value = node.input.get(member.name, member.id)
        if value is MISSING or value is None:
            return
        path = (*node.path, member.id)
        try:
            current = member.formula.value(node.unit, None, None)
        except FAILURES:
            current = MISSING
        if isinstance(value, dict) and "raw" in value:
            value = value["raw"]
        if isinstance(value, str) and isinstance(current, bytes) and self.options.json:
            value = bytes.fromhex(value) if len(value) % 2 == 0 else value
        if current == value or (isinstance(value, float) and isinstance(current, float) and _near(value, current)):
            self.confirm(member.formula, node, None)
            return
        wanted = value
        if not self.solve(member.formula, wanted, node, None) and not self.options.lenient:
            text = f"{_short(value)} was given, but `{member.formula.text}` gives {_short(current)}"
            self.mistake(path, text, member)

    def instance(self, node: Node, put: Put, sink: Sink) -> None:
        """An instance that stands at a place of its own."""
        value = node.derived.get((put.name, None), MISSING)
        if value is MISSING:
            value = node.input.held(put.name, put.id)
        if value is MISSING or value is None:
            return
        path = (*node.path, put.id)
        if put.condition is not None and not self.evaluate(put.condition, node, None, None, path, put):
            return
        if put.io is not None:
            self.elsewhere(node, put, value, path)
            return
        pos: Any = sink.pos()
        if put.pos is not None:
            pos = self.place_of(node, put, sink, path)
        if isinstance(pos, int) and pos > self.limit:
            self.mistake(path, f"it would stand at {pos}, beyond the limit of {self.limit} bytes", put)
        elif isinstance(pos, int) and pos >= 0:
            before = sink.pos()
            sink.seek(pos)
            self.write_instance(node, put, value, sink, path)
            sink.seek(before)

    def place_of(self, node: Node, put: Put, sink: Sink, path: Path) -> Any:
        """Where an instance stands: behind everything, where nobody says so."""
        assert put.pos is not None
        if any(self.is_open(*target[:4]) for target in self.targets(put.pos, node, None, None)):
            place = self.places.setdefault(path, len(sink.data))
            self.constrain(put.pos, place, node, None, path, put, "its offset")
        return self.evaluate(put.pos, node, None, None, path, put)

    def elsewhere(self, node: Node, put: Put, value: Any, path: Path) -> None:
        """An instance in the stream of another object: what is written there waits for the next round."""
        assert put.io is not None
        try:
            target = put.io(node.unit, None, None)
        except FAILURES:
            target = None
        if not isinstance(target, Sink):
            self.mistake(path, "the stream that it stands in is not being written", put)
            self.changes += not self.again  # (it may come later)
            return
        apart = Sink(target._data, None)
        apart.data = bytearray(target.data)
        pos: Any = self.place_of(node, put, apart, path) if put.pos is not None else len(apart.data)
        if not isinstance(pos, int) or not 0 <= pos <= self.limit:
            return
        apart.seek(pos)
        self.write_instance(node, put, value, apart, path)
        written = pos, bytes(apart.data[pos : apart.pos()])
        waiting = self.inserts.setdefault(target.path, {})
        if waiting.get(path) != written:
            waiting[path] = written
            self.changes += 1

    def write_instance(self, node: Node, put: Put, value: Any, sink: Sink, path: Path) -> None:
        """An instance as a field of the name under which the property of the class keeps what it has read."""
        kept = replace(put, name=f"_m_{put.name}")
        if kept.repeat is not None:
            self.listed(node, kept, value, sink, path)
        else:
            self.element(node, kept, kept.wire, value, sink, path, None)


def _zeros(wire: Wire, size: int) -> Any:
    """What stands for a checksum until it is computed."""
    if isinstance(wire, PutText):
        return "0" * size
    return bytes(size) if isinstance(wire, PutBytes) else MISSING if isinstance(wire, PutObject | PutCase) else 0


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b))


def _short(value: Any) -> str:
    text = told(getattr(value, "value", value))
    return text if len(text) <= 60 else f"{text[:56]}…"


_WANTED = {
    "equal": "it must be {}",
    "least": "it must be at least {}",
    "most": "it must be at most {}",
    "among": "it must be one of {}",
    "member": "which its enum does not have",
    "true": "which its check refuses",
}

#: The methods by what they write.
WRITERS: dict[type[Wire], str] = {
    PutNumber: "put_number",
    PutBits: "put_bits",
    PutBytes: "put_bytes",
    PutText: "put_text",
    PutObject: "put_object",
    PutCase: "put_case",
}
