"""What stands once around the frames of a file, as the scan asks for it: preambles and trailers (`Search.role`).

At offset 0 the preambles are asked before all formats, in the order of the list; the first good one wins, and what it
says is a parameter of its format from then on (`bound`).  A refused one is one more refused candidate there.  Later, a
well-formed preamble is a gap with a reason of its own, or begins the next of several files, where these were joined.
A trailer counts where all formats refuse, and only where it reaches exactly to the end of the stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.reasons import SURE_BITS
from sigflow.runtime.envelope import FRAMES, PREAMBLE, bound, parts_of
from sigflow.runtime.measure import WIRE_ERRORS, reason_of
from sigflow.stream.account import Account
from sigflow.stream.header import Header
from sigflow.stream.segment import Segment

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.format import Format


class Whole(NamedTuple):
    """A whole part: its bytes, and the object that they parse to."""

    raw: bytes
    value: Any

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.raw)


class FilePart:
    """One preamble or trailer.  number: its place in the list of the scan; owner: that of the format that it is of.

    searched: whether it is looked for behind the beginning, too; concatenated: whether it begins another file there.
    """

    __slots__ = ("concatenated", "envelope", "header", "number", "owner", "searched", "sync")

    def __init__(
        self, number: int, envelope: Envelope, limit: int, account: Account, formats: Sequence[Envelope]
    ) -> None:
        search = envelope.search
        self.number = number
        self.envelope = envelope
        self.sync = search.sync
        self.header = Header(envelope, limit, account)
        self.header.sync = ()  # where the literal is not asked for, its reason is that of the measure
        self.owner = owner_of(envelope, formats)
        around = formats[self.owner].around
        self.concatenated = around is not None and around.concatenated
        self.searched = is_searched(envelope)

    def marked(self, segment: Segment, at: int) -> bool | None:
        """Whether its literal stands at data[at]; None where the end of the buffer cuts one."""
        if not self.sync or segment.data.startswith(self.sync, at):
            return True
        left = bytes(segment.data[at : at + len(max(self.sync, key=len))])
        return None if any(len(left) < len(literal) and literal.startswith(left) for literal in self.sync) else False

    def look(self, segment: Segment, at: int) -> Whole | str | None:
        """The part that stands at data[at], a reason why there is none, or None while bytes are lacking."""
        claim = self.header.look(segment, at)
        if not isinstance(claim, int):
            return claim
        if at + claim > len(segment.data):
            return None
        raw = bytes(segment.data[at : at + claim])
        try:
            return Whole(raw, self.envelope.decode.parse(raw, None))
        except WIRE_ERRORS as error:
            return reason_of(error, self.envelope.measure.reasons)


def owner_of(part: Envelope, formats: Sequence[Envelope]) -> int:
    """The number of the format around whose frames it stands."""
    return next(number for number, envelope in enumerate(formats) if any(part is own for own in parts_of(envelope)))


def is_searched(part: Envelope) -> bool:
    """Whether it is looked for behind the beginning, too: by what it begins with."""
    search = part.search
    return bool(search.sync) and (search.role != PREAMBLE or search.header_bits >= SURE_BITS)


def is_asked(envelope: Envelope) -> bool:
    """Whether there can be frames of a format: of one whose units need a preamble, only once that is known."""
    around = envelope.around
    return envelope.search.role == FRAMES and (around is None or not around.needed or envelope.root is not None)


def with_parts(formats: Iterable[Format]) -> list[Format]:
    """Returns the formats, and behind them those of what stands once around their frames, each once."""
    listed = list(formats)
    names = {format.name for format in listed}
    return [*listed, *(part for format in listed for part in format.parts() if part.name not in names)]


def opened(formats: Sequence[Format], data: bytes, *, final: bool) -> list[Format] | None:
    """Returns the formats of a stream that begins with `data`, that of the first good preamble bound to it; None while
    bytes are lacking.  final: the stream is no longer than that.
    """
    listed, segment = list(formats), Segment(data, 0)
    envelopes = [format.envelope for format in listed if format.envelope is not None]
    for number, format in enumerate(listed):
        envelope = format.envelope
        if envelope is None or envelope.search.role != PREAMBLE:
            continue
        part = FilePart(number, envelope, format.max_frame, Account(), envelopes)
        verdict = part.look(segment, 0)
        if verdict is None and not final:
            return None
        if isinstance(verdict, Whole):
            owner = listed[part.owner]
            assert owner.envelope is not None  # it has a preamble
            listed[part.owner] = owner.bound(bound(owner.envelope, verdict.value), verdict.raw)
            break
    return listed
