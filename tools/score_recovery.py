"""Damages streams on purpose and scores who finds what is left of them: sigflow and the readers one would else pick.

    python -m tools.score_recovery [--faults 100000] [--others 2000] [--seed 1] [--format NAME]... [--kind KIND]...
                                   [--engine auto|python|native] [--json]

For each format and each kind of fault a stream of good frames is made, every one of them different, and damaged by
`sigflow.recover.corrupt`: one fault in six frames, and one in forty where no checksum tells them.  A frame that no
fault touched should come out (recall); what comes out should be a frame that was sent (precision).

    recall      undamaged frames that came out, of all that were there
    missed      how many did not
    false       frames that came out though their checksum-covered bytes (of a format without a checksum: their bytes)
                were never sent; without a checksum, a damaged frame whose header is right is among them
    lost        bytes of undamaged frames that did not come out, per fault
    bound       what docs/reliability.md promises of that: nothing is lost where a checksum covers the frame; a format
                that is confirmed by a chain of n frames and whose headers tell a counter loses fewer than n - 1 frames
                on average; none (-) where they tell none, or any
                bytes are a valid header

Faults of kind `truncate` each end a stream of their own, of a few frames.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import sigflow
from sigflow import catalog, checksums
from sigflow.recover.corrupt import KINDS, TRUNCATE, Fault, corrupt, plan
from sigflow.storage.memory import MemoryStorage
from tools.make_samples import element, legacy, sgf1

#: Frames for each fault, with and without a checksum; the longest stretch of a fault; frames of one stream, and of one
#: that is cut.
APART, FAR_APART = 6, 40
LONGEST = 16
BATCH = 120_000
FEW = 4
#: What a naive loop takes for a length at most.
SANE = 1 << 16

Reader = Callable[[bytes], Iterable[bytes]]


# ---------------------------------------------------------------- formats


def _sgf1(rng: random.Random, number: int) -> bytes:
    return sgf1(7, number, rng.randbytes(rng.randrange(12, 80)))


def _ubx(rng: random.Random, number: int) -> bytes:
    body = bytes((1, 7)) + (payload := struct.pack("<I", number) + rng.randbytes(rng.randrange(8, 80)))
    body = body[:2] + struct.pack("<H", len(payload)) + payload
    return b"\xb5\x62" + body + struct.pack("<H", checksums.get("fletcher-16-mod256").compute(body))


def _instrument(rng: random.Random, number: int) -> bytes:
    payload = struct.pack(">I", number) + rng.randbytes(rng.randrange(8, 80))
    crc = checksums.get("CRC-32/ISO-HDLC").compute(payload)
    return b"*HDR\r\nSHOT:%d\r\nLEN:%d\r\n;END\r\n" % (number, len(payload)) + payload + struct.pack(">I", crc)


def _legacy(rng: random.Random, number: int) -> bytes:
    return legacy(3, struct.pack(">I", number) + rng.randbytes(rng.randrange(8, 80)))


def _ccsds(rng: random.Random, number: int) -> bytes:
    data = struct.pack(">I", number) + rng.randbytes(rng.randrange(8, 80))
    return struct.pack(">HHH", 0x0800 | 11, 0xC000 | number & 0x3FFF, len(data) - 1) + data


def _tlv(rng: random.Random, number: int) -> bytes:
    return element(number % 200 + 1, struct.pack(">I", number) + rng.randbytes(rng.randrange(8, 80)))


@dataclass(frozen=True, slots=True)
class Wire:
    """A format to be scored.  sent: what of a frame must have been sent.  size: the length of the frame at data[at],
    for the naive loop; None where its header is not there.  holds: its checksum.
    """

    make: Callable[[random.Random, int], bytes]
    sent: Callable[[bytes], bytes]
    marker: bytes
    size: Callable[[bytes, int], int | None]
    holds: Callable[[bytes], bool]

    @property
    def apart(self) -> int:
        """Frames for each fault."""
        return APART if self.marker else FAR_APART


def _instrument_size(data: bytes, at: int) -> int | None:
    end = data.find(b";END\r\n", at, at + 4096)
    key = data.find(b"LEN:", at, end) if end > 0 else -1
    digits = data[key + 4 : data.find(b"\r", key)] if key >= 0 else b""
    return end + 6 - at + int(digits) + 4 if digits.isdigit() else None


def _crc(data: bytes) -> int:
    return checksums.get("CRC-32/ISO-HDLC").compute(data)


def _short(at: int, size: int, wanted: Callable[[bytes], int]) -> Callable[[bytes, int], int | None]:
    return lambda data, here: wanted(data[here + at : here + at + size]) if here + at + size <= len(data) else None


def _instrument_payload(raw: bytes) -> bytes:
    return raw[raw.index(b";END\r\n") + 6 :]


WIRES = {
    "sgf1": Wire(
        _sgf1,
        lambda raw: raw,
        b"SGF1",
        _short(18, 4, lambda field: 26 + int.from_bytes(field, "big")),
        lambda raw: _crc(raw[:22] + raw[26:]) == int.from_bytes(raw[22:26], "big"),
    ),
    "instrument_hdr": Wire(
        _instrument,
        _instrument_payload,
        b"*HDR\r\n",
        _instrument_size,
        lambda raw: _crc(_instrument_payload(raw)[:-4]) == int.from_bytes(raw[-4:], "big"),
    ),
    "ubx": Wire(
        _ubx,
        lambda raw: raw,
        b"\xb5\x62",
        _short(4, 2, lambda field: 8 + int.from_bytes(field, "little")),
        lambda raw: checksums.get("fletcher-16-mod256").compute(raw[2:-2]) == int.from_bytes(raw[-2:], "little"),
    ),
    "sgf_legacy": Wire(
        _legacy, lambda raw: raw, b"", _short(2, 4, lambda field: 6 + int.from_bytes(field, "big")), lambda raw: True
    ),
    "ccsds_space_packet": Wire(
        _ccsds, lambda raw: raw, b"", _short(4, 2, lambda field: 7 + int.from_bytes(field, "big")), lambda raw: True
    ),
    "tlv": Wire(
        _tlv, lambda raw: raw, b"", _short(2, 2, lambda field: 4 + int.from_bytes(field, "big")), lambda raw: True
    ),
}


# ---------------------------------------------------------------- readers


def by_sigflow(name: str, engine: str) -> Reader:
    """sigflow itself."""
    format = catalog.load(name)

    def read(data: bytes) -> Iterator[bytes]:
        with sigflow.open(data, format, engine=engine) as recording:
            for record in recording:
                yield record.raw

    return read


def by_loop(wire: Wire) -> Reader:
    """The loop that everybody writes first: find the marker, trust the length, check, go on behind the frame."""

    def read(data: bytes) -> Iterator[bytes]:
        at = 0
        while True:
            at = data.find(wire.marker, at)
            if not 0 <= at < len(data):
                return
            size = wire.size(data, at)
            if size is None or size > SANE:
                at += len(wire.marker) or 1
                continue
            raw = data[at : at + size]
            if len(raw) == size and wire.holds(raw):
                yield raw
            at += size

    return read


def by_pyubx2(data: bytes) -> Iterator[bytes]:
    """pyubx2, told to go on after errors."""
    from io import BytesIO

    from pyubx2 import ERR_IGNORE, UBX_PROTOCOL, UBXReader

    reader = UBXReader(BytesIO(data), protfilter=UBX_PROTOCOL, quitonerror=ERR_IGNORE, parsing=True)
    for raw, _ in reader:
        if raw is not None:
            yield raw


def by_space_packet_parser(data: bytes) -> Iterator[bytes]:
    """space_packet_parser's generator of packets."""
    from io import BytesIO

    from space_packet_parser.generators.ccsds import ccsds_generator

    for packet in ccsds_generator(BytesIO(data)):
        yield bytes(packet)


