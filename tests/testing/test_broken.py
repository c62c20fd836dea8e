"""Each check fails for plug-ins that break a rule, says which, and what was seen; what is sound passes."""

from __future__ import annotations

import asyncio
import itertools
import os
import zlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from sigflow import catalog, errors
from sigflow.checksums import get
from sigflow.codecs import Codec
from sigflow.diagnostics import Finding, Severity
from sigflow.errors import CodecError
from sigflow.events import Record
from sigflow.recording.validators import validator_of
from sigflow.runtime.envelope import Refused
from sigflow.session.appending import AppendingSink
from sigflow.session.sinks import Barrier, Frames, RecordFormat, SinkRequest
from sigflow.storage.memory import MemoryStorage
from sigflow.stream.format import Format
from sigflow.testing import (
    PluginError,
    check_calibration,
    check_checksum,
    check_codec,
    check_format,
    check_handler,
    check_sink,
    check_storage,
    check_transport,
    check_validator,
    handlers,
    streams,
    transports,
)
from tests.testing import broken_transports as made


class Case(NamedTuple):
    """check: runs the check, in an empty folder.  rule: a part of the message; "" where it passes."""

    name: str
    check: Callable[[Path], None]
    rule: str


CASES: list[Case] = []


def case(name: str, rule: str, check: Callable[[Path], None]) -> None:
    CASES.append(Case(name, check, rule))


def quiet(holds: Callable[..., None], /, *arguments: Any, **more: Any) -> Callable[[Path], None]:
    return lambda folder: holds(*arguments, **more)


# ---------------------------------------------------------------- codecs

SAMPLE = zlib.compress(b"the same again, " * 64)


def inflate(payload: bytes, *, limit: int) -> bytes:
    try:
        inner = zlib.decompressobj()
        data = inner.decompress(payload, limit + 1)
    except zlib.error as error:
        raise CodecError(str(error)) from error
    if len(data) > limit or not inner.eof:
        raise CodecError("too long, or cut")
    return data


def unlimited(payload: bytes, *, limit: int) -> bytes:
    return inflate(payload, limit=1 << 30)


def careless(payload: bytes, *, limit: int) -> bytes:
    data = zlib.decompress(payload)
    if len(data) > limit:
        raise CodecError("too long")
    return data


COUNTER = itertools.count()


def moody(payload: bytes, *, limit: int) -> bytes:
    return inflate(payload, limit=limit)[next(COUNTER) % 2 :]


KEPT: list[bytes] = []


def hoarding(payload: bytes, *, limit: int) -> bytes:
    data = inflate(payload, limit=limit)
    KEPT.append(bytes(bytearray(data)))
    return data


def greedy(payload: bytes, *, limit: int) -> bytes:
    try:
        return careless(payload, limit=limit)
    except zlib.error as error:
        raise CodecError(str(error)) from error


def array(payload: bytes, *, limit: int) -> bytearray:
    return bytearray(inflate(payload, limit=limit))


case("codec: sound", "", quiet(check_codec, Codec("inflate", inflate, encode=zlib.compress), [SAMPLE]))
case("codec: no limit", "where there are more bytes than `limit`", quiet(check_codec, unlimited, [SAMPLE]))
case(
    "codec: raises",
    "it raises CodecError for what it cannot decode, and nothing else: cut to 0 of",
    quiet(check_codec, careless, [SAMPLE]),
)
case("codec: moody", "it gives the same each time", quiet(check_codec, moody, [SAMPLE]))
case("codec: hoarding", "it keeps nothing of what it has decoded", quiet(check_codec, hoarding, [SAMPLE]))
case(
    "codec: greedy",
    "its memory is bounded by `limit`",
    quiet(check_codec, Codec("greedy", greedy, encode=zlib.compress)),
)
case(
    "codec: no way back",
    "what it encodes, it decodes to the same",
    quiet(check_codec, Codec("x", inflate, encode=lambda value: zlib.compress(value + b"x"))),
)
case("codec: bytearray", "it gives bytes, or Decoded", quiet(check_codec, array, [SAMPLE]))


# ---------------------------------------------------------------- checksums


def ones(data: bytes) -> int:
    return sum(byte.bit_count() for byte in data) & 255


CRC = get("CRC-16/MODBUS")


class WrongRanges:
    """The ranges of a sum that forgets where it begins."""

    start, compact = 0, True

    def advance(self, state: int, data: bytes, at: int) -> int:
        return (state + sum(data)) & 255

    def between(self, low: int, high: int, at: int, stop: int) -> int:
        return high

    def join(self, left: int, left_size: int, right: int, right_size: int) -> int:
        return (left + right) & 255

    def value(self, part: int, size: int) -> int:
        return part


