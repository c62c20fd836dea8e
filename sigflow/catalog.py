"""The one door between the wings: a spec or a name becomes a Format.

Rules.  A bundled format is a module that was generated before: loading it imports neither YAML nor the compiler.  A
`.ksy` path is compiled in memory.  Other packages add formats by the entry point group `sigflow.formats`, programs by
`register_format`; which of them a name stands for, `registry` says.
"""

from __future__ import annotations

import keyword
import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sigflow.errors import SigflowError, SpecError, UsageError
from sigflow.registry import Registry

if TYPE_CHECKING:
    from sigflow.compiler import Build
    from sigflow.hinted import Hinted, Schema
    from sigflow.limits import Limits
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.format import Format

GROUP = "sigflow.formats"
SPEC_ENDING = ".ksy"


@cache
def bundled() -> tuple[str, ...]:
    """The names of the bundled formats, sorted."""
    try:
        import sigflow_formats
    except ModuleNotFoundError as error:
        raise SigflowError(
            "the bundled formats (the package sigflow_formats) are not installed; in a checkout: pip install -e ."
        ) from error
    names = {entry.removesuffix(".py") for folder in sigflow_formats.__path__ for entry in os.listdir(folder)}
    return tuple(sorted(name for name in names if name.isidentifier() and not name.startswith("_") and name != "specs"))


REGISTRY: Registry[Any] = Registry(
    "format", GROUP, lambda: {name: f"sigflow_formats.{name}:FORMAT" for name in bundled()}
)


def names() -> tuple[str, ...]:
    """The names of all formats: bundled, registered by this program, and of installed packages."""
    return tuple(sorted(REGISTRY.names()))


def register_format(name: str, format: Format) -> None:
    """Makes `load(name)` return this format in this program.  Raises `UsageError` for a name that is taken."""
    REGISTRY.register(name, format)


def load(
    name: str | os.PathLike[str],
    *,
    import_paths: Sequence[str | os.PathLike[str]] = (),
    opaque_types: bool = False,
    allow_imports: Sequence[str] = (),
    limits: Limits | None = None,
) -> Format:
    """The format of this name, or of the spec at this path (it ends in `.ksy`, or is `my_formats.py:Frame`), which the
    other options are for: they are those of `compile`.

    Raises `UsageError` for an unknown name, with the nearest known one; `SpecError` for a spec that does not compile.
    """
    text = os.fspath(name)
    if text.endswith(SPEC_ENDING) or _is_construct(text):
        return compile(
            text,
            import_paths=import_paths,
            opaque_types=opaque_types,
            allow_imports=allow_imports,
            limits=limits,
        )
    return as_format(text, REGISTRY.get(text), limits)


def _is_construct(text: str) -> bool:
    """Whether a name is that of a Construct object, `my_formats.py:Frame` (a bundled format's has no colon)."""
    if ":" not in text:
        return False
    from sigflow.compiler.construct import python

    return python.split(text) is not None


def compile(
    path: str | os.PathLike[str] | Schema | Hinted,
    *,
    import_paths: Sequence[str | os.PathLike[str]] = (),
    opaque_types: bool = False,
    allow_imports: Sequence[str] = (),
    write: bool = False,
    limits: Limits | None = None,
) -> Format:
    """The format of the spec at `path`, compiled in memory.

    path: of a `.ksy` file; `my_formats.py:Frame`, an object of a Python file, which is run; or a Construct object, with
    its hints where it has some (`sigflow.stream`).

    import_paths: folders in which the spec's imports are looked for, after its own.  opaque_types, allow_imports: types
    and custom processes that are Python code, and which modules of it the spec may import; both are off unless asked
    for.  write: objects can be made, changed and written, as those of Kaitai's read-write classes.
    Raises `SpecError`, whose `diagnostics` are all mistakes of the spec with their places; `OSError` for an
    unreadable file.
    """
    from sigflow.compiler import build

    if not isinstance(path, str | os.PathLike):
        return _compiled(path, limits, write=write)
    built = build(
        os.fspath(path),
        import_paths=[os.fspath(folder) for folder in import_paths],
        opaque_types=opaque_types,
        allow_imports=list(allow_imports),
        write=write,
    )
    return format_of(built, limits)


def _compiled(schema: Any, limits: Limits | None, name: str = "", *, write: bool = False) -> Format:
    """The format of a Construct object.  name: what it is called; that of the global that it is where none is given."""
    from sigflow.compiler import build
    from sigflow.compiler.construct import python

    tree = python.understood(schema, name)
    return format_of(build(tree.file, tree=tree, write=write), limits)


