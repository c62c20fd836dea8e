"""`sigflow new`: a spec to start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow import catalog
from sigflow.compiler import build
from tests.cli.calls import process


def call(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = process(folder, "new", *arguments)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_it_compiles_as_it_is(tmp_path: Path) -> None:
    code, out, err = call(tmp_path, "beacon", "-o", str(tmp_path / "beacon.ksy"))
    assert (code, out) == (0, "") and "written" in err
    built = build(tmp_path / "beacon.ksy")
    assert built.ok and not built.problems and built.id == "beacon"
    before = (tmp_path / "beacon.ksy").read_bytes()
    code, _, err = call(tmp_path, "beacon", "-o", str(tmp_path / "beacon.ksy"))
    assert code == 2 and "stays as it is" in err and (tmp_path / "beacon.ksy").read_bytes() == before


@pytest.mark.parametrize("format", catalog.bundled())
def test_like_a_bundled_format(format: str, tmp_path: Path) -> None:
    code, out, _ = call(tmp_path, "mine", "--like", format, "-o", "-")
    assert code == 0
    (tmp_path / "mine.ksy").write_text(out, encoding="utf-8")
    built = build(tmp_path / "mine.ksy", [Path(__file__).parents[2] / "formats"])
    assert built.ok and built.id == "mine", built.problems


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [(["Bad"], "is no name of a format"), (["a", "--like", "nope"], "no bundled format; known: "), ([], "NAME")],
)
def test_mistakes(arguments: list[str], wrong: str, tmp_path: Path) -> None:
    code, out, err = call(tmp_path, *arguments)
    assert code == 2 and out == "" and wrong in err and not list(tmp_path.glob("*.ksy"))
