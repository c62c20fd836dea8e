"""Keys as they are typed, while something else goes on.

On a terminal they come one by one and are not shown; the terminal gets its mode back at the end, on SIGTERM, and where
the process is stopped (Ctrl-Z) and goes on.  Where standard input is no terminal, its bytes are keys, too, for who asks
for that.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

UP, DOWN, RIGHT, LEFT, HOME = "up", "down", "right", "left", "home"
#: What terminals send for keys that are no character (ECMA-48 CSI, and SS3 in application mode).
_SEQUENCES = {"A": UP, "B": DOWN, "C": RIGHT, "D": LEFT, "H": HOME, "1~": HOME, "7~": HOME}
_SEQUENCE = re.compile(rb"\x1b[\[O]([0-9;]*[A-Za-z~])|\x1b\[?[0-9;]*\Z|[\x00-\xff]")


class Keys:
    """State: keys that were typed and not taken; bytes of one that is not whole; whether no more come."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._typed: deque[str] = deque()
        self._begun = b""
        self._over = False

    @property
    def ended(self) -> bool:
        """Whether no more come."""
        return self._over and not self._typed

    def wait(self, seconds: float) -> str:
        """The next key that was typed, in so many seconds at most; "" where there is none, or one without a meaning."""
        import select

        if not self._typed and self._over:
            time.sleep(seconds)
        elif not self._typed and select.select([self._descriptor], [], [], seconds)[0]:
            try:
                data = os.read(self._descriptor, 256)
            except OSError:  # the terminal is gone
                data = b""
            self._over = not data
            self._typed.extend(self._keys(data))
        return self._typed.popleft() if self._typed else ""

    def _keys(self, data: bytes) -> list[str]:
        keys = []
        data, self._begun = self._begun + data, b""
        for match in _SEQUENCE.finditer(data):
            if match[1] is not None:
                keys.append(_SEQUENCES.get(match[1].decode(), ""))
            elif match[0][:1] == b"\x1b":
                self._begun = match[0]
            else:
                keys.append(match[0].decode("latin-1").lower())
        return keys


@contextmanager
def keyboard(*, piped: bool) -> Iterator[Keys | None]:
    """What is typed; None where nothing can be.  piped: whether standard input counts where it is no terminal."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # closed, or none of the system's
        descriptor = -1
    if descriptor < 0 or sys.platform == "win32":
        yield None
        return
    if not os.isatty(descriptor):
        yield Keys(descriptor) if piped else None
        return
    if _in_background(descriptor):
        yield None
        return
    with _key_by_key(descriptor):
        yield Keys(descriptor)


def _in_background(descriptor: int) -> bool:
    """Whether the terminal is another's now, so that who changes its mode is stopped."""
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except OSError:  # it controls no process
        return False


@contextmanager
def _key_by_key(descriptor: int) -> Iterator[None]:
    """The terminal gives each key at once, and shows none; Ctrl-C is still Ctrl-C."""
    import termios
    import tty

    before = termios.tcgetattr(descriptor)

    def restore() -> None:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def ended(number: int, frame: FrameType | None) -> None:
        restore()
        signal.signal(number, handlers[number])
        os.kill(os.getpid(), number)

    def goes_on(number: int, frame: FrameType | None) -> None:
        if not _in_background(descriptor):
            tty.setcbreak(descriptor, termios.TCSADRAIN)

    wanted = {signal.SIGTERM: ended, signal.SIGHUP: ended, signal.SIGCONT: goes_on}
    handlers: dict[int, Any] = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        restore()
