"""A report as Markdown, short enough for a pull request.

Rules.  Text that is no constant here is code, or a cell of a table; what would end these is taken out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sigflow.view import words
from sigflow.view.overview import Overview
from sigflow.view.page import Made

#: Captures of which more than a row is told.
IN_FULL = 10
#: What draws the timeline, from nothing to most; columns of it.
_LEVELS, COLUMNS = " ▁▂▃▄▅▆▇█", 60


def _cell(text: object) -> str:
    line = words.shown(text)
    for letter in "\\`*_{}[]()<>#|!~&":
        line = line.replace(letter, f"\\{letter}")
    return line


def _code(text: object) -> str:
    return f"`{words.shown(text).replace('`', chr(39))}`"


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def markdown(overviews: Sequence[Overview], made: Made, unread: Sequence[tuple[str, str]] = ()) -> str:
    """The text."""
    return "\n".join([*_lines(overviews, made, unread), ""])


def _lines(overviews: Sequence[Overview], made: Made, unread: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield _row(("capture", "", "bytes", "frames", "in gaps", "lost"))
    yield "|---|---|---:|---:|---:|---:|"
    for overview in overviews:
        report = overview.report
        counts = (report.bytes, report.frames, report.gap_bytes, report.sequence["lost"])
        yield _row((report.capture, "sound" if report.sound else "damaged", *(f"{count:,}" for count in counts)))
    for name, why in unread:
        yield _row((name, f"not read: {why}", "", "", "", ""))
    for overview in overviews[:IN_FULL]:
        report = overview.report
        yield ""
        yield f"**{_cell(report.capture)}** {_cell(words.verdict(overview))}"
        columns = overview.timeline.columns(report.bytes, COLUMNS)
        if columns and not report.sound:
            levels = "".join(_LEVELS[min(round((1 - column.share) * 8), 8)] for column in columns)
            yield f"\n{_code(levels)} share of bytes in frames"
        listed, total = words.faults(overview)
        if total:
            yield ""
        for finding in listed:
            where = _cell(words.place_of(finding))
            yield f"- {finding.severity.value} {_code(finding.code)}: {_cell(finding.message)} ({where})"
        if total > len(listed):
            yield f"- and {words.counted(total - len(listed), 'more finding')}"
        for hint in overview.hints:
            yield f"- hint: {_cell(hint)}"
    specs = dict.fromkeys(f"{name} {hash}".strip() for overview in overviews for name, hash in overview.specs)
    yield ""
    yield f"sigflow {_cell(made.version)}, {', '.join(_code(spec) for spec in specs)}, {_cell(made.when)}"
