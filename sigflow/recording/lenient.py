"""Lenient reading: frames in gaps that are whole but for a check that fails, given beside the good ones, and marked.

They change nothing else: their bytes stay gap bytes, in every account, and the good frames are those of a strict
reading, with the same numbers.  A candidate is given where everything but its checksums holds and all of its bytes lie
in the gap; where such candidates overlap, the first one is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from typing import TYPE_CHECKING

from sigflow.diagnostics import Finding, Severity, hex_excerpt
from sigflow.events import DamagedRecord
from sigflow.reasons import CHECKSUM
from sigflow.recording.faults import Examiner
from sigflow.runtime.envelope import FRAMES

if TYPE_CHECKING:
    from sigflow.events import Gap
    from sigflow.stream.format import Format

#: Candidates of one gap that are looked at, so that no capture makes this go on without end.
CANDIDATES = 1 << 14


class Lenient:
    """Finds them.  known(start, stop): the bytes of the stream there, as far as they are known."""

    def __init__(self, formats: Sequence[Format], known: Callable[[int, int], bytes]) -> None:
        self._formats = [
            format for format in formats if format.envelope is not None and format.envelope.search.role == FRAMES
        ]
        self._known = known
        self._examiner = Examiner(formats, known)

    def of_gap(self, gap: Gap) -> Iterator[DamagedRecord]:
        """The damaged frames of a gap, in their order."""
        stop = gap.span.stop
        done, looks = gap.span.start, 0
        checked = [
            format
            for format in self._formats
            if any(reason == f"{format.name}:{CHECKSUM}" for reason in gap.reasons)  # else there is none of it
        ]
        self._examiner.begin()
        for offset, number in merge(
            *(
                ((offset, number) for offset in self._examiner.candidates(format, gap.span.start, stop))
                for number, format in enumerate(checked)
            )
        ):
            if looks >= CANDIDATES:
                return
            if offset < done:
                continue
            looks += 1
            format = checked[number]
            seen = self._examiner.look(format, offset)
            if seen.reason != CHECKSUM or seen.length is None or offset + seen.length > stop:
                continue
            raw = self._known(offset, offset + seen.length)
            at = offset + seen.at
            excerpt = hex_excerpt(raw, min(seen.at, len(raw) - 1), offset)
            finding = Finding(CHECKSUM, Severity.ERROR, seen.message, at, format.name, seen.path, seen.place, excerpt)
            done = offset + seen.length
            yield DamagedRecord(format, offset, raw, finding)
