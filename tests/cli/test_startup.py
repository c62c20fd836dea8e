"""Starting is quick: `--help` and a small verdict import no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.calls import SAMPLES
from tests.cli.transcript import environment
from tools.bench_parser import make_capture

HEAVY = ("numpy", "llvmlite", "pyarrow", "importlib.metadata", "yaml", "rich", "sigflow.compiler")
SMALL = str(SAMPLES / "valid_telemetry.sgf")


def imported(folder: Path, *arguments: str) -> set[str]:
    program = (
        "import sys, io, json; from sigflow.cli import main\n"
        "out, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())\n"
        f"code = main({list(arguments)!r})\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=out)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(folder) | {"SIGFLOW_CACHE": str(folder / "cache")},
        capture_output=True,
        timeout=60,
        check=True,
    )
    code, modules = json.loads(done.stdout)
    assert code == 0
    return set(modules)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["validate", "--help"], ["validate", SMALL, "-s", "sgf1"], ["validate", SMALL]],
    ids=" ".join,
)
def test_no_heavy_import(tmp_path: Path, arguments: list[str]) -> None:
    assert not imported(tmp_path, *arguments) & set(HEAVY)


def test_importing_sigflow_imports_none_of_its_parts(tmp_path: Path) -> None:
    program = "import sys, sigflow; print([name for name in sys.modules if name.startswith('sigflow.')])"
    done = subprocess.run([sys.executable, "-c", program], env=environment(tmp_path), capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


#: Modules that a call may load beside those of the interpreter, of any library and of sigflow: what start-up costs.
BUDGETS = {"--help": (90, 8), "lint --help": (100, 16), "formats": (220, 45), "validate": (165, 92)}


def beside_the_interpreter(folder: Path, loaded: set[str]) -> set[str]:
    bare = subprocess.run(
        [sys.executable, "-c", "import sys, io, json; print(json.dumps(sorted(sys.modules)))"],
        env=environment(folder), capture_output=True, check=True,
    )  # fmt: skip
    return loaded - set(json.loads(bare.stdout))


#: The same of a file of a few megabytes that is scanned natively, whose machine code is kept.
NATIVE_BUDGET = (182, 97)


@pytest.mark.skipif(sys.platform != "linux", reason="machine code is loaded without LLVM on Linux alone")
def test_a_native_verdict_loads_neither_numpy_nor_llvm(tmp_path: Path) -> None:
    capture = tmp_path / "capture.sgf"
    capture.write_bytes(make_capture(1000, 5000))
    arguments = ["validate", str(capture), "-s", "sgf1", "--engine", "native"]
    assert {"numpy", "llvmlite"} <= imported(tmp_path, *arguments)  # it is compiled, and kept
    loaded = imported(tmp_path, *arguments)
    assert not loaded & set(HEAVY)
    loaded = beside_the_interpreter(tmp_path, loaded)
    ours = [name for name in loaded if name.split(".")[0] == "sigflow"]
    most, most_of_ours = NATIVE_BUDGET
    assert (len(loaded) <= most, len(ours) <= most_of_ours) == (True, True), (len(loaded), len(ours), sorted(loaded))


def test_few_functions_are_compiled_at_first(tmp_path: Path) -> None:
    """What a first scan of a spec waits for is counted in functions, and in lines of LLVM's text."""
    from sigflow import catalog
    from sigflow.engine import Native, build, code
    from sigflow.engine.calls import layout_of

    taken: list[object] = []
    native = Native([catalog.load("sgf1")])
    sweep = native.sweep()
    sweep._entry = lambda *arguments: (taken.extend(arguments), 0)[1]
    sweep.run(np.zeros(9, np.uint8), 9, True, 9)
    unit = code.unit_of(build.text_of(native.scan), "text")
    text = unit.text("scan", layout_of(tuple(taken)))
    assert len(unit.functions) <= 60 and text.count("\n") <= 7000, (len(unit.functions), text.count("\n"))


@pytest.mark.parametrize("call", BUDGETS)
def test_start_up_loads_no_more_than_its_budget(tmp_path: Path, call: str) -> None:
    arguments = [call, SMALL, "-s", "sgf1"] if call == "validate" else call.split()
    loaded = beside_the_interpreter(tmp_path, imported(tmp_path, *arguments))
    ours = [name for name in loaded if name.split(".")[0] == "sigflow"]
    most, most_of_ours = BUDGETS[call]
    assert (len(loaded) <= most, len(ours) <= most_of_ours) == (True, True), (len(loaded), len(ours), sorted(loaded))