OTHERS: dict[str, tuple[str, Reader]] = {
    "ubx": ("pyubx2", by_pyubx2),
    "ccsds_space_packet": ("space_packet_parser", by_space_packet_parser),
}


# ---------------------------------------------------------------- scores


@dataclass(slots=True)
class Score:
    """What a reader did with the faults of one kind."""

    reader: str
    format: str
    kind: str
    faults: int = 0
    undamaged: int = 0
    missed: int = 0
    missed_bytes: int = 0
    emitted: int = 0
    false: int = 0
    seconds: float = 0.0
    bound: float | None = 0.0
    failure: str = ""

    @property
    def recall(self) -> float:
        """Of the undamaged frames."""
        return 1 - self.missed / self.undamaged if self.undamaged else 1.0

    @property
    def precision(self) -> float:
        """Of what came out."""
        return 1 - self.false / self.emitted if self.emitted else 1.0

    @property
    def lost(self) -> float:
        """Bytes of undamaged frames per fault."""
        return self.missed_bytes / self.faults if self.faults else 0.0


@dataclass(frozen=True, slots=True)
class Stream:
    """A damaged stream, the frames of it that no fault touched, and what was sent of all."""

    data: bytes
    faults: int
    undamaged: Sequence[bytes]
    sent: frozenset[bytes]


def stream(wire: Wire, kind: str, faults: int, rng: random.Random) -> Stream:
    """A stream with this many faults of a kind."""
    frames = [wire.make(rng, number) for number in range(FEW if kind == TRUNCATE else max(faults * wire.apart, 40))]
    data = b"".join(frames)
    spans: list[Fault] = []
    sites = plan(len(data), rng, faults, [kind], LONGEST)
    out = b"".join(corrupt(MemoryStorage(data), len(data), sites, rng, LONGEST, spans.append))
    undamaged = []
    place = next_fault = 0
    for frame in frames:
        start, place = place, place + len(frame)
        while next_fault < len(spans) and _end(spans[next_fault], data) <= start:
            next_fault += 1
        if next_fault == len(spans) or spans[next_fault].offset >= place:
            undamaged.append(frame)
    return Stream(out, faults, undamaged, frozenset(map(wire.sent, frames)))


