"""A name or a spec becomes a format."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sigflow import catalog
from sigflow.errors import SpecError, UsageError
from sigflow.limits import Limits
from tests.cli.transcript import ROOT, environment

BUNDLED = ("ccsds_space_packet", "instrument_hdr", "nmea0183", "sgf1", "sgf_legacy", "tlv", "ubx")
MINE = """
meta: {id: mine, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [magic..length, body]}
seq:
  - {id: magic, contents: [0xa5, 0x5a]}
  - {id: length, type: u1}
  - {id: body, size: length}
  - {id: crc, type: u2}
"""


def test_the_bundled_formats() -> None:
    assert catalog.bundled() == BUNDLED
    assert set(BUNDLED) <= set(catalog.names())


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_format_loads_and_is_described(name: str) -> None:
    format = catalog.load(name)
    assert format.name == name
    described = catalog.describe(name)
    assert described["stream"] and described["title"] and described["fields"]
    assert bool(described["checksums"]) != bool(described["chain"])


def test_a_bundled_format_needs_neither_yaml_nor_the_compiler(tmp_path: Path) -> None:
    program = "import sys, sigflow; sigflow.load('sgf1'); print({'yaml', 'sigflow.compiler'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(tmp_path), capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "set()"


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown format 'sfg1', did you mean 'sgf1'"):
        catalog.load("sfg1")


def test_a_spec_by_its_path(tmp_path: Path) -> None:
    spec = tmp_path / "mine.ksy"
    spec.write_text(MINE)
    for path in (spec, str(spec)):
        format = catalog.load(path)
        assert format.name == "mine"
        assert format.envelope is not None
        assert format.envelope.search.sync == (b"\xa5\x5a",)
    assert catalog.load(spec, limits=Limits(frame=99)).limits.frame == 99


def test_a_spec_with_errors_names_them_all(tmp_path: Path) -> None:
    spec = tmp_path / "bad.ksy"
    spec.write_text("meta: {id: bad}\nseq:\n  - {id: a, type: nothing}\n  - {id: b, size: c}\n")
    with pytest.raises(SpecError, match=r"and 1 more") as caught:
        catalog.compile(spec)
    assert [diagnostic.line for diagnostic in caught.value.diagnostics] == [3, 4]


def test_a_missing_spec_is_the_operating_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        catalog.compile(tmp_path / "none.ksy")


def test_imports_are_found_beside_and_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "part.ksy").write_text("meta: {id: part}\nseq:\n  - {id: a, type: u1}\n")
    spec = tmp_path / "whole.ksy"
    spec.write_text("meta: {id: whole, imports: [/part]}\nseq:\n  - {id: p, type: part}\n")
    with pytest.raises(SpecError):
        catalog.compile(spec)
    format = catalog.compile(spec, import_paths=[tmp_path / "shared"])
    assert (format.name, format.envelope) == ("whole", None)


def test_a_program_registers_a_format_and_names_are_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog.REGISTRY, "_things", dict(catalog.REGISTRY._things))
    catalog.register_format("my_sgf", catalog.load("sgf1"))
    assert catalog.load("my_sgf").name == "sgf1"
    for name in ("my_sgf", "ubx"):
        with pytest.raises(UsageError, match="already registered"):
            catalog.register_format(name, catalog.load("sgf1"))


def test_an_installed_package_brings_a_format(tmp_path: Path) -> None:
    """By the entry point group `sigflow.formats`: an envelope, as generated modules have it."""
    (tmp_path / "brought.py").write_text("from sigflow_formats.sgf1 import FORMAT\n")
    info = tmp_path / "brought-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sigflow.formats]\nbrought = brought:FORMAT\n")
    shown = environment(tmp_path)
    shown["PYTHONPATH"] += f":{tmp_path}"
    program = (
        "import sigflow; from sigflow import catalog; print(sigflow.load('brought').name, 'brought' in catalog.names())"
    )
    done = subprocess.run([sys.executable, "-c", program], env=shown, capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["sgf1", "True"]
    (info / "entry_points.txt").write_text("[sigflow.formats]\nsgf1 = no_such_module:FORMAT\n")
    program = (
        "import sigflow; from sigflow import catalog; print(catalog.names().count('sgf1'), sigflow.load('sgf1').name)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=shown, capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["1", "sgf1"]  # the built-in one stands


def test_class_names_follow_the_compiler() -> None:
    for spec in sorted((ROOT / "formats").glob("*.ksy")):
        module = (ROOT / "generated" / "sigflow_formats" / f"{spec.stem}.py").read_text(encoding="utf-8")
        assert f"class {catalog.class_name(spec.stem)}(" in module


def test_without_the_bundled_formats_the_error_says_what_to_install(tmp_path: Path) -> None:
    shown = environment(tmp_path)
    shown["PYTHONPATH"] = str(ROOT)
    without = "import sys; sys.modules['sigflow_formats'] = None"
    program = f"{without}; from sigflow.cli import main; sys.exit(main(['formats']))"
    done = subprocess.run([sys.executable, "-c", program], env=shown, capture_output=True, check=False, text=True)
    assert done.returncode == 1
    assert "pip install -e ." in done.stderr
    assert "Traceback" not in done.stderr
