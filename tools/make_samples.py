"""Makes the captures in `samples/`, and beside each `NAME.expected.json`: what a scan must find in it.

    python tools/make_samples.py [DIR]

Strategy.  A sample is a list of pieces, each a frame or bytes that are none, and the expectation is counted while the
pieces are put together: nothing here runs sigflow.  The generator is seeded, so every run writes the same bytes.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

SEED = 20240229
SEPARATOR = "no-marker"

#: Compressed payloads are kept as bytes, since implementations of zlib compress differently.  "temperature nominal; "
#: eight times, and four times the TLV list 1 = "sensor-9", 2 = [3 = 0000002a, 4 = "ok"].
DEFLATED_TEXT = bytes.fromhex("78da2b49cd2d482d4a2c292d4a55c8cbcfcdcc4bccb15628197c820089e740b9")
DEFLATED_LIST = bytes.fromhex("78da636064e0284ecd2bce2fd2b56c6062e063606660616060d002924cf9d90c34930500929c12a9")


class Sample:
    """A capture being put together.  State: the bytes so far, and what of them is a frame, a gap, a fault."""

    def __init__(self, *specs: str) -> None:
        self.specs = specs
        self.data = bytearray()
        self.frames = dict.fromkeys(specs, 0)
        self.gaps: list[tuple[int, int, list[str]]] = []
        self.lost = 0
        self.diagnostics: list[dict[str, object]] = []

    def frame(self, format: str, raw: bytes) -> None:
        """A good frame."""
        self.frames[format] += 1
        self.data += raw

    def gap(self, raw: bytes, *reasons: str) -> None:
        """Bytes in no frame; a gap that touches the one before it is the same gap."""
        start = len(self.data)
        self.data += raw
        if self.gaps and self.gaps[-1][1] == start:
            first, _, known = self.gaps.pop()
            self.gaps.append((first, len(self.data), list(dict.fromkeys([*known, *reasons]))))
        else:
            self.gaps.append((start, len(self.data), list(reasons)))

    def bad(self, format: str, raw: bytes, reason: str, at: int, path: str) -> None:
        """A frame that is refused: its first byte for `reason`, the others because no marker stands there.

        at, path: where in the frame the fault is found, and in which field.
        """
        self._diagnostic(reason, at, format, path)
        self.gap(raw, f"{format}:{reason}", SEPARATOR)

    def loss(self, format: str, path: str, count: int = 1) -> None:
        """The frame that comes next shows by its counter that `count` frames before it never came."""
        self.lost += count
        self._diagnostic("loss", 0, format, path)

    def _diagnostic(self, code: str, at: int, format: str, path: str) -> None:
        offset = len(self.data) + at
        self.diagnostics.append({"code": code, "severity": "error", "offset": offset, "format": format, "path": path})

    def expectation(self) -> dict[str, object]:
        """What `sigflow validate --format json` must find."""
        return {
            "specs": list(self.specs),
            "bytes": len(self.data),
            "frames": self.frames,
            "gap_bytes": sum(stop - start for start, stop, _ in self.gaps),
            "gaps": [{"start": start, "stop": stop, "reasons": reasons} for start, stop, reasons in self.gaps],
            "sequence": {"lost": self.lost, "duplicate": 0, "reordered": 0, "restarts": 0, "strays": 0},
            "diagnostics": self.diagnostics,
        }


# ---------------------------------------------------------------- frames


def sgf1(stream: int, sequence: int, payload: bytes, *, tlv: bool = False, compressed: bool = False) -> bytes:
    """A telemetry frame."""
    head = struct.pack(">4sBBIQI", b"SGF1", 1, compressed << 2 | tlv, stream, sequence, len(payload))
    return head + zlib.crc32(payload, zlib.crc32(head)).to_bytes(4, "big") + payload


def legacy(stream: int, payload: bytes) -> bytes:
    """A record of the stream that came before."""
    return struct.pack(">HI", stream, len(payload)) + payload


def element(tag: int, value: bytes | Sequence[bytes]) -> bytes:
    """A TLV element; a list of elements makes it a constructed one."""
    if not isinstance(value, bytes):
        tag, value = tag | 0x8000, b"".join(value)
    return struct.pack(">HH", tag, len(value)) + value


def instrument(values: Sequence[int], order: str, *lines: str) -> bytes:
    """An instrument frame of 16-bit samples."""
    payload = struct.pack(("<" if order == "L" else ">") + f"{len(values)}h", *values)
    header = "".join(f"{line}\r\n" for line in ("*HDR", *lines, f"ENDIAN:{order}", f"LEN:{len(payload)}", ";END"))
    return header.encode("ascii") + payload + zlib.crc32(payload).to_bytes(4, "big")


def wave(count: int, periods: int, amplitude: int) -> list[int]:
    """Something like a sine, of parabolas: integers are the same on every machine."""
    phases = [(2 * periods * n) % (2 * count) for n in range(count)]
    return [amplitude * 4 * (p % count) * (count - p % count) // count**2 * (1 if p < count else -1) for p in phases]


# ---------------------------------------------------------------- samples


def valid_telemetry(rng: random.Random) -> Sample:
    """Three streams, every payload encoding, an empty payload, a sequence that wraps."""
    sample = Sample("sgf1")
    sequences = {7: 1, 9: (1 << 64) - 3, 0x01020304: 1000}  # the first number of each stream
    for turn in range(8):
        for stream, sequence in sequences.items():
            reading = struct.pack(">Id", turn, 20 + rng.randrange(-64, 64) / 128)
            point = [element(1, f"sensor-{stream}".encode()), element(2, [element(3, reading), element(4, b"ok")])]
            payloads: list[tuple[bytes, bool, bool]] = [
                (b"alpha", False, False),
                (b"", False, False),
                (b"".join(point), True, False),
                (DEFLATED_TEXT, False, True),
                (DEFLATED_LIST, True, True),
            ]
            payload, tlv, compressed = payloads[(turn + stream) % len(payloads)]
            number = (sequence + turn) % (1 << 64)
            sample.frame("sgf1", sgf1(stream, number, payload, tlv=tlv, compressed=compressed))
    return sample


def truncated_stream(rng: random.Random) -> Sample:
    """Good frames, then one whose recording stopped within its payload."""
    sample = Sample("sgf1")
    for sequence in range(1, 6):
        sample.frame("sgf1", sgf1(7, sequence, rng.randbytes(40)))
    last = sgf1(7, 6, b"the recorder lost power while this was written")
    sample.bad("sgf1", last[:45], "truncated", 26, "payload")
    return sample


def malformed_frame(rng: random.Random) -> Sample:
    """A frame with a wrong checksum among good ones; its sequence number is missing, so one frame is lost."""
    sample = Sample("sgf1")
    for sequence in range(1, 8):
        raw = sgf1(7, sequence, b"reading %d: %d mV" % (sequence, rng.randrange(3000, 3600)))
        if sequence == 4:
            damaged = bytearray(raw)
            damaged[-3] ^= 0x10
            sample.bad("sgf1", bytes(damaged), "checksum", 22, "checksum")
            sample.loss("sgf1", "sequence")
        else:
            sample.frame("sgf1", raw)
    return sample


def legacy_archive(rng: random.Random) -> Sample:
    """An archive to migrate: neither magic nor checksum, confirmed by its chain alone."""
    sample = Sample("sgf_legacy")
    for number in range(20):
        payload = b"" if number == 11 else b"event %d " % number + rng.randbytes(rng.randrange(4, 60))
        sample.frame("sgf_legacy", legacy(7 if number % 3 else 12, payload))
    return sample


def nested_tlv(rng: random.Random) -> Sample:
    """Lists in lists; the deepest element stands at the depth that is allowed.

    No list holds so many elements in a row that they would count as a run of frames of their own.
    """
    sample = Sample("tlv")
    for number in range(1, 11):
        sample.frame("tlv", element(number, rng.randbytes(rng.randrange(1, 12))))
        tree: bytes | list[bytes] = b"depth"
        for depth in range(min(number * 2, 15)):
            tree = [element(0x100 + depth, tree)]
        sample.frame("tlv", element(number, [element(0x200, b""), *tree] if isinstance(tree, list) else tree))
    return sample


def oscilloscope(rng: random.Random) -> Sample:
    """Acquisitions of one instrument in both byte orders."""
    sample = Sample("instrument_hdr")
    for number in range(6):
        values = [value + rng.randrange(-3, 4) for value in wave(200, 3 + number, 12_000)]
        lines = ("DEV:OSC-4000", "MODE:RAW_ACQ", f"CH:{number % 2 + 1}", "NOTE:gain x10; ;END of sweep")
        sample.frame("instrument_hdr", instrument(values, "LB"[number % 2], *lines))
    return sample


def mixed_noise(rng: random.Random) -> Sample:
    """Frames between what a bad line makes of silence, and one frame whose payload was hit."""
    sample = Sample("instrument_hdr")
    for number in range(8):
        # Without the marker's first byte, noise can neither be a marker nor end in half of one.
        noise = rng.randbytes(rng.randrange(3, 40)).replace(b"*", b"?")
        if number != 5:
            sample.gap(noise, SEPARATOR)
        raw = instrument(wave(32, 1 + number, 9_000), "B", "DEV:DMM-34", f"SHOT:{number}")
        if number == 4:
            damaged = bytearray(raw)
            damaged[-20] ^= 0x01
            sample.bad("instrument_hdr", bytes(damaged), "checksum", len(raw) - 4, "checksum")
        else:
            sample.frame("instrument_hdr", raw)
    return sample


SAMPLES: dict[str, Callable[[random.Random], Sample]] = {
    "valid_telemetry.sgf": valid_telemetry,
    "truncated_stream.sgf": truncated_stream,
    "malformed_frame.sgf": malformed_frame,
    "legacy_archive.sgf": legacy_archive,
    "nested.tlv": nested_tlv,
    "oscilloscope.hdr": oscilloscope,
    "mixed_noise.hdr": mixed_noise,
}


def write(folder: Path) -> None:
    """Write every sample and its expectation into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in SAMPLES.items():
        sample = make(random.Random(f"{SEED} {name}"))
        (folder / name).write_bytes(sample.data)
        text = json.dumps(sample.expectation(), indent=2)
        (folder / f"{name}.expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "samples")
