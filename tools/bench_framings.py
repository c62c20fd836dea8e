"""How fast framed units are validated, beside the libraries that people use: one run, one process, one core, ratios.

    python tools/bench_framings.py [--mib 32] [--rounds 5]

SLIP, HDLC and COBS with a CRC-32 on units of 64 B, 256 B and 1 KiB of random bytes, and transport packets of 188 bytes
that a sync byte and a chain confirm, as in MPEG-TS.  What is timed is `Recording.validate()` over bytes in memory, by
the native engine: every unit found, unstuffed, measured and checked, and the verdict made.  Beside it `sliplib` and
`cobs` take the same units off the same bytes, and `zlib` checks them; they read a share of the bytes, and must agree on
the number of units.  A library that is not installed is named and left out (`pip install sliplib cobs`).

Times are of the processor, so that other processes on the machine count little; the figure is the median of the rounds.
"""

from __future__ import annotations

import argparse
import importlib
import random
import statistics
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sigflow import catalog  # noqa: E402
from sigflow.recording import Recording  # noqa: E402
from sigflow.runtime.envelope import Envelope, Framing  # noqa: E402
from sigflow.storage.memory import MemoryStorage  # noqa: E402
from sigflow.stream.format import Format  # noqa: E402
from tools.figures import Cell, Figures  # noqa: E402

#: Bytes of the data of a unit.
SIZES = (64, 256, 1024)
#: A library reads one byte of so many.
SHARE = 8
FRAMINGS = {
    "slip": "{delimiter: 0xc0, stuffing: slip}",
    "hdlc": "{delimiter: 0x7e, stuffing: hdlc}",
    "cobs": "{delimiter: 0, stuffing: cobs}",
}
FRAMED = """meta: {{id: {name}, endian: le}}
-sigflow-stream:
  framing: {framing}
  checksum: {{field: crc, algorithm: CRC-32/ISO-HDLC, over: kind..data}}
  max-frame: 4096
seq:
  - {{id: kind, type: u1}}
  - {{id: data, size: _io.size - 5}}
  - {{id: crc, type: u4}}
"""
PACKETS = """meta: {id: packets, endian: be}
-sigflow-stream: {confirm: {chain: 8}, max-frame: 188}
seq:
  - {id: sync, contents: [0x47]}
  - {id: pid, type: u2}
  - {id: flags, type: u1}
  - {id: data, size: 184}
"""

#: Takes the units off some bytes and checks them: gives how many are good.
Reader = Callable[[bytes], int]


def loaded(name: str, text: str) -> Format:
    """The format of a spec."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / f"{name}.ksy"
        spec.write_text(text, encoding="utf-8")
        return catalog.load(str(spec))


def stream(format: Format, size: int, total: int) -> bytes:
    """Good frames of a framed format, with about so much data each, of about so many bytes in all."""
    assert isinstance(format.envelope, Envelope)
    framing = format.envelope.search.framing
    assert isinstance(framing, Framing) and framing.stuffing is not None
    rng, frames = random.Random(size), []
    for number in range(256):
        unit = bytes((number & 3,)) + rng.randbytes(size)
        unit += zlib.crc32(unit).to_bytes(4, "little")
        frames.append(framing.stuffing.stuff(unit, framing.delimiter) + framing.delimiter)
    some = b"".join(frames)
    return some * max(1, total // len(some))


def packets(total: int) -> bytes:
    """Packets of 188 bytes."""
    rng = random.Random(188)
    some = b"".join(b"\x47" + rng.randbytes(187) for _ in range(1024))
    return some * max(1, total // len(some))


def good(units: Iterator[Any]) -> int:
    """How many of these units have a checksum that holds."""
    return sum(len(unit) > 4 and zlib.crc32(unit[:-4]) == int.from_bytes(unit[-4:], "little") for unit in units if unit)


def by_sliplib() -> Reader:
    """Units of SLIP, each decoded by `sliplib.decode`."""
    sliplib = importlib.import_module("sliplib")
    return lambda data: good(sliplib.decode(part) for part in data.split(sliplib.END) if part)


def by_cobs() -> Reader:
    """Units of COBS, decoded by the C extension of `cobs`."""
    cobs = importlib.import_module("cobs.cobs")
    return lambda data: good(cobs.decode(part) for part in data.split(b"\0") if part)


LIBRARIES: dict[str, tuple[str, Callable[[], Reader]]] = {
    "slip": ("sliplib", by_sliplib),
    "cobs": ("cobs", by_cobs),
}


def timed(task: Callable[[], object]) -> float:
    """Seconds of the processor."""
    began = process_time()
    task()
    return process_time() - began


def validate(format: Format, data: bytes) -> int:
    """The frames of a sound stream."""
    with Recording(MemoryStorage(data), [format], engine="native") as recording:
        report = recording.validate()
    assert report.sound, report.gaps_total
    return report.frames


def main() -> int:
    """One line for each stream."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mib", type=int, default=32, help="of each stream")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    arguments = parser.parse_args()
    total, rounds = arguments.mib << 20, arguments.rounds
    readers: dict[str, Reader] = {}
    for name, (library, make) in LIBRARIES.items():
        try:
            readers[name] = make()
        except ImportError:
            print(f"{library} is not installed: {name} stands alone")
    figures = Figures("framings", "python tools/bench_framings.py")
    rows: list[tuple[Cell, ...]] = []
    for name, framing in FRAMINGS.items():
        format = loaded(name, FRAMED.format(name=name, framing=framing))
        for size in SIZES:
            row = measured(name, format, stream(format, size, total), rounds, readers.get(name))
            rows.append((f"{name}, units of {size} B", *row))
    rows.append(("packets of 188 B", *measured("packets", loaded("packets", PACKETS), packets(total), rounds, None)))
    figures.table(
        f"Framed units: streams of {arguments.mib} MiB, median of {rounds}, by time of the processor",
        ("MB/s", "sigflow", "a library and zlib", "takes times as long"),
        rows,
    )
    figures.keep(arguments.json)
    return 0


def measured(
    name: str, format: Format, data: bytes, rounds: int, reader: Reader | None
) -> tuple[float, float | None, float | None]:
    """How fast a stream was validated, and decoded by the library, in MB/s; and their ratio."""
    validate(format, data)  # compiled, or loaded
    own, others = list[float](), list[float]()
    part = data[: data.rindex(_delimiter(format), 0, len(data) // SHARE) + 1] if reader is not None else b""
    expected = validate(format, part) if reader is not None else 0
    for _ in range(rounds):
        own.append(timed(lambda: validate(format, data)) / len(data))
        if reader is not None:
            began = process_time()
            units = reader(part)
            others.append((process_time() - began) / len(part))
            assert units == expected, (name, units, expected)
    mine = statistics.median(own)
    if not others:
        return 1e-6 / mine, None, None
    theirs = statistics.median(others)
    return 1e-6 / mine, 1e-6 / theirs, theirs / mine


def _delimiter(format: Format) -> bytes:
    assert format.envelope is not None and format.envelope.search.framing is not None
    return format.envelope.search.framing.delimiter


if __name__ == "__main__":
    sys.exit(main())
