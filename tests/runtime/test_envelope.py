"""What an envelope says where a spec says nothing, and that every field of it is described."""

from __future__ import annotations

import ast
import inspect
from dataclasses import MISSING, fields
from itertools import pairwise
from typing import Any

import pytest

from sigflow.runtime import column, envelope
from sigflow.runtime.column import Bits
from sigflow.runtime.measure import own_process

PARTS = (envelope.About, envelope.Search, envelope.Measure, envelope.Decode)


def test_defaults() -> None:
    said = {
        field.name: field.default
        for part in PARTS
        for field in fields(part)
        if field.default is not MISSING and field.default not in (None, (), "", False)
    }
    # All else is none, 0 or no.
    assert said == {"max_frame": 16 << 20, "min_frame": 1, "role": "frames", "aborted_by_sync": True}
    checksum = envelope.Checksum("sum", "sum-8", 1, "big")
    assert (checksum.stored, checksum.pieces, checksum.zeroed, checksum.over, checksum.optional) == (
        None,
        None,
        False,
        "",
        False,
    )
    for kind in (column.Bytes(), column.Text()):
        assert (kind.pad, kind.term, kind.include) == (None, None, False)
    described = column.Column("a", column.Unknown())
    assert [getattr(described, field.name) for field in fields(described)][2:] == [
        None, "", False, False, False, False, None, ""
    ]  # fmt: skip
    sequence = envelope.Sequence("number", 256)
    assert (sequence.step, sequence.stream, sequence.head) == (1, None, None)
    assert not Bits(3).boolean and Bits(3).shift == 0 and Bits(3).order == "be"


@pytest.mark.parametrize("name", ["CrcParameters", "Checksum", "Sequence", "Codec", "NoteRule", "Time", "Field",
                                  "About", "Search", "Measure", "Decode", "Envelope"])  # fmt: skip
def test_every_field_is_described(name: str) -> None:
    """A description stands above a field, or above the one before it without anything between."""
    source = inspect.getsource(getattr(envelope, name))
    lines = source.splitlines()
    described = [node.lineno for node in ast.parse(source).body[0].body if isinstance(node, ast.AnnAssign)]  # type: ignore[attr-defined]
    assert described and lines[described[0] - 2].lstrip().startswith("#:")
    for before, line in pairwise(described):
        above = lines[line - 2].lstrip()
        assert above.startswith("#:") or before < line <= before + 1, lines[line - 1]


class Upper:
    """A process of a user's own."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def decode(self, data: bytes) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@pytest.mark.parametrize("result", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_a_process_gives_bytes(result: Any) -> None:
    assert own_process(Upper, (result,), b"") == b"ab"


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        ("text", TypeError, "the process Upper gave str, wanted bytes"),
        (EOFError("short"), EOFError, "^short$"),
        (OSError("odd"), ValueError, "the process Upper failed: OSError: odd"),
    ],
)
def test_a_process_that_gives_none_is_a_fault_of_the_bytes(result: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        own_process(Upper, (result,), b"")
