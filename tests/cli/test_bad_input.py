"""Bad input through every command: one clear line, the right exit code, no traceback, a clean terminal."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call, Called
from tests.cli.test_terminal import on_terminal
from tests.work import calls_of
from tools.make_samples import sgf1

VALID = SAMPLES / "valid_telemetry.sgf"
SCANNING = {"validate": [], "parse": [], "inspect": [], "replay": ["--max"], "benchmark": ["--quiet"], "stats": []}


# ---------------------------------------------------------------- files


def unreadable(folder: Path) -> dict[str, tuple[Path, str]]:
    """Paths that cannot be read, whoever asks, and the words that say why."""
    loop = folder / "loop.ksy"
    loop.symlink_to(loop.name)
    paths = {
        "missing": (folder / "none.ksy", "no such file or directory"),
        "a folder": (folder, "is a directory"),
        "below a file": (VALID / "x.ksy", "not a directory"),
        "a link to itself": (loop, "too many levels of symbolic links"),
        "a name too long": (folder / ("x" * 300 + ".ksy"), "file name too long"),
        "a hostile name": (folder / "\x1b[31mred\n.ksy", "no such file or directory"),
    }
    memory = Path("/proc/self/mem")
    if memory.exists():  # opens, and fails at the first read, as a broken disk does
        paths["a broken disk"] = (memory, "input/output error")
    return paths


def test_a_file_that_cannot_be_read_is_1_in_one_line(sigflow: Call, tmp_path: Path) -> None:
    for what, (path, words) in unreadable(tmp_path).items():
        calls = [[command, path, "-s", "sgf1", *more] for command, more in SCANNING.items()]
        calls += [["lint", path], ["compile", path, "-o", tmp_path / "out"]]
        if path.suffix == ".ksy":
            calls += [["validate", VALID, "-s", path]]
        for arguments in calls:
            called = sigflow(*arguments)
            assert called.code == 1, (what, arguments)
            (line,) = called.err.splitlines()
            assert line.startswith("sigflow: error: ") and line.endswith(words), (what, arguments, line)


def test_a_capture_after_one_that_cannot_be_read_is_still_done(sigflow: Call, tmp_path: Path) -> None:
    called = sigflow("validate", tmp_path / "none", VALID, "-s", "sgf1")
    assert called.code == 1
    assert "1181 in 24 frames" in called.out


@pytest.mark.parametrize(
    "text",
    ["42", "null", '"text"', "[]", "{}", "~", "meta: 5", "meta: {id: [x]}", "meta: {id: a}\nseq: 5", "--- {}\n--- {}",
     "meta: {id: a}\nseq: [*x]", "%YAML 9.9\n---\nmeta: {id: a}", "? {a: b}\n: c", "meta: {id: a}\nmeta: {id: b}",
     'meta: {id: a}\nseq: !!python/object/apply:os.system ["touch gotcha"]', "\ufeff", "a: b: c", "{" * 5000],
)  # fmt: skip
def test_a_spec_that_is_none_is_1_with_its_place(
    sigflow: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = tmp_path / "x.ksy"
    spec.write_text(text, encoding="utf-8")
    for arguments in (["lint", spec], ["compile", spec, "-o", tmp_path / "out"], ["validate", VALID, "-s", spec]):
        called = sigflow(*arguments)
        assert called.code == 1
        assert re.search(r"x\.ksy:\d+:\d+: error SF\d+: ", called.out + called.err)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.ksy"]


def test_a_spec_of_100_megabytes_is_refused_at_once(sigflow: Call, tmp_path: Path) -> None:
    spec = tmp_path / "x.ksy"
    with open(spec, "wb") as file:
        file.write(b"meta: {id: a}\nseq:\n")
        for _ in range(100):
            file.write(b"  - {id: x, type: u1}\n" * (1_000_000 // 23))
        file.truncate(100 << 20)
    answers: list[Called] = []
    for arguments in (["lint", spec], ["compile", spec, "-o", tmp_path / "out"], ["validate", VALID, "-s", spec]):
        calls = calls_of(lambda arguments=arguments: answers.append(sigflow(*arguments)))
        assert calls < 100_000, calls
    for called in answers:
        assert called.code == 1
        assert re.search(r"the spec is larger than \d+ bytes", called.out + called.err)


# ---------------------------------------------------------------- captures


MIB = 1 << 20
NOTHING = {
    "zeros": ("sgf1", bytes(MIB)),
    "ones": ("ubx", b"\xff" * MIB),
    "random": ("instrument_hdr", random.Random(3).randbytes(MIB)),
    "markers of sgf1": ("sgf1", b"SGF1" * (MIB // 4)),
    "markers of instrument_hdr": ("instrument_hdr", b"*HDR\r\n" * (MIB // 6)),
    "markers of ubx": ("ubx", b"\xb5\x62" * (MIB // 2)),
    "lengths that claim everything": ("sgf1", (b"SGF1\1" + bytes(13) + b"\0\x0f\xff\xff" + bytes(8)) * (MIB // 30)),
}


@pytest.mark.parametrize("what", NOTHING)
@pytest.mark.usefixtures("time_decides")
def test_a_mebibyte_of_nothing_is_all_gap_in_bounded_time(sigflow: Call, tmp_path: Path, what: str) -> None:
    name, content = NOTHING[what]
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    called = sigflow("validate", path, "-s", name, "--format", "json")
    verdict = json.loads(called.out)
    assert (called.code, verdict["frames"], verdict["gap_bytes"]) == (3, 0, len(content))
    assert verdict["work_ratio"] <= 8
    path.write_bytes(content[: MIB // 32])
    assert calls_of(lambda: sigflow("validate", path, "-s", name)) < 200 * MIB // 32


# ---------------------------------------------------------------- what is shown


HOSTILE = "\x1b[31mred\x1b[2J\x1b]0;title\x07\x9b5A\r\n\b\x7f\u202egnp.exe\u2066\u200b\x00\x85\u2028"
SPEC = r"""
meta: {id: hostile, endian: be, title: "title \e[31m\b", encoding: UTF-8}
doc: "doc \e[2J\r\u202e \"\"\" ''' \\ {x} %s"
-sigflow-stream:
  checksum: {field: sum, algorithm: sum-8, over: [magic..latin]}
