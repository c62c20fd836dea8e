"""Every byte of a capture is in the output or in the quarantine; the output reads as it was written."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import sigflow
from sigflow.errors import SigflowError
from sigflow.events import Gap, Record
from sigflow.recover import recovery
from sigflow.recover.decide import LEFT_OUT
from tests.recover.kit import damaged, formats_of, frames_of, kept, recovered
from tools.make_samples import sgf1

MIXES = [["sgf1"], ["sgf1", "instrument_hdr"], ["sgf_legacy"], ["tlv"], ["sgf1", "sgf_legacy"]]


def spans(data: bytes, names: list[str]) -> tuple[list[Record], list[Gap]]:
    events = list(sigflow.open(data, formats_of(names)).events())
    return [e for e in events if isinstance(e, Record)], [e for e in events if isinstance(e, Gap)]


def wanted(data: bytes, names: list[str], mode: str) -> bytes:
    """The output, from the definition of the modes."""
    records, gaps = spans(data, names)
    if gaps and mode == "before":
        records = [record for record in records if record.stop <= gaps[0].span.start]
    if gaps and mode == "after":
        records = [record for record in records if record.start >= gaps[-1].span.stop]
    return b"".join(record.raw for record in records)


@pytest.mark.parametrize("mode", ["all", "before", "after"])
@pytest.mark.parametrize("names", MIXES, ids=" ".join)
def test_output_and_quarantine_are_the_capture(tmp_path: Path, names: list[str], mode: str) -> None:
    for seed in range(6):
        rng = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        data = damaged(frames_of(names, rng, 40), rng, rng.choice((0.0, 0.05, 0.3)))
        formats = formats_of(names)
        done = recovered(data, folder, formats, mode)
        out, rest = folder / "out", kept(folder)
        _, gaps = spans(data, names)
        assert done.bytes == len(data) == done.frame_bytes + done.gap_bytes
        if done.placed:
            assert out.read_bytes() == wanted(data, names, mode)
            report = sigflow.open(out, formats).validate()
            assert (report.gap_bytes, report.frames) == (0, done.written_frames)
            assert done.written_bytes + sum(map(len, rest.values())) == len(data)
        else:
            assert done.difference and not out.exists()
            assert sum(map(len, rest.values())) == len(data)
        for (start, stop), raw in rest.items():
            assert raw == data[start:stop]
        assert {(gap.span.start, gap.span.stop) for gap in gaps} <= set(rest)
        assert done.left_out_total == len(rest) == done.kept == done.new
        assert done.whole == (not gaps)


@pytest.mark.parametrize("names", MIXES, ids=" ".join)
def test_its_own_output_stays_as_it_is(tmp_path: Path, names: list[str]) -> None:
    for seed in range(6):
        rng = random.Random(100 + seed)
        folder = tmp_path / str(seed)
        again = folder / "again"
        again.mkdir(parents=True)
        if recovered(damaged(frames_of(names, rng, 30), rng), folder, formats_of(names)).placed:
            done = recovered(str(folder / "out"), again, formats_of(names))
            assert done.whole and done.placed and done.quarantine is None
            assert (again / "out").read_bytes() == (folder / "out").read_bytes()


def test_the_same_capture_twice_gives_the_same_entries(tmp_path: Path) -> None:
    rng = random.Random(1)
    data = damaged(frames_of(["sgf1"], rng, 100), rng)
    first = recovered(data, tmp_path, formats_of(["sgf1"]))
    before = kept(tmp_path)
    second = recovered(data, tmp_path, formats_of(["sgf1"]))
    assert first.new == first.kept == second.kept == len(before) > recovery.BATCH // 8
    assert second.new == 0
    assert kept(tmp_path) == before
    assert second.left_out == first.left_out


def test_entries_are_acknowledged_as_they_are_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "BATCH", 3)
    rng = random.Random(2)
    data = damaged(frames_of(["sgf1"], rng, 60), rng, 0.5)
    told: list[recovery.LeftOut] = []
    done = recovered(data, tmp_path, formats_of(["sgf1"]), acknowledged=told)
    assert tuple(told) == done.left_out
    assert [left.span.start for left in told] == sorted(left.span.start for left in told)


def test_an_entry_knows_its_capture_neighbours_and_diagnostics(tmp_path: Path) -> None:
    import hashlib

    from sigflow.quarantine import Quarantine

    good = [sgf1(7, n, b"abc") for n in range(3)]
    bad = bytearray(good[1])
    bad[-1] ^= 1
    data = good[0] + bytes(bad) + good[2]
    recovered(data, tmp_path, formats_of(["sgf1"]))
    with Quarantine(tmp_path / "q") as quarantine:
        (entry,) = quarantine.entries()
    refused = entry.refused
    assert refused.capture == hashlib.sha256(data).hexdigest()
    assert (refused.name, refused.reasons) == ("x", ("sgf1:checksum", "no-marker"))
    assert [finding.code for finding in refused.diagnostics] == ["checksum"]
    assert [(spec.name, len(spec.hash)) for spec in refused.specs] == [("sgf1", 16)]
    assert refused.before is not None and refused.after is not None
    assert (refused.before.index, refused.before.sequence, refused.before.stop) == (0, 0, len(good[0]))
    assert (refused.after.index, refused.after.sequence) == (1, 2)
    assert entry.raw == hashlib.sha256(bytes(bad)).hexdigest()


def test_nothing_good_gives_an_empty_output(tmp_path: Path) -> None:
    done = recovered(b"nothing in here", tmp_path, formats_of(["sgf1"]))
    assert done.placed and not done.whole
    assert (tmp_path / "out").read_bytes() == b""
    assert kept(tmp_path) == {(0, 15): b"nothing in here"}


def test_nothing_at_all_gives_an_empty_output_and_no_quarantine(tmp_path: Path) -> None:
    for formats in ([], formats_of(["sgf1"])):
        done = recovered(b"", tmp_path, formats)
        assert done.placed and done.whole
        assert (tmp_path / "out").read_bytes() == b""
        assert not (tmp_path / "q").exists()


def test_a_report_writes_nothing_and_says_the_same(tmp_path: Path) -> None:
    for names in MIXES:
        for seed in range(4):
            rng = random.Random(seed)
            folder = tmp_path / f"{'-'.join(names)}{seed}"
            folder.mkdir()
            data = damaged(frames_of(names, rng, 40), rng)
            told = recovered(data, folder, formats_of(names), "report")
            assert list(folder.iterdir()) == []
            done = recovered(data, folder, formats_of(names))
            assert (told.written_frames, told.written_bytes) == (done.written_frames, done.written_bytes)
            assert [(left.span, left.reasons) for left in told.left_out] == [
                (left.span, left.reasons) for left in done.left_out if left.reasons != (LEFT_OUT,)
            ]
            assert bool(told.difference) == (not done.placed)
            assert not told.placed


def test_an_output_that_reads_differently_is_not_put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the capture is lost then: what would have been written is kept as well."""
    from sigflow.storage.disk import FileDraft

    rng = random.Random(3)
    data = damaged(frames_of(["sgf1"], rng, 30), rng)
    (tmp_path / "out").write_bytes(b"old")
    sync = FileDraft.sync

    def lying(draft: FileDraft) -> None:
        sync(draft)
        if draft.name.endswith("out"):
            import os

            os.pwrite(draft.descriptor, b"\xff", 5)

    monkeypatch.setattr(FileDraft, "sync", lying)
    done = recovered(data, tmp_path, formats_of(["sgf1"]))
    assert not done.placed and not done.whole and "read back" in done.difference
    assert (tmp_path / "out").read_bytes() == b"old"
    rest = kept(tmp_path)
    assert b"".join(rest[span] for span in sorted(rest)) == data
    assert not list(tmp_path.glob("*.part"))


