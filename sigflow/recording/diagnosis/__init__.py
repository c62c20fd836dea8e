"""What may have happened to a frame whose checksum does not hold.  Only told, never used to repair anything.

Strategy.  Each cause is a small change after which the checksum holds: a bit turned, a byte put in or taken out,
another length, another way to compute.  A checksum that can be run back (`checksums.steps`) tries every place of the
frame in one walk from both ends.  Whatever comes out is put together and checked once more as a frame of its own.

Rules.  The causes are ranked by how probable each is: the share of its kind, divided by how many of its kind were
tried.  Of W bits, one try in 2^W fits by chance: where that is to be expected, the cause says so.  The work is bounded,
and the search ends at the first cause that chance cannot explain.

frame      the frame as it stands, and as it may have been    edits     bits and bytes
lengths    another length                                      variants  other algorithms, orders, coverages
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sigflow.recording.diagnosis.cause import Cause, Found
from sigflow.recording.diagnosis.edits import changed, doubled, dropped, turned_in_header
from sigflow.recording.diagnosis.frame import Suspect
from sigflow.recording.diagnosis.lengths import another_length, any_length
from sigflow.recording.diagnosis.variants import variants

if TYPE_CHECKING:
    from sigflow.stream.format import Format

__all__ = ["Cause", "diagnose"]

#: Causes that are told, at most.
MOST = 3
#: Units of work for one frame; one is about a byte taken through a register in Python.
WORK = 1 << 19
#: Fits that may be expected by chance of a cause that is told as weak, and of one that ends the search.
WEAK, SURE = 0.05, 1e-4

#: The searches: the likely and the cheap ones first.  `True`: only for a frame that is there whole.
SEARCHES = (
    (changed, True),
    (turned_in_header, False),
    (another_length, False),
    (doubled, False),
    (dropped, False),
    (variants, True),
    (any_length, True),
)


def diagnose(format: Format, data: bytes, base: int, *, whole: bool = True, work: int = WORK) -> tuple[Cause, ...]:
    """The most probable causes, at most three, the likeliest first; none where nothing small explains it.

    data: the stream from the frame's first byte to where the next frame begins, or to the frame's end if that is later.
    base: the offset of data[0].  whole: whether the frame is there in all its bytes; if not, only causes that make it
    one are looked for, and none that chance may explain.
    """
    envelope = format.envelope
    if envelope is None or not envelope.checksums:
        return ()
    suspect = Suspect.of(envelope, data, format.max_frame, work, whole)
    if suspect is None:
        return ()
    found: list[Found] = []
    for search, needs_whole in SEARCHES:
        if needs_whole and not whole:
            continue
        found += _each(search(suspect))
        if any(each.tries / suspect.values < SURE for each in found):
            break
    best: dict[str, Cause] = {}
    for each in sorted(found, key=lambda each: -each.share / each.tries):
        chance = each.tries / suspect.values
        if chance >= WEAK and not whole:
            continue
        words = each.words(base)
        if chance >= WEAK:
            words += f" (weak: of {each.tries} such repairs, {chance:.2g} fit by chance)"
        best.setdefault(words, Cause(each.kind, None if each.at is None else base + each.at, words))
    return tuple(best.values())[:MOST]


def _each(found: Iterator[Found]) -> list[Found]:
    """What a search finds; of a weak checksum there may be a lot."""
    return [each for _, each in zip(range(64), found, strict=False)]
