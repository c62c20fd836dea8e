"""One cause, as it is found and as it is told."""

from __future__ import annotations

from collections.abc import Callable

from sigflow.frozen import frozen


@frozen
class Cause:
    """What may have happened.  kind: `flip`, `byte`, `drop`, `double`, `insert`, `length`, `order`, `algorithm` or
    `coverage`.  offset: where in the stream, where that is a place.  firm: whether chance hardly explains it; of one
    that is not, the message has the odds.  extent: bytes of the stream that the frame has by this cause.
    """

    kind: str
    offset: int | None
    message: str
    firm: bool = True
    extent: int = 0


@frozen
class Guess:
    """What a search found.  at: where in the frame.  share: of all damage that is of this kind, roughly.  tries: how
    many changes of the kind were tried.  words: tells it, given the offset of the frame.  extent: see `Cause`.
    """

    kind: str
    at: int | None
    share: float
    tries: int
    words: Callable[[int], str]
    extent: int
