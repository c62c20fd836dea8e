"""Objects of read-write classes, checked and written as they are: nothing is derived, what does not fit is an error.

The order is Kaitai's: all fields, objects in objects included; then the instances that no expression has asked for on
the way; then the streams of objects are written into those that they stand in.  An instance that is asked for is
written there and then, since its place may depend on how far its stream was written; but one in the stream of an object
that is not being written yet waits.  A check is the same walk without a stream.  What it cannot know without one (sizes
to the end, `_io.pos`) is checked when the object is written.

An object in a stream whose size is known is given one of that size.  Where it is not (a process changes it, a
terminator ends it), its stream grows, and is complete, with its own instances, before it is taken over.  An instance
of another object that writes into it later makes the whole be written once more, with those bytes in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kaitaistruct import ConsistencyError, ConsistencyNotCheckedError, EndOfStreamError, UndecidedEndiannessError

from sigflow.errors import LimitExceeded
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.writing.description import (
    ClassWriting,
    Put,
    PutObject,
)
from sigflow.runtime.writing.members import Members
from sigflow.runtime.writing.node import MISSING
from sigflow.runtime.writing.stream import Undecided, Unknown, WriteStream
from sigflow.runtime.writing.trees import (
    above,
    below,
    described,
    described_class,
    enabled,
    forget,
    inside,
    instances,
    is_stream,
    mark,
)

#: Times that an object is written until nothing in streams that grow changes any more.
ROUNDS = 8


class Plain(Members):
    """One check, or one writing, of an object and all objects in it."""

    def __init__(self) -> None:
        super().__init__()
        #: What streams that grow held at the end of the round before, by the objects in them.
        self.before: dict[int, bytes] = {}
        self.again = False
        #: What is wrong with objects in streams that grow, unless these still change.
        self.pending: list[ConsistencyError] = []
        #: The streams of this round, and the objects that got one, with what they had before.
        self.live: set[int] = set()
        self.streams: list[tuple[Any, Any]] = []

    # ---------------------------------------------------------------- the two ways

    def check(self, unit: Any) -> None:
        """Raise what is wrong with an object, or with one in it; else they count as checked."""
        tree = list(below(unit))
        hidden: list[tuple[dict[str, Any], str, Any]] = []
        unknown = Unknown()
        for part in (*tree, *above(unit)):
            forget(part)
            mark(part, False)
            space = part.__dict__
            writing = described(part)
            names = [name for name in writing.params if is_stream(space.get(name))] if writing is not None else []
            for name in ("_io", *names):
                hidden.append((space, name, space.get(name, MISSING)))
                space[name] = unknown
        try:
            self.object(unit, None)
        except RecursionError:
            raise too_deep() from None
        finally:
            restore(hidden)
        for part in tree:
            part.__dict__["_dirty"] = False

    def write(self, unit: Any, stream: WriteStream) -> None:
        """An object with its instances; where that fails, the objects have the streams again that they had."""
        try:
            for _ in range(ROUNDS):
                self.fields_only(unit, stream)
                self.fetch(unit, True)
                stream.gather()
                if not self.again:
                    for error in self.pending:
                        raise error
                    break
            else:
                raise ConsistencyError("_io", "streams that settle", "what is written into them changes without end")
            stream.open = False
            self.verify_terminators()
        except BaseException as error:
            restore([(part.__dict__, "_io", io) for part, io in reversed(self.streams)])
            for part, _ in self.streams:
                mark(part, False)
            if isinstance(error, RecursionError):
                raise too_deep() from None
            raise

    def fields_only(self, unit: Any, stream: WriteStream) -> None:
        """All fields, and what their expressions ask for; the other instances that are enabled are to be written."""
        self.again = False
        self.pending, self.unconsumed = [], []
        self.live = set()
        stream.rewind()
        for part in below(unit):
            forget(part)
        self.adopt(unit, stream)
        self.fields(unit, stream)

    # ---------------------------------------------------------------- objects

    def adopt(self, unit: Any, stream: WriteStream) -> None:
        """The stream that an object is written to becomes its own."""
        if getattr(unit, "_dirty", False):
            error = ConsistencyNotCheckedError(
                "consistency not checked: _check() has not been called since the last modification of the object"
            )
            raise self.placed(error)
        self.streams.append((unit, unit.__dict__.get("_io", MISSING)))
        unit.__dict__["_io"] = stream
        stream.session = self
        self.live.add(id(stream))
        mark(unit, True)

    def object(self, unit: Any, stream: WriteStream | None) -> None:
        """The fields of an object and, where it is only checked, its instances."""
        self.fields(unit, stream)
        if stream is not None:
            return
        for put in instances(unit):
            if enabled(unit, put) and self.holds(unit, put, f"_m_{put.name}"):
                self.member(unit, replace(put, name=f"_m_{put.name}"), None)

    def fields(self, unit: Any, stream: WriteStream | None) -> None:
        """The fields of an object in their order."""
        writing = described(unit)
        if writing is None:
            self.foreign(unit, stream)
            return
        if writing.order == "calc" and writing.endian is not None:
            self.choose_endian(unit, writing)
        for put in writing.puts:
            if self.holds(unit, put, put.name):
                self.member(unit, put, stream)

    def foreign(self, unit: Any, stream: WriteStream | None) -> None:
        """An object of somebody else's class, which checks and writes itself."""
        method = "_check" if stream is None else "_write__seq"
        own = getattr(unit, method, None)
        if own is None:
            raise self.placed(TypeError(f"objects of {type(unit).__name__} cannot be written: it has no {method}"))
        try:
            own() if stream is None else own(stream)
        except Undecided:
            if stream is not None:
                raise

    def choose_endian(self, unit: Any, writing: ClassWriting) -> None:
        """The byte order of a class that says it by an expression."""
        assert writing.endian is not None
        try:
            little = writing.endian(unit)
        except Undecided:
            return
        except WIRE_ERRORS as error:
            raise self.placed(ConsistencyError("endian", "an expression that can be computed", str(error))) from error
        if little is None:
            raise self.placed(UndecidedEndiannessError(writing.id))
        unit.__dict__["_is_le"] = little

    def inner(self, unit: Any, put: Put, wire: PutObject, value: Any, stream: WriteStream | None, i: Any) -> None:
        """An object in the stream at hand, or in one of its own."""
        if not isinstance(value, wire.target):
            raise self.refused(put, f"an object of {wire.target.__name__}", value)
        self.belongs(unit, put, wire, value, i)
        if stream is None:
            self.object(value, None)
        elif wire.extent is None:
            self.adopt(value, stream)
            self.fields(value, stream)
        else:
            self.apart(unit, put, wire, value, stream, i)

    def belongs(self, unit: Any, put: Put, wire: PutObject, value: Any, i: Any) -> None:
        """The parent, the root and the params of an object in another."""
        writing = described(value)
        if writing is None:
            return
        root, parent = unit._root, unit
        if wire.target.__module__ != described_class(unit).__module__:  # a type of another spec: a tree of its own
            root, parent = None if "." in wire.target.__qualname__ else value, None
        elif wire.no_parent:
            parent = None
        elif wire.parent is not None:
            chosen = wire.parent
            parent = self.computed(lambda: chosen(unit, i, None), put)
        if value._root is not root:
            raise self.refused(put, root, value._root)
        if parent is not MISSING and value._parent is not parent:
            raise self.refused(put, parent, value._parent)
        if writing.order == "inherited":
            value.__dict__["_is_le"] = getattr(unit, "_is_le", None)
        for name, formula in zip(writing.params, wire.arguments, strict=False):
            wanted, actual = self.evaluate(formula, unit, put, i), value.__dict__.get(name)
            if is_stream(wanted):
                value.__dict__[name] = wanted
            elif wanted is not MISSING and wanted is not actual and wanted != actual:
                raise self.refused(put, wanted, actual)

    def apart(self, unit: Any, put: Put, wire: PutObject, value: Any, stream: WriteStream, i: Any) -> None:
        """An object in a stream of its own, which is written into the one at hand."""
        extent = wire.extent
        assert extent is not None
        size = self.size(unit, put, extent, stream, i)
        kept_size = extent.process is None or extent.process.name in ("xor", "rol", "ror")
        if kept_size and extent.term is None and extent.pad is None and isinstance(size, int):
            start = stream.reserve(size)
            own = WriteStream(size=size)
            encode = self.encoder(unit, put, extent.process, i)
            self.adopt(value, own)
            self.fields(value, own)

            def write_back(parent: WriteStream) -> None:
                self.keep_raw(unit, put, own.to_byte_array(), i)
                parent.write(encode(own.to_byte_array()))

            stream.add_inner(own, start, write_back)
            return
        own = self.complete(unit, put, value, i)
        content = own.to_byte_array()
        start = stream.pos()
        try:
            self.content(unit, put, extent, content, stream, i)
        except ConsistencyError as error:
            self.pending.append(error)  # (what other objects write into its stream may be lacking)
            stream.reserve(size if isinstance(size, int) else 0)
        self.keep_raw(unit, put, content, i)

        def changed(_parent: WriteStream) -> None:
            if own.data != content:
                self.again = True
                self.before[id(value)] = own.to_byte_array()

        stream.add_inner(own, start, changed)

    def complete(self, unit: Any, put: Put, value: Any, i: Any) -> WriteStream:
        """The stream of an object, written with its instances, where nothing outside of it says its size.

        What was read keeps the size that it had, as long as it still fills that: whether a terminator stands at the end
        of a stream is told by nothing else.
        """
        size = unit.__dict__.get(f"{put.name}__inner_size")
        read = self.kept_raw(unit, put, i)
        if size is None and read is not None and id(value) not in self.before:
            pending, unconsumed = len(self.pending), len(self.unconsumed)
            depth = len(self.path)
            try:
                own = self.written(value, len(read))
                if len(self.pending) == pending and own.filled():
                    return own
            except (ConsistencyError, EndOfStreamError):
                del self.path[depth:]
            del self.pending[pending:], self.unconsumed[unconsumed:]
        return self.written(value, size)

    def written(self, value: Any, size: int | None) -> WriteStream:
        """An object with its instances, in a stream of this size, or in one that grows."""
        own = WriteStream(size=size)
        if size is None:
            own.data[:] = self.before.get(id(value), b"")
        self.adopt(value, own)
        self.fields(value, own)
        self.fetch(value, False)
        own.gather()
        own.open = False
        return own

    # ---------------------------------------------------------------- instances

    def fetch(self, unit: Any, elsewhere: bool) -> None:
        """Write the instances that are to be.  elsewhere: also those in streams of other objects."""
        for put in instances(unit):
            if getattr(unit, f"_should_write_{put.name}", False) and (elsewhere or put.io is None):
                self.path.append("")
                self.instance(unit, put)
                self.path.pop()
        if described(unit) is None and hasattr(unit, "_fetch_instances"):
            unit._fetch_instances()
        for part in inside(unit):
            self.fetch(part, elsewhere)

    def asked_for(self, unit: Any, put: Put) -> None:
        """An instance that an expression asks for, or a program."""
        path, self.path = self.path, []
        try:
            self.instance(unit, put, may_wait=True)
        finally:
            self.path = path

    def instance(self, unit: Any, put: Put, may_wait: bool = False) -> None:
        """An instance, at its place."""
        due = f"_should_write_{put.name}"
        unit.__dict__[due] = False
        name = f"_m_{put.name}"
        if not self.holds(unit, put, name):
            return
        kept = replace(put, name=name)
        elsewhere = put.io
        stream = self.computed(lambda: elsewhere(unit, None, None), put) if elsewhere is not None else unit._io
        if not isinstance(stream, WriteStream) or id(stream) not in self.live:
            if may_wait:
                unit.__dict__[due] = True
                return
            raise self.refused(put, "a stream that is being written", stream)
        pos = self.evaluate(put.pos, unit, put) if put.pos is not None else stream.pos()
        pos = len(stream.data) if pos is MISSING else pos
        before = stream.pos()
        stream.seek(pos)
        self.member(unit, kept, stream)
        if put.pos is not None:
            stream.seek(before)


def restore(hidden: list[tuple[dict[str, Any], str, Any]]) -> None:
    """Give objects back what they had under a name, or take it from them where they had nothing."""
    for space, name, value in hidden:
        if value is MISSING:
            space.pop(name, None)
        else:
            space[name] = value


def too_deep() -> LimitExceeded:
    """The error for objects in objects in objects."""
    return LimitExceeded("objects are nested too deep to be written: Python's recursion limit is reached")
