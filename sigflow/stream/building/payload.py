"""Payloads that are given decoded: encoded by the codecs of the format, in the opposite order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow import codecs
from sigflow.codecs.parsing import shows
from sigflow.errors import BuildError, CodecError, StreamError, UsageError
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.writing.derive import Options
from sigflow.runtime.writing.description import writing_of
from sigflow.runtime.writing.node import MISSING, Input, Mistake, Node, Path
from sigflow.runtime.writing.slack import Slack
from sigflow.runtime.writing.walk import Walk
from sigflow.stream.building.paths import path_of

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Codec
    from sigflow.stream.building.frame import Source
    from sigflow.stream.format import Format


def placed(
    format: Format,
    value: Mapping[str, Any],
    decoded: Any,
    options: Options,
    source: Source | None,
    changed: Mapping[Path, Any] | None,
) -> tuple[Mapping[str, Any], Mapping[Path, Any]]:
    """The value with a payload that was given decoded in its place, and the changes.

    Raises `BuildError` where the value has a payload of its own that means something else.
    """
    changes = dict(changed or {})
    envelope = format.envelope
    field = payload_field(format)
    if envelope is None or field is None or decoded is None:
        return value, changes
    path = path_of(field)
    held = _at(value, path)
    if held is not MISSING and held is not None:
        raw = bytes.fromhex(held) if isinstance(held, str) else bytes(held)
        if not _means(format, value, raw, decoded, options):
            text = f"`payload` and `value.{field}` say different things: delete one"
            raise BuildError(f"{format.name}: {text}", [Mistake(field, text)])
        return value, changes
    changes[path] = encoded(format, value, decoded, options)
    return value, changes


def payload_field(format: Format) -> str | None:
    """The path of the field that is the payload; None where the format names none."""
    envelope = format.envelope
    if envelope is None:
        return None
    return envelope.decode.payload or next((codec.field for codec in envelope.decode.codecs), None)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if not isinstance(value, Mapping):
            return MISSING
        value = value.get(part, MISSING)
    return value


def _applying(format: Format, value: Mapping[str, Any], options: Options) -> list[Codec]:
    """The codecs that apply to a frame of this value, whatever its payload is."""
    envelope = format.envelope
    assert envelope is not None
    unit_class: Any = envelope.decode.unit
    writing = writing_of(unit_class)
    if writing is None or not envelope.decode.codecs:
        return []
    walk = Walk(options, Slack())
    node = Node(writing, Input(value, {path_of(payload_field(format) or ""): b""}), (), None, envelope.root)
    walk.rounds(node)
    applying = []
    for codec in envelope.decode.codecs:
        try:
            if codec.when is None or codec.when(node.unit):
                applying.append(codec)
        except WIRE_ERRORS:
            continue
    return applying


def encoded(format: Format, value: Mapping[str, Any], decoded: Any, options: Options) -> bytes:
    """The bytes of a payload that was given decoded.  Raises `BuildError` where it cannot be encoded."""
    field = payload_field(format) or ""
    for codec in reversed(_applying(format, value, options)):
        try:
            decoded = _encode(codec, decoded, options)
        except (CodecError, UsageError, *WIRE_ERRORS) as error:
            raise BuildError(f"{format.name}: {field}: {error}", [Mistake(field, str(error))]) from error
    if isinstance(decoded, str):
        try:
            return bytes.fromhex(decoded)
        except ValueError as error:
            raise BuildError(f"{format.name}: {field}: no hexadecimal digits", [Mistake(field, str(error))]) from error
    if isinstance(decoded, bytes | bytearray | memoryview):
        return bytes(decoded)
    text = f"expected bytes, got {type(decoded).__name__}: no codec of the format encodes that"
    raise BuildError(f"{format.name}: {field}: {text}", [Mistake(field, text)])


def _encode(codec: Codec, decoded: Any, options: Options) -> bytes:
    target = codecs.target_of(codec)
    if target is not None:
        writing = writing_of(target)
        if writing is None:
            raise UsageError(f"objects of {target.__name__} cannot be written")
        walk = Walk(options, Slack())
        raw = walk.rounds(Node(writing, Input(decoded), (), None, None))
        if walk.mistakes:
            raise UsageError("; ".join(f"{mistake.path}: {mistake.text}" for mistake in walk.mistakes))
        return raw
    return codecs.of(codec).encode(decoded)


def _means(format: Format, value: Mapping[str, Any], raw: bytes, decoded: Any, options: Options) -> bool:
    """Whether a payload's bytes mean what was given decoded: that is encoded, and both are decoded.  What cannot be
    encoded from its JSON form is held against what the bytes give.
    """
    if decoded == raw.hex():
        return True  # (a payload that no codec took is shown as it is)
    try:
        other = encoded(format, value, decoded, options)
    except BuildError:
        return _shown(format, value, raw, decoded, options)
    if other == raw:
        return True
    meanings: list[Any] = [raw, other]
    for codec in _applying(format, value, options):
        if codecs.target_of(codec) is not None:
            break  # (objects are not compared)
        try:
            meanings = [codecs.of(codec).decode(meaning, format.limits).value for meaning in meanings]
        except (StreamError, *WIRE_ERRORS):
            return False
    return bool(meanings[0] == meanings[1])


def _shown(format: Format, value: Mapping[str, Any], raw: bytes, decoded: Any, options: Options) -> bool:
    """Whether what was given decoded is the JSON form of the plain value that a payload gives."""
    applying = _applying(format, value, options)
    if not applying or codecs.target_of(applying[-1]) is not None or not codecs.of(applying[-1]).parses:
        return False
    meaning: Any = raw
    try:
        for codec in applying:
            meaning = codecs.of(codec).decode(meaning, format.limits).value
    except (StreamError, *WIRE_ERRORS):
        return False
    return shows(decoded, meaning)
