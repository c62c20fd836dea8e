"""Any ID a spec may have works as a name in generated Python: keywords, builtins, what the runtime is called.

Each name stands as each kind of thing, and as all of them at once; the module is imported and used.
"""

from __future__ import annotations

import builtins
import importlib
import keyword
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sigflow.compiler import build
from sigflow.compiler.naming import attribute, member, upper_camel
from sigflow.errors import SpecError
from sigflow.events import Record
from sigflow.stream.format import Format

ID = re.compile(r"[a-z][a-z0-9_]*")
RUNTIME = """
    run window envelope any int_enum kaitai_struct kaitai_stream struct len list property self cls from_file from_bytes
    from_io close mro name value io i on moved raw data pos start size stop end type format measure steps members named
    shifted inflate require_abi collections builtins typing enum zlib crc32 sigflow kaitaistruct read seek
    validation_not_equal_error undecided_endianness_error as_stream within_depth measured frame checksum unpack fields
    type_checking annotations str int float bytes bool object super min max sum abs hex ord chr range isinstance
    attribute_error value_error e_o_f_error limits max_frame index offset buffer need code bad more view payload keys
    names a b x y z t u root parent sizeof bits step got found table late head tail total key item items kwargs args
    """.split()  # noqa: SIM905  # fmt: skip
NAMES = sorted(
    {name for name in (*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "true", "false") if ID.fullmatch(name)}
    | set(RUNTIME)
)

ROLES = {
    "field": (
        "meta: {id: x}\nseq:\n  - {id: NAME, type: u1}\n  - {id: other, size: NAME}\n"
        "instances:\n  twice: {value: NAME * 2 + other.length}\n",
        lambda x, name: (getattr(x, attribute(name)), x.other, x.twice) == (2, b"\3\1", 6),
    ),
    "fields of a run": (
        "meta: {id: x, endian: be}\nseq:\n  - {id: first, type: u1}\n  - {id: NAME, type: u1}\n"
        "  - {id: bit, type: b1}\n  - {id: rest, type: b7}\n",
        lambda x, name: (x.first, getattr(x, attribute(name)), x.rest) == (2, 3, 1),
    ),
    "list": (
        "meta: {id: x}\nseq:\n  - {id: NAME, type: u1, repeat: until, repeat-until: _ == 1 or NAME.size == 9}\n",
        lambda x, name: getattr(x, attribute(name)) == [2, 3, 1],
    ),
    "optional": (
        "meta: {id: x}\nseq:\n  - {id: n, type: u1}\n  - {id: NAME, type: u1, if: n == 2, valid: {min: 1}}\n",
        lambda x, name: getattr(x, attribute(name)) == 3,
    ),
    "value": (
        "meta: {id: x}\nseq:\n  - {id: n, type: u1}\ninstances:\n  NAME: {value: n + 40}\n  other: {value: NAME + 1}\n",
        lambda x, name: (getattr(x, attribute(name)), x.other) == (42, 43),
    ),
    "instance": (
        "meta: {id: x}\ninstances:\n  NAME: {pos: 1, type: u1, if: true}\n  other: {value: NAME + 1}\n",
        lambda x, name: (getattr(x, attribute(name)), x.other) == (3, 4),
    ),
    "param": (
        "meta: {id: x}\nseq:\n  - {id: it, type: item(2)}\ntypes:\n  item:\n    params: [{id: NAME, type: u1}]\n"
        "    seq: [{id: body, size: NAME}]\n",
        lambda x, name: (getattr(x.it, attribute(name)), x.it.body) == (2, b"\2\3"),
    ),
    "type": (
        "meta: {id: x}\nseq:\n  - {id: it, type: NAME}\n  - {id: many, type: 'NAME::color_of', repeat: eos}\n"
        "types:\n  NAME:\n    seq: [{id: a, type: u1, enum: color}]\n    enums: {color: {2: red}}\n"
        "    types:\n      color_of: {seq: [{id: b, type: u1, enum: 'NAME::color'}]}\n"
        "instances:\n  is_red: {value: 'it.a == NAME::color::red'}\n  cast: {value: it.as<NAME>.a.to_i}\n",
        lambda x, name: (int(x.it.a), x.is_red, x.cast, len(x.many)) == (2, True, 2, 16),
    ),
    "enum": (
        "meta: {id: x}\nseq:\n  - {id: it, type: u1, enum: NAME, valid: {in-enum: true}}\n"
        "enums:\n  NAME: {2: two}\ninstances:\n  is_two: {value: 'it == NAME::two'}\n",
        lambda x, name: (x.it.name, x.is_two) == ("two", True),
    ),
    "member": (
        "meta: {id: x}\nseq:\n  - {id: it, type: u1, enum: color}\nenums:\n  color: {2: NAME, 3: other}\n"
        "instances:\n  is_it: {value: 'it == color::NAME'}\n  raw_it: {value: it.to_i}\n",
        lambda x, name: (int(x.it), x.it is type(x.it)[member(name)], x.is_it, x.raw_it) == (2, True, True, 2),
    ),
    "all at once": (
        "meta: {id: x}\nseq:\n  - {id: NAME, type: NAME}\ntypes:\n  NAME:\n    seq:\n"
        "      - {id: NAME, type: u1, enum: NAME}\n    enums:\n      NAME: {2: NAME}\n"
        "instances:\n  is_it: {value: 'NAME.NAME == NAME::NAME::NAME'}\n",
        lambda x, name: x.is_it is True and int(getattr(getattr(x, attribute(name)), attribute(name))) == 2,
    ),
    "debug": (
        "meta: {id: x, ks-debug: true}\nseq:\n  - {id: NAME, type: u1}\n  - {id: other, size: NAME}\n",
        lambda x, name: x._read() is None and (getattr(x, attribute(name)), x.other) == (2, b"\3\1"),
    ),
    "calculated order": (
        "meta:\n  id: x\n  endian: {switch-on: _io.size, cases: {17: be, _: le}}\nseq:\n  - {id: NAME, type: u2}\n"
        "instances:\n  after: {value: NAME + 1}\n",
        lambda x, name: (getattr(x, attribute(name)), x.after) == (0x0203, 0x0204),
    ),
}
#: Words of the expression language: what it cannot name, it cannot use.  And types that mean something already.
WORDS = ("and", "or", "not", "true", "false")
PURE = ("any", "bool", "bytes", "io", "str", "struct")
DATA = b"\2\3\1" + bytes(14)


