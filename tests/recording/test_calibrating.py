"""Rules of sigflow.yaml over frames: what trees, columns, conditions and NumPy by hand say is the same."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import sigflow
from sigflow.calibration import CALIBRATIONS
from sigflow.columns.options import Options
from sigflow.columns.table import Table
from sigflow.recording import tables
from sigflow.recording.frames import views
from tests.recording.calibrating_kit import CONFIG, SPEC, frames, ruled
from tools import bench_physical as bench


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("probe.ksy").write_text(SPEC)
    Path("sigflow.yaml").write_text(CONFIG)
    return tmp_path


def plain(value: Any) -> Any:
    """A value of a column as it is in a tree; floats by their bits."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return "NaN" if value != value else value.hex()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.items()} if isinstance(value, dict) else value


def told(value: Any) -> Any:
    """A part of a tree, with floats by their bits, and enums by their names."""
    if isinstance(value, dict) and value.keys() == {"name", "raw"}:
        return value["name"]
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()  # (as Arrow has text that does not decode)
    if value in ("Infinity", "-Infinity"):
        return float(value).hex()
    if isinstance(value, list):
        return [told(item) for item in value]
    return {name: told(item) for name, item in value.items()} if isinstance(value, dict) else plain(value)


def physical(row: dict[str, Any], path: str) -> Any:
    """What a row has at a path of `Record.physical`."""
    if path in row and f"{path}_physical" not in row:
        return row[path]  # a computed quantity
    *owners, last = path.split(".")
    for owner in owners:
        row = row[owner]
    return row[f"{last}_physical"]


def test_all_ways_say_the_same(folder: Path) -> None:
    """Trees, columns of bytes, columns of objects, one by one and in batches of any size; `Record.physical`."""
    data = frames(100, damaged=True)
    format = ruled()
    with sigflow.open(data, format) as recording:
        made = recording.to_arrow()
        run = recording.run_of_frames()
        table = Table([format], Options(objects=True))
        parsed = pa.Table.from_batches(tables.batches_of(run, table), table.schema)
        for size in (1, 7):
            batches = list(recording.batches(size))
            assert [plain(row) for batch in batches for row in batch.to_pylist()] == plain(made.to_pylist())
        rows = made.to_pylist()
        assert plain(rows) == plain(parsed.to_pylist())
        view = views([format], Options())["probe"]
        records = list(recording)
    assert format.calibrations is not None
    seen = set()
    for record, row in zip(records, rows, strict=True):
        tree = view.of(record)
        assert list(tree["value"]) == [name for name in row if name[0] != "_" and not name.startswith("metadata.")]
        for name, value in tree["value"].items():
            assert told(value) == plain(row[name]), name
        assert tree["calibration"] == row["_calibration"]
        assert tree["metadata"] == record.metadata
        assert {key: row[f"metadata.{key}"] for key in format.calibrations.keys} == {
            key: record.metadata.get(key) for key in format.calibrations.keys
        }
        for path, value in record.physical.items():
            assert told(value) == plain(physical(row, path)), path
        seen.add(record.rules)
    assert len(seen) == 6


def test_by_hand(folder: Path) -> None:
    data = frames(200)
    with sigflow.open(data, "probe.ksy") as recording:
        raw = recording.to_arrow()
    with sigflow.open(data, "probe.ksy", config="sigflow.yaml") as recording:
        made = recording.to_arrow()
    column = {name: raw.column(name).to_numpy() for name in ("device", "kind", "seconds", "temperature", "level")}
    seven = (column["device"] == 7) & (column["temperature"] > 300) & (column["seconds"] >= 5 * 3600)
    seven &= column["seconds"] < 86400
    six = column["device"] == 6
    assert seven.any() and six.any()
    x = column["temperature"].astype(np.float64)
    wanted = np.where(seven, (3e-7 * x + 2e-3) * x + 1.0, 0.0625 * x + -40.0)
    wanted = np.where(six, x * 0.1 + 0.0, wanted)
    assert made.column("temperature_physical").to_numpy().tobytes() == wanted.tobytes()
    levels = made.column("level_physical").to_pylist()
    hand = np.interp(column["level"], [0, 512, 1023], [0.0, 1.2, 5.0]).tolist()
    assert levels == [value if there else None for value, there in zip(hand, seven.tolist(), strict=True)]
    volts = raw.column("voltage").to_numpy()
    current = np.array([body["current"] for body in raw.column("body").to_pylist()])
    power = (volts * 0.002 + 0.0) * (current * 0.1 + 0.0)
    assert made.column("power").to_pylist() == [
        value if there else None for value, there in zip(power.tolist(), seven.tolist(), strict=True)
    ]
    # What the spec says holds where no rule does.
    assert (
        made.column("voltage_physical").to_numpy().tobytes() == np.where(seven, volts * 0.002, volts * 0.001).tobytes()
    )
    assert set(made.column("metadata.site").to_pylist()) == {"roof", "cellar"}
    versions = made.column("_calibration").to_pylist()
    assert [version is not None and "v7" in version.split("+") for version in versions] == seven.tolist()
    field = made.schema.field("temperature_physical")
    assert field.metadata[b"unit"] == b"degC" and b"v7" in field.metadata[b"calibration"]
    assert made.schema.field("power").metadata == {b"expression": b"voltage * body.current", b"unit": b"W"}


