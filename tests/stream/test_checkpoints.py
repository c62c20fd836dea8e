"""Checkpoints: what they refuse, and what they carry.  `test_cuts` holds resumed decoders against others."""

from __future__ import annotations

import copy
import json
import random
from enum import IntEnum
from typing import Any

import pytest

import sigflow
from sigflow.errors import SigflowError, UsageError
from sigflow.events import Event, Note, Record, Stamp
from sigflow.runtime.envelope import Sequence
from sigflow.stream.checkpoint import Checkpoint
from sigflow.stream.cuts import Cut
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from tests.engine.streams import native
from tests.engine.test_live import engine_with, sgf1
from tests.envelopes import changed
from tests.stream import formats as f
from tests.stream.ways import shape


def busy() -> Decoder:
    """A decoder with something of everything."""
    decoder = Decoder(sigflow.load("sgf1"), engine="python", marks=[(5000, "sgf1")], cuts=[(6000, "overflow", 7)])
    good = b"".join(sgf1(n, b"x") for n in (1, 2, 5, 4, 3, 9, 7, 8, 9, 7000, 10))
    decoder.feed(good + b"noise" + sgf1(11, b"y")[:-1])
    list(decoder.events())
    decoder.cut("boundary", stamp=Stamp(1, 2, "udp"))
    decoder.feed(b"more")
    decoder.cut("overflow", 3)
    return decoder


def tree_of(decoder: Decoder) -> Any:
    return json.loads(json.dumps(decoder.checkpoint().to_json()))


def test_a_checkpoint_is_a_value() -> None:
    decoder = busy()
    checkpoint = decoder.checkpoint()
    assert Checkpoint.from_json(tree_of(decoder)) == checkpoint == decoder.checkpoint()
    assert checkpoint.offset == decoder.state[0] == checkpoint.start and checkpoint.index == 11
    assert checkpoint.open == (checkpoint.offset - 5, checkpoint.offset, ("no-marker",), False)
    assert [cut.kind for cut in checkpoint.cuts] == ["boundary", "overflow", "overflow"] and checkpoint.cut_count == 3
    assert checkpoint.cuts[0].stamp == Stamp(1, 2, "udp") and checkpoint.marks == ((5000, "sgf1"),)
    with pytest.raises(AttributeError):
        checkpoint.offset = 3  # type: ignore[misc]


def test_cuts_that_came_later_are_given_beside_it() -> None:
    data = b"".join(sgf1(n, b"z") for n in range(8))
    cuts = [Cut(27, "boundary"), Cut(60, "overflow", 9), Cut(120, "reconnect"), Cut(120, "overflow")]
    whole = Decoder(sigflow.load("sgf1"), cuts=cuts)
    whole.feed(data)
    wanted = list(whole.events())
    for known in range(len(cuts) + 1):
        decoder = Decoder(sigflow.load("sgf1"), cuts=cuts[:known])
        decoder.feed(data[:40])
        events = list(decoder.events())
        checkpoint = Checkpoint.from_json(tree_of(decoder))
        assert checkpoint.cut_count == known
        if known < 1:
            continue  # (it went over the first cut, which nobody had told)
        resumed = Decoder(sigflow.load("sgf1"), resume=checkpoint, cuts=cuts[checkpoint.cut_count :])
        resumed.feed(data[checkpoint.start :])
        assert shape([*events, *resumed.events()]) == shape(wanted)
        assert resumed.checkpoint() == whole.checkpoint()
    with pytest.raises(UsageError, match="a cut at offset 3, where the stream goes on at"):
        Decoder(sigflow.load("sgf1"), resume=checkpoint, cuts=[(3, "boundary")])


