"""What a benchmark measured: printed as tables, and kept as JSON, from which `tools.make_performance` writes the page.

A table has a title, the heads of its columns and rows of cells; numbers are shown with as many digits as say something.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

Cell = str | int | float | None


def machine() -> str:
    """What it ran on."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), name)
    except OSError:
        pass  # not Linux
    return f"{os.cpu_count()} cores, {name}, {platform.system()}, Python {platform.python_version()}"


@dataclass(frozen=True, slots=True)
class Table:
    """One table.  notes: sentences that belong to it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over two logarithmic axes: seconds by bytes, of each line by its name."""

    title: str
    across: str
    up: str
    lines: dict[str, list[tuple[int, float]]]


@dataclass(slots=True)
class Figures:
    """What one run of a benchmark came to.  load: processes that wanted a core in the minute before it ended."""

    benchmark: str
    command: str
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 1))
    machine: str = field(default_factory=machine)
    day: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    tables: list[Table] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)

    def table(self, title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], *notes: str) -> None:
        """Print a table, and keep it."""
        table = Table(title, tuple(head), tuple(tuple(row) for row in rows), notes)
        self.tables.append(table)
        print(f"\n{title}")
        texts = [table.head, *(tuple(shown(cell) for cell in row) for row in table.rows)]
        widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
        for row in texts:
            first, *others = zip(row, widths, strict=True)
            print("  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]).rstrip())
        for note in notes:
            print(note)

    def keep(self, path: Path | None) -> None:
        """Write all of it to a file, where one is wanted."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Figures:
    """What `keep` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    tables = [
        Table(
            table["title"],
            tuple(table["head"]),
            tuple(tuple(row) for row in table["rows"]),
            tuple(table["notes"]),
        )
        for table in document.pop("tables")
    ]
    charts = [
        Chart(**{**chart, "lines": {name: [(x, y) for x, y in line] for name, line in chart["lines"].items()}})
        for chart in document.pop("charts")
    ]
    return Figures(**document, tables=tables, charts=charts)


def shown(cell: Cell) -> str:
    """A cell as people read it: three digits that count, thousands apart."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{round(cell):,}"
    digits = 1 if abs(cell) >= 10 else 2 if abs(cell) >= 1 else 3
    return f"{cell:.{digits}f}"
