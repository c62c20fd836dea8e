"""The header verdict: does a frame of one format begin here, and how long does it claim to be?

An answer is the length in bytes, or a reason (text) why there is no frame, or NEED (None) while bytes are lacking.
Only the bytes of the frame decide, never how many have arrived; so an answer but NEED is final, and a measure that
lacked bytes is kept and resumed, never begun again.  All that is kept is cache: `drop` forgets it and changes nothing.

`data` is the buffer, `base` the offset of its first byte, `at` where in the buffer the frame would begin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from sigflow.reasons import INVALID, NO_MARKER, TOO_LONG
from sigflow.runtime.box import BOX_ALL, BOX_COUNTER, BOX_MARKS, BOX_STREAM, BOX_WORDS, MARK_UNCOUNTED
from sigflow.runtime.envelope import Measured
from sigflow.runtime.measure import maybe_advance
from sigflow.runtime.window import Window
from sigflow.stream.segment import Buffer, Segment

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.account import Account

#: A length, a reason, or None while bytes are lacking.
Verdict = int | str | None

#: The verdict on an empty unit between delimiters: neither a frame nor damage.
IDLE = "idle"

#: A stream id and a sequence counter.
Key = tuple[int, int]

#: Verdicts that are kept of one format, at most.
_MOST = 1 << 16
#: The largest modulus of a counter that is not a power of two.
LARGEST = 1 << 62

#: The measure of a format, in steps.
IncrementalMeasure = Callable[[Window], Generator[None, None, Measured]]
#: A measure under way: its window, its generator, and the end of the stream below which it need not be resumed.
_Open = tuple[Window, Generator[None, None, Measured], int]


class Header:
    """The headers of one format.  limit: the largest frame."""

    __slots__ = (
        "_abort", "_account", "_box", "_done", "_kept", "_measure", "_native_measure", "_open", "_speaks", "_zeros",
        "counts", "delimiter", "envelope", "hold", "limit", "size", "sync",
    )  # fmt: skip

    def __init__(self, envelope: Envelope, limit: int, account: Account) -> None:
        self.envelope = envelope
        self.limit = limit
        self.sync = envelope.search.sync
        #: What stands between units, where they are found by that.
        self.delimiter = b""
        #: Whether the checksums of the framed unit at data[at] hold, where some decide with its header.
        self.hold: Callable[[Segment, int], bool] | None = None
        self._account = account
        self._abort = envelope.search.sync if envelope.search.aborted_by_sync else ()
        #: Leading bytes that are looked at, where that is a constant; else 0.
        self.size = envelope.measure.header or 0
        self._zeros = bytes(self.size)
        # The fast way reads the whole header before it judges; where not even that fits into a frame, only the steps
        # find the first fault.
        fits = envelope.measure.header is not None and envelope.measure.header <= limit
        self._measure = envelope.measure.static if fits else None
        # A header that refuses nothing says as much when it is all zeros as otherwise.
        self._speaks = envelope.search.header_bits > 0
        #: Whether `key` may tell anything.
        self.counts = tells_counter(envelope, limit)
        self._native_measure = envelope.measure.native if self.counts else None
        has_elements = any(checksum.of_elements for checksum in envelope.search.checksums)
        self._box = [0] * (BOX_ALL if has_elements else BOX_WORDS)
        self._done: dict[int, Measured | str] = {}
        self._open: dict[int, _Open] = {}
        self._kept = 64

    def look(self, segment: Segment, at: int) -> Verdict:
        """The verdict on the header at data[at]."""
        data, base = segment.data, segment.base
        if self.sync and not data.startswith(self.sync, at):
            return None if self.cut(data, at) else NO_MARKER
        if self._measure is not None:
            length = self._measure(data, at, len(data))
            if length is not None:
                self._account.look(base + at, self.size)
                return length if length.__class__ is str else self._bounded(length)  # type: ignore[arg-type]
        measured = self.maybe_measured(segment, at)
        return self._bounded(measured.length) if isinstance(measured, Measured) else measured

    def marked(self, data: Buffer, at: int) -> bool:
        """Whether a marker stands here; anywhere, in a format that has none."""
        return not self.sync or data.startswith(self.sync, at)

    def looked_at(self, offset: int) -> None:
        """Enter a look at the header at this offset, which somebody else has made."""
        self._account.look(offset, self.size)

    def cut(self, data: Buffer, at: int) -> bool:
        """Whether the end of the buffer cuts a marker here."""
        left = len(data) - at
        return any(left < len(literal) and data[at:] == literal[:left] for literal in self.sync)

    def _bounded(self, length: int) -> int | str:
        if length > self.limit:
            return TOO_LONG
        return length if length > 0 else INVALID

    def maybe_measured(self, segment: Segment, at: int) -> Measured | str | None:
        """What the steps of the measure give: what they measured, a reason, or None."""
        data, base = segment.data, segment.base
        key = base + at
        done = self._done.get(key)
        if done is not None:
            return done
        end = base + len(data)
        under_way = self._open.get(key)
        if under_way is None:
            window = Window(data, at, len(data), self.limit, self._abort)
            steps = self.envelope.measure.incremental(window)
        else:
            window, steps, need = under_way
            if end < need:
                return None
            window.move(data, at, len(data))
        result = maybe_advance(steps, self.envelope.measure.reasons)
        if result is None:
            self._open[key] = (window, steps, max(key + window.looked, end + 1))
            window.move(b"", at, at)  # what waits must not keep a buffer that the stream has left
            return None
        self._open.pop(key, None)
        self._account.look(key, window.looked)
        if len(self._done) >= _MOST:
            self._done.clear()
        self._done[key] = result
        return result

    def lacks_until(self, offset: int) -> int:
        """The end of the stream below which the open measure at this offset has no answer."""
        under_way = self._open.get(offset)
        return under_way[2] if under_way is not None else 0

    def key(self, data: Buffer, at: int) -> Key | None:
        """Stream id and counter that the header here tells, which was found valid; None where it tells none.

        Told by the native measure, run as plain Python: so both engines mean the same by what a header measures.
        """
        sequence = self.envelope.decode.sequence
        if (
            self._native_measure is None
            or sequence is None
            or self._native_measure(data, at, len(data), self.limit, self._box) <= 0
        ):
            return None
        if self._box[BOX_MARKS] & MARK_UNCOUNTED:
            return None
        return self._box[BOX_STREAM], self._box[BOX_COUNTER] % sequence.modulus

    def neighbour(self, key: Key, steps: int) -> Key:
        """Stream id and counter of the frame that comes so many steps after one with this `key`."""
        sequence = self.envelope.decode.sequence
        assert sequence is not None  # it gave the key
        return key[0], (key[1] + steps * sequence.step) % sequence.modulus

    def null(self, segment: Segment, at: int) -> bool:
        """Whether the header here, which was found valid, is nothing but zeros, in a format whose headers say
        anything at all.
        """
        data = segment.data
        if not self._speaks:
            return False
        if self._measure is not None:
            return data.startswith(self._zeros, at)
        measured = self.maybe_measured(segment, at)
        looked = measured.looked if isinstance(measured, Measured) else 0
        return not any(data[at : at + looked])

    def beginnings(self) -> frozenset[int]:
        """The bytes that a frame may begin with."""
        if self.sync:
            return frozenset(literal[0] for literal in self.sync)
        return _not_refused(self.envelope.measure.incremental, self.limit, self._abort)

    def beginning(self) -> re.Pattern[bytes]:
        """A byte that a frame may begin with."""
        return one_of(self.beginnings())

    def forget(self, offset: int) -> None:
        """Let go of what lies before the offset, once it is more than half of what is kept."""
        if len(self._done) + len(self._open) > self._kept:
            self._done = {key: done for key, done in self._done.items() if key >= offset}
            self._open = {key: under_way for key, under_way in self._open.items() if key >= offset}
            self._kept = max(64, 2 * (len(self._done) + len(self._open)))

    def drop(self) -> None:
        """Forget every cache."""
        self._done.clear()
        self._open.clear()


def tells_counter(envelope: Envelope, limit: int) -> bool:
    """Whether headers tell stream id and counter, so that a scan may compare them.

    That is so where the native measure tells them, and where counting on stays within 64 bits.
    """
    sequence = envelope.decode.sequence
    return (
        sequence is not None
        and envelope.search.framing is None
        and envelope.measure.native is not None
        and envelope.measure.native_counts
        and limit >= envelope.measure.native_min_limit
        and sequence.step <= LARGEST // 2
        and (sequence.modulus <= LARGEST or sequence.modulus in (2 * LARGEST, 4 * LARGEST))
    )


def one_of(values: Iterable[int]) -> re.Pattern[bytes]:
    """One of these bytes."""
    text = b"".join(b"\\x%02x" % byte for byte in sorted(values))
    return re.compile(b"[" + text + b"]" if text else b"(?!)")


@lru_cache(maxsize=64)
def _not_refused(steps: IncrementalMeasure, limit: int, abort: tuple[bytes, ...]) -> frozenset[int]:
    """The bytes that a measure does not refuse at once; kept, since trying all takes longer than a short stream."""
    windows = {byte: Window(bytes((byte,)), 0, 1, limit, abort) for byte in range(256)}
    return frozenset(byte for byte, window in windows.items() if not isinstance(maybe_advance(steps(window), {}), str))
