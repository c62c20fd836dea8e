"""Captures that are read in parts, by several processes or machines."""

from __future__ import annotations

from sigflow.scale.partitions import Partition, PartitionBatches, Plan, plan

__all__ = ["Partition", "PartitionBatches", "Plan", "plan"]
