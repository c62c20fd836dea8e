"""The bytes that a value stands in: filled up to a size, ended by a terminator, processed."""

from __future__ import annotations

import zlib
from typing import Any

from sigflow.runtime.writing import processes
from sigflow.runtime.writing.derive import FAILURES
from sigflow.runtime.writing.description import Extent, Formula, Process, Put, PutObject
from sigflow.runtime.writing.leaves import Leaves
from sigflow.runtime.writing.node import Node, Path
from sigflow.runtime.writing.shapes import fill_up, terminator_in
from sigflow.runtime.writing.sink import Sink


class Extents(Leaves):
    """Writes bytes in an extent."""

    def size_of(self, node: Node, put: Put, extent: Extent, path: Path, i: Any) -> int | None:
        """The size that an extent has as things are; None where it has none, or none yet."""
        if not isinstance(extent.size, Formula):
            return extent.size
        try:
            size = extent.size.value(node.unit, i, None)
        except FAILURES:
            return None
        return size if isinstance(size, int) else None

    def put_extent(
        self, node: Node, put: Put, extent: Extent, content: bytes, sink: Sink, path: Path, i: Any, filled: bool = False
    ) -> None:
        """`content` in its extent.  filled: what an object leaves of its size is zeros."""
        raw = self.processed(node, put, extent.process, content, path, i)
        if extent.contents is not None:
            self.leaf(path, raw, sink)
            return
        term = extent.term
        if extent.size is None and not extent.eos:
            assert term is not None
            self.terminated(put, extent, raw, sink, path)
            return
        body = raw
        if term is not None:
            self.refuse_terminator(put, extent, raw, path)
        pad = bytes((extent.pad,)) if extent.pad is not None and (term is None or extent.include) else None
        if pad is not None and raw.endswith(pad) and pad != term and not self.recording:
            self.mistake(path, f"it ends with {pad!r}, which is what fills it up", put)
        if extent.eos:
            self.to_the_end(path, body, sink)
            return
        ended = body + term if term is not None and not extent.include else body
        size = self.size_of(node, put, extent, path, i)
        if self.recording:
            assert size is not None
            self.leaf(path, fill_up(extent, body, size), sink)
            kept = self.slack.of(path, "")
            if kept is not None and term is not None:
                self.slack.keep(path, "used", ended[:size], kept[1])
            if isinstance(extent.size, Formula) and extent.size.solutions and size != len(ended):
                self.slack.keep(path, "size", ended, bytes(size))
            return
        kept = self.slack.of(path, "")
        if isinstance(extent.size, Formula):
            sized = self.slack.of(path, "size")
            if kept is not None and size == len(kept[1]) and kept[0] == fill_up(extent, body, len(kept[1])):
                size_wanted = size
            elif sized is not None and sized[0] == ended:
                size_wanted = len(sized[1])
            elif extent.size.solutions or extent.size.of_stream or size is None:
                size_wanted = len(ended) if filled or term is not None or extent.pad is not None else len(body)
            else:
                size_wanted = size
            if size != size_wanted or extent.size.solutions or extent.size.of_stream:
                self.constrain(extent.size, size_wanted, node, i, path, put, "its size")
            size = size_wanted
        assert size is not None
        if size > max(self.limit, len(body)):
            self.mistake(path, f"{size} bytes exceed the limit of {self.limit}", put)
            size = len(body)
        if len(body) > size:
            self.mistake(path, f"{len(body)} bytes do not fit in {size}", put)
        elif len(body) < size and term is None and extent.pad is None and not filled:
            self.mistake(path, f"{size} bytes are wanted, {len(body)} were given", put)
        canonical = fill_up(extent, body, size)
        if kept is not None and kept[0] != canonical:
            canonical = self.slack.behind(path, canonical, len(ended))
        self.leaf(path, canonical, sink)

    def refuse_terminator(self, put: Put, extent: Extent, raw: bytes, path: Path) -> None:
        """A mistake where bytes would be cut at a terminator in them."""
        term = extent.term
        assert term is not None
        if self.recording:
            return
        place = terminator_in(extent, raw)
        if place >= 0 and not (extent.include and place + len(term) == len(raw)):
            self.mistake(path, f"{term!r} at {place} would end it", put)

    def terminated(self, put: Put, extent: Extent, raw: bytes, sink: Sink, path: Path) -> None:
        """Bytes up to a terminator."""
        term = extent.term
        assert term is not None
        if extent.ended is not None:
            self.leaf(path, raw + term, sink)
            return
        self.refuse_terminator(put, extent, raw, path)
        if extent.include:
            if not raw.endswith(term) and extent.eos_error and not self.recording:
                self.mistake(path, f"it does not end with {term!r}", put)
            self.leaf(path, raw if extent.consume else raw.removesuffix(term), sink)
        elif not extent.consume:
            self.leaf(path, raw, sink)
        elif extent.eos_error:
            self.leaf(path, raw + term, sink)
        else:
            listed = put.repeat is not None and put.repeat.kind != "expr"
            needed = listed and not raw  # else an empty element would be none
            self.leaf(path, raw + term, sink, raw, usual=bool(sink.path) and not needed)
            if not self.recording and self.slack.of(path, "") is None and not needed:
                sink.optional = len(term)  # at the end of its stream it is not needed

    def to_the_end(self, path: Path, body: bytes, sink: Sink) -> None:
        """All that is left of a stream."""
        if not self.recording:
            sink.write(self.slack.instead(path, "", body))
            return
        assert sink.source is not None
        self.align(sink)
        raw = sink.source[sink.pos() :]
        if raw != body:
            self.slack.keep(path, "", body, raw)
        sink.write(raw)

    def inner_size(self, node: Node, put: Put, wire: PutObject, path: Path, i: Any) -> int | None:
        """The size of an object's own stream, where it is known before it is written."""
        extent = wire.extent
        assert extent is not None
        known = extent.size is not None and not (isinstance(extent.size, Formula) and extent.size.solutions)
        if known and extent.process is None and extent.term is None and extent.pad is None:
            return self.size_of(node, put, extent, path, i)
        return None

    def whole(self, path: Path, sink: Sink) -> bytes:
        """What was written, with what stood in its holes and behind it."""
        if self.recording:
            assert sink.source is not None
            self.align(sink)
            self.slack.streams[path] = sink.source
            for start, stop in sink.holes():
                self.slack.keep(path, f"hole {start}", bytes(stop - start), sink.source[start:stop])
                sink.data[start:stop] = sink.source[start:stop]
            tail = sink.source[len(sink.data) :]
            if tail:
                self.slack.keep(path, "tail", b"", tail)
                sink.data.extend(tail)
            return bytes(sink.data)
        if sink.optional and path and sink.pos() == len(sink.data):
            del sink.data[-sink.optional :]
        for start, stop in sink.holes():
            sink.data[start:stop] = self.slack.instead(path, f"hole {start}", bytes(stop - start))
        data = sink.data + self.slack.instead(path, "tail", b"")
        for at, raw in self.inserts.get(path, {}).values():
            data.extend(bytes(max(at + len(raw) - len(data), 0)))
            data[at : at + len(raw)] = raw
        return bytes(data)

    # ---------------------------------------------------------------- processes

    def processed(self, node: Node, put: Put, process: Process | None, content: bytes, path: Path, i: Any) -> bytes:
        """Bytes as they are on the wire; where they were read from others that mean the same, these."""
        if process is None:
            return content
        if self.recording:
            raw = processes.raw_of(node.input.value, put, i)
            if raw is not None:
                self.slack.keep(path, "process", content, raw)
                return raw
        kept = self.slack.of(path, "process")
        if kept is not None and kept[0] == content:
            return kept[1]
        try:
            arguments = [formula.value(node.unit, i, None) for formula in process.arguments]
            return processes.done(process, arguments, content)
        except (*FAILURES, zlib.error) as error:
            self.mistake(path, f"process {process.name} failed: {type(error).__name__}: {error}", put)
            return content
