"""A share of `tools/check_round_trip.py`, and that it sees a frame that is built otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from sigflow.stream.format import Format
from tools import check_round_trip


@pytest.mark.parametrize("name", ["sgf1", "nmea0183", "tlv", "ubx", "ccsds_space_packet", "sgf_legacy"])
def test_a_share(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_round_trip.main([name, "--frames", "400", "--seconds", "60", "--seed", "5"]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: 400 frames, no difference")


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = Format.build

    def build(self: Format, value: Any, **options: Any) -> bytes:
        raw = before(self, value, **options)
        return raw if isinstance(value, dict) else raw[:-1] + b"x"

    monkeypatch.setattr(Format, "build", build)
    assert check_round_trip.main(["ubx", "--frames", "50"]) == 1
    assert "is built as" in capsys.readouterr().err
