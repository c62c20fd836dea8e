"""A stuffing as a spec says it: of a whole unit (`framing`), or of one attribute (`-sigflow-unstuff`)."""

from __future__ import annotations

from sigflow.compiler.problems import Problems
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.runtime.stuffing import Stuffing

#: The stuffings that have a name: SLIP by RFC 1055, HDLC by RFC 1662 (section 4.2).
NAMED = {
    "none": None,
    "slip": Stuffing("escape", b"\xdb", pairs=((0xDC, 0xC0), (0xDD, 0xDB))),
    "hdlc": Stuffing("escape", b"\x7d", xor=0x20),
    "cobs": Stuffing("cobs"),
    "cobs-r": Stuffing("cobs-r"),
}
KEYS = ("escape", "xor", "map", "double")
#: Longer delimiters and literals are not searched for.
LONGEST = 16


def stuffing_in(node: Node | None, problems: Problems, keys: tuple[str, ...] = KEYS) -> Stuffing | None:
    """The stuffing that a node says; None where it says none, or where it is wrong, which is reported.

    keys: what it may have; those that are none of `KEYS` say nothing of the stuffing.
    """
    if node is None:
        return None
    if isinstance(node, Scalar) and node.text in NAMED:
        return NAMED[node.text]
    if not isinstance(node, Mapping):
        problems.add("SF502", node.place, f"expected {', '.join(NAMED)}, or a map, got {node.describe()}")
        return None
    for key, _ in node:
        if key.text not in keys:
            text = f"unknown key '{key.text}' of stuffing, expected: {', '.join(keys)}"
            problems.add("SF501", key, text, (key.text, keys))
    double, escape = node.get("double"), _byte(node.get("escape"), problems)
    if double is not None and [key.text for key, _ in node if key.text in KEYS] == ["double"]:
        mark = _mark(double, problems)
        return Stuffing("double", mark) if mark else None
    means = [key for key in ("xor", "map") if node.get(key) is not None]
    if escape is None or len(means) != 1 or double is not None:
        text = "a stuffing is `{escape: …, xor: …}`, `{escape: …, map: {…}}` or `{double: …}`"
        problems.add("SF502", node.place, text)
        return None
    if means == ["xor"]:
        return Stuffing("escape", bytes((escape,)), xor=_byte(node.get("xor"), problems, 1) or 1)
    pairs = _pairs(node.get("map"), problems)
    return Stuffing("escape", bytes((escape,)), pairs=pairs) if pairs else None


def unended(stuffing: Stuffing, end: bytes) -> str:
    """Why a literal cannot end what is stuffed; "" where it can."""
    if not 1 <= len(end) <= LONGEST:
        return f"expected 1 to {LONGEST} bytes, got {len(end)}"
    if stuffing.kind == "double" and set(end) <= set(stuffing.mark):
        return "what ends doubled bytes has a byte that is none of the doubled ones"
    return ""


def _byte(node: Node | None, problems: Problems, least: int = 0) -> int | None:
    value = node.integer if isinstance(node, Scalar) else None
    if node is not None and (value is None or not least <= value <= 255):
        problems.add("SF502", node.place, f"expected a byte, {least} to 255, got {node.describe()}")
        return None
    return value


def _mark(node: Node, problems: Problems) -> bytes:
    """A byte or a list of bytes that is doubled."""
    items = node.items if isinstance(node, Sequence) else (node,)
    values = [_byte(item, problems) for item in items]
    if not 1 <= len(values) <= LONGEST:
        problems.add("SF514", node.place, f"expected 1 to {LONGEST} bytes, got {len(values)}")
        return b""
    return bytes(value for value in values if value is not None)


def _pairs(node: Node | None, problems: Problems) -> tuple[tuple[int, int], ...]:
    """What stands behind an escape, and the byte that it means."""
    pairs: list[tuple[int, int]] = []
    for key, value in node if isinstance(node, Mapping) else ():
        sent, meant = _byte(key, problems), _byte(value, problems)
        if sent is not None and meant is not None:
            pairs.append((sent, meant))
    if not pairs and node is not None:
        problems.add("SF502", node.place, "expected a map from the byte behind an escape to the byte that it means")
    return tuple(pairs)
