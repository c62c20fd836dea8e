"""Specs to parsers.  `build` is the one entry; the phases stand in the order of its opening lines."""

from __future__ import annotations

from sigflow.compiler.phases import Build, build

__all__ = ["Build", "build"]
