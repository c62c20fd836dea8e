"""Another length: the field that says it is wrong, and the checksum holds for a frame that ends elsewhere.

Either the writer computed the checksum over the wrong field, or the field was right then.  In the second case it is put
right first: turning the bits of the header one by one has shown which of them weigh how much.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sigflow.recording.diagnosis.cause import Guess

if TYPE_CHECKING:
    from sigflow.recording.diagnosis.frame import Suspect

#: See `edits`; and how many ends are tried that something speaks for.
SHARE, ANY = 0.05, 0.01
ENDS = 64


def another_length(suspect: Suspect) -> Iterator[Guess]:
    """The frame ends where another begins, or where the data ends."""
    bits = suspect.effects()
    if not bits:
        return  # nothing in the header says how long the frame is
    ends = list(_ends(suspect))
    for length in ends:
        if _holds(suspect, length):
            yield _found(suspect, length, SHARE, 2 * len(ends), "with the header as it is")
        right = _righted(suspect, bits, length)
        if right is not None and suspect.fits(right + suspect.data[len(right) : length]):
            yield _found(suspect, length, SHARE, 2 * len(ends), "with the length put right")


def _ends(suspect: Suspect) -> Iterator[int]:
    data = suspect.data
    if len(data) != suspect.length and len(data) <= suspect.limit:
        yield len(data)
    count = 0
    at = suspect.looked - 1
    while count < ENDS and suspect.envelope.search.sync:
        at = min(
            (hit for literal in suspect.envelope.search.sync if (hit := data.find(literal, at + 1)) >= 0), default=-1
        )
        if at < 0:
            return
        if at != suspect.length:
            yield at
            count += 1


def _holds(suspect: Suspect, length: int) -> bool:
    laid = suspect.layout(length)
    if laid is None or not suspect.spend_sum(20, length):
        return False
    at, stretches = laid
    raw = suspect.data[:length]
    return suspect.stored(raw, at) == suspect.algorithm.compute(suspect.covered(raw, stretches))


def _righted(suspect: Suspect, bits: list[tuple[int, int, int]], length: int) -> bytes | None:
    """The header with a length field that says this length; None where it cannot."""
    head = bytearray(suspect.data[: suspect.looked])
    weights: dict[int, tuple[int, int]] = {}
    value = length - suspect.length
    for place, bit, other in bits:
        weights.setdefault(abs(other - suspect.length), (place, bit))
        if head[place] & bit:
            value += suspect.length - other
    for weight in sorted(weights, reverse=True):
        place, bit = weights[weight]
        head[place] &= ~bit
        if 0 < weight <= value:
            head[place] |= bit
            value -= weight
    return bytes(head) if value == 0 else None


def any_length(suspect: Suspect) -> Iterator[Guess]:
    """The frame ends anywhere, and the checksum holds with the header as it is."""
    laid = suspect.layout(suspect.length)
    steps = suspect.steps
    if laid is None or steps is None or not suspect.effects():
        return
    at, stretches = laid
    last = stretches[-1]
    if isinstance(last, bytes) or any(
        part[1] > suspect.looked for part in stretches[:-1] if not isinstance(part, bytes)
    ):
        return  # more than its end would move
    data, tail = suspect.data, suspect.length - last[1]
    most = min(len(data), suspect.limit, last[0] + tail + suspect.most(3))
    registers = steps.forward(steps.start, suspect.covered(data, stretches[:-1]) + data[last[0] : most - tail])
    first = len(registers) - (most - tail - last[0]) - 1
    suspect.spend(2 * len(registers))
    fixed = suspect.stored(data, at) if at < suspect.looked else None
    wanted = None if fixed is None else steps.entered(fixed)
    for length in range(last[0] + tail, most + 1):
        register = registers[first + length - tail - last[0]]
        if wanted is None:
            value = suspect.stored(data, at + length - suspect.length)
            hit = value is not None and steps.entered(value) == register
        else:
            hit = register == wanted
        if hit and length != suspect.length and _holds(suspect, length):
            yield _found(suspect, length, ANY, most, "with the header as it is")


def _found(suspect: Suspect, length: int, share: float, tries: int, how: str) -> Guess:
    words = f"the length is wrong: the checksum holds for {length} bytes, not {suspect.length}, {how}"
    return Guess("length", None, share, tries, lambda base: words, length)
