"""The reference scan (rule set SECTION4) and its formats as envelopes of ours, for tests and tools.

The reference is a plain, slow file outside the project: `SIGFLOW_REFERENCE` names the folder that it lies in.  Its own
`measure` decides how long a frame is; what the checksums cover is told here, and our algorithms compute them.  The
native measures are written by hand, as the compiler would emit them.
"""

from __future__ import annotations

import importlib.util
import os
import random
import re
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sigflow.events import Event, Gap, Idle, Record
from sigflow.reads import u1, u2be, u2le, u4be, u8be
from sigflow.runtime import envelope as model
from sigflow.runtime.envelope import Checksum, Envelope, Framing, Measured, Refused
from sigflow.runtime.stuffing import Stuffing
from sigflow.runtime.window import Window
from tests.envelopes import envelope_of
from tests.stream import damage

Piece = tuple[Any, ...]

#: By format: algorithm, size and order of the stored value, where it stands, and what it covers.
CHECKS: dict[str, tuple[str, int, str, int, tuple[tuple[int, int | None], ...]]] = {
    "sgf1": ("CRC-32/ISO-HDLC", 4, "big", 22, ((0, 22), (26, None))),
    "ubx": ("fletcher-16-mod256", 2, "little", -2, ((2, -2),)),
    "nmea": ("xor-8", 2, "hex", -4, ((1, -5),)),
    "hdr": ("CRC-32/ISO-HDLC", 4, "big", -4, ()),  # covers the payload, wherever it begins
    "aa": ("sum-8", 1, "big", -1, ((2, -1),)),
    "bare": ("CRC-32/ISO-HDLC", 4, "big", -4, ((0, -4),)),
    "slip": ("CRC-32/ISO-HDLC", 4, "big", -4, ((0, -4),)),
    "cobs": ("CRC-32/ISO-HDLC", 4, "big", -4, ((0, -4),)),
}
#: How units are stuffed, of the formats between delimiters.
STUFFINGS: dict[str, Stuffing | None] = {
    "slip": Stuffing("escape", b"\xdb", pairs=((0xDC, 0xC0), (0xDD, 0xDB))),
    "hdlc": Stuffing("escape", b"\x7d", xor=0x20),
    "cobs": Stuffing("cobs"),
    "line": None,
}
#: Bytes of the header of the formats whose header has a fixed size.
HEADERS = {"sgf1": 26, "ubx": 6, "legacy": 6, "ccsds": 6, "tlv": 4, "aa": 3, "bare": 1}


def folder() -> Path | None:
    """Where the references lie; None where they are not here."""
    named = os.environ.get("SIGFLOW_REFERENCE")
    return Path(named) if named and Path(named).is_dir() else None


def needed() -> pytest.MarkDecorator:
    """Skips a test where the references are not here."""
    return pytest.mark.skipif(folder() is None, reason="SIGFLOW_REFERENCE names no folder with the reference scan")


@cache
def load(name: str, path: str | None = None) -> Any:
    """The reference module `scan` or `sequence`, or the one at this path."""
    file = Path(path) if path is not None else (folder() or Path()) / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"reference_{name}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise SystemExit(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"reference_{name}"] = module
    spec.loader.exec_module(module)
    return module


class Counted:
    """The value of a frame, as far as its sequence needs it; a cut header gives neither."""

    def __init__(self, name: str, raw: bytes) -> None:
        if name == "sgf1":
            self.stream, self.sequence = int.from_bytes(raw[6:10], "big"), int.from_bytes(raw[10:18], "big")
        elif name == "ccsds":
            self.stream, self.sequence = raw[0] << 8 & 0x700 | raw[1], int.from_bytes(raw[2:4], "big") & 0x3FFF


#: By format: the modulus of its counter.
MODULI = {"sgf1": 1 << 64, "ccsds": 1 << 14}


