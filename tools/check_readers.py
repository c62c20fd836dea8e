"""Do independent readers accept the frames that are built?  Each gets frames of random values, and must give them back.

    python -m tools.check_readers [--frames 10000] [--seed 0] [--readers NAME...]

Readers: pyubx2, pynmeagps, pymavlink, pyrtcm, space_packet_parser and dpkt, from PyPI, and the parser that the official
Kaitai compiler makes of `sgf1.ksy`.  A reader that is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import importlib
import io
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sigflow
from sigflow.stream.format import Format
from tools import oracle

ROOT = Path(__file__).resolve().parent.parent
WIRES = ROOT / "tests" / "wires"
#: RTCM 10403, section 4: a frame of version 3.
RTCM = """\
meta: {id: rtcm3, endian: be, bit-endian: be, ks-version: "0.11"}
-sigflow-stream: {checksum: {field: crc, algorithm: CRC-24/LTE-A, over: preamble..message}}
seq:
  - {id: preamble, contents: [0xd3]}
  - {id: reserved, type: b6, valid: 0}
  - {id: len_message, type: b10}
  - {id: message, size: len_message}
  - {id: crc, type: b24}
"""


def compiled(text: str) -> Format:
    """A format of a spec's text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spec.ksy"
        path.write_text(text, encoding="utf-8")
        return sigflow.compile(path)


def of_ubx(count: int, rng: random.Random) -> int:
    """UBX-ACK-ACK and UBX-NAV-PVT, which have payloads of 2 and 92 bytes."""
    reader: Any = importlib.import_module("pyubx2").UBXReader
    format = sigflow.load("ubx")
    sent = []
    for _ in range(count):
        kind, number, size = rng.choice([(5, 1, 2), (1, 7, 92)])
        sent.append({"msg_class": kind, "msg_id": number, "payload": rng.randbytes(size)})
    data = b"".join(map(format.build, sent))
    read = list(reader(io.BytesIO(data), quitonerror=2, validate=1))
    assert len(read) == count, f"{len(read)} of {count} frames"
    for value, (_, message) in zip(sent, read, strict=True):
        assert message.payload == value["payload"] and message.msg_cls[0] == value["msg_class"]
    return count


def of_nmea(count: int, rng: random.Random) -> int:
    """GGA sentences."""
    reader: Any = importlib.import_module("pynmeagps").NMEAReader
    format = sigflow.load("nmea0183")
    sent = []
    for _ in range(count):
        fields = [
            f"{rng.randrange(24):02}{rng.randrange(60):02}{rng.randrange(60):02}.00",
            f"{rng.randrange(90):02}{rng.randrange(60):02}.{rng.randrange(10**5):05}", "N",
            f"{rng.randrange(180):03}{rng.randrange(60):02}.{rng.randrange(10**5):05}", "E",
            "1", f"{rng.randrange(13):02}", "1.0", f"{rng.randrange(900)}.5", "M", "40.1", "M", "", "",
        ]  # fmt: skip
        sent.append({"start": "$", "body": {"address": "GNGGA", "fields": fields}})
    data = b"".join(map(format.build, sent))
    read = list(reader(io.BytesIO(data), quitonerror=2, validate=1))
    assert len(read) == count, f"{len(read)} of {count} sentences"
    for value, (raw, message) in zip(sent, read, strict=True):
        assert message.msgID == "GGA" and value["body"]["fields"][7].encode() in raw
    return count


def of_mavlink(count: int, rng: random.Random) -> int:
    """HEARTBEAT and ATTITUDE of MAVLink 1."""
    dialect: Any = importlib.import_module("pymavlink.dialects.v10.common")
    format = sigflow.compile(WIRES / "mavlink1.ksy")
    sent = []
    for number in range(count):
        message, size = rng.choice([(0, 9), (30, 28)])
        value = {"sequence": number % 256, "system": rng.randrange(1, 250), "component": 1, "message": message}
        sent.append({**value, "payload": rng.randbytes(size)})
    data = b"".join(map(format.build, sent))
    read = dialect.MAVLink(io.BytesIO()).parse_buffer(data)
    assert len(read) == count, f"{len(read)} of {count} messages"
    for value, message in zip(sent, read, strict=True):
        assert (message.get_msgId(), message.get_srcSystem()) == (value["message"], value["system"])
        assert bytes(message.get_payload()) == value["payload"]
    return count


