"""Rules of sigflow.yaml on the command line: every form shows what they say; what is wrong with one is told with its
place, by `config check` and by whatever uses the file.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sigflow as public
from tests.cli.calls import Call
from tests.recording.calibrating_kit import CONFIG, SPEC, frames


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("probe.ksy").write_text(SPEC)
    Path("sigflow.yaml").write_text(CONFIG)
    return tmp_path


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table"])
def test_every_form(folder: Path, sigflow: Call, form: str) -> None:
    Path("x.bin").write_bytes(frames(30))
    done = sigflow("parse", "x.bin", "-s", "probe.ksy", "--format", form, "--limit", 14)
    assert done.code == 0, done.err
    assert "calibrated temperature level body.current" in done.err and "computed power" in done.err
    if form == "ndjson":
        first = json.loads(done.out.splitlines()[0])
        assert (
            first["value"]["temperature_physical"] == first["value"]["temperature"] * 0.0625 - 40.0 or first["metadata"]
        )
        assert list(first)[:6] == ["format", "index", "offset", "length", "time", "calibration"]
    if form == "csv":
        head = done.out.splitlines()[0].split(",")
        assert (
            head[5] == "_calibration" and head[-3:] == ["metadata.site", "metadata.instrument", "metadata.six"]
        ) or head
        assert "temperature_physical" in head and "power" in head


def test_fields_that_are_asked_for(folder: Path, sigflow: Call) -> None:
    Path("x.bin").write_bytes(frames(30))
    names = "power,temperature_physical,body.current_physical,samples_physical[1],metadata.site,body"
    done = sigflow("parse", "x.bin", "-s", "probe.ksy", "--format", "ndjson", "--fields", names)
    assert done.code == 0, done.err
    whole = sigflow("parse", "x.bin", "-s", "probe.ksy", "--format", "ndjson")
    for some, all_ in zip(done.out.splitlines(), whole.out.splitlines(), strict=True):
        value, tree = json.loads(some)["value"], json.loads(all_)
        assert value["power"] == tree["value"]["power"]
        assert value["temperature_physical"] == tree["value"]["temperature_physical"]
        assert value["body.current_physical"] == tree["value"]["body"]["current_physical"]
        assert value["samples_physical[1]"] == (tree["value"]["samples_physical"] or [None] * 2)[1]
        assert value["metadata.site"] == tree["metadata"]["site"]
        assert value["body"] == tree["value"]["body"]
    done = sigflow("parse", "x.bin", "-s", "probe.ksy", "--fields", "powr")
    assert done.code == 2 and "unknown field 'powr', did you mean 'power'?" in done.err


def test_sources(folder: Path, sigflow: Call) -> None:
    Path("sigflow.yaml").write_text(
        "metadata:\n  - {when: {format: probe, source: 'roof*'}, calibrate: {level: {scale: 2}}}\n"
        "  - {when: {format: probe, source: [a.bin, 'x/*']}, set: {site: a}}\n"
    )
    Path("x").mkdir()
    for name in ("roof1.bin", "a.bin", "x/roof.bin", "b.bin"):
        Path(name).write_bytes(frames(1))
    seen = {}
    for name in ("roof1.bin", "a.bin", "x/roof.bin", "b.bin"):
        tree = json.loads(sigflow("parse", name, "-s", "probe.ksy", "--format", "ndjson").out)
        seen[name] = tree["value"]["level_physical"] is not None, tree["metadata"].get("site")
    assert seen == {
        "roof1.bin": (True, None), "a.bin": (False, "a"), "x/roof.bin": (True, "a"), "b.bin": (False, None),
    }  # fmt: skip


MISTAKES = [
    ("{calibrate: {temprature: {scale: 2}}}", "2:18: unknown field 'temprature' in probe, did you mean 'temperature'?"),
    ("{calibrate: {body.curent: {scale: 2}}}", "2:18: unknown field 'body.curent' in probe, did you mean 'current'?"),
    ("{calibrate: {mode: {scale: 2}}}", "2:18: 'mode' of probe cannot be calibrated: it is an enum, and no number"),
    ("{calibrate: {magic: {scale: 2}}}", "2:18: 'magic' of probe cannot be calibrated: it is bytes, and no number"),
    ("{calibrate: {flag: {scale: 2}}}", "2:18: 'flag' of probe cannot be calibrated: it is a boolean, and no number"),
    ("{calibrate: {label: {scale: 2}}}", "it is a text, and no number"),
    ("{calibrate: {body: {scale: 2}}}", "it is an object, and no number"),
    ("{calibrate: {level: {poly: []}}}", "2:32: a polynomial has at least one coefficient"),
    ("{calibrate: {level: {poly: [1, x]}}}", "2:36: found 'x', wanted a number"),
    ("{calibrate: {level: {poly: [1], scale: 2}}}", "a calibration has one of poly, table, scale and offset, or use"),
    ("{calibrate: {level: {ploy: [1]}}}", "2:26: unknown key 'ploy', did you mean 'poly'?"),
    ("{calibrate: {level: {}}}", "here: none of them"),
    ("{calibrate: {level: {table: [[0, 1], [0, 2]]}}}", "2:42: raw values rise from row to row: 0 stands behind 0"),
    ("{calibrate: {level: {table: [[0, 1], [3]]}}}", "2:42: a row is a pair"),
    ("{calibrate: {level: {use: thermstr}}}", "2:31: unknown calibration 'thermstr'"),
    ("{calibrate: {level: {use: linear, scael: 2}}}", "2:31: calibration 'linear': TypeError"),
    ("{calibrate: {level: {scale: 2, unit: [m]}}}", "2:42: a unit is a text"),
    ("{when: {where: devce == 1}, set: {a: b}}", "2:20: unknown field 'devce' in probe"),
    ("{when: {where: device + 1}, set: {a: b}}", "a condition is a boolean, got"),
    ("{when: {where: device ==}, set: {a: b}}", "2:29: no condition"),
    ("{from: 2026-01-02, until: 2026-01-01, set: {a: b}}", "2:31: nothing is from 2026-01-02 on and before 2026-01-01"),
    ("{from: 2026-01-02, until: 5s, set: {a: b}}", "are both dates, or both seconds"),
    ("{from: 5s, set: {a: b}}", "2:12: the time of probe is a date (2026-01-31), found 5s"),
    ("{from: yesterday, set: {a: b}}", "2:12: wanted a time"),
    ("{when: {formt: probe}, set: {a: b}}", "2:13: unknown key 'formt', did you mean 'format'?"),
    ("{version: 'a+b', set: {a: b}}", "a version is a text on one line, without `+`"),
    (
        "{calibrate: {level: {scale: 2, unit: m}}}\n  - {calibrate: {level: {scale: 2, unit: ft}}}",
        "3:42: found 'ft', but 'm' in metadata[0]: a column has one unit",
    ),
]
COMPUTED = [
    ("{name: a, value: levl * 2}", "2:22: unknown field 'levl' in probe"),
    ("{name: a, value: level * label}", "'*' does not take"),
    ("{name: a, value: level *}", "no expression"),
    ("{name: a, value: mode}", "a quantity is a number, a boolean or a text; this is an enum"),
    ("{name: level, value: device}", "2:12: 'level' is a field of probe already"),
    ("{name: raw, value: device}", "'raw' is a word of the language already"),
    ("{name: a, value: device}\n  - {name: a, value: level}", "3:12: 'a' is another quantity of probe already"),
    ("{name: a, value: a + 1}", "2:22: 'a' is computed in a circle: a -> a"),
    (
        "{name: q0, value: 1}" + "".join(f"\n  - {{name: q{n + 1}, value: q{n} + q{n}}}" for n in range(40)),
        "15:24: with what it asks for, 'q13' reads more than 10000 values",
    ),
    (
        "{name: q0, value: 1}" + "".join(f"\n  - {{name: q{n + 1}, value: q{n} + 1}}" for n in range(99)),
        "62:24: 'q60' asks for quantities that ask for others, more than 60 deep",
    ),
    ("{name: a, value: b + 1}\n  - {name: b, value: a + 1}", "2:22: 'a' is computed in a circle: a -> b -> a"),
    (
        "{name: a, value: b + 1}\n  - {name: b, value: level}",
        "'b' is computed below 'a': a quantity asks for those before it",
    ),
    ("{name: A-b, value: level}", "2:12:"),
    ("{name: a, value: 'raw(level, 1)'}", "'raw' takes 1 argument, got 2"),
    ("{name: a, value: 'raw(levl)'}", "unknown field 'levl'"),
]


@pytest.mark.parametrize(
    ("section", "entry", "words"),
    [*(("metadata", *case) for case in MISTAKES), *(("compute", *case) for case in COMPUTED)],
)
def test_what_is_wrong_is_told_with_its_place(
    folder: Path, sigflow: Call, section: str, entry: str, words: str
) -> None:
    Path("sigflow.yaml").write_text(f"{section}:\n  - {entry}\n")
    Path("x.bin").write_bytes(b"")
    done = sigflow("config", "check", "-s", "probe.ksy")
    assert done.code == 2 and words in done.err, done.err
    assert done.err.startswith("sigflow: error: sigflow.yaml:") or done.err.startswith("sigflow.yaml:"), done.err
    # Whoever uses the file says the same.
    used = sigflow("parse", "x.bin", "-s", "probe.ksy")
    assert used.code == 2 and words in used.err, used.err


def test_places_hold_where_an_entry_before_is_wrong(folder: Path, sigflow: Call) -> None:
    Path("sigflow.yaml").write_text(
        "metadata:\n  - {sett: {a: b}}\n  - {calibrate: {levl: {scale: 2}}}\ncompute:\n  - {nam: a}\n"
        "  - {name: b, value: levl}\n"
    )
    done = sigflow("config", "check", "-s", "probe.ksy")
    for place in ("sigflow.yaml:2:6", "sigflow.yaml:3:18", "sigflow.yaml:5:6", "sigflow.yaml:6:22"):
        assert place in done.err, done.err


def test_a_rule_for_other_formats_is_none_of_these(folder: Path, sigflow: Call) -> None:
    Path("sigflow.yaml").write_text(
        "metadata:\n  - {when: {format: sgf1}, calibrate: {stream_id: {scale: 2}}}\n"
        "compute:\n  - {format: sgf1, name: twice, value: stream_id * 2}\n"
    )
    Path("x.bin").write_bytes(frames(2))
    done = sigflow("parse", "x.bin", "-s", "probe.ksy", "--format", "ndjson")
    assert done.code == 0 and "calibration" not in done.out and done.err == ""
    assert sigflow("config", "check").code == 0
    Path("sigflow.yaml").write_text("metadata:\n  - {when: {format: sgf2}, set: {a: b}}\n")
    done = sigflow("config", "check")
    assert done.code == 2 and "sigflow.yaml:2:21" in done.err


def test_what_is_written_is_raw(folder: Path, sigflow: Call) -> None:
    """Values that are set, and those that are converted, are numbers on the wire."""
    Path("sigflow.yaml").write_text("metadata:\n  - {calibrate: {level: {scale: 2}}}\n")
    Path("x.bin").write_bytes(frames(3))
    assert sigflow("edit", "x.bin", "-s", "probe.ksy", "--set", "level=level + 1", "-o", "y.bin").code == 0

    levels = [[record.value.level for record in public.open(name, "probe.ksy")] for name in ("x.bin", "y.bin")]
    assert levels[1] == [level + 1 for level in levels[0]]
