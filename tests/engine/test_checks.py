"""Every kind of check: frames are found, shown with both values, and refused when a bit that is checked is flipped."""

from __future__ import annotations

import random
from functools import cache
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import sigflow
from sigflow.compiler import build
from sigflow.engine import Native
from sigflow.errors import ChecksumError
from sigflow.events import Record
from sigflow.recording.checks import Check, checks_of
from sigflow.runtime import Measured, Window, maybe_advance
from sigflow.stream.format import Format
from tests.compiler.test_native_measure import all_agree, inputs
from tests.engine.checked import FORMATS, Checked
from tests.engine.ways import check_native
from tests.stream import damage
from tests.stream.ways import decode, decode_all_ways

ALL = [checked for formats in FORMATS.values() for checked in formats]
BODIES = (b"", b"a", b"\x00\xff\x80", b"some bytes", bytes(range(200, 233)))


@cache
def format_of(checked: Checked) -> Format:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"{checked.name}.ksy")
        path.write_text(checked.spec, encoding="utf-8")
        problems = build(path).problems
        assert not [problem for problem in problems if problem.severity == "error"], problems
        assert ("SF512" in {problem.code for problem in problems}) is not checked.native, problems
        return sigflow.compile(path)


def spans(checked: Checked, data: bytes) -> list[tuple[int, int]]:
    envelope = format_of(checked).envelope
    assert envelope is not None
    return [(event.start, event.stop) for event in decode([envelope], [data]) if isinstance(event, Record)]


def checks_shown(checked: Checked, frame: bytes) -> list[Check]:
    """The checksums of a frame, as `inspect` shows them."""
    envelope = format_of(checked).envelope
    assert envelope is not None
    window = Window(frame, 0, len(frame), len(frame))
    measured = maybe_advance(envelope.measure.incremental(window), envelope.measure.reasons)
    assert isinstance(measured, Measured)
    return checks_of(envelope, measured, frame)


def test_there_are_three_formats_of_each_kind() -> None:
    assert all(len(formats) >= 3 for formats in FORMATS.values())
    assert len({checked.name for checked in ALL}) == len(ALL)


@pytest.mark.parametrize("checked", ALL, ids=lambda checked: checked.name)
def test_good_frames_are_found_and_shown(checked: Checked) -> None:
    frames = [checked.encode(body)[0] for body in BODIES]
    data = b"".join(frames)
    ends = list(accumulate(map(len, frames)))
    if checked.native:
        check_native(Native([format_of(checked)], compile=False), data)
    assert spans(checked, data) == list(zip([0, *ends], ends, strict=False))
    with sigflow.open(data, format_of(checked)) as recording:
        report = recording.validate()
        assert report.sound and report.frames == len(frames)
    for frame in frames:
        shown = checks_shown(checked, frame)
        assert (shown or checked in [*FORMATS["elements"], *FORMATS["if"]]) and all(check.holds for check in shown)


@pytest.mark.parametrize("checked", ALL, ids=lambda checked: checked.name)
def test_a_flipped_bit_is_noticed(checked: Checked) -> None:
    frame, places = max(
        (checked.encode(body) for body in (b"some bytes", b"more bytes.")), key=lambda made: len(made[1])
    )
    assert places and spans(checked, frame) == [(0, len(frame))]
    native = Native([format_of(checked)], compile=False) if checked.native else None
    rng = random.Random(checked.name)
    for place in places:
        for bit in range(8):
            damaged = frame[:place] + bytes((frame[place] ^ 1 << bit,)) + frame[place + 1 :]
            if checked.folded and damaged.upper() == frame.upper():
                continue
            assert (0, len(frame)) not in spans(checked, damaged), (place, bit)
            if native is not None and rng.random() < 0.1:
                check_native(native, damaged, all_ways=False)


#: Compiling takes seconds: without the slow tests, only these are compiled.
COMPILED = ("apart", "words32le", "base64_line", "dnp3", "mbus")


@pytest.mark.parametrize(
    "checked",
    [
        pytest.param(checked, marks=() if checked.name in COMPILED else pytest.mark.slow)
        for checked in ALL
        if checked.native
    ],
    ids=lambda checked: checked.name,
)
def test_compiled(checked: Checked) -> None:
    """Compiled, the native engine gives the same, of good frames and of damaged ones."""
    rng = random.Random(checked.name)
    frames = [checked.encode(body)[0] for body in BODIES]
    damaged = [frame[:-1] + bytes((frame[-1] ^ 1 << rng.randrange(8),)) for frame in frames]
    check_native(Native([format_of(checked)]), b"".join([*frames, *damaged, *frames]), all_ways=False)


