"""Names in generated Python: the conventions of Kaitai's Python target, made safe for every id.

A field keeps its id, a type becomes UpperCamel.  A name that Python or the base class needs for itself gets a trailing
underscore; so does a class that would hide another of the same scope.
"""

from __future__ import annotations

import builtins
import keyword
import sys
from collections.abc import Callable, Iterable

#: What a property of a class must not hide.
_TAKEN = frozenset(("from_file", "from_bytes", "from_io", "close", "self", "property"))

#: What generated functions call their own variables: an imported module must not be called so.
_LOCAL = frozenset(
    ("io", "self", "i", "on", "raw", "moved", "data", "start", "stop", "name", "end", "size", "view")
) | {"pos", "whole", "count", "values"}


def upper_camel(id: str) -> str:
    """The name of a class or an enum."""
    name = "".join(part[:1].upper() + part[1:] for part in id.split("_") if part) or "X"
    if id.startswith("_"):
        name = "_" + name
    return f"{name}_" if keyword.iskeyword(name) else name


def attribute(id: str) -> str:
    """The name of a field, an instance or a param."""
    return f"{id}_" if keyword.iskeyword(id) or id in _TAKEN else id


def foreign(id: str) -> str:
    """The name of a module of the user's own, which an opaque type lies in."""
    return f"{id}_" if keyword.iskeyword(id) else id


def module(id: str) -> str:
    """The name of a spec's module: its ID, unless that is a keyword of Python, or the module would hide another."""
    return f"{id}_" if keyword.iskeyword(id) or shadows(id) else id


#: What generated code imports, with all that lies behind it: beside the standard library, the packages of the runtime.
_IMPORTED = frozenset(("kaitaistruct", "sigflow", "sigflow_formats", "numpy", "llvmlite"))


#: Modules of the standard library that only some of the Python versions from 3.11 on have: names do not depend on them.
_OF_SOME = frozenset(
    """
    aifc annotationlib asynchat asyncore audioop cgi cgitb chunk compression crypt distutils imghdr imp lib2to3 mailcap
    msilib nis nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib
    """.split()  # noqa: SIM905
)


def shadows(id: str) -> bool:
    """Whether Python, or the runtime, has a module of this name: a generated one would be imported instead of it, or it
    instead of the generated one.
    """
    return id in _IMPORTED or id in sys.stdlib_module_names or id in _OF_SOME


def sibling(id: str, taken: set[str]) -> str:
    """What a module calls another that it imports: its name, unless that means something else inside it."""
    return unique(f"{id}_" if keyword.iskeyword(id) or id in _LOCAL or hasattr(builtins, id) else id, taken)


def member(label: str) -> str:
    """The name of an enum's member."""
    return f"{label}_" if keyword.iskeyword(label) or label in _ENUM_TAKEN else label


#: What the body of a generated class names itself: a nested class must not hide it.
SCOPE = frozenset(("KaitaiStruct", "KaitaiStream", "IntEnum", "Any", "_KaitaiStruct", "_IntEnum", "_Any"))


#: What `IntEnum` uses itself: a member of this name would break the class.
_ENUM_TAKEN = frozenset(("mro",))


def distinct(ids: Iterable[str], rename: Callable[[str], str]) -> dict[str, str]:
    """The Python name of each of these ids: one that needs no other name keeps its own (`class_`), and what has to step
    aside goes round it (`class` becomes `class__`).
    """
    listed = list(dict.fromkeys(ids))
    names = {id: id for id in listed if rename(id) == id}
    taken = set(names)
    return {id: names[id] if id in names else unique(rename(id), taken) for id in listed}


def unique(name: str, taken: set[str]) -> str:
    """`name`, with as many underscores as make it new; it is then taken."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
