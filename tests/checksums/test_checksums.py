"""Checksums against published values, and each against itself in all of its forms."""

from __future__ import annotations

import importlib.metadata
import random
from dataclasses import replace
from pathlib import Path

import anycrc
import pytest

from sigflow import checksums
from sigflow.checksums import Algorithm, crc, steps
from sigflow.checksums.algorithms import built_in
from sigflow.checksums.crc import by_name, by_parameters
from sigflow.checksums.meant import meant
from sigflow.errors import UsageError
from sigflow.runtime import CrcParameters, SumParameters, XorParameters
from tests.checksums.kit import check_algorithm, check_native

# The CRC values are the catalogue's check values (RevEng); those below them were worked out by hand or are published.
CATALOGUE = {
    f"CRC-{name[3:].split('-')[0]}/{name.split('-', 1)[1]}": model.check for name, model in anycrc.models.items()
}
PUBLISHED = {
    "CRC-82/DARC": 0x09EA83F625023801FD612,
    "CRC-32/ISO-HDLC": 0xCBF43926,
    "CRC-16/MODBUS": 0x4B37,
    "CRC-16/CCITT-FALSE": 0x29B1,  # an alias of CRC-16/IBM-3740
    "CRC-32C": 0xE3069283,  # an alias of CRC-32/ISCSI
    "CRC-3/GSM": 0x4,
    "CRC-12/UMTS": 0xDAF,  # reflects its output, not its input
    "xor-8": 0x31,
    "sum-8": 0xDD,
    "sum-16": 0x1DD,
    "sum-32": 0x1DD,
    "internet": 0xF62A,
    "fletcher-16": 0x1EDE,
    "fletcher-16-mod256": 0x15DD,
    "fletcher-32": 0xDF09D509,
    "adler-32": 0x091E01DE,
}


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_crc_of_the_catalogue(name: str) -> None:
    check_algorithm(checksums.get(name), CATALOGUE[name], rounds=4)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_values(name: str) -> None:
    check_algorithm(checksums.get(name), PUBLISHED[name], rounds=40)


@pytest.mark.parametrize("algorithm", built_in(), ids=lambda algorithm: algorithm.name)
def test_every_built_in_algorithm(algorithm: Algorithm) -> None:
    """All that a new one needs is its file: it is found, and held to the value that it gives itself."""
    assert algorithm.check is not None
    assert checksums.get(algorithm.name) is algorithm
    check_algorithm(algorithm, algorithm.check, rounds=40)
    check_native(algorithm, rounds=40)
    hints = (Path(__file__).resolve().parents[2] / "docs/spec-hints.md").read_text(encoding="utf-8")
    assert f"`{algorithm.name}`" in hints


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("fletcher-16", b"abcde", 0xC8F0),
        ("fletcher-16", b"abcdefgh", 0x0627),
        ("fletcher-32", b"abcde", 0xF04FC729),
        ("fletcher-32", b"abcdef", 0x56502D2A),
        ("fletcher-32", b"abcdefgh", 0xEBE19591),
        ("internet", bytes.fromhex("45000073000040004011 0000 c0a80001c0a800c7"), 0xB861),
        ("internet", bytes(4), 0xFFFF),
        ("internet", b"\xff\xff\0\0", 0),
        ("xor-8", b"GPGLL,5300.97914,N,00259.98174,E,125926,A", 0x28),
    ],
)
def test_known_vectors(name: str, data: bytes, value: int) -> None:
    assert checksums.get(name).compute(data) == value


PARAMETERS = [
    (CrcParameters(16, 0x1021), 0x31C3),  # nothing else said: CRC-16/XMODEM
    (CrcParameters(16, 0x8005, 0xFFFF, True, True, 0), 0x4B37),
    (CrcParameters(32, 0x04C11DB7, 0xFFFFFFFF, False, False, 0xFFFFFFFF), 0xFC891918),
    (CrcParameters(12, 0x80F, 0, False, True, 0), 0xDAF),
    (CrcParameters(82, 0x0308C0111011401440411, 0, True, True, 0), 0x09EA83F625023801FD612),
]


@pytest.mark.parametrize(("parameters", "check"), PARAMETERS)
def test_free_parameters(parameters: CrcParameters, check: int) -> None:
    check_algorithm(checksums.get(parameters), check, rounds=8)
    assert checksums.get(parameters) is checksums.get(replace(parameters))


