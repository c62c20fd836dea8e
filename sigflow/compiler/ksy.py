"""The YAML tree of a `.ksy` file to a schema: which keys may stand where, and what their values may be.

The legal keys are those of the language's public reference; a key that begins with `-` is anybody's own and is kept
only if it begins with `-sigflow`.  Everything wrong is reported; what is left of the spec is returned all the same,
so that the later phases find the rest.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from sigflow.compiler import schema as sc
from sigflow.compiler.parser import ExpressionError, parse_process
from sigflow.compiler.problems import Problems, resembles
from sigflow.compiler.scalars import code_in, type_in
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence, parse_integer
from sigflow.diagnostics import Place

_ID = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*\Z")
#: The language level that this compiler implements, and the oldest a spec may ask for.
LANGUAGE = (0, 11)
OLDEST = (0, 6)

_CLASS_KEYS = ("meta", "doc", "doc-ref", "to-string", "params", "seq", "types", "instances", "enums")
_META_KEYS = (
    "id",
    "imports",
    "endian",
    "bit-endian",
    "encoding",
    "title",
    "ks-version",
    "ks-debug",
    "ks-opaque-types",
    "ks-zero-copy-substream",
    "license",
    "file-extension",
    "xref",
    "tags",
    "application",
)
_PARAM_KEYS = ("id", "type", "enum", "doc", "doc-ref")
_COMMON_KEYS = (
    "id",
    "doc",
    "doc-ref",
    "type",
    "if",
    "terminator",
    "consume",
    "include",
    "eos-error",
    "valid",
    "repeat",
)
_BYTES_KEYS = ("contents", "size", "size-eos", "pad-right", "parent", "process")
_TEXT_KEYS = ("size", "size-eos", "pad-right", "encoding")
_VALUE_KEYS = ("value", "doc", "doc-ref", "enum", "if")
#: Keys without which a field may lack its extent or its encoding.
_EXTENT_KEYS = ("type", "contents", "size", "size-eos", "terminator", "encoding")
_REPEAT_KEYS = {"expr": "repeat-expr", "until": "repeat-until"}
_NUMBER = re.compile(r"[usf][1248](le|be)?\Z|b[1-9][0-9]*(le|be)?\Z")
_INTEGER = re.compile(r"[us][1248](le|be)?\Z|b[1-9][0-9]*(le|be)?\Z")
_ORDERS = ("le", "be")


def understand(root: Node, file: str, problems: Problems) -> sc.ClassSpec | None:
    """The schema of a spec's tree."""
    if not isinstance(root, Mapping):
        problems.add(
            "SF110", replace(root.place, path="/"), f"a spec is a map with the key 'meta', got {root.describe()}"
        )
        return None
    return _Reader(file, problems).top(root)