def format_of(built: Build, limits: Limits | None = None) -> Format:
    """The format that a compiled spec is; `SpecError` where it did not compile."""
    if not built.ok:
        errors = [problem for problem in built.problems if problem.severity == "error"]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise SpecError(f"{errors[0]}{more}", built.problems)
    try:
        module = built.load()
    except (SigflowError, OSError):
        raise
    except Exception as error:  # whatever the user's own module does when it is imported
        text = f"{type(error).__name__}: {error}" if not isinstance(error, ImportError) else str(error)
        raise SpecError(
            f"the parser cannot be loaded: {text} (modules of your own are looked for on Python's path, PYTHONPATH)"
        ) from error
    return as_format(built.id or built.main, module, limits)


def as_format(name: str, value: Any, limits: Limits | None) -> Format:
    """A Format from what a registry or a compiled module gives: a Format, an Envelope, a Construct object, or a module
    or class.
    """
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.format import Format

    if isinstance(value, Format):
        return value
    if isinstance(value, Envelope):
        return Format(value, limits=limits)
    envelope = getattr(value, "FORMAT", None)
    if isinstance(envelope, Envelope):
        return Format(envelope, limits=limits)
    if type(value).__name__ == "Hinted" or ("construct" in sys.modules and _is_object(value)):
        return _compiled(value, limits, name)
    root = value if isinstance(value, type) else getattr(value, class_name(name), None)
    if root is None:
        raise UsageError(
            f"format {name!r}: found {type(value).__name__}, "
            "wanted a Format, an Envelope, a Construct object or a parser class"
        )
    return Format(None, limits=limits, root=root, name=name, module=value)


def _is_object(value: Any) -> bool:
    from sigflow.compiler.construct import python

    return python.is_schema(value)


def class_name(spec_id: str) -> str:
    """The class that the compiler makes of a spec's id: `my_format` is `MyFormat`."""
    name = "".join(part.capitalize() for part in spec_id.split("_"))
    return f"{name}_" if keyword.iskeyword(name) else name


def describe(name: str | os.PathLike[str], **compiling: Any) -> dict[str, Any]:
    """What a format is, as a plain tree: the form that `sigflow formats NAME --format json` prints.  compiling: the
    options of `load`.
    """
    format = load(name, **compiling)
    envelope = format.envelope
    described: dict[str, Any] = {"name": format.name, "stream": envelope is not None, "title": "", "doc": ""}
    if envelope is None:
        ids, types = getattr(format.root, "_IDS", {}), getattr(format.root, "__annotations__", {})
        names = getattr(format.root, "_FIELDS", ())
        return described | {
            "doc": (format.root.__doc__ or "") if format.root is not None else "",
            "spec": "",
            "sync": [],
            "framing": None,
            "idle": [],
            "checksums": [],
            "chain": None,
            "min_frame": 1,
            "max_frame": format.max_frame,
            "sequence": None,
            "codecs": [],
            "payload": None,
            "fields": [{"id": ids.get(name, name), "type": types.get(name, ""), "doc": ""} for name in names],
        }
    from sigflow.checksums import name_of

    sequence = envelope.decode.sequence
    return described | {
        "title": envelope.about.title,
        "doc": envelope.about.doc,
        "spec": envelope.about.spec,
        "sync": [literal.hex(" ") for literal in envelope.search.sync],
        "framing": _framing(envelope),
        "idle": [literal.hex(" ") for literal in envelope.search.idle],
        "checksums": [
            {"field": item.field, "algorithm": name_of(item.algorithm), "over": item.over, "bytes": item.size}
            for item in envelope.search.checksums
        ],
        "chain": envelope.search.chain,
        "min_frame": envelope.search.min_frame,
        "max_frame": format.max_frame,
        "sequence": None if sequence is None else {"field": sequence.field, "modulus": sequence.modulus},
        "codecs": [{"field": item.field, "name": item.name} for item in envelope.decode.codecs],
        "payload": envelope.decode.payload,
        "fields": [{"id": item.id, "type": item.type, "doc": item.doc} for item in envelope.about.fields],
    }


def _framing(envelope: Envelope) -> dict[str, Any] | None:
    """How units stand on the wire, as a plain tree; None where they do as they are."""
    framing = envelope.search.framing
    if framing is None:
        return None
    return {
        "delimiter": framing.delimiter.hex(" "),
        "start": framing.start.hex(" "),
        "end": framing.end.hex(" "),
        "stuffing": framing.stuffing.kind if framing.stuffing is not None else "none",
    }
