"""Handlers: what they are called for, and what becomes of calls that raise, hang, are slow, or flood."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.config import read
from sigflow.diagnostics import Severity
from sigflow.errors import SigflowError, UsageError
from sigflow.events import Gap, Idle, Loss, Note, Record, Span, Stamp
from sigflow.quarantine import Failure
from sigflow.registry import Registry
from sigflow.stream.cuts import BYTES_MISSING, KINDS
from sigflow.watch.handlers import declared, running
from sigflow.watch.handlers.declared import HANDLERS, Declaration, Handler, configured, handler_of, named, unimported
from sigflow.watch.handlers.letters import letter_of, occurrence_of
from sigflow.watch.handlers.occurrences import Hook, Key, Occurrence, Occurrences
from sigflow.watch.handlers.replaying import HandledEvents
from sigflow.watch.handlers.running import Counts, Runner
from sigflow.watch.handlers.wanting import Wanting, bound
from tools.make_samples import sgf1

FORMAT = sigflow.load("sgf1")


def record(number: int, start: int = 0) -> Record:
    return Record(FORMAT, start, sgf1(7, number, b"x"), number)


def occurrence(number: int) -> Occurrence:
    return Occurrence("record", record(number, number), Key(0, number))


def ran(function: Callable[..., object], count: int, **declared: Any) -> tuple[Counts, dict[int, Failure], Runner]:
    """A handler that is called so often: the counts, and what it failed on."""
    handler = Handler("h", function, 1, Declaration(**declared))
    runner = Runner(handler)
    for number in range(count):
        runner.put(occurrence(number))
    runner.wait(runner.accepted)
    runner.close()
    counts = runner.counts
    assert counts.taken == count == counts.done + counts.failed + counts.late + counts.dropped + counts.waiting
    return counts, {failed.key.offset: failure for failed, failure in runner.failures()}, runner


# ---------------------------------------------------------------- calls


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class _Endless(Exception):
    def __str__(self) -> str:
        return "x" * 10_000_000


def _deep(number: int) -> None:
    _deep(number + 1)


def _after() -> None:
    try:
        {}[1]
    except KeyError as error:
        raise ValueError("because") from error


def _raise(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("call", "words", "where"),
    [
        (lambda: _raise(ValueError("x\x1b[31m")), "ValueError: x\x1b[31m", "_raise"),
        (lambda: _raise(_Unprintable()), "_Unprintable: (its text cannot be made: RuntimeError)", "_raise"),
        (lambda: _raise(_Endless()), "_Endless: xxxx", "_raise"),
        (lambda: _deep(0), "RecursionError: maximum recursion", "_deep"),
        (lambda: sys.exit(3), "SystemExit: 3", "sys.exit"),
        (lambda: _raise(KeyboardInterrupt()), "KeyboardInterrupt", "_raise"),
        (lambda: _raise(asyncio.CancelledError()), "CancelledError", "_raise"),
        (lambda: _raise(TimeoutError("mine")), "TimeoutError: mine", "_raise"),
        (_after, "ValueError: because", "after KeyError, raised at:"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_call_that_raises(call: Callable[[], object], words: str, where: str, is_async: bool) -> None:
    """It is isolated, whatever it raises; the traceback begins in the handler, and is bounded."""

    def plain(event: Record) -> None:
        if event.index == 1:
            call()

    async def coroutine(event: Record) -> None:
        plain(event)

    counts, failures, _ = ran(coroutine if is_async else plain, 3, timeout=20)
    assert counts == Counts(3, 2, 1)
    (failure,) = failures.values()
    assert failure.error.startswith(words) and len(failure.error) < 600 and not failure.late
    assert where in failure.trace and "handlers/calling.py" not in failure.trace and len(failure.trace) <= 8000
    assert [*failures] == [1]


def _sleeps(event: Record) -> None:
    if event.index == 1:
        time.sleep(5)


def _spins(event: Record) -> None:
    while event.index == 1:
        pass


def _swallows(event: Record) -> None:
    until = time.monotonic() + 3
    while event.index == 1 and time.monotonic() < until:
        try:
            time.sleep(0.01)
        except BaseException:
            continue


async def _waits(event: Record) -> None:
    if event.index == 1:
        await asyncio.sleep(100)


async def _blocks(event: Record) -> None:
    _spins(event)


async def _refuses(event: Record) -> None:
    until = time.monotonic() + 3
    while event.index == 1 and time.monotonic() < until:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            continue


@pytest.mark.parametrize("function", [_sleeps, _spins, _swallows, _waits, _blocks, _refuses])
def test_a_call_that_hangs(function: Callable[[Record], object]) -> None:
    """Its time ends, with a traceback of where it was; the next are called."""
    begun = time.monotonic()
    counts, failures, runner = ran(function, 4, timeout=0.1)
    assert counts == Counts(4, 3, 0, 1) and [*failures] == [1]
    assert failures[1].late and failures[1].error == "the call took more than 0.1 s"
    assert "test_handlers.py" in failures[1].trace and time.monotonic() - begun < 2.5 and not runner.off
    if function in (_spins, _blocks, _waits):  # what executes Python ends
        until = time.monotonic() + 5
        while any(thread.name == "sigflow handler h" for thread in threading.enumerate()):
            assert time.monotonic() < until
            time.sleep(0.01)


def test_one_that_always_hangs_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many threads may be left behind; what it was not called for is not dealt with."""
    monkeypatch.setattr(running, "LEFT", 3)
    freed = threading.Event()

    def hang(event: Record) -> None:
        while not freed.is_set():
            try:
                freed.wait(20)
            except BaseException:  # it does not want to know that its time is over
                continue

    runner = Runner(Handler("hung", hang, 1, Declaration(timeout=0.05, queue=6)))
    done = threading.Event()

    def put() -> None:
        for number in range(30):
            runner.put(occurrence(number))
        done.set()

    threading.Thread(target=put, daemon=True).start()
    assert done.wait(10) and runner.off == "4 calls hang: it is switched off" and runner.ended
    assert not runner.wait(runner.accepted)
    assert runner.counts == Counts(30, 0, 0, 4) and runner.dealt == 4
    freed.set()
    runner.close()
    until = time.monotonic() + 10
    while any(thread.name == "sigflow handler hung" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert runner.counts == Counts(30, 0, 0, 4)  # who comes late after all is counted once


@pytest.mark.parametrize(
    ("overflow", "called"),
    [("block", [0, *range(1, 20)]), ("drop-newest", [0, 1, 2, 3]), ("drop-oldest", [0, 17, 18, 19])],
)
def test_a_slow_one(overflow: str, called: list[int]) -> None:
    """It holds up who gives the events, or some are dropped, and counted."""
    may, began = threading.Event(), threading.Event()
    seen: list[int] = []

    def slow(event: Record) -> None:
        began.set()
        may.wait(10)
        seen.append(event.index)

    runner = Runner(Handler("h", slow, 1, Declaration(queue=3, overflow=overflow)))
    runner.put(occurrence(0))
    assert began.wait(10)
    if overflow == "block":
        threading.Timer(0.2, may.set).start()
    for number in range(1, 20):
        runner.put(occurrence(number))
    assert may.is_set() == (overflow == "block")
    if overflow != "block":
        assert runner.counts == Counts(20, dropped=16) and runner.dealt == 0
    may.set()
    assert runner.wait(20) and runner.dealt == 20
    assert seen == called and runner.counts == Counts(20, len(called), dropped=20 - len(called))
    runner.close()


def test_what_is_at_work_at_the_end_is_not_dealt_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CLOSING", 0.1)
    began = threading.Event()

    def spin(event: Record) -> None:
        began.set()
        while True:
            pass

    runner = Runner(Handler("h", spin, 1, Declaration()))
    for number in range(3):
        runner.put(occurrence(number))
    assert began.wait(10)
    begun = time.monotonic()
    runner.close()
    assert time.monotonic() - begun < 3 and runner.counts.done == 0


def test_the_key_comes_with_the_event() -> None:
    seen: list[object] = []

    class Saver:
        def save(self, event: Record, key: Key) -> None:
            seen.append((event.index, key))

        async def __call__(self, event: Record) -> None:
            seen.append(event.index)

    for handler in (handler_of("a", Saver().save), handler_of("b", Saver()), handler_of("c", seen.append)):
        runner = Runner(handler)
        runner.put(occurrence(5))
        runner.wait(1)
        runner.close()
        assert runner.counts == Counts(1, 1)
    assert seen == [(5, Key(0, 5)), 5, record(5, 5)]


@pytest.mark.parametrize(
    "function", [lambda: 0, lambda a, b, c: 0, lambda a, *, b: 0, lambda **named: 0, 3, "text"], ids=range(6)
)
def test_what_cannot_be_called_with_an_event(function: Any) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        handler_of("h", function)


# ---------------------------------------------------------------- events


def events() -> list[Any]:
    reconnect = f"{KINDS['reconnect'].unknown}: how many"
    return [
        record(0, 0),
        Gap(Span(30, 40), ("sgf1:checksum", "no-marker")),
        Idle(Span(40, 41)),
        Note(BYTES_MISSING, Severity.WARNING, reconnect, 41),
        Loss(7, 2, "sgf1", 1, 3, 41),
        Note("a", Severity.NOTE, "b", 41, "sgf1"),
        Loss(8, 1, "sgf1", 1, 2, 41),
        record(3, 41),
        record(4, 71),
    ]


def occurrences(stream: Iterable[Any] = ()) -> list[tuple[str, Key]]:
    known = Occurrences(2)
    return [(happened.what, happened.key) for event in stream or events() for happened in known.of(event)]


def test_the_events_and_their_keys() -> None:
    assert occurrences() == [
        ("record", Key(2, 0)),
        ("gap", Key(2, 30)),
        ("note", Key(2, 41, 0)),
        ("reconnect", Key(2, 41, 0)),
        ("loss", Key(2, 41, 0)),
        ("note", Key(2, 41, 1)),
        ("loss", Key(2, 41, 1)),
        ("resync", Key(2, 41)),
        ("record", Key(2, 41)),
        ("record", Key(2, 71)),
    ]


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({}, [0, 41, 71]),
        ({"where": "sequence > 3"}, [71]),
        ({"format": ("tlv",)}, []),
        ({"event": "resync", "stream": ("7",)}, [41]),
        ({"event": "resync", "stream": ("8",)}, []),
        ({"event": "loss"}, [41, 41]),
        ({"event": "loss", "stream": ("8",), "format": ("sgf1",)}, [41]),
        ({"event": "gap", "format": ("sgf1",)}, [30]),
        ({"event": "gap", "format": ("tlv",)}, []),
        ({"event": "note"}, [41, 41]),
        ({"event": "note", "format": ("sgf1",)}, [41]),
        ({"event": "reconnect"}, [41]),
        ({"event": "start"}, [0]),
        ({"event": "stop"}, [events()[-1].stop]),
    ],
)
def test_which_events_are_wanted(declared: dict[str, Any], wanted: list[int]) -> None:
    """Over what is recorded; nothing is dropped there, and what is in between passes."""
    seen: list[int] = []

    def note(event: object, key: Key) -> None:
        seen.append(key.offset)

    handler = Handler("h", note, 2, Declaration(**declared, queue=1, overflow="drop-newest"))
    pairs, mistakes = bound([handler], [FORMAT])
    assert not mistakes
    called = HandledEvents(pairs, 0, lambda name, failures: None)
    passed = [*called.over(events())]
    assert passed == events() and seen == wanted
    assert called.counts == {"h": Counts(len(wanted), len(wanted))}


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"event": "gap", "where": "sequence > 3"}, "handler 'h': 'where' says nothing of 'gap'"),
        ({"event": "note", "stream": ("7",)}, "'stream' says nothing of 'note'"),
        ({"event": "start", "format": ("sgf1",)}, "'format' says nothing of 'start'"),
        ({"where": "sequense > 3"}, "unknown field 'sequense' in sgf1, did you mean 'sequence'?"),
        ({"kind": ("3",)}, "no format tells kinds apart"),
    ],
)
def test_what_cannot_be_wanted(declared: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as told:
        Wanting(Handler("h", print, 1, Declaration(**declared)), [FORMAT])
    assert words in str(told.value)


@pytest.mark.parametrize(
    "wrong", [{"event": "gape"}, {"overflow": "x"}, {"timeout": 0}, {"timeout": float("nan")}, {"queue": 0}], ids=str
)
def test_a_decorator_that_says_what_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="wanted"):
        sigflow.handler(**wrong)


