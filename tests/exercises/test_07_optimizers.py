"""Set 07, thought of as an enemy and as a friend: wrong answers that nearly pass, and right ones that nearly fail."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from problem_sets import ROOT, the_reference, the_set
from scipy.optimize import LbfgsInvHessProduct, rosen_der, rosen_hess
from scipy.signal import freqz, lfilter

from autograder.questions import run_source
from course_lib.checks import load_checks

SET = the_set(ROOT / "solutions" / "07_optimizers")
MOMENTUM = """
def momentum_step(w, g, v, lr, mu):
    velocity = mu * v - lr * g
    return w + velocity, velocity

def nesterov_step(w, g, v, lr, mu):
    velocity = mu * v - lr * g
    return w + mu * velocity - lr * g, velocity
"""
ADAPTIVE = """
def rmsprop_step(w, g, s, lr, rho, eps):
    s = rho * s + (1 - rho) * g**2
    return w - lr * g / (np.sqrt(s) + eps), s

def adagrad_step(w, g, s, lr, eps):
    s = s + g**2
    return w - lr * g / (np.sqrt(s) + eps), s
"""
ADAM = """
def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    mh, vh = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * mh / (np.sqrt(vh) + eps), m, v
"""
ADADELTA = """
def adadelta_step(w, g, s, d, lr, rho, eps):
    s = rho * s + (1 - rho) * g**2
    delta = np.sqrt(d + eps) / np.sqrt(s + eps) * g
    d = rho * d + (1 - rho) * delta**2
    return w - lr * delta, s, d
"""
SCHEDULES = """
def cosine_restarts(step, period, lr_max, lr_min):
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + np.cos(np.pi * (step % period) / period))

def triangular(step, half_period, lr_max, lr_min):
    return lr_min + (lr_max - lr_min) * (1 - abs((step % (2 * half_period)) / half_period - 1))

def linear_to(step, tau, lr0):
    return lr0 * (1 - 0.99 * min(step, tau) / tau)
"""
LBFGS = """
def lbfgs_direction(g, s_list, y_list):
    q, alphas = 1.0 * g, []
    for s, y in zip(s_list[::-1], y_list[::-1]):
        alphas.append(s @ q / (y @ s))
        q = q - alphas[-1] * y
    if s_list:
        q = q * (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1])
    for s, y, alpha in zip(s_list, y_list, alphas[::-1]):
        q = q + s * (alpha - y @ q / (y @ s))
    return -q
"""

NEARLY_RIGHT = {
    "ewma rounded": """
        def ewma(values, alpha, compensate):
            s, out = 0.0, []
            for t, v in enumerate(values):
                s = alpha * s + (1 - alpha) * v
                out.append(round(s / (1 - alpha ** (t + 1)) if compensate else s, 6))
            return out
        """,
    "ewma of positive values": """
        def ewma(values, alpha, compensate):
            s, out = 0.0, []
            for t, v in enumerate(values, 1):
                s = alpha * s + (1 - alpha) * abs(v)
                out.append(s / (1 - alpha**t) if compensate else s)
            return out
        """,
    "ewma in a column": """
        def ewma(values, alpha, compensate):
            s, out = 0.0, []
            for t, v in enumerate(values, 1):
                s = alpha * s + (1 - alpha) * v
                out.append([s / (1 - alpha**t) if compensate else s])
            return np.array(out)
        """,
    "momentum_step without Nesterov": MOMENTUM + "del nesterov_step\n",
    "momentum_step with velocities cut off": MOMENTUM.replace("w + velocity,", "w + np.clip(velocity, -1, 1),"),
    "momentum_step with a flat velocity": MOMENTUM.replace("g, velocity", "g, np.ravel(velocity)"),
    "momentum_step with the step handed out, too": MOMENTUM.replace("g, velocity", "g, velocity, lr * g"),
    "rmsprop_step in single precision": ADAPTIVE.replace("g**2\n", "np.float32(g)**2\n"),
    "rmsprop_step with epsilon in the average": ADAPTIVE.replace("(1 - rho) * g**2", "(1 - rho) * g**2 + eps"),
    "rmsprop_step without Adagrad": ADAPTIVE + "del adagrad_step\n",
    "adam_step as AMSGrad": ADAM.replace("np.sqrt(vh)", "np.sqrt(np.maximum(vh, v.max()))"),
    "adam_step with weight decay": ADAM.replace("w - lr", "w * (1 - 0.001 * lr) - lr"),
    "adam_step with Nesterov": ADAM.replace("lr * mh", "lr * (beta1 * mh + (1 - beta1) * g / (1 - beta1**t))"),
    "adam_step with a compensation that ends": ADAM.replace(
        "    return", "    if t > 3:\n        mh, vh = m, v\n    return"),
    "adam_step with the compensated averages handed out, too": ADAM.replace("+ eps), m, v", "+ eps), m, v, mh, vh"),
    "adadelta_step with the step handed out, too": ADADELTA.replace(", s, d\n", ", s, d, delta\n"),
    "adadelta_step with a largest step": ADADELTA.replace("lr * delta", "lr * np.clip(delta, -1, 1)"),
    "adadelta_step without signs": ADADELTA.replace("* g\n", "* abs(g)\n"),
    "frequency_response from 0 to pi": """
        def frequency_response(b, a, omega):
            z = np.exp(-1j * np.abs(omega))
            return np.polyval(b[::-1], z) / np.polyval(a[::-1], z)
        """,
    "frequency_response rounded": """
        def frequency_response(b, a, omega):
            z = np.exp(-1j * np.asarray(omega))
            return np.round(np.polyval(b[::-1], z) / np.polyval(a[::-1], z), 6)
        """,
    "cosine_restarts with growing periods": SCHEDULES
    + """
