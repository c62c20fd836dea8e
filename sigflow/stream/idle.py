"""Idle literals: what may stand between frames and is neither frame nor damage."""

from __future__ import annotations

from collections.abc import Iterable

from sigflow.stream.segment import Segment


class Idle:
    """The literals of a list of formats, in the order in which they are looked for."""

    __slots__ = ("literals",)

    def __init__(self, literals: Iterable[tuple[bytes, ...]]) -> None:
        self.literals = list(dict.fromkeys(literal for of_format in literals for literal in of_format))

    def __bool__(self) -> bool:
        return bool(self.literals)

    def size(self, segment: Segment, at: int) -> int | None:
        """The bytes of the first literal that stands at data[at], 0 if none does; None where the end of the buffer cuts
        one and more may come.
        """
        data = segment.data
        for literal in self.literals:
            if data.startswith(literal, at):
                return len(literal)
            left = len(data) - at
            if left < len(literal) and not segment.final and literal.startswith(bytes(data[at:])):
                return None
        return 0

    def behind(self, segment: Segment, at: int) -> int | None:
        """The place behind the literals that stand at data[at] in a row; None as above."""
        if not self.literals:
            return at
        while size := self.size(segment, at):
            at += size
        return at if size == 0 else None


#: Nothing is idle.
NO_IDLE = Idle(())
