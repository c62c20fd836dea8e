"""The `-sigflow-…` hints of a spec, understood and checked: what makes a type one frame of a stream.

Every name in a hint is resolved against the type it speaks of and every expression is typed, as in the rest of the
spec. `Hints` is what the emitter needs; a spec without `-sigflow-stream` has none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sigflow import checksums
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.evidence import evidence, extent, fixed_literals, leading
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Bits, Bytes, Names, Number, Text
from sigflow.compiler.problems import Problems, plural
from sigflow.compiler.scalars import code_in, type_in
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context, Types
from sigflow.diagnostics import Place
from sigflow.errors import UsageError
from sigflow.limits import DEFAULT_FRAME
from sigflow.runtime.envelope import CrcParameters

TYPE_HINTS = ("-sigflow-stream", "-sigflow-examples", "-sigflow-limits")
ATTRIBUTE_HINTS = (
    "-sigflow-reason",
    "-sigflow-max-size",
    "-sigflow-unique",
    "-sigflow-note",
    "-sigflow-codec",
    "-sigflow-scale",
    "-sigflow-offset",
    "-sigflow-unit",
    "-sigflow-metadata",
)
STREAM_KEYS = (
    "unit",
    "sync",
    "max-frame",
    "checksum",
    "confirm",
    "sequence",
    "overtaken-by",
    "aborted-by-sync",
    "time",
    "kind",
    "byte-order",
    "payload",
)
CHECKSUM_KEYS = ("field", "algorithm", "over", "zeroed", "encoding")
CRC_KEYS = ("width", "poly", "init", "refin", "refout", "xorout")
_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_REASON = re.compile(r"[a-z][a-z0-9-]*\Z")
#: `lint` warns where a chain is believed on less evidence than this many bits.
ENOUGH_BITS = 36
DEFAULT_CHAIN = 8
#: What the scan of a chain holds for each byte leaves this much room.
LONGEST_CHAIN = 255


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """Covered bytes: from the first byte of `first` to the last of `last`; or an expression."""

    first: sc.Attr | None = None
    last: sc.Attr | None = None
    code: sc.Code | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ChecksumHint:
    """One checksum: the attribute that holds it, its algorithm and bytes, and what it covers."""

    attr: sc.Attr
    algorithm: str | CrcParameters
    size: int
    order: str
    over: tuple[Over, ...]
    zeroed: bool
    written: str
    place: Place  # of `over`


@dataclass(frozen=True, slots=True, eq=False)
class SequenceHint:
    """The sequence counter."""

    attr: sc.Attr
    per: sc.Code | None
    step: int
    modulus: int


@dataclass(frozen=True, slots=True, eq=False)
class TimeHint:
    """The time of a frame."""

    code: sc.Code
    nanoseconds: int
    epoch: str | None


@dataclass(frozen=True, slots=True, eq=False)
class CodecHint:
    """One payload codec of an attribute; `target` is a type of the spec, where the name is one."""

    attr: sc.Attr
    name: str
    when: sc.Code | None
    target: sc.ClassSpec | None


@dataclass(frozen=True, slots=True, eq=False)
class NoteHint:
    """A note on the record."""

    attr: sc.Attr
    when: sc.Code
    code: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class MetadataHint:
    """Elements of a repeated attribute as a mapping of text."""

    attr: sc.Attr
    key: sc.Code
    value: sc.Code
    when: sc.Code | None


@dataclass(slots=True, eq=False)
class Hints:
    """All hints of one spec."""

    unit: sc.ClassSpec
    arguments: tuple[sc.Code, ...] = ()
    sync: tuple[bytes, ...] = ()
    max_frame: int = DEFAULT_FRAME
    min_frame: int = 1
    header_bits: float = 0.0
    checksums: tuple[ChecksumHint, ...] = ()
    chain: int | None = None
    sequence: SequenceHint | None = None
    overtaken_by: str | None = None
    aborted_by_sync: bool = True
    time: TimeHint | None = None
    kind: sc.Code | None = None
    byte_order: sc.Code | None = None
    payload: sc.Attr | None = None
    codecs: list[CodecHint] = field(default_factory=list)
    notes: list[NoteHint] = field(default_factory=list)
    metadata: MetadataHint | None = None
    reasons: dict[sc.Attr, str] = field(default_factory=dict)
    max_sizes: dict[sc.Attr, int] = field(default_factory=dict)
    uniques: dict[sc.Attr, tuple[sc.Code, str]] = field(default_factory=dict)
    #: Ids of fields that a hint speaks of.
    mentioned: set[str] = field(default_factory=set)


def understand_hints(spec: sc.Spec, names: Names, types: Types, problems: Problems) -> Hints | None:
    """The hints of a spec; None where nothing in it is a frame of a stream."""
    return _Hinter(spec, names, types, problems).spec()


class _Hinter:
    def __init__(self, spec: sc.Spec, names: Names, types: Types, problems: Problems) -> None:
        self.file = spec
        self.names = names
        self.types = types
        self.problems = problems

    def bad(self, node: Node | sc.Attr, message: str, code: str = "SF502") -> None:
        self.problems.add(code, node.place, message)

    def keys(self, node: Mapping, legal: tuple[str, ...], what: str) -> None:
        for key, _ in node:
            if key.text not in legal:
                self.problems.add(
                    "SF501", key, f"unknown key '{key.text}' of {what}, expected: {', '.join(legal)}", (key.text, legal)
                )

    def expression(self, node: Node | None, context: Context, *kinds: str) -> sc.Code | None:
        """The expression in a hint, typed; a field that it does not know is reported where it stands."""
        if node is None:
            return None
        if isinstance(node, Mapping) and node.get("expr") is not None:
            self.keys(node, ("expr",), "an expression")
            return self.expression(node.get("expr"), context, *kinds)
        code = code_in(node, self.problems)
        if code is None:
            return None
        if isinstance(code.expr, ex.Name) and self.misspelt(code.expr.id, context):
            self.unknown(code.expr.id, code.place, context.spec.member_ids())
            return None
        found = self.types.of(code, context)
        if kinds and found.kind not in (*kinds, "any"):
            self.bad(node, f"expected {' or '.join(kinds)}, got {found}")
        return code

    @staticmethod
    def misspelt(id: str, context: Context) -> bool:
        """Whether a lone name is no field at all."""
        return not id.startswith("_") and context.spec.member(id) is None and not context.spec.broken

    def unknown(self, id: str, place: Place, known: Iterable[str]) -> None:
        self.problems.add("SF508", place, f"unknown field '{id}'", (id, known))

    def integer(self, node: Node | None, least: int, most: int = 1 << 63) -> int | None:
        if node is None:
            return None
        value = node.integer if isinstance(node, Scalar) else None
        if value is None or not least <= value <= most:
            wanted = f"of at least {least}" if value is None or value < least else f"of at most {most}"
            self.bad(node, f"expected an integer {wanted}, got {node.describe()}")
            return None
        return value

    # ------------------------------------------------------------ the spec

    def spec(self) -> Hints | None:
        streams = [one for one in self.file.top.walk() if "-sigflow-stream" in one.hints]
        for one in self.file.top.walk():
            for key, scalar in one.hint_keys.items():
                if key not in TYPE_HINTS:
                    self.problems.add(
                        "SF501",
                        scalar,
                        f"unknown hint '{key}' of a type, expected: {', '.join(TYPE_HINTS)}",
                        (key, TYPE_HINTS),
                    )
            self.limits(one)
        for extra in streams[1:]:
            self.bad(
                extra.hints["-sigflow-stream"], f"a spec has one stream format, '{streams[0].title}' has it already"
            )
        hints = self.stream(streams[0]) if streams else None
        for one in self.file.top.walk():
            for attr in one.attrs():
                self.attribute(attr, one, hints)
        if hints is not None:
            self.finish(hints, streams[0])
        return hints

    def limits(self, spec: sc.ClassSpec) -> None:
        node = spec.hints.get("-sigflow-limits")
        if node is None:
            return
        if not isinstance(node, Mapping):
            self.bad(node, f"expected a map with repeat or depth, got {node.describe()}")
            return
        self.keys(node, ("repeat", "depth"), "-sigflow-limits")
        for _, value in node:
            self.integer(value, 0)

    # ------------------------------------------------------------ -sigflow-stream

    def stream(self, carrier: sc.ClassSpec) -> Hints | None:
        node = carrier.hints["-sigflow-stream"]
        if isinstance(node, Scalar) and (node.is_null or node.boolean is True):
            node = Mapping((), node.place)
        if not isinstance(node, Mapping):
            self.bad(node, f"expected a map, got {node.describe()}")
            return None
        self.keys(node, STREAM_KEYS, "-sigflow-stream")
        unit, arguments = self.unit(node.get("unit"), carrier)
        if unit is None:
            return None
        if len(arguments) != len(unit.params):
            place = node.get("unit") or node
            self.bad(
                place,
                f"type '{unit.title}' takes {plural(len(unit.params), 'argument')}, got {len(arguments)}",
                "SF311",
            )
            return None
        hints = Hints(unit, arguments)
        context = Context(unit)
        for key, action in self._KEYS.items():
            value = node.get(key)
            if value is not None:
                action(self, hints, value, context)
        return hints

    def unit(self, node: Node | None, carrier: sc.ClassSpec) -> tuple[sc.ClassSpec | None, tuple[sc.Code, ...]]:
        if node is None:
            return carrier, ()
        ref = type_in(node, self.problems)
        if ref is None:
            return None, ()
        name = ref.name
        found = self.types.scope.find_type(name.path, carrier)
        if found is None:
            written = "::".join(name.path)
            self.problems.add(
                "SF204", ref.at(name.at), f"unknown type '{written}'", (written, self.types.scope.type_names(carrier))
            )
            return None, ()
        self.names.used.add(found)
        codes = tuple(sc.Code(ref.scalar, argument) for argument in name.arguments)
        for code in codes:
            self.types.of(code, Context(carrier))
        return found, codes

    def sync(self, hints: Hints, node: Node, _context: Context) -> None:
        items = node.items if isinstance(node, Sequence) else (node,)
        if isinstance(node, Scalar) and node.plain and node.text == "none":
            return
        if (
            isinstance(node, Sequence)
            and node.items
            and all(isinstance(one, Scalar) and one.integer is not None for one in node.items)
        ):
            items = (node,)
        found: list[bytes] = []
        possible = leading(hints.unit, self.names)
        for item in items:
            literal = self.literal(item)
            if not literal:
                continue
            found.append(literal)
            if not any(one.startswith(literal) for one in possible):
                shown = ", ".join(one.hex(" ") for one in possible) or "nothing"
                self.bad(
                    item, f"no field fixes the sync {literal.hex(' ')}: the leading bytes are fixed to {shown}", "SF505"
                )
        hints.sync = tuple(found)

    def literal(self, node: Node) -> bytes | None:
        if isinstance(node, Sequence):
            values = [one.integer if isinstance(one, Scalar) else None for one in node.items]
            if all(value is not None and 0 <= value <= 255 for value in values):
                return bytes(value for value in values if value is not None)
        elif isinstance(node, Scalar) and not node.is_null:
            value = node.integer
            if value is not None and 0 <= value <= 255:
                return bytes((value,))
            return node.text.encode("utf-8", "surrogatepass")
        self.bad(node, f"expected a string or a list of bytes, got {node.describe()}")
        return None

    def max_frame(self, hints: Hints, node: Node, _context: Context) -> None:
        hints.max_frame = self.integer(node, 1) or hints.max_frame

    def checksum(self, hints: Hints, node: Node, context: Context) -> None:
        items = node.items if isinstance(node, Sequence) else (node,)
        found = [one for item in items if (one := self.one_checksum(hints, item, context))]
        hints.checksums = tuple(found)

    def one_checksum(self, hints: Hints, node: Node, context: Context) -> ChecksumHint | None:
        if not isinstance(node, Mapping):
            self.bad(node, f"expected a map with field, algorithm and over, got {node.describe()}")
            return None
        self.keys(node, CHECKSUM_KEYS, "a checksum")
        missing = [key for key in ("field", "algorithm", "over") if node.get(key) is None]
        if missing:
            self.bad(node, f"a checksum needs {' and '.join(f'`{key}`' for key in missing)}")
            return None
        attr = self.field(node.get("field"), hints)
        algorithm = self.algorithm(node.get("algorithm"))
        over = self.over(node.get("over"), hints, context)
        if attr is None or algorithm is None or over is None:
            return None
        width = checksums.get(algorithm).width
        place = node.get("field") or node
        size, order = self.stored(attr, place, node.get("encoding"), width)
        if not size:
            return None
        zeroed = node.get("zeroed")
        written = node.get("over")
        text = ", ".join(
            one.text if isinstance(one, Scalar) else "{expr}"
            for one in (written.items if isinstance(written, Sequence) else (written,))
        )
        return ChecksumHint(
            attr, algorithm, size, order, over, isinstance(zeroed, Scalar) and zeroed.boolean is True, text,
            written.place if written is not None else node.place,
        )  # fmt: skip

    def stored(self, attr: sc.Attr, place: Node, encoding: Node | None, width: int) -> tuple[int, str]:
        wire = self.names.wires.get(attr)
        if wire is None:
            return 0, ""  # reported where the field stands
        if isinstance(wire, Number) and wire.kind != "f" and wire.order != "calc":
            if encoding is not None:
                self.bad(encoding, f"'{attr.id}' is an integer; only text has an encoding of digits", "SF504")
            if width > 8 * wire.size:
                self.bad(
                    place,
                    f"a checksum of {width} bits does not fit into '{attr.id}', which has {8 * wire.size}",
                    "SF504",
                )
                return 0, ""
            return wire.size, "little" if wire.order == "le" else "big"
        if isinstance(wire, Text | Bytes) and isinstance(encoding, Scalar) and encoding.text == "hex":
            size = integer(wire.shape.size)
            if size is not None and 4 * size >= width:
                return size, "hex"
            has = "no fixed size" if size is None else str(size)
            self.bad(place, f"a checksum of {width} bits takes {-(-width // 4)} digits, '{attr.id}' has {has}", "SF504")
            return 0, ""
        self.bad(
            place, f"a checksum stands in an integer, or in text with `encoding: hex`; '{attr.id}' is neither", "SF504"
        )
        return 0, ""

    def algorithm(self, node: Node | None) -> str | CrcParameters | None:
        if isinstance(node, Scalar):
            try:
                checksums.get(node.text)
            except UsageError as error:
                self.bad(node, str(error).partition(" Known: ")[0], "SF503")
                return None
            return node.text
        if isinstance(node, Mapping):
            self.keys(node, CRC_KEYS, "a CRC")
            values: dict[str, int | bool] = {}
            for key, value in node:
                flag = value.boolean if isinstance(value, Scalar) else None
                number = value.integer if isinstance(value, Scalar) else None
                if flag is None and number is None:
                    self.bad(value, f"expected an integer or a boolean, got {value.describe()}")
                    return None
                values[key.text] = flag if number is None and flag is not None else number or 0
            if not {"width", "poly"} <= values.keys() or not set(CRC_KEYS) >= values.keys():
                self.bad(node, "a CRC needs at least `width` and `poly`")
                return None
            parameters = CrcParameters(
                int(values["width"]),
                int(values["poly"]),
                int(values.get("init", 0)),
                bool(values.get("refin", False)),
                bool(values.get("refout", False)),
                int(values.get("xorout", 0)),
            )
            try:
                checksums.get(parameters)
            except UsageError as error:
                self.bad(node, str(error), "SF503")
                return None
            return parameters
        if node is not None:
            self.bad(node, f"expected a name or CRC parameters, got {node.describe()}")
        return None

    def over(self, node: Node | None, hints: Hints, context: Context) -> tuple[Over, ...] | None:
        items = node.items if isinstance(node, Sequence) else (node,)
        found: list[Over] = []
        for item in items:
            if isinstance(item, Mapping):
                code = self.expression(item, context, "bytes", "int")
                if code is None:
                    return None
                found.append(Over(code=code))
                continue
            if not isinstance(item, Scalar):
                self.bad(item or self.file.root, "expected a field, a range `a..b` or {expr: …}")
                return None
            first, dots, last = item.text.partition("..")
            a = self.named(first.strip(), item.at(0), hints)
            after = len(first) + 2 + len(last) - len(last.lstrip())
            b = self.named(last.strip(), item.at(after), hints) if dots else a
            if a is None or b is None:
                return None
            seq = hints.unit.seq
            if seq.index(b) < seq.index(a):
                self.bad(item, f"the range '{item.text}' ends before it begins")
                return None
            found.append(Over(a, b))
        return tuple(found)

    def field(self, node: Node | None, hints: Hints) -> sc.Attr | None:
        """The field of the unit's own `seq` that a hint names."""
        if not isinstance(node, Scalar):
            if node is not None:
                self.bad(node, f"expected a field, got {node.describe()}")
            return None
        return self.named(node.text, node.place, hints)

    def named(self, id: str, place: Place, hints: Hints) -> sc.Attr | None:
        found = next((attr for attr in hints.unit.seq if attr.id == id), None)
        if found is None:
            if not hints.unit.broken:
                self.unknown(id, place, [attr.id for attr in hints.unit.seq])
            return None
        hints.mentioned.add(id)
        return found

    def confirm(self, hints: Hints, node: Node, _context: Context) -> None:
        if isinstance(node, Scalar) and node.text == "checksum":
            if not hints.checksums:
                self.bad(node, "`confirm: checksum` needs a checksum")
            return
        if isinstance(node, Mapping) and node.get("chain") is not None:
            self.keys(node, ("chain",), "confirm")
            hints.chain = self.integer(node.get("chain"), 2, LONGEST_CHAIN)
            return
        self.bad(node, f"expected `checksum` or `{{chain: n}}`, got {node.describe()}")

    def sequence(self, hints: Hints, node: Node, context: Context) -> None:
        if isinstance(node, Scalar):
            node = Mapping(((node, node),), node.place, {"field": (node, node)})
        if not isinstance(node, Mapping) or node.get("field") is None:
            self.bad(node, "expected a map with `field`, and maybe `per` and `step`")
            return
        if len(node.entries) > 1:
            self.keys(node, ("field", "per", "step"), "sequence")
        attr = self.field(node.get("field"), hints)
        per = self.expression(node.get("per"), context)
        step = self.integer(node.get("step"), 1) if node.get("step") is not None else 1
        wire = self.names.wires.get(attr) if attr is not None else None
        bits = (
            8 * wire.size
            if isinstance(wire, Number) and wire.kind == "u"
            else wire.width
            if isinstance(wire, Bits)
            else 0
        )
        if attr is not None and not bits:
            self.bad(node, f"a sequence is an unsigned integer or a bit field, '{attr.id}' is neither")
        elif attr is not None:
            hints.sequence = SequenceHint(attr, per, step or 1, 1 << bits)

    def overtaken(self, hints: Hints, node: Node, _context: Context) -> None:
        if not isinstance(node, Scalar) or node.text != "sequence":
            self.bad(node, f"expected `sequence`, got {node.describe()}")
        elif hints.sequence is None or not hints.checksums:
            self.bad(node, "`overtaken-by: sequence` needs a checksum and a sequence")
        else:
            hints.overtaken_by = "sequence"

    def aborted(self, hints: Hints, node: Node, _context: Context) -> None:
        value = node.boolean if isinstance(node, Scalar) else None
        if value is None:
            self.bad(node, f"expected true or false, got {node.describe()}")
        else:
            hints.aborted_by_sync = value

    def time(self, hints: Hints, node: Node, context: Context) -> None:
        if isinstance(node, Scalar):
            code = self.expression(node, context, "int", "float")
            hints.time = TimeHint(code, _UNITS["s"], None) if code is not None else None
            return
        if not isinstance(node, Mapping):
            self.bad(node, f"expected a map with `field` or `expr`, got {node.describe()}")
            return
        self.keys(node, ("field", "expr", "unit", "epoch"), "time")
        code = self.expression(node.get("field") or node.get("expr"), context, "int", "float")
        unit, epoch = node.get("unit"), node.get("epoch")
        name = unit.text if isinstance(unit, Scalar) else "s"
        if name not in _UNITS:
            self.bad(unit or node, f"expected one of {', '.join(_UNITS)}, got '{name}'")
            return
        text = epoch.text if isinstance(epoch, Scalar) else None
        if text is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?Z?)?", text):
            self.bad(epoch or node, f"expected a quoted ISO date such as '1970-01-01', got '{text}'")
            return
        if code is not None:
            hints.time = TimeHint(code, _UNITS[name], text)

    def kind(self, hints: Hints, node: Node, context: Context) -> None:
        hints.kind = self.expression(node, context)

    def byte_order(self, hints: Hints, node: Node, context: Context) -> None:
        hints.byte_order = self.expression(node, context, "str")

    def payload(self, hints: Hints, node: Node, _context: Context) -> None:
        hints.payload = self.field(node, hints)

    _KEYS: dict[str, Callable[[_Hinter, Hints, Node, Context], None]] = {  # noqa: RUF012  # a table
        "sync": sync,
        "max-frame": max_frame,
        "checksum": checksum,
        "confirm": confirm,
        "sequence": sequence,
        "overtaken-by": overtaken,
        "aborted-by-sync": aborted,
        "time": time,
        "kind": kind,
        "byte-order": byte_order,
        "payload": payload,
    }

    # ------------------------------------------------------------ hints of attributes

    def attribute(self, attr: sc.Attr, spec: sc.ClassSpec, hints: Hints | None) -> None:
        for key, node in attr.hints.items():
            action = self._ATTRIBUTE.get(key)
            if action is None:
                self.problems.add(
                    "SF501",
                    attr.hint_keys[key],
                    f"unknown hint '{key}' of an attribute, expected: {', '.join(ATTRIBUTE_HINTS)}",
                    (key, ATTRIBUTE_HINTS),
                )
            else:
                action(self, attr, node, spec, hints)

    def reason(self, attr: sc.Attr, node: Node, _spec: sc.ClassSpec, hints: Hints | None) -> None:
        if not isinstance(node, Scalar) or not _REASON.match(node.text):
            self.bad(node, f"a reason is lower-case words with hyphens, such as bad-length, got {node.describe()}")
        elif hints is not None:
            hints.reasons[attr] = node.text

    def max_size(self, attr: sc.Attr, node: Node, _spec: sc.ClassSpec, hints: Hints | None) -> None:
        value = self.integer(node, 1)
        if value is not None and hints is not None:
            hints.max_sizes[attr] = value

    def unique(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> None:
        reason = "duplicate-key"
        if attr.repeat is None:
            self.bad(node, f"`-sigflow-unique` needs a repeated attribute, '{attr.id}' is not")
            return
        if isinstance(node, Mapping) and node.get("reason") is not None:
            self.keys(node, ("expr", "reason"), "-sigflow-unique")
            written = node.get("reason")
            reason = written.text if isinstance(written, Scalar) else reason
            node = node.get("expr") or node
        code = self.expression(node, Context(spec, self.types.element(attr)))
        if code is not None and hints is not None:
            hints.uniques[attr] = (code, reason)

    def own(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> bool:
        if hints is not None and spec is hints.unit and not attr.is_instance:
            return True
        self.bad(node, "this hint stands on a field of the type that is one frame")
        return False

    def note(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> None:
        for one in node.items if isinstance(node, Sequence) else (node,):
            if not isinstance(one, Mapping):
                self.bad(one, "expected a map with if, code and text")
                continue
            self.keys(one, ("if", "code", "text"), "-sigflow-note")
            when = self.expression(one.get("if"), Context(spec), "bool")
            code, text = one.get("code"), one.get("text")
            if when is None or not isinstance(code, Scalar) or not _REASON.match(code.text):
                self.bad(one, "a note needs `if` and `code`, a word such as unknown-version")
            elif self.own(attr, node, spec, hints) and hints is not None:
                hints.notes.append(
                    NoteHint(attr, when, code.text, text.text if isinstance(text, Scalar) else code.text)
                )

    def codec(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> None:
        for one in node.items if isinstance(node, Sequence) else (node,):
            name = one.get("name") if isinstance(one, Mapping) else one
            if not isinstance(name, Scalar) or name.is_null:
                self.bad(one, "expected a codec's name, or a map with name and if")
                continue
            if isinstance(one, Mapping):
                self.keys(one, ("name", "if"), "-sigflow-codec")
            when = self.expression(one.get("if"), Context(spec), "bool") if isinstance(one, Mapping) else None
            path = tuple(name.text.split("::"))
            target = self.types.scope.find_type(path, spec) if all(path) else None
            if target is not None and (target.params or (hints is not None and target is hints.unit)):
                target = None
            if target is not None:
                self.names.used.add(target)
            if self.own(attr, node, spec, hints) and hints is not None:
                hints.codecs.append(CodecHint(attr, name.text, when, target))

    def physical(self, attr: sc.Attr, node: Node, _spec: sc.ClassSpec, _hints: Hints | None) -> None:
        try:
            finite = math.isfinite(float(node.text if isinstance(node, Scalar) else ""))
        except ValueError:
            finite = False
        if not finite:
            self.bad(node, f"expected a number, got {node.describe()}")

    def physical_unit(self, _attr: sc.Attr, node: Node, _spec: sc.ClassSpec, _hints: Hints | None) -> None:
        if not isinstance(node, Scalar):
            self.bad(node, f"expected the name of a unit, got {node.describe()}")

    def metadata(self, attr: sc.Attr, node: Node, spec: sc.ClassSpec, hints: Hints | None) -> None:
        if not isinstance(node, Mapping) or attr.repeat is None:
            self.bad(node, "expected a map with key and value, on a repeated attribute")
            return
        self.keys(node, ("key", "value", "if"), "-sigflow-metadata")
        context = Context(spec, self.types.element(attr))
        key, value = (
            self.expression(node.get("key"), context, "str"),
            self.expression(node.get("value"), context, "str"),
        )
        when = self.expression(node.get("if"), context, "bool")
        if key is None or value is None:
            self.bad(node, "metadata needs `key` and `value`")
        elif self.own(attr, node, spec, hints) and hints is not None:
            hints.metadata = MetadataHint(attr, key, value, when)

    _ATTRIBUTE: dict[str, Callable[[_Hinter, sc.Attr, Node, sc.ClassSpec, Hints | None], None]] = {  # noqa: RUF012  # a table
        "-sigflow-reason": reason,
        "-sigflow-max-size": max_size,
        "-sigflow-unique": unique,
        "-sigflow-note": note,
        "-sigflow-codec": codec,
        "-sigflow-scale": physical,
        "-sigflow-offset": physical,
        "-sigflow-unit": physical_unit,
        "-sigflow-metadata": metadata,
    }

    # ------------------------------------------------------------ what follows from all of them

    def finish(self, hints: Hints, carrier: sc.ClassSpec) -> None:
        node = carrier.hints["-sigflow-stream"]
        written = node if isinstance(node, Mapping) else Mapping((), node.place)
        if written.get("sync") is None:
            literals = leading(hints.unit, self.names)
            hints.sync = tuple(literals)
        if not hints.checksums and hints.chain is None:
            hints.chain = DEFAULT_CHAIN
        smallest, largest = extent(hints.unit, self.names, self.types)
        hints.min_frame = max(smallest, 1)
        if written.get("max-frame") is None:
            hints.max_frame = min(largest, DEFAULT_FRAME) if largest is not None else DEFAULT_FRAME
        elif hints.max_frame < smallest:
            self.bad(
                written.get("max-frame") or node,
                f"max-frame is {hints.max_frame}, the smallest frame has {smallest} bytes",
                "SF506",
            )
        if hints.payload is None:
            hints.payload = next((attr for attr in hints.unit.seq if attr.id == "payload"), None)
        hints.header_bits = evidence(hints.unit, hints.max_frame, self.names)
        if hints.chain is not None:
            where = written.get("confirm") or carrier.hint_keys["-sigflow-stream"]
            total = hints.header_bits * hints.chain
            if hints.header_bits == 0:
                self.bad(
                    where, "any bytes are a valid header of this format: it cannot be found again after damage", "SF510"
                )
            elif total < ENOUGH_BITS:
                found = (
                    f"a chain of {hints.chain} is believed on {total:.0f} bits of evidence, {ENOUGH_BITS} are advised"
                )
                self.bad(where, f"{found}: more `valid`, a lower max-frame or a longer chain", "SF510")
        self.protection(hints)

    def protection(self, hints: Hints) -> None:
        if not hints.checksums:
            return
        seq = hints.unit.seq
        covered: set[sc.Attr] = {one.attr for one in hints.checksums}
        for checksum in hints.checksums:
            for over in checksum.over:
                if over.first is not None and over.last is not None:
                    covered.update(seq[seq.index(over.first) : seq.index(over.last) + 1])
        bare = [
            attr.id
            for attr in seq
            if attr not in covered and not fixed_literals(attr, self.names) and not self.empty(attr)
        ]
        if bare:
            self.problems.add(
                "SF509",
                hints.checksums[0].place,
                f"no checksum protects the bytes of {', '.join(bare)}: damage there can go unseen",
            )

    def empty(self, attr: sc.Attr) -> bool:
        return self.types.layout.attr_bits(attr) == 0


__all__ = ["Hints", "understand_hints"]
