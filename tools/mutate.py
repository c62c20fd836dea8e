"""Changes one thing at a time in the code and looks whether a test notices.

    python -m tools.mutate [FILE...] [--of reading|emit|writing] [--each 5] [--seed 1] [--most 20] [--map FILE]

Of every file of a part of the project, so many places are chosen by seed; at each an operator, a constant, a condition
or a statement is changed, in a copy of the project, and the tests that call the function run until the first fails
(`tools/killers.py`).  Prints a line for each change, and the share that was noticed ("killed"); one that no test
notices is shown with its place, for a reader to say whether it changes anything at all.

The parts are the files of the floors 1 and 2 that read bytes (`reading`: runtime, checksums, codecs, stream), those
that write them (`writing`), and those of the compiler that plan a measure and write code (`emit`).  `--map` keeps which
test calls what, for the next run: throw it away when a test or the code has changed.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from tools.killers import ROOT, SURVIVED, UNTESTED, Copy, Map


@dataclass(frozen=True, slots=True)
class Subject:
    """A part of the project that is changed.  tests: those that may notice, without those that take long."""

    folders: tuple[str, ...]
    tests: tuple[str, ...]


SUBJECTS = {
    "writing": Subject(
        ("runtime/writing", "stream/building"), ("tests/building", "tests/writing", "tests/cli/test_building.py")
    ),
    "reading": Subject(
        ("checksums", "checksums/algorithms", "codecs", "runtime", "stream"),
        (
            "tests/checksums", "tests/codecs", "tests/runtime", "tests/stream", "tests/recording/test_samples.py",
            "tests/recording/test_verdicts.py", "tests/recording/test_fallback.py", "tests/recording/test_fields.py",
            "tests/compiler/test_measure.py", "tests/compiler/test_limits.py", "tests/test_careless_reader.py",
            "tests/test_events.py", "tests/test_python_side.py", "tests/compiler/test_processed.py",
            "tests/engine/test_sometimes.py", "tests/columns/test_tree.py", "tests/columns/test_ways.py",
            "tests/compiler/test_closed.py", "tests/compiler/test_unstuff.py", "tests/compiler/test_trailer.py",
            "tests/compiler/test_around.py", "tests/recording/test_framed.py", "tests/recording/test_lenient.py",
            "tests/engine/test_spelt.py",
        ),
    ),
    "emit": Subject(
        ("compiler/emit", "compiler/emit/native", "compiler/measure"),
        (
            "tests/compiler/test_native_measure.py", "tests/compiler/test_native_tree.py",
            "tests/compiler/test_native_arithmetic.py", "tests/compiler/test_native_text.py",
            "tests/compiler/test_generated.py", "tests/compiler/test_measure.py",
            "tests/compiler/test_measure_plan.py", "tests/compiler/test_static_measure.py",
            "tests/compiler/test_runs.py", "tests/compiler/test_language.py", "tests/compiler/test_bundled.py",
            "tests/compiler/test_checksum_places.py", "tests/compiler/test_absent.py",
            "tests/compiler/test_processed.py", "tests/compiler/test_late.py", "tests/compiler/test_limits.py",
            "tests/compiler/test_contents.py", "tests/compiler/test_sync_inside.py", "tests/compiler/test_bounds.py",
            "tests/compiler/test_kst.py", "tests/compiler/test_mini.py", "tests/compiler/test_debug.py",
            "tests/compiler/test_around.py", "tests/compiler/test_beside.py", "tests/compiler/test_closed.py",
            "tests/compiler/test_unstuff.py", "tests/compiler/test_trailer.py",
        ),
    ),
}  # fmt: skip

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_REPLACED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the file, the line, what it is, and the text of the whole file with it.

    function: the first line of the function that it is in, if any, with its decorators.
    """

    path: Path
    line: int
    function: int | None
    what: str
    text: str


def _changed(node: ast.AST) -> ast.AST | None:
    """Another node in its place; None where nothing is changed."""
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in _COMPARED:
            return ast.Compare(left, [_COMPARED[type(operator)]()], [right])
        case ast.BinOp(left, operator, right) if type(operator) in _REPLACED and not _text(left):
            return ast.BinOp(left, _REPLACED[type(operator)](), right)
        case ast.BoolOp(operator, values):
            return ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            return operand
        case ast.Constant(bool() as value):
            return ast.Constant(not value)
        case ast.Constant(int() as value):
            return ast.Constant(value + 1)
        case ast.If(test, body, orelse):
            return ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.Return(ast.AST() as value) if not isinstance(value, ast.Constant):
            return ast.Return(ast.Constant(None))
        case ast.AugAssign() | ast.Break() | ast.Continue() | ast.Expr(ast.Call()):
            return ast.Pass()
    return None


