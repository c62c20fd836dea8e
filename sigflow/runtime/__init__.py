"""What generated modules import: the reader, the base class, the errors of Kaitai's runtime, and the envelope's
words.
"""

from __future__ import annotations

from kaitaistruct import (
    EndOfStreamError,
    KaitaiStructError,
    UndecidedEndiannessError,
    ValidationExprError,
    ValidationFailedError,
    ValidationGreaterThanError,
    ValidationLessThanError,
    ValidationNotAnyOfError,
    ValidationNotEqualError,
    ValidationNotInEnumError,
)

from sigflow.runtime.envelope import (
    NEED,
    Checksum,
    Codec,
    CrcParameters,
    Envelope,
    Field,
    Measured,
    NoteRule,
    Refused,
    Sequence,
    Time,
)
from sigflow.runtime.measure import WIRE_ERRORS, maybe_advance, reason_of
from sigflow.runtime.salvage import salvage
from sigflow.runtime.stream import KaitaiStream, Numbers, Run, as_stream
from sigflow.runtime.struct import (
    ABI,
    KaitaiStruct,
    current_limits,
    inflate,
    members,
    named,
    require_abi,
    shifted,
    within_depth,
    within_repeat,
)
from sigflow.runtime.window import Window

__all__ = [
    "ABI",
    "NEED",
    "WIRE_ERRORS",
    "Checksum",
    "Codec",
    "CrcParameters",
    "EndOfStreamError",
    "Envelope",
    "Field",
    "KaitaiStream",
    "KaitaiStruct",
    "KaitaiStructError",
    "Measured",
    "NoteRule",
    "Numbers",
    "Refused",
    "Run",
    "Sequence",
    "Time",
    "UndecidedEndiannessError",
    "ValidationExprError",
    "ValidationFailedError",
    "ValidationGreaterThanError",
    "ValidationLessThanError",
    "ValidationNotAnyOfError",
    "ValidationNotEqualError",
    "ValidationNotInEnumError",
    "Window",
    "as_stream",
    "current_limits",
    "inflate",
    "maybe_advance",
    "members",
    "named",
    "reason_of",
    "require_abi",
    "salvage",
    "shifted",
    "within_depth",
    "within_repeat",
]
