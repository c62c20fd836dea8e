"""The floors contract: a module imports only from floors below its own, and units of one floor not from each other.

Read from the source, not from what happens to be loaded: imports inside functions count, and so do those for type
checking alone. A module that no floor names fails, so that the table in `docs/architecture.md` and this one stay whole.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sigflow"
GENERATED = ROOT / "generated" / "sigflow_formats"

#: Floor by floor, the units: modules or packages directly under sigflow. Units of the ground may use each other.
FLOORS: dict[int, set[str]] = {
    0: {
        "errors",
        "frozen",
        "diagnostics",
        "events",
        "limits",
        "reads",
        "reasons",
        "registry",
        "hinted",
        "containers",
        "surrogates",
    },
    1: {"runtime", "checksums", "codecs", "calibration"},
    2: {"compiler", "stream"},
    3: {"catalog"},
    4: {"storage", "engine", "config", "caches"},
    5: {"columns", "quarantine", "generation", "coverage", "transport", "index"},
    6: {"recording", "replay", "recover", "strategies", "simulator"},
    7: {"rewrite", "scale", "view", "watch"},
    8: {"session"},
    9: {"plugins", "testing"},
    10: {"cli", "pytest_plugin"},
}
FLOOR_OF = {unit: floor for floor, units in FLOORS.items() for unit in units}
#: The public names and `python -m sigflow` stand above all floors.
ROOF = {"__init__", "__main__"}

PURE_FLOORS = range(4)
WORLDLY = {"socket", "asyncio", "mmap", "threading", "time", "random", "subprocess", "multiprocessing", "signal"}
#: The only pure modules that may open a file.
OPENERS = {
    "compiler/source.py": "reads specs",
    "catalog.py": "finds specs and generated modules",
    "runtime/struct.py": "Kaitai's convention `X.from_file`; sigflow itself never calls it",
}
OPENING_CALLS = {"open", "io.open", "os.open", "codecs.open", "fdopen", "os.fdopen"}
OPENING_METHODS = {"open", "read_text", "write_text", "write_bytes"}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything imported, lazily or not; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += [node.module] if node.module else []
            for alias in node.names:
                yield node.lineno, ".".join([*base, alias.name])
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith(("import_module", "__import__"))
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value)


def package_of(path: Path) -> tuple[str, ...]:
    return ("sigflow", *path.relative_to(PACKAGE).parts[:-1])


def faults_of_floors(path: Path, tree: ast.Module) -> list[str]:
    unit = unit_of(path)
    if unit in ROOF:
        return []
    floor = FLOOR_OF[unit]
    faults = []
    for line, name in imported(tree, package_of(path)):
        parts = name.split(".")
        if parts[0] != "sigflow":
            continue
        other = parts[1] if len(parts) > 1 else ""
        # The command line may use the public names, like anybody.
        if other == unit or (unit == "cli" and other not in FLOOR_OF):
            continue
        if other not in FLOOR_OF:
            faults.append(f"{relative(path)}:{line}: imports {name}, which is on no floor")
        elif FLOOR_OF[other] > floor or (FLOOR_OF[other] == floor and floor > 0):
            faults.append(f"{relative(path)}:{line}: {unit} (floor {floor}) imports {name} (floor {FLOOR_OF[other]})")
    return faults


def faults_of_world(path: Path, tree: ast.Module) -> list[str]:
    """What a pure module may not touch: sockets, clocks, threads, chance; files, unless it is one of OPENERS."""
    if FLOOR_OF.get(unit_of(path), 99) not in PURE_FLOORS:
        return []
    faults = [
        f"{relative(path)}:{line}: imports {name}"
        for line, name in imported(tree, package_of(path))
        if name.split(".")[0] in WORLDLY
    ]
    if relative(path) in OPENERS:
        return faults
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        # Path.read_bytes() takes no argument; a stream's read_bytes(n) does, and is no file.
        reads_path = method == "read_bytes" and not node.args
        if called in OPENING_CALLS or method in OPENING_METHODS or reads_path:
            faults.append(f"{relative(path)}:{node.lineno}: {called}(…) opens a file")
    return faults


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_module_keeps_to_its_floor(path: Path) -> None:
    assert unit_of(path) in FLOOR_OF.keys() | ROOF, f"{relative(path)} is on no floor"
    tree = parse(path)
    faults = faults_of_floors(path, tree) + faults_of_world(path, tree)
    assert not faults, "\n".join(faults)


def test_generated_modules_import_the_runtime_and_each_other_only() -> None:
    import sys

    siblings = {path.stem for path in GENERATED.glob("*.py")} | {"sigflow_formats"}
    faults = []
    for path in sorted(GENERATED.glob("*.py")):
        for line, name in imported(parse(path), ("sigflow_formats",)):
            first = name.split(".")[0]
            allowed = first in sys.stdlib_module_names or first in siblings or name.startswith("sigflow.runtime")
            if not allowed:
                faults.append(f"{path.name}:{line}: imports {name}")
    assert not faults, "\n".join(faults)


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """The modules that lead back to themselves: those that are left when all that lead nowhere are taken away."""
    left = dict(arrows)
    while ends := [name for name, to in left.items() if not to & left.keys()]:
        for name in ends:
            del left[name]
    while starts := [name for name in left if not any(name in to for to in left.values())]:
        for name in starts:
            del left[name]
    return sorted(left)


def arrows_of(paths: list[Path]) -> dict[str, set[str]]:
    """Which module imports which, at its beginning or in a function; imports for type checking alone do not run."""
    names = {".".join(("sigflow", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in paths}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    arrows = {}
    for name, path in names.items():
        tree = parse(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                node.body = [ast.Pass()]
        to = {other for _, other in imported(tree, package_of(path))}
        to = {other if other in names else other.rpartition(".")[0] for other in to} & names.keys()
        arrows[name] = to - {name}
    return arrows


def test_no_circle_of_imports() -> None:
    assert circles(arrows_of(modules())) == []


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}, "e": set()}) == ["b", "c"]
    assert circles({"a": {"b"}, "b": set()}) == []


BAD_MODULES = [
    ("stream/scan.py", "from sigflow.compiler import build", "floor 2) imports sigflow.compiler"),
    ("stream/scan.py", "def f():\n    import sigflow.catalog", "imports sigflow.catalog"),
    ("runtime/stream.py", "from ..checksums import crc", "imports sigflow.checksums"),
    ("codecs/tlv.py", "from sigflow.events import Record\nimport time", "imports time"),
    ("stream/decoder.py", "data = open('x').read()", "opens a file"),
    ("stream/decoder.py", "from pathlib import Path\nPath('x').read_bytes()", "opens a file"),
    ("engine/python.py", "from sigflow import nothing_known", "on no floor"),
    ("registry.py", "import importlib\nimportlib.import_module('sigflow.runtime')", "imports sigflow.runtime"),
]


@pytest.mark.parametrize(("name", "text", "wanted"), BAD_MODULES)
def test_the_contract_finds_what_breaks_it(name: str, text: str, wanted: str) -> None:
    tree = ast.parse(text)
    faults = faults_of_floors(PACKAGE / name, tree) + faults_of_world(PACKAGE / name, tree)
    assert any(wanted in fault for fault in faults), faults


def test_a_streams_read_bytes_is_no_file() -> None:
    assert faults_of_world(PACKAGE / "runtime/window.py", ast.parse("io.read_bytes(4)")) == []
