"""Bits turned, bytes changed, dropped, doubled: each a change of one byte of the frame after which the checksum holds.

Strategy.  Behind the header a change moves nothing but what follows it, so one walk from both ends of the covered bytes
tries all places.  In the header a change may move everything, so there each is tried by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sigflow.recording.diagnosis.cause import Guess

if TYPE_CHECKING:
    from sigflow.checksums.algorithm import ByteSteps
    from sigflow.recording.diagnosis.frame import Suspect

#: How damage is shared among the kinds, roughly: what breaks on a wire and in a store.  What no search looks for (a
#: burst, a stretch that is lost) is `diagnosis.OTHER`.
FLIP, BYTE, DROP, DOUBLE, INSERT = 0.3, 0.12, 0.06, 0.05, 0.04


def changed(suspect: Suspect) -> Iterator[Guess]:
    """One byte is another, in the covered bytes or in the stored value; the length stays."""
    data, length = suspect.data[: suspect.length], suspect.length
    laid = suspect.layout(length)
    if laid is None:
        return
    at, stretches = laid
    stored = suspect.stored(data, at)
    covered = suspect.covered(data, stretches)
    places = suspect.places(stretches)
    tries = 8 * (len(covered) + suspect.checksum.size)
    if suspect.spend_sum(0, len(covered)):
        written = suspect.written(suspect.algorithm.compute(covered), data, at)
        wrong = [i for i, (there, right) in enumerate(zip(data[at:], written, strict=False)) if there != right]
        if len(wrong) == 1:
            place = at + wrong[0]
            yield _changed(place, data[place], written[wrong[0]], tries, length, " in the stored checksum")
    steps = suspect.steps
    if steps is None or stored is None or not suspect.spend(3 * len(covered)):
        return
    there = steps.forward(steps.start, covered)
    back = steps.back(steps.entered(stored), covered)
    for i, byte in steps.between(there[:-1], back[1:]):
        place = places[i]
        if place >= 0 and byte != covered[i] and suspect.fits(_with(data, place, byte)):
            yield _changed(place, covered[i], byte, tries, length)


def _with(data: bytes, at: int, byte: int) -> bytes:
    return data[:at] + bytes((byte,)) + data[at + 1 :]


def _changed(at: int, stored: int, right: int, tries: int, extent: int, where: str = "", more: str = "") -> Guess:
    if (stored ^ right).bit_count() == 1:
        kind, share, what = "flip", FLIP, "one bit flipped"
    else:
        kind, share, what, tries = "byte", BYTE, "one byte changed", tries * 32
    return Guess(
        kind,
        at,
        share,
        tries,
        lambda base: f"{what}{where} at offset {base + at}: 0x{stored:02x}, right with 0x{right:02x}{more}",
        extent,
    )


def turned_in_header(suspect: Suspect) -> Iterator[Guess]:
    """One bit of the header is turned that says how long the frame is."""
    data, claimed = suspect.data, suspect.length
    tries = 8 * (min(suspect.length, len(data)) + suspect.checksum.size)
    for place, bit, length in suspect.effects():
        raw = _with(data[:length], place, data[place] ^ bit)
        if len(raw) == length and suspect.fits(raw):
            more = f", which makes the frame {length} bytes long instead of {claimed}"
            yield _changed(place, data[place], data[place] ^ bit, tries, length, more=more)


# ---------------------------------------------------------------- a byte too many


def doubled(suspect: Suspect) -> Iterator[Guess]:
    """One byte too many: the one before came twice, or it came from nowhere."""
    data, length = suspect.data, suspect.length
    tries = min(length, len(data))
    hits = {place: size for place in suspect.header if (size := _fits_without(suspect, place))}
    laid = suspect.layout(length)
    if length < len(data) and laid is not None:
        at = laid[0]
        field = range(max(at, suspect.looked), at + suspect.checksum.size)
        behind = [place for place in field if suspect.fits(data[:place] + data[place + 1 : length + 1])]
        hits |= dict.fromkeys([*behind, *_too_many_behind(suspect, laid[0], suspect.steps)], length + 1)
    for first, last in _runs(sorted(hits), lambda before, other: data[before] == data[other]):
        yield _too_many(data, first, last, tries, hits[first])


def _fits_without(suspect: Suspect, place: int) -> int:
    """The bytes of the frame if this one is too many; 0 where that makes no good frame."""
    data = suspect.data
    head = data[:place] + data[place + 1 : max(suspect.looked, suspect.envelope.measure.header or 0) + 1]
    length = suspect.length_of(head)
    if length is None or length >= len(data):
        return 0
    return length + 1 if suspect.fits(data[:place] + data[place + 1 : length + 1]) else 0


def _too_many_behind(suspect: Suspect, at: int, steps: ByteSteps | None) -> list[int]:
    """The places behind the header without whose byte the frame is good."""
    data, length = suspect.data, suspect.length
    laid = suspect.layout(length)
    if steps is None or laid is None or not suspect.spend(3 * length):
        return []
    stretches = laid[1]
    places = suspect.places(stretches)
    there = steps.forward(steps.start, suspect.covered(data, stretches))
    moved = data[1 : length + 1]
    left = suspect.covered(moved, stretches)
    hits: list[int] = []
    for raw, behind in ((data, True), (moved, False)):  # the value stands before the byte, or behind it
        value = suspect.stored(raw, at)
        if value is None:
            continue
        back = steps.back(steps.entered(value), left)
        for i, (byte, other) in enumerate(zip(there[:-1], back[:-1], strict=True)):
            if byte == other and places[i] >= suspect.looked and (places[i] > at) is behind:
                place = places[i]
                if suspect.fits(data[:place] + data[place + 1 : length + 1]):
                    hits.append(place)
    return hits


def _too_many(data: bytes, first: int, last: int, tries: int, extent: int) -> Guess:
    byte = f"0x{data[first]:02x}"
    if last > first or (first and data[first - 1] == data[first]):
        return Guess(
            "double",
            first,
            DOUBLE,
            tries,
            lambda base: f"a byte doubled at offset {base + first}: {byte} once too often",
            extent,
        )
    told = lambda base: f"a byte too many at offset {base + first}: {byte}"  # noqa: E731
    return Guess("insert", first, INSERT, tries, told, extent)


# ---------------------------------------------------------------- a byte missing


def dropped(suspect: Suspect) -> Iterator[Guess]:
    """One byte is missing."""
    data, length = suspect.data, suspect.length
    tries = 256 * min(length, len(data) + 1)
    hits: dict[int, tuple[int, int]] = {}
    groups: dict[int, list[int]] = {}
    moving = {place for place, _, _ in suspect.effects()}
    for place in suspect.header:
        values = range(256) if place in moving else range(1)
        for byte in values:
            guess = _length_with(suspect, place, byte)
            if guess is None or guess > len(data) + 1:
                continue
            if place not in moving:
                groups.setdefault(guess, []).append(place)
            elif suspect.fits(_put(data, place, byte, guess)):
                hits[place] = byte, guess
    if length <= len(data) + 1:
        groups.setdefault(length, [])
    for guess, places in groups.items():
        missing = _missing(suspect, guess, set(places), guess == length)
        hits |= {place: (byte, guess) for place, byte in missing.items()}
    for first, _ in _runs(
        sorted(hits), lambda before, other: hits[before] == hits[other] and hits[before][0] == data[before]
    ):
        yield _dropped(first, hits[first][0], tries, hits[first][1] - 1)


def _dropped(first: int, byte: int, tries: int, extent: int) -> Guess:
    return Guess(
        "drop",
        first,
        DROP,
        tries,
        lambda base: f"a byte dropped at offset {base + first}: right with 0x{byte:02x} there",
        extent,
    )


def _put(data: bytes, place: int, byte: int, length: int) -> bytes:
    return data[:place] + bytes((byte,)) + data[place : length - 1]


def _length_with(suspect: Suspect, place: int, byte: int) -> int | None:
    return suspect.length_of(_put(suspect.data, place, byte, max(suspect.looked, suspect.envelope.measure.header or 0)))


def _missing(suspect: Suspect, length: int, header: set[int], behind: bool) -> dict[int, int]:
    """The places where one byte more makes a good frame of this length, and which byte.

    header: the places in the header to try.  behind: whether to try those behind it.
    """
    data, steps = suspect.data, suspect.steps
    laid = suspect.layout(length)
    if laid is None:
        return {}
    at, stretches = laid
    moved = b"\0" + data[: length - 1]
    hits: dict[int, int] = {}
    for place in range(at, at + suspect.checksum.size):
        if place in header or (behind and place >= suspect.looked):
            raw = _put(data, place, 0, length)
            right = suspect.written(suspect.algorithm.compute(suspect.covered(raw, stretches)), raw, at)[place - at]
            if suspect.fits(_put(data, place, right, length)):
                hits[place] = right
    if steps is None or not suspect.spend(5 * length):
        return hits
    places = suspect.places(stretches)
    there = steps.forward(steps.start, suspect.covered(data[:length].ljust(length, b"\0"), stretches))
    rest = suspect.covered(moved, stretches)
    for raw, before in ((data, True), (moved, False)):  # the value stands before the byte, or behind it
        value = suspect.stored(raw, at)
        if value is None:
            continue
        back = steps.back(steps.entered(value), rest)
        for i, byte in steps.between(there[:-1], back[1:]):
            place = places[i]
            wanted = place in header or (behind and place >= suspect.looked)
            if wanted and (place > at) is before and suspect.fits(_put(data, place, byte, length)):
                hits[place] = byte
    return hits


def _runs(hits: list[int], same: Callable[[int, int], bool]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbouring places that are the same change."""
    start = 0
    for i in range(1, len(hits) + 1):
        if i == len(hits) or hits[i] != hits[i - 1] + 1 or not same(hits[i - 1], hits[i]):
            yield hits[start], hits[i - 1]
            start = i
