"""Reading on behind a field that cannot be decoded, where its extent is known: it costs itself, not what follows.

Strategy.  Generated code raises at the first field that fails, as Kaitai's does, and a good frame pays for no more.
Where a frame's parse has failed, its bytes are read once more, by the same functions with each statement guarded that
may be done without: a text whose bytes are read, a process, an object in bytes of its own, a check.  These functions
are made of the module's own source, when one is first needed, and run in its namespace.

What stands for a field that is lost: a text with its odd bytes as `\\udcXX`, the bytes that a process refused, the
object as far as it was read, the value that a check refused.  A field whose extent is not known ends the reading, as
before; so do fixed bytes at the top that are wrong, since then it is something else.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from kaitaistruct import ReadWriteKaitaiStruct, ValidationNotEqualError

from sigflow.errors import LimitExceeded
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.partial import keep_partial, placed_check
from sigflow.runtime.stream import KaitaiStream
from sigflow.runtime.struct import KaitaiStruct

#: Faults of one frame that are kept; with the last of them the reading ends.
MOST = 64
_READ = "_read"
#: What modules of read-write classes call the function that reads an object.
_READ_NOW = ("read_now", "_read_now")
#: What modules call their nested classes.
_CLASS = "_CLASS_"
#: What reading on could only meet again: a limit that a value would pass, and the end of stack or memory.
_ENDS = (LimitExceeded, RecursionError, MemoryError)


class _Lost(bytes):
    """Bytes that a process refused, under the name of what it would have made."""


class _Gone(ValueError):
    """An object would stand in bytes that a process refused.  raw: these."""

    def __init__(self, raw: bytes) -> None:
        super().__init__("the process failed")
        self.raw = raw


class _Mending:
    """One reading.  State: the faults; of each object being read the path to it, ending in a dot, and its offset."""

    def __init__(self) -> None:
        self.faults: list[BaseException] = []
        self.paths = [""]
        self.offsets = [0]

    def add(self, error: BaseException) -> None:
        if len(self.faults) >= MOST:
            raise error
        self.faults.append(error)


_CURRENT: ContextVar[_Mending] = ContextVar("_CURRENT")


def mended(error: BaseException, raw: bytes) -> tuple[Any, tuple[BaseException, ...]]:
    """The value of a frame whose parse failed with `error` (which was salvaged), read on behind what can be done
    without; and the faults in their order, each with its path and offset.
    """
    partial: Any = getattr(error, "partial", None)
    if (
        isinstance(error, _ENDS) or not isinstance(partial, KaitaiStruct) or hasattr(partial, "SEQ_FIELDS")
    ):  # that one is for debugging
        return partial, (error,)
    kind: Any = type(partial)
    unit = kind.__new__(kind)
    fields = set(kind._FIELDS)
    for name, value in vars(partial).items():
        if name not in fields and not name.startswith(("_raw_", "_m_", "_io", "_root", "_debug")):
            setattr(unit, name, value)
    unit._io, unit._parent, unit._root = KaitaiStream(raw), None, unit
    mending = _Mending()
    token = _CURRENT.set(mending)
    try:
        _call(unit, _READ)
    except WIRE_ERRORS as last:
        if not hasattr(last, "field_path"):
            keep_partial(last, unit)
        if not mending.faults:
            return partial, (error,)
        mending.faults.append(last)
    finally:
        _CURRENT.reset(token)
    return (unit, tuple(mending.faults)) if mending.faults else (partial, (error,))


# ---------------------------------------------------------------- what the guarded functions call


def _call(unit: Any, name: str) -> None:
    """`unit._read()`, guarded."""
    function = getattr(type(unit), name)
    guarded(function)(unit)


def _made(owner: Any, name: str, make: Any, *arguments: Any) -> Any:
    """`make(*arguments)`, an object in the field `name` of `owner`, read by guarded functions."""
    if not (isinstance(make, type) and issubclass(make, KaitaiStruct)):
        return make(*arguments)
    mending = _CURRENT.get()
    io = owner._io
    stream = next((argument for argument in arguments if isinstance(argument, KaitaiStream)), io)
    inside = 0 if stream is io else max(io.pos() - stream.size(), 0)
    mending.paths.append(f"{mending.paths[-1]}{_shown(owner, name)}.")
    mending.offsets.append(mending.offsets[-1] + inside)
    unit: Any = make.__new__(make)
    unit.__dict__[_READ] = lambda: _call(unit, _READ)
    try:
        unit.__init__(*arguments)
        if isinstance(unit, ReadWriteKaitaiStruct):  # (which is read apart from being made)
            unit._read()
    except WIRE_ERRORS as error:
        fault: Any = error
        if not hasattr(error, "field_path"):
            keep_partial(error, unit)
            fault.field_path = mending.paths[-1] + fault.field_path
            fault.field_offset += mending.offsets[-1]
        fault.made = unit
        raise
    finally:
        unit.__dict__.pop(_READ, None)
        mending.paths.pop()
        mending.offsets.pop()
    return unit


def _as_made(unit: Any) -> Any:
    """`read_now(unit)`, where `_made` has read it."""
    return unit


def _stream(raw: Any) -> KaitaiStream:
    """`KaitaiStream(raw)`."""
    if isinstance(raw, _Lost):
        raise _Gone(bytes(raw))
    return KaitaiStream(raw)


def _lost(error: BaseException, unit: Any, name: str, at: int, text: bool, apart: bool) -> Any:
    """What stands for the field `name` of `unit`; raises the error where it cannot be done without.

    at: where the stream stood before the statement.  text: whether it decodes one.  apart: whether it reads nothing.
    """
    if isinstance(error, _Gone):
        return error.raw
    odd = text and isinstance(error, UnicodeDecodeError)
    if (not odd and not apart) or isinstance(error, _ENDS):
        raise error
    mending = _CURRENT.get()
    field = name.removeprefix("_raw_")
    made = error.__dict__.pop("made", None)
    raw = next((_last(vars(unit)[attribute]) for attribute in _raws(unit, name)), None)
    fault: Any = error
    if not hasattr(error, "field_path"):
        place = at - (len(raw) if apart and isinstance(raw, bytes) else 0)
        fault.field_path = mending.paths[-1] + _shown(unit, field)
        fault.field_offset = mending.offsets[-1] + place
        fault.field_place = unit._PLACES.get(field, (None,))[:2] if field in unit._PLACES else None
    mending.add(error)
    if isinstance(error, UnicodeDecodeError) and made is None and text:
        return _escaped(error)
    if made is not None:
        return made
    if isinstance(raw, bytes):
        return _Lost(raw) if name != field else bytes(raw)
    raise error


def _raws(unit: Any, name: str) -> list[str]:
    """The attributes that may hold the bytes which the one of this name is made of, the nearest first."""
    return [attribute for attribute in (f"_raw_{name}", f"_raw__raw_{name}") if attribute in vars(unit)]


def _last(value: Any) -> Any:
    return (value[-1] if value else None) if isinstance(value, list) else value


def _escaped(error: UnicodeDecodeError) -> str:
    """The text, what is none of its encoding as escapes of the bytes."""
    try:
        return error.object.decode(error.encoding, "surrogateescape")
    except (UnicodeDecodeError, LookupError):
        return error.object.decode("ascii", "surrogateescape")


def _checked(error: BaseException, unit: Any) -> None:
    """A check has refused the value that was read last; it stays."""
    mending = _CURRENT.get()
    if len(mending.paths) == 1 and isinstance(error, ValidationNotEqualError) and isinstance(error.expected, bytes):
        raise error
    refusal = placed_check(error, unit)
    if refusal is None:
        raise error
    name, shown = refusal
    fault: Any = error
    refused = _last(vars(unit)[name])
    fault.field_path = mending.paths[-1] + shown
    fault.field_offset = mending.offsets[-1] + unit._io.pos()
    fault.field_offset -= len(refused) if isinstance(refused, bytes) else 0
    fault.field_place = unit._PLACES[name][:2]
    mending.add(error)


def _shown(unit: Any, name: str) -> str:
    """What a field is called; an element by its number."""
    shown, value = unit._IDS.get(name, name), vars(unit).get(name)
    return f"{shown}[{len(value)}]" if isinstance(value, list) else str(shown)


#: Under which names the guarded functions find them; no name of a spec ends so.
_HELPERS = {
    f"_{helper.__name__}__mend": helper for helper in (_call, _made, _stream, _lost, _checked)
}  # fmt: skip
_WIRE, _ERROR, _AT = "_WIRE__mend", "_error__mend", "_at__mend"


# ---------------------------------------------------------------- making them


@lru_cache(maxsize=1024)
def guarded(function: Callable[[Any], None]) -> Callable[[Any], None]:
    """The function with its statements guarded; itself, where its source is not there."""
    if not isinstance(function, FunctionType) or "io" not in function.__code__.co_varnames:
        return function  # none of ours
    tree = _source_of(function)
    if tree is None:
        return function
    made = _copied(tree)
    made.body = _Guard().statements(tree.body)
    module = ast.fix_missing_locations(ast.Module([made], []))
    space: dict[str, Any] = {}
    code = compile(module, function.__code__.co_filename, "exec")
    names = {**function.__globals__, **_HELPERS, _WIRE: WIRE_ERRORS}
    names |= {name: _as_made for name in _READ_NOW if name in names}
    exec(code, names, space)
    return space[tree.name]  # type: ignore[no-any-return]


def _source_of(function: FunctionType) -> ast.FunctionDef | None:
    """The function as its module's source has it; None where that is not the one that runs."""
    source = "".join(linecache.getlines(function.__code__.co_filename, function.__globals__))
    tree, codes = _parsed(source, function.__code__.co_filename)
    line = function.__code__.co_firstlineno
    code = codes.get(line)
    if code is None or code.co_code != function.__code__.co_code or code.co_names != function.__code__.co_names:
        return None
    return tree.get(line)


