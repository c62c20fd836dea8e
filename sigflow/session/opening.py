"""Which sinks there are: by their URIs, and those that belong to a session."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sigflow.errors import UsageError
from sigflow.session.appending import AppendingSink
from sigflow.session.forms import FORMS
from sigflow.session.outside import CallingSink, SendingSink
from sigflow.session.refused import QuarantineSink
from sigflow.session.sinks import Batching, Sink
from sigflow.session.tables import TableSink
from sigflow.storage.session import layout
from sigflow.stream.format import Format
from sigflow.transport import is_uri

if TYPE_CHECKING:
    from sigflow.config import Config
    from sigflow.session.alarms import OnChange
    from sigflow.session.handling import HandlerSink
    from sigflow.session.outlet import AnySink
    from sigflow.watch.handlers.declared import Handler


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


def beside_sinks(
    session: str,
    config: Config | None,
    handlers: Sequence[Handler],
    begun_ns: int,
    told: Callable[[str, str], object],
    alarmed: OnChange,
    *,
    quarantine: bool,
    actions: bool,
    audit: bool,
) -> tuple[list[AnySink], list[HandlerSink]]:
    """What a session has beside the sinks that were asked for: the quarantine, alarms, the audit, handlers; and which
    of them are the handlers.  begun_ns: when the session began.
    """
    sinks: list[AnySink] = [QuarantineSink(session)] if quarantine else []
    if config is not None and config.alarms:
        from sigflow.session.alarms import AlarmSink

        sinks.append(AlarmSink(session, config, alarmed, acts=actions, failed=told))
    if audit:
        from sigflow.session.audit import AuditSink

        sinks.append(AuditSink())
    handling: list[HandlerSink] = []
    if handlers:
        from sigflow.session.handling import HandlerSink

        document = config.document if config is not None else None
        handling = [HandlerSink(session, handler, begun_ns, told, document) for handler in handlers]
    return [*sinks, *handling], handling


def _named(uri: str, path: str, session: str) -> None:
    if not path:
        raise UsageError(f"{uri!r}: a path is wanted behind the colon")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) and folder != os.path.join(os.path.abspath(session), layout.OUT):
        raise UsageError(f"{uri!r}: there is no folder {folder}")
