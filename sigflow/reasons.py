"""Why bytes are in no frame: the reasons of gaps.  A reason is spelled in this file and in no other.

The Python scan takes its words from here, the native one its numbers (`engine/assemble.py` writes them into the text of
a scan), the explanations their sentences.  A spec may name reasons of its own (`-sigflow-reason`) in place of those
that a measure gives; they are known to that format alone.
"""

from __future__ import annotations

from enum import Enum

from sigflow.frozen import frozen

#: No sync marker stands there, so no format was asked; the only reason of a refusal that is of no format.
NO_MARKER = "no-marker"
#: The bytes are missing: they were dropped before they were read.  It is of no format either, and no candidate has it.
OVERFLOW = "overflow"

CONTENTS = "contents"
INVALID = "valid"
TOO_LONG = "too-long"
CHECKSUM = "checksum"
ABORTED = "aborted"
NULL = "null"
OVERTAKEN = "overtaken"
UNCONFIRMED = "unconfirmed"
TRUNCATED = "truncated"
ABANDONED = "abandoned"
STUFFING = "stuffing"
SECOND_PREAMBLE = "second-preamble"
LENGTH = "length"

#: Fixed bits from which on a preamble is taken for one wherever it stands.
SURE_BITS = 32


class Giver(Enum):
    """Who refuses a candidate for a reason."""

    MEASURE = "the measure that the compiler emits, by the bytes of the frame alone"
    FRAMING = "how units stand on the wire"
    CHECKS = "the checksum, once the frame is complete"
    CHAIN = "what stands around the candidate, in a format without a checksum"
    END = "the end of the stream"
    CALLER = "the caller of a live stream"


@frozen
class Reason:
    """One reason to refuse a candidate.

    name: as gaps say it, behind the format's name.  meaning: for people.  giver: who refuses for it.  number: in the
    native scan, counted from where a format's reasons begin; None where only the emitted measure numbers it, or where
    it never comes up there.
    """

    name: str
    meaning: str
    giver: Giver
    number: int | None = None

    @property
    def constant(self) -> str:
        """What its number is called in the native scan."""
        return self.name.upper().replace("-", "_")


REASONS = (
    Reason(CONTENTS, "the fixed bytes are not there", Giver.MEASURE),
    Reason(INVALID, "a value is not one that the spec allows", Giver.MEASURE, 1),
    Reason(TOO_LONG, "longer than the frame limit allows", Giver.MEASURE, 0),
    Reason(CHECKSUM, "the checksum does not hold", Giver.CHECKS, 2),
    Reason(ABORTED, "a second sync marker stands inside the header", Giver.MEASURE, 9),
    Reason(NULL, "the header is all zeros, which is no evidence of a frame", Giver.CHAIN, 4),
    Reason(OVERTAKEN, "other frames in a row lie inside the bytes that this one claims", Giver.CHAIN, 5),
    Reason(UNCONFIRMED, "what follows it are not frames, so nothing confirms it", Giver.CHAIN, 6),
    Reason(TRUNCATED, "the stream ends inside the frame", Giver.END, 3),
    Reason(ABANDONED, "the caller gave this candidate up", Giver.CALLER),
    Reason(STUFFING, "what stands between the literals that frame it is not what stuffing gives", Giver.FRAMING, 7),
    Reason(LENGTH, "what stands between the literals that frame it is not one whole unit", Giver.FRAMING, 8),
    Reason(SECOND_PREAMBLE, "a file begins here; what follows is read as the first one says", Giver.FRAMING),
)

_OF_PREAMBLE = "preamble-"


def of_preamble(reason: str) -> str:
    """The reason why what stands at the beginning is no preamble, from the one that its measure gives."""
    return f"{_OF_PREAMBLE}{reason}"


def preamble_reason(reason: str) -> str:
    """The reason that the measure of a preamble gave, from that of the gap; "" where it is not of a preamble."""
    return reason.removeprefix(_OF_PREAMBLE) if reason.startswith(_OF_PREAMBLE) else ""


#: What a reason means, by its name.
MEANINGS = {reason.name: reason.meaning for reason in REASONS}
#: What is refused for these has no fault of its own: it is what stands around it that speaks against it.
BY_OTHERS = frozenset(reason.name for reason in REASONS if reason.giver in (Giver.CHAIN, Giver.CALLER))
_NUMBERED = {reason.number: reason for reason in REASONS if reason.number is not None}
#: The reasons that the native scan gives itself, for any format, in the order of their numbers.
NATIVE = tuple(_NUMBERED[number] for number in sorted(_NUMBERED))