@lru_cache(maxsize=16)
def _parsed(source: str, file: str) -> tuple[dict[int, ast.FunctionDef], dict[int, CodeType]]:
    """The reading functions of a module by their lines, as trees and as code."""
    try:
        tree = ast.parse(source)
        whole = compile(tree, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return {}, {}
    functions = {
        node.lineno: node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith(_READ)
    }
    codes: dict[int, CodeType] = {}
    waiting = [whole]
    while waiting:
        code = waiting.pop()
        codes[code.co_firstlineno] = code if code.co_name.startswith(_READ) else codes.get(code.co_firstlineno, code)
        waiting += [node for node in code.co_consts if isinstance(node, CodeType)]
    return functions, codes


class _Guard(ast.NodeTransformer):
    """Guards the statements of a reading function."""

    def __init__(self) -> None:
        self._field = ""

    def statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The statements of one block."""
        guarded_statements: list[ast.stmt] = []
        for number, statement in enumerate(body):
            after = body[number + 1] if number + 1 < len(body) else None
            guarded_statements += self._statement(statement, after)
        return guarded_statements

    def _statement(self, statement: ast.stmt, after: ast.stmt | None) -> list[ast.stmt]:
        if isinstance(statement, ast.If) and _is_short(statement):
            return self.statements(statement.body)  # a run of fields, one by one
        if isinstance(statement, ast.If | ast.For | ast.While):
            block = _copied(statement)
            block.body, block.orelse = self.statements(statement.body), self.statements(statement.orelse)
            return [block]
        if isinstance(statement, ast.Raise) and isinstance(statement.exc, ast.Call):
            return [ast.Expr(_helper("_checked", statement.exc, _name("self")))]
        field = _field_of(statement) or (_field_of(after) if _is_local(statement, "raw") and after is not None else "")
        if not field and _is_local(statement, "_") and after is not None:
            field = _field_of(after)
        self._field = field
        text = _calls(statement, "decode")
        apart = not any(isinstance(node, ast.Name) and node.id == "io" for node in ast.walk(statement))
        guarded = self.visit(_deep(statement))
        if not field or not (text or (apart and _has_call(statement))):
            return [guarded]
        lost = _helper(
            "_lost",
            _name(_ERROR),
            _name("self"),
            ast.Constant(field),
            _name(_AT),
            ast.Constant(text),
            ast.Constant(apart),
        )
        instead = _deep(guarded)
        if isinstance(instead, ast.Assign):
            instead.value = lost
        elif isinstance(instead, ast.Expr) and isinstance(instead.value, ast.Call):
            instead.value.args = [lost]
        else:
            return [guarded]
        here = ast.Assign([ast.Name(_AT, ast.Store())], ast.Attribute(_name("io"), "_pos", ast.Load()))
        handler = ast.ExceptHandler(_name(_WIRE), _ERROR, [instead])
        return [here, ast.Try([guarded], [handler], [], [])]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Constructors, streams of their own, and readings of other functions go through the helpers."""
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Name) and function.id == "KaitaiStream" and len(node.args) == 1:
            return _helper("_stream", node.args[0])
        if isinstance(function, ast.Attribute) and function.attr.startswith(_READ) and not node.args:
            if isinstance(function.value, ast.Name) and function.value.id == "io":
                return node
            return _helper("_call", function.value, ast.Constant(function.attr))
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if last.removeprefix(_CLASS)[:1].isupper() and self._field and not node.keywords:
            return _helper("_made", _name("self"), ast.Constant(self._field), function, *node.args)
        return node


