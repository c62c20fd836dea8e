"""Names in a Construct module: of structs, enums and functions, and the keys of what is no field of the spec.

Fields keep the ids of the spec.  A struct is called as the class that `sigflow compile` makes, a type with parameters
is a function of its id.  Whatever is not in the spec has a key that begins with `_`, as Construct's own have: it
hides nothing.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable

from sigflow.compiler import naming
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.construct.helpers import HELPERS

#: What is imported of Construct, where the text names it.
IMPORTED = frozenset(
    """
    Array BitStruct BitsInteger ByteSwapped Bytes CString Check Compressed Computed Const ConstructError Default Enum
    EnumIntegerString ExprAdapter ExprValidator FixedSized Flag Float32b Float32l Float64b Float64l GreedyBytes
    GreedyRange GreedyString If IfThenElse Int16sb Int16sl Int16ub Int16ul Int32sb Int32sl Int32ub Int32ul Int64sb
    Int64sl Int64ub Int64ul Int8sb Int8ub LazyBound ListContainer NullStripped NullTerminated Padded Pass Pointer
    ProcessRotateLeft ProcessXor RepeatUntil StringEncoded Struct Switch Terminated len_ max_ min_ obj_ stream_iseof
    stream_size this
    """.split()  # noqa: SIM905
)
#: Of these, what is no name of the package itself.
OF_CORE = frozenset(("EnumIntegerString", "stream_iseof", "stream_size"))
#: Keys that Construct has in each context, or that mean something in it.
_KEYS = frozenset(("_", "_io", "_root", "_index", "_params", "_parsing", "_building", "_sizing", "_subcons", "_is_le"))
_TAKEN = IMPORTED | HELPERS.keys() | {"sigflow", "obj", "items"} | set(dir(builtins))


class Names:
    """State: the names of a module that are taken, and what they stand for."""

    def __init__(self) -> None:
        self.taken: set[str] = set(_TAKEN)
        self._classes: dict[sc.ClassSpec, str] = {}
        self._enums: dict[sc.Enum, str] = {}
        self._params: dict[sc.Param, str] = {}

    def klass(self, spec: sc.ClassSpec) -> str:
        """The name of a struct, or of the function that makes one."""
        if spec not in self._classes:
            self._classes[spec] = self.new(spec.path, snake if spec.params else naming.upper_camel)
        return self._classes[spec]

    def enum(self, enum: sc.Enum) -> str:
        """The name of the table of an enum."""
        if enum not in self._enums:
            self._enums[enum] = self.new((*enum.owner.path, enum.id), str.upper)
        return self._enums[enum]

    def new(self, path: tuple[str, ...], style: object) -> str:
        """A name for what the path leads to: its last part, where that is not taken yet."""
        assert callable(style)
        short: str = style(path[-1])
        return naming.unique(short if short not in self.taken else str(style("_".join(path))), self.taken)

    def param(self, param: sc.Param) -> str:
        """The parameter of a function."""
        return naming.unique(naming.attribute(param.id), {*self.taken})

    @staticmethod
    def key(member: sc.Attr | sc.Param) -> str:
        """The key of a member in its struct."""
        if isinstance(member, sc.Attr):
            return member.id
        key = f"_{member.id}"
        return f"{key}_" if key in _KEYS else key


def snake(id: str) -> str:
    """A name for a function."""
    return naming.attribute(id)


def hidden(word: str, spec: sc.ClassSpec, taken: Iterable[str]) -> str:
    """A key of a class for what is no field of the spec."""
    members: list[sc.Attr | sc.Param] = [*spec.params, *spec.attrs()]
    used = {*taken, *_KEYS, *map(Names.key, members)}
    key, number = f"_{word}", 2
    while key in used:
        key, number = f"_{word}_{number}", number + 1
    return key
