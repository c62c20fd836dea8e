"""Registries: names to things, for built-ins, for what a program registers, and for what installed packages bring.

Rules.  Nothing is imported before it is asked for: a built-in is named by `module:attribute`, and installed packages
are looked through only when a name is not known otherwise, or when all names are listed.  A name stands for one thing:
a second registration, or a package that brings a known name, is an error.  A name that is not found is answered with
the names that are, the nearest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from sigflow.errors import SigflowError, UsageError

T = TypeVar("T")


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not among `known`."""
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(name, names, 1, 0.5)
    hint = f", did you mean {near[0]!r}?" if near else "."
    shown = names if len(names) <= 24 else [*names[:24], f"and {len(names) - 24} more"]
    return UsageError(f"unknown {kind} {name!r}{hint} Known: {', '.join(shown) or 'none'}")


Builtins = Mapping[str, T | str] | Callable[[], Mapping[str, T | str]]


class Registry(Generic[T]):
    """Things of one kind by name.  `group` is the entry point group in which installed packages offer more.  builtins:
    those that are there from the first, or a function that gives them when something is first asked for.

    What lives in it: the objects loaded so far, the references to others, and whether packages were looked through.
    """

    def __init__(self, kind: str, group: str, builtins: Builtins[T] | None = None) -> None:
        self.kind = kind
        self.group = group
        self._builtins = builtins
        self._discovered = False

    @cached_property
    def _things(self) -> dict[str, T | str]:
        return dict((self._builtins() if callable(self._builtins) else self._builtins) or {})

    def register(self, name: str, thing: T) -> T:
        """Make `thing` known by this name, and return it."""
        if name in self._things:
            raise UsageError(f"{self.kind} {name!r} is already registered")
        self._things[name] = thing
        return thing

    def get(self, name: str) -> T:
        """The thing of this name; `UsageError` if there is none, or if it cannot be loaded."""
        if name not in self._things:
            self.discover()
        if name not in self._things:
            raise unknown(self.kind, name, self._things)
        thing = self._things[name]
        if isinstance(thing, str):
            thing = self._things[name] = self._loaded(name, thing)
        return thing

    def _loaded(self, name: str, reference: str) -> T:
        try:
            return _load(reference)
        except SigflowError:
            raise
        except (Exception, SystemExit) as error:  # whatever a package's module does when it is imported
            text = f"{type(error).__name__}: {error}"
            raise UsageError(f"{self.kind} {name!r} cannot be loaded from {reference!r}: {text}") from error

    def names(self) -> list[str]:
        """All names, sorted, those of installed packages included."""
        self.discover()
        return sorted(self._things)

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def discover(self) -> None:
        """Look once through the installed packages for things of this kind; they are loaded when asked for."""
        if self._discovered:
            return
        from importlib.metadata import entry_points

        offered: dict[str, str] = {}
        for entry in entry_points(group=self.group):
            if entry.name in self._things or offered.get(entry.name, entry.value) != entry.value:
                other = offered.get(entry.name, "another")
                raise UsageError(f"{self.kind} {entry.name!r} of {entry.value!r} clashes with {other} of the same name")
            offered[entry.name] = entry.value
        self._things.update(offered)
        self._discovered = True


def _load(reference: str) -> T:  # type: ignore[type-var]  # what it gives is the registry's business
    """The object that `module:attribute` names."""
    from importlib import import_module

    module, _, attribute = reference.partition(":")
    thing: T = import_module(module)  # type: ignore[assignment]
    for part in attribute.split("."):
        thing = getattr(thing, part)
    return thing