def test_the_bench_agrees_with_numpy_bit_for_bit(tmp_path: Path) -> None:
    data, raw = bench.make_capture(30_000)
    assert bench.wrong(bench.opened(data, tmp_path, ruled=True), bench.by_hand(raw)) == []
    # A test that cannot fail is none: another number is seen.
    other = bench.by_hand(raw)
    other["level"][77] = np.nextafter(other["level"][77], 1e9)
    assert bench.wrong(bench.opened(data, tmp_path, ruled=True), other) == ["level"]


def test_the_bench_prints_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--frames", "300", "--repeats", "1"]) == 0
    shown = capsys.readouterr().out
    assert "equal, bit for bit" in shown and bench.CALIBRATED in shown


CONDITIONS = [
    ("temperature > 100", lambda row: row["temperature_physical"] > 100),
    ("raw(temperature) > 100", lambda row: row["temperature"] > 100),
    ("level > 1.1", lambda row: row["level_physical"] is not None and row["level_physical"] > 1.1),
    ("not (level > 1.1)", lambda row: row["level_physical"] is not None and not row["level_physical"] > 1.1),
    ("voltage < -1", lambda row: row["voltage_physical"] < -1),
    ("power < -0.1", lambda row: row["power"] is not None and row["power"] < -0.1),
    ("hot and both == 8", lambda row: row["hot"] and row["both"] == 8),
    ("body.current > 20", lambda row: (row["body"]["current_physical"] or 0) > 20),
    ("body.points[1].x > 20", lambda row: (row["body"]["points"][1]["x_physical"] or 0) > 20),
    ("samples[2] == 4.0", lambda row: row["samples_physical"] is not None and row["samples_physical"][2] == 4.0),
    ("samples.max > 8", lambda row: row["samples_physical"] is not None and max(row["samples_physical"]) > 8),
    ('words == "ab!"', lambda row: True),
    ("raw(samples[2] + voltage) > 0", lambda row: row["samples"][2] + row["voltage"] > 0),
    ("extra > 1.5", lambda row: row["extra"] is not None and row["extra_physical"] > 1.5),
    ("summed > 0", lambda row: row["summed"] is not None and row["summed"] > 0),
]


@pytest.mark.parametrize(("text", "holds"), CONDITIONS, ids=[text for text, _ in CONDITIONS])
def test_conditions_are_on_physical_values(folder: Path, text: str, holds: Any) -> None:
    with sigflow.open(frames(120), ruled()) as recording:
        wanted = [row["_index"] for row in recording.to_arrow().to_pylist() if holds(row)]
        chosen = recording.filter(text)
        assert chosen.to_arrow().column("_index").to_pylist() == wanted
        assert [record.index for record in chosen] == wanted


def test_an_index_is_not_asked_for_physical_values(folder: Path) -> None:
    """Bounds of raw times and counters say nothing of what these are calibrated to."""
    Path("x.bin").write_bytes(frames(300))
    Path("sigflow.yaml").write_text(
        "metadata:\n  - {when: {format: probe}, calibrate: {seconds: {scale: 2}, count: {scale: 10}}}\n"
    )
    from sigflow.recording.selection.ranges import ranges_by_format

    raw = sigflow.load("probe.ksy")
    assert ranges_by_format("seconds > 100 and count < 3", [raw]) != [[]]
    assert ranges_by_format("seconds > 100 and count < 3", [ruled()]) == [[]]


