"""The command line, as its own tests call it."""

from __future__ import annotations

from tests.cli.conftest import sigflow

__all__ = ["sigflow"]
