"""Starting is quick: `--help` and a small verdict import no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES
from tests.cli.transcript import environment

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
        [sys.executable, "-c", program], env=environment(folder), capture_output=True, timeout=60, check=True
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
BUDGETS = {"--help": (90, 8), "lint --help": (100, 16), "formats": (220, 45), "validate": (250, 100)}


@pytest.mark.parametrize("call", BUDGETS)
def test_start_up_loads_no_more_than_its_budget(tmp_path: Path, call: str) -> None:
    bare = subprocess.run(
        [sys.executable, "-c", "import sys, io, json; print(json.dumps(sorted(sys.modules)))"],
        env=environment(tmp_path), capture_output=True, check=True,
    )  # fmt: skip
    arguments = [call, SMALL, "-s", "sgf1"] if call == "validate" else call.split()
    loaded = imported(tmp_path, *arguments) - set(json.loads(bare.stdout))
    ours = [name for name in loaded if name.split(".")[0] == "sigflow"]
    most, most_of_ours = BUDGETS[call]
    assert (len(loaded) <= most, len(ours) <= most_of_ours) == (True, True), (len(loaded), len(ours), sorted(loaded))
