"""A verdict in words, and the line that sums up several."""

from __future__ import annotations

from collections.abc import Iterator
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
    if any(check.failed for check in report.checks):
        return exits.FAILED
    return exits.OK if report.sound and not any(check.errors for check in report.checks) else exits.DAMAGED


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


def check_lines(report: Report, screen: Screen) -> Iterator[str]:
    """What validators said, a line for each and one for each finding."""
    for check in report.checks:
        failed = f", {screen.styled('failed', 'red', 'bold')} {one_line(check.failed)}" if check.failed else ""
        of = f" in {counted(check.records, 'record')}" if check.records else ""
        yield f"  check {one_line(check.name)}: {counted(check.findings_total, 'finding')}{of}{failed}"
        for finding in check.findings[:LISTED]:
            severity = screen.styled(finding.severity.value, SEVERITY_COLORS[finding.severity.value])
            yield f"    {severity} {one_line(finding_words(finding))}"
        yield from (f"  {line}" for line in _more(check.findings_total, "finding"))


def finding_words(finding: Finding) -> str:
    """A finding about a stream, without its severity."""
    where = ".".join(part for part in (finding.format, finding.path) if part)
    if len(where) > LONGEST_PATH:
        where = f"{where[:LONGEST_PATH]}..."
    place = f" ({finding.place})" if finding.place else ""
    return f"{finding.code} at offset {finding.offset}{f', {where}' if where else ''}: {finding.message}{place}"


def _more(total: int, noun: str) -> list[str]:
    return [f"  and {counted(total - LISTED, f'more {noun}')}; --format json lists them"] if total > LISTED else []


#: What of verdicts adds up.
COUNTS = ("sound", "damaged", "stopped", "bytes", "frames", "frame_bytes", "idle_bytes", "gap_bytes")


class Summary:
    """The summary of several captures.  State: what of their verdicts adds up."""

    def __init__(self, *reports: Report) -> None:
        self._counts = dict.fromkeys(COUNTS, 0)
        for report in reports:
            self.add(report)

    def add(self, report: Report) -> None:
        """A further capture."""
        self._counts["sound"] += report.sound
        self._counts["damaged"] += not report.sound
        if report.checks:
            self._counts["check_findings"] = self._counts.get("check_findings", 0) + sum(
                check.findings_total for check in report.checks
            )
            self._counts["checks_failed"] = self._counts.get("checks_failed", 0) + sum(
                bool(check.failed) for check in report.checks
            )
        for name in COUNTS[3:]:
            self._counts[name] += getattr(report, name)

    def stop(self) -> None:
        """A further capture, which was not read to its end: there is no verdict on it."""
        self._counts["stopped"] += 1

    def give(self) -> dict[str, int]:
        """What was added since the last call; it is forgotten here."""
        added, self._counts = self._counts, dict.fromkeys(COUNTS, 0)
        return added

    def take(self, added: dict[str, int]) -> None:
        """Add what `give` gave elsewhere."""
        for name, count in added.items():
            self._counts[name] = self._counts.get(name, 0) + count

    def tree(self, captures: int) -> dict[str, Any]:
        """The JSON form.  captures: how many there were; those that were not added could not be read."""
        counts = dict(self._counts)
        read = {name: counts.pop(name) for name in COUNTS[:3]}
        failed = captures - sum(read.values())
        del read["stopped"]  # (only of what has no JSON form)
        return {"schema_version": 1, "summary": {"captures": captures, **read, "failed": failed, **counts}}

    def line(self, captures: int) -> str:
        """The same in words."""
        total = self.tree(captures)["summary"]
        unread = f", {self._counts['stopped']} not read to the end" if self._counts["stopped"] else ""
        unread += f", {total['failed']} could not be read" if total["failed"] else ""
        return (
            f"{counted(captures, 'capture')}: {total['sound']} sound, {total['damaged']} damaged{unread}; "
            f"{total['bytes']} bytes = {total['frame_bytes']} in {counted(total['frames'], 'frame')}"
            f"{idle_words(total['idle_bytes'])} + {total['gap_bytes']} in gaps{self._checks()}"
        )

    def _checks(self) -> str:
        """What validators said, in words, where any was asked."""
        if "check_findings" not in self._counts:
            return ""
        failed = self._counts["checks_failed"]
        return f"; {counted(self._counts['check_findings'], 'finding')} of checks" + (
            f", {counted(failed, 'check')} failed" if failed else ""
        )
