"""Text to expressions and type references.

Expressions are those of the `.ksy` language (its public user guide, "Expression language"): precedence from low to high
?: , or, and, not, comparison (at most one), |, ^, &, << >>, + -, * / %, unary + - ~, postfix.  The parser is a
precedence climber over a token list.  How deep and how long a text may be is bounded, so that none exhausts the
stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from sigflow.compiler.expression import (
    Apply,
    Attribute,
    Binary,
    Bool,
    Call,
    Cast,
    Choice,
    Compare,
    EnumLabel,
    Expr,
    Float,
    Format,
    Int,
    ListOf,
    Logic,
    Name,
    SizeOf,
    Str,
    Subscript,
    TypeName,
    Unary,
    children,
)

#: Bounds on a text: its length, how deep it nests, and how deep its tree is (a chain of operators leans to the left).
MAX_LENGTH = 1 << 16
MAX_DEPTH = 60
MAX_TREE = 150


class ExpressionError(Exception):
    """The text is no expression: where, what was found and what was wanted."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<float>(?:[0-9][0-9_]*\.[0-9][0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*\.(?![A-Za-z_.0-9]))(?:[eE][+-]?[0-9]+)?
          | [0-9][0-9_]*[eE][+-]?[0-9]+)
      | (?P<int>0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*)
      | (?P<fstring>f(?="))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<op>&&|\|\||<<|>>|<=|>=|==|!=|::|[-+*/%&|^~<>?:.,()\[\]])
      | (?P<quote>["'])
    """,
    re.VERBOSE,
)
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "'": "'",
    '"': '"',
    "\\": "\\",
}
_KEYWORDS = frozenset(("and", "or", "not", "true", "false"))
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))
_LEVELS = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))
_NEAR = {"&&": "and", "||": "or", "!": "not", "=": "=="}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int
    parts: tuple[Expr, ...] = ()


def parse_expression(text: str, functions: frozenset[str] = frozenset()) -> Expr:
    """The tree of an expression; raises `ExpressionError`.  functions: names that may be applied to arguments, of which
    specs have none.
    """
    return _whole(text, 0, len(text), _Parser.expression, "the end of the expression or an operator", functions)


def parse_type(text: str) -> TypeName:
    """The tree of a type reference; raises `ExpressionError`."""
    return _whole(text, 0, len(text), _Parser.type_name, "the end of the type")


def parse_process(text: str) -> tuple[tuple[str, ...], tuple[Expr, ...]]:
    """The dotted name and the arguments of a process; raises `ExpressionError`."""
    return _whole(text, 0, len(text), _Parser.process, "the end of the process")


_Tree = TypeVar("_Tree")


def _whole(
    text: str,
    start: int,
    stop: int,
    rule: Callable[[_Parser], _Tree],
    wanted: str,
    functions: frozenset[str] = frozenset(),
) -> _Tree:
    """What a rule makes of the text from `start` to `stop`, all of it."""
    if stop - start > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} letters", start)
    parser = _Parser(text, start, stop)
    parser.functions = functions
    tree = rule(parser)
    parser.end(wanted)
    if len(parser.tokens) > MAX_TREE:  # (a tree is no deeper than its text has tokens)
        for part in parser.trees(tree):
            _bound_depth(part)
    return tree


def _bound_depth(tree: Expr) -> None:
    """Refuse a tree that is too deep for the phases after this one, which walk it by recursion."""
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_TREE:
            raise ExpressionError(f"more than {MAX_TREE} operations inside each other or in a row", tree.at)
        level = [below for tree_ in level for below in children(tree_)]


class _Parser:
    """A cursor over the tokens of one text."""

    def __init__(self, text: str, start: int, stop: int) -> None:
        self.text = text
        self.tokens = list(_tokens(text, start, stop))
        self.next = 0
        self.depth = 0
        self.functions: frozenset[str] = frozenset()

    # ------------------------------------------------------------ tokens

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def accept(self, *texts: str) -> _Token | None:
        token = self.token
        if token.kind in ("op", "name") and token.text in texts:
            self.next += 1
            return token
        return None

    def expect(self, text: str) -> None:
        if not self.accept(text):
            self.fail(f"'{text}'")

    def fail(self, wanted: str) -> NoReturn:
        token = self.token
        shown = "the end" if token.kind == "end" else f"'{token.text}'"
        hint = f", did you mean '{_NEAR[token.text]}'?" if token.kind == "op" and token.text in _NEAR else ""
        raise ExpressionError(f"expected {wanted}, got {shown}{hint}", token.at)

    @staticmethod
    def trees(tree: object) -> tuple[Expr, ...]:
        """The expressions in what a rule gave."""
        if isinstance(tree, Expr):
            return (tree,)
        return tree.arguments if isinstance(tree, TypeName) else tree[1] if isinstance(tree, tuple) else ()

    def end(self, wanted: str) -> None:
        if self.token.kind != "end":
            self.fail(wanted)

    # ------------------------------------------------------------ expressions

    def expression(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels", self.token.at)
        condition = self.logic("or")
        if self.accept("?"):
            yes = self.expression()
            self.expect(":")
            condition = Choice(condition.at, condition, yes, self.expression())
        self.depth -= 1
        return condition

    def logic(self, op: str) -> Expr:
        left = self.logic("and") if op == "or" else self.negation()
        while self.accept(op):
            left = Logic(left.at, op, left, self.logic("and") if op == "or" else self.negation())
        return left

    def negation(self) -> Expr:
        token = self.accept("not")
        if not token:
            return self.comparison()
        self.deeper()
        value = self.negation()
        self.depth -= 1
        return Unary(token.at, "not", value)

    def comparison(self) -> Expr:
        left = self.binary(0)
        token = self.token
        if token.kind == "op" and token.text in _COMPARISONS:
            self.next += 1
            left = Compare(left.at, token.text, left, self.binary(0))
        return left

    def binary(self, level: int) -> Expr:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while token := self.token:
            if token.kind != "op" or token.text not in _LEVELS[level]:
                break
            self.next += 1
            left = Binary(left.at, token.text, left, self.binary(level + 1))
        return left

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels", self.token.at)

    def unary(self) -> Expr:
        token = self.accept("+", "-", "~")
        if not token:
            return self.postfix()
        self.deeper()
        value = self.unary()
        self.depth -= 1
        if token.text == "+":
            return value
        if token.text == "-" and isinstance(value, Int):
            return Int(token.at, -value.value)
        if token.text == "-" and isinstance(value, Float):
            return Float(token.at, -value.value)
        return Unary(token.at, token.text, value)

    def postfix(self) -> Expr:
        value = self.atom()
        while True:
            if self.accept("["):
                index = self.expression()
                self.expect("]")
                value = Subscript(value.at, value, index)
            elif self.accept("."):
                token = self.token
                if token.kind != "name":
                    self.fail("a name after '.'")
                self.next += 1
                if token.text == "as" and self.accept("<"):
                    target = self.type_name()
                    self.expect(">")
                    value = Cast(value.at, value, target)
                elif self.accept("("):
                    value = Call(value.at, value, token.text, self.items(")"), token.at)
                else:
                    value = Attribute(value.at, value, token.text, token.at)
            else:
                return value

    def items(self, closing: str) -> tuple[Expr, ...]:
        items: list[Expr] = []
        while not self.accept(closing):
            items.append(self.expression())
            if not self.accept(","):
                self.expect(closing)
                break
        return tuple(items)

    def arguments(self) -> tuple[Expr, ...]:
        """What stands in parentheses after the name of a type or a process: at least one expression."""
        if self.token.text == ")":
            self.fail("an argument")
        return self.items(")")

    def atom(self) -> Expr:
        token = self.token
        if token.kind == "int":
            self.next += 1
            return Int(token.at, _integer(token))
        if token.kind == "float":
            self.next += 1
            return Float(token.at, float(token.text.replace("_", "")))
        if token.kind in ("string", "fstring"):
            return self.strings()
        if self.accept("("):
            value = self.expression()
            self.expect(")")
            return value
        if self.accept("["):
            return ListOf(token.at, self.items("]"))
        if token.kind == "op" and token.text == "::":
            return self.name()
        if token.kind == "name" and token.text in ("true", "false"):
            self.next += 1
            return Bool(token.at, token.text == "true")
        if token.kind == "name" and token.text not in _KEYWORDS:
            return self.name()
        self.fail("a value")

    def strings(self) -> Expr:
        first = self.token
        parts: list[Expr] = []
        formatted = False
        while self.token.kind in ("string", "fstring"):
            formatted = formatted or self.token.kind == "fstring"
            parts.extend(self.token.parts or (Str(self.token.at, self.token.text),))
            self.next += 1
        if formatted:
            return Format(first.at, tuple(parts))
        return Str(first.at, "".join(part.value for part in parts if isinstance(part, Str)))

    def name(self) -> Expr:
        at = self.token.at
        if self.token.text in ("sizeof", "bitsizeof") and self.tokens[self.next + 1].text == "<":
            bits = self.token.text == "bitsizeof"
            self.next += 2
            target = self.type_name()
            self.expect(">")
            return SizeOf(at, target, bits)
        path = self.path()
        if len(path) == 1:
            if path[0] in self.functions and self.accept("("):
                return Apply(at, path[0], self.items(")"))
            return Name(at, path[0])
        return EnumLabel(at, path[:-2], path[-2], path[-1], self.tokens[self.next - 1].at)

    def path(self) -> tuple[str, ...]:
        self.accept("::")
        names: list[str] = []
        while True:
            token = self.token
            if token.kind != "name":
                self.fail("a name")
            self.next += 1
            names.append(token.text)
            if not self.accept("::"):
                return tuple(names)

    def process(self) -> tuple[tuple[str, ...], tuple[Expr, ...]]:
        names = [self.path()[-1]]
        while self.accept("."):
            names.append(self.path()[-1])
            if len(names) > MAX_DEPTH:
                raise ExpressionError(f"more than {MAX_DEPTH} names", self.token.at)
        return tuple(names), self.arguments() if self.accept("(") else ()

    def type_name(self) -> TypeName:
        at = self.token.at
        path = self.path()
        called = bool(self.accept("("))
        arguments = self.arguments() if called else ()
        arrays = 0
        while self.accept("["):
            self.expect("]")
            arrays += 1
        return TypeName(at, path, arguments, arrays, called)


def _integer(token: _Token) -> int:
    text = token.text.replace("_", "")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(text[:2].lower(), 10)
    digits = text if base == 10 else text[2:]
    if not digits or len(digits) > 400:
        raise ExpressionError(f"not a number: '{token.text[:20]}'", token.at)
    return int(digits, base)


def _tokens(text: str, start: int, stop: int) -> list[_Token]:
    tokens: list[_Token] = []
    at = start
    while at < stop:
        match = _TOKEN.match(text, at, stop)
        if not match:
            hint = f", did you mean '{_NEAR[text[at]]}'?" if text[at] in _NEAR else ""
            raise ExpressionError(f"unexpected {text[at]!r}{hint}", at)
        kind = str(match.lastgroup)
        if kind == "quote":
            token, at = (_raw_string if match.group() == "'" else _string)(text, at, stop)
            tokens.append(token)
            continue
        if kind == "fstring":
            token, at = _string(text, at + 1, stop, True)
            tokens.append(token)
            continue
        if kind != "space":
            tokens.append(_Token(kind, match.group(), at))
        at = match.end()
    tokens.append(_Token("end", "", stop))
    return tokens


def _raw_string(text: str, at: int, stop: int) -> tuple[_Token, int]:
    closing = text.find("'", at + 1, stop)
    if closing < 0:
        raise ExpressionError('the string is not closed, expected "\'"', stop)
    return _Token("string", text[at + 1 : closing], at), closing + 1


def _string(text: str, at: int, stop: int, formatted: bool = False) -> tuple[_Token, int]:
    """A double-quoted string from its opening quote at `at`; in an f-string, `{expression}` is a part of its own."""
    start = at
    at += 1
    parts: list[Expr] = []
    letters: list[str] = []
    while at < stop:
        letter = text[at]
        if letter == '"':
            value = "".join(letters)
            if formatted:
                parts.append(Str(start, value))
                return _Token("fstring", value, start, tuple(parts)), at + 1
            return _Token("string", value, start), at + 1
        if letter == "\\":
            letter_, at = _escape(text, at)
            letters.append(letter_)
        elif letter == "{" and formatted:
            closing = _closing_brace(text, at, stop)
            parts.append(Str(start, "".join(letters)))
            letters = []
            parts.append(_whole(text, at + 1, closing, _Parser.expression, "'}' or an operator"))
            if len(parts) > MAX_TREE:
                raise ExpressionError(f"more than {MAX_TREE} parts in an f-string", at)
            at = closing + 1
        else:
            letters.append(letter)
            at += 1
    raise ExpressionError("the string is not closed, expected '\"'", stop)


def _closing_brace(text: str, at: int, stop: int) -> int:
    quote = ""
    for place in range(at + 1, stop):
        letter = text[place]
        if quote:
            if letter == quote:
                quote = ""
        elif letter in "\"'":
            quote = letter
        elif letter == "}":
            return place
    raise ExpressionError("the braces of the f-string are not closed, expected '}'", stop)


def _escape(text: str, at: int) -> tuple[str, int]:
    """The character that the backslash at `at` begins, and where the text goes on."""
    octal = re.compile(r"[0-7]{1,3}").match(text, at + 1)
    if octal:
        return chr(int(octal.group(), 8)), octal.end()
    if text.startswith("u", at + 1):
        digits = text[at + 2 : at + 6]
        if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            raise ExpressionError(f"expected four hexadecimal digits after '\\u', got '{digits}'", at)
        return chr(int(digits, 16)), at + 6
    letter = text[at + 1 : at + 2]
    if letter not in _ESCAPES or not letter:
        raise ExpressionError(f"unknown escape '\\{letter}'", at)
    return _ESCAPES[letter], at + 2