def fault(role: str, name: str, folder: Path) -> str:
    """What is wrong with a name in a role, if anything."""
    text, holds = ROLES[role]
    (folder / "x.ksy").write_text(text.replace("NAME", name), encoding="utf-8")
    result = build(folder / "x.ksy")
    if (name in WORDS and not result.ok) or (name in PURE and "type: NAME" in text):
        return ""
    if not result.ok:
        return "; ".join(str(problem) for problem in result.problems)
    try:
        module: Any = result.load()
        with module.X.from_bytes(DATA) as value:
            value._fetch_instances() if role != "debug" else None
            return "" if holds(value, name) else f"read wrongly: {vars(value)}"
    except Exception as error:  # a fault of the module, whatever it is
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("role", ROLES)
def test_every_name_works(role: str, tmp_path: Path) -> None:
    faults = [f"{name}: {message}" for name in NAMES if (message := fault(role, name, tmp_path))]
    assert not faults, "\n".join(faults)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a package `generated_here` that modules are imported from."""
    package = tmp_path / "generated_here"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    sys.path.insert(0, str(tmp_path))
    yield package
    sys.path.remove(str(tmp_path))
    for module in [module for module in sys.modules if module.partition(".")[0] == "generated_here"]:
        del sys.modules[module]


def imported_fault(name: str, folder: Path) -> str:
    """What is wrong with a spec of this name that another imports, in memory and as a file of a package."""
    if name in (*WORDS, "str"):
        return ""
    main = f"main_{name}"
    (folder / f"{name}.ksy").write_text(
        f"meta: {{id: {name}}}\nseq:\n  - {{id: a, type: u1, enum: color}}\nenums:\n  color: {{2: red}}\n",
        encoding="utf-8",
    )
    (folder / f"{main}.ksy").write_text(
        f"meta: {{id: {main}, imports: [{name}]}}\nseq:\n  - {{id: it, type: {name}}}\n"
        f"  - {{id: other, type: u1, enum: '{name}::color'}}\ninstances:\n"
        f"  is_red: {{value: 'it.a == {name}::color::red'}}\n",
        encoding="utf-8",
    )
    try:
        packaged = build(folder / f"{main}.ksy", package="generated_here")
        for module, text in packaged.modules.items():
            (folder / f"{module}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        for loaded in (build(folder / f"{main}.ksy").load(), importlib.import_module(f"generated_here.{main}")):
            value: Any = getattr(loaded, upper_camel(main)).from_bytes(DATA)
            if (int(value.it.a), value.is_red, value.other) != (2, True, 3):
                return f"read wrongly: {vars(value)}"
    except Exception as error:  # a fault of the modules, whatever it is
        return f"{type(error).__name__}: {error}"
    return ""


def test_a_spec_of_any_name_is_imported(folder: Path) -> None:
    faults = [f"{name}: {message}" for name in NAMES if (message := imported_fault(name, folder))]
    assert not faults, "\n".join(faults)


STREAM = """\
meta: {id: x, endian: be}
-sigflow-stream:
  max-frame: 300
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..body}
  sequence: {field: NAME}
