"""Scalars that hold an expression or the name of a type: parsed, with what is wrong reported at its own letter."""

from __future__ import annotations

from sigflow.compiler import schema as sc
from sigflow.compiler.parser import ExpressionError, parse_expression, parse_type
from sigflow.compiler.problems import Problems
from sigflow.compiler.source import Node, Scalar


def code_in(node: Node | None, problems: Problems) -> sc.Code | None:
    """The expression that a scalar holds; None, with a problem, where it is none."""
    if node is None:
        return None
    if not isinstance(node, Scalar) or node.is_null:
        problems.add("SF112", node.place, f"expected an expression, got {node.describe()}")
        return None
    try:
        return sc.Code(node, parse_expression(node.text))
    except ExpressionError as error:
        problems.add("SF301", node.at(error.at), f"not an expression: {error}")
        return None


def type_in(node: Node | None, problems: Problems) -> sc.TypeRef | None:
    """The type that a scalar names; None, with a problem, where it names none."""
    if node is None:
        return None
    if not isinstance(node, Scalar) or node.is_null:
        problems.add("SF112", node.place, f"expected a type name, got {node.describe()}")
        return None
    try:
        return sc.TypeRef(node, parse_type(node.text))
    except ExpressionError as error:
        problems.add("SF302", node.at(error.at), f"not a type name: {error}")
        return None
