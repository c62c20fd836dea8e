"""URIs of transports: what they say, and what is wrong with one.

    tcp://HOST:PORT          tcp-listen://HOST:PORT
    udp://HOST:PORT          unix:PATH           unix-listen:PATH
    pipe:PATH                -                   exec:COMMAND
    tail:PATH                serial:DEVICE       visa:RESOURCE
    ipc:NAME

Options follow a `?`, as `name=value` with `&` between them, percent-encoded.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from sigflow.errors import UsageError
from sigflow.frozen import frozen

LOOPBACK = "127.0.0.1"
#: What stands for standard input or output.
STANDARD = "-"


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


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return read


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError(f"a number from {least} to {most}")
        return value

    return read


@frozen
class Scheme:
    """What a scheme takes.  form: what stands behind it, for messages; listens: whether others connect to it; options:
    what reads each.
    """

    form: str
    options: Mapping[str, Callable[[str], Any]]
    listens: bool = False


_RECONNECT: Mapping[str, Callable[[str], Any]] = {"reconnect": _seconds}
_TLS: Mapping[str, Callable[[str], Any]] = {"tls": _flag, "ca": str, "cert": str, "key": str}
_LINE: Mapping[str, Callable[[str], Any]] = {
    "baud": _number(1, 1 << 30),
    "bytesize": _number(5, 8),
    "parity": _one_of("none", "even", "odd", "mark", "space"),
    "stopbits": _one_of("1", "1.5", "2"),
    "rtscts": _flag,
    "dsrdtr": _flag,
    "xonxoff": _flag,
}
_VISA: Mapping[str, Callable[[str], Any]] = {
    "query": str,
    "every": _seconds,
    "timeout": _seconds,
    "library": str,
    "raw": _flag,
    "count": _number(1, 1 << 62),
}
SCHEMES: dict[str, Scheme] = {
    "tcp": Scheme("//HOST:PORT", {**_RECONNECT, **_TLS}),
    "tcp-listen": Scheme("//HOST:PORT", _TLS, listens=True),
    "udp": Scheme("//HOST:PORT", {"group": str, "boundary": _one_of("frame", "none"), "interface": str}),
    "unix": Scheme("PATH", _RECONNECT),
    "unix-listen": Scheme("PATH", {}, listens=True),
    "pipe": Scheme("PATH", _RECONNECT),
    "exec": Scheme("COMMAND", {}),
    "tail": Scheme("PATH", {"from": _one_of("start", "end"), "poll": _seconds}),
    "serial": Scheme("DEVICE", {**_LINE, **_RECONNECT}),
    "visa": Scheme("RESOURCE", {**_VISA, **_RECONNECT}),
    "ipc": Scheme("NAME", {"size": _number(1 << 12, 1 << 34), **_RECONNECT}),
}


class Address(NamedTuple):
    """What a URI says.  rest: what stands behind the scheme, without options; host, port: where there are such."""

    text: str
    scheme: str
    rest: str
    options: Mapping[str, Any]
    host: str = ""
    port: int = 0

    @property
    def listens(self) -> bool:
        """Whether others connect to it."""
        return self.scheme in SCHEMES and SCHEMES[self.scheme].listens


def is_uri(text: str) -> bool:
    """Whether this begins as the URI of a transport does."""
    return text == STANDARD or text.partition(":")[0] in SCHEMES


def parse(text: str) -> Address:
    """What a URI says.  Raises `UsageError` with what is wrong, and what was meant, if that is clear."""
    if text == STANDARD:
        return Address(text, STANDARD, "", {})
    name, colon, rest = text.partition(":")
    scheme = SCHEMES.get(name)
    if scheme is None or not colon:
        near = difflib.get_close_matches(name, SCHEMES, 1)
        meant = f", did you mean {near[0]}:{SCHEMES[near[0]].form}" if near else ""
        raise UsageError(f"{text!r} is the URI of no transport{meant} ({', '.join(SCHEMES)}, -)")
    # (The `?` of a VISA query or of a command belongs to it where no option follows.)
    rest, options = _split(text, name, rest, scheme)
    if not rest.removeprefix("//"):
        raise UsageError(f"{text!r}: {name}:{scheme.form} is wanted")
    host, port = "", 0
    if scheme.form.startswith("//"):
        host, port = _place(text, rest)
    return Address(text, name, rest, options, host, port)


def _split(text: str, name: str, rest: str, scheme: Scheme) -> tuple[str, dict[str, Any]]:
    path, mark, tail = rest.partition("?")
    if name == "exec" or not mark:
        return (rest if name == "exec" else unquote(path)), {}
    options: dict[str, Any] = {}
    for pair in tail.split("&"):
        key, equals, value = pair.partition("=")
        reader = scheme.options.get(key)
        if reader is None:
            near = difflib.get_close_matches(key, scheme.options, 1)
            meant = f", did you mean {near[0]!r}" if near else ""
            known = ", ".join(scheme.options) or "none"
            raise UsageError(f"{text!r}: {name} has no option {key!r}{meant} (it has {known})")
        if not equals:
            raise UsageError(f"{text!r}: the option {key} has no value")
        try:
            options[key] = reader(unquote(value))
        except ValueError as error:
            wanted = str(error) if "invalid literal" not in str(error) and "convert" not in str(error) else "a number"
            raise UsageError(f"{text!r}: {key}={value}: {wanted} is wanted") from None
    return unquote(path), options


def _place(text: str, rest: str) -> tuple[str, int]:
    """Host and port of `//HOST:PORT`; without a host, this machine."""
    if not rest.startswith("//"):
        raise UsageError(f"{text!r}: two slashes are missing: {text.partition(':')[0]}://HOST:PORT")
    host, colon, digits = rest[2:].rstrip("/").rpartition(":")
    if not colon or not digits.isascii() or not digits.isdigit() or int(digits) > 65535:
        raise UsageError(f"{text!r}: a port from 0 to 65535 is wanted behind the host: HOST:PORT")
    return host.strip("[]") or LOOPBACK, int(digits)
