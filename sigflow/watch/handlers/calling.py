"""One call of a handler: a function that is called, or a coroutine that is run, and why it failed, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import inspect
import sys
import traceback
from collections.abc import Coroutine
from types import FrameType
from typing import Any

from sigflow.quarantine import Failure
from sigflow.quarantine.letters import TRACE, WORDS
from sigflow.watch.handlers.declared import Handler
from sigflow.watch.handlers.occurrences import Occurrence

#: Seconds that a coroutine may take to end once it was cancelled.
GRACE = 0.5
#: Frames of a traceback that are kept, the last ones; exceptions before one that are told.
_FRAMES, _CAUSES = 30, 3


class TimeIsOver(BaseException):
    """Is raised inside a call that took too long."""


class Caller:
    """Calls a function, or runs a coroutine.  State: the loop of the coroutines, once there was one; the last one."""

    def __init__(self, handler: Handler, limit: float) -> None:
        self._function, self._takes = handler.function, handler.takes
        self._seconds = limit
        is_async = inspect.iscoroutinefunction(handler.function)
        #: After so many seconds the thread is left alone.
        self.limit = limit + GRACE if is_async else limit
        self._runner: asyncio.Runner | None = None
        self._coroutine: object = None

    def call(self, occurrence: Occurrence) -> Failure | None:
        """What went wrong, if anything."""
        arguments = (occurrence.event, occurrence.key)[: self._takes]
        try:
            result = self._function(*arguments)
            if inspect.iscoroutine(result):
                if self._runner is None:
                    self._runner = asyncio.Runner()
                return self._runner.run(self._awaited(result))
        except TimeIsOver:
            raise
        except BaseException as error:  # whatever it raises is its own affair
            return failure_of(error)
        return None

    async def _awaited(self, coroutine: Coroutine[Any, Any, object]) -> Failure | None:
        self._coroutine = coroutine
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                await coroutine
        except TimeIsOver:
            raise
        except BaseException as error:
            if limit.expired() and isinstance(error, TimeoutError):
                return Failure(over(self._seconds), _trace(error.__cause__ or error), late=True)
            return failure_of(error)
        return None

    def _awaits(self) -> list[FrameType]:
        """Where the coroutine is, from the outside in, if it waits."""
        frames: list[FrameType] = []
        if self._runner is None or asyncio.current_task(self._runner.get_loop()) is not None:
            return frames
        inner: Any = self._coroutine
        while (frame := getattr(inner, "cr_frame", None)) is not None:
            frames.append(frame)
            inner = inner.cr_await
        return frames

    def interrupt(self, thread: int) -> None:
        """Raise `TimeIsOver` in the thread that calls.  Another thread asks this.

        (Of CPython; another interpreter has no way to do that.)
        """
        api = getattr(ctypes, "pythonapi", None)
        if api is not None:
            api.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TimeIsOver))
        runner = self._runner
        if runner is not None:
            with contextlib.suppress(RuntimeError):  # it is closed
                runner.get_loop().call_soon_threadsafe(lambda: None)  # so that a loop that waits looks up

    def close(self) -> None:
        """End the loop, with what runs in it."""
        if self._runner is not None:
            self._runner.close()

    def stack(self, thread: int) -> str:
        """Where the call is.  Another thread than the one that calls asks this."""
        frame = sys._current_frames().get(thread)
        awaits = self._awaits()
        if awaits:
            lines = traceback.StackSummary.extract((inner, inner.f_lineno) for inner in awaits)
        elif frame is not None:
            lines = traceback.extract_stack(frame)
        else:
            return ""
        return "".join(_lines(lines))[-TRACE:]


def over(limit: float) -> str:
    """What is said of a call that took longer than so many seconds."""
    return f"the call took more than {limit:g} s"


def failure_of(error: BaseException) -> Failure:
    """Why a call failed, bounded: a hostile or an endless text is cut."""
    kind = type(error).__name__
    try:
        words = str(error)[:WORDS]
    except BaseException as other:
        words = f"(its text cannot be made: {type(other).__name__})"
    return Failure(f"{kind}: {words}" if words else kind, _trace(error))


def _trace(error: BaseException) -> str:
    """Where it was raised: without the frames that call it, which are ours."""
    try:
        lines = _lines(traceback.extract_tb(error.__traceback__, -2 * _FRAMES))
        before: BaseException | None = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        causes = 0
        while before is not None and causes < _CAUSES:
            lines.append(f"after {type(before).__name__}, raised at:\n")
            lines += traceback.format_tb(before.__traceback__, -_FRAMES)
            before, causes = before.__cause__ or before.__context__, causes + 1
        return "".join(lines)[-TRACE:]
    except Exception:  # (what it is made of may be anything)
        return ""


def _lines(stack: traceback.StackSummary) -> list[str]:
    """The lines of a traceback, without those of what calls the handler, which is ours."""
    ours = [number for number, entry in enumerate(stack) if entry.filename == __file__]
    return traceback.format_list(stack[ours[-1] + 1 if ours else 0 :][-_FRAMES:])
