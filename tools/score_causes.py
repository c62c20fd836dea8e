"""How many of the causes that a verdict tells firmly are true, and what telling them costs.

    python -m tools.score_causes [--seeds 40] [--faults 12] [--format NAME]...

Captures of 60 frames with faults of mixed kinds, each in a frame of its own, are judged as `sigflow validate` judges
them.  A cause is firm where it is not called weak.  It is true if it says what was done and where, or if it names a
place, or the length, that the damage touched.  Of single bits and bytes it is counted how many got a firm, true cause;
a checksum of 16 bits or fewer cannot tell them, so those formats have the first figure only.

The second table is the worst processor time of a verdict on about 1 MB in which every frame is damaged.
"""

from __future__ import annotations

import argparse
import random
import re
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import sigflow
from sigflow import checksums
from sigflow.recording.symptoms import symptoms
from sigflow.stream.format import Format
from tools.make_samples import sgf1

FRAMES = 60
SEEDS, FAULTS = 40, 12
#: A spec of each shape that the bundled formats do not have: magic, length, body and checksum, with the algorithm, the
#: type of the checksum, and the order of its bytes.
SPEC = """meta: {{id: {name}, endian: {endian}}}
-sigflow-stream: {{max-frame: 4096, checksum: {{field: crc, algorithm: {algorithm}, over: magic..body}}}}
seq:
  - {{id: magic, contents: [0x1a, 0xcf, 0xfc, 0x1d]}}
  - {{id: number, type: u4}}
  - {{id: length, type: u2, valid: {{max: 4000}}}}
  - {{id: body, size: length}}
  - {{id: crc, type: {type}}}
"""


@dataclass(frozen=True, slots=True)
class Wire:
    """A format, how a frame of it is made, and whether its checksum can tell single bits and bytes."""

    format: Callable[[], Format]
    frame: Callable[[random.Random, int], bytes]
    tells: bool


def _spec(name: str, algorithm: str, type_: str, endian: str, *, tells: bool) -> Wire:
    size = int(type_[1:])

    def frame(rng: random.Random, number: int) -> bytes:
        body = rng.randbytes(rng.randrange(20, 400))
        order = "<" if endian == "le" else ">"
        data = b"\x1a\xcf\xfc\x1d" + struct.pack(f"{order}IH", number, len(body)) + body
        value = checksums.get(algorithm).compute(data)
        return data + value.to_bytes(size, "little" if endian == "le" else "big")

    text = SPEC.format(name=name, algorithm=algorithm, type=type_, endian=endian)

    def compiled() -> Format:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.ksy"
            path.write_text(text, encoding="utf-8")
            return sigflow.compile(path)

    return Wire(compiled, frame, tells)


def _instrument(rng: random.Random, number: int) -> bytes:
    payload = rng.randbytes(rng.randrange(300, 900))
    head = b"*HDR\r\nDEV:%d\r\nLEN:%d\r\n;END\r\n" % (number, len(payload))
    return head + payload + checksums.get("CRC-32/ISO-HDLC").compute(payload).to_bytes(4, "big")


def _ubx(rng: random.Random, number: int) -> bytes:
    payload = rng.randbytes(rng.randrange(4, 120))
    body = struct.pack("<BBH", 1, number % 50, len(payload)) + payload
    return b"\xb5\x62" + body + checksums.get("fletcher-16-mod256").compute(body).to_bytes(2, "little")


def _nmea(rng: random.Random, number: int) -> bytes:
    fields = ",".join(f"{rng.uniform(0, 9000):.3f}" for _ in range(rng.randrange(2, 8)))
    body = f"GPGGA,{number},{fields}".encode()
    return b"$" + body + b"*%02X\r\n" % checksums.get("xor-8").compute(body)


