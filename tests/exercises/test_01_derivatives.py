"""Set 01, thought of as an enemy and as a friend: wrong answers that nearly pass, and right ones that nearly fail."""

import numpy as np
import pytest
from problem_sets import ROOT, in_notebook, the_notebook, the_set

from autograder.questions import run_source
from course_lib.checks import load_checks

SET = the_set(ROOT / "solutions" / "01_derivatives")
RIGHT = {
    "sqrt": "1/(2*sqrt(x))", "exp_a": "3**x*log(3)", "log_a": "1/(x*log(2))", "arctan": "1/(1+x**2)",
    "quotient": "cos(x)/x - sin(x)/x**2", "chain": "-2*x*exp(-x**2)",
}  # fmt: skip

NEARLY_RIGHT = {
    "numerical_gradient flat": """
        def numerical_gradient(f, x, h=1e-5):
            x = np.array(x, dtype=float)
            return np.array([(f(x + h * e.reshape(x.shape)) - f(x - h * e.reshape(x.shape))) / (2 * h)
                             for e in np.eye(x.size)])
        """,
    "numerical_gradient with another default": """
        def numerical_gradient(f, x, h=1e-6):
            x = np.array(x, dtype=float)
            return np.array([(f(x + h * e.reshape(x.shape)) - f(x - h * e.reshape(x.shape))) / (2 * h)
                             for e in np.eye(x.size)]).reshape(x.shape)
        """,
    "numerical_gradient calls f on flat arrays": """
        def numerical_gradient(f, x, h=1e-5):
            flat = np.array(x, dtype=float).ravel()
            return np.array([(f(flat + h * e) - f(flat - h * e)) / (2 * h)
                             for e in np.eye(flat.size)]).reshape(np.shape(x))
        """,
    "numerical_gradient in single precision": """
        def numerical_gradient(f, x, h=1e-5):
            x = np.array(x, dtype=np.float32)
            return np.array([(f(x + h * e.reshape(x.shape)) - f(x - h * e.reshape(x.shape))) / (2 * h)
                             for e in np.eye(x.size, dtype=np.float32)]).reshape(x.shape)
        """,
    "complex_step in single precision": "complex_step = lambda f, x, h=1e-20: f(np.complex64(x + 1j * h)).imag / h",
    "complex_step with another default": "complex_step = lambda f, x, h=1e-8: np.imag(f(x + 1j * h)) / h",
    "complex_step with a step that is not too small": """
        def complex_step(f, x, h=1e-20):
            h = max(h, 1e-8)
            return np.imag(f(x + 1j * h)) / h
        """,
    "mse_gradient of the first sample": "mse_gradient = lambda w, x, y: 2 * (w * x[0] - y[0]) * x[0]",
    "mse_gradient in single precision": "mse_gradient = lambda w, x, y: 2 * np.mean((w * x - y) * x, dtype=np.float32)",
    "sigmoid_derivative clipped too early": """
        def sigmoid_derivative(z):
            a = 1 / (1 + np.exp(-np.clip(z, -20, 20)))
            return a * (1 - a)
        """,
    "sigmoid_derivative flat": "sigmoid_derivative = lambda z: np.ravel(0.25 / np.cosh(np.clip(z, -60, 60) / 2) ** 2)",
    "softmax_jacobian shifted by the mean": """
        def softmax_jacobian(z):
            a = np.exp(z - np.mean(z))
            a = a / a.sum()
            return np.diag(a) - np.outer(a, a)
        """,
    "softmax_jacobian of a normalized vector": """
        def softmax_jacobian(z):
            a = np.exp(z / np.max(np.abs(z)))
            a = a / a.sum()
            return np.diag(a) - np.outer(a, a)
        """,
    "softmax_jacobian with NaN replaced": """
        def softmax_jacobian(z):
            with np.errstate(all="ignore"):
                a = np.exp(z) / np.exp(z).sum()
            return np.nan_to_num(np.diag(a) - np.outer(a, a))
        """,
    "bce_gradient clipped at 1e-15": """
        def bce_gradient(a, y):
            a = np.clip(a, 1e-15, 1 - 1e-15)
            return (a - y) / (a * (1 - a))
        """,
    "bce_gradient clipped near 1 only": "bce_gradient = lambda a, y: (1 - y) / np.maximum(1 - a, 1e-15) - y / a",
    "bce_gradient with a tiny epsilon": "bce_gradient = lambda a, y: (a - y) / (a * (1 - a) + 1e-12)",
    "bce_gradient with rounded labels": "bce_gradient = lambda a, y: (a - np.round(y)) / (a * (1 - a))",
    "DERIVATIVES with rounded logarithms": f"DERIVATIVES = {RIGHT | {'log_a': '1.4426950408889634/x'}}",
    "DERIVATIVES right at whole numbers only": f"DERIVATIVES = {RIGHT | {'arctan': '1/(1+x**2)+sin(pi*x)'}}",
    "fit_line that stops when it is near": """
        def fit_line(x, y, lr, steps):
            w = b = 0.0
            for _ in range(min(steps, 100)):
                e = w * x + b - y
                w, b = w - lr * 2 * np.mean(e * x), b - lr * 2 * np.mean(e)
            return w, b
        """,
    "fit_line that stops when the gradient is small": """
        def fit_line(x, y, lr, steps):
            w = b = 0.0
            for _ in range(steps):
                e = w * x + b - y
                by_w, by_b = 2 * np.mean(e * x), 2 * np.mean(e)
                if max(abs(by_w), abs(by_b)) < 1e-6:
                    break
                w, b = w - lr * by_w, b - lr * by_b
            return w, b
        """,
    "fit_line one step too many": """
        def fit_line(x, y, lr, steps):
            w = b = 0.0
            for _ in range(steps + 1):
                e = w * x + b - y
                w, b = w - lr * 2 * np.mean(e * x), b - lr * 2 * np.mean(e)
            return w, b
        """,
    "fit_line from elsewhere": """
        def fit_line(x, y, lr, steps):
            w, b = 1e-3, 0.0
            for _ in range(steps):
                e = w * x + b - y
                w, b = w - lr * 2 * np.mean(e * x), b - lr * 2 * np.mean(e)
            return w, b
        """,
}

