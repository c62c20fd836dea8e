"""The page of figures is what the tool makes of what the benchmarks wrote."""

from __future__ import annotations

import xml.etree.ElementTree as tree
from pathlib import Path

import pytest

from tools import make_performance
from tools.chart import log_log
from tools.figures import Figures, read, shown


def test_the_page_is_what_the_tool_makes() -> None:
    text, pictures = make_performance.page()
    assert make_performance.PAGE.read_text(encoding="utf-8") == text
    files = {path.name: path.read_text(encoding="utf-8") for path in make_performance.FIGURES.glob("*.svg")}
    assert files == pictures


def test_every_file_of_figures_has_its_section() -> None:
    assert {path.stem for path in make_performance.FIGURES.glob("*.json")} <= set(make_performance.SECTIONS)


def test_figures_are_kept_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures("some", "python tools/bench_some.py")
    figures.table("A title", ("what", "us", "times"), [("one", 1.25, 3), ("two", 1234.5, None)], "A note.")
    assert capsys.readouterr().out == "\nA title\nwhat     us  times\none    1.25      3\ntwo   1,234\nA note.\n"
    figures.keep(tmp_path / "new" / "some.json")
    assert read(tmp_path / "new" / "some.json") == figures


@pytest.mark.parametrize(
    ("cell", "text"), [(0.01234, "0.012"), (1.2345, "1.23"), (12.345, "12.3"), (1234.5, "1,234"), (7, "7"), (None, "")]
)
def test_numbers_have_the_digits_that_say_something(cell: float | None, text: str) -> None:
    assert shown(cell) == text


def test_a_chart_has_a_line_for_each_name() -> None:
    lines = {"a < b": {64: 0.001, 128: 0.01, 256: 0.1}, "c": {64: 1.0}}
    picture = tree.fromstring(log_log(lines, "bytes", "time"))
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in picture.iter(f"{space}text")]
    assert {"a < b", "c", "64 B", "1 ms", "100 ms", "bytes", "time"} <= set(texts)
    (line,) = [element for element in picture.iter(f"{space}polyline") if len(element.attrib["points"].split()) == 3]
    places = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    (x1, y1), (x2, y2), (x3, y3) = places
    assert x1 < x2 < x3 and y1 > y2 > y3 and abs((y1 - y2) - (y2 - y3)) < 0.2
