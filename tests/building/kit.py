"""Specs for the tests of building, in short: fields as YAML, compiled to a whole-file format or a format of frames."""

from __future__ import annotations

import textwrap
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sigflow
from sigflow.errors import BuildError
from sigflow.stream.format import Format


@cache
def format_of(body: str, *, meta: str = "endian: be") -> Format:
    """A format of this spec, without its `meta`."""
    text = f"meta:\n  id: thing\n  encoding: ASCII\n  {meta}\n{textwrap.dedent(body)}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "thing.ksy"
        path.write_text(text, encoding="utf-8")
        return sigflow.compile(path)


def mistakes(format: Format, value: Any, **options: Any) -> list[tuple[str, str]]:
    """The paths and texts of what is wrong with a value; [] where a frame is built."""
    try:
        format.build(value, **options)
    except BuildError as error:
        return [(mistake.path, mistake.text) for mistake in error.mistakes]
    return []
