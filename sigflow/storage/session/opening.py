"""A session as recorded streams: what every command and `sigflow.open` read of it."""

from __future__ import annotations

import json
import os
from typing import Any

from sigflow.errors import SigflowError, UsageError
from sigflow.storage.base import Storage
from sigflow.storage.cut import with_cuts
from sigflow.storage.session import layout
from sigflow.storage.session.operations import Asked, operated, sources
from sigflow.storage.session.reader import Contents, StreamStorage

VERSION = 1


def read_document(folder: str) -> dict[str, Any]:
    """What `session.json` says.  Raises `SigflowError` where it is none of ours, `OSError` where it cannot be read."""
    path = os.path.join(folder, layout.SESSION)
    with open(path, encoding="utf-8") as file:
        try:
            document = json.load(file)
        except ValueError as error:
            raise SigflowError(f"{path}: it cannot be read: {error} (sigflow session repair)") from error
    if not isinstance(document, dict) or document.get("session_version") != VERSION:
        raise SigflowError(f"{path}: it is no session of version {VERSION}")
    formats = document.get("formats")
    wanted = {"name": str, "spec": str, "hash": str, "max_frame": int}
    if not isinstance(formats, list) or not all(
        isinstance(item, dict) and all(isinstance(item.get(key), kind) for key, kind in wanted.items())
        for item in formats
    ):
        raise SigflowError(f"{path}: it names no formats")
    return document


def session_of(path: str) -> str | None:
    """The session of which a folder is a stream, or that it is; None for anything else."""
    if not os.path.isdir(path):
        return None
    if layout.is_session(path):
        return path
    raw = os.path.dirname(os.path.abspath(path))
    session = os.path.dirname(raw)
    return session if os.path.basename(raw) == layout.RAW and layout.is_session(session) else None


def captures_of(path: str) -> list[str]:
    """The streams of a session, each of which is a capture by its path; of anything else the path itself."""
    return layout.streams(path) if os.path.isdir(path) and layout.is_session(path) else [path]


def formats_by_source(document: dict[str, Any]) -> dict[str, list[str]]:
    """The names of the formats of those sources that have not all of the session, by their URIs."""
    by_source = document.get("formats_by_source", {})
    if not isinstance(by_source, dict):
        return {}
    return {str(uri): [str(name) for name in names] for uri, names in by_source.items() if isinstance(names, list)}


def specs_of(path: str) -> list[str]:
    """What the formats of a stream of a session, or of all of them, were asked for by; none where it is no session."""
    session = session_of(path)
    if session is None:
        return []
    document = read_document(session)
    by_source = formats_by_source(document)
    own = by_source.get(source_of(path) or "") if by_source else None
    return [item["spec"] for item in document["formats"] if own is None or item["name"] in own]


def source_of(path: str) -> str | None:
    """What a stream of a session came from, as it was named; None where this is no stream of one, or it is not
    known.
    """
    session = session_of(path)
    streams = captures_of(path)
    if session is None or len(streams) != 1:
        return None
    return sources(session).get(int(os.path.basename(streams[0]))) or None


def operations_of(path: str) -> list[tuple[int, Asked]]:
    """What operators, or the clock, did to the alarms of a stream, with the offsets behind which it took effect, in
    order; none where it is no stream of a session.
    """
    session = session_of(path)
    streams = captures_of(path)
    if session is None or len(streams) != 1:
        return []
    return [(applied.offset, applied.asked) for applied in operated(session, int(os.path.basename(streams[0])))]


def open_stream(path: str) -> Storage | None:
    """The recorded stream of a folder: of a stream, or of a session that has one; None where it is neither.

    Raises `UsageError` for a session of several streams, or of none.
    """
    session = session_of(path)
    if session is None:
        return None
    names = [item["name"] for item in read_document(session)["formats"]]
    folders = captures_of(path)
    if len(folders) != 1:
        have = f"has {len(folders)} streams: name one, such as {folders[0]}" if folders else "holds no stream yet"
        raise UsageError(f"{path}: the session {have}")
    contents = Contents(folders[0], verify=False)
    marks = [(offset, names[number]) for offset, number in contents.marks if number < len(names)]
    return with_cuts(StreamStorage(contents, path), contents.cuts, marks)
