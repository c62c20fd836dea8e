"""Small stream formats, one construct or two each, for the tests of the native measure: a name, a spec's body, samples.

The head (`meta`, `-sigflow-stream`) is written by `text_of` where the body has none.  The letters of the alphabet are
what random inputs are made of besides the samples.
"""

from __future__ import annotations

from tests.compiler.native_specs import corners, frames, lists, numbers, objects, texts
from tests.compiler.native_specs.case import Case

CASES = (*numbers.CASES, *texts.CASES, *objects.CASES, *lists.CASES, *frames.CASES, *corners.CASES)

__all__ = ["CASES", "Case"]
