"""The command line: one file per command, loaded when it is called.

Exit codes are decided here and nowhere else: a command gives one of `exits`, or raises, and the exception's class
says who is to blame.  Results go to stdout, all else to stderr; never a traceback.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from sigflow.cli import exits
from sigflow.cli.help import Context, fitted
from sigflow.cli.terminal import (
    OutputFailed,
    complain,
    complain_of_spec,
    complain_of_usage,
    flush_results,
    prepare_streams,
)
from sigflow.errors import SigflowError, SpecError, UsageError

#: Each command's line in the help; its module in this package has the same name, the command is its `command`.
COMMANDS = {
    "parse": "Print the frames of captures with their decoded fields.",
    "validate": "Say whether captures are sound: every frame, gap and loss.",
    "inspect": "Show frames as they lie in a capture: offsets, checksums, fields.",
    "index": "Keep where the frames of captures are.",
    "replay": "Send the frames of a capture at their pace.",
    "ingest": "Receive streams into a session, and pass their frames on.",
    "tap": "Print the frames that come in to a session.",
    "top": "Say how a running ingestion does, each second.",
    "session": "Look at what sessions hold, and mend what is torn.",
    "recover": "Write the good frames of captures anew, and keep the rest.",
    "quarantine": "Look at what could not be decoded, and try it again.",
    "build": "Write a capture of frames that are given as values.",
    "edit": "Write a capture with other values in fields of its frames.",
    "filter": "Write only some frames of a capture.",
    "merge": "Write the frames of several captures to one, in order.",
    "split": "Write one capture to several.",
    "sort": "Write the frames of a capture in order.",
    "convert": "Write the frames of a capture as frames of another format.",
    "dedupe": "Write a capture without the frames that came twice.",
    "generate": "Write a valid capture of chosen and random values.",
    "corrupt": "Write a damaged copy of a capture, and a log of the damage.",
    "benchmark": "Measure how fast each engine scans a capture.",
    "sql": "Ask captures in SQL, as tables.",
    "run": "Raise the alarms of sigflow.yaml over captures.",
    "alarms": "List the alarms of a session, acknowledge or shelve them.",
    "handlers": "List handlers; try again what they failed on.",
    "audit": "Say what went wrong in a session, and whether that was changed.",
    "watch-folder": "Validate, convert and move captures as they arrive.",
    "schedule": "Run the jobs of sigflow.yaml at their times.",
    "config": "Look at sigflow.yaml before it is used.",
    "cache": "Look at the machine code that is kept on the disk.",
    "archive": "Put a smaller form in the place of old captures.",
    "stats": "Count frames, bytes, sizes, rates and losses.",
    "report": "Write a page about captures, to keep or to send.",
    "coverage": "Say what of a spec the frames of captures reach.",
    "compile": "Make Python modules of specs.",
    "lint": "List the mistakes in specs.",
    "convert-spec": "Write the spec of a Construct schema, or the other way.",
    "watch": "Compile a spec on each save and read a capture with it.",
    "new": "Write a spec to start from.",
    "formats": "List the known formats, or show one.",
    "plugins": "List the plug-ins of each kind, and what is wrong with them.",
}


class ClosedPipe(Exception):
    """Who read our output has gone: nothing is left to do, and nothing is wrong."""


class Commands(click.Group):
    """A group whose commands are imported when they are called; the help is made of `COMMANDS`."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"sigflow.cli.{cmd_name.replace('-', '_')}").command
        if not gc.isenabled():  # since `sigflow.__main__.run`
            gc.freeze()
            gc.enable()
        return fitted(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; an unknown one is told with the nearest known."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(COMMANDS)}"
            raise click.UsageError(f"unknown command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """The context; `--help` and `--version` are written here."""
        try:
            return super().make_context(*arguments, **more)
        except BrokenPipeError as error:
            raise ClosedPipe from error
        except OSError as error:
            raise OutputFailed(f"the output could not be written: {error.strerror}") from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click itself would make exit code 1 of a closed pipe."""
        try:
            code = super().invoke(ctx)
            flush_results()
        except BrokenPipeError as error:
            raise ClosedPipe from error
        return code


def _version(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from sigflow import __version__

        click.echo(f"sigflow {__version__}")
        ctx.exit()


def _completion(ctx: click.Context, parameter: click.Parameter, shell: str | None) -> None:
    if shell and not ctx.resilient_parsing:
        from click.shell_completion import get_completion_class

        made = get_completion_class(shell)
        assert made is not None  # click.Choice has let nothing else through
        click.echo(made(ctx.command, {}, "sigflow", "_SIGFLOW_COMPLETE").source())
        ctx.exit()


@click.group(cls=Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
@click.option(
    "--completion",
    type=click.Choice(["bash", "zsh", "fish"]),
    expose_value=False,
    is_eager=True,
    callback=_completion,
    help="Print a script that completes commands and options in this shell.",
)
def sigflow() -> None:
    """Find, check and decode the frames in binary captures, and account for every byte.

    A wire format is a Kaitai Struct spec (.ksy) or one of the bundled ones; `sigflow formats` lists them.

    Exit codes: 0 all well, 1 it could not be done, 2 wrong usage, 3 the data is damaged or something is lost.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    prepare_streams()
    with told_to_end():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    try:
        code = sigflow.main(None if arguments is None else list(arguments), prog_name="sigflow", standalone_mode=False)
    except ClosedPipe:
        _leave_stdout()
        return exits.OK
    except click.Abort:
        return exits.INTERRUPTED
    except click.ClickException as error:
        complain(_words(error))
        return exits.USAGE
    except UsageError as error:
        complain_of_usage(error)
        return exits.USAGE
    except SpecError as error:
        complain_of_spec(error)
        return exits.FAILED
    except (SigflowError, OSError, OutputFailed) as error:
        complain(exits.words(error))
        _leave_stdout()
        return exits.FAILED
    finally:
        _flush()
    return code if isinstance(code, int) else exits.OK


@contextmanager
def told_to_end() -> Iterator[None]:
    """Meanwhile, who ends this process by SIGTERM or SIGHUP leaves no draft of a file behind."""
    import signal
    import threading

    def end(number: int, frame: object) -> None:
        # At once, and not by an exception: that could arise where nothing passes it on.
        from sigflow.storage.disk import remove_drafts

        remove_drafts()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # What the caller ignores (`nohup`) or handles stays so.
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _words(error: click.ClickException) -> str:
    """One line, and where help is to be had."""
    text = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return text if context is None else f"{text} (try '{context.command_path} --help')"


def _leave_stdout() -> None:
    """Point stdout nowhere, so that the interpreter's last flush finds nobody to complain to."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _flush() -> None:
    try:
        sys.stderr.flush()
    except OSError:
        pass  # nobody reads the complaints, and there is nowhere else to say so
