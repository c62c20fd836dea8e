"""An index of a capture: where its frames are, so that one of many million is at hand, and a reading begins anywhere.

    blocks     the frames between two checkpoints, packed; as kernel code, too
    identity   which capture it is of, and what it was read with; what makes it stale
    file       the SQLite file: written whole or not at all, read as a stranger's
    place      where it is kept: a file, or an object behind a URL

`sigflow.recording.indexing` makes one from a pass, `sigflow.recording.places` finds frames by it.
"""
