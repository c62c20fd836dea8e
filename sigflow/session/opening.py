"""Which sinks there are, by the schemes of their URIs, and those that belong to a session.

Rules.  What makes a sink is a `function(asked) -> Sink`, named by `module:attribute` in a table; those of other
packages (entry point group `sigflow.sinks`) and programs (`register_sink`) are rows of the same kind.  A URI of none of
them is that of a transport, over which lines of JSON are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from sigflow.errors import SigflowError, UsageError
from sigflow.registry import Registry
from sigflow.session.sinks import Batching, Sink, SinkRequest
from sigflow.stream.format import Format
from sigflow.transport import is_uri

if TYPE_CHECKING:
    from sigflow.config import Config
    from sigflow.session.alarms import OnChange
    from sigflow.session.handling import HandlerSink
    from sigflow.session.outlet import AnySink
    from sigflow.watch.handlers.declared import Handler

Maker = Callable[[SinkRequest], Sink]
_APPENDING, _TABLE = "sigflow.session.appending:of_form", "sigflow.session.tables:of_folder"
_BUILT_IN: dict[str, Maker | str] = {
    **dict.fromkeys(("ndjson", "csv", "raw", "mcap"), _APPENDING),
    **dict.fromkeys(("parquet", "arrow"), _TABLE),
    "python": "sigflow.session.outside:calling",
}
REGISTRY: Registry[Maker] = Registry("sink", "sigflow.sinks", _BUILT_IN)
#: What a sink has.
HAS = ("name", "wants", "begin", "position", "begin_stream", "take", "barrier", "hurry", "close")


def get(name: str) -> Maker:
    """What makes sinks of this scheme; `UsageError` where there is none, or it is none."""
    maker = REGISTRY.get(name)
    if not callable(maker):
        raise UsageError(f"sink {name!r}: found {type(maker).__name__}, wanted a function of a SinkRequest")
    return maker


def sink_of(uri: str, formats: Mapping[str, Format], batching: Batching, session: str) -> Sink:
    """The sink of a URI.  session: the folder of the session, in which there will be a folder `out`.

    Raises `UsageError` for what is none.
    """
    scheme, colon, rest = uri.partition(":")
    asked = SinkRequest(uri, scheme, rest, formats, batching, session)
    if colon and scheme in _BUILT_IN:
        return get(scheme)(asked)
    if colon and (scheme in REGISTRY or scheme in REGISTRY.offers):
        return _of_others(get(scheme), asked)
    check(uri)
    from sigflow.session.outside import SendingSink

    return SendingSink(uri, formats)


def check(uri: str, *, batched: bool = False) -> None:
    """Nothing, where there is a sink of this URI; nothing is opened.  batched: whether it is said when its files are
    done, which only tables have.

    Raises `UsageError`.
    """
    scheme, colon, _ = uri.partition(":")
    if (colon and scheme in _BUILT_IN) or is_uri(uri):
        if batched and _BUILT_IN.get(scheme) != _TABLE:
            raise UsageError(f"{uri!r} has no files that are done one by one: `batch` is of parquet: and arrow:")
        return
    if colon and (scheme in REGISTRY or scheme in REGISTRY.offers):
        return
    more = "".join(f"{name}:…, " for name in REGISTRY.names() if name not in _BUILT_IN)
    raise UsageError(
        f"{uri!r} is no sink: ndjson:PATH, csv:PATH, raw:PATH, mcap:PATH, parquet:DIR, arrow:DIR, "
        f"python:MODULE:CALLABLE, {more}or a transport"
    )


def _of_others(maker: Maker, asked: SinkRequest) -> Sink:
    """A sink that code makes which is not ours; `UsageError` where it cannot."""
    try:
        sink = maker(asked)
    except (SigflowError, OSError):
        raise
    except (Exception, SystemExit) as error:  # whatever it does
        raise UsageError(f"{asked.uri!r}: {type(error).__name__}: {error}") from error
    lacking = [name for name in HAS if not hasattr(sink, name)]
    if lacking:
        what = type(sink).__name__
        raise UsageError(f"{asked.uri!r}: found {what}, wanted a sink: it has no {', '.join(lacking)}")
    return sink


F = TypeVar("F", bound=Callable[[SinkRequest], object])


def register_sink(name: str) -> Callable[[F], F]:
    """Returns a decorator that makes `function(asked) -> Sink` what makes sinks of URIs `NAME:…`, and gives it back.

    asked: the URI, its scheme and what stands behind it, the formats by name, when a file is full, and the folder of
    the session.  Raises `UsageError` for a name that is taken.
    """

    def register(function: F) -> F:
        # (what it gives is looked at when it is called)
        REGISTRY.register(name, function, getattr(function, "__module__", ""))  # type: ignore[arg-type]
        return function

    return register


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
    from sigflow.session.refused import QuarantineSink

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
