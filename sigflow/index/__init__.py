"""An index of a capture: where its frames are, so that one of many million is at hand, and a reading begins anywhere.

    blocks     the frames between two checkpoints, packed
    packing    the same as kernel code, from the rows of a native scan
    identity   which capture it is of, and what it was read with; what makes it stale
    tables     what is told of blocks, streams and gaps, in SQLite
    writer     writes it, whole or not at all
    file       reads it, as a stranger's
    place      where it is kept: a file, or an object behind a URL

`sigflow.recording.indexing` makes one from a pass, `sigflow.recording.places` finds frames by it.
"""