WIRES: dict[str, Wire] = {
    "sgf1": Wire(
        lambda: sigflow.load("sgf1"), lambda rng, n: sgf1(7, n, rng.randbytes(rng.randrange(20, 600))), tells=True
    ),
    "instrument_hdr": Wire(lambda: sigflow.load("instrument_hdr"), _instrument, tells=True),
    "crc32c_le": _spec("crc32c_le", "CRC-32/ISCSI", "u4", "le", tells=True),
    "crc64_be": _spec("crc64_be", "CRC-64/XZ", "u8", "be", tells=True),
    "crc32_mpeg2_be": _spec("crc32_mpeg2_be", "CRC-32/MPEG-2", "u4", "be", tells=True),
    "crc16_be": _spec("crc16_be", "CRC-16/IBM-3740", "u2", "be", tells=False),
    "adler32_be": _spec("adler32_be", "adler-32", "u4", "be", tells=False),
    "sum32_le": _spec("sum32_le", "sum-32", "u4", "le", tells=False),
    "ubx": Wire(lambda: sigflow.load("ubx"), _ubx, tells=False),
    "nmea0183": Wire(lambda: sigflow.load("nmea0183"), _nmea, tells=False),
}


# ---------------------------------------------------------------- faults

#: What becomes of a frame, and the bytes [start, stop) of the result that were touched.
Damaged = tuple[bytes, int, int]


def _flip(rng: random.Random, data: bytes) -> Damaged:
    at = rng.randrange(len(data))
    return _put(data, at, bytes([data[at] ^ 1 << rng.randrange(8)]))


def _byte(rng: random.Random, data: bytes) -> Damaged:
    at = rng.randrange(len(data))
    return _put(data, at, bytes([data[at] ^ rng.choice([value for value in range(256) if value.bit_count() > 1])]))


def _burst(rng: random.Random, data: bytes) -> Damaged:
    size = rng.randrange(2, 12)
    at = rng.randrange(len(data) - size)
    return _put(data, at, rng.randbytes(size))


def _put(data: bytes, at: int, new: bytes) -> Damaged:
    return data[:at] + new + data[at + len(new) :], at, at + len(new)


def _zeros(rng: random.Random, data: bytes) -> Damaged:
    size = rng.randrange(4, 30)
    at = rng.randrange(max(1, len(data) - size))
    return _put(data, at, bytes(min(size, len(data) - at)))


def _drop(rng: random.Random, data: bytes) -> Damaged:
    at = rng.randrange(len(data))
    return data[:at] + data[at + 1 :], at, at + 1


