"""Schedules: when jobs are due, and that what is not done is told: missed, overlapping, failing, a changed clock."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("apscheduler", reason="the extra `schedule` is not installed")

from sigflow.cli import COMMANDS
from sigflow.cli.schedule import _Running
from sigflow.config import checked
from sigflow.config.units import Duration
from sigflow.errors import SigflowError, UsageError
from sigflow.watch.schedule import jobs as jobs_module
from sigflow.watch.schedule import times
from sigflow.watch.schedule.jobs import Job, jobs
from sigflow.watch.schedule.journal import Journal, lines_of, text_of, time_of
from sigflow.watch.schedule.planner import Clock, Outcome, Planner
from tests.cli.calls import Call

SAMPLE = Path(__file__).resolve().parents[2] / "samples/valid_telemetry.sgf"


def dues(trigger: Any, since: datetime, number: int) -> list[datetime]:
    """The next times."""
    due_times: list[datetime] = []
    for _ in range(number):
        due = times.after(trigger, since)
        assert due is not None
        due_times.append(due)
        since = due
    return due_times


# ---------------------------------------------------------------- when


def numbers(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    """A field of a cron expression by hand: the numbers that it allows."""
    allowed: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            begin, _, end = span.partition("-")
            first = names.index(begin) if begin in names else int(begin)
            last = (names.index(end) if end in names else int(end)) if end else (high if step else first)
        allowed |= set(range(first, last + 1, int(step or 1)))
    return allowed


def allowing(text: str) -> Callable[[datetime], bool]:
    """crontab(5), by hand."""
    minute, hour, day, month, weekday = text.split()
    minutes, hours, days, months = (
        numbers(minute, 0, 59),
        numbers(hour, 0, 23),
        numbers(day, 1, 31),
        numbers(month, 1, 12),
    )
    week = {number % 7 for number in numbers(weekday, 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
    either = "*" not in (day, weekday)

    def allowed(moment: datetime) -> bool:
        if moment.minute not in minutes or moment.hour not in hours or moment.month not in months:
            return False
        on_day, on_weekday = moment.day in days, (moment.weekday() + 1) % 7 in week
        return (on_day or on_weekday) if either else (on_day and on_weekday)

    return allowed


@pytest.mark.parametrize(
    "text",
    [
        "*/15 * * * *", "0 2 * * *", "30 4 1 * *", "0 0 * * 0", "0 0 * * 7", "5 1,13 * * 1-5", "0 12 * 2 mon",
        "0 6 1,15 * 5", "10 0 31 * *", "0 3 * */3 */2", "7-9 23 28-31 12 *", "0 0 13 * fri", "0 0 * * 2-6/2",
    ],
)  # fmt: skip
def test_cron_is_that_of_crontab(text: str) -> None:
    """Each minute of a quarter of a year is asked by hand."""
    trigger, allowed = times.cron(text, UTC), allowing(text)
    begin = datetime(2026, 12, 1, tzinfo=UTC)
    by_hand = [moment for minute in range(60 * 24 * 91) if allowed(moment := begin + timedelta(minutes=minute))]
    assert by_hand
    assert dues(trigger, begin - timedelta(seconds=1), len(by_hand)) == by_hand


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * *", "five fields"),
        ("61 * * * *", "no cron expression"),
        ("* * * * 8", "is no day of the week"),
        ("* * * * fri-tue", "end before they begin"),
        ("* * * * mo", "is no day of the week"),
        ("a * * * *", "no cron expression"),
        ("* * 32 * *", "no cron expression"),
    ],
)
def test_no_cron_expression(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        times.cron(text, UTC)


@pytest.mark.parametrize("text", ["30 2 * * *", "*/30 * * * *", "15 3 * * 0", "0 0 * * *", "59 1,2,3 * * *"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Antarctica/Troll"])
def test_summer_time(text: str, zone: str) -> None:
    """What is left out is due once, as long after the change; of what comes twice the first counts; by hand."""
    there = ZoneInfo(zone)
    trigger, allowed = times.cron(text, there), allowing(text)
    for month in (3, 4, 9, 10, 11):
        begin = datetime(2026, month, 1)
        walls = (begin + timedelta(minutes=minute) for minute in range(-60 * 24, 60 * 24 * 32))
        due = {wall.replace(tzinfo=there).astimezone(UTC) for wall in walls if allowed(wall)}
        since = begin.replace(tzinfo=UTC)
        by_hand = sorted(moment for moment in due if since < moment < since + timedelta(days=30))
        assert dues(trigger, since, len(by_hand)) == by_hand
        for moment in by_hand:  # whenever it is asked, also within the hours of the change
            assert times.after(trigger, moment - timedelta(seconds=1)) == moment


def test_intervals_are_multiples() -> None:
    """Whenever a process begins, the times are the same."""
    generator = random.Random(19)
    for _ in range(200):
        seconds = generator.choice([1, 7, 60, 1.5, 3600, 86_400])
        trigger = times.interval(Duration(int(seconds * 1e9)))
        moment = datetime.fromtimestamp(generator.randrange(1, 2_000_000_000), UTC)
        (due,) = dues(trigger, moment, 1)
        assert due > moment
        assert due - moment <= timedelta(seconds=seconds)
        assert (due - datetime(1970, 1, 1, tzinfo=UTC)) % timedelta(seconds=seconds) == timedelta(0)
    with pytest.raises(ValueError, match="one second"):
        times.interval(Duration(999_999_999))


def test_what_passed_is_counted() -> None:
    """One by one, or by arithmetic, it is the same; and there is an end to counting."""
    begin = datetime(2026, 5, 1, 0, 0, 30, tzinfo=UTC)
    for trigger in (times.interval(Duration(90 * 10**9)), times.cron("*/7 * * * *", UTC)):
        for minutes in (0, 1, 2, 60, 1000):
            until = begin + timedelta(minutes=minutes)
            by_hand: list[datetime] = []
            while (due := times.after(trigger, by_hand[-1] if by_hand else begin)) is not None and due <= until:
                by_hand.append(due)
            missed = times.passed(trigger, begin, until)
            assert missed == (times.Missed(by_hand[0], by_hand[-1], len(by_hand)) if by_hand else None)
    many = times.passed(times.cron("* * * * *", UTC), begin, begin + timedelta(days=365))
    assert many is not None
    assert (many.number, many.more) == (times.COUNTED, True)
    years = times.passed(times.interval(Duration(10**9)), begin, begin + timedelta(days=36_500))
    assert years is not None
    assert years.number == 36_500 * 86_400


# ---------------------------------------------------------------- what the file says


def check(tmp_path: Path, text: str) -> tuple[list[Job], list[str]]:
    """The jobs of a file, and its mistakes."""
    file = tmp_path / "sigflow.yaml"
    file.write_text(f"schedule:\n  j: {text}\n")
    config, mistakes = checked(str(file))
    good, wrong = jobs(config.schedule, COMMANDS, config.document)
    return good, [str(mistake).removeprefix(f"{file}:") for mistake in (*mistakes, *wrong)]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{run: stats}", "2:3: a job has either `cron` or `every`"),
        ('{run: stats, every: 1s, cron: "* * * * *"}', "2:3: a job has either `cron` or `every`"),
        ('{run: stats, cron: "* * *"}', "2:25: a cron expression has five fields"),
        ("{run: stats, every: 1ms}", "2:26: the shortest interval is one second"),
        ("{run: rm -rf x, every: 1s}", "2:12: 'rm' is no command of sigflow"),
        ("{run: schedule run, every: 1s}", "2:12: a schedule runs no schedules"),
        ("{run: [], every: 1s}", "2:12: no command is named"),
        ('{run: "stats \'a", every: 1s}', "2:12: no command: No closing quotation"),
        ('{run: stats, cron: "* * * * *", timezone: Mars/Base}', "is no time zone"),
        ("{run: stats, every: 1s, timezone: UTC}", "a time zone says nothing of `every`"),
        ("{run: stats, every: 1s, missed: twice}", "wanted one of skip, once"),
        ("{run: stats, every: 999999999999999d}", "2:26: wanted a time span of at most 36500d"),
        ("{run: stats, every: 1s, late: 999999999999999d}", "wanted a time span of at most 36500d"),
        ("{every: 1s}", "the key 'run' is lacking"),
    ],
)
def test_mistakes_have_places(tmp_path: Path, text: str, mistake: str) -> None:
    good, mistakes = check(tmp_path, text)
    assert not good
    assert len(mistakes) == 1
    assert mistake in mistakes[0]


@pytest.mark.parametrize("zone", ["Nowhere", "XXX3", "../../etc/passwd", "/etc/passwd"])
def test_the_zone_of_the_machine_may_be_no_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    good, mistakes = check(tmp_path, '{run: stats, cron: "0 2 * * *"}')
    assert not good
    assert mistakes == [f"2:25: the time zone of this machine is not known (TZ={zone!r}): name one as `timezone`"]
    assert len(check(tmp_path, '{run: stats, cron: "0 2 * * *", timezone: UTC}')[0]) == 1


def test_what_runs_others(tmp_path: Path) -> None:
    """Jobs that run more than sigflow are known."""
    for run, runs in (
        ("stats a.bin", None),
        ("ingest exec:date --once --to d -s sgf1", "exec:date"),
        ("parse a.bin -s x.py:frame", "x.py:frame"),
        ("ingest - -s sgf1 --to d --sink python:a:b", "python:a:b"),
        ("parse a.bin --allow-import x.py", "--allow-import"),
        ("parse a.bin --allow-import=x", "--allow-import=x"),
        ("parse a.bin -s x.ksy --opaque-types", "--opaque-types"),
        ("ingest - -s sgf1 --to d --sink=exec:date", "--sink=exec:date"),
        ("replay a.bin -s sgf1 --to=python:a:b", "--to=python:a:b"),
    ):
        (job,), mistakes = check(tmp_path, f'{{every: 1m, run: "{run}"}}')
        assert not mistakes
        assert job.runs == runs


def test_without_apscheduler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "apscheduler", None)
    with pytest.raises(UsageError, match=r"sigflow\[schedule\]"):
        jobs_module.jobs({}, COMMANDS, None)


# ---------------------------------------------------------------- the journal


def test_a_torn_journal(tmp_path: Path) -> None:
    """Cut anywhere, it is read to its last whole line and goes on there."""
    path = tmp_path / "j.ndjson"
    journal = Journal(str(path))
    for number in range(3):
        journal.write({"time": f"2026-01-01T00:00:0{number}Z", "job": "a", "what": "started"})
    journal.close()
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        journal = Journal(str(path))
        lines = whole[:cut].count(b"\n")
        assert journal.settled == ({"a": time_of(f"2026-01-01T00:00:0{lines - 1}Z")} if lines else {})
        journal.write({"time": "2026-02-01T00:00:00Z", "job": "b", "what": "ended"})
        journal.close()
        assert len(list(lines_of(str(path)))) == lines + 1


def test_a_journal_has_one_process(tmp_path: Path) -> None:
    path = str(tmp_path / "j.ndjson")
    journal = Journal(path)
    with pytest.raises(SigflowError, match="another process runs this schedule"):
        Journal(path)
    journal.close()
    (tmp_path / "other").write_text("text")
    with pytest.raises(UsageError, match="no journal"):
        Journal(str(tmp_path / "other"))
    assert (tmp_path / "other").read_text() == "text"


def test_a_long_journal_is_renewed(tmp_path: Path) -> None:
    """What is known of each job goes on to the new one."""
    path = tmp_path / "j.ndjson"
    journal = Journal(str(path), largest=2000)
    for number in range(100):
        at = text_of(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number))
        journal.write({"time": at, "job": "once" if not number else "often", "what": "started"})
    settled = journal.settled
    journal.close()
    assert path.stat().st_size <= 2000
    assert (tmp_path / "j.ndjson.1").stat().st_size <= 2000
    journal = Journal(str(path))
    assert journal.settled == settled
    journal.close()


# ---------------------------------------------------------------- the planner


class Shifted(datetime):
    """What APScheduler takes for the time: the clock as the test sets it."""

    shift = timedelta(0)

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        """The time."""
        return datetime.now(tz) + Shifted.shift


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock can be set."""
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Shifted)
    monkeypatch.setattr("apscheduler.executors.base.datetime", Shifted)
    Shifted.shift = timedelta(0)
    yield
    Shifted.shift = timedelta(0)


