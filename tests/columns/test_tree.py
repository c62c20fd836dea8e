"""Which columns a spec gives, told from the spec alone; whatever it says, they are finite."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import sigflow
from sigflow.columns.frame import description
from sigflow.columns.table import Options, Table
from sigflow.columns.tree import DEEPEST, LARGEST
from sigflow.stream.format import Format
from tests.columns.kit import batch, format_of, table_of


def compiled(folder: Path, text: str, imports: str = "") -> Format:
    path = folder / "one.ksy"
    path.write_text(f"meta: {{id: one, endian: be, encoding: ASCII, imports: [{imports}]}}\n{text}", encoding="utf-8")
    return sigflow.compile(path)


def shown(format: Format, **wanted: bool) -> str:
    """The types of a format's columns, those of the envelope left out."""
    return " ".join(f"{field.name}:{field.type}" for field in list(Table([format], Options(**wanted)).schema)[4:])


TYPES = [
    ("{id: a, type: u1}", "a:uint8"),
    ("{id: a, type: s8}", "a:int64"),
    ("{id: a, type: f4}", "a:float"),
    ("{id: a, type: b1}", "a:bool"),
    ("{id: a, type: b9}", "a:uint16"),
    ("{id: a, type: b64}", "a:uint64"),
    ("{id: a, size: 3}", "a:binary"),
    ("{id: a, type: strz}", "a:string"),
    ("{id: a, type: u4, enum: e}", "a:dictionary<values=string, indices=int32, ordered=0>"),
    ("{id: a, type: f8, repeat: eos}", "a:list<item: double>"),
    ("{id: a, type: p}", "a:struct<x: uint8, y: int16>"),
    ("{id: a, type: nothing}", "a:string"),
    ("{id: class, type: u2}", "class:uint16"),
    ("{id: a, type: {switch-on: 1, cases: {1: u1, 2: s2}}}", "a:int16"),
    ("{id: a, type: {switch-on: 1, cases: {1: u8, 2: s1}}}", "a:decimal128(38, 0)"),
    ("{id: a, type: {switch-on: 1, cases: {1: p, 2: p}}}", "a:struct<x: uint8, y: int16>"),
    (
        "{id: a, size: 3, type: {switch-on: 1, cases: {1: p, 2: q}}}",
        "a:struct<p: struct<x: uint8, y: int16>, q: struct<z: string>, bytes: binary>",
    ),
    (
        "{id: a, type: {switch-on: 1, cases: {1: u1, 2: f4, 3: strz, _: p}}}",
        "a:struct<int: uint8, float: float, str: string, p: struct<x: uint8, y: int16>>",
    ),
    ("{id: a, type: r}", "a:list<item: struct<depth: uint16 not null, v: uint8> not null>"),
    (
        "{id: a, type: m}",
        "a:list<item: struct<depth: uint16 not null, m: struct<x: uint8>, n: struct<depth: uint8>> not null>",
    ),
]

NESTED = """
types:
  p: {seq: [{id: x, type: u1}, {id: y, type: s2}]}
  q: {seq: [{id: z, type: strz}]}
  nothing: {}
  r: {seq: [{id: v, type: u1}, {id: more, type: r, repeat: expr, repeat-expr: v}]}
  m: {seq: [{id: x, type: u1}, {id: n, type: n, if: x > 0}]}
  n: {seq: [{id: depth, type: u1}, {id: m, type: m, if: depth > 0}]}
enums: {e: {1: one}}
"""


@pytest.mark.parametrize(("field", "types"), TYPES)
def test_types(field: str, types: str, tmp_path: Path) -> None:
    format = compiled(tmp_path, f"seq:\n  - {field}\n{NESTED}")
    assert shown(format) == types
    # The tree of a value is never wrong for it: what the types are for is in `test_files`.
    table_of([format], batch([bytes(8), b"\1\1\0\0\0\0\0\0\0\0"]), Options()).validate(full=True)


INSTANCES = [
    ("x * 2 - y", "int32"),
    ("x + 18446744073709551615", "decimal128(38, 0)"),
    ("s.to_i", "decimal128(38, 0)"),
    ("x > y ? x : 300", "uint16"),
    ("(x | 0x10) & 0xf0", "uint8"),
    ("(y >> 2) % 7", "uint8"),
    ("~x", "int16"),
    ("-x", "int16"),
    ("x << 8", "uint16"),
    ("x / 3", "uint8"),
    ("s.length", "uint64"),
    ("e.to_i", "uint8"),
    ("b.to_i", "uint8"),
    ("raw.first", "uint8"),
    ("x / 2.0", "double"),
    ("x == 1", "bool"),
    ("s + s", "string"),
    ("[x, y]", "list<item: decimal128(38, 0)>"),
    ("_root", "list<item: struct<depth: uint16 not null, x: uint8"),
    ("other * 2", "uint16"),
    ("e", "dictionary<values=string, indices=int32, ordered=0>"),
]


