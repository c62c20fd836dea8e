"""The payloads of many frames on their way through the codecs of their format, as arrays.

Frames to which a codec does not apply cost nothing.  Bytes are decoded frame by frame by the codec itself, since that
is where the time goes.  What a codec makes of them that is no bytes is the caller's: which frames have such lists is
told, and a codec behind it is not made for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow import codecs
from sigflow.columns.budget import Budget
from sigflow.columns.conditions import UNDECIDED, YES, verdicts
from sigflow.columns.gather import Scalar, Stretches
from sigflow.errors import CodecError
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    from sigflow.limits import Limits
    from sigflow.runtime.envelope import Codec, Envelope

    Array = np.ndarray[Any, Any]

#: The codecs that give lists of elements.
LISTS = frozenset(("tlv",))


def can_gather(envelope: Envelope, scalars: Mapping[str, Scalar]) -> bool:
    """Whether the payload stands at a fixed place, and what decides on its codecs can be gathered."""
    return envelope.decode.payload_at is not None and all(
        not _parses(codec)
        and not codec.others
        and (codec.when is None or (codec.needs is not None and all(path in scalars for path in codec.needs)))
        for codec in envelope.decode.codecs
    )


def _parses(codec: Codec) -> bool:
    """Whether a codec gives a value, of which objects are made one by one."""
    if codec.target is not None:
        return True
    made = codecs.maybe_of(codec)
    return made is not None and made.parses


class Payloads:
    """State: where the bytes of each payload are now, which codec gave them (-1: none), and to which frames another may
    be applied.

    troubled: the frames of which a codec failed, found something wrong, or may not have been applicable.
    """

    def __init__(self, rows: Stretches, envelope: Envelope) -> None:
        assert envelope.decode.payload_at is not None
        starts, stops = rows.limits(*envelope.decode.payload_at)
        self.rows = rows
        self.data = rows.data
        self.starts = starts.copy()
        self.stops = stops.copy()
        self.stage = np.full(len(rows), -1, np.int64)
        self.troubled = np.zeros(len(rows), bool)
        self.decoded: dict[int, bytes] = {}
        self._open = ~rows.failed
        self._envelope = envelope

    def through(self, limits: Limits, scalars: Mapping[str, Scalar], budget: Budget) -> Iterator[tuple[int, Array]]:
        """Apply the codecs, one after the other; gives the number of each that makes lists, and of which frames."""
        for number, codec in enumerate(self._envelope.decode.codecs):
            verdicts = self._verdicts(codec, scalars)
            self.troubled |= verdicts == UNDECIDED
            wanted = verdicts == YES
            # What comes behind a list gets no bytes: what it makes of that, the way of single frames says.
            over = wanted & ~self._open & (self.stage >= 0)
            self.rows.failed |= over
            self.troubled |= over
            applies = wanted & self._open
            if codec.name in LISTS:
                self.stage[applies] = number
                self._open &= ~applies
                yield number, applies
            else:
                self._decode(codecs.of(codec), applies, number, limits, budget)

    def _verdicts(self, codec: Codec, scalars: Mapping[str, Scalar]) -> Array:
        if codec.when is None:
            every: Array = np.full(len(self.rows), YES)
            return every
        assert codec.needs is not None
        return verdicts(codec.when, codec.needs, scalars, self.rows)

    def _decode(self, codec: codecs.Codec, applies: Array, number: int, limits: Limits, budget: Budget) -> None:
        """Apply a codec that gives bytes."""
        view = self.data.data
        pieces: list[bytes] = []
        at = len(self.data)
        for row in np.flatnonzero(applies).tolist():
            raw = view[int(self.starts[row]) : int(self.stops[row])]
            try:
                value, problems = codec.decode(raw, limits)
            except (CodecError, *WIRE_ERRORS):
                self._open[row] = False
                self.troubled[row] = True
                continue
            if problems or not isinstance(value, bytes):
                self.troubled[row] = True
            if not isinstance(value, bytes):
                self.rows.failed[row] = True  # what this is, the way of single frames says
                self._open[row] = False
                continue
            budget.take(len(value))
            pieces.append(value)
            self.decoded[row] = value
            self.starts[row], self.stops[row] = at, at + len(value)
            at += len(value)
            self.stage[row] = number
        if pieces:
            self.data = np.concatenate([self.data, np.frombuffer(b"".join(pieces), np.uint8)])
