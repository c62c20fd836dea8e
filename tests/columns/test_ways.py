"""Every way to a table gives the same: gathered or parsed, in one batch or in many, of one format or among others."""

from __future__ import annotations

import random
import zlib

import numpy as np
import pyarrow as pa
import pytest

import sigflow
from sigflow.columns import budget, kernels, names
from sigflow.columns.table import Options, Table
from sigflow.events import Record
from tests.columns.kit import SPECS, batch, damaged, format_of, table_of
from tests.columns.shown import same

#: What can be gathered as a whole, and what has to be parsed.
GATHERED = ["numbers", "bits", "bits_le", "text", "nested", "sgf1", "ubx", "ccsds_space_packet", "sgf_legacy"]
PARSED = ["boxed", "choices", "codecs", "trees", "tlv", "nmea0183", "instrument_hdr"]

EXAMPLES = {
    "sgf1": "53474631 01 01 00000007 0000000000000001 00000012 4adea440 0001000361626380050007 00070003646566",
    "ubx": "b562 05 01 0200 0601 0f38",
    "ccsds_space_packet": "080b c001 0003 01020304",
    "sgf_legacy": "0007 00000005 616c706861",
    "tlv": "8002 000d 0001 0001 2a 8003 0004 0004 0000",
    "nmea0183": "24 4750474c4c2c343931362e34352c4e2c31323331312e31322c572c3232353434342c41 2a 3331 0d0a",
    "instrument_hdr": "2a4844520d0a 4445563a4f0d0a 454e4449414e3a4c0d0a 4c454e3a340d0a 3b454e440d0a 01000200 abcedafb",
}


def frames_of(name: str, count: int = 120) -> list[bytes]:
    raw = bytes.fromhex(SPECS[name][3] if name in SPECS else EXAMPLES[name])
    return damaged(format_of(name), raw, count)


def equal(table: pa.Table, other: pa.Table) -> bool:
    """Equality of types and values; NaN is NaN."""
    return table.schema.equals(other.schema) and same(table.to_pylist(), other.to_pylist())


#: What gathers fields: NumPy, the functions of `kernels` as they are written, and these compiled.
NATIVELY = {
    "by NumPy": lambda objects: None,
    "by kernels": lambda objects: kernels.as_written(),
    "natively": lambda objects: kernels.compiled(),
}


@pytest.mark.parametrize("natively", NATIVELY)
@pytest.mark.parametrize("name", [*GATHERED, *PARSED])
def test_gathered_is_parsed(name: str, natively: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "worth", NATIVELY[natively])
    frames = batch(frames_of(name))
    assert len(frames) >= 30
    for wanted in (Options(), Options(instances=True, physical=True)):
        quick = table_of([format_of(name)], frames, wanted)
        slow = table_of([format_of(name)], frames, Options(wanted.instances, wanted.physical, objects=True))
        quick.validate(full=True)
        assert equal(quick, slow)
    assert Table([format_of(name)]).columns[0].gathers == (name in GATHERED)


def test_text_that_does_not_decode_is_where_the_two_ways_meet() -> None:
    """Frames that fail are parsed, the others are not, and no field behind the fault is lost in either."""
    format = format_of("text")
    frames = frames_of("text", 200)
    broken = [frame for frame in frames if Record(format, 0, frame, 0).diagnostics]
    assert 10 < len(broken) < len(frames) - 10
    only_last = Options(fields=("last",))
    last = table_of([format], batch(frames), only_last)["last"]
    assert last.to_pylist() == [int.from_bytes(frame[-2:], "little") for frame in frames]
    assert Table([format], only_last).columns[0].gathers


def payloads(chance: random.Random) -> bytes:
    """A payload that is a TLV list, mostly; a compressed one, mostly; or neither."""

    def elements(level: int) -> bytes:
        parts = []
        for _ in range(chance.randrange(4)):
            inner = elements(level + 1) if chance.random() < 0.7 and level < 12 else bytes(chance.randrange(6))
            tag = chance.randrange(1 << 15) | (0x8000 if chance.random() < 0.6 else 0)
            parts.append(tag.to_bytes(2, "big") + len(inner).to_bytes(2, "big") + inner)
        return b"".join(parts)

    payload = elements(0) or bytes(chance.randrange(256) for _ in range(chance.randrange(9)))
    return zlib.compress(payload) if chance.random() < 0.4 else payload


def sgf1_frames(count: int, seed: int = 3) -> list[bytes]:
    chance = random.Random(seed)
    frames = []
    for _ in range(count):
        payload = payloads(chance)
        if chance.random() < 0.2 and payload:
            payload = payload[: chance.randrange(len(payload))]
        flags = chance.choice((1, 5, 5, 5, chance.randrange(256)))
        head = b"SGF1\1" + bytes([flags]) + bytes(12) + len(payload).to_bytes(4, "big") + bytes(4)
        frames.append(head + payload)
    return frames


