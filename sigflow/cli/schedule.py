"""`sigflow schedule run|list`: the jobs of sigflow.yaml, at their times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import click

from sigflow.cli import COMMANDS, exits
from sigflow.cli.completion import files
from sigflow.cli.help import Group
from sigflow.cli.options import config_option, output_format, screened, seconds_type
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.config import DEFAULT, Config, configured
from sigflow.errors import UsageError
from sigflow.storage.disk import FileDraft

if TYPE_CHECKING:
    from sigflow.watch.schedule.jobs import Job
    from sigflow.watch.schedule.planner import Outcome

#: What the journal is called, behind the name of the configuration without its ending.
JOURNAL = ".schedule.ndjson"
#: Seconds that a command has to end by itself, once it is told to.
ENDING = 10.0
#: Letters of a line that a command prints; the next times of a job that `list` shows.
LONGEST, NEXT = 4096, 3

journal_option = click.option(
    "--journal",
    metavar="FILE",
    shell_complete=files,
    help=f"Where what happens is kept, instead of sigflow{JOURNAL} beside the configuration.",
)


@click.group("schedule", cls=Group)
def command() -> None:
    """Run the jobs of sigflow.yaml at their times, or list them."""


def _jobs(named: str | None) -> tuple[Config, list[Job]]:
    """The configuration and its jobs."""
    config = configured(named)
    if not config.schedule:
        if config.document is None:
            raise UsageError(f"there is no {DEFAULT} here: name one with --config")
        raise UsageError(f"{config.file}: there is no schedule in it")
    from sigflow.watch.schedule.jobs import jobs

    good, mistakes = jobs(config.schedule, COMMANDS, config.document)
    if mistakes:
        raise mistakes[0]
    return config, good


def _journal(config: Config, named: str | None) -> str:
    return named if named is not None else os.path.splitext(config.file)[0] + JOURNAL


@command.command("list")
@config_option()
@journal_option
@output_format("text", "json")
@screened
def list_(config: str | None, journal: str | None, form: str, screen: Screen) -> int:
    """Say when each job is due next, and what came of its last run."""
    from sigflow.watch.schedule.journal import lines_of, text_of
    from sigflow.watch.schedule.times import after

    said, jobs = _jobs(config)
    last: dict[str, Mapping[str, Any]] = {}
    for line in lines_of(_journal(said, journal)):
        if isinstance(line.get("job"), str):
            last[line["job"]] = line
    entries: list[dict[str, Any]] = []
    for job in jobs:
        due: list[str] = []
        moment: datetime | None = datetime.now(UTC)
        while len(due) < NEXT and moment is not None:
            moment = after(job.trigger, moment)
            due += [] if moment is None else [text_of(moment)]
        entries.append({"job": job.name, "run": job.said, "next": due, "last": last.get(job.name)})
    if form == "json":
        screen.line(dumps({"schema_version": 1, "config": said.file, "jobs": entries}, indent=2))
        return exits.OK
    for entry in entries:
        screen.line(one_line(f"{entry['job']}: {entry['run']}"))
        screen.line(f"  next: {', '.join(entry['next']) or 'never'}")
        if entry["last"] is not None:
            screen.line(one_line(f"  last: {_words(entry['last'])}"))
    return exits.OK


@command.command("run")
@config_option()
@journal_option
@click.option("--events", type=click.Choice(["text", "ndjson"]), default="text", show_default=True,
              help="Form of the lines, one for each thing that happens.")  # fmt: skip
@click.option(
    "--allow-actions",
    is_flag=True,
    help="Let jobs run programs that are not sigflow's (exec:, python:, FILE.py:OBJECT).",
)
@click.option("--for", "seconds", type=seconds_type, metavar="SECONDS", help="End after so long, instead of at Ctrl-C.")
@screened
def run(
    config: str | None, journal: str | None, events: str, allow_actions: bool, seconds: float | None, screen: Screen
) -> int:
    """Run each job when it is due, until Ctrl-C; what is missed, overlaps or fails is told, and kept in the journal.

    A job is a command of sigflow. Paths in it are relative to the configuration. The exit code is 1 where a job failed.
    """
    from sigflow.watch.schedule.journal import Journal
    from sigflow.watch.schedule.planner import Planner

    said, jobs = _jobs(config)
    for job in jobs:
        if job.runs is not None and not allow_actions:
            raise UsageError(f"{said.file}: job {job.name!r} would run {job.runs}: allow it (--allow-actions)")
    failed = threading.Event()
    telling = threading.Lock()

    def told(line: Mapping[str, Any]) -> None:
        if line["what"] == "failed":
            failed.set()
        with telling:
            screen.line(dumps(line) if events == "ndjson" else one_line(_words(line)))
            sys.stdout.flush()

    def say(job: Job, line: str) -> None:
        with telling:
            screen.note(one_line(f"{job.name}: {line}"))

    running = _Running(os.path.dirname(os.path.abspath(said.file)), say)
    planner = Planner(jobs, Journal(_journal(said, journal)), running.run, told)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: planner.stop())
    screen.note(f"{said.file}: {counted(len(jobs), 'job')}")
    try:
        planner.start()
        planner.wait(seconds)
    finally:
        running.end()
        planner.close()
    return exits.FAILED if failed.is_set() else exits.OK


def _words(line: Mapping[str, Any]) -> str:
    """A line of the journal for people."""
    get = line.get
    what = {
        "planned": f"planned, due at {get('next')}" if get("next") else "planned, but it is never due",
        "started": f"started: {get('run')}",
        "ended": f"ended with exit code {get('code')} after {get('seconds')} s",
        "stopped": f"stopped after {get('seconds')} s, since the schedule ends",
        "failed": f"failed with exit code {get('code')} after {get('seconds')} s"
        if get("code") is not None
        else f"failed after {get('seconds')} s",
        "interrupted": f"interrupted: nobody saw the end of the run of {get('begun')}",
        "overlapped": f"overlapped: left out at {get('due')}, since the last run goes on",
        "clock": f"the clock was set by {get('by_seconds')} s, or the machine slept",
        "missed": f"missed ({get('why')}): {_missed(line)}",
    }.get(str(get("what")), str(get("what")))
    said = f": {get('words')}" if get("words") else ""
    return f"{get('time')} {get('job') or 'schedule'}: {what}{said}"


def _missed(line: Mapping[str, Any]) -> str:
    if "due" in line:
        return f"due at {line['due']}, {line.get('late_seconds')} s ago"
    most = "at least " if line.get("more") else ""
    times = f"{line.get('first')} to {line.get('last')}" if line.get("count") != 1 else str(line.get("first"))
    return f"{most}{counted(int(line.get('count') or 0), 'run')}, {times}"


class _Running:
    """Commands as processes.  State: those that run, and whether no more may."""

    def __init__(self, folder: str, say: Any) -> None:
        self._folder = folder
        self._say = say
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def run(self, job: Job) -> Outcome:
        """Run a job to its end."""
        if job.output:
            with FileDraft(os.path.join(self._folder, job.output)) as draft:
                ended = self._run(job, draft.descriptor)
                if ended.succeeded:
                    draft.sync()
                    draft.place()
                    draft.sync_name()
            return ended
        return self._run(job, None)

    def _run(self, job: Job, output: int | None) -> Outcome:
        from sigflow.watch.schedule.planner import Outcome

        with self._lock:
            if self._stopping.is_set():
                return Outcome(None, stopped=True)
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "sigflow", *job.arguments],  # (no module lies in the folder)
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if output is None else output,
                stderr=subprocess.STDOUT if output is None else subprocess.PIPE,
                start_new_session=True,  # (so that what it runs is ended with it)
            )
            self._processes.add(process)
        ended = threading.Event()  # (by us, since it took too long)
        timer = None if job.timeout is None else threading.Timer(job.timeout, _out_of_time, (process, ended))
        try:
            if timer is not None:
                timer.start()
            pipe = process.stdout if output is None else process.stderr
            assert pipe is not None
            words = self._said(job, pipe)
            code = process.wait()
        finally:
            if timer is not None:
                timer.cancel()
            with self._lock:
                self._processes.discard(process)
        if ended.is_set():
            words = f"ended after {job.timeout:g} s, which is all that it may take"
        elif code < 0 and not self._stopping.is_set():
            words = f"ended by signal {-code} ({signal.strsignal(-code) or 'unknown'})"
        return Outcome(code, words, stopped=self._stopping.is_set() and code < 0, too_long=ended.is_set())

    def _said(self, job: Job, pipe: IO[bytes]) -> str:
        """Pass on what it says, and give the last line."""
        last = ""
        with pipe:
            while line := pipe.readline(LONGEST):
                text = line.decode("utf-8", "replace").strip()
                if text:
                    last = text
                    self._say(job, text)
        return last

    def end(self) -> None:
        """End what runs, and begin nothing more."""
        with self._lock:
            self._stopping.set()
            processes = list(self._processes)
        for process in processes:
            _end(process)


def _out_of_time(process: subprocess.Popen[bytes], ended: threading.Event) -> None:
    ended.set()
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process: kindly, then not; and then what it has left running, which would hold the pipe."""
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