def wall() -> float:
    """The time as the planner sees it."""
    return time.time() + Shifted.shift.total_seconds()


class Bench:
    """A planner with its lines."""

    def __init__(self, path: Path, run: Callable[[Job], Outcome], *of: Job) -> None:
        self.lines: list[dict[str, Any]] = []
        self.planner = Planner(of, Journal(str(path)), run, self.lines.append, clock=Clock(wall))

    def __enter__(self) -> "Bench":
        self.planner.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.planner.close()

    def of(self, what: str) -> list[dict[str, Any]]:
        """The lines of a kind."""
        return [line for line in self.lines if line["what"] == what]

    def until(self, what: str, number: int = 1) -> list[dict[str, Any]]:
        """Wait until there are so many lines of a kind."""
        end = time.monotonic() + 20
        while len(self.of(what)) < number:
            assert time.monotonic() < end, self.lines
            time.sleep(0.02)
            self.planner.look()
        return self.of(what)


def every(seconds: float, name: str = "j", **more: Any) -> Job:
    """A job at an interval."""
    return Job(name, "stats", ("stats",), times.interval(Duration(int(seconds * 1e9))), **more)


def test_a_job_runs_and_fails(tmp_path: Path) -> None:
    """What fails is told, whether the command says so or cannot be run; the others go on."""

    def run(job: Job) -> Outcome:
        if job.name == "raises":
            raise OSError("no more processes")
        return Outcome({"fine": 0, "damage": 3, "fails": 2}[job.name], "words")

    path = tmp_path / "j"
    with Bench(path, run, *(every(1, name) for name in ("fine", "damage", "fails", "raises"))) as bench:
        bench.until("failed", 2)
        bench.until("ended", 2)
    by_job = {line["job"]: (line["what"], line["code"], line["words"]) for line in bench.lines if "code" in line}
    assert by_job == {
        "fine": ("ended", 0, "words"),
        "damage": ("ended", 3, "words"),
        "fails": ("failed", 2, "words"),
        "raises": ("failed", None, "OSError: no more processes"),
    }
    assert list(lines_of(str(path))) == bench.lines


