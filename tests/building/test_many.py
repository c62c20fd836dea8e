"""Many frames at once: of columns the same bytes, or the same mistakes, as of values one by one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sigflow
from sigflow.columns import frame_kernels
from sigflow.columns.build_many import build_many
from sigflow.columns.layouts import FrameLayout
from sigflow.columns.table_values import TableValues, values_of
from sigflow.errors import BuildError, UsageError
from sigflow.rewrite.mapping import fields_of
from sigflow.stream.building.many import BuiltFrames, one_by_one
from sigflow.stream.format import Format
from tests.building.kit import format_of
from tests.building.test_quick import BUNDLED, OWN
from tests.building.test_rebuilt import CAPTURES, REAL, ROOT, SAMPLES
from tests.stream.test_wires import CAPTURES as OF_WIRES
from tests.stream.test_wires import SPECS, WIRES

#: Layouts beside those of `test_quick`: enums, nested types, words of bits of odd sizes, signed numbers, a range, a
#: trailer, a payload of fixed size, none, a checksum over literal bytes.
MORE = {
    "enums": """
        seq: [{id: mark, contents: M}, {id: kind, type: u2le, enum: kinds}, {id: head, type: inner}, {id: n, type: u2},
              {id: body, size: n}]
        types: {inner: {seq: [{id: a, type: b3}, {id: b, type: b13, enum: kinds}, {id: s, type: s2le}]}}
        enums: {kinds: {1: first, 2: second, 300: last}}
        -sigflow-stream: {sync: M, confirm: {chain: 2}}
        """,
    "bits": """
        seq: [{id: mark, contents: M}, {id: a, type: b4}, {id: b, type: b19}, {id: c, type: b1}, {id: n, type: u1},
              {id: body, size: n}]
        -sigflow-stream: {sync: M, confirm: {chain: 2}}
        """,
    "range": """
        seq: [{id: mark, contents: M}, {id: a, type: u4, valid: {min: 3, max: 70000}}, {id: b, type: s1},
              {id: c, type: u1, valid: {any-of: [1, 2, 255]}}, {id: n, type: u1}, {id: body, size: n * 2}]
        -sigflow-stream: {sync: M, confirm: {chain: 2}}
        """,
    "trailer": """
        seq: [{id: mark, contents: MM}, {id: n, type: u1}, {id: body, size: n}, {id: crc, type: u4le}]
        -sigflow-stream:
          sync: MM
          checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: n..body}
        """,
    "fixed": """
        seq: [{id: mark, contents: MM}, {id: k, type: u1}, {id: body, size: 5}, {id: crc, type: u2}]
        -sigflow-stream:
          sync: MM
          checksum: {field: crc, algorithm: CRC-16/XMODEM, over: k..body}
        """,
    "bare header": """
        seq: [{id: mark, contents: MM}, {id: k, type: u2le}, {id: sum, type: u1}]
        -sigflow-stream:
          sync: MM
          checksum: {field: sum, algorithm: fletcher-16-mod256, over: mark..k}
        """.replace("{id: sum, type: u1}", "{id: sum, type: u2le}"),
}


def formats() -> dict[str, Format]:
    own = {name: format_of(text) for name, text in {**OWN, **MORE}.items()}
    return {**{name: sigflow.load(name) for name in BUNDLED}, **own}


FORMATS = formats()
#: Whether the compiled function is used.
WAYS = [False, True]


def frames_of(pieces: Any) -> list[bytes]:
    frames = []
    for piece in pieces:
        assert isinstance(piece, BuiltFrames) and piece.offsets[0] == 0 and piece.offsets[-1] == len(piece)
        places = piece.offsets.tolist()
        frames += [bytes(piece[a:b]) for a, b in pairwise(places)]
        assert piece.lengths.tolist() == [len(frame) for frame in frames[len(frames) - piece.frames :]]
    return frames


def result(make: Callable[[], Any]) -> Any:
    """The frames, or what is wrong with the values."""
    try:
        return frames_of(make())
    except BuildError as error:
        return [(mistake.row, mistake.path, mistake.text) for mistake in error.mistakes], str(error)


# ---------------------------------------------------------------- both ways

NUMBERS = st.one_of(
    st.integers(0, 3), st.sampled_from([-1, 7, 31, 32, 127, 128, 255, 256, 300, 65535, 1 << 20, 1 << 63])
)
TYPES = {
    "int": (NUMBERS, None),
    "u1": (st.integers(0, 255), pa.uint8()),
    "s8": (st.integers(-2, 3), pa.int64()),
    "bool": (st.booleans(), pa.bool_()),
    "float": (st.floats(0, 3), pa.float64()),
    "name": (st.sampled_from(["first", "second", "opaque", "tlv", "telemetry", "2", "17", "-3", "what"]), pa.string()),
    "bytes": (st.binary(max_size=3), pa.binary()),
}
PAYLOADS = {
    "binary": pa.binary(),
    "large": pa.large_binary(),
    **({"view": pa.binary_view()} if hasattr(pa, "binary_view") else {}),  # from pyarrow 16 on
    "fixed": pa.binary(5),
}
NAMES = ("payload", "body", "data")


def column(data: st.DataObject, size: int, *, usual: bool) -> Any:
    name = "u1" if usual else data.draw(st.sampled_from(list(TYPES)))
    strategy, kind = TYPES[name]
    if usual:
        strategy = st.integers(0, 1)
    nulls = 0 if usual else data.draw(st.sampled_from([0, 0, 1, 2]))
    values: list[Any] = data.draw(st.lists(strategy, min_size=size, max_size=size))
    if nulls:
        values = [None if nulls == 2 or data.draw(st.booleans()) else value for value in values]
    try:
        made = pa.array(values, kind)
    except (OverflowError, pa.ArrowInvalid):
        made = pa.array([0] * size, pa.int8())
    return made.dictionary_encode() if name == "name" and data.draw(st.booleans()) else made


def table_of(format: Format, data: st.DataObject) -> pa.Table:
    size = data.draw(st.integers(0, 5))
    layout = FrameLayout.of(format)
    assert layout is not None
    derived = {layout.length.path if layout.length is not None else None, layout.stored, *layout.literals}
    constant = {path for path, field in layout.numbers.items() if field.constant is not None}
    paths = [*layout.numbers, *(path for path in derived if path is not None)]
    odd = data.draw(st.sets(st.sampled_from([*paths, ("other",)]), max_size=2))
    columns: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for path in {*paths, *odd}:
        if path in derived | constant and path not in odd:
            continue
        made = column(data, size, usual=path not in odd)
        if path in layout.numbers and path not in odd and layout.numbers[path].put.checks:
            made = pa.array(np.full(size, 3 if path == ("a",) else 1))
        if len(path) == 1 or data.draw(st.booleans()):
            columns[".".join(path)] = made
        else:
            nested.setdefault(path[0], {})[path[1]] = made
    for name, parts in nested.items():
        columns[name] = pa.StructArray.from_arrays(list(parts.values()), names=list(parts))
    if layout.body is not None:
        kind = PAYLOADS[
            data.draw(
                st.sampled_from([kind for kind in ("binary", "binary", "large", "view", "fixed") if kind in PAYLOADS])
            )
        ]
        length = st.binary(min_size=5, max_size=5) if kind == pa.binary(5) else st.binary(max_size=40)
        columns[layout.body[0]] = pa.array(data.draw(st.lists(length, min_size=size, max_size=size)), kind)
    table = pa.table(columns)
    return table.slice(data.draw(st.integers(0, size))) if data.draw(st.booleans()) else table


@pytest.mark.parametrize("native", WAYS)
@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_of_columns_as_one_by_one(name: str, native: bool, data: st.DataObject) -> None:
    format = FORMATS[name]
    table = table_of(format, data)
    maker = TableValues(format)
    rows = [value for batch in table.to_batches() for value in maker.rows(batch)]
    assert result(lambda: build_many(format, table, native=native)) == result(lambda: one_by_one(format, rows, ()))


@pytest.mark.parametrize("name", FORMATS)
def test_the_usual_is_built_of_arrays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test before compares two ways, and not one with itself."""
    format = FORMATS[name]
    layout = FrameLayout.of(format)
    assert layout is not None
    monkeypatch.setattr("sigflow.columns.build_many.one_by_one", None)
    columns = {".".join(path): [3 if path == ("a",) else 1] * 9 for path in layout.numbers}
    start = int(name == "ccsds_space_packet")
    columns = {path: values for path, values in columns.items() if layout.numbers[(*path.split("."),)].constant is None}
    bodies = [bytes(5)] * 9 if layout.body_size == 5 else [bytes(2 * n + start) for n in range(9)]
    table = {**columns, **({layout.body[0]: bodies} if layout.body is not None else {})}
    frames = frames_of(build_many(format, table, native=True))
    assert frames == frames_of(build_many(format, table, native=False)) and len(frames) == 9
    again = frames_of(build_many(format, sigflow.open(b"".join(frames), format, engine="python").to_arrow()))
    assert again == frames


