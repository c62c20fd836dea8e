"""Captures as lazy frames of Polars, which say what they need before anything is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sigflow.errors import UsageError
from sigflow.recording import recording as recordings

if TYPE_CHECKING:
    import polars

    from sigflow.recording.recording import Named, Recording


def scan_polars(
    source: str | os.PathLike[str] | Recording,
    format: Named | Sequence[Named] | None = None,
    *,
    fields: Sequence[str] | None = None,
    instances: bool = False,
    physical: bool = False,
    engine: str = "auto",
    workers: int = 1,
    index: str = "auto",
) -> polars.LazyFrame:
    """Returns a lazy frame of a capture: only the columns that a query needs are made, and where there is an index,
    bounds on `_offset`, `_index` and `_time` decide which of its blocks are read.

    source: a path, or a recording that stays open.  format, engine, workers, index: as of `open`, for a path.  fields,
    instances, physical: as of `Recording.batches`.  Each query is a pass.  Raises what `open` and `Recording.dataset`
    raise, and `UsageError` where Polars is absent.
    """
    try:
        import polars
    except ImportError as error:
        raise UsageError("scan_polars needs Polars: pip install polars") from error
    recording = source
    if isinstance(recording, str | os.PathLike):
        recording = recordings.open(recording, format, engine=engine, workers=workers, index=index)
    elif format is not None:
        raise UsageError("a recording has its formats: a format is named for a path")
    dataset = recording.dataset(instances=instances, physical=physical, fields=fields)
    return polars.scan_pyarrow_dataset(dataset)
