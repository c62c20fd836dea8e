"""What people mean by a name of a checksum that is not known: by its parameters, never by its letters.

`CRC32` is what zlib, PNG and Ethernet compute, and not the catalogue's name that looks most like it.  Only what differs
from a known name by its case, its punctuation or a slip of the pen is taken for that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_ZLIB = ("CRC-32/ISO-HDLC",)
_CCITT = ("CRC-16/IBM-3740", "CRC-16/KERMIT", "CRC-16/XMODEM")
_X25 = ("CRC-16/IBM-SDLC",)
_DALLAS = ("CRC-8/MAXIM-DOW",)
_CRC_8_D5 = ("CRC-8/DVB-S2",)
_MODE_S = ("{width: 24, poly: 0xfff409}",)
_NEGATED = ("lrc",)
_INVERTED = ("{sum: 8, complement: ones}",)
_XOR_16 = ("{xor: 16, word: u2be}", "{xor: 16, word: u2le}")
_FLETCHER = ("fletcher-16", "fletcher-16-mod256")

#: By the name in capitals, without punctuation.
MEANT: dict[str, tuple[str, ...]] = {
    "CRC": ("CRC-32/ISO-HDLC", "CRC-16/ARC", "CRC-16/IBM-3740"),
    "CRC8": ("CRC-8/SMBUS",),
    "CRC8CCITT": ("CRC-8/SMBUS",),
    "CRC8ATM": ("CRC-8/I-432-1", "CRC-8/SMBUS"),
    "CRC8HEC": ("CRC-8/I-432-1",),
    "CRC8DALLAS": _DALLAS,
    "CRC8DOW": _DALLAS,
    "CRC81WIRE": _DALLAS,
    "DALLAS": _DALLAS,
    "1WIRE": _DALLAS,
    "CRC8J1850": ("CRC-8/SAE-J1850",),
    "J1850": ("CRC-8/SAE-J1850",),
    "CRC8D5": _CRC_8_D5,
    "CRC8DVB": _CRC_8_D5,
    "DVBS2": _CRC_8_D5,
    "CRC8CRSF": _CRC_8_D5,
    "CRSF": _CRC_8_D5,
    "CRC15": ("CRC-15/CAN",),
    "CRC5": ("CRC-5/USB", "CRC-5/EPC-C1G2"),
    "CRC12": ("CRC-12/DECT", "CRC-12/UMTS"),
    "CRC16": ("CRC-16/ARC", "CRC-16/MODBUS", "CRC-16/IBM-3740", "CRC-16/XMODEM"),
    "CRC16IBM": ("CRC-16/ARC",),
    "CRC16ANSI": ("CRC-16/ARC",),
    "CRC16CCITT": _CCITT,
    "CRCCCITT": _CCITT,
    "CCITT": _CCITT,
    "CCITT16": _CCITT,
    "CRC16ITU": _CCITT,
    "CRCITUT": _CCITT,
    "CRC16CCITTFFFF": ("CRC-16/IBM-3740",),
    "CRC16CCITT0XFFFF": ("CRC-16/IBM-3740",),
    "CRCCCITTFFFF": ("CRC-16/IBM-3740",),
    "CRCCCITT0XFFFF": ("CRC-16/IBM-3740",),
    "CRC16CCITTFALSE": ("CRC-16/IBM-3740",),
    "CCITTFALSE": ("CRC-16/IBM-3740",),
    "CRC16CCITTZERO": ("CRC-16/XMODEM",),
    "CRC16CCITT0000": ("CRC-16/XMODEM",),
    "CRCCCITTXMODEM": ("CRC-16/XMODEM",),
    "CRCXMODEM": ("CRC-16/XMODEM",),
    "CRC16CCITTXMODEM": ("CRC-16/XMODEM",),
    "YMODEM": ("CRC-16/XMODEM",),
    "CRC16YMODEM": ("CRC-16/XMODEM",),
    "CRC16X25": _X25,
    "X25": _X25,
    "HDLC": _X25,
    "CRC16HDLC": _X25,
    "CRC16PPP": _X25,
    "PPP": _X25,
    "FCS": _X25,
    "FCS16": _X25,
    "CRCX25": _X25,
    "MAVLINK": ("CRC-16/MCRF4XX",),
    "CRC16MAVLINK": ("CRC-16/MCRF4XX",),
    "DNP3": ("CRC-16/DNP",),
    "CRC16DNP3": ("CRC-16/DNP",),
    "MBUS": ("CRC-16/EN-13757",),
    "CRC16CCITTKERMIT": ("CRC-16/KERMIT",),
    "CRC16MODBUSRTU": ("CRC-16/MODBUS",),
    "MODBUSRTU": ("CRC-16/MODBUS",),
    "CRC24": ("CRC-24/OPENPGP", "CRC-24Q"),
    "CRC24PGP": ("CRC-24/OPENPGP",),
    "CRC24RADIX64": ("CRC-24/OPENPGP",),
    "OPENPGP": ("CRC-24/OPENPGP",),
    "QUALCOMM": ("CRC-24Q",),
    "CRC24QUALCOMM": ("CRC-24Q",),
    "CRC24RTCM": ("CRC-24Q",),
    "CRC24RTCM3": ("CRC-24Q",),
    "RTCM": ("CRC-24Q",),
    "RTCM3": ("CRC-24Q",),
    "CRC24SBAS": ("CRC-24Q",),
    "CRC24ADSB": _MODE_S,
    "ADSB": _MODE_S,
    "MODES": _MODE_S,
    "CRC32": _ZLIB,
    "CRC32B": _ZLIB,
    "CRC32IEEE": _ZLIB,
    "CRC32IEEE8023": _ZLIB,
    "IEEE8023": _ZLIB,
    "CRC32ETHERNET": _ZLIB,
    "ETHERNET": _ZLIB,
    "CRC32ZLIB": _ZLIB,
    "CRC32ZIP": _ZLIB,
    "CRC32GZIP": _ZLIB,
    "CRC32PNG": _ZLIB,
    "CRC32PKZIP": _ZLIB,
    "CRC32HDLC": _ZLIB,
    "FCS32": _ZLIB,
    "ZLIB": _ZLIB,
    "ZIP": _ZLIB,
    "GZIP": _ZLIB,
    "PNG": _ZLIB,
    "ISOHDLC": _ZLIB,
    "CRC32C": ("CRC-32/ISCSI",),
    "CASTAGNOLI": ("CRC-32/ISCSI",),
    "CRC32CASTAGNOLI": ("CRC-32/ISCSI",),
    "ISCSI": ("CRC-32/ISCSI",),
    "CRC32MPEG": ("CRC-32/MPEG-2",),
    "MPEG2": ("CRC-32/MPEG-2",),
    "CRC32MPEG2": ("CRC-32/MPEG-2",),
    "CRC32STM32": ("CRC-32/MPEG-2",),
    "STM32": ("CRC-32/MPEG-2",),
    "CRC32BZIP": ("CRC-32/BZIP2",),
    "CRC32Q": ("CRC-32/AIXM",),
    "CRC32POSIX": ("CRC-32/CKSUM",),
    "CRC64": ("CRC-64/ECMA-182", "CRC-64/XZ"),
    "CRC64ECMA": ("CRC-64/ECMA-182", "CRC-64/XZ"),
    "CRC64ISO": ("CRC-64/GO-ISO",),
    "XOR": ("xor-8",),
    "BCC": ("xor-8",),
    "LRC8": ("lrc", "xor-8"),
    "LRCXOR": ("xor-8",),
    "XOR16": _XOR_16,
    "NMEA": ("xor-8",),
    "NMEA0183": ("xor-8",),
    "SUM": ("sum-8",),
    "CHECKSUM": ("sum-8", "internet"),
    "CHECKSUM8": ("sum-8",),
    "CHECKSUM16": ("sum-16", "internet"),
    "LONGITUDINALREDUNDANCYCHECK": ("lrc", "xor-8"),
    "MODBUSASCII": _NEGATED,
    "INTELHEX": _NEGATED,
    "IHEX": _NEGATED,
    "TWOSCOMPLEMENT": _NEGATED,
    "2SCOMPLEMENT": _NEGATED,
    "CHECKSUM82SCOMPLEMENT": _NEGATED,
    "SUM8TWOS": _NEGATED,
    "SREC": _INVERTED,
    "SRECORD": _INVERTED,
    "ONESCOMPLEMENT": (*_INVERTED, "internet"),
    "1SCOMPLEMENT": (*_INVERTED, "internet"),
    "SUM8ONES": _INVERTED,
    "SUM8INVERTED": _INVERTED,
    "INVERTEDSUM8": _INVERTED,
    "LIN": ("{sum: 8, carry: end-around, complement: ones}",),
    "MODULO256": ("sum-8",),
    "MOD256": ("sum-8",),
    "FLETCHER": _FLETCHER,
    "FLETCHER8": ("fletcher-16-mod256",),
    "UBX": ("fletcher-16-mod256",),
    "UBLOX": ("fletcher-16-mod256",),
    "RFC1145": ("fletcher-16-mod256",),
    "ADLER": ("adler-32",),
    "IP": ("internet",),
    "TCP": ("internet",),
    "UDP": ("internet",),
    "ICMP": ("internet",),
    "IPCHECKSUM": ("internet",),
    "INTERNETCHECKSUM": ("internet",),
    "INET": ("internet",),
    "RFC1071": ("internet",),
}


def meant(name: str, known: Iterable[str], aliases: Mapping[str, str]) -> tuple[str, ...]:
    """The known checksums that a name may stand for, the likeliest first; () where there are none.  aliases: known ones
    by other names.
    """
    plain = _plain(name)
    listed = list(known)
    same = tuple(candidate for candidate in listed if _plain(candidate) == plain)
    if not same and plain in MEANT:
        return MEANT[plain]
    same = same or tuple(dict.fromkeys(name for alias, name in aliases.items() if _plain(alias) == plain))
    return same or tuple(candidate for candidate in listed if len(name) < 64 and _slip(plain, _plain(candidate)))[:1]


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def _slip(typed: str, other: str) -> bool:
    """Whether two names differ by one letter more, less, or another, or by two that changed places; not in a digit, for
    that would be another width.
    """
    if len(typed) < 5 or re.sub(r"\D", "", typed) != re.sub(r"\D", "", other) or abs(len(typed) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(other)) and typed[start] == other[start]:
        start += 1
    left, right = typed[start:], other[start:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    # (What follows the digits is the name proper: with a single letter there, any other would be a slip.)
    proper = re.sub(r"^CRC\d+", "", other)
    return len(proper) > 2 and (swapped or left[1:] == right or left == right[1:] or left[1:] == right[1:])
