"""The check of storages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from sigflow.errors import SigflowError
from sigflow.storage.base import Storage, cuts_of, tag_of
from sigflow.testing.contract import Contract, shown

CONTENTS = (b"", b"\0", bytes(range(256)) * 41 + b"the end")


def check_storage(
    make: Callable[[bytes], Storage], *, name: str = "", contents: Sequence[bytes] = CONTENTS, reads_again: bool = True
) -> None:
    """Holds a storage against its contract: chunks of bytes, of at most the size that was asked for, that are the
    content; a `read` of any window gives what stands there, and takes nothing away; closing twice is allowed.

    make: opens a new storage of a content.  name: what messages call it.  reads_again: whether it is one that can be
    read more than once.  Raises `PluginError`.
    """
    rules = Contract("storage", name or getattr(make, "__name__", "storage"))
    for content in contents:
        _chunks(rules, make, content)
        _windows(rules, make, content, reads_again)
        _ends(rules, make, content)
        _identity(rules, make, content)


def _opened(rules: Contract, make: Callable[[bytes], Storage], content: bytes) -> Storage:
    try:
        storage = make(content)
    except Exception as error:
        rules.raised(error, "it opens", shown(content))
    lacking = [part for part in ("name", "size", "repeatable", "chunks", "read", "close") if not hasattr(storage, part)]
    rules.hold(isinstance(storage, Storage), "it has what a storage has", f"it lacks {', '.join(lacking) or 'nothing'}")
    return storage


def _chunks(rules: Contract, make: Callable[[bytes], Storage], content: bytes) -> None:
    size = len(content)
    for chunk_size in (1, 7, 4096, size + 1):
        for start in sorted({0, 1, size // 2, size, size + 5}) if chunk_size > 1 else (0,):
            where = f"{size} bytes, chunks of {chunk_size} from {start}"
            with _opened(rules, make, content) as storage:
                try:
                    chunks = list(storage.chunks(chunk_size, start))
                except Exception as error:
                    rules.raised(error, "its chunks are the content", where)
            rules.hold(all(type(c) is bytes for c in chunks), "a chunk is bytes", where)
            sizes = [len(chunk) for chunk in chunks]
            rules.hold(all(sizes), "a chunk has at least one byte", where)
            rules.hold(
                max(sizes, default=0) <= chunk_size,
                "a chunk has at most the bytes asked for",
                f"{where}: {max(sizes, default=0)}",
            )
            rules.equal(b"".join(chunks), content[start:], "its chunks are the content", where)


def _windows(rules: Contract, make: Callable[[bytes], Storage], content: bytes, reads_again: bool) -> None:
    size = len(content)
    with _opened(rules, make, content) as storage:
        rules.hold(isinstance(storage.name, str) and storage.name, "it has a name", repr(storage.name))
        rules.hold(
            storage.size in (None, size), "its size is that of the content, or None", f"{storage.size}, of {size}"
        )
        for start, stop in (
            (0, 0),
            (0, 5),
            (3, 3),
            (1, size),
            (max(size - 1, 0), size + 9),
            (size + 2, size + 4),
            (7, 3),
        ):
            where = f"[{start}, {stop}) of {size} bytes"
            try:
                read = storage.read(start, stop)
            except Exception as error:
                rules.raised(error, "a read gives what stands there, fewer bytes where the stream ends", where)
            rules.hold(isinstance(read, bytes), "a read gives bytes", f"{where}: {type(read).__name__}")
            rule = "a read gives what stands there, fewer bytes where the stream ends"
            rules.equal(read, content[start : max(start, stop)], rule, where)
        rules.equal(b"".join(storage.chunks(4096)), content, "a read takes nothing away")
        rules.equal(storage.repeatable, reads_again, "`repeatable` says whether it can be read again")
        if storage.repeatable:
            rule = "it can be read again where it is repeatable"
            rules.equal(b"".join(storage.chunks(1000)), content, rule)
            rules.equal(storage.read(0, 4), content[:4], rule)
        else:
            try:
                list(storage.chunks())
            except SigflowError:
                return
            rules.fail("what can be read once raises UsageError the second time", "nothing was raised")


def _ends(rules: Contract, make: Callable[[bytes], Storage], content: bytes) -> None:
    storage = _opened(rules, make, content)
    try:
        iterator = storage.chunks(3)
        next(iter(iterator), b"")
        del iterator
        storage.close()
        storage.close()
    except Exception as error:
        rules.raised(error, "closing twice is allowed, in the middle of a reading too", shown(content))


def _identity(rules: Contract, make: Callable[[bytes], Storage], content: bytes) -> None:
    with _opened(rules, make, content) as storage:
        tag = tag_of(storage)
        rules.hold(tag is None or isinstance(tag, str), "its tag is a text, or None", repr(tag))
        offsets = [cut.offset for cut in cuts_of(storage)]
        inside = all(offset >= 0 for offset in offsets) and all(a <= b for a, b in pairwise(offsets))
        rules.hold(inside, "its cuts are in order, and inside the stream", offsets)
        size = storage.size
    with _opened(rules, make, content) as again:
        rules.equal(again.size, size, "the same content has the same size")
