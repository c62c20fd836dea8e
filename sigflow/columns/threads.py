"""Record batches made by several threads, in order: what gathers columns leaves Python to others while it works.

Rules.  The batches are those that one thread would make.  A dictionary of an enum may only grow from batch to batch, so
threads leave it as it is: a batch with a value that is new, and those that were begun before it was known, are made
by the thread that hands them on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from sigflow.columns.names import NewName

if TYPE_CHECKING:
    import pyarrow

    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.table import Table


def record_batches(
    frames: Iterable[FrameBatch], table: Table, workers: int = 1, capture: str = ""
) -> Iterator[pyarrow.RecordBatch]:
    """The record batches of a table of these frames, in their order.

    workers: threads that make them.  capture: which of several captures the frames are of.
    """
    if workers <= 1 or not table.gathers:
        for batch in frames:
            yield from table.batches(batch, capture)
        return
    waiting: deque[tuple[FrameBatch, int, Future[list[pyarrow.RecordBatch] | None]]] = deque()
    with ThreadPoolExecutor(workers, "sigflow-columns") as pool:
        try:
            for batch in frames:
                waiting.append((batch, table.names.version, pool.submit(_made, table.fixed(), batch, capture)))
                if len(waiting) > workers:
                    yield from _taken(*waiting.popleft(), table, capture)
            while waiting:
                yield from _taken(*waiting.popleft(), table, capture)
        finally:
            for _, _, coming in waiting:
                coming.cancel()


def _made(table: Table, frames: FrameBatch, capture: str) -> list[pyarrow.RecordBatch] | None:
    """The batches; None where they must be made where dictionaries grow."""
    try:
        return list(table.batches(frames, capture))
    except NewName:
        return None


def _taken(
    frames: FrameBatch, version: int, coming: Future[list[pyarrow.RecordBatch] | None], table: Table, capture: str
) -> Iterable[pyarrow.RecordBatch]:
    made = coming.result()
    return table.batches(frames, capture) if made is None or version != table.names.version else made
