"""Codecs: what they make of good payloads, what of bad ones, and that the limits hold."""

from __future__ import annotations

import importlib.metadata
import random
import zlib

import pytest

from sigflow import codecs
from sigflow.codecs import Decoded
from sigflow.codecs.tlv import Element
from sigflow.errors import CodecError, UsageError
from sigflow.limits import Limits

NO_LIMITS = Limits()


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(codecs.REGISTRY, "_things", dict(codecs.REGISTRY._things))
    monkeypatch.setattr(codecs.REGISTRY, "_offers", None)
    monkeypatch.setattr(codecs.REGISTRY, "_brought", {})


def check_codec(name: str, payload: bytes, expected: object) -> None:
    """Every codec takes bytes and views, gives the same twice, and raises nothing but CodecError on damage."""
    codec = codecs.get(name)
    assert codec.name == name
    assert codec.decode(payload, NO_LIMITS).value == expected
    assert codec.decode(memoryview(payload), NO_LIMITS) == codec.decode(payload, NO_LIMITS)
    rng = random.Random(name)
    for _ in range(300):
        damaged = bytearray(payload)
        if damaged:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        try:
            codec.decode(bytes(damaged[: rng.randrange(len(damaged) + 1)]), NO_LIMITS)
        except CodecError as error:
            assert error.codec == name


NESTED = bytes.fromhex("8002 0005 0001 0001 2a")


def test_every_codec_passes_the_shared_check() -> None:
    check_codec("zlib", zlib.compress(b"alpha" * 50), b"alpha" * 50)
    check_codec("tlv", NESTED + b"\0\1\0\0", [Element(0x8002, 5, [Element(1, 1, b"*")]), Element(1, 0, b"")])

    @codecs.register_codec("rle")
    def rle(payload: bytes, *, limit: int) -> bytes:
        return b"".join(payload[n + 1 : n + 2] * payload[n] for n in range(0, len(payload) - 1, 2))

    assert rle(b"\3a", limit=9) == b"aaa"
    check_codec("rle", b"\3a\1b", b"aaab")
    assert {"rle", "tlv", "zlib"} <= set(codecs.names())


def test_a_codec_of_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = importlib.metadata.EntryPoint("brought", "tests.codecs.brought:decode", "sigflow.codecs")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: [entry])
    check_codec("brought", b"abc", b"cba")


def test_unknown_and_taken_names() -> None:
    with pytest.raises(UsageError, match=r"unknown codec 'zlip', did you mean 'zlib'\?"):
        codecs.get("zlip")
    with pytest.raises(UsageError, match="codec 'zlib' is already registered"):
        codecs.register_codec("zlib")(lambda payload, *, limit: payload)


@pytest.mark.parametrize(
    ("limits", "fits", "too_long"),
    [
        (Limits(inflated=100), 100, 101),
        (Limits(ratio=2), 24, 2000),  # 24 bytes of random data compress to more than 12
        (Limits(inflated=0), 0, 1),
    ],
)
def test_zlib_stays_within_its_limits(limits: Limits, fits: int, too_long: int) -> None:
    codec = codecs.get("zlib")
    data = random.Random(1).randbytes(fits)
    assert codec.decode(zlib.compress(data), limits).value == data
    with pytest.raises(CodecError, match=r"inflate to more than the limit of \d+"):
        codec.decode(zlib.compress(bytes(too_long)), limits)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "the zlib stream is cut short: 0 bytes inflate to 0"),
        (b"alpha", "not a zlib stream"),
        (zlib.compress(b"alpha")[:-1], "the zlib stream is cut short: 12 bytes inflate to 5"),
        (zlib.compress(b"alpha") + b"ab", "2 bytes behind the end of the zlib stream"),
        (zlib.compress(b"alpha")[:-1] + b"\0", "not a zlib stream"),
    ],
)
def test_zlib_says_what_is_wrong(payload: bytes, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        codecs.get("zlib").decode(payload, NO_LIMITS)


def test_what_a_registered_codec_gives_is_limited_too() -> None:
    codecs.register_codec("bomb")(lambda payload, *, limit: bytes(limit + 1))
    with pytest.raises(CodecError, match="codec bomb gave 11 bytes for 5, the limit is 10"):
        codecs.get("bomb").decode(b"alpha", Limits(ratio=2))


def test_what_a_registered_codec_raises_is_a_codec_error() -> None:
    codecs.register_codec("careless")(lambda payload, *, limit: payload[limit])
    with pytest.raises(CodecError, match="codec careless failed: IndexError: index out of range"):
        codecs.get("careless").decode(b"alpha", Limits(ratio=2))


def nested(levels: int) -> bytes:
    """An element that stands in `levels` constructed ones."""
    payload = b"\0\1\0\1*"
    for _ in range(levels):
        payload = b"\x80\2" + len(payload).to_bytes(2, "big") + payload
    return payload


TLV_FAULTS = [
    # payload, tags at the top that are kept, (offset, code, path) of each problem
    ("", [], []),
    ("00 01 00 01 2a 00 02", [1], [(5, "truncated", "[1]")]),
    ("00 01 00 01 2a 00 02 00 03 00", [1], [(5, "truncated", "[1]")]),
    ("8002 0006 0001 0001 2a 00 0003 0000", [0x8002, 3], [(9, "truncated", "[0].value[1]")]),
    ("8002 0003 000100 8003 0005 0001 0003 2a", [0x8002, 0x8003], [(4, "truncated", "[0].value[0]"),
                                                                     (11, "truncated", "[1].value[0]")]),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "tags", "problems"), TLV_FAULTS)
def test_tlv_keeps_what_stands_before_a_fault(
    payload: str, tags: list[int], problems: list[tuple[int, str, str]]
) -> None:
    decoded = codecs.get("tlv").decode(bytes.fromhex(payload), NO_LIMITS)
    assert [element.tag for element in decoded.value] == tags
    assert [(problem.offset, problem.code, problem.path) for problem in decoded.problems] == problems


@pytest.mark.parametrize(
    ("levels", "limits", "fits"), [(16, NO_LIMITS, True), (17, NO_LIMITS, False), (2, Limits(depth=1), False)]
)
def test_tlv_has_a_bound_on_its_depth(levels: int, limits: Limits, fits: bool) -> None:
    decoded = codecs.get("tlv").decode(nested(levels), limits)
    allowed = limits.depth or 16
    assert isinstance(decoded, Decoded)
    assert [problem.code for problem in decoded.problems] == ([] if fits else ["too-deep"])
    if not fits:
        assert decoded.problems[0].offset == 4 * allowed
        assert decoded.problems[0].path == "[0]" + ".value[0]" * allowed
    value, depth = decoded.value, 0
    while isinstance(value, list):
        value, depth = value[0].value, depth + 1
    assert depth == min(levels, allowed) + 1


def test_tlv_of_the_deepest_nesting_that_fits_needs_no_recursion() -> None:
    decoded = codecs.get("tlv").decode(nested(15000), Limits(depth=20000))
    assert decoded.problems == ()
