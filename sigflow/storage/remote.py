"""An object behind a URL (`s3://…`, `https://…`, `memory://…`), by fsspec: read in ranges, and never as a whole.

Rules.  An object is what it was when it was opened: its size and its tag (the ETag, or what the store has instead) are
asked once, and reads are bound to the tag where the store can do that (S3, HTTP); elsewhere both are asked again at the
end of a pass.  One that was changed meanwhile is an error, never a mixture.  What the store says is told as the
operating system's errors are, with the URL as the file.

Strategy.  A pass asks for ranges that become longer, and asks ahead for as many as it has found use for, but for none
beyond the place where its reader said that it will stop.  Small reads share aligned blocks, of which the last are kept.

fsspec is imported when a URL is opened.
"""

from __future__ import annotations

import errno
from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any

from sigflow.errors import SigflowError, UsageError
from sigflow.storage.base import DEFAULT_CHUNK, Closing
from sigflow.storage.disk import passing_file

if TYPE_CHECKING:
    from sigflow.storage.base import Storage

#: Bytes of the longest range, and how many are asked for ahead.
LONGEST, AHEAD = 4 << 20, 4
#: Bytes of the first range behind the place where a reader meant to stop.
BEHIND = 64 << 10
#: Bytes of a block that small reads share, and how many are kept; longer reads are ranges of their own.
BLOCK, KEPT = 64 << 10, 32
#: Under which names stores tell of the version of an object, the best first.
TAGS = ("ETag", "etag", "md5Hash", "content_md5", "Last-Modified", "LastModified", "last_modified", "mtime", "created")
#: Stores whose paths begin with a bucket.
BUCKETS = ("s3", "s3a", "gs", "gcs", "oss", "cos")


def of_url(url: str) -> Storage:
    """The storage of a URL; a compressed object is read through, by its ending."""
    from sigflow.storage.compressed import CompressedStorage, kind_of

    inner = RemoteStorage(url)
    suffix = kind_of(url)
    return inner if suffix is None else CompressedStorage(inner, suffix)


def is_there(url: str) -> bool:
    """Whether there is an object; raises `OSError` where that cannot be told."""
    try:
        RemoteStorage(url).close()
    except (FileNotFoundError, IsADirectoryError):
        return False
    return True


def matching(pattern: str) -> list[str]:
    """The URLs of the objects that a pattern with `*`, `?` and `[...]` means, sorted."""
    filesystem, path = _filesystem(pattern)
    with _told(pattern, filesystem, path):
        filesystem.invalidate_cache()
        return sorted(map(filesystem.unstrip_protocol, filesystem.glob(path)))


@contextmanager
def fetched(url: str) -> Iterator[str]:
    """A file here with the bytes of an object, which is gone at the end."""
    with passing_file() as path:
        with RemoteStorage(url) as source, open(path, "xb") as file:
            for chunk in source.chunks(LONGEST):
                file.write(chunk)
        yield path


@contextmanager
def put(url: str) -> Iterator[str]:
    """A path here; what is written there becomes the object at the end, unless an error is raised.

    Raises `UsageError` where nothing can be written, `OSError` for all else.
    """
    filesystem, path = _filesystem(url)
    scheme = url.partition("://")[0].lower()
    if scheme in ("http", "https"):
        raise UsageError(f"{url}: nothing is written over {scheme}")
    with passing_file() as file:
        yield file
        with _told(url, filesystem, path):
            filesystem.put_file(file, path)
            filesystem.invalidate_cache()


def remove(url: str) -> None:
    """Remove an object."""
    filesystem, path = _filesystem(url)
    with _told(url, filesystem, path):
        filesystem.rm_file(path)
        filesystem.invalidate_cache()


