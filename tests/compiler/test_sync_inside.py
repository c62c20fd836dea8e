"""What a frame begins with is its sync, also where it stands inside the type of the header; it is evidence as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow.compiler import build
from sigflow.runtime.envelope import Envelope

HEAD = "meta: {{id: x, endian: le}}\n-sigflow-stream:{}\n"
CHECKED = "\n  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [header..body]}"
FIELDS = "seq:\n  - {id: header, type: hdr}\n  - {id: body, size: header.len}\n  - {id: crc, type: u2}\n"
HDR = "  hdr: {seq: [{id: magic, contents: [0xa5, 0x5a]}, {id: no, type: u1}, {id: len, type: u1}]}\n"

#: The rest of a spec: its sync.
SYNCS = {
    "in the header": (FIELDS + "types:\n" + HDR, [b"\xa5\x5a"]),
    "in a type in the header": (
        FIELDS + "types:\n  hdr: {seq: [{id: pre, type: pre}, {id: len, type: u1}]}\n"
        "  pre: {seq: [{id: magic, contents: AB}]}\n",
        [b"AB"],
    ),
    "over two types": (
        FIELDS.replace("seq:\n", "seq:\n  - {id: pre, type: pre}\n") + "types:\n" + HDR
        + "  pre: {seq: [{id: a, contents: A}, {id: b, contents: B}]}\n",
        [b"AB\xa5\x5a"],
    ),
    "of several": (
        FIELDS + "types:\n  hdr:\n    seq:\n      - {id: m, type: u2be, valid: {any-of: [0x4142, 0x4143]}}\n"
        "      - {id: len, type: u1}\n",
        [b"AB", b"AC"],
    ),
    "in a header of a size": (FIELDS.replace("type: hdr", "type: hdr, size: 4") + "types:\n" + HDR, [b"\xa5\x5a"]),
    "behind a header of a size that it does not fill": (
        FIELDS.replace("seq:\n", "seq:\n  - {id: pre, type: pre, size: 2}\n") + "types:\n" + HDR
        + "  pre: {seq: [{id: a, contents: A}]}\n",
        [b"A"],
    ),
    "behind a header of a size that it fills": (
        FIELDS.replace("seq:\n", "seq:\n  - {id: pre, type: pre, size: 1}\n") + "types:\n" + HDR
        + "  pre: {seq: [{id: a, contents: A}]}\n",
        [b"A\xa5\x5a"],
    ),
    "none under a condition": (
        FIELDS.replace("type: hdr", "type: hdr, if: true").replace("header.len", "2") + "types:\n" + HDR, [],
    ),
    "none behind other bytes": (
        FIELDS + "types:\n  hdr: {seq: [{id: len, type: u1}, {id: magic, contents: AB}]}\n", [],
    ),
    "none in bytes that are processed": (
        FIELDS.replace("hdr}", "hdr, size: 4, process: xor(1)}").replace("header.len", "2") + "types:\n" + HDR,
        [],
    ),
}  # fmt: skip


def envelope(text: str, folder: Path) -> Envelope:
    path = folder / "x.ksy"
    path.write_text(text, encoding="utf-8")
    built = build(path)
    assert built.ok, built.problems
    format = built.load().FORMAT
    assert isinstance(format, Envelope)
    return format


@pytest.mark.parametrize("name", SYNCS)
def test_what_a_frame_begins_with(name: str, tmp_path: Path) -> None:
    rest, sync = SYNCS[name]
    assert list(envelope(HEAD.format(CHECKED) + rest, tmp_path).search.sync) == sync


def test_as_if_it_were_written(tmp_path: Path) -> None:
    rest = SYNCS["in the header"][0]
    derived = envelope(HEAD.format(CHECKED) + rest, tmp_path)
    written = envelope(HEAD.format(CHECKED + "\n  sync: [0xa5, 0x5a]") + rest, tmp_path)
    assert (derived.search.sync, derived.search.header_bits) == (written.search.sync, written.search.header_bits)
    assert derived.search.header_bits >= 16


def test_a_chain_is_believed_on_what_stands_inside(tmp_path: Path) -> None:
    rest = FIELDS.replace("  - {id: crc, type: u2}\n", "") + "types:\n" + HDR
    path = tmp_path / "x.ksy"
    path.write_text(HEAD.format(" {confirm: {chain: 3}}") + rest, encoding="utf-8")
    assert not build(path).problems  # (48 bits of evidence)


def test_a_type_that_holds_itself_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "x.ksy"
    path.write_text(
        HEAD.format("") + "seq: [{id: a, type: t}]\ntypes: {t: {seq: [{id: t, type: t}, {id: m, contents: AB}]}}\n",
        encoding="utf-8",
    )
    assert "SF409" in {problem.code for problem in build(path).problems}


def test_a_long_chain_of_types_is_followed_so_far(tmp_path: Path) -> None:
    chain = "".join(f"  t{n}: {{seq: [{{id: a, type: t{n + 1}}}]}}\n" for n in range(500))
    text = HEAD.format(" {confirm: {chain: 9}}") + "seq: [{id: a, type: t0}, {id: b, contents: SYNC}]\ntypes:\n"
    path = tmp_path / "x.ksy"
    path.write_text(f"{text}{chain}  t500: {{seq: [{{id: a, contents: A}}]}}\n", encoding="utf-8")
    assert {problem.code for problem in build(path).problems} <= {"SF510", "SF512"}


def test_types_that_hold_another_twice_take_no_time(tmp_path: Path) -> None:
    twice = "".join(f"  t{n}: {{seq: [{{id: a, type: t{n + 1}}}, {{id: b, type: t{n + 1}}}]}}\n" for n in range(35))
    text = HEAD.format(" {confirm: {chain: 9}, max-frame: 100}") + "seq: [{id: a, type: t0}]\ntypes:\n"
    path = tmp_path / "x.ksy"
    path.write_text(f"{text}{twice}  t35: {{seq: [{{id: a, contents: A}}]}}\n", encoding="utf-8")
    assert build(path).problems  # (what is said of it: no frame is so small)
