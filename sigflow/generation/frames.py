"""Frames of a format, whose values are chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from sigflow.errors import BuildError, SigflowError, UsageError
from sigflow.generation.chance import Chance, Seeded
from sigflow.generation.drawing import Drawing
from sigflow.generation.goals import Goals
from sigflow.generation.hints import hints_of
from sigflow.generation.quick import Quick, quick
from sigflow.generation.values import NoValue, Values
from sigflow.runtime.envelope import TRAILER, Envelope, parts_of
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.struct import attribute
from sigflow.runtime.writing import ClassWriting, PutBits, PutNumber, writing_of
from sigflow.runtime.writing.node import Node
from sigflow.stream.format import Format

#: Frames that may fail in a row before it is said that none can be made.
TRIES = 4000
#: Values that may be chosen for them in all.
WORK = 50_000
#: Bytes of a frame, at most, where no limit of the user's says otherwise.
LARGEST = 1 << 16


class Generator:
    """Makes frames of one format.  State: the goals, the counters of its streams, and its clock."""

    def __init__(self, format: Format, chance: Chance, *, goals: bool = True, counting: bool = True) -> None:
        """goals: whether values that have to come come first.  counting: whether sequences count and times pass."""
        envelope = format.envelope
        unit = format.value_class
        writing = writing_of(unit) if unit is not None else None
        if writing is None:
            raise UsageError(f"frames of {format.name} cannot be generated: its module does not say how they are built")
        self.format = format
        self.chance = chance
        self.writing: ClassWriting = writing
        self.envelope: Envelope | None = envelope
        self.goals = Goals(goals)
        limit = format.max_frame if format.limits.frame is not None else min(format.max_frame, LARGEST)
        smallest = envelope.search.min_frame if envelope is not None else 0
        target: Any = writing.target
        self.values = Values(chance, self.goals, hints_of(target), limit, max(limit - smallest, 0))
        self._drawing: Drawing | None = None
        self._forbidden = _forbidden(envelope)
        self._later = {
            checksum.field: checksum.size
            for checksum in (
                (*envelope.search.checksums, *(part.checksum for part in envelope.decode.elements))
                if envelope is not None
                else ()
            )
        }
        self._counter = _Counter(envelope, chance) if counting and envelope is not None else None
        self._clock = _Clock(envelope, writing, chance) if counting and envelope is not None else None
        sequence = envelope.decode.sequence if envelope is not None else None
        if counting and sequence is not None:
            self.values.pools = {path.rpartition(".")[2]: [] for path in sequence.needs or ()}
        self.quick: Quick | None = quick(format, writing, self.values, counting)

    def _drawn(self, settled: bool) -> dict[str, Any]:
        """The values of a frame, as `Format.build` takes them.  Raises `NoValue`."""
        codecs = self.envelope.decode.codecs if self.envelope is not None else ()
        self.values.recent.clear()
        drawing = Drawing(self.values, self._forbidden, codecs)
        search = self.envelope.search if self.envelope is not None else None
        drawing.marks = search.sync if search is not None and search.aborted_by_sync else ()
        drawing.computed_later = self._later
        node = drawing.draw(self.writing, self.envelope.root if self.envelope is not None else None, settled)
        if self._clock is not None:
            self._clock.set(node)
        if self._counter is not None:
            self._counter.set(node)
        self._drawing = drawing
        value: dict[str, Any] = node.input.value
        return value

    def frame(self) -> bytes:
        """A frame that is none of those that a scan would not believe.  Raises `NoValue`, `BuildError`."""
        build = self.format.build
        if self.quick is not None:
            raw = build(self.quick.value(self._counter.next if self._counter is not None else None))
        else:
            value = self._drawn(False)
            try:
                raw = build(value)
            except BuildError:
                # Something may depend on what was written: that is seen when it is written again.
                raw = build(self._drawn(True))
        search = self.envelope.search if self.envelope is not None else None
        if search is not None and search.chain is not None and not any(raw[: max(search.min_frame, 1)]):
            raise NoValue("", "a header of nothing but zeros confirms nothing")
        return raw

    def succeeded(self) -> None:
        """The last frame was built: what it took of the goals need not come again, and its counter goes on."""
        if self._drawing is not None:
            self._drawing.remember()
        self.goals.succeeded()
        self.values.work = 0
        if self._counter is not None:
            self._counter.accept()

    def frames(self, tries: int = TRIES) -> Iterator[bytes]:
        """Frames without end.  Raises `GenerationError` where none can be made: so many in a row failed."""
        while True:
            try:
                raw = self.frame()
            except (NoValue, BuildError) as error:
                self.goals.failed()
                if self.goals.failures > tries or self.values.work > WORK:
                    raise GenerationError(self._told(error)) from error
                continue
            self.succeeded()
            yield raw

    def _told(self, error: Exception) -> str:
        text = str(error)
        prefix = f"{self.format.name}: "
        return f"{prefix}none of {self.goals.failures} frames could be made; the last one: {text.removeprefix(prefix)}"


class GenerationError(SigflowError):
    """No frame of a format can be generated; the message says which field is why."""


def generate(format: Format, *, frames: int, seed: int = 0) -> Iterator[bytes]:
    """Yields the pieces of a valid capture: the preamble where the format has one, so many frames, the trailer.

    The same seed gives the same bytes, on every platform and Python version.  Values at the bounds of every number,
    each member of an enum and each case of a switch come first.  No frame is larger than 64 KiB, or than the limit of
    the format's `with_limits`.  Raises `GenerationError` where no frame can be made, `UsageError` for fewer than 0
    frames.
    """
    if frames < 0:
        raise UsageError(f"{frames} frames cannot be generated")
    return _capture(format, frames, Seeded(seed))


def _capture(format: Format, frames: int, chance: Chance) -> Iterator[bytes]:
    format, before, trailers = surrounded(format, chance)
    yield from before
    source = Generator(format, chance).frames()
    for _ in range(frames):
        yield next(source)
    for part in trailers:
        yield preamble(part, chance)


def surrounded(format: Format, chance: Chance) -> tuple[Format, list[bytes], list[Format]]:
    """The format behind its preamble, where it has one; that preamble; and what stands behind the frames."""
    parts = [Format(part, module=format.module) for part in parts_of(format.envelope)] if format.envelope else []
    before, trailers = [], []
    for part in parts:
        if part.envelope is not None and part.envelope.search.role == TRAILER:
            trailers.append(part)
        else:
            before.append(preamble(part, chance))
            format = format.with_preamble(before[-1])
    return format, before, trailers


def preamble(part: Format, chance: Chance) -> bytes:
    """What stands once around the frames of a capture."""
    generator = Generator(part, chance, goals=False, counting=False)
    generator.values.generous = True
    return next(generator.frames())


def _forbidden(envelope: Envelope | None) -> list[bytes]:
    """What must not stand in a unit, since it would end or begin another."""
    framing = envelope.search.framing if envelope is not None else None
    if framing is None or framing.stuffing is not None:
        return []
    return [mark for mark in (framing.delimiter, framing.end) if mark]


class _Counter:
    """The sequence counters of a format.  State: the next value by stream, and that of the last frame."""

    def __init__(self, envelope: Envelope, chance: Chance) -> None:
        self.sequence = envelope.decode.sequence
        self.chance = chance
        self._path: str = ""
        if self.sequence is not None:
            self._path = attribute(envelope.decode.unit, self.sequence.field)
            self._id = self.sequence.field
        self._next: dict[object, int] = {}
        self._pending: tuple[object, int] | None = None

    def next(self, stream: object) -> int:
        """The counter of the next frame of a stream."""
        sequence = self.sequence
        assert sequence is not None
        counter = self._next.get(stream)
        if counter is None:
            # Some begin near the end, so that they wrap.
            back = self.chance.choice((0, 3, 1))
            counter = (-back * sequence.step) % sequence.modulus
        self._pending = stream, (counter + sequence.step) % sequence.modulus
        return counter

    def set(self, node: Node) -> None:
        """Give a drawn frame its counter."""
        sequence = self.sequence
        if sequence is None:
            return
        self._pending = None
        try:
            if sequence.counts is not None and not sequence.counts(node.unit):
                return
            stream = sequence.stream(node.unit) if sequence.stream is not None else None
        except WIRE_ERRORS:
            return
        place(node.input.value, self._id, self.next(stream))

    def accept(self) -> None:
        """The frame was built."""
        if self._pending is not None:
            self._next[self._pending[0]] = self._pending[1]
            self._pending = None


class _Clock:
    """The time of frames, where numbers in them say it: the one that counts most goes on by one with each frame, or
    stays.  State: that number.
    """

    def __init__(self, envelope: Envelope, writing: ClassWriting, chance: Chance) -> None:
        self.time = envelope.decode.time
        self.chance = chance
        self.path = ""
        self._now: int | None = None
        weights = []
        for path in self.time.needs or () if self.time is not None else ():
            member = writing.members.get(path)
            if member is not None and isinstance(getattr(member, "wire", None), PutNumber | PutBits):
                weights.append(path)
        self.paths = weights

    def set(self, node: Node) -> None:
        """Give a drawn frame a time that is not before that of the last one."""
        time = self.time
        if time is None or not self.paths:
            return
        unit: Any = node.unit
        if not self.path:
            self.path = max(self.paths, key=lambda path: _weight(time.value, unit, path))
        read: Callable[[Any], Any] = attrgetter(self.path)
        if self._now is None:
            self._now = int(read(unit)) >> 1
        self._now += 1 if len(self.paths) > 1 else self.chance.integer(0, 9)
        put = node.writing.members[self.path]
        node.input.value[put.id] = self._now


def _weight(time: Callable[[Any], float], unit: Any, path: str) -> float:
    """How much later it is where a number is greater by one."""
    before = getattr(unit, path)
    try:
        first = time(unit)
        setattr(unit, path, before + 1)
        return abs(time(unit) - first)
    except WIRE_ERRORS:
        return 0.0
    finally:
        setattr(unit, path, before)


def place(value: dict[str, Any], path: str, number: int) -> None:
    """Set a value by its path, where what it stands in is there."""
    *holders, name = path.split(".")
    for holder in holders:
        value = value.get(holder, {})
    value[name] = number
