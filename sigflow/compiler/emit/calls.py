"""Calls with many arguments in emitted text: one argument a line, so that a reader finds each."""

from __future__ import annotations

from dataclasses import dataclass, field

from sigflow.compiler.emit.writer import Writer


@dataclass(frozen=True, slots=True)
class Many:
    """Several values in brackets, one a line."""

    opening: str
    closing: str
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Call:
    """A call with keywords, one a line.  State: the values that were added, by keyword, in their order."""

    name: str
    values: dict[str, Value] = field(default_factory=dict)

    def __setitem__(self, key: str, value: Value) -> None:
        self.values[key] = value


#: What is written for a keyword: an expression on one line, or what has lines of its own.
Value = str | Call | Many


def write_value(out: Writer, key: str, value: Value, end: str = ",") -> None:
    """Write an expression behind `key`."""
    if isinstance(value, str):
        out(f"{key}{value}{end}")
        return
    if isinstance(value, Many):
        opening, closing = value.opening, value.closing
        parts = [("", part) for part in value.values]
    else:
        opening, closing = f"{value.name}(", ")"
        parts = [(f"{name}=", part) for name, part in value.values.items()]
    with out.block(f"{key}{opening}"):
        for name, part in parts:
            write_value(out, name, part)
    out(f"{closing}{end}")
