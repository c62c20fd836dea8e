"""What may stand in `sigflow.yaml`: one class for each kind of entry.

The JSON Schema of the file is made of these classes (`document.schema`), and so are its mistakes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from sigflow.config.units import Duration, Instant


def _key(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True, rename=_key):
    """An entry; its keys are written with hyphens."""


_WRITTEN = msgspec.Meta(extra_json_schema={"type": ["string", "number", "boolean"]})
#: An expression of the language of specs, over the fields of a frame.
Expression = Annotated[str, _WRITTEN]
#: A value as it is spelt: of an enum its label, of bytes hexadecimal.
Spelt = Annotated[str, _WRITTEN]
#: One name, or several.
Names = str | list[str]

#: What can be counted of a stream.
COUNTED = ("frames", "bytes", "gaps", "gap-bytes", "checksum-failures", "lost")
Counted = Literal["frames", "bytes", "gaps", "gap-bytes", "checksum-failures", "lost"]
Level = Literal["watch", "warning", "critical"]


class Meant(Section, frozen=True):
    """Which frames are meant: of these formats, kinds and streams, and for which this holds."""

    format: Names = []
    kind: Spelt | list[Spelt] = []
    stream: Spelt | list[Spelt] = []
    where: Expression | None = None


#: What is compared is less than this, and more than nothing: NaN and infinity are no bounds.
_MOST = 1e15


class Persistence(Section, frozen=True):
    """How long a condition must hold: for so many frames one after the other; for `frames` of the last `of`; or for a
    time.
    """

    frames: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    of: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    seconds: Duration | None = None


class Learning(Section, frozen=True):
    """What is usual is learnt of the first frames: the median and the spread of a rate, a size or a value.

    of: `frame-rate`, `frame-size`, or an expression.  learn: how long, in the time of the frames.  sigmas: how many
    times the spread a value may be away from the median.  over: the time in which frames are counted for a rate.
    at_least: the smallest spread that is assumed.
    """

    of: Expression
    learn: Duration
    sigmas: Annotated[float, msgspec.Meta(gt=0, le=_MOST)] = 6.0
    over: Duration | None = None
    at_least: Annotated[float, msgspec.Meta(ge=0, le=_MOST)] = 0.0


class Declared(Section, frozen=True):
    """What an instrument declares, and what it ought to be: a value, or `last`, what was seen last.

    field: an expression, or `metadata.KEY` of a header of keys and texts.
    """

    field: Expression
    is_: Spelt


class Alarm(Meant, frozen=True):
    """When an alarm is raised, and when it is cleared.  One of `when`, `rate`, `silence`, `loss`, `baseline`, `state`.

    when: a condition over the fields of a frame.  clear: the condition on which it is cleared, where that is not just
    that `when` does not hold; of a rate, the value.  value: an expression, told with the alarm.  rate: what is
    counted, over a time, per `per`.  above, below: bounds of a rate; of two, the second clears what the first has
    raised.  silence: no frame for this time.  loss: so many frames lost at once.  for_each: an alarm of its own for
    each value of this expression, or for each `kind` or `stream`.  for: how long the condition must hold.  latch: it
    stays raised until acknowledged.
    """

    when: Expression | None = None
    rate: Counted | None = None
    silence: Duration | None = None
    loss: Annotated[int, msgspec.Meta(ge=1)] | None = None
    baseline: Learning | None = None
    state: Declared | None = None
    clear: Expression | None = None
    value: Expression | None = None
    per: Literal["second", "frames", "bytes"] = "second"
    over: Duration | None = None
    above: Annotated[float, msgspec.Meta(ge=0, le=_MOST)] | None = None
    below: Annotated[float, msgspec.Meta(ge=0, le=_MOST)] | None = None
    for_each: Expression | None = None
    for_: Persistence | None = None
    level: Level = "warning"
    latch: bool = False
    actions: list[Action | Literal["log"]] = msgspec.field(default_factory=lambda: ["log"])


class Action(Section, frozen=True):
    """What is done when an alarm changes while a stream comes in: a program is run with the event as JSON on its
    input, or a URL is sent it.  timeout: how long that may take, 10 s where nothing is said.
    """

    command: list[str] | None = None
    webhook: str | None = None
    timeout: Duration | None = None


# ---------------------------------------------------------------- metadata and computed quantities


class When(Meant, frozen=True):
    """Which frames a rule is for: as `Meant`, and from which sources.  Fields are raw here: what they are calibrated
    to follows from this.

    source: the path of a capture, the URI of a source, or the last part of it; `*` and `?` stand for any letters.
    """

    source: Names = []


_NUMBER = {"type": "number"}
#: How a field is calibrated.  Which keys there are depends on the kind, which may be one of an installed package.
Calibrated = Annotated[
    dict[str, Any],
    msgspec.Meta(
        extra_json_schema={
            "description": "One of poly, table, scale and offset, or use: NAME with the arguments of that calibration.",
            "properties": {
                "poly": {"type": "array", "items": _NUMBER, "minItems": 1},
                "table": {
                    "type": "array",
                    "items": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2},
                    "minItems": 1,
                },
                "scale": _NUMBER,
                "offset": _NUMBER,
                "use": {"type": "string"},
                "unit": {"type": "string"},
            },
        }
    ),
]


class MetadataRule(Section, frozen=True):
    """What frames do not say themselves.  Of rules that say the same of a frame, the last one counts.

    from, until: the times of the frames, from the first on and before the second; a frame without a time has none of
    them. set: texts by the keys under which they stand in the metadata.  calibrate: by the paths of fields.  version:
    a text that goes with what the rule made; else a hash of the rule.
    """

    when: When = When()
    from_: Instant | None = None
    until: Instant | None = None
    set: dict[str, Spelt] = {}
    calibrate: dict[str, Calibrated] = {}
    version: Spelt | None = None


_NAME = "^[a-z][a-z0-9_]*$"
#: The same in words.
NAME_WORDS = "lower-case letters, digits and underscores, a letter first"


class ComputedQuantity(Section, frozen=True):
    """A quantity that is computed of the fields of a frame, of which calibrated ones have their physical values, and
    of the quantities before it.  Where one of them is not there, it is null.
    """

    name: Annotated[str, msgspec.Meta(pattern=_NAME)]
    value: Expression
    format: Names = []
    unit: str = ""


class Indexing(Section, frozen=True):
    """Where indexes of captures are kept, instead of beside them."""

    dir: Annotated[str, msgspec.Meta(min_length=1)]


class Scheduled(Section, frozen=True):
    """A command of sigflow that is run at its times.  One of `cron` and `every`.

    cron: minute, hour, day, month, weekday, in the time zone (that of the machine).  every: at the multiples of this
    since 1970.  run: the command, without `sigflow`.  late: so much later it is still begun, 1m where nothing is said.
    missed: what becomes of runs that were missed while nothing ran: `skip`, or `once`, which makes up for the last.
    timeout: how long it may take.  output: the file that gets what it prints.
    """

    run: Annotated[str, msgspec.Meta(min_length=1)] | list[str]
    cron: str | None = None
    every: Duration | None = None
    timezone: str | None = None
    late: Duration | None = None
    missed: Literal["skip", "once"] = "skip"
    timeout: Duration | None = None
    output: Annotated[str, msgspec.Meta(min_length=1)] | None = None


class Defaults(Section, frozen=True):
    """What the options of commands are where they are not given: `-s`, `-I`, `--engine`, `--workers`, `--max-frame`,
    `--chunk-size`.
    """

    spec: Names = []
    import_path: Names = []
    engine: Literal["auto", "python", "native"] | None = None
    workers: Annotated[int, msgspec.Meta(ge=1, le=256)] | None = None
    max_frame: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)] | None = None
    chunk_size: Annotated[int, msgspec.Meta(ge=1, le=1 << 30)] | None = None


class Input(Section, frozen=True):
    """A source of `ingest`.  spec: its formats; the others are what the options of the same names are."""

    uri: Annotated[str, msgspec.Meta(min_length=1)]
    spec: Names = []
    max_wait: Duration | None = None
    overflow: Literal["block", "drop-newest", "drop-oldest"] | None = None
    reconnect: Duration | None = None


class Batch(Section, frozen=True):
    """When a file of a table is done: rows, bytes of frames, or a time."""

    rows: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)] | None = None
    bytes: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)] | None = None
    every: Duration | None = None


class Output(Section, frozen=True):
    """A sink of `ingest`.  batch: of `parquet:` and `arrow:`."""

    uri: Annotated[str, msgspec.Meta(min_length=1)]
    batch: Batch | None = None


#: What a handler may be called for.
Handled = Literal["record", "gap", "loss", "note", "start", "stop", "resync", "reconnect"]
#: What becomes of an event where so many wait already.
Full = Literal["block", "drop-newest", "drop-oldest"]


class Handling(Meant, frozen=True, kw_only=True):
    """A function that is called for events.  What is not said here is as the function says itself (`sigflow.handler`).

    call: `MODULE:CALLABLE`, or the name of a handler that an installed package brings.  event: `record` where neither
    says anything.  name: what it is called, where that is not just `call`.  timeout: how long a call may take, 10 s.
    queue: how many events wait for it, at most, 1000.  overflow: what becomes of further ones: they wait, and hold up
    the source, or the newest or the oldest is dropped, and counted.
    """

    call: Annotated[str, msgspec.Meta(min_length=1)]
    event: Handled | None = None
    name: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    timeout: Duration | None = None
    queue: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    overflow: Full | None = None


class Config(Section, frozen=True):
    """The file."""

    defaults: Defaults | None = None
    sources: dict[str, Input] = {}
    sinks: dict[str, Output] = {}

    fallback: dict[str, Names] = {}
    mapping: dict[str, dict[str, dict[str, Expression | None]]] = {}
    metadata: list[MetadataRule] = []
    compute: list[ComputedQuantity] = []
    alarms: dict[str, Alarm] = {}
    index: Indexing | None = None
    schedule: dict[str, Scheduled] = {}
    checks: list[Annotated[str, msgspec.Meta(min_length=1)]] = []
    handlers: list[Handling] = []