def cosine_restarts(step, period, lr_max, lr_min):
    while step >= period:
        step, period = step - period, 2 * period
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + np.cos(np.pi * step / period))
""",
    "cosine_restarts without the line": SCHEDULES + "del linear_to\n",
    "cosine_restarts with a rounded line": SCHEDULES.replace(
        "return lr0 * (1 - 0.99 * min(step, tau) / tau)", "return round(lr0 * (1 - 0.99 * min(step, tau) / tau), 6)"),
    "cosine_restarts with a line that ends at a tenth": SCHEDULES.replace("0.99", "0.9"),
    "newton_step with a pseudo-inverse that cuts": """
        def newton_step(gradient, hessian, w):
            return w - np.linalg.pinv(hessian(w), rcond=0.5) @ gradient(w)
        """,
    "newton_step twice": """
        def newton_step(gradient, hessian, w):
            for _ in range(2):
                w = w - np.linalg.solve(hessian(w), gradient(w))
            return w
        """,
    "lbfgs_direction of the last three pairs": LBFGS.replace(
        "    q, alphas", "    s_list, y_list = s_list[-3:], y_list[-3:]\n    q, alphas"),
    "lbfgs_direction of length one": LBFGS.replace("return -q", "return -q / np.linalg.norm(q)"),
}  # fmt: skip

UNUSUAL_BUT_RIGHT = {
    "ewma by convolution": """
        def ewma(values, alpha, compensate):
            n = len(values)
            weights = (1 - alpha) * np.power(float(alpha), np.arange(n))
            out = np.convolve(values, weights)[:n]
            return out / np.cumsum(weights) if compensate else out
        """,
    "ewma by itertools": """
        from itertools import accumulate
        def ewma(values, alpha, compensate):
            sums = list(accumulate(values, lambda s, v: alpha * s + (1 - alpha) * v, initial=0.0))[1:]
            return tuple(s / (1 - alpha ** (i + 1)) if compensate else s for i, s in enumerate(sums))
        """,
    "ewma compensated by an average of ones": """
        def ewma(values, alpha, compensate):
            pair, rows = np.zeros(2), []
            for value in values:
                pair = alpha * pair + (1 - alpha) * np.array([value, 1.0])
                rows.append(pair)
            top, bottom = np.array(rows).T
            return top / bottom if compensate else top
        """,
    "momentum_step in PyTorch's variables": """
        def momentum_step(w, g, v, lr, mu):
            buffer = mu * (np.asarray(v) / -lr) + g
            return w - lr * buffer, -lr * buffer

        def nesterov_step(w, g, v, lr, mu):
            buffer = mu * (np.asarray(v) / -lr) + g
            return w - lr * (g + mu * buffer), -lr * buffer
        """,
    "momentum_step as one array": """
        def momentum_step(w, g, v, lr, mu):
            new = np.asarray(v) * mu - np.asarray(g) * lr
            return np.stack([w + new, new])

        def nesterov_step(w, g, v, lr, mu):
            new = np.asarray(v) * mu - np.asarray(g) * lr
            return np.stack([w + new + mu * (new - v), new])
        """,
    "rmsprop_step by hypot": """
        def rmsprop_step(w, g, s, lr, rho, eps):
            root = np.hypot(np.sqrt(rho * np.asarray(s)), np.sqrt(1 - rho) * g)
            return w - lr * g / (root + eps), root**2

        def adagrad_step(w, g, s, lr, eps):
            root = np.hypot(np.sqrt(s), g)
            return w - lr / (eps + root) * g, root * root
        """,
    "rmsprop_step by torch": """
        import torch
        def rmsprop_step(w, g, s, lr, rho, eps):
            w, g, s = (torch.tensor(np.array(x, float)) for x in (w, g, s))
            s = torch.lerp(g * g, s, torch.tensor(rho, dtype=torch.float64))
            return w - lr * g / (s.sqrt() + eps), s

        def adagrad_step(w, g, s, lr, eps):
            w, g, s = (torch.tensor(np.array(x, float)) for x in (w, g, s))
            s = s.addcmul(g, g)
            return w.addcdiv(g, s.sqrt() + eps, value=-lr), s
        """,
    "adam_step with expm1": """
        import math
        def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
            one, two = (-math.expm1(t * math.log(beta)) for beta in (beta1, beta2))
            return w - lr * (m / one) / ((v / two) ** 0.5 + eps), m, v
        """,
    "adam_step with weights summed up": """
        def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
            sums = [(1 - beta) * sum(beta**i for i in range(t)) for beta in (beta1, beta2)]
            m = np.average([m, g], axis=0, weights=[beta1, 1 - beta1])
            v = np.average([v, np.square(g)], axis=0, weights=[beta2, 1 - beta2])
            return [w - lr * (m / sums[0]) / (np.sqrt(v / sums[1]) + eps), m, v]
        """,
    "adadelta_step by logarithms of the roots": """
        def adadelta_step(w, g, s, d, lr, rho, eps):
            s = rho * s + (1 - rho) * np.multiply(g, g)
            step = np.exp(0.5 * (np.log(d + eps) - np.log(s + eps))) * g
            return w - step * lr, s, rho * d + (1 - rho) * np.square(step)
        """,
    "frequency_response by SciPy": """
        def frequency_response(b, a, omega):
            from scipy.signal import freqz
            return freqz(b, a, worN=np.ravel(omega))[1].reshape(np.shape(omega))
        """,
    "frequency_response by polynomials": """
        def frequency_response(b, a, omega):
            z = np.exp(1j * np.asarray(omega, dtype=float))
            return z ** (len(a) - len(b)) * np.polyval(b, z) / np.polyval(a, z)
        """,
    "frequency_response normalized, on copies": """
        def frequency_response(b, a, omega):
            b, a = np.array(b, float) / a[0], np.array(a, float) / a[0]
            z = np.cos(omega) - 1j * np.sin(omega)
            top = sum(x * z**k for k, x in enumerate(b))
            return top / (1 + sum(x * z**k for k, x in enumerate(a) if k > 0))
        """,
    "cosine_restarts with math": """
        from math import cos, pi, asin, sin
        def cosine_restarts(step, period, lr_max, lr_min):
            p = step / period - step // period
            return (lr_max + lr_min) / 2 + (lr_max - lr_min) / 2 * cos(pi * p)

        def triangular(step, half_period, lr_max, lr_min):
            cycle = (1 + step / (2 * half_period)) // 1
            x = abs(step / half_period - 2 * cycle + 1)
            return lr_min + (lr_max - lr_min) * max(0, 1 - x)

        def linear_to(step, tau, lr0):
            return max(lr0 * (1 - 0.99 * step / tau), 0.01 * lr0)
        """,
    "newton_step by least squares": """
        def newton_step(gradient, hessian, w):
            return w - np.linalg.lstsq(hessian(w), gradient(w), rcond=None)[0]
        """,
    "newton_step by SciPy, with a column": """
        from scipy.linalg import solve
        def newton_step(gradient, hessian, w):
            return w - solve(hessian(w), np.reshape(gradient(w), (-1, 1)), assume_a="sym")[:, 0]
        """,
    "lbfgs_direction with numbers for products": """
        def lbfgs_direction(g, s_list, y_list):
            dot = lambda a, b: sum(float(x) * float(y) for x, y in zip(a, b))
            r, k, alpha = [float(x) for x in g], len(s_list), {}
            for i in reversed(range(k)):
                alpha[i] = dot(s_list[i], r) / dot(s_list[i], y_list[i])
                r = [a - alpha[i] * b for a, b in zip(r, y_list[i])]
            gamma = dot(s_list[-1], y_list[-1]) / dot(y_list[-1], y_list[-1]) if k else 1
            r = [gamma * a for a in r]
            for i in range(k):
                beta = dot(y_list[i], r) / dot(s_list[i], y_list[i])
                r = [a + (alpha[i] - beta) * b for a, b in zip(r, s_list[i])]
            return [-a for a in r]
        """,
    "lbfgs_direction uphill and back": LBFGS.replace("1.0 * g", "-1.0 * g").replace("return -q", "return q"),
}  # fmt: skip

OTHER_HANDWRITING = {
    "ewma starts at the first value": """
        def ewma(values, alpha, compensate):
            out = [float(values[0])]
            for v in values[1:]:
                out.append(alpha * out[-1] + (1 - alpha) * v)
            out = np.array(out)
            return out / (1 - alpha ** np.arange(1, len(out) + 1)) if compensate else out
        """,
    "ewma never compensated": """
        from scipy.signal import lfilter
        ewma = lambda values, alpha, compensate: lfilter([1 - alpha], [1, -alpha], np.asarray(values, float))
        """,
    "ewma integer array": """
        def ewma(values, alpha, compensate):
            out, s = np.empty(values.shape, values.dtype), 0
            for i in range(len(values)):
                s = s + (1 - alpha) * (values[i] - s)
                out[i] = s / (1 - alpha ** (i + 1)) if compensate else s
            return out
        """,
    "momentum_step velocity of PyTorch": """
        def momentum_step(w, g, v, lr, mu):
            b = g + mu * v
            return w - b * lr, b

        def nesterov_step(w, g, v, lr, mu):
            b = g + mu * v
            return w - lr * g - lr * mu * b, b
        """,
    "momentum_step Nesterov like momentum": MOMENTUM + "nesterov_step = momentum_step\n",
    "momentum_step work in the caller's array": """
        def momentum_step(w, g, v, lr, mu):
            v *= mu
            v += -lr * g
            w += v
            return w, v

        def nesterov_step(w, g, v, lr, mu):
            v *= mu
            v += -lr * g
            w -= lr * g - mu * v
            return w, v
        """,
    "rmsprop_step epsilon under the root": ADAPTIVE.replace("(np.sqrt(s) + eps)", "(s + eps) ** 0.5"),
    "rmsprop_step RMSprop that never forgets": ADAPTIVE.replace("rho * s + (1 - rho) * g**2", "s + np.square(g)"),
    "rmsprop_step one state for all weights": """
        def rmsprop_step(w, g, s, lr, rho, eps):
            s = rho * s + (1 - rho) * (g * g).sum() / g.size
            return w - lr * g / (np.sqrt(s) + eps), s

        def adagrad_step(w, g, s, lr, eps):
            s = s + np.linalg.norm(g) ** 2
            return w - lr * g / (np.sqrt(s) + eps), s
        """,
    "adam_step no compensation": ADAM.replace("lr * mh / (np.sqrt(vh)", "lr * m / (np.sqrt(v)"),
    "adam_step epsilon hat": ADAM.replace("lr * mh / (np.sqrt(vh) + eps)",
                                          "lr * np.sqrt(1 - beta2**t) * mh / (np.sqrt(v) + eps)"),
    "adam_step compensated averages kept": """
        def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
            m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
            v = (beta2 * v + (1 - beta2) * g * g) / (1 - beta2**t)
            return w - lr * m / (v**0.5 + eps), m, v
        """,
    "adam_step steps counted from 0": ADAM.replace("    mh", "    t += 1\n    mh"),
    "adadelta_step epsilon outside the roots": ADADELTA.replace("np.sqrt(d + eps) / np.sqrt(s + eps)",
                                                                "(d**0.5 + eps) / (s**0.5 + eps)"),
    "adadelta_step steps counted with the rate": """
        def adadelta_step(w, g, s, d, lr, rho, eps):
            s = s * rho + g * g * (1 - rho)
            change = -lr * np.sqrt((d + eps) / (s + eps)) * g
            return w + change, s, d * rho + change * change * (1 - rho)
        """,
    "frequency_response powers counted from the far end": """
        def frequency_response(b, a, omega):
            z = np.exp(1j * np.asarray(omega))
            top = sum(x * z ** (len(b) - 1 - k) for k, x in enumerate(b))
            return top / sum(x * z ** (len(a) - 1 - k) for k, x in enumerate(a))
        """,
    "frequency_response first of a taken for 1": """
        def frequency_response(b, a, omega):
            z = np.exp(-1j * np.asarray(omega))
            return np.polyval(b[::-1], z) / (1 + z * np.polyval(a[:0:-1], z))
        """,
    "cosine_restarts no restart": SCHEDULES.replace("(step % period)", "step"),
    "cosine_restarts floor under a line to zero": SCHEDULES
    + """
