"""Each row of the table of derivatives, differentiated by SymPy and, independently, by differences."""

import numpy as np
import pytest
import sympy

from course_lib.reference.derivatives import central_difference
from course_lib.reference.rules import RULES, find_rule

x, a, c, n = sympy.symbols("x a c n", positive=True)
f, g = sympy.Function("f"), sympy.Function("g")
NAMES = {"x": x, "a": a, "c": c, "n": n, "u": sympy.Symbol("u"), "f": f, "g": g}
IDS = [rule.name for rule in RULES]


def read(text):
    return sympy.sympify(text, locals=NAMES)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_rule_is_what_sympy_derives(rule):
    difference = sympy.diff(read(rule.function), x) - read(rule.derivative)
    assert sympy.simplify(difference.doit()) == 0


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_rule_is_what_differences_measure(rule):
    with_functions = {"a": 1.7, "c": -3.0, "n": 2.5}

    def value(text):
        expression = read(text).replace(f, sympy.sin).replace(g, lambda z: z**2 + 2).doit()
        return sympy.lambdify(x, expression.subs({NAMES[k]: v for k, v in with_functions.items()}), "math")

    at = 0.4
    measured = central_difference(value(rule.function), at)
    assert measured == pytest.approx(float(value(rule.derivative)(at)), abs=1e-8)


def test_the_table_has_every_row_of_the_deck():
    # UW ML530 2021, "Rules for Derivatives": 15 functions; 10 rules, the chain rule three times among them
    assert len([rule for rule in RULES if rule.group not in ("rule", "chain rule")]) == 15
    assert len([rule for rule in RULES if rule.group in ("rule", "chain rule")]) == 10
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert len({(rule.latex_function, rule.latex_derivative) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_latex_can_be_typeset(rule):
    from matplotlib.mathtext import MathTextParser

    for latex in (rule.latex_function, rule.latex_derivative):
        plain = latex.replace(r"\tfrac12", r"\frac{1}{2}")
        assert MathTextParser("path").parse(f"${plain}$").width > 0


def test_an_unknown_rule_offers_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'product rule'"):
        find_rule("produkt rule")
    assert np.all([find_rule(rule.name) is rule for rule in RULES])
