"""What a value does not carry: the bytes behind a terminator, the padding, what no field reads, a longer way to say
the same.  Kept by path when a value is written over the bytes that it was read from.
"""

from __future__ import annotations

from sigflow.runtime.writing.node import Path


class Slack:
    """By the path of a field: what would be written for it, and what stands there instead."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Path, str], tuple[bytes, bytes]] = {}
        #: The bytes of all streams, by the paths of what was read from them.
        self.streams: dict[Path, bytes] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def paths(self) -> list[Path]:
        """The fields whose bytes are not the ones that their values are written as."""
        return list(dict.fromkeys(path for path, _ in self._kept))

    def keep(self, path: Path, what: str, canonical: bytes, raw: bytes) -> None:
        """Keep that `raw` stands where `canonical` would.  what: what about the field that is."""
        self._kept[path, what] = canonical, raw

    def of(self, path: Path, what: str) -> tuple[bytes, bytes] | None:
        """What was kept, if anything."""
        return self._kept.get((path, what))

    def behind(self, path: Path, canonical: bytes, used: int) -> bytes:
        """`canonical`, of which `used` bytes say something, with what stood behind what was said in as many bytes."""
        kept = self._kept.get((path, "used"))
        if kept is None or len(kept[1]) != len(canonical):
            return canonical
        cut = max(used, len(kept[0]))
        return canonical[:cut] + kept[1][cut:]

    def instead(self, path: Path, what: str, canonical: bytes) -> bytes:
        """What stands where `canonical` would."""
        kept = self._kept.get((path, what))
        return kept[1] if kept is not None and kept[0] == canonical else canonical