@pytest.mark.parametrize("engine", ["python", "native"])
def test_it_is_refused_while_something_waits(engine: str) -> None:
    decoder = sigflow.load("sgf1").decoder(engine=engine)
    decoder.feed(sgf1(0, b"x") + sgf1(1, b"x"))
    assert decoder.checkpoint().offset == 0  # nothing was looked at
    events = decoder.events()
    assert isinstance(next(events), Record)
    with pytest.raises(UsageError, match="events wait"):
        decoder.checkpoint()
    assert [event.index for event in events if isinstance(event, Record)] == [1]
    assert decoder.checkpoint().index == 2
    decoder.feed(sgf1(2, b"x"))
    assert decoder.count() == 1 and decoder.checkpoint().index == 3
    decoder.feed_eof()
    with pytest.raises(UsageError, match="nothing to go on with"):
        decoder.checkpoint()


def test_frames_that_wait_for_a_batch_are_told() -> None:
    pytest.importorskip("pyarrow")
    decoder = sigflow.load("sgf1").decoder()
    decoder.feed(sgf1(0, b"x") + sgf1(1, b"x"))
    assert not list(decoder.batches(size=10))
    with pytest.raises(UsageError, match="frames wait for a batch"):
        decoder.checkpoint()
    assert [batch.num_rows for batch in decoder.batches(flush=True)] == [2]
    assert decoder.checkpoint().index == 2


def test_another_format_is_refused() -> None:
    checkpoint = busy().checkpoint()
    with pytest.raises(UsageError, match="is of sgf1, and not of ubx"):
        Decoder(sigflow.load("ubx"), resume=checkpoint)
    with pytest.raises(UsageError, match=r"frames of sgf1 up to .* not 99"):
        Decoder(sigflow.load("sgf1"), sigflow.Limits(frame=99), resume=checkpoint)
    with pytest.raises(UsageError, match="window of 1024 counters of sgf1, not 5"):
        Decoder(sigflow.load("sgf1"), sigflow.Limits(reorder=5), resume=checkpoint)
    envelope = sigflow.load("sgf1").envelope
    assert envelope is not None
    with pytest.raises(UsageError, match="another spec of sgf1"):
        Decoder(Format(changed(envelope, source_hash="other")), resume=checkpoint)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tree: tree.update(version=2), "version 2, wanted 1"),
        (lambda tree: tree.pop("index"), "the keys"),
        (lambda tree: tree.update(more=1), "the keys"),
        (lambda tree: tree.update(offset=-1), r"checkpoint\.offset: found -1"),
        (lambda tree: tree.update(offset=1 << 63), r"checkpoint\.offset"),
        (lambda tree: tree.update(offset=True), r"checkpoint\.offset: found True"),
        (lambda tree: tree.update(gap_bytes=0), "does not add up"),
        (lambda tree: tree.update(index=3), "does not add up"),
        (lambda tree: tree.update(lock="maybe"), "one of no, start, yes"),
        (lambda tree: tree["open"].update(stop=3), r"open\.stop"),
        (lambda tree: tree["open"].update(reasons=[5]), r"open\.reasons\[0\]: found 5, wanted a text"),
        (lambda tree: tree["cuts"][0].__setitem__(1, "leak"), "kind 'leak'"),
        (lambda tree: tree["cuts"][0].__setitem__(0, 0), "a cut at offset 0"),
        (lambda tree: tree["formats"][0]["streams"][0].__setitem__(2, "xyz"), r"streams\[0\]\[2\]: found 'xyz'"),
        (lambda tree: tree["formats"][0]["streams"][0].__setitem__(2, "f" * 100_000), "hexadecimal number"),
        (lambda tree: tree["formats"][0]["streams"][0].__setitem__(0, [1]), "an id of a stream"),
        (lambda tree: tree["formats"][0].update(preamble="zz"), "hexadecimal bytes"),
    ],
)
def test_a_tree_that_is_none_is_told(change: Any, message: str) -> None:
    tree = tree_of(busy())
    change(tree)
    with pytest.raises(UsageError, match=message):
        Checkpoint.from_json(tree)


@pytest.mark.parametrize("tree", [None, 5, "x", [], {}, {"version": 1}, {"version": "1"}, {"version": None}])
def test_what_is_no_tree_at_all(tree: object) -> None:
    with pytest.raises(UsageError):
        Checkpoint.from_json(tree)


