"""The example package of plug-ins: installed in a fresh environment, used by commands, uninstalled."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.schema import faults
from tests.cli.transcript import ROOT

PACKAGE = ROOT / "examples" / "sigflow_example_plugins"
BROUGHT = {
    "format": "example_frame",
    "codec": "example-rle",
    "checksum": "example-rotate",
    "validator": "example-steady",
    "handler": "example-log",
    "calibration": "example-thermistor",
    "transport": "example-demo",
    "sink": "example-hex",
    "storage": ".hexcap",
}
#: Kinds of which the name alone is enough for a check.
CHECKED = {"format", "codec", "checksum", "validator", "handler"}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="hatchling, which builds the example package, is not there"
)


class Environment(NamedTuple):
    """A virtual environment that sees the packages of this one, and this checkout."""

    python: Path
    folder: Path

    def run(self, *arguments: object, code: int = 0, told: bool = False) -> str:
        """What `python ARGUMENTS` prints there; told: to standard error."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        done = subprocess.run(
            [self.python, *map(str, arguments)], cwd=self.folder, env={**kept, "PYTHONUTF8": "1"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stderr if told else done.stdout

    def sigflow(self, *arguments: object, code: int = 0, told: bool = False) -> str:
        return self.run("-m", "sigflow", *arguments, code=code, told=told)

    def plugins(self, *arguments: object, code: int = 0) -> list[dict[str, object]]:
        document = json.loads(self.sigflow("plugins", "--format", "json", *arguments, code=code))
        assert faults(document, "plugins") == []
        brought: list[dict[str, object]] = document["plugins"]
        return brought

    def pip(self, *arguments: object) -> None:
        subprocess.run(
            [sys.executable, "-m", "pip", "-q", "--python", self.python, *arguments],
            check=True, timeout=300, capture_output=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True, timeout=120)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    environment = Environment(python, folder)
    packages = environment.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    outer = [str(ROOT), str(ROOT / "generated"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (Path(packages) / "outer.pth").write_text("\n".join(dict.fromkeys(outer)), encoding="utf-8")
    return environment


def test_it_is_installed_works_and_is_uninstalled(fresh: Environment) -> None:
    assert [plugin["name"] for plugin in fresh.plugins("--installed") if plugin["package"] != "sigflow"] == []
    fresh.pip("install", "--no-deps", "--no-build-isolation", "--no-index", PACKAGE)

    brought = [plugin for plugin in fresh.plugins("--check") if plugin["package"] == "sigflow-example-plugins"]
    assert {plugin["kind"]: plugin["name"] for plugin in brought} == BROUGHT
    assert {(plugin["state"], plugin["origin"], plugin["version"]) for plugin in brought} == {
        ("ok", "entry point", "1.0")
    }
    assert {plugin["kind"] for plugin in brought if plugin["checked"]} == CHECKED

    # Transport, format with checksum and codec, sink, validator.
    arguments = ["ingest", "example-demo:40", "-s", "example_frame", "--to", "session", "--sink", "example-hex:out.txt"]
    fresh.sigflow(*arguments, "--once")
    lines = (fresh.folder / "out.txt").read_text().split()
    assert len(lines) == 40 and lines[3].startswith("e55e0301")
    said = fresh.sigflow("validate", "session", "--check", "example-steady")
    assert "check example-steady: 0 findings in 40 records" in said
    # A storage; the payload by the codec; what the validator says of a frame that is missing.
    text = "".join(lines[:20] + lines[21:])
    (fresh.folder / "some.hexcap").write_text("\n".join(text[at : at + 64] for at in range(0, len(text), 64)))
    parsed = fresh.sigflow("parse", "some.hexcap", "-s", "example_frame", "--format", "ndjson", "--limit", 3)
    assert [json.loads(line)["payload"] for line in parsed.splitlines()] == [f"{n:02}" * 20 for n in range(3)]
    said = fresh.sigflow("validate", "some.hexcap", "-s", "example_frame", "--check", "example-steady", code=3)
    assert "the counter is 21 behind 19" in said
    (fresh.folder / "sigflow.yaml").write_text("checks: [example-steady]\n")
    assert "checks 1" in fresh.sigflow("config", "check", "-s", "example_frame")
    # A calibration, and a handler, which writes what is lost to the log.
    rule = "{when: {format: example_frame}, calibrate: {number: {use: example-thermistor, unit: degC}}}"
    (fresh.folder / "sigflow.yaml").write_text(f"metadata:\n  - {rule}\n")
    parsed = fresh.sigflow("parse", "some.hexcap", "-s", "example_frame", "--format", "ndjson", "--limit", 3)
    assert all("number_physical" in line for line in parsed.splitlines())
    (fresh.folder / "sigflow.yaml").write_text("handlers:\n  - {call: example-log, event: loss}\n")
    said = fresh.sigflow("run", "some.hexcap", "-s", "example_frame", "--allow-actions", told=True)
    assert "1 frames of stream None never came" in said, said
    (fresh.folder / "sigflow.yaml").unlink()
    # Its own tests.
    assert "passed" in fresh.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", PACKAGE / "tests", "--rootdir", PACKAGE
    )

    fresh.pip("uninstall", "-y", "sigflow-example-plugins")
    assert not [plugin for plugin in fresh.plugins() if str(plugin["package"]).startswith("sigflow-example")]
    for arguments in (
        ["validate", "session", "-s", "example_frame"],
        ["ingest", "example-demo:40", "-s", "sgf1", "--to", "other", "--once"],
        ["validate", ROOT / "samples" / "valid_telemetry.sgf", "--check", "example-steady"],
    ):
        fresh.sigflow(*arguments, code=2)


def bring(environment: Environment, name: str, entries: str, code: str) -> None:
    """A package as an installer leaves it."""
    (packages,) = (environment.folder / "venv").rglob("site-packages")
    info = packages / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)
    (packages / f"{name}.py").write_text(code)


def test_what_is_broken_or_shadowed_is_told_and_breaks_nothing_else(fresh: Environment) -> None:
    samples = ROOT / "samples" / "valid_telemetry.sgf"
    before = fresh.sigflow("validate", samples)
    bring(
        fresh,
        "bad",
        "[sigflow.codecs]\nzlib = bad:other\nraises = bad_module:x\nexits = bad:exits\n"
        "number = bad:number\ntwice = bad:number\ncareless = bad:careless\n"
        "[sigflow.storages]\n.sgf = nowhere:x\n[sigflow.formats]\nsgf1 = nowhere:x\nugly = nowhere:y\n"
        "[sigflow.transports]\ntcp = nowhere:x\n[sigflow.sinks]\nnothing = bad:number\n",
        "print('a line of output')\nnumber = 7\n"
        "def careless(payload, *, limit):\n    print('another')\n    return payload[payload[0]:][:limit]\n",
    )
    bring(
        fresh,
        "worse",
        "[sigflow.codecs]\ntwice = worse:x\n[sigflow.validators]\nstops = worse:x\n",
        "raise SystemExit(9)",
    )
    told = {
        (plugin["kind"], plugin["name"], plugin["state"]): str(plugin["why"])
        for plugin in fresh.plugins("--installed", code=1)
        if plugin["package"] in ("bad", "worse")
    }
    for key, why in {
        ("codec", "zlib", "shadowed"): "by the built-in codec",
        ("format", "sgf1", "shadowed"): "by the built-in format",
        ("transport", "tcp", "shadowed"): "by the built-in transport",
        ("codec", "raises", "broken"): "cannot be loaded from 'bad_module:x': ModuleNotFoundError",
        ("codec", "exits", "broken"): "has no attribute 'exits'",
        ("codec", "number", "broken"): "found int, wanted a function",
        ("codec", "twice", "broken"): "another package brings it",
        ("validator", "stops", "broken"): "SystemExit: 9",
        ("sink", "nothing", "broken"): "found int, wanted a function of a SinkRequest",
        ("storage", ".sgf", "broken"): "No module named 'nowhere'",
        ("format", "ugly", "broken"): "No module named 'nowhere'",
    }.items():
        assert why in told.pop(key), key
    assert told.pop(("codec", "careless", "ok")) == "None" and not told
    checked = {plugin["name"]: plugin for plugin in fresh.plugins("--check", "--kind", "codec", code=1)}
    assert "it raises CodecError for what it cannot decode" in str(checked["careless"]["why"])
    assert (checked["careless"]["state"], checked["careless"]["checked"]) == ("broken", True)
    assert "bad 1.0" in fresh.sigflow("plugins", "--kind", "codec", "--installed", code=1)
    assert "ugly" not in fresh.sigflow("formats")
    # Every capture of that ending is the package's, which says so; all others are what they were.
    copy = fresh.folder / "copy.bin"
    copy.write_bytes(samples.read_bytes())
    assert fresh.sigflow("validate", copy) == before.replace(str(samples), str(copy))
    fresh.sigflow("validate", samples, code=1)
