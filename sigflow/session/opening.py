"""Which sinks there are, by their URIs."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sigflow.errors import UsageError
from sigflow.session.appending import AppendingSink
from sigflow.session.forms import FORMS
from sigflow.session.outside import CallingSink, SendingSink
from sigflow.session.sinks import Batching, Sink
from sigflow.session.tables import TableSink
from sigflow.storage.session import layout
from sigflow.stream.format import Format
from sigflow.transport import is_uri


def sink_of(uri: str, formats: Mapping[str, Format], batching: Batching, session: str) -> Sink:
    """The sink of a URI.  session: the folder of the session, in which there will be a folder `out`.

    Raises `UsageError` for what is none.
    """
    scheme, colon, path = uri.partition(":")
    if scheme in FORMS and colon:
        _named(uri, path, session)
        return AppendingSink(uri, path, FORMS[scheme](formats))
    if scheme in ("parquet", "arrow") and colon:
        _named(uri, path, session)
        return TableSink(uri, scheme, path, list(formats.values()), batching)
    if scheme == "python" and colon:
        return CallingSink(uri, path)
    if is_uri(uri):
        return SendingSink(uri, formats)
    raise UsageError(
        f"{uri!r} is no sink: ndjson:PATH, csv:PATH, raw:PATH, mcap:PATH, parquet:DIR, arrow:DIR, "
        "python:MODULE:CALLABLE, or a transport"
    )


def _named(uri: str, path: str, session: str) -> None:
    if not path:
        raise UsageError(f"{uri!r}: a path is wanted behind the colon")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) and folder != os.path.join(os.path.abspath(session), layout.OUT):
        raise UsageError(f"{uri!r}: there is no folder {folder}")