@pytest.mark.parametrize(
    ("place", "value"),
    [(1, 1 << 64), (2, "f" * 300), (3, f"{1 << 1024:x}"), (4, [1 << 64, 3]), (5, [1 << 64, "0", "0"])],
)
def test_counters_out_of_range_are_told(place: int, value: object) -> None:
    tree = tree_of(busy())
    tree["formats"][0]["streams"][0][place] = value
    with pytest.raises(UsageError, match="outside its range, in stream 7"):
        Decoder(sigflow.load("sgf1"), resume=Checkpoint.from_json(tree))


def test_a_preamble_that_is_none_is_told() -> None:
    tree = tree_of(busy())
    tree["formats"][0]["preamble"] = "0102"
    with pytest.raises(UsageError, match="2 bytes that are no preamble of sgf1"):
        Decoder(sigflow.load("sgf1"), resume=Checkpoint.from_json(tree))
    tree["formats"][0].update(preamble=None)
    tree["formats"][0]["streams"] *= 2
    with pytest.raises(UsageError, match="counters of 2 streams"):
        Decoder(sigflow.load("sgf1"), resume=Checkpoint.from_json(tree))


VALUES: list[Any] = [
    None, True, -1, 0, 1, 7, 1 << 31, 1 << 62, (1 << 63) - 1, 1 << 64, 1.5, float("nan"), "", "x", "ff", "no", [], [[]],
    {}, [1], {"a": 1}, {"enum": 1}, {"enum": ["a.b", 1]}, {"bytes": "00"}, {"float": "inf"}, "\0", "é",
]  # fmt: skip


@pytest.mark.parametrize("block", range(4))
def test_a_made_up_tree_gives_an_error_or_a_decoder(block: int) -> None:
    """Whatever stands at some places: what is taken for a checkpoint can be gone on from, in a bounded way."""
    rng, original = random.Random(block), tree_of(busy())
    taken = 0
    for _ in range(400):
        tree = copy.deepcopy(original)
        for _ in range(rng.choice((1, 1, 2))):
            replace_somewhere(tree, rng)
        try:
            decoder = Decoder(sigflow.load("sgf1"), resume=Checkpoint.from_json(tree))
        except UsageError:
            continue
        taken += 1
        try:
            for _ in range(3):
                decoder.feed(sgf1(12, b"x") + b"noise")
                list(decoder.events())
                tree_of(decoder)
            decoder.feed_eof()
            list(decoder.events())
        except UsageError:
            pass  # a cut that lies elsewhere
        except SigflowError as error:
            raise AssertionError(tree) from error
    assert taken > 20


def replace_somewhere(tree: Any, rng: random.Random) -> None:
    """Put another value in a random place."""
    while True:
        places: list[Any] = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        place = rng.choice(places)
        if isinstance(tree[place], dict | list) and tree[place] and rng.random() < 0.85:
            tree = tree[place]
            continue
        value = rng.choice(VALUES)
        if isinstance(tree[place], int) and rng.random() < 0.3:
            value = tree[place] + rng.choice((-1, 1, 1000))
        tree[place] = value
        return


class Kind(IntEnum):
    A = 1
    B = 2


@pytest.mark.parametrize("stream", [None, 3, -3, 1 << 70, "wörter", b"\0\xff", True, 1.5, Kind.B])
def test_ids_of_streams_of_any_kind(stream: Any) -> None:
    envelope = changed(f.FRAME, sequence=Sequence("kind", 16, 1, lambda value: stream))

    class Module:
        pass

    Module.Kind = Kind  # type: ignore[attr-defined]
    format = Format(envelope, module=Module)
    assert format.envelope is not None
    decoder = Decoder(format, engine="python")
    (tracker,) = decoder._sink.trackers
    assert tracker is not None
    tracker.follow(stream, 5, 0, [])
    tree = tree_of(decoder)
    (state,) = tree["formats"][0]["streams"]
    resumed = Decoder(format, resume=Checkpoint.from_json(tree), engine="python")
    (other,) = resumed._sink.trackers
    assert other is not None
    (known,) = other.streams
    assert known == stream and type(known) is type(stream), state


