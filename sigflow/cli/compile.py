"""`sigflow compile`: one Python module per spec and for each spec that it imports."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from sigflow.cli import exits
from sigflow.cli.options import output_option, screened
from sigflow.cli.output import STANDARD_OUTPUT, written
from sigflow.cli.specs import allow_imports, built, import_paths, opaque_types, show, specs
from sigflow.cli.terminal import Screen, complain, one_line
from sigflow.errors import SigflowError, UsageError

#: (The compiler's own list; importing it here would load the compiler for `--help`.)
ABSENT = ("none", "missing")


@click.command("compile")
@specs
@output_option("Where the modules go; - is standard output, for one module.", required=True, folder="DIR")
@import_paths
@click.option("--package", metavar="NAME", help="The package that the modules will be part of.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a module is missing or not up to date.")
@click.option(
    "--absent",
    type=click.Choice(ABSENT),
    default="none",
    show_default=True,
    help="What a field is whose `if` is false: the attribute is None, or it is missing as in Kaitai's Python target.",
)
@click.option(
    "--write", "write", is_flag=True, help="Classes that are written, too, as Kaitai's read-write mode makes them."
)
@opaque_types
@allow_imports
@screened
def command(
    specs: tuple[str, ...],
    output: str,
    import_paths: tuple[str, ...],
    package: str | None,
    check: bool,
    absent: str,
    write: bool,
    opaque_types: bool,
    allow_imports: tuple[str, ...],
    screen: Screen,
) -> int:
    """Make a Python module of each SPEC, and of what it imports.

    A spec that does not compile does not keep the others from being compiled.
    """
    failed = False
    modules: dict[str, tuple[str, str]] = {}  # name -> (text, the spec it came with)
    for spec in specs:
        build = built(
            spec,
            import_paths,
            package=package,
            opaque_types=opaque_types,
            allow_imports=list(allow_imports),
            absent=absent,
            write=write,
        )
        if build is None:
            failed = True
            continue
        show(build.problems, screen)
        if not build.ok:
            failed = True
            continue
        for name, text in build.modules.items():
            if modules.setdefault(name, (text, spec))[0] != text:
                complain(f"{name}.py would be made of both {modules[name][1]} and {spec}, and they differ")
                failed = True
    if check:
        failed = _check(output, modules, screen) or failed
    elif output == STANDARD_OUTPUT:
        if len(modules) > 1:
            raise UsageError(f"standard output takes one module, these are {', '.join(sorted(modules))}; name a folder")
        for text, _ in modules.values():
            screen.write(text)
    elif modules:
        os.makedirs(output, exist_ok=True)
        for name, (text, _) in sorted(modules.items()):
            path = os.path.join(output, f"{name}.py")
            try:
                done = _write(path, text, specs)
            except (SigflowError, OSError) as error:
                complain(exits.words(error))
                failed = True
            else:
                screen.line(f"{one_line(path)}: {done}")
    return exits.FAILED if failed else exits.OK


def _check(folder: str, modules: dict[str, tuple[str, str]], screen: Screen) -> bool:
    """Whether a module is missing or differs from what its spec gives now; each is named."""
    stale = False
    for name, (text, spec) in sorted(modules.items()):
        path = os.path.join(folder, f"{name}.py")
        have = _contents(path)
        if have != text:
            stale = True
            what = "is missing" if have is None else f"is not what {spec} compiles to now"
            screen.line(f"{one_line(path)}: {one_line(what)}")
    return stale


def _contents(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""  # not what a compiler wrote


def _write(path: str, text: str, specs: Sequence[str]) -> str:
    """Write a module, so that it is there whole or not at all; one that is up to date is left alone."""
    if _contents(path) == text:
        return "up to date"
    with written(path, (), specs) as file:
        file.write(text)
    return "written"
