"""How fast frames are built: one by one, of columns, and of another format; one run, ratios.

    python tools/bench_build.py [--frames N] [--mib N] [--repeats N]

Frames of SGF1 with 64 bytes of payload are built of mappings and of generated objects, beside a compiled schema of
construct, which computes no checksum; and of an Arrow table, as are frames of the other formats with a header and one
payload, beside a copy of the same bytes (`memcpy`).  A capture of SGF_LEGACY is converted to SGF1, beside `cp` and
`sigflow validate` of the same file; all of that by the clock on the wall and on a warm file, so it depends on the disk.

Medians over the repeats, which take turns.  What runs in this process is timed by the processor's time, which says
more than the clock where others share the machine; ratios say most.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import construct
import numpy as np
import pyarrow as pa

import sigflow

ROOT = Path(__file__).resolve().parent.parent
PAYLOAD = 64
#: A command, which says at its end how much memory it took at most, in KiB.
COMMAND = """\
import sys
from sigflow.cli import main
code = main(sys.argv[1:])
try:
    with open("/proc/self/status") as file:
        print(next(line.split()[1] for line in file if line.startswith("VmHWM")))
except (OSError, StopIteration):
    print(0)
sys.exit(code)
"""
#: Frames that are built one by one.
SINGLE = 20_000
#: A header of bit fields, nested types, an enum and signed numbers.
MIXED = """\
meta: {id: mixed, endian: be}
-sigflow-stream:
  sync: MX
  checksum: {field: crc, algorithm: CRC-16/XMODEM, over: kind..body}
seq:
  - {id: mark, contents: MX}
  - {id: kind, type: u1, enum: kinds}
  - {id: head, type: inner}
  - {id: level, type: s2}
  - {id: len_body, type: u2}
  - {id: body, size: len_body}
  - {id: crc, type: u2}
types:
  inner: {seq: [{id: a, type: b3}, {id: b, type: b1}, {id: c, type: b12}, {id: d, type: u4le}]}
enums: {kinds: {0: none, 1: one, 2: two}}
"""


def medians(
    works: Mapping[str, Callable[[], object]], repeats: int, clock: Callable[[], float] = process_time
) -> dict[str, float]:
    """Seconds of each, at the median; all take turns, and run once before."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            begun = clock()
            work()
            if turn:
                times[name].append(clock() - begun)
    return {name: statistics.median(values) for name, values in times.items()}


def schema() -> Any:
    """SGF1 as a schema of construct, compiled; its checksum is given."""
    byte, short, long = construct.Int8ub, construct.Int32ub, construct.Int64ub
    return construct.Struct(
        "magic" / construct.Const(b"SGF1"), "version" / byte, "flags" / byte, "stream_id" / short, "sequence" / long,
        "payload_length" / short, "checksum" / short, "payload" / construct.Bytes(construct.this.payload_length),
    ).compile()  # fmt: skip


def by_object(repeats: int) -> dict[str, float]:
    """Frames one by one; gives seconds."""
    format, payload = sigflow.load("sgf1"), bytes(PAYLOAD)
    flags = {"reserved": 0, "compressed": False, "encoding": 0}
    values = [
        {"version": 1, "flags": flags, "stream_id": 7, "sequence": number, "payload": payload}
        for number in range(SINGLE)
    ]
    objects = [format.parse(format.build(value)) for value in values]
    for unit in objects:
        assert unit.flags and unit.payload is not None  # (they are read when asked for)
    compiled = schema()
    plain = [
        {"version": 1, "flags": 0, "stream_id": 7, "sequence": number, "payload_length": PAYLOAD, "checksum": 1,
         "payload": payload}
        for number in range(SINGLE)
    ]  # fmt: skip

    def all_of(build: Callable[[Any], object], items: list[Any]) -> Callable[[], object]:
        def run() -> None:
            for item in items:
                build(item)

        return run

    times = medians(
        {
            "construct, compiled": all_of(compiled.build, plain),
            "of mappings": all_of(format.build, list(values)),
            "of objects": all_of(format.build, objects),
        },
        repeats,
    )
    print(f"SGF1 one by one, {PAYLOAD} bytes of payload")
    for name, seconds in times.items():
        ratio = times["construct, compiled"] / seconds
        print(f"  {name:22} {SINGLE / seconds / 1e3:8.0f} thousand frames/s  {ratio:5.2f} x construct")
    return times


