"""The members of a type: a param, an attribute of `seq`, an instance."""

from __future__ import annotations

import keyword
import re

from sigflow.compiler import schema as sc
from sigflow.compiler.ksy.valid import ValidReader
from sigflow.compiler.ksy.values import Values
from sigflow.compiler.parser import ExpressionError, parse_process
from sigflow.compiler.problems import Problems, resembles
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.stuffings import KEYS, stuffing_in, unended
from sigflow.diagnostics import Place
from sigflow.runtime.stuffing import Stuffing

PARAM_KEYS = ("id", "type", "enum", "doc", "doc-ref")
COMMON_KEYS = (
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
BYTES_KEYS = ("contents", "size", "size-eos", "pad-right", "parent", "process")
TEXT_KEYS = ("size", "size-eos", "pad-right", "encoding")
VALUE_KEYS = ("value", "doc", "doc-ref", "enum", "if")
#: Keys without which a field may lack its extent or its encoding.
EXTENT_KEYS = ("type", "contents", "size", "size-eos", "terminator", "encoding")
REPEAT_KEYS = {"expr": "repeat-expr", "until": "repeat-until"}
#: The built-in numbers; what merely looks like one (`f2`, `u1le`, `b65`) may be a type of the spec.
_NUMBER = re.compile(r"(?![us]1.|f[12])[usf][1248](le|be)?\Z|b([1-9]|[1-5][0-9]|6[0-4])(le|be)?\Z")
_INTEGER = re.compile(r"(?![us]1.)[us][1248](le|be)?\Z|b[1-9][0-9]*(le|be)?\Z")


class MemberReader(Values):
    """Reads one member."""

    def __init__(self, file: str, problems: Problems) -> None:
        super().__init__(file, problems)
        self._valid = ValidReader(file, problems)

    def param(self, node: Node) -> sc.Param | None:
        body = self.mapping(node, "a param")
        if body is None:
            return None
        self.keys(body, PARAM_KEYS)
        id_node = body.get("id")
        if id_node is None:
            self.problems.add("SF121", body.place, "a param needs an `id`")
            return None
        type_node, enum_node = body.get("type"), body.get("enum")
        type_ref = self.type_ref(type_node) if type_node is not None else None
        enum = self.type_ref(enum_node) if enum_node is not None else None
        id, doubtful = self.identifier(id_node, "param"), type_node is not None and type_ref is None
        return sc.Param(id, body.place, id_node.place, type_ref, enum, self.doc(body), doubtful)

    def instance(self, key: Scalar, node: Node) -> sc.Attr | None:
        id = self.identifier(key, "instance")
        body = self.mapping(node, "an instance")
        if body is None or not id:
            return None
        if body.get("value") is None:
            return self.attr(body, id, key.place, True)
        self.keys(body, VALUE_KEYS)
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
        process = self.unstuffing(body, hints, hint_keys) or self.process(body.get("process"))
        return sc.Attr(
            id=id,
            place=id_place if is_instance else body.place,
            id_place=id_place,
            type=type_,
            contents=self.contents(body.get("contents")),
            size=self.code(body.get("size")),
            size_eos=self.flag(body.get("size-eos"), False),
            terminator=process.end if process is not None and process.end else self.terminator(terminator),
            include=self.flag(body.get("include"), False),
            consume=self.flag(body.get("consume"), True),
            eos_error=self.flag(body.get("eos-error"), True),
            pad_right=self.byte(pad) if pad is not None else None,
            encoding=self.text(encoding) or None,
            enum=self.type_ref(enum_node) if enum_node is not None else None,
            condition=self.code(body.get("if")),
            repeat=repeat,
            valid=self._valid.valid(body.get("valid"), enum_node),
            process=process,
            parent=None if no_parent or parent is None else self.code(parent),
            no_parent=no_parent,
            pos=self.code(body.get("pos")) if is_instance else None,
            io=self.code(body.get("io")) if is_instance else None,
            is_instance=is_instance,
            doc=self.doc(body),
            hints=hints,
            hint_keys=hint_keys,
            key_places=_places(body),
            doubtful=any(_misspelled(key.text, EXTENT_KEYS) for key, _ in body),
        )

    def unstuffing(self, body: Mapping, hints: dict[str, Node], keys: dict[str, Scalar]) -> sc.Process | None:
        """What `-sigflow-unstuff` undoes, in place of a process."""
        node = hints.get("-sigflow-unstuff")
        if node is None:
            return None
        key, process = keys["-sigflow-unstuff"], body.get("process")
        if process is not None:
            self.problems.add("SF502", process.place, "`process` and `-sigflow-unstuff` exclude each other")
        stuffing = stuffing_in(node, self.problems, (*KEYS, "end"))
        if stuffing is None:
            return None
        end = node.get("end") if isinstance(node, Mapping) else None
        return sc.Process(("unstuff",), (), key, key.place, stuffing, self.end_literal(body, end, stuffing) or b"")

    def end_literal(self, body: Mapping, node: Node | None, stuffing: Stuffing) -> bytes | None:
        """The literal that ends what is stuffed."""
        if node is None:
            return None
        text = isinstance(node, Scalar) and _is_text(node)
        literal = self.contents(node) if text else self.terminator(node)
        if literal is None:
            return None
        for key, _ in body:
            if key.text in ("size", "size-eos", "terminator", "contents"):
                self.problems.add(
                    "SF502", key.place, f"`{key.text}` and `end` of `-sigflow-unstuff` exclude each other"
                )
        why = unended(stuffing, literal)
        if why:
            self.problems.add("SF514", node.place, why)
        return literal

    def legal(self, type_node: Node | None, body: Mapping, repeat: sc.Repeat | None, is_instance: bool) -> set[str]:
        legal = set(COMMON_KEYS)
        kind = type_node.text if isinstance(type_node, Scalar) else ""
        if kind in ("str", "strz"):
            legal.update(TEXT_KEYS)
        elif not _NUMBER.match(kind):
            legal.update(BYTES_KEYS)
        if _INTEGER.match(kind) or (body.get("enum") is not None and not isinstance(type_node, Mapping)):
            legal.add("enum")  # on what is no integer it is reported where types are resolved, with a better text
        if repeat is not None:
            legal.add(REPEAT_KEYS.get(repeat.kind, "repeat"))
        elif body.get("repeat") is not None:
            legal.update(REPEAT_KEYS.values())  # which of them is meant, is what the mistake hides
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
        key = REPEAT_KEYS.get(kind)
        if key is None:
            return sc.Repeat(kind, None, node.place)
        value = body.get(key)
        if value is None:
            self.problems.add("SF122", node.place, f"`repeat: {kind}` needs `{key}`")
        return sc.Repeat(kind, self.code(value), value.place if value is not None else node.place)

    def switch(self, node: Mapping) -> sc.Switch | None:
        self.keys(node, ("switch-on", "cases"))
        on_node, cases_node = node.get("switch-on"), node.get("cases")
        for name, written in (("switch-on", on_node), ("cases", cases_node)):
            if written is None:
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
            listed = [self.byte(item) for item in node.items]
            if not listed:
                self.problems.add("SF114", node.place, "a terminator has at least one byte, got an empty list")
            return bytes(byte for byte in listed if byte is not None) or None
        value = self.byte(node)
        return None if value is None else bytes((value,))

    def contents(self, node: Node | None) -> bytes | None:
        if node is None:
            return None
        contents: bytes | None = None
        if isinstance(node, Scalar) and _is_text(node):
            contents = node.text.encode("utf-8", "surrogatepass")
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
            contents = b"".join(parts)
        if not contents:
            shown = "nothing" if contents is not None else node.describe()
            self.problems.add("SF124", node.place, f"contents is a string or a list of bytes and strings, got {shown}")
        return contents

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


def _misspelled(written: str, keys: tuple[str, ...]) -> bool:
    """Whether a key is none of the language, but may be meant as one of these."""
    real = (*COMMON_KEYS, *BYTES_KEYS, *TEXT_KEYS, *VALUE_KEYS, *REPEAT_KEYS.values(), "pos", "io")
    return written not in real and not written.startswith("-") and resembles(written, keys)


def _number(item: Node) -> int | None:
    """A number among the bytes of `contents`, where the official compiler takes one for a number in quotes as well."""
    if not isinstance(item, Scalar) or not _is_text(item):
        return item.integer if isinstance(item, Scalar) else None
    if re.fullmatch("-?[0-9]{1,4000}", item.text):
        return int(item.text)
    return int(item.text, 16) if re.fullmatch("0x[0-9a-fA-F]{1,4000}", item.text) else None


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
