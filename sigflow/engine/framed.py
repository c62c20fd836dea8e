"""Units that do not stand on the wire as they are: `sigflow.stream.framing` and `framed` as kernel code.

A unit is unstuffed into U and measured there, and its checksums are looked at there.  `delimiter_at`,
`behind_delimiter`, `next_delimiter` and `special` are emitted for the formats of a scan, see `assemble`.
"""

# mypy: ignore-errors
# ruff: noqa: F821, PLR1714

from sigflow.engine.loop import (
    CHECKED_SIZE,
    CLOSING,
    DELIMITED,
    ENDS,
    FINAL,
    FIRST_CHECK,
    FRAMED,
    IDLE,
    KIND,
    LAST_CHECK,
    LAST_OPEN,
    LIMIT,
    MARK,
    NO_MARKER,
    NOTHING,
    OPEN,
    OPENING,
    OPTIONAL,
    ORIGIN,
    REASON_BASE,
    REREAD,
    SEEN,
    SIZE,
    SUMMED,
    TRAILER,
    UNIT_SIZE,
    UNIT_WHY,
)
from sigflow.engine.unstuff import DOUBLED, copied, unstuffed
from sigflow.runtime.box import BOX_KNOWN, KNOWN_ROWS
from sigflow.runtime.native import BAILOUT

# ---------------------------------------------------------------- kernel code

#: What stands next in a unit that a literal begins.
SPECIAL_CUT = -1
SPECIAL_DOUBLED = 1
SPECIAL_END = 2
SPECIAL_START = 3
SPECIAL_ESCAPE = 4
SPECIAL_ALONE = 5


def known_unit(k, data, at, end, S, L, box, G):
    """The verdict on the unit at data[at]; those that are found stay known, for the chains that come by again."""
    begins = unit_begins(k, data, at, end, S, L)
    if begins <= 0:
        return 0 if begins < 0 else NO_MARKER
    row = BOX_KNOWN + 3 * (at * len(L) + k & KNOWN_ROWS - 1)
    if box[row] == at + 1 and box[row + 1] == k:
        return box[row + 2]
    verdict = unit_verdict(k, data, at, end, S, L, box, G)
    if verdict != 0 and verdict != BAILOUT:
        box[row] = at + 1
        box[row + 1] = k
        box[row + 2] = verdict
    return verdict


def unit_begins(k, data, at, end, S, L):
    """Whether a unit may begin at data[at]: 1, 0, or -1 where the end cuts what tells it."""
    if L[k, FRAMED] != DELIMITED:
        return marker(k, data, at, end)
    return 1 if at == S[ORIGIN] or behind_delimiter(k, data, at) else 0