seq:
  - {id: magic, contents: TX}
  - {id: size, type: u1, doc: "a byte \e]0;x\a"}
  - {id: text, type: str, size: size, -sigflow-note: {if: size > 0, code: shown, text: "note \e[31m\x9b2J"}}
  - {id: raw, size: size}
  - {id: latin, type: str, size: 8, encoding: ISO-8859-1, -sigflow-unit: "\e[31mV"}
  - {id: sum, type: u1}
"""
#: What an escape sequence that only colours looks like.
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def hostile(folder: Path) -> tuple[Path, Path]:
    """A spec whose texts, and a capture whose strings, would move the cursor; even its name would."""
    spec = folder / "hostile.ksy"
    spec.write_text(SPEC, encoding="utf-8")
    text = HOSTILE.encode()
    body = b"TX" + bytes((len(text),)) + text * 2 + b"\x1b[31m\x9b\r\x85"
    frame = body + bytes((sum(body) & 255,))
    capture = folder / "\x1b[31mcap\rture.bin"
    capture.write_bytes(frame + b"\x1b[2Jnoise\r" + frame[:-1] + b"?" + frame + b"TX\xff\x1b[31m")
    return spec, capture


def shown_of(spec: Path, capture: Path) -> list[list[str]]:
    where, named = str(capture), ["-s", str(spec)]
    return [
        ["validate", where, *named],
        ["validate", where, *named, "--format", "json"],
        ["validate", where],
        *(["parse", where, *named, "--format", form] for form in ("table", "json", "ndjson", "csv")),
        ["parse", where, *named, "--fields", "text,latin"],
        ["parse", where, *named, "--fields", "\x1b[31m"],
        ["inspect", where, *named],
        ["inspect", where, *named, "--frame", "0"],
        ["inspect", where, *named, "--offset", "90"],
        ["inspect", where, *named, "--frame", "0", "--format", "json"],
        ["replay", where, *named, "--max"],
        ["benchmark", where, *named],
        ["lint", str(spec)],
        ["lint", str(spec), "--format", "json"],
        ["compile", str(spec), "-o", str(capture.parent / "out\x1b[31m")],
        ["formats", "\x1b[31m"],
        ["\x1b[31m"],
    ]


def test_nothing_of_a_capture_or_a_spec_moves_the_cursor(tmp_path: Path) -> None:
    """On a terminal, with colours: they are all that is sent beside text and line ends."""
    spec, capture = hostile(tmp_path)
    seen = ""
    for arguments in shown_of(spec, capture):
        code, shown = on_terminal(tmp_path, *arguments)
        plain = COLOUR.sub("", shown).replace("\r\n", "\n")
        for bad in (char for char in plain if not char.isprintable() and char != "\n"):
            pytest.fail(f"{arguments}: {bad!r} in {shown!r}")
        assert "Traceback" not in plain
        assert code in (0, 1, 2, 3)
        assert not re.search(r"\x1b\[[0-9;]*m(red|cap|V|noise)", shown)  # nor do its own colours
        seen += plain
    for text in ("gnp.exe", "cap", "\\x1b[31m"):
        assert text in seen  # it was shown, only harmless


def test_the_same_without_a_terminal(sigflow: Call, tmp_path: Path) -> None:
    """Elsewhere the fixture sees to it; frames are found, and every form says the same of them."""
    spec, capture = hostile(tmp_path)
    for arguments in shown_of(spec, capture):
        sigflow(*arguments)
    frames = json.loads(sigflow("parse", capture, "-s", spec, "--format", "json").out)["frames"]
    assert [frame["value"]["text"] for frame in frames] == [HOSTILE, HOSTILE]
    assert frames[0]["value"]["latin"] == "\x1b[31m\x9b\r\x85"


def test_bundled_formats_show_payloads_harmlessly(tmp_path: Path) -> None:
    payload = HOSTILE.encode()
    captures = {
        "sgf1": sgf1(7, 1, payload) + payload + sgf1(7, 5, payload),
        "nmea0183": b"$GPTXT,\x1b[31m*00\r\n" + b"$GPTXT,01*49\r\n",
        "instrument_hdr": b"*HDR\r\nN:\x1b[31m\r\nLEN:1\r\n;END\r\n" + payload,
    }
    for name, content in captures.items():
        path = tmp_path / "x.bin"
        path.write_bytes(content)
        for command, more in SCANNING.items():
            code, shown = on_terminal(tmp_path, command, str(path), "-s", name, *more, "--color", "never")
            assert code == 3
            assert all(char.isprintable() or char == "\n" for char in shown.replace("\r\n", "\n")), (command, shown)
