"""The verdict on a capture: every byte accounted for.

The attributes of `Report` are the keys of the verdict's JSON form.  `bytes`, `frames` and the like count what was
scanned; `frame_bytes + idle_bytes + gap_bytes == bytes` is checked when the report is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import Finding, Severity
from sigflow.errors import SigflowError
from sigflow.events import Event, Gap, Loss, Note
from sigflow.frozen import frozen, frozen_referable

if TYPE_CHECKING:
    from sigflow.stream.format import Format

SCHEMA_VERSION = 1
#: Where a diagnostic belongs among those of the same offset: those of gaps, of counters, of records.
OF_GAP, OF_COUNTER, OF_RECORD = range(3)
LOSS = "loss"
#: A compressed capture is cut or damaged; what could be read is judged.
COMPRESSED = "compressed-stream"
EMPTY = Finding("empty-capture", Severity.NOTE, "the capture holds no bytes", 0)
#: The longest list in a verdict; longer ones are cut and their length is told beside.
LONGEST = 10_000


def finding_tree(finding: Finding) -> dict[str, Any]:
    """The JSON form of a finding about a stream."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "offset": finding.offset,
        "format": finding.format,
        "path": finding.path,
        "message": finding.message,
    }


def finding_of(event: Event, formats: Sequence[Format]) -> Finding | None:
    """What a loss or a note is among the diagnostics of a verdict; None for other events."""
    if isinstance(event, Note):
        return Finding(event.code, event.severity, event.message, event.offset, event.format)
    if not isinstance(event, Loss):
        return None
    envelope = next((format.envelope for format in formats if format.name == event.format), None)
    path = envelope.decode.sequence.field if envelope is not None and envelope.decode.sequence is not None else ""
    of_stream = "" if event.stream is None else f" of stream {event.stream}"
    frames = "1 frame" if event.count == 1 else f"{event.count} frames"
    message = f"{frames}{of_stream} never came: expected {path} {event.expected}, found {event.found}"
    return Finding(LOSS, Severity.ERROR, message, event.offset, event.format, path)


@frozen
class CheckReport:
    """What a validator said of a recording.  records: how many it was given.  findings: at most 10,000;
    `findings_total` counts them all, `errors` those of severity error.  failed: why it did not come to its end; ""
    where it did.
    """

    name: str
    records: int
    findings: Sequence[Finding]
    findings_total: int
    errors: int
    failed: str = ""

    def tree(self) -> dict[str, Any]:
        """Returns it as plain dicts and lists."""
        tree: dict[str, Any] = {
            "name": self.name,
            "records": self.records,
            "findings": [finding_tree(finding) for finding in self.findings],
            "failed": self.failed or None,
        }
        if self.findings_total > len(self.findings):
            tree["findings_total"] = self.findings_total
        return tree


@frozen_referable
class Report:
    """What a scan of a capture found.

    gaps and diagnostics hold at most 10,000 entries each; `gaps_total` and `diagnostics_total` count them all.
    by_format: per format name, {"frames", "bytes"}.  sequence: {"lost", "duplicate", "reordered", "restarts",
    "strays"}.
    work_ratio: bytes checksummed plus header bytes read again, per byte of the stream; a property of the engine.
    checks: what validators said, where any was asked for; they change nothing of the rest, nor whether it is sound.
    """

    capture: str
    specs: tuple[str, ...]
    engine: str
    sound: bool
    bytes: int
    frames: int
    frame_bytes: int
    gap_bytes: int
    by_format: dict[str, dict[str, int]]
    gaps: Sequence[Gap]
    gaps_total: int
    sequence: dict[str, int]
    diagnostics: Sequence[Finding]
    diagnostics_total: int
    work_ratio: float
    idle_bytes: int = 0
    schema_version: int = SCHEMA_VERSION
    checks: Sequence[CheckReport] = ()

    def __post_init__(self) -> None:
        if self.frame_bytes + self.idle_bytes + self.gap_bytes != self.bytes:
            raise SigflowError(
                f"the ledger does not balance: {self.frame_bytes} bytes in frames, {self.idle_bytes} idle and "
                f"{self.gap_bytes} in gaps are not the {self.bytes} bytes of {self.capture}; this is a bug in sigflow"
            )

    def make_lists(self) -> None:
        """Makes the lists that are otherwise made when they are first looked at."""
        list(self.diagnostics)

    @property
    def errors(self) -> int:
        """How many of the listed diagnostics are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.diagnostics)

    def tree(self) -> dict[str, Any]:
        """Returns the verdict as plain dicts and lists, whose keys are those of the schema `verdict`."""
        tree: dict[str, Any] = {
            "schema_version": self.schema_version,
            "capture": self.capture,
            "specs": list(self.specs),
            "engine": self.engine,
            "sound": self.sound,
            "bytes": self.bytes,
            "frames": self.frames,
            "frame_bytes": self.frame_bytes,
            "idle_bytes": self.idle_bytes,
            "gap_bytes": self.gap_bytes,
            "by_format": self.by_format,
            "gaps": [
                {"start": gap.span.start, "stop": gap.span.stop, "reasons": list(gap.reasons)} for gap in self.gaps
            ],
            "sequence": self.sequence,
            "diagnostics": [finding_tree(finding) for finding in self.diagnostics],
            "work_ratio": round(self.work_ratio, 3),
        }
        if self.gaps_total > len(self.gaps):
            tree["gaps_total"] = self.gaps_total
        if self.diagnostics_total > len(self.diagnostics):
            tree["diagnostics_total"] = self.diagnostics_total
        if self.checks:
            tree["checks"] = [check.tree() for check in self.checks]
        return tree
