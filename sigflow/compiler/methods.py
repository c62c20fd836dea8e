"""The methods of the language: for each kind of receiver and name, which arguments it takes and what it gives."""

from __future__ import annotations

from collections.abc import Callable

from sigflow.compiler.model import ANY, BOOL, BYTES, INT, IO, STR, STRUCT, Type

#: (receiver kind, name) -> (argument kinds, result); the result may be a function of the receiver's type.
Result = Type | Callable[[Type], Type]


def element_of(receiver: Type) -> Type:
    """The type of a list's elements."""
    return receiver.ref if isinstance(receiver.ref, Type) else ANY


METHODS: dict[tuple[str, str], tuple[tuple[str, ...], Result]] = {
    ("bytes", "length"): ((), INT),
    ("bytes", "size"): ((), INT),
    ("bytes", "first"): ((), INT),
    ("bytes", "last"): ((), INT),
    ("bytes", "min"): ((), INT),
    ("bytes", "max"): ((), INT),
    ("bytes", "to_s"): (("encoding",), STR),
    ("bytes", "index_of"): (("int",), INT),
    ("int", "to_s"): ((), STR),
    ("float", "to_i"): ((), INT),
    ("str", "length"): ((), INT),
    ("str", "reverse"): ((), STR),
    ("str", "to_i"): (("int?",), INT),
    ("str", "to_b"): (("encoding",), BYTES),
    ("str", "substring"): (("int", "int"), STR),
    ("bool", "to_i"): ((), INT),
    ("enum", "to_i"): ((), INT),
    ("array", "first"): ((), element_of),
    ("array", "last"): ((), element_of),
    ("array", "size"): ((), INT),
    ("array", "min"): ((), element_of),
    ("array", "max"): ((), element_of),
    ("io", "size"): ((), INT),
    ("io", "pos"): ((), INT),
    ("io", "eof"): ((), BOOL),
    ("struct", "_parent"): ((), STRUCT),
    ("struct", "_io"): ((), IO),
    ("opaque", "_parent"): ((), STRUCT),
    ("opaque", "_io"): ((), IO),
    ("opaque", "_root"): ((), STRUCT),
}
