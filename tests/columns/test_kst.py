"""The corpus of the Kaitai project as tables: a row per file, with all computed fields, and what its JSON form says."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml

from sigflow import catalog
from sigflow.columns.render import render
from sigflow.columns.table import Options, Table
from sigflow.columns.tree import Flat, Listed, Member, Node, OneOf, Struct, Trees
from sigflow.compiler import build
from sigflow.events import Record
from tests.columns.kit import batch, table_of
from tests.columns.shown import row_of, same
from tests.compiler import kst_corpus

pytestmark = pytest.mark.skipif(bool(kst_corpus.WHY_ABSENT), reason=kst_corpus.WHY_ABSENT or "present")

#: What a spec needs that is not there, and an expression whose bytes the JSON form shows as a list.
LEFT_OUT = {"expr_bytes_non_literal", "opaque_external_type", "opaque_external_type_02_parent", "opaque_with_param"}
#: Its instances lead round in circles, by two ways each time: a table has many rows of it, and JSON none.
ROUND = "cast_to_top"


@cache
def corpus() -> dict[str, Path]:
    """The file of each spec that has one."""
    specs = {}
    for name in kst_corpus.names("spec", ".kst"):
        said = yaml.safe_load((kst_corpus.corpus() / "spec" / f"{name}.kst").read_text(encoding="utf-8"))
        spec = said.get("id", name)
        if "data" in said and spec not in LEFT_OUT:
            specs[spec] = kst_corpus.corpus() / "src" / said["data"]
    return specs


def is_told(node: Node) -> bool:
    """Whether the JSON form tells the types of a value: no two cases of a switch have the same fields."""
    if isinstance(node, Listed):
        return is_told(node.item)
    if isinstance(node, Struct):
        return all(is_told(member.node) for member in node.members)
    if isinstance(node, Flat):
        rows = [ids((*row.members,)) | {member.id for member in row.inner} for row in node.rows.values()]
        return len(rows) == len(set(rows)) and all(
            is_told(member.node) for row in node.rows.values() for member in row.members
        )
    if isinstance(node, OneOf):
        cases = [
            ids(case.node.members) if isinstance(case.node, Struct) else frozenset((case.name,)) for case in node.cases
        ]
        return len(cases) == len(set(cases)) and all(is_told(case.node) for case in node.cases)
    return True


def ids(members: tuple[Member, ...]) -> frozenset[str]:
    return frozenset(member.column.id for member in members)


@pytest.mark.parametrize("name", corpus() if not kst_corpus.WHY_ABSENT else [])
def test_a_file_of_the_corpus(name: str) -> None:
    paths = [str(path) for path in kst_corpus.import_paths()]
    format = catalog.format_of(build(str(kst_corpus.spec_path(name)), import_paths=paths, opaque_types=True))
    raw = corpus()[name].read_bytes()
    table = table_of([format], batch([raw]), Options(instances=True))
    table.validate(full=True)
    (row,) = table.to_pylist()
    frame = Table([format]).columns[0].type
    members = Trees(frame.module, instances=True).members(frame.unit)
    if name == ROUND or not all(is_told(member.node) for member in members):
        return
    tree = render(Record(format, 0, raw, 0).value, instances=True).tree
    wanted = row_of(members, tree) if tree is not None else dict.fromkeys(member.name for member in members)
    assert same({member.name: row[member.name] for member in members}, wanted)
