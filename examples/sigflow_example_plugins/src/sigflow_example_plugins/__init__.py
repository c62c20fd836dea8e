"""An example of sigflow plug-ins: one of each kind.  `pyproject.toml` says by which names sigflow knows them."""
