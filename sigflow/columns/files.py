"""Record batches to files of Arrow and Parquet, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Protocol

from sigflow.columns.arrow import arrow
from sigflow.errors import LimitExceeded

if TYPE_CHECKING:
    import pyarrow


class Writer(Protocol):
    """Writes batches of one schema."""

    def write(self, batch: pyarrow.RecordBatch) -> None:
        """Write a batch."""

    def close(self) -> None:
        """Write what stands behind the last batch; the file stays open."""


class ArrowFile:
    """The file form of Arrow's IPC format (Feather 2).  A dictionary may grow from batch to batch, but not change."""

    def __init__(self, file: IO[bytes], schema: pyarrow.Schema) -> None:
        pa = arrow()
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        self._writer = pa.ipc.new_file(file, schema, options=options)

    def write(self, batch: pyarrow.RecordBatch) -> None:
        """Write a batch; `LimitExceeded` where an enum has more values without a name than one dictionary holds."""
        try:
            self._writer.write_batch(batch)
        except arrow().ArrowInvalid as error:
            if "ictionary" not in str(error):
                raise
            raise LimitExceeded(
                "an enum has too many values without a name for one Arrow file: write Parquet, or leave the field out"
            ) from error

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


class ParquetFile:
    """Parquet, one row group a batch, with what the schema says of the formats in the file's metadata."""

    def __init__(self, file: IO[bytes], schema: pyarrow.Schema) -> None:
        arrow()
        from pyarrow import parquet

        self._writer = parquet.ParquetWriter(file, schema, compression="zstd")

    def write(self, batch: pyarrow.RecordBatch) -> None:
        """Write a batch."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


#: By the name of the form.
WRITERS: dict[str, Callable[[IO[bytes], pyarrow.Schema], Writer]] = {"arrow": ArrowFile, "parquet": ParquetFile}