@pytest.mark.parametrize("name", [name for name, format in FORMATS.items() if format.envelope.search.checksums])  # type: ignore[union-attr]
@given(sizes=st.lists(st.integers(0, 300), min_size=1, max_size=6), seed=st.integers(0, 9))
def test_the_compiled_function_says_what_it_says_as_written(name: str, sizes: list[int], seed: int) -> None:
    layout = FrameLayout.of(FORMATS[name])
    assert layout is not None and layout.checksum is not None
    rng = np.random.default_rng(seed)
    heads = rng.integers(0, 256, len(sizes) * layout.head).astype(np.uint8)
    payload = rng.integers(0, 256, max(sum(sizes), 1)).astype(np.uint8)
    ends = np.cumsum(sizes)
    made = []
    for make in (frame_kernels.as_written, frame_kernels.compiled):
        kernel = make(layout.checksum, layout.head, layout.trailer)
        out = np.zeros(sum(sizes) + len(sizes) * (layout.head + layout.trailer) + 16, np.uint8)
        stops, sums = np.zeros(len(sizes), np.int64), np.zeros(len(sizes), np.int64)
        places = heads, layout.head, layout.trailer, payload, ends - sizes, ends
        filled = kernel.make()(*places, out, stops, sums, kernel.literals, kernel.P, kernel.T)
        made.append((filled, out[:filled].tobytes(), stops.tolist(), sums.tolist()))
    assert made[0] == made[1]


