"""Instruments by VISA, against the simulated ones of pyvisa-sim; blocks of IEEE 488.2."""

from __future__ import annotations

import asyncio
import importlib.util
import random
from pathlib import Path

import pytest

from sigflow import transport
from sigflow.stream.cuts import BOUNDARY
from sigflow.transport import Chunk, Cut, TransportError
from sigflow.transport.visa import block, lacking

absent = [name for name in ("pyvisa", "pyvisa_sim") if importlib.util.find_spec(name) is None]
simulated = pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)}")

DEVICES = """
spec: "1.0"
devices:
  scope:
    eom:
      GPIB INSTR: {q: "\\n", r: "\\n"}
      TCPIP SOCKET: {q: "\\n", r: "\\n"}
    error: ERROR
    dialogues:
      - {q: "*IDN?", r: "a scope"}
      - {q: "CURV?", r: "#210abcdefghij"}
      - {q: "SCREEN?", r: "#0until the end"}
resources:
  GPIB0::8::INSTR: {device: scope}
  TCPIP0::localhost::5025::SOCKET: {device: scope}
"""


@pytest.fixture
def library(tmp_path: Path) -> str:
    path = tmp_path / "devices.yaml"
    path.write_text(DEVICES)
    return f"{path}@sim"


async def answers(uri: str) -> list[Chunk]:
    stream = await transport.open(uri)
    chunks = []
    async with asyncio.timeout(20):
        while (chunk := await stream.receive()) is not None:
            chunks.append(chunk)
    await stream.close()
    return chunks


@simulated
@pytest.mark.parametrize("resource", ["GPIB0::8::INSTR", "TCPIP0::localhost::5025::SOCKET"])
@pytest.mark.parametrize(
    ("query", "answer"), [("CURV?", b"abcdefghij"), ("SCREEN?", b"until the end"), ("*IDN?", b"a scope\n")]
)
def test_a_query_again_and_again(resource: str, query: str, answer: bytes, library: str) -> None:
    chunks = asyncio.run(answers(f"visa:{resource}?query={query}&count=5&every=1ms&library={library}"))
    assert [chunk.data.rstrip(b"\n") for chunk in chunks] == [answer.rstrip(b"\n")] * 5
    assert all(chunk.cuts == (() if query == "*IDN?" else (Cut(BOUNDARY),)) for chunk in chunks[1:])


@simulated
def test_answers_as_they_are(library: str) -> None:
    chunks = asyncio.run(answers(f"visa:GPIB0::8::INSTR?query=CURV?&count=1&raw=1&library={library}"))
    assert chunks[0].data.startswith(b"#210abcdefghij")


@simulated
def test_an_instrument_that_is_not_there(library: str) -> None:
    with pytest.raises(TransportError, match="cannot open"):
        asyncio.run(answers(f"visa:GPIB0::8::NOTHING?query=CURV?&library={library}"))


@simulated
def test_no_answer_is_an_error(library: str) -> None:
    with pytest.raises(TransportError):
        asyncio.run(answers(f"visa:GPIB0::8::INSTR?timeout=0.1&library={library}"))


def test_blocks() -> None:
    """Every definite block, whole, and cut at every place."""
    rng = random.Random(2)
    for size in (0, 1, 9, 10, 99, 1000):
        content = rng.randbytes(size)
        for digits in range(len(str(size)), 10):
            whole = b"#%d%0*d" % (digits, digits, size) + content
            assert block(whole) == block(whole + b"\n") == content and lacking(whole) == 0
            assert block(whole + b"x") is None
            for cut in range(2, len(whole)):
                assert block(whole[:cut]) is None and 0 < lacking(whole[:cut]) <= len(whole) - cut
    for other in (b"", b"#", b"1.5", b"#x", b"#2x1a", b"# 1a"):
        assert block(other) is None and lacking(other) == 0
    assert block(b"#0abc\n") == b"abc"
