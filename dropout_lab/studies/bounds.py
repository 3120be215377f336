"""Bounds of a study's metric, derived from the expression that defines it."""

import ast
import math
from collections.abc import Mapping

from dropout_lab.stats.bounds import POSITIVE, bounds_of
from dropout_lab.stats.intervals import UNBOUNDED, Bounds
from dropout_lab.studies.study import StudyMetric


def metric_bounds(metric: StudyMetric) -> Bounds:
    """Return the smallest and the largest possible value of a metric: (0, 100) for ``100 * (1 - test_accuracy)``."""
    # Every way of selecting or averaging the rows of a trial stays within the bounds of the expression.
    known = {name: expression_bounds(reading.value, {}) for name, reading in metric.readings.items()}
    bounds = expression_bounds(metric.value, known)
    if metric.relative:  # a ratio
        return POSITIVE if bounds[0] >= 0 else UNBOUNDED
    return bounds


def expression_bounds(expression: str, known: Mapping[str, Bounds]) -> Bounds:
    """Return the bounds of an expression that is linear in a single column; infinite for other expressions.

    Args:
        expression: expression over columns.
        known: bounds of the names that are not columns.
    """
    try:
        ends = _ends(ast.parse(expression, mode="eval").body, known)
    except SyntaxError:  # reported when the expression is evaluated
        ends = None
    if ends is None or any(math.isnan(end) for end in ends):
        return UNBOUNDED
    return min(ends), max(ends)


def _ends(node: ast.expr, known: Mapping[str, Bounds]) -> Bounds | None:
    """Return the values at both ends of the column's range; None if these may not be the extreme values."""
    match node:
        case ast.Name(name):
            return known.get(name, bounds_of(name))
        case ast.Constant(int() | float() as value):
            return float(value), float(value)
        case ast.UnaryOp(ast.USub(), operand):
            ends = _ends(operand, known)
            return None if ends is None else (-ends[0], -ends[1])
        case ast.BinOp(left, operator, right):
            a, b = _ends(left, known), _ends(right, known)
            if a is None or b is None or (a[0] != a[1] and b[0] != b[1]):
                return None
            return _combined(operator, a, b)
    return None


def _combined(operator: ast.operator, a: Bounds, b: Bounds) -> Bounds | None:
    match operator:
        case ast.Add():
            return a[0] + b[0], a[1] + b[1]
        case ast.Sub():
            return a[0] - b[0], a[1] - b[1]
        case ast.Mult():
            return a[0] * b[0], a[1] * b[1]
        case ast.Div() if b[0] == b[1] != 0:
            return a[0] / b[0], a[1] / b[1]
    return None
