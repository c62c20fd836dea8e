"""What the options of a reading say; names in any case, as Spark has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sigflow import catalog
from sigflow.engine import NAMES as ENGINES
from sigflow.errors import UsageError
from sigflow.limits import Limits
from sigflow.stream.format import Format

#: The names of limits, as options: those of `sigflow.Limits`, with `max_` before them.
LIMITS = ("frame", "depth", "repeat", "inflated", "ratio", "reorder")
#: Options that Spark puts there by itself, and that say nothing here.
SPARKS = ("path", "paths")


def _number(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise UsageError(f"option {name}: {text!r}, wanted a number of at least 1")
    return number


def _truth(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise UsageError(f"option {name}: {text!r}, wanted true or false")
    return text.lower() == "true"


def _names(name: str, text: str) -> tuple[str, ...]:
    names = tuple(item.strip() for item in text.split(",") if item.strip())
    if not names:
        raise UsageError(f"option {name}: it names nothing")
    return names


def _engine(name: str, text: str) -> str:
    if text not in ENGINES:
        raise UsageError(f"option {name}: {text!r}, wanted one of {', '.join(ENGINES)}")
    return text


def _text(name: str, text: str) -> str:
    return text


_KINDS: dict[str, Callable[[str, str], Any]] = {
    "spec": _names,
    "columns": _names,
    "split_bytes": _number,
    "engine": _engine,
    "index": _text,
    "capture": _truth,
    "instances": _truth,
    "physical": _truth,
    "max_bytes": _number,
    "closed_after": _number,
    **{f"max_{name}": _number for name in LIMITS},
}


@dataclass(frozen=True)
class ReadOptions:
    """What is read, and how.

    paths: files, folders, patterns and URLs.  spec: names of formats and `.ksy` paths; none: detected in the first
    capture.  columns: those that are made; None: all.  split_bytes: of a partition, at least.  engine, index: as of
    `sigflow.open`.  capture: whether a column `_capture` says which each row is of.  instances, physical: as of
    `Recording.batches`.  limits: over those of the specs.

    Of a stream: max_bytes, of a batch at most, about; closed_after: seconds after which a file that does not grow is
    taken to have ended, None: never.
    """

    paths: tuple[str, ...]
    spec: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    split_bytes: int | None = None
    engine: str = "auto"
    index: str = "auto"
    capture: bool = False
    instances: bool = False
    physical: bool = False
    limits: Limits | None = None
    max_bytes: int | None = None
    closed_after: int | None = None

    @classmethod
    def of(cls, options: Mapping[str, str]) -> ReadOptions:
        """Raises `UsageError` where an option is unknown or says nothing that it can."""
        told = {name.lower(): str(value) for name, value in dict(options).items()}
        paths = tuple(json.loads(told["paths"])) if "paths" in told else ()
        paths += (told["path"],) if "path" in told else ()
        if not paths:
            raise UsageError('no capture is named: .load("captures/*.sgf")')
        unknown = next((name for name in told if name not in _KINDS and name not in SPARKS), None)
        if unknown is not None:
            raise UsageError(f"there is no option {unknown!r}: wanted one of {', '.join(sorted(_KINDS))}")
        read = {name: _KINDS[name](name, text) for name, text in told.items() if name in _KINDS}
        limits = {name: read.pop(f"max_{name}", None) for name in LIMITS}
        made = Limits(**limits) if any(value is not None for value in limits.values()) else None
        return cls(paths, limits=made, **read)

    def formats(self) -> tuple[Format, ...]:
        """The formats that are named; none where none is.  Raises what `catalog.load` raises."""
        return tuple(catalog.load(spec, limits=self.limits) for spec in self.spec)
