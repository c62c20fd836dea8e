"""One entry under `calibrate`: what makes physical values; and what a rule is known by.

Rules.  An entry has one of `poly`, `table`, `scale` and `offset`, or `use: NAME`, and may have a `unit`.  In a file all
values are texts; what looks like a number, or is true or false, is one for a calibration.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from sigflow.calibration import CALIBRATIONS
from sigflow.calibration.kinds import Both, Foreign, Linear, Poly, Table, UnfitArguments
from sigflow.compiler.problems import did_you_mean
from sigflow.errors import SigflowError, UsageError

if TYPE_CHECKING:
    from sigflow.config.sections import MetadataRule

#: The keys of each built-in kind.
KINDS: Mapping[str, tuple[str, ...]] = {"poly": ("poly",), "table": ("table",), "linear": ("scale", "offset")}
_KEYS = [key for keys in KINDS.values() for key in keys]
USE, UNIT = "use", "unit"


class Unfit(UsageError):
    """An entry that says nothing.  at: where in it; key: whether it is about the key there."""

    def __init__(self, message: str, *at: str | int, key: bool = False) -> None:
        super().__init__(message)
        self.at = at
        self.key = key


def calibration_of(entry: Mapping[str, Any]) -> tuple[Both, str]:
    """What makes the physical values, and their unit ("": none is named).  Raises `Unfit`."""
    unit = entry.get(UNIT)
    if unit is not None and not isinstance(unit, str):
        raise Unfit("a unit is a text", UNIT)
    arguments = {key: plain(value) for key, value in entry.items() if key not in (UNIT, USE)}
    if USE in entry:
        return _foreign(entry[USE], arguments), unit or ""
    for key in arguments:
        if key not in _KEYS:
            raise Unfit(f"unknown key {key!r}{did_you_mean(key, [*_KEYS, USE, UNIT])}", key, key=True)
    said = [kind for kind, keys in KINDS.items() if any(key in arguments for key in keys)]
    if len(said) != 1 and not (unit is not None and not said):
        what = " and ".join(said) if said else "none of them"
        raise Unfit(f"a calibration has one of poly, table, scale and offset, or use; here: {what}", key=True)
    kind = said[0] if said else "linear"  # (a unit alone says what the number is)
    try:
        return CALIBRATIONS.get(kind)(**arguments), unit or ""  # type: ignore[return-value]  # (built in: both forms)
    except UnfitArguments as error:
        raise Unfit(str(error), *error.at) from error


def _foreign(name: Any, arguments: Mapping[str, Any]) -> Both:
    if not isinstance(name, str):
        raise Unfit("`use` names a calibration", USE)
    try:
        kind = CALIBRATIONS.get(name)
    except UsageError as error:
        raise Unfit(str(error), USE) from error
    try:
        made = kind(**arguments)
        return made if isinstance(made, Linear | Poly | Table) else Foreign(name, made)
    except UnfitArguments as error:
        raise Unfit(str(error), *error.at) from error
    except (SigflowError, TypeError, ValueError) as error:
        words = str(error) if isinstance(error, SigflowError) else f"{type(error).__name__}: {error}"
        raise Unfit(f"calibration {name!r}: {words}", USE) from error
    except Exception as error:
        raise Unfit(f"calibration {name!r} failed: {type(error).__name__}: {error}", USE) from error


def plain(value: Any) -> Any:
    """A value of the file: numbers and truth values of the texts that look like them."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    if value in ("true", "false"):
        return value == "true"
    for type_ in (int, float):
        try:
            return type_(value)
        except ValueError:
            continue
    return value


def version_of(rule: MetadataRule) -> str:
    """What a rule without a version is known by: the first 12 hexadecimal digits of SHA-256 of its canonical JSON."""
    tree: dict[str, Any] = msgspec.to_builtins(rule, enc_hook=str)
    tree.pop("version", None)
    if "calibrate" in tree:
        tree["calibrate"] = plain(tree["calibrate"])
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
