"""The good frames of a capture, written byte for byte; the rest to a quarantine.

Strategy.  One pass.  What is left out is kept as it is found, and the ledger is committed every so many entries, which
bounds memory.  At the end the output is synced, the rest committed, the output read back, and only then renamed.  Where
it does not read as it was written, it is not renamed, and its frames are kept in the quarantine instead.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from sigflow.errors import SigflowError
from sigflow.events import Event, Idle, Record, Span
from sigflow.quarantine import Quarantine, RefusedRange, SpecUsed
from sigflow.recover.decide import LEFT_OUT, MODES, Anew, Judge, decide, is_unwanted, without
from sigflow.recover.readback import Readback, specs_used
from sigflow.storage.base import cuts_of, pieces
from sigflow.storage.disk import DISK, Disk, FileDraft, Identity
from sigflow.stream.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigflow.storage import Storage
    from sigflow.stream.format import Format
    from sigflow.stream.statistics import Statistics

#: Entries of one commit, at most, and once there are many; bytes of a capture read at once; stretches that a result
#: lists.
BATCH = 64
MANY = 1024
PIECE = 1 << 20
LONGEST = 10_000


class Pass(Protocol):
    """One pass over a capture, as a recording's `run` gives it."""

    @property
    def formats(self) -> Sequence[Format]:
        """The formats, with the limits that hold."""

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""

    def events(self) -> Iterator[Event]:
        """The events in the order of the stream; once only."""

    def known(self, start: int, stop: int) -> bytes:
        """The bytes of the event that was just given."""


@dataclass(frozen=True, slots=True)
class Capture:
    """What is recovered.  storage: what the pass reads; it can be read at any offset.

    judge: is given each event, and gives its diagnostics.  reread: the events of a file, by the same formats.
    fits: which frames are meant; the others are left out; None: all are.
    """

    name: str
    storage: Storage
    scan: Pass
    judge: Judge
    reread: Callable[[str], Iterable[Event]]
    fits: Callable[[Record], bool] | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A stretch that is not in the output.  entry: its id in the quarantine, None where nothing is kept."""

    span: Span
    reasons: tuple[str, ...]
    entry: str | None = None

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        span = self.span
        return {"start": span.start, "stop": span.stop, "reasons": list(self.reasons), "entry": self.entry}


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was done.  placed: whether the output has its name; difference: why not, where it reads differently.

    lost: frames that never came, by the sequence numbers.  written: the frames of the output, by number and bytes.
    left_out: at most 10,000 stretches; `left_out_total` counts them all, `left_bytes` their bytes.  kept: entries in
    the quarantine; new: those that were not there before.
    """

    capture: str
    out: str | None
    mode: str
    specs: tuple[str, ...]
    placed: bool
    difference: str
    bytes: int
    frames: int
    frame_bytes: int
    gap_bytes: int
    idle_bytes: int
    lost: int
    written_frames: int
    written_bytes: int
    left_out: tuple[LeftOut, ...]
    left_out_total: int
    left_bytes: int
    quarantine: str | None
    kept: int
    new: int

    @property
    def whole(self) -> bool:
        """Whether every byte of the capture is in the output, or would be."""
        return not self.left_out_total and not self.difference

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        tree: dict[str, Any] = {
            "schema_version": 1,
            "capture": self.capture,
            "out": self.out,
            "mode": self.mode,
            "specs": list(self.specs),
            "placed": self.placed,
            "difference": self.difference,
            "bytes": self.bytes,
            "frames": self.frames,
            "frame_bytes": self.frame_bytes,
            "idle_bytes": self.idle_bytes,
            "gap_bytes": self.gap_bytes,
            "lost": self.lost,
            "written": {"frames": self.written_frames, "bytes": self.written_bytes},
            "left_out": [left.tree() for left in self.left_out],
            "quarantine": self.quarantine,
            "kept": {"entries": self.kept, "new": self.new},
        }
        if self.left_out_total > len(self.left_out):
            tree["left_out_total"] = self.left_out_total
        return tree


