"""The spec that a Construct schema became, as the text of a `.ksy` file."""

from __future__ import annotations

from typing import Any

from sigflow.compiler import source
from sigflow.compiler.construct import Understood
from sigflow.compiler.problems import Problems
from sigflow.compiler.source import Mapping, Node, Scalar


def text_of(understood: Understood) -> str:
    """The YAML of a spec; reading it gives the same tree again, which is checked.

    Raises `AssertionError` where it does not: that would be a bug.
    """
    import yaml

    class Dumper(yaml.SafeDumper):
        """Without aliases, which nobody reads with pleasure."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    dumped: str = yaml.dump(
        _plain(understood.root), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False
    )
    again = source.parse(dumped, understood.file, Problems())
    assert again is not None and _same(understood.root, again), "the text of the spec does not say what its tree says"
    return dumped


def _plain(node: Node) -> Any:
    if isinstance(node, Mapping):
        return {_leaf(key): _plain(value) for key, value in node}
    if isinstance(node, Scalar):
        return _leaf(node)
    return [_plain(item) for item in node.items]


def _leaf(node: Scalar) -> Any:
    if node.boolean is not None:
        return node.boolean
    return node.integer if node.integer is not None else node.text


def _same(mine: Node, theirs: Node) -> bool:
    """Whether two trees say the same: a number is one, however it is written."""
    if isinstance(mine, Mapping):
        if not isinstance(theirs, Mapping) or len(mine.entries) != len(theirs.entries):
            return False
        pairs = zip(mine.entries, theirs.entries, strict=True)
        return all(_same(a, b) and _same(x, y) for (a, x), (b, y) in pairs)
    if isinstance(mine, Scalar):
        return isinstance(theirs, Scalar) and _leaf(mine) == _leaf(theirs)
    if isinstance(theirs, Mapping | Scalar) or len(mine.items) != len(theirs.items):
        return False
    return all(_same(a, b) for a, b in zip(mine.items, theirs.items, strict=True))