def test_what_the_function_and_the_file_say(tmp_path: Path) -> None:
    (tmp_path / "store.py").write_text(
        "import sigflow\n"
        "ran = open(__file__ + '.ran', 'a').write('x')\n"
        "@sigflow.handler(event='record', format='tlv', where='length > 3', timeout=3, queue=5)\n"
        "def save(record, key): pass\n"
        "def plain(event): pass\n"
    )
    (tmp_path / "sigflow.yaml").write_text(
        "handlers:\n"
        "- {call: 'store.py:save'}\n"
        "- {call: 'store.py:save', name: other, format: sgf1, where: 'sequence > 1', timeout: 2s,\n"
        "   overflow: drop-oldest}\n"
        "- {call: 'store.py:plain', event: gap}\n"
    )
    said = read(str(tmp_path / "sigflow.yaml"))
    assert [handler.name for handler in unimported(said)] == ["store.py:save", "other", "store.py:plain"]
    assert not (tmp_path / "store.py.ran").exists()
    first, second, third = configured(said)
    assert (tmp_path / "store.py.ran").read_text() == "x"  # it is run once
    assert first.declared == Declaration("record", ("tlv",), where="length > 3", timeout=3, queue=5)
    other = Declaration("record", ("sgf1",), where="sequence > 1", timeout=2, queue=5, overflow="drop-oldest")
    assert (second.name, second.declared, second.takes) == ("other", other, 2)
    assert (third.declared, third.takes, third.path) == (Declaration("gap"), 1, ("handlers", 2))
    (tmp_path / "sigflow.yaml").write_text("handlers:\n- {call: 'store.py:nothing'}\n")
    with pytest.raises(UsageError, match=r"sigflow.yaml:2:10: .*there is no 'nothing' in store.py"):
        configured(read(str(tmp_path / "sigflow.yaml")))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere_at_all:save", "No module named 'nowhere_at_all'; a file is named as FILE.py:CALLABLE"),
        ("nowhere.py:save", "No such file"),
        (":save", "MODULE:CALLABLE is wanted"),
        ("os:", "MODULE:CALLABLE is wanted"),
        ("os:sep", "it cannot be called"),
        ("os:getcwd", "it cannot be called with an event"),
        ("nobody", "unknown handler 'nobody'"),
    ],
)
def test_names_of_none(name: str, words: str) -> None:
    with pytest.raises(UsageError) as told:
        named(name)
    assert words in str(told.value)


