"""No text of a spec is ever executed: every place where it reaches generated code, with every known way out of it.

A payload, where it ran, would set an attribute of `builtins`: the canary.  Each spec is compiled, loaded, used and read
back: either it compiles and carries the text unchanged, or it is refused with a place; the canary stays silent.
"""

from __future__ import annotations

import ast
import builtins
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kaitaistruct import ValidationFailedError

from sigflow.compiler import Build, build

CANARY = "sigflow_canary"
RUN = f"__import__('builtins').__dict__.__setitem__('{CANARY}', 1)"
SHORT = f'__import__("builtins").__dict__.__setitem__("{CANARY}", 1)'

#: Ways out of a literal, a comment, a name or a line.
PAYLOADS = {
    "single quote": f"' + str({SHORT}) + '",
    "double quote": f'" + str({RUN}) + "',
    "triple double": f'"""\n{RUN}\n"""',
    "triple single": f"'''\n{RUN}\n'''",
    "triple double one line": f'""" ; {RUN} ; """',
    "four quotes": f'""""\n{RUN}\n""""',
    "quote at the end": 'ends with "',
    "quotes at the end": 'ends with """',
    "backslash": "ends with \\",
    "backslash and quote": f'\\" + str({RUN}) + \\"',
    "backslashes and triple": f'\\"""\n{RUN}\n\\\\"""',
    "backslash newline": f"a\\\n{RUN}",
    "name escape": "\\N{QUOTATION MARK}\\x22\\u0022",
    "newline": f"a\n{RUN}\n",
    "indented newline": f"a\n        {RUN}\n        b",
    "carriage return": f"a\r{RUN}\r",
    "carriage return and newline": f"a\r\n{RUN}\r\n",
    "nul": f"a\0{RUN}",
    "form feed": f"a\f{RUN}\f",
    "vertical tab": f"a\v{RUN}",
    "separators": f"a\x1c\n{RUN}\x1d{RUN}\x1e{RUN}",
    "next line": f"a\x85{RUN}",
    "line separator": f"a\u2028{RUN}\u2029{RUN}",
    "tab": f"a\t{RUN}",
    "comment": f"# \n{RUN} #",
    "semicolon": f"a; {RUN}",
    "call": RUN,
    "call with double quotes": SHORT,
    "closing brackets": f")]}}; {RUN}",
    "format braces": f"{{{RUN}}}",
    "format fields": "{0.__class__} {self} {} {{ }}",
    "percent": "%s %(x)s %n",
    "double braces": f"{{{{{RUN}}}}}",
    "full width": "＿＿ｉｍｐｏｒｔ＿＿（＇ｏｓ＇）",
    "look-alikes": "іmpоrt оs",
    "bidi": f"a\u202e{RUN}\u2066",
    "zero width": "im\u200bport\ufeff os",
    "astral": "\U0001d5c2\U0001d5c6 \U0001f600",
    "surrogate": "a\ud800b\udfff",
    "coding": "-*- coding: utf-7 -*- +ACI-",
    "escape sequence": "\x1b]0;title\x07\x1b[31m",
    "dunder": "__import__",
    "class": "x(metaclass=print)",
    "path": "../../../etc/passwd",
    "long": f'"{RUN}' * 60,
}


def same(text: str) -> str:
    return text


@dataclass(frozen=True)
class Spot:
    """A place for text: a spec with `@` where the text goes (as a quoted scalar), and what of the module carries it.

    carries: gives what the text has become, or None where that is not asked.  never: the text is no name, so the spec
    is always refused.
    """

    spec: str
    carries: Callable[[ModuleType], Any] | None = None
    never: bool = False
    prepare: Callable[[str], str] = same
    #: What the text becomes.
    wanted: Callable[[str], Any] = same


def first(module: ModuleType, data: bytes = b"\x01\x02\x03\x04\x05\x06\x07\x08" * 200) -> Any:
    """The spec's object, read from some bytes, with all its instances asked for."""
    cls = module.X
    value = cls.from_bytes(data)
    value._fetch_instances()
    return value


