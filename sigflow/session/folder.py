"""The folder of a session, open for one who acquires into it: what it is about, its lock, its ledger."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from sigflow.errors import SigflowError, UsageError
from sigflow.storage.disk import DISK, FileDraft, lock
from sigflow.storage.session import layout
from sigflow.storage.session.ledger import Ledger
from sigflow.storage.session.opening import VERSION, formats_by_source, read_document
from sigflow.stream.format import Format


def described(formats: Sequence[Format], specs: Sequence[str]) -> list[dict[str, Any]]:
    """What a session keeps of its formats: name, how it was asked for, the hash of its spec, its limit."""
    return [
        {
            "name": format.name,
            "spec": os.path.abspath(spec) if os.path.exists(spec) else spec,
            "hash": format.envelope.about.source_hash if format.envelope is not None else "",
            "max_frame": format.max_frame,
        }
        for format, spec in zip(formats, specs, strict=True)
    ]


class SessionFolder:
    """State: the lock, which is held as long as it is open; the ledger; the document."""

    def __init__(
        self,
        path: str,
        formats: Sequence[Format],
        specs: Sequence[str],
        sources: Sequence[str],
        *,
        own: Mapping[str, list[str]] | None = None,
        fallback: Sequence[str] = (),
        synced: bool = True,
    ) -> None:
        """Makes the folder, or goes on with the one that is there.  own: the names of the formats of sources that have
        not all of them.  fallback: those of the fallback formats.

        Raises `UsageError` where it is something else, or of other formats; `SigflowError` where another process
        acquires into it.
        """
        self.path = path
        self.resumed = False
        if os.path.exists(path) and not os.path.isdir(path):
            raise UsageError(f"{path}: it is a file, and a session is a folder")
        if os.path.isdir(path) and os.listdir(path) and not layout.is_session(path):
            raise UsageError(f"{path}: the folder is not empty, and no session: name another one")
        for name in (layout.RAW, layout.OUT):
            os.makedirs(os.path.join(path, name), exist_ok=True)
        self._lock = os.open(os.path.join(path, layout.LOCK), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if lock(self._lock) is False:
                raise SigflowError(f"{path}: another process acquires into this session")
            self.document = self._document(formats, specs, sources, own or {}, fallback)
            self.ledger = Ledger(path, synced=synced)
        except BaseException:
            os.close(self._lock)
            raise

    def _document(
        self,
        formats: Sequence[Format],
        specs: Sequence[str],
        sources: Sequence[str],
        own: Mapping[str, list[str]],
        fallback: Sequence[str],
    ) -> dict[str, Any]:
        about = described(formats, specs)
        if os.path.exists(os.path.join(self.path, layout.SESSION)):
            self.resumed = True
            document = read_document(self.path)
            there = [(item["name"], item.get("hash"), item.get("max_frame")) for item in document["formats"]]
            asked = [(item["name"], item["hash"], item["max_frame"]) for item in about]
            if there != asked:
                names = ", ".join(name for name, _, _ in there)
                raise UsageError(
                    f"{self.path}: the session was begun with other formats, limits or specs ({names}): go on with "
                    "those, or name another folder"
                )
            had = document.get("fallback", [])
            if had != list(fallback):
                raise UsageError(
                    f"{self.path}: the session was begun with {', '.join(map(str, had)) or 'no formats'} to fall back "
                    f"to, and not with {', '.join(fallback) or 'none'}: frames would have other numbers"
                )
            return self._with_sources(document, sources, own)
        document = {
            "session_version": VERSION,
            "sigflow": version("sigflow"),
            "begun_ns": time.time_ns(),
            "formats": about,
            "fallback": list(fallback),
            "sources": list(sources),
            **({"formats_by_source": dict(own)} if own else {}),
        }
        self._write(document)
        return document

    def _with_sources(
        self, document: dict[str, Any], sources: Sequence[str], own: Mapping[str, list[str]]
    ) -> dict[str, Any]:
        """The document, which knows these sources as well."""
        had = formats_by_source(document)
        for uri in sources:
            if uri in document.get("sources", []) and had.get(uri) != own.get(uri):
                raise UsageError(
                    f"{self.path}: {uri} was received with other formats ({', '.join(had.get(uri, ['all']))}): go on "
                    "with those, or name another folder"
                )
        new = [uri for uri in sources if uri not in document.get("sources", [])]
        if new:
            document["sources"] = [*document.get("sources", []), *new]
            if had or own:
                document["formats_by_source"] = {**had, **own}
            self._write(document)
        return document

    def _write(self, document: dict[str, Any]) -> None:
        with FileDraft(os.path.join(self.path, layout.SESSION)) as draft:
            draft.write(json.dumps(document, indent=2).encode() + b"\n")
            draft.sync()
            draft.place()
            draft.sync_name()
        DISK.sync_folder(os.path.dirname(os.path.abspath(self.path)))

    def stream_folder(self, number: int) -> str:
        """Where the bytes of a stream are."""
        return os.path.join(self.path, layout.RAW, str(number))

    def close(self) -> None:
        """Let go of it."""
        self.ledger.close()
        os.close(self._lock)