UNUSUAL_BUT_RIGHT = {
    "numerical_gradient as nested lists": """
        def numerical_gradient(f, x, h=1e-5):
            x = np.array(x, dtype=float)
            return np.array([(f(x + h * e.reshape(x.shape)) - f(x - h * e.reshape(x.shape))) / 2 / h
                             for e in np.eye(x.size)]).reshape(x.shape).tolist()
        """,
    "numerical_gradient by np.vectorize": """
        def numerical_gradient(f, x, h=1e-5):
            x = np.asarray(x, dtype=float)
            unit = lambda i: np.where(np.arange(x.size).reshape(x.shape) == i, h, 0.0)
            slope = lambda i: (f(x + unit(i)) - f(x - unit(i))) / (2 * h)
            return np.vectorize(slope, otypes=[float])(np.arange(x.size).reshape(x.shape))
        """,
    "complex_step with a 0-d array": """
        def complex_step(f, x, h=1e-20):
            return np.asarray(np.imag(f(np.asarray(x + h * 1j)))) / h
        """,
    "mse_gradient with a column": """
        def mse_gradient(w_hat, x, y):
            X = np.asarray(x, dtype=float).reshape(-1, 1)
            return (2 / len(y) * X.T @ (X @ np.array([float(w_hat)]) - y))[0]
        """,
    "sigmoid_derivative with warnings silenced": """
        def sigmoid_derivative(z):
            with np.errstate(over="ignore"):
                a = 1 / (1 + np.exp(-np.asarray(z, dtype=float)))
            return a * (1 - a)
        """,
    "sigmoid_derivative by logarithms": """
        def sigmoid_derivative(z):
            return np.exp(-np.logaddexp(0, z) - np.logaddexp(0, np.negative(z)))
        """,
    "sigmoid_derivative in long double": """
        def sigmoid_derivative(z):
            e = np.exp(-np.abs(np.asarray(z, dtype=np.longdouble)))
            return e / (1 + e) ** 2
        """,
    "softmax_jacobian by SciPy": """
        def softmax_jacobian(z):
            from scipy.special import softmax
            a = softmax(np.asarray(z, dtype=float))
            return np.diag(a) - a[:, None] * a
        """,
    "bce_gradient as a list": """
        def bce_gradient(a, y):
            return ((1 - y) / (1 - a) - y / a).tolist()
        """,
    "fit_line with 0-d arrays": """
        def fit_line(x, y, lr, steps):
            theta = np.zeros(2)
            for _ in range(steps):
                e = theta[0] * x + theta[1] - y
                theta = theta - 2 * lr * np.array([np.mean(e * x), np.mean(e)])
            return np.array(theta[0]), np.array(theta[1])
        """,
    "fit_line by a power of a matrix": """
        def fit_line(x, y, lr, steps):
            X = np.stack([x, np.ones(len(x))], 1).astype(float)
            step = np.eye(3)
            step[:2, :2] -= 2 * lr / len(y) * X.T @ X
            step[:2, 2] = 2 * lr / len(y) * X.T @ y
            return tuple(np.linalg.matrix_power(step, steps)[:2, 2])
        """,
}  # fmt: skip


