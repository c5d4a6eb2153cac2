r"""The rules for derivatives, as data: the table of UW ML530 (2021), each row checked by SymPy in a test.

A row holds the function and its derivative twice: as SymPy-readable strings in the variable x (a, c and n are
constants, f and g are functions, u is the inner variable of the chain rule) and as LaTeX for the page.

Examples
--------
>>> [rule.name for rule in RULES if rule.group == "inverse trig"]
['arcsine', 'arccosine', 'arctangent']
>>> find_rule("quotient rule").latex_derivative
"(f' g - g' f) / g^2"
"""

from __future__ import annotations

from typing import NamedTuple

from course_lib.validation import unknown_name


class Rule(NamedTuple):
    """One row of the table: what is differentiated, and the result.

    Examples
    --------
    >>> find_rule("square").derivative
    '2*x'
    """

    group: str
    name: str
    function: str
    derivative: str
    latex_function: str
    latex_derivative: str


_F, _G = "Derivative(f(x), x)", "Derivative(g(x), x)"
_CHAIN = ("f(g(x))", f"Subs(Derivative(f(u), u), u, g(x))*{_G}")

_QUOTIENT = f"({_F}*g(x) - {_G}*f(x))/g(x)**2"

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("constant", "constant", "c", "0", r"c", r"0"),
    Rule("line", "identity", "x", "1", r"x", r"1"),
    Rule("line", "line", "a*x", "a", r"a x", r"a"),
    Rule("power", "square", "x**2", "2*x", r"x^2", r"2x"),
    Rule("power", "square root", "sqrt(x)", "x**Rational(-1, 2)/2", r"\sqrt{x}", r"\tfrac12 x^{-1/2}"),
    Rule("exponential", "exponential", "exp(x)", "exp(x)", r"e^x", r"e^x"),
    Rule("exponential", "exponential, base a", "a**x", "log(a)*a**x", r"a^x", r"\ln(a)\, a^x"),
    Rule("logarithm", "natural logarithm", "log(x)", "1/x", r"\ln x", r"1 / x"),
    Rule("logarithm", "logarithm, base a", "log(x)/log(a)", "1/(x*log(a))", r"\log_a x", r"1 / (x \ln a)"),
    Rule("trig", "sine", "sin(x)", "cos(x)", r"\sin x", r"\cos x"),
    Rule("trig", "cosine", "cos(x)", "-sin(x)", r"\cos x", r"-\sin x"),
    Rule("trig", "tangent", "tan(x)", "sec(x)**2", r"\tan x", r"\sec^2 x"),
    Rule("inverse trig", "arcsine", "asin(x)", "1/sqrt(1 - x**2)", r"\arcsin x", r"1 / \sqrt{1-x^2}"),
    Rule("inverse trig", "arccosine", "acos(x)", "-1/sqrt(1 - x**2)", r"\arccos x", r"-1 / \sqrt{1-x^2}"),
    Rule("inverse trig", "arctangent", "atan(x)", "1/(1 + x**2)", r"\arctan x", r"1 / (1+x^2)"),
    Rule("rule", "multiplication by a constant", "c*f(x)", f"c*{_F}", r"c f", r"c f'"),
    Rule("rule", "power rule", "x**n", "n*x**(n - 1)", r"x^n", r"n x^{n-1}"),
    Rule("rule", "sum rule", "f(x) + g(x)", f"{_F} + {_G}", r"f + g", r"f' + g'"),
    Rule("rule", "difference rule", "f(x) - g(x)", f"{_F} - {_G}", r"f - g", r"f' - g'"),
    Rule("rule", "product rule", "f(x)*g(x)", f"f(x)*{_G} + {_F}*g(x)", r"f g", r"f g' + f' g"),
    Rule("rule", "quotient rule", "f(x)/g(x)", _QUOTIENT, r"f / g", r"(f' g - g' f) / g^2"),
    Rule("rule", "reciprocal rule", "1/f(x)", f"-{_F}/f(x)**2", r"1 / f", r"-f' / f^2"),
    Rule("chain rule", "chain rule, as composition", *_CHAIN, r"f \circ g", r"(f' \circ g) \times g'"),
    Rule("chain rule", "chain rule, with primes", *_CHAIN, r"f(g(x))", r"f'(g(x))\, g'(x)"),
    Rule("chain rule", "chain rule, as fractions", *_CHAIN, r"y(u(x))", r"\frac{dy}{du} \frac{du}{dx}"),
)
# fmt: on


def find_rule(name: str) -> Rule:
    """Return the row called `name`; an unknown name is an error that offers the nearest one.

    Examples
    --------
    >>> find_rule("product rule").latex_derivative
    "f g' + f' g"
    """
    for rule in RULES:
        if rule.name == name:
            return rule
    raise unknown_name("rule", name, [rule.name for rule in RULES])
