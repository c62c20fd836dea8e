"""What every plug-in of a kind is held to: one check for each kind, which the built-in ones pass, too.

    from sigflow.testing import check_codec

    def test_my_codec():
        check_codec("my-codec", samples=[b"\\x01a", b"\\x02b"])

A check raises `PluginError`, an `AssertionError` as well as a `SigflowError`, which says what rule is broken, and what
was seen.  The contracts are in `docs/plugins.md`.

contract   rules, and the error      streams   captures and events that plug-ins are given
"""

from __future__ import annotations

from sigflow.testing.calibrations import check_calibration
from sigflow.testing.checksums import check_checksum
from sigflow.testing.codecs import check_codec
from sigflow.testing.contract import PluginError
from sigflow.testing.formats import check_format
from sigflow.testing.handlers import check_handler
from sigflow.testing.installed import check_installed
from sigflow.testing.sinks import check_sink
from sigflow.testing.storages import check_storage
from sigflow.testing.transports import Ends, check_transport
from sigflow.testing.validators import check_validator

__all__ = [
    "PluginError", "Ends", "check_calibration", "check_checksum", "check_codec", "check_format", "check_handler",
    "check_installed", "check_sink", "check_storage", "check_transport", "check_validator",
]  # fmt: skip
