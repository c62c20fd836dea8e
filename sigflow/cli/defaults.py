"""What options are where they are not given: `defaults:` of sigflow.yaml, as click's map of defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sigflow.cli.terminal import one_line
from sigflow.config import DEFAULT, configured, texts
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen

#: The parameters of commands by the keys of the section, and what they are called on the command line.
OPTIONS = {
    "spec": ("specs", "-s"),
    "import-path": ("import_paths", "-I"),
    "engine": ("engine", "--engine"),
    "workers": ("workers", "--workers"),
    "max-frame": ("max_frame", "--max-frame"),
    "chunk-size": ("chunk_size", "--chunk-size"),
}


def read(named: str | None) -> dict[str, Any]:
    """The values of parameters in the file that is named, or in the one in the current folder."""
    config = configured(named)
    said = config.defaults
    if said is None:
        return {}
    values: dict[str, Any] = {}
    for key, (parameter, _) in OPTIONS.items():
        value = getattr(said, key.replace("-", "_"))
        if value is None or value == []:
            continue
        if key not in ("spec", "import-path"):
            values[parameter] = value
            continue
        try:
            values[parameter] = [config.spec(text) if key == "spec" else config.beside(text) for text in texts(value)]
        except UsageError:
            raise config.wrong(("defaults", key), f"{value} would run a program: name it with -s") from None
    return values


def tell(screen: Screen) -> set[str]:
    """Say which options of the command that is called are those of the file; gives their parameters."""
    ctx = click.get_current_context()
    shown: list[str] = []
    told: set[str] = set()
    for parameter, option in OPTIONS.values():
        if parameter in ctx.params and ctx.get_parameter_source(parameter) is ParameterSource.DEFAULT_MAP:
            told.add(parameter)
            value = ctx.params[parameter]
            shown += [f"{option} {part}" for part in (value if isinstance(value, tuple) else (value,))]
    if shown:
        screen.note(one_line(f"{ctx.params.get('config') or DEFAULT}: {' '.join(shown)}"))
    return told
