"""Fallback formats and codecs: the first scan stays what it is; what it refused is tried, in order, and told."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

import sigflow
from sigflow import codecs, storage
from sigflow.errors import UsageError
from sigflow.events import Event, Gap, Loss, Record
from sigflow.recording import Recording
from sigflow.stream.format import Format
from tests.recover.kit import damaged
from tools.make_samples import legacy, sgf1

#: An agent before sgf1, with a checksum and a counter.
OLDER = """
meta: {id: older, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: magic..body}, sequence: {field: n}, max-frame: 300}
seq: [{id: magic, contents: OLD}, {id: n, type: u2}, {id: len, type: u1}, {id: body, size: len}, {id: sum, type: u1}]
"""


def older(n: int, body: bytes) -> bytes:
    head = b"OLD" + n.to_bytes(2, "big") + bytes([len(body)]) + body
    return head + bytes([sum(head) & 255])


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Format:
    path = tmp_path_factory.mktemp("spec") / "older.ksy"
    path.write_text(OLDER)
    return sigflow.compile(path)


def mixed(rng: random.Random, count: int = 60) -> bytes:
    frames = [
        older(n, rng.randbytes(rng.randrange(20))) if rng.random() < 0.4 else sgf1(7, n, rng.randbytes(9))
        for n in range(count)
    ]
    return damaged(frames, rng, 0.2)


def plain(event: Event) -> tuple[object, ...]:
    if isinstance(event, Record):
        return ("record", event.format, event.start, event.raw, event.index)
    return (type(event).__name__, *event._values())


def test_the_first_scan_is_what_it_is_without(old: Format) -> None:
    for seed in range(20):
        data = mixed(random.Random(seed))
        with sigflow.open(data, "sgf1") as without, sigflow.open(data, "sgf1", fallback=[old]) as recording:
            first = [event for event in without.events() if isinstance(event, Record | Gap)]
            events = [event for event in recording.events() if isinstance(event, Record | Gap)]
            report = recording.validate()
        # The events tile the stream, in order, numbered.
        assert [event.span.start for event in events] == [0, *(event.span.stop for event in events[:-1])]
        assert [event.index for event in events if isinstance(event, Record)] == list(range(report.frames))
        mine = [(event.start, event.raw) for event in events if isinstance(event, Record) and event.format == "sgf1"]
        assert mine == [(event.start, event.raw) for event in first if isinstance(event, Record)]
        # What is left of a gap lies in it, and has its reasons and those of who tried it.
        for event in events:
            if isinstance(event, Gap):
                (whole,) = [gap for gap in first if isinstance(gap, Gap) and event.span.start in gap.span]
                assert event.span.stop <= whole.span.stop
                assert event.reasons[: len(whole.reasons)] == whole.reasons
        # What is taken from a gap is what the fallback finds in its bytes alone.
        for gap in first:
            if isinstance(gap, Gap):
                alone = sigflow.open(data[gap.span.start : gap.span.stop], old)
                wanted = [(record.start + gap.span.start, record.raw) for record in alone]
                assert wanted == [
                    (record.start, record.raw)
                    for record in events
                    if isinstance(record, Record) and record.format == "older" and record.start in gap.span
                ]
        assert (report.specs, report.bytes) == (("sgf1", "older"), len(data))
        assert sum(count["frames"] for count in report.by_format.values()) == report.frames


@pytest.mark.parametrize("engine", ["python", "native"])
def test_every_way_of_reading_gives_the_same(tmp_path: Path, old: Format, engine: str) -> None:
    from sigflow.storage.pipe import PipeStorage

    formats = [sigflow.load("sgf1")]
    for seed in range(4 if engine == "python" else 1):
        rng = random.Random(100 + seed)
        data = mixed(rng)
        wanted = [*map(plain, sigflow.open(data, formats, fallback=[old]).events())]
        (tmp_path / "x").write_bytes(data)
        (tmp_path / "x.gz").write_bytes(gzip.compress(data))
        for path in (tmp_path / "x", tmp_path / "x.gz"):
            for chunk_size in (1, 7, 1000):
                recording = sigflow.open(path, formats, fallback=[old], chunk_size=chunk_size, engine=engine)
                with recording:
                    assert [*map(plain, recording.events())] == wanted
        with open(tmp_path / "x", "rb") as file:
            import os

            pipe = PipeStorage(os.dup(file.fileno()), "-")
            with Recording(pipe, formats, fallback=[old], engine=engine) as recording:
                assert [*map(plain, recording.events())] == wanted


def test_a_long_gap_of_a_pipe_is_read_from_the_tape(old: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    from sigflow.storage import tape

    monkeypatch.setattr(tape.Tape.__init__, "__defaults__", (1000,))
    frames = [older(n, b"x" * 50) for n in range(500)]

    class Once(storage.memory.MemoryStorage):  # type: ignore[name-defined, misc]
        repeatable = False

        @property
        def size(self) -> None:
            return None

        @size.setter
        def size(self, value: int) -> None: ...

    source = Once(b"".join(frames))
    recording = Recording(source, [sigflow.load("sgf1")], fallback=[old], chunk_size=700)
    assert [record.raw for record in recording] == frames


def test_the_list_is_tried_in_order(old: Format) -> None:
    data = sgf1(7, 1, b"a") + older(1, b"b") + legacy(3, b"c") + sgf1(7, 2, b"d")
    both = sigflow.open(data, "sgf1", fallback=[old, "sgf_legacy"])
    assert [record.format for record in both] == ["sgf1", "older", "sgf_legacy", "sgf1"]
    # Tried first, the legacy format takes bytes of both for one frame, if they look like one.
    legacy_first = sigflow.open(older(1, b"b") + legacy(3, b"c"), "sgf1", fallback=["sgf_legacy", old])
    assert [event for event in legacy_first.events() if isinstance(event, Record) and event.format == "older"] != []
    assert both.validate().by_format["sgf_legacy"] == {"frames": 1, "bytes": 7}


def test_counters_of_a_fallback_go_on_from_gap_to_gap(old: Format) -> None:
    data = older(1, b"") + sgf1(7, 1, b"") + older(2, b"") + sgf1(7, 2, b"") + older(5, b"") + sgf1(7, 9, b"")
    recording = sigflow.open(data, "sgf1", fallback=[old])
    losses = [(event.format, event.count) for event in recording.events() if isinstance(event, Loss)]
    assert losses == [("older", 2), ("sgf1", 6)]
    report = recording.validate()
    assert (report.sequence["lost"], report.gap_bytes, report.sound) == (8, 0, False)


def test_what_cannot_fall_back(tmp_path: Path, old: Format) -> None:
    (tmp_path / "whole.ksy").write_text("meta: {id: whole}\nseq: [{id: a, type: u1}]\n")
    with pytest.raises(UsageError, match="whole-file format"):
        sigflow.open(b"", "sgf1", fallback=[tmp_path / "whole.ksy"])
    with pytest.raises(UsageError, match="exclude each other"):
        sigflow.open(b"", "sgf1", fallback=[old], strict=True)
    # One that is scanned for anyhow, or is named twice, is no fallback.
    recording = sigflow.open(b"", ["sgf1", old], fallback=["sgf1", old])
    assert [format.name for format in recording.formats] == ["sgf1", "older"]


def test_tables_and_limits(old: Format) -> None:
    from sigflow.limits import Limits

    data = sgf1(7, 1, b"a") + older(1, b"b" * 60) + older(2, b"c")
    table = sigflow.open(data, "sgf1", fallback=[old]).to_arrow()
    assert table.column("_format").to_pylist() == ["sgf1", "older", "older"]
    short = sigflow.open(data, "sgf1", fallback=[old], limits=Limits(frame=40))
    assert [record.format for record in short] == ["sgf1", "older"]


# ---------------------------------------------------------------- codecs


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two codecs below, for one test each: whatever tries all codecs in this process must not meet them."""
    monkeypatch.setattr(codecs.REGISTRY, "_things", dict(codecs.REGISTRY._things))
    codecs.register_codec("tests-backwards")(backwards)
    codecs.register_codec("tests-never")(never)