def hoarded(data: bytes) -> int:
    KEPT.append(bytes(bytearray(data)))
    return 0


SUM = get("sum-8")
case("checksum: sound", "", quiet(check_checksum, ones, width=8))
case(
    "checksum: too wide",
    "its value is a number of `width` bits",
    quiet(check_checksum, sum, width=8),
)
case(
    "checksum: of bytes alone",
    "for bytes, bytearray and memoryview",
    quiet(check_checksum, replace(SUM, compute=lambda data: SUM.compute(data) if isinstance(data, bytes) else 0)),
)
case(
    "checksum: pieces",
    "pieces give what the whole gives",
    quiet(check_checksum, replace(SUM, update=lambda state, data: sum(data) & 255)),
)
case(
    "checksum: ranges", "a range gives what its bytes give", quiet(check_checksum, replace(SUM, range_form=WrongRanges))
)
case(
    "checksum: another value",
    "it gives the published value for b'123456789': 22, wanted 23",
    quiet(check_checksum, lambda data: 22, width=8, check=23),
)
case("checksum: hoarding", "it keeps nothing", quiet(check_checksum, hoarded, width=8))
case("checksum: moody", "it gives the same each time", quiet(check_checksum, lambda data: next(COUNTER) & 255, width=8))


# ---------------------------------------------------------------- validators

DONE = itertools.count()


class Remembering:
    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def record(self, record: Record) -> None:
        self.seen.append(bytes(bytearray(record.raw)))


def lengths(record: Record) -> Iterator[str]:
    if len(record.span) > 60:
        yield f"{len(record.span)} bytes"


def elsewhere(record: Record) -> Finding:
    return Finding("x", Severity.ERROR, "there", record.stop)


def changing(record: Record) -> None:
    record.value.sequence = 7


def failing(record: Record) -> None:
    raise KeyError(record.index)


case("validator: sound", "", quiet(check_validator, lengths))
case("validator: raises", "it does not raise: frame 0 at offset 0: KeyError: 0", quiet(check_validator, failing))
case("validator: elsewhere", "its findings lie in the frame", quiet(check_validator, elsewhere))
case("validator: changes", "it leaves the record as it is", quiet(check_validator, changing))
case("validator: says nothing", "its findings say what is wrong", quiet(check_validator, lambda record: [" "]))
case(
    "validator: endless",
    "at most 1000 findings of a record",
    quiet(check_validator, lambda record: itertools.repeat("again")),
)
case(
    "validator: remembers other captures",
    "it says the same of the same capture",
    quiet(check_validator, lambda record: str(next(DONE))),
)
case(
    "validator: remembers all",
    "its memory does not grow with the records",
    quiet(check_validator, validator_of("x", Remembering)),
)
case("validator: gives numbers", "it gives texts, Findings, or None", quiet(check_validator, lambda record: [1]))


# ---------------------------------------------------------------- handlers


async def waits(event: object) -> None:
    await asyncio.sleep(3600)


async def counts(event: object) -> None:
    await asyncio.sleep(0)


def changes(event: Record) -> None:
    event.number(event.index + 1)


def keeps(event: Record) -> None:
    KEPT.append(bytes(bytearray(event.raw)))


def fails(event: Record) -> None:
    if event.index % 7 == 3:
        raise ValueError("three")


case("handler: sound", "", quiet(check_handler, lambda event: None))
case("handler: sound, async", "", quiet(check_handler, counts))
case("handler: cannot be called", "it can be called: int", quiet(check_handler, 7))
case("handler: two arguments", "it is called with one event", quiet(check_handler, lambda event, more: None))
case("handler: fails", "it does not raise: Record: ValueError: three", quiet(check_handler, fails))
case("handler: waits", "it returns within", quiet(check_handler, waits))
case("handler: keeps", "it keeps nothing of what it was given", quiet(check_handler, keeps))
case("handler: returns", "it returns nothing, or what is awaited: Record: int", quiet(check_handler, lambda event: 1))
case("handler: changes", "it leaves the event as it is", quiet(check_handler, changes))


# ---------------------------------------------------------------- calibrations


class Of:
    """A calibration of a function of arrays."""

    def __init__(self, of_array: Callable[[Any], Any]) -> None:
        self.of_array = of_array


def in_place(values: Any) -> Any:
    values *= 2.0
    return values


def calibrates(of_array: Callable[[Any], Any]) -> Callable[[Path], None]:
    return quiet(check_calibration, lambda: Of(of_array))