@pytest.mark.parametrize("enough", [0, 1 << 40], ids=["natively", "in Python"])
def test_codecs_by_either_way(enough: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.Loader, "worth", lambda loader, size: size >= enough)
    sgf1 = sigflow.load("sgf1", limits=sigflow.Limits(depth=7, inflated=100))
    frames = batch(sgf1_frames(600))
    quick, slow = (table_of([sgf1], frames, Options(objects=objects)) for objects in (False, True))
    assert equal(quick, slow)
    assert quick["payload_tlv"].null_count < 400 and quick["payload_zlib"].null_count < 590
    depths = {row["depth"] for rows in quick["payload_tlv"].to_pylist() for row in rows or ()}
    assert depths == set(range(8))
    for path in ("payload_zlib", "payload_tlv"):
        assert equal(table_of([sgf1], frames, Options(fields=(path,))), quick.select([*quick.column_names[:4], path]))


def test_batches_of_any_size_and_a_table_of_many_formats() -> None:
    formats = [format_of(name) for name in ("sgf1", "text", "codecs", "numbers")]
    chance = random.Random(5)
    drawn = [chance.randrange(4) for _ in range(200)]
    pools = [frames_of(format.name, 50) for format in formats]
    frames = batch([chance.choice(pools[number]) for number in drawn], drawn, first=7)
    table = Table(formats)
    whole = pa.Table.from_batches([table.batch(frames)])
    whole.validate(full=True)
    assert whole["_index"].to_pylist() == list(range(7, 207))
    assert whole["_format"].to_pylist() == [formats[number].name for number in drawn]
    cut = Table(formats)
    parts = [cut.batch(frames.part(at, at + 9)) for at in range(0, 200, 9)]
    assert equal(pa.Table.from_batches(parts), whole)
    for number, format in enumerate(formats):
        mine = np.flatnonzero(np.array(drawn) == number)
        alone = table_of(
            [format], batch([frames.data[frames.starts[n] : frames.stops[n]].tobytes() for n in mine]), Options()
        )
        rows = whole[format.name].to_pylist()
        assert all(rows[n] is None for n in range(200) if drawn[n] != number)
        assert same([rows[n] for n in mine], alone.drop_columns(alone.column_names[:4]).to_pylist())


def test_a_batch_that_becomes_too_large_is_made_as_several(monkeypatch: pytest.MonkeyPatch) -> None:
    sgf1 = sigflow.load("sgf1")
    body = zlib.compress(bytes(10_000))
    frame = b"SGF1\1\4" + bytes(12) + len(body).to_bytes(4, "big") + bytes(4) + body
    frames = batch([frame] * 20)
    whole = table_of([sgf1], frames, Options())
    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (35_000,))
    for objects in (False, True):
        table = Table([sgf1], Options(objects=objects))
        parts = list(table.batches(frames))
        assert [part.num_rows for part in parts] == [2, 3, 2, 3, 2, 3, 2, 3]
        assert equal(pa.Table.from_batches(parts), whole)
    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (5_000,))
    assert [part.num_rows for part in Table([sgf1]).batches(frames)] == [1] * 20


def test_values_without_a_name_are_their_digits_and_dictionaries_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MOST", 5)
    format = format_of("bits")
    raw = bytearray.fromhex(SPECS["bits"][3])
    frames = []
    for number in (0, 1, 0xABC, *range(100, 112), 0):
        raw[0], raw[1] = number >> 8, number & 255
        frames.append(bytes(raw))
    table = Table([format], Options(fields=("c",)))
    columns = [table.batch(batch([frame])).column("c") for frame in frames]
    shown = ["none", "some", "many", *map(str, range(100, 112)), "none"]
    assert [column.to_pylist() for column in columns] == [[name] for name in shown]
    assert max(len(column.dictionary) for column in columns) == 3 + 5
    assert columns[3].dictionary.to_pylist() == ["none", "some", "many", "100"]
    together = Table([format], Options(fields=("c",), objects=True)).batch(batch(frames)).column("c")
    assert together.to_pylist() == shown


def test_no_frames() -> None:
    for name in (*GATHERED, *PARSED):
        table = Table([format_of(name)], Options(instances=True, physical=True))
        empty = batch([])
        assert table.batch(empty).num_rows == 0
    several = Table([format_of("sgf1"), format_of("tlv")])
    assert several.batch(batch([])).schema == several.schema
