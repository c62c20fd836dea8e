"""The JSON form of a frame: where it stood, what it says, what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.render import pick, render
from sigflow.recording.report import finding_tree

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.stream.format import Format


def frame_tree(
    record: Record, format: Format, *, instances: bool = False, fields: Sequence[str] = ()
) -> dict[str, Any]:
    """The plain tree of a record.  fields: the field paths to keep of the value, all if none is named."""
    shown = render(record.value, instances=instances)
    tree: dict[str, Any] = {
        "format": record.format,
        "index": record.index,
        "offset": record.start,
        "length": len(record.raw),
        "value": select(shown.tree, fields) if fields else shown.tree,
    }
    findings = [finding_tree(finding) for finding in record.diagnostics]
    unshown = [(code, path, message) for code, path, message in shown.findings]
    if format.envelope is not None and format.envelope.codecs:
        payload = render(record.payload)
        tree["payload"] = payload.tree
        unshown += [(code, f"payload{path}", message) for code, path, message in payload.findings]
    for code, path, message in unshown:
        findings.append(
            {
                "code": code,
                "severity": "note",
                "offset": record.start,
                "format": record.format,
                "path": path,
                "message": message,
            }
        )
    if findings:
        tree["diagnostics"] = findings
    return tree


def select(tree: Any, fields: Sequence[str]) -> dict[str, Any]:
    """The parts of a value at these paths, each under its path as key."""
    return {field: pick(tree, field) for field in fields}


def field_ids(format: Format) -> list[str]:
    """The ids of the fields of a format's frame, in order."""
    if format.envelope is not None:
        return [field.id for field in format.schema]
    ids = getattr(format.root, "_IDS", {})
    return [ids.get(name, name) for name in getattr(format.root, "_FIELDS", ())]
