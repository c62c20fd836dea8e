"""A capture archived as Parquet: its rows, its verdict, and what is in no row.

`NAME.parquet` has the rows, as `to_arrow` gives them, and in its metadata, under `sigflow.archive`, the verdict and the
SHA-256 of the capture.  `NAME.rest.parquet` has what is in no row: gaps, idle bytes, preambles, in pieces of at most a
MiB with their offsets.  `archive` says in which order what is done.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from sigflow.errors import SigflowError
from sigflow.scale.archive import BLOCK, Archived, Watched, placed
from sigflow.storage.disk import DISK, Disk, FileDraft

if TYPE_CHECKING:
    import pyarrow

    from sigflow.recording import Recording

ROWS, REST = ".parquet", ".rest.parquet"
#: Where the metadata of a file says what it is of.
KEY = b"sigflow.archive"


def tabled(recording: Recording, path: str, *, drop_gaps: bool = False, disk: Disk = DISK) -> Archived:
    """Put `PATH.parquet`, and where some bytes are in no row `PATH.rest.parquet`, in the place of a capture.

    drop_gaps: without the second.  Raises `UsageError` where pyarrow is not installed; what else is raised, see
    `archive.packed`.
    """
    from sigflow.columns.arrow import arrow

    arrow()
    capture = Watched(path)
    about = _about(recording, path)
    targets = [path + ROWS, path + REST]
    with ExitStack() as stack:
        drafts = []
        for target in targets:
            # What a killed run has left of this capture is written anew.
            if os.path.lexists(target) and _told(target).get("sha256") != about["sha256"]:
                raise SigflowError(f"{target}: it is there, and of another capture; {path} stays")
            drafts.append(stack.enter_context(FileDraft(target, disk=disk, spared=[capture.identity])))
        rows, rest = drafts
        spans = _write_rows(recording, rows, about)
        left_out = spans.left_out(capture.status.st_size)
        if left_out and not drop_gaps:
            _write_rest(recording, rest, about, left_out)
        rows.sync()
        _check_rows(recording, rows.path)
        if left_out and not drop_gaps:
            rest.sync()
            _check_rest(recording, rest.path, left_out)
        capture.check()
        if left_out and not drop_gaps:
            placed(rest, capture)  # first: where there are rows, there is the rest
        else:
            targets.pop()
        placed(rows, capture)
    capture.remove(disk)
    sizes = [os.stat(target).st_size for target in targets]
    return Archived(path, tuple(targets), capture.status.st_size, sum(sizes))


def _about(recording: Recording, path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "verdict": recording.validate().tree()}


def _told(path: str) -> dict[str, Any]:
    """What a file says it is of; nothing where it is no such file."""
    import pyarrow
    from pyarrow import parquet

    try:
        metadata = parquet.read_schema(path).metadata or {}
        told = json.loads(metadata.get(KEY, b"{}"))
    except (pyarrow.ArrowException, OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


class _Spans:
    """What rows cover.  State: the stretches between them so far, and where the last ends."""

    def __init__(self) -> None:
        self._between: list[tuple[int, int]] = []
        self._end = 0

    def add(self, batch: pyarrow.RecordBatch) -> None:
        """Further rows, in the order of the stream."""
        import numpy

        starts = batch.column("_offset").to_numpy().astype("int64")
        stops = starts + batch.column("_length").to_numpy().astype("int64")
        before = numpy.concatenate(([self._end], stops[:-1]))
        if (before > starts).any():
            raise SigflowError("two rows have a byte of the capture in common; this is a bug in sigflow")
        for row in numpy.flatnonzero(before < starts).tolist():
            self._between.append((int(before[row]), int(starts[row])))
        if len(stops):
            self._end = int(stops[-1])

    def left_out(self, size: int) -> list[tuple[int, int]]:
        """The stretches of a capture of this size that are in no row."""
        if self._end > size:
            raise SigflowError("a row ends behind the capture; this is a bug in sigflow")
        return [*self._between, (self._end, size)] if self._end < size else list(self._between)


class _Out:
    """A draft as a file that a writer of tables takes."""

    closed = False

    def __init__(self, draft: FileDraft) -> None:
        self._draft = draft

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._draft.write(bytes(view))
        return len(view)

    def tell(self) -> int:
        return self._draft.size

    def flush(self) -> None:
        """Nothing: the draft is synced when it is whole."""

    def close(self) -> None:
        """Nothing."""


def _write(draft: FileDraft, schema: pyarrow.Schema, about: dict[str, Any], batches: Any) -> None:
    from sigflow.columns.files import ParquetFile

    told = {**(schema.metadata or {}), KEY: json.dumps(about).encode()}
    writer = ParquetFile(_Out(draft), schema.with_metadata(told))  # type: ignore[arg-type]
    for batch in batches:
        writer.write(batch)
    writer.close()


def _write_rows(recording: Recording, draft: FileDraft, about: dict[str, Any]) -> _Spans:
    spans = _Spans()
    batches = recording.batches()
    first = next(batches, None)
    schema = first.schema if first is not None else recording.to_arrow().schema

    def all_batches() -> Iterator[pyarrow.RecordBatch]:
        for batch in chain(() if first is None else (first,), batches):
            spans.add(batch)
            yield batch

    _write(draft, schema, about, all_batches())
    return spans


def _pieces(recording: Recording, left_out: list[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    for start, stop in left_out:
        for at in range(start, stop, BLOCK):
            yield at, recording.storage.read(at, min(at + BLOCK, stop))


def _write_rest(recording: Recording, draft: FileDraft, about: dict[str, Any], left_out: list[tuple[int, int]]) -> None:
    import pyarrow

    schema = pyarrow.schema([("_offset", pyarrow.int64()), ("bytes", pyarrow.binary())])

    def batches() -> Iterator[pyarrow.RecordBatch]:
        held: list[tuple[int, bytes]] = []
        size = 0
        for piece in _pieces(recording, left_out):
            held.append(piece)
            size += len(piece[1])
            if size >= 8 * BLOCK or len(held) >= 1 << 16:
                yield _batch(held, schema)
                held, size = [], 0
        if held:
            yield _batch(held, schema)

    _write(draft, schema, about, batches())


def _batch(pieces: list[tuple[int, bytes]], schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    import pyarrow

    offsets, contents = zip(*pieces, strict=True)
    return pyarrow.record_batch([list(offsets), list(contents)], schema=schema)


def _check_rest(recording: Recording, path: str, left_out: list[tuple[int, int]]) -> None:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        read = (
            pair
            for batch in file.iter_batches()
            for pair in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
        )
        if any(kept != wanted for kept, wanted in zip_longest(read, _pieces(recording, left_out))):
            raise SigflowError(f"{recording.name}: what is in no row was not read back as it is; it stays")


def _check_rows(recording: Recording, path: str) -> None:
    """Raises `SigflowError` where the rows of a file are not those of the capture."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        read = (file.read_row_group(number) for number in range(file.num_row_groups))
        for wanted, kept in zip_longest(recording.batches(), read):
            if wanted is None or kept is None or not _same(wanted, kept):
                raise SigflowError(f"{recording.name}: its rows were not read back as they are; it stays")


def _same(batch: pyarrow.RecordBatch, read: pyarrow.Table) -> bool:
    """Whether both have the same values: what is no number is equal to itself here."""
    import pyarrow

    table = pyarrow.Table.from_batches([batch])
    if table.num_rows != read.num_rows or table.column_names != read.column_names:
        return False
    for wanted, kept in zip(table.columns, read.columns, strict=True):
        if wanted.type == kept.type and wanted.equals(kept):
            continue
        if repr(wanted.to_pylist()) != repr(kept.to_pylist()):
            return False
    return True