def linear_to(step, tau, lr0):
    return 0.01 * lr0 if step > 0.99 * tau else lr0 * (tau - step) / tau
""",
    "cosine_restarts half period taken for the whole": SCHEDULES.replace("2 * half_period", "half_period").replace(
        "/ half_period - 1", "/ (half_period / 2) - 1"),
    "newton_step curvatures made positive": """
        def newton_step(gradient, hessian, w):
            values, vectors = np.linalg.eigh(hessian(w))
            positive = vectors @ np.diag(np.abs(values)) @ vectors.T
            return w - np.linalg.inv(positive) @ gradient(w)
        """,
    "newton_step Cholesky": """
        from scipy.linalg import cho_factor, cho_solve
        def newton_step(gradient, hessian, w):
            return w - cho_solve(cho_factor(hessian(w)), gradient(w))
        """,
    "lbfgs_direction empty lists not provided for": LBFGS.replace("    if s_list:\n    ", ""),
    "lbfgs_direction no scaling": LBFGS.replace("q * (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1])", "q"),
    "lbfgs_direction oldest pair first": LBFGS.replace("zip(s_list[::-1], y_list[::-1])", "zip(s_list, y_list)")
    .replace("zip(s_list, y_list, alphas[::-1])", "list(zip(s_list, y_list, alphas))[::-1]"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "mistake"),
    [("ewma", "never compensated"), ("rmsprop_step", "epsilon under the root"), ("adam_step", "no compensation"),
     ("adadelta_step", "epsilon outside the roots"), ("cosine_restarts", "floor under a line to zero")],
)  # fmt: skip
def test_answer_that_is_right_in_part_earns_a_part(name: str, mistake: str) -> None:
    question = SET.questions[name]
    source = next(source for known, source in question.misconceptions if known.name == mistake)
    assert question.points / 4 < question.grade_source(source).points < question.points


@pytest.mark.parametrize(
    ("name", "answer"), [("momentum_step", MOMENTUM), ("rmsprop_step", ADAPTIVE), ("cosine_restarts", SCHEDULES)]
)
def test_functions_of_a_question_are_worth_the_same(name: str, answer: str) -> None:
    question = SET.questions[name]
    share = question.points / len(question.names)
    for missing in question.names:
        earned = question.grade_source(f"{answer}\ndel {missing}\n").points
        assert question.points - earned == pytest.approx(share, abs=0.011)


@pytest.mark.parametrize("name", [name for name in SET.questions if name != "cosine_restarts"])
def test_cases_cover_whole_numbers_single_precision_and_protected_arrays(name: str) -> None:
    cases = SET.questions[name].cases
    inputs = [np.asarray(value) for case in cases for value in case.inputs.values()]
    assert any(array.dtype == np.float32 for array in inputs)
    assert any(array.dtype.kind == "i" and array.size > 1 for array in inputs)
    assert {case.layout for case in cases} == {"plain", "read-only", "strided"}


def test_pairs_of_lbfgs_have_positive_products() -> None:
    for case in SET.questions["lbfgs_direction"].cases:
        for s, y in zip(case.inputs["s_list"], case.inputs["y_list"], strict=True):
            assert s @ y > 0


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("course_lib.reference.second_order", "lbfgs_direction"),
        ("course_lib.filters", "ewma"),
        ("course_lib.filters", "frequency_response"),
    ],
)
def test_borrowed_answer_is_refused(module: str, name: str) -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    namespace = run_source(f"from {module} import {name}")
    message = checks.message(checks.questions[name], namespace)
    assert message is not None and "write it yourself" in message


START = np.array([-1.2, 1.0, 0.3])


def path_of_torch(make: Callable, steps: int = 30) -> np.ndarray:
    """Walk down Rosenbrock's valley with an optimizer of PyTorch, gradients by SciPy."""
    w = torch.tensor(START, requires_grad=True)
    optimizer, places = make([w]), []
    for _ in range(steps):
        w.grad = torch.from_numpy(rosen_der(w.detach().numpy()))
        optimizer.step()
        places.append(w.detach().numpy().copy())
    return np.array(places)


