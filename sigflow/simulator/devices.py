"""The instruments: an oscilloscope, a GNSS receiver, a spacecraft.  Pure functions of a seed and the frame's number.

Frames are put together here byte by byte and not built by the formats that decode them, so that each is a test of the
other.
"""

from __future__ import annotations

import datetime
import math
import random
import struct
import zlib
from collections.abc import Callable
from typing import Protocol

from sigflow.errors import UsageError

#: Samples of a waveform, and different waveforms.
POINTS, WAVEFORMS = 500, 16
#: Where the time of the GNSS receiver and the spacecraft begins.
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Device(Protocol):
    """One instrument."""

    model: str

    def frame(self, number: int) -> bytes:
        """The bytes of frame `number`, counted from 0."""
        ...


class Scope:
    """An oscilloscope: a sine of 1 V with noise, as `instrument_hdr`; samples of two bytes, 1 mV each."""

    model = "SIM-SCOPE"

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self._waveforms = [self._waveform(rng, 2 * math.pi * number / WAVEFORMS) for number in range(WAVEFORMS)]

    def _waveform(self, rng: random.Random, phase: float) -> bytes:
        values = (1000 * math.sin(4 * math.pi * point / POINTS + phase) + rng.gauss(0, 25) for point in range(POINTS))
        return struct.pack(f"<{POINTS}h", *map(round, values))

    def frame(self, number: int) -> bytes:
        """A header of text, the samples, their CRC-32."""
        samples = self._waveforms[number % WAVEFORMS]
        lines = ("*HDR", f"DEV:{self.model}", "MODE:NORMAL", f"SEQ:{number}", "XINCR:1e-06", "YMULT:0.001", "ENDIAN:L")
        head = "".join(f"{line}\r\n" for line in (*lines, f"LEN:{len(samples)}", ";END")).encode()
        return head + samples + zlib.crc32(samples).to_bytes(4, "big")


class Gnss:
    """A GNSS receiver that moves on a circle: GGA and RMC of NMEA 0183, and NAV-PVT of UBX, ten times a second."""

    model = "SIM-GNSS"

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self._center = rng.uniform(-60, 60), rng.uniform(-170, 170)

    def frame(self, number: int) -> bytes:
        """GGA, RMC and NAV-PVT in turn; three of one moment."""
        epoch, which = divmod(number, 3)
        moment = START + datetime.timedelta(milliseconds=100 * epoch)
        angle = epoch / 300
        latitude, longitude = self._center[0] + 0.001 * math.sin(angle), self._center[1] + 0.001 * math.cos(angle)
        return (self._gga, self._rmc, self._pvt)[which](moment, latitude, longitude)

    def _gga(self, moment: datetime.datetime, latitude: float, longitude: float) -> bytes:
        return _sentence(f"GPGGA,{_clock(moment)},{_angles(latitude, longitude)},1,09,0.9,120.5,M,46.9,M,,")

    def _rmc(self, moment: datetime.datetime, latitude: float, longitude: float) -> bytes:
        date = moment.strftime("%d%m%y")
        return _sentence(f"GPRMC,{_clock(moment)},A,{_angles(latitude, longitude)},0.7,84.4,{date},,,A")

    def _pvt(self, moment: datetime.datetime, latitude: float, longitude: float) -> bytes:
        """UBX-NAV-PVT, 92 bytes of payload (UBX-13003221, 32.17.15)."""
        sunday = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        sunday -= datetime.timedelta(days=moment.isoweekday() % 7)
        week_ms = (moment - sunday) // datetime.timedelta(milliseconds=1)
        day = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        head = struct.pack("<IHBBBBBBIiBBBB", week_ms, *day, 7, 20, moment.microsecond * 1000, 3, 1, 0, 9)
        place = struct.pack("<iiiiII", round(longitude * 1e7), round(latitude * 1e7), 167_400, 120_500, 1500, 2100)
        payload = (head + place).ljust(92, b"\0")
        body = struct.pack("<BBH", 0x01, 0x07, len(payload)) + payload
        first = second = 0
        for byte in body:
            first = (first + byte) & 0xFF
            second = (second + first) & 0xFF
        return b"\xb5\x62" + body + bytes([first, second])


def _clock(moment: datetime.datetime) -> str:
    return f"{moment:%H%M%S}.{moment.microsecond // 10_000:02}"


def _angles(latitude: float, longitude: float) -> str:
    """Degrees and minutes, as NMEA writes them."""
    out = []
    for angle, width, signs in ((latitude, 2, "NS"), (longitude, 3, "EW")):
        minutes = round(abs(angle) * 60, 4)
        out.append(f"{int(minutes // 60):0{width}}{minutes % 60:07.4f},{signs[angle < 0]}")
    return ",".join(out)


def _sentence(body: str) -> bytes:
    checksum = 0
    for byte in body.encode():
        checksum ^= byte
    return f"${body}*{checksum:02X}\r\n".encode()


class Spacecraft:
    """A source of CCSDS space packets of three applications, each with a secondary header of time (CCSDS 301.0-B-4,
    unsegmented: four bytes of seconds, two of fraction).
    """

    model = "SIM-SPACECRAFT"
    APIDS = (11, 42, 300)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def frame(self, number: int) -> bytes:
        """A packet; the applications take turns."""
        count, which = divmod(number, len(self.APIDS))
        rng = random.Random(self._seed * 1_000_003 + number)
        seconds = int(START.timestamp()) + number // 10
        data = struct.pack(">IH", seconds & 0xFFFFFFFF, number % 10 * 6553) + rng.randbytes(16 << which)
        return struct.pack(">HHH", 0x0800 | self.APIDS[which], 0xC000 | count & 0x3FFF, len(data) - 1) + data


DEVICES: dict[str, Callable[[int], Device]] = {"scope": Scope, "gnss": Gnss, "ccsds": Spacecraft}


def device(name: str, seed: int) -> Device:
    """The instrument of this name.  Raises `UsageError` where there is none."""
    if name not in DEVICES:
        raise UsageError(f"there is no instrument {name!r}: {', '.join(DEVICES)}")
    return DEVICES[name](seed)


def block(data: bytes) -> bytes:
    """A definite block of IEEE 488.2 (8.7.9)."""
    digits = str(len(data))
    return f"#{len(digits)}{digits}".encode() + data


class Answers:
    """Answers to queries, as IEEE 488.2 and SCPI have them.  State: the number of the next frame, the last error."""

    def __init__(self, device: Device, seed: int) -> None:
        self._device = device
        self._identity = f"sigflow,{device.model},{seed},1.0"
        self.number = 0
        self._error = '0,"No error"'

    def to(self, query: bytes) -> bytes:
        """The answer to one line; nothing to a command.  `CURV?` gives the next frame as a block."""
        words = query.strip().upper()
        if words == b"*IDN?":
            return self._identity.encode() + b"\n"
        if words in (b"CURV?", b"CURVE?"):
            self.number += 1
            return block(self._device.frame(self.number - 1)) + b"\n"
        if words in (b"SYST:ERR?", b"SYSTEM:ERROR?"):
            error, self._error = self._error, '0,"No error"'
            return error.encode() + b"\n"
        if words and words not in (b"*RST", b"*CLS"):
            self._error = '-113,"Undefined header"'
        return b""
