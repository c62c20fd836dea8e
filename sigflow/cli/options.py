"""Options that commands share, and what they become: settings with a screen."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sigflow.cli.completion import files, folders, format_names
from sigflow.cli.specs import allow_imports, import_paths, opaque_types
from sigflow.cli.terminal import Screen
from sigflow.engine import AUTO, NAMES
from sigflow.frozen import frozen

if TYPE_CHECKING:
    from sigflow.cli.worker import Worker
    from sigflow.limits import Limits

Command = TypeVar("Command", bound=Callable[..., Any])

#: Larger chunks gain nothing and cost memory.
LARGEST_CHUNK = 1 << 30
LARGEST_FRAME = 1 << 40
MOST_WORKERS = 256


@frozen
class Compiling:
    """How the specs of a command are compiled: the options of `catalog.compile`."""

    import_paths: tuple[str, ...] = ()
    opaque_types: bool = False
    allow_imports: tuple[str, ...] = ()

    def options(self) -> dict[str, Any]:
        """The same by name."""
        return {
            "import_paths": self.import_paths,
            "opaque_types": self.opaque_types,
            "allow_imports": self.allow_imports,
        }


@frozen
class Preambles:
    """What is known of the preambles of captures.  file: a capture that begins with one; asked, concatenated: see
    `Format.with_preamble`.
    """

    file: str | None = None
    asked: bool = True
    concatenated: bool = False

    @property
    def named(self) -> str:
        """The option that speaks of them; "" where there is none."""
        if self.file is not None:
            return "--preamble"
        return "--concatenated" if self.concatenated else "" if self.asked else "--no-preamble"


class Presumed(tuple[str, ...]):
    """Formats that sigflow.yaml names where the command line names none: a session that knows its own has those."""

    __slots__ = ()


@frozen
class Settings:
    """What the shared options of a scanning command say."""

    screen: Screen
    specs: tuple[str, ...] = ()
    engine: str = AUTO
    mmap: bool = False
    chunk_size: int | None = None
    max_frame: int | None = None
    workers: int = 1
    config: str | None = None
    compiling: Compiling = Compiling()
    preambles: Preambles = Preambles()
    index: str = "auto"
    #: Files that the command reads beside these.
    others: tuple[str, ...] = ()

    @property
    def read(self) -> list[str]:
        """The files that are read beside the captures: nothing is written over them."""
        from sigflow.config import DEFAULT

        files = [spec.rpartition(":")[0] if ".py:" in spec else spec for spec in self.specs]
        specs = [file for file in files if file.endswith((".ksy", ".py"))]  # (a name is no file)
        preamble = [self.preambles.file] if self.preambles.file is not None else []
        return [*specs, *preamble, *self.others, self.config or DEFAULT]

    @property
    def limits(self) -> Limits | None:
        """The limits that replace those of the specs."""
        from sigflow.limits import Limits

        return None if self.max_frame is None else Limits(frame=self.max_frame)


@frozen
class Jobs:
    """How several captures are read.  number: processes.  resume: a file that keeps the results.  worker: where this is
    a process that reads captures for another.
    """

    number: int = 1
    resume: str | None = None
    worker: Worker | None = None

    @property
    def pooled(self) -> bool:
        """Whether other processes read the captures."""
        return self.worker is None and (self.number > 1 or self.resume is not None)


SCREEN_OPTIONS = (
    click.option("--quiet", "-q", is_flag=True, help="No notes and no progress; errors only."),
    click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Colours."
    ),
)

max_frame_option = click.option(
    "--max-frame",
    type=click.IntRange(1, LARGEST_FRAME),
    metavar="BYTES",
    help="The largest frame, instead of the spec's limit.",
)

engine_option = click.option(
    "--engine",
    type=click.Choice(NAMES),
    default=AUTO,
    show_default=True,
    help="What scans; all give the same. auto: native from 2 MiB on, where the formats allow it.",
)

explain_all_option = click.option(
    "--explain-all",
    is_flag=True,
    help="Search the likely cause of every failed checksum, not of the first 20 and for less than a second.",
)


def specs_option(help: str, *, required: bool = False) -> Callable[[Command], Command]:
    """-s, which may be repeated; the command gets `specs`."""
    return click.option(
        "--spec",
        "-s",
        "specs",
        multiple=True,
        required=required,
        metavar="FORMAT",
        shell_complete=format_names,
        help=help,
    )


def _defaults(ctx: click.Context, parameter: click.Parameter, named: str | None) -> str | None:
    from sigflow.config import DEFAULT

    if not ctx.resilient_parsing and (named is not None or os.path.exists(DEFAULT)):
        from sigflow.cli.defaults import read

        ctx.default_map = {**(ctx.default_map or {}), **read(named)}
    return named


def config_option(more: str = "") -> Callable[[Command], Command]:
    """--config, whose `defaults` other options have where they are not given.  more: what is said of it."""
    help = f"Instead of sigflow.yaml in the current folder{more}."
    return click.option("--config", metavar="FILE", shell_complete=files, is_eager=True, callback=_defaults, help=help)


SCAN_OPTIONS = (
    specs_option(
        "A format's name, a .ksy file, or FILE.py:OBJECT, a Construct schema, whose file is run; repeat it for "
        "formats interleaved in one stream. Without it, the bundled formats that find frames in the first MiB.",
    ),
    engine_option,
    click.option(
        "--workers",
        type=click.IntRange(1, MOST_WORKERS),
        default=1,
        show_default=True,
        metavar="N",
        help="Threads of the native engine.",
    ),
    click.option("--mmap", is_flag=True, help="Map the file; one that shrinks meanwhile can kill the process."),
    click.option("--chunk-size", type=click.IntRange(1, LARGEST_CHUNK), metavar="BYTES", help="Bytes read at once."),
    max_frame_option,
    click.option(
        "--preamble",
        "preamble_file",
        metavar="FILE",
        shell_complete=files,
        help="A capture whose preamble holds where the one that is read has none.",
    ),
    click.option("--no-preamble", is_flag=True, help="The capture begins in the middle, without its preamble."),
    click.option("--concatenated", is_flag=True, help="A later preamble begins the next of several files."),
    config_option(),
    click.option(
        "--index",
        default="auto",
        show_default=True,
        metavar="WAY",
        help="auto: use the index beside the capture where it helps, and make it anew where it is stale; never; "
        "require; or the path of one, which is required.",
    ),
)


if TYPE_CHECKING:

    class _Integers(click.ParamType[int]):
        """Integers on the command line."""

    class _Numbers(click.ParamType[float]):
        """Numbers on the command line."""

else:  # (the class of click 8.1 cannot be subscripted)
    _Integers = _Numbers = click.ParamType


class _Offset(_Integers):
    """An offset, decimal or hexadecimal."""

    name = "offset"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if isinstance(value, int):
            return value
        text = str(value).strip().lower()
        digits = text.removeprefix("0x")
        try:
            # No sign and no underscores: what is shown is what can be given.
            return int(digits, 16 if digits != text else 10) if digits.isalnum() and digits.isascii() else int("-")
        except ValueError:
            self.fail(f"{value!r} is no offset, such as 300 or 0x12c", param, ctx)


offset_type = _Offset()


class Range(_Numbers):
    """A number in a range, which an error names."""

    name = "number"

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.high = high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is no number", param, ctx)
        if not self.low <= number <= self.high:  # so that nan is none, either
            self.fail(f"{value} is not in the range from {self.low:g} to {self.high:g}", param, ctx)
        return number


class _Seconds(_Numbers):
    """A time span: `2`, `2s`, `50ms`."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float | int):
            return float(value)
        from sigflow.transport.schemes import span

        try:
            number = span(str(value))
        except ValueError:
            number = -1
        if not 0 < number <= 1e9:
            self.fail(f"{value!r} is no time span, such as 2s or 50ms", param, ctx)
        return number


