"""How fast calibrated columns are beside the raw ones, and whether they are what NumPy makes of the raw ones by hand.

    python tools/bench_physical.py [--frames N] [--repeats N] [--json FILE]

One run, one process; the rounds of both are interleaved, and the figures are medians of the processor's time.  Both
read the same bytes from memory, as `Recording.batches` does: once without rules, once with a sigflow.yaml that has a
polynomial and a table for all frames, rules for single devices, and two of which each holds for a time.  Before that
every physical value is compared with what NumPy gives for the same raw numbers, bit for bit.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from time import process_time
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

import sigflow
from sigflow.columns.table import TIME, Table
from sigflow.recording import tables
from tools.figures import Figures

SPEC = """
meta: {id: probe, endian: le}
-sigflow-stream:
  max-frame: 64
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..status}
  time: {field: seconds, unit: s, epoch: "2026-01-01"}
seq:
  - {id: magic, contents: [0xAB, 0xCD]}
  - {id: device, type: u2}
  - {id: seconds, type: u4}
  - {id: temperature, type: u2}
  - {id: level, type: u2}
  - {id: voltage, type: s2}
  - {id: current, type: s4}
  - {id: status, type: u2}
  - {id: crc, type: u4}
"""
#: The polynomial, the table, the scales of devices, and when which of two offsets holds, in seconds.
POLY = [-40.0, 0.0625, 1e-7]
TABLE = [[0, 0.0], [512, 1.25], [1023, 5.0], [60000, 90.5]]
SCALES = {0: 0.001, 1: 0.00101, 2: 0.00099, 3: 0.00125}
CHANGED = 500_000
CHANGED_TEXT = "2026-01-06T18:53:20"
CONFIG = (
    f"""
metadata:
  - when: {{format: probe}}
    set: {{site: roof}}
    calibrate:
      temperature: {{poly: {POLY}, unit: degC}}
      level: {{table: {TABLE}, unit: m}}
"""
    + "".join(
        f"""
  - when: {{format: probe, where: "device == {device}"}}
    version: device-{device}
    set: {{device: "probe {device}"}}
    calibrate: {{voltage: {{scale: {scale}, unit: V}}}}
"""
        for device, scale in SCALES.items()
    )
    + f"""
  - when: {{format: probe}}
    until: {CHANGED_TEXT}
    calibrate: {{current: {{scale: 0.5, offset: 1, unit: A}}}}
  - when: {{format: probe}}
    from: {CHANGED_TEXT}
    calibrate: {{current: {{scale: 0.25, offset: 2, unit: A}}}}
"""
)
RAW, CALIBRATED = "raw", "calibrated"
FIELDS = struct.Struct("<2sHIHHhiH")


def make_capture(frames: int) -> tuple[bytes, dict[str, Any]]:
    """Whole frames of five devices, of which four are calibrated, over a million seconds; and their raw numbers."""
    chance = np.random.default_rng(19)
    raw = {
        "device": chance.integers(0, 5, frames),
        "seconds": np.linspace(0, 2 * CHANGED - 1, frames).astype(np.int64),
        "temperature": chance.integers(0, 1 << 16, frames),
        "level": chance.integers(0, 1 << 16, frames),
        "voltage": chance.integers(-(1 << 15), 1 << 15, frames),
        "current": chance.integers(-(1 << 31), 1 << 31, frames),
        "status": chance.integers(0, 1 << 16, frames),
    }
    parts = []
    for row in zip(*(column.tolist() for column in raw.values()), strict=True):
        head = FIELDS.pack(b"\xab\xcd", *row)
        parts += [head, struct.pack("<I", zlib.crc32(head))]
    return b"".join(parts), raw


def by_hand(raw: dict[str, Any]) -> dict[str, Any]:
    """The physical values of raw numbers; NaN where there are none."""
    x = raw["temperature"].astype(np.float64)
    device = raw["device"]
    scale = np.full(len(device), np.nan)
    for number, factor in SCALES.items():
        scale[device == number] = factor
    early = raw["seconds"] < CHANGED
    return {
        "temperature": (POLY[2] * x + POLY[1]) * x + POLY[0],
        "level": np.interp(raw["level"], [row[0] for row in TABLE], [row[1] for row in TABLE]),
        "voltage": raw["voltage"] * scale,
        "current": raw["current"] * np.where(early, 0.5, 0.25) + np.where(early, 1.0, 2.0),
    }


def opened(data: bytes, folder: Path, *, ruled: bool) -> sigflow.Recording:
    """The capture, with the rules or without."""
    spec, config = folder / "probe.ksy", folder / "sigflow.yaml"
    spec.write_text(SPEC)
    config.write_text(CONFIG)
    return sigflow.open(data, spec, config=config if ruled else None)


def wrong(recording: sigflow.Recording, wanted: dict[str, Any]) -> list[str]:
    """The fields of which a physical value is another one than by hand, or is there where none is."""
    table = recording.to_arrow()
    fields = []
    for name, values in wanted.items():
        made = table.column(f"{name}_physical").combine_chunks()
        there = ~np.isnan(values)
        bits = made.fill_null(0.0).to_numpy(zero_copy_only=False).view(np.uint64)
        same = bits == np.where(there, values, 0.0).view(np.uint64)
        if not same.all() or (made.is_valid().to_numpy(zero_copy_only=False) != there).any():
            fields.append(name)
    return fields


def taken(recording: sigflow.Recording, frames: int, *, timed: bool) -> float:
    """The seconds of the processor that all columns take.  timed: whether with the times, of which each is asked for in
    Python, whether there are rules or not.
    """
    run = recording.run_of_frames()
    table = Table(run.formats)
    if not timed:
        table = table.only({name for name in table.schema.names if name != TIME})
    begun = process_time()
    rows = sum(batch.num_rows for batch in tables.batches_of(run, table))
    assert rows == frames
    return process_time() - begun


def main(arguments: list[str] | None = None) -> int:
    """Compare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    data, raw = make_capture(asked.frames)
    with tempfile.TemporaryDirectory() as folder:
        recordings = {ruled: opened(data, Path(folder), ruled=ruled) for ruled in (False, True)}
        fields = wrong(recordings[True], by_hand(raw))
        times: dict[tuple[bool, bool], list[float]] = {}
        for _ in range(asked.repeats):
            for timed in (False, True):
                for ruled, recording in recordings.items():
                    gc.collect()
                    times.setdefault((timed, ruled), []).append(taken(recording, asked.frames, timed=timed))
    figures = Figures("physical", "python tools/bench_physical.py")
    rows = []
    notes = []
    for timed in (False, True):
        raw_times, made_times = times[timed, False], times[timed, True]
        plain, made = statistics.median(raw_times), statistics.median(made_times)
        more = f", {TIME} too" if timed else ""
        rows.append((f"{RAW}{more}", asked.frames / plain / 1e6, 1.0))
        rows.append((f"{CALIBRATED}{more}", asked.frames / made / 1e6, plain / made))
        ratios = sorted(before / after for before, after in zip(raw_times, made_times, strict=True))
        notes.append(f"{CALIBRATED}{more}: {ratios[0]:.3f} to {ratios[-1]:.3f} of the raw ones, over the rounds.")
    said = f"{', '.join(fields)} differ" if fields else "equal, bit for bit"
    notes.append(f"Physical values by hand and by columns: {said}.")
    figures.table(f"{asked.frames} frames", ("columns", "million frames/s", "of the raw ones"), rows, *notes)
    figures.keep(asked.json)
    return 1 if fields else 0


if __name__ == "__main__":
    sys.exit(main())
