"""What changed between two readings of one capture: the first frame that is not as it was.

Frames are remembered as digests (16 bytes each), so that a large capture costs little between two readings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sigflow.events import Record
from sigflow.recording.diagnosis.budget import Budget
from sigflow.recording.frames import frame_tree
from sigflow.recording.verdict import EventVerdict

if TYPE_CHECKING:
    from sigflow.recording.recording import Recording
    from sigflow.recording.report import Report


@dataclass(slots=True)
class Reading:
    """One reading of a capture: the verdict, a digest of each frame, and the first frame that differs from the reading
    before (None where none does, or there was none before)."""

    report: Report
    digests: list[bytes] = field(default_factory=list)
    changed: dict[str, Any] | None = None
    changed_index: int | None = None


def read(recording: Recording, before: Reading | None) -> Reading:
    """Read a recording and compare its frames with the reading before."""
    run = recording.run(keep=True)
    verdict = EventVerdict(run, budget=Budget())
    digests: list[bytes] = []
    changed: dict[str, Any] | None = None
    for tree in _trees(recording, run, verdict):
        index = len(digests)
        digests.append(blake2b(json.dumps(tree, sort_keys=True).encode(), digest_size=16).digest())
        if before is not None and changed is None and before.digests[index : index + 1] != digests[-1:]:
            changed = tree
    reading = Reading(verdict.report(recording.name), digests, changed)
    if changed is not None:
        reading.changed_index = changed["index"]
    elif before is not None and len(before.digests) > len(digests):
        reading.changed_index = len(digests)  # what was there is gone
    return reading


def _trees(recording: Recording, run: Any, verdict: EventVerdict) -> Iterator[dict[str, Any]]:
    formats = {format.name: format for format in recording.formats}
    for event in run.events():
        verdict.add(event)
        if isinstance(event, Record):
            yield frame_tree(event, formats[event.format])
