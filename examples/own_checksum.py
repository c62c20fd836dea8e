"""A format with a checksum and a payload codec of its own: register both, then compile the spec that names them.

python examples/own_checksum.py
"""

from __future__ import annotations

from pathlib import Path

import sigflow

SPEC = Path(__file__).with_name("own_checksum.ksy")


@sigflow.register_checksum("rotating-xor", width=8)
def rotating_xor(data: bytes) -> int:
    """XOR over the bytes, the sum turned left by one bit before each."""
    value = 0
    for byte in data:
        value = (value << 1 | value >> 7) & 0xFF ^ byte
    return value


@sigflow.register_codec("run-length")
def run_length(payload: bytes, *, limit: int) -> bytes:
    """Pairs of a count and a byte.  The limit is that of the capture's reader: what a frame asks for may be a lie."""
    if len(payload) % 2:
        raise sigflow.CodecError(f"{len(payload)} bytes are no pairs")
    if sum(payload[::2]) > limit:
        raise sigflow.LimitExceeded(f"{sum(payload[::2])} bytes, at most {limit} are allowed")
    return b"".join(payload[at + 1 : at + 2] * payload[at] for at in range(0, len(payload), 2))


def frame(payload: bytes) -> bytes:
    """What a sender of this format would write."""
    body = b"OWN" + bytes((len(payload),)) + payload
    return body + bytes((rotating_xor(body),))


def main() -> None:
    """Two frames, and one whose checksum does not hold between them."""
    damaged = bytearray(frame(b"\x02x"))
    damaged[5] ^= 0x40
    data = frame(b"\x03a\x01b") + bytes(damaged) + frame(b"\x05-")
    format = sigflow.compile(SPEC)
    with sigflow.open(data, format) as recording:
        for event in recording.events():
            match event:
                case sigflow.Record(payload=payload):
                    print(f"{event.value.payload.hex()} is {payload!r}")
                case sigflow.Gap(span=span, reasons=reasons):
                    print(f"{span}: {', '.join(reasons)}")


if __name__ == "__main__":
    main()
