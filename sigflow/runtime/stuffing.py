"""Stuffing: how the bytes between delimiters are written so that no delimiter stands among them, and how it is undone.

SLIP (RFC 1055) and HDLC (RFC 1662, section 4.2) put an escape before a byte that must not occur; DLE framing doubles a
byte; COBS (Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2), 1999) replaces zeros by distances.
"""

from __future__ import annotations

from typing import Any

from sigflow.frozen import frozen

#: The most bytes of a block of COBS, behind its code byte.
_BLOCK = 254


@frozen
class Stuffing:
    """One way of stuffing.

    kind: `escape`: `mark`, one byte, changes the meaning of the byte behind it: to what `pairs` says of it, and where
    there are no pairs, to its exclusive or with `xor`.  `double`: `mark`, one byte or more, stands for itself where it
    is there twice in a row, and nowhere alone.  `cobs` and `cobs-r`: no zero occurs; the reduced form saves the last
    code byte where it can.
    """

    kind: str
    mark: bytes = b""
    xor: int = 0
    pairs: tuple[tuple[int, int], ...] = ()

    def unstuff(self, raw: bytes) -> bytes | None:
        """The bytes that were stuffed; None where `raw` is nothing that stuffing gives."""
        return _UNSTUFF[self.kind](self, raw)

    def stuff(self, unit: bytes, reserved: bytes = b"") -> bytes:
        """The bytes as they stand on the wire.

        reserved: bytes that an escape with `xor` must keep out of them, besides itself; other kinds need no telling.
        """
        if self.kind == "double":
            return unit.replace(self.mark, 2 * self.mark)
        if self.kind != "escape":
            return _cobs(unit, self.kind == "cobs-r")
        escapes = {meant: sent for sent, meant in self.pairs}
        if not escapes:
            escapes = {byte: byte ^ self.xor for byte in self.mark + reserved}
        return b"".join(bytes((self.mark[0], escapes[b])) if b in escapes else bytes((b,)) for b in unit)

    def places(self, raw: bytes) -> list[int]:
        """For each byte of the unit where it begins in `raw`, and behind the last where `raw` ends.

        An escaped byte begins with its escape.  Of bytes that are nothing stuffed, as far as they go.
        """
        if self.kind.startswith("cobs"):
            return _cobs_places(raw, self.kind == "cobs-r")
        places, at, size = list[int](), 0, len(self.mark)
        while at < len(raw):
            places += range(at, at + size) if self.kind == "double" and raw.startswith(self.mark, at) else (at,)
            at += 2 * size if raw.startswith(self.mark, at) else 1
        return [*places, len(raw)]

    def find_end(self, data: Any, end: bytes, begin: int, stop: int) -> tuple[int, int]:
        """Where the literal `end` first stands in data[begin:stop] with nothing of it stuffed, and where to look on.

        Of kinds `escape` and `double`, strictly forward: a doubled mark and an escaped byte are passed over whole, but
        `end` comes before an escape that it begins with.  -1: nowhere yet; what was passed then is decided for good.
        """
        mark, doubled = self.mark, self.kind == "double"
        passed = 2 * mark if doubled else mark
        size = len(passed) if doubled else 2
        at = begin
        while True:
            place = data.find(end, at, stop)
            special = data.find(passed, at, stop if place < 0 else min(stop, place + len(passed) - (not doubled)))
            if special < 0:
                break
            cut = not doubled and end.startswith(data[special : min(stop, special + len(end))])
            if special + size > stop or cut:
                return -1, special  # whether `end` begins here, or what is escaped, is open
            at = special + size
        return (place, place) if place >= 0 else (-1, max(at, stop - max(len(end), len(passed)) + 1))

    def worst(self, size: int) -> int:
        """The most bytes that a unit of so many can take on the wire."""
        if self.kind.startswith("cobs"):
            return size + size // 254 + 1
        return 2 * size


def unstuffed(stuffing: Stuffing, raw: bytes) -> bytes:
    """The bytes that were stuffed.  Raises `ValueError` where `raw` is nothing that stuffing gives."""
    unit = stuffing.unstuff(bytes(raw))
    if unit is None:
        raise ValueError(f"these {len(raw)} bytes are nothing that stuffing gives")
    return unit


def _unescaped(stuffing: Stuffing, raw: bytes) -> bytes | None:
    mark = stuffing.mark
    first, *parts = raw.split(mark)
    pieces, pairs, behind = [first], dict(stuffing.pairs), False
    for part in parts:
        # `behind`: this mark is itself the byte that an escape speaks of.
        if behind:
            meant = pairs.get(mark[0]) if pairs else mark[0] ^ stuffing.xor
            if meant is None:
                return None
            pieces += [bytes((meant,)), part]
            behind = False
        elif part:
            meant = pairs.get(part[0]) if pairs else part[0] ^ stuffing.xor
            if meant is None:
                return None
            pieces += [bytes((meant,)), part[1:]]
        else:
            behind = True
    return None if behind else b"".join(pieces)


def _undoubled(stuffing: Stuffing, raw: bytes) -> bytes | None:
    mark = stuffing.mark
    pieces = raw.split(2 * mark)
    return None if any(mark in piece for piece in pieces) else mark.join(pieces)


def _uncobs(stuffing: Stuffing, raw: bytes) -> bytes | None:
    reduced, pieces, at = stuffing.kind == "cobs-r", list[bytes](), 0
    if 0 in raw:
        return None
    while at < len(raw):
        code = raw[at]
        stop = at + code
        if stop > len(raw):
            if not reduced:
                return None
            pieces += [raw[at + 1 :], bytes((code,))]
            break
        pieces.append(raw[at + 1 : stop])
        if code < 255 and stop < len(raw):
            pieces.append(b"\0")
        at = stop
    return b"".join(pieces)


_UNSTUFF = {"escape": _unescaped, "double": _undoubled, "cobs": _uncobs, "cobs-r": _uncobs}


def _cobs(unit: bytes, reduced: bool) -> bytes:
    pieces = list[bytes]()
    parts = unit.split(b"\0")
    for number, part in enumerate(parts):
        full = len(part) - len(part) % _BLOCK
        pieces += [b"\xff" + part[at : at + _BLOCK] for at in range(0, full, _BLOCK)]
        left, last = part[full:], number + 1 == len(parts)
        if last and full and not left:
            break  # a full block says that no zero follows, so there is nothing to be said
        if last and reduced and left and left[-1] > len(left):
            pieces.append(left[-1:] + left[:-1])
        else:
            pieces.append(bytes((len(left) + 1,)) + left)
    return b"".join(pieces)


def _cobs_places(raw: bytes, reduced: bool) -> list[int]:
    places, at = list[int](), 0
    while at < len(raw):
        stop = at + max(raw[at], 1)
        places += range(at + 1, min(stop, len(raw)))
        if stop > len(raw):
            if reduced:
                places.append(at)
            break
        if raw[at] < 255 and stop < len(raw):
            places.append(stop)
        at = stop
    return [*places, len(raw)]