# ---------------------------------------------------------------- mistakes


def test_mistakes_name_their_rows() -> None:
    format = FORMATS["sgf1"]
    flags = [{"reserved": 0, "compressed": False, "encoding": 0}] * 4
    table = {"version": [1, 300, 1, 1], "flags": flags, "stream_id": [1, 2, 3, -1], "sequence": [1, 2, 3, 4],
             "payload": [b""] * 4}  # fmt: skip
    with pytest.raises(BuildError) as raised:
        list(format.build_many(table))
    assert [(mistake.row, mistake.path) for mistake in raised.value.mistakes] == [(1, "version"), (3, "stream_id")]
    assert "row 1: version: 300 does not fit: 0 to 255" in str(raised.value)
    table["payload"] = [None] * 4  # type: ignore[list-item]
    with pytest.raises(BuildError) as raised:
        list(format.build_many(table))
    assert [mistake.path for mistake in raised.value.mistakes if mistake.row == 1] == ["version", "payload"]


HUGE = 1 << 99_990  # more digits than Python writes


@pytest.mark.parametrize("supplied", [HUGE, -HUGE, [HUGE], {"name": "tlv", "raw": HUGE}], ids=range(4))
@pytest.mark.parametrize("name", FORMATS)
def test_a_number_of_any_length_is_a_mistake(name: str, supplied: Any) -> None:
    format = FORMATS[name]
    sound = {path: b"abcd" if path[-1] in NAMES else 1 for path, _ in fields_of(format)}
    for changed in sound:
        value: dict[str, Any] = {}
        for path, item in {**sound, changed: supplied}.items():
            holder = value
            for part in path[:-1]:
                holder = holder.setdefault(part, {})
            holder[path[-1]] = item
        with pytest.raises(BuildError) as raised:
            list(format.build_many([value]))
        assert len(str(raised.value)) < 5000


