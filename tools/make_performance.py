"""Writes docs/performance.md from what the benchmarks measured, as their `--json` kept it in docs/figures.

    python -m tools.make_performance            writes the page
    python tools/bench_live.py --json docs/figures/live.json

The figures in the page are those files', none is typed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.chart import log_log
from tools.figures import Figures, Table, read, shown

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
FIGURES = ROOT / "docs" / "figures"

HEAD = """\
# Performance

This page is made of what the benchmarks in `tools/` wrote (`python -m tools.make_performance`); anybody can run them.
What counts is the ratios within one run: the old way, or what a user would pick instead, is timed in the same run, in
turn. Absolute figures are those of one machine, whose neighbours share its memory: from run to run they differ by half
and more. Each section says on what it ran, and how many processes wanted a core when it ended; on a machine of two
cores, more than two mean that times by the clock are upper bounds.

`sigflow benchmark CAPTURE` measures a capture of your own.
"""
#: Of each benchmark, in the order of the page: its file in docs/figures without the suffix, its title, and what it is
#: about.
SECTIONS = {
    "native": (
        "Verdicts",
        """\
Every frame found, every checksum verified, sequences followed, notes and codecs looked for. Kaitai's C++ target is
compiled with -O3 against a stand-in for its runtime, which no registry carries (`tools/kaitai_cpp`); CRC-32 alone is
`isal.isal_zlib.crc32` over the same bytes.""",
    ),
    "sizes": ("How cost grows", "Captures of all sizes, by engine, cold and warm."),
    "startup": ("Start-up", "What a process costs before it has read anything, and the first scan of a spec."),
    "live": ("Live streams", "A stream that is decoded while it comes in, in chunks; before: by the Python scan."),
    "records": ("Records", "Records of a capture, beside Kaitai's Python target, which verifies the same checksums."),
    "columns": ("Columns", "Arrow tables, beside dictionaries made by Kaitai's Python target ([columns](columns.md))."),
    "text": ("CSV and NDJSON", "As `sigflow parse` writes them, beside Arrow."),
    "stats": ("Statistics", "What `sigflow stats` counts."),
    "compiler": (
        "Whole files",
        """\
Files of everyday formats, parsed by what sigflow and the official compiler (0.11) generate for Python from the same
spec (`tests/specs`). Those that are one big copy are marked, and left out of the mean.""",
    ),
    "framings": ("Framed units", "Units between delimiters: found, unstuffed, measured, checked, in memory."),
}


def page() -> tuple[str, dict[str, str]]:
    """The text of the page, and its pictures by the names of their files in docs/figures."""
    parts, pictures = [HEAD], dict[str, str]()
    for name, (title, about) in SECTIONS.items():
        path = FIGURES / f"{name}.json"
        if path.is_file():
            figures = read(path)
            parts += section(title, about, figures)
            for number, chart in enumerate(figures.charts, 1):
                file = f"{name}-{number}.svg"
                lines = {line: dict(points) for line, points in chart.lines.items()}
                pictures[file] = log_log(lines, chart.across, chart.up)
                parts += [f"![{chart.title}](figures/{file})", ""]
    return "\n".join(parts), pictures


def section(title: str, about: str, figures: Figures) -> list[str]:
    """The lines of one benchmark."""
    lines = [f"## {title}", "", about, ""]
    lines += [f"`{figures.command}`, {figures.day}; {figures.machine}; load {figures.load}.", ""]
    for table in figures.tables:
        lines += in_markdown(table)
    return lines


def in_markdown(table: Table) -> list[str]:
    """A table, its title before it and its notes behind."""
    rows = [table.head, ("---",) * len(table.head), *([shown(cell) for cell in row] for row in table.rows)]
    lines = [f"**{table.title}**", "", *(f"| {' | '.join(row)} |" for row in rows)]
    for note in table.notes:
        lines += ["", note]
    return [*lines, ""]


def main() -> int:
    """Write it."""
    text, pictures = page()
    PAGE.write_text(text, encoding="utf-8")
    for name, picture in pictures.items():
        (FIGURES / name).write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
