"""The commands that make captures of captures, and the options that say which frames are meant, as they are called."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call, process
from tests.cli.schema import faults
from tools.make_samples import sgf1

VALID = SAMPLES / "valid_telemetry.sgf"
MALFORMED = SAMPLES / "malformed_frame.sgf"


def capture(frames: int = 400) -> bytes:
    """Frames with noise between, some of another version, which is noted, and one lost."""
    rng = random.Random(2)
    pieces = []
    for number in range(frames):
        raw = sgf1(number % 3, number // 3, rng.randbytes(rng.randrange(40)))
        pieces.append(b"noise" if number == 150 else b"")
        pieces.append(b"" if number == 250 else raw)
    return b"".join(pieces)


SELECTIONS = [
    [],
    ["--where", "sequence % 3 == 0"],
    ["--where", "payload.length > 10 and payload[0] > 100", "--limit", "9"],
    ["--stream", "1", "--skip", "40"],
    ["--stream", "1", "--stream", "0x2", "--skip", "99", "--limit", "20"],
    ["--since", "#140", "--until", "#160"],
    ["--since", "5000", "--until", "0x2000"],
    ["--limit", "0"],
    ["--limit", "250"],
    ["--format-name", "sgf1", "--until", "#151"],
    ["--where", "_length == 1"],
]


@pytest.mark.parametrize("selection", SELECTIONS, ids=" ".join)
@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_both_engines_print_the_same_frames(sigflow: Call, tmp_path: Path, selection: list[str], form: str) -> None:
    (tmp_path / "a.sgf").write_bytes(capture())
    command = ["parse", tmp_path / "a.sgf", "-s", "sgf1", "--format", form, *selection]
    native = sigflow(*command, "--engine", "native")
    python = sigflow(*command, "--engine", "python")
    assert (native.code, native.out, native.err) == (python.code, python.out, python.err)
    assert native.code == 3 or {"--limit", "--until"} & set(selection)


@pytest.mark.parametrize("selection", SELECTIONS, ids=" ".join)
def test_all_commands_mean_the_same_frames(sigflow: Call, tmp_path: Path, selection: list[str]) -> None:
    (tmp_path / "a.sgf").write_bytes(capture())
    read = [tmp_path / "a.sgf", "-s", "sgf1", "--quiet", *selection]
    lines = sigflow("parse", *read, "--format", "ndjson").out.splitlines()
    frames = [json.loads(line) for line in lines]
    indexes, size = [frame["index"] for frame in frames], sum(frame["length"] for frame in frames)
    items = json.loads(sigflow("inspect", *read, "--format", "json").out)["items"]
    assert [item["index"] for item in items if item["kind"] == "frame"] == indexes
    for name in ("stats", "validate"):
        tree = json.loads(sigflow(name, *read, "--format", "json").out)
        assert faults(tree, "stats" if name == "stats" else "verdict") == []
        assert tree["frames"] == 399 and tree["bytes"] == len(capture())
        if selection:
            assert tree["selected"] == {"frames": len(frames), "bytes": size}
        else:
            assert "selected" not in tree
    done = json.loads(sigflow("filter", *read, "--format", "json", "-o", tmp_path / "out").out)
    assert done["written"] == {"frames": len(frames), "bytes": size}
    replayed = process(tmp_path, "replay", str(tmp_path / "a.sgf"), "-s", "sgf1", "--max", "--quiet", *selection)
    assert replayed.stdout == (tmp_path / "out").read_bytes()
    table = tmp_path / "out.parquet"
    sigflow("parse", *read, "--format", "parquet", "-o", table)
    if frames or "--limit" not in selection:
        import pyarrow.parquet as pq

        assert pq.read_table(table)["_index"].to_pylist() == indexes


def test_a_recovery_keeps_what_is_not_selected(sigflow: Call, tmp_path: Path) -> None:
    data = capture()
    (tmp_path / "a.sgf").write_bytes(data)
    out = tmp_path / "out.sgf"
    command = ["recover", tmp_path / "a.sgf", "-s", "sgf1", "--stream", "1", "--stream", "2", "--format", "json"]
    done = json.loads(sigflow(*command, "-o", out).out)
    assert faults(done, "recovery") == []
    left = [(item["start"], item["stop"]) for item in done["left_out"]]
    assert {tuple(item["reasons"]) for item in done["left_out"]} == {("left-out",), ("no-marker",)}
    kept, at = b"", 0
    for start, stop in left:
        kept += data[at:start]
        at = stop
    assert out.read_bytes() == kept + data[at:]
    assert sum(stop - start for start, stop in left) + out.stat().st_size == len(data)
    assert done["kept"]["entries"] == len(left)
    assert done["written"]["frames"] == 265 and done["frames"] == 399 and done["gap_bytes"] == 5
    # What was left out comes out of the quarantine again.
    sigflow("quarantine", "retry", f"{out}.quarantine", "-s", "sgf1", "-o", tmp_path / "rest.sgf")
    streams = json.loads(sigflow("stats", tmp_path / "rest.sgf", "-s", "sgf1", "--format", "json").out)
    assert [entry["stream"] for entry in streams["formats"][0]["streams"]] == [0]
    assert streams["frames"] == 134
    assert sigflow(*command, "-o", out, "--mode", "before").code == 2


def test_a_mistake_is_told_with_a_caret(sigflow: Call, tmp_path: Path) -> None:
    for command in (["parse"], ["stats"], ["validate"], ["inspect"], ["filter", "-o", tmp_path / "x"]):
        called = sigflow(*command, VALID, "-s", "sgf1", "--where", "stream_id > 'a'")
        assert called.code == 2 and called.out in ("", "[\n")
        assert called.err.splitlines()[-3:] == [
            "sigflow: error: integer can't be compared with string",
            "  stream_id > 'a'",
            "  ^",
        ]
    assert not list(tmp_path.iterdir())


def test_hostile_conditions_are_mistakes(sigflow: Call) -> None:
    texts = ["(" * 5000, "1 +" * 5000, "a" * 100_000, "\x1b[2J", "__class__ == 1", "payload.__class__ == 1", "1 << 99"]
    for text in texts:
        called = sigflow("parse", VALID, "-s", "sgf1", "--where", text)
        assert called.code == 2, text
        assert len(called.err) < 3000
    assert sigflow("parse", VALID, "-s", "sgf1", "--where", "(1 << (1 << 62)) == 0", "--format", "csv").code == 0


DOCUMENTS = [
    ["filter", VALID, "--where", "sequence > 3"],
    ["filter", MALFORMED],
    ["merge", VALID, MALFORMED],
    ["merge", VALID, VALID, "--by", "order"],
    ["sort", VALID],
    ["dedupe", VALID, "--window", "5"],
    ["convert", VALID, "--to", "sgf1"],
    ["convert", MALFORMED, "--to", "sgf1"],
    ["split", VALID, "--by", "stream"],
    ["split", VALID, "--by", "size", "--every", "0.1KiB"],
]


@pytest.mark.parametrize("arguments", DOCUMENTS, ids=lambda arguments: " ".join(map(str, arguments)).replace("/", " "))
def test_every_document_fits_its_schema(sigflow: Call, tmp_path: Path, arguments: list[object]) -> None:
    called = sigflow(*arguments, "-s", "sgf1", "-o", tmp_path / "out", "--format", "json")
    document = json.loads(called.out)
    assert faults(document, "rewritten") == []
    assert document["placed"] and called.code == (0 if document["sound"] else 3)
    assert (tmp_path / "out").exists()


def test_the_input_is_never_written_over(sigflow: Call, tmp_path: Path) -> None:
    data = VALID.read_bytes()
    path, link = tmp_path / "a.sgf", tmp_path / "b.sgf"
    path.write_bytes(data)
    link.symlink_to(path)
    for command in (["filter", path], ["sort", path], ["dedupe", path], ["merge", VALID, path]):
        for out in (path, link):
            called = sigflow(*command, "-s", "sgf1", "-o", out)
            assert called.code == 2 and "would overwrite the capture" in called.err
    assert sigflow("split", path, "--by", "stream", "-s", "sgf1", "-o", path).code == 2
    assert path.read_bytes() == data


def test_standard_input_and_output(tmp_path: Path) -> None:
    data = VALID.read_bytes()
    commands = [["filter", "-"], ["dedupe", "-"], ["sort", "-"], ["convert", "-", "--to", "sgf1"]]
    for command in (*commands, ["merge", "-", str(VALID), "--by", "order"]):
        done = process(tmp_path, *command, "-s", "sgf1", "-o", "-", input=data)
        assert done.returncode == 0, done.stderr
        assert b"read back" in done.stderr
        assert len(done.stdout) == len(data) * (2 if command[0] == "merge" else 1)


def test_captures_of_formats_that_are_not_named(sigflow: Call, tmp_path: Path) -> None:
    empty, out = tmp_path / "empty", tmp_path / "out"
    empty.write_bytes(b"")
    called = sigflow("merge", empty, VALID, MALFORMED, "--by", "order", "-o", out)
    assert called.code == 3 and "empty: the capture holds no bytes" in called.err
    assert out.stat().st_size == 1181 + 264
    assert sigflow("merge", empty, empty, "-o", out).code == 2
    called = sigflow("merge", empty, "-o", out, "-s", "sgf1")
    assert called.code == 0 and out.read_bytes() == b""
    for command in (["filter"], ["dedupe"], ["sort"]):
        called = sigflow(*command, empty, "-o", out)
        assert called.code == 0 and "holds no bytes" in called.err and out.read_bytes() == b""
    assert sigflow("split", empty, "--by", "format", "-o", tmp_path / "parts").code == 0
    assert list((tmp_path / "parts").iterdir()) == []


def test_compressed_captures(sigflow: Call, tmp_path: Path) -> None:
    data = VALID.read_bytes()
    packed = tmp_path / "a.sgf.gz"
    packed.write_bytes(gzip.compress(data))
    called = sigflow("split", packed, "-s", "sgf1", "--by", "count", "--every", "10", "-o", tmp_path / "parts")
    assert called.code == 0, called.err
    files = sorted((tmp_path / "parts").iterdir())
    assert [path.name for path in files] == [f"a-0000{n}.sgf" for n in (1, 2, 3)]
    assert b"".join(path.read_bytes() for path in files) == data
    # Of one that is cut, what could be read is used, and the exit code says so.
    packed.write_bytes(gzip.compress(data * 40)[:-20])
    for command in (["dedupe"], ["filter"], ["merge", "--by", "order"]):
        called = sigflow(*command, packed, "-s", "sgf1", "-o", tmp_path / "cut")
        assert called.code == 3 and "a.sgf.gz" in called.err
        assert (tmp_path / "cut").read_bytes()[: len(data)] == data


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["merge", VALID, "nowhere.sgf", "-o", "x"], "nowhere.sgf: no such file"),
        (["merge", VALID, "--by", "time", "-o", "x"], "--by time: no format has a time (sgf1)"),
        (["split", VALID, "--by", "kind", "-o", "x"], "--by kind: no format has a kind (sgf1)"),
        (["split", VALID, "--by", "size", "-o", "x"], "--by size needs --every with a size such as 64MiB"),
        (["split", VALID, "--by", "count", "--every", "2s", "-o", "x"], "needs --every with a number of frames"),
        (["split", VALID, "--by", "stream", "--every", "2", "-o", "x"], "--every is for --by size, time, count"),
        (["split", VALID, "--by", "stream", "-o", "-"], "several files need a folder"),
        (["sort", VALID, "--by", "time", "-o", "x"], "--by time: no format has a time (sgf1)"),
        (["filter", VALID, "-o", "x.gz"], "is not compressed"),
        (["filter", VALID, "--kind", "1", "-o", "x"], "--kind: no format tells kinds apart (sgf1)"),
    ],
)
def test_what_cannot_be_done(
    sigflow: Call, tmp_path: Path, arguments: list[object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    called = sigflow(*arguments, "-s", "sgf1")
    assert called.code in (1, 2) and message in called.err
    assert not list(tmp_path.iterdir())