def test_a_long_number_is_told_by_its_bits() -> None:
    with pytest.raises(BuildError, match="stream_id: a number of 99991 bits does not fit: 0 to 65535"):
        FORMATS["sgf_legacy"].build({"stream_id": HUGE, "payload": b""})


def test_of_many_bad_rows_the_first_are_told() -> None:
    format = FORMATS["sgf_legacy"]
    good = {"stream_id": 1, "payload": b"x"}
    pieces = format.build_many([*[good] * 5000, *[{"stream_id": 70_000, "payload": b""}] * 100])
    assert next(pieces).frames == 4096
    with pytest.raises(BuildError) as raised:
        next(pieces)
    assert [mistake.row for mistake in raised.value.mistakes] == list(range(5000, 5010))
    assert str(raised.value).endswith("further rows are not looked at")


def test_what_was_kept_is_written() -> None:
    format = FORMATS["sgf_legacy"]
    table = {"stream_id": [1, 2], "payload_length": [9, 1], "payload": [b"x", b"y"]}
    with pytest.raises(BuildError, match="row 0: payload_length"):
        list(format.build_many(table))
    assert b"".join(format.build_many(table, keep="payload_length")) == b"\0\1\0\0\0\x09x\0\2\0\0\0\1y"
    table["payload_length"][0] = None  # type: ignore[call-overload]
    assert b"".join(format.build_many(table)) == b"\0\1\0\0\0\1x\0\2\0\0\0\1y"


@pytest.mark.parametrize("values", [b"x", "x", 3, None])
def test_what_is_no_table(values: Any) -> None:
    with pytest.raises(UsageError):
        list(FORMATS["sgf1"].build_many(values))


def test_no_element_of_an_iterable_is_lost_to_a_look() -> None:
    format = FORMATS["sgf_legacy"]
    with pytest.raises(UsageError, match="row 0"):
        list(format.build_many([3]))
    assert list(format.build_many([])) == []


# ---------------------------------------------------------------- what a table may be


def legacy() -> tuple[Format, pa.Table, list[bytes]]:
    format = FORMATS["sgf_legacy"]
    frames = [bytes((0, n, 0, 0, 0, 2, n, n)) for n in range(20)]
    table = pa.table({"stream_id": pa.array(range(20), pa.uint16()), "payload": [bytes((n, n)) for n in range(20)]})
    return format, table, frames


TABLES: dict[str, Callable[[pa.Table], Any]] = {
    "table": lambda table: table,
    "chunks": lambda table: pa.concat_tables([table.slice(0, 7), table.slice(7)]),
    "batches": lambda table: table.to_batches(max_chunksize=6),
    "reader": lambda table: table.to_reader(max_chunksize=6),
    "tables": lambda table: iter([table.slice(0, 7), table.slice(7)]),
    "mapping": lambda table: {name: table[name] for name in table.column_names},
    "lists": lambda table: table.to_pydict(),
    "values": lambda table: table.to_pylist(),
    "arrays": lambda table: {"stream_id": table["stream_id"].to_numpy().astype(">u2"), "payload": table["payload"]},
    "structured": lambda table: np.array(
        [(n, bytes((n, n))) for n in range(20)], np.dtype([("stream_id", ">i4"), ("payload", "V2")])
    ),
    "pandas": lambda table: table.to_pandas(),
    "polars": lambda table: __import__("polars").from_arrow(table),
    "with places": lambda table: table.append_column("_offset", pa.array(range(20))),
}


