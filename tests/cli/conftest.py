"""The command line, called in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow.cli import main
from tests.cli.calls import Call, Called
from tests.cli.forms_kit import LENGTH, SENSOR, TEXTS


@pytest.fixture(autouse=True)
def no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell exports of its terminal is not what a test means."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def sigflow(capsysbinary: pytest.CaptureFixture[bytes]) -> Call:
    """`sigflow(*arguments)`; whatever the arguments, there is no traceback and no control character.

    Only `replay` gives bytes that are no text.
    """

    def call(*arguments: object) -> Called:
        capsysbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = (text.decode("utf-8", "backslashreplace") for text in capsysbinary.readouterr())
        for text in (err,) if arguments and arguments[0] == "replay" else (out, err):
            assert "Traceback" not in text
            assert all(char.isprintable() or char == "\n" for char in text), text
        return Called(code, out, err)

    return call


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder with the specs of `forms_kit`."""
    for name, spec in {"beacon": LENGTH, "texts": TEXTS, "sensor": SENSOR}.items():
        (tmp_path / f"{name}.ksy").write_text(spec)
    return tmp_path