@pytest.mark.parametrize("checked", ALL, ids=lambda checked: checked.name)
def test_engines_and_chunks_agree(checked: Checked) -> None:
    native = Native([format_of(checked)], compile=False) if checked.native else None
    envelope = format_of(checked).envelope
    assert envelope is not None
    for seed in range(6):
        rng = random.Random(f"{checked.name} {seed}")
        data = damage.stream(rng, [lambda body: checked.encode(body[:30])[0]], list(envelope.search.sync), 60)
        if native is not None:
            check_native(native, data, seed, all_ways=seed % 3 == 0)
        decode_all_ways([envelope], data, rng)


@pytest.mark.parametrize("checked", [checked for checked in ALL if checked.native], ids=lambda checked: checked.name)
def test_the_native_measure_says_what_the_steps_say(checked: Checked) -> None:
    envelope = format_of(checked).envelope
    assert envelope is not None
    frames = [checked.encode(body)[0] for body in BODIES]
    counts = all_agree(envelope, inputs(frames, b"\xa5\x5c0Ff=\0\x01\xff", 1, 120), 2)
    assert counts["clean"] + counts["needless"] > 10


RECORD = """
meta: {id: report, endian: be}
-sigflow-stream:
  max-frame: 100
  checksum: {field: sum, algorithm: sum-8, over: [magic..items]}
seq:
  - {id: magic, contents: [0xa5, 0x5c]}
  - {id: n, type: u1}
  - {id: items, type: item, repeat: expr, repeat-expr: n}
  - {id: sum, type: u1}
types:
  item:
    -sigflow-checksum:
      - {field: check, expr: ~value & 0xff, scope: record}
      - {field: parity, algorithm: {xor: 8, init: 1}, over: [value..check], scope: record}
    seq: [{id: value, type: u1}, {id: check, type: u1}, {id: parity, type: u1}]
"""


