"""Captures from values: one frame for each, put one behind the other and read back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sigflow.errors import BuildError, UsageError
from sigflow.rewrite.output import Output
from sigflow.storage.disk import DISK, Disk, Identity
from sigflow.stream.around import with_parts
from sigflow.stream.building import built

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.stream.format import Format

#: Values with mistakes that are told of; then no more are looked at.
MOST_MISTAKES = 20
#: Frames that are written at once.
BATCH = 4096


@dataclass(slots=True)
class BuiltFile:
    """What was done.  difference: why the file is not written, where it reads differently; unseen: the frames that
    a scan does not find, since too few of them stand in a row.  recomputed: by path, how often a derived value that was
    there was computed anew; unusual: how many frames have bytes that a value from nowhere would not get.
    """

    out: str
    frames: int = 0
    bytes: int = 0
    by_format: dict[str, int] = field(default_factory=dict)
    recomputed: dict[str, int] = field(default_factory=dict)
    unusual: int = 0
    difference: str = ""
    unseen: int = 0
    kept: bool = False

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema_version": 1,
            "command": "build",
            "out": self.out,
            "frames": self.frames,
            "bytes": self.bytes,
            "by_format": dict(self.by_format),
            "recomputed": dict(self.recomputed),
            "placed": not self.difference or self.kept,
            "difference": self.difference,
            "unseen": self.unseen,
        }


def values_of(lines: Iterable[bytes], name: str) -> Iterator[tuple[str, Any]]:
    """The values in lines of JSON, each with its place for people; the error of a line that is no JSON."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield f"{name}:{number}", json.loads(line)
        except ValueError as error:
            yield f"{name}:{number}", BuildError(f"no JSON: {error}")
        except RecursionError:
            yield f"{name}:{number}", BuildError("nested too deep")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: the format, and the value, bytes as bytes."""

    format: str
    value: dict[str, Any]


def rows_of(path: str, formats: Sequence[Format]) -> Iterator[tuple[str, Any]]:
    """The rows of an Arrow or Parquet file as values, each with its place for people.

    Raises `UsageError` where the file is none, or has no columns of the formats, or pyarrow is absent.
    """
    from sigflow.columns.arrow import arrow
    from sigflow.columns.table_values import values_of as values_in

    pyarrow = arrow()
    with open(path, "rb"):  # a file that is not there is told as of any other
        pass
    number = 0
    try:
        for batch in _batches(path, pyarrow):
            for name, value in values_in(batch, formats):
                yield f"{path}: row {number}", Row(name, value)
                number += 1
    except pyarrow.ArrowInvalid as error:
        raise UsageError(f"{path}: {error}") from error


def _batches(path: str, pyarrow: Any) -> Iterator[Any]:
    if path.endswith(".parquet"):
        from pyarrow import parquet

        yield from parquet.ParquetFile(path).iter_batches(BATCH)
        return
    with pyarrow.OSFile(path, "rb") as file:
        try:
            reader = pyarrow.ipc.open_file(file)
        except pyarrow.ArrowInvalid:
            file.seek(0)
            yield from pyarrow.ipc.open_stream(file)
            return
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


class Builder:
    """Builds frames of several formats.  State: the formats by their names, as far as they are bound to a preamble."""

    def __init__(self, formats: Sequence[Format], keep: Collection[str], done: BuiltFile) -> None:
        self._formats = {format.name: format for format in with_parts(formats)}
        self._numbers = {name: number for number, name in enumerate(self._formats)}
        self._first = formats[0] if len(formats) == 1 else None
        self._keep = keep
        self._done = done

    def frame(self, value: Any) -> tuple[int, bytes]:
        """The number of the format, and the frame.  Raises `BuildError` or `UsageError`."""
        if isinstance(value, BuildError):
            raise value
        if isinstance(value, Row):
            return self._built(value.format, value.value, {"format": value.format, "value": value.value})
        if not isinstance(value, Mapping):
            raise UsageError(f"expected an object, got {type(value).__name__}")
        name = value.get("format")
        if not isinstance(name, str) or not isinstance(value.get("value"), Mapping):
            if self._first is None:
                raise UsageError("it does not say of which format it is: expected `format` and `value`")
            name, value = self._first.name, {"format": self._first.name, "value": value}
        return self._built(name, value, value)

    def _built(self, name: str, quickly: Any, value: Mapping[str, Any]) -> tuple[int, bytes]:
        """A frame.  quickly: what is tried first, where frames of the format can be built at once."""
        format = self._formats.get(name)
        if format is None:
            raise UsageError(f"format {name!r} is none of {', '.join(self._formats)}: name it with -s")
        raw = format.build_at_once(quickly) if not self._keep else None
        if raw is None:
            result = built(format, value, keep=self._keep)
            raw = result.raw
            for recomputed in result.recomputed:
                self._done.recomputed[recomputed.path] = self._done.recomputed.get(recomputed.path, 0) + 1
            self._done.unusual += bool(result.unusual)
        if format.is_part:
            self._bind(format, raw)
        self._done.by_format[name] = self._done.by_format.get(name, 0) + 1
        return self._numbers[name], raw

    def _bind(self, part: Format, raw: bytes) -> None:
        """What a preamble says is a parameter of the frames behind it."""
        for name, format in self._formats.items():
            if not format.is_part and any(other.name == part.name for other in format.parts()):
                around = format.envelope.around if format.envelope is not None else None
                if around is not None and around.preamble is not None and around.preamble.about.name == part.name:
                    self._formats[name] = format.with_preamble(raw)


def build_file(
    values: Iterable[tuple[str, Any]],
    recording: Recording,
    out: str,
    *,
    keep: Collection[str] = (),
    spared: Collection[Identity] = (),
    disk: Disk = DISK,
) -> BuiltFile:
    """Write a capture of these values, and read it back.

    values: each with its place, for people.  recording: how the file is read back; its storage is not looked at.  With
    `keep` the file may be one that a scan refuses.  Raises `BuildError` with what is wrong with the first values.
    """
    done = BuiltFile(out, kept=bool(keep))
    builder = Builder(recording.formats, keep, done)
    mistakes: list[str] = []
    with Output(out, disk=disk, spared=spared) as output:
        numbers: list[int] = []
        frames: list[bytes] = []

        def flush() -> None:
            if frames:
                output.write_frames(numbers, frames)
            numbers.clear()
            frames.clear()

        for place, value in values:
            try:
                number, raw = builder.frame(value)
            except UsageError as error:
                mistakes.append(f"{place}: {error}")
                if len(mistakes) >= MOST_MISTAKES:
                    mistakes.append("further values are not looked at")
                    break
                continue
            if mistakes:
                continue
            numbers.append(number)
            frames.append(raw)
            if len(frames) >= BATCH:
                flush()
        if mistakes:
            raise BuildError("\n".join(mistakes))
        flush()
        done.frames, done.bytes = output.written.frames, output.written.bytes
        done.difference = output.finish(recording)
        if done.difference and not keep and _confirmed_by_others(recording.formats):
            # Each frame was measured as it was built; a scan believes it once others stand behind it.
            done.unseen = done.frames - output.read.frames
            done.difference = "" if 0 < done.unseen <= _LONGEST_CHAIN else done.difference
        if not done.difference or keep:
            output.place()
    return done


#: Frames in a row that a scan may ask for before it believes the first.
_LONGEST_CHAIN = 64


def _confirmed_by_others(formats: Sequence[Format]) -> bool:
    return any(
        format.envelope is not None and format.envelope.search.chain is not None and not format.envelope.search.checked
        for format in formats
    )
