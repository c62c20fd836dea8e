"""What a shell completes beside commands and options: files, format names, and fields of the formats that are named.

Completing must not disturb: a spec with errors, or a capture that cannot be read, completes to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sigflow.errors import SigflowError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _item(value: str, kind: str = "plain") -> CompletionItem:
    from click.shell_completion import CompletionItem  # which no command needs but while a shell completes

    return CompletionItem(value, type=kind)


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, as the shell knows them."""
    return [_item(incomplete, "file")]


def folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders."""
    return [_item(incomplete, "dir")]


def format_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Formats by name, and files, since a spec is one, too."""
    from sigflow import catalog

    try:
        names = [name for name in catalog.names() if name.startswith(incomplete)]
    except SigflowError:
        names = []
    return [*map(_item, names), *files(ctx, param, incomplete)]


def validator_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Validators by name, and files, of which one may be an object."""
    from sigflow.recording.validators import REGISTRY

    names = [name for name in REGISTRY.names() if name.startswith(incomplete)]
    return [*map(_item, names), *files(ctx, param, incomplete)]


def field_paths(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The fields of the formats that are named so far, or that the first capture holds: the last of a list of paths."""
    done, comma, last = incomplete.rpartition(",")
    try:
        paths = dict.fromkeys(path for format in _formats(ctx) for path in _paths(format, last))
    except (SigflowError, OSError):
        return []
    return [_item(f"{done}{comma}{path}") for path in paths if path.startswith(last)]


def _formats(ctx: click.Context) -> list[Any]:
    from sigflow import catalog, storage
    from sigflow.recording.detect import detect

    if ctx.params.get("specs"):
        from sigflow.compiler.construct.python import file_of

        # (a schema's file is run when the command is, and not while it is typed)
        return [catalog.load(spec) for spec in ctx.params["specs"] if file_of(spec) is None]
    # Where an option still lacks its value, the arguments before it were not looked at.
    captures: Sequence[str] = ctx.params.get("captures") or [item for item in ctx.args if not item.startswith("-")]
    if not captures or captures[0] == storage.STANDARD_INPUT:
        return []
    with storage.open(captures[0]) as opened:
        return [item.format for item in detect(opened, None)]


def _paths(format: Any, incomplete: str) -> list[str]:
    from sigflow.columns.reach import Paths

    before = incomplete.rpartition(".")[0]
    return Paths(format).below(before)
