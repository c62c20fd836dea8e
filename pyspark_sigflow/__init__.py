"""Captures as a data source of PySpark: `spark.read.format("sigflow")`, and `spark.readStream`.

PySpark finds it by its name (a module `pyspark_…` with a `DefaultSource`) where it is installed; elsewhere
`spark.dataSource.register(pyspark_sigflow.DefaultSource)` names it.

    options    what the options of a reading say
    types      the columns with types that Spark has
    filters    conditions of Spark as those of Arrow, which let pass at least as much
    batch      a reading: captures in partitions
    streaming  a reading that goes on: files that grow and rotate
"""

from __future__ import annotations

from pyspark_sigflow.source import DefaultSource

__all__ = ["DefaultSource"]