seconds_type = _Seconds()

hex_option = click.option("--hex", "in_hex", is_flag=True, help="Offsets in hexadecimal, in text for people.")
COMPILE_OPTIONS = (import_paths, opaque_types, allow_imports)

captures = click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...", shell_complete=files)
capture = click.argument("capture", metavar="CAPTURE", shell_complete=files)

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    metavar="N",
    help="Processes, each of which reads one of the captures at a time.",
)
resume_option = click.option(
    "--resume",
    metavar="FILE",
    shell_complete=files,
    help="Keep the results in FILE, and read only captures of which it has none, or that were changed since.",
)


def _with(options: tuple[Callable[[Any], Any], ...], function: Any) -> Any:
    for option in reversed(options):
        function = option(function)
    return function


def output_option(help: str, *, required: bool = False, folder: str = "") -> Callable[[Command], Command]:
    """-o, the command gets `output`.  folder: what it is called in the help, where it is one."""
    return click.option(
        "-o",
        "--output",
        required=required,
        metavar=folder or "OUT",
        shell_complete=folders if folder else files,
        help=help,
    )


def output_format(*choices: str) -> Callable[[Command], Command]:
    """--format with these choices, the first by default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        help="Form of the result.",
    )


def many(*, resumed: bool = False) -> Callable[[Command], Command]:
    """How several captures are read; the command gets `jobs`.

    resumed: whether results are all that there is of its work, so that they can be kept.
    """

    def wrap(function: Command) -> Command:
        @wraps(function)
        def call(*args: Any, jobs: int, resume: str | None = None, **others: Any) -> Any:
            worker: Worker | None = click.get_current_context().obj
            return function(*args, jobs=Jobs(jobs, resume, worker), **others)

        wrapped: Command = _with((jobs_option, *((resume_option,) if resumed else ())), call)
        return wrapped

    return wrap


def screened(function: Command) -> Command:
    """The options about the terminal; the command gets `screen`."""

    @wraps(function)
    def call(*args: Any, quiet: bool, color: str, **others: Any) -> Any:
        return function(*args, screen=Screen(color, quiet), **others)

    wrapped: Command = _with(SCREEN_OPTIONS, call)
    return wrapped


def compiling(function: Command) -> Command:
    """The options of a command that compiles specs; the command gets `compiling`."""

    @wraps(function)
    def call(
        *args: Any, import_paths: tuple[str, ...], opaque_types: bool, allow_imports: tuple[str, ...], **others: Any
    ) -> Any:
        return function(*args, compiling=Compiling(import_paths, opaque_types, allow_imports), **others)

    wrapped: Command = _with(COMPILE_OPTIONS, call)
    return wrapped


def scanning(function: Command) -> Command:
    """The options of a command that scans captures; the command gets `settings`."""

    @wraps(function)
    def call(
        *args: Any,
        specs: tuple[str, ...],
        engine: str,
        mmap: bool,
        chunk_size: int | None,
        max_frame: int | None,
        workers: int,
        config: str | None,
        preamble_file: str | None,
        no_preamble: bool,
        concatenated: bool,
        index: str,
        screen: Screen,
        compiling: Compiling,
        **others: Any,
    ) -> Any:
        context = click.get_current_context()
        if context.default_map:
            from sigflow.cli.defaults import tell

            if "specs" in tell(screen):
                specs = context.params["specs"] = Presumed(specs)
        preambles = Preambles(preamble_file, not no_preamble, concatenated)
        settings = Settings(
            screen, specs, engine, mmap, chunk_size, max_frame, workers, config, compiling, preambles, index
        )
        return function(*args, settings=settings, **others)

    wrapped: Command = _with(SCAN_OPTIONS, compiling(screened(call)))
    return wrapped
