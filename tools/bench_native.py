"""How fast the native engine validates, beside what else does: one run, ratios.

    python tools/bench_native.py                  SGF1 with payloads of 64 B, 1 KiB and 64 KiB; damage; hostile input
    python tools/bench_native.py --ubx FILE       a UBX and NMEA capture repeated to 100 MB, beside pyubx2
    python tools/bench_native.py --sizes 1 100 10240   files of so many MiB: time a byte, memory

What is timed is `Recording.validate()`: every frame found, every checksum verified, sequences followed, notes and
codecs looked for, the verdict made.  Peers verify every checksum too.  Rounds are interleaved; the figure is the
median.  A peer that is not there is named and left out: Kaitai's targets need node and its npm package, C++ also a
compiler, and a stand-in for its runtime (tools/kaitai_cpp says why).
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "generated"))
sys.path.insert(0, str(ROOT))

from sigflow import catalog  # noqa: E402
from sigflow.recording import Recording  # noqa: E402
from sigflow.storage import open as open_storage  # noqa: E402
from sigflow.storage.memory import MemoryStorage  # noqa: E402
from tools import oracle  # noqa: E402
from tools.bench_parser import Absent, kaitai_reader, make_capture  # noqa: E402
from tools.figures import Cell, Figures  # noqa: E402

SPEC = ROOT / "formats" / "sgf1.ksy"
#: Payload bytes and frames.
CAPTURES = ((64, 600_000), (1024, 120_000), (64 << 10, 2_000))
#: The slow peers read so many bytes of a capture.
SHARE = 6 << 20
MIB = 1 << 20


def validate(source: Any, specs: tuple[str, ...] = ("sgf1",), engine: str = "native", workers: int = 1) -> Any:
    formats = [catalog.load(name) for name in specs]
    with Recording(source, formats, engine=engine, workers=workers) as recording:
        return recording.validate()


def timed(rounds: int, tasks: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each way."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for way in tasks.values():
        way()  # warm: compiled, in the caches
    for _ in range(rounds):
        for name, way in tasks.items():
            gc.collect()
            start = perf_counter()
            way()
            times[name].append(perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}


# ---------------------------------------------------------------- peers


def crc_alone() -> Callable[[bytes], object]:
    """CRC-32 at the machine's limit."""
    try:
        from isal import isal_zlib
    except ImportError as error:
        raise Absent(f"pip install isal ({error})") from error
    crc: Callable[[bytes], object] = isal_zlib.crc32
    return crc