seq:
  - {id: magic, contents: SYNC}
  - {id: NAME, type: u1}
  - {id: len_body, type: u1}
  - {id: body, size: len_body}
  - {id: crc, type: u4}
"""
STREAM_LENGTH = STREAM.replace("len_body", "LEN").replace("NAME", "count").replace("LEN", "NAME")
STREAM_BODY = STREAM.replace("NAME", "count").replace("body, size", "NAME, size").replace("..body", "..NAME")
#: Types of the name, read late, before a part of another type.
STREAM_PART = (
    STREAM.replace("{field: NAME}", "{field: count}").replace(
        "  - {id: NAME, type: u1}",
        """\
  - {id: count, type: u1}
  - {id: NAME, type: NAME}
  - {id: second, type: second_part}""",
    )
    + """\
types:
  NAME: {seq: [{id: NAME, type: b3}, {id: rest, type: b5}]}
  second_part: {seq: [{id: NAME, type: u2}, {id: other, type: u1}]}
"""
)
TEXT = """\
meta: {id: x, encoding: ASCII}
-sigflow-stream:
  max-frame: 300
  confirm: {chain: 2}
seq:
  - {id: magic, contents: SYNC}
  - {id: NAME, type: str, terminator: 10, -sigflow-max-size: 20}
  - {id: other, size: 1, if: NAME != ""}
"""
STREAMS = {"counter": STREAM, "length": STREAM_LENGTH, "body": STREAM_BODY, "part": STREAM_PART, "line": TEXT}


def frames_of(role: str) -> tuple[list[bytes], list[Any]]:
    """Three frames, and what the field of the name has in each."""
    if role == "line":
        return [b"SYNCab\nx", b"SYNCcd\ny", b"SYNCef\nz"], ["ab", "cd", "ef"]
    between = b"\xe1\1\2\3" if role == "part" else b""
    heads = [b"SYNC" + bytes((number, *between, 3)) + b"abc" for number in range(3)]
    values: dict[str, list[Any]] = {"counter": [0, 1, 2], "length": [3] * 3, "body": [b"abc"] * 3, "part": [7] * 3}
    return [head + zlib.crc32(head).to_bytes(4, "big") for head in heads], values[role]


def stream_fault(role: str, name: str, folder: Path) -> str:
    """What is wrong with a stream format that has a field of this name; read whole and byte by byte."""
    (folder / "x.ksy").write_text(STREAMS[role].replace("NAME", name), encoding="utf-8")
    frames, values = frames_of(role)
    data = b"".join(frames)
    try:
        format = Format(build(folder / "x.ksy").load().FORMAT)
        for size in (1, len(data)):
            decoder = format.decoder()
            for at in range(0, len(data), size):
                decoder.feed(data[at : at + size])
            decoder.feed_eof()
            records = [event for event in decoder.events() if isinstance(event, Record)]
            parts = [(record.raw, getattr(record.value, attribute(name))) for record in records]
            if role == "part":
                parts = [(raw, getattr(part, attribute(name))) for raw, part in parts]
            if parts != list(zip(frames, values, strict=True)):
                return f"chunks of {size}: {parts}"
    except SpecError as error:
        return "" if name in WORDS or (role == "part" and name in PURE) else str(error)
    except Exception as error:  # a fault of the module, whatever it is
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("role", STREAMS)
def test_a_stream_format_with_a_field_of_any_name(role: str, tmp_path: Path) -> None:
    names = [name for name in NAMES if name not in ("magic", "crc", "count", "other")]
    faults = [f"{name}: {message}" for name in names if (message := stream_fault(role, name, tmp_path))]
    assert not faults, "\n".join(faults)
