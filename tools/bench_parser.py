"""How fast sigflow reads SGF1 frames, beside what a user would pick instead: one run, one process, one core.

    python tools/bench_parser.py                 generated captures with payloads of 64 B, 1 KiB and 64 KiB
    python tools/bench_parser.py CAPTURE.sgf     this capture

Every peer gets the same bytes in memory, verifies the checksum of every frame, and reads `sequence` and
`payload_length` of each inside the timed loop; all must agree on the number of frames and on the sum of the two fields.
The rounds are interleaved, so that a slow minute of the machine hits all alike; the figure is the median. What counts
is the ratio. A peer that is not installed is named and left out. Peers other than sigflow stop at the first damaged
byte; what they had read until then is shown as such and gets no figure.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import io
import os
import statistics
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import oracle

SPEC = Path(__file__).resolve().parent.parent / "formats" / "sgf1.ksy"
HEADER = struct.Struct(">4sBBIQII")
COVERED = 22  # header bytes before the checksum
CHUNK = 64 << 10
#: Payload size and number of frames: each capture takes the slowest peer about a second.
GENERATED = ((64, 40_000), (1024, 30_000), (64 << 10, 1_000))
#: A capture so small that the clock cannot tell is read again and again for this long.
SHORTEST = 0.1


@dataclass(frozen=True, slots=True)
class Tally:
    """What a peer read: every peer must come to the same."""

    frames: int
    total: int


Reader = Callable[[bytes], Tally]


class Absent(Exception):
    """This peer is not installed; the text says what is missing."""


class Damaged(Exception):
    """This peer cannot go on after the frames it has read."""


def make_capture(payload: int, frames: int, first: int = 0) -> bytes:
    """Whole frames of one stream; the payload differs from frame to frame.  first: the counter of the first."""
    parts = []
    for sequence in range(first, first + frames):
        content = (sequence.to_bytes(8, "big") * (payload // 8 + 1))[:payload]
        head = struct.pack(">4sBBIQI", b"SGF1", 1, 0, 7, sequence, payload)
        parts += [head, struct.pack(">I", zlib.crc32(content, zlib.crc32(head))), content]
    return b"".join(parts)


# ---------------------------------------------------------------- the peers


def sigflow_decoder() -> Reader:
    import sigflow

    sgf1 = sigflow.load("sgf1")
    record_type = sigflow.Record

    def read(data: bytes) -> Tally:
        decoder = sgf1.decoder()
        frames = total = 0
        for at in range(0, len(data), CHUNK):
            decoder.feed(data[at : at + CHUNK])
            for event in decoder.events():
                if type(event) is record_type:
                    value = event.value
                    frames += 1
                    total += value.sequence + value.payload_length
        decoder.feed_eof()
        for event in decoder.events():
            if type(event) is record_type:
                value = event.value
                frames += 1
                total += value.sequence + value.payload_length
        return Tally(frames, total)

    return read


def sigflow_open() -> Reader:
    import sigflow

    sgf1 = sigflow.load("sgf1")

    def read(data: bytes) -> Tally:
        frames = total = 0
        with sigflow.open(data, sgf1) as recording:
            for record in recording:
                value = record.value
                frames += 1
                total += value.sequence + value.payload_length
        return Tally(frames, total)

    return read


class Frame:
    """What a careful hand-written loop makes of each frame."""

    __slots__ = ("checksum", "flags", "payload", "payload_length", "sequence", "stream_id", "version")

    def __init__(
        self,
        version: int,
        flags: int,
        stream_id: int,
        sequence: int,
        payload_length: int,
        checksum: int,
        payload: bytes,
    ) -> None:
        self.version = version
        self.flags = flags
        self.stream_id = stream_id
        self.sequence = sequence
        self.payload_length = payload_length
        self.checksum = checksum
        self.payload = payload


def hand_written() -> Reader:
    unpack, crc32, header = HEADER.unpack_from, zlib.crc32, HEADER.size

    def read(data: bytes) -> Tally:
        frames = total = at = 0
        end = len(data)
        while at < end:
            if end - at < header:
                raise Damaged(f"{frames} frames, then {end - at} bytes")
            magic, version, flags, stream_id, sequence, length, checksum = unpack(data, at)
            body = at + header
            stop = body + length
            payload = data[body:stop]
            covered = crc32(payload, crc32(data[at : at + COVERED]))
            if magic != b"SGF1" or stop > end or covered != checksum:
                raise Damaged(f"{frames} frames, then no frame at offset {at}")
            frame = Frame(version, flags, stream_id, sequence, length, checksum, payload)
            frames += 1
            total += frame.sequence + frame.payload_length
            at = stop
        return Tally(frames, total)

    return read


def stream_reader(
    parse: Callable[[Any], Any], open_stream: Callable[[bytes], Any], errors: tuple[type[Exception], ...]
) -> Reader:
    """The loop for peers that read one object from a stream; the checksum is verified outside of them, by zlib."""
    crc32 = zlib.crc32

    def read(data: bytes) -> Tally:
        stream = open_stream(data)
        frames = total = at = 0
        end = len(data)
        while at < end:
            try:
                frame = parse(stream)
            except errors as error:
                raise Damaged(f"{frames} frames, then {type(error).__name__} at offset {at}") from error
            if crc32(frame.payload, crc32(data[at : at + COVERED])) != frame.checksum:
                raise Damaged(f"{frames} frames, then a wrong checksum at offset {at}")
            frames += 1
            length = frame.payload_length
            total += frame.sequence + length
            at += HEADER.size + length
        return Tally(frames, total)

    return read


def construct_reader(*, compiled: bool) -> Reader:
    try:
        import construct as c
    except ImportError as error:
        raise Absent(f"pip install construct ({error})") from error
    schema = c.Struct(
        "magic" / c.Const(b"SGF1"),
        "version" / c.Int8ub,
        "flags" / c.Int8ub,
        "stream_id" / c.Int32ub,
        "sequence" / c.Int64ub,
        "payload_length" / c.Int32ub,
        "checksum" / c.Int32ub,
        "payload" / c.Bytes(c.this.payload_length),
    )
    parser = schema.compile() if compiled else schema
    return stream_reader(parser.parse_stream, io.BytesIO, (c.ConstructError, struct.error))


def cstruct_reader() -> Reader:
    try:
        from dissect.cstruct import cstruct
    except ImportError as error:
        raise Absent(f"pip install dissect.cstruct ({error})") from error
    definitions = cstruct(endian=">")
    definitions.load(
        """
        struct frame {
            char magic[4]; uint8 version; uint8 flags; uint32 stream_id; uint64 sequence;
            uint32 payload_length; uint32 checksum; char payload[payload_length];
        };
        """
    )

    def parse(stream: Any) -> Any:
        frame = definitions.frame(stream)
        if frame.magic != b"SGF1":
            raise ValueError("no magic")
        return frame

    return stream_reader(parse, io.BytesIO, (EOFError, ValueError))


def kaitai_class() -> Any:
    """The class that the official compiler makes of the spec."""
    if oracle.why_absent():
        raise Absent(oracle.why_absent())
    with tempfile.TemporaryDirectory() as folder:
        (file,) = oracle.compile_python(SPEC, folder)
        spec = importlib.util.spec_from_file_location("official_sgf1", file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module.Sgf1


def kaitai_reader() -> Reader:
    parser = kaitai_class()
    import kaitaistruct

    errors = (EOFError, kaitaistruct.KaitaiStructError)
    return stream_reader(parser, lambda data: kaitaistruct.KaitaiStream(io.BytesIO(data)), errors)


HAND, KAITAI = "hand-written struct + zlib", "Kaitai Struct, Python target"
PEERS: dict[str, Callable[[], Reader]] = {
    "sigflow, Decoder in 64 KiB chunks": sigflow_decoder,
    "sigflow, open()": sigflow_open,
    HAND: hand_written,
    KAITAI: kaitai_reader,
    "dissect.cstruct": cstruct_reader,
    "construct, compiled": lambda: construct_reader(compiled=True),
    "construct": lambda: construct_reader(compiled=False),
}


# ---------------------------------------------------------------- measuring


def seconds(read: Reader, data: bytes) -> tuple[float, Tally]:
    """The time of one reading; a short one is repeated until the clock can tell."""
    gc.collect()
    runs = 0
    start = perf_counter()
    while True:
        tally = read(data)
        runs += 1
        spent = perf_counter() - start
        if spent >= SHORTEST:
            return spent / runs, tally


def measure(
    data: bytes, readers: dict[str, Reader], repeats: int
) -> tuple[dict[str, float], dict[str, Tally], dict[str, str]]:
    """Median seconds and tally of each peer, and what stopped those that could not read it all."""
    times: dict[str, list[float]] = {name: [] for name in readers}
    tallies: dict[str, Tally] = {}
    stopped: dict[str, str] = {}
    for _ in range(repeats):
        for name, read in readers.items():
            if name in stopped:
                continue
            try:
                spent, tallies[name] = seconds(read, data)
            except Damaged as reason:
                stopped[name] = str(reason)
                continue
            times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items() if spent}, tallies, stopped


def show(title: str, data: bytes, readers: dict[str, Reader], repeats: int) -> bool:
    """Measure and print one capture; False when the peers disagree about what is in it."""
    medians, tallies, stopped = measure(data, readers, repeats)
    counts = " or ".join(f"{count:,}" for count in sorted({tally.frames for tally in tallies.values()})) or "?"
    print(f"\n{title}: {len(data):,} bytes, {counts} frames, median of {repeats}")
    print(f"{'':36}{'us/frame':>10}{'MB/s':>10}{'x hand':>9}{'x Kaitai':>10}")
    for name in readers:
        if name in stopped:
            print(f"{name:36}  stopped: {stopped[name]}")
            continue
        spent, frames = medians[name], tallies[name].frames
        ratios = [f"{medians[other] / spent:.2f}" if other in medians else "-" for other in (HAND, KAITAI)]
        per_frame = f"{spent / frames * 1e6:.2f}" if frames else "-"
        print(f"{name:36}{per_frame:>10}{len(data) / spent / 1e6:>10.0f}{ratios[0]:>9}{ratios[1]:>10}")
    if len(set(tallies.values())) > 1:
        print(f"the peers do not agree: {tallies}", file=sys.stderr)
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("capture", nargs="*", type=Path, metavar="CAPTURE", help="an .sgf file; none: generated ones")
    options.add_argument("--repeats", type=int, default=5, help="rounds over all peers (default 5)")
    options.add_argument("--only", action="append", default=[], metavar="TEXT", help="peers whose name contains TEXT")
    options.add_argument("--scale", type=float, default=1.0, help="size of the generated captures (default 1)")
    chosen = options.parse_args(arguments)
    if chosen.repeats < 1:
        options.error("--repeats must be at least 1")

    readers: dict[str, Reader] = {}
    for name, make in PEERS.items():
        if chosen.only and not any(text in name for text in chosen.only):
            continue
        try:
            readers[name] = make()
        except Absent as reason:
            print(f"left out: {name}: {reason}")
    if not readers:
        print(f"no peer to measure among: {', '.join(PEERS)}", file=sys.stderr)
        return 1
    agreed = True
    for path in chosen.capture:
        try:
            data = path.read_bytes()
        except OSError as error:
            print(f"{path}: {error.strerror}", file=sys.stderr)
            return 1
        agreed &= show(str(path), data, readers, chosen.repeats)
    if not chosen.capture:
        for payload, frames in GENERATED:
            data = make_capture(payload, max(1, int(frames * chosen.scale)))
            agreed &= show(f"payload {payload:,} B", data, readers, chosen.repeats)
    print("\nx hand, x Kaitai: how many times as fast as these two; more is better.")
    return 0 if agreed else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # `| head` has seen enough; nothing more may be written, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
