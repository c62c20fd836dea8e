"""Evaluates the expressions of a `.kst` file on a parsed object.

A tiny evaluator of its own, so that a mistake in sigflow's expression parser cannot hide a mistake in its output. It
knows what test expectations need of the `.ksy` expression language: literals, lists, names, members, subscripts, casts,
enum paths, arithmetic. A cast to a type of the spec checks that the object is of that class.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | 0[oO][0-7_]+
                | (?:\d[\d_]*\.\d+ | \d[\d_]*)(?:[eE][+-]?\d+)? )
    | (?P<string>"(?:[^"\\]|\\.)*" | '[^']*')
    | (?P<name>[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)
    | (?P<sign>[\[\](),.<>+\-*/%])
    )""",
    re.VERBOSE | re.DOTALL,
)
CONSTANTS = {"true": True, "false": False, "null": None}
SUMS: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub}
PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {"*": operator.mul, "/": operator.floordiv, "%": operator.mod}
NUMERIC_TYPE = re.compile(r"[usf][1248]|b\d+|bool|str|bytes|struct|io|any")


def camel(name: str) -> str:
    """The class name of a type id, as Kaitai's Python target writes it."""
    return "".join(part.capitalize() for part in name.split("_"))


def call_or_get(value: Any, name: str) -> Any:
    """A stream's `pos`, `size` and `is_eof` are methods in Python and attributes in the language."""
    member = getattr(value, "is_eof" if name == "eof" else name)
    return member()


#: Members that the language defines on built-in values; anything else is an attribute of the object.
MEMBERS: dict[str, Callable[[Any], Any]] = {
    "size": lambda value: len(value) if hasattr(value, "__len__") else call_or_get(value, "size"),
    "length": len,
    "first": lambda value: value[0],
    "last": lambda value: value[-1],
    "min": min,
    "max": max,
    "reverse": lambda value: value[::-1],
    "to_i": int,
    "to_s": str,
}
STREAM_MEMBERS = ("pos", "size", "eof")


class Evaluator:
    """One expression over one object: `classes` gives the class of a type path, for casts and enum literals."""

    def __init__(self, text: str, subject: Any, classes: Callable[[list[str]], Any]) -> None:
        self.text = text
        self.subject = subject
        self.classes = classes
        self.tokens: list[tuple[str, str]] = []
        at = 0
        stripped = text.rstrip()
        while at < len(stripped):
            match = TOKEN.match(stripped, at)
            if match is None:
                raise ValueError(f"cannot read {stripped[at:]!r} in {text!r}")
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self.next = 0

    def peek(self) -> str:
        return self.tokens[self.next][1] if self.next < len(self.tokens) else ""

    def take(self, wanted: str = "") -> tuple[str, str]:
        token = self.tokens[self.next] if self.next < len(self.tokens) else ("end", "")
        if wanted and token[1] != wanted:
            raise ValueError(f"found {token[1]!r}, wanted {wanted!r} in {self.text!r}")
        self.next += 1
        return token

    def value(self) -> Any:
        result = self.chain(SUMS, lambda: self.chain(PRODUCTS, self.unary))
        if self.next != len(self.tokens):
            raise ValueError(f"left over: {self.peek()!r} in {self.text!r}")
        return result

    def chain(self, operators: dict[str, Callable[[Any, Any], Any]], operand: Callable[[], Any]) -> Any:
        result = operand()
        while self.peek() in operators:
            result = operators[self.take()[1]](result, operand())
        return result

    def unary(self) -> Any:
        if self.peek() == "-":
            self.take()
            return -self.unary()
        return self.postfix(self.primary())

    def primary(self) -> Any:
        kind, text = self.take()
        if kind == "number":
            return number(text)
        if kind == "string":
            return ast.literal_eval(text.replace("\n", "\\n")) if text[0] == '"' else text[1:-1]
        if kind == "name":
            return self.name(text)
        if text == "[":
            items = []
            while self.peek() != "]":
                items.append(self.chain(SUMS, lambda: self.chain(PRODUCTS, self.unary)))
                if self.peek() == ",":
                    self.take()
            self.take("]")
            return items
        raise ValueError(f"unexpected {text!r} in {self.text!r}")

    def name(self, text: str) -> Any:
        if text in CONSTANTS:
            return CONSTANTS[text]
        if "::" not in text:
            return getattr(self.subject, text)
        *path, label = text.split("::")
        return getattr(self.classes(path), label)

    def postfix(self, value: Any) -> Any:
        while self.peek() in (".", "["):
            if self.take()[1] == "[":
                index = self.chain(SUMS, lambda: self.chain(PRODUCTS, self.unary))
                self.take("]")
                value = value[index]
                continue
            _, member = self.take()
            if member == "as" and self.peek() == "<":
                self.take("<")
                value = self.cast(value, self.take()[1])
                self.take(">")
            else:
                value = self.member(value, member)
        return value

    def member(self, value: Any, member: str) -> Any:
        if member in STREAM_MEMBERS and hasattr(value, "is_eof"):
            return call_or_get(value, member)
        # A user's field may be called `first` or `size`; it wins over the language's own member.
        if hasattr(value, "_io"):
            return getattr(value, member)
        return MEMBERS[member](value) if member in MEMBERS else getattr(value, member)

    def cast(self, value: Any, type_name: str) -> Any:
        if type_name == "bytes":
            if not isinstance(value, bytes | bytearray | list):
                raise TypeError(f"{value!r} is not bytes, in {self.text!r}")
            return bytes(value)
        if not NUMERIC_TYPE.fullmatch(type_name):
            wanted = self.classes(type_name.split("::"))
            if not isinstance(value, wanted):
                raise TypeError(f"{value!r} is not a {type_name}, in {self.text!r}")
        return value


def number(text: str) -> int | float:
    plain = text.replace("_", "")
    if plain[:2].lower() in ("0x", "0b", "0o"):
        return int(plain, 0)
    return float(plain) if re.search(r"[.eE]", plain) else int(plain)


def evaluate(text: str, subject: Any, classes: Callable[[list[str]], Any]) -> Any:
    return Evaluator(text, subject, classes).value()


def differs(actual: Any, expected: Any) -> str:
    """Empty when the two are the same value in the sense of the language, else what is wrong."""
    if isinstance(expected, list) and isinstance(actual, bytes | bytearray | memoryview):
        expected = bytes(expected)
    if isinstance(expected, list) and isinstance(actual, list):
        if len(actual) != len(expected):
            return f"{len(actual)} items {actual!r}, expected {len(expected)}: {expected!r}"
        differences = [differs(item, other) for item, other in zip(actual, expected, strict=True)]
        return next((text for text in differences if text), "")
    if isinstance(expected, bool) != isinstance(actual, bool):
        return f"{actual!r} of type {type(actual).__name__}, expected {expected!r}"
    if type(expected).__module__ != "builtins" and type(actual) is not type(expected):
        return f"{actual!r} of type {type(actual).__name__}, expected the enum member {expected!r}"
    if isinstance(expected, str | bytes) and not isinstance(actual, type(expected)):
        return f"{actual!r} of type {type(actual).__name__}, expected {expected!r}"
    if isinstance(expected, float) and isinstance(actual, float) and repr(expected) != repr(actual):
        return f"{actual!r}, expected {expected!r}"
    return "" if actual == expected else f"{actual!r}, expected {expected!r}"