@pytest.mark.parametrize(("expression", "type_"), INSTANCES)
def test_types_of_computed_fields(expression: str, type_: str, tmp_path: Path) -> None:
    format = compiled(
        tmp_path,
        f"""
seq:
  - {{id: x, type: u1}}
  - {{id: y, type: s2}}
  - {{id: s, type: str, size: 3}}
  - {{id: e, type: u1, enum: es}}
  - {{id: b, type: b1}}
  - {{id: raw, size: 2}}
instances:
  v: {{value: '{expression}'}}
  other: {{value: x}}
enums: {{es: {{1: one}}}}
""",
    )
    field = Table([format], Options(instances=True)).schema.field("v")
    assert str(field.type).startswith(type_)
    for raw in (b"\1\2\3123\1\x80ab", b"\xff\x80\x00007\2\0\xff\xff"):
        table = table_of([format], batch([raw]), Options(instances=True))
        table.validate(full=True)


def test_the_types_do_not_depend_on_the_bytes() -> None:
    for name in ("choices", "trees", "instrument_hdr"):
        table = Table([format_of(name)], Options(instances=True))
        assert table.batch(batch([b"\xff" * 30])).schema == table.schema == table.batch(batch([])).schema


def test_a_deep_chain_of_types(tmp_path: Path) -> None:
    types = "\n".join(f"  t{n}: {{seq: [{{id: a, type: t{n + 1}}}]}}" for n in range(80))
    format = compiled(tmp_path, f"seq: [{{id: a, type: t0}}]\ntypes:\n{types}\n  t80: {{seq: [{{id: a, type: u1}}]}}\n")
    text = shown(format)
    assert text.count("struct") == DEEPEST and text.count("string") == 1
    (row,) = table_of([format], batch([b"\7"]), Options()).to_pylist()
    level = row["a"]
    for _ in range(DEEPEST):
        level = level["a"] if isinstance(level, dict) else level
    assert isinstance(level, str) and level.count("{") == 80 - DEEPEST + 1 and '"a": 7' in level


def test_types_that_double(tmp_path: Path) -> None:
    types = "\n".join(f"  t{n}: {{seq: [{{id: a, type: t{n + 1}}}, {{id: b, type: t{n + 1}}}]}}" for n in range(20))
    format = compiled(tmp_path, f"seq: [{{id: a, type: t0}}]\ntypes:\n{types}\n  t20: {{seq: [{{id: a, size: 0}}]}}\n")
    assert len(shown(format).split(":")) <= 3 * LARGEST


def test_instances_that_lead_round_in_circles(tmp_path: Path) -> None:
    format = compiled(
        tmp_path,
        """
seq: [{id: n, type: node}]
types:
  node:
    seq: [{id: x, type: u1}]
    instances:
      again: {pos: 0, type: node}
      same: {value: again}
""",
    )
    (row,) = table_of([format], batch([b"\5"]), Options(instances=True)).to_pylist()
    assert {node["x"] for node in row["n"]} == {5} and 100 < len(row["n"]) < 100_000


def test_names_that_are_taken(tmp_path: Path) -> None:
    format = compiled(
        tmp_path,
        """
seq:
  - {id: a, type: u1, -sigflow-unit: V}
  - {id: a_physical, type: u1}
  - {id: nodes, type: node}
types:
  node: {seq: [{id: depth, type: u1}, {id: more, type: node, if: depth > 0}]}
""",
    )
    text = shown(format, physical=True)
    assert text.startswith("a:uint8 a_physical_:double a_physical:uint8 nodes:list<")
    assert "depth_: uint16 not null, depth: uint8" in text


def test_a_type_of_an_imported_spec(tmp_path: Path) -> None:
    (tmp_path / "other.ksy").write_text(
        """
meta: {id: other, imports: [one], endian: be}
seq: [{id: x, type: u2, enum: e}]
types: {y: {seq: [{id: z, type: f8}]}}
enums: {e: {1: first}}
""",
        encoding="utf-8",
    )
    format = compiled(tmp_path, "seq: [{id: a, type: other}, {id: b, type: other::y}]\n", "other")
    (row,) = table_of([format], batch([b"\0\1\x7f\xf0" + bytes(6)]), Options()).to_pylist()
    assert (row["a"], row["b"]) == ({"x": "first"}, {"z": math.inf})


def test_a_module_that_describes_nothing() -> None:
    from tests.stream.formats import fixed

    format = Format(fixed("bare", 4, lambda head: 4))
    with pytest.raises(sigflow.UsageError, match="bare does not describe its columns: generate its module again"):
        description(format)
