"""Builds generated frames, scans them, and builds them again: byte for byte the same.

    python -m tools.check_round_trip [FORMAT...] [--frames 1000000] [--seconds 180] [--seed 1]

FORMAT is the name of a bundled format, or a .ksy file; without any, all bundled formats and those of tests/wires.  Each
is done until so many frames or seconds are over.  Frames are generated, which builds them from mappings; a scan finds
them, whole and in order; each record is built again, and every so many of them the mapping that `parse` prints.  Which
fields have bytes that a value does not carry is counted: padding, digits in excess, and the like.

Prints a line for each format; exit 1 at the first difference.  `tests/tools` runs a share of it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import sigflow
from sigflow import catalog
from sigflow.columns.render import render
from sigflow.generation import generate
from sigflow.runtime.writing.node import shown
from sigflow.stream.building import built
from sigflow.stream.format import Format

ROOT = Path(__file__).resolve().parent.parent
#: Frames of one capture.
BATCH = 5000
#: One record of so many is built of what `parse` prints, and of its value, too.
PRINTED = 16


class Difference(Exception):
    """A frame is not what it was."""


def round_trip(format: Format, frames: int, seed: int, counts: Counter[str]) -> None:
    """One capture of so many frames, all ways.  counts: of the fields with bytes that a value does not carry."""
    pieces = list(generate(format, frames=frames, seed=seed))
    recording = sigflow.open(b"".join(pieces), format)
    number = 0
    for record in recording:
        if number >= len(pieces) or record.raw != pieces[number]:
            wanted = pieces[number] if number < len(pieces) else b""
            raise Difference(f"seed {seed}, frame {number}: {wanted.hex()} was built, {record.raw.hex()} is found")
        reader: Any = record._reader
        try:
            check(reader, record, number, counts)
        except sigflow.SigflowError as error:
            raise Difference(f"seed {seed}, frame {number}, {record.raw.hex()}: {error}") from error
        number += 1
    if number != len(pieces):
        raise Difference(f"seed {seed}: {len(pieces)} frames were built, {number} are found")


def check(format: Format, record: sigflow.Record, number: int, counts: Counter[str]) -> None:
    """Raises `Difference` where a record is built otherwise than it is."""
    trees: list[Any] = [record]
    if number % PRINTED == 0:
        again = built(format, record)
        counts.update({_field(path) for path in again.unusual})
        printed = {"format": record.format, "value": render(record.value).tree}
        trees += [record.value, json.loads(json.dumps(printed)), {**printed, "raw": record.raw.hex()}]
    for tree in trees:
        raw = format.build(tree)
        canonical = isinstance(tree, dict) and "raw" not in tree and number % PRINTED == 0 and again.unusual
        if raw != record.raw and not canonical:
            raise Difference(f"{record.raw.hex()} of {type(tree).__name__} is built as {raw.hex()}")


def _field(path: tuple[str | int, ...]) -> str:
    return shown(tuple(part for part in path if isinstance(part, str)))


def run(format: Format, frames: int, seconds: float, seed: int) -> tuple[int, float, Counter[str]]:
    """Frames that were done, in how many seconds, and which fields had bytes that a value does not carry."""
    start = monotonic()
    done = 0
    counts: Counter[str] = Counter()
    batch = 200
    while done < frames and monotonic() - start < seconds:
        some = min(batch, frames - done)
        round_trip(format, some, seed, counts)
        done += some
        seed += 1
        batch = min(2 * batch, BATCH)
    return done, monotonic() - start, counts


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("formats", nargs="*", metavar="FORMAT")
    options.add_argument("--frames", type=int, default=1_000_000, help="of each format (default 1,000,000)")
    options.add_argument("--seconds", type=float, default=180.0, help="for each format (default 180)")
    options.add_argument("--seed", type=int, default=1, help="of the first capture (default 1)")
    chosen = options.parse_args(arguments)
    names = chosen.formats or [*catalog.bundled(), *map(str, sorted((ROOT / "tests" / "wires").glob("*.ksy")))]
    for name in names:
        format = sigflow.load(name)
        try:
            done, seconds, counts = run(format, chosen.frames, chosen.seconds, chosen.seed)
        except Difference as difference:
            print(f"{format.name}: {difference}", file=sys.stderr)
            return 1
        told = ", ".join(f"{field} {count}" for field, count in counts.most_common()) or "none"
        print(
            f"{format.name}: {done:,} frames, no difference, {done / max(seconds, 1e-9):,.0f} frames/s; "
            f"bytes that a value does not carry, in one frame of {PRINTED}: {told}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
