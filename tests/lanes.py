"""Two lanes of tests: `pytest` runs the fast one; what takes longer is marked `slow` and runs with `-m slow`.

Rules.  A test of many cases keeps some of them in the fast lane, spread evenly over those collected, so that no
subject is without a test there; a test of one long case is slow as a whole where others look at the same.  `-m ""` runs
both lanes.  The numbers follow from measured times of the processor.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable

import pytest

#: How many times as many generated inputs as in every run, in the tests that ask: in `SIGFLOW_TIMES`, for a long night.
TIMES = int(os.environ.get("SIGFLOW_TIMES", "1"))
#: By file and function: how many of its cases are in the fast lane.
KEPT = {
    "cli/test_bad_input.py::test_a_mebibyte_of_nothing_is_all_gap_in_bounded_time": 3,
    "cli/test_bad_input.py::test_bundled_formats_show_payloads_harmlessly": 0,
    "cli/test_bad_input.py::test_nothing_of_a_capture_or_a_spec_moves_the_cursor": 0,
    "cli/test_hostile_captures.py::test_a_hostile_capture_is_all_gap": 3,
    "cli/test_exits.py::test_where_nobody_takes_the_output": 3,
    "cli/test_terminal.py::test_a_narrow_terminal_breaks_between_words": 1,
    "compiler/test_bombs.py::test_a_bomb_ends_soon_and_clearly": 13,
    "compiler/test_native_measure.py::test_a_type_that_holds_another_many_times_over_is_not_written_out": 0,
    "compiler/test_native_measure.py::test_compiled_formats": 1,
    "compiler/test_names.py::test_a_stream_format_with_a_field_of_any_name": 1,
    "compiler/test_names.py::test_every_name_works": 3,
    "engine/test_captures.py::test_capture": 2,
    "engine/test_captures.py::test_sample": 3,
    "engine/test_kernels.py::test_every_algorithm": 2,
    "engine/test_kernels.py::test_every_length_and_alignment": 2,
    "engine/test_kernels.py::test_long_stretches": 2,
    "engine/test_llvm.py::test_the_scan_keeps_to_its_arrays": 1,
    "engine/test_native.py::test_compiled": 0,
    "engine/test_native.py::test_plain_python": 15,
    "engine/test_parts.py::test_a_cache_that_cannot_be_written_is_no_error": 0,
    "engine/test_parts.py::test_a_file_that_is_not_whole_is_made_again": 0,
    "engine/test_reference.py::test_damaged_streams": 20,
    "engine/test_sometimes.py::test_frames_that_do_not_count_are_passed_over": 0,
    "generation/test_generate.py::test_what_is_generated_is_sound_and_reaches_what_can_be_reached": 12,
    "hostile/test_fuzz.py::test_any_bytes": 0,
    "recording/test_verdicts.py::test_verdicts_are_equal": 2,
    "recording/test_stats.py::test_what_is_lost_doubled_and_late_is_of_its_stream": 2,
    "recover/test_faults.py::test_a_failure_at_any_call": 0,
    "recover/test_kill.py::test_twenty_kills": 0,
    "runtime/test_window.py::test_the_pieces_do_not_matter": 0,
    "stream/test_all_ways.py::test_all_ways_agree": 0,
    "stream/test_linear.py::test_memory_is_bounded_on_endless_damage": 1,
    "stream/test_linear.py::test_work_is_at_most_eight_bytes_for_each_byte": 5,
    "test_bench_parser.py::test_peers_that_disagree_are_an_error": 0,
    "test_careless_reader.py::test_a_header_that_never_ends": 1,
    "test_damage.py::test_captures_with_one_bit_flipped": 1,
    "test_damage.py::test_cut_at_every_byte": 2,
    "test_damage.py::test_every_bit_flipped": 1,
    "tools/test_fail_output.py::test_fifteen_points": 0,
    "tools/test_mutate.py::test_every_change_compiles": 15,
}


def function_of(nodeid: str) -> str:
    """The key in `KEPT` of a test: its file below `tests/`, and its function."""
    return nodeid.partition("[")[0].removeprefix("tests/")


def spread(count: int, kept: int) -> set[int]:
    """`kept` of the numbers below `count`, as evenly spread as can be."""
    return {number * count // kept for number in range(kept)} if kept < count else set(range(count))


def mark(items: Iterable[pytest.Item]) -> None:
    """Mark as slow what is not in the fast lane."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        name = function_of(item.nodeid)
        if name in KEPT:
            cases[name].append(item)
    for name, same in cases.items():
        fast = spread(len(same), KEPT[name])
        for number, item in enumerate(same):
            if number not in fast:
                item.add_marker(pytest.mark.slow)
