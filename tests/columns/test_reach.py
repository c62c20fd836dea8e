"""Every path that can be read off the plain tree of a frame leads to exactly that part, told from the spec alone."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from typing import Any

import pytest

from sigflow import catalog
from sigflow.columns.reach import Paths, resolve
from sigflow.columns.table import Options
from sigflow.compiler import build
from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.recording.frames import View
from sigflow.stream.format import Format
from tests.columns.kit import batch, format_of, table_of
from tests.columns.shown import same
from tests.columns.test_kst import ROUND, corpus
from tests.columns.test_ways import GATHERED, PARSED, frames_of
from tests.compiler import kst_corpus

#: Paths of one frame, and elements of a list, that are tried.
MOST = 150
FIRST = 3


def paths(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every path in a plain tree, and what is there."""
    if path:
        yield path, tree
    if isinstance(tree, dict) and set(tree) != {"name", "raw"}:
        for name, item in tree.items():
            yield from paths(item, f"{path}.{name}".removeprefix("."))
    elif isinstance(tree, list):
        for number, item in enumerate(tree[:FIRST]):
            yield from paths(item, f"{path}[{number}]")


def in_table(tree: Any, cell: Any) -> bool:
    """Whether a cell of a table says what a plain tree says; what has parts is compared by its parts."""
    if isinstance(tree, dict) and set(tree) == {"name", "raw"}:
        tree = tree["name"] if tree["name"] is not None else str(tree["raw"])
    if isinstance(tree, dict | list) or isinstance(cell, dict | list):
        return True
    if isinstance(cell, float):
        return float(tree) == cell or (math.isnan(cell) and tree == "NaN")
    if isinstance(cell, str) and isinstance(tree, str):
        return cell == tree.encode("utf-8", "backslashreplace").decode()
    # What the spec gives no type is text in a table.
    return bool((cell.hex() if isinstance(cell, bytes) else cell) == tree or cell == json.dumps(tree))


def check(format: Format, raw: bytes) -> int:
    """Every path of one frame; gives how many there were."""
    record = Record(format, 0, raw, 0)
    whole = View(format, Options(instances=True, physical=True)).of(record)["value"]
    trees = dict(list(paths(whole))[:MOST]) if isinstance(whole, dict) else {}
    (reached,) = resolve([format], tuple(trees))
    wanted = Options(instances=True, physical=True, fields=tuple(trees))
    value = View(format, wanted, reached).of(record)["value"]
    for path, tree in trees.items():
        assert same(value[path], tree), path
    if trees:
        (row,) = table_of([format], batch([raw]), Options(fields=tuple(trees))).to_pylist()
        for path, tree in trees.items():
            assert in_table(tree, row[path]), (path, tree, row[path])
    return len(trees)


@pytest.mark.parametrize("name", [*GATHERED, *PARSED])
def test_every_path_of_frames(name: str) -> None:
    assert sum(check(format_of(name), raw) for raw in frames_of(name, 12)) > 12


@pytest.mark.skipif(bool(kst_corpus.WHY_ABSENT), reason=kst_corpus.WHY_ABSENT or "present")
def test_every_path_of_the_corpus() -> None:
    paths = [str(path) for path in kst_corpus.import_paths()]
    tried = 0
    for name, file in corpus().items():
        if name == ROUND:
            continue  # its tree has two million nodes, at each path anew
        format = catalog.format_of(build(str(kst_corpus.spec_path(name)), import_paths=paths, opaque_types=True))
        tried += check(format, file.read_bytes())
    assert tried > 1500


def test_no_text_is_more_than_an_error() -> None:
    rng = random.Random(5)
    names = [
        "flags",
        "encoding",
        "payload_tlv",
        "tag",
        "value",
        "metadata",
        "[0]",
        "[99]",
        "[",
        "]",
        ".",
        "..",
        "é",
        " ",
        "[-1]",
        "[1e3]",
    ]
    formats = [format_of(name) for name in ("sgf1", "trees", "choices", "nested")]
    known = 0
    for _ in range(500):
        path = "".join(rng.choice(names) + rng.choice(["", "", "."]) for _ in range(rng.randint(1, 5)))
        try:
            known += any(resolve(formats, (path,)))
        except UsageError as error:
            assert str(error).startswith("unknown field")
    assert known
    with pytest.raises(UsageError, match="unknown field"):
        resolve(formats, ("value" + ".value" * 5000,))


def test_paths_are_completed_a_step_at_a_time() -> None:
    paths = Paths(format_of("sgf1"))
    assert paths.below("flags") == ["flags.reserved", "flags.compressed", "flags.encoding"]
    assert {"stream_id", "payload_tlv"} < set(paths.below(""))
    assert paths.below("nothing") == paths.below("flags[") == paths.below("stream_id") == []
