"""A report as one page: no script, no request to anywhere, text of a capture never as markup.

Rules.  Everything that is not a constant here goes through `_text`.  A Content-Security-Policy allows the one style by
its hash, and nothing else.  The page has at most `LARGEST` bytes: where captures are many, the first are told in full,
and of the others there is a row.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from sigflow.columns.plain_text import escape as plain
from sigflow.view import svg, words
from sigflow.view.overview import Overview
from sigflow.view.timeline import counted_in

#: Bytes of a page, at most; of the parts that tell of captures in full; rows of captures.
LARGEST, IN_FULL, ROWS = 2_000_000, 1_500_000, 2_000
#: Columns of a timeline.
COLUMNS = 400

_STYLE = """
:root { color-scheme: light dark; --text: #1b1f24; --back: #fff; --rule: #d0d7de; --soft: #57606a;
  --frames: #2f6f9f; --gaps: #c62828; --idle: #b8b8b8; --lost: #e0851b; --told: #7b3fa0; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --back: #0d1117; --rule: #30363d; --soft: #9198a1;
  --frames: #6cb0e0; --gaps: #ff6b60; --idle: #6e7681; --lost: #f0a040; --told: #c08adf; --good: #3fb950; } }
body { color: var(--text); background: var(--back); font: 15px/1.5 system-ui, sans-serif; max-width: 64rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.sound { color: var(--good); } .damaged { color: var(--gaps); } .sound, .damaged { font-weight: 600; }
table { border-collapse: collapse; margin: .3rem 0; } td, th { padding: .15rem .8rem .15rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; } th { font-weight: 600; border-bottom: 1px solid var(--rule); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.inner td:first-child { padding-left: 1.2rem; color: var(--soft); }
pre { font: 12px/1.4 ui-monospace, monospace; margin: .2rem 0 .8rem; padding: .4rem .6rem; overflow-x: auto;
  border-left: 3px solid var(--rule); } p.soft, .soft { color: var(--soft); }
svg { width: 100%; height: auto; display: block; margin: .3rem 0; } svg.short { height: 4rem; }
.frames { fill: var(--frames); } .gaps { fill: var(--gaps); } .idle { fill: var(--idle); } .lost { fill: var(--lost); }
.findings { fill: var(--told); } .key i { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 1rem; }
i.frames { background: var(--frames); } i.gaps { background: var(--gaps); } i.idle { background: var(--idle); }
i.lost { background: var(--lost); } i.findings { background: var(--told); }
@media print { body { margin: 0; max-width: none; font-size: 11px; } h2 { break-after: avoid; }
  table, pre, svg { break-inside: avoid; } }
"""


class Made(NamedTuple):
    """What was run.  version: of sigflow; options: as they were given; when: of the report."""

    version: str
    options: str
    when: str


def _text(text: object) -> str:
    return escape(words.shown(text), quote=True)


def _table(head: Sequence[str], rows: Sequence[tuple[words.Row, bool]], numbers: Sequence[int]) -> str:
    """rows: each with whether it belongs to the one above.  numbers: columns of numbers."""
    mark = dict.fromkeys(numbers, ' class="n"')
    parts = ["<table>"]
    if any(head):
        cells = "".join(f"<th{mark.get(place, '')}>{_text(cell)}</th>" for place, cell in enumerate(head))
        parts.append(f"<tr>{cells}</tr>")
    for row, inner in rows:
        cells = "".join(f"<td{mark.get(place, '')}>{_text(cell)}</td>" for place, cell in enumerate(row))
        kind = ' class="inner"' if inner else ""
        parts.append(f"<tr{kind}>{cells}</tr>")
    return "".join([*parts, "</table>"])


def page(overviews: Sequence[Overview], made: Made, unread: Sequence[tuple[str, str]] = ()) -> str:
    """The page.  unread: captures that could not be read, and why."""
    body = [f"<h1>{_text(_title(overviews))}</h1>"]
    if len(overviews) + len(unread) > 1:
        body.append(_summary(overviews, unread))
    size = sum(map(len, body))
    full = 0
    for overview in overviews:
        section = _section(overview, several=len(overviews) + len(unread) > 1)
        if full and size + len(section.encode()) > IN_FULL:
            break
        size += len(section.encode())
        body.append(section)
        full += 1
    if full < len(overviews):
        more = words.counted(len(overviews) - full, "more capture")
        body.append(f'<p class="soft">Of {more} only the rows above.</p>')
    run = [("sigflow", made.version), ("options", made.options), ("made", made.when)]
    specs = dict.fromkeys(spec for overview in overviews for spec in overview.specs)
    run += [("spec", f"{name} {hash}".strip()) for name, hash in specs]
    body.append(f"<h2>What was run</h2>{_table((), [(row, False) for row in run], ())}")
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'"
    content = "\n".join(body)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(_title(overviews))}</title><style>{_STYLE}</style></head>\n<body>{content}</body></html>\n"
    )


def _title(overviews: Sequence[Overview]) -> str:
    return overviews[0].report.capture if len(overviews) == 1 else words.counted(len(overviews), "capture")


def _summary(overviews: Sequence[Overview], unread: Sequence[tuple[str, str]]) -> str:
    rows: list[tuple[words.Row, bool]] = []
    for overview in overviews[:ROWS]:
        report = overview.report
        counts = (report.bytes, report.frames, report.gap_bytes, report.sequence["lost"])
        state = "sound" if report.sound else "damaged"
        rows.append(((report.capture, state, *(f"{count:,}" for count in counts)), False))
    rows += [((name, f"not read: {why}", "", "", "", ""), False) for name, why in unread[:ROWS]]
    table = _table(("capture", "", "bytes", "frames", "in gaps", "lost"), rows, (2, 3, 4, 5))
    more = len(overviews) + len(unread) - len(rows)
    return table + _more(more, "capture")


def _more(number: int, noun: str) -> str:
    """What is not listed."""
    return f'<p class="soft">and {words.counted(number, f"more {noun}")}</p>' if number > 0 else ""


def _section(overview: Overview, *, several: bool) -> str:
    """All of one capture; several: whether it is one of more."""
    report = overview.report
    state = "sound" if report.sound else "damaged"
    parts = [
        f"<h2>{_text(report.capture)}</h2>" if several else "",
        f'<p class="{state}">{_text(words.verdict(overview))}</p>',
        svg.ledger(report.frame_bytes, report.idle_bytes, report.gap_bytes),
        '<p class="key soft"><i class="frames"></i>in frames<i class="idle"></i>idle<i class="gaps"></i>in no frame'
        '<i class="lost"></i>lost frames<i class="findings"></i>findings</p>',
        _table((), [(row, False) for row in words.ledger(overview)], (1,)),
        *_timeline(overview),
        *_formats(overview),
        *_faults(overview),
        *_gaps(overview),
        *_reached(overview),
    ]
    return "\n".join(part for part in parts if part)


def _timeline(overview: Overview) -> Iterator[str]:
    report = overview.report
    columns = overview.timeline.columns(report.bytes, COLUMNS)
    if not columns:
        return
    offsets = [finding.offset for finding in report.diagnostics]
    yield "<h3>From the first byte to the last</h3>"
    yield svg.timeline(columns, counted_in(columns, offsets))
    width = columns[0].stop - columns[0].start
    told = "" if report.diagnostics_total == len(offsets) else f"; findings: the first {len(offsets):,}"
    note = f"{words.counted(len(columns), 'column')} of {words.counted(width, 'byte')}{told}"
    yield f'<p class="soft">{_text(note)}</p>'


def _formats(overview: Overview) -> Iterator[str]:
    rows: list[tuple[words.Row, bool]] = []
    pictures: list[str] = []
    for row, inner, entry in words.formats(overview):
        rows.append((row, False))
        rows += [(part, True) for part in inner]
        sizes = entry["sizes"]["histogram"]
        if len(sizes) > 1:
            pictures.append(_histogram(f"Sizes of {row[0]}", [(f"{part['from']:,}", part["frames"]) for part in sizes]))
        intervals = overview.intervals.get(entry["format"], {})
        if len(intervals) > 1:
            bars = [(words.span(power), intervals.get(power, 0)) for power in range(min(intervals), max(intervals) + 1)]
            pictures.append(_histogram(f"Times between frames of {row[0]}", bars))
    if rows:
        yield "<h3>What is in it</h3>"
        yield _table(words.FORMAT_HEAD, rows, range(1, 6))
        yield from pictures


def _histogram(title: str, bars: Sequence[tuple[str, int]]) -> str:
    first, last = bars[0][0], bars[-1][0]
    note = f"from {first} to {last} and more, each bar twice the last"
    picture = svg.bars([count for _, count in bars]).replace("<svg ", '<svg class="short" ', 1)
    return f'<h3>{_text(title)}</h3>{picture}<p class="soft">{_text(note)}</p>'


def _faults(overview: Overview) -> Iterator[str]:
    listed, total = words.faults(overview)
    if overview.hints:
        yield "<h3>What it points to</h3><ul>"
        yield from (f"<li>{_text(hint)}</li>" for hint in overview.hints)
        yield "</ul>"
    if not total:
        return
    yield f"<h3>{_text(words.counted(total, 'finding'))}</h3>"
    for finding in listed:
        head = f"{finding.severity.value} {finding.code}: {finding.message}"
        yield f'<p>{_text(head)}<br><span class="soft">{_text(words.place_of(finding))}</span></p>'
        lines = finding.excerpt.splitlines()[:6]
        if lines:
            kept = "\n".join(_kept(line) for line in lines)
            yield f"<pre>{kept}</pre>"
    yield _more(total - len(listed), "finding")


def _kept(line: str) -> str:
    """A line whose spaces count."""
    return escape(plain(line[: words.LONGEST]), quote=True)


def _gaps(overview: Overview) -> Iterator[str]:
    rows, total = words.gaps(overview)
    if not total:
        return
    yield f"<h3>{_text(words.counted(total, 'gap'))}</h3>"
    yield _table(("from", "to", "bytes", "reasons"), [(row, False) for row in rows], (0, 1, 2))
    yield _more(total - len(rows), "gap")


def _reached(overview: Overview) -> Iterator[str]:
    for reached in overview.reached:
        title = f"What of the spec of {reached.format} is reached"
        yield f"<h3>{_text(title)}</h3>"
        told = f"{reached.reached:,} of {words.counted(reached.points, 'point')}"
        frames = words.counted(reached.frames, "frame")
        yield f"<p>{_text(f'{told} by the first {frames}')}</p>"
        if reached.missing:
            rows = [((f"line {point.place[0]}", point.words()), False) for point in reached.missing[: words.POINTS]]
            yield _table(("not reached", ""), rows, ())
            yield _more(len(reached.missing) - len(rows), "point")