def test_sql_and_datasets(folder: Path) -> None:
    data = frames(100)
    Path("x.bin").write_bytes(data)
    with sigflow.open("x.bin", ruled()) as recording:
        rows = recording.to_arrow().to_pylist()
        dataset = recording.dataset()
        made = dataset.to_table(columns=["power", "_calibration"], filter=pa.compute.field("power") < 0)
        wanted = [row for row in rows if row["power"] is not None and row["power"] < 0]
        assert made.column("power").to_pylist() == [row["power"] for row in wanted]
        assert made.column("_calibration").to_pylist() == [row["_calibration"] for row in wanted]


def test_frames_are_built_of_what_was_calibrated(folder: Path) -> None:
    data = frames(40)
    with sigflow.open(data, ruled()) as recording:
        table = recording.to_arrow()
    assert b"".join(map(bytes, sigflow.load("probe.ksy").build_many(table))) == data


def test_the_version_of_a_rule_is_its_own(folder: Path) -> None:
    """Its text, or a hash of what it says, however that is written."""

    def version(rule: str) -> str:
        Path("sigflow.yaml").write_text(f"metadata:\n  - {rule}\n")
        calibrations = ruled().calibrations
        assert calibrations is not None
        return calibrations.rules[0].version

    first = version("{when: {format: probe}, calibrate: {level: {poly: [1, 2.0]}}}")
    assert len(first) == 12 and set(first) <= set("0123456789abcdef")
    assert (
        version("{calibrate: {level: {poly: [1.0, 2]}}, when: {format: probe}}") != first
    )  # (another number is written)
    assert version("{calibrate: {level: {poly: [1, 2.0]}}, when: {format: probe}}") == first
    assert version("{when: {format: probe}, calibrate: {level: {poly: [1, 2.5]}}}") != first
    assert version("{when: {format: probe}, version: 3, calibrate: {level: {poly: [1, 2.5]}}}") == "3"


def test_a_calibration_of_ones_own(folder: Path) -> None:
    class Shifted:
        def __init__(self, *, by: float, words: list[str]) -> None:
            self.by = by
            assert words == ["a", "b"]

        def of_array(self, values: Any) -> Any:
            return values + self.by

    import sigflow as public

    public.register_calibration("test-shifted")(Shifted)
    try:
        with pytest.raises(public.UsageError, match="already registered"):
            public.register_calibration("test-shifted")(Shifted)
        Path("sigflow.yaml").write_text(
            "metadata:\n  - {calibrate: {level: {use: test-shifted, by: 0.5, words: [a, b], unit: m}}}\n"
        )
        with public.open(frames(5), ruled()) as recording:
            table = recording.to_arrow()
        levels = table.column("level").to_pylist()
        assert table.column("level_physical").to_pylist() == [level + 0.5 for level in levels]
    finally:
        CALIBRATIONS._things.pop("test-shifted")


def test_calibrated_formats_are_not_pickled(folder: Path) -> None:
    import pickle

    with pytest.raises(pickle.PicklingError, match="has rules of sigflow"):
        pickle.dump(ruled(), io.BytesIO())


LASTS = """
metadata:
  - {when: {format: probe}, calibrate: {level: {scale: 0.5}}}
compute:
  - {format: probe, name: other, value: "level + last(1, level)"}
  - {format: probe, name: step, value: "seconds - last('0', raw(seconds))"}
  - {format: probe, name: both, value: "other + last(1, extra)"}
"""