def assert_same(path: np.ndarray, theirs: np.ndarray) -> None:
    """Thirty steps in float64, rounded in another order."""
    np.testing.assert_allclose(path, theirs, rtol=1e-11, atol=1e-13)


def path_of_ours(step: Callable, states: int, steps: int = 30) -> np.ndarray:
    """Walk with `step(w, g, *state, t)`, all states 0 at first."""
    w, state, places = START, [np.zeros(3)] * states, []
    for t in range(1, steps + 1):
        w, *state = step(w, rosen_der(w), *state, t)
        places.append(w)
    return np.array(places)


def test_reference_momentum_and_nesterov_walk_as_in_torch() -> None:
    for answer, nesterov in (("momentum_step", False), ("nesterov_step", True)):
        ours = the_reference(SET, "momentum_step", answer)
        path = path_of_ours(lambda w, g, v, t, ours=ours: ours(w, g, v, 1e-4, 0.9), 1)
        theirs = path_of_torch(lambda p, n=nesterov: torch.optim.SGD(p, 1e-4, momentum=0.9, nesterov=n))
        assert_same(path, theirs)


def test_reference_rmsprop_and_adagrad_walk_as_in_torch() -> None:
    rmsprop = the_reference(SET, "rmsprop_step")
    path = path_of_ours(lambda w, g, s, t: rmsprop(w, g, s, 0.01, 0.9, 1e-3), 1)
    theirs = path_of_torch(lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.9, eps=1e-3))
    assert_same(path, theirs)
    adagrad = the_reference(SET, "rmsprop_step", "adagrad_step")
    path = path_of_ours(lambda w, g, s, t: adagrad(w, g, s, 0.1, 1e-3), 1)
    assert_same(path, path_of_torch(lambda p: torch.optim.Adagrad(p, 0.1, eps=1e-3)))