def test_an_id_that_has_no_form_is_told() -> None:
    decoder = Decoder(Format(changed(f.FRAME, sequence=Sequence("kind", 16, 1, lambda value: (1, 2)))), engine="python")
    (tracker,) = decoder._sink.trackers
    assert tracker is not None
    tracker.follow((1, 2), 5, 0, [])
    with pytest.raises(UsageError, match="kind tuple cannot be kept"):
        decoder.checkpoint().to_json()


def test_marks_hold_behind_a_checkpoint() -> None:
    data = sgf1(0, b"x") + sgf1(1, b"y" * 500)[:30] + sgf1(2, b"z")
    whole = Decoder(sigflow.load("sgf1"), engine="python")
    whole.feed(data)
    first = list(whole.events())
    checkpoint = Checkpoint.from_json(tree_of(whole))
    mark = whole.abandon()
    assert mark is not None
    rest = list(whole.events())
    resumed = Decoder(sigflow.load("sgf1"), resume=checkpoint, marks=[mark])
    resumed.feed(data[checkpoint.start :])
    assert shape(list(resumed.events())) == shape(rest) and first and rest


def test_what_a_native_table_holds_is_in_it() -> None:
    """Counters that were followed natively, and go on there: also those of many streams, and of open ones."""
    scan = native("sgf1", True)
    rng = random.Random(1)
    counters = dict.fromkeys(range(60), 0)
    frames = []
    for _ in range(1500):
        stream = rng.randrange(60)
        counters[stream] += rng.choice((1, 1, 1, 1, 1, 1, 2, 0, -3, 5000))
        frames.append(_of_stream(stream, counters[stream] % (1 << 64)))
    plain = Decoder(scan.formats, engine="python")
    plain.feed(b"".join(frames))
    plain.feed_eof()
    wanted = shape(list(plain.events()))
    decoder = Decoder(scan.formats, engine=engine_with(scan))
    events: list[Event] = []
    for n, frame in enumerate(frames):
        decoder.feed(frame)
        if n % 7 == 0:
            events += decoder.events()
            checkpoint = decoder.checkpoint()
            if n % 21 == 0:
                decoder = Decoder(scan.formats, resume=checkpoint, engine=engine_with(scan))
                assert decoder._live is None or decoder.state[0] == checkpoint.offset
    decoder.feed_eof()
    events += decoder.events()
    assert shape(events) == wanted
    assert any(isinstance(event, Note) for event in events)
    assert decoder.statistics.sequence == plain.statistics.sequence


def _of_stream(stream: int, number: int) -> bytes:
    from zlib import crc32

    head = b"SGF1\1\0" + stream.to_bytes(4, "big") + number.to_bytes(8, "big") + (2).to_bytes(4, "big")
    return head + crc32(b"ab", crc32(head)).to_bytes(4, "big") + b"ab"


@pytest.mark.parametrize("at", range(1, 6))
def test_a_counter_that_is_open_stays_open(at: int) -> None:
    frames = [_of_stream(7, number) for number in (1, 2, 9000, 3, 4, 5)]
    whole = Decoder(sigflow.load("sgf1"), engine="python")
    whole.feed(b"".join(frames))
    wanted = shape(list(whole.events()))
    decoder = Decoder(sigflow.load("sgf1"), engine="python")
    decoder.feed(b"".join(frames[:at]))
    events = list(decoder.events())
    resumed = Decoder(sigflow.load("sgf1"), resume=Checkpoint.from_json(tree_of(decoder)), engine="python")
    resumed.feed(b"".join(frames[at:]))
    assert shape([*events, *resumed.events()]) == wanted
    assert resumed.statistics.sequence == whole.statistics.sequence
