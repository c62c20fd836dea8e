"""The checks that need no more than a name: what `sigflow plugins --check` asks of what is installed."""

from __future__ import annotations

from collections.abc import Callable

from sigflow.testing.checksums import check_checksum
from sigflow.testing.codecs import check_codec
from sigflow.testing.formats import check_format
from sigflow.testing.handlers import check_handler
from sigflow.testing.validators import check_validator

#: The others need a place, or arguments: where to connect to, what to write to, what to open, what to compute.
BY_NAME: dict[str, Callable[[str], None]] = {
    "format": check_format,
    "codec": check_codec,
    "checksum": check_checksum,
    "validator": check_validator,
    "handler": check_handler,
}


def check_installed(kind: str, name: str) -> bool:
    """Holds what is installed under a name against the contract of its kind.  Returns whether that can be done with
    nothing but the name.  Raises `PluginError`.
    """
    check = BY_NAME.get(kind)
    if check is None:
        return False
    check(name)
    return True
