"""The rules of `docs/architecture.md`, each with the smallest stream that shows it, decoded in all ways."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pytest

from sigflow import checksums
from sigflow.errors import UsageError
from sigflow.events import Event, Gap, Record
from sigflow.runtime.envelope import Checksum, Envelope
from sigflow.stream.chain import NO, START, YES
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.stream.runs import LONGEST
from sigflow.stream.scan import Scanner
from tests.envelopes import changed
from tests.stream import formats as f
from tests.stream.ways import decode_all_ways

G = f.frame(b"good", 7, 1)
NO_SEQUENCE = changed(f.FRAME, sequence=None)
PLAIN_SPACE = f.space(b"ab")


def said(events: list[Event]) -> list[Any]:
    """Records as (format, length), gaps as (length, reasons)."""
    return [
        (event.format, len(event.raw)) if isinstance(event, Record) else (len(event.span), *event.reasons)
        for event in events
        if isinstance(event, Record | Gap)
    ]


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]


SPACES = [PLAIN_SPACE] * 6
S = len(PLAIN_SPACE)

CASES: dict[str, tuple[list[Envelope], bytes, list[Any]]] = {
    # rule 1: candidates
    "nothing": ([NO_SEQUENCE], b"", []),
    "noise before and behind": ([NO_SEQUENCE], b"xx" + G + b"y", [(2, "no-marker"), ("frame", 15), (1, "no-marker")]),
    "a marker cut by the end": ([NO_SEQUENCE], b"xFRA", [(4, "no-marker", "frame:truncated")]),
    "the search goes on inside the marker": (
        [f.PAIR], b"\xaa" + f.pair(b"q"), [(1, "pair:truncated"), ("pair", 5)],
    ),
    "the claimed end of a bad frame is not believed": (
        [NO_SEQUENCE], flipped(G, 11) + G, [(15, "frame:checksum", "no-marker"), ("frame", 15)],
    ),
    "two markers": (
        [changed(NO_SEQUENCE, sync=(b"FRAM", b"FRA"), run=None)], b"FRA" + G,
        [(3, "frame:contents", "no-marker"), ("frame", 15)],
    ),
    # rule 2: verdicts
    "too long, known from the header": (
        [changed(NO_SEQUENCE, max_frame=14)], G, [(15, "frame:too-long", "no-marker")],
    ),
    "an empty payload": ([NO_SEQUENCE], f.frame() + f.frame(), [("frame", 11), ("frame", 11)]),
    "a frame of 0 bytes": (
        [f.fixed("nil", 1, lambda head: 0, sync=b"N", check=("xor-8", 1, "big", 0, ()))], b"N", [(1, "nil:valid")],
    ),
    "a negative length": (
        [f.fixed("neg", 1, lambda head: -1, sync=b"N", check=("xor-8", 1, "big", 0, ()), fast=False)], b"N",
        [(1, "neg:valid")],
    ),
    "truncated": ([NO_SEQUENCE], G[:-1], [(14, "frame:truncated", "no-marker")]),
    "a length that lies holds nothing back for good": (
        [NO_SEQUENCE], flipped(G, 6, 7) + G * 3,
        [(15, "frame:truncated", "no-marker"), ("frame", 15), ("frame", 15), ("frame", 15)],
    ),
    "a frame inside a damaged frame": (
        [NO_SEQUENCE], flipped(f.frame(G), 4), [(11, "frame:checksum", "no-marker"), ("frame", 15)],
    ),
    "text: the end of the header is a line": ([f.TEXT], f.text(b"ab", b"x") * 2, [("text", 14), ("text", 14)]),
    "text: hexadecimal in both cases": ([f.TEXT], f.text(b"\xab")[:-2] + b"aB", [("text", 11)]),
    "text: no number": ([f.TEXT], f.text(b"\xab")[:-2] + b"+1", [(11, "text:checksum", "no-marker")]),
    # rule 3
    "text: aborted by a marker": (
        [f.TEXT], b"*T\nL:1" + f.text(b"a"), [(6, "text:aborted", "no-marker"), ("text", 11)],
    ),
    "text: no terminator ever": (
        [f.TEXT], b"*T\n" + b"A" * 80, [(83, "text:header-too-long", "no-marker")],
    ),
    # rule 4: chain
    "locked at the start by one header": ([f.SPACE], PLAIN_SPACE * 2, [("space", S)] * 2),
    "the start, alone": ([f.SPACE], PLAIN_SPACE, [("space", S)]),
    "the start, cut in the next header": (
        [f.SPACE], PLAIN_SPACE + b"\1", [("space", S), (1, "space:truncated")],
    ),
    "the start, then none": (
        [f.SPACE], PLAIN_SPACE + b"\xff" * 3,
        [(S + 3, "space:unconfirmed", "space:truncated", "space:bad-version")],
    ),
    "without a lock, the whole chain": (
        [f.SPACE], b"\xff" + PLAIN_SPACE * 4, [(1, "space:bad-version"), *[("space", S)] * 4],
    ),
    "a shorter chain that ends with the stream": (
        [f.SPACE], b"\xff" + PLAIN_SPACE * 2, [(1, "space:bad-version"), *[("space", S)] * 2],
    ),
    "one frame is no chain": ([f.FLAG], b"x" + f.flag(b"ab"), [(6, "no-marker", "flag:unconfirmed")]),
    "a chain cut by the end": (
        [changed(f.FLAG, chain=3)], b"x" + f.flag(b"ab") + f.flag(b"ab")[:-1],
        [(10, "no-marker", "flag:unconfirmed", "flag:truncated")],
    ),
    "zeros are no evidence": ([f.LEGACY], b"\xff\xff\xff" + bytes(30),
        [(33, "legacy:too-long", "legacy:unconfirmed", "legacy:null", "legacy:truncated")],
    ),
    "a follower may be of another format": (
        [f.FLAG, NO_SEQUENCE], b"x" + f.flag(b"ab") + G, [(1, "no-marker"), ("flag", 5), ("frame", 15)],
    ),
    # rule 7: order
    "with a checksum before without": (
        [f.LEGACY, f.ZEROED], f.zeroed(b"ab") * 3, [("zeroed", 7)] * 3,
    ),
    "refusals are dropped where a format wins": (
        [changed(f.PAIR, sync=()), f.SPACE], PLAIN_SPACE * 3, [("space", S)] * 3,
    ),
    # rule 8: one gap, reasons in order of first sight
    "gaps are merged": (
        [NO_SEQUENCE, f.PAIR], b"FRAM" + b"\xaa\xaa\0\1" + b"x" * 20,
        [(28, "frame:checksum", "no-marker", "pair:checksum")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rules(name: str) -> None:
    envelopes, data, expected = CASES[name]
    assert said(decode_all_ways(envelopes, data)) == expected


def records(events: Sequence[Event]) -> list[tuple[int, int]]:
    return [(event.start, event.stop) for event in events if isinstance(event, Record)]


def spans(frames: Sequence[bytes]) -> list[tuple[int, int]]:
    """Where frames that follow one another begin and end."""
    ends = list(accumulate(map(len, frames)))
    return list(zip([0, *ends], ends, strict=False))


def counts(first: int, last: int, payload: bytes = b"ab", stream: int = 1) -> list[bytes]:
    return [f.counted(payload, stream, n) for n in range(first, last)]


def test_a_damaged_length_is_overtaken_where_what_follows_it_is_broken() -> None:
    """One flipped length bit: the frames inside the claim that it makes come out, all but the damaged one."""
    frames = [f.space(b"ab\xff", kind) for kind in range(1, 16)]
    frames[3] = flipped(frames[3], 1, 5)  # it ends inside a payload, where no frame can begin
    events = decode_all_ways([f.SPACE], b"".join(frames))
    assert records(events) == [span for n, span in enumerate(spans(frames)) if n != 3]
    assert [event.reasons[0] for event in events if isinstance(event, Gap)] == ["space:overtaken"]


def test_a_damaged_length_that_lands_on_a_true_boundary_swallows_what_lies_between() -> None:
    """The price where a format has no counter; with one, the next frame of the stream inside refutes it."""
    frames = [f.space(b"ab", kind) for kind in range(1, 12)]
    frames[3] = flipped(frames[3], 1, 4)
    assert records(decode_all_ways([f.SPACE], b"".join(frames)))[3:5] == [(12, 32), (32, 36)]

    for payload, bit in ((b"a", 4), (b"a", 5), (b"abcde", 5), (b"abcde", 6)):  # it claims whole frames more
        frames = counts(0, 24, payload)
        frames[3] = flipped(frames[3], 2, bit)
        events = decode_all_ways([f.COUNTED], b"".join(frames))
        assert records(events) == [span for n, span in enumerate(spans(frames)) if n != 3]


def test_a_sound_frame_that_holds_frames_is_one_frame() -> None:
    for inner in (counts(0, 9, stream=2), counts(40, 49), counts(0, 9, b"\1", 0), [b"\1"] * 60, [b"\2\0\0\0"] * 20):
        frames = [*counts(0, 5), f.counted(b"".join(inner), 1, 5), *counts(6, 11)]
        assert records(decode_all_ways([f.COUNTED], b"".join(frames))) == spans(frames)
        frames = [f.counted(b"".join(inner), 1, n) for n in range(20, 25)]
        assert records(decode_all_ways([f.COUNTED], b"".join(frames))) == spans(frames)


def test_a_run_that_goes_on_behind_the_claim_is_the_stream_itself() -> None:
    """The frames of another stream inside end where the claim does, and that stream goes on behind it."""
    inner = counts(7, 12, stream=2)
    for following, sound in ((12, False), (13, True)):
        frames = [*counts(0, 5), f.counted(b"".join(inner), 1, 5), *counts(following, following + 5, stream=2)]
        frames_told = records(decode_all_ways([f.COUNTED], b"".join(frames)))
        assert (frames_told == spans(frames)) is sound
    # What is not counted is passed over.
    frames = [*counts(0, 5), f.counted(b"".join(counts(7, 12, stream=31)), 1, 5), *counts(12, 17, stream=31)]
    assert records(decode_all_ways([f.COUNTED], b"".join(frames))) == spans(frames)


def test_a_run_inside_needs_the_headers_behind_the_claim() -> None:
    """What follows decides: nothing of it may be null, cut, or refused."""
    outer = [*counts(0, 5), f.counted(b"".join(counts(0, 9, stream=2)), 1, 5)]
    whole = b"".join(outer)
    assert records(decode_all_ways([f.COUNTED], whole)) == spans(outer)  # the end, exactly
    for tail in (b"\1", bytes(3), bytes(40), b"\xff", f.counted(b"ab", 1, 6) + b"\xff"):
        frames_told = records(decode_all_ways([f.COUNTED], whole + tail))
        assert spans(outer)[-1] not in frames_told and (20, 55) not in frames_told


def test_zeros_at_the_end_are_no_frames() -> None:
    frames = counts(0, 12)
    for zeros in (1, 3, 4, 5, 70):
        events = decode_all_ways([f.COUNTED], b"".join(frames) + bytes(zeros))
        assert records(events) == spans(frames)
        *_, gap = (event for event in events if isinstance(event, Gap))
        assert gap.span.stop - gap.span.start == zeros
        assert zeros < 4 or gap.reasons[0] == "counted:null"
    # Between frames a null header is believed, as long as one of the next n is not null.
    null = bytes(4)
    for zeros, believed in ((1, True), (2, True), (3, True), (4, False)):
        frames = [*counts(0, 4), *[null] * zeros, *counts(4, 8)]
        assert (records(decode_all_ways([f.COUNTED], b"".join(frames))) == spans(frames)) is believed
    # Where any header is as good as any other, none is null.
    assert records(decode_all_ways([f.ANY], f.legacy(b"ab") + bytes(9))) == [(0, 5), (5, 8), (8, 11), (11, 14)]


def test_an_overtaken_frame_is_given_up_before_its_claim_has_come() -> None:
    decoder = Decoder([Format(f.COUNTED)])
    liar = b"\1\1\xc0ab"
    decoder.feed(f.counted(b"ab", 1, 0) + liar + b"".join(counts(2, 4)))
    assert [type(event).__name__ for event in decoder.events()] == ["Record"]
    assert decoder.pending == (5, "counted")
    decoder.feed(b"".join(counts(4, 7)))  # with the third in a row, a run begins with the candidate's next counter
    assert [event.start for event in decoder.events() if isinstance(event, Record)] == [10, 15, 20, 25, 30]


def test_a_whole_frame_that_waits_for_followers_is_not_pending() -> None:
    """It may wait for n headers, and is never abandoned; a frame that is not all there may be."""
    for begin in (b"", b"\xff"):
        decoder = Decoder([Format(f.COUNTED)])
        decoder.feed(begin + f.counted(b"ab", 1, 0))
        assert [event for event in decoder.events() if isinstance(event, Record)] == [] and decoder.pending is None
    decoder = Decoder([Format(f.COUNTED)])
    decoder.feed(b"".join(counts(0, 3)) + f.counted(b"".join(counts(0, 9, stream=2)), 1, 3))
    assert len(list(decoder.events())) == 3 and decoder.pending is None
    decoder.feed(b"\1\4")
    assert list(decoder.events()) == [] and decoder.pending is None
    decoder = Decoder([Format(f.COUNTED)])
    decoder.feed(f.counted(b"abc", 1, 0)[:-1])
    assert list(decoder.events()) == [] and decoder.pending == (0, "counted")


def test_overtaken_by_sequence() -> None:
    """Opt-in: a frame with my stream and my sequence + 1 inside my claim."""
    liar = flipped(f.frame(b"a" * 20, 7, 4), 6, 6)
    nexts = [f.frame(b"b", 7, 5), f.frame(b"c", 7, 6)]
    others = f.frame(b"d", 8, 5) + f.frame(b"e", 7, 9)
    decoder = Decoder([Format(f.FRAME_LIVE)])
    decoder.feed(liar + others)
    assert list(decoder.events()) == [] and decoder.pending == (0, "frame")
    decoder.feed(nexts[0] + nexts[1])
    frames_told = [event for event in decoder.events() if isinstance(event, Record)]
    assert [event.sequence for event in frames_told] == [5, 9, 5, 6]
    for data in (liar + others + nexts[0] + nexts[1], liar + others + nexts[0], nexts[0][:5] + liar + nexts[0]):
        decode_all_ways([f.FRAME_LIVE], data)
    without = Decoder([Format(f.FRAME)])
    without.feed(liar + others + nexts[0] + nexts[1])
    assert list(without.events()) == []


def test_every_checksum_of_a_frame_must_hold() -> None:
    pieces = ((2, -2),)
    both = tuple(Checksum(name, name, 1, "big", place, pieces) for name, place in (("sum-8", -2), ("xor-8", -1)))
    two = changed(f.fixed("two", 3, f._claims(2, 3, 5), sync=b"\xaa\xaa"), checksums=both)
    good = b"\xaa\xaa\2ab" + bytes((2 + 97 + 98 & 255, 2 ^ 97 ^ 98))
    assert said(decode_all_ways([two], good)) == [("two", 7)]
    for at in (5, 6):
        events = decode_all_ways([two], flipped(good, at, 0))
        assert [event.reasons for event in events if isinstance(event, Gap)] == [("two:checksum", "no-marker")]


def test_overtaken_by_the_second_frame_of_a_sequence_number() -> None:
    """What overtook an earlier candidate is behind the next one, and forgotten; the same number comes again."""
    liar = flipped(f.frame(b"a" * 20, 7, 4), 6, 6)
    follower = f.frame(b"b", 7, 5)
    decoder = Decoder([Format(f.FRAME_LIVE)])
    decoder.feed((liar + follower) * 40)
    decoder.feed_eof()
    assert [event.sequence for event in decoder.events() if isinstance(event, Record)] == [5] * 40
    live = Decoder([Format(f.FRAME_LIVE)])
    for _ in range(40):
        live.feed(liar + follower)
        assert [event.sequence for event in live.events() if isinstance(event, Record)] == [5]


def test_what_may_overtake_is_forgotten_once_it_lies_behind() -> None:
    decoder = Decoder([Format(f.FRAME_LIVE)])
    for stream in range(200):
        decoder.feed(flipped(f.frame(b"a", stream, 4), 6, 5) + f.frame(b"b", stream, 5))
        assert len([event for event in decoder.events() if isinstance(event, Record)]) == 1
    watch = decoder._scanner.recognizers[0].watch  # type: ignore[union-attr]
    assert watch is not None and len(watch._frames) < 5


def test_overtaken_by_sequence_holds_for_a_complete_frame_too() -> None:
    outer = f.frame(b"x" + f.frame(b"", 7, 5), 7, 4)
    assert said(decode_all_ways([f.FRAME_LIVE], outer)) == [
        (12, "frame:overtaken", "no-marker"),
        ("frame", 11),
    ]
    assert said(decode_all_ways([f.FRAME], outer)) == [("frame", 23)]


@pytest.mark.parametrize(
    ("formats", "lock", "expected"),
    [
        ([f.SPACE], START, (0, "start")),
        ([f.SPACE], YES, (0, "yes")),
        ([f.FRAME, f.FLAG], NO, (0, "no")),
        ([f.FRAME], START, (0, "no")),  # nothing is confirmed by chain: always no
    ],
)
def test_the_state_is_position_and_lock(formats: list[Envelope], lock: int, expected: tuple[int, str]) -> None:
    assert Scanner([(format, format.search.max_frame) for format in formats], lock=lock).state == expected


def test_the_state_follows_frames_and_gaps() -> None:
    decoder = Decoder([Format(f.SPACE)])
    assert decoder.state == (0, "start")
    decoder.feed(PLAIN_SPACE * 3)
    assert len(list(decoder.events())) == 3 and decoder.state == (3 * S, "yes")
    decoder.feed(b"\xff")
    assert list(decoder.events()) == [] and decoder.state == (3 * S + 1, "no")


@pytest.mark.parametrize("split", range(0, 40, 3))
def test_the_state_is_all_that_a_scan_goes_on_with(split: int) -> None:
    """A scanner made anew from (pos, lock) at any moment finds the same."""
    data = b"\xff" + PLAIN_SPACE * 4 + b"\xff" + PLAIN_SPACE * 5
    whole = Decoder([Format(f.SPACE)])
    whole.feed(data)
    whole.feed_eof()
    broken = Decoder([Format(f.SPACE)])
    broken.feed(data[:split])
    events = list(broken.events())
    old = broken._scanner
    broken._scanner = Scanner([(f.SPACE, f.SPACE.search.max_frame)], pos=old.pos, lock=old.lock)
    broken.feed(data[split:])
    broken.feed_eof()
    assert [*events, *broken.events()] == list(whole.events())


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        ([changed(f.FRAME, checksums=())], "format frame has neither a checksum nor a chain"),
        ([changed(f.SPACE, chain=0)], "format space: a chain of 0 headers, wanted 1 to 255"),
        ([changed(f.SPACE, chain=LONGEST + 1)], "a chain of 256 headers"),
        ([f.FRAME, f.FRAME_SLOW], "format 'frame' is given twice"),
        ([], "a decoder needs at least one format"),
    ],
)
def test_formats_that_cannot_be_scanned(formats: list[Envelope], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Decoder([Format(format) for format in formats])


def test_a_checksum_without_a_range_form_needs_short_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums.REGISTRY, "_things", dict(checksums.REGISTRY._things))
    checksums.register_checksum("own", width=8, function=lambda data: sum(data) & 255)
    own = changed(f.PAIR, checksums=(Checksum("sum", "own", 1, "big", -1, ((2, -1),)),))
    assert said(decode_all_ways([own], b"\xaa" + f.pair(b"q") * 2)) == [(1, "pair:truncated"), *[("pair", 5)] * 2]
    with pytest.raises(UsageError, match="checksum own has no range form, so frames may have at most 65536 bytes, but"):
        Decoder([Format(changed(own, max_frame=65537))])


def test_runs_are_taken_only_where_no_other_format_can_have_a_say() -> None:
    def taken(*envelopes: Envelope) -> list[str]:
        scanner = Scanner([(recognizer, recognizer.search.max_frame) for recognizer in envelopes])
        return [recognizer.name for recognizer in scanner.recognizers if recognizer.run is not None]

    assert taken(f.FRAME) == ["frame"]
    assert taken(f.PAIR, f.FRAME, f.SPACE) == ["frame"]
    assert taken(f.SPACE, f.BARE, f.FRAME) == ["bare"]  # BARE may begin where FRAME does, and comes first
    assert taken(f.FRAME, f.BARE) == ["frame"]
    assert taken(f.FRAME_LIVE) == [] and taken(changed(f.FRAME, max_frame=10)) == []
    other = changed(f.PAIR, name="other", sync=(b"FR",))
    assert taken(other, f.FRAME) == [] and taken(f.FRAME, other) == ["frame"]
