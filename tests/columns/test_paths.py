"""Parts of columns by path: what `--fields` names."""

from __future__ import annotations

import pytest

import sigflow
from sigflow.columns.paths import steps_of
from sigflow.columns.table import Options, Table
from tests.columns.kit import SPECS, batch, damaged, format_of, table_of

STEPS = [
    ("a", ("a",)),
    ("a.b[3].c", ("a", "b", 3, "c")),
    ("a[0][1]", ("a", 0, 1)),
    ("a[x]", ()),
    ("a[", ()),
    ("a[-1]", ()),
    ("", ()),
    ("a[1234567890]", ()),
    (".a", ()),
]


@pytest.mark.parametrize(("path", "steps"), STEPS)
def test_steps(path: str, steps: tuple[str | int, ...]) -> None:
    assert steps_of(path) == steps


PATHS = {
    "nested": [
        "points[1].name",
        "points[7].x",
        "head.flags.rest",
        "levels",
        "levels[3]",
        "box.b",
        "sum",
        "sum_physical",
    ],
    "choices": ["body.pair.b", "body.bytes", "items[0].a", "items[2]", "extra"],
    "trees": ["root[2].child.tag", "root[0].depth"],
    "sgf1": ["flags.encoding", "payload_tlv[0].value", "sequence"],
}


def follow(value: object, steps: tuple[str | int, ...]) -> object:
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value[step] if isinstance(value, dict) else None
    return value


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("objects", [False, True])
def test_a_part_is_that_part_of_the_whole(name: str, objects: bool) -> None:
    from tests.columns.test_ways import frames_of

    frames = batch(frames_of(name, 60))
    format = format_of(name)
    whole = table_of([format], frames, Options(physical=True)).to_pylist()
    table = table_of([format], frames, Options(fields=tuple(PATHS[name]), objects=objects))
    table.validate(full=True)
    assert table.column_names[4:] == PATHS[name]
    for path in PATHS[name]:
        assert table[path].to_pylist() == [follow(row, steps_of(path)) for row in whole], path


def test_a_computed_field_needs_no_more_than_its_name() -> None:
    frames = batch(damaged(format_of("nested"), bytes.fromhex(SPECS["nested"][3]), 5))
    table = table_of([format_of("nested")], frames, Options(fields=("points[0].shown", "points[0].x", "sum")))
    assert table["points[0].shown"].to_pylist() == [f"{x}-" for x in table["points[0].x"].to_pylist()]


def test_an_unknown_field() -> None:
    sgf1, tlv = sigflow.load("sgf1"), sigflow.load("tlv")
    for path in ("flag.encoding", "flags.nothing", "stream_id[0]", "a["):
        with pytest.raises(sigflow.UsageError, match="unknown field"):
            Table([sgf1], Options(fields=(path,)))
    with pytest.raises(sigflow.UsageError, match="unknown field 'strea_id', did you mean 'stream_id'"):
        Table([sgf1, tlv], Options(fields=("strea_id", "tag")))
    several = Table([sgf1, tlv], Options(fields=("stream_id", "stream_id")))
    assert several.schema.names[4:] == ["sgf1"] and several.schema.field("sgf1").type.num_fields == 1
