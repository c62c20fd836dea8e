"""Building frames from values: what a format does with the bytes that `runtime.writing` makes of a value.

`frame` builds one frame, `checks` computes its checksums, `wire` frames and stuffs it, `payload` encodes payloads,
`paths` names fields, `edit` changes a record.
"""

from sigflow.stream.building.frame import Built, build, built

__all__ = ["Built", "build", "built"]
