"""URIs of transports: what they say, and what is wrong with one.

    tcp://HOST:PORT          tcp-listen://HOST:PORT
    udp://HOST:PORT          unix:PATH           unix-listen:PATH
    pipe:PATH                -                   exec:COMMAND
    tail:PATH                serial:DEVICE       visa:RESOURCE
    ipc:NAME

Options follow a `?`, as `name=value` with `&` between them, percent-encoded.  Which there are, and who opens each, is
said in `schemes`, where packages and programs add their own.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from sigflow.errors import UsageError
from sigflow.transport.schemes import REGISTRY, STANDARD, Scheme, get, names

LOOPBACK = "127.0.0.1"


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
        return get(self.scheme).listen is not None


def is_uri(text: str) -> bool:
    """Whether this begins as the URI of a transport does."""
    return text == STANDARD or _scheme(text) is not None


def _scheme(text: str) -> str | None:
    """The scheme that a text begins with; packages are looked through where none of ours is meant."""
    name, colon, _ = text.partition(":")
    if not colon or name == STANDARD:
        return None
    return name if name in REGISTRY or name in REGISTRY.offers else None


def parse(text: str) -> Address:
    """What a URI says.  Raises `UsageError` with what is wrong, and what was meant, if that is clear."""
    if text == STANDARD:
        return Address(text, STANDARD, "", {})
    name = _scheme(text)
    if name is None:
        known = names()
        near = difflib.get_close_matches(text.partition(":")[0], known, 1)
        meant = f", did you mean {near[0]}:{get(near[0]).form}" if near else ""
        raise UsageError(f"{text!r} is the URI of no transport{meant} ({', '.join(known)})")
    scheme, rest = get(name), text[len(name) + 1 :]
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
    if scheme.verbatim or not mark:
        return (rest if scheme.verbatim else unquote(path)), {}
    options: dict[str, Any] = {}
    for pair in tail.split("&"):
        key, equals, value = pair.partition("=")
        reader = scheme.takes.get(key)
        if reader is None:
            near = difflib.get_close_matches(key, scheme.takes, 1)
            meant = f", did you mean {near[0]!r}" if near else ""
            known = ", ".join(scheme.takes) or "none"
            raise UsageError(f"{text!r}: {name} has no option {key!r}{meant} (it has {known})")
        if not equals:
            raise UsageError(f"{text!r}: the option {key} has no value")
        try:
            options[key] = reader(unquote(value))
        except ValueError as error:
            wanted = str(error) if "invalid literal" not in str(error) and "convert" not in str(error) else "a number"
            raise UsageError(f"{text!r}: {key}={value}: {wanted} is wanted") from None
        except Exception as error:  # whatever code that we did not write does
            raise UsageError(f"{text!r}: {key}={value}: {type(error).__name__}: {error}") from error
    return unquote(path), options


def _place(text: str, rest: str) -> tuple[str, int]:
    """Host and port of `//HOST:PORT`; without a host, this machine."""
    if not rest.startswith("//"):
        raise UsageError(f"{text!r}: two slashes are missing: {text.partition(':')[0]}://HOST:PORT")
    host, colon, digits = rest[2:].rstrip("/").rpartition(":")
    if not colon or not digits.isascii() or not digits.isdigit() or int(digits) > 65535:
        raise UsageError(f"{text!r}: a port from 0 to 65535 is wanted behind the host: HOST:PORT")
    return host.strip("[]") or LOOPBACK, int(digits)
