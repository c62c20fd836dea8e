"""What not every frame has: a checksum under a condition, and a counter under one."""

from __future__ import annotations

import random
from functools import cache
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import sigflow
from sigflow import checksums
from sigflow.engine import Native
from sigflow.events import Gap, Loss, Note, Record
from sigflow.stream.format import Format
from tests.engine.ways import check_native
from tests.stream import damage
from tests.stream.ways import decode_all_ways

HEAD = """
  - {id: flags, type: u1}
  - {id: size, type: u1}
  - {id: body, size: size}
"""
#: The field may be absent; it is there, and means something where a flag says so; the same without a marker; beside one
#: that is always there; and one of two that are there now and then.
SPECS = {
    "absent": """
meta: {id: absent, endian: le}
-sigflow-stream:
  max-frame: 60
  confirm: {chain: 3}
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [magic..body]}
seq:
  - {id: magic, contents: [0xa5]}"""
    + HEAD
    + "  - {id: crc, type: u2, if: flags & 1 != 0}\n",
    "meant": """
meta: {id: meant, endian: le}
-sigflow-stream:
  max-frame: 60
  confirm: {chain: 3}
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [magic..body], if: flags & 1 == 1}
seq:
  - {id: magic, contents: [0xa5]}"""
    + HEAD
    + "  - {id: crc, type: u2}\n",
    "bare": """
meta: {id: bare, endian: le}
-sigflow-stream:
  max-frame: 40
  confirm: {chain: 3}
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [flags..body]}
seq:"""
    + HEAD.replace("type: u1}", "type: u1, valid: {max: 3}}", 1)
    + "  - {id: crc, type: u2, if: flags & 1 != 0}\n",
    "beside": """
meta: {id: beside, endian: le}
-sigflow-stream:
  max-frame: 60
  checksum:
    - {field: sum, algorithm: sum-8, over: [magic..body]}
    - {field: crc, algorithm: CRC-16/MODBUS, over: [magic..sum], if: flags & 1 == 1}
seq:
  - {id: magic, contents: [0xa5]}"""
    + HEAD
    + "  - {id: sum, type: u1}\n  - {id: crc, type: u2}\n",
}
CHAINED = """
meta: {id: chained, endian: le}
-sigflow-stream: {max-frame: 30, confirm: {chain: 3}}
seq:
  - {id: magic, contents: [0x5a]}
  - {id: size, type: u1}
  - {id: body, size: size}
"""


def crc(data: bytes) -> bytes:
    return checksums.get("CRC-16/MODBUS").compute(data).to_bytes(2, "little")


def frame(name: str, payload: bytes, flags: int) -> bytes:
    raw = (b"" if name == "bare" else b"\xa5") + bytes((flags, len(payload))) + payload
    if name == "beside":
        raw += bytes((sum(raw) & 255,))
    if flags & 1:
        return raw + crc(raw)
    return raw + b"??" if name in ("meant", "beside") else raw


@cache
def formats(*names: str) -> tuple[Format, ...]:
    with TemporaryDirectory() as folder:
        formats = []
        for name in names:
            path = Path(folder, f"{name}.ksy")
            path.write_text((SPECS | {"chained": CHAINED})[name])
            formats.append(sigflow.compile(path))
    return tuple(formats)


def said(names: tuple[str, ...], data: bytes) -> list[tuple[object, ...]]:
    """Frames as (start, stop), gaps as (start, stop, reasons); by both engines."""
    events = check_native(Native(formats(*names), compile=False), data)
    return [
        (event.start, event.stop) if isinstance(event, Record) else (event.span.start, event.span.stop, *event.reasons)
        for event in events
        if isinstance(event, Record | Gap)
    ]


def spans(*frames: bytes) -> list[tuple[object, ...]]:
    ends = list(accumulate(map(len, frames)))
    return list(zip([0, *ends], ends, strict=False))


@pytest.mark.parametrize("name", ["absent", "meant", "bare"])
def test_a_frame_without_a_checksum_is_confirmed_by_a_chain(name: str) -> None:
    plain, checked = frame(name, b"abc", 2), frame(name, b"abc", 3)
    for frames in ([plain] * 4, [checked] * 4, [plain, checked, plain, plain, checked]):
        assert said((name,), b"".join(frames)) == spans(*frames)
    # One that says that it has a checksum is not believed by a chain; what comes behind a gap needs the whole chain.
    broken = checked[:-1] + bytes((checked[-1] ^ 1,))
    frames = [plain, plain, broken, plain, plain, plain, plain]
    spans_told = said((name,), b"".join(frames))
    first, last = len(plain) * 2, len(plain) * 2 + len(broken)
    assert [span for span in spans_told if span[0] < first] == spans(*frames)[:2]  # type: ignore[operator]
    assert spans_told[2][2] == f"{name}:checksum"
    assert spans_told[-4:] == [(last + n * len(plain), last + (n + 1) * len(plain)) for n in range(4)]
    # Alone behind noise, one with a checksum is believed, and one without is not.
    assert said((name,), b"\xff" * 3 + checked)[-1] == (3, 3 + len(checked))
    assert len(said((name,), b"\xff" * 3 + plain)) == 1