WORD = {"u1": (1, "big"), "u2le": (2, "little"), "u2be": (2, "big"), "u4le": (4, "little"), "u4be": (4, "big")}


def words_of(data: bytes, word: str) -> list[int]:
    size, order = WORD[word]
    parts = [data[at : at + size].ljust(size, b"\0") for at in range(0, len(data), size)]
    return [int.from_bytes(part, order) for part in parts]  # type: ignore[arg-type]


def summed(parameters: SumParameters, data: bytes) -> int:
    """A sum by its definition, word by word."""
    top, total = (1 << parameters.width) - 1, parameters.init
    for number in words_of(data, parameters.word):
        total += number
        while total > top:
            total = (total & top) + (total >> parameters.width if parameters.carry == "end-around" else 0)
    if parameters.complement != "none":
        total = (~total if parameters.complement == "ones" else -total) & top
    return total & (top if parameters.mask is None else parameters.mask)


def xored(parameters: XorParameters, data: bytes) -> int:
    """An XOR by its definition."""
    value = parameters.init
    for number in words_of(data, parameters.word):
        value ^= number
    return value


@pytest.mark.parametrize("word", WORD)
@pytest.mark.parametrize("carry", ["none", "end-around"])
@pytest.mark.parametrize("complement", ["none", "ones", "twos"])
@pytest.mark.parametrize("width", [8, 16, 32])
def test_sums_with_parameters(width: int, word: str, carry: str, complement: str) -> None:
    rng = random.Random(f"{width} {word} {carry} {complement}")
    for init, mask in ((0, None), (rng.getrandbits(width), (1 << rng.randint(1, width)) - 1)):
        parameters = SumParameters(width, word, carry, complement, init, mask)
        algorithm = checksums.get(parameters)
        assert algorithm.width == (width if mask is None else mask.bit_length())
        check_algorithm(algorithm, summed(parameters, b"123456789"), rounds=3)
        check_native(algorithm, 3, parameters)
        for data in (b"", bytes(9), b"\xff" * 13, rng.randbytes(50)):
            assert algorithm.compute(data) == summed(parameters, data)
        assert checksums.get(replace(parameters)) is algorithm


@pytest.mark.parametrize(("width", "word"), [(8, "u1"), (16, "u2le"), (16, "u2be")])
def test_xors_with_parameters(width: int, word: str) -> None:
    rng = random.Random(word)
    for init in (0, rng.getrandbits(width)):
        parameters = XorParameters(width, word, init)
        algorithm = checksums.get(parameters)
        check_algorithm(algorithm, xored(parameters, b"123456789"), rounds=20)
        check_native(algorithm, 20, parameters)
        for size in range(40):
            data = rng.randbytes(size)
            assert algorithm.compute(data) == xored(parameters, data)


def test_names_in_capitals_and_of_parameters() -> None:
    assert checksums.get("LRC").compute(b"\x11\x03\x00\x6b\x00\x03") == 0x7E  # Modbus ASCII
    assert checksums.get("Adler-32") is checksums.get("adler-32")
    assert checksums.canonical("CRC-16/CCITT-FALSE") == "CRC-16/IBM-3740"
    assert checksums.canonical("nothing") == "nothing"
    assert checksums.name_of(SumParameters(16, "u2le", "end-around")) == "sum-16 word=u2le carry=end-around"
    assert checksums.name_of(XorParameters(8, init=0x5A)) == "xor-8 init=0x5a"
    assert checksums.name_of(None) == "expression" and checksums.name_of("xor-8") == "xor-8"


def test_a_crc_of_one_bit_is_parity() -> None:
    parity = checksums.get(CrcParameters(1, 1))
    for data in (b"", b"\0", b"\1", b"\3\1", bytes(range(9))):
        assert parity.compute(data) == sum(byte.bit_count() for byte in data) % 2
    with pytest.raises(UsageError, match="at least 1 bit, found 0"):
        checksums.get(CrcParameters(0, 1)).compute(b"")


@pytest.mark.parametrize(
    ("name", "width"),
    [("adler-32", 32), ("fletcher-16", 16), ("fletcher-16-mod256", 16), ("fletcher-32", 32), ("internet", 16),
     ("xor-8", 8), ("sum-8", 8), ("sum-16", 16), ("sum-32", 32), ("CRC-32/ISO-HDLC", 32), ("CRC-16/XMODEM", 16)],
)  # fmt: skip
def test_widths(name: str, width: int) -> None:
    assert checksums.get(name).width == width


