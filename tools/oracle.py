"""The official Kaitai Struct compiler, seen from Python tests: a black box behind `oracle.mjs`.

The npm packages are looked for in $SIGFLOW_NODE_MODULES, else in ./node_modules. Where they or Node are absent,
`why_absent()` says so in words fit for a skip reason. Its output is read by tests and benchmarks only; nothing of
sigflow depends on it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DRIVER = Path(__file__).with_name("oracle.mjs")
PACKAGES = ("kaitai-struct-compiler", "yaml")
SECONDS = 300


class OracleError(Exception):
    """The official compiler refused a spec; the text is its own."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one spec."""

    spec: Path
    files: tuple[Path, ...]
    errors: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.errors


def modules() -> Path:
    """The folder `node_modules` that should hold the compiler."""
    return Path(os.environ.get("SIGFLOW_NODE_MODULES") or "node_modules").absolute()


def why_absent() -> str:
    """Empty when the oracle can run, else the reason why not."""
    if shutil.which("node") is None:
        return "node is not installed"
    missing = [name for name in PACKAGES if not (modules() / name).is_dir()]
    return f"npm package {missing[0]} is not in {modules()} (set SIGFLOW_NODE_MODULES)" if missing else ""


def available() -> bool:
    return not why_absent()


def compile_many(
    specs: Iterable[Path | str],
    out_dir: Path | str,
    import_paths: Iterable[Path | str] = (),
    *,
    target: str = "python",
    debug: bool = False,
) -> list[Outcome]:
    """Compile each spec, in one process; a refused spec does not keep the others from being compiled."""
    command = ["node", str(DRIVER), "--modules", str(modules()), "--target", target, "-o", str(out_dir)]
    for folder in import_paths:
        command += ["-I", str(folder)]
    if debug:
        command.append("--debug")
    command += [str(spec) for spec in specs]
    run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if run.returncode not in (0, 1):
        raise OracleError(run.stderr.strip() or f"the driver ended with exit code {run.returncode}")
    return [
        Outcome(Path(item["spec"]), tuple(Path(name) for name in item["files"]), tuple(item["errors"]))
        for item in json.loads(run.stdout)["results"]
    ]


def compile_python(
    spec: Path | str, out_dir: Path | str, import_paths: Iterable[Path | str] = (), *, debug: bool = False
) -> list[Path]:
    """The Python modules of one spec and of all it imports; raises OracleError with the compiler's words."""
    outcome = compile_many([spec], out_dir, import_paths, debug=debug)[0]
    if not outcome.ok:
        raise OracleError("\n".join(outcome.errors))
    return list(outcome.files)
