"""What a scan can be resumed from, as a plain value, and as a tree of which JSON can be made.

A checkpoint stands where the scan does: at the end of a believed frame, or behind bytes of a gap or idle bytes that are
still open, which it carries along; wherever that is, the state is all that decides what follows
(`docs/architecture.md`).  Caches are not part of it, nor are bytes: those from `start` on are fed again.

A tree that comes back may have been cut, edited or made up.  It is read strictly: no key may be lacking or be more,
each value has its kind and its range, and the sums must be those of a stream (the ledger balances at `offset`).
Anything else is a `UsageError` that says where.  In a tree, bytes and numbers of many bits are hexadecimal texts.  A
stream's id is itself where it is a number, a text, a truth value or null; else {"bytes": hexadecimal}, {"float":
hexadecimal} or {"enum": [name, number]}.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple, TypeVar

from sigflow.errors import UsageError
from sigflow.events import Stamp
from sigflow.frozen import frozen
from sigflow.stream.chain import LOCKS
from sigflow.stream.cuts import Cut, in_order
from sigflow.stream.sequence import StreamState

T = TypeVar("T")

#: The version of the form of trees.
VERSION = 1
#: The greatest offset that there may be: what a signed number of 64 bits holds.
MOST = (1 << 63) - 1
#: Digits of the longest hexadecimal number: a counter's bits over a window, many times over.
DIGITS = 1 << 16

_KEYS = (
    "version", "offset", "start", "lock", "begins", "asks_at", "index", "gap_bytes", "idle_bytes", "sequence", "open",
    "formats", "marks", "cuts", "cut_count", "work",
)  # fmt: skip
_OF_FORMAT = ("name", "spec", "max_frame", "window", "frames", "frame_bytes", "preamble", "streams")
_OF_OPEN = ("start", "stop", "reasons", "after_gap")


class EnumId(int):
    """A stream's id that is a member of an enum, which is told by its name in the format's module."""

    name = ""


class OpenBytes(NamedTuple):
    """A gap, or idle bytes, that no frame has closed yet.  reasons: of the gap, () where it is idle bytes.  after_gap:
    whether these touch a gap.
    """

    start: int
    stop: int
    reasons: tuple[str, ...]
    after_gap: bool


class FormatState(NamedTuple):
    """What was found of one format, and which it is.

    name, spec, max_frame, window: its name, the hash of its spec, its limit, and over how many steps counters are
    looked back (`Limits.reorder`).  frames, frame_bytes: how many there were.  preamble: the bytes of the one that it
    is bound to.  streams: where the sequence counters stand.
    """

    name: str
    spec: str
    max_frame: int
    window: int
    frames: int = 0
    frame_bytes: int = 0
    preamble: bytes | None = None
    streams: tuple[StreamState, ...] = ()

    @property
    def identity(self) -> tuple[str, str, int, int]:
        """Which format it is."""
        return self[:4]


@frozen
class Checkpoint:
    """Where a decoder is in its stream (`Decoder.checkpoint`), to go on from there (`Decoder(resume=)`).

    offset: of the first byte that is not decided.  start: from which offset on bytes are fed to the decoder that goes
    on: as far before `offset` as a verdict may look back, but not across a cut.  lock, begins, asks_at: beside the
    offset, the state of the scan.  index: of the next frame.  gap_bytes, idle_bytes, sequence, work: what was counted
    (`Statistics`).  open: bytes of a gap, or idle, that no frame has closed.  formats: what was found of each.  marks,
    cuts: those that are still to come.  cut_count: how many cuts the stream had when this was taken; those behind them
    are for the `cuts` of the decoder that goes on.
    """

    offset: int
    start: int
    lock: str
    begins: int
    asks_at: int
    index: int
    gap_bytes: int
    idle_bytes: int
    sequence: tuple[int, int, int, int, int]
    open: OpenBytes | None
    formats: tuple[FormatState, ...]
    marks: tuple[tuple[int, str], ...] = ()
    cuts: tuple[Cut, ...] = ()
    cut_count: int = 0
    work: int = 0

    def to_json(self) -> dict[str, object]:
        """Returns the same as dicts, lists, texts and whole numbers, of which JSON can be made.

        Raises `UsageError` where a stream's id is of a kind that has no such form.
        """
        return _tree(self)

    @classmethod
    def from_json(cls, tree: object) -> Checkpoint:
        """Returns the checkpoint of which `to_json` made this.

        Raises `UsageError` for what is none, is of another version, or does not add up.
        """
        return _checkpoint(tree)


# ---------------------------------------------------------------- to trees


def _tree(checkpoint: Checkpoint) -> dict[str, object]:
    """The tree of a checkpoint."""
    opened = checkpoint.open
    return {
        "version": VERSION,
        "offset": checkpoint.offset,
        "start": checkpoint.start,
        "lock": checkpoint.lock,
        "begins": checkpoint.begins,
        "asks_at": checkpoint.asks_at,
        "index": checkpoint.index,
        "gap_bytes": checkpoint.gap_bytes,
        "idle_bytes": checkpoint.idle_bytes,
        "sequence": list(checkpoint.sequence),
        "open": None if opened is None else {**opened._asdict(), "reasons": list(opened.reasons)},
        "formats": [
            {
                **state._asdict(),
                "preamble": None if state.preamble is None else state.preamble.hex(),
                "streams": [_of_stream(stream) for stream in state.streams],
            }
            for state in checkpoint.formats
        ],
        "marks": [list(mark) for mark in checkpoint.marks],
        "cuts": [[cut.offset, cut.kind, cut.missing, _of_stamp(cut.stamp)] for cut in checkpoint.cuts],
        "cut_count": checkpoint.cut_count,
        "work": checkpoint.work,
    }


def _of_stamp(stamp: Stamp | None) -> list[object] | None:
    return None if stamp is None else list(stamp)


def _of_stream(state: StreamState) -> list[object]:
    before = None if state.before is None else [state.before[0], *(f"{bits:x}" for bits in state.before[1:])]
    opened = None if state.open is None else list(state.open)
    bits = f"{state.seen:x}", f"{state.lacking:x}"
    return [id_tree(state.stream), state.next, *bits, opened, before, *state[6:]]


def id_tree(stream: object) -> object:
    """Returns a stream's id as JSON has it.  Raises `UsageError` where it is of a kind that has no such form."""
    if isinstance(stream, IntEnum | EnumId):
        name = stream.name if isinstance(stream, EnumId) else type(stream).__qualname__
        return {"enum": [name, int(stream)]}
    if stream is None or isinstance(stream, bool | int | str):
        return stream
    if isinstance(stream, bytes):
        return {"bytes": stream.hex()}
    if isinstance(stream, float):
        return {"float": stream.hex()}
    raise UsageError(f"a stream whose id is of the kind {type(stream).__name__} cannot be kept")


