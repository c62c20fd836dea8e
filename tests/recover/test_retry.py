"""Captures of a newer agent are refused by the old spec, kept, and come out complete with the new one."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import sigflow
from sigflow import storage
from sigflow.events import Event
from sigflow.quarantine import Quarantine
from sigflow.recording import Recording
from sigflow.recover import Retry, retry
from sigflow.storage.disk import FileDraft
from sigflow.stream.format import Format
from tests.recover.kit import Faulty, damaged, kept, recovered

OLD = """
meta: {id: agent, endian: be}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..body}
  sequence: {field: sequence}
  max-frame: 300
seq:
  - {id: magic, contents: AG}
  - {id: version, type: u1, valid: 1}
  - {id: sequence, type: u4}
  - {id: len_body, type: u1}
  - {id: body, size: len_body}
  - {id: crc, type: u4}
"""
NEW = OLD.replace("valid: 1", "valid: {any-of: [1, 2]}").replace(
    "  - {id: len_body", "  - {id: temperature, type: s2, if: version == 2}\n  - {id: len_body"
)


def frame(version: int, sequence: int, body: bytes) -> bytes:
    added = b"\xff\xf6" if version == 2 else b""
    head = b"AG" + bytes([version]) + sequence.to_bytes(4, "big") + added + bytes([len(body)]) + body
    return head + zlib.crc32(head).to_bytes(4, "big")


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Format, Format]:
    folder = tmp_path_factory.mktemp("specs")
    (folder / "old.ksy").write_text(OLD)
    (folder / "new.ksy").write_text(NEW)
    return sigflow.compile(folder / "old.ksy"), sigflow.compile(folder / "new.ksy")


def retried(folder: Path, format: Format, out: str = "more", purge: bool = False, **more: object) -> Retry:
    def reread(path: str) -> Iterator[Event]:
        with storage.open(path) as opened:
            yield from Recording(opened, [format]).events()

    with Quarantine(folder / "q") as quarantine:
        entries = quarantine.entries(undecoded=True)
        return retry(quarantine, entries, [format], str(folder / out), reread=reread, purge=purge, **more)  # type: ignore[arg-type]


def agents(rng: random.Random, count: int) -> list[bytes]:
    """Frames of old and new agents, in no order."""
    return [frame(rng.choice((1, 1, 2)), n, rng.randbytes(rng.randrange(30))) for n in range(count)]


def test_a_newer_agents_frames_come_out_complete(tmp_path: Path, specs: tuple[Format, Format]) -> None:
    old, new = specs
    frames = agents(random.Random(1), 200)
    done = recovered(b"".join(frames), tmp_path, [old])
    assert (tmp_path / "out").read_bytes() == b"".join(frame for frame in frames if frame[2] == 1)
    assert done.left_out_total > 20
    again = retried(tmp_path, new)
    newer = [frame for frame in frames if frame[2] == 2]
    assert (tmp_path / "more").read_bytes() == b"".join(newer)
    assert again.whole and again.placed and (again.frames, again.left_bytes) == (len(newer), 0)
    assert {record.value.temperature for record in sigflow.open(tmp_path / "more", new)} == {-10}
    # Marked, and nothing deleted.
    with Quarantine(tmp_path / "q") as quarantine:
        entries = list(quarantine.entries())
        assert len(entries) == done.left_out_total
        assert all(entry.decoded_ns is not None for entry in entries)
        (attempt,) = quarantine.attempts(entries[0])
        assert attempt.specs[0].hash == new.envelope.about.source_hash  # type: ignore[union-attr]
    nothing = retried(tmp_path, new, "third")
    assert (nothing.entries, nothing.placed, nothing.whole) == ((), False, True)
    assert not (tmp_path / "third").exists()


def test_what_is_left_is_kept_for_the_next_time(tmp_path: Path, specs: tuple[Format, Format]) -> None:
    old, new = specs
    for seed in range(8):
        rng = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        data = damaged(agents(rng, 60), rng, 0.3)
        recovered(data, folder, [old])
        first = kept(folder)
        again = retried(folder, new)
        # Each stretch of each entry came out, or is in an entry of its own.
        with Quarantine(folder / "q") as quarantine:
            for tried in again.entries:
                left = list(quarantine.entries(tried.left)) if tried.left else []
                assert tried.frame_bytes + sum(entry.size for entry in left) == tried.entry.size or not tried.frames
                assert {entry.refused.parent for entry in left} <= {tried.entry.id}
                for entry in left:
                    span = entry.refused.span
                    assert b"".join(quarantine.chunks(entry)) == data[span.start : span.stop]
        assert first.items() <= kept(folder).items()
        raws = {record.raw for record in sigflow.open(data, new)}
        got = (folder / "out").read_bytes() + (folder / "more").read_bytes()
        assert len(got) == sum(map(len, raws))
        # The same spec finds nothing more.
        assert retried(folder, new, "third").frames == 0


def test_an_old_spec_finds_nothing_and_marks_nothing(tmp_path: Path, specs: tuple[Format, Format]) -> None:
    old, _ = specs
    recovered(frame(1, 1, b"a") + frame(2, 2, b"b"), tmp_path, [old])
    again = retried(tmp_path, old)
    assert (again.frames, again.placed, again.whole) == (0, False, False)
    with Quarantine(tmp_path / "q") as quarantine:
        (entry,) = quarantine.entries(undecoded=True)
        (attempt,) = quarantine.attempts(entry)
        assert (attempt.frames, attempt.left_bytes) == (0, entry.size)


def test_purge_deletes_what_came_out_and_nothing_else(tmp_path: Path, specs: tuple[Format, Format]) -> None:
    old, new = specs
    data = frame(2, 1, b"a") + b"noise" + frame(1, 2, b"b") + b"more noise" + frame(1, 3, b"c")
    recovered(data, tmp_path, [old])
    again = retried(tmp_path, new, purge=True)
    assert again.purged
    assert (tmp_path / "more").read_bytes() == frame(2, 1, b"a")
    assert sorted(kept(tmp_path).values()) == [b"more noise", b"noise"]


def test_a_failure_on_the_way_loses_nothing(tmp_path: Path, specs: tuple[Format, Format]) -> None:
    old, new = specs
    rng = random.Random(5)
    recovered(damaged(agents(rng, 30), rng), tmp_path, [old])
    before = kept(tmp_path)
    counting = Faulty()
    retried(tmp_path, new, "counted", disk=counting)
    for fail_at in range(1, counting.calls + 1):
        folder = tmp_path / str(fail_at)
        folder.mkdir()
        import shutil

        shutil.copytree(tmp_path / "q", folder / "q")
        with Quarantine(folder / "q") as quarantine:
            quarantine._ledger._connection.execute("UPDATE entries SET decoded_ns = NULL")
        with pytest.raises(OSError):
            retried(folder, new, disk=Faulty(fail_at), purge=True)
        assert before.items() <= kept(folder).items()
        assert not (folder / "more").exists() or (folder / "more").read_bytes() == (tmp_path / "counted").read_bytes()


def test_an_output_that_reads_differently_marks_nothing(
    tmp_path: Path, specs: tuple[Format, Format], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = specs
    recovered(frame(1, 1, b"a") + b"noise" + frame(2, 2, b"b"), tmp_path, [old])
    before = kept(tmp_path)
    monkeypatch.setattr(FileDraft, "sync", lambda draft: draft.clear())
    again = retried(tmp_path, new, purge=True)
    assert again.difference and not again.placed and not again.purged
    assert kept(tmp_path) == before
    with Quarantine(tmp_path / "q") as quarantine:
        assert all(entry.decoded_ns is None for entry in quarantine.entries())


def test_frames_with_errors_are_counted(tmp_path: Path) -> None:
    from tools.make_samples import sgf1

    bad = sgf1(7, 2, b"no zlib stream", compressed=True)
    recovered(sgf1(7, 1, b"a") + b"noise" + bad, tmp_path, [sigflow.load("sgf1")], "before")
    again = retried(tmp_path, sigflow.load("sgf1"))
    assert (again.frames, again.errors, again.whole) == (1, 1, False)
