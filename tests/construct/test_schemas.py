"""Construct schemas against Construct itself: equal values and equal bytes, errors where Construct has errors."""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest

import sigflow
from sigflow.errors import SigflowError
from sigflow.runtime.construct.views import leaves
from tests.construct.schemas import SCHEMAS

#: Inputs of each kind and schema; in `SIGFLOW_CONSTRUCT_INPUTS` another number, such as 1,000.
INPUTS = int(os.environ.get("SIGFLOW_CONSTRUCT_INPUTS", "60"))
REFUSED = "refused"


def damaged(random: Random, raw: bytes) -> bytes:
    """The bytes cut, lengthened, or with a few of them changed."""
    way = random.randrange(4)
    if way == 0 and raw:
        return raw[: random.randrange(len(raw))]
    if way == 1:
        return raw + random.randbytes(random.randrange(1, 5))
    changed = bytearray(raw)
    for _ in range(random.randrange(1, 4) if raw else 0):
        changed[random.randrange(len(raw))] = random.choice([0, 255, random.randrange(256)])
    return bytes(changed)


def of_construct(schema: Any, raw: bytes) -> str:
    """What Construct gives; `repr` tells 1 from True, and NaN is equal to itself."""
    try:
        return repr(leaves(schema.parse(raw)))
    except Exception:  # (its errors, and those of Python that it lets through)
        return REFUSED


def of_sigflow(format: sigflow.Format, raw: bytes) -> str:
    try:
        return repr(sigflow.asdict(format.parse(raw)))
    except SigflowError:
        return REFUSED


@pytest.mark.parametrize("name", SCHEMAS)
def test_values_and_bytes_are_those_of_construct(name: str) -> None:
    schema, make = SCHEMAS[name]
    format = sigflow.compile(schema)
    random = Random(name)
    refused = 0
    for _ in range(INPUTS):
        value = make(random)
        raw = schema.build(value)
        assert format.build(value) == raw, value
        assert of_sigflow(format, raw) == of_construct(schema, raw) != REFUSED, raw
        broken = damaged(random, raw)
        wanted = of_construct(schema, broken)
        refused += wanted == REFUSED
        assert of_sigflow(format, broken) == wanted, broken
    assert refused, "no damaged input was refused"


def test_there_are_thirty() -> None:
    assert len(SCHEMAS) == 30
