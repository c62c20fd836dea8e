"""Starts jobs when they are due, and tells what is not done: what was missed, what overlaps, a clock that was set.

APScheduler waits and hands out the runs; what it drops without a word is told here.

Rules.  A job runs once at a time: a run that is due while the last one goes on is left out, and told.  One that comes
later than the job allows is missed, and told; so is what was due while nothing ran, once for each job.  Where the
clock is set, all jobs are planned from the new time on: what it leaps over is missed, and what is due a second time is
done a second time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import Any, NamedTuple

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from sigflow.errors import SigflowError
from sigflow.watch.schedule.jobs import Job
from sigflow.watch.schedule.journal import Journal, text_of
from sigflow.watch.schedule.times import Missed, Skipping, after, passed

#: Seconds between two looks at the clock; seconds by which it was set, if it differs by more.
LOOK, SET = 0.25, 2.0
#: Runs at a time, of all jobs.
AT_ONCE = 32
#: Exit codes of commands that did what they were to do: all is well, or damage was told.
SUCCEEDED = (0, 3)
#: Letters of what a run said at the end that are kept.
WORDS = 500


class Outcome(NamedTuple):
    """What came of a run.  code: None where it could not be begun, or what it printed not be kept.

    words: the last that it said.  stopped: it was ended, since the schedule ends; too_long: since it took longer than
    it may.
    """

    code: int | None
    words: str = ""
    stopped: bool = False
    too_long: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it did what it was to do."""
        return self.code in SUCCEEDED and not self.stopped and not self.too_long


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"


class Clock(NamedTuple):
    """Seconds since 1970, and seconds that nobody sets."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


class Planner:
    """State: what APScheduler has, and how far the clock is ahead of what nobody sets."""

    def __init__(
        self,
        jobs: Sequence[Job],
        journal: Journal,
        run: Callable[[Job], Outcome],
        told: Callable[[dict[str, Any]], object],
        *,
        clock: Clock | None = None,
    ) -> None:
        """run: does a job, in a thread of its own.  told: is told each line of the journal, which is on the disk then;
        it may be called from any thread.
        """
        self._jobs = {job.name: job for job in jobs}
        self._journal = journal
        self._run = run
        self._told = told
        self._clock = clock or Clock()
        self._ahead = self._clock.wall() - self._clock.monotonic()
        self._ended = Event()
        self._failure: BaseException | None = None
        self._unheard: Exception | None = None
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # (it is told here)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(min(max(len(jobs), 1), AT_ONCE))},
            job_defaults={"coalesce": False, "max_instances": 1},
        )
        self._scheduler.add_listener(self._missed, EVENT_JOB_MISSED)
        self._scheduler.add_listener(self._overlapped, EVENT_JOB_MAX_INSTANCES)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)

    def _tell(self, job: str | None, what: str, **more: Any) -> bool:
        """Whether it could be written, and told."""
        line = {"time": text_of(self._now()), "job": job, "what": what, **more}
        try:
            self._journal.write(line)
        except OSError as error:
            self._failure = error
            self._ended.set()
            return False
        try:
            self._told(line)
        except Exception as error:  # whatever keeps it from being told
            self._unheard = error
            self._ended.set()
            return False
        return True

    # ---------------------------------------------------------------- what is told

    def _skipped(self, job: Job, missed: Missed, why: str) -> None:
        more = {"more": True} if missed.more else {}
        first, last = text_of(missed.first), text_of(missed.last)
        self._tell(job.name, "missed", why=why, count=missed.number, first=first, last=last, **more)

    def _missed(self, event: JobExecutionEvent) -> None:
        due = event.scheduled_run_time
        late = (self._now() - due).total_seconds()
        self._tell(event.job_id, "missed", why="late", count=1, due=text_of(due), late_seconds=round(late, 3))

    def _overlapped(self, event: JobSubmissionEvent) -> None:
        for due in event.scheduled_run_times:
            self._tell(event.job_id, "overlapped", due=text_of(due))

    # ---------------------------------------------------------------- the work

    def _begin(self, name: str) -> None:
        """A run of a job, in a thread of its own."""
        job = self._jobs[name]
        if not self._tell(name, "started", run=job.said):
            return  # what is not told is not done
        begun = self._clock.monotonic()
        try:
            ended = self._run(job)
        except Exception as error:  # whatever keeps a command from being run must not end the schedule
            ended = Outcome(None, _words(error))
        seconds = round(self._clock.monotonic() - begun, 3)
        what = "stopped" if ended.stopped else "ended" if ended.succeeded else "failed"
        self._tell(name, what, code=ended.code, seconds=seconds, words=ended.words[:WORDS])

    def start(self) -> None:
        """Tell what was missed while nothing ran, and begin."""
        now = self._now()
        for name, job in self._jobs.items():
            begun = self._journal.open.get(name)
            if begun is not None:
                self._tell(name, "interrupted", begun=text_of(begun))
            settled = self._journal.settled.get(name)
            missed = passed(job.trigger, settled, now) if settled is not None else None
            if settled is None:
                due = after(job.trigger, now)
                self._tell(name, "planned", next=None if due is None else text_of(due))
            if missed is not None:
                self._skipped(job, missed, "nothing ran")
            trigger = Skipping(job.trigger, job.late, partial(self._skipped, job, why="late"))
            self._scheduler.add_job(
                self._begin,
                trigger,
                args=(name,),
                id=name,
                misfire_grace_time=max(int(job.late.total_seconds()), 1),
                next_run_time=now if missed is not None and job.catch_up else after(job.trigger, now),
            )
        self._scheduler.start()

    def wait(self, seconds: float | None = None) -> None:
        """Until `stop`, or for so long; the clock is watched.  Raises `SigflowError` where the journal fails, and
        what kept its lines from being told.
        """
        until = None if seconds is None else self._clock.monotonic() + seconds
        while not self._ended.wait(LOOK):
            self.look()
            if until is not None and self._clock.monotonic() >= until:
                break
        if self._failure is not None:
            raise SigflowError(f"{self._journal.path}: the journal cannot be written: {self._failure}")
        if self._unheard is not None:
            raise self._unheard

    def look(self) -> None:
        """Look whether the clock was set, or the machine slept."""
        ahead = self._clock.wall() - self._clock.monotonic()
        by, self._ahead = ahead - self._ahead, ahead
        if abs(by) < SET:
            return
        self._tell(None, "clock", by_seconds=round(by, 3))
        now = self._now()
        for name, job in self._jobs.items():
            planned = self._scheduler.get_job(name)
            if planned is None:
                continue
            if by > 0 and planned.next_run_time is not None:
                missed = passed(job.trigger, planned.next_run_time - timedelta(microseconds=1), now - job.late)
                if missed is not None:
                    self._skipped(job, missed, "the clock was set")
                due = after(job.trigger, now - job.late) if missed is not None else planned.next_run_time
            else:
                due = after(job.trigger, now)
            planned.modify(next_run_time=due)

    def stop(self) -> None:
        """End; what runs is ended by who runs it."""
        self._ended.set()

    def close(self) -> None:
        """Wait for what runs, and give all back."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        self._journal.close()
