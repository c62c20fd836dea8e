"""A copy of a capture in which fields of some frames have other values; every other byte stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from sigflow.errors import BuildError, UsageError
from sigflow.recording.setting import Setting, put_at
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.storage.base import pieces
from sigflow.storage.cut import cuts_of, marks_of
from sigflow.storage.disk import FileDraft, identity
from sigflow.storage.spool import seekable
from sigflow.stream.building.edit import replaced

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.recording.recording import Recording

#: Bytes of what is not edited that are copied at once.
PIECE = 1 << 20


@dataclass(slots=True)
class Edited:
    """What was done.  frames: those that were meant; changed: those of them whose bytes are others now; lacking: those
    that have not the fields, uncomputed: those for which an expression gives nothing; both are left as they are.

    recomputed: by path, how often a derived value that was there was computed anew.
    """

    frames: int = 0
    changed: int = 0
    lacking: int = 0
    uncomputed: int = 0
    bytes: int = 0
    recomputed: dict[str, int] = field(default_factory=dict)


class Editor:
    """Edits the frames of a recording, whose storage can be read at any offset.  State: what was done so far."""

    def __init__(self, recording: Recording, settings: Sequence[Setting], keep: str | Iterable[str] = ()) -> None:
        self.recording = recording
        self.settings = settings
        self.keep = keep if isinstance(keep, str) else tuple(keep)
        self.done = Edited()

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the edited copy.  Raises `BuildError` that says which frame cannot be built."""
        source, at = self.recording.storage, 0
        for record in self.recording:
            self.done.frames += 1
            raw = self.frame(record)
            if raw == record.raw:
                continue
            self.done.changed += 1
            for piece in pieces(source, at, record.start):
                self.done.bytes += len(piece)
                yield piece
            self.done.bytes += len(raw)
            yield raw
            at = record.stop
        while piece := source.read(at, at + PIECE):
            self.done.bytes += len(piece)
            at += len(piece)
            yield piece

    def frame(self, record: Record) -> bytes:
        """The frame with what is set in it."""
        values: dict[str, Any] = {}
        try:
            for setting in self.settings:
                value = setting.values.get(record.format)
                if value is not None:
                    values[setting.path] = value(record)
        except WIRE_ERRORS:
            self.done.uncomputed += 1
            return record.raw
        if not values:
            self.done.lacking += 1
            return record.raw
        format: Any = record._reader
        try:
            built = replaced(format, record, values, self.keep)
        except BuildError as error:
            raise BuildError(f"frame {record.index} at {record.start}: {error}", error.mistakes) from error
        except UsageError:
            self.done.lacking += 1  # a place in a list, or a case, that this frame has not
            return record.raw
        for recomputed in built.recomputed:
            self.done.recomputed[recomputed.path] = self.done.recomputed.get(recomputed.path, 0) + 1
        return built.raw


def settings_of(recording: Recording, values: Mapping[str, Any]) -> list[Setting]:
    """Values by path as settings.  Raises `UsageError` where no format has a field."""
    listed = []
    for path, value in values.items():
        having: dict[str, Callable[[Any], Any]] = {}
        lacking: UsageError | None = None
        for format in recording.formats:
            try:
                put_at(format, path)
            except UsageError as error:
                lacking = error
                continue
            having[format.name] = value if callable(value) else partial(_constant, value)
        if not having and lacking is not None:
            raise lacking
        listed.append(Setting(path, having))
    return listed


def _constant(value: Any, record: Record) -> Any:
    return value


def written(recording: Recording, out: str, values: Mapping[str, Any], keep: str | Iterable[str]) -> Edited:
    """Write an edited copy, see `Recording.edit`."""
    if cuts_of(recording.storage) or marks_of(recording.storage):
        raise UsageError(f"{recording.name} has cuts or marks, which an edited copy would not have")
    settings = settings_of(recording, values)
    taken = identity(recording.name)
    with seekable(recording.storage) as source, FileDraft(out, spared=[taken] if taken is not None else []) as draft:
        editor = Editor(recording.over(source), settings, keep)
        for piece in editor.pieces():
            draft.write(piece)
        draft.sync()
        draft.place()
        draft.sync_name()
    return editor.done
