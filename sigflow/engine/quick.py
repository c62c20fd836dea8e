"""The counts of a sound file, without NumPy, without LLVM, and without making the scan anew.

Importing NumPy takes longer than scanning a hundred megabytes.  So what a scan is first called with is kept in the
cache beside its machine code: a *start*.  With it a file is scanned by the standard library's arrays alone.  That is
done for a file whose frames leave no gap and have nothing to say; at the first row of anything else it is given up, and
the usual way begins from the beginning: a file is no longer than what costs less than NumPy.

A start is found by a hash of all that it depends on: the files that the formats were loaded from, the limits, and
sigflow itself.  Its file is checked as those of machine code are.
"""

from __future__ import annotations

import ctypes
import hashlib
import inspect
import marshal
import mmap
import os
import sys
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.engine import MOST, follow, loader, loop, objects
from sigflow.engine.calls import Function, layout_of
from sigflow.engine.counters import row_of, slot_of
from sigflow.events import Event, Record
from sigflow.runtime.box import MARK_LOOK, MARK_UNTOLD
from sigflow.runtime.envelope import FRAMES
from sigflow.stream.chain import START
from sigflow.stream.sequence import Counts, Tracker, counted, tracker_of
from sigflow.stream.statistics import Statistics

if TYPE_CHECKING:
    from sigflow.engine import Native
    from sigflow.stream.format import Format

#: Where arrays begin: at the beginning of a line of the processor's cache.
_ALIGNMENT = 64
#: What is only written to.
_RESULTS = ("frames", "marks", "gaps", "reasons")
#: Folders and files of sigflow that a start depends on.
_MADE_BY = (
    "engine", "engine/llvm", "runtime", "checksums", "checksums/algorithms", "stream", "reads.py", "reasons.py",
    "limits.py",
)  # fmt: skip
#: An argument: a number, or what is known of an array (its shape and its bytes, none where they are 0), or several.
Argument = int | tuple[tuple[int, ...], bytes] | list[Any]


class Begun(NamedTuple):
    """A start.  scan, tally and follow: objects, of `follow` b"" where nothing counts.  arguments: of the scan, by
    name.  counting: the table of formats for `follow`.  order: see `plan.Scan`.
    """

    scan: bytes
    follow: bytes
    tally: bytes
    arguments: dict[str, Argument]
    counting: tuple[tuple[int, ...], bytes]
    order: tuple[int, ...]


# ---------------------------------------------------------------- starts, and where they are kept


def path_of(formats: Sequence[Format]) -> Path | None:
    """Where the start for these formats is kept; None where there cannot be one."""
    parts = [objects.host(), str(sys.implementation.cache_tag), *_made_by()]
    for format in formats:
        envelope = format.envelope
        if envelope is None or envelope.measure.native is None or envelope.around is not None:
            return None
        if envelope.search.role != FRAMES or format.limits.over_the_wire:
            return None
        source = envelope.measure.native.__code__.co_filename
        try:
            stat = os.stat(source)
        except OSError:
            return None  # it was compiled in this process
        parts += [format.name, source, f"{stat.st_mtime_ns} {stat.st_size} {format.max_frame} {format.limits!r}"]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return objects.cache_directory() / "native" / f"{key}.start"


def _made_by() -> Iterable[str]:
    """What is known of the files of sigflow."""
    package = Path(__file__).parent.parent
    for name in _MADE_BY:
        path = package / name
        for file in [name] if path.suffix else sorted(os.listdir(path)):
            if file.endswith(".py"):
                stat = os.stat(path if path.suffix else path / file)
                yield f"{name} {file} {stat.st_mtime_ns} {stat.st_size}"


