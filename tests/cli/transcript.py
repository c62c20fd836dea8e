"""Transcripts: commands and what they print, checked by running them.

A block of lines is a list of entries: `$ command`, then its output (stdout and stderr as they come), then `[exit N]`
where the code is not 0.  A line that is `...` stands for any lines, and `<...>` inside a line for any characters.

    python -m tests.cli.transcript FILE...      writes what the commands print now into the files
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Entry:
    """One command and what it should print."""

    command: str
    output: list[str] = field(default_factory=list)
    code: int = 0

    def lines(self) -> list[str]:
        return [f"$ {self.command}", *self.output, *([f"[exit {self.code}]"] if self.code else [])]


def entries(lines: Iterable[str]) -> list[Entry]:
    """The entries of a block; lines before the first command are no business of it."""
    transcript: list[Entry] = []
    for line in lines:
        if line.startswith("$ "):
            transcript.append(Entry(line[2:]))
        elif transcript and (match := re.fullmatch(r"\[exit (\d+)\]", line)):
            transcript[-1].code = int(match[1])
        elif transcript:
            transcript[-1].output.append(line)
    return transcript


def environment(folder: Path) -> dict[str, str]:
    """`sigflow` and `python` are this checkout's; nothing of the outside decides about colours."""
    shims = folder / ".shims"
    shims.mkdir(exist_ok=True)
    for name, what in {"sigflow": "-m sigflow", "python": ""}.items():
        (shims / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {what} "$@"\n')
        (shims / name).chmod(0o755)
    path = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    keep = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**keep, "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": path, "PYTHONUTF8": "1"}


def run(entry: Entry, folder: Path) -> Entry:
    """The same command with what it prints now."""
    done = subprocess.run(
        ["bash", "-c", entry.command],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    text = done.stdout.decode("utf-8", "backslashreplace")
    lines = text.removesuffix("\n").split("\n") if text else []
    return Entry(entry.command, lines, done.returncode)


def fits(wanted: list[str], printed: list[str]) -> bool:
    """Whether the lines found are those wanted; the wildcards are told at the top."""
    lines = []
    for line in wanted:
        if line == "...":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(".*?".join(map(re.escape, line.split("<...>"))) + r"\n")
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in printed)) is not None


def check(entry: Entry, folder: Path) -> None:
    """Run the command and compare."""
    actual = run(entry, folder)
    shown = "\n".join(actual.lines())
    assert "Traceback" not in shown, shown
    assert actual.code == entry.code, shown
    wanted = list(entry.output)
    while wanted and not wanted[-1]:
        wanted.pop()
    assert fits(wanted, actual.output), f"found:\n{shown}\nwanted:\n" + "\n".join(entry.lines())


def prepared(folder: Path) -> Path:
    """A working directory with the samples and the specs."""
    for name in ("samples", "formats"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def blocks(text: str) -> list[tuple[str, str, str]]:
    """The fenced blocks of a document: (name of the file that it is, language, content)."""
    pattern = r"(?:<!-- file: (\S+) -->\n)?```(\w*)\n(.*?)```"
    return [(match[1] or "", match[2], match[3]) for match in re.finditer(pattern, text, re.DOTALL)]


def rewrite(path: Path) -> None:
    """Write what the commands of a transcript or document print now into it; entries with wildcards stay."""
    text = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = prepared(Path(name))
        if path.suffix == ".md":
            for file, language, content in blocks(text):
                if file:
                    (folder / file).write_text(content, encoding="utf-8")
                elif language == "console":
                    text = text.replace(content, "\n".join(_again(content, folder)) + "\n", 1)
        else:
            head = text[: text.index("$ ")]
            text = head + "".join(f"{line}\n" for line in _again(text, folder, gap=[""])).rstrip() + "\n"
    path.write_text(text, encoding="utf-8")


def _again(text: str, folder: Path, gap: Iterable[str] = ()) -> list[str]:
    lines: list[str] = []
    for entry in entries(text.splitlines()):
        now = run(entry, folder)
        loose = any(line == "..." or "<...>" in line for line in entry.output)
        lines += [*(entry if loose else now).lines(), *gap]
    return lines


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        rewrite(Path(argument))
