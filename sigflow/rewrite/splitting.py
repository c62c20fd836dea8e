"""One capture to several: a file for each stream, kind or format, or for so many bytes, seconds or frames.

Rules.  The folder takes its name only when all files are written and read back; until then they stand in a folder
beside it.  The names of files are made of what they hold, in letters that every file system takes.  Every file has the
preamble and the trailer of the capture.

Strategy.  The capture is read once to find which file each frame belongs to, which is kept as rows of numbers, on the
disk where there are many; then one file after the other is written, so that one is open at a time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sigflow.errors import SigflowError
from sigflow.recording.grouping import Grouping, Records
from sigflow.rewrite.around import Around
from sigflow.rewrite.folder import FolderDraft
from sigflow.rewrite.ordering import Orderer, required
from sigflow.rewrite.output import Output
from sigflow.rewrite.placed import read_again
from sigflow.rewrite.result import Rewritten, Written
from sigflow.rewrite.rows import RowSorter
from sigflow.rewrite.source import Source
from sigflow.runtime.struct import label
from sigflow.storage.disk import DISK, Disk

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.recording import Recording
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

#: What a capture can be split by: what tells frames apart, and what is measured.
KEYED = ("stream", "kind", "format")
MEASURED = ("size", "time", "count")
#: Files of one split.
MOST = 10_000
#: Letters of a key in a file's name.
LONGEST = 80


class _Parts:
    """Which file each frame belongs to.  State: the files so far, and how full the last is."""

    def __init__(self, by: str, every: int, formats: list[Format]) -> None:
        self._by = by
        self._every = every
        self._groupings = [Grouping(format) for format in formats]
        self._orderer = Orderer("time", formats)
        self._numbers: dict[Any, int] = {}
        self._filled = self._number = 0
        self._first: int | None = None

    @property
    def keys(self) -> list[Any]:
        """What is in each file."""
        return list(self._numbers)

    def of(self, frames: FrameBatch) -> Array:
        """The numbers of the files of these frames, the next of the capture."""
        return {"size": self._by_size, "count": self._by_count, "time": self._by_time}.get(self._by, self._by_key)(
            frames
        )

    def _file(self, key: Any) -> int:
        number = self._numbers.setdefault(key, len(self._numbers))
        if number >= MOST:
            raise SigflowError(f"more than {MOST} files: split it by something else, or into larger files")
        return number

    def _by_key(self, frames: FrameBatch) -> Array:
        import numpy as np

        parts: Array = np.zeros(len(frames), np.int64)
        for number, grouping in enumerate(self._groupings):
            mine = frames.formats == number
            if not mine.any():
                continue
            records = Records(grouping.format, frames.at(mine))
            ask: dict[str, Callable[[Records], tuple[list[Any], Array]]] = {
                "stream": grouping.streams,
                "kind": grouping.kinds,
                "format": lambda some: ([None], np.zeros(len(some.frames), np.int64)),
            }
            keys, places = ask[self._by](records)
            # (Only what has frames gets a file.)
            have = np.unique(places).tolist()
            files = np.zeros(len(keys), np.int64)
            for place in have:
                files[place] = self._file((grouping.format.name, keys[place]))
            parts[mine] = files[places]
        return parts

    def _by_size(self, frames: FrameBatch) -> Array:
        import numpy as np

        parts = []
        for length in (frames.stops - frames.starts).tolist():
            if self._filled and self._filled + length > self._every:
                self._filled, self._number = 0, self._number + 1
            self._filled += length
            parts.append(self._number)
        for number in range(len(self._numbers), self._number + 1):
            self._file(number)
        return np.array(parts, np.int64)

    def _by_count(self, frames: FrameBatch) -> Array:
        import numpy as np

        parts = (self._filled + np.arange(len(frames))) // self._every
        self._filled += len(frames)
        for number in range(len(self._numbers), int(parts[-1]) + 1):
            self._file(number)
        return parts

    def _by_time(self, frames: FrameBatch) -> Array:
        import numpy as np

        keys = self._orderer.keys(frames)
        values = keys.values
        if self._first is None and keys.known.any():
            self._first = int(values[keys.known][0])
        first = self._first or 0
        spans = np.where(keys.known | (values > first), (values // self._every) - first // self._every, 0)
        numbers = {span: self._file(span) for span in sorted(set(spans.tolist()))}
        return np.array([numbers[span] for span in spans.tolist()], np.int64)


def split(
    recording: Recording,
    folder: str,
    by: str,
    every: int = 0,
    *,
    name: str = "part",
    suffix: str = "",
    disk: Disk = DISK,
) -> Rewritten:
    """Write the frames of a recording, whose storage can be read at any offset, to files in a folder.

    by: one of `KEYED`, or of `MEASURED` with `every`: bytes, nanoseconds, or frames.  name, suffix: of the files.
    Raises `UsageError` where the format does not tell what is asked for, `SigflowError` where there would be too many
    files, and where the folder is there and holds something.
    """
    required(by, recording.formats)
    source = Source(recording)
    around = Around(source.formats)
    parts = _Parts(by, every, list(source.formats))
    with FolderDraft(folder) as draft:
        sorter = RowSorter(5, 2, draft.path)
        for frames in source.batches():
            frames = around.without(frames, source.name)
            if len(frames):
                sorter.add(
                    parts.of(frames), frames.indexes, frames.offsets, frames.stops - frames.starts, frames.formats
                )
        names = file_names(parts.keys, name, suffix)
        outputs: list[Written] = []
        for number, batches in _files(sorter, recording):
            path = os.path.join(draft.path, names[number])
            with Output(path, disk=disk) as output:
                around.begin(output)
                for frames in batches:
                    output.write(frames)
                around.end(output)
                difference = output.finish(recording)
                if difference:
                    capture = source.counted()
                    text = f"{names[number]}: {difference}"
                    return Rewritten("split", (capture,), (), capture.sound, text, source.cut)
                output.place()
                written = output.written
                outputs.append(Written(os.path.join(folder, names[number]), written.frames, written.bytes))
        draft.place(disk)
        capture = source.counted()
        return Rewritten("split", (capture,), tuple(outputs), capture.sound, "", source.cut)


def _files(sorter: RowSorter, recording: Recording) -> Iterator[tuple[int, Iterator[FrameBatch]]]:
    """The files by their numbers, and the frames of each, which must be taken before the next is asked for."""
    rows = _Ahead(sorter)
    while (number := rows.number()) is not None:
        yield number, rows.frames(number, recording)


class _Ahead:
    """Sorted rows, a file's at a time.  State: the rows at hand."""

    def __init__(self, sorter: RowSorter) -> None:
        self._blocks = sorter.rows()
        self._rows: Array | None = None

    def number(self) -> int | None:
        """The number of the next file; None at the end."""
        while self._rows is None or not len(self._rows):
            self._rows = next(self._blocks, None)
            if self._rows is None:
                return None
        return int(self._rows[0, 0])

    def frames(self, number: int, recording: Recording) -> Iterator[FrameBatch]:
        """The frames of this file."""
        while self.number() == number:
            rows = self._rows
            assert rows is not None
            stop = int(rows[:, 0].searchsorted(number, "right"))
            yield from read_again(recording.storage, rows[:stop, 2], rows[:stop, 3], rows[:stop, 4])
            self._rows = rows[stop:]


# ---------------------------------------------------------------- names


def file_names(keys: list[Any], name: str, suffix: str) -> list[str]:
    """A name for each file, none twice, whatever the letters of a file system's names."""
    several = len({key[0] for key in keys if isinstance(key, tuple)}) > 1
    taken: set[str] = set()
    names = []
    for number, key in enumerate(keys):
        stem = safe(_text(key, several)) if isinstance(key, tuple) else f"{number + 1:05}"
        made = f"{name}-{stem}{suffix}"
        again = 1
        while made.lower() in taken:  # (some file systems do not tell capitals)
            again += 1
            made = f"{name}-{stem}~{again}{suffix}"
        taken.add(made.lower())
        names.append(made)
    return names


def _text(key: tuple[str, Any], several: bool) -> str:
    format_name, own = key
    if own is None:
        return format_name
    shown = label(own) if hasattr(own, "name") else own.hex() if isinstance(own, bytes) else str(own)
    return f"{format_name}-{shown}" if several else shown


def safe(text: str) -> str:
    """A text as part of a file's name."""
    shown = re.sub(r"[^A-Za-z0-9_.-]+", "_", text)[:LONGEST].strip(".")
    return shown or "_"