def framed(theirs: Any, static: bool, idle: tuple[bytes, ...]) -> Envelope:
    """The envelope of a reference format whose units stand between delimiters.  static: whether its layout is."""
    checksums = CHECKS.get(theirs.name)

    def steps(window: Window) -> Generator[None, None, Measured]:
        unit = bytes(window._data[window._at : window._end])
        reason = theirs.content(unit)
        if reason is not None and reason != "checksum":
            raise Refused(reason)
        yield from ()
        return Measured(len(unit), len(unit), (checksums[3:],) if checksums is not None else ())

    checksum: tuple[Checksum, ...] = ()
    if checksums is not None:
        algorithm, size, order, place, pieces = checksums
        checksum = (Checksum("checksum", algorithm, size, order),)
        if static:
            checksum = (replace(checksum[0], stored=place, pieces=pieces),)
    native_measure, reasons = NATIVE_MEASURES[theirs.name]
    return envelope_of(
        name=theirs.name,
        spec="",
        parse=lambda raw, head: Counted(theirs.name, raw),
        incremental=steps,
        max_frame=theirs.max,
        min_frame=len(theirs.delimiter) + 1,
        checksums=checksum,
        framing=Framing(theirs.delimiter, stuffing=STUFFINGS[theirs.name]),
        idle=idle,
        native=native_measure,
        native_reasons=reasons,
    )


def wrap_all(
    reference: Any,
    formats: Sequence[Any],
    idle: tuple[bytes, ...] = (),
    rng: random.Random | None = None,
    live: bool = False,
) -> list[Envelope]:
    """The envelopes of a list of reference formats, the first of which has its idle literals; see `wrap`."""
    return [wrap(reference, theirs, rng, live, () if n else idle) for n, theirs in enumerate(formats)]


def wrap(
    reference: Any,
    theirs: Any,
    rng: random.Random | None = None,
    live: bool = False,
    idle: tuple[bytes, ...] = (),
) -> Envelope:
    """The envelope of a reference format.  rng: draws whether it is measured fast, in runs, with static checksums.

    live: with `overtaken-by: sequence`, where the format has one.
    """
    drawn = rng.random if rng is not None else lambda: 0.0
    name = theirs.name
    if theirs.framed:
        return framed(theirs, drawn() < 0.5, idle)

    def checks(raw: bytes, length: int) -> tuple[Any, ...]:
        if theirs.check is None:
            return ()
        _, _, _, place, pieces = CHECKS[name]
        if name == "hdr":
            match = re.search(rb"\r\nLEN:([0-9]+)\r\n", raw)
            assert match is not None  # it was measured
            pieces = ((length - 4 - int(match[1]), -4),)
        return ((place, pieces),)

    def steps(window: Window) -> Generator[None, None, Measured]:
        while True:
            raw = bytes(window._data[window._at : window._end])
            kind, value = theirs.measure(raw, 0) if raw else (reference.NEED, 1)
            if kind is reference.BAD:
                raise Refused(value)
            if kind is reference.LEN:
                return Measured(value, theirs.hdr, checks(raw, value))
            yield

    def measure(data: Any, at: int, end: int) -> int | str | None:
        if end - at < HEADERS[name]:
            return None
        kind, value = theirs.measure(data, at)
        return value - at if kind is reference.LEN else value  # type: ignore[no-any-return]

    def run(
        data: Any, at: int, until: int, end: int, limit: int, frames: list[Any], _checks: Any
    ) -> tuple[int, str | None, int]:
        while at < until:
            length = measure(data, at, end) if data.startswith(theirs.sync, at) else "contents"
            if not isinstance(length, int):
                return at, length, 0
            if length > limit:
                return at, "too-long", 0
            if at + length > end:
                return at, None, length
            if not theirs.check(bytes(data), at, at + length):
                return at, "checksum", length
            frames.append((at, at + length, ()))
            at += length
        return at, None, 0

    fixed = name in HEADERS
    fast = fixed and drawn() < 0.5
    checksum: tuple[Checksum, ...] = ()
    if theirs.check is not None:
        algorithm, size, order, place, pieces = CHECKS[name]
        checksum = (Checksum("checksum", algorithm, size, order),)
        if name != "hdr" and drawn() < 0.5:
            checksum = (replace(checksum[0], stored=place, pieces=pieces),)
    sequence = model.Sequence("sequence", MODULI[name], 1, lambda unit: unit.stream) if name in MODULI else None
    native_measure, reasons = NATIVE_MEASURES[name]
    return envelope_of(
        name=name,
        spec="",
        parse=lambda raw, head: Counted(name, raw),
        sequence=sequence,
        overtaken_by="sequence" if live and name == "sgf1" else None,
        incremental=steps,
        static=measure if fast else None,
        run=run if fast and theirs.check is not None and drawn() < 0.7 else None,
        sync=(theirs.sync,) if theirs.sync else (),
        max_frame=theirs.max,
        header=HEADERS[name] if fixed and theirs.hdr <= HEADERS[name] else None,
        header_bits=theirs.bits,
        chain=theirs.chain if theirs.check is None else None,
        checksums=checksum,
        idle=idle,
        native=native_measure,
        native_reasons=reasons,
        native_counts=sequence is not None,
    )


