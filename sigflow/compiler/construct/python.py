"""Construct objects by name: `my_formats.py:Frame`, or `my_formats:Frame` of a module that may be imported.

Such a file is Python, and naming its object runs it.  So a path must be named itself, with its object; a module runs
only where the caller allows its import.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import linecache
import os
import sys
from collections.abc import Collection
from types import ModuleType
from typing import Any

from sigflow.compiler.check import allowed_import
from sigflow.compiler.construct import Places, Understood, understand_construct
from sigflow.errors import SpecError, UsageError
from sigflow.hinted import Hinted

ENDING = ".py"


def split(name: str) -> tuple[str, str] | None:
    """The file, or the module, and the object that a name speaks of; None where it is no such name."""
    file, colon, attribute = name.rpartition(":")
    if not colon or not attribute.isidentifier():
        return None
    if file.endswith(ENDING) or all(part.isidentifier() for part in file.split(".")):
        return file, attribute
    return None


def file_of(name: str) -> str | None:
    """The Python file that a name speaks of, which is run when it is loaded; None where it speaks of none."""
    parts = split(name)
    return parts[0] if parts is not None and parts[0].endswith(ENDING) else None


def named(name: str, allowed: Collection[str] | None = ()) -> Understood:
    """The spec that the object of this name is; see `loaded`."""
    return loaded(name, allowed)[1]


def loaded(name: str, allowed: Collection[str] | None = ()) -> tuple[Any, Understood]:
    """The object of this name, and the spec that it is.

    allowed: modules that may be imported, beside files that are named by their path; None: any.  Raises `UsageError`
    for a name that may not be imported, or is none of a Construct object; `SpecError` where the file fails when it is
    run; `OSError` where it cannot be read.
    """
    parts = split(name)
    assert parts is not None  # (so the caller has seen)
    file, attribute = parts
    if file.endswith(ENDING):
        module = executed(file)
    elif allowed is None or allowed_import(file, frozenset(allowed)):
        module = _guarded(file, lambda: importlib.import_module(file))
    else:
        raise UsageError(f"{name!r} would run the module {file!r}: allow it (--allow-import {file}, allow_imports)")
    value = getattr(module, attribute, None)
    if not is_schema(value):
        imported = vars(sys.modules["construct"]) if "construct" in sys.modules else {}
        mine = (key for key, item in vars(module).items() if is_schema(item) and imported.get(key) is not item)
        known = ", ".join(mine) or "none"
        what = f"it is {type(value).__name__}" if hasattr(module, attribute) else "there is no such name"
        raise UsageError(f"{name!r} is no Construct object: {what}. Those of the file: {known}")
    return value, understood(value, attribute, module, file if file.endswith(ENDING) else "")


def is_schema(value: Any) -> bool:
    """Whether something is a Construct object, or one with hints.  What is no such object costs no import."""
    if isinstance(value, Hinted):
        return True
    if "construct" not in sys.modules:
        return False
    from construct import Construct

    return isinstance(value, Construct)


def understood(value: Any, name: str = "", module: ModuleType | None = None, file: str = "") -> Understood:
    """The spec that a Construct object is.  name: what it is called, where that is known.  module: where it is defined,
    looked for among all that are loaded where it is not given.  file: what messages call its file.
    """
    schema: Any = value.schema if isinstance(value, Hinted) else value
    hints = value.hints if isinstance(value, Hinted) else None
    if not is_schema(schema):
        raise UsageError(f"a schema is a Construct object, got {type(schema).__name__}")
    if module is None:
        module, known = _home(value)
        name = name or known
    text, known = _text(module)
    places = Places(file or known, text, vars(module) if module is not None else {})
    name = name or schema.name or "format"
    place = places.place(places.of(value, None), "/")
    return understand_construct(schema, name, places, hints, title=str(schema.docs or ""), place=place)


def _home(value: Any) -> tuple[ModuleType | None, str]:
    """The module that has an object among its globals, and its name there."""
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and not module.__name__.startswith(("construct", "sigflow")):
            for name, item in list(vars(module).items()):
                if item is value and not name.startswith("_"):
                    return module, name
    return None, ""


def _text(module: ModuleType | None) -> tuple[str, str]:
    """The text of a module, and its file."""
    file = getattr(module, "__file__", None)
    if module is None or file is None:
        return "", "<construct>"
    try:
        return inspect.getsource(module), file
    except (OSError, TypeError):
        return "", file


def executed(file: str) -> ModuleType:
    """The module of a file, run now; its own folder is looked in for what it imports, as Python does with scripts."""
    if not os.path.isfile(file):
        os.stat(file)  # (its error says what is wrong)
        raise UsageError(f"{file} is no file")
    linecache.checkcache(file)
    name = f"sigflow_schema_{os.path.basename(file).removesuffix(ENDING)}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    loader, folder = spec.loader, os.path.dirname(os.path.abspath(file))

    def run() -> ModuleType:
        sys.path.insert(0, folder)
        sys.modules[name] = module
        try:
            loader.exec_module(module)
        finally:
            sys.path.remove(folder)
        return module

    return _guarded(file, run)


def _guarded(file: str, run: Any) -> ModuleType:
    """What running a module gives; whatever it raises is a fault of the schema."""
    try:
        module: ModuleType = run()
    except OSError:
        raise
    except (Exception, SystemExit) as error:
        raise SpecError(f"{file} fails when it is run: {type(error).__name__}: {error}") from error
    return module
