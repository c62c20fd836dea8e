"""The base of read-write classes (`sigflow compile --write`), compatible with those of Kaitai's Python target.

An object is read by `_read()`, after it was made; or it is made from nothing, its fields are set, `_check()` says what
does not fit, and `_write(io)` writes it.  Whoever changes an object that was read calls `_fetch_instances()` first, so
that its instances are there to be written.

Unlike Kaitai's, `_check()` goes down into the objects in an object; an instance is written when all fields are; and
bytes reach `io` only when everything was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import kaitaistruct

from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing.plain import Plain
from sigflow.runtime.writing.stream import WriteStream
from sigflow.runtime.writing.trees import inside, instances

__all__ = ["ReadWriteStruct", "WriteStream", "read_now", "write_instance"]

Unit = TypeVar("Unit")

if TYPE_CHECKING:

    class _Base(KaitaiStruct):
        """Kaitai's class carries no types."""

else:

    class _Base(KaitaiStruct, kaitaistruct.ReadWriteKaitaiStruct):
        pass


class ReadWriteStruct(_Base):
    """What every read-write class is."""

    #: Whether the object has changed since it was read or checked.
    _dirty = True

    def _read(self) -> None:
        """Read the fields from `_io`."""
        raise NotImplementedError

    def _check(self) -> None:
        """Raise what does not fit in this object, or in one in it: `ConsistencyError`, or what `valid` raises."""
        Plain().check(self)

    def _write(self, io: Any = None) -> None:
        """Write the object with its instances.  io: a `KaitaiStream` of the size that is to be written, or a
        `WriteStream`, which may grow; by default the object's own.

        Raises `ConsistencyNotCheckedError` for an object that changed since its last `_check()`, `ConsistencyError` for
        what does not fit in the stream; then nothing was written.
        """
        stream = _stream(self, io)
        Plain().write(self, stream)
        stream.deliver()

    def _write__seq(self, io: Any = None) -> None:
        """Write the fields; `_fetch_instances()` writes the instances, and `_io.write_back_child_streams()` puts the
        streams of objects into those that they stand in.
        """
        stream = _stream(self, io)
        Plain().fields_only(self, stream)
        stream.deliver()

    def _fetch_instances(self) -> None:
        """Read all instances that stand in the bytes, here and in all objects in this one; those that have yet to be
        written are written.
        """
        for put in instances(self):
            getattr(self, put.name)
        for part in inside(self):
            fetch = getattr(part, "_fetch_instances", None)
            if fetch is not None:  # (a class of somebody else's may have none)
                fetch()


def _stream(unit: Any, io: Any) -> WriteStream:
    """The stream that an object is written to."""
    if io is None:
        io = unit._io
        io = io.target if isinstance(io, WriteStream) and io.target is not None else io
    if io is None:
        raise TypeError("no stream to write to: _write(io) takes one, and the object has none of its own")
    return WriteStream(io)


def read_now(unit: Unit) -> Unit:
    """An object that was just made, read."""
    if isinstance(unit, kaitaistruct.ReadWriteKaitaiStruct):
        unit._read()
    return unit


def write_instance(unit: Any, name: str) -> None:
    """Write an instance of an object whose fields have been written."""
    put = next(put for put in instances(unit) if put.name == name)
    stream = unit._io
    session = stream.session if isinstance(stream, WriteStream) and stream.session is not None else Plain()
    session.asked_for(unit, put)
