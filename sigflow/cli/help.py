"""Help texts that fit the terminal, however narrow: they break between words, and choices between one and the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

#: Columns below which an option and its text do not stand beside each other, and the fewest that are counted on.
NARROW = 60
FEWEST = 20
#: Columns of help on a terminal that has more.
WIDEST = 80


class Formatter(click.HelpFormatter):
    """click's, which counts on 50 columns at least and breaks words where there are fewer."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        if width is None:
            import shutil

            width = max(min(shutil.get_terminal_size().columns, max_width or WIDEST) - 2, FEWEST)
        super().__init__(indent_increment, width, max_width)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line of usage."""
        if self.width >= NARROW:
            super().write_usage(prog, args, prefix)
            return
        self.write("".join(f"{line}\n" for line in _wrapped(f"Usage: {prog} {args}", self.width, "", "    ")))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options, or commands, and what is said of each: below it, where the terminal is narrow."""
        if self.width >= NARROW:
            super().write_dl(rows, col_max, col_spacing)
            return
        indent = " " * self.current_indent
        for first, second in rows:
            # Choices have no spaces between them.
            term = first.replace("|", "| ") if len(first) > self.width - self.current_indent else first
            lines = _wrapped(term, self.width, indent, f"{indent}    ")
            self.write("".join(f"{line.replace('| ', '|')}\n" for line in lines))
            more = " " * (self.current_indent + 4)
            self.write("".join(f"{line}\n" for line in _wrapped(" ".join(second.split()), self.width, more, more)))


def _wrapped(text: str, width: int, first: str, more: str) -> list[str]:
    import textwrap

    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=more,
        break_long_words=False,
        break_on_hyphens=False,
    )


class Context(click.Context):
    """The context of every command: its help is formatted here."""

    formatter_class = Formatter


def fitted(command: click.Command) -> click.Command:
    """The command, and those in it, with help that fits."""
    command.context_class = Context
    for command_ in getattr(command, "commands", {}).values():
        fitted(command_)
    return command


class Group(click.Group):
    """Commands with a name in common; without one of them that is a mistake like any other."""

    context_class = Context

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"no_args_is_help": False, **options})
