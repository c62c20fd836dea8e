"""The search for what may have happened to a frame: all kinds of causes, weighed against each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sigflow.frozen import frozen
from sigflow.recording.diagnosis.budget import Budget
from sigflow.recording.diagnosis.cause import Cause, Guess
from sigflow.recording.diagnosis.edits import changed, doubled, dropped, turned_in_header
from sigflow.recording.diagnosis.frame import Suspect
from sigflow.recording.diagnosis.lengths import another_length, any_length
from sigflow.recording.diagnosis.variants import variants

if TYPE_CHECKING:
    from collections.abc import Callable

    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.format import Format

__all__ = ["BEYOND", "NOTHING", "OF_WRITERS", "Budget", "Cause", "Diagnosis", "diagnose"]

#: Causes that are told, at most.
MOST = 3
#: The share of damage that is of no kind that is looked for; see `edits`.
OTHER = 0.6
#: The share of the weight from which on a cause is firm; and fits expected by chance of one that ends the search.
FIRM, SURE = 0.99, 1e-4
#: Fits expected by chance of a cause that is weak only because another fits as well.
CLEAR = 1e-3
#: Bytes beyond the gap that a frame may claim for its own bytes to be looked at as they stand.
BEYOND = 64 << 10
#: Kinds that blame the way a checksum is computed, not the bytes.
OF_WRITERS = ("order", "algorithm", "coverage")

#: The searches: the likely and the cheap ones first.  `True`: only for a frame that is there whole.
SEARCHES: tuple[tuple[Callable[[Suspect], Iterator[Guess]], bool], ...] = (
    (changed, True),
    (turned_in_header, False),
    (another_length, False),
    (doubled, False),
    (dropped, False),
)
#: Those whose causes may look like each other's, so that none of them ends the search.
ALIKE = (any_length, variants)


@frozen
class Diagnosis:
    """What was found of one frame.  untried: whether something was left out for want of work."""

    guesses: tuple[Guess, ...] = ()
    base: int = 0
    values: int = 1
    whole: bool = True
    untried: bool = False

    def causes(self, *, held: bool = False) -> tuple[Cause, ...]:
        """The most probable causes, at most three, the likeliest first; none where nothing small explains it.

        held: whether other frames of the format hold as they are, so that their writer computes as the spec says.
        """
        best: dict[str, Guess] = {}
        for cause in sorted(self.guesses, key=lambda cause: -cause.share / cause.tries):
            if not (held and cause.kind in OF_WRITERS):
                best.setdefault(cause.words(self.base), cause)
        total = sum(cause.share / cause.tries for cause in best.values()) + OTHER / self.values
        told = []
        for words, cause in best.items():
            firm = cause.share / cause.tries >= FIRM * total
            if not firm:
                if not self.whole:
                    continue
                alike = sum(other.kind == cause.kind for other in best.values())
                chance = max(cause.tries / self.values, alike - 1)
                if chance < CLEAR:
                    words += f" (weak: of {len(best)} causes that fit, any may be the true one)"
                else:
                    words += f" (weak: of {cause.tries} such repairs, {chance:.2g} fit by chance)"
            at = None if cause.at is None else self.base + cause.at
            told.append(Cause(cause.kind, at, words, firm, cause.extent))
        return tuple(told[:MOST])


NOTHING = Diagnosis()


def diagnose(
    format: Format,
    data: bytes,
    base: int,
    *,
    whole: bool = True,
    reach: int | None = None,
    held: bool = False,
    budget: Budget | None = None,
) -> Diagnosis:
    """What may have happened to the frame at the start of `data`.

    data: the stream from the frame's first byte to where the next frame begins, or to the frame's end if that is later.
    base: the offset of data[0].  whole: whether the frame is there in all its bytes; if not, only causes that make it
    one are looked for, and none that chance may explain.  reach: how many of the bytes are in the gap; those behind are
    a believed frame's.  held: see `Diagnosis.causes`.
    """
    envelope = format.envelope
    if envelope is None or not envelope.search.checksums:
        return NOTHING
    budget = budget or Budget()
    budget.begin()
    try:
        return _diagnosed(
            envelope, format.max_frame, data, base, whole, len(data) if reach is None else reach, held, budget
        )
    finally:
        budget.end()


def _diagnosed(
    envelope: Envelope, limit: int, data: bytes, base: int, whole: bool, reach: int, held: bool, budget: Budget
) -> Diagnosis:
    suspect = Suspect.of(envelope, data, limit, budget, whole)
    if suspect is None:
        return NOTHING
    causes: list[Guess] = []
    values = suspect.values
    if whole and suspect.length > reach:
        # What it claims goes on into a believed frame, so its length is wrong, or that frame is in it by right.
        if suspect.length <= reach + BEYOND:
            causes = [cause for cause in _each(changed(suspect)) if cause.at is not None and cause.at < reach]
        inside = None if _sure(causes, values) else Suspect.of(envelope, data[:reach], limit, budget, False)
        if inside is None:
            return Diagnosis(tuple(causes), base, values, False, budget.cut)
        suspect, whole = inside, False
    for search, needs_whole in SEARCHES:
        if _sure(causes, values):
            break
        if whole or not needs_whole:
            causes += _each(search(suspect))
    for search in ALIKE if whole and not _sure(causes, values) else ():
        if search is variants:
            if held:
                break
            budget.variants()
        causes += _each(search(suspect))
    return Diagnosis(tuple(causes), base, values, whole, budget.cut)


def _sure(causes: list[Guess], values: int) -> bool:
    return any(cause.tries / values < SURE for cause in causes)


def _each(causes: Iterator[Guess]) -> list[Guess]:
    """What a search finds; of a weak checksum there may be a lot."""
    return [cause for _, cause in zip(range(64), causes, strict=False)]
