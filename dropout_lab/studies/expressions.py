"""Arithmetic expressions over the columns of a table, for study files.

Study files may come from untrusted sources. An expression is therefore parsed and computed here from a list of allowed
operations, and is never executed as Python.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.config import former_columns
from dropout_lab.errors import ConfigError
from dropout_lab.settings.former_names import FORMER_COLUMNS

MAX_CHARACTERS = 500
MAX_POWER = 64.0
ALLOWED = "numbers, quoted words, columns, + - * / ** %, comparisons, and, or, not, "
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "exp": np.exp,
    "floor": np.floor,
    "log": np.log,
    "sqrt": np.sqrt,
}
ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def evaluate_expression(frame: pd.DataFrame, expression: str, place: str) -> pd.Series:
    """Compute an expression for each row of a table.

    Args:
        frame: table whose column names are valid in expressions; see :func:`rename_columns`.
        expression: for example ``100 * (1 - test_accuracy)``.
        place: name of the expression in error messages.

    Returns:
        One value per row.

    Raises:
        ConfigError: the expression cannot be parsed, contains an operation that is not allowed, or names an unknown
            column.
    """
    try:
        value = _Evaluation(frame).compute(_parse(expression))
    except (_NotAllowed, TypeError, ValueError) as error:
        raise ConfigError(f"{place}: {expression!r}: {' '.join(str(error).split())}") from None
    return value if isinstance(value, pd.Series) else pd.Series(value, index=frame.index)


def rename_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with column names that are valid in expressions: ``train.lr`` becomes ``train_lr``.

    A column whose name was different in an older version is also available under its former name.
    """
    names = {**former_columns(), **FORMER_COLUMNS}
    former = {old: frame[new] for old, new in names.items() if new in frame.columns}
    whole = pd.concat([frame, pd.DataFrame(former, frame.index)], axis=1)  # a single concat does not fragment the frame
    return whole.rename(columns=lambda name: name.replace(".", "_"))


class _NotAllowed(Exception):
    """Raised for a part of an expression that is not allowed; the message names the part and what is allowed."""

    @classmethod
    def of(cls, node: ast.AST) -> "_NotAllowed":
        return cls(f"{_shorten(ast.unparse(node))} is not allowed; use {ALLOWED}{', '.join(FUNCTIONS)}")


def _parse(expression: str) -> ast.expr:
    if len(expression) > MAX_CHARACTERS:
        raise _NotAllowed(f"has {len(expression)} characters, more than {MAX_CHARACTERS}")
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _NotAllowed(f"is not an expression; use {ALLOWED}{', '.join(FUNCTIONS)}") from None


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


class _Evaluation:
    """Evaluator of expressions over the rows of one table."""

    def __init__(self, frame: pd.DataFrame):
        self._frame = frame

    def compute(self, node: ast.expr) -> Any:
        with np.errstate(all="ignore"):
            return self._compute(node)

    def _compute(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=bool() | str()):
                return node.value
            case ast.Constant(value=int() | float() as number):
                return np.float64(number)
            case ast.Name():
                return self._column(node.id)
            case ast.UnaryOp(op=ast.USub()):
                return -self._compute(node.operand)
            case ast.UnaryOp(op=ast.UAdd()):
                return +self._compute(node.operand)
            case ast.UnaryOp(op=ast.Not()):
                return np.logical_not(self._truth(node.operand))
            case ast.BinOp() if type(node.op) in ARITHMETIC:
                return self._arithmetic(node)
            case ast.BoolOp():
                combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
                return reduce(combine, [self._truth(value) for value in node.values])
            case ast.Compare() if all(type(op) in COMPARISONS for op in node.ops):
                return self._comparison(node)
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
                return FUNCTIONS[name](self._compute(argument))
        raise _NotAllowed.of(node)

    def _column(self, name: str) -> Any:
        if name not in self._frame.columns:
            raise _NotAllowed(f"{name!r} is neither a column of the file nor a reading")
        return self._frame[name]

    def _truth(self, node: ast.expr) -> Any:
        value = self._compute(node)
        return value.astype(bool) if isinstance(value, pd.Series) else bool(value)

    def _arithmetic(self, node: ast.BinOp) -> Any:
        left, right = self._compute(node.left), self._compute(node.right)
        if isinstance(left, str) or isinstance(right, str):
            raise _NotAllowed.of(node)
        if isinstance(node.op, ast.Pow) and not np.all(np.abs(right) <= MAX_POWER):
            raise _NotAllowed(f"has an exponent beyond {MAX_POWER:g}")
        return ARITHMETIC[type(node.op)](left, right)

    def _comparison(self, node: ast.Compare) -> Any:
        values = [self._compute(value) for value in (node.left, *node.comparators)]
        pairs = zip(values, node.ops, values[1:], strict=False)
        return reduce(np.logical_and, [COMPARISONS[type(op)](left, right) for left, op, right in pairs])
