"""The native engine: the scan over arrays, compiled by LLVM.  Importing it imports neither NumPy nor LLVM.

    plan      which formats can be scanned natively, and with which tables
    assemble  the source text of a scan: loop, chains, kernels, and what is emitted for the formats
    build     compiled and kept in the user's cache directory, or as it is
    code      an object file of kernel code                 llvm              its compiler
    objects   machine code in files                         loader            loaded without LLVM
    calls     how it is called
    sweep     a scan under way: state and arrays            follow, counters  sequence accounting
    sums      the kernels of checksums                      spelt             numbers and bytes as frames spell them
    windows   bytes of a storage as arrays (window, files)  passes            windows in, batches out
    scanner   the native scan inside a decoder              stitch            several workers, one result

`Native` is what the other floors use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.engine.build import Entries
    from sigflow.engine.counters import Counters
    from sigflow.engine.passes import Pass
    from sigflow.engine.plan import Scan
    from sigflow.engine.scanner import NativeScanner
    from sigflow.engine.sweep import Sweep
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.format import Format

#: Bytes of a stream from which on the native engine pays for what it takes to load it.
THRESHOLD = 4 << 20
#: What a user can ask for: an engine by its name, or whichever pays (`recording.engines` has the table).
NAMES = AUTO, PYTHON, NATIVE = ("auto", "python", "native")


class Native:
    """The native scan of these formats, which are as `Decoder.formats`: with the limits that hold.

    compile: False leaves the functions as they are, for tests.  notice: is told when something takes a while.  Raises
    `UsageError` where they cannot be scanned natively; `obstacle` says so beforehand.
    """

    def __init__(
        self, formats: Sequence[Format], *, compile: bool = True, notice: Callable[[str], None] | None = None
    ) -> None:
        self.formats = tuple(formats)
        self._compile = compile
        self._notice = notice
        scan = _scan_of(self.formats)
        if isinstance(scan, str):
            raise UsageError(f"no native scan: {scan}")
        self.scan: Scan = scan

    @staticmethod
    def obstacle(formats: Sequence[Format]) -> str:
        """Why these formats cannot be scanned natively; "" where they can."""
        scan = _scan_of(formats)
        if isinstance(scan, str):
            return scan
        return "" if _has_compiler() else "llvmlite, which compiles the native scan, is not installed"

    @property
    def pairs(self) -> list[tuple[Envelope, int]]:
        """The formats as the Python scan takes them."""
        return _pairs(self.formats)

    @cached_property
    def entries(self) -> Entries:
        """The functions; compiled, or loaded, when they are first asked for."""
        from sigflow.engine import build

        text = build.text_of(self.scan)
        return build.compiled(text, self._notice) if self._compile else build.uncompiled(text)

    def sweep(self, lock: int | None = None, most: int | None = None) -> Sweep:
        """A scan of a stream, or of a part of one.  most: frames that one call gives."""
        from sigflow.engine.sweep import FRAMES, Sweep
        from sigflow.stream.chain import START

        return Sweep(self.scan, self.entries.scan(), lock=START if lock is None else lock, most=most or FRAMES)

    def one_pass(self) -> Pass:
        """A pass over a stream."""
        from sigflow.engine.passes import Pass

        return Pass(self.pairs, self.sweep())

    def counters(self) -> Counters:
        """The sequence counters of a stream, of formats in the order of the scan."""
        from sigflow.engine.counters import Counters

        formats = [self.formats[number] for number in self.scan.order]
        told = [envelope.measure.native_counts for envelope in self.scan.formats]
        told += [False] * (len(formats) - len(told))
        return Counters(formats, told, self.entries.follow())

    def scanner(self, marks: Collection[tuple[int, str]] = (), *, worth: int | None = None) -> NativeScanner:
        """A scanner for a decoder.  worth: undecided bytes from which on it scans natively."""
        from sigflow.engine.scanner import HANDED, WORTH, NativeScanner

        made = partial(self.sweep, most=HANDED)
        return NativeScanner(self.pairs, made, marks=marks, worth=WORTH if worth is None else worth)


def late_scanner(
    formats: Sequence[Format], native: Callable[[], Native | None], marks: Collection[tuple[int, str]] = ()
) -> NativeScanner:
    """A scanner for a decoder that is not known to be fed much: the native scan is made when it begins to pay.

    native: makes it, or gives None where there is none.
    """
    from sigflow.engine.scanner import HANDED, NativeScanner

    def sweep() -> Sweep | None:
        made = native()
        return None if made is None else made.sweep(most=HANDED)

    return NativeScanner(_pairs(formats), sweep, marks=marks, after=THRESHOLD)


def _pairs(formats: Sequence[Format]) -> list[tuple[Envelope, int]]:
    return [(format.envelope, format.max_frame) for format in formats if format.envelope is not None]


def _has_compiler() -> bool:
    try:
        return find_spec("llvmlite") is not None
    except ValueError:  # it was hidden
        return False


def _scan_of(formats: Sequence[Format]) -> Scan | str:
    from sigflow.engine.plan import scan_of

    whole = next((format.name for format in formats if format.envelope is None), None)
    if whole is not None:
        return f"{whole} is a whole-file format"
    if any(format.limits.over_the_wire for format in formats):
        return "limits on what a value of the wire may ask for are kept by the Python scan"
    return scan_of(_pairs(formats))
