"""Numbers, bit fields, bytes and texts: what was given for one, as the value of its field and as bytes."""

from __future__ import annotations

import math
import struct
from enum import Enum
from typing import Any

from sigflow.diagnostics import nearest
from sigflow.runtime.writing.derive import FAILURES, Derive
from sigflow.runtime.writing.description import Put, PutBits, PutNumber
from sigflow.runtime.writing.node import MISSING, Node, Path, told
from sigflow.runtime.writing.numbers import bounds, packed
from sigflow.runtime.writing.sink import Sink

_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Leaves(Derive):
    """Writes values that are no objects."""

    def leaf(self, path: Path, canonical: bytes, sink: Sink, shorter: bytes | None = None, usual: bool = False) -> None:
        """The bytes of a value; or, where it was read from others and did not change, those.

        shorter: what may stand there instead, at the end of its stream; usual: and would be written there.
        """
        if not self.recording:
            sink.write(self.slack.instead(path, "", canonical))
            return
        self.align(sink)
        source, pos = sink.source, sink.pos()
        assert source is not None  # what is recorded was read from bytes
        raw = source[pos : pos + len(canonical)]
        if shorter is not None and raw != canonical and source[pos:] == shorter:
            raw = shorter
            if usual:
                canonical = raw
        if raw != canonical:
            self.slack.keep(path, "", canonical, raw)
        sink.write(raw)

    def align(self, sink: Sink) -> None:
        """Begin the next byte; bits that no field has are kept."""
        rest = sink.align()
        if rest:
            self.slack.keep(sink.bits_path, "bits", b"", bytes((rest,)))

    # ---------------------------------------------------------------- numbers

    def number(self, put: Put, wire: PutNumber | PutBits, value: Any, node: Node, path: Path, listed: bool) -> Any:
        """The number that is written, or None with a mistake."""
        if value is MISSING or value is None:
            value = self.unscaled(put, wire, node, path)
            if value is MISSING:
                if listed:
                    self.mistake(path, "a value is missing in the list", put)
                else:
                    node.guessed.add(put.name)
                return 0
        if put.enum is not None or isinstance(value, dict):
            value = self.named(put, value, path)
            if value is None:
                return None
        elif isinstance(value, Enum):
            value = value.value
        if isinstance(wire, PutNumber) and wire.kind == "f":
            return self.floating(put, wire, value, path)
        if isinstance(value, bool):
            value = int(value)
        if not isinstance(value, int):
            self.mistake(path, f"{told(value)} is no integer", put)
            return None
        low, high = bounds(wire)
        if not low <= value <= high:
            self.mistake(path, f"{told(value)} does not fit: {low} to {high}", put)
            return None
        return value

    def floating(self, put: Put, wire: PutNumber, value: Any, path: Path) -> Any:
        """A floating-point number."""
        value = _FLOATS.get(value, value) if isinstance(value, str) else value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.mistake(path, f"{told(value)} is no number", put)
            return None
        try:
            struct.pack(">f" if wire.size == 4 else ">d", value)
        except OverflowError:
            self.mistake(path, f"{told(value)} does not fit in {wire.size} bytes", put)
            return None
        return float(value)

    def unscaled(self, put: Put, wire: PutNumber | PutBits, node: Node, path: Path) -> Any:
        """The number behind a physical value that was given instead of it."""
        if put.physical is None:
            return MISSING
        physical = node.input.get(f"{put.name}_physical", f"{put.id}_physical")
        if physical is MISSING or physical is None:
            return MISSING
        scale, offset, _ = put.physical
        if isinstance(physical, bool) or not isinstance(physical, int | float) or not math.isfinite(physical):
            self.mistake(path, f"{told(physical)} is no number", put)
            return 0
        raw = (physical - offset) / scale
        return raw if isinstance(wire, PutNumber) and wire.kind == "f" else round(raw)

    def named(self, put: Put, value: Any, path: Path) -> Any:
        """The number of an enum's member, which is given as that, by its name, by both, or as a number."""
        enum: Any = put.enum
        if isinstance(value, dict):
            if not value.keys() <= {"name", "raw"} or not value:
                self.mistake(path, f"expected a number, a name, or name and raw, got {told(value)}", put)
                return None
            name, raw = value.get("name"), value.get("raw")
            if enum is None or name is None:
                return raw
            known = self.named(put, name, path)
            if raw is not None and known is not None and raw != known:
                self.mistake(path, f"{name!r} is {known}, but raw is {told(raw)}", put)
            return known
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, str):
            ids = getattr(enum, "_IDS", {})
            for member in enum:
                if value in (member.name, ids.get(member.name)):
                    return member.value
            names = [ids.get(member.name, member.name) for member in enum]
            near = nearest(value, names)
            hint = f"; did you mean {near!r}?" if near else f": it has {', '.join(names[:8])}"
            self.mistake(path, f"{told(value)} is no name of the enum{hint}", put)
            return None
        return value

    def put_number(self, node: Node, put: Put, wire: PutNumber, value: Any, sink: Sink, path: Path, i: Any) -> Any:
        """A number on the wire."""
        number = self.number(put, wire, value, node, path, i is not None)
        if number is None:
            number = 0
        self.leaf(path, packed(wire, number, node.unit), sink)
        return self.member_of(put, number)

    def put_bits(self, node: Node, put: Put, wire: PutBits, value: Any, sink: Sink, path: Path, i: Any) -> Any:
        """A bit field on the wire."""
        number = self.number(put, wire, value, node, path, i is not None)
        if number is None:
            number = 0
        rest = 0 if self.recording else (self.slack.instead(path, "bits", b"") or b"\0")[0]
        sink.bits_path = path
        sink.write_bits(number, wire.width, wire.order, rest)
        if wire.boolean and put.enum is None:
            return bool(number)
        return self.member_of(put, number)

    @staticmethod
    def member_of(put: Put, number: Any) -> Any:
        """The member of the field's enum, or the number where it has no name."""
        if put.enum is None:
            return number
        return put.enum._value2member_map_.get(number, number)

    # ---------------------------------------------------------------- bytes and texts

    def bytes_of(self, put: Put, value: Any, path: Path) -> bytes | None:
        """The bytes that were given; None with a mistake."""
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        if isinstance(value, str) and self.options.json:
            try:
                return bytes.fromhex(value)
            except ValueError:
                self.mistake(path, f"expected hexadecimal digits, got {value[:40]!r}", put)
                return None
        self.mistake(path, f"expected bytes, got {type(value).__name__}", put)
        return None

    def text_of(self, put: Put, value: Any, encoding: str, path: Path) -> bytes | None:
        """The bytes of a text in its encoding; None with a mistake."""
        if not isinstance(value, str):
            self.mistake(path, f"expected a text, got {type(value).__name__}", put)
            return None
        try:
            return value.encode(encoding)
        except FAILURES as error:
            self.mistake(path, f"{value[:40]!r} cannot be written in {encoding}: {error}", put)
            return None
