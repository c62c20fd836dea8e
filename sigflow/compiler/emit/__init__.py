"""A plan to the text of a Python module."""