class RemoteStorage(Closing):
    """An object.  State: files of fsspec, each used by one thread at a time; the blocks that were read last."""

    repeatable = True

    def __init__(self, url: str) -> None:
        """Raises `UsageError` where fsspec, or what it needs for such URLs, is absent, `OSError` for all else."""
        self.name = url
        self._filesystem, self._path = _filesystem(url)
        #: What tells this version of the object from others; "" where the store has nothing of that kind.
        self.tag, size = self._now()
        self.size: int | None = size
        self._end = size
        self._files: SimpleQueue[Any] = SimpleQueue()
        #: Whether the store itself holds reads to the tag, and gives ranges by files.
        self._bound = self._by_files = False
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = Lock()
        self._pool: ThreadPoolExecutor | None = None
        if size:
            self._files.put(self._opened())

    def _now(self) -> tuple[str, int]:
        with _told(self.name, self._filesystem, self._path):
            self._filesystem.invalidate_cache()
            told = self._filesystem.info(self._path)
            if told.get("type") == "directory":
                raise IsADirectoryError
            size = told.get("size")
            if size is None:
                raise OSError("the server does not say how many bytes it has, so it cannot be read in ranges")
            return next((str(told[name]) for name in TAGS if told.get(name)), ""), int(size)

    def again(self) -> RemoteStorage:
        """The same object, as it is now."""
        return RemoteStorage(self.name)

    def _opened(self) -> Any:
        """A file of fsspec; None where the store's files are no good for ranges, and it is asked for them itself."""
        import fsspec.spec

        options: dict[str, Any] = {"cache_type": "none", "size": self._end}
        http = str(self._filesystem.protocol[0] if self._filesystem.protocol else "") in ("http", "https")
        if http:
            options["headers"] = {"Accept-Encoding": "identity"}
            if self.tag.startswith('"'):
                options["headers"]["If-Match"] = self.tag
                self._bound = True
        if self._filesystem.protocol in ("memory", ("memory",)):
            return None  # (it has one file for all, with one position)
        with _told(self.name, self._filesystem, self._path):
            file = self._filesystem.open(self._path, "rb", **options)
        if not isinstance(file, fsspec.spec.AbstractBufferedFile):
            file.close()
            return None
        self._by_files = True
        etag = getattr(file, "details", {}).get("ETag")
        if etag is not None:
            if str(etag) != self.tag:
                raise changed(self.name)
            self._bound = True
        return file

    # ---------------------------------------------------------------- reading

    def _range(self, start: int, stop: int) -> bytes:
        """The bytes of a range, all of which lie in the object."""
        if not self._by_files:
            with _told(self.name, self._filesystem, self._path):
                data = bytes(self._filesystem.cat_file(self._path, start=start, end=stop))
        else:
            try:
                file = self._files.get_nowait()
            except Empty:
                file = self._opened()
            try:
                with _told(self.name, self._filesystem, self._path):
                    file.seek(start)
                    data = file.read(stop - start)
            finally:
                self._files.put(file)
        if len(data) != stop - start:
            raise changed(self.name)
        return data

    def _unchanged(self) -> None:
        """Raises `OSError` where the object is another one by now, and reads do not tell that by themselves."""
        if not self._bound and self._now() != (self.tag, self._end):
            raise changed(self.name)

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        return self.between(chunk_size, start, None)

    def between(self, chunk_size: int, start: int, stop: int | None) -> Iterator[bytes]:
        """The same for who will read up to `stop`, or a little more."""
        wanted = deque(_ranges(start, self._end, self._end if stop is None else min(stop, self._end), chunk_size))
        coming: deque[Future[bytes]] = deque()
        ahead = 0
        limit = self._end if stop is None else stop
        try:
            while wanted or coming:
                while wanted and len(coming) < ahead and wanted[0][0] < limit:
                    coming.append(self._threads.submit(self._range, *wanted.popleft()))
                data = coming.popleft().result() if coming else self._range(*wanted.popleft())
                ahead = min(ahead + 1, AHEAD)
                for at in range(0, len(data), chunk_size):
                    yield data[at : at + chunk_size]
            self._unchanged()
        finally:
            for future in coming:
                future.cancel()

    @property
    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(AHEAD, "sigflow-ranges")
            return self._pool

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        stop = min(stop, self._end)
        if start >= stop:
            return b""
        if stop - start >= BLOCK:
            return self._range(start, stop)
        blocks = [self._block(number) for number in range(start // BLOCK, (stop - 1) // BLOCK + 1)]
        first = start // BLOCK * BLOCK
        return b"".join(blocks)[start - first : stop - first]

    def _block(self, number: int) -> bytes:
        with self._lock:
            block = self._blocks.pop(number, None)
        if block is None:
            block = self._range(number * BLOCK, min((number + 1) * BLOCK, self._end))
        with self._lock:
            self._blocks[number] = block
            while len(self._blocks) > KEPT:
                self._blocks.popitem(last=False)
        return block

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)
        while True:
            try:
                file = self._files.get_nowait()
            except Empty:
                return
            if file is not None:
                file.close()


def _ranges(start: int, end: int, stop: int, first: int) -> Iterator[tuple[int, int]]:
    """The ranges of a pass over [start, end) that is meant to end at `stop`."""
    size = max(first, DEFAULT_CHUNK)
    while start < stop:
        following = min(start + min(size, max(LONGEST, first)), stop)
        yield start, following
        start, size = following, 2 * size
    size = BEHIND
    while start < end:
        following = min(start + min(size, LONGEST), end)
        yield start, following
        start, size = following, 2 * size


# ---------------------------------------------------------------- what stores say


def changed(url: str) -> OSError:
    """The error of an object that is not what it was when it was opened."""
    return OSError(errno.ESTALE, "the object was changed while it was read", url)


def _filesystem(url: str) -> tuple[Any, str]:
    """The file system of fsspec, and the path in it."""
    try:
        import fsspec.core
    except ImportError as error:
        raise UsageError(f"{url}: reading URLs needs fsspec: pip install 'sigflow[remote]'") from error
    scheme = url.partition("://")[0]
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise UsageError(f"{url}: what reads {scheme}:// is not installed: {error}") from error
    except ValueError as error:
        raise UsageError(f"{url}: fsspec cannot read {scheme}:// here: {error}") from error
    except Exception as error:  # (some stores are asked at once)
        raise _as_system_error(error, url, None, "") from error
    return filesystem, str(path)


@contextmanager
def _told(url: str, filesystem: Any, path: str) -> Iterator[None]:
    """Whatever the libraries below raise is told as an error of the operating system, in one line."""
    try:
        yield
    except SigflowError:
        raise
    except Exception as error:
        raise _as_system_error(error, url, filesystem, path) from error


def _as_system_error(error: Exception, url: str, filesystem: Any, path: str) -> Exception:
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
        status = getattr(error.__cause__, "status", None)
        if status != 404 and type(error.__cause__).__module__.partition(".")[0] == "aiohttp":
            error = error.__cause__  # (so fsspec tells that a server is not there, or refuses)
    text = " ".join(str(error).split())[:300] or type(error).__name__
    status = getattr(error, "status", None)
    if isinstance(error, OSError) and error.filename == url and error.strerror:
        return error  # (told already)
    if isinstance(error, FileNotFoundError):
        bucket = _lacking_bucket(filesystem, path)
        return FileNotFoundError(
            errno.ENOENT, f"there is no bucket {bucket!r}" if bucket else "there is no such object", url
        )
    if isinstance(error, IsADirectoryError):
        return IsADirectoryError(errno.EISDIR, "it is a folder of objects", url)
    if isinstance(error, PermissionError) or status in (401, 403) or type(error).__name__ == "NoCredentialsError":
        return PermissionError(errno.EACCES, f"the store refuses it: {text}", url)
    if status == 412 or type(error).__name__ == "FileExpired":
        return changed(url)
    if isinstance(error, NotImplementedError):
        return UsageError(f"{url}: fsspec cannot do that there")
    return OSError(errno.EIO, f"the store cannot be read: {text}", url)


def _lacking_bucket(filesystem: Any, path: str) -> str:
    """The bucket of a path, if there is none of that name; "" where there is, or that cannot be told."""
    protocol = filesystem.protocol if filesystem is not None else ()
    names = (protocol,) if isinstance(protocol, str) else protocol
    bucket = path.split("/", 1)[0]
    if not bucket or not set(names) & set(BUCKETS):
        return ""
    try:
        return "" if filesystem.exists(bucket) else bucket
    except Exception:
        return ""  # (what was asked for is told all the same)