def recover(
    capture: Capture,
    out: str | None,
    quarantine: Callable[[], Quarantine],
    *,
    mode: str = MODES[0],
    acknowledged: Callable[[LeftOut], object] = lambda left: None,
    spared: Collection[Identity] = (),
    disk: Disk = DISK,
) -> Recovery:
    """Write the good frames of a capture to `out`, by its mode, and keep the rest.

    mode: one of `MODES`; `report` writes nothing, and only there `out` may be None.  quarantine: opens it; called at
    the first need.  acknowledged: called with each stretch that is left out, once it is kept for good.  spared: files
    that must not be written over.  Raises `OSError` and `SigflowError` where something cannot be read or written; `out`
    is as it was then.
    """
    if mode == "report":
        return _through(capture, mode, out, _Preview(capture, acknowledged))
    assert out is not None  # so the caller was told
    with FileDraft(out, disk=disk, spared=spared) as draft, _Output(capture, acknowledged, draft, quarantine) as output:
        done = _through(capture, mode, out, output)
        if done.placed:
            draft.place()
            draft.sync_name()
        return done


def _through(capture: Capture, mode: str, out: str | None, target: _Preview | _Output) -> Recovery:
    """Go through the capture, and give the result."""
    specs = specs_used(capture.scan.formats)
    events, judge = capture.scan.events(), capture.judge
    if capture.fits is not None:
        events = without(events, capture.fits, judge)
        judge = lambda event: () if is_unwanted(event) else capture.judge(event)  # noqa: E731
    for decision in decide(events, mode, name=capture.name, specs=specs, judge=judge):
        if isinstance(decision, Record):
            target.write(decision)
        elif isinstance(decision, Idle):
            target.fill(decision)
        elif isinstance(decision, Anew):
            target.clear()
        else:
            target.leave(decision)
    difference = target.finish(specs)
    statistics = capture.scan.statistics
    return Recovery(
        capture=capture.name,
        out=out,
        mode=mode,
        specs=tuple(spec.name for spec in specs),
        placed=target.real and not difference,
        difference=difference,
        bytes=statistics.bytes,
        frames=statistics.frames,
        frame_bytes=statistics.frame_bytes,
        gap_bytes=statistics.gap_bytes,
        idle_bytes=statistics.idle_bytes,
        lost=statistics.sequence["lost"],
        written_frames=target.written.frames,
        written_bytes=target.written.frame_bytes,
        left_out=tuple(target.left),
        left_out_total=target.left_total,
        left_bytes=target.left_bytes,
        quarantine=target.folder,
        kept=target.kept,
        new=target.new,
    )


class _Target:
    """Where decisions go.  State: the frames to be written, and what is left out, of which the list is bounded."""

    def __init__(self, acknowledged: Callable[[LeftOut], object]) -> None:
        self.written = Readback()
        self.left: list[LeftOut] = []
        self.left_total = self.left_bytes = 0
        self._acknowledged = acknowledged

    def _tell(self, left: LeftOut) -> None:
        """What was to be done about this stretch is done."""
        self._acknowledged(left)
        self.left_total += 1
        self.left_bytes += len(left.span)
        if len(self.left) < LONGEST:
            self.left.append(left)


class _Preview(_Target):
    """Where nothing is written: what would be, and how it would read.

    State: the frames, the decoder that reads them as the output would be read, and what is left out.
    """

    real = False
    folder: str | None = None
    kept = new = 0

    def __init__(self, capture: Capture, acknowledged: Callable[[LeftOut], object]) -> None:
        super().__init__(acknowledged)
        self._known = capture.scan.known
        self._read = Readback()
        formats = capture.scan.formats
        self._decoder = Decoder(formats) if formats else None

    def write(self, record: Record) -> None:
        """A frame of the output."""
        self.written.frame(record)
        if self._decoder is not None:
            self._decoder.feed(record.raw)
            self._read.add(self._decoder.events())

    def fill(self, idle: Idle) -> None:
        """Idle bytes of the output."""
        if self._decoder is not None:
            self._decoder.feed(self._known(idle.span.start, idle.span.stop))
            self._read.add(self._decoder.events())

    def clear(self) -> None:
        """No mode that only reports begins anew."""

    def leave(self, refused: RefusedRange) -> None:
        """A stretch is left out."""
        self._tell(LeftOut(refused.span, refused.reasons))

    def finish(self, specs: tuple[SpecUsed, ...]) -> str:
        """The end of the capture; says how the output would read differently, "" where it would not."""
        if self._decoder is not None:
            self._decoder.feed_eof()
            self._read.add(self._decoder.events())
        return self.written.difference(self._read)


