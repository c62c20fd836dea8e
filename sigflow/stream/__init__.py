"""The right wing: from bytes to events.

segment    the bytes at hand, and where they stand
header     does a frame of a format begin here, how long is it?      markers   where may one begin next?
check      does its checksum hold?        (account, prefix: in linear time)      shown   one of a frame, for people
chain      do others confirm it?          (runs: is it overtaken?)   watch     overtaken by its own sequence?
scan       the one function of the byte stream: frames and gap bytes (`docs/architecture.md`, rules 1 to 12)
whole, substream    a stream that is one frame; a part of a stream, decoded by itself
pending, sequence, statistics, faults, decoder       around it: buffer, counters, strict mode, events
engines                                              what else may scan for a decoder
format, reading                                      what a format is, and what its records say
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.hinted import Hinted


class _Callable(ModuleType):
    """The package as the function of the same name: `sigflow.stream(schema, sync=…)`."""

    def __call__(self, schema: Any, /, **hints: Any) -> Hinted:
        """A Construct schema with the hints of its stream, see `sigflow.hinted.hinted`."""
        from sigflow.hinted import hinted

        return hinted(schema, **hints)


sys.modules[__name__].__class__ = _Callable
