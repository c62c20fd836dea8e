"""The codec `tlv`: a list of tag (u2), length (u2), value; a tag with its top bit set holds such a list (`Element`).

Never raises on bad input: the elements before a fault are kept, and the fault is a problem with its offset and path.
A stack instead of recursion, and a bound on the depth.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, NamedTuple

from sigflow.codecs import Codec, Decoded, Problem
from sigflow.errors import CodecError

_HEADER = Struct(">HH")
CONSTRUCTED = 0x8000


class Element(NamedTuple):
    """One element; `value` is bytes, or a list of elements where the tag is constructed."""

    tag: int
    length: int
    value: Any


def elements(payload: bytes, *, limit: int, depth: int) -> Decoded:
    """The list of elements.  depth: how many constructed elements one may stand in.  limit: not needed."""
    listed: list[Element] = []
    problems: list[Problem] = []
    # (where the list begins and ends, the list, the path of it, how many constructed elements it stands in)
    stack = [(0, len(payload), listed, "", 0)]
    while stack:
        at, stop, target, path, level = stack.pop()
        while at < stop:
            here = f"{path}[{len(target)}]"
            if stop - at < _HEADER.size:
                problems.append(Problem(at, "truncated", f"{stop - at} bytes left, an element's header has 4", here))
                break
            tag, length = _HEADER.unpack_from(payload, at)
            begin, end = at + _HEADER.size, at + _HEADER.size + length
            if end > stop:
                left = f"a value of {length} bytes, but {stop - begin} are left"
                problems.append(Problem(at, "truncated", left, here))
                break
            if not tag & CONSTRUCTED:
                target.append(Element(tag, length, payload[begin:end]))
            elif level == depth:
                problems.append(Problem(at, "too-deep", f"nested deeper than {depth} constructed elements", here))
                target.append(Element(tag, length, payload[begin:end]))
            else:
                inner: list[Element] = []
                target.append(Element(tag, length, inner))
                stack.append((begin, end, inner, f"{here}.value", level + 1))
            at = end
    problems.sort()
    return Decoded(listed, tuple(problems))


def listed(value: Any) -> bytes:
    """The bytes of a list of elements: `Element`, or mappings with `tag` and `value` (bytes, hexadecimal digits, or a
    list).  Lengths are computed.  Raises `CodecError` for what is no such list.
    """
    if isinstance(value, str):
        return bytes.fromhex(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if not isinstance(value, list | tuple):
        raise CodecError(f"expected a list of elements, got {type(value).__name__}", codec="tlv")
    parts = []
    for number, element in enumerate(value):
        held = element._asdict() if isinstance(element, Element) else element
        if not isinstance(held, dict) or "tag" not in held or "value" not in held:
            raise CodecError(f"element {number}: expected `tag` and `value`", codec="tlv")
        tag, inner = held["tag"], listed(held["value"])
        if not isinstance(tag, int) or not 0 <= tag < 1 << 16:
            raise CodecError(f"element {number}: the tag {tag!r} does not fit: 0 to 65535", codec="tlv")
        if len(inner) >= 1 << 16:
            raise CodecError(f"element {number}: a value of {len(inner)} bytes, at most 65535 fit", codec="tlv")
        parts.append(_HEADER.pack(tag, len(inner)) + inner)
    return b"".join(parts)


TLV = Codec("tlv", elements, depth=True, encode=listed)
