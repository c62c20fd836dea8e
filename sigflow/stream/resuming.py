"""From a decoder's parts to a checkpoint, and back.

What a checkpoint holds of each part is what that part says of itself (`Between.state`, `Tracker.states`, `Counts`); to
take one costs about as much as there are streams with a sequence counter that were seen since the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import EnumType, IntEnum
from typing import TYPE_CHECKING

from sigflow.errors import SigflowError, UsageError
from sigflow.runtime.envelope import PREAMBLE, bound
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.stream.chain import LOCKS
from sigflow.stream.checkpoint import Checkpoint, EnumId, FormatState, OpenBytes

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.cuts import Cut
    from sigflow.stream.engines import LiveScan
    from sigflow.stream.format import Format
    from sigflow.stream.scan import Scanner
    from sigflow.stream.sequence import Tracker
    from sigflow.stream.sink import Events
    from sigflow.stream.whole import WholeFile


def taken(
    formats: Sequence[Format],
    scanner: Scanner | WholeFile,
    live: LiveScan | None,
    sink: Events,
    *,
    start: int,
    cuts: Sequence[Cut],
    cut_count: int,
    work: int,
) -> Checkpoint:
    """The checkpoint of a stream.  live: what has it instead of the scanner.  start: where the part behind the last cut
    begins.  The rest is as of `Checkpoint`.
    """
    if live is not None:
        live.sync()
    assert sink.counts is not None  # it is a decoder's
    pos, lock = (scanner.pos, scanner.lock) if live is None else (live.pos, live.lock)
    states = []
    for n, (format, tracker) in enumerate(zip(formats, sink.trackers, strict=True)):
        preamble = format.preamble.raw if n in scanner.roots and format.preamble is not None else None
        counted = sink.frame_counts[n], sink.frame_bytes[n]
        streams = tracker.states() if tracker is not None else ()
        states.append(FormatState(*identity_of(format, tracker).identity, *counted, preamble, streams))
    opened = sink.between.state()
    return Checkpoint(
        offset=pos,
        start=max(pos - scanner.lookback, start),
        lock=LOCKS[lock],
        begins=scanner.begins,
        asks_at=scanner.asks_at,
        index=sink.index,
        gap_bytes=sink.gap_bytes,
        idle_bytes=sink.idle_bytes,
        sequence=sink.counts.state(),
        open=OpenBytes(*opened) if opened is not None else None,
        formats=tuple(states),
        marks=tuple(sorted(mark for mark in scanner.marks if mark[0] >= pos)),
        cuts=tuple(cuts),
        cut_count=cut_count,
        work=work,
    )


def restore(checkpoint: Checkpoint, formats: list[Format], scanner: Scanner | WholeFile, sink: Events) -> None:
    """Let new parts of a decoder be where those were whose checkpoint this is.  formats: are bound to the preambles
    that it carries.

    Raises `UsageError` where it is of other formats, or cannot be one of theirs.
    """
    check(checkpoint, list(map(identity_of, formats, sink.trackers)))
    if checkpoint.offset - checkpoint.start > scanner.lookback:
        raise UsageError(
            f"the checkpoint at {checkpoint.offset} looks back to {checkpoint.start}, which nothing asks for"
        )
    roots: dict[int, object] = {}
    for n, (state, tracker) in enumerate(zip(checkpoint.formats, sink.trackers, strict=True)):
        format = formats[n]
        if state.preamble is not None:
            roots[n] = root = _preamble_of(format, state.preamble)
            assert format.envelope is not None  # it has a preamble
            formats[n] = format.bound(bound(format.envelope, root), state.preamble)
        if tracker is not None:
            tracker.restore([stream._replace(stream=id_of(format, stream.stream)) for stream in state.streams])
        elif state.streams:
            raise UsageError(f"the checkpoint carries counters of {format.name}, which has none")
        sink.frame_counts[n], sink.frame_bytes[n] = state.frames, state.frame_bytes
    scanner.go_on(checkpoint.offset, LOCKS.index(checkpoint.lock), checkpoint.begins, checkpoint.asks_at, roots)
    sink.index, sink.gap_bytes, sink.idle_bytes = checkpoint.index, checkpoint.gap_bytes, checkpoint.idle_bytes
    sink.between.restore(checkpoint.open)
    assert sink.counts is not None  # it is a decoder's
    sink.counts.restore(checkpoint.sequence)


def identity_of(format: Format, tracker: Tracker | None) -> FormatState:
    """A format of which nothing was found.  tracker: of its counters, if it has any."""
    spec = format.envelope.about.source_hash if format.envelope is not None else ""
    return FormatState(format.name, spec, format.max_frame, tracker.window if tracker is not None else 0)


def check(checkpoint: Checkpoint, formats: Sequence[FormatState]) -> None:
    """Raises `UsageError` where a checkpoint is not one of a stream of these formats."""
    taken, wanted = [state.identity for state in checkpoint.formats], [state.identity for state in formats]
    if taken == wanted:
        return
    if [identity[0] for identity in taken] != [identity[0] for identity in wanted]:
        names = (", ".join(identity[0] for identity in listed) or "no format" for listed in (taken, wanted))
        raise UsageError("the checkpoint is of {}, and not of {}".format(*names))
    for (name, spec, limit, window), (_, other_spec, other_limit, other_window) in zip(taken, wanted, strict=True):
        if spec != other_spec:
            raise UsageError(f"the checkpoint was taken with another spec of {name}")
        if limit != other_limit:
            raise UsageError(f"the checkpoint was taken with frames of {name} up to {limit} bytes, not {other_limit}")
        if window != other_window:
            raise UsageError(
                f"the checkpoint was taken with a window of {window} counters of {name}, not {other_window}"
            )


def _preamble_of(format: Format, raw: bytes) -> object:
    """What a preamble that a checkpoint carries says.  Raises `UsageError` where it is none of this format's."""
    try:
        part = next(part for part in format.parts() if part.envelope is not None and _is_preamble(part.envelope))
        if part.measure(raw) == len(raw):
            return part.parse(raw)
    except (SigflowError, StopIteration, *WIRE_ERRORS):
        pass  # told below
    raise UsageError(f"the checkpoint carries {len(raw)} bytes that are no preamble of {format.name}")


def id_of(format: Format, stream: object) -> object:
    """The id of a stream; a member of an enum where it was one, if the format's module has that."""
    if not isinstance(stream, EnumId):
        return stream
    enum: object = format.module
    for name in stream.name.split("."):
        enum = getattr(enum, "__dict__", {}).get(name)  # (a name may be made up: no attribute is computed)
    try:
        return enum(int(stream)) if isinstance(enum, EnumType) and issubclass(enum, IntEnum) else int(stream)
    except ValueError:
        return int(stream)


def _is_preamble(envelope: Envelope) -> bool:
    return envelope.search.role == PREAMBLE
