"""The parts of the scan that have corners of their own: markers, prefix sums, checks, headers, watch, account."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from sigflow import checksums
from sigflow.events import Record
from sigflow.reasons import NO_MARKER
from sigflow.runtime.envelope import Checksum, Envelope
from sigflow.stream.account import SAVED, Account
from sigflow.stream.chain import Chain
from sigflow.stream.check import Checks, every_for
from sigflow.stream.continuation import Continuations
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.stream.header import Header
from sigflow.stream.markers import Markers
from sigflow.stream.prefix import Prefix, spacing
from sigflow.stream.runs import Runs
from sigflow.stream.scan import Recognizer
from sigflow.stream.segment import Segment
from sigflow.stream.watch import Watch
from tests.envelopes import changed
from tests.stream import formats as f
from tests.stream.ways import decode_all_ways


@pytest.mark.parametrize("seed", range(30))
def test_markers_against_the_definition(seed: int) -> None:
    rng = random.Random(seed)
    literals = [(b"aab",), (b"ba", b"bb")] if seed % 2 else [(b"aa",)]
    every = [literal for of_format in literals for literal in of_format]
    data = bytes(rng.choice(b"aabc") for _ in range(40))
    markers, base, at, size = Markers(literals), 0, 0, 0
    while at < 40:
        size = min(40, max(size, at) + rng.randrange(6))
        base = rng.randint(base, at)
        whole = data[:size]
        expected = next(
            (q for q in range(at, size) if any(literal.startswith(whole[q : q + len(literal)]) for literal in every)),
            size,
        )
        assert markers.candidate(Segment(data[base:size], base), at - base) + base == max(expected, at)
        if rng.random() < 0.1:
            markers.drop()
        at += rng.randrange(3)


@pytest.mark.parametrize(
    ("literals", "expected"),
    [((), 1), ((b"SGF1",), 4), ((b"\xaa\xaa",), 1), ((b"abab",), 2), ((b"aba",), 2), ((b"x", b"y"), 1), ((b"x",), 1)],
)
def test_how_close_candidates_can_stand(literals: tuple[bytes, ...], expected: int) -> None:
    assert spacing(literals) == expected


def test_the_denser_candidates_can_stand_the_closer_the_prefix_states() -> None:
    def every(*envelopes: Envelope) -> int:
        return every_for(
            [Checks(Header(envelope, envelope.search.max_frame, Account()), Account()) for envelope in envelopes]
        )

    assert every(f.FRAME) == 4 and every(f.PAIR) == 2 and every(f.BARE) == 2 and every(f.FRAME, f.PAIR) == 2
    assert every(changed(f.BARE, checksums=f.BARE.search.checksums * 4)) == 1
    assert every_for([]) == 1


@pytest.mark.parametrize("name", ["CRC-16/MODBUS", "fletcher-32", "CRC-82/DARC"])
@pytest.mark.parametrize("every", [1, 3, 8])
def test_prefix_sums_of_a_moving_buffer(name: str, every: int) -> None:
    algorithm = checksums.get(name)
    ranges = algorithm.ranges()
    assert ranges is not None
    rng = random.Random(every)
    data = rng.randbytes(3000)
    prefix, base, floor, size = Prefix(ranges, every, Account()), 0, 0, 100
    for _ in range(400):
        floor = rng.choice((floor, floor, floor + rng.randrange(9), size - 1))
        size = min(len(data), max(size, floor + 2) + rng.randrange(12))
        if floor >= size:
            break
        start = rng.randint(floor, size)
        stop = rng.randint(start, size)
        prefix.reach(Segment(data[base:size], base), floor, stop)
        part = prefix.part(Segment(data[base:size], base), start, stop)
        assert ranges.value(part, stop - start) == algorithm.compute(data[start:stop])
        if rng.random() < 0.5:
            prefix.anchor(Segment(data[base:size], base), floor)
            base = floor
        if rng.random() < 0.05:
            prefix.drop()
    assert floor > 200


@pytest.mark.parametrize("every", [1, 4])
def test_prefix_states_are_let_go_of_once_they_are_half(every: int) -> None:
    """Not sooner: taking them away costs as much as those that stay."""
    ranges = checksums.get("sum-16").ranges()
    assert ranges is not None
    data = bytes(1000 * every)
    prefix = Prefix(ranges, every, Account())

    def kept(floor: int) -> int:
        prefix.reach(Segment(data, 0), floor * every, 1000 * every)
        return len(prefix._states)

    # A thousand and one states; half of these, and as many as there would be for a few.
    assert [kept(floor) for floor in (0, 532, 533)] == [1001, 1001, 1001 - 533]
    assert [kept(floor) for floor in (799, 800)] == [468, 1001 - 800]


def test_the_account_pays_two_for_one_and_saves_up_to_a_bound() -> None:
    account = Account()
    assert account.covers(100, 200) and not account.covers(100, 1)
    assert account.covers(101, 2) and account.checksummed == 202
    account.charge(101, 5)
    assert account.credit == -5 and not account.covers(103, 0)
    account.charge(SAVED * 3, 0)
    assert account.credit == SAVED
    account.look(0, 10)
    account.look(4, 10)
    account.look(5, 5)
    account.look(20, 3)
    assert account.reread == 6 + 5
    account.look(20, 4)  # one byte of it is new
    account.look(20, 4)
    assert account.reread == 6 + 5 + 3 + 4


def test_checks_that_lie_outside_their_frame_do_not_hold() -> None:
    outside = changed(f.PAIR, checksums=(Checksum("s", "CRC-32/ISO-HDLC", 4, "big", -2, ((0, None),)),))
    assert [type(event).__name__ for event in decode_all_ways([outside], f.pair(b"abc"))] == ["Gap"]


def test_a_checksum_may_be_the_first_byte() -> None:
    first = changed(f.BARE, checksums=(Checksum("s", "sum-8", 1, "big", 0, ((1, None),)),))
    checks = Checks(Header(first, 100, Account()), Account())
    assert checks.explain(Segment(b"\7\3\4", 0), 0, 3) == (7, 7)
    assert checks.hold(Segment(b"\7\3\4", 0), 0, 3, 0) and not checks.hold(Segment(b"\7\3\5", 0), 0, 3, 0)


@pytest.mark.parametrize(
    ("pieces", "zeroed", "covered"),
    [
        (((2, -2),), False, b"\3abc"),
        (((0, 3), (5, 6)), False, b"\xaa\xaa\3c"),
        (((-4, -2), b"\7", (0, 2)), False, b"bc\7\xaa\xaa"),
        (((5, 3),), False, b""),  # stops before it begins: nothing
        ((b"ab",), False, b"ab"),
        (((0, None),), True, b"\xaa\xaa\3abc\0\0"),
        (((2, 900),), True, b"\3abc\0\0"),  # beyond the end: up to it
        (((0, 7), (7, 8)), True, b"\xaa\xaa\3abc\0\0"),
        (((3, 6),), True, b"abc"),
    ],
)
@pytest.mark.parametrize("overdrawn", [False, True])
@pytest.mark.parametrize("order", ["big", "little"])
def test_what_a_checksum_covers(order: Any, overdrawn: bool, pieces: Any, zeroed: bool, covered: bytes) -> None:
    """Directly and from prefix sums; the field, where it lies within what is covered, counts as zeros if `zeroed`."""
    raw = b"\xaa\xaa\3abc" + checksums.get("fletcher-16").compute(covered).to_bytes(2, order)
    checksum = Checksum("s", "fletcher-16", 2, order, -2, pieces, zeroed)

    def hold(raw: bytes) -> bool:
        account = Account()
        checks = Checks(Header(changed(f.PAIR, checksums=(checksum,)), 100, account), account)
        checks.prepare(2, {})
        if overdrawn:
            account.charge(0, 1000)
        data = b"123" + raw + b"456"
        stored, computed = checks.explain(Segment(data, 10), 3, 11)
        assert stored == int.from_bytes(raw[6:], order)
        assert checks.hold(Segment(data, 10), 3, 11, 13) == (stored == computed)
        return stored == computed

    assert hold(raw)
    assert hold(raw.replace(b"b", b"?")) == (b"b" not in covered or pieces == (b"ab",))


def test_a_header_says_when_it_need_not_be_asked() -> None:
    header = Header(f.TEXT, 100, Account())
    assert header.look(Segment(b"*T", 5), 0) is None and header.lacks_until(5) == 0  # half a marker
    assert header.look(Segment(b"*T\nA", 5), 0) is None and header.lacks_until(5) == 10
    assert header.look(Segment(b"xx", 5), 0) == NO_MARKER
    plain = Header(f.SPACE, 100, Account())
    assert [byte in plain.beginnings() for byte in (0, 31, 32, 255)] == [True, True, False, False]


def test_kept_verdicts_are_bounded_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigflow.stream.header._MOST", 50)
    decoder = Decoder(Format(f.SPACE_SLOW))
    data = b"\1\1ab" * 200 + b"\xff" + b"\2\0a" * 300
    decoder.feed(data)
    records = [event for event in decoder.events() if isinstance(event, Record)]
    assert len(records) >= 490
    header = decoder._scanner.recognizers[0].header  # type: ignore[union-attr]
    assert len(header._done) <= 50
    decode_all_ways([f.SPACE_SLOW], data[600:1000])


def test_a_scan_that_drops_its_caches_drops_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[object] = []

    def noted(cache: type[Any]) -> None:
        drop = cache.drop

        def note(self: Any) -> None:
            dropped.append(self)
            drop(self)

        monkeypatch.setattr(cache, "drop", note)

    for cache in (Chain, Continuations, Header, Markers, Prefix, Recognizer, Runs, Watch):
        noted(cache)
    decoder = Decoder([Format(changed(f.FRAME_SLOW, name="slow")), Format(f.FRAME_LIVE), Format(f.COUNTED)])
    decoder.feed(f.frame(b"abc") + b"FRAM\1\1")
    assert len(list(decoder.events())) == 1
    scanner: Any = decoder._scanner
    header = scanner.recognizers[0].header
    assert header.lacks_until(14)
    dropped.clear()
    scanner.drop()
    caches = [scanner._markers, scanner._runs, scanner._chain, scanner._chain._continuations]
    caches += [*scanner._prefixes.values(), scanner.recognizers[1].watch]
    caches += [cache for recognizer in scanner.recognizers for cache in (recognizer, recognizer.header)]
    assert len(caches) >= 12 and not header.lacks_until(14)
    assert [cache for cache in caches if not any(cache is other for other in dropped)] == []


# ---------------------------------------------------------------- overtaken-by: sequence


@pytest.mark.parametrize("seed", range(300))
def test_overtaken_by_sequence_against_the_definition(seed: int) -> None:
    """A candidate falls to any good frame inside its claim with its stream and its sequence + 1; else it is believed
    by its checksum alone.  Frames nest, and carry few different numbers."""
    rng = random.Random(seed)

    def nest(depth: int) -> bytes:
        inner = b"".join(nest(depth - 1) for _ in range(rng.randrange(3))) if depth else rng.randbytes(rng.randrange(2))
        whole = f.frame(inner[:180], rng.choice((1, 1, 2)), rng.randrange(3))
        return whole if rng.random() < 0.8 else whole[:-1] + b"?"

    data = b"".join(nest(3) for _ in range(2))[:400]
    good: dict[int, tuple[int, int, int]] = {}  # stop, stream, sequence by start
    claims: dict[int, int] = {}
    for at in range(len(data) - 10):
        if data.startswith(b"FRAM", at):
            claims[at] = at + 11 + data[at + 6]
            raw = data[at : claims[at]]
            if claims[at] - at <= 200 and raw == f.frame(raw[11:], raw[4], raw[5]) and len(raw) == claims[at] - at:
                good[at] = (claims[at], raw[4], raw[5])
    expected, at = [], 0
    for start in sorted(good):
        stop, stream, sequence = good[start]
        inside = (event for begin, event in good.items() if begin > start and event[0] <= stop)
        if start >= at and not any(event[1:] == (stream, sequence + 1) for event in inside):
            expected.append((start, stop))
            at = stop
    decoder = Decoder(Format(f.FRAME_LIVE))
    for at in range(0, len(data), 7):
        decoder.feed(data[at : at + 7])
    decoder.feed_eof()
    assert [(event.start, event.stop) for event in decoder.events() if isinstance(event, Record)] == expected


LIAR = f.frame(b"x" * 150, 7, 4)[:20]
NEXT = f.frame(b"n", 7, 5)


def live(parse: Any = None, **more: Any) -> Envelope:
    return changed(f.FRAME_LIVE, parse=parse or f.FRAME.decode.parse, **more)


def first_start(envelope: Envelope, data: bytes) -> int | None:
    decoder = Decoder(Format(envelope))
    decoder.feed(data)
    return next((event.start for event in decoder.events() if isinstance(event, Record)), None)


def test_the_key_may_be_told_late_or_never() -> None:
    def no_partial(raw: bytes, head: object) -> Any:
        if len(raw) < 161 and raw[6] == 150:
            raise EOFError("no part of it is given")
        return f.FRAME.decode.parse(raw, None)

    def unhashable(raw: bytes, head: object) -> Any:
        return f.FRAME.decode.parse(raw, None)

    sequence = replace(f.FRAME.decode.sequence, stream=lambda unit: [unit.stream])  # type: ignore[type-var]
    data = LIAR + NEXT
    assert first_start(live(), data) == 20
    assert first_start(live(no_partial), data) is None
    assert first_start(live(unhashable, sequence=sequence), data) is None
    for envelope in (live(no_partial), live(unhashable, sequence=sequence)):
        decode_all_ways([envelope], data + b"y" * 150)
    assert first_start(live(no_partial), data + b"y" * 150) == 20
    single = replace(f.FRAME.decode.sequence, stream=None)  # type: ignore[type-var]
    assert first_start(live(sequence=single), LIAR + f.frame(b"n", 9, 5)) == 20


@pytest.mark.parametrize(
    "inner",
    [
        NEXT[:-1] + b"?",  # damaged
        NEXT[:-1],  # not complete
        f.frame(b"n", 7, 6),  # two on
        f.frame(b"n", 8, 5),  # another stream
        f.frame(f.frame(b"", 7, 6), 7, 1) + b"FRAM",
    ],
)
def test_what_does_not_overtake(inner: bytes) -> None:
    assert first_start(live(), LIAR + inner) is None
    decode_all_ways([live()], LIAR + inner)


def test_of_frames_in_frames_the_first_to_end_counts() -> None:
    """The same key several times, nested: the one that ends within the claim is found, whichever comes first."""
    twice = f.frame(f.frame(b"", 7, 5), 7, 5)
    for data in (LIAR + twice, LIAR + twice + NEXT, f.frame(b"y" * 30, 7, 4)[:11] + twice + b"z" * 30):
        decode_all_ways([live()], data)
        assert first_start(live(), data) is not None