def tables(count: int) -> dict[str, tuple[Any, pa.Table]]:
    """A format and a table of frames for each layout."""
    rng = np.random.default_rng(1)
    offsets = (np.arange(count + 1) * PAYLOAD).astype(np.int32)
    data = rng.integers(0, 256, count * PAYLOAD).astype(np.uint8)
    payload = pa.BinaryArray.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), ["opaque", "tlv"])
    flags = pa.StructArray.from_arrays(
        [pa.array(np.zeros(count, np.uint8)), pa.array(np.zeros(count, bool)), names],
        names=["reserved", "compressed", "encoding"],
    )
    numbers = np.arange(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixed.ksy"
        path.write_text(MIXED, encoding="utf-8")
        mixed = sigflow.compile(path)
    return {
        "sgf1": (
            sigflow.load("sgf1"),
            pa.table({"version": np.ones(count, np.uint8), "flags": flags, "stream_id": np.full(count, 7, np.uint32),
                      "sequence": numbers.astype(np.uint64), "payload": payload}),
        ),
        "sgf_legacy": (
            sigflow.load("sgf_legacy"),
            pa.table({"stream_id": (numbers % 8).astype(np.uint16), "payload": payload}),
        ),
        "ubx": (
            sigflow.load("ubx"),
            pa.table({"msg_class": (numbers % 200).astype(np.uint8), "msg_id": np.full(count, 7, np.uint8),
                      "payload": payload}),
        ),
        "ccsds_space_packet": (
            sigflow.load("ccsds_space_packet"),
            pa.table({"packet_type": np.zeros(count, np.uint8), "has_secondary_header": np.zeros(count, bool),
                      "apid": (numbers % 2047).astype(np.uint16), "sequence_flags": np.full(count, 3, np.uint8),
                      "sequence_count": (numbers % 16384).astype(np.uint16), "data": payload}),
        ),
        "bits, nested, enum": (
            mixed,
            pa.table({"kind": pa.DictionaryArray.from_arrays(pa.array((numbers % 3).astype(np.int32)),
                                                             ["none", "one", "two"]),
                      "head.a": (numbers % 8).astype(np.uint8), "head.b": (numbers % 2).astype(np.uint8),
                      "head.c": (numbers % 4096).astype(np.uint16), "head.d": numbers.astype(np.uint32),
                      "level": (numbers % 100 - 50).astype(np.int16), "body": payload}),
        ),
    }  # fmt: skip


def of_columns(count: int, repeats: int) -> dict[str, float]:
    """Frames of tables, beside a copy of as many bytes, in pieces that are as large; gives frames per second."""
    rates = {}
    print(f"\nof columns, {count} frames with {PAYLOAD} bytes of payload, in pieces that are let go")
    for name, (format, table) in tables(count).items():
        size = max(len(piece) for piece in format.build_many(table))
        total = sum(len(piece) for piece in format.build_many(table))
        source, goal = np.ones(size, np.uint8), np.ones(size, np.uint8)

        def copied(source: Any = source, goal: Any = goal, times: int = total // size) -> None:
            for _ in range(times):
                goal[:] = source

        def built(format: Any = format, table: Any = table) -> None:
            for _ in format.build_many(table):
                pass

        times = medians({"memcpy": copied, "build_many": built}, repeats)
        rate = rates[name] = count / times["build_many"]
        ratio = times["build_many"] / max(times["memcpy"], 1e-9)
        print(f"  {name:22} {rate / 1e6:6.1f} million frames/s  {ratio:5.1f} x the time of memcpy")
    return rates


def converted(mib: int, repeats: int) -> dict[str, float]:
    """A capture of the older format as one of the newer; gives seconds."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "generated"), str(ROOT)])}

    def command(*arguments: str) -> float:
        run = [sys.executable, "-c", COMMAND, *arguments, "--quiet"]
        done = subprocess.run(run, env=environment, stdout=subprocess.PIPE, check=False)
        assert done.returncode == 0, run
        return int(done.stdout.splitlines()[-1]) / 1024

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, goal, copy = (str(folder / part) for part in ("old.sgf", "new.sgf", "copy.sgf"))
        write_legacy(Path(source), mib << 20)
        size = os.path.getsize(source)

        def compared() -> None:
            shutil.copyfile(source, copy)
            command("validate", source, "-s", "sgf_legacy")

        memory = 0.0

        def work() -> None:
            nonlocal memory
            memory = max(memory, command("convert", source, "--from", "sgf_legacy", "--to", "sgf1", "-o", goal))

        times = medians({"cp and validate": compared, "convert": work}, repeats, perf_counter)
        print(f"\nSGF_LEGACY to SGF1, {size >> 20} MiB")
        for what, seconds in times.items():
            ratio = times["cp and validate"] / seconds
            print(f"  {what:22} {size / seconds / 1e6:8.0f} MB/s  {ratio:5.2f} x cp and validate")
        print(f"  memory of `convert`: {memory:.0f} MiB")
    return times


def write_legacy(path: Path, size: int) -> None:
    """A capture of the older format of about so many bytes."""
    format, rng = sigflow.load("sgf_legacy"), np.random.default_rng(2)
    data = rng.integers(0, 256, 1 << 24).astype(np.uint8)
    with path.open("wb") as file:
        while file.tell() < size:
            offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 1000, 20_000))]).astype(np.int32)
            buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
            streams = rng.integers(0, 8, 20_000).astype(np.uint16)
            payload = pa.BinaryArray.from_buffers(pa.binary(), 20_000, buffers)
            for piece in format.build_many({"stream_id": streams, "payload": payload}):
                file.write(piece)


def main(arguments: list[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args(arguments)
    by_object(chosen.repeats)
    of_columns(chosen.frames, chosen.repeats)
    if chosen.mib:
        converted(chosen.mib, min(chosen.repeats, 3))


if __name__ == "__main__":
    main()
