"""What a decoder has counted, and the ledger: every byte is in exactly one frame or gap, or idle."""

from __future__ import annotations

from dataclasses import field

from sigflow.frozen import frozen


@frozen
class Statistics:
    """Counts of one stream so far.

    bytes: fed.  idle_bytes: in neither frames nor gaps.  by_format: {name: {"frames", "bytes"}}.  sequence: {"lost",
    "duplicate", "reordered", "restarts", "strays"}.  work_ratio: bytes checksummed and header bytes read again, for
    each byte of the stream; it is the engine's, not the result's.
    """

    bytes: int
    frames: int
    frame_bytes: int
    gap_bytes: int
    by_format: dict[str, dict[str, int]] = field(default_factory=dict)
    sequence: dict[str, int] = field(default_factory=dict)
    work_ratio: float = field(default=0.0, compare=False)
    idle_bytes: int = 0

    @property
    def pending_bytes(self) -> int:
        """Bytes that are not decided yet; 0 at the end of the stream."""
        return self.bytes - self.frame_bytes - self.idle_bytes - self.gap_bytes
