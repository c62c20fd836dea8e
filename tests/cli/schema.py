"""A JSON Schema checker for the keywords that the project's schemas use; any other keyword is an error."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.cli.transcript import ROOT

TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
    "number": (int, float),
}  # fmt: skip
IGNORED = {"$schema", "$id", "$defs", "title", "description"}


def load(name: str) -> dict[str, Any]:
    text = (ROOT / "sigflow" / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def faults(value: Any, name: str) -> list[str]:
    """What of `value` does not fit the schema of that name."""
    schema = load(name)
    return list(_faults(value, schema, schema, "$"))


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, TYPES[kind])


def _faults(value: Any, schema: Any, top: dict[str, Any], at: str) -> list[str]:
    faults: list[str] = []
    if schema is True:
        return faults
    for keyword, wanted in schema.items():
        if keyword not in IGNORED:
            faults += CHECKS[keyword](value, wanted, schema, top, at)
    return faults


def _properties(value: Any, wanted: Any, schema: Any, top: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [
        fault
        for name, inner in wanted.items()
        if name in value
        for fault in _faults(value[name], inner, top, f"{at}.{name}")
    ]


def _patterns(value: Any, wanted: Any, schema: Any, top: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [
        fault
        for pattern, inner in wanted.items()
        for name in value
        if re.search(pattern, name)
        for fault in _faults(value[name], inner, top, f"{at}.{name}")
    ]


def _additional(value: Any, wanted: Any, schema: Any, top: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    patterns = schema.get("patternProperties", {})
    others = {
        name
        for name in set(value) - set(schema.get("properties", {}))
        if not any(re.search(pattern, name) for pattern in patterns)
    }
    if wanted is False:
        return [f"{at}: unexpected {name}" for name in sorted(others)]
    return [fault for name in others for fault in _faults(value[name], wanted, top, f"{at}.{name}")]


def _ref(value: Any, wanted: Any, schema: Any, top: Any, at: str) -> list[str]:
    return _faults(value, top["$defs"][wanted.removeprefix("#/$defs/")], top, at)


def _items(value: Any, wanted: Any, schema: Any, top: Any, at: str) -> list[str]:
    if not isinstance(value, list):
        return []
    return [fault for number, item in enumerate(value) for fault in _faults(item, wanted, top, f"{at}[{number}]")]


def _any_of(value: Any, wanted: Any, schema: Any, top: Any, at: str) -> list[str]:
    tries = [_faults(value, inner, top, at) for inner in wanted]
    return [] if not all(tries) else [f"{at}: fits none: {tries}"]


def _plain(words: str, holds: Any) -> Any:
    def check(value: Any, wanted: Any, schema: Any, top: Any, at: str) -> list[str]:
        return [] if holds(value, wanted) else [f"{at}: {value!r} {words} {wanted!r}"]

    return check


CHECKS: dict[str, Any] = {
    "properties": _properties,
    "patternProperties": _patterns,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "$ref": _ref,
    "type": _plain("is no", lambda v, w: any(_is(v, kind) for kind in ([w] if isinstance(w, str) else w))),
    "const": _plain("is not", lambda v, w: v == w),
    "enum": _plain("is none of", lambda v, w: v in w),
    "required": _plain("lacks one of", lambda v, w: not isinstance(v, dict) or set(w) <= set(v)),
    "minimum": _plain("is below", lambda v, w: not isinstance(v, int | float) or v >= w),
    "maximum": _plain("is above", lambda v, w: not isinstance(v, int | float) or v <= w),
    "maxItems": _plain("is longer than", lambda v, w: not isinstance(v, list) or len(v) <= w),
    "uniqueItems": _plain("has doubles", lambda v, w: not isinstance(v, list) or len({*map(repr, v)}) == len(v)),
    "pattern": _plain("does not match", lambda v, w: not isinstance(v, str) or re.search(w, v) is not None),
}
