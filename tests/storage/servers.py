"""Servers on this machine that give objects: S3 by moto, and files over HTTP.  Both tell what they were asked for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Asked:
    """What a server was asked for since the last `clear`: the ranges that were read, and reads of whole objects."""

    ranges: list[tuple[str, int, int]] = field(default_factory=list)
    wholes: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.ranges.clear()
        self.wholes.clear()

    def note(self, path: str, wanted: str | None) -> None:
        told = re.fullmatch(r"bytes=(\d+)-(\d+)", wanted or "")
        if told:
            self.ranges.append((path, int(told[1]), int(told[2]) + 1))
        else:
            self.wholes.append(path)

    def of(self, name: str) -> list[tuple[int, int]]:
        """The ranges of the objects of this name."""
        return [(start, stop) for path, start, stop in self.ranges if path.endswith("/" + name)]

    def bytes_of(self, name: str) -> int:
        return sum(stop - start for start, stop in self.of(name))


@contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """An S3 server, to which the environment leads, with a bucket `captures`."""
    import fsspec
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    asked, app = Asked(), DomainDispatcherApplication(create_backend_app)

    def counting(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING"):
            asked.note(environ["PATH_INFO"], environ.get("HTTP_RANGE"))
        return app(environ, start_response)

    server = make_server("127.0.0.1", 0, counting, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    store = fsspec.filesystem("s3")
    store.clear_instance_cache()
    store = fsspec.filesystem("s3")
    if not store.exists("captures"):  # (of all servers of a process the objects are the same)
        store.mkdir("captures")
    try:
        yield asked
    finally:
        store.clear_instance_cache()
        server.shutdown()
        server.server_close()
        thread.join()


class HttpFiles(ThreadingHTTPServer):
    """Serves `files` by name.  ranges: whether it knows of ranges.  refused: names for which it wants a password."""

    daemon_threads = True

    def __init__(self, *, ranges: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.ranges = ranges
        self.asked = Asked()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def http_server(*, ranges: bool = True) -> Iterator[HttpFiles]:
    server = HttpFiles(ranges=ranges)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: HttpFiles
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(False)

    def do_GET(self) -> None:
        self.server.asked.note(self.path, self.headers.get("Range"))
        self._answer(True)

    def _answer(self, body: bool) -> None:
        name = self.path.lstrip("/")
        data = self.server.files.get(name)
        if name in self.server.refused:
            return self._send(403, b"", {})
        if data is None:
            return self._send(404, b"", {})
        etag = f'"{md5(data).hexdigest()}"'
        if self.headers.get("If-Match", etag) != etag:
            return self._send(412, b"", {})
        told = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if self.server.ranges else None
        if told and body:
            start, stop = int(told[1]), min(int(told[2]) + 1, len(data))
            return self._send(
                206, data[start:stop], {"ETag": etag, "Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"}
            )
        return self._send(200, data, {"ETag": etag}, body)

    def _send(self, code: int, data: bytes, headers: dict[str, str], body: bool = True) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            try:
                self.wfile.write(data)
            except OSError:
                pass  # who asked has gone: that of a server without ranges

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""
