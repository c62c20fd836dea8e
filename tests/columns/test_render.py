"""Values become plain trees: the frame form of the documentation, for anything that a format can give."""

from __future__ import annotations

import gc
import math
import tracemalloc
import weakref
from typing import Any

import pytest

from sigflow.columns.render import enum_fields, pick, render
from sigflow.compiler import build

SPEC = """
meta: {id: everything, endian: be}
seq:
  - {id: number, type: u8}
  - {id: signed, type: s1}
  - {id: ratio, type: f4}
  - {id: bytes, size: 2}
  - {id: text, type: str, size: 3, encoding: UTF-8}
  - {id: kind, type: u1, enum: kinds}
  - {id: kinds, type: u1, enum: kinds, repeat: expr, repeat-expr: 2}
  - {id: absent, type: u1, if: number == 0}
  - {id: class, type: inner}
instances:
  twice: {value: number * 2}
  beyond: {pos: 1000, type: u1}
  of_kind: {value: kind}
types:
  inner:
    seq:
      - {id: flag, type: b1}
      - {id: rest, type: b7}
enums:
  kinds: {1: one, 2: two}
"""


@pytest.fixture(scope="module")
def value(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("spec") / "everything.ksy"
    path.write_text(SPEC)
    raw = bytes.fromhex("ffffffffffffffff 80 7fc00000 0aff") + "é!".encode() + bytes.fromhex("02 01 09 81")
    return build(path).load().Everything.from_bytes(raw)


def test_every_kind_of_field(value: Any) -> None:
    shown = render(value)
    assert shown.tree == {
        "number": 18446744073709551615,
        "signed": -128,
        "ratio": "NaN",
        "bytes": "0aff",
        "text": "é!",
        "kind": {"name": "two", "raw": 2},
        "kinds": [{"name": "one", "raw": 1}, {"name": None, "raw": 9}],
        "absent": None,
        "class": {"flag": True, "rest": 1},
    }
    assert list(shown.tree) == [
        "number", "signed", "ratio", "bytes", "text", "kind", "kinds", "absent", "class"
    ]  # fmt: skip
    assert shown.findings == []


def test_instances_on_request_and_one_that_fails_is_null(value: Any) -> None:
    shown = render(value, instances=True)
    assert shown.tree["twice"] == 2 * 18446744073709551615
    assert shown.tree["of_kind"] == {"name": "two", "raw": 2}
    assert shown.tree["beyond"] is None
    assert [(code, path) for code, path, _ in shown.findings] == [("instance", "beyond")]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (1.5, 1.5),
        (memoryview(b"\x00\xab"), "00ab"),
        (bytearray(b"\x01"), "01"),
        ((1, 2), [1, 2]),
        ({"a": b"\x02"}, {"a": "02"}),
        (None, None),
        ([], []),
    ],
)
def test_plain_values(value: Any, wanted: Any) -> None:
    assert render(value).tree == wanted


def test_elements_of_a_tlv_list() -> None:
    from sigflow.codecs.tlv import Element

    shown = render([Element(1, 1, b"*"), Element(0x8002, 4, [Element(3, 0, b"")])])
    assert shown.tree == [
        {"tag": 1, "length": 1, "value": "2a"},
        {"tag": 0x8002, "length": 4, "value": [{"tag": 3, "length": 0, "value": ""}]},
    ]


def test_depth_and_size_are_bounded() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    shown = render(deep, depth=50)
    assert shown.findings == [("depth", "[0]" * 50, "nested deeper than 50 levels: not shown")]
    tree = shown.tree
    for _ in range(49):
        (tree,) = tree
    assert tree == [None]
    wide = render({"a": [0] * 1000, "b": 1}, nodes=500)
    assert wide.tree == {"a": [], "b": 1}
    assert wide.findings == [("size", "a", "more than 500 values: not shown")]


def test_an_instance_that_leads_round_in_circles_ends() -> None:
    class Circle:
        _FIELDS = ("number",)
        _INSTANCES = ("again", "twice")
        number = 1

        @property
        def again(self) -> Circle:
            return self

        twice = again

    shown = render(Circle(), instances=True, depth=10_000, nodes=10_000)
    assert any(code == "size" for code, _, _ in shown.findings)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("a", {"b": [1, {"c": 2}]}), ("a.b[1].c", 2), ("a.b[0]", 1), ("a.b[7]", None), ("a.x.y", None), ("a.b.c", None)],
)
def test_pick(path: str, wanted: Any) -> None:
    assert pick({"a": {"b": [1, {"c": 2}]}}, path) == wanted


def test_classes_are_not_kept_for_ever() -> None:
    """A process that compiles spec after spec renders values of ever new classes."""
    first: type | None = type("First", (), {})
    assert first is not None and enum_fields(first) == frozenset()
    seen = weakref.ref(first)
    first = None
    for number in range(1000):
        enum_fields(type(f"Class{number}", (), {}))
    gc.collect()
    assert seen() is None


def test_a_long_list_of_numbers_takes_no_many_times_its_bytes() -> None:
    numbers = list(bytes(range(256)) * 1000)
    tracemalloc.start()
    tree = render(numbers).tree
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tree == numbers and peak < 12 * len(numbers)
    (finding,) = render([1] * 50, nodes=49).findings
    assert finding[0] == "size" and render([1] * 50, nodes=49).tree == []
