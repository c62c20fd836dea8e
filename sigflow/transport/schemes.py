"""Which transports there are, by the scheme of their URIs: what each takes, and who opens it.

Rules.  A scheme is a row of a table; those of other packages (entry point group `sigflow.transports`) and programs
(`register_transport`) are rows of the same kind.  Who opens it is named by `module:attribute`, so that nothing is
imported for a transport that nobody uses.  What a URI's options may be is checked before anything is opened.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeVar

from sigflow.errors import UsageError
from sigflow.frozen import frozen
from sigflow.registry import Registry

if TYPE_CHECKING:
    from sigflow.transport.address import Address
    from sigflow.transport.base import Listener, Transport

#: What stands for standard input or output.
STANDARD = "-"
#: Reads the text of an option; raises `ValueError` with what is wanted.
Reader = Callable[[str], Any]
Options = Mapping[str, Reader]


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("0 or 1")
    return text == "1"


def span(text: str) -> float:
    """The seconds of a time span: `2`, `2s`, `50ms`.  Raises `ValueError` for what is none."""
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))


def _seconds(text: str) -> float:
    value = span(text)
    if not 0 <= value <= 1e6:
        raise ValueError("seconds")
    return value


def _one_of(*words: str) -> Reader:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return read


def _number(least: int, most: int) -> Reader:
    def read(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError(f"a number from {least} to {most}")
        return value

    return read


#: Opens a stream: `await opener(address, overflow=…, after=…)`, of which it takes what it needs.
Opener = Callable[..., Awaitable["Transport"]]
#: Lets others connect: `await listens(address, most=…)`.
Listening = Callable[..., Awaitable["Listener"]]


def _never(address: Address) -> bool:
    return False


def _always(address: Address) -> bool:
    return True


def _no_file(address: Address) -> bool:
    return not os.path.isfile(address.rest)


@frozen
class Scheme:
    """A transport.  form: what stands behind the scheme, for messages; where it begins with `//`, a host and a port
    are read.  receive: opens it to receive from.  send: opens it to send to, None: as to receive from.  listen: lets
    others connect.  Each is a function, or the `module:attribute` of one.

    options: what reads each; where it is opened again behind an end (`reopens`), `reconnect` is one.  sends: whether it
    can be sent to.  verbatim: whether all behind the scheme is meant, `?` and percent signs too.  posix: whether
    Windows has none.
    """

    form: str
    receive: Opener | str | None = None
    options: Options = field(default_factory=dict)
    send: Opener | str | None = None
    listen: Listening | str | None = None
    reopens: Callable[[Address], bool] = _never
    sends: bool = True
    verbatim: bool = False
    posix: bool = False

    @property
    def takes(self) -> Options:
        """All options."""
        can = self.reopens is not _never and not self.verbatim
        return {**self.options, "reconnect": _seconds} if can else self.options


_TLS: Options = {"tls": _flag, "ca": str, "cert": str, "key": str}
_LINE: Options = {
    "baud": _number(1, 1 << 30),
    "bytesize": _number(5, 8),
    "parity": _one_of("none", "even", "odd", "mark", "space"),
    "stopbits": _one_of("1", "1.5", "2"),
    "rtscts": _flag,
    "dsrdtr": _flag,
    "xonxoff": _flag,
}
_VISA: Options = {
    "query": str,
    "every": _seconds,
    "timeout": _seconds,
    "library": str,
    "raw": _flag,
    "count": _number(1, 1 << 62),
}
_UDP: Options = {"group": str, "boundary": _one_of("frame", "none"), "interface": str}
_TAIL: Options = {"from": _one_of("start", "end"), "poll": _seconds}
_IN = "sigflow.transport"
_LISTEN = f"{_IN}.listening:listen"


def _built_in() -> dict[str, Scheme]:
    return {
        "tcp": Scheme("//HOST:PORT", f"{_IN}.sockets:connect", _TLS, reopens=_always),
        "tcp-listen": Scheme("//HOST:PORT", None, _TLS, listen=_LISTEN),
        "udp": Scheme("//HOST:PORT", f"{_IN}.datagrams:bind", _UDP, send=f"{_IN}.datagrams:sender"),
        "unix": Scheme("PATH", f"{_IN}.sockets:connect", reopens=_always, posix=True),
        "unix-listen": Scheme("PATH", None, listen=_LISTEN, posix=True),
        "pipe": Scheme(
            "PATH",
            f"{_IN}.descriptors:read_fifo",
            send=f"{_IN}.descriptors:write_fifo",
            reopens=_no_file,  # (a file is read once)
            posix=True,
        ),
        "exec": Scheme("COMMAND", f"{_IN}.descriptors:command", reopens=_always, verbatim=True),
        "tail": Scheme("PATH", f"{_IN}.tail:follow", _TAIL, sends=False),
        "serial": Scheme("DEVICE", f"{_IN}.serial_line:open_line", _LINE, reopens=_always),
        "visa": Scheme("RESOURCE", f"{_IN}.visa:open_instrument", _VISA, reopens=_always),
        "ipc": Scheme(
            "NAME",
            f"{_IN}.ring:read",
            {"size": _number(1 << 12, 1 << 34)},
            send=f"{_IN}.ring:write",
            reopens=_always,
        ),
        STANDARD: Scheme("", f"{_IN}.descriptors:standard"),
    }


REGISTRY: Registry[Scheme] = Registry("transport", "sigflow.transports", _built_in)


def get(name: str) -> Scheme:
    """The scheme of this name; `UsageError` where there is none, or what a package brings is none."""
    return scheme_of(name, REGISTRY.get(name))


def scheme_of(name: str, thing: object) -> Scheme:
    """The scheme that a thing is: a `Scheme`, or a function that opens one.  Raises `UsageError` for anything else."""
    if isinstance(thing, Scheme):
        return thing
    if not callable(thing) or isinstance(thing, type):
        wanted = "a sigflow.transport.Scheme, or an async function that opens a transport"
        raise UsageError(f"transport {name!r}: found {type(thing).__name__}, wanted {wanted}")
    return Scheme("PLACE", thing)


def names() -> list[str]:
    """The names of all schemes, in the order of the table; those of packages and programs behind them."""
    built_in = _built_in()
    return [*built_in, *(name for name in REGISTRY.names() if name not in built_in)]


F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


def register_transport(
    name: str,
    *,
    form: str = "PLACE",
    options: Mapping[str, Callable[[str], object]] | None = None,
    send: Callable[..., Awaitable[Transport]] | None = None,
    listen: Callable[..., Awaitable[Listener]] | None = None,
    reopens: bool = False,
) -> Callable[[F], F]:
    """Returns a decorator that makes `async function(address, *, overflow, after) -> Transport` what opens URIs of
    this scheme, `NAME:PLACE`, and gives it back.

    form: what stands behind the scheme, for messages; `//HOST:PORT` is taken apart.  options: by name, what reads the
    text behind `?name=`, and raises `ValueError` with what is wanted.  send: opens it to send to, where that is another
    thing.  listen: `async function(address, *, most) -> Listener`, where others connect.  reopens: whether it is opened
    again behind an end or a failure.  Raises `UsageError` for a name that is taken, or is no scheme.
    """
    if not name.replace("-", "").replace("+", "").isalnum() or len(name) < 2 or not name.isascii():
        raise UsageError(f"{name!r} is no scheme: letters, digits, - and + are wanted, two at least")

    def register(function: F) -> F:
        scheme = Scheme(form, function, options or {}, send, listen, _always if reopens else _never)
        REGISTRY.register(name, scheme, getattr(function, "__module__", ""))
        return function

    return register