case("calibration: sound", "", calibrates(lambda values: values * 0.5 - 40.0))
case("calibration: no method", "it has a method of_array: int", quiet(check_calibration, int))
case("calibration: float32", "it gives float64: dtype('float32')", calibrates(lambda values: values.astype(np.float32)))
case("calibration: in place", "it leaves the values as they are", calibrates(in_place))
case("calibration: NaN", "NaN stays NaN", calibrates(np.nan_to_num))
case(
    "calibration: neighbours",
    "each result is of the value at its place alone",
    calibrates(lambda values: values - (values[:1] if values.ndim == 1 else values.ravel()[:1])),
)
case("calibration: flat", "it gives an array of the same shape", calibrates(lambda values: values.ravel().copy()))
case(
    "calibration: arguments",
    "it is made of its arguments: {'x': 1}: TypeError",
    quiet(check_calibration, lambda: Of(lambda values: values), {"x": 1}),
)


# ---------------------------------------------------------------- storages


class Raising(MemoryStorage):
    def read(self, start: int, stop: int) -> bytes:
        if stop > len(self._data):
            raise IndexError("beyond the end")
        return super().read(start, stop)


class Shifted(MemoryStorage):
    def read(self, start: int, stop: int) -> bytes:
        return self._data[start : stop - 1] if start else self._data[:stop]


class Whole(MemoryStorage):
    def chunks(self, chunk_size: int = 1, start: int = 0) -> Iterator[bytes]:
        if self._data[start:]:
            yield self._data[start:]


class Bigger(MemoryStorage):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.size = len(data) + 1


class Once(MemoryStorage):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise ValueError("it is closed")
        self.closed = True


class Views(MemoryStorage):
    def chunks(self, chunk_size: int = 1, start: int = 0) -> Iterator[Any]:
        return map(memoryview, super().chunks(chunk_size, start))


case("storage: sound", "", quiet(check_storage, MemoryStorage))
case(
    "storage: beyond the end",
    "fewer bytes where the stream ends: [0, 5) of 0 bytes: IndexError",
    quiet(check_storage, Raising),
)
case("storage: shifted", "a read gives what stands there", quiet(check_storage, Shifted))
case("storage: whole", "a chunk has at most the bytes asked for", quiet(check_storage, Whole))
case("storage: size", "its size is that of the content, or None: 1, of 0", quiet(check_storage, Bigger))
case("storage: closed once", "closing twice is allowed", quiet(check_storage, Once))
case("storage: views", "a chunk is bytes", quiet(check_storage, Views))


# ---------------------------------------------------------------- transports

for kind, rule in {
    made.Sound: "",
    made.Telling: "",
    made.Dropping: "what is sent comes: nothing after",
    made.Lossy: "what is sent comes: nothing after 1010 bytes",
    made.Timeless: "stamps rise",
    made.Stuck: "closing ends a `receive` that waits",
    made.Endless: "what nobody takes waits in bounded memory",
    made.ClosedOnce: "closing twice is allowed",
    made.Raw: "it gives chunks: bytes",
}.items():
    case(f"transport: {kind.__name__}", rule, quiet(check_transport, made.connect(kind), name=kind.__name__))


# ---------------------------------------------------------------- sinks

RAW = RecordFormat(lambda record: record.raw)


class AtOnce(AppendingSink):
    """Writes what no barrier stands behind."""

    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        super().take(stream, pieces)
        self._file.append(self._waiting.pop(stream))
        self._file.sync()
        with self._ledger.transaction():
            self._file.commit(self._ledger)


class Forgetful(AppendingSink):
    """Forgets the first frame that it takes."""

    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        super().take(stream, [list(pieces[0])[1:], *pieces[1:]])


class Twice(AppendingSink):
    """Takes once more what it has."""

    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        for piece in pieces:
            for record in piece:
                self._waiting.setdefault(stream, bytearray()).extend(record.raw)


class Torn(AppendingSink):
    """Does not cut off what was not committed."""

    def begin(self, ledger: Any) -> None:
        super().begin(ledger)
        self._file._length = os.path.getsize(self._file._path)
        if getattr(self, "kept", None):
            self._file.append(self.kept)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        path = self._file._path
        self.kept = Path(path).read_bytes() if os.path.exists(path) else b""


class Early(AppendingSink):
    """Says that it has what it has not written."""

    def barrier(self, barrier: Barrier) -> None:
        if self._positions.move(barrier, barrier.frames):
            self._positions.commit()
        waiting = self._waiting.pop(barrier.stream, b"")
        self._file.append(waiting)
        self._file.sync()
        with self._ledger.transaction():
            self._file.commit(self._ledger)


