"""Schemas of public packages that are written in Construct: each compiles, and gives the values that Construct gives.

They are no part of this project: `pip install -e .[schemas]` installs the small ones, `.[large-schemas]` the others;
what is absent is skipped.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from construct import Construct

import sigflow
from sigflow.compiler.construct.python import understood
from sigflow.runtime.construct.views import Member, Opaque
from tests.construct.packages import OWN, Own, found
from tests.construct.test_schemas import REFUSED, of_construct, of_sigflow

#: Packages, and how many schemas of theirs are looked at, of those how many are whole: nothing in them stays Construct.
PACKAGES = {
    "sbp": (60, 60),
    "usb_protocol": (60, 1),
    "regipy.structs": (7, 7),
    "pykeepass": (10, 1),
    "atc_mi_interface": (20, 5),
    "eq3bt": (3, 1),
    "retro_data_structures": (10, 5),
    "mercury_engine_data_structures.formats": (60, 1),
}
TRIVIAL = ("FormatField", "BytesInteger", "GreedyBytes", "Flag", "Rebuild", "VarInt")
#: So many schemas of a package are looked at.
MOST = 60


def installed(name: str) -> ModuleType:
    """A package; the test is skipped where it is not there."""
    module: ModuleType = pytest.importorskip(
        name, reason=f"{name} is not installed, or lacks something", exc_type=ImportError
    )
    return module


def modules(name: str) -> Iterator[ModuleType]:
    """A package and its modules, as far as they can be imported."""
    package = installed(name)
    yield package
    for info in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
        try:
            yield importlib.import_module(info.name)
        except Exception:  # (it needs what is not installed, or another version)
            continue


def schemas(name: str) -> Iterator[tuple[str, Any]]:
    """The Construct objects among the globals of a package, and in its classes."""
    seen: set[int] = set()
    for module in modules(name):
        held = dict(vars(module))
        for value in list(held.values()):
            if isinstance(value, type) and value.__module__ == module.__name__:
                held.update((f"{value.__name__}.{key}", item) for key, item in vars(value).items())
        for key, value in held.items():
            if isinstance(value, Construct) and type(value).__name__ not in TRIVIAL and id(value) not in seen:
                seen.add(id(value))
                yield f"{module.__name__}:{key}", value


def inputs(schema: Any, random: Random) -> Iterator[bytes]:
    """Bytes that a schema may take: as many as it says, where it says so, and small numbers among them."""
    try:
        size = schema.sizeof()
    except Exception:  # (it has none)
        size = None
    for number in range(20):
        raw = random.randbytes(size if size and number % 2 else random.randrange(64))
        yield bytes(byte & 3 for byte in raw) if number % 3 == 0 else raw


@pytest.mark.parametrize("package", PACKAGES)
def test_schemas_of_a_package(package: str) -> None:
    least, least_whole = PACKAGES[package]
    compiled = whole = accepted = 0
    for name, schema in islice(schemas(package), MOST):
        format = sigflow.compile(schema)
        compiled += 1
        whole += not understood(schema, "it").stays
        for raw in inputs(schema, Random(name)):
            wanted = of_construct(schema, raw)
            assert of_sigflow(format, raw) == wanted, (name, raw)
            accepted += wanted != REFUSED
    assert compiled >= least and whole >= least_whole and accepted, (compiled, whole, accepted)


# ---------------------------------------------------------------- data of the package's own


def built(build: Any, value: Any) -> bytes | str:
    """What is built of a value; that it is refused."""
    try:
        raw: bytes = build(value)
    except Exception:  # (Construct's errors, ours, and those of functions of the package's own)
        return REFUSED
    return raw


@pytest.mark.parametrize("name", OWN)
def test_data_that_a_package_makes_itself(name: str) -> None:
    own = OWN[name]
    installed(own.package)
    schema, inputs = found(own.schema), own.data()
    format = sigflow.compile(schema)
    assert inputs
    for raw in inputs:
        wanted = of_construct(schema, raw)
        assert of_sigflow(format, raw) == wanted != REFUSED, raw
        # Some of these schemas do not build what they parse: then nobody does.
        value = sigflow.asdict(format.parse(raw))
        assert built(format.build, value) == built(schema.build, schema.parse(raw)), raw
        for cut in range(0, len(raw), len(raw) // 40 + 1):
            assert of_sigflow(format, raw[:cut]) == of_construct(schema, raw[:cut]), (raw, cut)


DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "construct.md"


def compiles(own: Own) -> str:
    """How much of a schema is declarative."""
    made = understood(found(own.schema), "it")
    if isinstance(made.view, Member) and isinstance(made.view.inner, Opaque):
        return "no"
    return "in part" if made.stays else "whole"


@pytest.mark.parametrize("name", OWN)
def test_the_documentation_says_how_much_compiles(name: str) -> None:
    rows = dict(re.findall(r"^\| `([^`]+: [^`]+)` \| ([a-z ]+) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows.keys() == OWN.keys()
    installed(OWN[name].package)
    assert compiles(OWN[name]) == rows[name]
