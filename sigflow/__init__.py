"""sigflow: compiles Kaitai Struct specs into parsers that survive dirty, endless, partial streams.

The public names are those of `__all__`.  Each is imported when it is first used, so that `import sigflow` is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.calibration import register_calibration
    from sigflow.catalog import compile, load, register_format
    from sigflow.checksums import register_checksum
    from sigflow.codecs import register_codec
    from sigflow.diagnostics import Diagnostic, Finding, Place, Severity
    from sigflow.errors import (
        BuildError,
        ChecksumError,
        CodecError,
        LimitExceeded,
        ParseError,
        SigflowError,
        SpecError,
        StreamError,
        Truncated,
        UsageError,
    )
    from sigflow.events import Gap, Idle, Loss, Note, Record, Span, Stamp
    from sigflow.generation import generate
    from sigflow.limits import Limits
    from sigflow.recording import Recording, Report, open
    from sigflow.recording.validators import validator
    from sigflow.runtime.plain import asdict
    from sigflow.scale.lazy_frames import scan_polars
    from sigflow.session.connection import connect
    from sigflow.session.opening import register_sink
    from sigflow.session.status import SessionStatus, SourceStatus, session_status
    from sigflow.storage.others import register_storage
    from sigflow.stream.checkpoint import Checkpoint
    from sigflow.stream.cuts import Cut
    from sigflow.stream.decoder import Decoder
    from sigflow.stream.format import Format
    from sigflow.transport.schemes import register_transport
    from sigflow.watch.handlers.declared import handler

__version__ = "0.1.0"

__all__ = [
    # specs and formats
    "compile", "load", "register_format", "Format", "Diagnostic", "Place", "Severity",
    # streams
    "Decoder", "Cut", "Checkpoint", "Record", "Gap", "Idle", "Loss", "Note", "Span", "Stamp", "Limits", "Finding",
    # recordings
    "open", "Recording", "Report", "asdict", "generate", "scan_polars",
    # live streams
    "connect", "session_status", "SessionStatus", "SourceStatus",
    # what users add
    "register_checksum", "register_codec", "register_calibration", "register_transport", "register_sink",
    "register_storage", "validator", "handler",
    # errors, by blame
    "SigflowError", "SpecError", "UsageError", "BuildError", "StreamError", "ChecksumError", "LimitExceeded",
    "Truncated", "CodecError", "ParseError",
]  # fmt: skip

_HOMES = {
    "sigflow.calibration": ("register_calibration",),
    "sigflow.catalog": ("compile", "load", "register_format"),
    "sigflow.checksums": ("register_checksum",),
    "sigflow.codecs": ("register_codec",),
    "sigflow.diagnostics": ("Diagnostic", "Finding", "Place", "Severity"),
    "sigflow.errors": (
        "BuildError", "ChecksumError", "CodecError", "LimitExceeded", "ParseError", "SigflowError", "SpecError",
        "StreamError", "Truncated", "UsageError",
    ),
    "sigflow.events": ("Gap", "Idle", "Loss", "Note", "Record", "Span", "Stamp"),
    "sigflow.generation": ("generate",),
    "sigflow.limits": ("Limits",),
    "sigflow.recording": ("Recording", "Report", "open"),
    "sigflow.recording.validators": ("validator",),
    "sigflow.runtime.plain": ("asdict",),
    "sigflow.scale.lazy_frames": ("scan_polars",),
    "sigflow.session.connection": ("connect",),
    "sigflow.session.opening": ("register_sink",),
    "sigflow.session.status": ("SessionStatus", "SourceStatus", "session_status"),
    "sigflow.storage.others": ("register_storage",),
    "sigflow.stream.checkpoint": ("Checkpoint",),
    "sigflow.stream.cuts": ("Cut",),
    "sigflow.stream.decoder": ("Decoder",),
    "sigflow.stream.format": ("Format",),
    "sigflow.transport.schemes": ("register_transport",),
    "sigflow.watch.handlers.declared": ("handler",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if name == "stream":  # (the package, which may be called: `sigflow.stream(schema, sync=…)`)
        from importlib import import_module

        return import_module("sigflow.stream")
    if home is None:
        raise AttributeError(f"module 'sigflow' has no attribute {name!r}")
    from importlib import import_module

    _open_door()
    thing = globals()[name] = getattr(import_module(home), name)
    return thing


def _open_door() -> None:
    """Give decoders the engines and columns that stand above them."""
    from sigflow.stream import engines

    if engines.door is None:

        def door() -> engines.Door:
            from sigflow.recording import door

            return door

        engines.door = door


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
