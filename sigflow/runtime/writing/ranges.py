"""Bytes and texts of objects that are written as they are: do they fit where they stand?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kaitaistruct import ConsistencyError

from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.writing import processes
from sigflow.runtime.writing.description import Extent, Formula, Process, Put
from sigflow.runtime.writing.node import MISSING, Path, shown
from sigflow.runtime.writing.shapes import cut, fill_up, terminator_in
from sigflow.runtime.writing.stream import Undecided, WriteStream

Error = TypeVar("Error", bound=BaseException)


class ByteRanges:
    """Checks and writes bytes.  State: the path of the value at hand, and terminators that nothing has consumed."""

    def __init__(self) -> None:
        self.path: list[str | int] = []
        #: Where the bytes of a terminator must stand, though what follows writes there: stream, offset, terminator.
        self.unconsumed: list[tuple[WriteStream, int, bytes, Put, Path]] = []

    # ---------------------------------------------------------------- errors

    def placed(self, error: Error) -> Error:
        """An error with a note that says which value it is about."""
        if self.path:
            error.add_note(f"field: {shown(tuple(self.path))}")
        return error

    def refused(self, put: Put, expected: Any, actual: Any) -> ConsistencyError:
        """Kaitai's error for a value that does not fit."""
        error: ConsistencyError = self.placed(ConsistencyError(put.id, expected, actual))
        return error

    @staticmethod
    def unset(put: Put) -> Any:
        """What stands for a value that was not set, in errors."""
        if put.name.startswith("_m_"):
            return f"nothing: call _fetch_instances() before the object changes, or set {put.id}__enabled = False"
        return None

    # ---------------------------------------------------------------- expressions

    def evaluate(self, formula: Formula, unit: Any, put: Put, i: Any = None, element: Any = None) -> Any:
        """What an expression gives; MISSING where that is not known yet."""
        return self.computed(lambda: formula.value(unit, i, element), put, formula.text)

    def computed(self, compute: Callable[[], Any], put: Put, text: str = "") -> Any:
        """What a function gives; MISSING where that is not known yet."""
        try:
            return compute()
        except Undecided:
            return MISSING
        except RecursionError:
            raise
        except WIRE_ERRORS as error:
            expected = f"`{text}`" if text else "an expression that can be computed"
            raise self.refused(put, expected, f"{type(error).__name__}: {error}") from error

    def size(self, unit: Any, put: Put, extent: Extent, stream: WriteStream | None, i: Any) -> Any:
        """The size of an extent; MISSING where it has none, or none that is known yet."""
        if extent.eos:
            return stream.size() - stream.pos() if stream is not None and not stream.open else MISSING
        if extent.size is None:
            return MISSING
        size = self.evaluate(extent.size, unit, put, i) if isinstance(extent.size, Formula) else extent.size
        if size is not MISSING and (not isinstance(size, int) or size < 0):
            raise self.refused(put, "a size", size)
        return size

    # ---------------------------------------------------------------- bytes

    def content(self, unit: Any, put: Put, extent: Extent, content: bytes, stream: WriteStream | None, i: Any) -> None:
        """Bytes in an extent."""
        size = self.size(unit, put, extent, stream, i)
        raw = content
        if extent.process is not None:
            behind = size if isinstance(size, int) else len(content)
            encoded = self.processed(unit, put, extent.process, content, i, stream, behind)
            if encoded is None:
                return
            raw = encoded
        if extent.contents is not None:
            if len(raw) != len(extent.contents):
                raise self.refused(put, len(extent.contents), len(raw))
            if stream is not None:
                stream.write(raw)
        elif extent.size is None and not extent.eos:
            self.terminated(put, extent, raw, stream)
        else:
            self.sized(put, extent, raw, size, stream)

    def sized(self, put: Put, extent: Extent, raw: bytes, size: Any, stream: WriteStream | None) -> None:
        """Bytes that fill a size: what is read of them must be they again."""
        if size is MISSING:
            self.unsized(put, extent, raw)
            if stream is not None:
                stream.write(raw + extent.term if extent.term is not None and not extent.include else raw)
            return
        if len(raw) > size or (extent.term is None and extent.pad is None and len(raw) != size):
            raise self.refused(put, size, len(raw))
        term = extent.term or b""
        whole = fill_up(extent, raw, min(size, len(raw) + 4 * len(term) + 4))  # (more would change nothing)
        if cut(extent, whole) != raw:
            self.unsized(put, extent, raw)
            if extent.include and terminator_in(extent, raw) < 0:
                raise self.refused(put, f"{extent.term!r} at its end", raw)
            raise self.refused(put, raw, cut(extent, whole))
        if stream is not None:
            stream.require(size)
            stream.write(fill_up(extent, raw, size))

    def unsized(self, put: Put, extent: Extent, raw: bytes) -> None:
        """What bytes must not be, whatever their size: cut by a terminator, or by the padding."""
        place = terminator_in(extent, raw)
        if place >= 0 and extent.term is not None:
            wanted = len(raw) - len(extent.term) if extent.include else -1
            if place != wanted:
                raise self.refused(put, wanted, place)
        pad = bytes((extent.pad,)) if extent.pad is not None else None
        if pad is not None and pad != extent.term and place < 0 and raw.endswith(pad) and extent.term is None:
            raise self.refused(put, f"no {pad!r} at its end", raw)

    def terminated(self, put: Put, extent: Extent, raw: bytes, stream: WriteStream | None) -> None:
        """Bytes up to a terminator."""
        term = extent.term
        assert term is not None
        place = terminator_in(extent, raw if extent.include else raw + term)
        wanted = len(raw) - len(term) if extent.include else len(raw)
        last = stream is None or not stream.fixed or stream.pos() + len(raw) >= stream.size()
        if place != wanted:
            if extent.eos_error or terminator_in(extent, raw) >= 0:
                raise self.refused(put, wanted if extent.include else -1, place)
            if not last:
                raise self.refused(put, f"{term!r} behind it, or the end of the stream", raw)
        if stream is None:
            return
        optional = not extent.eos_error and stream.fixed and last  # at the end of a stream it may be lacking
        ended = place == wanted and (extent.include or not optional)
        stream.write(raw + term if ended and not extent.include else raw)
        if ended and not extent.consume:
            self.left(stream, put, term)

    def left(self, stream: WriteStream, put: Put, term: bytes) -> None:
        """The terminator that was just written is left to what follows."""
        stream.seek(stream.pos() - len(term))
        self.unconsumed.append((stream, stream.pos(), term, put, tuple(self.path)))

    def verify_terminators(self) -> None:
        """What was written behind bytes must begin with the terminator that they do not consume."""
        for stream, place, term, put, path in self.unconsumed:
            actual = bytes(stream.data[place : place + len(term)])
            if actual != term:
                self.path = list(path)
                raise self.refused(put, term, actual)

    # ---------------------------------------------------------------- processes

    def processed(
        self, unit: Any, put: Put, process: Process, content: bytes, i: Any, stream: WriteStream | None, behind: int
    ) -> bytes | None:
        """Bytes as they are on the wire; None where that is not known yet.

        behind: so many bytes further the stream stands when they are read, and the arguments of the process computed.
        """
        before = stream.pos() if stream is not None else 0
        if stream is not None:
            stream.seek(before + behind)
        raw: bytes | None = self.encoder(unit, put, process, i)(content)
        if stream is not None:
            stream.seek(before)
        return raw

    def encoder(self, unit: Any, put: Put, process: Process | None, i: Any) -> Callable[[bytes], Any]:
        """What makes bytes those on the wire, with the arguments that its process has now.

        It gives the bytes that they were read from, where these mean the same; None where nothing is known yet.
        """
        if process is None:
            return lambda content: content
        arguments = [self.evaluate(argument, unit, put, i) for argument in process.arguments]
        if any(argument is MISSING for argument in arguments):
            return lambda content: None

        def encode(content: bytes) -> Any:
            def known() -> bytes:
                raw = processes.raw_of(unit, put, i)
                if raw is not None and processes.undone(process, arguments, raw) == content:
                    return raw
                return processes.done(process, arguments, content)

            return self.computed(known, put, f"process: {process.name}")

        return encode

    @staticmethod
    def kept_raw(unit: Any, put: Put, i: Any) -> bytes | None:
        """The bytes of an object's stream, as they were read or written last."""
        return processes.chosen(unit.__dict__.get(f"_raw_{put.name}"), i)

    @staticmethod
    def keep_raw(unit: Any, put: Put, raw: bytes, i: Any) -> None:
        """The bytes of an object's stream, under the name that they have where they are read."""
        space, name = unit.__dict__, f"_raw_{put.name}"
        if i is None:
            space[name] = raw
            return
        listed = space.setdefault(name, [])
        listed[i : i + 1] = [raw]
