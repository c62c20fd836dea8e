"""Kernel code: rows of frames counted."""

# mypy: ignore-errors

# ---------------------------------------------------------------- kernel code


def tally(frames, marks, totals):
    """Add to totals[2 * k] and totals[2 * k + 1] the frames of format k and their bytes; gives all marks together."""
    seen = 0
    for row in range(len(frames)):
        k = marks[row, 0]
        seen |= marks[row, 1]
        totals[2 * k] += 1
        totals[2 * k + 1] += frames[row, 1] - frames[row, 0]
    return seen
