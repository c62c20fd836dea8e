"""A format: a spec, which is compiled when it is first used."""

from importlib.resources import as_file, files

import sigflow

with as_file(files(__package__) / "example_frame.ksy") as _path:
    FORMAT = sigflow.compile(_path)
