"""Starting is quick: `--help` and a small verdict import no heavy library."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES
from tests.cli.transcript import environment

HEAVY = ("numpy", "numba", "pyarrow", "importlib.metadata", "yaml", "rich", "sigflow.compiler")
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


def processor_seconds(folder: Path, *arguments: str) -> float:
    """What one run costs.  Time on the processor, since other work on the machine does not add to it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=environment(folder), capture_output=True, timeout=60, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_start_up_takes_a_small_multiple_of_the_interpreters(tmp_path: Path) -> None:
    calls = {
        "nothing": ("-c", "pass"),
        "help": ("-m", "sigflow", "--help"),
        "verdict": ("-m", "sigflow", "validate", SMALL, "-s", "sgf1"),
    }
    # In turns, and the least of each: what disturbs one run disturbs its neighbours.
    costs = [{name: processor_seconds(tmp_path, *call) for name, call in calls.items()} for _ in range(12)]
    least = {name: min(cost[name] for cost in costs) for name in calls}
    assert least["help"] <= 6 * least["nothing"], least
    assert least["verdict"] <= 12 * least["nothing"], least