def test_runs_do_not_overlap(tmp_path: Path) -> None:
    """A run that is due while the last goes on is told, and left out."""
    go, most, running = threading.Event(), [0], [0]

    def run(job: Job) -> Outcome:
        running[0] += 1
        most[0] = max(most[0], running[0])
        go.wait(20)
        running[0] -= 1
        return Outcome(0)

    with Bench(tmp_path / "j", run, every(1)) as bench:
        overlapped = bench.until("overlapped", 2)
        go.set()
        bench.until("ended")
    assert most == [1]
    first, second = (time_of(line["due"]) for line in overlapped[:2])
    assert first is not None
    assert second is not None
    assert second - first == timedelta(seconds=1)


@pytest.mark.parametrize("catch_up", [False, True])
def test_what_was_missed_while_nothing_ran(tmp_path: Path, catch_up: bool) -> None:
    """A restart tells it once, with how many; a run that nobody saw the end of, too; one is made up for if asked."""
    path = tmp_path / "j"
    now = datetime.now(UTC)
    begun = (now - timedelta(hours=1)).replace(minute=0, second=1, microsecond=0)
    journal = Journal(str(path))
    journal.write({"time": text_of(begun), "job": "j", "what": "started"})
    journal.close()
    job = every(600, catch_up=catch_up)
    expected = times.passed(job.trigger, begun, now)
    assert expected is not None
    with Bench(path, lambda job: Outcome(0), job) as bench:
        (missed,) = bench.until("missed")
        if catch_up:
            bench.until("ended")
    assert (missed["why"], missed["count"]) == ("nothing ran", expected.number)
    assert (missed["first"], missed["last"]) == (text_of(expected.first), text_of(expected.last))
    assert [line["begun"] for line in bench.of("interrupted")] == [text_of(begun)]
    assert len(bench.of("ended")) == catch_up
    with Bench(path, lambda job: Outcome(0), job) as bench:  # it is told once
        pass
    assert not bench.lines