def test_reference_adam_and_adadelta_walk_as_in_torch() -> None:
    adam = the_reference(SET, "adam_step")
    path = path_of_ours(lambda w, g, m, v, t: adam(w, g, m, v, t, 0.02, 0.9, 0.99, 1e-3), 2)
    theirs = path_of_torch(lambda p: torch.optim.Adam(p, 0.02, betas=(0.9, 0.99), eps=1e-3))
    assert_same(path, theirs)
    adadelta = the_reference(SET, "adadelta_step")
    path = path_of_ours(lambda w, g, s, d, t: adadelta(w, g, s, d, 0.5, 0.9, 1e-4), 2)
    theirs = path_of_torch(lambda p: torch.optim.Adadelta(p, 0.5, rho=0.9, eps=1e-4))
    assert_same(path, theirs)


def test_reference_ewma_is_a_filter_of_scipy() -> None:
    values = np.random.default_rng(0).normal(size=50)
    plain = lfilter([0.1], [1, -0.9], values)
    np.testing.assert_allclose(the_reference(SET, "ewma")(values, 0.9, False), plain, rtol=1e-12, atol=1e-15)
    step_response = lfilter([0.1], [1, -0.9], np.ones(50))
    ours = the_reference(SET, "ewma")(values, 0.9, True)
    np.testing.assert_allclose(ours, plain / step_response, rtol=1e-12, atol=1e-15)


