"""Frames of static layout that are built at once, against the general way: of a value the same bytes, or none."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sigflow
from sigflow import strategies
from sigflow.columns.render import render
from sigflow.errors import BuildError
from sigflow.stream.building import built
from sigflow.stream.building.quick import quick
from sigflow.stream.format import Format
from tests.building.kit import format_of

#: Formats of each layout: a header and a payload, bits, a nested type, a trailer, constants, a checksum that counts as
#: zeros, a length that counts more than the payload.
OWN = {
    "bare": "seq: [{id: a, type: u2}, {id: n, type: u1}, {id: body, size: n}]\n-sigflow-stream: {confirm: {chain: 2}}",
    "words": """
        seq: [{id: mark, contents: M}, {id: n, type: u1}, {id: k, type: b3, valid: {max: 5}}, {id: l, type: b5},
              {id: body, size: n - 2}]
        -sigflow-stream: {sync: M, confirm: {chain: 2}}
        """,
    "zeroed": """
        seq: [{id: mark, contents: M}, {id: crc, type: u2}, {id: n, type: u2}, {id: body, size: n}]
        -sigflow-stream:
          sync: M
          checksum: {field: crc, algorithm: CRC-16/XMODEM, over: mark..body, zeroed: true}
        """,
}
BUNDLED = ("sgf1", "sgf_legacy", "ubx", "ccsds_space_packet")
NUMBERS = st.one_of(st.integers(0, 7), st.sampled_from([-1, 255, 256, 65535, 1 << 32, 1 << 64, True, 1.0, "1", None]))


def formats() -> dict[str, Format]:
    return {**{name: sigflow.load(name) for name in BUNDLED}, **{name: format_of(text) for name, text in OWN.items()}}


FORMATS = formats()
FRAMES = {name: strategies.frames(format) for name, format in FORMATS.items()}


def paths_of(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all members of a mapping."""
    listed = []
    for key, held in value.items():
        listed.append((*path, key))
        if isinstance(held, dict) and "raw" not in held:
            listed += paths_of(held, (*path, key))
    return listed


def sound(format: Format, data: st.DataObject) -> dict[str, Any]:
    """A value of which a frame can be built: that of a frame of small numbers."""
    body = data.draw(st.binary(max_size=40))
    numbers = data.draw(st.lists(st.integers(0, 1), min_size=12, max_size=12))
    writing = format.envelope.decode.unit._FIELDS  # type: ignore[union-attr]
    value: dict[str, Any] = {}
    for number, name in zip(numbers, writing, strict=False):
        value[name] = number
    value.update({name: body for name in ("payload", "body", "data") if name in writing})
    for derived in ("magic", "sync", "mark", "payload_length", "n", "data_length", "checksum", "crc", "version"):
        value.pop(derived, None)
    if "version" in writing and format.name != "ccsds_space_packet":
        value["version"] = 1
    if "flags" in writing and format.name == "sgf1":
        value["flags"] = {"reserved": numbers[0], "compressed": numbers[1], "encoding": numbers[2]}
    return value


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_of_any_mapping_the_same_or_nothing(name: str, data: st.DataObject) -> None:
    format = FORMATS[name]
    value = sound(format, data)
    for _ in range(data.draw(st.integers(0, 2))):
        path = data.draw(st.sampled_from([*paths_of(value), ("other",), ("payload_length",), ("checksum",), ("n",)]))
        holder = value
        for part in path[:-1]:
            holder = holder[part]
        if data.draw(st.booleans()):
            holder[path[-1]] = data.draw(st.one_of(NUMBERS, st.binary(max_size=3)))
        else:
            holder.pop(path[-1], None)
    held = copy.deepcopy(value)
    raw = quick(format)(value)
    assert value == held
    if raw is not None:
        assert built(format, value).raw == raw


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_a_frame_in_all_its_forms(name: str, data: st.DataObject) -> None:
    format = FORMATS[name]
    raw = data.draw(FRAMES[name])
    build = quick(format)
    unit = format.parse(raw)
    assert build(unit) == raw
    printed = json.loads(json.dumps({"format": format.name, "index": 0, "value": render(unit).tree}))
    assert build(printed) == raw == format.build(printed)


def test_a_payload_that_is_printed_twice_and_changed_once_is_left_to_the_general_way() -> None:
    format = FORMATS["sgf1"]
    record = next(iter(sigflow.open("samples/valid_telemetry.sgf", format)))
    printed = {"format": "sgf1", "value": render(record.value).tree, "payload": render(record.payload).tree}
    assert format.build(printed) == record.raw
    printed["payload"][0]["value"] = "00"
    with pytest.raises(BuildError, match="delete one"):
        format.build(printed)
    del printed["value"]["payload"]
    fresh = format.build(printed)
    assert fresh[26:31] == b"\x00\x01\x00\x01\x00" and format.measure(fresh) == len(fresh)
