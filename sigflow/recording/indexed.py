"""The index of a recording: found, judged by what the capture is now, and made anew where it is stale."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from sigflow.errors import SigflowError, UsageError
from sigflow.index.file import BadIndex, Index
from sigflow.index.identity import grown, identity_like, obstacle, stale
from sigflow.index.place import index_of
from sigflow.index.tables import ENDING
from sigflow.recording.places import Places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigflow.recording.recording import Recording
    from sigflow.stream.format import Format

#: What is asked of an index: used where there is one, and made anew where it is stale; never used; demanded.  Anything
#: else is the path of one, which is demanded, too.
AUTO, NEVER, REQUIRE = "auto", "never", "require"


#: Digits of the name of an index that stands in a folder of indexes, by which captures of one name are told apart.
DIGITS = 16


def path_of(name: str, folder: str = "") -> str:
    """Where the index of a capture is kept, if nothing else is said: beside it.  folder: of indexes, where one is."""
    if not folder:
        return name + ENDING
    path = os.path.abspath(name)
    digits = hashlib.sha256(os.fsencode(path)).hexdigest()[:DIGITS]
    # (A name has 255 bytes at most.)
    return os.path.join(folder, f"{os.path.basename(path)[:40]}-{digits}{ENDING}")


def places_of(
    recording: Recording, formats: Sequence[Format], way: str, notice: Callable[[str], None]
) -> Places | None:
    """Where the frames of a recording are, by its index; None where there is none to be used.

    formats: bound to the preamble.  way: what is asked of the index, but for `NEVER`.  notice: is told why one that is
    there is not used.  Raises `UsageError` where an index is demanded and there is none that holds.
    """
    demanded = way != AUTO
    path = recording.index_path
    why = obstacle(recording.storage, formats) or ("fallback formats are tried" if recording.fallback else "")
    if why and demanded:
        raise UsageError(f"{recording.name}: no index can be used: {why}")
    if why:
        return None
    try:
        index = index_of(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no index; `sigflow index build` makes one") from None
    except BadIndex as error:
        if demanded:
            raise UsageError(f"{error}; `sigflow index build` makes a new one") from None
        notice(f"{error}: it is made anew")
        return _anew(recording, formats, path, None, notice)
    now = identity_like(index.identity, recording.storage, formats, recording.limits)
    why = stale(index.identity, now)
    if not why:
        return Places(index, recording.storage, formats)
    with index:
        if demanded:
            raise UsageError(f"{path}: the index is stale: {why}; `sigflow index build` makes a new one")
        old = index if grown(index.identity, recording.storage, now) else None
        notice(f"{path}: the index is stale: {why}: it is {'extended' if old is not None else 'made anew'}")
        return _anew(recording, formats, path, old, notice)


def _anew(
    recording: Recording, formats: Sequence[Format], path: str, old: Index | None, notice: Callable[[str], None]
) -> Places | None:
    """The places of an index that is made; old: of the capture before it grew."""
    from sigflow.recording.indexing import build_index, extend_index

    try:
        if old is None:
            build_index(recording, path)
        else:
            extend_index(recording, old, path)
        return Places(index_of(path), recording.storage, formats)
    except (SigflowError, OSError) as error:
        notice(f"{path}: cannot be made anew, and is not used: {error}")
        return None


def verified(recording: Recording, path: str) -> str:
    """Scans a recording again, and returns what its index says wrongly; "" where it is what it would be now.

    Raises `BadIndex` where it is no index.
    """
    from sigflow.recording.indexing import build_index
    from sigflow.storage.disk import passing_file

    with index_of(path) as index:
        now = identity_like(index.identity, recording.storage, recording.bound(), recording.limits)
        why = stale(index.identity, now)
        if why:
            return f"stale: {why}"
        with passing_file() as other:
            build_index(recording, other)
            with Index(other) as fresh:
                return index.difference(fresh)
