"""Events: laziness of records, equality, what a match statement sees."""

from __future__ import annotations

from typing import Any

import pytest

from sigflow.diagnostics import Finding, Severity
from sigflow.events import Gap, Loss, Note, Reading, Record, Span, Stamp


class Reader:
    """A format that counts how often it is asked."""

    name = "demo"

    def __init__(self, time: int | None = None, order: str | None = None) -> None:
        self.asked: list[str] = []
        self.time, self.order = time, order

    late = None

    def value_of(self, record: Record) -> Any:
        self.asked.append("value")
        return record.raw[0] if record.raw[0] else None

    def read(self, record: Record) -> Reading:
        self.asked.append("read")
        finding = Finding("odd", Severity.NOTE, "is odd", record.start, self.name)
        return Reading(memoryview(record.raw)[1:], {"KEY": "text"}, (finding,))

    def sequence_of(self, record: Record) -> int | None:
        return record.head[0] if record.head else None

    def time_of(self, record: Record) -> int | None:
        return self.time

    def byte_order_of(self, record: Record) -> str | None:
        return self.order


def test_a_span_is_half_open() -> None:
    span = Span(3, 7)
    assert len(span) == 4
    assert [offset for offset in range(10) if offset in span] == [3, 4, 5, 6]
    assert "3" not in span
    assert str(span) == "[3, 7)"


def test_a_record_works_out_each_thing_once() -> None:
    reader = Reader()
    record = Record(reader, 10, b"\x01abc", 2)
    assert reader.asked == []
    assert (record.value, record.value) == (1, 1)
    assert (record.format, record.span, record.start, record.stop, record.index) == ("demo", Span(10, 14), 10, 14, 2)
    assert bytes(record.payload) == b"abc" and record.payload.readonly
    assert record.metadata == {"KEY": "text"}
    assert [finding.code for finding in record.diagnostics] == ["odd"]
    assert reader.asked == ["value", "read"]
    assert record.sequence is None
    assert Record(reader, 0, b"\x01", 0, (41,)).sequence == 41


def test_a_value_of_none_is_asked_for_once() -> None:
    reader = Reader()
    record = Record(reader, 0, b"\0", 0)
    assert record.value is None and record.value is None
    assert reader.asked == ["value"]


@pytest.mark.parametrize(
    ("wire", "stamp", "expected"),
    [(None, None, None), (5, None, 5), (None, Stamp(7, 8), 7), (0, Stamp(7, 8), 0)],
)
def test_time_is_the_wires_else_that_of_ingestion(wire: int | None, stamp: Stamp | None, expected: int | None) -> None:
    record = Record(Reader(time=wire), 0, b"\1", 0)
    assert record.stamps == (None, None)
    record.stamps = (stamp, stamp)
    assert record.time == expected


def test_equality_is_of_content_and_ignores_stamps() -> None:
    first, second = Record(Reader(), 0, b"ab", 0), Record(Reader(), 0, b"ab", 0)
    first.stamps = (Stamp(1, 1), None)
    assert first == second and hash(first) == hash(second)
    for other in (Record(Reader(), 1, b"ab", 0), Record(Reader(), 0, b"ac", 0), Record(Reader(), 0, b"ab", 1), "ab"):
        assert first != other
    assert repr(first) == "Record('demo', [0, 2), index=0, 2 bytes: 61 62)"


PLAIN = [
    (Gap, (Span(1, 2), ("no-marker",)), (Span(1, 3), ("no-marker",))),
    (Loss, (7, 2, "sgf1", 3, 5, 100), (7, 2, "sgf1", 3, 5, 101)),
    (Note, ("x", Severity.NOTE, "text", 9, "f"), ("x", Severity.NOTE, "text", 8, "f")),
]


@pytest.mark.parametrize(("kind", "values", "others"), PLAIN)
def test_plain_events_compare_by_what_they_say(kind: Any, values: tuple[Any, ...], others: tuple[Any, ...]) -> None:
    assert kind(*values) == kind(*values) and hash(kind(*values)) == hash(kind(*values))
    assert kind(*values) != kind(*others)
    assert kind(*values) != values
    assert repr(kind(*values)).startswith(f"{kind.__name__}({kind.__match_args__[0]}=")


def test_a_match_statement_takes_events_apart() -> None:
    seen = []
    for event in (Record(Reader(), 0, b"\x05x", 0), Gap(Span(2, 4), ("a:b",)), Loss(7, 3, "f", 0, 3, 9)):
        match event:
            case Record(value=value, span=span, format=name):
                seen.append((value, span.start, name))
            case Gap(span=span, reasons=reasons):
                seen.append((len(span), reasons))
            case Loss(stream=stream, count=count):
                seen.append((stream, count))
    assert seen == [(5, 0, "demo"), (2, ("a:b",)), (7, 3)]


@pytest.mark.parametrize(
    ("order", "dtype", "expected"),
    [("little", "u2", [1, 2]), ("big", "u2", [256, 512]), ("big", "<u2", [1, 2]), ("little", ">u2", [256, 512])],
)
def test_numpy_reads_the_payload_in_its_order_without_a_copy(order: str, dtype: str, expected: list[int]) -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    record = Record(Reader(order=order), 0, b"\xff\x01\x00\x02\x00", 0)
    array = record.numpy(dtype)
    assert array.tolist() == expected
    assert numpy.shares_memory(array, numpy.frombuffer(record.raw, "u1"))
    assert Record(Reader(), 0, b"\xff\x01\x02", 0).numpy("u1").tolist() == [1, 2]