@pytest.mark.parametrize(("width", "wide"), [(63, False), (64, False), (65, True)])
def test_only_a_crc_of_more_than_64_bits_is_worked_out_here(width: int, wide: bool) -> None:
    assert isinstance(crc._engine(width, 1, 0, False, False, 0), crc.WideCrc) is wide


@pytest.mark.parametrize("refin", [False, True])
@pytest.mark.parametrize("refout", [False, True])
def test_wide_crcs_reflect_and_invert_as_narrow_ones_do(refin: bool, refout: bool) -> None:
    """A polynomial times x**16 makes the 80-bit register hold a 64-bit CRC in its upper bits."""
    narrow = by_parameters(64, 0x42F0E1EBA9EA3693, 0x1234, refin, False, 0)
    wide = by_parameters(80, 0x42F0E1EBA9EA3693 << 16, 0x1234 << 16, refin, refout, (1 << 80) - 1 if refout else 0)
    value = narrow.compute(b"some bytes") << 16
    expected = int(f"{value:080b}"[::-1], 2) ^ (1 << 80) - 1 if refout else value
    check_algorithm(wide, wide.compute(b"123456789"), rounds=4)
    assert wide.compute(b"some bytes") == expected


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (CrcParameters(0, 1), "a CRC has at least 1 bit, found 0 bits"),
        (CrcParameters(-3, 0), "a CRC has at least 1 bit, found -3 bits"),
        (CrcParameters(1, 2), "poly does not fit into 1 bits"),
        (CrcParameters(8, 0x107), "poly does not fit into 8 bits"),
        (CrcParameters(8, 7, init=256), "init does not fit into 8 bits"),
        (CrcParameters(8, 7, xorout=-1), "xorout does not fit into 8 bits"),
    ],
)
def test_bad_parameters(parameters: CrcParameters, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        checksums.get(parameters)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(checksums.REGISTRY, "_things", dict(checksums.REGISTRY._things))


@pytest.mark.usefixtures("fresh")
def test_registered_checksums_pass_the_same_check() -> None:
    @checksums.register_checksum("demo", width=8)
    def demo(data: bytes) -> int:
        return (len(data) + sum(data)) & 255

    assert demo(b"\1") == 2
    check_algorithm(checksums.get("demo"), 0xDD + 9 & 255)
    assert checksums.get("demo").ranges() is None
    assert checksums.register_checksum("CRC-demo", width=8, function=demo) is demo
    assert checksums.get("CRC-demo").compute(b"\1") == 2
    for taken in ("demo", "xor-8", "CRC-16/MODBUS", "CRC-32"):
        with pytest.raises(UsageError, match="already registered"):
            checksums.register_checksum(taken, width=8, function=demo)


@pytest.mark.parametrize("name", ["CRC-16/MODBUZ", "fletcher16"])
def test_an_unknown_name_is_answered_with_the_nearest_of_all(name: str) -> None:
    with pytest.raises(UsageError, match=r"did you mean '(CRC-16/MODBUS|fletcher-16)'\?"):
        checksums.get(name)


def test_checksums_of_installed_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = checksums.REGISTRY
    monkeypatch.setattr(registry, "_things", dict(registry._things))
    monkeypatch.setattr(registry, "_offers", None)
    monkeypatch.setattr(registry, "_brought", {})
    offered = {"brought": "sigflow.checksums.algorithms.sums:XOR_8", "no-algorithm": "zlib:crc32"}
    entries = [importlib.metadata.EntryPoint(name, value, registry.group) for name, value in offered.items()]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries)
    check_algorithm(checksums.get("brought"), 0x31)
    with pytest.raises(UsageError, match="found builtin_function_or_method, wanted a sigflow"):
        checksums.get("no-algorithm")


def test_a_known_name_that_cannot_be_loaded_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = checksums.REGISTRY
    things = dict(registry._things)
    monkeypatch.setattr(registry, "_things", {**things, "other": "x:y"})
    monkeypatch.setattr(registry, "_offers", None)
    monkeypatch.setattr(registry, "_brought", {})
    entry = importlib.metadata.EntryPoint("xor-8", "a:b", registry.group)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: [entry])
    assert checksums.get("xor-8").name == "xor-8"
    with pytest.raises(UsageError, match="unknown checksum 'nowhere'"):
        checksums.get("nowhere")
    with pytest.raises(UsageError, match="checksum 'other' cannot be loaded from 'x:y'"):
        checksums.get("other")


