"""The frame that fails, as it stands and as it may have been: its layout for any length, and whether a change fits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from sigflow import checksums
from sigflow.checksums import crc
from sigflow.checksums.algorithm import ByteSteps
from sigflow.recording.checks import checks_of, present
from sigflow.recording.diagnosis.budget import STEP
from sigflow.recording.diagnosis.counting import CountingWindow
from sigflow.runtime.envelope import CrcParameters, Measured
from sigflow.runtime.measure import maybe_advance
from sigflow.runtime.stored import layouts_in, number, written

if TYPE_CHECKING:
    from sigflow.checksums import Algorithm
    from sigflow.recording.diagnosis.budget import Budget
    from sigflow.runtime.envelope import Checksum, Envelope

#: Leading bytes in which changes are tried one by one, and what is taken for the header where nothing says so.
HEADER = 256
UNKNOWN = 64
#: Units of work: to measure a header, by a fast measure or in steps; to check a frame, beside its bytes.
FAST, SLOW, CHECK = 16, 100, 60
#: Bytes of which a unit computes the checksum, by a library or by a function of the user's.
QUICK, OWN = 64, 1
#: Bits that a checksum tells apart, by its kind: of sums, one changed byte has few effects, wherever it stands.
PAIRS = ("fletcher-16", "fletcher-16-mod256", "fletcher-32", "adler-32")
SUMS = ("xor-8", "sum-8", "sum-16", "sum-32", "lrc", "internet")
BITS_OF_PAIRS, BITS_OF_SUMS = 16, 8
#: A stretch of covered bytes with its place in the frame: start, stop, or literal bytes.
Stretch = tuple[int, int] | bytes


def rate(algorithm: Algorithm) -> int:
    """The bytes of which a unit of work computes the checksum."""
    ours = algorithm.range_form is not None and algorithm.width <= 64
    return QUICK if ours else OWN


def _bits(checksum: Checksum, algorithm: Algorithm) -> int:
    """The bits that a checksum tells apart."""
    name = checksum.algorithm
    if isinstance(name, CrcParameters) or (isinstance(name, str) and crc.model_of(name) is not None):
        return algorithm.width
    return min(algorithm.width, BITS_OF_PAIRS if isinstance(name, str) and name not in SUMS else BITS_OF_SUMS)


def _is_plain(checksum: Checksum) -> bool:
    """Whether it compares bytes of a frame with what an algorithm makes of others, as they stand."""
    return not checksum.told and not checksum.decoded and not checksum.of_elements


class Suspect:
    """A frame that fails its checksum.  State: the budget.

    data: the frame and what follows, as far as it may be its own.  length: what it claims.  looked: leading bytes that
    say so.  checksum: the one that does not hold.
    """

    def __init__(
        self, envelope: Envelope, data: bytes, limit: int, budget: Budget, measured: Measured, number: int
    ) -> None:
        self.envelope = envelope
        self.data = data
        self.limit = limit
        self.length = measured.length
        self.looked = min(measured.looked or envelope.measure.header or UNKNOWN, len(data), self.length)
        self.checksum: Checksum = envelope.search.checksums[number]
        assert self.checksum.algorithm is not None  # see `of`
        self.algorithm: Algorithm = checksums.get(self.checksum.algorithm)
        self.steps: ByteSteps | None = self.algorithm.steps()
        #: How many values of the checksum are told apart.
        self.values = 1 << _bits(self.checksum, self.algorithm)
        self._number = number
        self._measured = measured
        self._budget = budget
        named = [checksum.algorithm for checksum in envelope.search.checksums]
        self._rate = min(rate(checksums.get(name)) for name in named if name is not None)
        self._effects: list[tuple[int, int, int]] | None = None

    @classmethod
    def of(cls, envelope: Envelope, data: bytes, limit: int, budget: Budget, whole: bool) -> Self | None:
        """The frame at the start of `data`; None where its length cannot be told, nothing is wrong with it, or the
        checksum that does not hold is not one of the frame's own bytes.
        """
        window = CountingWindow(data, 0, len(data), sys.maxsize)
        measured = maybe_advance(envelope.measure.incremental(window), envelope.measure.reasons)
        budget.charge(SLOW + STEP * window.steps)
        if not isinstance(measured, Measured) or measured.length <= 0:
            return None
        if not whole:
            return cls(envelope, data, limit, budget, measured, 0) if _is_plain(envelope.search.checksums[0]) else None
        if measured.length > len(data):
            return None
        checks = checks_of(envelope, measured, data[: measured.length])
        numbers = present(envelope, measured)
        wrong = next((number for number, check in zip(numbers, checks, strict=True) if not check.holds), None)
        if wrong is None or not _is_plain(envelope.search.checksums[wrong]):
            return None
        return cls(envelope, data, limit, budget, measured, wrong)

    def spend(self, units: int) -> bool:
        """Whether there is work left for this; if so it is taken."""
        return self._budget.spend(units)

    def spend_sum(self, units: int, size: int) -> bool:
        """The same for this and a checksum over so many bytes."""
        return self.spend(units + size // self._rate)

    def most(self, units: int) -> int:
        """How many of these units are left."""
        return self._budget.most(units)

    # ---------------------------------------------------------------- layout

    def layout(self, length: int) -> tuple[int, list[Stretch]] | None:
        """Where the value stands in a frame of this length with the header as it is, and what it covers.

        What lies behind the header goes with the end of the frame.  None where the frame is too short for it.
        """
        checksum = self.checksum
        if checksum.stored is not None and checksum.pieces is not None:
            at, pieces = checksum.stored, checksum.pieces
        else:
            laid = self._measured.checks[self._number] if self._measured.checks else None
            layouts = layouts_in(checksum, laid)
            if not layouts:
                return None
            at, pieces = layouts[0][0], layouts[0][1]
        moved = length - self.length
        at = self._place(at, length, moved)
        stretches: list[Stretch] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                stretches.append(piece)
                continue
            start, stop = self._stretch(piece[0], piece[1], length, moved)
            stretches += self._zeroed(start, stop, at)
        fits = 0 <= at <= length - checksum.size and all(
            isinstance(part, bytes) or 0 <= part[0] <= part[1] <= length for part in stretches
        )
        return (at, stretches) if fits else None

    def _stretch(self, start: int, stop: int | None, length: int, moved: int) -> tuple[int, int]:
        return self._place(start, length, moved), length if stop is None else self._place(stop, length, moved)

    def _place(self, at: int, length: int, moved: int) -> int:
        if at < 0:
            return length + at
        return at if at <= self.looked else at + moved

    def _zeroed(self, start: int, stop: int, at: int) -> list[Stretch]:
        behind = at + self.checksum.size
        if not self.checksum.zeroed or not (start < behind and at < stop):
            return [(start, stop)]
        zeros = bytes(min(behind, stop) - max(at, start))
        return [(start, max(start, at)), zeros, (min(behind, stop), stop)]

    def covered(self, raw: bytes, stretches: list[Stretch]) -> bytes:
        """The bytes that the checksum covers."""
        return b"".join(part if isinstance(part, bytes) else raw[part[0] : part[1]] for part in stretches)

    def places(self, stretches: list[Stretch]) -> list[int]:
        """For each covered byte where it stands in the frame; -1 for what does not."""
        places: list[int] = []
        for part in stretches:
            places += [-1] * len(part) if isinstance(part, bytes) else range(*part)
        return places

    def stored(self, raw: bytes, at: int) -> int | None:
        """The value that stands there; None where it is not a number."""
        return number(self.checksum, raw[at : at + self.checksum.size])

    def written(self, value: int, raw: bytes, at: int) -> bytes:
        """A value as it is stored there, in upper case where it is text."""
        return written(self.checksum, value, raw[at : at + self.checksum.size])

    # ---------------------------------------------------------------- changes

    @property
    def marker(self) -> int:
        """The bytes of the marker; a frame with a wrong one is never found, so it is not changed."""
        return next((len(literal) for literal in self.envelope.search.sync if self.data.startswith(literal)), 0)

    @property
    def header(self) -> range:
        """The places behind the marker that may say how long the frame is."""
        return range(self.marker, min(self.looked, HEADER))

    def effects(self) -> list[tuple[int, int, int]]:
        """(place, bit, length) for each bit of the header that turned makes another length."""
        if self._effects is None:
            self._effects = []
            head = self.data[: max(self.looked, self.envelope.measure.header or 0)]
            for place in self.header:
                for bit in (1, 2, 4, 8, 16, 32, 64, 128):
                    length = self.length_of(head[:place] + bytes((head[place] ^ bit,)) + head[place + 1 :])
                    if length is not None and length != self.length:
                        self._effects.append((place, bit, length))
        return self._effects

    def length_of(self, raw: bytes) -> int | None:
        """What the frame at the start of these bytes claims; None where there is none, or no work left."""
        envelope = self.envelope
        if envelope.measure.static is not None and len(raw) >= (envelope.measure.header or 0):
            if not self.spend(FAST):
                return None
            length = envelope.measure.static(raw, 0, len(raw))
            return length if isinstance(length, int) and 0 < length <= self.limit else None
        measured = self._measure(raw)
        return None if measured is None else measured.length

    def _measure(self, raw: bytes) -> Measured | None:
        if not self.spend(SLOW):
            return None
        window = CountingWindow(
            raw, 0, len(raw), self.limit, self.envelope.search.sync if self.envelope.search.aborted_by_sync else ()
        )
        measured = maybe_advance(self.envelope.measure.incremental(window), self.envelope.measure.reasons)
        self._budget.charge(STEP * window.steps)
        return measured if isinstance(measured, Measured) and 0 < measured.length <= self.limit else None

    def fits(self, raw: bytes) -> bool:
        """Whether a frame of exactly these bytes would be a good one."""
        envelope = self.envelope
        if not self.spend_sum(CHECK, len(raw)):
            return False
        if any(checksum.stored is None or checksum.pieces is None for checksum in envelope.search.checksums):
            measured = self._measure(raw)
            if measured is None or measured.length != len(raw):
                return False
        elif self.length_of(raw) == len(raw):
            measured = Measured(len(raw), 0)
        else:
            return False
        return all(check.holds for check in checks_of(envelope, measured, raw))
