"""Captures that are read in parts, by several processes or machines."""

from __future__ import annotations

from sigflow.scale.cluster import Indexed, index
from sigflow.scale.partitions import Partition, PartitionBatches, Plan, plan

__all__ = ["Indexed", "Partition", "PartitionBatches", "Plan", "index", "plan"]
