"""What `schedule:` says, as jobs; every mistake with its place."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sigflow.errors import UsageError
from sigflow.frozen import frozen

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

    from sigflow.config.document import Document
    from sigflow.config.sections import Scheduled

#: How late a job is still begun, where nothing is said.
LATE = timedelta(minutes=1)
#: What an argument, or the value behind the `=` of one, begins with, or has in it, that runs a program which is not
#: sigflow's.
_RUNS = ("exec:", "python:", "--allow-", "--opaque-types")
_OBJECT = ".py:"


@frozen
class Job:
    """A command of sigflow, and when it is due.

    late: so much later it is still begun.  catch_up: one run that was missed is made up for at the beginning.
    timeout: seconds that it may take, None: any.  output: the file that gets what it prints, "" for none.
    """

    name: str
    said: str
    arguments: tuple[str, ...]
    trigger: BaseTrigger
    late: timedelta = LATE
    catch_up: bool = False
    timeout: float | None = None
    output: str = ""

    @property
    def runs(self) -> str | None:
        """The argument that runs what is not sigflow's; None where there is none."""
        return next((text for text in self.arguments if _runs(text)), None)


def _runs(text: str) -> bool:
    return text.startswith(_RUNS) or text.partition("=")[2].startswith(_RUNS) or _OBJECT in text


def jobs(
    schedule: Mapping[str, Scheduled], commands: Collection[str], document: Document | None
) -> tuple[list[Job], list[UsageError]]:
    """The jobs, and what is wrong with the others.  commands: those that there are.

    Raises `UsageError` where APScheduler is not installed.
    """
    try:
        import apscheduler  # noqa: F401
    except ImportError as error:
        raise UsageError("`schedule:` needs APScheduler: pip install 'sigflow[schedule]'") from error
    good, mistakes = [], []
    for name, scheduled in schedule.items():
        try:
            good.append(_job(name, scheduled, commands))
        except _Wrong as wrong:
            path, words = wrong.args
            text = UsageError(f"job {name!r}: {words}")
            mistakes.append(document.wrong(("schedule", name, *path), words, key=not path) if document else text)
    return good, mistakes


class _Wrong(Exception):
    """A mistake, by the keys that lead to it and in words."""


def _job(name: str, scheduled: Scheduled, commands: Collection[str]) -> Job:
    from sigflow.watch.schedule import times

    if (scheduled.cron is None) == (scheduled.every is None):
        raise _Wrong((), "a job has either `cron` or `every`")
    if scheduled.every is not None and scheduled.timezone is not None:
        raise _Wrong(("timezone",), "a time zone says nothing of `every`")
    try:
        zone = None if scheduled.timezone is None else ZoneInfo(scheduled.timezone)
    except (ValueError, OSError, KeyError):
        raise _Wrong(("timezone",), f"{scheduled.timezone!r} is no time zone, such as UTC or Europe/Berlin") from None
    key, value = ("cron", scheduled.cron) if scheduled.cron is not None else ("every", scheduled.every)
    make: Any = (lambda text: times.cron(text, zone)) if key == "cron" else times.interval
    try:
        trigger = make(value)
    except ValueError as error:
        raise _Wrong((key,), str(error)) from None
    arguments = _arguments(scheduled.run)
    if not arguments:
        raise _Wrong(("run",), "no command is named")
    if arguments[0] == "schedule":
        raise _Wrong(("run",), "a schedule runs no schedules")
    if arguments[0] not in commands:
        raise _Wrong(("run",), f"{arguments[0]!r} is no command of sigflow")
    return Job(
        name,
        shlex.join(arguments),
        tuple(arguments),
        trigger,
        LATE if scheduled.late is None else timedelta(microseconds=scheduled.late.ns // 1000),
        scheduled.missed == "once",
        None if scheduled.timeout is None else scheduled.timeout.seconds,
        scheduled.output or "",
    )


def _arguments(run: str | list[str]) -> list[str]:
    if not isinstance(run, str):
        return list(run)
    try:
        return shlex.split(run)
    except ValueError as error:
        raise _Wrong(("run",), f"no command: {error}") from None
