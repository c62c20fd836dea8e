"""Values and formats of modules that were compiled in memory, as they are pickled: with the text of their modules.

A generated module that can be imported is pickled as any other: by name.  One that was executed in memory has no name
that another process could import; so what is pickled of it begins with the text of the module, which is executed there
before anything else is looked up in it.  (Unpickling runs code in any case, as the documentation of `pickle` says.)

The module is entered in `sys.modules`, under a name that no other has, when something of it is pickled for the first
time: pickle finds classes and enums by name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

#: The global of a module in memory that says how it was made.
ORIGIN = "__sigflow_origin__"


class Origin(NamedTuple):
    """How a module in memory was made: `load(texts, allowed)` gives the modules by name, of which it is `name`.

    texts: of all modules that belong together.  allowed: modules that they may import beside, None: any.
    """

    load: Callable[[dict[str, str], frozenset[str] | None], dict[str, ModuleType]]
    texts: dict[str, str]
    allowed: frozenset[str] | None
    name: str


def entered(space: dict[str, Any]) -> str | None:
    """The name under which the module with these globals is found; None where it can be imported by its own."""
    origin: Origin | None = space.get(ORIGIN)
    if origin is None:
        return None
    known: str | None = space.get("__sigflow_name__")
    if known is None:
        import hashlib

        digest = hashlib.sha256("\0".join(f"{k}\0{v}" for k, v in sorted(origin.texts.items())).encode()).hexdigest()
        known = f"sigflow_compiled_{digest[:16]}_{os.getpid():x}_{id(space):x}_{origin.name}"
        module = ModuleType(known)
        module.__dict__.update(space)
        _enter(module, space, known)
    return known


def _enter(module: ModuleType, space: dict[str, Any], name: str) -> None:
    """Have a module found under this name, and its classes say so."""
    space["__sigflow_name__"] = name
    sys.modules[name] = module
    waiting = [thing for thing in space.values() if isinstance(thing, type) and thing.__module__ == space["__name__"]]
    while waiting:
        cls = waiting.pop()
        if cls.__module__ != name:
            cls.__module__ = name
            waiting += [thing for thing in vars(cls).values() if isinstance(thing, type) and _within(thing, cls)]


def _within(thing: type, outer: type) -> bool:
    return thing.__qualname__.startswith(f"{outer.__qualname__}.")


def restored(name: str, origin: Origin) -> ModuleType:
    """The module of this name, executed where this process does not have it yet."""
    module = sys.modules.get(name)
    if module is None:
        made = origin.load(origin.texts, origin.allowed)[origin.name]
        _enter(made, made.__dict__, name)
        module = made
    return module


def fresh(name: str, origin: Origin, qualname: str) -> Any:
    """An object of a class of such a module that has not read anything."""
    thing: Any = restored(name, origin)
    for part in qualname.split("."):
        thing = getattr(thing, part)
    return thing.__new__(thing)