class Rowless(AppendingSink):
    """Does not say what a restart needs."""

    def barrier(self, barrier: Barrier) -> None:
        super().barrier(barrier._replace(ledger_rows=lambda ledger: None))


class Reversed(AppendingSink):
    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        super().take(stream, [list(piece)[::-1] for piece in pieces])


def sinks(kind: type[AppendingSink]) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        path = folder / "file"

        def read() -> Sequence[Hashable]:
            data = path.read_bytes() if path.exists() else b""
            events = streams.decoded([catalog.load("sgf1")], [data])
            return [event.raw for event in events if isinstance(event, Record)]

        def make(asked: SinkRequest) -> AppendingSink:
            return kind(asked.uri, asked.rest, RAW)

        check_sink(make, f"own:{path}", read)

    return check


for sink, rule in {
    AppendingSink: "",
    AtOnce: "what no barrier stands behind is not written",
    Forgetful: "frames of stream 1 are missing",
    Twice: "are there more than once",
    Torn: "are there more than once",
    Early: "are missing",
    Rowless: "a commit writes the rows of its barriers into the ledger",
    Reversed: "frames come in the order of their stream",
}.items():
    case(f"sink: {sink.__name__}", rule, sinks(sink))


# ---------------------------------------------------------------- formats

SGF1 = catalog.load("sgf1")
ENVELOPE = SGF1.envelope
assert ENVELOPE is not None
MEASURE = ENVELOPE.measure


def with_measure(**parts: Any) -> Format:
    """SGF1 with another measure, of which there is the incremental form alone."""
    alone: dict[str, Any] = dict.fromkeys(("static", "header", "head", "run", "native"))
    return Format(replace(ENVELOPE, measure=replace(MEASURE, **{**alone, **parts})))


def raising(window: Any) -> Any:
    measured = yield from MEASURE.incremental(window)
    if measured.length % 3 == 1:
        raise ZeroDivisionError("by three")
    return measured


MEASURED = itertools.count()


def tired(window: Any) -> Any:
    """A measure that depends on how often it was asked."""
    measured = yield from MEASURE.incremental(window)
    if next(MEASURED) % 50 == 49:
        raise Refused("valid")
    return measured


def impatient(window: Any) -> Any:
    """A measure that depends on how much has come."""
    steps = MEASURE.incremental(window)
    waited = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        waited += 1
        if waited > 3:
            raise Refused("valid")
        yield


def careless_parse(raw: bytes, head: Any) -> Any:
    """A parser that fails in a way in which no parser does."""
    unit = ENVELOPE.decode.parse(raw, head)
    if unit.payload_length % 2:
        raise RuntimeError("odd")
    return unit


PARSES = Format(replace(ENVELOPE, decode=replace(ENVELOPE.decode, parse=careless_parse, late=None)))
IMPATIENT = with_measure(incremental=impatient)
case("format: sound", "", quiet(check_format, with_measure(incremental=MEASURE.incremental)))
case("format: none at all", "it is a format", quiet(check_format, object()))
case("format: raises", "valid frames are found", quiet(check_format, with_measure(incremental=raising)))
case("format: tired", "the pieces of a stream do not matter", quiet(check_format, with_measure(incremental=tired)))
case(
    "format: impatient",
    "the pieces of a stream do not matter",
    quiet(check_format, IMPATIENT),
)
case("format: careless", "no bytes make it raise: valid frames: RuntimeError: odd", quiet(check_format, PARSES))
case("format: finds others", "valid frames are found", quiet(check_format, SGF1, [b"\xb5\x62no frame of it at all"]))


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_a_check(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "PATIENCE", 0.3)
    monkeypatch.setattr(transports, "PATIENCE", 2.0)
    (mine,) = [case for case in CASES if case.name == name]
    if not mine.rule:
        mine.check(tmp_path)
        return
    with pytest.raises(PluginError) as caught:
        mine.check(tmp_path)
    assert isinstance(caught.value, errors.SigflowError) and isinstance(caught.value, AssertionError)
    assert mine.rule in str(caught.value), caught.value
    assert str(caught.value).startswith(f"{name.partition(':')[0]} ")


def test_each_kind_has_five_that_are_broken() -> None:
    kinds = [case.name.partition(":")[0] for case in CASES if case.rule]
    assert {kind: kinds.count(kind) >= 5 for kind in kinds} == dict.fromkeys(
        ("codec", "checksum", "validator", "handler", "calibration", "storage", "transport", "sink", "format"), True
    )
