"""The table of `parse`, and what `inspect` shows: what people look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call, process
from tests.cli.forms_kit import (
    SCOPE,
    VALID,
    beacon,
    sensor,
    text,
)
from tests.cli.schema import faults

# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_table_fits_its_width(sigflow: Call, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for arguments in (["-s", "sgf1", VALID], [SCOPE], ["-s", "tlv", SAMPLES / "nested.tlv"]):
        lines = sigflow("parse", *arguments).out.splitlines()
        assert len(lines) > 6 and max(map(len, lines)) <= width
        head, first, *_ = lines
        for name in ("_offset", "_length"):  # numbers stand on the right of their column
            end = head.index(name) + len(name)
            assert all(line[end - 1].isdigit() and line[end] == " " for line in lines[1:])
        assert all(line[head.index("_format")].isalpha() for line in lines[1:])
        assert ("more: --wide" in head) == (first.endswith("  ..."))
        assert width >= 200 or "more: --wide" in head or "tag" in head


def test_columns_are_aligned_and_enums_have_names(sigflow: Call) -> None:
    head, *lines = sigflow("parse", VALID, "-s", "sgf1", "--quiet").out.splitlines()
    place = head.index("flags.encoding")
    assert {line[place:].split()[0] for line in lines} == {"tlv", "opaque"}
    assert all("..." in line or len(line) - head.index("payload", head.index("checksum")) <= 32 for line in lines)


def test_a_wide_table_shows_all(sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    values = [
        json.loads(line)["value"]
        for line in sigflow("parse", VALID, "-s", "sgf1", "--format", "ndjson").out.splitlines()
    ]
    lines = sigflow("parse", VALID, "-s", "sgf1", "--wide").out.splitlines()[1:]
    assert lines[0].split()[-1] == values[0]["payload"]
    assert all(value["payload"] in line for value, line in zip(values, lines, strict=True))


def test_a_table_is_not_kept_waiting(tmp_path: Path) -> None:
    """Of standard input each frame is shown as it comes, a late longer value included."""
    from tools.make_samples import sgf1

    done = process(tmp_path, "parse", "-", "-s", "sgf1", input=sgf1(7, 1, b"x") + sgf1(7, 2, b"x" * 99))
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3


# ---------------------------------------------------------------- inspect


def test_inspect_shows_what_each_field_says(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(sensor(1_700_000_000_123_456) + sensor(2, 9, -1))
    arguments = ["inspect", specs / "x.bin", "-s", specs / "sensor.ksy"]
    lines = sigflow(*arguments, "--frame", 0).out.splitlines()
    told = {line[92:].strip().split("  ")[0]: line[92:].split("  ")[-1].strip() for line in lines if line[92:].strip()}
    assert (
        told
        | {
            "at": "1700000000123456",
            "kind": "pair (1)",
            "temperature": "4000 = 0 C",
            "levels[1]": "4 = 2",
            "body.left": "1",
            "body.right_physical": "4.0",
            "sum": str(sensor(1_700_000_000_123_456)[-1]),
        }
        == told
    )
    assert next(line for line in lines if "temperature" in line).split()[:3] == ["11", "0f", "a0"]
    assert "9 (no name)" in sigflow(*arguments, "--frame", 1).out
    document = json.loads(sigflow(*arguments, "--frame", 0, "--format", "json").out)
    assert faults(document, "inspect") == []
    fields = {field["path"]: field for field in document["items"][0]["fields"]}
    assert (fields["temperature"]["value"], fields["temperature"]["physical"]) == (4000, 0.0)
    assert fields["temperature"]["unit"] == "C"
    assert fields["kind"]["value"] == {"name": "pair", "raw": 1}
    assert "value" not in fields["magic"]


def test_inspect_indents_nested_fields(sigflow: Call) -> None:
    lines = sigflow("inspect", SCOPE, "--frame", 0, "--quiet").out.splitlines()
    names = [line[92:] for line in lines if "lines[0]" in line]
    assert [len(name) - len(name.lstrip()) for name in names] == [2, 4, 4, 2]
    assert [name.split()[0] for name in names][1:3] == ["lines[0].text.key_bytes", "lines[0].text.value"]
    assert [name.split()[1:] for name in names][1:3] == [['"DEV"'], ['"OSC-4000"']]


def test_inspect_shows_the_values_of_what_was_refused(sigflow: Call) -> None:
    out = sigflow("inspect", SAMPLES / "malformed_frame.sgf", "-s", "sgf1", "--offset", "140").out
    assert [line.split()[-1] for line in out.splitlines() if "  sequence" in line or "  stream_id" in line] == [
        "7",
        "4",
    ]
    truncated = sigflow("inspect", SAMPLES / "truncated_stream.sgf", "-s", "sgf1", "--offset", "0x154").out
    assert [line.split()[-1] for line in truncated.splitlines() if "  payload_length" in line] == ["46"]


def test_offsets_in_hexadecimal(sigflow: Call) -> None:
    arguments = ["inspect", SAMPLES / "malformed_frame.sgf", "-s", "sgf1"]
    plain = sigflow(*arguments, "--offset", "140").out
    assert sigflow(*arguments, "--offset", "0x8c").out == sigflow(*arguments, "--offset", "0X8C").out == plain
    out = sigflow(*arguments, "--offset", "140", "--hex").out
    assert "at 0x84: checksum" in out and "flipped at offset 0xad" in out and "  0x9e  72 65" in out
    assert " 132" not in out and " 173" not in out
    explained = sigflow(*arguments, "--offset", "180", "--explain", "--hex").out
    assert explained.startswith("frame 0xb0..0xdc (44 bytes)") and "offset 0xad" in explained
    verdict = sigflow("validate", SAMPLES / "malformed_frame.sgf", "-s", "sgf1", "--hex").out
    assert "gap 0x84..0xb0 (44 bytes)" in verdict and "at offset 0x9a" in verdict and "frame at 0x84" in verdict
    assert "      0x90  00 00" in verdict and verdict.splitlines()[1] == "  308 bytes = 264 in 6 frames + 44 in 1 gap"
    plain = sigflow("validate", SAMPLES / "malformed_frame.sgf", "-s", "sgf1").out
    carets = [line.index("^") for out in (plain, verdict) for line in out.splitlines() if line.strip() == "^"]
    assert len(carets) == 2 and carets[0] == carets[1]
    assert " 0xb0 " in sigflow("parse", SAMPLES / "malformed_frame.sgf", "-s", "sgf1", "--hex").out
    for wrong in ("0x", "x10", "-1", "1_0", "0b1", "1.5", "", "0x-1", "½"):
        called = sigflow(*arguments, "--offset", wrong)
        assert (called.code, "no offset" in called.err or "offset" in called.err) == (2, True), wrong


def test_frames_of_several_formats_are_aligned(sigflow: Call, specs: Path) -> None:
    (specs / "x.bin").write_bytes(sensor(1_700_000_000_123_456) + beacon(b"abc") + sensor(2) + text(b"t"))
    named = [word for name in ("sensor", "beacon", "texts") for word in ("-s", specs / f"{name}.ksy")]
    head, *lines = sigflow("parse", specs / "x.bin", *named).out.splitlines()
    assert [line.split()[3:5] for line in lines] == [
        ["sensor", "2023-11-14T22:13:20.123456Z"], ["beacon", "-"], ["sensor", "1970-01-01T00:00:00.000002Z"],
        ["texts", "-"],
    ]  # fmt: skip
    assert {line.index("magic=") for line in lines} == {lines[0].index("magic=")}
    assert all(line[head.index("_time") - 1] == " " for line in lines)
    assert lines[0].index("temperature=") == lines[2].index("temperature=")
