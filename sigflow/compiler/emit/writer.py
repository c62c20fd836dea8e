"""Lines of Python with indentation, and text from a spec made safe for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


class Writer:
    """Collects lines; `with writer.block("if x:")` indents what is written inside."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = 0

    def __call__(self, line: str = "") -> None:
        self.lines.append("    " * self._indent + line if line else "")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """An indented block under `head`; an empty one gets `pass`."""
        self(head)
        before = len(self.lines)
        self._indent += 1
        yield
        if len(self.lines) == before:
            self("pass")
        self._indent -= 1

    def doc(self, text: str) -> None:
        """A docstring of any text."""
        for line in docstring(text):
            self(line)

    def text(self) -> str:
        """All that was written, without blank lines in a row beyond two."""
        lines: list[str] = []
        blank = 0
        for line in self.lines:
            blank = blank + 1 if not line else 0
            if blank <= 2:
                lines.append(line)
        return "\n".join(lines).rstrip("\n") + "\n"


_DOUBTFUL = re.compile(r'["\\]')


def safe(text: str, closed: bool = False) -> str:
    """`text` for the inside of a triple-quoted literal: nothing in it ends the literal, escapes, or hides from a
    reader.  `closed`: the literal's end follows at once.
    """
    if not _DOUBTFUL.search(text) and text.replace("\n", "").isprintable():
        return text
    letters = []
    for number, letter in enumerate(text, 1):
        if letter == "\\":
            letters.append("\\\\")
        elif letter == "\n" or (letter.isprintable() and letter != '"'):
            letters.append(letter)
        elif letter == '"':
            doubtful = (closed and number == len(text)) or letters[-1:] in (['"'], ['\\"'])
            letters.append('\\"' if doubtful else '"')
        else:
            letters.append(ascii(letter)[1:-1])
    return "".join(letters)


def docstring(text: str) -> list[str]:
    """The lines of a docstring that says `text`."""
    text = text.strip()
    short = "\n" not in text and len(safe(text)) < 100
    lines = [line.rstrip() for line in safe(text, short).split("\n")]
    if short:
        return [f'"""{lines[0]}"""']
    lines[0] = f'"""{lines[0]}'
    return [*lines, '"""']


def comment(text: str) -> str:
    """One line of any text, for a comment."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in " ".join(text.split()))