OTHER_HANDWRITING = {
    "numerical_gradient work in the caller's array": """
        def numerical_gradient(f, x, h=1e-5):
            grad = np.zeros_like(x)
            it = np.nditer(x, flags=["multi_index"])
            while not it.finished:
                ix = it.multi_index
                old = x[ix]
                x[ix] = old + h
                fp = f(x)
                x[ix] = old - h
                fm = f(x)
                x[ix] = old
                grad[ix] = (fp - fm) / (2 * h)
                it.iternext()
            return grad
        """,
    "numerical_gradient one-sided difference": """
        def numerical_gradient(f, x, h=1e-5):
            x = np.asarray(x, dtype=float)
            return np.array([(f(x + h * e.reshape(x.shape)) - f(x)) / h for e in np.eye(x.size)]).reshape(x.shape)
        """,
    "numerical_gradient one-sided difference, backward": """
        def numerical_gradient(f, x, h=1e-5):
            x = np.asarray(x, dtype=float)
            return np.array([(f(x - h * e.reshape(x.shape)) - f(x)) / -h for e in np.eye(x.size)]).reshape(x.shape)
        """,
    "complex_step real part": "complex_step = lambda f, x, h=1e-20: complex(f(complex(x, h))).real / h",
    "mse_gradient lost sign": """
        def mse_gradient(w_hat, x, y):
            return sum(2 * (y[i] - w_hat * x[i]) * x[i] for i in range(len(x))) / len(x)
        """,
    "mse_gradient sum instead of mean": "mse_gradient = lambda w_hat, x, y: -2 * np.dot(x, y - np.multiply(w_hat, x))",
    "sigmoid_derivative overflow": """
        def sigmoid_derivative(z):
            s = lambda t: 1.0 / (1.0 + np.exp(-t))
            return s(z) - s(z) ** 2
        """,
    "sigmoid_derivative overflow on the right": """
        def sigmoid_derivative(z):
            s = lambda t: np.exp(t) / (1.0 + np.exp(t))
            return s(np.array(z)) * (1 - s(np.array(z)))
        """,
    "sigmoid_derivative the sigmoid itself": "sigmoid_derivative = lambda z: np.exp(-np.logaddexp(0, -z))",
    "softmax_jacobian overflow": """
        def softmax_jacobian(z):
            e = np.exp(z)
            s = (e / e.sum()).reshape(-1, 1)
            return np.diagflat(s) - s @ s.T
        """,
    "softmax_jacobian lost diagonal": """
        def softmax_jacobian(z):
            s = np.exp(z - z.max()) / np.sum(np.exp(z - z.max()))
            return np.array([[-p * q for q in s] for p in s])
        """,
    "bce_gradient lost sign": "bce_gradient = lambda a, y: y / a - (1 - y) / (1 - a)",
    "bce_gradient hard labels only": """
        def bce_gradient(a, y):
            return np.vectorize(lambda p, t: -1 / p if t == 1 else 1 / (1 - p), otypes=[float])(a, y)
        """,
    "DERIVATIVES chain: lost sign": f"DERIVATIVES = {RIGHT | {'chain': '2*x/exp(x^2)'}}",
    "DERIVATIVES quotient: part by part": f"DERIVATIVES = {RIGHT | {'quotient': 'cos(x)/1'}}",
    "fit_line one after the other": """
        def fit_line(x, y, lr, steps):
            theta = [0.0, 0.0]
            for _ in range(steps):
                theta[0] -= lr * 2 * np.mean(x * (theta[0] * x + theta[1] - y))
                theta[1] -= lr * 2 * np.mean(theta[0] * x + theta[1] - y)
            return tuple(theta)
        """,
    "fit_line one after the other, bias first": """
        def fit_line(x, y, lr, steps):
            w, b = 0.0, 0.0
            for _ in range(steps):
                b -= 2 * lr / len(x) * sum(w * x + b - y)
                w -= 2 * lr / len(x) * sum((w * x + b - y) * x)
            return w, b
        """,
    "fit_line straight to the bottom": "fit_line = lambda x, y, lr, steps: tuple(np.linalg.pinv(np.c_[x, x**0]) @ y)",
}