def test_the_clock_goes_on_by_itself(tmp_path: Path) -> None:
    """Set by thirty years, it is told; what it leaps over is missed, counted at once, and the job goes on."""
    with Bench(tmp_path / "j", lambda job: Outcome(0), every(1)) as bench:
        bench.until("ended")
        Shifted.shift = timedelta(days=365 * 30)
        (told,) = bench.until("clock")
        missed = bench.until("missed")
        ended = len(bench.of("ended"))
        bench.until("ended", ended + 2)
    assert abs(told["by_seconds"] - 365 * 30 * 86_400) < 1
    count = sum(line["count"] for line in missed)
    assert abs(count - 365 * 30 * 86_400) < 70, "all but those which are not too late"


def test_the_clock_is_set_back(tmp_path: Path) -> None:
    """It is told, and the job is due at the times of the clock as it is now."""
    with Bench(tmp_path / "j", lambda job: Outcome(0), every(1)) as bench:
        bench.until("ended")
        Shifted.shift = timedelta(days=-3650)
        (told,) = bench.until("clock")
        ended = len(bench.of("ended"))
        bench.until("ended", ended + 2)
    assert abs(told["by_seconds"] + 3650 * 86_400) < 1
    assert not bench.of("missed")


def test_what_comes_too_late_is_told(tmp_path: Path) -> None:
    """Where the clock is set by less than is told of it, a run may still be late."""
    job = every(3600, late=timedelta(seconds=1))
    with Bench(tmp_path / "j", lambda job: Outcome(0), job) as bench:
        due = times.after(job.trigger, datetime.now(UTC))
        assert due is not None
        Shifted.shift = due - datetime.now(UTC) + timedelta(seconds=30)
        (missed,) = bench.until("missed")
    assert missed["count"] == 1
    assert not bench.of("started")


