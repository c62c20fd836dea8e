"""The bundled formats, alone and interleaved, on damaged streams: all ways of decoding agree."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable

from hypothesis import given, settings

from sigflow import catalog, checksums
from sigflow.runtime.envelope import Envelope
from tests.stream import damage
from tests.stream.ways import decode_all_ways
from tests.tape import tapes


def _sgf1(payload: bytes) -> bytes:
    head = struct.pack(">4sBBIQI", b"SGF1", 1, 0, 7, 1, len(payload))
    return head + struct.pack(">I", zlib.crc32(payload, zlib.crc32(head))) + payload


def _instrument(payload: bytes) -> bytes:
    payload = payload or b"A"
    line = b"ENDIAN:B\r\n" if len(payload) % 2 else b"N:;END\r\n"
    checksum = zlib.crc32(payload).to_bytes(4, "big")
    return b"*HDR\r\n" + line + b"LEN:%d\r\n;END\r\n" % len(payload) + payload + checksum


def _nmea(payload: bytes) -> bytes:
    body = bytes(48 + byte % 40 for byte in payload)
    return b"$" + body + b"*%02X\r\n" % checksums.get("xor-8").compute(body)


def _ubx(payload: bytes) -> bytes:
    body = b"\1\2" + len(payload).to_bytes(2, "little") + payload
    return b"\xb5\x62" + body + checksums.get("fletcher-16-mod256").compute(body).to_bytes(2, "little")


def _ccsds(payload: bytes) -> bytes:
    return b"\x08\5\xc0\0" + (len(payload or b"1") - 1).to_bytes(2, "big") + (payload or b"1")


MAKERS: dict[str, Callable[[bytes], bytes]] = {
    "sgf1": _sgf1,
    "instrument_hdr": _instrument,
    "nmea0183": _nmea,
    "ubx": _ubx,
    "ccsds_space_packet": _ccsds,
    "sgf_legacy": lambda payload: b"\0\7" + len(payload).to_bytes(4, "big") + payload,
    "tlv": lambda payload: b"\0\1" + len(payload).to_bytes(2, "big") + payload,
}


@settings(max_examples=400)
@given(rng=tapes(500))
def test_all_ways_agree(rng: random.Random) -> None:
    names = rng.sample(list(MAKERS), rng.choice((1, 1, 2, 3)))
    envelopes: list[Envelope] = [envelope for name in names if (envelope := catalog.load(name).envelope)]
    markers = [literal for member in envelopes for literal in member.search.sync] or [b"\0\1"]
    makers = [MAKERS[name] for name in names]
    decode_all_ways(envelopes, damage.stream(rng, makers, markers, rng.choice((60, 150))), rng)
