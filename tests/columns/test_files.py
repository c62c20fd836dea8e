"""What is written to a file and read back by others is what `parse --format ndjson` gives."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import sigflow
from sigflow.columns.files import WRITERS
from sigflow.columns.payload import CodecColumn
from sigflow.columns.plain_json import dumps
from sigflow.columns.table import FormatColumns, Options, Table
from sigflow.columns.tree import Trees
from sigflow.errors import LimitExceeded
from sigflow.events import Record
from sigflow.recording.frames import frame_tree
from tests.cli.calls import SAMPLES, Call
from tests.columns import shown
from tests.columns.kit import SPECS, batch, damaged, format_of
from tests.columns.test_ways import sgf1_frames

duckdb = pytest.importorskip("duckdb")
pandas = pytest.importorskip("pandas")

CAPTURES = {
    "valid_telemetry.sgf": "sgf1",
    "malformed_frame.sgf": "sgf1",
    "truncated_stream.sgf": "sgf1",
    "legacy_archive.sgf": "sgf_legacy",
    "nested.tlv": "tlv",
    "oscilloscope.hdr": "instrument_hdr",
    "mixed_noise.hdr": "instrument_hdr",
}


def wanted_row(columns: FormatColumns, trees: Trees, tree: dict[str, Any]) -> dict[str, Any]:
    """The row that a frame's JSON form must be."""
    row = {"_offset": tree["offset"], "_length": tree["length"], "_format": tree["format"], "_index": tree["index"]}
    members = trees.members(columns.type.unit)
    row |= shown.row_of(members, tree["value"] or {})
    codecs = [source for source in columns.sources if isinstance(source, CodecColumn)]
    if "metadata" in tree:
        row["metadata"] = list(tree["metadata"].items())
    row |= dict.fromkeys([source.name for source in codecs])
    # The JSON form has the payload once: as the last codec left it.
    expected = next(
        (source for source in codecs if isinstance(tree.get("payload"), str) is (source.name == "payload_zlib")), None
    )
    if expected is not None and tree["payload"] != tree["value"].get("payload"):
        row[expected.name] = shown.value(expected.node, tree["payload"])
    return row


def rows_of(lines: list[str], format: sigflow.Format, wanted: Options) -> list[dict[str, Any]]:
    columns = FormatColumns(format, wanted)
    trees = Trees(columns.type.module, instances=wanted.instances, physical=wanted.physical)
    return [wanted_row(columns, trees, json.loads(line)) for line in lines]


def plain(value: Any) -> Any:
    """What pandas gives, without its own kinds of values."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if value is pandas.NA:
        return None
    return value.item() if isinstance(value, np.generic) else value


def pairs(row: dict[str, Any]) -> dict[str, Any]:
    """A map as the pairs that Arrow has."""
    return row | {"metadata": list(row["metadata"].items())} if "metadata" in row else row


def read_back(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of a Parquet file, as its readers have them."""
    frame = pandas.read_parquet(path, dtype_backend="pyarrow")
    relation = duckdb.sql(f"select * from read_parquet('{path}') order by _index")
    names = [description[0] for description in relation.description]
    return {
        "pyarrow": parquet.read_table(path).to_pylist(),
        "pandas": [{name: plain(frame[name].iloc[n]) for name in frame.columns} for n in range(len(frame))],
        "duckdb": [pairs(dict(zip(names, row, strict=True))) for row in relation.fetchall()],
    }


@pytest.mark.parametrize("name", CAPTURES)
def test_parquet_read_back_is_ndjson(name: str, sigflow: Call, tmp_path: Path) -> None:
    import sigflow as package

    out = tmp_path / "out.parquet"
    arguments = [SAMPLES / name, "-s", CAPTURES[name]]
    lines = sigflow("parse", *arguments, "--format", "ndjson").out.splitlines()
    called = sigflow("parse", *arguments, "--format", "parquet", "-o", out)
    assert (called.out, called.code) == ("", sigflow("validate", *arguments).code)
    wanted = rows_of(lines, package.load(CAPTURES[name]), Options())
    assert wanted
    for reader, rows in read_back(out).items():
        assert shown.same(rows, wanted), reader
    out = out.with_suffix(".arrow")
    assert sigflow("parse", *arguments, "--format", "arrow", "-o", out).code == called.code
    assert shown.same(pa.ipc.open_file(out).read_all().to_pylist(), wanted)


