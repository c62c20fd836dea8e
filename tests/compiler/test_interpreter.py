"""The emitted code against the reference interpreter: both read the same bytes, and the trees must be equal.

The interpreter walks the plan value by value, so this tests all that the emitter does otherwise: runs of fields, lists
at once, groups of bits, folded constants.  Equal are: every field, param and instance, the classes, parents and roots,
the position and size of each object's stream; where one side fails, the other fails with the same class of error.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sigflow.compiler import build, naming
from tests.byte_reader import Reader
from tests.compiler import kst_corpus
from tests.compiler.make_inputs import KINDS
from tests.compiler.make_inputs import inputs as files
from tests.compiler.test_differential import SPECS
from tests.compiler.test_mini import MINI, inputs
from tests.evaluation import Member
from tests.interpreter import Object, Program, load

#: Random inputs of each small spec.
SAMPLES = 60
#: Objects inside each other that are looked at: instances may go on for ever.
DEEPEST = 30


class Comparison:
    """Walks two trees; `faults` says where they differ, `values` counts what was compared."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.values = 0
        self._partners: dict[int, Any] = {}
        #: What was met is kept, so that no id is used twice.
        self._kept: list[Any] = []

    def compare(self, emitted: Any, meant: Any, path: str) -> None:
        """Note each difference below `path`."""
        if isinstance(meant, Object):
            self.things(emitted, meant, path)
        elif isinstance(meant, list) and isinstance(emitted, list):
            if len(emitted) != len(meant):
                self.faults.append(f"{path}: {len(emitted)} elements, meant are {len(meant)}")
            for at, (item, other) in enumerate(zip(emitted, meant, strict=False)):
                self.compare(item, other, f"{path}[{at}]")
        else:
            self.values += meant is not None
            if plain(emitted) != plain(meant):
                self.faults.append(f"{path}: {emitted!r:.100}, meant is {meant!r:.100}")

    def things(self, emitted: Any, meant: Object, path: str) -> None:
        if path.count(".") > DEEPEST:
            return
        if id(emitted) in self._partners:
            if self._partners[id(emitted)] is not meant:
                self.faults.append(f"{path}: another object than is meant")
            return
        self._partners[id(emitted)] = meant
        self._kept.append(emitted)
        if type(emitted).__qualname__ != meant.plan.qualified:
            self.faults.append(f"{path}: {emitted!r:.100}, meant is a {meant.plan.qualified}")
            return
        plan = meant.plan
        assert tuple(param.name for param in plan.steps) == emitted._FIELDS
        assert tuple(param.name for param in plan.instances) == emitted._INSTANCES
        self.compare(emitted._io, meant.io, f"{path}._io")
        ids = [(param.name, param.param.id) for param in plan.params]
        ids += [(param.name, param.attr.id) for param in (*plan.steps, *plan.instances)]
        for name, own in ids:
            param, other = outcome(lambda name=name: getattr(emitted, name)), outcome(lambda own=own: meant.get(own))
            self.compare(param, other, f"{path}.{name}")
            if isinstance(param, type):  # what failed has left nothing behind
                param, other = (
                    outcome(lambda name=name: getattr(emitted, name)),
                    outcome(lambda own=own: meant.get(own)),
                )
                self.compare(param, other, f"{path}.{name} (asked again)")
        # Only now: the objects above are known as partners if they are of the same tree.
        self.compare(emitted._parent, meant.parent, f"{path}._parent")
        self.compare(emitted._root, meant.root, f"{path}._root")


def plain(value: Any) -> Any:
    """What must be equal of a value that is no object and no list."""
    if isinstance(value, IntEnum):
        return type(value).__name__, value.name, int(value)
    if isinstance(value, Member):
        return naming.upper_camel(value.enum.id), naming.member(value.label), int(value)
    if isinstance(value, Reader):
        return "stream", len(value.data), value.at, value.data
    if hasattr(value, "read_bits_int_be"):
        return "stream", value.size(), value.pos(), bytes(value._data)
    # The repr: not a number equals itself, and 1, 1.0 and True differ.
    return (value,) if isinstance(value, type) else repr(value)


