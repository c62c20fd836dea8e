"""Keep the good frames of a damaged capture, and every other byte apart, so that nothing is thrown away.

    python examples/recover_capture.py samples/malformed_frame.sgf good.sgf rest/

`sigflow recover` does this with a ledger, hashes and retries; here is what stands at its core.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sigflow


def main(capture: str, out: str, rest: str) -> None:
    """Write the frames to `out`, and each gap to a file of `rest` that is named after its offset and reason."""
    folder = Path(rest)
    folder.mkdir(parents=True, exist_ok=True)
    data = Path(capture).read_bytes()
    kept = 0
    with sigflow.open(data, "sgf1") as recording, Path(out).open("xb") as good:
        for event in recording.events():
            match event:
                case sigflow.Record(raw=raw):
                    kept += good.write(raw)
                case sigflow.Gap(span=span, reasons=reasons):
                    name = f"{span.start:08}-{reasons[0].replace(':', '-')}.bin"
                    (folder / name).write_bytes(data[span.start : span.stop])
    with sigflow.open(out, "sgf1") as written:
        assert not written.validate().gaps_total
    print(f"{kept} bytes in good frames, {len(data) - kept} apart")


if __name__ == "__main__":
    main(*sys.argv[1:4])
