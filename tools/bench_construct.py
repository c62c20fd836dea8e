"""What a Construct schema gains: SGF1 as Construct parses it, compiled by Construct, and through sigflow.

    python -m tools.bench_construct [FRAMES]

One run, the same bytes: Construct's compiled parser on each frame, told where it begins; sigflow's decoder on the whole
stream, which finds the frames itself and checks them, by each engine; and with every value made.  Then the verdict of
the native engine on a stream, by the schema and by the bundled spec of the same format, whose columns must be equal.
"""

from __future__ import annotations

import struct
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

from construct import BitsInteger, BitStruct, Bytes, Const, Enum, Flag, Int8ub, Int32ub, Int64ub, Struct, this

import sigflow

SGF1 = Struct(
    "magic" / Const(b"SGF1"),
    "version" / Int8ub,
    "flags"
    / BitStruct("reserved" / BitsInteger(5), "compressed" / Flag, "encoding" / Enum(BitsInteger(2), opaque=0, tlv=1)),
    "stream_id" / Int32ub,
    "sequence" / Int64ub,
    "payload_length" / Int32ub,
    "checksum" / Int32ub,
    "payload" / Bytes(this.payload_length),
)
OVER = ["magic..payload_length", "payload"]
FRAME = sigflow.stream(
    SGF1,
    max_frame=16777242,
    checksum={"field": "checksum", "algorithm": "CRC-32/ISO-HDLC", "over": OVER},
    sequence={"field": "sequence", "per": "stream_id"},
)


def frames(count: int, size: int = 64) -> list[bytes]:
    """So many frames with payloads of `size` bytes."""
    made = []
    for number in range(count):
        payload = (number % 251).to_bytes(1, "big") * size
        head = b"SGF1" + struct.pack(">BBIQI", 1, 0, 7, number, size)
        made.append(head + struct.pack(">I", zlib.crc32(payload, zlib.crc32(head))) + payload)
    return made


def timed(run: Callable[[], Any]) -> float:
    """Seconds that the best of three runs takes."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def decoded(format: sigflow.Format, raw: bytes, engine: str, values: bool) -> int:
    """Decode a stream; returns how many frames it had."""
    decoder = format.decoder(engine=engine)
    decoder.feed(raw)
    decoder.feed_eof()
    if not values:
        return decoder.count()
    return sum(event.value is not None for event in decoder.events() if isinstance(event, sigflow.Record))


def main(count: int = 20_000) -> dict[str, float]:
    """Print the table; returns how many times as fast as Construct's compiled parser each is."""
    pieces = frames(count)
    raw = b"".join(pieces)
    compiled = SGF1.compile()
    format = sigflow.compile(FRAME)
    parsers: dict[str, Callable[[], Any]] = {
        "construct": lambda: [SGF1.parse(piece) for piece in pieces],
        "construct, compiled": lambda: [compiled.parse(piece) for piece in pieces],
        "Decoder, events counted": lambda: decoded(format, raw, "auto", False),
        "Decoder, python engine, values made": lambda: decoded(format, raw, "python", True),
        "Decoder, values made": lambda: decoded(format, raw, "auto", True),
    }
    assert decoded(format, raw, "auto", True) == count
    took = {name: timed(run) for name, run in parsers.items()}
    base = took["construct, compiled"]
    for name, seconds in took.items():
        print(f"{name:40} {count / seconds:12,.0f} frames/s {base / seconds:8.1f} x")
    ratio = verdicts(raw * 10, format)
    print(f"{'verdict, native, of sgf1.ksy':40} {'':21} {ratio:8.2f} x the time of the schema")
    return {name: base / seconds for name, seconds in took.items()} | {"verdict": ratio}


def verdicts(raw: bytes, format: sigflow.Format) -> float:
    """How long the verdict by `sgf1.ksy` takes, as a multiple of that by the schema.  Both must say the same, and their
    columns be equal as far as both have them.
    """
    ours, theirs = (sigflow.open(raw, named) for named in (format, "sgf1"))
    mine, other = ours.validate(), theirs.validate()
    assert (mine.frames, mine.frame_bytes, mine.gap_bytes) == (other.frames, other.frame_bytes, other.gap_bytes)
    table, wanted = ours.to_arrow(), theirs.to_arrow()
    for name in set(table.column_names) & set(wanted.column_names) - {"_format"}:
        assert table.column(name).equals(wanted.column(name)), name
    best = [float("inf")] * 2
    for _ in range(5):  # in turn, since the machine is not the same from one second to the next
        for place, named in enumerate((format, "sgf1")):
            run = sigflow.open(raw, named, engine="native").validate
            best[place] = min(best[place], timed(run))
    return best[1] / best[0]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
