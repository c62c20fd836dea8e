"""Frames of one format as frames of another: what is made of what, many at a time as one by one, and nothing half."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sigflow
from sigflow.errors import BuildError, UsageError
from sigflow.recording import Recording
from sigflow.rewrite import converter as converters
from sigflow.rewrite import converting
from sigflow.rewrite.converting import converted
from sigflow.rewrite.mapping import FormatMapping, mapping_of
from sigflow.rewrite.result import Rewritten
from sigflow.stream.format import Format
from tests.building.kit import format_of
from tests.rewrite.kit import frames_of, no_rests, opened, raws

LEGACY, SGF1, UBX, CCSDS = map(sigflow.load, ("sgf_legacy", "sgf1", "ubx", "ccsds_space_packet"))
#: What is built one by one, whatever is asked: its payload is a text.
TEXT = format_of(
    """
    seq: [{id: mark, contents: T}, {id: stream_id, type: u2}, {id: count, type: u1}, {id: n, type: u1},
          {id: text, type: str, size: n}, {id: sum, type: u1}]
    -sigflow-stream:
      sync: T
      sequence: {field: count, per: stream_id}
      checksum: {field: sum, algorithm: {sum: u1, width: 8}, over: mark..text}
    """.replace("{sum: u1, width: 8}", "CRC-8/SMBUS")
)


def convert(
    tmp_path: Path, data: bytes, sources: Sequence[Format], target: Format, *wanted: dict[str, str | None], **more: Any
) -> tuple[Rewritten, bytes]:
    out = tmp_path / "out"
    texts = [*wanted, *[{}] * (len(sources) - len(wanted))]
    mappings = [mapping_of(source, target, fields) for source, fields in zip(sources, texts, strict=True)]
    result = converted(opened(data, list(sources)), reader(target), mappings, str(out), **more)
    assert not result.difference
    return result, out.read_bytes()


def reader(target: Format) -> Recording:
    return opened(b"", target)


def legacy(rng: random.Random, count: int = 300, streams: int = 3) -> bytes:
    rows = [{"stream_id": rng.randrange(streams), "payload": rng.randbytes(rng.randrange(60))} for _ in range(count)]
    return b"".join(LEGACY.build_many(rows))


def rules(mapping: FormatMapping) -> dict[str, tuple[str, str]]:
    return {rule.name: (rule.text, rule.origin) for rule in mapping.rules}


# ---------------------------------------------------------------- what is made of what


def test_the_older_format_becomes_the_newer(tmp_path: Path) -> None:
    data = legacy(random.Random(1))
    result, out = convert(tmp_path, data, [LEGACY], SGF1)
    before = list(sigflow.open(data, LEGACY))
    after = list(sigflow.open(out, SGF1))
    assert [(a.value.stream_id, a.value.payload) for a in after] == [
        (b.value.stream_id, b.value.payload) for b in before
    ]
    counters: dict[int, int] = {}
    for record in after:
        assert record.value.sequence == counters.get(record.value.stream_id, 0)
        counters[record.value.stream_id] = record.value.sequence + 1
        assert record.value.version == 1 and not record.diagnostics
    assert len(counters) == 3 and result.sound and result.frames_written == 300
    assert rules(result.mappings[0]) == {
        "version": ("1", "default"),
        "flags.reserved": ("0", "default"),
        "flags.compressed": ("0", "default"),
        "flags.encoding": ("0", "default"),
        "stream_id": ("stream_id", "name"),
        "sequence": ("", "counted"),
        "payload": ("payload", "name"),
    }
    assert result.mappings[0].unread == ()


def test_what_counts_alike_is_carried_and_the_same_format_stays(tmp_path: Path) -> None:
    data = b"".join(frames_of(random.Random(2), 400)[3:])
    result, out = convert(tmp_path, data, [SGF1], SGF1)
    assert out == data and result.mappings[0].unread == ()
    assert rules(result.mappings[0])["sequence"] == ("sequence", "role")
    assert {origin for _, origin in rules(result.mappings[0]).values()} == {"name", "role"}


def test_streams_and_payloads_of_other_names_are_carried_and_what_is_left_out_is_told() -> None:
    mapping = mapping_of(CCSDS, SGF1)
    assert rules(mapping)["stream_id"] == ("apid", "role") and rules(mapping)["payload"] == ("data", "role")
    assert rules(mapping)["version"] == ("1", "default")  # that of the other format means something else
    assert rules(mapping)["sequence"] == ("", "counted")  # its counter has 14 bits
    left_out = {"packet_type", "has_secondary_header", "sequence_flags", "sequence_count"}
    assert set(mapping.unread) == left_out
    wanted: dict[str, str | None] = {"sequence": "sequence_count + 0", "flags.reserved": "sequence_flags.to_i"}
    assert set(mapping_of(CCSDS, SGF1, wanted).unread) == {"packet_type", "has_secondary_header"}


def test_a_field_that_is_left_out_is_left_to_the_target() -> None:
    target = format_of(
        """
        seq: [{id: mark, contents: M}, {id: stream_id, type: u2, -sigflow-default: 9}, {id: n, type: u1},
              {id: payload, size: n}]
        -sigflow-stream: {sync: M, confirm: {chain: 2}}
        """
    )
    assert "stream_id" not in rules(mapping_of(LEGACY, target, {"stream_id": None}))
    assert rules(mapping_of(LEGACY, target))["stream_id"] == ("stream_id", "name")


@pytest.mark.parametrize(
    ("source", "target", "wanted", "message"),
    [
        (LEGACY, SGF1, {"stream": "1"}, "no field 'stream'"),
        (
            LEGACY,
            SGF1,
            {"stream_id": "streams_id"},
            "stream_id: unknown field 'streams_id' in sgf_legacy",
        ),
        (LEGACY, SGF1, {"stream_id": "1 +"}, "stream_id: no expression"),
        (LEGACY, SGF1, {"flags[0]": "1"}, "a place in a list"),
        (sigflow.load("nmea0183"), SGF1, {}, "nothing in nmea0183 says what payload of sgf1 is"),
    ],
)
def test_mappings_that_do_not_fit(source: Format, target: Format, wanted: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("[", r"\[")):
        mapping_of(source, target, wanted)


# ---------------------------------------------------------------- both ways

EXPRESSIONS = [
    "stream_id",
    "stream_id * 3 + 1",
    "payload.length",
    "payload_length % 7",
    "_index",
    "_offset & 0xff",
    "stream_id == 1 ? 5 : 6",
    "payload.length > 3",
    "7 / (stream_id + 1)",
]
PAYLOADS = ["payload", "payload", "[1, 2]"]


@given(data=st.data())
def test_many_at_a_time_as_one_by_one(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    rng = random.Random(data.draw(st.integers(0, 99)))
    target = data.draw(st.sampled_from([SGF1, UBX, TEXT, CCSDS]))
    paths = {
        SGF1.name: ["version", "flags.encoding", "stream_id", "sequence"],
        UBX.name: ["msg_class", "msg_id"],
        TEXT.name: ["stream_id", "count"],
        CCSDS.name: ["packet_type", "apid", "sequence_count", "sequence_flags"],
    }[target.name]
    wanted: dict[str, str | None] = {
        path: data.draw(st.sampled_from(EXPRESSIONS)) for path in data.draw(st.sets(st.sampled_from(paths)))
    }
    if target is TEXT:
        wanted["text"] = '"abc"'
    elif data.draw(st.booleans()):
        wanted["data" if target is CCSDS else "payload"] = data.draw(st.sampled_from(PAYLOADS))
    capture = legacy(rng, 60, data.draw(st.sampled_from([1, 4])))
    folder = tmp_path_factory.mktemp("ways")
    results = []
    for arrays in (True, False):
        try:
            result, out = convert(folder, capture, [LEGACY], target, wanted, arrays=arrays)
            results.append((out, result.tree()))
        except BuildError as error:
            results.append((b"", {"mistakes": str(error)}))
    assert results[0] == results[1]


def test_the_usual_is_converted_by_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test before compares two ways, and not one with itself."""
    monkeypatch.setattr(converters.Converter, "_one_by_one", None)
    wanted: dict[str, str | None] = {"version": "payload.length % 200", "flags.encoding": "stream_id & 1"}
    data = legacy(random.Random(3))
    monkeypatch.setattr(converting, "BYTES", 2000)  # so that streams are counted on
    assert convert(tmp_path, data, [LEGACY], SGF1, wanted)[0].frames_written == 300
    assert convert(tmp_path, convert(tmp_path, data, [LEGACY], SGF1)[1], [SGF1], UBX)[0].frames_written == 300


