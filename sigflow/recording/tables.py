"""From a run to tables: its frames as record batches of Arrow, and as one array of NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sigflow.recording.batches import SIZE

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    from sigflow.columns.table import Table
    from sigflow.recording.run import AnyRun


def batches_of(run: AnyRun, table: Table, size: int = SIZE, workers: int = 1) -> Iterator[pyarrow.RecordBatch]:
    """The frames of a run as record batches of at most `size` rows, made by so many threads."""
    from sigflow.columns.threads import record_batches

    return record_batches(run.frames(size, raw=table.reads), table, workers)


def numpy_of(run: AnyRun) -> np.ndarray[Any, Any]:
    """The numbers at fixed places of the frames of a run, as one structured array."""
    import numpy as np

    from sigflow.columns.scalars import ScalarColumns

    columns = ScalarColumns(run.formats)
    arrays = [columns.array(frames) for frames in run.frames()]
    return np.concatenate(arrays) if arrays else columns.empty()
