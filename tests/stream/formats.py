"""Small formats for the tests of the stream, written by hand: one of each kind that the scan treats in its own way."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from sigflow import checksums
from sigflow.reads import u1
from sigflow.runtime.envelope import Checksum, Envelope, Measured, Refused, Sequence
from sigflow.runtime.window import Window
from tests.envelopes import changed, envelope_of

#: The length that a header claims, or the reason why it is none.
Length = Callable[[bytes], int | str]
Covered = tuple[tuple[int, int | None] | bytes, ...]


class Unit:
    """The value of a frame: its bytes by name."""

    def __init__(self, raw: bytes, fields: dict[str, tuple[int, int]], payload: tuple[int, int | None]) -> None:
        self.raw = raw
        for name, (start, stop) in fields.items():
            if len(raw) < stop:
                error = EOFError(f"requested {stop} bytes, but only {len(raw)} bytes available")
                error.partial = self  # type: ignore[attr-defined]
                raise error
            setattr(self, name, int.from_bytes(raw[start:stop], "big"))
        self.payload = raw[payload[0] : payload[1]]


def fixed(
    name: str,
    header: int,
    length: Length,
    *,
    sync: bytes = b"",
    check: tuple[str, int, str, int, Covered] | None = None,
    fields: dict[str, tuple[int, int]] | None = None,
    payload: tuple[int, int | None] = (0, None),
    static: bool = True,
    fast: bool = True,
    run: bool = False,
    **more: Any,
) -> Envelope:
    """A format whose header has a fixed size.  check: algorithm, size, order and place of the value, what it covers.

    static: the layout is told in the checksum, else by the measure.  fast, run: with `measure`, with `run`.
    """

    def steps(window: Window) -> Generator[None, None, Measured]:
        while window.lacks(len(sync)):
            yield
        if window.read_bytes(len(sync)) != sync:
            raise Refused("contents")
        early = length(sync)  # a length of less than a header: what can be told so early
        if isinstance(early, str):
            raise Refused(early)
        while window.lacks(header - len(sync)):
            yield
        window.seek(0)
        claimed = length(window.read_bytes(header))
        if isinstance(claimed, str):
            raise Refused(claimed)
        window.seek(0)
        window.skip(claimed)
        return Measured(claimed, header, ((check[3], check[4]),) if check else ())

    def measure(data: Any, at: int, end: int) -> int | str | None:
        if end - at < header:
            return None
        return length(bytes(data[at : at + header])) if data.startswith(sync, at) else "contents"

    def whole_frames(
        data: Any, at: int, until: int, end: int, limit: int, frames: list[Any], _checks: Any
    ) -> tuple[int, str | None, int]:
        assert check is not None
        algorithm, size, order, place, pieces = check
        assert order != "hex"
        while at < until:
            claimed = measure(data, at, end) if data.startswith(sync, at) else "contents"
            if claimed is None or isinstance(claimed, str):
                return at, claimed, 0
            if not 0 < claimed <= limit:
                return at, "too-long" if claimed else "valid", 0
            if at + claimed > end:
                return at, None, claimed
            raw = bytes(data[at : at + claimed])
            value = int.from_bytes(raw[place : place + size or None], order)  # type: ignore[arg-type]
            covered = b"".join(piece if isinstance(piece, bytes) else raw[slice(*piece)] for piece in pieces)
            if checksums.get(algorithm).compute(covered) != value:
                return at, "checksum", claimed
            head = tuple(int.from_bytes(raw[start:stop], "big") for start, stop in (fields or {}).values())
            frames.append((at, at + claimed, head))
            at += claimed
        return at, None, 0

    stored = ()
    if check is not None:
        stored = (Checksum("checksum", *check[:3]),)
        if static:
            stored = (replace(stored[0], stored=check[3], pieces=check[4]),)
    return envelope_of(
        name=name,
        spec=f"{name}.ksy",
        parse=lambda raw, head: Unit(raw, fields or {}, payload),
        incremental=steps,
        static=measure if fast else None,
        run=whole_frames if run else None,
        sync=(sync,) if sync else (),
        header=header,
        checksums=stored,
        payload="payload",
        payload_at=payload,
        **more,
    )


def _claims(start: int, stop: int, more: int, order: Any = "big") -> Length:
    """The length field at header[start:stop], plus `more` bytes."""
    return lambda head: int.from_bytes(head[start:stop], order) + more if len(head) >= stop else 0


def sum_of(data: bytes) -> bytes:
    return bytes((sum(data) & 255,))


# ---------------------------------------------------------------- with a checksum

CRC = "CRC-32/ISO-HDLC"


def crc_of(data: bytes) -> bytes:
    return checksums.get(CRC).compute(data).to_bytes(4, "big")


def frame(payload: bytes = b"", stream: int = 7, sequence: int = 1) -> bytes:
    """A frame of FRAME: marker, stream, sequence, length, CRC, payload."""
    head = b"FRAM" + bytes((stream, sequence & 255, len(payload)))
    return head + crc_of(head + payload) + payload


#: As SGF1, in small: a CRC in the middle, a sequence, taken in runs.
FRAME = fixed(
    "frame", 11, _claims(6, 7, 11), sync=b"FRAM", check=(CRC, 4, "big", 7, ((0, 7), (11, None))), run=True,
    fields={"stream": (4, 5), "sequence": (5, 6)}, payload=(11, None), max_frame=200,
    sequence=Sequence("sequence", 256, 1, lambda unit: unit.stream, 1, 0),
)  # fmt: skip
#: The same without runs, without fast measure, and with the layout told by the measure.
FRAME_SLOW = changed(
    fixed("frame", 11, _claims(6, 7, 11), sync=b"FRAM", check=(CRC, 4, "big", 7, ((0, 7), (11, None))), static=False,
          fast=False, fields={"stream": (4, 5), "sequence": (5, 6)}, payload=(11, None), max_frame=200),
    sequence=replace(FRAME.decode.sequence, head=None, stream_head=None),  # type: ignore[type-var]
)  # fmt: skip
#: The same for live streams.
FRAME_LIVE = changed(FRAME, run=None, overtaken_by="sequence")


def pair(payload: bytes = b"") -> bytes:
    """A frame of PAIR: a marker that overlaps itself, length, payload, sum."""
    body = bytes((len(payload),)) + payload
    return b"\xaa\xaa" + body + sum_of(body)


PAIR = fixed("pair", 3, _claims(2, 3, 4), sync=b"\xaa\xaa", check=("sum-8", 1, "big", -1, ((2, -1),)), max_frame=258)


def bare(payload: bytes = b"") -> bytes:
    """A frame of BARE: length, payload, CRC; no marker."""
    body = bytes((len(payload),)) + payload
    return body + crc_of(body)


BARE = fixed("bare", 1, _claims(0, 1, 5), check=(CRC, 4, "big", -4, ((0, -4),)), max_frame=100, run=True)


def zeroed(payload: bytes = b"") -> bytes:
    """A frame of ZEROED: marker, length, Internet checksum within what it covers, payload; and a literal byte."""
    head = b"ZZ" + bytes((len(payload),))
    value = checksums.get("internet").compute(head + b"\0\0" + payload + b"\x07")
    return head + value.to_bytes(2, "little") + payload


ZEROED = fixed("zeroed", 5, _claims(2, 3, 5), sync=b"ZZ", check=("internet", 2, "little", 3, ((0, None), b"\x07")))
ZEROED = changed(ZEROED, checksums=(replace(ZEROED.search.checksums[0], zeroed=True),), max_frame=80)


def text(payload: bytes = b"", *lines: bytes) -> bytes:
    """A frame of TEXT: `*T`, lines of which one says `L:n`, an empty line, payload, `hh` of it in hexadecimal."""
    shown = b"".join(line + b"\n" for line in (*lines, b"L:%d" % len(payload)))
    return b"*T\n" + shown + b"\n" + payload + b"%02X" % checksums.get("xor-8").compute(payload)


def _text_steps(window: Window) -> Generator[None, None, Measured]:
    while window.lacks(3):
        yield
    window.seek(3)
    window.enter(40, "header-too-long")
    size, line = None, b""
    while True:
        while window.lacks(1):
            yield
        line += window.read_bytes(1)
        if not line.endswith(b"\n"):
            continue
        if line.endswith(b"*T\n"):
            raise Refused("aborted")
        if line == b"\n":
            break
        line, ended = b"", line[:-1]
        if ended.startswith(b"L:"):
            if size is not None or not ended[2:].isdigit() or len(ended) > 6:
                raise Refused("bad-length")
            size = int(ended[2:])
    window.leave()
    if size is None:
        raise Refused("bad-length")
    start = window.pos()
    window.skip(size + 2)
    return Measured(window.pos(), window.looked, ((-2, ((start, -2),)),))


TEXT = envelope_of(
    name="text", spec="text.ksy", parse=lambda raw, head: raw, incremental=_text_steps, sync=(b"*T\n",), max_frame=120,
    checksums=(Checksum("sum", "xor-8", 2, "hex", over="payload"),), payload="payload",
)  # fmt: skip

# ---------------------------------------------------------------- confirmed by chain


def legacy(payload: bytes = b"", stream: int = 7) -> bytes:
    """A frame of LEGACY: stream, length (u2), payload."""
    return bytes((stream,)) + len(payload).to_bytes(2, "big") + payload


LEGACY = fixed(
    "legacy", 3, _claims(1, 3, 3), chain=3, max_frame=120, fields={"stream": (0, 1)}, payload=(3, None), header_bits=9.0
)
#: The same where any header is as good as any other, so that none is null.
ANY = changed(LEGACY, name="any", header_bits=0.0)


def space(payload: bytes = b"\1", kind: int = 1) -> bytes:
    """A frame of SPACE: a version that must be 0 above the kind, length - 1 (u1), payload of at least one byte."""
    return bytes((kind & 31, len(payload) - 1)) + payload


def _space_length(head: bytes) -> int | str:
    if head and head[0] >> 5:
        return "bad-version"
    return head[1] + 3 if len(head) > 1 else 0


def _space_steps(window: Window) -> Generator[None, None, Measured]:
    while window.lacks(1):
        yield
    if window.read_u1() >> 5:
        raise Refused("valid", "/seq/0")
    while window.lacks(1):
        yield
    window.skip(window.read_u1() + 1)
    return Measured(window.pos(), 2)


SPACE = changed(
    fixed("space", 2, _space_length, chain=4, max_frame=200, header_bits=3.0),
    incremental=_space_steps,
    reasons={"/seq/0": "bad-version"},
)
#: Without the fast measure, so that what was looked at tells whether a header is null; shorter chain, shorter frames.
SPACE_SLOW = changed(SPACE, name="space-slow", static=None, header=None, chain=2, max_frame=40)


def flag(payload: bytes = b"") -> bytes:
    """A frame of FLAG: a marker, length, payload; no checksum."""
    return b"~!" + bytes((len(payload),)) + payload


FLAG = fixed("flag", 3, _claims(2, 3, 3), sync=b"~!", chain=2, max_frame=60, header_bits=16.0)


def counted(payload: bytes = b"\1", stream: int = 1, sequence: int = 0) -> bytes:
    """A frame of COUNTED: a version that must be 0 above the stream, counter, length - 1 (u1), payload."""
    return bytes((stream & 31, sequence & 255, len(payload) - 1)) + payload


def _counted_measure(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 1 > end:
        return 0
    if u1(data, at) >> 5:
        return -1
    if at + 3 > end:
        return 0
    box[0] = 3
    box[1] = 4 if u1(data, at) == 31 else 0
    box[2] = u1(data, at + 1)
    box[3] = u1(data, at)
    return u1(data, at + 2) + 4


def _counted_steps(window: Window) -> Generator[None, None, Measured]:
    while window.lacks(1):
        yield
    if window.read_u1() >> 5:
        raise Refused("bad-version")
    while window.lacks(2):
        yield
    window.skip(1)
    window.skip(window.read_u1() + 1)
    return Measured(window.pos(), 3)


def _counted_length(head: bytes) -> int | str:
    if head and head[0] >> 5:
        return "bad-version"
    return head[2] + 4 if len(head) > 2 else 0


#: As SPACE, with a counter for each stream, which the header tells; stream 31 is not counted.
COUNTED = changed(fixed(
    "counted", 3, _counted_length, chain=3, max_frame=220, header_bits=3.0, payload=(3, None),
    fields={"stream": (0, 1), "counter": (1, 2)},
    sequence=Sequence("counter", 256, 1, lambda unit: unit.stream, counts=lambda unit: unit.stream != 31),
    native=_counted_measure, native_reasons=("bad-version",), native_min_limit=3, native_counts=True,
), incremental=_counted_steps)  # fmt: skip

#: How frames of each format are made, and the noise to sprinkle.
MAKERS: dict[str, Callable[[bytes], bytes]] = {
    "frame": lambda payload: frame(payload[:180], 7, len(payload)),
    "pair": lambda payload: pair(payload[:250]),
    "bare": lambda payload: bare(payload[:90]),
    "zeroed": lambda payload: zeroed(payload[:70]),
    "text": lambda payload: text(payload[:60], *([b"A:%d" % len(payload)] if len(payload) % 2 else [])),
    "legacy": lambda payload: legacy(payload[:110]),
    "space": lambda payload: space(payload[:190] or b"\1", len(payload)),
    "space-slow": lambda payload: space(payload[:30] or b"\1", len(payload)),
    "flag": lambda payload: flag(payload[:50]),
    "any": lambda payload: legacy(payload[:110]),
    "counted": lambda payload: counted(payload[:200] or b"\1", 1, len(payload)),
}