def of_rtcm(count: int, rng: random.Random) -> int:
    """Message 1005, of 152 bits."""
    reader: Any = importlib.import_module("pyrtcm").RTCMReader
    format = compiled(RTCM)
    messages = [(1005 << 140 | rng.getrandbits(140)).to_bytes(19, "big") for _ in range(count)]
    data = b"".join(format.build({"message": message}) for message in messages)
    read = list(reader(io.BytesIO(data), quitonerror=2, validate=1))
    assert len(read) == count, f"{len(read)} of {count} messages"
    for message, (_, parsed) in zip(messages, read, strict=True):
        assert parsed.identity == "1005" and parsed.payload == message
    return count


def of_packets(count: int, rng: random.Random) -> int:
    """CCSDS space packets."""
    reader: Any = importlib.import_module("space_packet_parser").ccsds_generator
    format = sigflow.load("ccsds_space_packet")
    sent = []
    for number in range(count):
        value = {"packet_type": 0, "has_secondary_header": rng.random() < 0.5, "apid": rng.randrange(2047)}
        more = {"sequence_flags": 3, "sequence_count": number % 16384, "data": rng.randbytes(rng.randrange(1, 99))}
        sent.append({**value, **more})
    data = b"".join(map(format.build, sent))
    read = list(reader(io.BytesIO(data)))
    assert len(read) == count, f"{len(read)} of {count} packets"
    for value, packet in zip(sent, read, strict=True):
        assert bytes(packet)[6:] == value["data"] and packet.apid == value["apid"]
    return count


def of_pcap(count: int, rng: random.Random) -> int:
    """A libpcap savefile."""
    reader: Any = importlib.import_module("dpkt.pcap").Reader
    format = sigflow.compile(WIRES / "pcap.ksy")
    part = format.parts()[0]
    header = {"version": [2, 4], "zone": 0, "accuracy": 0, "snap_length": 2000, "link_type": 1}
    preamble = part.build({"header": header})
    bound = format.with_preamble(preamble)
    sent = []
    for number in range(count):
        data = rng.randbytes(rng.randrange(200))
        value = {"seconds": number, "microseconds": rng.randrange(10**6), "original_length": len(data)}
        sent.append({**value, "data": data})
    file = preamble + b"".join(map(bound.build, sent))
    read = list(reader(io.BytesIO(file)))
    assert len(read) == count, f"{len(read)} of {count} packets"
    for value, (moment, data) in zip(sent, read, strict=True):
        assert data == value["data"] and int(moment) == value["seconds"]
    return count


def of_kaitai(count: int, rng: random.Random) -> int:
    """SGF1, by the parser of the official compiler."""
    if oracle.why_absent():
        raise ModuleNotFoundError(oracle.why_absent(), name="kaitai-struct-compiler")
    format = sigflow.load("sgf1")
    with tempfile.TemporaryDirectory() as folder:
        (outcome,) = oracle.compile_many([ROOT / "formats" / "sgf1.ksy"], folder)
        assert outcome.ok, outcome.errors
        sys.path.insert(0, folder)
        try:
            made: Any = importlib.import_module(outcome.files[0].stem)
        finally:
            sys.path.remove(folder)
    for number in range(count):
        flags = {"reserved": rng.randrange(32), "compressed": rng.random() < 0.5, "encoding": rng.randrange(2)}
        value = {"version": 1, "flags": flags, "stream_id": rng.getrandbits(32), "sequence": number}
        payload = rng.randbytes(rng.randrange(100))
        unit = made.Sgf1.from_bytes(format.build({**value, "payload": payload}))
        read = {"version": unit.version, "stream_id": unit.stream_id, "sequence": unit.sequence}
        assert read == {key: value[key] for key in read} and unit.payload == payload
        assert (unit.flags.reserved, unit.flags.compressed, int(unit.flags.encoding)) == tuple(flags.values())
    return count


READERS: dict[str, Callable[[int, random.Random], int]] = {
    "pyubx2": of_ubx,
    "pynmeagps": of_nmea,
    "pymavlink": of_mavlink,
    "pyrtcm": of_rtcm,
    "space_packet_parser": of_packets,
    "dpkt": of_pcap,
    "kaitai": of_kaitai,
}


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--frames", type=int, default=10_000, help="of each reader (default 10,000)")
    options.add_argument("--seed", type=int, default=0, help="of the random values (default 0)")
    options.add_argument("--readers", nargs="+", choices=READERS, default=list(READERS), metavar="NAME")
    chosen = options.parse_args()
    failed = False
    for name in chosen.readers:
        try:
            print(f"{name}: {READERS[name](chosen.frames, random.Random(chosen.seed))} frames accepted", flush=True)
        except ModuleNotFoundError as error:
            print(f"{name}: left out, {error}")
        except AssertionError as error:
            failed = True
            print(f"{name}: {error}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