class _Reader:
    """Reads one file's tree; the only state is where problems go."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems

    # ------------------------------------------------------------ values of keys

    def text(self, node: Node | None, default: str = "") -> str:
        if node is None:
            return default
        if isinstance(node, Scalar) and not node.is_null:
            return node.text
        self.problems.add("SF112", node.place, f"expected a string, got {node.describe()}")
        return default

    def flag(self, node: Node | None, default: bool) -> bool:
        if node is None:
            return default
        if isinstance(node, Scalar) and node.boolean is not None:
            return node.boolean
        self.problems.add("SF113", node.place, f"expected true or false, got {node.describe()}")
        return default

    def byte(self, node: Node) -> int | None:
        value = node.integer if isinstance(node, Scalar) else None
        if value is None or not 0 <= value <= 255:
            self.problems.add("SF114", node.place, f"expected an integer from 0 to 255, got {node.describe()}")
            return None
        return value

    def mapping(self, node: Node | None, what: str) -> Mapping | None:
        if node is None or isinstance(node, Mapping):
            return node
        self.problems.add("SF111", node.place, f"{what} is a map, got {node.describe()}")
        return None

    def items(self, node: Node | None, what: str) -> tuple[Node, ...]:
        if node is None:
            return ()
        if isinstance(node, Sequence):
            return node.items
        self.problems.add("SF111", node.place, f"{what} is a list, got {node.describe()}")
        return ()

    def keys(self, node: Mapping, legal: Iterable[str]) -> bool:
        """Whether all keys are legal; those that are not are reported."""
        legal = sorted(legal)
        known = True
        for key, _ in node:
            if key.text not in legal and not key.text.startswith("-"):
                known = False
                self.problems.add(
                    "SF115", key, f"unknown key '{key.text}', expected: {', '.join(legal)}", (key.text, legal)
                )
        return known

    def hints(self, node: Mapping) -> tuple[dict[str, Node], dict[str, Scalar]]:
        mine = [(key, value) for key, value in node if key.text.startswith("-sigflow")]
        return {key.text: value for key, value in mine}, {key.text: key for key, _ in mine}

    def identifier(self, node: Node, what: str) -> str:
        text = node.text if isinstance(node, Scalar) and not node.is_null else ""
        if not _ID.match(text):
            shown = repr(text) if text else node.describe()
            self.problems.add("SF116", node.place, f"invalid {what} ID: {shown}, expected /^[a-z][a-z0-9_]*$/")
            return text if _NAME.match(text) else ""  # what refers to it is no mistake of its own
        return text

    def code(self, node: Node | None) -> sc.Code | None:
        return code_in(node, self.problems)

    def type_ref(self, node: Node | None) -> sc.TypeRef | None:
        return type_in(node, self.problems)

    def doc(self, node: Mapping) -> sc.Doc:
        refs = node.get("doc-ref")
        if isinstance(refs, Sequence):
            texts = tuple(self.text(item) for item in refs.items)
        else:
            texts = (self.text(refs),) if refs is not None else ()
        return sc.Doc(self.text(node.get("doc")), texts)

    # ------------------------------------------------------------ classes

    def top(self, root: Mapping) -> sc.ClassSpec:
        meta_node = self.mapping(root.get("meta"), "meta")
        if meta_node is None and root.get("meta") is not None:
            pass  # that it is no map was reported
        elif meta_node is None or meta_node.get("id") is None:
            where = meta_node.place if meta_node else Place(self.file, root.place.line, root.place.column, "/meta")
            self.problems.add("SF117", where, "no `meta/id` in the top-level type")
        spec = self.klass(root, "", None)
        spec.id = spec.meta.id or "unnamed"
        return spec

    def klass(self, node: Mapping, id: str, up: sc.ClassSpec | None) -> sc.ClassSpec:
        spec = sc.ClassSpec(id, node.place, up, self.file, broken=not self.keys(node, _CLASS_KEYS))
        spec.meta = self.meta(self.mapping(node.get("meta"), "meta"), up is None)
        spec.id = id or spec.meta.id
        spec.doc = self.doc(node)
        spec.hints, spec.hint_keys = self.hints(node)
        spec.to_string = self.code(node.get("to-string"))
        spec.params = self.params(node.get("params"), spec)
        spec.seq = self.seq(node.get("seq"), spec)
        self.instances(node.get("instances"), spec)
        for key, value in self.mapping(node.get("enums"), "enums") or ():
            enum = self.enum(key, value, spec)
            if enum is not None:
                spec.enums[enum.id] = enum
        for key, value in self.mapping(node.get("types"), "types") or ():
            type_id = self.identifier(key, "type")
            if type_id:
                spec.types[type_id] = self.nested(value, type_id, spec)
                spec.types[type_id].id_place = key.place
        self.clashes(spec)
        return spec

    def nested(self, node: Node, id: str, up: sc.ClassSpec) -> sc.ClassSpec:
        body = self.mapping(node, "a type")
        found = self.klass(body or Mapping((), node.place), id, up)
        found.broken = found.broken or body is None
        return found

    def clashes(self, spec: sc.ClassSpec) -> None:
        seen: dict[str, str] = {}
        members: list[sc.Param | sc.Attr] = [*spec.params, *spec.seq, *spec.instances.values()]
        for member in members:
            if not member.id or member.id.startswith("_"):
                continue
            first = seen.setdefault(member.id, member.id_place.path)
            if first != member.id_place.path:
                self.problems.add(
                    "SF201", member.id_place, f"duplicate attribute ID '{member.id}', previously defined at {first}"
                )

    def meta(self, node: Mapping | None, top: bool) -> sc.Meta:
        if node is None:
            return sc.Meta()
        known = self.keys(node, _META_KEYS)
        id_node = node.get("id")
        encoding = node.get("encoding")
        self.version(node.get("ks-version"))
        imports = tuple(
            sc.Import(self.text(item), item.place)
            for item in self.items(_listed(node.get("imports")), "imports")
            if self.text(item) or (isinstance(item, Scalar) and not item.is_null)
        )
        self.flag(node.get("ks-zero-copy-substream"), False)
        endian, bit_endian = self.endian(node.get("endian")), self.bit_endian(node.get("bit-endian"))
        return sc.Meta(
            id=self.identifier(id_node, "meta") if id_node is not None else "",
            place=node.place,
            title=self.text(node.get("title")),
            endian=endian,
            bit_endian=bit_endian,
            encoding=self.text(encoding) or None,
            encoding_place=encoding.place if encoding is not None else node.place,
            imports=imports if top else (),
            debug=self.flag(node.get("ks-debug"), False),
            opaque_types=self.flag(node.get("ks-opaque-types"), False),
            doubtful=not known or (endian is None and node.get("endian") is not None),
        )

    def version(self, node: Node | None) -> None:
        if node is None:
            return
        text = node.text if isinstance(node, Scalar) else ""
        if not isinstance(node, Scalar) or not _VERSION.match(text) or len(text) > 20:
            self.problems.add("SF118", node.place, f"expected a version such as 0.9, got {node.describe()}")
            return
        if node.plain and text.count(".") == 1:
            text = text.rstrip("0").rstrip(".") or "0"  # YAML reads a plain 0.10 as the number 0.1
        version = tuple(int(part) for part in text.split("."))
        if version < OLDEST:
            self.problems.add(
                "SF118", node.place, f"the oldest version is 0.6, got {text} (0.10 must be quoted: '0.10')"
            )
        elif version[:2] > LANGUAGE:
            self.problems.add("SF119", node.place, f"the spec asks for version {text} of the language, this is 0.11")

    def endian(self, node: Node | None) -> str | sc.Endian | None:
        if node is None:
            return None
        if isinstance(node, Scalar) and node.text in _ORDERS:
            return node.text
        if isinstance(node, Mapping):
            self.keys(node, ("switch-on", "cases"))
            on = self.code(node.get("switch-on"))
            cases: list[tuple[sc.Code | None, str]] = []
            for key, value in self.mapping(node.get("cases"), "cases") or ():
                order = value.text if isinstance(value, Scalar) else ""
                if order not in _ORDERS:
                    self.problems.add("SF120", value.place, f"expected `le` or `be`, got {value.describe()}")
                    continue
                cases.append((None if key.text == "_" else self.code(key), order))
            given = node.get("cases")
            if node.get("switch-on") is None or given is None or (isinstance(given, Mapping) and not given.entries):
                self.problems.add("SF120", node.place, "a calculated byte order needs `switch-on` and `cases`")
            return sc.Endian(on, tuple(cases), node.place) if on is not None else None
        self.problems.add(
            "SF120", node.place, f"expected `le`, `be` or a map with `switch-on` and `cases`, got {node.describe()}"
        )
        return None

    def bit_endian(self, node: Node | None) -> str | None:
        if node is None:
            return None
        if isinstance(node, Scalar) and node.text in _ORDERS:
            return node.text
        self.problems.add("SF120", node.place, f"expected `le` or `be`, got {node.describe()}")
        return None

    # ------------------------------------------------------------ members

    def param(self, node: Node) -> sc.Param | None:
        body = self.mapping(node, "a param")
        if body is None:
            return None
        self.keys(body, _PARAM_KEYS)
        id_node = body.get("id")
        if id_node is None:
            self.problems.add("SF121", body.place, "a param needs an `id`")
            return None
        type_node, enum_node = body.get("type"), body.get("enum")
        type_ref = self.type_ref(type_node) if type_node is not None else None
        enum = self.type_ref(enum_node) if enum_node is not None else None
        id, doubtful = self.identifier(id_node, "param"), type_node is not None and type_ref is None
        return sc.Param(id, body.place, id_node.place, type_ref, enum, self.doc(body), doubtful)

    def params(self, node: Node | None, spec: sc.ClassSpec) -> tuple[sc.Param, ...]:
        items = self.items(node, "params")
        found = tuple(param for item in items if (param := self.param(item)) is not None)
        spec.broken = spec.broken or len(found) < len(items) or (node is not None and not isinstance(node, Sequence))
        return found

    def seq(self, node: Node | None, spec: sc.ClassSpec) -> tuple[sc.Attr, ...]:
        found: list[sc.Attr] = []
        spec.broken = spec.broken or (node is not None and not isinstance(node, Sequence))
        for number, item in enumerate(self.items(node, "seq")):
            body = self.mapping(item, "an attribute")
            if body is None:
                spec.broken = True
                continue
            id_node = body.get("id")
            id = f"_unnamed{number}" if id_node is None else self.identifier(id_node, "attribute")
            found.append(self.attr(body, id, id_node.place if id_node is not None else body.place, False))
        return tuple(found)

    def instances(self, node: Node | None, spec: sc.ClassSpec) -> None:
        body = self.mapping(node, "instances")
        spec.broken = spec.broken or (node is not None and body is None)
        for key, value in body or ():
            instance = self.instance(key, value)
            if instance is None:
                spec.broken = True
            else:
                spec.instances[instance.id] = instance

    def instance(self, key: Scalar, node: Node) -> sc.Attr | None:
        id = self.identifier(key, "instance")
        body = self.mapping(node, "an instance")
        if body is None or not id:
            return None
        if body.get("value") is None:
            return self.attr(body, id, key.place, True)
        self.keys(body, _VALUE_KEYS)
        hints, hint_keys = self.hints(body)
        enum_node = body.get("enum")
        return sc.Attr(
            id, key.place, key.place, value=self.code(body.get("value")), condition=self.code(body.get("if")),
            enum=self.type_ref(enum_node) if enum_node is not None else None, is_instance=True, doc=self.doc(body),
            hints=hints, hint_keys=hint_keys, key_places=_places(body),
        )  # fmt: skip

    def attr(self, body: Mapping, id: str, id_place: Place, is_instance: bool) -> sc.Attr:
        type_node = body.get("type")
        type_: sc.TypeRef | sc.Switch | None = None
        if isinstance(type_node, Mapping):
            type_ = self.switch(type_node)
        elif type_node is not None:
            type_ = self.type_ref(type_node)
        repeat = self.repeat(body)
        self.keys(body, self.legal(type_node, body, repeat, is_instance))
        encoding = body.get("encoding")
        enum_node, pad, terminator, parent = (body.get(key) for key in ("enum", "pad-right", "terminator", "parent"))
        no_parent = isinstance(parent, Scalar) and parent.boolean is False
        hints, hint_keys = self.hints(body)
        return sc.Attr(
            id=id,
            place=id_place if is_instance else body.place,
            id_place=id_place,
            type=type_,
            contents=self.contents(body.get("contents")),
            size=self.code(body.get("size")),
            size_eos=self.flag(body.get("size-eos"), False),
            terminator=self.terminator(terminator),
            include=self.flag(body.get("include"), False),
            consume=self.flag(body.get("consume"), True),
            eos_error=self.flag(body.get("eos-error"), True),
            pad_right=self.byte(pad) if pad is not None else None,
            encoding=self.text(encoding) or None,
            enum=self.type_ref(enum_node) if enum_node is not None else None,
            condition=self.code(body.get("if")),
            repeat=repeat,
            valid=self.valid(body.get("valid"), enum_node),
            process=self.process(body.get("process")),
            parent=None if no_parent or parent is None else self.code(parent),
            no_parent=no_parent,
            pos=self.code(body.get("pos")) if is_instance else None,
            io=self.code(body.get("io")) if is_instance else None,
            is_instance=is_instance,
            doc=self.doc(body),
            hints=hints,
            hint_keys=hint_keys,
            key_places=_places(body),
            doubtful=any(_misspelled(key.text, _EXTENT_KEYS) for key, _ in body),
        )

    def legal(self, type_node: Node | None, body: Mapping, repeat: sc.Repeat | None, is_instance: bool) -> set[str]:
        legal = set(_COMMON_KEYS)
        kind = type_node.text if isinstance(type_node, Scalar) else ""
        if kind in ("str", "strz"):
            legal.update(_TEXT_KEYS)
        elif not _NUMBER.match(kind):
            legal.update(_BYTES_KEYS)
        if _INTEGER.match(kind) or (body.get("enum") is not None and not isinstance(type_node, Mapping)):
            legal.add("enum")  # on what is no integer it is reported where types are resolved, with a better text
        if repeat is not None:
            legal.add(_REPEAT_KEYS.get(repeat.kind, "repeat"))
        elif body.get("repeat") is not None:
            legal.update(_REPEAT_KEYS.values())  # which of them is meant, is what the mistake hides
        if is_instance:
            legal.update(("pos", "io"))
            legal.discard("id")
        return legal

    def repeat(self, body: Mapping) -> sc.Repeat | None:
        node = body.get("repeat")
        if node is None:
            return None
        kind = self.text(node)
        if kind not in ("eos", "expr", "until"):
            self.problems.add(
                "SF122",
                node.place,
                f"expected eos, expr or until, got {node.describe()}",
                (kind, ("eos", "expr", "until")),
            )
            return None
        key = _REPEAT_KEYS.get(kind)
        if key is None:
            return sc.Repeat(kind, None, node.place)
        value = body.get(key)
        if value is None:
            self.problems.add("SF122", node.place, f"`repeat: {kind}` needs `{key}`")
        return sc.Repeat(kind, self.code(value), value.place if value is not None else node.place)

    def switch(self, node: Mapping) -> sc.Switch | None:
        self.keys(node, ("switch-on", "cases"))
        on_node, cases_node = node.get("switch-on"), node.get("cases")
        for name, given in (("switch-on", on_node), ("cases", cases_node)):
            if given is None:
                self.problems.add("SF123", node.place, f"missing mandatory key `{name}`")
        if isinstance(cases_node, Mapping) and not cases_node.entries:
            self.problems.add("SF123", cases_node.place, "a switch has at least one case")
        cases: list[sc.Case] = []
        for key, value in self.mapping(cases_node, "cases") or ():
            on = None if key.text == "_" else self.code(key)
            target = self.type_ref(value)
            if target is not None and (on is not None or key.text == "_"):
                cases.append(sc.Case(on, target, key.place))
        code = self.code(on_node)
        return sc.Switch(code, tuple(cases), node.place) if code is not None else None

    def terminator(self, node: Node | None) -> bytes | None:
        if node is None:
            return None
        if isinstance(node, Sequence):
            found = [self.byte(item) for item in node.items]
            if not found:
                self.problems.add("SF114", node.place, "a terminator has at least one byte, got an empty list")
            return bytes(byte for byte in found if byte is not None) or None
        value = self.byte(node)
        return None if value is None else bytes((value,))

    def contents(self, node: Node | None) -> bytes | None:
        if node is None:
            return None
        found: bytes | None = None
        if isinstance(node, Scalar) and _is_text(node):
            found = node.text.encode("utf-8", "surrogatepass")
        elif isinstance(node, Sequence):
            parts: list[bytes] = []
            for item in node.items:
                number = _number(item)
                if number is not None and -128 <= number <= 255:
                    parts.append(bytes((number & 0xFF,)))
                elif number is None and isinstance(item, Scalar) and _is_text(item):
                    parts.append(item.text.encode("utf-8", "surrogatepass"))
                else:
                    shown = item.describe()
                    self.problems.add(
                        "SF114", item.place, f"expected text, or an integer from -128 to 255, got {shown}"
                    )
                    return b""
            found = b"".join(parts)
        if not found:
            shown = "nothing" if found is not None else node.describe()
            self.problems.add("SF124", node.place, f"contents is a string or a list of bytes and strings, got {shown}")
        return found

    def process(self, node: Node | None) -> sc.Process | None:
        if node is None:
            return None
        if not isinstance(node, Scalar) or node.is_null:
            self.problems.add("SF112", node.place, f"expected a process, got {node.describe()}")
            return None
        try:
            path, arguments = parse_process(node.text)
        except ExpressionError as error:
            self.problems.add("SF125", node.at(error.at), f"not a process such as `xor(5)` or `my.name(1)`: {error}")
            return None
        strange = next((part for part in path if part.startswith("_") or keyword.iskeyword(part)), None)
        if strange is not None:
            self.problems.add("SF125", node.place, f"'{strange}' is no name of a module or a class in it")
            return None
        return sc.Process(path, arguments, node, node.place)

    def valid(self, node: Node | None, enum: Node | None) -> sc.Valid | None:
        if node is None:
            return None
        if not isinstance(node, Mapping):
            code = self.code(node)
            return sc.Valid("eq", (code,), node.place) if code is not None else None
        self.keys(node, self._VALID)
        kinds = {key.text: key for key, _ in node if not key.text.startswith("-")}
        for kind, make in self._VALID.items():
            if kind in kinds:
                form = ("min", "max") if kind in ("min", "max") else (kind,)
                for other, key in kinds.items():
                    if other in self._VALID and other not in form:
                        self.problems.add("SF126", key, f"`valid` has one form: `{other}` does not go with `{kind}`")
                return make(self, node, enum)
        if not kinds:
            self.problems.add("SF126", node.place, "expected one of eq, min, max, any-of, in-enum, expr")
        return None

    def _valid_eq(self, node: Mapping, _enum: Node | None) -> sc.Valid | None:
        code = self.code(node.get("eq"))
        return sc.Valid("eq", (code,), node.place) if code is not None else None

    def _valid_range(self, node: Mapping, _enum: Node | None) -> sc.Valid | None:
        return sc.Valid("range", (self.code(node.get("min")), self.code(node.get("max"))), node.place)

    def _valid_any(self, node: Mapping, _enum: Node | None) -> sc.Valid | None:
        listed = node.get("any-of")
        codes = [code for item in self.items(listed, "any-of") if (code := self.code(item))]
        return sc.Valid("any-of", tuple(codes), node.place) if isinstance(listed, Sequence) else None

    def _valid_enum(self, node: Mapping, enum: Node | None) -> sc.Valid | None:
        value = node.get("in-enum")
        place = value.place if value is not None else node.place
        if not isinstance(value, Scalar) or value.boolean is not True:
            shown = value.describe() if value is not None else "nothing"
            self.problems.add("SF127", place, f"only `true` is a value of `in-enum`, got {shown}")
            return None
        if enum is None:
            self.problems.add("SF127", place, "`in-enum` needs the key `enum`")
            return None
        return sc.Valid("in-enum", (), place)

    def _valid_expr(self, node: Mapping, _enum: Node | None) -> sc.Valid | None:
        code = self.code(node.get("expr"))
        return sc.Valid("expr", (code,), node.place) if code is not None else None

    _VALID: dict[str, Callable[[_Reader, Mapping, Node | None], sc.Valid | None]] = {  # noqa: RUF012  # a table
        "eq": _valid_eq,
        "min": _valid_range,
        "max": _valid_range,
        "any-of": _valid_any,
        "in-enum": _valid_enum,
        "expr": _valid_expr,
    }

    # ------------------------------------------------------------ enums

    def enum(self, key: Scalar, node: Node, owner: sc.ClassSpec) -> sc.Enum | None:
        id = self.identifier(key, "enum")
        body = self.mapping(node, "an enum")
        if not id:
            return None
        entries: list[sc.EnumEntry] = []
        values: set[int] = set()
        labels: dict[str, Place] = {}
        for number, value in body or ():
            integer = parse_integer(number.text)  # (quoted or not)
            if integer is None:
                # (The path is the enum's: what the key is not, no path should name.)
                place = Place(number.place.file, number.place.line, number.place.column, key.place.path)
                self.problems.add("SF128", place, f"the key of an enum's entry is an integer, got {number.describe()}")
                continue
            if not -(1 << 63) <= integer < 1 << 64:
                self.problems.add("SF128", number, f"{integer} does not fit into 64 bits")
                continue
            if integer in values:
                self.problems.add("SF108", number, f"the value {integer} is given twice")
                continue
            values.add(integer)
            entry = self.entry(integer, value)
            if entry is None:
                continue
            if entry.id in labels:
                self.problems.add(
                    "SF202",
                    entry.place,
                    f"duplicate enum member ID '{entry.id}', previously defined at {labels[entry.id].path}",
                )
                continue
            labels[entry.id] = entry.place
            entries.append(entry)
        broken = body is None or len(entries) < len(body.entries)
        return sc.Enum(id, key.place, tuple(entries), owner, broken)

    def entry(self, value: int, node: Node) -> sc.EnumEntry | None:
        if isinstance(node, Mapping):
            self.keys(node, ("id", "doc", "doc-ref"))
            id_node = node.get("id")
            if id_node is None:
                self.problems.add("SF121", node.place, "an enum's entry needs an `id`")
                return None
            label = self.identifier(id_node, "enum member")
            return sc.EnumEntry(value, label, id_node.place, self.doc(node)) if label else None
        if isinstance(node, Sequence) or node.is_null:
            self.problems.add("SF112", node.place, f"expected a string or a map, got {node.describe()}")
            return None
        label = self.identifier(node, "enum member")
        return sc.EnumEntry(value, label, node.place) if label else None


def _misspelled(written: str, keys: tuple[str, ...]) -> bool:
    """Whether a key is none of the language, but may be meant as one of these."""
    real = (*_COMMON_KEYS, *_BYTES_KEYS, *_TEXT_KEYS, *_VALUE_KEYS, *_REPEAT_KEYS.values(), "pos", "io")
    return written not in real and not written.startswith("-") and resembles(written, keys)


def _number(item: Node) -> int | None:
    """A number among the bytes of `contents`, where the official compiler takes one for a number in quotes as well."""
    if not isinstance(item, Scalar) or not _is_text(item):
        return item.integer if isinstance(item, Scalar) else None
    written = re.fullmatch("(-?)0*([0-9]{1,4000})|0x0*([0-9a-fA-F]{1,4000})", item.text)
    if written is None:
        return None
    sign, decimal, hexadecimal = written.groups()
    return int(sign + decimal) if decimal else int(hexadecimal, 16)


def _is_text(node: Scalar) -> bool:
    """Whether YAML reads a scalar as a string, or as a number with a point, which is taken as one."""
    return not node.is_null and node.integer is None and node.boolean is None


def _places(body: Mapping) -> dict[str, Place]:
    """Where the keys' values stand; `size-eos: false` is as good as not written."""
    return {
        key.text: Place(value.place.file, value.place.line, value.place.column, key.place.path)
        for key, value in body
        if key.text != "size-eos" or not isinstance(value, Scalar) or value.boolean is not False
    }


def _listed(node: Node | None) -> Node | None:
    """A lone scalar where a list may stand is a list of one."""
    if not isinstance(node, Scalar) or node.is_null:
        return node
    one = replace(node, place=replace(node.place, path=f"{node.place.path}/0"))
    return Sequence((one,), node.place)
