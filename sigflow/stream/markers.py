"""Candidates: the next place where a frame of some format may begin.

A sync literal that the end of the buffer cuts counts as one: more bytes decide.  A unit between delimiters may begin
right behind one, and where frames begin (`Segment.begins`).  No byte is searched twice for the same literal: where it
stands next, and up to where it does not, are kept (caches, both).
"""

from __future__ import annotations

from collections.abc import Iterable

from sigflow.stream.segment import Segment


class Markers:
    """The sync literals of some formats; a format without one makes every byte a candidate.  delimiters: of formats
    whose units stand between them.
    """

    __slots__ = ("_delimited", "_everywhere", "_hits", "_literals", "_searched")

    def __init__(self, literals: Iterable[tuple[bytes, ...]], delimiters: Iterable[bytes] = ()) -> None:
        sets = list(literals)
        self._everywhere = not all(sets)
        # Each with its distance to the candidate.
        at_it = [(literal, 0) for of_format in sets for literal in of_format]
        behind_it = [(delimiter, len(delimiter)) for delimiter in delimiters]
        self._literals = list(dict.fromkeys([*at_it, *behind_it]))
        self._delimited = bool(behind_it)
        self.drop()

    def drop(self) -> None:
        """Forget the caches."""
        self._hits = [-1] * len(self._literals)  # the last candidate found, by literal
        self._searched = [0] * len(self._literals)  # where its search goes on

    def candidate(self, segment: Segment, at: int) -> int:
        """The first candidate in data[at:], or the end of data; as `at`, an index into the buffer."""
        data, base = segment.data, segment.base
        if self._everywhere or (self._delimited and base + at == segment.begins):
            return at
        first = len(data)
        for n, (literal, distance) in enumerate(self._literals):
            hit = self._hits[n] - base
            if hit < at:
                hit = data.find(literal, max(at - distance, self._searched[n] - base, 0))
                if hit < 0:
                    tail = max(at - distance, len(data) - len(literal) + 1, 0)
                    self._searched[n] = base + tail
                    for cut in range(tail, len(data)) if not distance else ():
                        if data[cut:] == literal[: len(data) - cut]:
                            first = min(first, cut)
                            break
                    continue
                hit += distance
                self._hits[n] = base + hit
            first = min(first, hit)
        return first
