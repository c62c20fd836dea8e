"""The pytest plug-in, in processes of their own: which examples are collected, and what a failure says."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOOD = "meta: {id: good}\n-sigflow-examples: [{hex: '05', expect: {a: 5}}, {hex: '06'}]\nseq: [{id: a, type: u1}]\n"
BAD = "meta: {id: bad}\n-sigflow-examples:\n  - {hex: '05', expect: {a: 6}}\n  - {hex: ''}\nseq: [{id: a, type: u1}]\n"
BROKEN = "meta: {id: broken}\n-sigflow-examples: [{hex: '05'}]\nseq: [{id: a, type: nothing}]\n"


def pytest_in(folder: Path, *arguments: str, ini: str = "") -> subprocess.CompletedProcess[str]:
    """pytest with this plug-in alone, in a folder with the specs good, bad and broken."""
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    (folder / "deep").mkdir()
    for name, text in (("good", GOOD), ("bad", BAD), ("deep/broken", BROKEN)):
        (folder / f"{name}.ksy").write_text(text)
    environment = os.environ | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "sigflow.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "-rA",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def summary(done: subprocess.CompletedProcess[str]) -> list[str]:
    return sorted(line for line in done.stdout.splitlines() if line.startswith(("PASSED", "FAILED", "ERROR")))


def test_specs_named_on_the_command_line(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, "good.ksy", "bad.ksy")
    assert done.returncode == 1, done.stderr
    assert [line.partition(" - ")[0] for line in summary(done)] == [
        "FAILED bad.ksy::example 0",
        "FAILED bad.ksy::example 1",
        "PASSED good.ksy::example 0",
        "PASSED good.ksy::example 1",
    ]
    assert "bad.ksy:3:26: a: found 5, wanted 6" in done.stdout
    assert "bad.ksy:4:11: bad: EndOfStreamError" in done.stdout
    assert "Traceback" not in done.stdout and "runtest" not in done.stdout


def test_specs_of_the_ini_option(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, ini="sigflow_specs = go*.ksy deep/**/*.ksy")
    (failed, *passed) = summary(done)
    assert failed.startswith("FAILED deep/broken.ksy::example 0")
    assert passed == ["PASSED good.ksy::example 0", "PASSED good.ksy::example 1"]
    assert "broken.ksy:3:21: error SF204: unknown type 'nothing'" in done.stdout


def test_no_spec_is_collected_unasked(tmp_path: Path) -> None:
    assert pytest_in(tmp_path).returncode == 5  # pytest's code for: no tests


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "odd.ksy").write_text("a: [\n")
    done = pytest_in(tmp_path, "odd.ksy")
    assert done.returncode == 2 and "error SF103: not YAML" in done.stdout


def test_the_plug_in_is_announced_and_cheap() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"sigflow": "sigflow.pytest_plugin"}
    code = "import sys, sigflow.pytest_plugin; print([name for name in sys.modules if name.startswith('sigflow.')])"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['sigflow.pytest_plugin']"
