"""What an entry of `sigflow.yaml` means with the formats of a stream: which frames, and what its expressions give.

Alarms and handlers say alike which frames they are about (`config.sections.Meant`); a mistake is told with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.config import texts
from sigflow.errors import UsageError
from sigflow.recording.selection.asked import Selection
from sigflow.recording.selection.fitting import Fitting
from sigflow.recording.selection.where import ConditionError, values_of

if TYPE_CHECKING:
    from sigflow.config.document import Document
    from sigflow.config.sections import Meant
    from sigflow.events import Record
    from sigflow.stream.format import Format

#: What an expression gives for a frame, by the names of the formats that have its fields.
Bound = Mapping[str, Callable[["Record"], Any]]


class Meaning:
    """An entry and the formats that it is about, of those that are there."""

    def __init__(
        self,
        what: str,
        path: tuple[str | int, ...],
        meant: Meant,
        formats: Sequence[Format],
        document: Document | None,
    ) -> None:
        """what: what the entry is called where there is no file; path: where it stands in the file."""
        self._what, self._path = what, path
        self._meant = meant
        named = texts(meant.format)
        self.formats = [format for format in formats if not named or format.name in named]
        self.names = frozenset(format.name for format in self.formats)
        self._document = document

    def wrong(self, path: tuple[str | int, ...], words: str, *, key: bool = False) -> UsageError:
        """A mistake there, in the entry; key: of a key, not of its value."""
        if self._document is None:
            return UsageError(f"{self._what}: {words}")
        return self._document.wrong((*self._path, *path), words, key=key or not path)

    def _misfit(self, path: tuple[str | int, ...], error: ConditionError) -> UsageError:
        """A mistake at a letter of an expression."""
        if self._document is None:
            return UsageError(f"{self._what}: {error}")
        return UsageError(f"{self._document.within((*self._path, *path), error.at)}: {error}")

    def values(self, path: tuple[str, ...], text: str, *, condition: bool = False) -> Bound:
        """An expression for each format that has its fields."""
        try:
            return values_of(text, self.formats, condition=condition)
        except ConditionError as error:
            raise self._misfit(path, error) from error

    def fits(self) -> Callable[[Record], bool] | None:
        """Whether a frame is meant; None: all of these formats are."""
        meant = self._meant
        wanted = Selection(where=meant.where, kinds=texts(meant.kind), streams=texts(meant.stream))
        if wanted.everything:
            return None
        try:
            return Fitting(wanted, self.formats).of_one
        except ConditionError as error:
            raise self._misfit(("where",), error) from error
        except UsageError as error:
            raise self.wrong((), str(error).replace("--", "")) from error
