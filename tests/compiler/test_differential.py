"""Real files of many kinds, read by sigflow's output and by the official compiler's: the object trees must be equal."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.compiler.kst_expr import camel
from tests.compiler.make_inputs import KINDS, inputs
from tests.compiler.object_tree import count_values, differences
from tools import oracle

SPECS = Path(__file__).resolve().parent.parent / "specs"


def import_classes(folder: Path) -> dict[str, Any]:
    """The root class of every module in `folder`; then the modules are forgotten, as the other side has them too."""
    names = sorted(path.stem for path in folder.glob("*.py"))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return {name: getattr(importlib.import_module(name), camel(name)) for name in names}
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def official(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("official")
    refused = [item for item in oracle.compile_many(sorted(SPECS.glob("*.ksy")), folder) if not item.ok]
    assert not refused, f"the official compiler refuses {refused}"
    return import_classes(folder)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    from sigflow.compiler import build

    folder = tmp_path_factory.mktemp("ours")
    for spec in sorted(SPECS.glob("*.ksy")):
        result = build(str(spec))
        assert result.ok, "\n".join(str(problem) for problem in result.problems)
        for name, text in result.modules.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return import_classes(folder)


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Iterator[list[Any]]:
    """Parsed objects that keep their files open; they are closed when the test ends."""
    objects: list[Any] = []
    yield objects
    for item in objects:
        item.close()


def test_there_is_a_spec_for_every_kind() -> None:
    assert sorted(KINDS) == sorted(path.stem for path in SPECS.glob("*.ksy"))
    assert len(KINDS) >= 12


@pytest.mark.parametrize("kind", KINDS)
def test_same_tree(
    kind: str, official: dict[str, Any], ours: dict[str, Any], tmp_path: Path, opened: list[Any]
) -> None:
    for path in inputs(kind, tmp_path):
        expected, actual = official[kind].from_file(str(path)), ours[kind].from_file(str(path))
        opened += [expected, actual]
        assert count_values(expected) > 10, f"{path} gives a tree with hardly a value"
        faults = list(islice(differences(expected, actual, kind), 10))
        assert not faults, f"{path}:\n" + "\n".join(faults)


def test_the_comparison_sees_one_changed_bit(official: dict[str, Any], tmp_path: Path) -> None:
    data = bytearray(inputs("bmp", tmp_path)[0].read_bytes())
    before = official["bmp"].from_bytes(bytes(data))
    data[-5] ^= 4  # before it the blue of the last pixel, after it its red and three bytes of padding
    assert [text.partition(":")[0] for text in differences(before, official["bmp"].from_bytes(bytes(data)), "bmp")] == [
        "bmp.rows[1].pixels[2].g"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_same_failure_on_a_cut_file(
    kind: str, official: dict[str, Any], ours: dict[str, Any], tmp_path: Path, opened: list[Any]
) -> None:
    """The first made file of each kind, cut after each of its first 200 bytes: both fail alike, or give the same."""
    data = inputs(kind, tmp_path)[0].read_bytes()
    for length in range(min(len(data), 200)):
        outcomes: list[Any] = []
        for side in (official, ours):
            try:
                outcomes.append(side[kind].from_bytes(data[:length]))
            except Exception as error:  # compared by kind below
                outcomes.append(error)
        expected, actual = outcomes
        if isinstance(expected, Exception) or isinstance(actual, Exception):
            kinds = [kind.__name__ for kind in type(actual).__mro__]
            assert type(expected).__name__ in kinds, f"cut at {length}: {actual!r}, officially {expected!r}"
        else:
            faults = list(islice(differences(expected, actual, kind), 5))
            assert not faults, f"cut at {length}:\n" + "\n".join(faults)
