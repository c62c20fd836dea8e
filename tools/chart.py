"""A chart of lines over two logarithmic axes, as SVG: the same text for the same figures, so that it can be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log2, log10
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 30, 50
#: Colours that people who see few colours can tell apart (Okabe and Ito, 2008), on light and dark.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
INK = "#808080"


def log_log(lines: Mapping[str, Mapping[int, float]], across: str, up: str) -> str:
    """The chart of these lines: values by numbers of bytes, which go across, in powers of two.

    across, up: what the axes show.  Values are seconds.
    """
    xs = sorted({x for values in lines.values() for x in values})
    ys = [y for values in lines.values() for y in values.values()]
    low_x, high_x = log2(xs[0]), log2(xs[-1])
    low_y, high_y = floor(log10(min(ys))), ceil(log10(max(ys)))
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            round(LEFT + wide * (log2(x) - low_x) / max(high_x - low_x, 1), 1),
            round(TOP + high * (high_y - log10(y)) / max(high_y - low_y, 1), 1),
        )

    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>']
    for power in range(low_y, high_y + 1):
        _, y = at(xs[0], 10.0**power)
        parts += [_line([(LEFT, y), (LEFT + wide, y)], INK, 0.3), _text(LEFT - 6, y + 4, _seconds(power), "end")]
    for power in range(ceil(low_x), floor(high_x) + 1):
        if power % 4 == 2:  # 64 B, 1 KiB, 16 KiB, ...
            x, _ = at(2**power, 1)
            parts += [_line([(x, TOP), (x, TOP + high)], INK, 0.3), _text(x, TOP + high + 18, _bytes(power), "middle")]
    parts += [_text(LEFT + wide / 2, HEIGHT - 10, across, "middle"), _text(6, 14, up, "start")]
    for number, (name, values) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [at(x, y) for x, y in sorted(values.items())]
        y = TOP + 16 + 20 * number
        parts += [
            _line(points, colour, 2),
            _line([(WIDTH - RIGHT + 14, y - 4), (WIDTH - RIGHT + 34, y - 4)], colour, 2),
            _text(WIDTH - RIGHT + 40, y, name, "start"),
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'


def _seconds(power: int) -> str:
    """10 to this power, of a second."""
    for unit, name in ((0, "s"), (-3, "ms"), (-6, "µs")):
        if power >= unit:
            return f"{10 ** (power - unit):,} {name}"
    return f"1e{power} s"


def _bytes(power: int) -> str:
    """2 to this power, of bytes."""
    step = min(power // 10, 3)
    return f"{1 << power - 10 * step} {('B', 'KiB', 'MiB', 'GiB')[step]}"
