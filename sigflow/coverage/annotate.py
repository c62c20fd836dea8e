"""A spec with the counts beside its lines, as comments: it means what it meant.

A comment stands at the end of its line, or, where that lies in a text of several lines, on a line above.
"""

from __future__ import annotations

from collections.abc import Iterable

from sigflow.coverage.points import Point


def annotated(text: str, points: Iterable[tuple[Point, int]]) -> str:
    """The text of a spec with comments for the points in it."""
    import yaml

    comments: dict[int, list[tuple[Point, int]]] = {}
    for point, count in points:
        if not point.module:
            comments.setdefault(point.place[0], []).append((point, count))
    within: set[int] = set()
    for token in yaml.scan(text):
        if isinstance(token, yaml.ScalarToken) and token.end_mark.line > token.start_mark.line:
            within.update(range(token.start_mark.line + 1, token.end_mark.line + 1))
    lines = text.splitlines()
    out = []
    for number, line in enumerate(lines, 1):
        told = _told(comments[number]) if number in comments else ""
        if not told:
            out.append(line)
        elif number in within:
            indent = line[: len(line) - len(line.lstrip(" "))]
            out += [f"{indent}# {told}", line]
        else:
            out.append(f"{line}  # {told}")
    return "\n".join(out) + "\n"


def _told(points: list[tuple[Point, int]]) -> str:
    """What a comment says: how often the field was there, and what of it was reached how often."""
    parts: list[str] = []
    for point, count in points:
        if point.kind == "field":
            parts.insert(0, str(count) if count else "never")
        elif count:
            parts.append(f"{point.kind} {point.what} {count}")
    missing = [f"{point.kind} {point.what}" for point, count in points if not count and point.kind != "field"]
    told = "; ".join(parts)
    text = f"{told}; never: {', '.join(missing)}" if missing else told
    return text.replace("\n", " ")
