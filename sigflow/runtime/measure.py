"""Driving a measure: one place that turns whatever a generated measure does into length, reason or NEED."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Mapping
from typing import Any

from kaitaistruct import KaitaiStructError, ValidationNotEqualError

from sigflow.errors import LimitExceeded
from sigflow.reasons import CONTENTS, INVALID
from sigflow.runtime.envelope import Measured, Refused

#: What reading hostile bytes may raise in generated code; anything else is a bug and passes through.
WIRE_ERRORS = (
    KaitaiStructError, EOFError, ValueError, ArithmeticError, LookupError, AttributeError, TypeError, RecursionError,
    MemoryError, zlib.error, LimitExceeded,
)  # fmt: skip


def maybe_advance(steps: Generator[None, None, Measured], reasons: Mapping[str, str]) -> Measured | str | None:
    """Run `steps` as far as the bytes reach: `Measured`, the reason of a refusal, or None while bytes are lacking.

    reasons: the spec's `-sigflow-reason` by the YAML path of the attribute that fails.
    """
    try:
        next(steps)
    except StopIteration as stop:
        measured: Measured = stop.value
        return measured if measured.length > 0 else INVALID
    except Refused as refusal:
        return reasons.get(refusal.path, refusal.reason) if refusal.path else refusal.reason
    except WIRE_ERRORS as error:
        return reason_of(error, reasons)
    return None


def own_process(process: Any, arguments: tuple[Any, ...], data: bytes) -> bytes:
    """What a process of the user's own, a class, makes of bytes; whatever it raises is a fault of these bytes."""
    try:
        decoded = process(*arguments).decode(data)
    except WIRE_ERRORS:
        raise
    except Exception as error:
        raise ValueError(f"the process {process.__name__} failed: {type(error).__name__}: {error}") from error
    if not isinstance(decoded, bytes | bytearray | memoryview):
        raise TypeError(f"the process {process.__name__} gave {type(decoded).__name__}, wanted bytes")
    return bytes(decoded)


def reason_of(error: BaseException, reasons: Mapping[str, str]) -> str:
    """The gap reason of an error raised while reading: the spec's own, or `contents` / `valid`."""
    path: Any = getattr(error, "src_path", None)
    if path in reasons:
        return reasons[path]
    if isinstance(error, ValidationNotEqualError) and isinstance(error.expected, bytes):
        return CONTENTS
    return INVALID