def keep(native: Native, path: Path) -> None:
    """Keep the start of a native scan."""
    import numpy

    from sigflow.engine import build, tally
    from sigflow.engine.assemble import kernel_code

    taken: list[Any] = []

    def note(*arguments: Any) -> int:
        taken.extend(arguments)
        return loop.DONE

    sweep = native.sweep()
    sweep._entry = note
    sweep.over(0)
    sweep.begin(0, START)
    sweep.run(numpy.zeros(MOST, numpy.uint8), MOST, True, MOST)
    names = list(inspect.signature(loop.scan).parameters)
    counters = native.counters()
    kinds = counters._kinds
    if follow.UNTOLD in kinds:
        return  # only records tell what counts
    program = build.program_of(build.text_of(native.scan), None)
    frames, marks, counted_in = sweep.rows.frames, sweep.rows.marks, counters._counted
    followed = frames, marks, 0, 0, counters._rows, counters._table, counters._shown, counted_in
    tallied = build.program_of(kernel_code(tally), None)
    begun = Begun(
        program.object("scan", layout_of(tuple(taken))),
        program.object("follow", layout_of(followed)) if any(kinds) else b"",
        tallied.object("tally", layout_of((frames, marks, counted_in))),
        {name: _known(name, argument) for name, argument in zip(names, taken, strict=True) if name != "data"},
        _array(counters._rows),
        tuple(native.scan.order),
    )
    objects.write(path, marshal.dumps(tuple(begun)))


def _known(name: str, argument: Any) -> Argument:
    if isinstance(argument, tuple):
        return [_known(name, member) for member in argument]
    if not getattr(argument, "shape", ()):
        return int(argument)
    shape, raw = _array(argument)
    return shape, b"" if name in _RESULTS else raw


def _array(numbers: Any) -> tuple[tuple[int, ...], bytes]:
    """Shape and bytes; the first of the shape counts items, and bytes one each."""
    shape = tuple(int(size) for size in numbers.shape)
    return (*shape, int(numbers.itemsize)), numbers.tobytes() if numbers.any() else b""


def read(path: Path) -> Begun | None:
    """The start that is kept there, if there is one."""
    raw = objects.read(path)
    return None if raw is None else Begun(*marshal.loads(raw))


# ---------------------------------------------------------------- memory