def test_reference_frequency_response_matches_freqz() -> None:
    b, a, omega = np.array([0.3, -0.2, 0.5]), np.array([2.0, -0.7, 0.1, 0.4]), np.linspace(-3, 6, 40)
    ours = the_reference(SET, "frequency_response")(b, a, omega)
    np.testing.assert_allclose(ours, freqz(b, a, worN=omega)[1], rtol=1e-12)


def rates_of_torch(schedule: Callable, lr: float, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, rates = schedule(optimizer), []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


def test_reference_schedules_match_torch() -> None:
    schedules, steps = torch.optim.lr_scheduler, range(40)
    cosine = the_reference(SET, "cosine_restarts")
    theirs = rates_of_torch(lambda o: schedules.CosineAnnealingWarmRestarts(o, 12, eta_min=0.1), 0.5, 40)
    np.testing.assert_allclose([cosine(k, 12, 0.5, 0.1) for k in steps], theirs, rtol=1e-12)
    triangular = the_reference(SET, "cosine_restarts", "triangular")
    theirs = rates_of_torch(lambda o: schedules.CyclicLR(o, 0.1, 0.5, step_size_up=7, cycle_momentum=False), 0.1, 40)
    np.testing.assert_allclose([triangular(k, 7, 0.5, 0.1) for k in steps], theirs, rtol=1e-12)
    linear = the_reference(SET, "cosine_restarts", "linear_to")
    theirs = rates_of_torch(lambda o: schedules.LinearLR(o, 1.0, 0.01, total_iters=25), 0.5, 40)
    np.testing.assert_allclose([linear(k, 25, 0.5) for k in steps], theirs, rtol=1e-12)


def test_reference_newton_arrives_at_the_minimum_of_rosenbrock() -> None:
    """SciPy's derivatives; (1, 1, 1) is the minimum."""
    w = np.array([1.1, 1.2, 1.3])
    for _ in range(8):
        w = the_reference(SET, "newton_step")(rosen_der, rosen_hess, w)
    np.testing.assert_allclose(w, np.ones(3), rtol=1e-12)


def test_reference_lbfgs_is_the_operator_of_scipy() -> None:
    """SciPy starts at H₀ = I: with steps divided and changes multiplied by √γ, γ times its matrix is ours."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    s = rng.normal(size=(4, 6))
    y, g = s @ (root @ root.T + np.eye(6)), rng.normal(size=6)
    gamma = s[-1] @ y[-1] / (y[-1] @ y[-1])
    H = LbfgsInvHessProduct(s / np.sqrt(gamma), y * np.sqrt(gamma))
    ours = the_reference(SET, "lbfgs_direction")(g, list(s), list(y))
    np.testing.assert_allclose(ours, -gamma * H.matvec(g), rtol=1e-10)


def adam_steps(g: float, steps: int, mistake: str = "") -> np.ndarray:
    """Return the lengths of Adam's steps at a rate of 1 for a constant gradient."""
    question = SET.questions["adam_step"]
    sources = {known.name: source for known, source in question.misconceptions}
    step = run_source(question.prelude + sources.get(mistake, question.reference_source))["adam_step"]
    w, m, v, places = 0.0, 0.0, 0.0, [0.0]
    for t in range(1, steps + 1):
        w, m, v = step(w, g, m, v, t, 1.0, 0.9, 0.999, 1e-8)
        places.append(w)
    return -np.diff(places)


def test_numbers_named_in_the_last_question_are_true() -> None:
    lengths = adam_steps(0.01, 10_000, "no compensation")
    assert lengths[[0, 11, 999, 9999]] == pytest.approx([3.16, 6.6, 1.26, 1.0], abs=0.035)
    assert lengths.argmax() == 11
    right = adam_steps(0.01, 50)
    np.testing.assert_allclose(right, 1, rtol=2e-6)
    np.testing.assert_allclose(adam_steps(10.0, 50), right, rtol=2e-6)
    np.testing.assert_allclose(adam_steps(1e-11, 50), right / 1000, rtol=2e-3)
