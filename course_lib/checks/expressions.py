"""Formulas in one variable, written by students as strings: read without ever running them as Python.

The grammar is SymPy's for what the course needs: numbers, ``x``, ``pi``, ``E``, ``+ - * / **`` (``^`` is read as
``**``), parentheses, and the functions of :data:`FUNCTIONS`. Decimals count as fractions: ``0.5`` is exactly 1/2.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from course_lib.checks.values import Opaque

FUNCTIONS = {
    "sqrt": "sqrt", "cbrt": "cbrt", "exp": "exp", "log": "log", "ln": "log", "sin": "sin", "cos": "cos", "tan": "tan",
    "sec": "sec", "csc": "csc", "cot": "cot", "asin": "asin", "acos": "acos", "atan": "atan", "arcsin": "asin",
    "arccos": "acos", "arctan": "atan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "abs": "fabs", "Abs": "fabs",
    "sign": "sign",
}  # fmt: skip
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip
PAIRS = {"Rational": operator.truediv, "Pow": operator.pow}
MAX_LENGTH, MAX_NODES, MAX_EXPONENT = 500, 200, 10_000
POINTS = tuple(Fraction(n, d) for n, d in ((3, 7), (5, 6), (11, 9), (12, 5), (17, 4), (29, 3)))
DIGITS = 40


class ExpressionError(ValueError):
    """A string that is not a formula of this grammar, or has no value at a point; the message says why."""


@dataclass(frozen=True)
class Formula:
    """A checked syntax tree; :meth:`value` gives its value at a positive rational x to 40 digits."""

    tree: ast.expr

    def value(self, x: Fraction) -> Any:
        """Return the value as an mpmath number; ExpressionError where it is not finite and real."""
        import mpmath

        with mpmath.workdps(DIGITS):
            try:
                result = _value(self.tree, mpmath.mpf(x.numerator) / x.denominator)
            except (ZeroDivisionError, ValueError, OverflowError) as error:
                raise ExpressionError(f"has no finite real value at x = {float(x):g}") from error
            if not isinstance(result, mpmath.mpf) or not mpmath.isfinite(result):
                raise ExpressionError(f"has no finite real value at x = {float(x):g}")
            return result


def parse_expression(text: Any) -> Formula:
    """Read a formula.

    Raises
    ------
    ExpressionError
        For anything outside the grammar: other names, attributes, calls of other functions, comparisons.

    Examples
    --------
    >>> float(parse_expression("0.5 * x^2 + ln(x)").value(Fraction(1)))
    0.5
    >>> parse_expression("__import__('os')")
    Traceback (most recent call last):
    course_lib.checks.expressions.ExpressionError: unknown function '__import__'
    """
    if not isinstance(text, str):
        kind = text.type_name if isinstance(text, Opaque) else type(text).__name__
        raise ExpressionError(f"a formula must be a string, got {kind}")
    if not text.strip():
        raise ExpressionError("not answered yet")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"a formula may have {MAX_LENGTH} characters, got {len(text)}")
    try:
        tree = ast.parse(text.replace("^", "**").strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(f"{text!r} is not a formula (write 2*x, not 2x; close every parenthesis)") from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise ExpressionError("the formula is too long")
    _validate(tree)
    return Formula(tree)


def same_function(expected: str, got: Any) -> str | None:
    """Compare two formulas as functions of x > 0; return what is wrong with `got`, or ``None``.

    Both are evaluated to 40 digits at six rational points: two formulas of this grammar that agree there to 30 digits
    are the same function.

    Examples
    --------
    >>> same_function("1/(2*sqrt(x))", "0.5 * x^-0.5")
    >>> same_function("cos(x)", "-cos(x)")
    'is another function: at x = 3/7 it gives -0.909560, expected 0.909560'
    """
    return _difference(expected, got) if isinstance(got, str) else _difference.__wrapped__(expected, got)


@lru_cache(maxsize=4096)
def _difference(expected: str, got: str) -> str | None:
    """Compare two formulas; remembered, as a class gives the same few answers."""
    truth = parse_expression(expected)
    try:
        formula = parse_expression(got)
        for point in POINTS:
            a, b = truth.value(point), formula.value(point)
            if abs(a - b) > Fraction(1, 10**30) * (1 + abs(a)):
                return f"is another function: at x = {point} it gives {float(b):.6f}, expected {float(a):.6f}"
    except ExpressionError as error:
        return str(error)
    return None


def values_at(text: Any, points: Any) -> np.ndarray | str:
    """Evaluate a formula at `points` in float64; a message if it is no formula or has no finite real value there.

    Examples
    --------
    >>> values_at("x**2", [1.0, 3.0])
    array([1., 9.])
    """
    evaluate = _values if isinstance(text, str) else _values.__wrapped__
    values = evaluate(text, tuple(float(point) for point in points))
    return values if isinstance(values, str) else np.array(values)


@lru_cache(maxsize=4096)
def _values(text: str, points: tuple[float, ...]) -> tuple[float, ...] | str:
    try:
        formula = parse_expression(text)
        return tuple(float(formula.value(Fraction(point))) for point in points)
    except ExpressionError as error:
        return str(error)


def _validate(node: ast.expr) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        _validate(node.left)
        _validate(node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _validate(node.operand)
    elif isinstance(node, ast.Call):
        _validate_call(node)
    elif isinstance(node, ast.Name):
        if node.id not in ("x", "pi", "E"):
            raise ExpressionError(f"unknown name {node.id!r}: a formula is written in x")
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise ExpressionError(f"{ast.unparse(node)!r} does not belong in a formula")


def _validate_call(node: ast.Call) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if name not in FUNCTIONS and name not in PAIRS:
        raise ExpressionError(f"unknown function {name!r}")
    counts = (2,) if name in PAIRS else (1, 2) if FUNCTIONS[name] == "log" else (1,)
    if node.keywords or len(node.args) not in counts:
        raise ExpressionError(f"{name} takes {' or '.join(map(str, counts))} argument{'s' * (counts[-1] > 1)}")
    for argument in node.args:
        _validate(argument)


def _value(node: ast.expr, x: Any) -> Any:
    import mpmath

    if isinstance(node, ast.BinOp):
        return _bounded(OPERATORS[type(node.op)](_value(node.left, x), _value(node.right, x)))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, x)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Name):
        return {"x": x, "pi": +mpmath.pi, "E": +mpmath.e}[node.id]
    if isinstance(node, ast.Constant):
        exact = Fraction(repr(node.value))
        return _bounded(mpmath.mpf(exact.numerator) / exact.denominator)
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    arguments = [_value(argument, x) for argument in node.args]
    function = PAIRS.get(node.func.id) or getattr(mpmath, FUNCTIONS[node.func.id])
    return _bounded(function(*arguments))


def _bounded(value: Any) -> Any:
    """Keep every intermediate value real and moderate, so that no formula can take long."""
    import mpmath

    if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
        raise ValueError("not real and finite")
    if value and mpmath.mag(value) > MAX_EXPONENT:
        raise OverflowError("too large")
    return value
