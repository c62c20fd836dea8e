"""What a sink calls in the tests."""

from __future__ import annotations

from typing import Any


def call(position: tuple[int, int], record: Any) -> None:
    """Replaced by the tests."""


def call_it(position: tuple[int, int], record: Any) -> None:
    """Calls what the test has put there."""
    call(position, record)
