"""What a handler is: a function, the events that it is called for, and its limits; and where it is found by a name.

A name is that under which an installed package offers it (entry points `sigflow.handlers`), `MODULE:CALLABLE`, or
`FILE.py:CALLABLE`.  Finding it runs the module, so that is done only with names that the user gave, or allowed.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from sigflow.config import texts
from sigflow.errors import UsageError
from sigflow.registry import Registry
from sigflow.surrogates import writable

if TYPE_CHECKING:
    from sigflow.config import Config
    from sigflow.config.sections import Handling, Meant

RECORD, GAP, LOSS, NOTE = "record", "gap", "loss", "note"
START, STOP, RESYNC, RECONNECT = "start", "stop", "resync", "reconnect"
EVENTS = (RECORD, GAP, LOSS, NOTE, START, STOP, RESYNC, RECONNECT)
BLOCK, DROP_NEWEST, DROP_OLDEST = "block", "drop-newest", "drop-oldest"
OVERFLOWS = (BLOCK, DROP_NEWEST, DROP_OLDEST)
#: Seconds that a call may take, and events that wait, where nothing is said.
TIMEOUT, QUEUE = 10.0, 1000
#: Where a function says what it is.
_MARK = "__sigflow_handler__"

Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a handler is called for, and its limits.  Of `format`, `kind`, `stream` and `where` none: all frames.

    timeout: seconds.  queue: events that wait, at most; overflow: what becomes of further ones, of `OVERFLOWS`.
    """

    event: str = RECORD
    format: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    stream: tuple[str, ...] = ()
    where: str | None = None
    timeout: float = TIMEOUT
    queue: int = QUEUE
    overflow: str = BLOCK

    def __post_init__(self) -> None:
        if self.event not in EVENTS:
            raise UsageError(f"found event {self.event!r}, wanted one of {', '.join(EVENTS)}")
        if self.overflow not in OVERFLOWS:
            raise UsageError(f"found overflow {self.overflow!r}, wanted one of {', '.join(OVERFLOWS)}")
        if not 0 < self.timeout <= 1e9:
            raise UsageError(f"found timeout {self.timeout}, wanted seconds above 0")
        if self.queue < 1:
            raise UsageError(f"found queue {self.queue}, wanted 1 or more")

    @property
    def meant(self) -> Meant:
        """Which frames, as an entry of `sigflow.yaml` says it."""
        from sigflow.config.sections import Meant

        return Meant(format=[*self.format], kind=[*self.kind], stream=[*self.stream], where=self.where)


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler.  takes: how many arguments: the event, or the event and its key.  path: where it stands in
    `sigflow.yaml`; () where it was named elsewhere.
    """

    name: str
    function: Callable[..., object]
    takes: int
    declared: Declaration
    path: tuple[str | int, ...] = ()


#: Handlers by name: those that installed packages offer.
HANDLERS: Registry[Callable[..., object]] = Registry("handler", "sigflow.handlers")


def handler(
    *,
    event: str = RECORD,
    format: str | Sequence[str] = (),
    kind: str | Sequence[str] = (),
    stream: str | Sequence[str] = (),
    where: str | None = None,
    timeout: float = TIMEOUT,
    queue: int = QUEUE,
    overflow: str = BLOCK,
    name: str | None = None,
) -> Callable[[Function], Function]:
    """Returns a decorator that says for which events a function, sync or async, is called: with the event, and, where
    it takes two arguments, its key, which is the same when the event comes again after a kill.

    event: `record`, `gap`, `loss`, `note`; `resync`, a frame behind a gap; `reconnect`; `start` and `stop` of a stream.
    format, kind, stream, where: which frames, as in `sigflow.yaml`.  timeout: seconds that a call may take.  queue: how
    many events wait for it, at most.  overflow: what becomes of further ones: `block`, `drop-newest`, `drop-oldest`.
    name: makes it known by this name, beside `MODULE:CALLABLE`.

    Raises `UsageError` for what is none of these.
    """
    declared = Declaration(event, texts(format), texts(kind), texts(stream), where, timeout, queue, overflow)

    def mark(function: Function) -> Function:
        try:
            setattr(function, _MARK, declared)
        except AttributeError as error:
            raise UsageError(f"{function!r} takes no mark: wrap it in a function") from error
        if name is not None:
            HANDLERS.register(name, function, getattr(function, "__module__", ""))
        return function

    return mark


def get(name: str) -> Callable[..., object]:
    """The handler that is known by this name; `UsageError` where there is none, or it is none."""
    function: object = HANDLERS.get(name)
    if not callable(function):
        raise UsageError(f"handler {name!r}: found {type(function).__name__}, wanted a function of an event")
    return function


def named(text: str, folder: str = "") -> Handler:
    """The handler of a name.  folder: where paths of files begin.

    Raises `UsageError` where there is none, or it cannot be called with an event.
    """
    return handler_of(text, _function(text, folder))


def handler_of(name: str, function: Callable[..., object]) -> Handler:
    """A function as a handler, with what it says of itself."""
    if not callable(function):
        raise UsageError(f"handler {name!r}: it cannot be called")
    declared = getattr(function, _MARK, None)
    return Handler(
        writable(name), function, _takes(name, function), declared if declared is not None else Declaration()
    )


def _function(text: str, folder: str) -> Callable[..., object]:
    module, colon, attribute = text.rpartition(":")
    if not colon:
        return get(text)
    if not module or not attribute:
        raise UsageError(f"{text!r} is no handler: MODULE:CALLABLE is wanted")
    try:
        target: Any = _of_file(os.path.join(folder, module)) if module.endswith(".py") else import_module(module)
    except ModuleNotFoundError as error:
        hint = "; a file is named as FILE.py:CALLABLE" if error.name == module.partition(".")[0] else ""
        raise UsageError(f"handler {text!r}: {error}{hint}") from error
    except (Exception, SystemExit) as error:  # whatever a module does when it is run
        raise UsageError(f"handler {text!r}: {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        try:
            target = getattr(target, part)
        except AttributeError as error:
            raise UsageError(f"handler {text!r}: there is no {attribute!r} in {module}") from error
    function: Callable[..., object] = target
    return function


def _of_file(path: str) -> ModuleType:
    """The module in a file, which is run once."""
    path = os.path.abspath(path)
    name = f"sigflow handlers of {path}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # it ends with .py
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _takes(name: str, function: Callable[..., object]) -> int:
    """How many arguments it is called with."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # (it is not written in Python)
        return 1
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = sum(p.default is p.empty for p in places)
    any_number = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    missing = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if missing or needed > 2 or not (places or any_number):
        raise UsageError(f"handler {name!r}: it cannot be called with an event, or an event and its key")
    return 2 if needed == 2 or (any_number and not places) else 1


