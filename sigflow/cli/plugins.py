"""`sigflow plugins`: what packages and sigflow itself bring, of every kind."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Any

import click

from sigflow import __version__
from sigflow.cli import exits
from sigflow.cli.options import output_format, screened
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.plugins import BROKEN, KINDS, OK, Plugin, plugins
from sigflow.registry import BUILT_IN

COLORS = {OK: "green", BROKEN: "red"}


@click.command("plugins")
@click.option(
    "--kind", "kinds", type=click.Choice(list(KINDS)), multiple=True, help="Only of this kind; repeat it for several."
)
@click.option("--installed", is_flag=True, help="Leave out what is built in.")
@click.option(
    "--check",
    is_flag=True,
    help="Hold each that is not built in against the contract of its kind (sigflow.testing), as far as that needs no "
    "place to read from or write to.",
)
@output_format("text", "json")
@screened
def command(kinds: tuple[str, ...], installed: bool, check: bool, form: str, screen: Screen) -> int:
    """List the plug-ins of each kind: name, package, version, where from, and whether it is ok, shadowed or broken.

    To tell what is broken, each that a package brings is imported, which runs its code. The exit code is 1 where one is
    broken.
    """
    listed = [plugin for plugin in plugins(kinds, __version__) if not installed or plugin.origin != BUILT_IN]
    checked: dict[Plugin, bool] = {}
    if check:
        listed = [_checked(plugin, checked) for plugin in listed]
    if form == "json":
        screen.line(dumps({"schema_version": 1, "plugins": [_tree(plugin, checked) for plugin in listed]}, indent=2))
    else:
        rows = [[plugin.kind, plugin.name, _package(plugin), plugin.origin] for plugin in listed]
        widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
        for plugin, row in zip(listed, rows, strict=True):
            cells = "  ".join(f"{one_line(cell):<{width}}" for cell, width in zip(row, widths, strict=True))
            state = screen.styled(plugin.state, COLORS.get(plugin.state, "yellow"))
            why = f" {plugin.why}" if plugin.state != BROKEN else f": {plugin.why}"
            told = f" ({'checked' if checked[plugin] else 'not checked'})" if plugin in checked else ""
            screen.prose(f"{cells}  {state}{one_line(why) if plugin.why else ''}{told}")
        if not listed:
            screen.note("no plug-in of such a kind is installed")
    broken = sum(plugin.state == BROKEN for plugin in listed)
    if broken:
        screen.diagnostic("warning", f"{counted(broken, 'plug-in')} cannot be used")
    return exits.FAILED if broken else exits.OK


def _package(plugin: Plugin) -> str:
    return f"{plugin.package} {plugin.version}".strip() or "-"


def _checked(plugin: Plugin, checked: dict[Plugin, bool]) -> Plugin:
    """The plug-in as the check of its kind leaves it."""
    if plugin.state != OK or plugin.origin == BUILT_IN:
        return plugin
    from sigflow.testing import PluginError, check_installed

    try:
        with redirect_stdout(sys.stderr):
            done = check_installed(plugin.kind, plugin.name)
    except PluginError as error:
        plugin, done = plugin._replace(state=BROKEN, why=str(error)), True
    except Exception as error:  # whatever code that we did not write does to a check
        why = f"its check cannot be done: {type(error).__name__}: {error}"
        plugin, done = plugin._replace(state=BROKEN, why=why), False
    checked[plugin] = done
    return plugin


def _tree(plugin: Plugin, checked: dict[Plugin, bool]) -> dict[str, Any]:
    tree = {name: value or None for name, value in plugin._asdict().items()}
    return tree | ({"checked": checked[plugin]} if plugin in checked else {})