def _text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """The nodes that may be changed: their parent, the name of its field, and the place in it where that is a list.

    Annotations, messages, assertions about lengths, what is for the type checker only and what is for people
    (`__repr__`) are left out.
    """
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "exc", "msg"):
            continue
        for at, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.keyword) and child.arg == "strict":  # (of `zip`, which asserts)
                continue
            if isinstance(child, ast.FunctionDef) and child.name in ("__repr__", "__str__"):
                continue
            if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
                continue
            if _changed(child) is not None:
                yield node, name, at
            yield from _places(child)


def mutants(path: Path, count: int, seed: int) -> list[Mutant]:
    """So many changes of a file, chosen by seed; fewer where there are not as many."""
    source = path.read_text(encoding="utf-8")
    total = sum(1 for _ in _places(ast.parse(source)))
    chosen = random.Random(f"{path.name} {seed}").sample(range(total), min(count, total))
    return [_mutant(path, source, number) for number in sorted(chosen)]


def _mutant(path: Path, source: str, number: int) -> Mutant:
    tree = ast.parse(source)
    parent, name, at = next(place for n, place in enumerate(_places(tree)) if n == number)
    old = getattr(parent, name) if at is None else getattr(parent, name)[at]
    new = _changed(old)
    assert new is not None
    what = f"{_line(old)}  ->  {_line(new)}"
    if at is None:
        setattr(parent, name, new)
    else:
        getattr(parent, name)[at] = new
    function = _function(ast.parse(source), old.lineno)
    return Mutant(path, old.lineno, function, what, ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def _function(tree: ast.AST, line: int) -> int | None:
    """The first line of the outermost function that this line is in: what is inside is called by what it is in."""
    for node in ast.iter_child_nodes(tree):
        first = min(
            (decorator.lineno for decorator in getattr(node, "decorator_list", ())), default=getattr(node, "lineno", 0)
        )
        if first <= line <= (getattr(node, "end_lineno", 0) or 0):
            return first if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else _function(node, line)
    return None


def _line(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(node)).splitlines()[0][:70]


def files(subject: Subject, named: Sequence[Path] = ()) -> list[Path]:
    """The files that are changed."""
    return [path.resolve() for path in named] or [
        path for folder in subject.folders for path in sorted((ROOT / "sigflow" / folder).glob("*.py"))
    ]


def map_of(copy: Copy, subject: Subject, kept: Path | None) -> Map:
    """Which tests call what; from the file, if it is there."""
    if kept is not None and kept.is_file():
        document = json.loads(kept.read_text(encoding="utf-8"))
        calls = {name: {int(n): ids for n, ids in file.items()} for name, file in document["calls"].items()}
        return Map(calls, document["seconds"])
    made = copy.map(subject.tests, [f"sigflow/{folder}" for folder in subject.folders])
    if kept is not None:
        kept.write_text(json.dumps(asdict(made)), encoding="utf-8")
    return made


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--of", choices=SUBJECTS, default="reading", help="which part is changed (default reading)")
    parser.add_argument("--each", dest="count", type=int, default=5, help="changes of each file (default 5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=float, default=20, help="seconds of tests for one change (default 20)")
    parser.add_argument("--map", type=Path, help="where it is kept which test calls what")
    options = parser.parse_args()
    subject = SUBJECTS[options.of]
    kept = options.map.resolve() if options.map is not None else None
    all_of_them = [
        mutant for path in files(subject, options.files) for mutant in mutants(path, options.count, options.seed)
    ]
    random.Random(options.seed).shuffle(all_of_them)  # so that a run that is cut short is a fair sample
    counted: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        tests = map_of(copy, subject, kept)
        for count, mutant in enumerate(all_of_them, 1):
            began = monotonic()
            name = str(mutant.path.relative_to(ROOT))
            outcome, chosen = copy.outcome(name, mutant.text, mutant.function, tests, options.most)
            counted[outcome] += 1
            took = f"{chosen} tests, {monotonic() - began:.1f} s"
            print(f"{outcome} {name}:{mutant.line}: {mutant.what}  ({took})", flush=True)
            if not count % 10 or count == len(all_of_them):
                noticed = count - counted[SURVIVED] - counted[UNTESTED]
                print(f"{noticed} of {count} killed, {noticed / count:.1%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
