"""Reports: their numbers are the verdict's, they ask nothing of anywhere, and what a capture says is no markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call

CAPTURES = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".sgf", ".hdr", ".tlv"))
#: Elements that a page may have; attributes of these.
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "table", "tr", "td", "th", "svg", "rect",
    "path", "i", "span", "br", "pre", "ul", "li",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "role", "aria-label", "viewbox", "preserveaspectratio",
    "x", "y", "width", "height", "d",
}  # fmt: skip
VOID = {"meta", "br", "rect", "path"}


class Page(HTMLParser):
    """A page that is read strictly.  State: the elements that are open, the text of each cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.style = self.policy = ""
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        assert tag in ELEMENTS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, (tag, name)
            assert "url(" not in (value or "") and "://" not in (value or "")
            if name == "content" and "default-src" in (value or ""):
                self.policy = value or ""
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that is empty."""
        assert tag in VOID, tag
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        """Text."""
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if self.open and self.open[-1] == "style":
            self.style += data

    def number(self, name: str) -> int:
        """The number beside a word."""
        return next(int(row[1].replace(",", "")) for row in self.rows if row[:1] == [name])


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_the_numbers_are_those_of_the_verdict(capture: Path, tmp_path: Path, sigflow: Call) -> None:
    spec = {".hdr": "instrument_hdr", ".tlv": "tlv"}.get(capture.suffix, "sgf1")
    output = tmp_path / "report.html"
    done = sigflow("report", capture, "-s", spec, "-o", output)
    report = json.loads(sigflow("validate", capture, "-s", spec, "--format", "json").out)
    assert done.code == (0 if report["sound"] else 3), done.err
    page = Page(output.read_text())
    for name, key in (("bytes", "bytes"), ("in frames", "frame_bytes"), ("in gaps", "gap_bytes"), ("frames", "frames")):
        assert page.number(name) == report[key]
    for name, count in report["sequence"].items():
        assert page.number(name) == count
    assert ("Sound" in page.text) is report["sound"]
    for gap in report["gaps"]:
        assert [f"{gap['start']:,}", f"{gap['stop']:,}"] in [row[:2] for row in page.rows]
    for finding in report["diagnostics"][:20]:
        assert finding["message"][:300] in page.text
    counts = json.loads(sigflow("stats", capture, "-s", spec, "--format", "json").out)
    for entry in counts["formats"]:
        assert [f"{entry['frames']:,}", f"{entry['bytes']:,}"] in [row[1:3] for row in page.rows]
    style = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy == f"default-src 'none'; style-src 'sha256-{style}'"


HOSTILE = "<img src=x onerror=alert(1)>&\x1b[31m\u202ex'\"`|*.sgf"


def test_what_a_capture_says_is_no_markup(tmp_path: Path, sigflow: Call) -> None:
    """Names with markup, escapes and right-to-left marks are shown as text, in both forms."""
    capture = tmp_path / HOSTILE.replace("/", "_")
    capture.write_bytes((SAMPLES / "malformed_frame.sgf").read_bytes())
    spec = tmp_path / "spec.ksy"
    text = (SAMPLES.parent / "formats/sgf1.ksy").read_text()
    spec.write_text(text.replace("1 today.", "<script>alert(1)</script> 1 today."))
    for form, output in (("html", tmp_path / "r.html"), ("markdown", tmp_path / "r.md")):
        done = sigflow("report", capture, "-s", spec, "-o", output, "--format", form)
        assert done.code == 3, done.err
        made = output.read_text()
        assert "\x1b" not in made and "\u202e" not in made and "<script" not in made
        assert "onerror=alert" in made
        if form == "html":
            assert "<img src=x onerror=alert(1)>" in Page(made).text
        else:
            assert not re.search(r"(?<!\\)[<>]", made)
            assert re.search(r"\\<img src=x onerror=alert\\\(1\\\)\\>", made)


def test_many_captures_stay_small(tmp_path: Path, sigflow: Call) -> None:
    """What is too much is told as a row, and that it is."""
    from sigflow.view import page

    names = []
    for number in range(30):
        names.append(tmp_path / f"{number}.sgf")
        names[-1].write_bytes((SAMPLES / ("malformed_frame.sgf" if number % 2 else "valid_telemetry.sgf")).read_bytes())
    before, page.IN_FULL = page.IN_FULL, 60_000
    try:
        done = sigflow("report", *names, tmp_path / "none.sgf", "-s", "sgf1", "-o", tmp_path / "r.html")
    finally:
        page.IN_FULL = before
    assert done.code == 1
    made = (tmp_path / "r.html").read_text()
    assert len(made.encode()) < 100_000
    read = Page(made)
    assert sum("sound" in row or "damaged" in row for row in read.rows) == 30
    assert any(row[0].endswith("none.sgf") and row[1].startswith("not read") for row in read.rows)
    assert "more captures only the rows above" in read.text


def test_a_report_that_cannot_be_written(tmp_path: Path, sigflow: Call) -> None:
    done = sigflow("report", SAMPLES / "valid_telemetry.sgf", "-s", "sgf1", "-o", tmp_path / "none" / "r.html")
    assert done.code == 1 and "no such file or directory" in done.err
    copy = tmp_path / "a.sgf"
    copy.write_bytes((SAMPLES / "valid_telemetry.sgf").read_bytes())
    done = sigflow("report", copy, "-s", "sgf1", "-o", copy)
    assert done.code == 2 and "overwrite the capture" in done.err
    assert copy.read_bytes() == (SAMPLES / "valid_telemetry.sgf").read_bytes()
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert sigflow("report", empty, "-s", "sgf1", "-o", tmp_path / "r.html").code == 0
    assert Page((tmp_path / "r.html").read_text()).number("bytes") == 0
