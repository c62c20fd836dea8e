"""From a run to tables: its frames as record batches of Arrow, and as one array of NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sigflow.recording.batches import SIZE
from sigflow.recording.run import AnyRun, Unsplittable

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    from sigflow.columns.table import Table
    from sigflow.recording.selection.choice import Picker

#: Columns from which on it takes longer to make them than to scan.
WIDE = 4


def batches_of(
    run: AnyRun, table: Table, size: int = SIZE, workers: int = 1, picker: Picker | None = None
) -> Iterator[pyarrow.RecordBatch]:
    """The frames of a run as record batches of at most `size` rows, by so many threads.  picker: of only these."""
    from sigflow.columns.threads import record_batches

    makers = divided(run, table, workers)
    if picker is None or picker.everything:
        return record_batches(run.frames(size, raw=table.reads), table, makers)
    return record_batches(picker.batches(run.frames(size)), table, makers)


def divided(run: AnyRun, table: Table, workers: int) -> int:
    """How many threads make the columns of a run that has so many.

    Where that takes longer than the scan, all of them do, and one scans; else they scan as they were told to.
    """
    if workers <= 1 or not table.gathers or table.width < WIDE:
        return 1
    if isinstance(run, Unsplittable):
        run.unsplit()
    return workers


def numpy_of(run: AnyRun, picker: Picker) -> np.ndarray[Any, Any]:
    """The numbers at fixed places of the frames of a run that are picked, as one structured array."""
    import numpy as np

    from sigflow.columns.scalars import ScalarColumns

    columns = ScalarColumns(run.formats)
    arrays = [columns.array(frames) for frames in picker.batches(run.frames())]
    return np.concatenate(arrays) if arrays else columns.empty()