def test_several_formats_keep_their_order(tmp_path: Path) -> None:
    rng = random.Random(4)
    numbers = range(50)
    ubx = [UBX.build({"msg_class": 1, "msg_id": n, "payload": rng.randbytes(n)}) for n in numbers]
    sgf1 = frames_of(rng, 50, streams=1)
    data = b"".join(frame for pair in zip(ubx, sgf1, strict=True) for frame in pair)
    wanted: dict[str, str | None] = {"stream_id": "0"}
    _, out = convert(tmp_path, data, [UBX, SGF1], SGF1, wanted, {**wanted, "sequence": "sequence"})
    after = list(sigflow.open(out, SGF1))
    assert [record.value.payload for record in after[::2]] == [UBX.parse(raw).payload for raw in ubx]
    assert [record.raw for record in after[1::2]] == sgf1
    assert [record.value.sequence for record in after[::2]] == list(numbers)


def test_counters_wrap(tmp_path: Path) -> None:
    data = legacy(random.Random(5), 700, 2)
    wanted: dict[str, str | None] = {"text": '"x"'}
    _, out = convert(tmp_path, data, [LEGACY], TEXT, wanted)
    counts = [record.value.count for record in sigflow.open(out, TEXT) if record.value.stream_id == 0]
    assert counts == [n % 256 for n in range(len(counts))] and len(counts) > 300
    rows = [{"stream_id": 0, "payload": b"x"} for _ in range(17_000)]
    by_arrays, one_by_one = (
        convert(tmp_path, b"".join(LEGACY.build_many(rows)), [LEGACY], CCSDS, {"apid": "5"}, arrays=arrays)[1]
        for arrays in (True, False)
    )
    assert by_arrays == one_by_one
    assert [record.value.sequence_count for record in sigflow.open(by_arrays, CCSDS)][16_383:16_386] == [16_383, 0, 1]