# ---------------------------------------------------------------- from trees


def _checkpoint(source: object) -> Checkpoint:
    """The checkpoint of a tree."""
    version = source.get("version") if isinstance(source, dict) else None
    if isinstance(version, int) and version != VERSION:
        raise UsageError(f"a checkpoint of version {version}, wanted {VERSION}")
    told = _Reader("checkpoint", source).members(_KEYS)
    offset = told["offset"].number()
    made = Checkpoint(
        offset=offset,
        start=told["start"].number(0, offset),
        lock=told["lock"].choice(LOCKS),
        begins=told["begins"].number(-1, offset),
        asks_at=told["asks_at"].number(-1, offset),
        index=told["index"].number(),
        gap_bytes=told["gap_bytes"].number(),
        idle_bytes=told["idle_bytes"].number(),
        sequence=_counts(told["sequence"]),
        open=told["open"].maybe(lambda reader: _open(reader, offset)),
        formats=tuple(map(_format, told["formats"].items())),
        marks=tuple(map(_mark, told["marks"].items())),
        cuts=tuple(in_order(map(_cut, told["cuts"].items()), offset)),
        cut_count=told["cut_count"].number(),
        work=told["work"].number(),
    )
    by_bytes = sum(state.frame_bytes for state in made.formats) + made.gap_bytes + made.idle_bytes
    by_frames = sum(state.frames for state in made.formats)
    if (by_bytes, by_frames) != (offset, made.index):
        raise UsageError(
            f"the checkpoint does not add up: {by_bytes} bytes and {by_frames} frames were counted, at offset {offset} "
            f"and frame {made.index}"
        )
    return made


def _counts(reader: _Reader) -> tuple[int, int, int, int, int]:
    lost, duplicate, reordered, restarts, strays = (item.number() for item in reader.items(5))
    return lost, duplicate, reordered, restarts, strays


def _open(reader: _Reader, offset: int) -> OpenBytes:
    told = reader.members(_OF_OPEN)
    reasons = tuple(item.text() for item in told["reasons"].items())
    stop = told["stop"].number(offset, offset)
    return OpenBytes(told["start"].number(0, stop - 1), stop, reasons, told["after_gap"].truth())


def _format(reader: _Reader) -> FormatState:
    told = reader.members(_OF_FORMAT)
    return FormatState(
        told["name"].text(),
        told["spec"].text(),
        told["max_frame"].number(),
        told["window"].number(),
        told["frames"].number(),
        told["frame_bytes"].number(),
        told["preamble"].maybe(_Reader.bytes),
        tuple(map(_stream, told["streams"].items())),
    )