def test_a_journal_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is run any more: it could not be told."""
    ran = []

    def run(job: Job) -> Outcome:
        ran.append(job)
        return Outcome(0)

    with Bench(tmp_path / "j", run, every(1)) as bench:

        def full(data: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(bench.planner._journal, "_append", full)
        with pytest.raises(SigflowError, match="cannot be written"):
            bench.planner.wait(10)
    assert not ran


# ---------------------------------------------------------------- the command


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`sigflow schedule run` in a folder."""
    command = [sys.executable, "-m", "sigflow", "schedule", "run", "--events", "ndjson", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_over_a_kill(tmp_path: Path, sigflow: Call) -> None:
    """Runs end well or not, one takes too long; killed and begun again, what was missed and interrupted is told."""
    (tmp_path / "a.sgf").write_bytes(SAMPLE.read_bytes())
    (tmp_path / "sigflow.yaml").write_text(
        "schedule:\n"
        "  good: {every: 1s, run: validate a.sgf -s sgf1 --format json, output: report.json}\n"
        "  bad: {every: 1s, run: validate none.sgf}\n"
        "  slow: {every: 1s, run: replay a.sgf -s sgf1 --rate 1, timeout: 500ms}\n"
    )
    process = started(tmp_path)
    assert process.stdout is not None
    seen: set[tuple[str, str]] = set()
    wanted = {("good", "ended"), ("bad", "failed"), ("slow", "failed")}
    lines = []
    while not wanted <= seen:
        lines.append(json.loads(process.stdout.readline()))
        seen.add((lines[-1]["job"], lines[-1]["what"]))
    while lines[-1]["what"] != "started":
        lines.append(json.loads(process.stdout.readline()))
    process.kill()
    process.communicate()
    said = {line["job"]: line["words"] for line in lines if line["what"] == "failed"}
    assert "none.sgf: no such file" in said["bad"]
    assert said["slow"] == "ended after 0.5 s, which is all that it may take"
    assert json.loads((tmp_path / "report.json").read_text())["frames"] == 24
    time.sleep(1.1)
    process = started(tmp_path, "--for", "0.2")
    output, errors = process.communicate(timeout=60)
    again = [json.loads(line) for line in output.splitlines()]
    assert process.returncode in (0, 1), errors
    assert {line["job"] for line in again if line["what"] == "missed"} == {"good", "bad", "slow"}
    assert lines[-1]["job"] in {line["job"] for line in again if line["what"] == "interrupted"}
    listed = json.loads(sigflow("schedule", "list", "--config", tmp_path / "sigflow.yaml", "--format", "json").out)
    assert [job["job"] for job in listed["jobs"]] == ["good", "bad", "slow"]
    assert all(len(job["next"]) == 3 and job["last"] is not None for job in listed["jobs"])


def test_other_programs_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sigflow.yaml").write_text("schedule:\n  j: {every: 1s, run: ingest exec:date --to d -s sgf1}\n")
    process = started(tmp_path)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "job 'j' would run exec:date: allow it (--allow-actions)" in errors
    assert not output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sigflow.yaml"]


def test_nothing_of_the_folder_is_imported(tmp_path: Path) -> None:
    """A job is a process in the folder of the file, in which modules may lie that Python would take for its own."""
    (tmp_path / "a.sgf").write_bytes(SAMPLE.read_bytes())
    for name in ("sigflow", "json", "click"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w').close()\n")
    (tmp_path / "sigflow.yaml").write_text("schedule:\n  j: {every: 1s, run: validate a.sgf -s sgf1}\n")
    command = [sys.executable, "-P", "-m", "sigflow", "schedule", "run", "--for", "60"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "ended with exit code 0" not in (line := process.stdout.readline()):
            assert line
        process.terminate()
    assert "sgf1: 24 frames" in line
    assert not (tmp_path / "was-run").exists()


def test_who_ended_a_run_is_told() -> None:
    """A run that was killed by somebody else within its time is not told as one that took too long."""
    running = _Running(".", lambda job, line: None)
    arguments = ("replay", str(SAMPLE), "-s", "sgf1", "--rate", "0.1", "--to", "pipe:/dev/null")
    job = Job("j", "", arguments, times.interval(Duration(10**9)), timeout=50)
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(running.run(job)))
    thread.start()
    while not running._processes:
        time.sleep(0.01)
    (process,) = running._processes
    process.kill()
    thread.join()
    assert outcomes == [Outcome(-9, "ended by signal 9 (Killed)")]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix is run")
def test_a_run_that_takes_too_long_fails_with_all_that_it_runs(tmp_path: Path) -> None:
    """`ingest` ends gracefully, with exit code 0, when it is told to; what its source has begun holds the pipe."""
    running = _Running(str(tmp_path), lambda job, line: None)
    source = "exec:sh -c 'sleep 60 & exec sleep 60'"
    arguments = ("ingest", source, "-s", "sgf1", "--to", "session")
    job = Job("j", "", arguments, times.interval(Duration(10**9)), timeout=3, output="report")
    begun = time.monotonic()
    outcome = running.run(job)
    assert time.monotonic() - begun < 30
    assert (outcome.succeeded, outcome.words) == (False, "ended after 3 s, which is all that it may take")
    assert not (tmp_path / "report").exists()


def test_what_cannot_be_begun_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "sigflow.yaml").write_text(
        "schedule:\n"
        "  j: {every: 1s, run: validate a.sgf, output: none/report}\n"
        "  never: {cron: '0 0 30 2 *', run: validate a.sgf}\n"
    )
    process = subprocess.run(
        [sys.executable, "-m", "sigflow", "schedule", "run", "--for", "1.5"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert f" s: {tmp_path / 'none/report'}: No such file or directory" in process.stdout
    assert "never: planned, but it is never due" in process.stdout
    assert "None" not in process.stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_who_is_told_nothing_runs_nothing(tmp_path: Path) -> None:
    """Where its lines cannot be told, the schedule ends, and says so."""
    (tmp_path / "sigflow.yaml").write_text("schedule:\n  j: {every: 1s, run: validate a.sgf}\n")
    command = [sys.executable, "-m", "sigflow", "schedule", "run"]
    for _ in range(2):  # the first fails at `planned`, the second at `started`
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
            )
        assert done.returncode == 1
        assert done.stderr.endswith("the output could not be written: No space left on device\n")
        assert "Traceback" not in done.stderr
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
