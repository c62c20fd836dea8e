"""Which parts of a spec the frames of captures reach: fields, conditions, cases, enum values, bounds, lengths.

`points` lists what can be reached, from the descriptions of a format's classes; `count` counts what values reach;
`annotate` writes the counts beside the lines of the spec.
"""

from sigflow.coverage.annotate import annotated
from sigflow.coverage.count import Coverage
from sigflow.coverage.points import KINDS, Point

__all__ = ["KINDS", "Coverage", "Point", "annotated"]