def _end(fault: Fault, data: bytes) -> int:
    """Frames that begin here or later are not touched; an insertion touches what it is put into.

    Where what follows a deletion begins like what was deleted, deleting that gives the same stream: so it is touched.
    """
    end = fault.offset + len(fault.before)
    if not fault.after:
        while end < len(data) and data[end] == data[end - len(fault.before)]:
            end += 1
    return end


def score(score: Score, reader: Reader, wire: Wire, streams: Iterable[Stream]) -> Score:
    """Add what a reader makes of these streams."""
    for stream in streams:
        begun = time.perf_counter()
        frames: list[bytes] = []
        try:
            frames.extend(reader(stream.data))
        except Exception as error:  # another reader may do what it likes with damaged data
            score.failure = f"{type(error).__name__}: {error}"[:60]
        score.seconds += time.perf_counter() - begun
        got = set(frames)
        missed = [frame for frame in stream.undamaged if frame not in got]
        score.faults += stream.faults
        score.undamaged += len(stream.undamaged)
        score.bound = bound(score.format, stream.undamaged)
        score.missed += len(missed)
        score.missed_bytes += sum(map(len, missed))
        score.emitted += len(frames)
        score.false += sum(wire.sent(raw) not in stream.sent for raw in frames)
    return score


def bound(name: str, frames: Sequence[bytes]) -> float | None:
    """Bytes of undamaged frames that a fault may cost on average; None where nothing is promised."""
    envelope = catalog.load(name).envelope
    if envelope is None or not frames:
        return None
    if envelope.search.chain is not None and not (
        envelope.search.header_bits and envelope.measure.native_counts and envelope.decode.sequence
    ):
        return None
    return 0.0 if envelope.search.chain is None else (envelope.search.chain - 1) * sum(map(len, frames)) / len(frames)


def streams(wire: Wire, kind: str, faults: int, seed: int) -> Iterator[Stream]:
    """Streams with so many faults in all."""
    rng = random.Random(f"{seed} {kind}")
    most = 1 if kind == TRUNCATE else BATCH // wire.apart
    while faults > 0:
        count = min(faults, most)
        yield stream(wire, kind, count, rng)
        faults -= count


def scores(name: str, kind: str, faults: int, others: int, seed: int, engine: str) -> Iterator[Score]:
    """sigflow on all faults, the others on fewer."""
    wire = WIRES[name]
    used = "python" if kind == TRUNCATE else engine
    yield score(Score("sigflow", name, kind), by_sigflow(name, used), wire, streams(wire, kind, faults, seed))
    yield score(Score("naive loop", name, kind), by_loop(wire), wire, streams(wire, kind, min(faults, others), seed))
    if name in OTHERS:
        title, reader = OTHERS[name]
        try:
            __import__(title)
        except ImportError:
            print(f"left out: {title} is not installed", file=sys.stderr)
            return
        yield score(Score(title, name, kind), reader, wire, streams(wire, kind, min(faults, others), seed))


def main() -> None:
    """Print a line for each reader, format and kind."""
    parser = argparse.ArgumentParser(description="Score recovery from damage made on purpose.")
    parser.add_argument("--faults", type=int, default=100_000)
    parser.add_argument("--others", type=int, default=2_000, help="faults for the other readers, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", action="append", choices=list(WIRES), dest="formats")
    parser.add_argument("--kind", action="append", choices=list(KINDS), dest="kinds")
    parser.add_argument("--engine", default="auto", choices=["auto", "python", "native"])
    parser.add_argument("--json", action="store_true", help="a line of JSON each")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # of other readers, which warn of every cut stream
    if not asked.json:
        print(
            f"{'format':19}{'kind':10}{'reader':20}{'faults':>8}{'undamaged':>10}{'missed':>8}{'recall':>11}"
            f"{'false':>7}{'precision':>11}{'lost B':>9}{'bound':>7}{'s':>7}"
        )
    for name in asked.formats or WIRES:
        for kind in asked.kinds or KINDS:
            for score in scores(name, kind, asked.faults, asked.others, asked.seed, asked.engine):
                if asked.json:
                    rates = {"recall": score.recall, "precision": score.precision, "lost": score.lost}
                    print(json.dumps(asdict(score) | rates), flush=True)
                    continue
                limit = "-" if score.bound is None else f"{score.bound:.0f}"
                print(
                    f"{name:19}{kind:10}{score.reader:20}{score.faults:8}{score.undamaged:10}{score.missed:8}"
                    f"{score.recall:11.5%}{score.false:7}{score.precision:11.5%}{score.lost:9.1f}{limit:>7}{score.seconds:7.1f}"
                    f"  {score.failure}".rstrip(),
                    flush=True,
                )


if __name__ == "__main__":
    main()