def docs(module: ModuleType) -> set[str]:
    """All docstrings of the module's text, also those of fields, without their indentation."""
    texts = set()
    for node in ast.walk(ast.parse(module.TEXT)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            head, *rest = node.value.value.split("\n")
            texts.add("\n".join([head, *(line[node.col_offset :] for line in rest)]).strip())
    return texts


def trimmed(text: str) -> str:
    """A doc as it is kept: no white space at the ends of lines, nor around it."""
    return "\n".join(line.rstrip(" ") for line in text.strip().split("\n"))


def doc_of(module: ModuleType) -> Any:
    return docs(module)


def has_doc(text: str) -> Any:
    return _Among(trimmed(text))


def bytes_of(module: ModuleType) -> Any:
    nodes = ast.walk(ast.parse(module.TEXT))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, bytes)}


def has_bytes(text: str) -> Any:
    return _Among(text.encode("utf-8"))


class _Among:
    def __init__(self, text: str | bytes) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, set) and any(self.text in text for text in other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"a set with {self.text!r}"


_QUOTED = '"\\'


def double_quoted(text: str) -> str:
    """A double-quoted string of the expression language that says `text`."""
    escaped = "".join(
        f"\\u{ord(letter):04x}" if letter in _QUOTED or (not letter.isprintable() and ord(letter) < 0x10000) else letter
        for letter in text
    )
    return f'"{escaped}"'


def f_string(text: str) -> str:
    return f"f{double_quoted(text).replace('{', chr(92) + 'u007b')}"


HEAD = "meta: {id: x, endian: be, encoding: UTF-8}\n"
STREAM = (
    "meta: {id: x, endian: be, encoding: UTF-8}\n-sigflow-stream:\n"
    "  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: a}\n"
)
FIELDS = "seq:\n  - {id: a, contents: SYNC}\n  - {id: crc, type: u2}\n"

SPOTS: dict[str, Spot] = {
    # ---- names
    "spec id": Spot("meta: {id: @}\n", never=True),
    "field id": Spot(HEAD + "seq:\n  - {id: @, type: u1}\n", never=True),
    "instance id": Spot(HEAD + "instances:\n  @: {value: 1}\n", never=True),
    "type id": Spot(HEAD + "types:\n  @: {seq: [{id: a, type: u1}]}\n", never=True),
    "enum id": Spot(HEAD + "enums:\n  @: {0: a}\n", never=True),
    "enum member": Spot(HEAD + "enums:\n  e: {0: @}\n", never=True),
    "enum member as a map": Spot(HEAD + "enums:\n  e: {0: {id: @}}\n", never=True),
    "enum value": Spot(HEAD + "enums:\n  e: {@: a}\n", never=True),
    "param id": Spot(HEAD + "params: [{id: @, type: u1}]\n", never=True),
    "type": Spot(HEAD + "seq:\n  - {id: a, type: @}\n", never=True),
    "opaque type": Spot("meta: {id: x, ks-opaque-types: true}\nseq:\n  - {id: a, type: @}\n", never=True),
    "param type": Spot(HEAD + "params: [{id: a, type: @}]\n", never=True),
    "enum": Spot(HEAD + "seq:\n  - {id: a, type: u1, enum: @}\n", never=True),
    "import": Spot("meta: {id: x, imports: [@]}\n", never=True),
    "process": Spot(HEAD + "seq:\n  - {id: a, size: 1, process: @}\n", never=True),
    "parent": Spot(
        HEAD + "seq:\n  - {id: a, type: t, parent: @}\ntypes:\n  t: {seq: [{id: b, type: u1}]}\n", never=True
    ),
    "endian": Spot("meta: {id: x, endian: @}\n", never=True),
    "version": Spot("meta: {id: x, ks-version: @}\n", never=True),
    "key": Spot(HEAD + "@: 1\n", never=True),
    "key of a field": Spot(HEAD + "seq:\n  - {id: a, size: 1, @: 1}\n", never=True),
    "expression": Spot(HEAD + "instances:\n  a: {value: @}\n", never=True),
    "size": Spot(HEAD + "seq:\n  - {id: a, size: @}\n", never=True),
    "enum label": Spot(
        HEAD + "enums:\n  e: {0: a}\ninstances:\n  i: {value: @}\n", never=True, prepare=lambda text: f"e::{text}"
    ),
    "cast": Spot(HEAD + "instances:\n  i: {value: @}\n", never=True, prepare=lambda text: f"1.as<{text}>"),
    "sizeof": Spot(HEAD + "instances:\n  i: {value: @}\n", never=True, prepare=lambda text: f"sizeof<{text}>"),
    "method": Spot(HEAD + "instances:\n  i: {value: @}\n", never=True, prepare=lambda text: f'"a".{text}'),
    "repeat": Spot(HEAD + "seq:\n  - {id: a, type: u1, repeat: @}\n", never=True),
    # ---- docs
    "title": Spot("meta: {id: x, title: @}\n", doc_of, wanted=has_doc),
    "doc": Spot(HEAD + "doc: @\n", doc_of, wanted=has_doc),
    "doc of a class": Spot(
        HEAD + "seq: [{id: a, type: t}]\ntypes:\n  t: {doc: @, seq: [{id: b, type: u1}]}\n", doc_of, wanted=has_doc
    ),
    "doc and doc-ref": Spot(HEAD + "doc: a\ndoc-ref: @\n", doc_of, wanted=has_doc),
    "list of doc-ref": Spot(HEAD + "doc-ref: [@, b]\n", doc_of, wanted=has_doc),
    "doc of a field": Spot(HEAD + "seq:\n  - {id: a, type: u1, doc: @}\n", doc_of, wanted=has_doc),
    "doc-ref of a field": Spot(HEAD + "seq:\n  - {id: a, type: u1, doc-ref: @}\n", doc_of, wanted=has_doc),
    "doc of an instance": Spot(HEAD + "instances:\n  a: {value: 1, doc: @}\n", doc_of, wanted=has_doc),
    "doc of a param": Spot(
        HEAD + "seq: [{id: a, type: t(1)}]\ntypes:\n  t:\n    params: [{id: p, type: u1, doc: @}]\n"
        "    seq: [{id: b, size: p}]\n",
        doc_of,
        wanted=has_doc,
    ),
    "doc of a member": Spot(HEAD + "enums:\n  e: {0: {id: a, doc: @}}\n", doc_of, wanted=has_doc),
    "nested docs": Spot(
        HEAD + "seq: [{id: a, type: t}]\ntypes:\n  t:\n    seq: [{id: b, type: u}]\n    types:\n      u:\n"
        "        doc: @\n        seq: [{id: c, type: u1}]\n",
        doc_of,
        wanted=has_doc,
    ),
    # ---- texts
    "contents": Spot(HEAD + "seq:\n  - {id: a, contents: @}\n", bytes_of, wanted=has_bytes),
    "parts of contents": Spot(HEAD + "seq:\n  - {id: a, contents: [@]}\n", bytes_of, wanted=has_bytes),
    "string": Spot(
        HEAD + "instances:\n  a: {value: @}\n", lambda module: first(module).a, prepare=double_quoted
    ),
    "raw string": Spot(
        HEAD + "instances:\n  a: {value: @}\n",
        lambda module: first(module).a,
        prepare=lambda text: "'" + text.replace("'", "") + "'",
        wanted=lambda text: text.replace("'", ""),
    ),
    "f-string": Spot(HEAD + "instances:\n  a: {value: @}\n", lambda module: first(module).a, prepare=f_string),
    "f-string with a value": Spot(
        HEAD + "seq: [{id: n, type: u1}]\ninstances:\n  a: {value: @}\n",
        lambda module: first(module).a,
        prepare=lambda text: f_string(text)[:-1] + '{n}"',
        wanted=lambda text: f"{text}1",
    ),
    "compared": Spot(
        HEAD + "instances:\n  a: {value: @}\n",
        lambda module: first(module).a,
        prepare=lambda text: f"{double_quoted(text)} == {double_quoted(text)}",
        wanted=lambda _: True,
    ),
    "case": Spot(
        HEAD + "seq:\n  - {id: k, type: str, size: 1}\n  - id: a\n    type:\n      switch-on: k\n"
        "      cases:\n        @: u1\n        _: u2\n",
        lambda module: first(module).a,
        prepare=double_quoted,
        wanted=lambda _: 0x0203,
    ),
    "valid": Spot(HEAD + "seq:\n  - {id: a, type: str, size-eos: true, valid: {expr: @}}\n",
                  lambda module: first(module).a, prepare=lambda text: f"_ != {double_quoted(text)}",
                  wanted=lambda _: "\x01\x02\x03\x04\x05\x06\x07\x08" * 200),
    "to-string": Spot(
        HEAD + "to-string: @\n", lambda module: str(first(module)), prepare=double_quoted
    ),
    "argument": Spot(
        HEAD + "seq: [{id: a, type: @}]\ntypes:\n  t:\n    params: [{id: p, type: str}]\n"
        "    instances: {q: {value: p}}\n",
        lambda module: first(module).a.q,
        prepare=lambda text: f"t({double_quoted(text)})",
    ),
    "encoding": Spot("meta: {id: x, encoding: @}\nseq:\n  - {id: a, type: str, size: 3}\n"),
    "encoding of a field": Spot(HEAD + "seq:\n  - {id: a, type: str, size: 3, encoding: @}\n"),
    "encoding of a method": Spot(
        HEAD + "seq:\n  - {id: a, size: 3}\ninstances:\n  b: {value: @}\n",
        prepare=lambda text: f"a.to_s({double_quoted(text)})",
    ),
    "custom key": Spot(HEAD + "-note: @\n"),
    "license": Spot("meta: {id: x, license: @, application: @, file-extension: @, xref: {a: @}, tags: [@]}\n"),
    # ---- hints
    "sync": Spot(STREAM + "  sync: @\n" + FIELDS),
    "checksum field": Spot(STREAM.replace("field: crc", "field: @") + FIELDS, never=True),
    "checksum algorithm": Spot(STREAM.replace("CRC-16/MODBUS", "@") + FIELDS, never=True),
    "checksum over": Spot(STREAM.replace("over: a", "over: @") + FIELDS, never=True),
    "checksum range": Spot(
        STREAM.replace("over: a", "over: @") + FIELDS, never=True, prepare=lambda text: f"a..{text}"
    ),
    "checksum over a string": Spot(
        STREAM.replace("over: a", "over: [a, {expr: @}]") + FIELDS,
        prepare=lambda text: f"{double_quoted(text)}.to_b(\"UTF-8\")",
    ),
    "reason": Spot(HEAD + "seq:\n  - {id: a, contents: SYNC, -sigflow-reason: @}\n", never=True),
    "note": Spot(
        STREAM + FIELDS.replace("type: u2", "type: u2, -sigflow-note: {if: crc == 1, code: odd, text: @}"),
        lambda module: next(note.text for note in module.FORMAT.decode.notes),
    ),
    "code of a note": Spot(
        STREAM + FIELDS.replace("type: u2", "type: u2, -sigflow-note: {if: crc == 1, code: @, text: t}"), never=True
    ),
    "codec": Spot(STREAM + FIELDS.replace("contents: SYNC", "contents: SYNC, -sigflow-codec: @")),
    "unit of a field": Spot(HEAD + "seq:\n  - {id: a, type: u1, -sigflow-unit: @, -sigflow-scale: 2}\n"),
    "scale": Spot(HEAD + "seq:\n  - {id: a, type: u1, -sigflow-scale: @}\n", never=True),
    "unit of a stream": Spot(STREAM + "  unit: @\n" + FIELDS, never=True),
    "unit of time": Spot(STREAM + "  time: {field: crc, unit: @}\n" + FIELDS, never=True),
    "epoch": Spot(STREAM + "  time: {field: crc, epoch: @}\n" + FIELDS, never=True),
    "kind": Spot(STREAM + "  kind: @\n" + FIELDS, never=True),
    "kind as a string": Spot(STREAM + "  kind: @\n" + FIELDS, prepare=double_quoted),
    "sequence": Spot(STREAM + "  sequence: @\n" + FIELDS, never=True),
    "hint": Spot(HEAD + "-sigflow-@: 1\n", never=True, prepare=lambda text: text),
    "title of a stream": Spot(STREAM.replace("id: x", "id: x, title: @") + FIELDS,
                              lambda module: module.FORMAT.about.title),
    "doc of a stream": Spot(STREAM.replace("\n-sig", "\ndoc: @\n-sig", 1) + FIELDS, doc_of, wanted=has_doc),
    "doc of a field of a stream": Spot(STREAM + FIELDS.replace("type: u2", "type: u2, doc: @"), doc_of, wanted=has_doc),
}  # fmt: skip


@pytest.fixture(autouse=True)
def silent_canary() -> Iterator[None]:
    """No test may have run a payload."""
    assert not hasattr(builtins, CANARY)
    yield
    sang = hasattr(builtins, CANARY)
    if sang:
        delattr(builtins, CANARY)
    assert not sang, "text of a spec was executed"


def written(text: str) -> str:
    """The text as a double-quoted scalar of YAML, every doubtful letter escaped."""
    return '"' + "".join(letter if letter in _PLAIN else f"\\U{ord(letter):08x}" for letter in text) + '"'


_PLAIN = frozenset(string.ascii_letters + string.digits + string.punctuation + " ") - {'"', "\\"}


def compiled(path: Path, text: str) -> Build:
    path.write_text(text, encoding="utf-8")
    return build(path)


def loaded(result: Build) -> ModuleType:
    """The module, its text beside it; the text must be what any tool can read."""
    text = result.modules[result.main]
    text.encode("utf-8")
    compile(text, "<injected>", "exec")
    module = result.load()
    module.TEXT = text  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("spot", SPOTS)
def test_text_stays_text(spot: str, payload: str, tmp_path: Path) -> None:
    place, text = SPOTS[spot], PAYLOADS[payload]
    body = place.spec.replace("-sigflow-@", written("-sigflow-" + text)).replace("@", written(place.prepare(text)))
    result = compiled(tmp_path / "x.ksy", body)
    if not result.ok:
        errors = [problem for problem in result.problems if problem.severity == "error"]
        assert errors and all(problem.line > 0 and problem.column > 0 for problem in errors), result.problems
        assert place.never or _may_refuse(spot, text), result.problems
        for problem in result.problems:
            str(problem), problem.excerpt()
        return
    assert not place.never or payload in _NAMES.get(spot, ()), "text that is no name was taken for one"
    module = loaded(result)
    try:
        first(module)
    except (EOFError, LookupError, ValueError, ValidationFailedError):
        pass  # of an encoding that does not exist, or contents that are not there
    if place.carries is not None:
        assert place.carries(module) == place.wanted(text)


#: Payloads that mean something at some spots: a key that begins with `-` is anybody's own, a quoted text is a string.
_NAMES = {
    "key": ("coding",),
    "key of a field": ("coding",),
    "expression": ("single quote", "double quote", "triple double", "triple double one line"),
    "kind": ("single quote", "double quote", "triple double", "triple double one line"),
}


def _may_refuse(spot: str, text: str) -> bool:
    """Texts that YAML or the spot cannot hold, and sync markers that no field fixes."""
    too_long_a_key = spot == "case" and len(text) > 1000
    return any("\ud800" <= letter <= "\udfff" for letter in text) or spot == "sync" or too_long_a_key


FILE_NAMES = {
    name: text.replace("/", "_").replace("\0", "")
    for name, text in PAYLOADS.items()
    if len(text.encode("utf-8", "surrogatepass")) < 200 and name != "surrogate"
}


@pytest.mark.parametrize("name", FILE_NAMES)
def test_the_name_of_a_file_stays_text(name: str, tmp_path: Path) -> None:
    stream = compiled(tmp_path / f"{FILE_NAMES[name]}.ksy", STREAM + FIELDS)
    assert stream.ok, stream.problems
    loaded(stream)
    plain = compiled(tmp_path / f"{FILE_NAMES[name]}.ksy", HEAD + "seq:\n  - {id: a, type: u1}\n")
    assert first(loaded(plain)).a == 1


@pytest.mark.parametrize("package", ["a b", "os; import sys", "x import *\n", "", ".", "a..b", "class"])
def test_a_package_has_a_name(package: str, tmp_path: Path) -> None:
    from sigflow.errors import UsageError

    (tmp_path / "x.ksy").write_text(HEAD, encoding="utf-8")
    with pytest.raises(UsageError, match="package"):
        build(tmp_path / "x.ksy", package=package)
