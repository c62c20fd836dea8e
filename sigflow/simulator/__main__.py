"""`python -m sigflow.simulator`: an instrument that is not there."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import TextIO

from sigflow.errors import SigflowError, UsageError
from sigflow.simulator.devices import DEVICES, device
from sigflow.simulator.faults import KINDS, Faults
from sigflow.simulator.sending import How, Simulator


def _fault(text: str) -> tuple[str, float]:
    kind, _, share = text.partition("=")
    return kind, float(share)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m sigflow.simulator",
        description="Send what an instrument would: an oscilloscope (format instrument_hdr), a GNSS receiver (nmea0183 "
        "and ubx), a spacecraft (ccsds_space_packet).",
        epilog="Queries over a connection that goes both ways are answered: *IDN?, CURV? (the next frame as a block of "
        "IEEE 488.2), SYST:ERR?.",
    )
    options.add_argument("device", choices=tuple(DEVICES), help="which instrument")
    options.add_argument("--to", default="-", metavar="URI", help="any transport: tcp-listen://:5025 (default: stdout)")
    options.add_argument("--rate", type=float, default=10.0, metavar="N", help="frames a second; 0: at once (10)")
    options.add_argument("--count", type=int, metavar="N", help="frames (default: without end)")
    options.add_argument("--seed", type=int, default=0, metavar="N", help="of values and faults (0)")
    options.add_argument(
        "--fault", type=_fault, action="append", default=[], metavar="KIND=SHARE",
        help=f"the share of frames with a fault of this kind, 0 to 1: {', '.join(KINDS)}; repeat it for several",
    )  # fmt: skip
    options.add_argument("--stall", type=float, default=1.0, metavar="SECONDS", help="how long a stall lasts (1)")
    options.add_argument("--truth", metavar="FILE", help="write a line of JSON for each frame that was sent whole")
    options.add_argument("--queries", action="store_true", help="send nothing but answers to queries")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and give the exit code: 0, 1 where it cannot send, 2 for wrong usage, 130 on Ctrl-C."""
    chosen = _options().parse_args(arguments)
    try:
        if not 0 <= chosen.rate <= 1e7 or not 0 <= chosen.stall <= 1e6 or (chosen.count or 0) < 0:
            raise UsageError("--rate, --stall and --count are not negative, and not endless")
        how = How(chosen.to, chosen.rate, chosen.count, chosen.queries, chosen.stall)
        faults = Faults(chosen.seed, dict(chosen.fault))
        with contextlib.ExitStack() as stack:
            truth: TextIO | None = None
            if chosen.truth is not None:
                truth = stack.enter_context(open(chosen.truth, "w", encoding="utf-8"))
            simulator = Simulator(
                device(chosen.device, chosen.seed), faults, how, seed=chosen.seed, truth=truth, told=_tell
            )
            asyncio.run(simulator.run())
    except KeyboardInterrupt:
        return 130
    except (SigflowError, OSError) as error:
        _tell(f"error: {error}")
        return 2 if isinstance(error, UsageError) else 1
    return 0


def _tell(words: str) -> None:
    with contextlib.suppress(OSError):
        print(f"simulator: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
