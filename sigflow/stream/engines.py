"""What a decoder asks of an engine that scans for it, of which it knows no more than this.

An engine stands on a floor above.  It comes in by the door: what makes engines by their names is put into `door` by
`sigflow/__init__.py`, when a public name is first used.  Who has none gets the Python scan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sigflow.errors import UsageError
from sigflow.events import Event, FrameRun

if TYPE_CHECKING:
    from sigflow.stream.building.many import BuiltFrames
    from sigflow.stream.cuts import Kind
    from sigflow.stream.format import Format
    from sigflow.stream.pending import Stamps
    from sigflow.stream.scan import Scanner
    from sigflow.stream.sink import Events

#: Events, as many as `len` says.
Piece = list[Event] | FrameRun


class Left(NamedTuple):
    """What is handed over: the bytes from the offset `base` on, in pieces, of which those before `pos` are decided and
    only looked back at, and those from `seen` on, which is in the first piece, were not looked at; the lock; where
    frames begin, as of `Segment`.

    Long pieces are no copies.
    """

    pieces: tuple[bytes | memoryview, ...]
    base: int
    pos: int
    seen: int
    lock: int
    begins: int


class Collector(Protocol):
    """Takes frames for batches of columns."""

    def rows(self, data: Any, frames: Any, numbers: Any, base: int, first: int) -> None:
        """Frames as arrays, which are valid during the call.

        data: the bytes, the first at the offset `base`.  frames: (n, 2 or more) int64, start and stop in them.
        numbers: of each frame's format, as the decoder lists them, or one for all.  first: the index of the first.
        """

    def piece(self, piece: Piece) -> list[Event]:
        """Take the records of these events; gives the others."""

    def batches(self, flush: bool) -> Iterator[Any]:
        """The batches that are full; with `flush` also what is left."""

    def close(self) -> None:
        """The formats are about to change: the frames so far make a batch."""

    @property
    def waits(self) -> bool:
        """Whether there are frames that no batch was given of."""


class LiveScan(Protocol):
    """A scan that has taken over a decoder's bytes, and its place in the stream, until it leaves."""

    stuck: bool
    """Whether what waits is for the Python scan: it cannot be decided here, or it is long."""

    @property
    def pos(self) -> int:
        """The offset of the first byte that is not decided."""

    @property
    def lock(self) -> int:
        """The lock."""

    @property
    def fed(self) -> int:
        """The end of the stream so far."""

    @property
    def unseen(self) -> int:
        """Bytes that came since the last look."""

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again."""

    def take(self, left: Left) -> None:
        """Take the stream over."""

    def add(self, chunk: bytes | memoryview) -> None:
        """Take a chunk."""

    def begin_behind(self, pos: int, kind: Kind) -> None:
        """Go on at `pos`, behind a cut of this kind, up to which all is decided."""

    def go_over(self, pos: int, kind: Kind, chunks: Collection[bytes]) -> bool:
        """Go on behind a cut of this kind, at `pos`, with these chunks, while what was found waits to be taken.

        Returns whether that is done: only where what was found are good frames alone, up to the cut, so that nothing is
        open there.
        """

    def scan(self, final: int) -> bool:
        """Go on; whether something was found, which one of the next four then takes.

        final: what comes behind the bytes that were taken, as of `Segment`.
        """

    def pieces(self) -> Iterable[Piece]:
        """What was found, as events."""

    def count(self) -> int:
        """How many events that are."""

    def others(self) -> Iterable[Event]:
        """The events that are no records; the frames are counted and let go of."""

    def collect(self, collector: Collector) -> Iterable[Piece]:
        """Hand the frames to a collector; gives the other events."""

    def sync(self) -> None:
        """Let the decoder's sink know where all counters stand."""

    def undecided(self) -> tuple[bytes, int]:
        """The bytes that may still be looked at, and the offset of the first."""

    def leave(self) -> Left:
        """Let go of the stream."""


class Engine(Protocol):
    """Scans for decoders where that is quicker than the Python scan, and finds the same."""

    def due(self, formats: Sequence[Format], fed: int) -> float:
        """From how many bytes of a stream on a live scan of these formats pays; inf where there is none.

        fed: how many have come.  Raises `UsageError` where a live scan is wanted and cannot be.
        """

    def live(self, formats: Sequence[Format], sink: Events, stamps: Stamps) -> LiveScan | None:
        """A live scan of these formats; None where there is none."""

    def scanner(self, formats: Sequence[Format], marks: Collection[tuple[int, str]]) -> Scanner:
        """A scanner for what is not for the live scan: long buffers, and long frames."""


class Door(Protocol):
    """Makes what comes from above."""

    def engine(self, name: str) -> Engine | None:
        """The engine of this name (`auto`, `native`, `python`), None for the Python scan."""

    def collector(self, formats: Sequence[Format], size: int, **wanted: Any) -> Collector:
        """What collects frames of these formats for Arrow, in batches of this size."""

    def built(self, format: Format, values: Any, keep: str | Iterable[str]) -> Iterator[BuiltFrames]:
        """The frames of many values, or of the rows of a table."""


#: Set once, see above.
door: Callable[[], Door] | None = None


def engine_of(name: str) -> Engine | None:
    """The engine of this name; None for the Python scan.  Raises `UsageError` for a name that is not known."""
    if name not in ("auto", "native", "python"):
        raise UsageError(f"engine {name!r}, wanted one of auto, python, native")
    if name == "python" or (door is None and name == "auto"):
        return None
    return _opened().engine(name)


def collector_of(formats: Sequence[Format], size: int, **wanted: Any) -> Collector:
    """See `Door.collector`."""
    return _opened().collector(formats, size, **wanted)


def built_of(format: Format, values: Any, keep: str | Iterable[str]) -> Iterator[BuiltFrames]:
    """See `Door.built`."""
    return _opened().built(format, values, keep)


def _opened() -> Door:
    if door is None:
        raise UsageError("a part of sigflow alone has neither the native engine nor columns: take it from `sigflow`")
    return door()