def _stream(reader: _Reader) -> StreamState:
    stream, following, seen, lacking, opened, before, last, frames, strays, stray = reader.items(10)
    return StreamState(
        _id(stream),
        following.number(most=None),
        seen.bits(),
        lacking.bits(),
        opened.maybe(_pair),
        before.maybe(_stand),
        last.number(),
        frames.number(1),
        strays.number(),
        stray.number(-1),
    )


def _pair(reader: _Reader) -> tuple[int, int]:
    counter, offset = reader.items(2)
    return counter.number(most=None), offset.number()


def _stand(reader: _Reader) -> tuple[int, int, int]:
    following, seen, lacking = reader.items(3)
    return following.number(most=None), seen.bits(), lacking.bits()


def _id(reader: _Reader) -> object:
    source = reader.source
    if not isinstance(source, dict):
        if source is None or isinstance(source, bool | int | str):
            return source
        raise reader.wrong("an id of a stream")
    kind = next(iter(source)) if len(source) == 1 else ""
    value = reader.members((kind,))[kind] if kind in ("enum", "bytes", "float") else None
    if value is None:
        raise reader.wrong("an id of a stream")
    if kind == "enum":
        name, number = value.items(2)
        member = EnumId(number.number(-MOST))
        member.name = name.text()
        return member
    if kind == "bytes":
        return value.bytes()
    try:
        return float.fromhex(value.text())
    except (ValueError, OverflowError):
        raise value.wrong("a number") from None


def _mark(reader: _Reader) -> tuple[int, str]:
    offset, name = reader.items(2)
    return offset.number(), name.text()


def _cut(reader: _Reader) -> Cut:
    offset, kind, missing, stamp = reader.items(4)
    return Cut(offset.number(), kind.text(), missing.maybe(_Reader.number), stamp.maybe(_stamp))


def _stamp(reader: _Reader) -> Stamp:
    wall, monotonic, transport, boot, number = reader.items(5)
    return Stamp(wall.number(-MOST), monotonic.number(-MOST), transport.text(), boot.text(), number.number())


class _Reader:
    """One place of a tree.  place: what it is called in errors."""

    __slots__ = ("_place", "source")

    def __init__(self, place: str, source: Any) -> None:
        self._place = place
        self.source = source

    def wrong(self, wanted: str) -> UsageError:
        """The error for this place."""
        shown = repr(self.source)
        shown = shown if len(shown) <= 40 else f"{shown[:40]}…"
        return UsageError(f"{self._place}: found {shown}, wanted {wanted}")

    def members(self, keys: tuple[str, ...]) -> dict[str, _Reader]:
        """The members of a dict that has these keys and no others."""
        if not isinstance(self.source, dict) or set(self.source) != set(keys):
            raise self.wrong(f"the keys {', '.join(keys)}")
        return {key: _Reader(f"{self._place}.{key}", self.source[key]) for key in keys}

    def items(self, count: int | None = None) -> list[_Reader]:
        """The items of a list, of which there are so many."""
        if not isinstance(self.source, list | tuple) or (count is not None and len(self.source) != count):
            raise self.wrong("a list" if count is None else f"a list of {count}")
        return [_Reader(f"{self._place}[{n}]", item) for n, item in enumerate(self.source)]

    def maybe(self, read: Callable[[_Reader], T]) -> T | None:
        """What `read` makes of it; None of null."""
        return None if self.source is None else read(self)

    def number(self, least: int = 0, most: int | None = MOST) -> int:
        """A whole number in this range."""
        source = self.source
        if not isinstance(source, int) or isinstance(source, bool) or source < least or (most or source) < source:
            raise self.wrong(f"a whole number from {least} on" + ("" if most is None else f" up to {most}"))
        return int(source)

    def truth(self) -> bool:
        """A truth value."""
        if not isinstance(self.source, bool):
            raise self.wrong("true or false")
        return self.source

    def text(self) -> str:
        """A text."""
        if not isinstance(self.source, str):
            raise self.wrong("a text")
        return self.source

    def choice(self, choices: tuple[str, ...]) -> str:
        """One of these texts."""
        if self.source not in choices:
            raise self.wrong(f"one of {', '.join(choices)}")
        return str(self.source)

    def bytes(self) -> bytes:
        """Bytes."""
        try:
            return bytes.fromhex(self.text())
        except ValueError:
            raise self.wrong("hexadecimal bytes") from None

    def bits(self) -> int:
        """A number of many bits."""
        text = self.text()
        try:
            if len(text) <= DIGITS and text.isalnum():
                return int(text, 16)
        except ValueError:
            pass  # told below
        raise self.wrong("a hexadecimal number")
