"""Captures behind URLs: read in ranges, never whole, with the index beside them; errors are one line."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sigflow
from sigflow import storage
from sigflow.cli import main
from sigflow.errors import UsageError
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from sigflow.scale import plan
from sigflow.storage import remote
from tests.storage.check import check_storage
from tests.storage.servers import Asked, HttpFiles, http_server, s3_server
from tools.bench_parser import make_capture

fsspec = pytest.importorskip("fsspec", reason="fsspec is absent: the extra `remote` is not installed")

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "valid_telemetry.sgf"
#: Of several MiB, so that what is read of it can be a small part.
FRAMES = 120_000
LARGE = make_capture(40, FRAMES)
NUMBER = itertools.count()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    pytest.importorskip("s3fs", reason="s3fs is absent: the extra `remote` is not installed")
    pytest.importorskip("moto.server", reason="moto is absent, there is no S3 server")
    with s3_server(monkeypatch) as asked:
        yield asked


@pytest.fixture
def http() -> Iterator[HttpFiles]:
    pytest.importorskip("aiohttp", reason="aiohttp is absent: the extra `remote` is not installed")
    with http_server() as server:
        yield server


@pytest.fixture
def memory() -> Iterator[str]:
    """The URL of an empty folder in memory."""
    folder = f"memory://folder{next(NUMBER)}"
    yield folder
    files = fsspec.filesystem("memory")
    if files.exists(folder):
        files.rm(folder, recursive=True)


def put(url: str, data: bytes) -> str:
    with fsspec.open(url, "wb") as file:
        file.write(data)
    return url


def test_every_store_is_a_storage(memory: str, s3: Asked, http: HttpFiles, tmp_path: Path) -> None:
    def by_http(content: bytes) -> storage.Storage:
        http.files["x"] = content
        return storage.open(f"{http.url}/x")

    def by_file(content: bytes) -> storage.Storage:
        (tmp_path / "a b").write_bytes(content)
        return storage.open(f"file://{tmp_path}/a%20b")

    check_storage(lambda content: storage.open(put(f"{memory}/x", content)))
    check_storage(lambda content: storage.open(put("s3://captures/x", content)))
    check_storage(by_http)
    check_storage(by_file)
    assert not s3.wholes and not http.asked.wholes


@pytest.mark.parametrize("engine", ["python", "native"])
def test_a_narrow_query_reads_little(s3: Asked, engine: str) -> None:
    url = put("s3://captures/large.sgf", LARGE)
    with sigflow.open(url, "sgf1", index="never") as source:
        build_index(source, path_of(url))
    s3.clear()
    with sigflow.open(url, "sgf1", engine=engine, index="require") as source:
        record = source.frame(FRAMES // 2)
        assert record.index == FRAMES // 2
        assert bytes(record.raw) == LARGE[record.start : record.start + len(record.raw)]
        at, index = s3.bytes_of("large.sgf"), s3.bytes_of("large.sgf.sigidx")
        assert 0 < at <= 4 * remote.BLOCK and 0 < index < len(LARGE) // 16
        table = source.filter(since=f"#{FRAMES // 2}", until=f"#{FRAMES // 2 + 100}").to_arrow(fields=["sequence"])
        assert len(table) == 100
    # A block of the index has up to 1 MiB of these frames; a store is asked for less than half of the object.
    assert not s3.wholes and s3.bytes_of("large.sgf") < len(LARGE) // 2
    assert all(stop - start <= remote.LONGEST for start, stop in s3.of("large.sgf"))


def test_a_pass_reads_each_byte_once(s3: Asked) -> None:
    url = put("s3://captures/large.sgf", LARGE)
    for engine in ("python", "native"):
        with sigflow.open(url, "sgf1", engine=engine, index="never") as source:
            s3.clear()
            assert sum(len(frames) for frames in source.run().frames(raw=False)) == FRAMES
        ranges = sorted(s3.of("large.sgf"))
        assert ranges[0][0] == 0 and ranges[-1][1] == len(LARGE)
        assert all(before[1] == after[0] for before, after in itertools.pairwise(ranges)), engine
        assert len(ranges) < 12 and not s3.wholes


def test_partitions_of_an_object(s3: Asked) -> None:
    url = put("s3://captures/some.sgf", LARGE[: len(LARGE) // 4] + b"damage" + LARGE[len(LARGE) // 2 :])
    with sigflow.open(url, "sgf1", index="never") as source:
        whole, planned = source.to_arrow(fields=["sequence"]), plan(source, count=5)
    assert [partition.capture for partition in planned.partitions] == [url] * 5
    s3.clear()
    batches = [batch for part in planned.partitions for batch in planned.read(part, fields=["sequence"])]
    assert sum(batch.num_rows for batch in batches) == len(whole)
    assert [n for batch in batches for n in batch["sequence"].to_pylist()] == whole["sequence"].to_pylist()
    size = storage.open(url).size or 0
    assert s3.bytes_of("some.sgf") < size + 5 * (4 * remote.BEHIND + remote.BLOCK)  # (what each reads beyond its end)
    put(url, LARGE[:-1])
    with pytest.raises(UsageError, match="not what it was when it was planned"):
        list(planned.read(planned.partitions[1]))


def test_an_index_is_kept_beside_an_object(memory: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = put(f"{memory}/x.sgf", SAMPLE.read_bytes())
    assert main(["index", "build", url, "-s", "sgf1"]) == 0
    assert main(["index", "show", url]) == 0
    assert main(["index", "verify", url, "-s", "sgf1"]) == 0
    assert "holds" in capsys.readouterr().out
    assert main(["parse", url, "-s", "sgf1", "--since", "#20", "--index", "require", "--fields", "sequence"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    put(url, SAMPLE.read_bytes())
    with sigflow.open(url, "sgf1", index="require") as source, pytest.raises(UsageError, match="another version"):
        source.places()
    put(url, SAMPLE.read_bytes() * 2)
    with sigflow.open(url, "sgf1", index="require") as source, pytest.raises(UsageError, match="stale"):
        source.places()
    with sigflow.open(url, "sgf1") as source:
        places = source.places()
        assert places is not None and len(places) == 48  # made anew, there
    assert main(["index", "drop", url]) == 0
    assert not storage.is_file(path_of(url)) and storage.is_file(url)
    # A path here will do, too.
    other = str(tmp_path / "other.sigidx")
    assert main(["index", "build", url, "-s", "sgf1", "--index", other]) == 0 and os.path.isfile(other)
    for name in (other, f"file://{other}"):
        with sigflow.open(url, "sgf1", index=name) as source:
            assert source.frame(47).index == 47


def test_an_index_that_was_copied_with_its_capture_holds(memory: str, tmp_path: Path) -> None:
    path = tmp_path / "x.sgf"
    shutil.copyfile(SAMPLE, path)
    with sigflow.open(path, "sgf1", index="never") as source:
        build_index(source, path_of(str(path)))
    url = put(f"{memory}/x.sgf", path.read_bytes())
    put(path_of(url), Path(path_of(str(path))).read_bytes())
    with sigflow.open(url, "sgf1", index="require") as source:
        assert source.frame(23).index == 23
    put(url, b"?" + path.read_bytes()[1:])
    with (
        sigflow.open(url, "sgf1", index="require") as source,
        pytest.raises(UsageError, match="are not what they were"),
    ):
        source.places()


def test_where_nothing_can_be_written(http: HttpFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    http.files["x.sgf"] = SAMPLE.read_bytes()
    url = f"{http.url}/x.sgf"
    assert main(["index", "build", url, "-s", "sgf1"]) == 2
    assert "--index PATH" in capsys.readouterr().err
    assert main(["index", "build", url, "-s", "sgf1", "--index", str(tmp_path / "x")]) == 0
    assert main(["inspect", url, "-s", "sgf1", "--frame", "23", "--index", str(tmp_path / "x")]) == 0


@pytest.mark.parametrize("command", [["validate"], ["stats"], ["parse"], ["inspect", "--frame", "3"], ["coverage"]])
def test_commands_take_urls(memory: str, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    url = put(f"{memory}/x.sgf", SAMPLE.read_bytes())
    outputs = []
    for source in (url, str(SAMPLE)):
        assert main([command[0], source, "-s", "sgf1", *command[1:]]) == 0
        outputs.append(capsys.readouterr().out.replace(source, "NAME"))
    assert outputs[0] == outputs[1] and outputs[0]


def test_sql_and_rewriting_take_urls(memory: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("duckdb", reason="DuckDB is absent: the extra `sql` is not installed")
    url = put(f"{memory}/x.sgf", SAMPLE.read_bytes())
    assert main(["sql", f"SELECT count(*) AS n FROM '{url}'", "-s", "sgf1", "--format", "csv"]) == 0
    assert capsys.readouterr().out.split() == ["n", "24"]
    out = tmp_path / "some.sgf"
    assert main(["filter", url, "-s", "sgf1", "-o", str(out), "--limit", "3"]) == 0
    assert sigflow.open(out, "sgf1").validate().frames == 3


def test_a_compressed_object_is_read_through(memory: str) -> None:
    import gzip

    for name in ("x.sgf.gz", "x.sgf"):
        url = put(f"{memory}/{name}", gzip.compress(SAMPLE.read_bytes()))
        with sigflow.open(url, "sgf1") as source:
            assert source.validate().frames == 24


# ---------------------------------------------------------------- what goes wrong


def told(url: str, capsys: pytest.CaptureFixture[str]) -> str:
    code = main(["validate", url, "-s", "sgf1"])
    lines = capsys.readouterr().err.splitlines()
    assert code == 1 and len(lines) == 1, lines
    return lines[0].partition(f"{url}: ")[2]


def test_what_a_store_says(
    s3: Asked, http: HttpFiles, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    http.refused.add("secret.sgf")
    put("s3://captures/x.sgf", LARGE)
    assert told("s3://captures/nothing.sgf", capsys) == "there is no such object"
    assert told("s3://nowhere/x.sgf", capsys) == "there is no bucket 'nowhere'"
    assert told(f"{http.url}/nothing.sgf", capsys) == "there is no such object"
    assert "refuses it" in told(f"{http.url}/secret.sgf", capsys)
    assert "cannot be read" in told("http://127.0.0.1:1/x.sgf", capsys)
    assert "refused" in told("ftp://127.0.0.1:1/x.sgf", capsys)
    assert "fsspec cannot read" in told("nonsense://x/y", capsys)
    assert "not installed" in told("gs://x/y", capsys) or "gcsfs" in sys.modules
    put("memory://folder-of/x.sgf", b"")
    assert told("memory://folder-of", capsys) == "it is a folder of objects"
    with http_server(ranges=False) as plain:
        plain.files["x.sgf"] = LARGE
        assert "range" in told(f"{plain.url}/x.sgf", capsys)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    fsspec.filesystem("s3").clear_instance_cache()
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": {"retries": {"max_attempts": 0}}})
    assert "cannot be read" in told("s3://captures/x.sgf", capsys)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nonexistent")
    fsspec.filesystem("s3").clear_instance_cache()
    assert "refuses it" in told("s3://captures/x.sgf", capsys)


def test_without_fsspec(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    assert "pip install 'sigflow[remote]'" in told("s3://captures/x.sgf", capsys)


@pytest.mark.parametrize("where", ["s3", "http", "memory"])
def test_an_object_that_is_changed_while_it_is_read(s3: Asked, http: HttpFiles, memory: str, where: str) -> None:
    def write(data: bytes) -> str:
        if where == "http":
            http.files["x.sgf"] = data
            return f"{http.url}/x.sgf"
        return put("s3://captures/x.sgf" if where == "s3" else f"{memory}/x.sgf", data)

    url = write(LARGE)
    for other in (LARGE[::-1], LARGE[: len(LARGE) // 2], LARGE * 2):
        write(LARGE)
        with sigflow.open(url, "sgf1", engine="python", index="never") as source:
            chunks = source.storage.chunks(1 << 16)
            next(chunks)
            write(other)
            with pytest.raises(OSError, match="was changed while it was read"):
                list(chunks)


def test_a_path_that_is_no_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a:b", "a:", "c:/x", "://x", "x-y"):
        assert not storage.is_url(name)
        with pytest.raises(FileNotFoundError):
            storage.open(name)
    assert storage.is_url("s3://x/y") and storage.is_url("https://x")