def _deep(node: Any) -> Any:
    """A copy of a tree."""
    if isinstance(node, list):
        return [_deep(child) for child in node]
    if not isinstance(node, ast.AST):
        return node
    return ast.copy_location(type(node)(**{name: _deep(value) for name, value in ast.iter_fields(node)}), node)


def _copied(node: Any) -> Any:
    return ast.copy_location(type(node)(**dict(ast.iter_fields(node))), node)


def _name(text: str) -> ast.Name:
    return ast.Name(text, ast.Load())


def _helper(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(_name(f"_{name}__mend"), list(arguments), [])


def _field_of(statement: ast.stmt) -> str:
    """`x` for what sets `self.x`, or adds to it; "" for all else."""
    target: ast.expr | None = None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Attribute)
    ):
        target = statement.value.func.value if statement.value.func.attr == "append" else None
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        return target.attr
    return ""


def _is_local(statement: ast.stmt, name: str) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id == name
    )


def _is_short(branch: ast.If) -> bool:
    """Whether it asks if a run of fields is all there, with the one unpack of it in the `else`."""
    return any(
        isinstance(node, ast.Name) and node.id.startswith("_UNPACK_")
        for line in branch.orelse
        for node in ast.walk(line)
    )


def _calls(statement: ast.stmt, method: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
        for node in ast.walk(statement)
    )


def _has_call(statement: ast.stmt) -> bool:
    """Whether it does more than to keep a value that is there."""
    value = statement.value if isinstance(statement, ast.Assign) else None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and statement.value.args:
        value = statement.value.args[0]
    return isinstance(value, ast.Call) and not (isinstance(value.func, ast.Attribute) and value.func.attr == "get")