def configured(config: Config) -> list[Handler]:
    """Those of `sigflow.yaml`, whose modules are imported.  Raises `UsageError` with its place."""
    handlers = []
    folder = os.path.dirname(config.file)
    for number, entry in config.handlers.items():
        try:
            handlers.append(replace(_overlaid(named(entry.call, folder), entry), path=("handlers", number)))
        except UsageError as error:
            assert config.document is not None
            raise config.document.wrong(("handlers", number, "call"), str(error)) from error
    return handlers


def unimported(config: Config) -> list[Handler]:
    """The same without their functions: nothing is run.  What a function says of itself is not known."""
    return [
        replace(_overlaid(Handler(entry.call, _nothing, 1, Declaration()), entry), path=("handlers", number))
        for number, entry in config.handlers.items()
    ]


def _nothing(event: object) -> None:
    """In the place of a function that is not imported."""


def _overlaid(handler: Handler, entry: Handling) -> Handler:
    """A handler with what the file says of it; what that does not say is as the function does."""
    declared = handler.declared
    said: dict[str, Any] = {
        name: texts(value) if name in ("format", "kind", "stream") else value
        for name in (field.name for field in fields(Declaration) if field.name != "timeout")
        if (value := getattr(entry, name)) not in (None, [])
    }
    if entry.timeout is not None:
        said["timeout"] = entry.timeout.seconds
    return replace(handler, name=writable(entry.name or handler.name), declared=replace(declared, **said))
