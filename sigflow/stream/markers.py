"""Candidates: the next place where a frame of some format may begin.

A sync literal that the end of the buffer cuts counts as one: more bytes decide.  No byte is searched twice for the same
literal: where it stands next, and up to where it does not, are kept (caches, both).
"""

from __future__ import annotations

from collections.abc import Iterable

from sigflow.stream.segment import Segment


class Markers:
    """The sync literals of some formats; a format without one makes every byte a candidate."""

    __slots__ = ("_everywhere", "_hits", "_literals", "_searched")

    def __init__(self, literals: Iterable[tuple[bytes, ...]]) -> None:
        sets = list(literals)
        self._everywhere = not all(sets)
        self._literals = list(dict.fromkeys(literal for of_format in sets for literal in of_format))
        self.drop()

    def drop(self) -> None:
        """Forget the caches."""
        self._hits = [-1] * len(self._literals)  # the last place found, by literal
        self._searched = [0] * len(self._literals)  # where its search goes on

    def candidate(self, segment: Segment, at: int) -> int:
        """The first candidate in data[at:], or the end of data; as `at`, an index into the buffer."""
        data, base = segment.data, segment.base
        if self._everywhere:
            return at
        first = len(data)
        for n, literal in enumerate(self._literals):
            hit = self._hits[n] - base
            if hit < at:
                hit = data.find(literal, max(at, self._searched[n] - base))
                if hit < 0:
                    tail = max(at, len(data) - len(literal) + 1)
                    self._searched[n] = base + tail
                    for cut in range(tail, len(data)):
                        if data[cut:] == literal[: len(data) - cut]:
                            first = min(first, cut)
                            break
                    continue
                self._hits[n] = base + hit
            first = min(first, hit)
        return first
