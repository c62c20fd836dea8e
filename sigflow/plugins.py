"""All plug-ins there are: of every kind those that are built in, registered, or brought by installed packages.

Rules.  A kind is a row of a table: the module with its registry, and what gives a thing of a name as it is used.  To
say that a plug-in is not broken it is loaded, which runs code of the package that brings it; what it prints meanwhile
goes to standard error.  What is shadowed is not loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any, NamedTuple

from sigflow.errors import SigflowError
from sigflow.registry import BUILT_IN, Entry, Registry, rivalry, unknown

OK, SHADOWED, BROKEN = "ok", "shadowed", "broken"
#: The package of what is built in.
OWN = "sigflow"


class Kind(NamedTuple):
    """A kind of plug-ins: where its registry is, and what gives a thing of a name.  Both are attributes of `module`."""

    module: str
    get: str = "get"
    registry: str = "REGISTRY"

    def names(self) -> Registry[Any]:
        """Its registry."""
        registry: Registry[Any] = getattr(import_module(self.module), self.registry)
        return registry

    def load(self, name: str) -> Any:
        """The plug-in of this name.  Raises `SigflowError` where it is none."""
        return getattr(import_module(self.module), self.get)(name)


KINDS: dict[str, Kind] = {
    "format": Kind("sigflow.catalog", "load"),
    "codec": Kind("sigflow.codecs"),
    "checksum": Kind("sigflow.checksums"),
    "validator": Kind("sigflow.recording.validators"),
    "handler": Kind("sigflow.watch.handlers.declared", "get", "HANDLERS"),
    "calibration": Kind("sigflow.calibration", "get", "CALIBRATIONS"),
    "transport": Kind("sigflow.transport.schemes"),
    "sink": Kind("sigflow.session.opening"),
    "storage": Kind("sigflow.storage.others"),
}


class Plugin(NamedTuple):
    """A plug-in.  origin: `built-in`, `registered`, `entry point`.  state: `ok`, `shadowed`, `broken`; why: by what, or
    what is wrong with it.  reference: `module:attribute`, where a package says so.
    """

    kind: str
    name: str
    package: str
    version: str
    origin: str
    state: str
    why: str = ""
    reference: str = ""


def kind_of(name: str) -> Kind:
    """The kind of this name.  Raises `UsageError`."""
    if name not in KINDS:
        raise unknown("kind", name, KINDS)
    return KINDS[name]


def plugins(kinds: Sequence[str] = (), version: str = "") -> Iterator[Plugin]:
    """The plug-ins of these kinds, of all where none is named; each that a package brings is loaded.

    version: of what is built in.
    """
    for kind in kinds or KINDS:
        of_kind = kind_of(kind)
        for entry in of_kind.names().entries():
            package = OWN if entry.origin == BUILT_IN else entry.offer.package if entry.offer is not None else ""
            its = version if entry.origin == BUILT_IN else entry.offer.version if entry.offer is not None else ""
            reference = entry.offer.reference if entry.offer is not None else ""
            state, why = _state(of_kind, entry)
            yield Plugin(kind, entry.name, package, its, entry.origin, state, why, reference)


def _state(kind: Kind, entry: Entry) -> tuple[str, str]:
    if entry.shadowed_by:
        return SHADOWED, f"by {entry.shadowed_by}"
    if entry.rivals:
        return BROKEN, rivalry(entry.rivals).replace("several packages bring it", "another package brings it")
    if entry.origin == BUILT_IN:
        return OK, ""
    try:
        with redirect_stdout(sys.stderr):
            kind.load(entry.name)
    except (SigflowError, OSError) as error:
        return BROKEN, str(error)
    except Exception as error:  # whatever code that we did not write does
        return BROKEN, f"{type(error).__name__}: {error}"
    return OK, ""
