"""Recordings with cuts and marks: all that is asked of one is as if the stream were still live."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.errors import StreamError, UsageError
from sigflow.events import Gap, Note, Record
from sigflow.recording.recording import Recording
from sigflow.storage.cut import with_cuts
from sigflow.storage.memory import MemoryStorage
from sigflow.stream.cuts import Cut
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from tests.compiler.test_around import FILE
from tests.engine.streams import native, stream_of
from tests.engine.test_live import sgf1
from tests.stream.cutting import by_parts, missing_bytes, random_cuts
from tests.stream.test_around import entries, head
from tests.stream.ways import shape

NAMES = ["sgf1", "ubx+nmea0183", "ccsds_space_packet", "instrument_hdr"]


@pytest.mark.parametrize("engine", ["auto", "python", "native"])
@pytest.mark.parametrize("name", NAMES)
def test_all_answers_agree(name: str, engine: str) -> None:
    formats = native(name, True).formats
    for seed in range(6):
        rng = random.Random(seed)
        data = b"".join(stream_of(name, 9 * seed + n, (160,)) for n in range(6))
        cuts = random_cuts(rng, len(data), 9)
        expected, counts = by_parts(formats, data, cuts)
        with sigflow.open(data, formats, cuts=cuts, engine=engine, chunk_size=rng.choice((7, 100, 10_000))) as it:
            events = list(it.events())
            assert shape(events) == expected
            report = it.validate()
            records = [event for event in events if isinstance(event, Record)]
            gaps = [event for event in events if isinstance(event, Gap)]
            assert report.bytes == len(data) + missing_bytes(cuts) and report.sequence == counts.tree()
            assert (report.frames, list(report.gaps)) == (len(records), gaps)
            assert sum(finding.code == "bytes-missing" for finding in report.diagnostics) == sum(
                isinstance(event, Note) and event.code == "bytes-missing" for event in events
            )
            missing = [gap for gap in gaps if gap.reasons == ("overflow",)]
            assert sum(len(gap.span) for gap in missing) == missing_bytes(
                [cut for cut in cuts if cut.kind != "removed"]
            )
            pytest.importorskip("pyarrow")
            table = it.to_arrow()
            assert table["_offset"].to_pylist() == [record.start for record in records]


def test_a_storage_that_carries_them_needs_no_more() -> None:
    data = sgf1(0, b"x") + sgf1(1, b"y")[:20] + sgf1(2, b"z")
    storage = with_cuts(MemoryStorage(data), [Cut(47, "overflow", 7)], ())
    with Recording(storage, [sigflow.load("sgf1")]) as it:
        gaps = [event for event in it.events() if isinstance(event, Gap)]
        assert [(gap.span.start, gap.span.stop) for gap in gaps] == [(27, 47), (47, 54)]
        assert not it.validate().sound
    for cut, message in ((Cut(47, "boundary"), "offset 27"), (Cut(27, "overflow", 3), "3 bytes are missing")):
        it = sigflow.open(data, sigflow.load("sgf1"), cuts=[cut], strict=True)
        with it, pytest.raises(StreamError, match=message):
            list(it)


def test_marks_are_those_of_the_live_stream() -> None:
    data = sgf1(0, b"x") + sgf1(1, b"y" * 500)[:30] + sgf1(2, b"z")
    decoder = Decoder(sigflow.load("sgf1"))
    decoder.feed(data)
    events = list(decoder.events())
    mark = decoder.abandon()
    assert mark == (27, "sgf1")
    decoder.feed_eof()
    events += decoder.events()
    for engine in ("auto", "python", "native"):
        with sigflow.open(data, sigflow.load("sgf1"), marks=[mark], engine=engine) as it:
            assert shape(list(it.events())) == shape(events)


def test_several_workers_are_told_to_be_one() -> None:
    told: list[str] = []
    storage = with_cuts(MemoryStorage(sgf1(0, b"x")), [(3, "boundary")], ())
    with Recording(storage, [sigflow.load("sgf1")], workers=3, notice=told.append) as it:
        assert not list(it)
    assert told == ["one worker scans, not 3: the recording has cuts or marks"]


def test_missing_bytes_are_for_no_fallback_and_are_in_no_frame_read_leniently() -> None:
    broken = bytearray(sgf1(1, b"y" * 30))
    broken[40] ^= 1
    data = sgf1(0, b"x") + bytes(broken) + sgf1(2, b"z")
    cuts = [(27 + len(broken), "overflow", 50)]
    sgf, ubx = sigflow.load("sgf1"), sigflow.load("ubx")
    with sigflow.open(data, sgf, cuts=cuts, fallback=[ubx], lenient=True) as it:
        events = list(it.events())
        assert [event.reasons for event in events if isinstance(event, Gap)][1] == ("overflow",)
        assert [event.start for event in events if isinstance(event, Record) and event.damaged] == [27]
        assert it.validate().bytes == len(data) + 50


def test_an_edited_copy_is_refused(tmp_path: Path) -> None:
    it = sigflow.open(sgf1(0, b"x"), sigflow.load("sgf1"), cuts=[(3, "boundary")])
    with it, pytest.raises(UsageError, match="has cuts or marks"):
        it.edit(tmp_path / "out", {"sequence": 5})


def test_each_connection_has_a_preamble_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "file.ksy").write_text(FILE, encoding="utf-8")
    format: Format = sigflow.compile(tmp_path / "file.ksy")
    first = head(9, tagged=True) + entries(4, 6, tagged=True)
    data = first + head(2) + entries(3)
    live = Decoder(format, cuts=[(len(first), "reconnect")])
    live.feed(data)
    live.feed_eof()
    wanted: Any = list(live.events())
    with sigflow.open(data, format, cuts=[(len(first), "reconnect")]) as it:
        events: Any = list(it.events())
        assert shape(events) == shape(wanted)
        tags = [getattr(event.value, "tag", None) for event in events if event.__class__ is Record]
        assert tags == [None, *4 * [ord("t")], None, None, None, None]
        assert it.validate().frames == 9
        for columns in (it.to_arrow, it.to_numpy, it.batches):
            with pytest.raises(UsageError, match="where another preamble may begin"):
                columns()
    with sigflow.open(data, format, cuts=[(5, "boundary")]) as it:  # the preamble is cut
        assert it.validate().by_format["file:preamble"]["frames"] == 0
