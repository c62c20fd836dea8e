"""One frame from one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sigflow.errors import BuildError, UsageError
from sigflow.events import Record
from sigflow.frozen import frozen
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.partial import parse_whole
from sigflow.runtime.stream import KaitaiStream
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing.derive import Options, Recomputed
from sigflow.runtime.writing.description import ClassWriting, writing_of
from sigflow.runtime.writing.node import MISSING, Input, Mistake, Node, Path, told
from sigflow.runtime.writing.sink import Sink
from sigflow.runtime.writing.slack import Slack
from sigflow.runtime.writing.walk import Walk
from sigflow.stream.building import payload
from sigflow.stream.building.checks import with_checksums
from sigflow.stream.building.paths import path_of
from sigflow.stream.building.wire import on_wire, trailer_of

if TYPE_CHECKING:
    from sigflow.stream.format import Format


@frozen
class Built:
    """A frame that was built.  recomputed: derived values that were given and no longer fit.

    unusual: the fields whose bytes are not those that a value from nowhere would get, and which were taken from the
    bytes that the value was read from.
    """

    raw: bytes
    recomputed: tuple[Recomputed, ...] = ()
    unusual: tuple[Path, ...] = ()


@frozen
class Source:
    """What a value was read from: the frame, its unit, and the value as it was read."""

    raw: bytes
    unit: bytes
    value: KaitaiStruct


def build(format: Format, value: Any, *, keep: str | Iterable[str] = ()) -> bytes:
    """Returns the bytes of one frame, see `Format.build`."""
    return built(format, value, keep=keep).raw


def built(
    format: Format, value: Any, *, keep: str | Iterable[str] = (), changed: Mapping[Path, Any] | None = None
) -> Built:
    """The frame of a value, and what was done for it.

    value: see `Format.build`.  changed: values that take the place of those in it, by their paths.  Raises `BuildError`
    with all mistakes of the value.
    """
    kept = _kept(keep)
    source: Source | None = None
    lenient = json = False
    decoded: Any = MISSING
    if isinstance(value, Record):
        source = _source(format, value.raw, value.unit)
        value, lenient = source.value, True
    elif isinstance(value, KaitaiStruct):
        source = _read_from(format, value)
    elif isinstance(value, Mapping) and isinstance(value.get("value"), Mapping) and _is_printed(format, value):
        source = _printed_source(format, value)
        decoded = value.get("payload", MISSING)
        value, lenient, json = _with_metadata(format, value), True, True
    elif not isinstance(value, Mapping):
        raise UsageError(f"a frame is built of a mapping, a record or an object, not of {type(value).__name__}")
    options = Options(kept, lenient, json)
    if decoded is not MISSING:
        value, changed = payload.placed(format, value, decoded, options, source, changed)
    return _build(format, value, options, source, changed or {})


def _kept(keep: str | Iterable[str]) -> frozenset[str]:
    listed = [keep] if isinstance(keep, str) else list(keep)
    for path in listed:
        if path != "all":
            path_of(path)
    return frozenset(listed)


def _with_metadata(format: Format, printed: Mapping[str, Any]) -> Mapping[str, Any]:
    """The value in a mapping that was printed, with the texts of its header where it has not the list of them."""
    value: Mapping[str, Any] = printed["value"]
    texts = printed.get("metadata")
    if not isinstance(texts, Mapping) or any(
        put.metadata is not None and put.id in value for put in _writing(format).puts
    ):
        return value
    return {**value, "metadata": texts}


def _is_printed(format: Format, value: Mapping[str, Any]) -> bool:
    """Whether a mapping has the form that `parse` prints a frame in; raises `UsageError` for one of another format."""
    name = value.get("format")
    if not isinstance(name, str):
        return False
    if name != format.name:
        raise UsageError(f"this is a frame of {name}, not of {format.name}")
    return True


def _printed_source(format: Format, value: Mapping[str, Any]) -> Source | None:
    raw = value.get("raw")
    if raw is None:
        return None
    try:
        held = bytes.fromhex(raw) if isinstance(raw, str) else bytes(raw)
        return _source(format, held, format.unit_of(held))
    except (ValueError, TypeError) as error:
        raise UsageError(f"`raw` is not hexadecimal: {error}") from error


def _source(format: Format, raw: bytes, unit: bytes) -> Source:
    """What is read from a frame.  Raises `BuildError` where it does not parse."""
    try:
        return Source(raw, unit, parsed(format, unit))
    except WIRE_ERRORS as error:
        raise BuildError(f"{format.name}: what it was read from does not parse: {error}", ()) from error


def parsed(format: Format, unit: bytes) -> Any:
    """The value of a unit, read whole."""
    if format.envelope is None:
        assert format.root is not None
        value: Any = parse_whole(format.root, unit)
    else:
        value = format.envelope.decode.parse(unit, None)
    return value


def _read_from(format: Format, value: KaitaiStruct) -> Source | None:
    """What an object of a generated class was read from, if it was."""
    raw = getattr(value, "_late", None)
    if raw is None:
        io = value.__dict__.get("_io")
        if not isinstance(io, KaitaiStream) or isinstance(io, Sink):
            return None
        raw = bytes(io._data)
    try:
        fresh = parsed(format, raw)
    except WIRE_ERRORS:
        return None
    framing = format.envelope.search.framing if format.envelope is not None else None
    return Source(on_wire(framing, raw), raw, fresh) if isinstance(value, type(fresh)) else None


def _writing(format: Format) -> ClassWriting:
    unit = format.value_class
    writing = writing_of(unit) if unit is not None else None
    if writing is None:
        raise UsageError(f"frames of {format.name} cannot be built: its module does not say how")
    return writing


def _slack(writing: ClassWriting, source: Source, root: Any) -> Slack:
    """What the value that was read from these bytes does not carry."""
    slack = Slack()
    walk = Walk(Options(), slack, recording=True)
    sink = Sink(source.unit, None, source.unit)
    walk.object(Node(writing, Input(source.value), (), None, root), sink)
    walk.whole((), sink)
    return slack


def _build(format: Format, value: Any, options: Options, source: Source | None, changed: Mapping[Path, Any]) -> Built:
    envelope = format.envelope
    writing = _writing(format)
    root = envelope.root if envelope is not None else None
    slack = _slack(writing, source, root) if source is not None else Slack()
    walk = Walk(options, slack)
    walk.limit = format.max_frame
    if envelope is not None:
        walk.computed_later = {
            checksum.field: checksum.size
            for checksum in (*envelope.search.checksums, *(part.checksum for part in envelope.decode.elements))
        }
    node = Node(writing, Input(value, changed), (), None, root)
    unit = walk.rounds(node)
    mistakes = list(walk.mistakes)
    recomputed = dict(walk.recomputed)
    if envelope is None:
        raw = unit
    else:
        framing = envelope.search.framing
        before = source.raw if source is not None else None
        checked = with_checksums(envelope, unit, trailer_of(framing, before), format.max_frame, options.keep)
        unit = checked.unit
        if not mistakes:
            mistakes += _of_checks(format, checked, node, options, recomputed)
        raw = on_wire(framing, unit, checked.trailer, before)
        if len(raw) > format.max_frame and not options.keep:
            mistakes.append(Mistake("", f"the frame would have {len(raw)} bytes, the limit is {format.max_frame}"))
    if mistakes:
        raise BuildError(_told(format, mistakes), mistakes)
    return Built(raw, tuple(recomputed.values()), tuple(slack.paths()))


def _of_checks(
    format: Format, checked: Any, node: Node, options: Options, recomputed: dict[str, Recomputed]
) -> list[Mistake]:
    """What is wrong with a frame as its format sees it; notes the checksums that were given and no longer fit."""
    mistakes = []
    if checked.refused and not options.keep:
        mistakes.append(Mistake("", f"it would be refused: {checked.refused}"))
    for check in checked.open:
        mistakes.append(Mistake(check.field, f"no value of it would make the checksum hold: {check.values}"))
    for check in checked.changed:
        path = path_of(check.field)
        stored, explicit = _given_at(node, path)
        if stored is MISSING:
            continue
        if options.lenient and not explicit:
            recomputed[check.field] = Recomputed(check.field, check.hex(check.stored), check.hex(check.computed))
        else:
            text = f"{_number(stored)} was given, but the checksum is {check.hex(check.computed)}"
            mistakes.append(Mistake(check.field, text))
    return mistakes


def _given_at(node: Node, path: Path) -> tuple[Any, bool]:
    """What was given for a field, and whether it was named by itself; MISSING where nothing was, or none can tell."""
    for part in path[:-1]:
        inner = node.children.get((part, None))
        if inner is None:
            return MISSING, False
        node = inner
    member = node.writing.ids.get(str(path[-1]))
    value = node.input.get(member.name, member.id) if member is not None else None
    return (MISSING if value is None else value), node.input.is_changed(str(path[-1]))


def _number(value: Any) -> str:
    return hex(value) if isinstance(value, int) and value.bit_length() <= 64 else told(value)


def _told(format: Format, mistakes: list[Mistake]) -> str:
    """The mistakes as a message."""
    lines = []
    for mistake in mistakes:
        place = f" ({format.spec}:{mistake.place[0]}:{mistake.place[1]})" if mistake.place[0] else ""
        lines.append(f"{mistake.path}: {mistake.text}{place}" if mistake.path else mistake.text)
    if len(lines) == 1:
        return f"{format.name}: {lines[0]}"
    return f"{format.name}: {len(lines)} mistakes\n  " + "\n  ".join(lines)
