"""The exceptions of sigflow, classed by who is to blame.

    SigflowError
    ├── SpecError            the spec's author: the spec does not compile, or a generated module does not fit
    ├── StreamError          the wire (raised only with strict=True; otherwise damage is an event)
    │   ├── ChecksumError
    │   ├── LimitExceeded
    │   ├── Truncated
    │   └── CodecError
    └── UsageError           the caller
        └── BuildError       a value of which no frame can be built

Each error carries its facts as attributes.  The operating system's errors pass through untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.diagnostics import Diagnostic


class SigflowError(Exception):
    """Whatever sigflow raises on purpose."""


class SpecError(SigflowError):
    """A spec that cannot be used; `diagnostics` says where and why."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)


class UsageError(SigflowError):
    """sigflow was called wrongly: an unknown name, a feed after the end, arguments that exclude each other."""


class BuildError(UsageError):
    """No frame can be built of a value.  `mistakes` are all that is wrong with it: `path` of the field, `text`, and
    `place` in the spec (line, column, YAML path).
    """

    def __init__(self, message: str, mistakes: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.mistakes = tuple(mistakes)


class StreamError(SigflowError):
    """The bytes are damaged.  `offset` is the absolute byte position, `format` the format that refused them."""

    def __init__(self, message: str, *, offset: int | None = None, format: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.format = format


class ChecksumError(StreamError):
    """A frame's checksum does not hold; `stored` and `computed` are the two values."""

    def __init__(
        self,
        message: str,
        *,
        offset: int | None = None,
        format: str | None = None,
        stored: int | None = None,
        computed: int | None = None,
    ) -> None:
        super().__init__(message, offset=offset, format=format)
        self.stored = stored
        self.computed = computed


class LimitExceeded(StreamError):
    """Something sized by the wire is larger than a limit allows; `found` and `limit` are the two numbers."""

    def __init__(
        self,
        message: str,
        *,
        offset: int | None = None,
        format: str | None = None,
        found: int | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(message, offset=offset, format=format)
        self.found = found
        self.limit = limit


class Truncated(StreamError):
    """The stream ends inside a frame."""


class CodecError(StreamError):
    """A payload cannot be decoded; `codec` is the codec's name."""

    def __init__(
        self, message: str, *, codec: str | None = None, offset: int | None = None, format: str | None = None
    ) -> None:
        super().__init__(message, offset=offset, format=format)
        self.codec = codec


#: The name that the project's first documents use.
ParseError = StreamError
