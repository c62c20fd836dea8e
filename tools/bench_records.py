"""What the values of records cost beside Kaitai's Python target: untouched, with two fields read, with every field.

    python tools/bench_records.py                  SGF1 with payloads of 64 B

Both get the same bytes in memory and verify the checksum of every frame, sigflow by its native engine, for Kaitai zlib
does, as in `bench_parser`.  Every field: all of the frame and of the object in it, the payload and the bit fields of
the flags too, each looked up by its name, for that is when sigflow reads what it reads late.  Before the clock runs,
the two are held against each other, field by field.  The rounds are short and interleaved, so that a slow minute of
the machine hits both; what counts is the ratio of their process times.
"""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.bench_parser import COVERED, HEADER, Absent, kaitai_class, make_capture
from tools.figures import Figures

PAYLOAD = 64
#: Frames of a capture: enough for the native engine, which is the default from 2 MiB on; what they take to be found is
#: the same for each.
FRAMES = 50_000


def sigflow_records(data: bytes) -> Iterable[Any]:
    """The records of a capture."""
    import sigflow

    return sigflow.open(data, sigflow.load("sgf1"), engine="native")


def kaitai_frames(parser: Any, data: bytes) -> Iterator[Any]:
    """Kaitai's objects, their checksums verified."""
    import kaitaistruct

    crc32 = zlib.crc32
    stream = kaitaistruct.KaitaiStream(io.BytesIO(data))
    at, end = 0, len(data)
    while at < end:
        frame = parser(stream)
        if crc32(frame.payload, crc32(data[at : at + COVERED])) != frame.checksum:
            raise ValueError(f"a wrong checksum at offset {at}")
        yield frame
        at += HEADER.size + frame.payload_length


# ---------------------------------------------------------------- what is read of each


def untouched(frames: Iterable[Any]) -> None:
    """Nothing."""
    for _ in frames:
        pass


def two_fields(frames: Iterable[Any]) -> None:
    """The sequence, and how long the payload is."""
    for frame in frames:
        _ = frame.sequence, frame.payload_length


def two_fields_of_values(records: Iterable[Any]) -> None:
    """The same of records."""
    for record in records:
        value = record.value
        _ = value.sequence, value.payload_length


def every_field(frames: Iterable[Any]) -> None:
    """All fields, those of the flags too."""
    for frame in frames:
        flags = frame.flags
        _ = (
            frame.magic, frame.version, flags.reserved, flags.compressed, flags.encoding, frame.stream_id,
            frame.sequence, frame.payload_length, frame.checksum, frame.payload,
        )  # fmt: skip


def every_field_of_values(records: Iterable[Any]) -> None:
    """The same of records."""
    for record in records:
        value = record.value
        flags = value.flags
        _ = (
            value.magic, value.version, flags.reserved, flags.compressed, flags.encoding, value.stream_id,
            value.sequence, value.payload_length, value.checksum, value.payload,
        )  # fmt: skip


#: How it is read by sigflow and by Kaitai.
WAYS: dict[str, tuple[Callable[[Iterable[Any]], None], Callable[[Iterable[Any]], None]]] = {
    "untouched": (untouched, untouched),
    "two fields read": (two_fields_of_values, two_fields),
    "every field read": (every_field_of_values, every_field),
}


def same(parser: Any, data: bytes) -> bool:
    """Whether both give the same values for every field, and as many frames."""
    names = ("magic", "version", "stream_id", "sequence", "payload_length", "checksum", "payload")
    bits = ("reserved", "compressed", "encoding")

    def fields(value: Any) -> list[Any]:
        values = [getattr(value, name) for name in names] + [getattr(value.flags, name) for name in bits]
        return [getattr(member, "value", member) for member in values]  # an enum's number

    ours = [fields(record.value) for record in sigflow_records(data)]
    return ours == [fields(frame) for frame in kaitai_frames(parser, data)]


def measure(parser: Any, data: bytes, rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds of sigflow and of Kaitai, by what is read."""
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in WAYS}
    for _ in range(rounds):
        for name, tasks in WAYS.items():
            for way, kept, frames in zip(
                tasks, times[name], (sigflow_records(data), kaitai_frames(parser, data)), strict=True
            ):
                gc.collect()
                start = process_time()
                way(frames)
                kept.append(process_time() - start)
    return {name: (statistics.median(ours), statistics.median(theirs)) for name, (ours, theirs) in times.items()}


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default 7)")
    options.add_argument("--frames", type=int, default=FRAMES, help=f"frames of the capture (default {FRAMES})")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    if chosen.rounds < 1 or chosen.frames < 1:
        options.error("--rounds and --frames must be at least 1")
    try:
        parser = kaitai_class()
    except Absent as reason:
        print(f"nothing to compare with: {reason}", file=sys.stderr)
        return 1
    data = make_capture(PAYLOAD, chosen.frames)
    if not same(parser, data):
        print("the two do not read the same", file=sys.stderr)
        return 1
    figures = Figures("records", "python tools/bench_records.py")
    rows = [
        (name, ours / chosen.frames * 1e6, theirs / chosen.frames * 1e6, theirs / ours)
        for name, (ours, theirs) in measure(parser, data, chosen.rounds).items()
    ]
    figures.table(
        f"{chosen.frames:,} frames with a payload of {PAYLOAD} B, median of {chosen.rounds}",
        ("microseconds of the processor a frame", "sigflow", "Kaitai, Python", "times as fast"),
        rows,
    )
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
