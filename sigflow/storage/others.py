"""Recorded streams that packages and programs open: by the scheme of a URL, or the ending of a name.

Rules.  What opens them is a `function(path) -> Storage` under a name: a scheme (`vault`, for `vault://…`) or an ending
with its dot (`.cap`).  Packages bring them by the entry point group `sigflow.storages`, programs by `register_storage`.
What code that is not ours raises is a `SigflowError`; a URL of no known scheme is fsspec's (`remote`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from sigflow.errors import SigflowError, UsageError
from sigflow.storage.base import DEFAULT_CHUNK, REGISTRY, Closing, Opener, Storage, is_url


def get(name: str) -> Opener:
    """What opens storages of this scheme or ending; `UsageError` where there is none, or it is none."""
    opener = REGISTRY.get(name)
    if not callable(opener):
        raise UsageError(f"storage {name!r}: found {type(opener).__name__}, wanted a function of a path")
    return opener


def opened(name: str, path: str) -> Storage:
    """The storage that somebody else opens, under this name.  Raises `SigflowError` where it cannot be opened, and the
    operating system's errors.
    """
    opener = get(name)
    try:
        storage = opener(path)
    except (SigflowError, OSError):
        raise
    except (Exception, SystemExit) as error:  # whatever code that we did not write does
        raise SigflowError(f"{path}: cannot open: {type(error).__name__}: {error}") from error
    if not isinstance(storage, Storage):
        raise SigflowError(f"{path}: found {type(storage).__name__}, wanted a storage")
    return cast("Storage", Guarded(storage))


class Guarded(Closing):
    """A storage of others: whatever it raises is a `SigflowError`, and a read gives no more than was asked for."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.name = inner.name
        self.repeatable = inner.repeatable

    @property
    def size(self) -> int | None:
        """Bytes; None where they are known only at the end."""
        return self._inner.size

    def _failed(self, error: Exception) -> SigflowError:
        return SigflowError(f"{self.name}: cannot read: {type(error).__name__}: {error}")

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        try:
            yield from self._inner.chunks(chunk_size, start)
        except (SigflowError, OSError):
            raise
        except Exception as error:  # whatever code that we did not write does
            raise self._failed(error) from error

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        try:
            return self._inner.read(start, stop)
        except (SigflowError, OSError):
            raise
        except Exception as error:  # whatever code that we did not write does
            raise self._failed(error) from error

    def close(self) -> None:
        """Close it."""
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        if name not in ("cuts", "marks", "moment", "between"):  # what a storage may have beside
            raise AttributeError(name)
        return getattr(self._inner, name)


F = TypeVar("F", bound=Callable[[str], Storage])


def register_storage(name: str) -> Callable[[F], F]:
    """Returns a decorator that makes `function(path) -> Storage` what opens recorded streams of this name, and gives it
    back.

    name: the scheme of URLs (`vault` for `vault://…`), or the ending of paths, with its dot (`.cap`).  The function
    gets the whole path or URL, and raises `OSError` or a `SigflowError` where it cannot be opened.  Raises `UsageError`
    for a name that is taken, or is neither.
    """
    if not (name[1:].isalnum() if name.startswith(".") else is_url(f"{name}://")) or name != name.lower():
        raise UsageError(f"{name!r} is neither a scheme of URLs nor an ending with its dot, in small letters")

    def register(function: F) -> F:
        REGISTRY.register(name, function, getattr(function, "__module__", ""))
        return function

    return register