@pytest.mark.parametrize("name", ["central_difference", "fourth_order_difference"])
def test_borrowed_answer_is_refused(name: str) -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    namespace = run_source(f"from course_lib.reference.derivatives import {name} as numerical_gradient")
    message = checks.message(checks.questions["numerical_gradient"], namespace)
    assert message is not None and "write it yourself" in message


@pytest.mark.parametrize("entry", RIGHT)
@pytest.mark.parametrize("spoilt", ["2x", "", "import os", "f(x)", "x +", "1/0", None, 7, "missing"])
def test_entry_that_is_no_formula_costs_that_entry_only(entry: str, spoilt: object) -> None:
    answer = {key: value for key, value in RIGHT.items() if key != entry}
    if spoilt != "missing":
        answer[entry] = spoilt
    result = SET.questions["DERIVATIVES"].grade_source(f"DERIVATIVES = {answer!r}")
    assert result.points == 5
    assert sum(case.message is not None for case in result.cases) == 2


def test_the_derivatives_are_published_as_numbers_only() -> None:
    given = (ROOT / "exercises" / SET.name / "checks.json").read_text()
    question = SET.questions["DERIVATIVES"]
    sources = [question.reference_source, *question.accepted, *(source for _, source in question.misconceptions)]
    formulas = {formula for source in sources if "sympy" not in source for formula in evaluated(source).values()}
    assert len(formulas) > 20
    assert [formula for formula in formulas if formula in given.replace("lambda v: v**3", "")] == []


def evaluated(source: str) -> dict[str, str]:
    namespace: dict[str, dict[str, str]] = {}
    exec(source, {}, namespace)
    return namespace["DERIVATIVES"]


@pytest.mark.parametrize("name", [name for name in SET.questions if name != "DERIVATIVES"])
def test_cases_cover_whole_numbers_single_precision_and_protected_arrays(name: str) -> None:
    cases = SET.questions[name].cases
    inputs = [np.asarray(value) for case in cases for value in case.inputs.values()]
    assert any(array.dtype == np.float32 for array in inputs)
    assert any(array.dtype.kind == "i" for array in inputs)
    assert any(case.layout == "read-only" for case in cases)


@pytest.mark.parametrize("name", ["sigmoid_derivative", "softmax_jacobian"])
def test_stability_is_worth_less_than_half(name: str) -> None:
    """An answer that overflows has understood the derivative."""
    question = SET.questions[name]
    source = next(source for known, source in question.misconceptions if known.name == "overflow")
    assert question.points / 2 < question.grade_source(source).points < question.points


@pytest.mark.parametrize("name", [name for name in SET.questions if name != "DERIVATIVES"])
def test_solution_gives_floats_for_whole_numbers_too(name: str) -> None:
    question = SET.questions[name]
    for source in (question.reference_source, in_notebook(the_notebook(ROOT / "solutions" / SET.name), question)):
        for case, outcome in zip(question.cases, question.outcomes(source), strict=True):
            single = any(number.dtype == np.float32 for number in numbers_in(list(case.inputs.values())))
            dtypes = {number.dtype for number in numbers_in(outcome.value)}
            assert single or dtypes <= {np.dtype(float)}, case.describe()


def numbers_in(value: object) -> list[np.ndarray]:
    if isinstance(value, list | tuple):
        return [number for item in value for number in numbers_in(item)]
    return [] if isinstance(value, str) else [np.asarray(value)]