#: Formats whose JSON form tells the type of every value.
TELLING = ["numbers", "bits", "text", "nested", "boxed", "choices", "sgf1"]


@pytest.mark.parametrize("name", TELLING)
def test_odd_values_come_back_as_they_are(name: str, tmp_path: Path) -> None:
    """Nulls, NaN and infinities, integers beyond 2^63, values without a name, and text that does not decode."""
    format = format_of(name)
    raws = sgf1_frames(80) if name == "sgf1" else damaged(format, bytes.fromhex(SPECS[name][3]), 80)
    frames = batch(raws)
    wanted = Options(instances=True, physical=True)
    offsets = frames.offsets.tolist()
    records = [Record(format, offset, raw, n) for n, (raw, offset) in enumerate(zip(raws, offsets, strict=True))]
    lines = [dumps(frame_tree(record, format, instances=True)) for record in records]
    rows = rows_of(lines, format, wanted)
    table = Table([format], wanted)
    for form, writer in WRITERS.items():
        with (tmp_path / form).open("wb") as file:
            to = writer(file, table.schema)
            for at in range(0, len(raws), 30):
                for part in table.batches(frames.part(at, min(at + 30, len(raws)))):
                    to.write(part)
            to.close()
    assert shown.same(pa.ipc.open_file(tmp_path / "arrow").read_all().to_pylist(), rows)
    for reader, rows_read in read_back(tmp_path / "parquet").items():
        assert shown.same(rows_read, rows), reader


def test_the_values_of_the_oracle_are_odd() -> None:
    """The test above means something: its frames have what it speaks of."""
    (numbers,) = Table([format_of("numbers")]).batches(batch([bytes.fromhex(SPECS["numbers"][3])]))
    (row,) = numbers.to_pylist()
    assert row["d"] == (1 << 64) - 1 and math.isnan(row["i"]) and row["j"] == -math.inf
    nested = Table([format_of("nested")], Options(instances=True))
    (row,) = next(nested.batches(batch([bytes.fromhex(SPECS["nested"][3])]))).to_pylist()
    assert row["points"][0]["far"] == Decimal(1 << 64)


def test_the_file_says_what_its_columns_mean(tmp_path: Path, sigflow: Call) -> None:
    out = tmp_path / "out.parquet"
    sigflow("parse", SAMPLES / "valid_telemetry.sgf", "-s", "sgf1", "--format", "parquet", "-o", out)
    schema = parquet.read_schema(out)
    (said,) = json.loads(schema.metadata[b"sigflow.formats"])
    assert said["name"] == "sgf1" and said["spec"] == "sgf1.ksy" and len(said["hash"]) == 16
    assert said["fields"]["flags.compressed"] == "The payload is a zlib stream (RFC 1950)."
    assert schema.field("stream_id").metadata[b"doc"].startswith(b"The stream this frame belongs to")
    assert json.loads(schema.field("flags").type.field("encoding").metadata[b"enum"]) == {"opaque": 0, "tlv": 1}


def test_too_many_values_without_a_name_for_one_arrow_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sigflow.columns import names

    monkeypatch.setattr(names, "MOST", 3)
    raw = bytearray.fromhex(SPECS["bits"][3])
    table = Table([format_of("bits")], Options(fields=("c",)))
    parts = []
    for number in range(100, 110):
        raw[1] = number
        parts.append(table.batch(batch([bytes(raw)])))
    with (tmp_path / "one.parquet").open("wb") as file:
        to = WRITERS["parquet"](file, table.schema)
        for part in parts:
            to.write(part)
        to.close()
    assert parquet.read_table(tmp_path / "one.parquet")["c"].to_pylist() == [str(2560 + n) for n in range(100, 110)]
    with (tmp_path / "one.arrow").open("wb") as file:
        to = WRITERS["arrow"](file, table.schema)
        with pytest.raises(LimitExceeded, match="write Parquet"):
            for part in parts:
                to.write(part)
