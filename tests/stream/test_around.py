"""Preambles and trailers in the scan: asked first, a parameter of what follows, once, and at the very end."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Generator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.errors import StreamError, UsageError
from sigflow.events import Event, Gap, Record
from sigflow.reasons import SURE_BITS
from sigflow.runtime import envelope as model
from sigflow.runtime.envelope import Around, Envelope, Measured, Refused
from sigflow.runtime.window import Window
from sigflow.stream.account import Account
from sigflow.stream.around import FilePart, is_searched, opened, with_parts
from sigflow.stream.format import Format
from sigflow.stream.segment import Segment
from tests import reference as kit
from tests.compiler.test_around import FILE
from tests.envelopes import changed, envelope_of
from tests.stream import damage
from tests.stream.ways import decode

# ---------------------------------------------------------------- against the reference


def preamble(bits: float = 24) -> Envelope:
    """`PRE1`, a version that is below 3, a size, and so many bytes."""

    def steps(window: Window, root: Any = None) -> Generator[None, None, Measured]:
        while window.lacks(4):
            yield
        if window.read_bytes(4) != b"PRE1":
            raise Refused("contents")
        while window.lacks(2):
            yield
        version, size = window.read_bytes(2)
        if version > 2:
            raise Refused("valid")
        window.skip(size)
        return Measured(6 + size, 6)

    return envelope_of(
        name="x:preamble",
        spec="",
        incremental=steps,
        parse=lambda raw, head: raw,
        sync=(b"PRE1",),
        header_bits=bits,
        max_frame=1000,
        role=model.PREAMBLE,
    )


def told(data: bytes) -> tuple[str, Any, Any]:
    """The same for the reference, of a stream that ends: kind, size or reason, parameters."""
    if len(data) < 4:
        return "BAD", "truncated", None
    if data[:4] != b"PRE1":
        return "BAD", "contents", None
    if len(data) < 6:
        return "BAD", "truncated", None
    if data[4] > 2:
        return "BAD", "valid", None
    return ("FRAME", 6 + data[5], data) if len(data) >= 6 + data[5] else ("BAD", "truncated", None)


def around(envelope: Envelope, needed: bool) -> Envelope:
    """A format with this preamble."""
    plain = envelope.measure.incremental

    def steps(window: Window, root: Any = None) -> Generator[None, None, Measured]:
        return plain(window)

    measure = replace(envelope.measure, incremental=steps)
    decode = replace(envelope.decode, parse=lambda raw, head, root=None: raw, sequence=None)
    return replace(envelope, measure=measure, decode=decode, around=Around(preamble(), None, lambda root: (), needed))


@kit.needed()
@pytest.mark.parametrize("seed", range(12))
def test_as_the_reference_has_it(seed: int) -> None:
    reference, rng = kit.load("scan"), random.Random(seed)
    for formats, idle in reference.lists():
        needed = rng.random() < 0.3
        envelopes = kit.wrap_all(reference, formats, idle)
        envelopes[0] = around(envelopes[0], needed)
        stream = kit.damaged(formats, rng, rng.choice((40, 120)), idle)
        head = (
            b"PRE1"
            + bytes((rng.choice((0, 2, 3)), rng.choice((0, 3, 9))))
            + bytes(rng.randrange(256) for _ in range(9))
        )
        data = rng.choice((head[: 6 + head[5]], head[: 6 + head[5]], head[: rng.randrange(8)], b"", b"PRE")) + stream
        rules = replace(reference.SECTION4, idle=idle)
        kind, *rest = told(data)
        verdict = getattr(reference, kind), *rest

        def formats_of(parameters: Any, formats: Any = formats, needed: bool = needed) -> Any:
            return formats if parameters is not None or not needed else formats[1:]

        if needed and kind == "BAD" and len(formats) == 1:
            continue  # (the reference needs a format)
        want = reference.with_preamble(data, lambda _data, _final, verdict=verdict: verdict, formats_of, rules)
        name = formats[0].name
        wanted = [(kind, start, stop, _named(what, name)) for kind, start, stop, what in map(tuple, want)]
        for chunks in ([data], damage.chunks(rng, data), [bytes((byte,)) for byte in data]):
            assert kit.pieces(decode(envelopes, chunks)) == wanted, data.hex()


def _named(what: Any, name: str) -> Any:
    """What the reference says, in our words."""
    if what == "preamble":
        return "x:preamble"
    return what if isinstance(what, str) else tuple(text.replace("preamble:", f"{name}:preamble-") for text in what)


# ---------------------------------------------------------------- compiled


@pytest.fixture
def format(tmp_path: Path) -> Format:
    (tmp_path / "file.ksy").write_text(FILE, encoding="utf-8")
    return sigflow.compile(tmp_path / "file.ksy")


def head(most: int = 9, tagged: bool = False) -> bytes:
    return b"FILE\0" + most.to_bytes(2, "little") + bytes((0x80 * tagged, 3)) + b"abc"


def entries(count: int, size: int = 2, tagged: bool = False) -> bytes:
    return b"".join(bytes((1, 0, size)) + b"t" * tagged + b"xyzuvw"[:size] for _ in range(count))


END = b"END\0\0\0\7"


def events_of(format: Format, data: bytes, size: int | None = None) -> list[Event]:
    decoder = sigflow.Decoder(format)
    events: list[Event] = []
    for at in range(0, len(data), size or len(data) or 1):
        decoder.feed(data[at : at + (size or len(data))])
        events += decoder.events()
    decoder.feed_eof()
    events += decoder.events()
    statistics = decoder.statistics
    assert statistics.frame_bytes + statistics.gap_bytes == len(data)
    return events


def shapes(events: list[Event]) -> list[tuple[Any, ...]]:
    return [
        (event.format, event.start, event.stop) if isinstance(event, Record) else (event.reasons, *_ends(event))
        for event in events
        if isinstance(event, Record | Gap)
    ]


def _ends(gap: Gap) -> tuple[int, int]:
    return gap.span.start, gap.span.stop


@pytest.mark.parametrize("size", [None, 7, 1])
def test_a_whole_file(format: Format, size: int | None) -> None:
    events = events_of(format, head() + entries(20) + END, size)
    names = [event.format for event in events if isinstance(event, Record)]
    assert names == ["file:preamble", *["file"] * 20, "file:trailer"] and len(events) == 22
    first, second, *_, last = events
    assert isinstance(first, Record) and isinstance(second, Record) and isinstance(last, Record)
    assert first.value.head.name == b"abc" and last.value.count == 7 and second.value._root.head.most == 9
    copy = pickle.loads(pickle.dumps(second))
    assert copy.value._root.head.most == 9 and copy.value.body == second.value.body


@pytest.mark.parametrize("size", [None, 5, 1])
def test_an_empty_body_and_no_trailer_are_sound(format: Format, size: int | None) -> None:
    assert shapes(events_of(format, head() + END, size)) == [("file:preamble", 0, 12), ("file:trailer", 12, 19)]
    assert shapes(events_of(format, head(), size)) == [("file:preamble", 0, 12)]


@pytest.mark.parametrize("size", [None, 5, 1])
def test_the_trailer_counts_only_where_it_reaches_to_the_end(format: Format, size: int | None) -> None:
    data = head() + entries(9) + END
    for damaged in (data + b"\xff", data[:-1]):
        last = shapes(events_of(format, damaged, size))[-1]
        assert last[0][0] == "file:valid" and last[1:] == (57, len(damaged))
    events = shapes(events_of(format, data + entries(9) + END, size))  # a whole one in the middle is no trailer
    assert (
        events[-1] == ("file:trailer", 109, 116) and events[-11][0][0] == "file:valid" and events[-11][1:] == (57, 64)
    )


def test_units_are_read_as_their_preamble_says(format: Format) -> None:
    tagged = events_of(format, head(9, True) + entries(9, tagged=True) + END)
    assert all(isinstance(event, Record) for event in tagged) and tagged[1].value.tag == ord("t")  # type: ignore[union-attr]
    small = shapes(events_of(format, head(1) + entries(9) + END))
    assert small[1] == (("file:valid",), 12, 57)  # bodies of two bytes are too long there


@pytest.mark.parametrize(
    ("data", "reasons"),
    [
        (b"FILM" + head()[4:] + entries(9), ("file:preamble-contents", "no-marker")),
        (head()[:10], ("file:preamble-truncated", "no-marker")),
        (entries(9), ("file:preamble-contents", "no-marker")),
    ],
)
def test_without_a_good_preamble(format: Format, data: bytes, reasons: tuple[str, ...]) -> None:
    for size in (None, 3, 1):
        assert shapes(events_of(format, data, size)) == [(reasons, 0, len(data))]
    with_another = shapes(events_of(format.with_preamble(head() + b"more"), data))
    assert with_another[0][0] == "file" or with_another[0][0][0] == reasons[0]  # its own is bad all the same
    assert not data.endswith(b"xy") or with_another[-1] == ("file", len(data) - 5, len(data))


def test_a_capture_that_begins_in_the_middle(format: Format) -> None:
    known = format.with_preamble(head(), asked=False)
    assert shapes(events_of(known, entries(9) + END))[0] == ("file", 0, 5)
    assert shapes(events_of(format.with_preamble(asked=False), entries(9))) == [(("no-marker",), 0, 45)]
    with pytest.raises(StreamError, match="no file:preamble frame begins here"):
        format.with_preamble(b"nothing of it")
    with pytest.raises(StreamError, match="is cut"):
        format.with_preamble(head()[:11])
    with pytest.raises(UsageError, match="has no preamble"):
        sigflow.load("sgf1").with_preamble()


@pytest.mark.parametrize("size", [None, 6, 1])
def test_files_that_were_joined(format: Format, size: int | None) -> None:
    data = head() + entries(9) + head(9, True) + entries(9)
    assert shapes(events_of(format, data, size))[10] == (("file:second-preamble",), 57, 69)
    data = head() + entries(9) + head(9, True) + entries(9, tagged=True)
    joined = events_of(format.with_preamble(concatenated=True), data, size)
    assert len(joined) == 20 and all(isinstance(event, Record) for event in joined)
    tags = [getattr(event.value, "tag", None) for event in joined if isinstance(event, Record)]
    assert tags[:11] == [None] * 11 and tags[11:] == [ord("t")] * 9


@pytest.mark.parametrize(
    "change", [lambda d: d, lambda d: d + d, lambda d: b"X" + d, lambda d: d[3:], lambda d: d[:-3]]
)
def test_cut_at_every_byte(format: Format, change: Callable[[bytes], bytes]) -> None:
    data = change(head() + entries(6) + END)
    for stop in range(len(data) + 1):
        assert shapes(events_of(format, data[:stop], 1)) == shapes(events_of(format, data[:stop]))


def test_a_preamble_of_few_bits_is_looked_for_at_the_beginning_only(tmp_path: Path) -> None:
    (tmp_path / "file.ksy").write_text(FILE.replace("contents: FILE", "contents: [1, 2, 3]"), encoding="utf-8")
    format = sigflow.compile(tmp_path / "file.ksy")
    data = b"\1\2\3" + head()[4:] + entries(9)
    assert "file:second-preamble" not in shapes(events_of(format, data + data))[10][0]


# ---------------------------------------------------------------- part by part


@pytest.mark.parametrize("sync", [(b"END",), (b"END", b"EOFS"), (b"EE", b"E\0E"), ()])
def test_whether_the_literal_of_a_part_stands_here(format: Format, sync: tuple[bytes, ...]) -> None:
    envelope = format.envelope
    assert envelope is not None and envelope.around is not None and envelope.around.trailer is not None
    trailer = changed(envelope.around.trailer, sync=sync)
    owner = replace(envelope, around=replace(envelope.around, trailer=trailer))
    part = FilePart(1, trailer, 4096, Account(), [owner, trailer])
    for size in range(5):
        for letters in product(b"ENDO\0"[: 5 if size < 4 else 4], repeat=size):
            data = bytes(letters)
            for at in range(size + 1):
                left = data[at:]
                whole = not sync or any(left.startswith(literal) for literal in sync)
                cut = None if any(literal.startswith(left) for literal in sync) else False
                assert part.marked(Segment(data, 50), at) is (whole or cut), (data, at)


def test_the_formats_of_a_stream_by_what_it_begins_with(format: Format) -> None:
    listed = with_parts([format])
    assert [part.name for part in listed] == ["file", "file:preamble", "file:trailer"]
    assert with_parts(listed) == listed
    whole = head(tagged=True)
    for size in range(len(whole)):
        assert opened(listed, whole[:size], final=False) is None
        assert opened(listed, whole[:size], final=True) == listed
    for data in (whole, whole + b"more"):
        bound = opened(listed, data, final=False)
        assert bound is not None and bound[1:] == listed[1:]
        envelope = bound[0].envelope
        assert envelope is not None and envelope.root is not None and envelope.root.head.tagged
    assert opened(listed, b"FILM" + whole, final=False) == listed
    assert opened([], b"", final=False) == []


def test_which_parts_are_looked_for_behind_the_beginning() -> None:
    part = preamble(SURE_BITS)
    assert is_searched(part) and not is_searched(changed(part, sync=()))
    assert not is_searched(changed(part, header_bits=SURE_BITS - 1))
    trailer = changed(part, role=model.TRAILER, header_bits=0.0)
    assert is_searched(trailer) and not is_searched(changed(trailer, sync=()))
