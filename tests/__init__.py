"""The test suite. It mirrors sigflow/; this file keeps another package's stray `tests` from being imported instead."""
