"""Captures that are made to cost or to deceive, deep values and wide ones: bounded work, and harmless text."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.cli.calls import Call, Called
from tests.work import calls_of

# ---------------------------------------------------------------- hostile captures


HOSTILE = {
    "zeros": bytes(300_000),
    "random": random.Random(2).randbytes(300_000),
    "sync markers": b"SGF1" * 20_000,
    "text markers": b"*HDR\r\n" * 20_000,
    "receiver markers": b"\xb5\x62" * 20_000,
    "sentence starts": b"$" * 50_000,
    "escape sequences": b"\x1b[2J\x1b]0;gotcha\x07$GPTXT,\x1b[31m*00\r\n" * 500,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_capture_is_all_gap(sigflow: Call, tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(HOSTILE[what])
    specs = ["-s", "sgf1", "-s", "instrument_hdr", "-s", "ubx", "-s", "nmea0183"]
    answers: list[Called] = []
    calls = calls_of(lambda: answers.append(sigflow("validate", path, *specs, "--format", "json")))
    (called,) = answers
    assert calls < 600 * len(HOSTILE[what]), calls
    verdict = json.loads(called.out)
    assert called.code == 3
    assert verdict["frame_bytes"] + verdict["gap_bytes"] == verdict["bytes"] == len(HOSTILE[what])
    assert verdict["gaps"]
    for command in ("inspect", "parse"):
        assert sigflow(command, path, *specs).code == 3


def test_text_of_a_capture_cannot_reach_the_terminal(sigflow: Call, tmp_path: Path) -> None:
    spec = tmp_path / "text.ksy"
    spec.write_text(
        "meta: {id: text, endian: be}\n"
        "-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..text]}}\n"
        "seq:\n  - {id: magic, contents: TX}\n  - {id: size, type: u1}\n"
        "  - {id: text, type: str, size: size, encoding: UTF-8}\n  - {id: sum, type: u1}\n"
    )
    text = "\x1b[31m\x9b2J\u202egnp\r".encode()
    body = b"TX" + bytes([len(text)]) + text
    path = tmp_path / "x.bin"
    path.write_bytes(body + bytes([sum(body) & 255]))
    for form in ("table", "json", "ndjson", "csv"):
        called = sigflow("parse", path, "-s", spec, "--format", form)
        assert called.code == 0
        assert "gnp" in called.out
    assert sigflow("inspect", path, "-s", spec, "--frame", 0).code == 0


# ---------------------------------------------------------------- deep and wide values


def test_deep_values_are_cut_and_said_so(sigflow: Call, tmp_path: Path) -> None:
    from tools.make_samples import element, sgf1

    nested: list[bytes] = []
    for _ in range(4000):
        nested = [element(1, nested)]
    path = tmp_path / "deep.sgf"
    path.write_bytes(sgf1(7, 1, b"".join(nested), tlv=True) + sgf1(7, 2, b"good"))
    called = sigflow("parse", path, "-s", "sgf1", "--format", "json")
    assert called.code == 3
    deep, good = json.loads(called.out)["frames"]
    assert [finding["code"] for finding in deep["diagnostics"]] == ["too-deep"]
    assert good["payload"] == b"good".hex()


RECURSIVE = """
meta: {id: rec, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..node]}}
seq:
  - {id: magic, contents: RC}
  - {id: node, type: node}
  - {id: sum, type: u1}
types:
  node:
    seq:
      - {id: more, type: u1}
      - {id: next, type: node, if: more != 0}
"""


@pytest.mark.parametrize("levels", [50, 150, 400, 50_000])
def test_a_type_in_itself_neither_overflows_nor_ends_the_scan(sigflow: Call, tmp_path: Path, levels: int) -> None:
    spec = tmp_path / "rec.ksy"
    spec.write_text(RECURSIVE)

    def frame(levels: int) -> bytes:
        body = b"RC" + b"\x01" * levels + b"\0"
        return body + bytes([sum(body) & 255])

    path = tmp_path / "x.bin"
    path.write_bytes(frame(levels) + frame(3))
    for command in (["validate"], ["parse", "--format", "ndjson"], ["inspect"], ["inspect", "--offset", "0"]):
        called = sigflow(command[0], path, "-s", spec, *command[1:])
        assert called.code in (0, 3), called.err
    verdict = json.loads(sigflow("validate", path, "-s", spec, "--format", "json").out)
    assert verdict["by_format"]["rec"]["frames"] >= 1
    frames = sigflow("parse", path, "-s", spec, "--format", "ndjson").out.splitlines()
    assert json.loads(frames[-1])["length"] == len(frame(3))
    if 100 < levels < 200:
        assert [finding["code"] for finding in json.loads(frames[0])["diagnostics"]] == ["depth"]


def test_a_frame_of_many_fields_is_inspected_in_bounded_time(sigflow: Call, tmp_path: Path) -> None:
    spec = tmp_path / "many.ksy"
    spec.write_text(
        "meta: {id: many, endian: be}\n"
        "-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: [magic..pairs]}}\n"
        "seq:\n  - {id: magic, contents: RC}\n  - {id: count, type: u4}\n"
        "  - {id: pairs, type: pair, repeat: expr, repeat-expr: count}\n  - {id: sum, type: u1}\n"
        "types: {pair: {seq: [{id: a, type: u1}, {id: b, type: u2}]}}\n"
    )
    body = b"RC" + (100_000).to_bytes(4, "big") + bytes(300_000)
    path = tmp_path / "x.bin"
    path.write_bytes(body + bytes([sum(body) & 255]))
    answers: list[Called] = []
    calls = calls_of(lambda: answers.append(sigflow("inspect", path, "-s", spec, "--frame", 0)))
    (called,) = answers
    assert called.code == 0
    assert "pairs[3].b" in called.out
    assert calls < 20_000_000, calls
