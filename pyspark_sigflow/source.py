"""The data source: what PySpark asks first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

#: The module of PySpark that asks with conditions, where that is switched on (4.1).
ASKS_WITH_FILTERS = "pyspark.sql.worker.data_source_pushdown_filters"


class DefaultSource(DataSource):
    """Frames of captures as rows.  Options: `path`, and those of `docs/scale.md`."""

    @classmethod
    def name(cls) -> str:
        """What the format is called."""
        return "sigflow"

    def schema(self) -> StructType:
        """Returns the columns.  Raises `UsageError` where an option is wrong, or there is no capture to tell them."""
        from pyspark_sigflow.batch import schema_of
        from pyspark_sigflow.options import ReadOptions

        return schema_of(ReadOptions.of(self.options))

    def reader(self, schema: StructType) -> DataSourceReader:
        """Returns what reads once.  schema: the columns that are wanted."""
        from pyspark_sigflow.batch import FilteredReader, Reader
        from pyspark_sigflow.options import ReadOptions

        # One that takes conditions is refused where Spark is not told to hand them on.
        kind: Any = FilteredReader if ASKS_WITH_FILTERS in sys.modules else Reader
        return kind(ReadOptions.of(self.options), schema)

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:
        """Returns what reads on and on.  schema: the columns that are wanted."""
        from pyspark_sigflow.options import ReadOptions
        from pyspark_sigflow.streaming import StreamReader

        return StreamReader(ReadOptions.of(self.options), schema)
