"""Valid captures of values that are chosen: those at every bound, every case and every enum value first, then any.

`chance` makes the choices, `goals` holds what has to come, `hints` is what a spec's expressions say of values; `values`
chooses those of numbers, bytes and texts, `drawing` those of a whole frame, `quick` those of simple ones at once;
`frames` makes frames that a scan believes of them, and captures.  `agreement` holds a Construct schema against a format
on such frames, `carrying` carries the one over to the other and tests it.
"""

from sigflow.generation.frames import GenerationError, generate

__all__ = ["GenerationError", "generate"]
