"""What becomes of frames on their way: damage by seed, at most one fault to a frame."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import NamedTuple

from sigflow.errors import UsageError

#: In this order it is drawn whether a frame has one.
KINDS = ("flip", "drop", "duplicate", "truncate", "garbage", "stall", "disconnect")


class Piece(NamedTuple):
    """Bytes that are sent.  frame: where a whole frame ends with them, its bytes.  then: `stall` or `disconnect`, what
    happens behind them.
    """

    data: bytes
    frame: bytes | None = None
    then: str = ""


class Faults:
    """State: the chance."""

    def __init__(self, seed: int, rates: Mapping[str, float]) -> None:
        """rates: by kind, the share of frames that have it.  Raises `UsageError` for what is none."""
        for kind, rate in rates.items():
            if kind not in KINDS:
                raise UsageError(f"there is no fault {kind!r}: {', '.join(KINDS)}")
            if not 0 <= rate <= 1:
                raise UsageError(f"{kind}: a share from 0 to 1 is wanted, not {rate:g}")
        self._rng = random.Random(seed)
        self._rates = [(kind, rates.get(kind, 0.0)) for kind in KINDS]

    def of(self, frame: bytes) -> list[Piece]:
        """What is sent in place of a frame."""
        rng = self._rng
        drawn = [kind for kind, rate in self._rates if rng.random() < rate]
        inside = rng.randrange(1, max(len(frame), 2))
        match drawn[0] if drawn else "":
            case "flip":
                bit = rng.randrange(8 * len(frame))
                damaged = bytearray(frame)
                damaged[bit // 8] ^= 1 << bit % 8
                return [Piece(bytes(damaged))]
            case "drop":
                return []
            case "duplicate":
                return [Piece(frame, frame), Piece(frame, frame)]
            case "truncate":
                return [Piece(frame[:inside])]
            case "garbage":
                return [Piece(rng.randbytes(rng.randrange(1, 65))), Piece(frame, frame)]
            case "stall":
                return [Piece(frame[:inside], then="stall"), Piece(frame[inside:], frame)]
            case "disconnect":
                return [Piece(frame[:inside], then="disconnect")]
        return [Piece(frame, frame)]