def test_a_capture_that_changes_meanwhile_is_an_error(tmp_path: Path) -> None:
    """The id of the capture would be none of what was read."""
    path = tmp_path / "growing"
    frames = b"".join(sgf1(7, n, bytes(50)) for n in range(20_000))
    path.write_bytes(b"noise" + frames)

    from sigflow import storage

    with storage.open(str(path)) as opened:
        first = recovery.content_id(opened)
        path.write_bytes(b"noise" + frames[:-1])
        assert recovery.content_id(opened) != first
    original = recovery.content_id

    def shrinking(source: storage.Storage) -> tuple[str, int]:
        first_read = original(source)
        path.write_bytes(b"noise" + frames[: len(frames) // 2])
        return first_read

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recovery, "content_id", shrinking)
        with pytest.raises(SigflowError, match="changed while it was read"):
            recovered(str(path), tmp_path, formats_of(["sgf1"]))
    assert not (tmp_path / "out").exists()


def test_a_long_list_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "LONGEST", 2)
    rng = random.Random(4)
    done = recovered(damaged(frames_of(["sgf1"], rng, 60), rng), tmp_path, formats_of(["sgf1"]))
    assert len(done.left_out) == 2 < done.left_out_total
    assert done.tree()["left_out_total"] == done.left_out_total
