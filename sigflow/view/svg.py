"""Pictures as SVG text: bars and a timeline.  Nothing of a capture stands in them but numbers."""

from __future__ import annotations

from collections.abc import Sequence

from sigflow.view.timeline import Column

#: What a picture is wide, and the parts of the timeline are high, in its own units.
WIDTH, HEIGHT, MARKS = 1000, 80, 10


def _svg(height: int, name: str, parts: Sequence[str]) -> str:
    body = "".join(parts)
    return f'<svg role="img" aria-label="{name}" viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none">{body}</svg>'


def ledger(frames: int, idle: int, gaps: int) -> str:
    """The bytes of a capture as a bar: in frames, idle, in gaps.  What is there is at least a line wide."""
    total = frames + idle + gaps
    if not total:
        return ""
    parts, at = [], 0.0
    for name, size in (("frames", frames), ("idle", idle), ("gaps", gaps)):
        wide = size / total * WIDTH
        shown = max(wide, 2.0) if size else 0.0
        left = min(at, WIDTH - shown)
        if size:
            parts.append(f'<rect class="{name}" x="{left:.2f}" y="0" width="{shown:.2f}" height="20"/>')
        at += wide
    return _svg(20, f"{frames} bytes in frames, {idle} idle, {gaps} in gaps", parts)


def timeline(columns: Sequence[Column], findings: Sequence[int]) -> str:
    """Frames as bars up, bytes in no frame as bars from above, lost frames and findings as marks below."""
    if not columns:
        return ""
    wide = WIDTH / len(columns)
    rates = [column.frames / (column.stop - column.start) for column in columns]
    most = max(rates) or 1.0
    bars, holes, lost, told = [], [], [], []
    for number, (column, rate, count) in enumerate(zip(columns, rates, findings, strict=True)):
        left = number * wide
        high = rate / most * HEIGHT
        if column.frames:
            bars.append(f"M{left:.1f} {HEIGHT}v{-max(high, 1):.1f}h{wide:.1f}v{max(high, 1):.1f}z")
        if column.share > 0:
            deep = max(column.share * HEIGHT, 2)
            holes.append(f"M{left:.1f} 0v{deep:.1f}h{max(wide, 1):.1f}v{-deep:.1f}z")
        if column.lost > 0:
            lost.append(f"M{left:.1f} {HEIGHT + 2}v{MARKS}h{max(wide, 2):.1f}v{-MARKS}z")
        if count:
            told.append(f"M{left:.1f} {HEIGHT + 4 + MARKS}v{MARKS}h{max(wide, 2):.1f}v{-MARKS}z")
    paths = [
        f'<path class="{name}" d="{"".join(path)}"/>'
        for name, path in (("frames", bars), ("gaps", holes), ("lost", lost), ("findings", told))
        if path
    ]
    return _svg(HEIGHT + 6 + 2 * MARKS, "frames, bytes in no frame, lost frames and findings by offset", paths)


def bars(counts: Sequence[int]) -> str:
    """A histogram."""
    most = max(counts, default=0)
    if not most:
        return ""
    wide = WIDTH / len(counts)
    parts = []
    for number, count in enumerate(counts):
        high = max(count / most * HEIGHT, 1.0) if count else 0.0
        if count:
            parts.append(f"M{number * wide + wide * 0.05:.1f} {HEIGHT}v{-high:.1f}h{wide * 0.9:.1f}v{high:.1f}z")
    return _svg(HEIGHT, "histogram", [f'<path class="frames" d="{"".join(parts)}"/>'])