def unit_verdict(k, data, at, end, S, L, box, G):
    """The same, where one may begin: the bytes of the wire, IDLE, 0 while bytes are lacking, or a refusal."""
    U, M, K, ALPHABET, Ps, Ts = G
    refused = -1 - L[k, REASON_BASE]
    framed = L[k, FRAMED]
    limit = L[k, LIMIT]
    stop = 0
    if framed == DELIMITED:
        if delimiter_at(k, data, at, end):
            return IDLE
        stop = next_delimiter(k, data, at, min(end, at + limit))
        size = stop - at + L[k, CLOSING]
        if stop < 0:
            if end - at >= limit:
                return refused - TOO_LONG
            if not (S[FINAL] == ENDS and L[k, LAST_OPEN]):
                return 0
            stop = end
            size = end - at
    else:
        behind = L[k, CLOSING] + L[k, TRAILER]
        stop = walked(k, data, at, end, limit - 1 if framed == OPEN else limit - behind, S, L, U, M)
        size = stop - at + behind
        if framed != OPEN:
            if stop <= 0:
                return refused - S[UNIT_WHY] if stop < 0 else 0
            if at + size > end:
                return 0
    unit = S[UNIT_SIZE]
    length = 0
    if framed == OPEN:
        most = limit - L[k, OPENING]
        length = native_measure(k, U, 0, unit, most, box)
        if length > most:
            return refused - TOO_LONG
        if length == 0 or length > unit:
            return refused - S[UNIT_WHY] if stop < 0 else 0
        if length > 0:
            size = wire_size(k, data, at, end, length, L)
            if size < 0:
                return refused - LENGTH
            if size > limit:
                return refused - TOO_LONG
            unit = length
    else:
        first = at + L[k, OPENING]
        unit = unstuffed(L[k, KIND], data, first, stop, U, k, L[k, MARK], M)
        if unit < 0:
            return refused - STUFFING
        length = native_measure(k, U, 0, unit, limit, box)
        if length == 0 or (length > 0 and length != unit):
            return refused - LENGTH
    if length < 0:
        return BAILOUT if length == BAILOUT else length - L[k, REASON_BASE] - OWN_REASONS
    S[REREAD] += max(0, min(at + size, S[SEEN]) - at)
    S[SEEN] = max(S[SEEN], at + size)
    # -- checksums: of the unit and its trailer
    if L[k, TRAILER]:
        copied(data, at + size - L[k, TRAILER], at + size, U, unit)
    checked = unit + L[k, TRAILER]
    S[CHECKED_SIZE] = checked
    for c in range(L[k, FIRST_CHECK], L[k, LAST_CHECK]):
        for element in range(elements(c, box)):
            box[BOX_CURRENT] = element
            field = place(c, 0, checked, box)
            if L[k, OPTIONAL] and field < 0:
                continue
            if field < 0 or field > checked - K[c, SIZE]:
                return refused - CHECKSUM
            S[SUMMED] += covered(c, 0, checked, box)
            value = direct(c, U, 0, checked, box, ALPHABET, Ps, Ts)
            if differs(c, U, 0, checked, box, field, value):
                return refused - CHECKSUM
    return size


def walked(k, data, at, end, last, S, L, U, M):
    """Pass over the steps of a unit that a literal begins, the last of which may begin `last` bytes behind data[at].

    Gives the place of the literal that ends it; 0 where bytes are lacking, and -1 with S[UNIT_WHY] set where something
    is wrong there.  In an OPEN format what the steps say is in U, S[UNIT_SIZE] bytes.
    """
    place = at + L[k, OPENING]
    keep = L[k, FRAMED] == OPEN
    doubled = L[k, KIND] == DOUBLED
    n = L[k, MARK] if doubled else 1
    size = S[NOTHING]
    S[UNIT_SIZE] = 0
    while place - at <= last:
        if place >= end:
            return 0
        what = special(k, data, place, end)
        if what == 0:
            if keep:
                U[size] = data[place]
                size += 1
                S[UNIT_SIZE] = size
            place += 1
        elif what == SPECIAL_CUT:
            return 0
        elif what == SPECIAL_END:
            return place
        elif what == SPECIAL_START:
            S[UNIT_WHY] = ABORTED
            return -1
        elif what == SPECIAL_ALONE:
            S[UNIT_WHY] = STUFFING
            return -1
        elif what == SPECIAL_DOUBLED:
            if keep:
                size = copied(data, place, place + n, U, size)
                S[UNIT_SIZE] = size
            place += 2 * n
        else:
            meant = M[k, u1(data, place + 1)]
            if meant < 0:
                S[UNIT_WHY] = STUFFING
                return -1
            if keep:
                U[size] = meant
                size += 1
                S[UNIT_SIZE] = size
            place += 2
    S[UNIT_WHY] = TOO_LONG
    return -1


def wire_size(k, data, at, end, length, L):
    """How many bytes of the wire the first `length` of the unit take, with what begins it; -1 where something escaped
    would be cut.
    """
    place = at + L[k, OPENING]
    n = L[k, MARK] if L[k, KIND] == DOUBLED else 1
    size = 0
    while size < length:
        what = special(k, data, place, end)
        if what == SPECIAL_DOUBLED:
            size += n
            place += 2 * n
        else:
            size += 1
            place += 1 if what == 0 else 2
    return place - at if size == length else -1
