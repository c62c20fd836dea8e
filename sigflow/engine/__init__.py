"""The native engine: the scan over arrays, compiled by LLVM.  Importing it imports neither NumPy nor LLVM.

    plan      which formats can be scanned natively, and with which tables
    assemble  the source text of a scan: loop, chains, kernels, and what is emitted for the formats
    build     compiled and kept in the user's cache directory, or as it is
    code      an object file of kernel code                 llvm              its compiler
    objects   machine code in files                         loader            loaded without LLVM
    calls     how it is called
    sweep     a scan under way: state and arrays            follow, counters  sequence accounting
    sums      the kernels of checksums                      spelt             numbers and bytes as frames spell them
    quick     the counts of a sound file                    tally             rows of frames counted
    windows   bytes of a storage as arrays (window, files)  passes            windows in, batches out
    live      the native scan behind a decoder              scanner           the same for long frames and buffers
    events    rows to events                                stitch            several workers, one result

`Native` is what the other floors use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.engine.build import Entries
    from sigflow.engine.counters import Counters
    from sigflow.engine.passes import Pass
    from sigflow.engine.plan import Scan
    from sigflow.engine.sweep import Rows, Sweep
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.format import Format
    from sigflow.stream.sink import Events

#: Bytes of a stream from which on the native engine, with all that it has to load, is as quick as the Python engine, by
#: whether this process has scanned with it before: the one place with the break-evens, which `tools/bench_sizes.py`
#: measures.  What is compiled is kept, so that compiling is not counted against a single stream.
PAYS = {True: 16 << 10, False: 2 << 20}
#: The texts of the scans that this process has loaded.
_loaded: set[str] = set()
#: Stands among them where whatever is loaded will pay.
_ALL = ""
#: Bytes of a file, at least and at most, of which the verdict is given quickly where it is sound (`quick`): in shorter
#: ones there is nothing to be gained, and in longer ones it would cost more than NumPy to find out that they are not.
LEAST, MOST = 1 << 20, 1 << 25
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
        return pairs_of(self.formats)

    @cached_property
    def entries(self) -> Entries:
        """The functions; compiled, or loaded, when they are first asked for."""
        from sigflow.engine import build

        if not self._compile:
            return build.uncompiled(self.text)
        _loaded.add(self.text)
        return build.compiled(self.text, self._notice)

    @cached_property
    def text(self) -> str:
        """The source text of the scan."""
        from sigflow.engine import build

        return build.text_of(self.scan)

    def sweep(self, lock: int | None = None, most: int | None = None) -> Sweep:
        """A scan of a stream, or of a part of one.  most: frames that one call gives."""
        from sigflow.engine.sweep import FRAMES, Sweep
        from sigflow.stream.chain import START

        return Sweep(self.scan, self.entries.scan(), lock=START if lock is None else lock, most=most or FRAMES)

    def one_pass(self) -> Pass:
        """A pass over a stream."""
        from sigflow.engine.passes import Pass

        return Pass(self.pairs, self.sweep())

    def counters(self, sink: Events | None = None, rows: Rows | None = None) -> Counters:
        """The sequence counters of a stream, of formats in the order of the scan.

        sink: has those that have followed it so far.  rows: those of a scan whose frames are usual mostly.
        """
        from sigflow.engine.counters import Counters

        order = self.scan.order
        told = [envelope.measure.native_counts for envelope in self.scan.formats]
        told += [False] * (len(order) - len(told))
        counters = Counters(
            [self.formats[number] for number in order],
            told,
            self.entries.follow(),
            counts=sink.counts if sink is not None else None,
            trackers=[sink.trackers[number] for number in order] if sink is not None else None,
        )
        if rows is not None:
            counters.prepare(self.entries.follow(), rows)
        return counters


def expect(size: int) -> None:
    """So many bytes are going to be scanned: what is loaded for one capture then serves the others."""
    if size >= PAYS[False]:
        _loaded.add(_ALL)
    else:
        _loaded.discard(_ALL)


def pays_from(formats: Sequence[Format], size: int) -> int:
    """The bytes of a stream of these formats from which on it pays to scan it natively, as things stand.

    size: how many it has at least.
    """
    # The formats are looked at only where that can decide: it would cost what is to be saved.
    if _ALL in _loaded:
        return PAYS[True]
    if size < PAYS[True] or not _loaded:
        return PAYS[size < PAYS[True]]
    return PAYS[not Native.obstacle(formats) and Native(formats).text in _loaded]


def pairs_of(formats: Sequence[Format]) -> list[tuple[Envelope, int]]:
    """The formats as the Python scan takes them."""
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
    return scan_of(pairs_of(formats))
