"""What the floor of streams gets from above it (`stream.engines.Door`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.columns.collector import Collector
    from sigflow.engine.live import LiveEngine
    from sigflow.stream.format import Format


def engine(name: str) -> LiveEngine | None:
    """See `Door.engine`."""
    from sigflow.engine.live import engine_of

    return engine_of(name)


def collector(formats: Sequence[Format], size: int, **wanted: Any) -> Collector:
    """See `Door.collector`."""
    from sigflow.columns.collector import Collector

    return Collector(formats, size, **wanted)
