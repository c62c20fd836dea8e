"""Entries of a quarantine, read with other formats: what is decodable now comes out, in the order of the streams.

Rules.  An entry out of which frames come is marked as decoded, and what is left of it becomes entries of their own, for
the next retry.  Both are committed at once, after the output has its name; a run that is killed between the two gives
the same frames again, and loses none.  An entry that gives nothing stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import Severity
from sigflow.errors import SigflowError, StreamError, UsageError
from sigflow.events import Event, Idle, Record
from sigflow.quarantine import Attempt, Entry, Quarantine, RefusedRange
from sigflow.recover.decide import decide
from sigflow.recover.readback import Readback, specs_used
from sigflow.storage.disk import DISK, Disk, FileDraft
from sigflow.stream.decoder import Decoder
from sigflow.stream.substream import events_of

if TYPE_CHECKING:
    from sigflow.stream.format import Format


@dataclass(frozen=True, slots=True)
class Retried:
    """One entry that was tried.  left: the ids of the entries with what is left of it.  idle_bytes: written, too."""

    entry: Entry
    frames: int
    frame_bytes: int
    left: tuple[str, ...]
    idle_bytes: int = 0

    @property
    def left_bytes(self) -> int:
        """Bytes of it that did not come out."""
        return self.entry.size - self.frame_bytes - self.idle_bytes

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        span = self.entry.refused.span
        return {
            "id": self.entry.id,
            "capture": self.entry.refused.capture,
            "name": self.entry.refused.name,
            "start": span.start,
            "stop": span.stop,
            "frames": self.frames,
            "frame_bytes": self.frame_bytes,
            "left": list(self.left),
        }


@dataclass(frozen=True, slots=True)
class Retry:
    """What a retry came to.  placed: whether there is an output; there is none where no frame came out.

    errors: frames that a diagnostic of severity error speaks against.
    """

    quarantine: str
    out: str
    specs: tuple[str, ...]
    placed: bool
    difference: str
    frames: int
    frame_bytes: int
    left_bytes: int
    errors: int
    purged: bool
    entries: tuple[Retried, ...]
    unread: tuple[tuple[Entry, str], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every byte that was tried came out, in frames that nothing speaks against."""
        return not (self.left_bytes or self.difference or self.errors or self.unread)

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema_version": 1,
            "quarantine": self.quarantine,
            "out": self.out,
            "specs": list(self.specs),
            "placed": self.placed,
            "difference": self.difference,
            "frames": self.frames,
            "frame_bytes": self.frame_bytes,
            "left_bytes": self.left_bytes,
            "errors": self.errors,
            "purged": self.purged,
            "entries": [tried.tree() for tried in self.entries],
        } | ({"unread": [{"id": entry.id, "message": words} for entry, words in self.unread]} if self.unread else {})


def retry(
    quarantine: Quarantine,
    entries: Iterable[Entry],
    formats: Sequence[Format],
    out: str,
    *,
    reread: Callable[[str], Iterable[Event]],
    purge: bool = False,
    disk: Disk = DISK,
) -> Retry:
    """Try entries of a quarantine, and write the frames that come out to `out`.

    entries: in the order of their streams, as `Quarantine.entries` gives them.  reread: the events of a file, by these
    formats.  purge: then delete the entries that gave frames.  Raises `OSError` and `SigflowError` where something
    cannot be read or written.
    """
    entries = list(entries)
    formats, heads = with_preambles(formats, entries)
    specs = specs_used(formats)
    written = Readback()
    errors = 0
    tried: list[Retried] = []
    unread: list[tuple[Entry, str]] = []
    with FileDraft(out, disk=disk) as draft:
        for entry in entries:
            if fault := quarantine.fault(entry):
                unread.append((entry, fault))  # it costs itself, not the others
                continue
            readback = Readback()
            left, idle_bytes = [], 0
            events = events_of(Decoder(formats), quarantine.chunks(entry), entry.refused.span.start)
            for decision in decide(events, "all", name=entry.refused.name, specs=specs):
                if isinstance(decision, Record):
                    while heads:  # what stands at the beginning of a capture, behind which these frames stood
                        head = heads.pop(0)
                        written.frame(head)
                        draft.write(head.raw)
                    readback.frame(decision)
                    written.frame(decision)
                    draft.write(decision.raw)
                    errors += any(finding.severity is Severity.ERROR for finding in decision.diagnostics)
                elif isinstance(decision, Idle) and readback.frames:
                    idle_bytes += len(decision.span)
                    for piece in quarantine.read(entry, decision.span.start, decision.span.stop):
                        draft.write(piece)
                elif isinstance(decision, RefusedRange) and decision.span != entry.refused.span:
                    span = decision.span
                    child = _child(decision, entry)
                    left.append(quarantine.keep(child, quarantine.read(entry, span.start, span.stop)))
            tried.append(Retried(entry, readback.frames, readback.frame_bytes, tuple(left), idle_bytes))
        difference = ""
        if written.frames:
            draft.sync()
            read = Readback()
            read.add(reread(draft.path))
            difference = written.difference(read)
        placed = written.frames > 0 and not difference
        if placed:
            draft.place()
            draft.sync_name()
    if difference:
        quarantine.forget()
    else:
        quarantine.commit(
            Attempt(result.entry.id, specs, result.frames, result.frame_bytes, result.left_bytes) for result in tried
        )
    if purge and placed:
        quarantine.purge([result.entry.id for result in tried if result.frames])
    return Retry(
        quarantine=quarantine.folder,
        out=out,
        specs=tuple(spec.name for spec in specs),
        placed=placed,
        difference=difference,
        frames=written.frames,
        frame_bytes=written.frame_bytes,
        left_bytes=sum(result.left_bytes for result in tried),
        errors=errors,
        purged=purge and placed,
        entries=tuple(tried),
        unread=tuple(unread),
    )


def with_preambles(formats: Sequence[Format], entries: Iterable[Entry]) -> tuple[list[Format], list[Record]]:
    """The formats, as the preambles of the captures say that these entries are from; and those preambles as frames.

    Raises `UsageError` where captures with different ones are tried at once, for one output has but one.
    """
    known: dict[str, set[str]] = {}
    for entry in entries:
        for spec in entry.refused.specs:
            if spec.preamble:
                known.setdefault(spec.name, set()).add(spec.preamble)
    bound: list[Format] = []
    heads: list[Record] = []
    for format in formats:
        preambles = known.get(format.name, set())
        parts = format.parts()
        if len(preambles) > 1:
            raise UsageError(
                f"these entries are of captures with different preambles of {format.name}: retry them one capture at a "
                "time (--capture ID)"
            )
        if preambles and parts:
            try:
                raw = bytes.fromhex(preambles.pop())
                format = format.with_preamble(raw, asked=False)
            except (ValueError, StreamError) as error:
                raise SigflowError(
                    f"the preamble that the quarantine keeps of {format.name} is none: {error}"
                ) from error
            heads.append(Record(parts[0], 0, raw, 0))
        bound.append(format)
    return bound, heads


def _child(refused: RefusedRange, entry: Entry) -> RefusedRange:
    """What is left of an entry, as a stretch of the same capture."""
    whole = entry.refused
    return replace(
        refused,
        capture=whole.capture,
        stamps=whole.stamps,
        before=refused.before or whole.before,
        after=refused.after or whole.after,
        parent=entry.id,
    )
