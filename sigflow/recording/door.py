"""What the floor of streams gets from above it (`stream.engines.Door`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.columns.collector import Collector
    from sigflow.engine.live import LiveEngine
    from sigflow.stream.building.many import BuiltFrames
    from sigflow.stream.format import Format


def engine(name: str) -> LiveEngine | None:
    """See `Door.engine`."""
    from sigflow.engine.live import engine_of

    return engine_of(name)


def collector(formats: Sequence[Format], size: int, **wanted: Any) -> Collector:
    """See `Door.collector`."""
    from sigflow.columns.collector import Collector

    return Collector(formats, size, **wanted)


def built(format: Format, values: Any, keep: str | Iterable[str]) -> Iterator[BuiltFrames]:
    """See `Door.built`."""
    from sigflow.columns.build_many import build_many

    return build_many(format, values, keep=keep)