class _Output(_Target):
    """The draft of the output, and the quarantine once something is left out.

    State: the frames written and the runs of bytes that they are; the quarantine with the id of the capture; what is
    left out, and of that what is not acknowledged yet.
    """

    real = True

    def __init__(
        self,
        capture: Capture,
        acknowledged: Callable[[LeftOut], object],
        draft: FileDraft,
        quarantine: Callable[[], Quarantine],
    ) -> None:
        super().__init__(acknowledged)
        self.kept = self.new = 0
        self._capture = capture
        self._draft = draft
        self._open = quarantine
        self._quarantine: Quarantine | None = None
        self._id = ""
        self._size = 0
        self._runs = array("q")  # start, stop, start, stop, ...
        self._pending: list[LeftOut] = []

    @property
    def folder(self) -> str | None:
        """The quarantine, where there was need of one."""
        return None if self._quarantine is None else self._quarantine.folder

    def write(self, record: Record) -> None:
        """A frame of the output."""
        self.written.frame(record)
        self._draft.write(record.raw)
        self._enter(record.span)

    def fill(self, idle: Idle) -> None:
        """Idle bytes of the output."""
        for piece in pieces(self._capture.storage, idle.span.start, idle.span.stop):
            self._draft.write(piece)
        self._enter(idle.span)

    def _enter(self, span: Span) -> None:
        if self._runs and self._runs[-1] == span.start:
            self._runs[-1] = span.stop
        else:
            self._runs.extend((span.start, span.stop))

    def clear(self) -> None:
        """The output begins anew."""
        self.written = Readback()
        self._draft.clear()
        del self._runs[:]

    def leave(self, refused: RefusedRange) -> None:
        """A stretch is left out: keep it."""
        if self._quarantine is None:
            self._quarantine = self._open()
            self._id, self._size = content_id(self._capture.storage)
        storage = self._capture.storage
        entry = self._quarantine.keep(
            replace(refused, capture=self._id), pieces(storage, refused.span.start, refused.span.stop)
        )
        self._pending.append(LeftOut(refused.span, refused.reasons, entry))
        if len(self._pending) >= (BATCH if self.left_total < MANY else MANY):
            self._commit(self._quarantine)

    def _commit(self, quarantine: Quarantine) -> None:
        ids = quarantine.commit()
        self.kept += len(ids)
        self.new += sum(ids.values())
        for left in self._pending:
            self._tell(left)
        self._pending.clear()

    def finish(self, specs: tuple[SpecUsed, ...]) -> str:
        """Sync, commit, read back; says how the output reads differently, "" where it does not."""
        self._draft.sync()
        if self._quarantine is not None:
            size = self._capture.scan.statistics.bytes
            if size != self._size:
                raise SigflowError(
                    f"{self._capture.name}: it was changed while it was read: {size} bytes, then {self._size}"
                )
            self._commit(self._quarantine)
        read = Readback()
        read.add(self._capture.reread(self._draft.path))
        difference = self.written.difference(read)
        if difference:
            for start, stop in zip(self._runs[::2], self._runs[1::2], strict=True):
                self.leave(RefusedRange("", self._capture.name, Span(start, stop), (LEFT_OUT,), specs))
            if self._quarantine is not None:
                self._commit(self._quarantine)
        return difference

    def __enter__(self) -> _Output:
        return self

    def __exit__(self, *error: object) -> None:
        if self._quarantine is not None:
            self._quarantine.close()


def content_id(storage: Storage) -> tuple[str, int]:
    """The id of a recorded stream, the SHA-256 of its content, and its size, with what is missing in it."""
    digest = hashlib.sha256()
    size = sum(cut.missing or 0 for cut in cuts_of(storage))
    for piece in storage.chunks(PIECE):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size
