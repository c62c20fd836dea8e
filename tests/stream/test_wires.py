"""Captures of real formats, made by other people's encoders, against the frames that those say are in them.

The specs are as a user would write them; the captures lie outside the project (`SIGFLOW_WIRES`).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import sigflow

WIRES = Path(os.environ.get("SIGFLOW_WIRES") or "absent")

#: By capture: the spec.
SPECS = {
    # TBS CRSF: address, length behind it, type, payload, CRC-8 over type and payload.
    "crsf.bin": """
meta: {id: crsf, endian: be}
-sigflow-stream:
  max-frame: 64
  checksum: {field: crc, algorithm: CRC-8/DVB-S2, over: [type..payload]}
seq:
  - {id: address, type: u1, valid: {any-of: [0xc8, 0xea, 0xec, 0xee]}}
  - {id: length, type: u1, valid: {min: 2, max: 62}}
  - {id: type, type: u1}
  - {id: payload, size: length - 2}
  - {id: crc, type: u1}
""",
    # ROBOTIS Dynamixel Protocol 2.0: header, id, length of what follows, instruction, parameters, CRC-16 over all.
    "dynamixel2.bin": """
meta: {id: dynamixel2, endian: le}
-sigflow-stream:
  max-frame: 1024
  checksum: {field: crc, algorithm: CRC-16/UMTS, over: [header..parameters]}
seq:
  - {id: header, contents: [0xff, 0xff, 0xfd, 0x00]}
  - {id: id, type: u1}
  - {id: length, type: u2, valid: {min: 3}}
  - {id: instruction, type: u1}
  - {id: parameters, size: length - 3}
  - {id: crc, type: u2}
""",
    # ISO/IEC 13818-7, 6.2: ADTS frames; no checksum where protection_absent is set.
    "a.aac": """
meta: {id: adts, endian: be, bit-endian: be}
-sigflow-stream: {max-frame: 8191, confirm: {chain: 4}}
seq:
  - {id: sync, type: b12, valid: 0xfff}
  - {id: version, type: b1}
  - {id: layer, type: b2, valid: 0}
  - {id: protection_absent, type: b1, valid: true}
  - {id: profile, type: b2}
  - {id: frequency, type: b4, valid: {max: 12}}
  - {id: private, type: b1}
  - {id: channels, type: b3}
  - {id: flags, type: b4}
  - {id: length, type: b13, valid: {min: 8}}
  - {id: fullness, type: b11}
  - {id: blocks, type: b2}
  - {id: body, size: length - 7}
""",
}


@pytest.mark.skipif(not WIRES.is_dir(), reason="SIGFLOW_WIRES names no folder with captures of real formats")
@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("engine", ["python", "native"])
def test_the_frames_are_those_of_the_encoder(name: str, engine: str, tmp_path: Path) -> None:
    spec = tmp_path / "wire.ksy"
    spec.write_text(SPECS[name])
    truth = json.loads((WIRES / f"{name}.truth.json").read_text())
    with sigflow.open(WIRES / name, sigflow.compile(spec), engine=engine) as recording:
        assert [[record.start, len(record.raw)] for record in recording] == truth
        assert recording.validate().sound