def _delete(rng: random.Random, data: bytes) -> Damaged:
    size = rng.randrange(2, len(data) // 2)
    at = rng.randrange(len(data) - size)
    return data[:at] + data[at + size :], at, at + 1


def _double(rng: random.Random, data: bytes) -> Damaged:
    at = rng.randrange(len(data))
    return data[: at + 1] + data[at:], at, at + 2


def _insert(rng: random.Random, data: bytes) -> Damaged:
    at, size = rng.randrange(len(data)), rng.choice((1, 1, 2, 5, 40))
    return data[:at] + rng.randbytes(size) + data[at:], at, at + size


def _swap(rng: random.Random, data: bytes) -> Damaged:
    at = rng.randrange(len(data) - 2)
    return data[:at] + data[at : at + 2][::-1] + data[at + 2 :], at, at + 2


def _twice(rng: random.Random, data: bytes) -> Damaged:
    """Two bits, anywhere."""
    first, other = sorted(rng.sample(range(len(data)), 2))
    changed = bytearray(data)
    changed[first] ^= 1 << rng.randrange(8)
    changed[other] ^= 1 << rng.randrange(8)
    return bytes(changed), first, other + 1


#: As they are taken in turn; of the first twelve, five are single bits and bytes.
KINDS: tuple[Callable[[random.Random, bytes], Damaged], ...] = (
    _flip, _flip, _flip, _byte, _byte, _burst, _zeros, _drop, _delete, _double, _insert, _swap, _twice,
)  # fmt: skip
SINGLE = (_flip, _byte)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its kind, the damaged frame's place in the stream, its length as it was, and the bytes touched."""

    kind: str
    single: bool
    frame: int
    length: int
    start: int
    stop: int


def capture(wire: Wire, rng: random.Random, count: int, frames: int = FRAMES) -> tuple[bytes, list[Fault]]:
    """A damaged stream, and what was done to it."""
    damaged = set(rng.sample(range(frames), count))
    kinds = [KINDS[number % len(KINDS)] for number in range(count)]
    rng.shuffle(kinds)
    out, faults = bytearray(), []
    for number in range(frames):
        data = wire.frame(rng, number)
        if number in damaged:
            kind = kinds.pop()
            new, start, stop = kind(rng, data)
            if new != data:
                base = len(out)
                single = kind in SINGLE
                faults.append(Fault(kind.__name__[1:], single, base, len(data), base + start, base + stop))
            data = new
        out += data
    return bytes(out), faults


# ---------------------------------------------------------------- what is told

_FRAME = re.compile(r"(?:^|; of the )frame at (\d+)")
_LIKELY = re.compile(r"likely (.*)")


@dataclass(frozen=True, slots=True)
class Said:
    """A cause as a verdict words it: of which frame, and whether firmly."""

    frame: int
    words: str
    firm: bool


def said(message: str) -> Iterator[Said]:
    """The causes in a finding's message."""
    for piece in re.split(r"(?=; of the frame at )", message):
        frame, likely = _FRAME.search(piece), _LIKELY.search(piece)
        if frame is not None and likely is not None:
            for words in likely[1].split("; or "):
                yield Said(int(frame[1]), words, "(weak: " not in words)


def true(cause: Said, faults: Sequence[Fault], data: bytes) -> Fault | None:
    """The fault that a cause names; None where it names none."""
    at = re.search(r"at offset (\d+)", cause.words)
    for fault in faults:
        if at is not None:
            place = int(at[1])
            same = data[place : place + 1] * abs(fault.start - place)  # which of a run of bytes is the same
            run = data[min(place, fault.start) : max(place, fault.start)] == same
            if fault.start <= place < fault.stop or (run and fault.kind in ("drop", "double", "insert")):
                return fault
        elif fault.frame == cause.frame and f"holds for {fault.length} bytes" in cause.words:
            return fault
    return None


@dataclass(slots=True)
class Score:
    """What was counted of a format."""

    firm: int = 0
    true: int = 0
    single: int = 0
    told: int = 0
    worst: float = 0.0


def score(wire: Wire, seeds: int, faults: int, show: Callable[[str], object] = lambda words: None) -> Score:
    """The score of a format over so many captures; show: is told each firm cause that is false."""
    score, format = Score(), wire.format()
    for seed in range(seeds):
        rng = random.Random(f"{format.name} {seed}")
        data, done = capture(wire, rng, faults)
        begun = time.process_time()
        with sigflow.open(data, format) as recording:
            messages = [diagnostic.message for diagnostic in recording.validate().diagnostics]
        score.worst = max(score.worst, time.process_time() - begun)
        hit = set()
        for cause in (cause for message in messages for cause in said(message) if cause.firm):
            score.firm += 1
            fault = true(cause, done, data)
            if fault is None:
                show(f"{format.name} {seed}: frame at {cause.frame}: {cause.words}")
            else:
                score.true += 1
                hit.add(fault)
        score.single += sum(fault.single for fault in done)
        score.told += sum(fault.single for fault in hit)
    return score


def worst(wire: Wire, seed: int = 1, size: int = 1_000_000) -> float:
    """Processor seconds of a verdict, in words, on so many bytes in which every frame is damaged."""
    rng, format = random.Random(seed), wire.format()
    pieces: list[bytes] = []
    while size > 0:
        pieces.append(capture(wire, rng, 200, 200)[0])
        size -= len(pieces[-1])
    with sigflow.open(b"".join(pieces), format) as recording:
        begun = time.process_time()
        report = recording.validate()
        list(report.diagnostics)
        symptoms(recording, report)
        return time.process_time() - begun


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Score the causes that verdicts tell of damaged frames.")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--faults", type=int, default=FAULTS)
    parser.add_argument("--format", action="append", choices=WIRES, help="only this one; may be repeated")
    parser.add_argument("--show", action="store_true", help="list the firm causes that are false")
    asked = parser.parse_args()
    chosen = {name: WIRES[name] for name in asked.format or WIRES}
    print(f"{'format':16}{'firm':>7}{'true':>8}{'single':>8}{'told':>8}{'worst s':>9}{'1 MB, s':>9}")
    for name, wire in chosen.items():
        done = score(wire, asked.seeds, asked.faults, print if asked.show else lambda words: None)
        share = f"{done.true / done.firm:.1%}" if done.firm else "-"
        told = f"{done.told / done.single:.1%}" if wire.tells else "-"
        print(f"{name:16}{done.firm:7}{share:>8}{done.single:8}{told:>8}{done.worst:9.2f}{worst(wire):9.2f}")


if __name__ == "__main__":
    main()
