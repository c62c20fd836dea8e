"""The parts around the native scan: windows, the cache of compiled scans, the choice of an engine, hostile input."""

from __future__ import annotations

import os
import platform
import random
import subprocess
import sys
from pathlib import Path

import pytest

from sigflow import catalog
from sigflow import engine as engines
from sigflow.engine import Native, build, loop, objects
from sigflow.engine.files import Ahead, InTurn
from sigflow.engine.live import Live
from sigflow.engine.scanner import NativeScanner
from sigflow.engine.window import read_only
from sigflow.engine.windows import Whole, windows_of
from sigflow.errors import UsageError
from sigflow.recording import Recording
from sigflow.recording.engines import Choice
from sigflow.recording.native import NativeRun
from sigflow.storage import open as open_storage
from sigflow.storage.memory import MemoryStorage
from sigflow.stream.engines import Left
from sigflow.stream.format import Format
from sigflow.stream.scan import Sink
from sigflow.stream.segment import MORE, Segment
from tests.engine.formats import with_native_measure
from tests.engine.streams import native, stream_of
from tests.engine.ways import Pieces, events_of
from tests.stream import formats as f
from tests.stream.formats import changed
from tests.stream.ways import decode, shape

ROOT = Path(__file__).resolve().parents[2]


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000])
@pytest.mark.parametrize(("window", "room"), [(1, 0), (7, 3), (64, 16), (4096, 64)])
@pytest.mark.parametrize("way", [Ahead, InTurn])
def test_windows_of_a_file_are_the_file(
    tmp_path: Path, way: type[Ahead | InTurn], size: int, window: int, room: int
) -> None:
    rng = random.Random(size)
    data = rng.randbytes(size)
    (tmp_path / "file").write_bytes(data)
    with open_storage(tmp_path / "file") as storage:
        windows = way(storage.descriptor, window, room)  # type: ignore[attr-defined]
        if isinstance(windows, InTurn):  # begun somewhere else before
            windows.begin(size // 2, size // 2 + 3)
            assert windows.after(size // 2).base == size // 2
        windows.begin(0)
        offset, seen = 0, b""
        while True:
            after = windows.after(offset)
            assert after.base <= offset and not after.data.flags.writeable
            assert after.data.tobytes() == data[after.base : after.base + len(after.data)]
            seen += after.data.tobytes()[offset - after.base :]
            if after.final:
                break
            assert after.base + len(after.data) > offset
            left = rng.choice([0, 0, 1, 5, 40])  # so much is carried over
            offset = max(offset, after.base + len(after.data) - left)
            seen = seen[:offset]
        windows.close()
    assert seen == data


def test_what_is_in_memory_is_one_window() -> None:
    windows = windows_of(MemoryStorage(b"abc"))
    assert isinstance(windows, Whole) and windows.after(0).data.tobytes() == b"abc" and windows.after(0).final


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("mmap", [False, True])
def test_files_and_maps_give_the_same(tmp_path: Path, workers: int, mmap: bool) -> None:
    data = b"".join(stream_of("sgf1", seed, (400,)) for seed in range(80))
    (tmp_path / "file").write_bytes(data)
    scan = native("sgf1", True)
    wanted = shape(events_of(scan, [data]))
    for chunk_size in (100, None):
        with open_storage(tmp_path / "file", mmap=mmap) as storage:
            run = NativeRun(storage, scan, chunk_size=chunk_size, workers=workers, range_size=1500)
            assert shape(list(run.events())) == wanted


# ---------------------------------------------------------------- the cache


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        cwd=ROOT,
    )


VALIDATE = """
import sys
sys.path[:0] = [{root!r}, {generated!r}]
COMPILER = 'llvmlite'
from sigflow import catalog
from sigflow.recording import Recording
from sigflow.storage.memory import MemoryStorage
{before}
data = open("samples/valid_telemetry.sgf", "rb").read()
said = []
recording = Recording(MemoryStorage(data), [catalog.load("sgf1")], engine={engine!r}, notice=said.append)
report = recording.validate()
print(report.engine, report.frames, len(said), sys.modules.get(COMPILER) is not None)
"""


def validate(engine: str, cache: Path, before: str = "", **environment: str) -> list[str]:
    code = VALIDATE.format(root=str(ROOT), generated=str(ROOT / "generated"), engine=engine, before=before)
    done = run(code, SIGFLOW_CACHE=str(cache), XDG_CACHE_HOME=str(cache), **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


#: Whether machine code is loaded without LLVM.
HERE = sys.platform == "linux" and platform.machine() == "x86_64"


def test_a_scan_is_compiled_once(tmp_path: Path) -> None:
    assert validate("native", tmp_path) == ["native", "24", "1", "True"]
    assert validate("native", tmp_path) == ["native", "24", "0", str(not HERE)]  # it was kept


@pytest.mark.parametrize("left", [0, 20, -1])
def test_a_file_that_is_not_whole_is_made_again(tmp_path: Path, left: int) -> None:
    validate("native", tmp_path)
    (file,) = tmp_path.rglob("scan-*.o")
    whole = file.read_bytes()
    file.write_bytes(whole[:left])
    assert validate("native", tmp_path) == ["native", "24", "1", "True"]
    assert len(file.read_bytes()) == len(whole)


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("no folder")
    assert validate("native", file) == ["native", "24", "1", "True"]


def test_a_scan_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    """The folder of the cache is a file: it is told that what takes a while will happen again."""
    file = tmp_path / "a file"
    file.write_text("no folder")
    told = [build.Compiled("", folder / "native" / "key", None)._how_often() for folder in (file, tmp_path)]
    assert told[0].startswith("as every run will: it cannot be kept in") and str(file) in told[0]
    assert told[1] == "once for these formats"


def test_without_a_compiler_there_is_no_native_scan(tmp_path: Path) -> None:
    absent = "sys.modules['llvmlite'] = None"
    always = "import sigflow.engine; sigflow.engine.PAYS = {True: 1, False: 1}"
    assert validate("auto", tmp_path, f"{absent}; {always}") == ["python", "24", "1", "False"]
    code = VALIDATE.format(root=str(ROOT), generated=str(ROOT / "generated"), engine="native", before=absent)
    done = run(code, SIGFLOW_CACHE=str(tmp_path))
    assert done.returncode and "--engine native: llvmlite, which compiles the native scan, is not" in done.stderr


def test_small_captures_do_not_load_the_compiler(tmp_path: Path) -> None:
    assert validate("auto", tmp_path) == ["python", "24", "0", "False"]


def test_the_place_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGFLOW_CACHE", "/there")
    assert objects.cache_directory() == Path("/there")
    monkeypatch.delenv("SIGFLOW_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    monkeypatch.setattr(sys, "platform", "linux")
    assert objects.cache_directory() == Path("/caches/sigflow")


# ---------------------------------------------------------------- the choice


THRESHOLD = engines.PAYS[False]
WARM = engines.PAYS[True]


def test_auto_is_native_from_the_threshold_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigflow.engine._loaded", set())
    formats = [catalog.load("sgf1")]
    assert Choice().native(formats, THRESHOLD - 1) is None
    chosen = Choice()
    assert chosen.native(formats, THRESHOLD) is not None
    assert chosen.native(formats, THRESHOLD) is chosen.native(formats, THRESHOLD)
    assert Choice("python").native(formats, THRESHOLD) is None
    assert Choice("native").native(formats, 1) is not None
    assert Choice().native(formats, WARM) is None  # nothing was loaded yet
    Native(formats).sweep()
    assert Choice().native(formats, WARM) is not None
    assert Choice().native(formats, WARM - 1) is None
    assert Choice().native([catalog.load("tlv")], WARM) is None  # another scan


def test_what_cannot_be_scanned_natively_is_said() -> None:
    by_hand = [Format(f.FRAME)]  # it has no native measure
    said: list[str] = []
    chosen = Choice(notice=said.append)
    assert chosen.native(by_hand, THRESHOLD) is None and chosen.native(by_hand, THRESHOLD) is None
    assert len(said) == 1 and said[0].startswith("the Python engine scans: ")
    with pytest.raises(UsageError, match="--engine native: frame: "):
        Choice("native").native(by_hand, THRESHOLD)
    assert Choice("native").native([catalog.load("ccsds_space_packet"), catalog.load("tlv")], THRESHOLD) is not None


@pytest.mark.parametrize(("engine", "workers"), [("fast", 1), ("auto", 0)])
def test_a_choice_that_is_none(engine: str, workers: int) -> None:
    with pytest.raises(UsageError):
        Choice(engine, workers)


def test_a_pipe_becomes_native_when_much_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigflow.engine.PAYS", dict.fromkeys((True, False), 150_000))
    fed: list[int] = []  # the end of the stream at what is scanned natively, all at once or live
    natively, take = NativeScanner._natively, Live.take

    def watched(self: NativeScanner, segment: Segment, final: bool, sink: Sink) -> bool:
        taken = natively(self, segment, final, sink)
        if taken:
            fed.append(segment.base + len(segment.data))
        return taken

    def watched_live(self: Live, left: Left) -> None:
        fed.append(left.base + sum(map(len, left.pieces)))
        take(self, left)

    monkeypatch.setattr(NativeScanner, "_natively", watched)
    monkeypatch.setattr(Live, "take", watched_live)
    data = b"".join(stream_of("sgf1", seed, (400,)) for seed in range(1500))
    assert len(data) > 400_000
    pieces = Pieces([data[at : at + 90_000] for at in range(0, len(data), 90_000)])
    pieces.repeatable = False
    pieces.size = None
    recording = Recording(pieces, native("sgf1", True).formats)  # type: ignore[arg-type]
    events = list(recording.events())
    envelopes = [format.envelope for format in recording.formats if format.envelope is not None]
    assert shape(events) == shape(decode(envelopes, [data]))
    assert fed and min(fed) >= 150_000


@pytest.mark.parametrize("size", [90_000, 400_000])
def test_what_takes_the_python_scan_long_becomes_native(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """However short the stream is, and in the middle of a chunk."""
    monkeypatch.setattr("sigflow.engine.PAYS", dict.fromkeys((True, False), 1 << 40))
    monkeypatch.setattr("sigflow.engine.scanner.LABOUR", 2000)
    places: list[int] = []  # where the native scan took over
    natively = NativeScanner._natively

    def watched(self: NativeScanner, segment: Segment, final: bool, sink: Sink) -> bool:
        begin = self.pos
        taken = natively(self, segment, final, sink)
        if taken:
            places.append(begin)
        return taken

    monkeypatch.setattr(NativeScanner, "_natively", watched)
    data = b"SGF1" * 50_000 + b"".join(stream_of("sgf1", seed, (400,)) for seed in range(100))
    for chunks in ([data], [data[at : at + size] for at in range(0, len(data), size)]):
        places.clear()
        pieces = Pieces(chunks)
        recording = Recording(pieces, native("sgf1", True).formats)  # type: ignore[arg-type]
        events = list(recording.events())
        envelopes = [format.envelope for format in recording.formats if format.envelope is not None]
        assert shape(events) == shape(decode(envelopes, [data]))
        assert places and 4000 <= places[0] < 20_000


# ---------------------------------------------------------------- hostile input


def hostile() -> dict[str, bytes]:
    frame = stream_of("sgf1", 3, (160,))
    header = b"SGF1\1\0" + bytes(4) + bytes(8)
    return {
        "a valid header every 7 bytes": (b"SGF1\0\0\x11" * 3000) + frame,
        "nested claims": b"".join(
            header + (60_000 - 26 * n).to_bytes(4, "big") + bytes(4) for n in range(2000)
        ) + bytes(20_000),
        "far claims": b"".join(header + (30_000 + n % 7).to_bytes(4, "big") + bytes(4) + frame for n in range(300)),
    }  # fmt: skip


@pytest.mark.parametrize("name", hostile())
def test_prefix_states_give_the_same(name: str) -> None:
    data = hostile()[name]
    scan = native("sgf1", True)
    events = events_of(scan, [data])
    assert shape(events) == shape(decode([format.envelope for format in scan.formats if format.envelope], [data]))
    run = NativeRun(MemoryStorage(data), scan)
    for _ in run.events():
        pass
    assert 1 < run.statistics.work_ratio <= 8


# ---------------------------------------------------------------- overtaken-by: sequence


def test_what_waits_is_looked_through_once_for_a_frame_that_may_overtake_it() -> None:
    sweep = native("frame 39", False).sweep()
    data = f.frame(b"x" * 150, 7, 4)[:20] + b"FR"
    assert sweep.run(read_only(data), len(data), MORE, len(data)) == loop.LACKING
    assert (sweep.words[loop.CLEAR_AT], sweep.words[loop.CLEAR_TO]) == (0, 20)  # the literal may go on
    data += b"ag" + bytes(40)
    assert sweep.run(read_only(data), len(data), MORE, len(data)) == loop.LACKING
    assert sweep.words[loop.CLEAR_TO] == len(data)
    data += f.frame(b"n", 7, 5)
    assert sweep.run(read_only(data), len(data), MORE, len(data)) == loop.UNDECIDABLE
    assert sweep.words[loop.POS] == 0


def test_without_a_literal_to_look_for_the_python_scan_decides_what_is_overtaken() -> None:
    anywhere = changed(with_native_measure(f.FRAME_LIVE), sync=())
    assert "no sync literal" in Native.obstacle([Format(anywhere)])
