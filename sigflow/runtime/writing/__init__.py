"""Writing objects of generated classes: what the compiler says of them, and who carries it out.

`description` is what generated modules use; `sink` takes the bytes, `node` holds what was given for an object and what
was derived, `walk` writes one, `extents` the bytes that a value stands in, `leaves` numbers and texts, `slack` what a
value does not carry.
"""

from sigflow.runtime.writing.description import (
    Branch,
    Check,
    ClassWriting,
    Computed,
    Extent,
    Formula,
    Metadata,
    Process,
    Put,
    PutBits,
    PutBytes,
    PutCase,
    PutNumber,
    PutObject,
    PutText,
    Repeat,
    Solution,
    exactly,
    spelled,
    writing_of,
)

__all__ = [
    "Branch",
    "Check",
    "ClassWriting",
    "Computed",
    "Extent",
    "Formula",
    "Metadata",
    "Process",
    "Put",
    "PutBits",
    "PutBytes",
    "PutCase",
    "PutNumber",
    "PutObject",
    "PutText",
    "Repeat",
    "Solution",
    "exactly",
    "spelled",
    "writing_of",
]
