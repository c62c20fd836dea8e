"""What is done when an alarm changes: a program is run with the event on its input, or a URL is sent it.

Rules.  A thread does it, one after another, in the order of the events, so that neither a slow program nor a dead
server holds up the acquisition.  What cannot be done is told and counted, and not tried again; of events that come
faster than they can be acted upon, so many wait, and what is beyond is told and counted, too.
"""

from __future__ import annotations

import queue
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sigflow.columns.plain_json import dumps

if TYPE_CHECKING:
    from sigflow.config.sections import Action

#: Events that wait for their actions, at most.
WAITING = 1000
#: Seconds that an action may take, where nothing is said; that the end waits for those which wait.
TIMEOUT, ENDING = 10.0, 5.0
#: Bytes of what a program says that are told.
_SAID = 200


class Actor:
    """State: what waits; how much failed, or could not wait."""

    def __init__(self, told: Callable[[str, str], object]) -> None:
        """told: is told what fails, with a severity."""
        self._told = told
        self._queue: queue.Queue[tuple[Action, str, Mapping[str, Any]] | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="sigflow actions", daemon=True)
        self.failed = self.dropped = 0
        self._ended = threading.Event()

    def act(self, actions: list[Action], tree: Mapping[str, Any]) -> None:
        """Do these, soon."""
        if actions and not self._thread.is_alive() and not self._ended.is_set():
            self._thread.start()
        for action in actions:
            try:
                self._queue.put_nowait((action, str(tree["alarm"]), tree))
            except queue.Full:
                self.dropped += 1
                if self.dropped == 1:
                    self._told("warning", f"actions: {WAITING} wait already; further ones are left out, and counted")

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            action, alarm, tree = item
            if self._ended.is_set():
                self.dropped += 1
                continue
            try:
                words = _done(action, tree)
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                words = str(error) or type(error).__name__
            if words:
                self.failed += 1
                self._told("warning", f"alarm {alarm}: its action failed: {words}")

    def close(self) -> None:
        """Do what waits, for some seconds."""
        if self._thread.is_alive():
            try:
                self._queue.put(None, timeout=ENDING)
            except queue.Full:
                pass
            self._thread.join(ENDING)
            self._ended.set()
        if self.dropped:
            self._told("warning", f"actions: {self.dropped} were left out")


def _done(action: Action, tree: Mapping[str, Any]) -> str:
    """Do one; "" where it went well, else what is wrong."""
    data = dumps(tree).encode()
    timeout = action.timeout.seconds if action.timeout is not None else TIMEOUT
    if action.command is not None:
        done = subprocess.run(
            action.command, input=data, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=timeout, check=False
        )
        if done.returncode:
            said = done.stderr[:_SAID].decode(errors="replace").strip()
            return f"{action.command[0]}: exit code {done.returncode}" + (f": {said}" if said else "")
        return ""
    assert action.webhook is not None
    request = urllib.request.Request(action.webhook, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            answer.read(_SAID)
    except urllib.error.HTTPError as error:
        return f"{action.webhook}: {error.code} {error.reason}"
    return ""
