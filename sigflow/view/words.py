"""What a report says, as parts that know no markup: a page and a text for a pull request are made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sigflow.columns.plain_text import escape
from sigflow.diagnostics import Finding
from sigflow.view.overview import Overview

#: Of a capture so many faults, gaps, kinds or streams, and points of a spec are listed; letters of a text.
FAULTS, GAPS, GROUPS, POINTS, LONGEST = 20, 50, 20, 30, 400

Row = Sequence[str]


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shown(text: object) -> str:
    """Text of a capture or a spec, which moves nothing, and is not too long."""
    line = escape(" ".join(str(text).split("\n")))
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def verdict(overview: Overview) -> str:
    """In a sentence."""
    report = overview.report
    if report.sound:
        return f"Sound: all {counted(report.bytes, 'byte')} are in {counted(report.frames, 'frame')}" + (
            f", or idle ({report.idle_bytes:,})." if report.idle_bytes else "."
        )
    parts = []
    if report.gap_bytes:
        parts.append(f"{counted(report.gap_bytes, 'byte')} in {counted(report.gaps_total, 'gap')}")
    if report.sequence["lost"]:
        parts.append(f"{counted(report.sequence['lost'], 'frame')} lost")
    what = " and ".join(parts) or counted(report.diagnostics_total, "finding")
    return f"Damaged: {what}, beside {counted(report.frames, 'frame')} in {counted(report.frame_bytes, 'byte')}."


def ledger(overview: Overview) -> list[Row]:
    """Each byte is in one of these."""
    report = overview.report
    return [
        ("bytes", f"{report.bytes:,}"),
        ("in frames", f"{report.frame_bytes:,}"),
        ("idle", f"{report.idle_bytes:,}"),
        ("in gaps", f"{report.gap_bytes:,}"),
        ("frames", f"{report.frames:,}"),
        *((name, f"{count:,}") for name, count in report.sequence.items()),
    ]


def formats(overview: Overview) -> Iterator[tuple[Row, list[Row], dict[str, Any]]]:
    """Of each format a row, the rows of its kinds and streams, and its counts."""
    for entry in overview.stats.tree()["formats"]:
        rows: list[Row] = []
        for name in ("kind", "stream"):
            groups = entry.get(f"{name}s", [])
            rows += [(f"{name} {shown(group[name])}", *_counts(group)) for group in groups[:GROUPS]]
            others = len(groups) - GROUPS
            if others > 0:
                rows.append((f"and {counted(others, f'more {name}')}", *[""] * 5))
            if f"other_{name}s" in entry:
                rows.append((f"all other {name}s", *_counts(entry[f"other_{name}s"])))
        yield (shown(entry["format"]), *_counts(entry)), rows, entry


#: What the columns of these rows are.
FORMAT_HEAD = ("", "frames", "bytes", "size", "frames/s", "lost")


def _counts(entry: dict[str, Any]) -> Row:
    sizes, rate = entry["sizes"], entry["frames_per_second"]
    size = f"{sizes['min']:,}" if sizes["min"] == sizes["max"] else f"{sizes['min']:,} to {sizes['max']:,}"
    lost = entry.get("lost")
    return (
        f"{entry['frames']:,}",
        f"{entry['bytes']:,}",
        size,
        "" if rate is None else f"{rate:,g}",
        "" if lost is None else f"{lost:,}",
    )


def faults(overview: Overview) -> tuple[Sequence[Finding], int]:
    """The first findings, and how many there are in all."""
    report = overview.report
    return report.diagnostics[:FAULTS], report.diagnostics_total


def place_of(finding: Finding) -> str:
    """Where a finding is."""
    where = ".".join(part for part in (finding.format, finding.path) if part)
    spec = f"; {finding.place}" if finding.place else ""
    return shown(f"offset {finding.offset:,}{f', {where}' if where else ''}{spec}")


def gaps(overview: Overview) -> tuple[list[Row], int]:
    """The first gaps, and how many there are in all."""
    report = overview.report
    rows: list[Row] = [
        (f"{gap.span.start:,}", f"{gap.span.stop:,}", f"{len(gap.span):,}", shown(", ".join(gap.reasons)))
        for gap in report.gaps[:GAPS]
    ]
    return rows, report.gaps_total


def span(power: int) -> str:
    """From how many nanoseconds on, in a unit that people use; -1: none."""
    if power < 0:
        return "0 or back"
    value = float(1 << power)
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} ns"
