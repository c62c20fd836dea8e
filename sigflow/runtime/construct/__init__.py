"""The values of Construct's schemas: from the objects that generated classes read to what Construct itself would give,
and back to what a frame is built from.

A schema is framed and read by the same generated code as any other.  What it reads has the fields of the spec that the
schema became; a `View` says which of Construct's values stand for them.

views    the contract, and values of one field        groups   values that stand for several fields
"""

from __future__ import annotations

from sigflow.runtime.construct.views import View, built, plain

__all__ = ["View", "built", "plain"]
