"""What was read is built again byte for byte: of records, and of the form in which `parse` prints them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.columns.render import render
from sigflow.runtime import WIRE_ERRORS, KaitaiStream
from sigflow.runtime.writing import writing_of
from sigflow.runtime.writing.derive import Options
from sigflow.runtime.writing.node import Input, Node
from sigflow.runtime.writing.sink import Sink
from sigflow.runtime.writing.slack import Slack
from sigflow.runtime.writing.walk import Walk
from sigflow.stream.building import built
from sigflow.stream.format import Format
from tests.compiler import kst_corpus
from tests.compiler.kst_corpus import Compiled, load_case
from tests.compiler.test_kst import compile_with_sigflow
from tests.stream.test_wires import CAPTURES as OF_WIRES
from tests.stream.test_wires import SPECS, WIRES

ROOT = Path(__file__).parents[2]
CAPTURES = Path(os.environ.get("SIGFLOW_CAPTURES") or "absent")
SAMPLES = {
    "valid_telemetry.sgf": "sgf1", "malformed_frame.sgf": "sgf1", "truncated_stream.sgf": "sgf1",
    "mixed_noise.hdr": "instrument_hdr", "oscilloscope.hdr": "instrument_hdr", "legacy_archive.sgf": "sgf_legacy",
    "nested.tlv": "tlv",
}  # fmt: skip
REAL = {"ubx-MIXED2.log": ("ubx", "nmea0183"), "ubx-ALL.log": ("ubx",), "ccsds-jpss.bin": ("ccsds_space_packet",)}
#: Frames of one capture that are built again.
MOST = 300


def rebuilt(path: Path, formats: list[Format]) -> int:
    """How many frames of a capture were built again, as records and as they are printed."""
    count = 0
    for record in islice(sigflow.open(path, formats), MOST):
        format: Any = record._reader
        again = built(format, record)
        assert again.raw == record.raw and not again.recomputed, (record, again)
        assert format.build(record.value) == record.raw
        printed = json.loads(json.dumps({"format": record.format, "value": render(record.value).tree}))
        of_json = built(format, printed)
        assert of_json.raw == record.raw and not of_json.recomputed, (record, of_json)
        count += 1
    return count


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    assert rebuilt(ROOT / "samples" / sample, [sigflow.load(SAMPLES[sample])])


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="SIGFLOW_CAPTURES names no folder")
@pytest.mark.parametrize("capture", REAL)
def test_real_captures(capture: str) -> None:
    for name in REAL[capture]:
        assert rebuilt(CAPTURES / capture, [sigflow.load(name)])


@pytest.mark.skipif(not WIRES.is_dir(), reason="SIGFLOW_WIRES names no folder")
@pytest.mark.parametrize("capture", OF_WIRES)
def test_wires(capture: str) -> None:
    assert rebuilt(WIRES / capture, [sigflow.compile(SPECS / f"{name}.ksy") for name in OF_WIRES[capture]])


def written_again(unit: Any, raw: bytes) -> tuple[bytes, list[Any]]:
    """An object written as it was read, and the mistakes."""
    writing = writing_of(type(unit))
    assert writing is not None
    slack = Slack()
    recording = Walk(Options(), slack, recording=True)
    sink = Sink(raw, None, raw)
    recording.object(Node(writing, Input(unit), (), None, None), sink)
    assert recording.whole((), sink) == raw and not recording.mistakes
    walk = Walk(Options(lenient=True), slack)
    return walk.rounds(Node(writing, Input(unit), (), None, None)), walk.mistakes


# ---------------------------------------------------------------- the corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compiled]:
    with compile_with_sigflow(tmp_path_factory.mktemp("kst_written")) as compiled:
        yield compiled


@pytest.mark.skipif(bool(kst_corpus.WHY_ABSENT), reason=kst_corpus.WHY_ABSENT or "present")
@pytest.mark.parametrize("fetched", [False, True], ids=["fields", "instances"])
@pytest.mark.parametrize("name", kst_corpus.names("spec", ".kst"))
def test_corpus(name: str, fetched: bool, corpus: Compiled) -> None:
    case = load_case(name)
    if case.exception is not None:
        return  # its bytes do not parse, which is what it is there to show
    raw = case.data.read_bytes()
    unit = corpus.find_class([name])(KaitaiStream(raw))
    if case.debug:
        unit._read()
    if fetched:
        try:
            unit._fetch_instances()
        except WIRE_ERRORS:
            return  # an instance that nobody asks for in the case cannot be read
    again, mistakes = written_again(unit, raw)
    assert again == raw
    assert not mistakes
