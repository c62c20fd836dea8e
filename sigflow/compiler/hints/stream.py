"""What makes a type one frame of a stream: `-sigflow-stream`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.evidence import evidence, extent, fixed_literals, leading
from sigflow.compiler.hints.checksum import ChecksumReader
from sigflow.compiler.hints.elements import ElementReader
from sigflow.compiler.hints.framing import LONGEST_STARTED, FramingReader
from sigflow.compiler.hints.model import AroundHint, ChecksumHint, Hints, PartHint, SequenceHint, TimeHint
from sigflow.compiler.hints.reader import Reader
from sigflow.compiler.model import Bits, Names, Number, User
from sigflow.compiler.problems import Problems, plural
from sigflow.compiler.scalars import type_in
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context, Types
from sigflow.limits import DEFAULT_FRAME, WITHOUT_RANGES

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
    "framing",
    "idle",
    "preamble",
    "trailer",
    "max-preamble",
)
_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
#: `lint` warns where a chain is believed on less evidence than this many bits.
ENOUGH_BITS = 36
DEFAULT_CHAIN = 8
#: Bytes of a preamble where the spec says nothing, and of a trailer.
DEFAULT_PREAMBLE = 1 << 20
#: What the scan of a chain holds for each byte leaves this much room.
LONGEST_CHAIN = 255


class StreamReader(Reader):
    """Reads `-sigflow-stream`."""

    def __init__(self, spec: sc.Spec, names: Names, types: Types, problems: Problems) -> None:
        super().__init__(spec, names, types, problems)
        self._checksums = ChecksumReader(spec, names, types, problems)
        self._element_reader = ElementReader(spec, names, types, problems)
        self._framing = FramingReader(spec, names, types, problems)

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
        self._element_reader.elements(hints)
        for key, action in self._KEYS.items():
            value = node.get(key)
            if value is not None:
                action(self, hints, value, context)
        hints.around = self.around(hints, node, carrier)
        return hints

    def unit(self, node: Node | None, carrier: sc.ClassSpec) -> tuple[sc.ClassSpec | None, tuple[sc.Code, ...]]:
        if node is None:
            return carrier, ()
        ref = type_in(node, self.problems)
        if ref is None:
            return None, ()
        name = ref.name
        type_ = self.types.scope.find_type(name.path, carrier)
        if type_ is None:
            written = "::".join(name.path)
            self.problems.add(
                "SF204", ref.at(name.at), f"unknown type '{written}'", (written, self.types.scope.type_names(carrier))
            )
            return None, ()
        if type_.top is not carrier.top:
            why = (
                f"'{type_.title}' is of another spec: its hints stand in a spec that has no fields and types of its own"
            )
            self.bad(node, why)
            return None, ()
        self.names.used.add(type_)
        codes = tuple(sc.Code(ref.scalar, argument) for argument in name.arguments)
        for code in codes:
            self.types.of(code, Context(carrier))
        return type_, codes

    def sync(self, hints: Hints, node: Node, _context: Context) -> None:
        items = node.items if isinstance(node, Sequence) else (node,)
        if isinstance(node, Scalar) and node.plain and node.text == "none":
            return
        if (
            isinstance(node, Sequence)
            and node.items
            and all(isinstance(element, Scalar) and element.integer is not None for element in node.items)
        ):
            items = (node,)
        literals: list[bytes] = []
        possible = leading(hints.unit, self.names)
        for item in items:
            literal = self.literal(item)
            if not literal:
                continue
            literals.append(literal)
            if not any(element.startswith(literal) for element in possible):
                shown = ", ".join(element.hex(" ") for element in possible) or "nothing"
                self.bad(
                    item, f"no field fixes the sync {literal.hex(' ')}: the leading bytes are fixed to {shown}", "SF505"
                )
        hints.sync = tuple(literals)

    def max_frame(self, hints: Hints, node: Node, _context: Context) -> None:
        hints.max_frame = self.integer(node, 1) or hints.max_frame

    def checksum(self, hints: Hints, node: Node, context: Context) -> None:
        items = node.items if isinstance(node, Sequence) else (node,)
        hints_ = [hint for item in items if (hint := self._checksums.checksum(hints, item, context))]
        hints.checksums = tuple(hints_)

    def around(self, hints: Hints, node: Mapping, carrier: sc.ClassSpec) -> AroundHint | None:
        """What stands once around the frames of a whole file: `preamble` and `trailer`."""
        most = node.get("max-preamble")
        limit = self.integer(most, 1, 1 << 30) if most is not None else None
        wanted = {key: value for key in ("preamble", "trailer") if (value := node.get(key)) is not None}
        for key, value in list(wanted.items()):
            flag = value.boolean if isinstance(value, Scalar) else None
            if flag is None:
                self.bad(value, f"expected true or false, got {value.describe()}")
            if not flag:
                del wanted[key]
        if not wanted:
            return None
        place = next(iter(wanted.values()))
        lists = [attr for attr in carrier.seq if attr.repeat is not None and self._elements(attr) is hints.unit]
        if carrier is not self.file.top or len(lists) != 1:
            why = f"a preamble and a trailer stand around the one list of '{hints.unit.title}' of the root, which has"
            self.bad(place, f"{why} {plural(len(lists), 'such list')}", "SF515")
            return None
        at = carrier.seq.index(lists[0])
        parts = {"preamble": carrier.seq[:at], "trailer": carrier.seq[at + 1 :]}
        for key, value in wanted.items():
            if not parts[key]:
                side = "before" if key == "preamble" else "behind"
                self.bad(value, f"nothing stands {side} '{lists[0].id}'", "SF515")
        return AroundHint(
            carrier,
            self._part(carrier, parts["preamble"] if "preamble" in wanted else ()),
            self._part(carrier, parts["trailer"] if "trailer" in wanted else ()),
            limit or DEFAULT_PREAMBLE,
        )

    def _part(self, root: sc.ClassSpec, attrs: tuple[sc.Attr, ...]) -> PartHint:
        """What some fields of the root say by themselves."""
        if not attrs:
            return PartHint()
        part = replace(root, seq=attrs, instances={}, types={}, enums={}, _index={})
        smallest, _ = extent(part, self.names, self.types)
        literals = leading(part, self.names)
        return PartHint(attrs, tuple(literals), evidence(part, 1 << 62, self.names), smallest)

    def _elements(self, attr: sc.Attr) -> sc.ClassSpec | None:
        """The class of a field whose bytes stand on the wire as they are."""
        wire = self.names.wires.get(attr)
        return (
            wire.target
            if isinstance(wire, User) and wire.shape is None and isinstance(wire.target, sc.ClassSpec)
            else None
        )

    def framing(self, hints: Hints, node: Node, context: Context) -> None:
        self._framing.framing(hints, node, context)

    def idle(self, hints: Hints, node: Node, context: Context) -> None:
        self._framing.idle(hints, node, context)

    def confirm(self, hints: Hints, node: Node, _context: Context) -> None:
        if isinstance(node, Scalar) and node.text == "delimiter":
            if not hints.closed:
                self.bad(node, "`confirm: delimiter` needs a framing with a `delimiter` or an `end`")
            return
        if hints.closed:
            if not isinstance(node, Scalar) or node.text != "checksum" or not hints.checksums:
                self.bad(node, "what delimiters confirm says `confirm: delimiter`, or has a checksum")
            return
        if isinstance(node, Scalar) and node.text == "checksum":
            if not hints.checksums and not hints.elements:
                self.bad(node, "`confirm: checksum` needs a checksum")
            return
        if isinstance(node, Mapping) and node.get("chain") is not None:
            self.keys(node, ("chain",), "confirm")
            hints.chain = self.integer(node.get("chain"), 2, LONGEST_CHAIN)
            return
        self.bad(node, f"expected `checksum`, `delimiter` or `{{chain: n}}`, got {node.describe()}")

    def sequence(self, hints: Hints, node: Node, context: Context) -> None:
        if isinstance(node, Scalar):
            node = Mapping(((node, node),), node.place, {"field": (node, node)})
        if not isinstance(node, Mapping) or node.get("field") is None:
            self.bad(node, "expected a map with `field`, and maybe `per`, `step` and `if`")
            return
        if len(node.entries) > 1:
            self.keys(node, ("field", "per", "step", "if"), "sequence")
        attr = self.field(node.get("field"), hints)
        per = self.expression(node.get("per"), context)
        when = self.expression(node.get("if"), context, "bool")
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
            hints.sequence = SequenceHint(attr, per, step or 1, 1 << bits, when)

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

    _KEYS: dict[str, Callable[[StreamReader, Hints, Node, Context], None]] = {  # noqa: RUF012  # a table
        "framing": framing,
        "idle": idle,
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

    # ------------------------------------------------------------ what follows from all of them

    def finish(self, hints: Hints, carrier: sc.ClassSpec) -> None:
        node = carrier.hints["-sigflow-stream"]
        written = node if isinstance(node, Mapping) else Mapping((), node.place)
        if hints.framing is not None:
            if written.get("sync") is not None:
                self.bad(
                    written.get("sync") or node, "in a framing, its own literals are what is searched for", "SF514"
                )
            start = hints.framing.framing.start
            hints.sync = (start,) if start else ()
        elif written.get("sync") is None:
            literals = leading(hints.unit, self.names)
            hints.sync = tuple(literals)
        if hints.chain is None and not hints.closed and all(hint.conditions for hint in hints.checksums):
            hints.chain = DEFAULT_CHAIN
        smallest, largest = extent(hints.unit, self.names, self.types)
        most = DEFAULT_FRAME
        if hints.framing is not None:
            framing = hints.framing.framing
            around = len(framing.delimiter + framing.start + framing.end) + framing.trailer
            worst = framing.stuffing.worst if framing.stuffing is not None else int
            # A unit of no bytes is none between delimiters.
            smallest, largest = max(smallest, 1) + around, worst(largest) + around if largest is not None else None
            most = LONGEST_STARTED if framing.start else DEFAULT_FRAME
            if framing.start and hints.max_frame > most and written.get("max-frame") is not None:
                why = f"max-frame is {hints.max_frame}; of a framing with a `start` it is at most {most}"
                self.bad(written.get("max-frame") or node, why, "SF514")
        hints.min_frame = max(smallest, 1)
        deciding = [*hints.checksums, *(element.checksum for element in hints.elements if element.in_frame)]
        without_ranges = any(hint.algorithm is None or hint.decoded for hint in deciding)
        most = min(most, WITHOUT_RANGES) if without_ranges else most
        if written.get("max-frame") is None:
            hints.max_frame = min(largest, most) if largest is not None else most
        elif without_ranges and hints.max_frame > WITHOUT_RANGES:
            text = f"max-frame is {hints.max_frame}, with `checksum.expr` or `decode` it is at most {WITHOUT_RANGES}"
            self.bad(written.get("max-frame") or node, text, "SF519")
        elif hints.max_frame < smallest:
            self.bad(
                written.get("max-frame") or node,
                f"max-frame is {hints.max_frame}, the smallest frame has {smallest} bytes",
                "SF506",
            )
        if hints.payload is None:
            hints.payload = next((attr for attr in hints.unit.seq if attr.id == "payload"), None)
        hints.header_bits = evidence(hints.unit, hints.max_frame, self.names)
        if hints.chain is not None and (hints.framing is not None or written.get("framing") is None):
            where = written.get("confirm") or carrier.hint_keys["-sigflow-stream"]
            if deciding and all(hint.conditions for hint in hints.checksums):
                chain = f"a frame is confirmed by a chain of {hints.chain} headers"
                text = f"not every frame has a checksum: where '{deciding[0].name}' is absent, {chain}"
                self.bad(where, text, "SF513")
            total = hints.header_bits * hints.chain
            if hints.header_bits == 0:
                self.bad(
                    where, "any bytes are a valid header of this format: it cannot be found again after damage", "SF510"
                )
            elif total < ENOUGH_BITS:
                names = (
                    f"a chain of {hints.chain} is believed on {total:.0f} bits of evidence, {ENOUGH_BITS} are advised"
                )
                self.bad(where, f"{names}: more `valid`, a lower max-frame or a longer chain", "SF510")
        self.protection(hints)

    def protection(self, hints: Hints) -> None:
        if not hints.checksums:
            return
        seq = hints.unit.seq
        covered: set[sc.Attr] = {other.attr for other in hints.checksums} | hints.leads
        covered.update(other for checksum in hints.checksums for other in self._spanned(checksum, seq))
        for checksum in hints.checksums:
            if checksum.told is not None:
                named = (self.types.members.get(part) for part in ex.walk(checksum.told.expr))
                covered.update(attr for attr in named if isinstance(attr, sc.Attr))
            for over in checksum.over:
                if over.first in seq and over.last in seq:
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

    def _spanned(self, checksum: ChecksumHint, seq: tuple[sc.Attr, ...]) -> list[sc.Attr]:
        """The fields of the frame over which the bytes of a checksum stretch, where it is put together of several."""
        if len(checksum.path) > 1 or checksum.attr not in seq:
            return []
        left, attrs = checksum.stored.inner + checksum.stored.size, []
        for attr in seq[seq.index(checksum.attr) :]:
            if left <= 0:
                break
            attrs.append(attr)
            left -= (self.types.layout.attr_bits(attr) or 8 * left) // 8
        return attrs

    def empty(self, attr: sc.Attr) -> bool:
        return self.types.layout.attr_bits(attr) == 0
