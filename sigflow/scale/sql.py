"""SQL over captures, by DuckDB: a capture is a table, whose name is its path.

Rules.  The paths of captures stand in quotes in the text, as those of Parquet or CSV files do, which are left to
DuckDB.
Nothing is fetched over the network that was not asked for: DuckDB does not install extensions by itself here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sigflow import storage
from sigflow.columns.arrow import arrow
from sigflow.columns.options import Options
from sigflow.errors import SigflowError, UsageError
from sigflow.storage.base import Closing

if TYPE_CHECKING:
    import pyarrow

    from sigflow.recording.recording import Recording

#: What the names of files end in that DuckDB reads itself, compressed or not.
ITS_OWN = re.compile(r"\.(parquet|csv|tsv|json|jsonl|ndjson|db|duckdb)(\.(gz|zst))?$", re.IGNORECASE)
#: A text in quotes of either kind, in which a doubled quote is one.
_QUOTED = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"")
#: Rows of a batch of a result.
SIZE = 1 << 13


class QueryFailed(SigflowError):
    """DuckDB could not do what was asked."""


def captures_in(text: str) -> list[str]:
    """Returns the paths of captures in a text of SQL: what stands in quotes, is there, and is not DuckDB's own."""
    names = [single.replace("''", "'") or double.replace('""', '"') for single, double in _QUOTED.findall(text)]
    return [name for name in dict.fromkeys(names) if "\0" not in name and not ITS_OWN.search(name) and _is_there(name)]


def _is_there(name: str) -> bool:
    return os.path.exists(name) or (storage.is_url(name) and storage.is_file(name))


class Database(Closing):
    """A database in memory in which captures are tables.  State: the connection, and the result that is read."""

    def __init__(self) -> None:
        """Raises `UsageError` where DuckDB or pyarrow is absent."""
        try:
            import duckdb
        except ImportError as error:
            raise UsageError("sql needs DuckDB: pip install 'sigflow[sql]'") from error
        arrow()
        self._errors: type[Exception] = duckdb.Error
        # Names are those of tables and of files, not those of variables in this process.
        config: Any = {"autoinstall_known_extensions": False, "python_enable_replacements": False}
        self._connection: Any = duckdb.connect(":memory:", config=config)

    def add(self, name: str, recording: Recording, *, instances: bool = False, physical: bool = False) -> None:
        """A capture as a table of this name.  The columns are those of `Recording.dataset`, and so is what is raised;
        but times are of microseconds, and `_time_ns` has all of each as a number.
        """
        from sigflow.recording.dataset import RecordingDataset

        wanted = Options(instances, physical, None)
        self._connection.register(name, RecordingDataset(recording, wanted, in_microseconds=True))

    def query(self, text: str) -> tuple[pyarrow.Schema, Iterator[pyarrow.RecordBatch]]:
        """Returns the schema of what the last statement gives, and its rows.

        Raises `UsageError` where the text is no SQL, or names what is not there, `QueryFailed` for all else.
        """
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError("the query is not UTF-8") from error
        try:
            result = self._connection.sql(text)
            if result is None:
                raise UsageError("the query has no statement")
            # (By its newer name, and by the older one.)
            reader = getattr(result, "to_arrow_reader", None) or result.fetch_arrow_reader
            batches = reader(SIZE)
        except self._errors as error:
            raise self._told(error) from error
        return batches.schema, self._rows(batches)

    def _rows(self, batches: Any) -> Iterator[pyarrow.RecordBatch]:
        try:
            yield from batches
        except (self._errors, arrow().ArrowException, OSError) as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> SigflowError:
        import duckdb

        asked = duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException
        kind = UsageError if isinstance(error, asked) else QueryFailed
        # Without the place, and without the traceback of what made the rows.
        words = re.split(r"\n\nLINE |\. Detail: ", str(error))[0]
        return kind(" ".join(words.split()))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()