def test_last_values_follow_from_the_frames_in_order(folder: Path) -> None:
    """By hand, in every way; also of frames that are picked, over fallbacks, and in batches of any size."""
    Path("sigflow.yaml").write_text(LASTS)
    data = frames(150, damaged=True)
    format = ruled()
    with sigflow.open(data, format) as recording:
        rows = recording.to_arrow().to_pylist()
        assert recording.whole_only
        wanted = []
        seen: dict[Any, dict[str, Any]] = {}
        for row in rows:
            mine = seen.setdefault(row["device"], {})
            level, extra, seconds = (mine.get(name) for name in ("level", "extra", "seconds"))
            other = None if level is None else row["level"] * 0.5 + level
            step = None if seconds is None else row["seconds"] - seconds
            wanted.append((other, step, None if other is None or extra is None else other + extra))
            if row["kind"] == 1:
                mine["level"], mine["extra"] = row["level"] * 0.5, row["extra"]
            else:
                mine["seconds"] = row["seconds"]
        assert [(row["other"], row["step"], row["both"]) for row in rows] == wanted
        assert len({None} & {row["other"] for row in rows}) == 1 and sum(row["other"] is not None for row in rows) > 100
        for size in (1, 7, 64):
            made = [row for batch in recording.batches(size) for row in batch.to_pylist()]
            assert [(row["other"], row["step"], row["both"]) for row in made] == wanted
        view = views([format], Options())["probe"]
        trees = [view.of(record)["value"] for record in recording]
        assert [(tree["other"], tree["step"], tree["both"]) for tree in trees] == wanted
        for text in ("kind == 0 and other > 100", "step == 3600"):
            picked = recording.filter(text)
            chosen = picked.to_arrow().to_pylist()
            assert chosen and [(row["other"], row["step"], row["both"]) for row in chosen] == [
                wanted[row["_index"]] for row in chosen
            ]
            assert [record.index for record in picked] == [row["_index"] for row in chosen]
        # A frame by itself does not know those before it: that is said, and is no number.
        with pytest.raises(sigflow.UsageError, match="asks for the frames before"):
            view.of(sigflow.Record(format, 0, next(iter(recording)).raw, 0))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("last(level)", "'last' takes 2 arguments"),
        ("last(1 + 1, level)", "a kind is a name"),
        ("last(1, last(1, level))", "'last' is for computed quantities"),
        ("last(1, body)", "the last value is a number, a boolean or a text"),
        ("last(1, levl)", "unknown field 'levl'"),
    ],
)
def test_last_values_that_are_none(folder: Path, value: str, words: str) -> None:
    from sigflow.config import read
    from sigflow.recording.calibrating import calibrated

    Path("sigflow.yaml").write_text(f"compute:\n  - {{name: a, value: '{value}'}}\n")
    mistakes = calibrated(read("sigflow.yaml"), [sigflow.load("probe.ksy")])[1]
    assert len(mistakes) == 1 and words in str(mistakes[0]) and str(mistakes[0]).startswith("sigflow.yaml:2:")


def test_quantities_that_are_no_arrays_beside_gathered_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data, raw = bench.make_capture(600)
    Path("probe.ksy").write_text(bench.SPEC)
    Path("sigflow.yaml").write_text(
        "metadata:\n  - {calibrate: {level: {scale: 2}}}\ncompute:\n  - {name: words, value: level.to_i.to_s}\n"
        "  - {name: odd, value: level > 9}\n  - {name: whole, value: raw(level) * 3 + status}\n"
        "  - {name: large, value: current * 4294967296 * 4}\n  - {name: three, value: '3'}\n"
        "  - {name: half, value: level / status}\n"
    )
    with sigflow.open(data, "probe.ksy", config="sigflow.yaml") as recording:
        assert Table(recording.formats).gathers
        rows = recording.to_arrow().to_pylist()
    for row, level, status, current in zip(
        rows, raw["level"].tolist(), raw["status"].tolist(), raw["current"].tolist(), strict=True
    ):
        assert row["words"] == str(2 * level) and row["odd"] == (2 * level > 9) and row["three"] == 3
        assert row["whole"] == 3 * level + status
        assert row["large"] == (current << 34 if -(1 << 63) <= current << 34 < 1 << 63 else None)
        assert row["half"] == (2.0 * level / status if status else None)


def test_many_rules(folder: Path) -> None:
    """More than are told apart at once."""
    rules = "".join(
        f"  - {{when: {{where: temperature > {limit}}}, set: {{a: '{limit}'}}, "
        f"calibrate: {{level: {{scale: {limit}}}}}}}\n"
        for limit in range(0, 65000, 2600)
    )
    Path("sigflow.yaml").write_text(f"metadata:\n{rules}")
    with sigflow.open(frames(300), ruled()) as recording:
        rows = recording.to_arrow().to_pylist()
        records = list(recording)
    for row, record in zip(rows, records, strict=True):
        limit = (row["temperature"] - 1) // 2600 * 2600 if row["temperature"] else None
        limit = limit if limit is None or limit <= 62400 else 62400
        assert row["level_physical"] == (None if limit is None else row["level"] * float(limit))
        assert row["metadata.a"] == (None if limit is None else str(limit)) == record.metadata.get("a")
        assert record.physical["level"] == row["level_physical"]