@pytest.mark.parametrize("engine", ["python", "native"])
def test_an_element_that_fails_is_a_finding_of_its_record(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "report.ksy"
    path.write_text(RECORD, encoding="utf-8")
    assert build(path).ok

    def frame(*items: bytes) -> bytes:
        raw = b"\xa5\x5c" + bytes((len(items),)) + b"".join(items)
        return raw + bytes((sum(raw) & 0xFF,))

    def item(value: int, check: int = 0, parity: int = 0) -> bytes:
        check ^= 255 - value
        return bytes((value, check, value ^ check ^ 1 ^ parity))

    frames = [frame(item(7), item(9)), frame(), frame(item(1), item(2, check=4), item(3, parity=1)), frame(item(8))]
    with sigflow.open(b"".join(frames), sigflow.compile(path), engine=engine) as recording:
        report = recording.validate()
    assert (report.frames, report.gap_bytes) == (4, 0)
    at = len(frames[0] + frames[1])
    told = [(finding.code, finding.offset, finding.path) for finding in report.diagnostics]
    assert told == [("checksum", at + 7, "item.check"), ("checksum", at + 11, "item.parity")]
    assert "stored 0xf9, computed 0xfd (expression over ~value & 0xff)" in report.diagnostics[0].message


@pytest.mark.parametrize("kind", ["u1", "b4", "u2"])
@pytest.mark.parametrize("per", [False, True])
def test_frames_that_do_not_count(kind: str, per: bool, tmp_path: Path) -> None:
    """Where `sequence.if` is false, a frame is passed over: what it holds is neither counted nor compared."""
    path = tmp_path / "counted.ksy"
    stream = ", per: stream" if per else ""
    path.write_text(
        f"meta: {{id: counted, endian: be}}\n-sigflow-stream:\n  max-frame: 30\n"
        f"  checksum: {{field: sum, algorithm: sum-8, over: [magic..counter]}}\n"
        f"  sequence: {{field: counter{stream}, if: kind == 1}}\n"
        "seq:\n  - {id: magic, contents: [0xa5, 0x5c]}\n  - {id: kind, type: u1}\n  - {id: stream, type: u1}\n"
        + ("  - {id: rest, type: b4}\n" if kind == "b4" else "")
        + f"  - {{id: counter, type: {kind}}}\n  - {{id: sum, type: u1}}\n",
        encoding="utf-8",
    )
    bits = {"u1": 8, "b4": 4, "u2": 16}[kind]
    data, counters = b"", {0: 5, 1: 9}
    for n in range(40):
        counts, id = n % 3 != 1, n % 2 if per else 0
        counters[id] += (3 if n == 21 else 1) if counts else 0
        counter = (counters[id] if counts else n * 7) % (1 << bits)
        raw = b"\xa5\x5c" + bytes((int(counts), id)) + counter.to_bytes(2 if kind == "u2" else 1, "big")
        data += raw + bytes((sum(raw) & 0xFF,))
    format = sigflow.compile(path)
    check_native(Native([format], compile=False), data)
    with sigflow.open(data, format) as recording:
        report = recording.validate()
    assert report.frames == 40 and report.sequence["lost"] == 2, report.sequence
    assert sum(report.sequence.values()) == 2


MANY = """
meta: {id: many, endian: le}
-sigflow-stream: {max-frame: 40000}
seq:
  - {id: magic, contents: [0xa5, 0x5c]}
  - {id: num_items, type: u2}
  - {id: items, type: item, repeat: expr, repeat-expr: num_items}
types:
  item:
    -sigflow-checksum:
      - {field: sum, algorithm: sum-8, over: value}
      - {field: inverse, expr: 255 - sum, if: value != 7}
    seq: [{id: value, type: u2}, {id: sum, type: u1}, {id: inverse, type: u1}]
"""


def test_more_elements_than_the_native_scan_has_room_for(tmp_path: Path) -> None:
    """Such a candidate is the Python scan's; the others stay with the native one."""
    path = tmp_path / "many.ksy"
    path.write_text(MANY, encoding="utf-8")
    format = sigflow.compile(path)

    def frame(count: int) -> bytes:
        raw = b"\xa5\x5c" + count.to_bytes(2, "little")
        for n in range(count):
            value = n * 37 % 65536
            total = (value & 0xFF) + (value >> 8) & 0xFF
            raw += value.to_bytes(2, "little") + bytes((total, 255 - total if value != 7 else 0))
        return raw

    frames = [frame(count) for count in (1, 40, 511, 512, 513, 3000, 2)]
    events = check_native(Native([format], compile=False), b"".join(frames), all_ways=False)
    assert [len(event.raw) for event in events if isinstance(event, Record)] == [len(raw) for raw in frames]
    late = bytearray(b"".join(frames))
    late[-1] ^= 1
    check_native(Native([format], compile=False), bytes(late), all_ways=False)


def test_text_that_spells_no_bytes_is_told(tmp_path: Path) -> None:
    (checked,) = (checked for checked in ALL if checked.name == "hexed")
    frame, _ = checked.encode(b"some bytes")
    damaged = frame[:5] + b"z" + frame[6:]
    (check,) = checks_shown(checked, damaged)
    assert check.computed is None and not check.holds and "computed not a number" in check.values
    envelope = format_of(checked).envelope
    assert envelope is not None
    with pytest.raises(ChecksumError, match="wanted what its text says, which is no bytes"):
        decoder = format_of(checked).decoder(strict=True)
        decoder.feed(damaged)
        list(decoder.events())
    with sigflow.open(damaged, format_of(checked)) as recording:
        (finding,) = [finding for finding in recording.validate().diagnostics if finding.code == "checksum"]
    assert "computed not a number (CRC-16/MODBUS over magic..n, body (hex))" in finding.message


TOGETHER = (
    ("command", "hexed", "dnp3"),
    ("packets", "apart", "intel"),
    ("mavlink", "mixed", "equation", "base64_line"),
    ("flagged", "xor16", "optional"),
)


@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
def test_formats_together(names: tuple[str, ...]) -> None:
    """What a measure tells of one format's checksums is not taken for another's, on damaged streams of all of them."""
    formats = [next(checked for checked in ALL if checked.name == name) for name in names]
    native = Native([format_of(checked) for checked in formats], compile=False)
    envelopes = [format.envelope for format in native.formats if format.envelope is not None]
    sync = [literal for envelope in envelopes for literal in envelope.search.sync]
    for seed in range(8):
        rng = random.Random(f"{names} {seed}")
        makers: list[damage.Maker] = [lambda body, made=checked: made.encode(body[:30])[0] for checked in formats]  # type: ignore[misc]
        data = damage.stream(rng, makers, sync, 80)
        check_native(native, data, seed, all_ways=seed % 4 == 0)
        decode_all_ways(envelopes, data, rng)
