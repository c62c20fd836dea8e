"""A verdict in words, and the line that sums up several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sigflow.cli import exits
from sigflow.cli.terminal import SEVERITY_COLORS, counted, one_line

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen
    from sigflow.diagnostics import Finding
    from sigflow.recording import Recording, Report

#: Gaps and diagnostics that are listed in words; the JSON form has more.
LISTED = 20
#: Characters of a field path in words.
LONGEST_PATH = 100


def exit_code(report: Report) -> int:
    """The exit code that a verdict stands for."""
    return exits.OK if report.sound else exits.DAMAGED


def idle_words(size: int) -> str:
    """The idle bytes of a ledger, where there are any."""
    return f" + {size} idle" if size else ""


def verdict_lines(report: Report, screen: Screen) -> list[str]:
    """The verdict for people: the ledger first, then what is wrong."""
    state = screen.styled("sound", "green", "bold") if report.sound else screen.styled("damaged", "red", "bold")
    lines = [
        f"{one_line(report.capture)}: {state}",
        f"  {report.bytes} bytes = {report.frame_bytes} in {counted(report.frames, 'frame')}"
        f"{idle_words(report.idle_bytes)} + {report.gap_bytes} in {counted(report.gaps_total, 'gap')}",
    ]
    for name, count in report.by_format.items():
        lines.append(f"  {name}: {counted(count['frames'], 'frame')}, {count['bytes']} bytes")
    if any(report.sequence.values()):
        usual = ("lost", "duplicate", "reordered")
        shown = [(what, count) for what, count in report.sequence.items() if count or what in usual]
        told = [f"{count} {what.removesuffix('s') if count == 1 else what}" for what, count in shown]
        lines.append("  sequence: " + ", ".join(told))
    for gap in report.gaps[:LISTED]:
        span = gap.span
        lines.append(f"  gap {span.start}..{span.stop} ({len(span)} bytes): {', '.join(gap.reasons)}")
    lines += _more(report.gaps_total, "gap")
    for finding in report.diagnostics[:LISTED]:
        severity = screen.styled(finding.severity.value, SEVERITY_COLORS[finding.severity.value])
        lines.append(f"  {severity} {one_line(finding_words(finding))}")
        lines += [f"    {one_line(line)}" for line in finding.excerpt.splitlines()]
    lines += _more(report.diagnostics_total, "diagnostic")
    return lines


def symptom_lines(recording: Recording, report: Report, screen: Screen) -> list[str]:
    """What the damage points to, by what is seen in the capture."""
    if report.sound:
        return []
    from sigflow.recording.symptoms import symptoms

    return [f"  {screen.styled('hint', 'cyan')} {one_line(str(symptom))}" for symptom in symptoms(recording, report)]


def finding_words(finding: Finding) -> str:
    """A finding about a stream, without its severity."""
    where = ".".join(part for part in (finding.format, finding.path) if part)
    if len(where) > LONGEST_PATH:
        where = f"{where[:LONGEST_PATH]}..."
    place = f" ({finding.place})" if finding.place else ""
    return f"{finding.code} at offset {finding.offset}{f', {where}' if where else ''}: {finding.message}{place}"


def _more(total: int, noun: str) -> list[str]:
    return [f"  and {counted(total - LISTED, f'more {noun}')}; --format json lists them"] if total > LISTED else []


def summary_tree(reports: Sequence[Report], failed: int) -> dict[str, Any]:
    """The JSON form of the summary of several captures."""
    return {
        "schema_version": 1,
        "summary": {
            "captures": len(reports) + failed,
            "sound": sum(report.sound for report in reports),
            "damaged": sum(not report.sound for report in reports),
            "failed": failed,
            "bytes": sum(report.bytes for report in reports),
            "frames": sum(report.frames for report in reports),
            "frame_bytes": sum(report.frame_bytes for report in reports),
            "idle_bytes": sum(report.idle_bytes for report in reports),
            "gap_bytes": sum(report.gap_bytes for report in reports),
        },
    }


def summary_line(reports: Sequence[Report], failed: int) -> str:
    """The same in words."""
    total = summary_tree(reports, failed)["summary"]
    unread = f", {failed} could not be read" if failed else ""
    return (
        f"{counted(total['captures'], 'capture')}: {total['sound']} sound, {total['damaged']} damaged{unread}; "
        f"{total['bytes']} bytes = {total['frame_bytes']} in {counted(total['frames'], 'frame')}"
        f"{idle_words(total['idle_bytes'])} + {total['gap_bytes']} in gaps"
    )
