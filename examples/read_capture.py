"""Read a capture: its frames, the bytes that are in no frame, and the frames that never came.

python examples/read_capture.py samples/malformed_frame.sgf
"""

from __future__ import annotations

import sys

import sigflow


def main(path: str) -> None:
    """Print a line for each event of the capture, then the verdict."""
    with sigflow.open(path, "sgf1") as recording:
        for event in recording.events():
            match event:
                case sigflow.Record(value=value, span=span):
                    print(f"{span}: frame {value.sequence} of stream {value.stream_id}, {len(value.payload)} bytes")
                case sigflow.Gap(span=span, reasons=reasons):
                    print(f"{span}: no frame ({', '.join(reasons)})")
                case sigflow.Loss(stream=stream, count=count):
                    print(f"lost: {count} of stream {stream}")
        report = recording.validate()
        print("sound" if report.sound else f"damaged: {report.gap_bytes} of {report.bytes} bytes are in no frame")


if __name__ == "__main__":
    main(sys.argv[1])
