"""Registries: names to things, for built-ins, for what a program registers, and for what installed packages bring.

Rules.  Nothing is imported before it is asked for: a built-in is named by `module:attribute`, and installed packages
are looked through only when a name is not known otherwise, or when all names are listed.  A name stands for one thing.
A program cannot register a name twice, or one of a built-in.  What a package brings is *shadowed* where the name is a
built-in's or was registered by the program; where two packages bring a name, that name, and no other, is an error.
A name that is not found is answered with the names that are, the nearest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from sigflow.errors import SigflowError, UsageError

T = TypeVar("T")
#: Where a plug-in comes from.
BUILT_IN, REGISTERED, ENTRY_POINT = "built-in", "registered", "entry point"


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not among `known`."""
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(name, names, 1, 0.5)
    hint = f", did you mean {near[0]!r}?" if near else "."
    shown = names if len(names) <= 24 else [*names[:24], f"and {len(names) - 24} more"]
    return UsageError(f"unknown {kind} {name!r}{hint} Known: {', '.join(shown) or 'none'}")


Builtins = Mapping[str, T | str] | Callable[[], Mapping[str, T | str]]


class Offer(NamedTuple):
    """What an installed package brings: `module:attribute`, and the package with its version, as far as it tells."""

    reference: str
    package: str = ""
    version: str = ""

    def __str__(self) -> str:
        package = f"{self.package} {self.version}".strip()
        return f"{package} ({self.reference})" if package else self.reference


class Entry(NamedTuple):
    """One name of a registry, as somebody brings it.  shadowed_by: what is used in its place.  rivals: the others that
    bring the same name, so that none is used.
    """

    name: str
    origin: str
    offer: Offer | None = None
    shadowed_by: str = ""
    rivals: tuple[Offer, ...] = ()


class Registry(Generic[T]):
    """Things of one kind by name.  `group` is the entry point group in which installed packages offer more.  builtins:
    those that are there from the first, or a function that gives them when something is first asked for.  reserved: of
    other names, whether they are built in elsewhere.

    What lives in it: the objects loaded so far, and the references to others; which names a program registered; what
    packages bring, once they were looked through.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        builtins: Builtins[T] | None = None,
        reserved: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self.kind = kind
        self.group = group
        self._builtins = builtins
        self._reserved = reserved
        self._registered: dict[str, str] = {}
        self._offers: dict[str, tuple[Offer, ...]] | None = None
        self._brought: dict[str, T] = {}

    @cached_property
    def _things(self) -> dict[str, T | str]:
        """The built-in ones, and those that were registered."""
        return dict((self._builtins() if callable(self._builtins) else self._builtins) or {})

    def register(self, name: str, thing: T, module: str = "") -> T:
        """Make `thing` known by this name, and return it.  module: whose code it is."""
        if name in self._things or self._reserved(name):
            raise UsageError(f"{self.kind} {name!r} is already registered")
        self._things[name] = thing
        self._registered[name] = module
        return thing

    def get(self, name: str) -> T:
        """The thing of this name; `UsageError` if there is none, or if it cannot be loaded."""
        if name in self._things:
            thing = self._things[name]
            if isinstance(thing, str):
                thing = self._things[name] = self._loaded(name, Offer(thing))
            return thing
        if name not in self._brought:
            self._brought[name] = self._loaded(name, self._offer(name))
            if name in self._things:  # its module has registered it
                self._brought[name] = self.get(name)
        return self._brought[name]

    def _offer(self, name: str) -> Offer:
        """What the one package brings that brings this name."""
        offers = self.offers.get(name, ())
        if not offers:
            raise unknown(self.kind, name, self.names())
        if len(offers) > 1:
            raise UsageError(f"{self.kind} {name!r}: {rivalry(offers)}")
        return offers[0]

    def _loaded(self, name: str, offer: Offer) -> T:
        try:
            thing: T = loaded(offer.reference)
            return thing
        except SigflowError:
            raise
        except (Exception, SystemExit) as error:  # whatever a package's module does when it is imported
            text = f"{type(error).__name__}: {error}"
            by = f" of {offer.package} {offer.version}" if offer.package else ""
            raise UsageError(f"{self.kind} {name!r}{by} cannot be loaded from {offer.reference!r}: {text}") from error

    def names(self) -> list[str]:
        """All names, sorted, those of installed packages included."""
        return sorted({*self._things, *self.offers})

    def __contains__(self, name: object) -> bool:
        """Whether a name is known so far: of packages, once they were looked through."""
        return name in self._things or (self._offers is not None and name in self._offers)

    def discover(self) -> None:
        """Look once through the installed packages for things of this kind; they are loaded when asked for."""
        _ = self.offers

    @property
    def offers(self) -> dict[str, tuple[Offer, ...]]:
        """What installed packages bring, by name; of a name more than one where they differ."""
        if self._offers is None:
            from importlib.metadata import entry_points

            by_name: dict[str, dict[str, Offer]] = {}
            for entry in entry_points(group=self.group):
                package = (entry.dist.metadata["Name"] or "") if entry.dist is not None else ""
                version = (entry.dist.version or "") if entry.dist is not None else ""
                # (a package may be on the path twice)
                by_name.setdefault(entry.name, {}).setdefault(entry.value, Offer(entry.value, package, version))
            self._offers = {name: tuple(offers.values()) for name, offers in by_name.items()}
        return self._offers

    def entries(self) -> list[Entry]:
        """Every name as often as somebody brings it, sorted; nothing is loaded."""
        entries = []
        for name in self.names():
            offers = self.offers.get(name, ())
            module = self._registered.get(name)
            # What a module registers may be what its package brings.
            own = [offer for offer in offers if module is not None and offer.reference.partition(":")[0] == module]
            origin = BUILT_IN if module is None else REGISTERED
            if name in self._things:
                entries.append(Entry(name, ENTRY_POINT, own[0]) if own else Entry(name, origin))
            for offer in offers:
                if offer in own:
                    continue
                if name in self._things or self._reserved(name):
                    entries.append(Entry(name, ENTRY_POINT, offer, shadowed_by=f"the {origin} {self.kind}"))
                else:
                    rivals = tuple(other for other in offers if other is not offer)
                    entries.append(Entry(name, ENTRY_POINT, offer, rivals=rivals))
        return entries


def rivalry(offers: Iterable[Offer]) -> str:
    """Why none of these is used, and what to do."""
    return f"several packages bring it, {' and '.join(map(str, offers))}: uninstall all but one"


def loaded(reference: str) -> Any:
    """The object that `module:attribute` names.  Raises whatever its module raises when it is imported."""
    from importlib import import_module

    module, _, attribute = reference.partition(":")
    thing: Any = import_module(module)
    for part in attribute.split("."):
        thing = getattr(thing, part)
    return thing
