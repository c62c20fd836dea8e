"""What a live stream costs: counting events, records, batches, and how late an event comes.

    python tools/bench_live.py [--frames N] [--repeats N] [--seconds N] [--json FILE]

SGF1 frames of 90 bytes, fed in chunks to a decoder that scans natively, and in the same run, round by round, to one
with the Python engine, which is what a live stream was scanned by before.  Times are those of the processor, figures
medians.  The Python engine gets a part of the stream, but all of it where the records are kept: there the garbage
collector has the more to do the more there are.  The old way of counting is to iterate.

The latency is that of a stream that comes at a fixed rate, one frame to a chunk or as many as came meanwhile: from the
moment at which the last byte of a frame was due to that at which its record is taken, the garbage collector included.
By the clock the machine's other load is in it; `own` is that of a machine that does nothing else: its clock goes on
with the time of the processor, and jumps to the next frame where there is nothing to do.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from tools.bench_parser import make_capture
from tools.figures import Cell, Figures

PAYLOAD = 64
SIZE = PAYLOAD + 26
CHUNKS = (65_536, 4096, 256)
#: The Python engine gets one part in so many.
SHARE = 8
FIELDS = ["sequence", "payload_length"]
#: Frames a second.
RATES = (10_000, 100_000)


# ---------------------------------------------------------------- what is done with the events of a chunk


def iterate(decoder: Any, kept: list[Any]) -> None:
    for _ in decoder.events():
        pass


def count(decoder: Any, kept: list[Any]) -> None:
    decoder.count()


def two_fields(decoder: Any, kept: list[Any]) -> None:
    for record in decoder.events():
        value = record.value
        _ = value.sequence, value.payload_length


def every_field(decoder: Any, kept: list[Any]) -> None:
    for record in decoder.events():
        value = record.value
        flags = value.flags
        _ = (
            value.magic, value.version, flags.reserved, flags.compressed, flags.encoding, value.stream_id,
            value.sequence, value.payload_length, value.checksum, value.payload,
        )  # fmt: skip


def keep(decoder: Any, kept: list[Any]) -> None:
    kept += decoder.events()


def batches(decoder: Any, kept: list[Any]) -> None:
    for _ in decoder.batches(FIELDS):
        pass


Taking = Callable[[Any, list[Any]], None]
#: By name: how it is done now, and how it was done.
WAYS: dict[str, tuple[Taking, Taking]] = {
    "counting": (count, iterate),
    "records, untouched": (iterate, iterate),
    "records, two fields": (two_fields, two_fields),
    "records, every field": (every_field, every_field),
    "records, kept in a list": (keep, keep),
    "batches of two columns": (batches, two_fields),
}


def spent(format: Any, data: memoryview, chunk: int, take: Taking, engine: str) -> float:
    """Seconds of the processor for the stream."""
    decoder = format.decoder(engine=engine)
    kept: list[Any] = []
    gc.collect()
    start = process_time()
    for at in range(0, len(data), chunk):
        decoder.feed(data[at : at + chunk])
        take(decoder, kept)
    decoder.feed_eof()
    take(decoder, kept)
    taken = process_time() - start
    statistics_ = decoder.statistics
    assert (statistics_.frame_bytes, statistics_.pending_bytes) == (len(data), 0)
    return taken


def throughput(format: Any, frames: int, repeats: int) -> list[tuple[Cell, ...]]:
    data = memoryview(make_capture(PAYLOAD, frames))
    few = frames // SHARE * SIZE
    rows: list[tuple[Cell, ...]] = []
    for chunk in CHUNKS:
        for name, (now, before) in WAYS.items():
            old, new = [], []
            part = data if now is keep else data[:few]
            for _ in range(repeats):
                old.append(spent(format, part, chunk, before, "python") * len(data) / len(part))
                new.append(spent(format, data, chunk, now, "native"))
            took, took_before = statistics.median(new), statistics.median(old)
            ratio = statistics.median(b / a for a, b in zip(new, old, strict=True))
            speed = len(data) / took / 1e6, frames / took / 1e6
            rows.append((f"{name}, {chunk:,} B", took / frames * 1e9, took_before / frames * 1e9, *speed, ratio))
            print(f"{rows[-1][0]}: {ratio:.2f} times as fast", flush=True)
    return rows


# ---------------------------------------------------------------- latency


class Clock:
    """The time of day, for which one has to wait."""

    now = staticmethod(perf_counter)

    def wait(self, until: float) -> None:
        """Until the next frame, or a little longer."""
        sleep(0.0002)


class OwnClock:
    """The time of the processor, and what was waited for."""

    def __init__(self) -> None:
        self._waited = -process_time()

    def now(self) -> float:
        return process_time() + self._waited

    def wait(self, until: float) -> None:
        """Until the next frame."""
        self._waited += max(0.0, until - self.now())


CLOCKS: dict[str, Callable[[], Clock | OwnClock]] = {
    "by the clock": Clock,
    "by the time of the processor and what was waited for": OwnClock,
}


def latency(format: Any, rate: int, seconds: float, engine: str, clock: Clock | OwnClock) -> list[float]:
    """How late the events of a stream at this rate are, in milliseconds: median, 99 %, most."""
    frames = int(rate * seconds)
    data = make_capture(PAYLOAD, frames)
    decoder = format.decoder(engine=engine)
    late: list[float] = []
    fed = 0
    gc.collect()
    now = clock.now
    begin = now() + 0.01
    while fed < frames:
        due = min(int((now() - begin) * rate), frames)
        if due <= fed:
            clock.wait(begin + (fed + 1) / rate)
            continue
        decoder.feed(data[fed * SIZE : due * SIZE])
        fed = due
        for record in decoder.events():
            late.append(now() - begin - (record.index + 1) / rate)
    late.sort()
    assert len(late) == frames
    return [late[int(len(late) * part / 100)] * 1e3 for part in (50, 99)] + [late[-1] * 1e3]


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--frames", type=int, default=200_000, help="frames of the stream (default 200,000)")
    options.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    options.add_argument("--seconds", type=float, default=3, help="of the stream whose latency is told (default 3)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    format = sigflow.load("sgf1")
    spent(format, memoryview(make_capture(PAYLOAD, 100)), 4096, count, "native")  # compiled, or loaded
    figures = Figures("live", "python tools/bench_live.py")
    figures.table(
        f"{chosen.frames:,} frames of {SIZE} bytes, by size of the chunks, median of {chosen.repeats}; processor time",
        ("", "ns/frame", "before", "MB/s", "million/s", "times as fast"),
        throughput(format, chosen.frames, chosen.repeats),
    )
    figures.table(
        f"From the last byte of a frame to its record, over {chosen.seconds:g} s; milliseconds",
        ("frames a second", "median", "99 %", "most"),
        [
            (f"{rate:,}, {engine}, {name}", *latency(format, rate, chosen.seconds, engine, clock()))
            for rate in RATES
            for engine in ("native", "python")
            for name, clock in CLOCKS.items()
        ],
    )
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