def test_names_are_those_of_the_catalogue_and_more() -> None:
    names = checksums.names()
    assert set(CATALOGUE) | (set(PUBLISHED) - {"CRC-16/CCITT-FALSE", "CRC-32C"}) <= set(names)
    assert names == sorted(names)
    assert all(checksums.get(name).name == name for name in names)


def test_algorithms_of_specs_are_not_kept_for_ever() -> None:
    """Any spec may name parameters of its own, and a table of them takes kilobytes."""
    for poly in range(1, 1001, 2):
        by_parameters(16, poly, 0, False, False, 0)
        checksums.get(CrcParameters(16, poly)).steps()
        by_name(f"CRC-{poly}")
    for kept in (by_parameters, by_name, crc._engine, steps.crc_steps):
        assert kept.cache_info().currsize <= crc.MOST


@pytest.mark.parametrize(
    ("typed", "likely"),
    [
        ("CRC32", ("CRC-32/ISO-HDLC",)),  # what people mean by it
        ("crc-16 modbus", ("CRC-16/MODBUS",)),  # the name, written otherwise
        ("XOR", ("xor-8",)),
        ("SREC", ("{sum: 8, complement: ones}",)),
        ("LRC-8", ("lrc", "xor-8")),
        ("XOR-16", ("{xor: 16, word: u2be}",)),
        ("DVB-S2", ("CRC-8/DVB-S2",)),
        ("CRC-16/MODBSU", ("CRC-16/MODBUS",)),  # a slip
        ("nothing at all", ()),
    ],
)
def test_what_a_name_may_stand_for(typed: str, likely: tuple[str, ...]) -> None:
    assert meant(typed, checksums.names(), crc.aliases())[: len(likely) or None] == likely


def swaps(text: str, other: str) -> int:
    """The distance of two texts: letters more, less, or another, and neighbours that changed places (the optimal string
    alignment distance)."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(text, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted)))
            if i > 1 and j > 1 and letter == other[j - 2] and text[i - 2] == wanted:
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


@pytest.mark.parametrize("seed", range(20))
def test_a_slip_is_one_letter_or_two_that_changed_places(seed: int) -> None:
    rng = random.Random(seed)
    slips = 0
    for _ in range(300):
        name = "".join(rng.choice("XYZ") for _ in range(rng.randint(4, 8)))
        typed = list(name)
        for _ in range(rng.randint(1, 2)):
            at = rng.randrange(len(typed))
            match rng.randrange(4):
                case 0:
                    del typed[at]
                case 1:
                    typed.insert(at, rng.choice("XYZ"))
                case 2:
                    typed[at] = rng.choice("XYZ")
                case _:
                    typed[at : at + 2] = typed[at : at + 2][::-1]
        text = "".join(typed)
        slip = text == name or (len(text) > 4 and swaps(text, name) <= 1)
        assert meant(text, [name], {}) == ((name,) if slip else ()), (text, name)
        slips += slip
    assert 50 < slips < 250


@pytest.mark.parametrize(
    ("typed", "known", "likely"),
    [
        ("CRC-16/MODBUZ", ["CRC-16/MODBUS", "CRC-16/MODBUX"], ("CRC-16/MODBUS",)),  # the first of several
        ("CRC-15/MODBUS", ["CRC-16/MODBUS"], ()),  # another width is another checksum
        ("CRC-16/AB", ["CRC-16/AC"], ()),  # so few letters that any would do
        ("CRC-16/ABD", ["CRC-16/ABC"], ("CRC-16/ABC",)),
        ("abcde" * 13, ["abcde" * 12 + "abcdf"], ()),  # too long to be a slip
        ("abc" * 21, ["abc" * 20 + "abd"], ("abc" * 20 + "abd",)),
    ],
)
def test_which_slips_are_taken_for_a_name(typed: str, known: list[str], likely: tuple[str, ...]) -> None:
    assert meant(typed, known, {}) == likely


def test_a_name_stands_for_the_names_of_its_aliases() -> None:
    aliases = {"SOME-16": "CRC-16/A", "some/16": "CRC-16/A", "SOME_16": "CRC-16/B", "XOR": "CRC-16/C"}
    assert meant("some 16", ["CRC-16/A"], aliases) == ("CRC-16/A", "CRC-16/B")
    assert meant("XOR", ["CRC-16/C"], aliases) == ("xor-8",)  # what people mean comes first
    assert meant("XOR", ["x-o-r", "xor"], aliases) == ("x-o-r", "xor")  # but not before the name itself