def test_a_handler_by_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HANDLERS, "_things", {"brought": "tests.watch.conftest:sigflow"})

    @sigflow.handler(event="gap", name="mine")
    def function(event: Gap) -> None:
        pass

    assert named("mine").function is function and named("mine").declared.event == "gap"
    with pytest.raises(UsageError, match="'mine' is already registered"):
        sigflow.handler(name="mine")(lambda event: None)
    with pytest.raises(UsageError, match="takes no mark"):
        sigflow.handler()(print)
    assert HANDLERS.names() == ["brought", "mine"]


def test_a_handler_that_a_package_brings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its entry point; it is imported when it is asked for."""
    about = tmp_path / "brought-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[sigflow.handlers]\nstore = brought_store:save\nlost = nowhere_at_all:x\n")
    (tmp_path / "brought_store.py").write_text("def save(record): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sigflow.watch.handlers.declared.HANDLERS", Registry("handler", "sigflow.handlers"))
    assert declared.HANDLERS.names() == ["lost", "store"] and "brought_store" not in sys.modules
    assert (named("store").name, named("store").takes) == ("store", 1)
    with pytest.raises(UsageError, match=r"handler 'lost' of brought 1\.0 cannot be loaded from 'nowhere_at_all:x'"):
        named("lost")


def test_two_of_one_name() -> None:
    handlers = [Handler("h", print, 1, Declaration(event=event)) for event in ("gap", "loss")]
    good, mistakes = bound(handlers, [FORMAT])
    assert len(good) == 1 and "another handler is called 'h': give one a `name`" in str(mistakes[0])


# ---------------------------------------------------------------- dead letters of events


def test_an_event_of_a_letter_is_what_it_was() -> None:
    formats = {"sgf1": FORMAT}
    stamped = record(9, 77)
    stamped.stamps = (Stamp(1, 2, "x"), Stamp(3, 4, "x"))
    known = Occurrences(3)
    all_of_them = [happened for event in [*events(), stamped] for happened in known.of(event)]
    all_of_them.append(Occurrence("start", Hook("start", 3, 5), Key(3, 5)))
    for happened in all_of_them:
        letter = letter_of("h", happened, formats, "c", "name")
        again = occurrence_of(letter, formats)
        assert again == happened, happened
        if isinstance(again.event, Record):
            assert isinstance(happened.event, Record)
            assert again.event.value.sequence == happened.event.value.sequence
            assert again.event.stamps == happened.event.stamps
    with pytest.raises(SigflowError, match="its format 'sgf1' is not named"):
        occurrence_of(letter_of("h", all_of_them[0], formats, "c", "name"), {})
