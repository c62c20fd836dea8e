"""What can be read once only becomes a storage that can be read at any offset; what can is left as it is."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from sigflow import storage
from sigflow.storage.pipe import PipeStorage
from sigflow.storage.spool import seekable
from tests.storage.check import CONTENT


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(CONTENT)
    with storage.open(str(path)) as opened, seekable(opened) as file:
        assert file is opened
    with seekable(storage.open(CONTENT)) as file:
        assert file.read(1, 4) == CONTENT[1:4]


def test_a_pipe_and_a_compressed_file_are_copied(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(CONTENT))
    reading, writing = os.pipe()
    os.write(writing, CONTENT)
    os.close(writing)
    pipe = PipeStorage(reading, "-")
    assert pipe.read(0, 3) == CONTENT[:3]  # a format was detected
    for opened in (storage.open(str(path)), pipe):
        folder = tmp_path / opened.name.replace("/", "_")
        folder.mkdir()
        with opened, seekable(opened, str(folder)) as file:
            assert file.name == opened.name
            assert (file.size, file.repeatable) == (len(CONTENT), True)
            assert file.read(10, 5000) == CONTENT[10:5000]
            assert b"".join(file.chunks(1000)) == b"".join(file.chunks(7, 0)) == CONTENT
            assert os.listdir(folder) == []  # it has no name, so nothing can be left of it
