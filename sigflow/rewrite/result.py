"""What was done, by any of the commands that make captures of captures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import Severity
from sigflow.recording.report import LOSS

if TYPE_CHECKING:
    from sigflow.recording import Report

#: Outputs that a result lists.
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written."""

    out: str
    frames: int
    bytes: int

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {"out": self.out, "frames": self.frames, "bytes": self.bytes}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What was done.  outputs: the files, none where nothing was written; difference: why not, where one reads
    differently.  cut: whether the captures were not read to their ends.  counts: what else there is to count.
    missing: frames that the output lacks, by the sequence numbers, where that is asked and not what each capture lacks.
    """

    command: str
    reports: tuple[Report, ...]
    outputs: tuple[Written, ...]
    difference: str = ""
    cut: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    missing: int | None = None

    @property
    def lost(self) -> int:
        """Frames that never came, by the sequence numbers."""
        if self.missing is not None:
            return self.missing
        return sum(report.sequence["lost"] for report in self.reports)

    @property
    def sound(self) -> bool:
        """Whether the captures were, as far as they were read, and nothing is lost."""
        return not self.lost and all(report.sound or _lacks_only(report) for report in self.reports)

    @property
    def frames(self) -> int:
        """Frames that were read."""
        return sum(report.frames for report in self.reports)

    @property
    def frames_written(self) -> int:
        """Frames that were written."""
        return sum(written.frames for written in self.outputs)

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        reports = self.reports
        tree: dict[str, Any] = {
            "schema_version": 1,
            "command": self.command,
            "captures": [report.capture for report in reports],
            "specs": list(dict.fromkeys(spec for report in reports for spec in report.specs)),
            "sound": self.sound,
            "whole": not self.cut,
            "bytes": sum(report.bytes for report in reports),
            "frames": self.frames,
            "frame_bytes": sum(report.frame_bytes for report in reports),
            "idle_bytes": sum(report.idle_bytes for report in reports),
            "gap_bytes": sum(report.gap_bytes for report in reports),
            "lost": self.lost,
            "placed": bool(self.outputs) and not self.difference,
            "difference": self.difference,
            "written": {
                "frames": self.frames_written,
                "bytes": sum(written.bytes for written in self.outputs),
            },
            "outputs": [written.tree() for written in self.outputs[:LONGEST]],
            "counts": dict(self.counts),
        }
        if len(self.outputs) > LONGEST:
            tree["outputs_total"] = len(self.outputs)
        return tree


def _lacks_only(report: Report) -> bool:
    """Whether nothing is wrong with a capture but that frames are missing, which may have been in another."""
    errors = (finding for finding in report.diagnostics if finding.severity is Severity.ERROR)
    told = report.diagnostics_total == len(report.diagnostics)
    return not report.gaps_total and told and all(finding.code == LOSS for finding in errors)
