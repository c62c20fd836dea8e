"""What is wrong with an NMEA sentence is named, and no other field."""

from __future__ import annotations

import pytest

import sigflow
from sigflow import checksums


def sentence(body: bytes) -> bytes:
    return b"$" + body + b"*%02X\r\n" % checksums.get("xor-8").compute(body)


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize(
    ("body", "code", "path", "says"),
    [
        (b"GNTXT,caf\xe9", "not-ascii", "body", "caf\xe9"),
        (b"GNTXT,a,b,\x01", "not-ascii", "body", "GNTXT"),
        (b"GN\xe9XT,a", "not-ascii", "body", "GN\xe9XT"),
        (b"", "empty", "body.address", "found ''"),
    ],
)
def test_the_field_that_is_wrong_is_named(body: bytes, code: str, path: str, says: str, engine: str) -> None:
    good = sentence(b"GNTXT,fine")
    with sigflow.open(good + sentence(body) + good, "nmea0183", engine=engine) as recording:
        report = recording.validate()
    (diagnostic,) = report.diagnostics
    assert (report.frames, diagnostic.code, diagnostic.path) == (2, code, path)
    assert says in diagnostic.message
    assert report.gaps[0].reasons[0] == f"nmea0183:{code}"