class _Memory:
    """Arrays in memory that is 0 at first.  State: how much of it is taken."""

    def __init__(self, size: int) -> None:
        self._map = mmap.mmap(-1, size + _ALIGNMENT)
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self._end = 0

    def put(self, shape: Sequence[int], raw: bytes = b"") -> tuple[list[int], memoryview]:
        """Room for an array, of a shape that ends with the bytes of an item: what a block has of it, and the array."""
        size = _bytes(shape)
        start = self._end
        self._end += -(-size // _ALIGNMENT) * _ALIGNMENT
        self._map[start : start + len(raw)] = raw
        view = memoryview(self._map)[start : start + size]
        return [self._base + start, *shape[:-1]], view.cast("q") if shape[-1] == 8 else view


def _bytes(shape: Sequence[int]) -> int:
    size = 1
    for count in shape:
        size *= count
    return size


def _needed(argument: Argument) -> int:
    """The bytes that the arrays of an argument take."""
    if isinstance(argument, list):
        return sum(map(_needed, argument))
    return 0 if isinstance(argument, int) else _bytes(argument[0]) + _ALIGNMENT


# ---------------------------------------------------------------- the scan


class _Unusual(Exception):
    """Something that the usual way has to look at."""


def statistics_of(begun: Begun, descriptor: int, size: int, formats: Sequence[Format]) -> Statistics | None:
    """What is counted of a file of so many bytes; None where it is not sound, or the system does not allow it.

    Raises OSError where it cannot be read.
    """
    try:
        return _Quick(begun, size, formats).statistics(descriptor)
    except (_Unusual, loader.Unloadable):
        return None


class _Quick:
    def __init__(self, begun: Begun, size: int, formats: Sequence[Format]) -> None:
        self._scan, self._tally = loader.loaded(begun.scan), loader.loaded(begun.tally)
        self._follow: Function | None = loader.loaded(begun.follow) if begun.follow else None
        self._formats = [formats[number] for number in begun.order]
        self._order = begun.order
        self._size = size
        table = (follow.STREAMS_TOLD, follow.STREAM_COLUMNS, 8)
        more = [(len(formats) * 2, 8), table, (1, follow.SHOWN, 8), (1, 8), begun.counting[0], (size, 1)]
        needed = sum(map(_needed, begun.arguments.values())) + sum(_bytes(shape) + _ALIGNMENT for shape in more)
        memory = _Memory(needed)
        data, self._data = memory.put((size, 1))
        self._arrays: dict[str, tuple[list[int], memoryview]] = {"data": (data, self._data)}
        block = [*data]
        told = begun.arguments | {"end": size, "until": size, "final": 1}
        for name, argument in told.items():
            if isinstance(argument, int):
                block.append(argument)
                continue
            for shape, raw in argument if isinstance(argument, list) else [argument]:
                self._arrays[name] = memory.put(shape, raw)
                block += self._arrays[name][0]
        self._block = array("q", block)
        self._totals = memory.put(more[0])
        self._table, self._shown = memory.put(table), memory.put((1, follow.SHOWN, 8))
        self._counted, self._counting = memory.put((1, 8)), memory.put(*begun.counting)
        self.counts = Counts()
        self._trackers: list[Tracker | None] = [tracker_of(format, self.counts) for format in self._formats]

    def statistics(self, descriptor: int) -> Statistics:
        """What is counted of the file."""
        done = 0
        while done < self._size and (count := os.preadv(descriptor, [self._data[done:]], done)):
            done += count
        if done < self._size:
            raise _Unusual
        state = self._arrays["S"][1]
        while True:
            code = self._scan(self._block.buffer_info()[0])
            if code not in (loop.DONE, loop.FULL) or state[loop.GAPS]:
                raise _Unusual
            self._account(state[loop.FRAMES])
            state[loop.FRAMES] = state[loop.GAPS] = state[loop.REASONS] = 0
            if code == loop.DONE:
                break
        totals = self._totals[1].tolist()
        by_number = [self._order.index(number) for number in range(len(self._order))]
        by_format = {self._formats[k].name: {"frames": totals[2 * k], "bytes": totals[2 * k + 1]} for k in by_number}
        if sum(totals[1::2]) != self._size:
            raise _Unusual
        work = state[loop.SUMMED] + state[loop.REREAD]
        return Statistics(
            bytes=self._size,
            frames=sum(totals[0::2]),
            frame_bytes=self._size,
            gap_bytes=0,
            by_format=by_format,
            sequence=self.counts.tree(),
            work_ratio=work / self._size,
        )

    def _account(self, count: int) -> None:
        """Count the first rows, so many, and follow their counters."""
        frames, marks = self._arrays["frames"][0], self._arrays["marks"][0]
        rows = [frames[0], count, *frames[2:], marks[0], count, *marks[2:]]
        block = array("q", [*rows, *self._totals[0]])
        if self._tally(block.buffer_info()[0]) & (MARK_LOOK | MARK_UNTOLD):
            raise _Unusual
        row = 0
        while self._follow is not None and row < count:
            numbers = [*rows, row, 0, *self._counting[0], *self._table[0], *self._shown[0], *self._counted[0]]
            block = array("q", numbers)
            row = self._follow(block.buffer_info()[0])
            if self._counted[1][0]:
                raise _Unusual
            if row < count:
                self._begin(row)
                row += 1

    def _begin(self, row: int) -> None:
        """The first frame of a stream."""
        start, stop = self._arrays["frames"][1][4 * row : 4 * row + 2]
        k = self._arrays["marks"][1][2 * row]
        tracker, format = self._trackers[k], self._formats[k]
        assert tracker is not None  # `follow` hands back only frames of formats that count
        told = counted(format, Record(format, start, bytes(self._data[start:stop]), 0))
        if told is None or told[0] in tracker.streams or tracker.full:
            raise _Unusual
        first = slot_of(k, told[0]) * follow.STREAM_COLUMNS
        table = self._table[1]
        shown: list[Event] = []
        followed = tracker.follow(*told, start, shown)
        if table[first + follow.FORMAT] or shown or followed.open is not None:
            raise _Unusual
        table[first : first + follow.STREAM_COLUMNS] = array("q", row_of(k, told[0], followed))
