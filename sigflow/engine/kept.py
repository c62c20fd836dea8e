"""The machine code that is kept on the disk: how much there is, no more than so many bytes, and its removal.

Rules.  What belongs to one text of kernel code lies in a folder of its own, or a file, which is named by a hash; it is
removed as a whole, and nothing else ever is.  Where what is kept exceeds the bound after something was added, what was
not used for longest goes, as far as the file system tells when that was.  Who finds something removed makes it anew.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from sigflow.engine.objects import COUNTS, cache_directory
from sigflow.errors import UsageError
from sigflow.frozen import frozen

#: Bytes that are kept at most, unless `SIGFLOW_CACHE_BYTES` says otherwise.
BOUND = 256 << 20
_TEXT = re.compile(r"[0-9a-f]{24}(?:\.start)?\Z", re.ASCII)


@frozen
class Statistics:
    """What is kept in `folder`.  texts: of kernel code, and starts of quick scans.  hits, misses: how often a file was
    asked for in this process, and was or was not there.  evictions: texts that this process removed to make room.
    """

    folder: str
    texts: int
    files: int
    bytes: int
    bound: int
    hits: int
    misses: int
    evictions: int


def bound() -> int:
    """Bytes that are kept at most.  Raises `UsageError` where `SIGFLOW_CACHE_BYTES` is no number."""
    named = os.environ.get("SIGFLOW_CACHE_BYTES")
    if not named:
        return BOUND
    if not (named.isascii() and named.isdecimal()):
        raise UsageError(f"SIGFLOW_CACHE_BYTES is {named!r}, and no number of bytes")
    return int(named)


def statistics() -> Statistics:
    """What is kept, and how it was used in this process."""
    kept = _texts()
    files = [size for _, sizes in kept.values() for size in sizes.values()]
    return Statistics(str(_folder()), len(kept), len(files), sum(files), bound(), **COUNTS)


def clear() -> int:
    """Remove all that is kept; returns how many bytes that were.  Raises `OSError` where it cannot be removed."""
    return sum(_remove(folder) for folder in _texts())


def trim(spared: Path) -> None:
    """Remove what was not used for longest until no more is left than the bound allows.  spared: what stays anyway."""
    try:
        most = bound()
    except UsageError:
        most = BOUND  # (that is told where it is asked for)
    kept = _texts()
    total = sum(sum(sizes.values()) for _, sizes in kept.values())
    for folder, (_, sizes) in sorted(kept.items(), key=lambda item: item[1][0]):
        if total <= most:
            return
        if folder != spared:
            with suppress(OSError):
                _remove(folder)
                COUNTS["evictions"] += 1
            total -= sum(sizes.values())


def _folder() -> Path:
    return cache_directory() / "native"


def _texts() -> dict[Path, tuple[float, dict[Path, int]]]:
    """By folder or file of a text, when it was last used, and the sizes of its files."""
    kept: dict[Path, tuple[float, dict[Path, int]]] = {}
    with suppress(OSError):
        for text in _folder().iterdir():
            if not _TEXT.match(text.name) or text.is_symlink():
                continue
            used, sizes = 0.0, {}
            with suppress(OSError):
                for path in _files(text):
                    with suppress(OSError):
                        status = path.lstat()
                        used = max(used, status.st_atime, status.st_mtime)
                        sizes[path] = status.st_size
            kept[text] = used, sizes
    return kept


def _files(text: Path) -> list[Path]:
    return list(text.iterdir()) if text.is_dir() else [text]


def _remove(text: Path) -> int:
    """Remove the files of a text; gives their bytes."""
    removed = 0
    for path in _files(text):
        with suppress(FileNotFoundError):
            size = path.lstat().st_size
            path.unlink()
            removed += size
    if text.is_dir():
        with suppress(OSError):  # another process may just have put a file there
            text.rmdir()
    return removed
