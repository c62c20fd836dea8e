"""A candidate of a format whose units do not stand on the wire as they are, looked at once more, for people.

Offsets are those of the wire: what is wrong inside a unit is told where its bytes begin there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sigflow.reasons import CHECKSUM
from sigflow.recording.checks import Check, checks_of
from sigflow.runtime.framing import places_of
from sigflow.stream.account import Account
from sigflow.stream.check import Checks
from sigflow.stream.framed import FramedHeader
from sigflow.stream.framing import Unit
from sigflow.stream.headers import header_of
from sigflow.stream.segment import Segment

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.format import Format


class FramedLook:
    """The candidate at the start of `raw`.  final: the stream ends with it.

    verdict: the bytes of the wire, a reason, or None where bytes are lacking.  unit: what its spec sees, as far as it
    could be told; checks: its checksums, by their places on the wire.
    """

    def __init__(self, format: Format, raw: bytes, *, final: bool) -> None:
        envelope = format.envelope
        assert envelope is not None and envelope.search.framing is not None  # asked of framed formats only
        account = Account()
        header = header_of(envelope, format.max_frame, account)
        assert isinstance(header, FramedHeader)
        if envelope.search.checked:
            header.hold = Checks(header, account).hold_of_unit
        segment = Segment(raw, 0)
        segment.final = final
        self.verdict = header.look(segment, 0)
        self.length: int | None = None
        self.unit = b""
        self.checks: tuple[Check, ...] = ()
        if isinstance(self.verdict, int) or self.verdict == CHECKSUM:
            unit = header.unit(segment, 0)
            self.length = unit.size
            places = places_of(envelope.search.framing, raw[: unit.size])
            self.unit = unit.checked[: len(unit.checked) - envelope.search.framing.trailer]
            self.checks = tuple(on_the_wire(check, places) for check in _checks(envelope, unit))
        elif isinstance(self.verdict, str):
            self.unit = header.refused


def _checks(envelope: Envelope, unit: Unit) -> list[Check]:
    return checks_of(envelope, unit.measured, unit.checked)


def on_the_wire(check: Check, places: Sequence[int]) -> Check:
    """A checksum, with the place of its value on the wire."""
    return replace(check, offset=places[min(check.offset, len(places) - 1)])


def candidates_of(format: Format, raw: bytes, begin: int, start: int) -> Iterator[int]:
    """Where in raw[begin:] units of a delimited format may begin; raw[0] is at the offset `start` of the stream."""
    assert format.envelope is not None and format.envelope.search.framing is not None
    delimiter = format.envelope.search.framing.delimiter
    if start + begin == 0:
        yield begin
    hit = raw.find(delimiter, max(begin - len(delimiter), 0))
    while 0 <= hit < len(raw) - len(delimiter):
        if hit + len(delimiter) >= begin:
            yield hit + len(delimiter)
        hit = raw.find(delimiter, hit + 1)