def backwards(payload: bytes, *, limit: int) -> bytes:
    if not payload.startswith(b"!"):
        raise sigflow.CodecError("no exclamation mark", codec="tests-backwards")
    return payload[:0:-1]


def never(payload: bytes, *, limit: int) -> bytes:
    raise ValueError("never")


def test_codecs_are_tried_in_order_on_what_the_first_refused() -> None:
    import zlib

    format = sigflow.load("sgf1").with_fallback({"zlib": ["tests-never", "tests-backwards"]})
    data = b"".join(
        sgf1(7, n, payload, compressed=True) for n, payload in enumerate([zlib.compress(b"new"), b"!dlo", b"neither"])
    )
    first, second, third = sigflow.open(data, format)
    assert (first.payload, first.diagnostics) == (b"new", ())
    assert second.payload == b"old"
    (note,) = second.diagnostics
    assert (note.code, note.severity, note.path) == ("fallback", sigflow.Severity.NOTE, "payload")
    assert note.message.startswith("codec tests-backwards took what zlib refused: ")
    (error,) = third.diagnostics
    assert (error.code, error.severity) == ("codec", sigflow.Severity.ERROR)
    for engine in ("python", "native"):
        report = sigflow.open(data, format, engine=engine).validate()
        assert [finding.code for finding in report.diagnostics] == ["fallback", "codec"]
    table = sigflow.open(data, format).to_arrow()
    assert table.column("payload_zlib").to_pylist() == [b"new", b"old", None]


def test_a_fallback_codec_stays_under_the_users_limits() -> None:
    from sigflow.limits import Limits

    format = sigflow.load("sgf1").with_fallback({"zlib": ["tests-backwards"]})
    (record,) = sigflow.open(sgf1(7, 1, b"!dlo", compressed=True), format, limits=Limits(inflated=2))
    assert [finding.code for finding in record.diagnostics] == ["codec"]
    without = sigflow.load("sgf_legacy")
    assert without.with_fallback({"zlib": ["x"]}) is without
    assert format.with_fallback({"tests-unknown": ["x"]}) is format
