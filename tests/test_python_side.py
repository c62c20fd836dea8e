"""What Python programs do with what sigflow gives: feed, open, pickle, copy, print, hand to other libraries."""

from __future__ import annotations

import array
import copy
import gzip
import io
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

import sigflow
from sigflow import Gap, Record
from sigflow.runtime.struct import KaitaiStruct

SPEC = """
meta: {id: beacon, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [magic..body]}
seq:
  - {id: magic, contents: [0xa5, 0x5a]}
  - {id: class, type: u1, enum: kinds}
  - {id: length, type: u1}
  - {id: body, type: items, size: length}
  - {id: crc, type: u2}
types:
  items:
    seq:
      - {id: each, type: pair, repeat: eos}
    instances:
      first: {value: 'each[0]', if: each.size > 0}
  pair:
    seq:
      - {id: a, type: u1}
      - {id: b, type: u1, enum: kinds}
enums:
  kinds: {1: one, 2: two}
"""
WHOLE = "meta: {id: whole}\nseq:\n  - {id: n, type: u1}\n  - {id: rest, size-eos: true}\n"


def frame(*items: int, kind: int = 1) -> bytes:
    raw = bytes((0xA5, 0x5A, kind, len(items), *items))
    return raw + sigflow_crc(raw)


def sigflow_crc(raw: bytes) -> bytes:
    from sigflow import checksums

    return checksums.get("CRC-16/MODBUS").compute(raw).to_bytes(2, "little")


@pytest.fixture(scope="module")
def beacon(tmp_path_factory: pytest.TempPathFactory) -> sigflow.Format:
    path = tmp_path_factory.mktemp("spec") / "beacon.ksy"
    path.write_text(SPEC)
    return sigflow.compile(path)


DATA = frame(1, 2, 3, 1) + b"noise" + frame() + frame(7, 9, kind=5)


def records(format: sigflow.Format, source: Any) -> list[Record]:
    with sigflow.open(source, format) as recording:
        return list(recording)


# ---------------------------------------------------------------- bytes in


@pytest.mark.parametrize("wrong", [5, None, "text", [1, 2], 1.5, object(), True])
def test_what_is_no_bytes_is_not_fed(beacon: sigflow.Format, wrong: Any) -> None:
    decoder = beacon.decoder()
    with pytest.raises(TypeError, match=f"feed takes bytes, not {type(wrong).__name__}"):
        decoder.feed(wrong)
    decoder.feed_eof()
    assert list(decoder.events()) == [] and decoder.statistics.bytes == 0


@pytest.mark.parametrize(
    "made",
    [bytes, bytearray, memoryview, lambda raw: array.array("B", raw), lambda raw: numpy.frombuffer(raw, numpy.uint8),
     lambda raw: memoryview(bytes(byte for byte in raw for _ in range(2)))[::2]],
)  # fmt: skip
def test_whatever_has_a_buffer_is_fed(beacon: sigflow.Format, made: Any) -> None:
    decoder = beacon.decoder()
    decoder.feed(made(DATA))
    decoder.feed_eof()
    assert sum(isinstance(event, Record) for event in decoder.events()) == 3