# ---------------------------------------------------------------- native measures


def sgf1(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 26 > end:
        return 0
    box[0] = 26
    box[1] = 0
    box[2] = u8be(data, at + 10)
    box[3] = u4be(data, at + 6)
    return 26 + u4be(data, at + 18)


def ubx(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 6 > end:
        return 0
    box[0] = 6
    box[1] = 0
    return 8 + u2le(data, at + 4)


def aa(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 3 > end:
        return 0
    box[0] = 3
    box[1] = 0
    return 4 + u1(data, at + 2)


def bare(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 1 > end:
        return 0
    box[0] = 1
    box[1] = 0
    return 5 + u1(data, at)


def nmea(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    place = at + 1
    while place < at + limit and place < end:
        byte = u1(data, place)
        if byte < 32 or byte > 126 or byte == 36 or byte == 42:  # noqa: PLR1714
            break
        place += 1
    if place >= at + limit:
        return -1
    if place == end:
        return 0
    if u1(data, place) == 36:
        return -2
    if u1(data, place) != 42:
        return -3
    if end < place + 5:
        return 0
    for n in range(place + 1, place + 3):
        byte = u1(data, n)
        if not (48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102):
            return -4
    if u1(data, place + 3) != 13 or u1(data, place + 4) != 10:
        return -4
    box[0] = place + 5 - at
    box[1] = 0
    return place + 5 - at


def hdr(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    ceiling = at + 120
    line = at + 6
    size = 0
    while True:
        stop = line
        while stop + 2 <= min(ceiling, end) and not (u1(data, stop) == 13 and u1(data, stop + 1) == 10):
            stop += 1
        if stop + 2 > min(ceiling, end):
            return -1 if end >= ceiling else 0
        for n in range(line, stop):
            if u1(data, n) < 32 or u1(data, n) > 126:
                return -2
        length = stop - line
        if length == 4 and u4be(data, line) == 0x3B454E44:
            break
        if length >= 4 and u4be(data, stop - 4) == 0x2A484452:
            return -3
        colon = line
        while colon < stop and u1(data, colon) != 58:
            colon += 1
        if colon in (stop, line):
            return -4
        key = at + 6
        while key < line:
            same = True
            n = 0
            while n <= colon - line and same:
                same = u1(data, key + n) == u1(data, line + n)
                n += 1
            if same:
                return -5
            while not (u1(data, key) == 13 and u1(data, key + 1) == 10):
                key += 1
            key += 2
        if colon - line == 3 and u2be(data, line) == 0x4C45 and u1(data, line + 2) == 78:
            size = 0
            if stop - colon - 1 < 1 or stop - colon - 1 > 8:
                return -6
            for n in range(colon + 1, stop):
                if u1(data, n) < 48 or u1(data, n) > 57:
                    return -6
                size = size * 10 + u1(data, n) - 48
            if size < 1 or size > 200:
                return -6
        endian = colon - line == 6 and u4be(data, line) == 0x454E4449 and u2be(data, line + 4) == 0x414E
        if endian and (stop - colon != 2 or (u1(data, colon + 1) != 76 and u1(data, colon + 1) != 66)):
            return -7
        line = stop + 2
    line = stop + 2
    if size == 0:
        return -6
    box[0] = line - at
    box[1] = 0
    box[4] = line - at + size
    box[5] = 1
    box[6] = line - at
    box[7] = line - at + size
    return line - at + size + 4


def legacy(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 6 > end:
        return 0
    box[0] = 6
    box[1] = 0
    return 6 + u4be(data, at + 2)


def tlv(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 4 > end:
        return 0
    box[0] = 4
    box[1] = 0
    return 4 + u2be(data, at + 2)


def ccsds(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 1 > end:
        return 0
    if u1(data, at) >> 5:
        return -1
    if at + 6 > end:
        return 0
    box[0] = 6
    box[1] = 0
    box[2] = u2be(data, at + 2) & 0x3FFF
    box[3] = u2be(data, at) & 0x7FF
    return 7 + u2be(data, at + 4)


def slip(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at + 4 > end:
        return 0
    box[0] = end - at
    box[1] = 0
    box[4] = end - at - 4
    box[5] = 1
    box[6] = 0
    box[7] = end - at - 4
    return end - at


def hdlc(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    if at == end:
        return 0
    if u1(data, at) != 255:
        return -1
    box[0] = end - at
    box[1] = 0
    return end - at


def line(data: Any, at: int, end: int, limit: int, box: Any) -> int:
    for n in range(at, end):
        if u1(data, n) < 32 or u1(data, n) > 126:
            return -1
    box[0] = end - at
    box[1] = 0
    return end - at


NATIVE_MEASURES: dict[str, tuple[Callable[..., int], tuple[str, ...]]] = {
    "sgf1": (sgf1, ()),
    "ubx": (ubx, ()),
    "aa": (aa, ()),
    "bare": (bare, ()),
    "nmea": (nmea, ("too-long", "aborted", "not-ascii", "bad-trailer")),
    "hdr": (
        hdr, ("header-too-long", "not-ascii", "aborted", "bad-line", "duplicate-key", "bad-length", "bad-endian")
    ),
    "legacy": (legacy, ()),
    "tlv": (tlv, ()),
    "ccsds": (ccsds, ("bad-version",)),
    "slip": (slip, ()),
    "cobs": (slip, ()),
    "hdlc": (hdlc, ("contents",)),
    "line": (line, ("contents",)),
}  # fmt: skip


# ---------------------------------------------------------------- lists, streams, what both say


def makers(formats: Sequence[Any], rng: random.Random) -> list[damage.Maker]:
    """How frames of these formats are made; counters mostly go on, now and then they leap."""
    counters: dict[int, int] = {}

    def counted(stream: int) -> int:
        value = counters.get(stream, rng.choice((0, 5, 16380)))
        counters[stream] = value + (1 if rng.random() < 0.9 else rng.randrange(-2, 4))
        return value

    def maker(theirs: Any) -> damage.Maker:
        special: dict[str, Callable[[bytes], bytes]] = {
            "sgf1": lambda payload: theirs.make(payload, rng.choice((7, 7, 7, 8)), rng.randrange(1, 5)),
            "nmea": lambda payload: theirs.make(bytes(33 + byte % 90 for byte in payload).replace(b"*", b"A")),
            "ccsds": lambda payload: theirs.make(
                payload or b"\1", stream := rng.choice((5, 5, 5, 0, 9)), counted(stream)
            ),
            "hdr": lambda payload: theirs.make(payload or b"A", *rng.choice(((), (b"A:B",), (b"M:;END", b"ENDIAN:L")))),
            "aa": lambda payload: theirs.make(payload[:255]),
            "bare": lambda payload: theirs.make(payload[:255]),
        }
        return special.get(theirs.name, theirs.make)  # type: ignore[no-any-return]

    return [maker(format) for format in formats]


def damaged(formats: Sequence[Any], rng: random.Random, size: int, idle: Sequence[bytes] = ()) -> bytes:
    """A damaged stream of these formats, with these literals between the frames."""
    between = [*idle, *(theirs.delimiter for theirs in formats if theirs.framed)]
    markers = [theirs.sync for theirs in formats if theirs.sync] + between or [b"\0\1"]
    frames = makers(formats, rng)
    if between:
        frames = [*frames, *frames, lambda payload: rng.choice(between) * rng.choice((1, 1, 2, 5))]
    return damage.stream(rng, frames, markers, size)


def expected(
    reference: Any, formats: Sequence[Any], data: bytes, live: bool = False, idle: tuple[bytes, ...] = ()
) -> list[Piece]:
    """What the reference says: frames, idle bytes and gaps as tuples."""
    rules = replace(reference.SECTION4, overtake="seq" if live else 0, idle=idle)
    return [tuple(event) for event in reference.whole(data, list(formats), rules)]


def pieces(events: Sequence[Event]) -> list[Piece]:
    """Events of ours as the reference's tuples."""
    told: list[Piece] = []
    for event in events:
        if isinstance(event, Record):
            told.append(("frame", event.start, event.stop, event.format))
        elif isinstance(event, Gap):
            told.append(("gap", event.span.start, event.span.stop, event.reasons))
        elif isinstance(event, Idle):
            told.append(("idle", event.span.start, event.span.stop, ()))
    return told