@pytest.mark.parametrize("form", TABLES)
def test_every_form_of_a_table(form: str) -> None:
    format, table, frames = legacy()
    assert frames_of(format.build_many(TABLES[form](table))) == frames
    objects = [format.parse(frame) for frame in frames]
    assert frames_of(format.build_many(objects)) == frames


def test_pieces_are_of_bounded_size() -> None:
    format = FORMATS["sgf_legacy"]
    payloads = [bytes(1 << 20)] * 40
    pieces = list(format.build_many({"stream_id": [1] * 40, "payload": payloads}))
    assert sum(piece.frames for piece in pieces) == 40 and max(map(len, pieces)) < 9 << 20
    pieces = list(format.build_many({"stream_id": 1, "payload": payload} for payload in payloads))
    assert sum(piece.frames for piece in pieces) == 40 and max(map(len, pieces)) < 9 << 20


# ---------------------------------------------------------------- what was read


def assert_built_again(capture: Path, format: Format) -> None:
    records = list(islice(sigflow.open(capture, format), 5000))
    frames = [record.raw for record in records]
    table = sigflow.open(capture, format).to_arrow().slice(0, len(frames))
    assert frames
    if not format.parts():
        assert frames_of(format.build_many(table)) == frames
        return
    raw = next((record.raw for record in records if record.format.endswith(":preamble")), None)
    formats = [format.with_preamble(raw) if raw is not None else format, *format.parts()]
    by_name = {format.name: format for format in formats}
    assert [by_name[name].build(value) for name, value in values_of(table, formats)] == frames


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    assert_built_again(ROOT / "samples" / sample, sigflow.load(SAMPLES[sample]))


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="SIGFLOW_CAPTURES names no folder")
@pytest.mark.parametrize("capture", REAL)
def test_real_captures(capture: str) -> None:
    for name in REAL[capture]:
        assert_built_again(CAPTURES / capture, sigflow.load(name))


@pytest.mark.skipif(not WIRES.is_dir(), reason="SIGFLOW_WIRES names no folder")
@pytest.mark.parametrize("capture", OF_WIRES)
def test_wires(capture: str) -> None:
    for name in OF_WIRES[capture]:
        assert_built_again(WIRES / capture, sigflow.compile(SPECS / f"{name}.ksy"))


def test_several_formats() -> None:
    formats = [sigflow.load("sgf1"), sigflow.load("ubx")]
    frames = frames_of(formats[1].build_many({"msg_class": [1, 2], "msg_id": [3, 4], "payload": [b"", b"ab"]}))
    capture = frames[0] + (ROOT / "samples" / "valid_telemetry.sgf").read_bytes() + frames[1]
    table = sigflow.open(capture, formats).to_arrow()
    by_name = {format.name: format for format in formats}
    assert b"".join(by_name[name].build(value) for name, value in values_of(table, formats)) == capture
    with pytest.raises(UsageError, match="rows of sgf1"):
        list(formats[1].build_many(table))
    with pytest.raises(UsageError, match="none of ubx"):
        list(values_of(table, formats[1:]))


def test_switches_unknown_names_and_what_was_told_as_json() -> None:
    format = format_of(
        """
        seq:
          - {id: mark, contents: M}
          - {id: tag, type: u1, enum: tags}
          - id: body
            type: {switch-on: tag, cases: {'tags::a': one_of, 'tags::b': other, _: u2}}
          - {id: empty, type: none}
          - {id: many, type: pair, repeat: expr, repeat-expr: 2}
        types:
          one_of: {seq: [{id: x, type: u1}]}
          other: {seq: [{id: x, type: u1}]}
          none: {}
          pair: {seq: [{id: l, type: u1, enum: tags}, {id: r, type: str, size: 2}]}
        enums: {tags: {0: a, 1: b}}
        -sigflow-stream: {sync: M, confirm: {chain: 2}}
        """
    )
    frames = [b"M\0\x07\x01ab\x09cd", b"M\1\x08\x00ab\x01cd", b"M\x63\0\x09\x00ab\x01cd"]
    table = sigflow.open(b"".join(frames), format).to_arrow()
    assert frames_of(format.build_many(table)) == frames