class Dripping(io.RawIOBase):
    """A file object that cannot seek and gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece, self._left = self._left[: min(3, len(buffer))], self._left[min(3, len(buffer)) :]
        buffer[: len(piece)] = piece
        return len(piece)


def test_file_objects_are_opened(beacon: sigflow.Format, tmp_path: Path) -> None:
    expected = records(beacon, DATA)
    path = tmp_path / "x.bin"
    path.write_bytes(DATA)
    zipped = io.BytesIO(gzip.compress(DATA))
    with open(path, "rb") as file, open(path, "rb", buffering=0) as raw, gzip.open(zipped) as unzipped:
        for source in (io.BytesIO(DATA), file, raw, unzipped, Dripping(DATA), io.BufferedReader(Dripping(DATA))):
            assert records(beacon, source) == expected
        assert not file.closed
    behind = io.BytesIO(b"before" + DATA)
    behind.seek(6)
    assert records(beacon, behind) == expected and behind.tell() == 6
    with sigflow.open(io.BytesIO(DATA), beacon) as recording:
        assert recording.validate().frames == len(list(recording)) == recording.to_arrow().num_rows == 3


@pytest.mark.parametrize("wrong", [5, None, [], io.StringIO("text"), 1.5, object(), io.BytesIO])
def test_what_cannot_be_opened_is_refused_at_once(beacon: sigflow.Format, wrong: Any) -> None:
    with pytest.raises(TypeError):
        sigflow.open(wrong, beacon)


# ---------------------------------------------------------------- pickle, copy


def same(value: Any, other: Any) -> None:
    assert sigflow.asdict(value) == sigflow.asdict(other)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_found_is_pickled_and_copied(beacon: sigflow.Format, protocol: int) -> None:
    decoder = beacon.decoder()
    decoder.feed(DATA, stamp=sigflow.Stamp(1, 2, "tcp"))
    decoder.feed_eof()
    events = list(decoder.events())
    assert any(isinstance(event, Gap) for event in events)
    through = pickle.loads(pickle.dumps(events, protocol))
    for again in (through, copy.copy(events), copy.deepcopy(events)):
        assert again == events
        for copied, other in zip(again, events, strict=True):
            if isinstance(copied, Record):
                same(copied.value, other.value)
                assert copied.stamps == other.stamps and copied.diagnostics == other.diagnostics
    (first, *_) = (event for event in events if isinstance(event, Record))
    value = first.value
    for again in (pickle.loads(pickle.dumps(value, protocol)), copy.copy(value), copy.deepcopy(value)):
        same(again, first.value)
        assert type(again) is type(first.value) and again.body._root._io.size() == first.value._io.size()
        assert again.body.first.a == 1


def test_a_value_read_late_a_bundled_format_and_a_whole_file(tmp_path: Path) -> None:
    sample = Path(__file__).parents[1] / "samples" / "valid_telemetry.sgf"
    with sigflow.open(sample, "sgf1") as recording:
        records = list(recording)
    through = pickle.loads(pickle.dumps(records))
    assert through == records
    same(through[0].value, records[0].value)
    same(pickle.loads(pickle.dumps(records[1].value)), records[1].value)
    format = sigflow.load("sgf1").with_limits(sigflow.Limits(frame=4096))
    again = pickle.loads(pickle.dumps(format))
    assert again.limits == format.limits and again.envelope is format.envelope and copy.deepcopy(format) is format
    path = tmp_path / "whole.ksy"
    path.write_text(WHOLE)
    whole = sigflow.compile(path)
    same(pickle.loads(pickle.dumps(whole)).parse(b"\1abc"), whole.parse(b"\1abc"))


def test_another_process_gets_it(beacon: sigflow.Format) -> None:
    originals = records(beacon, DATA)
    pickled = pickle.dumps((beacon, originals, originals[0].value))
    code = (
        "import pickle, sys, sigflow\n"
        "format, records, value = pickle.load(sys.stdin.buffer)\n"
        "print(format.name, len(records), sigflow.asdict(records[0].value) == sigflow.asdict(value))\n"
        "again = pickle.loads(pickle.dumps(value))\n"
        "print(sigflow.asdict(value)['class'].name, format.decoder(), type(again) is type(value))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], input=pickled, capture_output=True, check=True).stdout.decode()
    assert out.splitlines() == ["beacon 3 True", "one Decoder(beacon: 0 bytes fed, 0 frames, 0 undecided) True"]


def test_a_format_made_by_hand_says_that_it_cannot_be_pickled() -> None:
    from tests.stream import formats as f

    with pytest.raises(pickle.PicklingError, match="'frame' was not made from a generated module"):
        pickle.dumps(sigflow.Format(f.FRAME))


# ---------------------------------------------------------------- what it says of itself


def test_repr(beacon: sigflow.Format) -> None:
    with sigflow.open(DATA, beacon) as recording:
        assert repr(recording) == "Recording('<memory>', beacon)"
        first, *_, last = recording
    assert (
        repr(first)
        == "Record('beacon', [0, 10), index=0, 10 bytes: a5 5a 01 04 01 02 03 01 "
        + sigflow_crc(DATA[:8]).hex(" ")
        + ")"
    )
    shown = repr(first.value)
    assert shown.startswith(
        "Beacon(magic=b'\\xa5Z', class=<one: 1>, length=4, body=Items(each=[Pair(…), Pair(…)]), crc="
    )
    assert "class=5" in repr(last.value)
    assert repr(beacon).startswith("Format('beacon', frames of 6 to ") and "magic, class, length, body, crc)" in repr(
        beacon
    )
    decoder = beacon.decoder()
    decoder.feed(DATA[:-1])
    list(decoder.events())
    assert repr(decoder) == f"Decoder(beacon: {len(DATA) - 1} bytes fed, 2 frames, 7 undecided)"


def test_a_repr_is_short_whatever_it_is_of(tmp_path: Path) -> None:
    path = tmp_path / "long.ksy"
    fields = "".join(f"  - {{id: f{n}, type: u1}}\n" for n in range(40))
    path.write_text(
        "meta: {id: long, endian: le}\nseq:\n  - {id: text, type: str, size: 500, encoding: ASCII}\n"
        f"  - {{id: raw, size: 500}}\n  - {{id: many, type: u1, repeat: expr, repeat-expr: 500}}\n{fields}"
    )
    shown = repr(sigflow.compile(path).parse(b"a" * 1540))
    assert len(shown) < 400 and "500 characters" in shown and "500 bytes" in shown and "500 in all" in shown


def test_asdict(beacon: sigflow.Format) -> None:
    first, second, _ = records(beacon, DATA)
    plain = sigflow.asdict(first.value)
    assert list(plain) == ["magic", "class", "length", "body", "crc"]
    assert plain["magic"] == b"\xa5\x5a" and plain["class"].value == 1 and plain["class"].name == "one"
    assert [(item["a"], item["b"].name) for item in plain["body"]["each"]] == [(1, "two"), (3, "one")]
    whole = sigflow.asdict(first.value, instances=True)
    assert whole["body"]["first"] == plain["body"]["each"][0]
    assert sigflow.asdict(second.value)["body"] == {"each": []}
    assert sigflow.asdict(5) == 5 and sigflow.asdict([first.value, [second.value]])[0] == plain
    assert not isinstance(plain["body"], KaitaiStruct)


def test_instances_that_lead_round_in_circles_end(tmp_path: Path) -> None:
    path = tmp_path / "circle.ksy"
    path.write_text("meta: {id: circle}\nseq: [{id: n, type: u1}]\ninstances: {me: {value: _root}}\n")
    value = sigflow.compile(path).parse(b"a")
    assert sigflow.asdict(value) == {"n": 97}
    with pytest.raises(ValueError, match="1000 levels"):
        sigflow.asdict(value, instances=True)


# ---------------------------------------------------------------- other libraries


def test_arrow_takes_a_recording(beacon: sigflow.Format) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    with sigflow.open(DATA, beacon) as recording:
        table = pyarrow.table(recording)
        assert table.equals(recording.to_arrow()) and table.num_rows == 3
        assert pyarrow.RecordBatchReader.from_stream(recording).read_all().equals(table)


def test_duckdb_takes_a_recording(beacon: sigflow.Format) -> None:
    duckdb = pytest.importorskip("duckdb")
    with sigflow.open(DATA, beacon) as frames:
        assert frames is not None  # found by its name, below
        assert duckdb.sql("select count(*), sum(length) from frames").fetchall() == [(3, 6)]


def test_polars_takes_a_recording(beacon: sigflow.Format) -> None:
    polars = pytest.importorskip("polars")
    with sigflow.open(DATA, beacon) as recording:
        frame = polars.DataFrame(recording)
        assert frame["length"].to_list() == [4, 0, 2]
