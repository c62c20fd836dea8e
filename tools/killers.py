"""Which tests can notice a change, and whether they do: for `tools.mutate`.

Strategy.  The tests run once as they are; it is noted which functions each calls, and how long it takes.  Then, for a
change, the tests run that call the changed function, and then those that call anything of its file, since what is
kept from one test to the next is not called again (for what is outside all functions, the others after them): of each
test function one case first, the quick ones before the slow, until one fails or so many seconds of tests are through.

Each run is a forked child of a process that has the libraries in memory, but nothing of the project: the child imports
the project from a copy, in which the changed file is.  The copy gives each changed file another time of modification,
so that no compiled form of another change is taken for its own.  Processor time and memory of a child are bounded: a
change that makes the code run on and on is noticed by that.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType

import pytest

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("sigflow", "generated", "formats", "tests", "tools", "samples", "docs", "pyproject.toml")
#: Imported before any child is forked; what is absent is left out.
LIBRARIES = (
    "numpy",
    "llvmlite",
    "yaml",
    "hypothesis",
    "construct",
    "kaitaistruct",
    "fastcrc",
    "anycrc",
    "zlib",
)
#: Bytes of memory that a child may have.
MEMORY = 8 << 30
#: Seconds of processor time beyond four times what the tests take unchanged.
PATIENCE = 40

KILLED, SURVIVED, ENDLESS, UNTESTED = "killed", "SURVIVED", "killed (endless)", "UNTESTED"


class Taken:
    """A plugin: notes how long each test takes, which fail, and what each calls in the watched folders."""

    def __init__(self, root: Path, watched: Sequence[str]) -> None:
        self._root = root
        self._watched = tuple(str(root / folder) + os.sep for folder in watched)
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        #: File -> first line of a function -> tests.
        self.calls: dict[str, dict[int, list[str]]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test, with its fixtures."""
        seen: set[CodeType] = set()

        def note(frame: FrameType, event: str, arg: object) -> None:
            seen.add(frame.f_code)

        sys.settrace(note)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            for code in seen:
                if code.co_filename.startswith(self._watched):
                    name = str(Path(code.co_filename).relative_to(self._root))
                    self.calls.setdefault(name, {}).setdefault(code.co_firstlineno, []).append(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A part of it has ended."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed or report.skipped:
            self.failed.append(report.nodeid)


class Chosen:
    """A plugin: runs these tests, in this order."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What was collected becomes what was chosen."""
        by_id = {item.nodeid: item for item in items}
        items[:] = [by_id[id] for id in self._ids if id in by_id]


@dataclass(frozen=True, slots=True)
class Map:
    """What ran.  calls: file -> first line of a function -> tests that call it.  seconds: of each test."""

    calls: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def of(self, name: str, function: int | None, most: float) -> list[str]:
        """The tests that can notice a change in a function, in the order in which to try them.  function: its first
        line, with decorators; None outside all functions.

        What is outside, as constants and the defaults of data classes, is used without a call of anything in the file,
        and some functions are called only while modules are imported: any test may notice that.
        """
        file = self.calls.get(name, {})
        callers_of_file = {test for tests in file.values() for test in tests if test in self.seconds}
        callers = set(file.get(function, ())) if function is not None else callers_of_file
        cases: dict[str, int] = {}
        ranked = []
        everywhere = function is None or not callers_of_file
        everybody = set(self.seconds) if everywhere else callers_of_file
        for test in sorted(everybody, key=lambda test: (self.seconds[test], test)):
            case = test.split("[")[0]
            cases[case] = cases.get(case, 0) + 1
            others = test not in callers
            ranked.append((others and not everywhere, cases[case], others, self.seconds[test], test))
        chosen: list[str] = []
        left = most
        for *_, seconds, test in sorted(ranked):
            if chosen and seconds > left:
                continue
            chosen.append(test)
            left -= seconds
        return chosen


class Copy:
    """A copy of the project, whose files are changed and put back.  State: how many changes there were."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / name, root / name)
        os.chdir(self.root)
        here = {str(ROOT), str(ROOT / "generated"), str(ROOT / "tests"), ""}
        sys.path[:] = [str(self.root), str(self.root / "generated"), *(path for path in sys.path if path not in here)]
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
        for library in LIBRARIES:
            try:
                __import__(library)
            except ImportError:
                pass
        assert not any(name == "sigflow" or name.startswith("sigflow.") for name in sys.modules)
        self._changes = 0

    def map(self, tests: Sequence[str], watched: Sequence[str]) -> Map:
        """Run the tests as they are.  watched: folders whose functions are told apart."""
        path = self.root / "map.json"

        def run() -> int:
            taken = Taken(self.root, watched)
            code = int(pytest.main(["-q", "-n0", "-m", "", "-p", "no:cacheprovider", *tests], plugins=[taken]))
            left_out = set(taken.failed)
            seconds = {test: took for test, took in taken.seconds.items() if test not in left_out}
            path.write_text(json.dumps([taken.calls, seconds, sorted(left_out)]), encoding="utf-8")
            return code

        self._child(run, 3600)
        calls, seconds, left_out = json.loads(path.read_text(encoding="utf-8"))
        for test in left_out:
            print(f"left out, it fails or is skipped as it is: {test}", file=sys.stderr)
        return Map({name: {int(n): ids for n, ids in file.items()} for name, file in calls.items()}, seconds)

    def outcome(self, name: str, text: str, function: int | None, tests: Map, most: float) -> tuple[str, int]:
        """What becomes of a change, `text`, in a function of a file, and how many tests were chosen.

        most: seconds of tests.
        """
        ids = tests.of(name, function, most)
        if not ids:
            return UNTESTED, 0
        files = sorted({test.split("::")[0] for test in ids})
        seconds = sum(tests.seconds[test] for test in ids)
        place = self.root / name
        kept, times = place.read_bytes(), place.stat()
        self._changes += 1
        place.write_text(text, encoding="utf-8")
        os.utime(place, (1_000_000_000 + self._changes,) * 2)
        command = ["-x", "-q", "-n0", "-m", "", "-p", "no:cacheprovider", *files]
        try:
            code = self._child(lambda: int(pytest.main(command, plugins=[Chosen(ids)])), 4 * seconds + PATIENCE)
        finally:
            place.write_bytes(kept)
            os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
        if code < 0:
            return ENDLESS, len(ids)
        return (SURVIVED if code == 0 else KILLED), len(ids)

    def _child(self, run: Callable[[], int], seconds: float) -> int:
        """What a child gives that runs this; negative where it took too long or was killed otherwise."""
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            code = 99
            try:
                os.setsid()
                resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                quiet = os.open(self.root / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(quiet, 1)
                os.dup2(quiet, 2)
                code = run()
            finally:
                sys.stdout.flush()
                os._exit(code)
        ends = time.monotonic() + 20 * seconds  # of what waits without computing
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > ends:
                os.killpg(pid, signal.SIGKILL)
                ends = float("inf")
            time.sleep(0.02)
        try:
            os.killpg(pid, signal.SIGKILL)  # what its tests may have left behind
        except ProcessLookupError:
            pass
        return os.waitstatus_to_exitcode(status)