def outcome(read: Any) -> Any:
    """A value, or the class of the error."""
    try:
        return read()
    except Exception as error:  # whatever it is, the other side must say the same
        return type(error)


@cache
def both(path: Path, opaque_types: bool = False) -> tuple[Any, Program]:
    """The emitted class of a spec, and its program."""
    import_paths = kst_corpus.import_paths() if opaque_types else []
    program = load(path, import_paths, opaque_types)
    why = program.why_not()
    if why:
        pytest.skip(f"the interpreter does not run this: {why}")
    built = build(path, import_paths, opaque_types=opaque_types)
    return getattr(built.load(), program.top.path[-1]), program


def emitted_tree(target: Any, program: Program, data: bytes) -> Any:
    tree = target.from_bytes(data)
    if program.top.debug:  # there, reading is left to the caller
        tree._read()
    return tree


def compared(target: Any, program: Program, data: bytes) -> Comparison:
    """Both sides on the same bytes."""
    comparison = Comparison()
    emitted = outcome(lambda: emitted_tree(target, program, data))
    meant = outcome(lambda: program.run(data))
    comparison.compare(emitted, meant, program.top.spec.id)
    return comparison


@pytest.mark.skipif(bool(kst_corpus.WHY_ABSENT), reason=kst_corpus.WHY_ABSENT or "present")
@pytest.mark.parametrize("name", kst_corpus.names("spec", ".kst"))
def test_case_of_the_corpus(name: str) -> None:
    target, program = both(kst_corpus.spec_path(name), True)
    comparison = compared(target, program, kst_corpus.load_case(name).data.read_bytes())
    assert not comparison.faults, "\n".join(comparison.faults[:10])


@pytest.mark.parametrize("name", [spec.stem for spec in sorted(MINI.glob("*.ksy"))])
def test_small_spec_on_random_bytes(name: str) -> None:
    target, program = both(MINI / f"{name}.ksy")
    samples = list(inputs(name))
    values = 0
    for data in samples[:: len(samples) // SAMPLES]:
        comparison = compared(target, program, data)
        assert not comparison.faults, f"{data.hex(' ')}:\n" + "\n".join(comparison.faults[:10])
        values += comparison.values
    assert values > SAMPLES


@pytest.mark.parametrize("kind", KINDS)
def test_file(kind: str, tmp_path: Path) -> None:
    target, program = both(SPECS / f"{kind}.ksy")
    for path in files(kind, tmp_path):
        comparison = compared(target, program, path.read_bytes())
        assert not comparison.faults, f"{path}:\n" + "\n".join(comparison.faults[:10])
        assert comparison.values > 10, f"{path} gives a tree with hardly a value"


@pytest.mark.parametrize("kind", KINDS)
def test_cut_file(kind: str, tmp_path: Path) -> None:
    target, program = both(SPECS / f"{kind}.ksy")
    data = files(kind, tmp_path)[0].read_bytes()
    for length in range(0, min(len(data), 160), 7):
        comparison = compared(target, program, data[:length])
        assert not comparison.faults, f"cut at {length}:\n" + "\n".join(comparison.faults[:10])


def test_the_comparison_sees_one_changed_value(tmp_path: Path) -> None:
    target, program = both(SPECS / "bmp.ksy")
    data = files("bmp", tmp_path)[0].read_bytes()
    meant = program.run(data)
    meant.get("rows")[1].get("pixels")[2].values["g"] ^= 4
    comparison = Comparison()
    comparison.compare(target.from_bytes(data), meant, "bmp")
    assert [text.partition(":")[0] for text in comparison.faults] == ["bmp.rows[1].pixels[2].g"]
