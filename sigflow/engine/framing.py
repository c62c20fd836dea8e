"""What is emitted for the framings and the idle literals of a scan: where these stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sigflow.engine import framed as kernel

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope


def equal(literal: bytes) -> str:
    """Whether these bytes stand at data[at]."""
    conditions, at = [], 0
    for size in (8, 4, 2, 1):
        while len(literal) - at >= size:
            value = int.from_bytes(literal[at : at + size], "big", signed=size == 8)
            read = f"u{size}{'be' if size > 1 else ''}(data, at{f' + {at}' if at else ''})"
            conditions.append(f"{read} == {value}")
            at += size
    return " and ".join(conditions)


def stands(literal: bytes) -> str:
    """Whether these bytes stand at data[at], before the end."""
    return f"at + {len(literal)} <= end and {equal(literal)}"


def is_cut(literal: bytes) -> Iterator[str]:
    """Whether the end cuts these bytes at data[at], for each number of bytes before it."""
    for left in range(1, len(literal)):
        yield f"at + {left} == end and {equal(literal[:left])}"


def delimiter_of(envelope: Envelope) -> bytes:
    """What stands between the units of a format; b"" where they are found otherwise."""
    return envelope.search.framing.delimiter if envelope.search.framing is not None else b""


#: What stands for the verdicts on framed units where no format has such: the compiler sees that they are never asked.
NOTHING = [
    f"def {name}({taken}):\n    return 0"
    for name, taken in (
        ("framed_as", "k, L"),
        ("for_units", "U, M, K, ALPHABET, Ps, Ts"),
        ("known_unit", "k, data, at, end, S, L, box, G"),
        ("unit_verdict", "k, data, at, end, S, L, box, G"),
        ("unit_begins", "k, data, at, end, S, L"),
    )
]


def idle(literals: Sequence[bytes], delimited: Sequence[Envelope]) -> Iterator[list[str]]:
    """Whether anything may be idle; functions that give the bytes of the first idle literal at a place, 0 if there is
    none, -1 where the end cuts one and more may come; and the place behind those in a row, or -1.
    """
    yield ["def any_idle():", f"    return {bool(literals or delimited)}"]
    lines = ["def idle_size(data, at, end, S):"]
    for literal in literals:
        lines += [f"    if {stands(literal)}:", f"        return {len(literal)}"]
        cut = ["at >= end", *is_cut(literal)]
        lines += [f"    if not S[FINAL] and ({' or '.join(f'({test})' for test in cut)}):", "        return -1"]
    yield [*lines, "    return 0"]
    if not literals:
        yield ["def behind_idle(data, at, end, S):", "    return at"]
        return
    yield [
        "def behind_idle(data, at, end, S):",
        "    size = idle_size(data, at, end, S)",
        "    while size > 0:",
        "        at += size",
        "        size = idle_size(data, at, end, S)",
        "    return at if size == 0 else -1",
    ]


def emitted(formats: Sequence[Envelope]) -> Iterator[list[str]]:
    """The functions that `engine/framed.py` asks for, and what it needs beside the state."""
    yield ["def framed_as(k, L):", "    return L[k, FRAMED]"]
    yield ["def for_units(U, M, K, ALPHABET, Ps, Ts):", "    return U, M, K, ALPHABET, Ps, Ts"]
    delimiters = [
        (number, delimiter) for number, envelope in enumerate(formats) if (delimiter := delimiter_of(envelope))
    ]
    at_it = [(number, f"return {stands(delimiter)}") for number, delimiter in delimiters]
    yield _by_format("delimiter_at(k, data, at, end)", [(number, [line]) for number, line in at_it], "False")
    behind = []
    for number, delimiter in delimiters:
        size = len(delimiter)
        behind.append((number, [f"at -= {size}", f"return at >= 0 and {equal(delimiter)}"]))
    yield _by_format("behind_delimiter(k, data, at)", behind, "False")
    yield _by_format(
        "next_delimiter(k, data, at, end)", [(number, _search(delimiter)) for number, delimiter in delimiters], "-1"
    )
    begun = [
        (number, _specials(envelope))
        for number, envelope in enumerate(formats)
        if envelope.search.framing is not None and not envelope.search.framing.delimiter
    ]
    yield _by_format("special(k, data, at, end)", begun, "0")


def _by_format(head: str, bodies: Sequence[tuple[int, list[str]]], otherwise: str) -> list[str]:
    """A function that does something else for each format."""
    lines = [f"def {head}:"]
    for number, body in bodies:
        lines += [f"    if k == {number}:", *(f"        {line}" for line in body)]
    return [*lines, f"    return {otherwise}"]


def _search(delimiter: bytes) -> list[str]:
    """The first place of a delimiter in data[at:end]; -1 if there is none."""
    behind = (
        [f"    if {equal(delimiter)}:", "        return at", "    at += 1"] if len(delimiter) > 1 else ["    return at"]
    )
    return [
        "while True:",
        f"    at = next_byte(data, at, end, {delimiter[0]})",
        f"    if at + {len(delimiter)} > end:",
        "        return -1",
        *behind,
    ]


def _specials(envelope: Envelope) -> list[str]:
    """What stands at a place inside a unit, in the order of `stream.framing`: a literal that stands there wins, unless
    the end cuts one that comes before it.
    """
    framing, aborts = envelope.search.framing, envelope.search.aborted_by_sync
    assert framing is not None  # asked of such formats only
    stuffing = framing.stuffing
    kind = stuffing.kind if stuffing is not None else ""
    mark = stuffing.mark if stuffing is not None else b""
    literals = [
        (kernel.SPECIAL_DOUBLED, 2 * mark if kind == "double" else b""),
        (kernel.SPECIAL_END, framing.end),
        (kernel.SPECIAL_START, framing.start if aborts else b""),
    ]
    wanted = [(what, literal) for what, literal in literals if literal]
    firsts = sorted({literal[0] for _, literal in wanted} | set(mark[:1] if kind in ("double", "escape") else b""))
    lines = ["byte = u1(data, at)", f"if {' and '.join(f'byte != {first}' for first in firsts)}:", "    return 0"]
    for what, literal in wanted:
        lines += [f"if {stands(literal)}:", f"    return {what}"]
        for test in is_cut(literal):
            lines += [f"if {test}:", f"    return {kernel.SPECIAL_CUT}"]
    if kind == "escape":
        there = f"{kernel.SPECIAL_ESCAPE} if at + 1 < end else {kernel.SPECIAL_CUT}"
        lines += [f"if {equal(mark)}:", f"    return {there}"]
    elif kind == "double":
        lines += [f"if {stands(mark)}:", f"    return {kernel.SPECIAL_ALONE}"]
    return [*lines, "return 0"]
