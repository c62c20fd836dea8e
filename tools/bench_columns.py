"""How fast SGF1 frames with TLV payloads become a table, beside Kaitai's Python target building a list of dicts.

    python tools/bench_columns.py [--frames N] [--payload BYTES] [--repeats N] [--json FILE]

One run, one process; the rounds of all are interleaved, and the figures are medians, of the processor's time and of the
clock's.  All get the same bytes in memory.  Kaitai's parser (of the official compiler, from npm) reads each frame and
its payload, verifies the CRC by zlib, and makes a dict of each frame with its elements flattened to dicts; sigflow
gives an Arrow table by `Recording.to_arrow()`.  Both must say the same.

The table is also timed without the scan, from frames that were found; with a few of the fields, and with none, which is
what counting frames takes; by two threads; by NumPy alone, which gathered fields before kernels did; and of frames that
are parsed (a tenth of them), which is the way that always goes.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import statistics
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest import mock

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import oracle
from tools.figures import Figures

FORMATS = Path(__file__).resolve().parent.parent / "formats"
COVERED = 22  # header bytes before the checksum
Row = dict[str, Any]


def payload_of(number: int, size: int) -> bytes:
    """A TLV list of `size` bytes at least: some plain elements, then a constructed one that holds two."""
    leaf = struct.pack(">HHQ", 2, 8, number)
    inner = leaf + struct.pack(">HH", 3, 4) + b"abcd"
    last = struct.pack(">HH", 0x8001, len(inner)) + inner
    plain = struct.pack(">HH", 1, 8) + b"readings"
    return plain * -(-max(size - len(last), 0) // len(plain)) + last


def make_capture(frames: int, size: int) -> bytes:
    """Whole frames of one stream."""
    parts = []
    for number in range(frames):
        content = payload_of(number, size)
        head = struct.pack(">4sBBIQI", b"SGF1", 1, 1, 7, number, len(content))
        parts += [head, struct.pack(">I", zlib.crc32(content, zlib.crc32(head))), content]
    return b"".join(parts)


# ---------------------------------------------------------------- the two


def official(*names: str) -> list[Any]:
    """Modules of the bundled specs, made by the official compiler."""
    with tempfile.TemporaryDirectory() as folder:
        values = []
        for name in names:
            (file,) = oracle.compile_python(FORMATS / f"{name}.ksy", folder)
            spec = importlib.util.spec_from_file_location(f"official_{name}", file)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            values.append(module)
    return values


def kaitai_dicts() -> Callable[[bytes], list[Row]]:
    """A careful user's loop around Kaitai's parser."""
    from io import BytesIO

    from kaitaistruct import KaitaiStream

    sgf1, tlv = official("sgf1", "tlv")
    crc32 = zlib.crc32

    def flatten(elements: list[Any], depth: int, rows: list[Row]) -> list[Row]:
        for element in elements:
            nested = element.tag & 0x8000
            value = None if nested else element.value
            rows.append({"depth": depth, "tag": element.tag, "length": element.length, "value": value})
            if nested:
                flatten(element.value.elements, depth + 1, rows)
        return rows

    def read(data: bytes) -> list[Row]:
        stream = KaitaiStream(BytesIO(data))
        rows, at, end = [], 0, len(data)
        while at < end:
            frame = sgf1.Sgf1(stream)
            if crc32(frame.payload, crc32(data[at : at + COVERED])) != frame.checksum:
                raise SystemExit(f"a wrong checksum at offset {at}")
            length = 26 + frame.payload_length
            rows.append(
                {
                    "_offset": at,
                    "_length": length,
                    "_format": "sgf1",
                    "_index": len(rows),
                    "magic": frame.magic,
                    "version": frame.version,
                    "flags": {
                        "reserved": frame.flags.reserved,
                        "compressed": frame.flags.compressed,
                        "encoding": frame.flags.encoding.name,
                    },
                    "stream_id": frame.stream_id,
                    "sequence": frame.sequence,
                    "payload_length": frame.payload_length,
                    "checksum": frame.checksum,
                    "payload": frame.payload,
                    "payload_zlib": None,
                    "payload_tlv": flatten(tlv.Tlv.from_bytes(frame.payload).elements, 0, []),
                }
            )
            at += length
        return rows

    return read


def sigflow_arrow(workers: int = 1, fields: tuple[str, ...] | None = None) -> Callable[[bytes], Any]:
    import sigflow

    sgf1 = sigflow.load("sgf1")

    def read(data: bytes) -> Any:
        with sigflow.open(data, sgf1, engine="native", workers=workers) as recording:
            return recording.to_arrow(fields=fields)

    return read


def by_numpy() -> Callable[[bytes], Any]:
    """Fields gathered as they were before there were kernels for them."""
    read = sigflow_arrow()

    def slowly(data: bytes) -> Any:
        with mock.patch("sigflow.columns.kernels.worth", lambda objects: None):
            return read(data)

    return slowly


def parsed() -> Callable[[bytes], Any]:
    """Every frame parsed."""
    import pyarrow

    import sigflow
    from sigflow.columns.options import Options
    from sigflow.columns.table import Table

    sgf1 = sigflow.load("sgf1")

    def read(data: bytes) -> Any:
        with sigflow.open(data, sgf1, engine="native") as recording:
            run = recording.run()
            table = Table(run.formats, Options(objects=True))
            batches = [part for frames in run.frames() for part in table.batches(frames)]
        return pyarrow.Table.from_batches(batches, table.schema)

    return read


def from_frames(data: bytes) -> Callable[[bytes], Any]:
    """The columns alone: the frames are found before."""
    import pyarrow

    import sigflow
    from sigflow.columns.table import Table

    with sigflow.open(data, "sgf1") as recording:
        run = recording.run()
        batches = list(run.frames())

    def read(_data: bytes) -> Any:
        table = Table(run.formats)
        return pyarrow.Table.from_batches([part for frames in batches for part in table.batches(frames)])

    return read


# ---------------------------------------------------------------- measuring

KAITAI, ARROW, COLUMNS = "Kaitai, list of dicts", "all fields", "all fields, columns alone"
PARSED = "all fields, frames parsed"


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--frames", type=int, default=100_000, help="frames of the capture (default 100,000)")
    options.add_argument("--payload", type=int, default=64, help="bytes of each payload (default 64)")
    options.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    data = make_capture(chosen.frames, chosen.payload)
    # Kaitai takes its time: it reads a tenth of the frames, and what counts is the time per frame.
    few = max(chosen.frames // 10, 1)
    size = len(data) // chosen.frames
    part = data[: few * size]
    readers: dict[str, tuple[Callable[[bytes], Any], bytes, int]] = {
        ARROW: (sigflow_arrow(), data, chosen.frames),
        "all fields, two threads": (sigflow_arrow(2), data, chosen.frames),
        "all fields, by NumPy": (by_numpy(), data, chosen.frames),
        PARSED: (parsed(), part, few),
        COLUMNS: (from_frames(data), data, chosen.frames),
        "two fields": (sigflow_arrow(fields=("stream_id", "sequence")), data, chosen.frames),
        "no field: count(*)": (sigflow_arrow(fields=()), data, chosen.frames),
    }
    right = readers[ARROW][0](part)
    if not all(readers[name][0](part).equals(right) for name in list(readers)[:4]):
        print("not all say the same", file=sys.stderr)
        return 1
    if oracle.why_absent():
        print(f"left out: {KAITAI}: {oracle.why_absent()}")
    else:
        readers[KAITAI] = (kaitai_dicts(), part, few)
        if readers[KAITAI][0](part) != right.to_pylist():
            print("the two do not say the same", file=sys.stderr)
            return 1
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
    for read, source, _ in readers.values():
        read(source)  # compiles, fills caches
    for _ in range(chosen.repeats):
        for name, (read, source, frames) in readers.items():
            gc.collect()
            begin, start = process_time(), perf_counter()
            read(source)
            spent[name].append(((process_time() - begin) / frames, (perf_counter() - start) / frames))
    medians = {
        name: tuple(statistics.median(times) for times in zip(*both, strict=True)) for name, both in spent.items()
    }
    slow = medians[KAITAI][0] if KAITAI in medians else None
    figures = Figures("columns", "python tools/bench_columns.py")
    figures.table(
        f"{chosen.frames:,} SGF1 frames of {size} bytes, median of {chosen.repeats}",
        ("", "us/frame", "MB/s of the processor", "MB/s by the clock", "x all fields, by the clock", "x Kaitai"),
        [
            (
                name,
                took * 1e6,
                size / took / 1e6,
                size / clock / 1e6,
                medians[ARROW][1] / clock,
                slow / took if slow is not None else None,
            )
            for name, (took, clock) in medians.items()
        ],
    )
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