def test_a_checksum_beside_one_that_is_always_there() -> None:
    plain, checked = frame("beside", b"abc", 0), frame("beside", b"abc", 1)
    assert said(("beside",), plain + checked + plain) == spans(plain, checked, plain)
    wrong = checked[:-1] + bytes((checked[-1] ^ 1,))
    assert said(("beside",), plain + wrong + plain)[1][2] == "beside:checksum"
    ignored = plain[:-1] + bytes((plain[-1] ^ 1,))
    assert said(("beside",), ignored) == spans(ignored)


def test_the_checksums_that_a_frame_has_are_shown() -> None:
    (format,) = formats("absent")
    with sigflow.open(frame("absent", b"abc", 1) + frame("absent", b"abc", 0) * 3, format) as recording:
        report = recording.validate()
        assert report.sound and report.frames == 4
    broken = frame("absent", b"abc", 1)[:-1] + b"\xee"
    with sigflow.open(broken, format) as recording:
        (finding, *_) = [diagnostic for diagnostic in recording.validate().diagnostics if diagnostic.code == "checksum"]
        assert "stored 0xee" in finding.message


COUNTED = """
meta: {id: counted, endian: be, bit-endian: be}
-sigflow-stream:
  confirm: {chain: 3}
  sequence: {field: counter, per: stream, if: has_payload}
seq:
  - {id: sync, contents: [0x47]}
  - {id: stream, type: u1}
  - {id: has_adaptation, type: b1}
  - {id: has_payload, type: b1}
  - {id: zero, type: b2}
  - {id: counter, type: b4}
  - {id: body, size: 3}
"""


def test_frames_that_do_not_count_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "counted.ksy"
    path.write_text(COUNTED)
    format = sigflow.compile(path)
    data = b""
    counter = 0
    for n in range(64):
        payload = n % 3 != 1
        counter = (counter + (3 if n == 30 else 1)) % 16 if payload else counter
        data += bytes((0x47, 5, (0x40 if payload else 0x80) | counter, n, 1, 2))
    events = check_native(Native([format], compile=False), data)
    assert [(event.count, event.offset) for event in events if isinstance(event, Loss)] == [(2, 180)]
    assert not any(isinstance(event, Note) for event in events)
    for engine in ("python", "native"):
        with sigflow.open(data, format, engine=engine) as recording:
            assert recording.validate().sequence == {
                "lost": 2, "duplicate": 0, "reordered": 0, "restarts": 0, "strays": 0
            }  # fmt: skip


LISTS = (("absent",), ("meant",), ("bare",), ("beside",), ("chained", "absent"), ("bare", "chained"))


@pytest.mark.parametrize("names", LISTS)
@pytest.mark.parametrize("seed", range(60))
def test_engines_and_chunks_agree(names: tuple[str, ...], seed: int) -> None:
    rng = random.Random(f"{names} {seed}")

    def maker(name: str) -> damage.Maker:
        if name == "chained":
            return lambda payload: b"\x5a" + bytes((len(payload[:20]),)) + payload[:20]
        return lambda payload: frame(name, payload[:25], rng.choice((0, 0, 1, 2, 3)))

    data = damage.stream(rng, [maker(name) for name in names], [b"\xa5", b"\x5a"], rng.choice((40, 120)))
    native = Native(formats(*names), compile=False)
    check_native(native, data, seed, all_ways=seed % 5 == 0)
    decode_all_ways(
        [format.envelope for format in native.formats if format.envelope is not None], data, random.Random(seed)
    )


def test_a_cause_is_looked_for_in_the_checksum_that_fails(tmp_path: Path) -> None:
    """The first of the two checksums is absent; the second fails."""
    path = tmp_path / "two.ksy"
    path.write_text("""
meta: {id: two, endian: le}
-sigflow-stream:
  max-frame: 60
  checksum:
    - {field: extra, algorithm: sum-8, over: [magic..size], if: flags == 1}
    - {field: crc, algorithm: CRC-32/ISO-HDLC, over: [magic..extra]}
seq:
  - {id: magic, contents: [0xa5]}
  - {id: flags, type: u1}
  - {id: size, type: u1}
  - {id: body, size: size}
  - {id: extra, type: u1}
  - {id: crc, type: u4}
""")
    raw = bytes((0xA5, 0, 5)) + b"hello" + b"\x77"
    good = raw + checksums.get("CRC-32/ISO-HDLC").compute(raw).to_bytes(4, "little")
    broken = good[:4] + bytes((good[4] ^ 4,)) + good[5:]
    with sigflow.open(good + broken + good, sigflow.compile(path)) as recording:
        (finding,) = [diagnostic for diagnostic in recording.validate().diagnostics if diagnostic.code == "checksum"]
    assert "likely one bit flipped at offset 17" in finding.message and finding.path == "crc"
