"""Which captures paths mean: files, folders (the files in them), patterns with `*`, and URLs of all of these."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable

from sigflow import storage
from sigflow.errors import UsageError
from sigflow.index.tables import ENDING
from sigflow.storage.base import path_of_url

#: What the names of files begin or end with that are no captures: hidden ones, indexes, what is being written.
HIDDEN, OTHERS = (".", "_"), (ENDING, ".part", ".tmp")


def captures_of(paths: Iterable[str], *, wanted: bool = True) -> list[str]:
    """The captures, each once, in the order of the paths and by name.

    wanted: `UsageError` where there is none, `FileNotFoundError` where a path that is no pattern leads nowhere.
    """
    out: list[str] = []
    for path in paths:
        out += _of(path, wanted)
    if wanted and not out:
        raise UsageError(f"no capture: nothing is there of {', '.join(paths)}")
    return list(dict.fromkeys(out))


def _of(path: str, wanted: bool) -> list[str]:
    local = path_of_url(path) if storage.is_url(path) else path
    if local is None:
        from sigflow.storage import remote

        return list(filter(_meant, remote.matching(path))) if _is_pattern(path) else [path]
    if _is_pattern(local) and not os.path.exists(local):
        names = glob.glob(local, recursive=True)
        return sorted(os.path.abspath(name) for name in names if _meant(name) and os.path.isfile(name))
    if os.path.isdir(local):
        files = [entry.path for entry in os.scandir(local) if entry.is_file() and _meant(entry.name)]
        return sorted(map(os.path.abspath, files))
    if not wanted and not os.path.exists(local):
        return []
    return [os.path.abspath(local)]


def _is_pattern(path: str) -> bool:
    return any(mark in path for mark in "*?[")


def _meant(path: str) -> bool:
    name = os.path.basename(path)
    return not name.startswith(HIDDEN) and not name.endswith(OTHERS)