# ---------------------------------------------------------------- captures as they are


def test_gaps_are_left_out_and_told(tmp_path: Path) -> None:
    frames = frames_of(random.Random(6), 40)
    data = b"".join(frames[:20]) + b"noise" + b"".join(frames[21:])
    result, out = convert(tmp_path, data, [SGF1], SGF1)
    assert out == b"".join(frames[:20] + frames[21:])
    assert not result.sound and result.tree()["gap_bytes"] == 5 and result.lost == 1


def test_only_the_frames_that_are_meant(tmp_path: Path) -> None:
    data = b"".join(frames_of(random.Random(7), 60))
    recording = opened(data).filter("stream_id == 1")
    out = tmp_path / "out"
    converted(recording, reader(SGF1), [mapping_of(SGF1, SGF1)], str(out))
    assert raws(out) == [raw for raw in raws(data) if raw[9] == 1]


def test_what_cannot_be_converted_leaves_what_was_there(tmp_path: Path) -> None:
    data = b"".join([*frames_of(random.Random(8), 100), *frames_of(random.Random(9), 30, streams=70_000)])
    out = tmp_path / "out"
    out.write_bytes(b"before")
    for arrays in (True, False):
        with pytest.raises(BuildError, match=r"the sgf1 frame at \d+: sgf_legacy: stream_id: \d+ does not fit"):
            converted(opened(data), reader(LEGACY), [mapping_of(SGF1, LEGACY)], str(out), arrays=arrays)
        assert out.read_bytes() == b"before"
        no_rests(tmp_path)


def test_an_expression_that_cannot_be_computed_in_a_frame(tmp_path: Path) -> None:
    data = legacy(random.Random(10))
    messages = []
    for arrays in (True, False):
        with pytest.raises(BuildError, match="version: `1 / stream_id` cannot be computed") as raised:
            convert(tmp_path, data, [LEGACY], SGF1, {"version": "1 / stream_id"}, arrays=arrays)
        messages.append(str(raised.value))
    assert messages[0] == messages[1] and messages[0].endswith("further frames are not looked at")
