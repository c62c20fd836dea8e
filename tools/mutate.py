"""Changes one thing at a time in the code and looks whether a test notices.

    python -m tools.mutate [FILE...] [--each 5] [--seed 1]

Of every file of the floors 1 and 2 that read bytes (runtime, checksums, codecs, stream), so many places are chosen by
seed; at each an operator, a constant, a condition or a statement is changed, in a copy of the project, and the tests of
its unit run until the first fails.  Prints a line for each change, and the share that was noticed ("killed"); one that
no test notices is shown with its place, for a reader to say whether it changes anything at all.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parent.parent
#: The tests of each unit, the quickest to fail first.
TESTS: dict[str, tuple[str, ...]] = {
    "checksums": ("tests/checksums", "tests/stream/test_linear.py", "tests/engine/test_kernels.py"),
    "codecs": ("tests/codecs", "tests/recording/test_samples.py"),
    "runtime": (
        "tests/runtime", "tests/stream/test_format.py", "tests/compiler/test_mini.py", "tests/compiler/test_limits.py",
        "tests/compiler/test_measure.py", "tests/recording/test_samples.py", "tests/engine/test_kernels.py",
    ),
    "stream": (
        "tests/recording/test_samples.py", "tests/test_careless_reader.py", "tests/stream/test_decoder.py",
        "tests/stream/test_scan.py", "tests/stream/test_format.py", "tests/stream/test_runs.py",
        "tests/stream/test_sequence.py", "tests/stream/test_linear.py", "tests/stream/test_parts.py",
        "tests/stream/test_captures.py", "tests/stream/test_bundled.py", "tests/stream/test_all_ways.py",
    ),
}  # fmt: skip
COPIED = ("sigflow", "generated", "formats", "tests", "tools", "samples", "docs", "pyproject.toml")
#: Seconds that the tests may take beyond four times what they take unchanged; more is a change that was noticed.
PATIENCE = 30.0

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
    """One change: the file, the line, what it is, and the text of the whole file with it."""

    path: Path
    line: int
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

    Annotations, messages, what is for the type checker only and what is for people (`__repr__`) are left out.
    """
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "exc", "msg"):
            continue
        for at, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.FunctionDef) and child.name in ("__repr__", "__str__"):
                continue
            if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
                continue
            if _changed(child) is not None:
                yield node, name, at
            yield from _places(child)


def mutants(path: Path, each: int, seed: int) -> list[Mutant]:
    """So many changes of a file, chosen by seed; fewer where there are not as many."""
    source = path.read_text(encoding="utf-8")
    total = sum(1 for _ in _places(ast.parse(source)))
    chosen = random.Random(f"{path.name} {seed}").sample(range(total), min(each, total))
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
    return Mutant(path, old.lineno, what, ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def _line(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(node)).splitlines()[0][:70]


class Copy:
    """A copy of the project, whose files are changed and put back.  State: how long each unit's tests take."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, root / name)
        self._seconds: dict[str, float] = {}

    def fails(self, unit: str, seconds: float | None = None) -> bool:
        """Whether some test of the unit fails, or does not end in time."""
        paths = os.pathsep.join((str(self.root), str(self.root / "generated")))
        environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *TESTS[unit]]
        try:
            done = subprocess.run(
                command, cwd=self.root, env=environment, timeout=seconds, capture_output=True, check=False
            )
        except subprocess.TimeoutExpired:
            return True
        return done.returncode != 0

    def killed(self, mutant: Mutant) -> bool:
        """Whether a test notices the change."""
        unit = mutant.path.relative_to(ROOT).parts[1]
        if unit not in self._seconds:
            began = monotonic()
            if self.fails(unit):
                raise SystemExit(f"the tests of {unit} fail as they are")
            self._seconds[unit] = monotonic() - began
        place = self.root / mutant.path.relative_to(ROOT)
        kept = place.read_bytes()
        place.write_text(mutant.text, encoding="utf-8")
        try:
            return self.fails(unit, 4 * self._seconds[unit] + PATIENCE)
        finally:
            place.write_bytes(kept)


def files(named: Sequence[Path]) -> list[Path]:
    """The files that are changed."""
    return [path.resolve() for path in named] or [
        path for unit in TESTS for path in sorted((ROOT / "sigflow" / unit).glob("*.py"))
    ]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--each", type=int, default=5, help="changes of each file (default 5)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    all_of_them = [mutant for path in files(options.files) for mutant in mutants(path, options.each, options.seed)]
    random.Random(options.seed).shuffle(all_of_them)  # so that a run that is cut short is a fair sample
    noticed = 0
    with tempfile.TemporaryDirectory() as name:
        copy = Copy(Path(name))
        for count, mutant in enumerate(all_of_them, 1):
            killed = copy.killed(mutant)
            noticed += killed
            where = f"{mutant.path.relative_to(ROOT)}:{mutant.line}"
            print(f"{'killed  ' if killed else 'SURVIVED'} {where}: {mutant.what}", flush=True)
            if not count % 10 or count == len(all_of_them):
                print(f"{noticed} of {count} killed, {noticed / count:.1%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
