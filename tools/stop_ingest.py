"""Ends an ingestion by SIGTERM or Ctrl-C at random moments, again and again, in one session, and checks what it says.

`python -m tools.stop_ingest [--stops 200] [--seed 1]`.  The source is that of `tools.kill_ingest`.  Each time: the
command ends within two seconds; its exit code is 3 where something in the session is damaged or lost, else 0; every
file of a sink has each frame once, and the quarantine the rest.  A tenth comes before the ingestion has begun: then the
exit code is that of an interrupted command.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import sigflow
from sigflow.session import sinks
from tools.kill_ingest import Server, differences

#: Seconds within which it must be done.
BOUND = 2.0
#: The files are looked at after one stop in so many, and at the end of a session.
LOOK = 4
#: What is told of a sink that had not taken all.
LATER = "when the session goes on"
#: Exit codes of a command that was ended before the loop stood.
EARLY = (-signal.SIGTERM, -signal.SIGINT, 128 + signal.SIGINT)


def command(folder: Path, uri: str, status: str, *more: str) -> int:
    """The command, in this process."""
    from sigflow.cli import main

    sinks.EVERY = 0.25
    out = folder / "out"
    written = [f"--sink={form}:{out}/a.{form}" for form in ("ndjson", "csv", "raw", "mcap")]
    written += [f"--sink={form}:{out}/{form}" for form in ("parquet", "arrow")]
    session = ["--to", str(folder / "session"), "--status", status]
    return main(["ingest", uri, "-s", "sgf1", *session, "--fsync", "10", "--file-rows", "400", *written, *more])


def sound(session: Path) -> bool:
    """Whether nothing in the session is damaged or lost."""
    with sigflow.open(session, sigflow.load("sgf1")) as recording:
        run = recording.run()
        for _ in run.events():
            pass
    return not run.statistics.gap_bytes and not run.statistics.sequence["lost"]


def stops(count: int, seed: int, folder: Path) -> tuple[str, list[float]]:
    """So many stops; what was found wrong, "" if nothing, and the seconds that each took."""
    rng = random.Random(seed)
    server = Server(seed)
    uri = f"tcp://127.0.0.1:{server.port}?reconnect=0.05"
    (folder / "out").mkdir()
    taken: list[float] = []
    most = 0
    for number in range(count):
        status = folder / "status"
        status.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            code = 99
            try:
                quiet = os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.dup2(quiet, 2)
                os.dup2(quiet, 1)
                code = command(folder, uri, str(status))
            except KeyboardInterrupt:
                code = 128 + signal.SIGINT  # (before the command could take note of it)
            finally:
                os._exit(code)
        works = rng.random() < 0.9
        until = time.monotonic() + 30
        while works and not said(status) and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(rng.choice((0.0, 0.1, 0.5)) * rng.random())
        begun = works or said(status)
        start = time.monotonic()
        os.kill(child, rng.choice((signal.SIGTERM, signal.SIGINT)))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        taken.append(time.monotonic() - start)
        where = f"stop {number}: "
        if taken[-1] > BOUND:
            return f"{where}it took {taken[-1]:.2f} s", taken
        if not begun and code in EARLY:
            continue
        if code != (0 if sound(folder / "session") else 3):
            return f"{where}exit code {code}; {(folder / 'output').read_text()[-500:]}", taken
        acknowledged = [json.loads(line)["acknowledged"] for line in status.read_text().splitlines()]
        most = max([most, *acknowledged])
        # A sink that had too much to do gets the rest when the session goes on.
        all_taken = LATER not in (folder / "output").read_text()
        if all_taken and number % LOOK == 0 and (wrong := differences(folder, most)):
            return f"{where}{wrong}", taken
        (folder / "output").write_text("")
    server.left = 100_000
    if command(folder, uri, str(folder / "status"), "--once") != 3:
        return "the last one, which nobody stopped, failed", taken
    return differences(folder, most), taken


def said(status: Path) -> bool:
    """Whether something has come in and was acknowledged."""
    with suppress(FileNotFoundError, ValueError, IndexError):
        return bool(json.loads(status.read_text().splitlines()[-1])["acknowledged"])
    return False


def main() -> int:
    """Stop it, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stops", type=int, default=200)
    parser.add_argument("--of-session", type=int, default=10, help="stops of one session")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    done = 0
    all_taken: list[float] = []
    while done < asked.stops:
        with tempfile.TemporaryDirectory() as folder:
            wrong, taken = stops(min(asked.of_session, asked.stops - done), asked.seed + done, Path(folder))
        all_taken += taken
        done += len(taken)
        if wrong:
            print(f"seed {asked.seed + done}: {wrong}")
            return 1
        print(f"{done} stops: clean; the longest took {max(all_taken):.2f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
