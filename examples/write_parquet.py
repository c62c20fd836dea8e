"""Write the frames of a capture as a Parquet file, one row for each, in bounded memory.  Needs `sigflow[arrow]`.

python examples/write_parquet.py samples/valid_telemetry.sgf telemetry.parquet
"""

from __future__ import annotations

import itertools
import sys

import pyarrow.parquet

import sigflow


def main(capture: str, out: str) -> None:
    """Write the columns, batch by batch; a long capture never lies in memory as a whole."""
    with sigflow.open(capture, "sgf1") as recording:
        batches = recording.batches(size=65536)
        first = next(batches, None)
        if first is None:
            sys.exit(f"{capture}: no frames")
        rows = 0
        with pyarrow.parquet.ParquetWriter(out, first.schema) as writer:
            for batch in itertools.chain([first], batches):
                writer.write_batch(batch)
                rows += batch.num_rows
        print(f"{rows} frames, {len(first.schema)} columns")


if __name__ == "__main__":
    main(*sys.argv[1:3])
