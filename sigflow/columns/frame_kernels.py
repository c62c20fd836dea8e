"""Frames put together natively: header, payload and checksum of each, one frame behind the other.

The text is written for one checksum and compiled where there are enough frames; `as_written` is the same text as plain
Python.  Bytes are copied once, and the checksum is computed while they are in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sigflow.columns.kernels import copy
from sigflow.engine import build, crc_kernels
from sigflow.engine.assemble import kernel_code
from sigflow.engine.calls import Call
from sigflow.engine.sums import Kernel, kernel_of, text_of
from sigflow.engine.unstuff import put8le
from sigflow.reads import u1, u4le, u8le

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum

    Array = np.ndarray[Any, Any]

#: Frames from which on the compiled function is worth loading.
ENOUGH = 1 << 14
#: The name of the function, see `_opening`.
ENTRY = "frames"


class FrameKernel(NamedTuple):
    """Makes the function that puts frames together, for each caller its own, and has the numbers of its checksum.

    literals: bytes that are covered and stand in no frame.
    """

    make: Callable[[], Callable[..., int]]
    literals: Array
    P: Array
    T: Array


def worth(checksum: Checksum | None, head: int, trailer: int, frames: int) -> FrameKernel | None:
    """The compiled function for frames with this checksum, where it pays to load it for so many frames.

    head, trailer: the bytes before and behind the payload.
    """
    _Built.frames += frames
    if _Built.frames < ENOUGH or not has_compiler() or not has_kernel(checksum):
        return None
    return compiled(checksum, head, trailer)


class _Built:
    """State: the frames that were built so far."""

    frames = 0


@cache
def has_compiler() -> bool:
    """Whether functions can be compiled."""
    return find_spec("llvmlite") is not None


@lru_cache(maxsize=64)
def has_kernel(checksum: Checksum | None) -> bool:
    """Whether a checksum can be computed natively."""
    return checksum is None or (checksum.algorithm is not None and kernel_of(checksum.algorithm) is not None)


@lru_cache(maxsize=64)
def compiled(checksum: Checksum | None, head: int, trailer: int) -> FrameKernel:
    """The function compiled, kept on disk for the next time."""
    kernel = _kernel(checksum)
    text = text_for(checksum, kernel, head, trailer)
    program = build.program_of(text, None)
    return _with_numbers(lambda: Call(lambda layout: program.function(ENTRY, layout)), checksum, kernel)


def as_written(checksum: Checksum | None, head: int, trailer: int) -> FrameKernel:
    """The function as it is, for tests."""
    kernel = _kernel(checksum)
    space: dict[str, Any] = {"u1": u1, "u4le": u4le, "u8le": u8le, "put8le": put8le}
    exec(compile(text_for(checksum, kernel, head, trailer), "<frames>", "exec"), space)
    return _with_numbers(lambda: space[ENTRY], checksum, kernel)


def _kernel(checksum: Checksum | None) -> Kernel | None:
    return kernel_of(checksum.algorithm) if checksum is not None and checksum.algorithm is not None else None


def _with_numbers(
    make: Callable[[], Callable[..., int]], checksum: Checksum | None, kernel: Kernel | None
) -> FrameKernel:
    literals = b"".join(piece for piece in (checksum.pieces or ()) if isinstance(piece, bytes)) if checksum else b""
    held = np.frombuffer(literals or b"\0", np.uint8)
    if kernel is None:
        return FrameKernel(make, held, np.zeros(1, np.int64), np.zeros((1, 256), np.int64))
    return FrameKernel(make, held, kernel.P, kernel.T)


# ---------------------------------------------------------------- text


def text_for(checksum: Checksum | None, kernel: Kernel | None, head: int, trailer: int) -> str:
    """The kernel code for frames with this checksum."""
    parts = [text_of((copy,))]
    if kernel is not None:
        parts.append(text_of(kernel.forms) if kernel.forms else kernel_code(crc_kernels))
    lines = _opening()
    if checksum is not None and kernel is not None:
        lines += _summed(checksum, kernel.family, head, trailer)
    lines += ["        at = stop", "    return at"]
    return "\n\n\n".join([*parts, "\n".join(lines)]) + "\n"


def _opening() -> list[str]:
    """The loop over frames.

    heads: their headers, `head` bytes each.  trailer: bytes behind each payload.  payload[begins[i]:ends[i]]: the
    payloads.  out: gets the frames, and has room for SLACK more bytes than they have; stops[i]: where each ends there.
    sums[i]: its checksum.
    """
    return [
        f"def {ENTRY}(heads, head, trailer, payload, begins, ends, out, stops, sums, literals, P, T):",
        "    at = 0",
        "    for row in range(len(begins)):",
        "        copy(heads, row * head, row * head + head, out, at)",
        "        stop = at + head + ends[row] - begins[row] + trailer",
        "        copy(payload, begins[row], ends[row], out, at + head)",
        "        for place in range(stop - trailer, stop):",
        "            out[place] = 0",
        "        stops[row] = stop",
    ]


def _summed(checksum: Checksum, family: str, head: int, trailer: int) -> Iterator[str]:
    """The checksum of the frame out[at:stop], computed and put in its place.

    It is computed of what was copied, as far as that goes: bytes that were written just now are read slowly.
    """
    assert checksum.pieces is not None and checksum.stored is not None  # the layout is static
    yield f"        state = {family}_begin(P)"
    yield "        size = 0"
    literal = 0
    for piece in checksum.pieces:
        if isinstance(piece, bytes):
            yield f"        state = {family}_update(state, literals, {literal}, {literal + len(piece)}, P, T)"
            yield f"        size += {len(piece)}"
            literal += len(piece)
            continue
        for data, begin, end in _sources(piece[0], piece[1], head, trailer):
            yield f"        state = {family}_update(state, {data}, {begin}, {end}, P, T)"
            yield f"        size += {end} - ({begin})"
    yield f"        value = {family}_finish(state, size, P, T)"
    yield "        sums[row] = value"
    yield f"        field = {_place(checksum.stored)}"
    size = checksum.size
    for place in range(size):
        shift = 8 * (size - 1 - place if checksum.order == "big" else place)
        yield f"        out[field + {place}] = value >> {shift} & 255"


def _sources(first: int, last: int | None, head: int, trailer: int) -> Iterator[tuple[str, str, str]]:
    """Where the bytes of a frame from `first` to `last` are: an array, and from where to where in it."""
    behind = 0 if last is None else last
    of_head, of_body = 0 <= first <= head, behind <= 0 and -behind == trailer
    if of_head and 0 < behind <= head:
        yield "heads", f"row * head + {first}", f"row * head + {behind}"
    elif of_head and of_body:
        if first < head:
            yield "heads", f"row * head + {first}", "row * head + head"
        yield "payload", "begins[row]", "ends[row]"
    else:
        yield "out", _place(first), "stop" if last is None else _place(last)


def _place(offset: int) -> str:
    return f"at + {offset}" if offset >= 0 else f"stop - {-offset}"
