"""SF5xx: stream hints."""

from __future__ import annotations

from sigflow.compiler.codes.code import Code, E, N, W

CODES = {
    "SF501": Code(
        E,
        "an unknown hint",
        "Keys that begin with `-sigflow` are checked; other tools ignore them all.",
        bad="""\
meta: {id: hinted}
-sigflow-steam: {confirm: {chain: 2}}
seq:
  - {id: magic, contents: SYNC}
""",
        good="""\
meta: {id: hinted}
-sigflow-stream: {confirm: {chain: 2}}
seq:
  - {id: magic, contents: SYNC}
""",
    ),
    "SF502": Code(
        E,
        "a hint of the wrong form",
        "The message says what is wanted there.",
        bad="""\
meta: {id: hinted}
-sigflow-stream: {max-frame: many}
seq:
  - {id: magic, contents: SYNC}
""",
        good="""\
meta: {id: hinted}
-sigflow-stream: {max-frame: 100}
seq:
  - {id: magic, contents: SYNC}
""",
    ),
    "SF503": Code(
        E,
        "an unknown checksum algorithm",
        (
            "It is a name of the RevEng catalogue, one of the sums, the parameters of a CRC, a sum or an XOR, or a "
            "registered name."
        ),
        bad="""\
meta: {id: summed, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-32/ISO-HLDC, over: magic}
seq:
  - {id: magic, contents: SYNC}
  - {id: crc, type: u4}
""",
        good="""\
meta: {id: summed, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic}
seq:
  - {id: magic, contents: SYNC}
  - {id: crc, type: u4}
""",
    ),
    "SF504": Code(
        E,
        "a checksum that does not fit its field",
        "The field has at least as many bits as the checksum, or, with `encoding`, as many digits.",
        bad="""\
meta: {id: summed, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic}
seq:
  - {id: magic, contents: SYNC}
  - {id: crc, type: u2}
""",
        good="""\
meta: {id: summed, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: magic}
seq:
  - {id: magic, contents: SYNC}
  - {id: crc, type: u2}
""",
    ),
    "SF505": Code(
        E,
        "a sync that no field fixes",
        "A sync is a beginning of what `contents` and `valid` fix at the start of the frame.",
        bad="""\
meta: {id: synced}
-sigflow-stream: {sync: SYNK, confirm: {chain: 2}}
seq:
  - {id: magic, contents: SYNC}
""",
        good="""\
meta: {id: synced}
-sigflow-stream: {sync: SYN, confirm: {chain: 2}}
seq:
  - {id: magic, contents: SYNC}
""",
    ),
    "SF506": Code(
        E,
        "a max-frame below the smallest frame",
        "No frame could be found.",
        bad="""\
meta: {id: bounded}
-sigflow-stream: {max-frame: 3, confirm: {chain: 2}}
seq:
  - {id: magic, contents: SYNC}
""",
        good="""\
meta: {id: bounded}
-sigflow-stream: {max-frame: 4, confirm: {chain: 2}}
seq:
  - {id: magic, contents: SYNC}
""",
    ),
    "SF507": Code(
        E,
        "a frame whose length cannot be derived",
        ('In a stream nothing extends "to the end": give every field of a frame a size, a terminator or a count.'),
        bad="""\
meta: {id: lengths}
-sigflow-stream: {confirm: {chain: 2}}
seq:
  - {id: magic, contents: SYNC}
  - {id: body, size-eos: true}
""",
        good="""\
meta: {id: lengths}
-sigflow-stream: {confirm: {chain: 2}}
seq:
  - {id: magic, contents: SYNC}
  - {id: body, terminator: 0}
""",
    ),
    "SF508": Code(
        E,
        "an unknown field in a hint",
        "Hints name the fields of the type that is one frame.",
        bad="""\
meta: {id: summed, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..lenght}
seq:
  - {id: magic, contents: SYNC}
  - {id: length, type: u1}
  - {id: crc, type: u4}
""",
        good="""\
meta: {id: summed, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..length}
seq:
  - {id: magic, contents: SYNC}
  - {id: length, type: u1}
  - {id: crc, type: u4}
""",
    ),
    "SF509": Code(
        W,
        "bytes that no checksum protects",
        "Damage there goes unseen; cover them too, where the format's own checksum does.",
        bad="""\
meta: {id: summed, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic}
seq:
  - {id: magic, contents: SYNC}
  - {id: kind, type: u1}
  - {id: crc, type: u4}
""",
        good="""\
meta: {id: summed, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..kind}
seq:
  - {id: magic, contents: SYNC}
  - {id: kind, type: u1}
  - {id: crc, type: u4}
""",
    ),
    "SF510": Code(
        W,
        "a chain that random bytes may satisfy",
        (
            "A header's fixed bits times the chain's length is the evidence on which a frame is believed; 36 "
            "bits are advised."
        ),
        bad="""\
meta: {id: chained}
-sigflow-stream: {confirm: {chain: 4}}
seq:
  - {id: magic, contents: Z}
  - {id: body, size: 9}
""",
        good="""\
meta: {id: chained}
-sigflow-stream: {confirm: {chain: 5}}
seq:
  - {id: magic, contents: Z}
  - {id: body, size: 9}
""",
    ),
    "SF511": Code(
        E,
        "an example that does not hold",
        (
            "The bytes of an example are one frame of the format, and each path of `expect` has its value. Said by "
            "`lint` and the pytest plug-in; such a spec compiles all the same."
        ),
        bad="""\
meta: {id: counted}
-sigflow-examples:
  - hex: "0541"
  - hex: "0141"
    expect: {len_body: 2}
seq:
  - {id: len_body, type: u1}
  - {id: body, size: len_body}
""",
        good="""\
meta: {id: counted}
-sigflow-examples:
  - hex: "0141"
    expect: {len_body: 1, body: "41"}
seq:
  - {id: len_body, type: u1}
  - {id: body, size: len_body}
""",
    ),
    "SF512": Code(
        N,
        "a format that only the Python engine measures",
        (
            "The native engine measures a frame with 64-bit integers over its bytes. A format with something that "
            "cannot be said in this way is decoded all the same, but at the speed of Python."
        ),
        bad="""\
meta: {id: floating, endian: le}
-sigflow-stream:
seq:
  - {id: magic, contents: FLOATING}
  - {id: gain, type: f4, valid: {min: 0.0}}
  - {id: body, size: 9}
""",
        good="""\
meta: {id: floating, endian: le}
-sigflow-stream:
seq:
  - {id: magic, contents: FLOATING}
  - {id: gain, type: f4}
  - {id: body, size: 9}
""",
    ),
    "SF513": Code(
        N,
        "frames that have no checksum",
        (
            "Where the condition of a checksum is false, only the headers that follow can confirm a frame, as in a "
            "format without a checksum."
        ),
        bad="""\
meta: {id: optional, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: magic..kind}
seq:
  - {id: magic, contents: SYNC}
  - {id: kind, type: u1}
  - {id: crc, type: u2, if: kind == 1}
""",
        good="""\
meta: {id: optional, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: magic..kind}
seq:
  - {id: magic, contents: SYNC}
  - {id: kind, type: u1}
  - {id: crc, type: u2}
""",
    ),
    "SF514": Code(
        E,
        "a framing that cannot work",
        (
            "Units stand between delimiters, or behind a `start`; what delimits them may not be what stuffing leaves "
            "in them."
        ),
        bad="""\
meta: {id: framed}
-sigflow-stream:
  framing: {delimiter: 0xc0, stuffing: cobs}
seq:
  - {id: kind, type: u1}
  - {id: body, size-eos: true}
""",
        good="""\
meta: {id: framed}
-sigflow-stream:
  framing: {delimiter: 0x00, stuffing: cobs}
seq:
  - {id: kind, type: u1}
  - {id: body, size-eos: true}
""",
    ),
    "SF515": Code(
        E,
        "a preamble or trailer of what has none",
        (
            "The root of a spec is the whole file: what stands in it before the one list of the frames is the "
            "preamble, what stands behind it the trailer."
        ),
        bad="""\
meta: {id: archive}
-sigflow-stream: {unit: entry, preamble: true}
seq:
  - {id: entries, type: entry, repeat: eos}
types:
  entry:
    seq:
      - {id: magic, contents: ENTRY}
      - {id: body, size: 9}
""",
        good="""\
meta: {id: archive}
-sigflow-stream: {unit: entry, preamble: true}
seq:
  - {id: magic, contents: ARCHIVE}
  - {id: entries, type: entry, repeat: eos}
types:
  entry:
    seq:
      - {id: magic, contents: ENTRY}
      - {id: body, size: 9}
""",
    ),
    "SF519": Code(
        E,
        "a max-frame above what the checksum allows",
        (
            "A value that an expression gives, or one over the bytes that text spells, is worked out anew wherever a "
            "frame might begin. So that damage cannot make this slow, such frames have at most 65,536 bytes, which is "
            "the default then."
        ),
        bad="""\
meta: {id: spelt, encoding: ASCII}
-sigflow-stream:
  max-frame: 100000
  checksum: {field: lrc, encoding: hex, algorithm: lrc, over: {field: text, decode: hex}}
seq:
  - {id: start, contents: ":"}
  - {id: text, type: str, terminator: 0x2a}
  - {id: lrc, type: str, size: 2}
""",
        good="""\
meta: {id: spelt, encoding: ASCII}
-sigflow-stream:
  max-frame: 600
  checksum: {field: lrc, encoding: hex, algorithm: lrc, over: {field: text, decode: hex}}
seq:
  - {id: start, contents: ":"}
  - {id: text, type: str, terminator: 0x2a}
  - {id: lrc, type: str, size: 2}
""",
    ),
}