def in_threads(work: Callable[[int, int], object], size: int, count: int) -> None:
    """The work on as many equal stretches of so many bytes, side by side."""
    share = -(-size // count)
    threads = [threading.Thread(target=work, args=(n * share, (n + 1) * share)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def crc_in_threads(crc: Callable[[Any], object], data: bytes, count: int) -> None:
    """CRC-32 of as many equal parts of the data."""
    view = memoryview(data)
    in_threads(lambda start, stop: crc(view[start:stop]), len(data), count)


def read_alone(path: Path, count: int) -> None:
    """Read a file by `pread`, each of so many threads its share, and do nothing with it."""
    with path.open("rb") as file:

        def read(start: int, stop: int) -> None:
            buffer = bytearray(2 * MIB)
            while start < stop and (size := os.preadv(file.fileno(), [buffer], start)):
                start += size

        in_threads(read, path.stat().st_size, count)


def kaitai_cpp(folder: Path) -> Callable[[Path], float]:
    """Seconds that Kaitai's C++ target takes for a file."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None or oracle.why_absent():
        raise Absent("no C++ compiler" if compiler is None else oracle.why_absent())
    outcome = oracle.compile_many([SPEC], folder, target="cpp_stl")[0]
    if not outcome.ok:
        raise Absent("; ".join(outcome.errors))
    mine = ROOT / "tools" / "kaitai_cpp"
    program = folder / "bench"
    sources = [str(mine / "main.cpp"), str(folder / "sgf1.cpp")]
    command = [compiler, "-O3", f"-I{mine}", f"-I{folder}", "-o", str(program), *sources, "-lz"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Absent(f"{compiler}: {made.stderr.splitlines()[0] if made.stderr else 'failed'}")

    def run(path: Path) -> float:
        done = subprocess.run([str(program), str(path), "1"], capture_output=True, text=True, check=True)
        return float(done.stdout.split()[2])

    return run


def peers(figures: Figures, rounds: int, scale: float) -> None:
    """SGF1 beside Kaitai and CRC-32 alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        readers: dict[str, Any] = {}
        for peer, make in {
            "CRC-32 alone (isal)": crc_alone,
            "Kaitai, Python": kaitai_reader,
            "Kaitai, C++ -O3": lambda: kaitai_cpp(folder),
        }.items():
            try:
                readers[peer] = make()
            except Absent as reason:
                print(f"left out: {peer}: {reason}")
        for payload, frames in CAPTURES:
            count = max(1, int(frames * scale))
            data = make_capture(payload, count)
            path = folder / "capture.sgf"
            path.write_bytes(data)
            part = data[: max(1, SHARE // (payload + 26)) * (payload + 26)]
            memory = MemoryStorage(data)
            tasks: dict[str, Callable[[], object]] = {
                "sigflow, in memory": lambda memory=memory: validate(memory),
                "sigflow, 2 workers": lambda memory=memory: validate(memory, workers=2),
                "sigflow, pread": lambda path=path: validate(open_storage(path)),
                "pread alone": partial(read_alone, path, 1),
                "pread alone, 2 threads": partial(read_alone, path, 2),
            }
            if "CRC-32 alone (isal)" in readers:
                tasks["CRC-32 alone (isal)"] = partial(readers["CRC-32 alone (isal)"], data)
                tasks["CRC-32 alone, 2 threads"] = partial(crc_in_threads, readers["CRC-32 alone (isal)"], data, 2)
            if "Kaitai, Python" in readers:
                tasks["Kaitai, Python"] = lambda part=part: readers["Kaitai, Python"](part)
            times = timed(rounds, tasks)
            if "Kaitai, Python" in times:
                times["Kaitai, Python"] *= len(data) / len(part)
            if "Kaitai, C++ -O3" in readers:
                seconds = [readers["Kaitai, C++ -O3"](path) for _ in range(rounds)]
                times["Kaitai, C++ -O3"] = statistics.median(seconds)
            ratios = {peer: times[peer] for peer in readers if peer in times}
            notes = []
            if "CRC-32 alone, 2 threads" in times:
                ours = times["sigflow, in memory"] / times["sigflow, 2 workers"]
                theirs = times["CRC-32 alone (isal)"] / times["CRC-32 alone, 2 threads"]
                notes.append(f"Two workers gain {ours:.2f}, two threads of CRC-32 alone {theirs:.2f}.")
            figures.table(
                f"SGF1, payload {payload:,} B: {len(data):,} bytes, {count:,} frames, median of {rounds}",
                ("", "us/frame", "GB/s", *(f"x {peer.removeprefix('Kaitai, ')}" for peer in ratios)),
                [
                    (way, took / count * 1e6, len(data) / took / 1e9, *(peer / took for peer in ratios.values()))
                    for way, took in times.items()
                ],
                *notes,
            )


# ---------------------------------------------------------------- damage and hostile input


def damaged(payload: int, count: int, seed: int = 1) -> bytes:
    """A capture in which one frame of a hundred has a bit flipped."""
    rng = random.Random(seed)
    data, size = bytearray(make_capture(payload, count)), payload + 26
    for frame in rng.sample(range(count), count // 100):
        data[frame * size + rng.randrange(size)] ^= 1 << rng.randrange(8)
    return bytes(data)


def unordered(payload: int, count: int) -> dict[str, bytes]:
    """Captures with frames that came twice, or late."""
    data, size = make_capture(payload, count), payload + 26
    frames = [data[at : at + size] for at in range(0, len(data), size)]
    twice = b"".join(frame * 2 for frame in frames[: count // 2])
    for at in random.Random(1).sample(range(0, count - 1, 2), count // 100):
        frames[at : at + 2] = frames[at + 1], frames[at]
    return {"every frame twice": twice, "1 % swapped": b"".join(frames)}


def head(length: int) -> bytes:
    return struct.pack(">4sBBIQII", b"SGF1", 1, 0, 7, 1, length, 0xDEADBEEF)


def every(step: int, piece: bytes, size: int) -> bytes:
    return (piece.ljust(step, b"\0") * (size // step + 1))[:size]


def hostile(size: int) -> dict[str, bytes]:
    """Input that is made to be slow."""
    rng = random.Random(2)
    most = 1 << 24
    return {
        "all sync markers": b"SGF1" * (size // 4),
        "nested length claims": b"".join(
            head(min(most, size - 26 * (n + 1)) - n % 1000) for n in range(size // 26 - 40)
        ),
        "markers with maximal lengths": head(most) * (size // 26),
        "a marker every 5 bytes": every(5, b"SGF1\1", size),
        "a valid header every 7 bytes, 4 KiB": every(7, b"SGF1\0\0\x11", size),
        "a valid header every 7 bytes, 2 MiB": every(7, b"SGF1\0\x20\x11", size),
        "truncated giants": b"".join(head(most - 999) + rng.randbytes(3000) for _ in range(size // 3026)),
        "random bytes": rng.randbytes(size),
    }


def hard(figures: Figures, rounds: int, scale: float) -> None:
    """Damage, and hostile input."""
    rows: list[tuple[Cell, ...]] = []
    benign: dict[int, float] = {}
    for payload, frames in CAPTURES:
        count = max(100, int(frames * scale))
        broken = {"1 % damaged": damaged(payload, count)} | (unordered(payload, count) if payload == 64 else {})
        clean = MemoryStorage(make_capture(payload, count))
        for name, data in broken.items():
            storage = MemoryStorage(data)
            times = timed(rounds, {"clean": partial(validate, clean), name: partial(validate, storage)})
            benign[payload] = count * (payload + 26) / times["clean"]
            share = times["clean"] / times[name]
            speed, work = benign[payload] * share / 1e9, validate(storage).work_ratio
            rows.append((f"{name}, payload {payload:,} B", speed, share, work))
    for name, data in hostile(32 * MIB).items():
        storage = MemoryStorage(data)
        seconds = timed(min(rounds, 3), {"": lambda storage=storage: validate(storage)})[""]
        speed = len(data) / seconds
        rows.append((name, speed / 1e9, speed / benign[64], validate(storage).work_ratio))
    figures.table(
        "Damage, and hostile input",
        ("", "GB/s", "of benign", "work ratio"),
        rows,
        "What is hostile is held against sound frames with payloads of 64 B. The work ratio is what is checksummed and",
        "read again, in bytes for each one of the stream; it is at most 8.",
    )


# ---------------------------------------------------------------- UBX and NMEA


def ubx(figures: Figures, path: Path, megabytes: int) -> None:
    """A capture repeated, beside pyubx2."""
    piece = path.read_bytes()
    data = piece * (megabytes * 1_000_000 // len(piece) + 1)
    storage, specs = MemoryStorage(data), ("ubx", "nmea0183")
    times = timed(3, {"sigflow": lambda: validate(storage, specs)})
    ours = validate(storage, specs)
    part = MemoryStorage(data[: 8 * MIB])
    python, native = validate(part, specs, "python"), validate(part, specs)
    same = (python.by_format, python.gap_bytes) == (native.by_format, native.gap_bytes)
    rows: list[tuple[Cell, ...]] = [("sigflow, in memory", times["sigflow"] / ours.frames * 1e6, None)]
    try:
        import io

        from pyubx2 import UBXReader
    except ImportError as error:
        print(f"left out: pyubx2: {error}")
    else:
        sample = piece * max(1, 600_000 // len(piece))
        start, frames = perf_counter(), 0
        for _raw, parsed in UBXReader(io.BytesIO(sample), protfilter=3, quitonerror=0):
            frames += parsed is not None
        spent = (perf_counter() - start) * len(data) / len(sample)
        rows.append(("pyubx2", spent / ours.frames * 1e6, spent / times["sigflow"]))
    figures.table(
        f"UBX and NMEA: {path.name} repeated to {len(data):,} bytes",
        ("", "us/frame", "times as long"),
        rows,
        f"{ours.by_format}, {ours.gap_bytes} bytes in gaps.",
        f"The Python engine finds {'the same' if same else 'SOMETHING ELSE'} in the first 8 MiB.",
    )


# ---------------------------------------------------------------- sizes


def sizes(figures: Figures, mebibytes: list[int], folder: Path) -> None:
    """Time a byte and memory of files, each validated by a process of its own."""
    frames = make_capture(1024, 8000)
    program = (
        "import resource, sys, time\n"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "def open_first(path):\n"
        "    import io\n"
        "    with io.open(path, 'rb') as file:\n"
        "        return file.read(100_000)\n"
        "from sigflow.recording import open\n"
        "with open(open_first(sys.argv[1]), 'sgf1', engine='native') as recording:\n"
        "    recording.validate()\n"
        "with open(sys.argv[1], 'sgf1', engine='native') as recording:\n"
        "    start = time.perf_counter()\n"
        "    frames = recording.validate().frames\n"
        "    spent = time.perf_counter() - start\n"
        "print(frames, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base)\n"
    )
    rows: list[tuple[Cell, ...]] = []
    for size in mebibytes:
        path = folder / "sized.sgf"
        with path.open("wb") as file:
            for _ in range(max(1, size * MIB // len(frames))):
                file.write(frames)
        total = path.stat().st_size
        best: list[float] = []
        for _ in range(3 if size < 4096 else 1):
            words = subprocess.run(
                [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
            ).stdout.split()
            best.append(float(words[1]))
        memory = int(words[2]) / 1024
        rows.append((f"{size:,} MiB", int(words[0]), min(best), min(best) / total * 1e9, memory))
        path.unlink()
    figures.table(
        "Files of 1 KiB payloads, each by a process that has loaded the engine before",
        ("file", "frames", "seconds", "ns/byte", "MiB above the interpreter"),
        rows,
    )


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    options.add_argument("--scale", type=float, default=1.0, help="size of the captures (default 1)")
    options.add_argument("--ubx", type=Path, metavar="FILE", help="a capture of UBX and NMEA frames")
    options.add_argument("--sizes", type=int, nargs="+", metavar="MIB", help="files of these sizes")
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where --sizes writes them")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    chosen = options.parse_args(arguments)
    figures = Figures("native", "python tools/bench_native.py")
    if chosen.ubx is not None:
        ubx(figures, chosen.ubx, 100)
    if chosen.sizes:
        sizes(figures, chosen.sizes, chosen.folder)
    if chosen.ubx is None and not chosen.sizes:
        peers(figures, chosen.rounds, chosen.scale)
        hard(figures, chosen.rounds, chosen.scale)
    figures.keep(chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
