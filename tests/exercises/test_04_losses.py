"""Set 04, thought of as an enemy and as a friend: wrong answers that nearly pass, and right ones that nearly fail."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from problem_sets import ROOT, the_reference, the_set
from sklearn.datasets import load_digits
from torch.nn import functional as F

from autograder.questions import run_source
from course_lib.checks import load_checks

SET = the_set(ROOT / "solutions" / "04_losses")
HUBER = """
def huber(y, a, delta=1.0):
    near = np.minimum(np.abs(a - y), delta)
    return np.mean(near * (np.abs(a - y) - near / 2))

def huber_gradient(y, a, delta=1.0):
    return np.clip(a - y, -delta, delta) / np.size(a)
"""
BCE = """
def bce_with_logits(s, y):
    return np.mean(np.logaddexp(0, s) - y * s)

def bce_with_logits_gradient(s, y):
    return (0.5 + 0.5 * np.tanh(s / 2) - y) / np.size(s)
"""
SOFTMAX = """
def softmax(s):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def rows(labels, k):
    return np.eye(k)[labels] if labels.ndim == 1 else labels
"""

NEARLY_RIGHT = {
    "huber of the pseudo kind": HUBER
    + "huber = lambda y, a, delta=1.0: np.mean(delta**2 * (np.sqrt(1 + ((a - y) / delta) ** 2) - 1))\n",
    "huber with the median for the mean": HUBER
    + """
def huber(y, a, delta=1.0):
    near = np.minimum(np.abs(a - y), delta)
    return np.median(near * (np.abs(a - y) - near / 2))
""",
    "huber with another default": HUBER.replace("delta=1.0", "delta=1.35"),
    "huber with a gradient by y": HUBER
    + "huber_gradient = lambda y, a, delta=1.0: -np.clip(a - y, -delta, delta) / np.size(a)\n",
    "huber with a flat gradient": HUBER
    + "huber_gradient = lambda y, a, delta=1.0: np.ravel(np.clip(a - y, -delta, delta)) / np.size(a)\n",
    "huber without its gradient": HUBER + "del huber_gradient\n",
    "poisson_loss with a floor under a": "poisson_loss = lambda y, a: np.mean(a - y * np.log(np.maximum(a, 1e-3)))",
    "poisson_loss of each sample": "poisson_loss = lambda y, a: a - y * np.log(a)",
    "poisson_loss by Stirling": """
        def poisson_loss(y, a):
            y1 = np.where(np.asarray(y) > 1, y, 1.0)
            return np.mean(a - y * np.log(a) + np.where(np.asarray(y) > 1, y1 * np.log(y1) - y1, 0))
        """,
    "label_smoothing with shares rounded": """
        def label_smoothing(labels, k, epsilon):
            return np.round((1 - epsilon) * np.eye(k)[labels] + epsilon / k, 3)
        """,
    "label_smoothing of distinct labels": """
        def label_smoothing(labels, k, epsilon):
            return (1 - epsilon) * np.eye(k)[np.unique(labels)] + epsilon / k
        """,
    "kl_divergence with q clipped very far down": """
        def kl_divergence(p, q):
            terms = np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / np.maximum(q, 1e-300)), 0)
            return terms.sum(axis=1).mean()
        """,
    "kl_divergence with infinity for every zero of q": """
        def kl_divergence(p, q):
            if (np.asarray(q) == 0).any():
                return np.inf
            return np.mean(np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / q), 0), axis=1))
        """,
    "kl_divergence with NaN for infinity": """
        def kl_divergence(p, q):
            with np.errstate(all="ignore"):
                terms = np.nan_to_num(p * np.log(p / q), posinf=np.nan)
            return terms.sum(axis=1).mean()
        """,
    "kl_divergence that leaves infinite rows out of the mean": """
        def kl_divergence(p, q):
            with np.errstate(all="ignore"):
                rows = np.where(p > 0, p * np.log(p / q), 0).sum(axis=1)
            return rows[np.isfinite(rows)].mean()
        """,
    "categorical_hinge, squared": """
        def categorical_hinge(y, a):
            gap = np.max((1 - y) * a, axis=1) - np.sum(y * a, axis=1) + 1
            return np.mean(np.maximum(0, gap) ** 2)
        """,
    "categorical_hinge with the largest score on the other side": """
        def categorical_hinge(y, a):
            return np.mean(np.maximum(0, np.abs((1 - y) * a).max(axis=1) - np.sum(y * a, axis=1) + 1))
        """,
    "log_sum_exp along the first or the last axis": """
        def log_sum_exp(s, axis=-1):
            return np.logaddexp.reduce(s, axis=-1 if axis else 0)
        """,
    "log_sum_exp without any axis of length one": """
        def log_sum_exp(s, axis=-1):
            top = np.max(s, axis=axis, keepdims=True)
            return np.squeeze(top + np.log(np.sum(np.exp(s - top), axis=axis, keepdims=True)))
        """,
    "log_sum_exp with a floor under the sum": """
        def log_sum_exp(s, axis=-1):
            top = np.max(s, axis=axis, keepdims=True)
            return np.log(np.sum(np.exp(s - top), axis=axis) + 1e-6) + np.squeeze(top, axis)
        """,
    "log_sum_exp in single precision": """
        def log_sum_exp(s, axis=-1):
            return np.logaddexp.reduce(np.asarray(s, dtype=np.float32), axis=axis)
        """,
    "log_sum_exp that returns a list of one": "log_sum_exp = lambda s, axis=-1: [np.logaddexp.reduce(s, axis=axis)]",
    "bce_with_logits with a threshold of 15": BCE
    + "bce_with_logits = lambda s, y: np.mean(np.where(s > 15, s, np.logaddexp(0, s)) - y * s)\n",
    "bce_with_logits that is zero below -15": BCE
    + "bce_with_logits = lambda s, y: np.mean(np.where(s < -15, 0, np.logaddexp(0, s)) - y * s)\n",
    "bce_with_logits, clipped far out": BCE
    + "bce_with_logits = lambda s, y: np.mean(np.logaddexp(0, np.clip(s, -700, 700)) - y * np.clip(s, -700, 700))\n",
    "bce_with_logits with the overflow repaired": BCE
    + """
def bce_with_logits(s, y):
    with np.errstate(over="ignore"):
        return np.mean(np.nan_to_num(np.log(1 + np.exp(s)), posinf=1e4) - y * s)
""",
    "bce_with_logits with a weight for yes": BCE
    + "bce_with_logits = lambda s, y: np.mean(2 * y * np.logaddexp(0, -s) + (1 - y) * np.logaddexp(0, s))\n",
    "softmax_cross_entropy with a tiny number in the logarithm": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    (n, k), a = logits.shape, softmax(logits)
    return -np.sum(rows(labels, k) * np.log(a + 1e-300)) / n, (a - rows(labels, k)) / n
""",
    "softmax_cross_entropy that takes square labels for hard ones": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    (n, k), a = logits.shape, softmax(logits)
    Y = np.eye(k)[np.ravel(labels).astype(int)[:n]] if np.asarray(labels).dtype.kind in "iu" else labels
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.sum(Y * logits, axis=1)), (a - Y) / n
""",
    "softmax_cross_entropy with the unfused gradient": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    (n, k), a = logits.shape, softmax(logits)
    Y = rows(labels, k)
    with np.errstate(all="ignore"):
        G = -Y / a / n
        gradient = a * (G - np.sum(G * a, axis=1, keepdims=True))
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.sum(Y * logits, axis=1)), gradient
""",
    "softmax_cross_entropy with NaN repaired": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    (n, k), a = logits.shape, softmax(logits)
    Y = rows(labels, k)
    with np.errstate(all="ignore"):
        return np.nan_to_num(-np.sum(Y * np.log(a))) / n, (a - Y) / n
""",
}  # fmt: skip

UNUSUAL_BUT_RIGHT = {
    "huber by np.select, and lists": HUBER
    + """
def huber(y, a, delta=1.0):
    e = np.abs(np.asarray(a) - np.asarray(y))
    return float(np.select([e <= delta], [e * e / 2], default=delta * e - delta * delta / 2).mean())
""",
    "huber with a gradient by np.piecewise": HUBER
    + """
def huber_gradient(y, a, delta=1.0):
    e = np.asarray(a - y, dtype=float)
    slopes = np.piecewise(e, [e < -delta, e > delta], [-delta, delta, lambda t: t])
    return (slopes / e.size).tolist()
""",
    "huber by torch's autograd": """
        import torch

        def huber(y, a, delta=1.0):
            y, a = (torch.tensor(np.array(each, dtype=float)) for each in (y, a))
            return torch.nn.functional.huber_loss(a, y, delta=float(delta)).item()

        def huber_gradient(y, a, delta=1.0):
            y = torch.tensor(np.array(y, dtype=float))
            a = torch.tensor(np.array(a, dtype=float), requires_grad=True)
            torch.nn.functional.huber_loss(a, y, delta=float(delta)).backward()
            return a.grad
        """,
    "huber on an error that is its own": HUBER
    + """
def huber_gradient(y, a, delta=1.0):
    e = (a - y) * 1.0
    e[e > delta] = delta
    e[e < -delta] = -delta
    return e / e.size
""",
    "poisson_loss in place": """
        def poisson_loss(y, a):
            terms = np.log(a)
            terms *= y
            np.subtract(a, terms, out=terms)
            return terms.mean()
        """,
    "poisson_loss by SciPy": """
        def poisson_loss(y, a):
            from scipy.special import xlogy
            return np.average(a - xlogy(y, a))
        """,
    "poisson_loss with a tolerance for zeros": """
        def poisson_loss(y, a):
            return np.mean(np.where(np.asarray(y) == 0, a, a - y * np.log(a)))
        """,
    "label_smoothing by put_along_axis": """
        def label_smoothing(labels, k, epsilon):
            out = np.zeros((len(labels), k)) + epsilon / k
            np.put_along_axis(out, np.asarray(labels, int)[:, None], 1 - epsilon + epsilon / k, axis=1)
            return out
        """,
    "label_smoothing in long double": """
        def label_smoothing(labels, k, epsilon):
            return ((1 - epsilon) * np.identity(k, dtype=np.longdouble)[labels] + epsilon / k).astype(np.float64)
        """,
    "kl_divergence by SciPy": """
        def kl_divergence(p, q):
            from scipy.special import rel_entr
            return rel_entr(p, q).sum(axis=-1).mean()
        """,
    "kl_divergence with the logarithms apart": """
        def kl_divergence(p, q):
            p, q = np.asarray(p, float), np.asarray(q, float)
            total = 0
            for p_row, q_row in zip(p, q):
                on = p_row != 0
                total = total + p_row[on] @ (np.log(p_row[on]) - np.log(q_row[on]))
            return total / len(p)
        """,
    "categorical_hinge by sorting": """
        def categorical_hinge(y, a):
            best = np.sort(np.where(np.asarray(y) == 1, 0, a), axis=1)[:, -1]
            return np.maximum(best - np.asarray(a)[np.asarray(y) == 1] + 1, 0).sum() / len(y)
        """,
    "categorical_hinge by the diagonal": """
        def categorical_hinge(y, a):
            return np.mean(np.maximum(((1 - y) * a).max(-1) - np.diag(y @ a.T) + 1, 0.0))
        """,
    "log_sum_exp by SciPy": """
        def log_sum_exp(s, axis=-1):
            from scipy.special import logsumexp
            return logsumexp(s, axis=axis)
        """,
    "log_sum_exp by torch": """
        def log_sum_exp(s, axis=-1):
            import torch
            return torch.logsumexp(torch.from_numpy(np.array(s, dtype=np.float64)), dim=axis)
        """,
    "log_sum_exp by apply_along_axis": """
        import math
        def log_sum_exp(s, axis=-1):
            one = lambda row: max(row) + math.log(math.fsum(math.exp(t - max(row)) for t in row.tolist()))
            return np.apply_along_axis(one, axis, s)
        """,
    "bce_with_logits with masks": """
        def bce_with_logits(s, y):
            s, y = np.asarray(s, float), np.asarray(y, float)
            terms = np.empty(s.shape)
            up = s >= 0
            terms[up] = (1 - y[up]) * s[up] + np.log(1 + np.exp(-s[up]))
            terms[~up] = -y[~up] * s[~up] + np.log(1 + np.exp(s[~up]))
            return terms.mean()

        def bce_with_logits_gradient(s, y):
            from scipy.special import expit
            return np.divide(expit(np.asarray(s, dtype=float)) - y, np.size(s))
        """,
    "bce_with_logits with a warning from the branch not taken": """
        def bce_with_logits(s, y):
            return np.mean(np.where(s > 0, s + np.log1p(np.exp(-s)), np.log1p(np.exp(s))) - y * s)

        def bce_with_logits_gradient(s, y):
            return (1 / (1 + np.exp(-s)) - y) / s.size
        """,
    "bce_with_logits with the warnings silenced": BCE
    + """
def bce_with_logits_gradient(s, y):
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-np.asarray(s, dtype=float))) - y) / np.size(s)
""",
    "softmax_cross_entropy by the class of rows": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    log_a = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    Y = rows(np.asarray(labels), logits.shape[1])
    return -np.mean(np.sum(Y * log_a, axis=1)), (softmax(logits) - Y) / len(logits)
""",
    "softmax_cross_entropy by torch": """
        import torch
        def softmax_cross_entropy(logits, labels):
            s = torch.tensor(np.array(logits, dtype=np.float64), requires_grad=True)
            hard = labels.ndim == 1
            loss = torch.nn.functional.cross_entropy(s, torch.tensor(np.array(labels, np.int64 if hard else float)))
            loss.backward()
            return loss, s.grad
        """,
    "softmax_cross_entropy by np.subtract.at": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    n, gradient = len(logits), softmax(np.asarray(logits, dtype=float))
    K = np.logaddexp.reduce(logits, axis=1)
    if labels.ndim == 1:
        np.subtract.at(gradient, (range(n), labels), 1)
        loss = np.mean([K[i] - logits[i, label] for i, label in enumerate(labels)])
    else:
        gradient -= labels
        loss = np.mean(K - (logits * labels).sum(1))
    return loss, gradient / n
""",
}  # fmt: skip

OTHER_HANDWRITING = {
    "huber smooth L1": """
        def huber(y, a, delta=1.0):
            e = np.abs(a - y)
            near = np.minimum(e, delta)
            return (near * (e - near / 2)).mean() / delta

        def huber_gradient(y, a, delta=1.0):
            return np.where(np.abs(a - y) < delta, (a - y) / delta, np.sign(a - y)) / np.size(a)
        """,
    "huber gradient of the sum": HUBER
    + "huber_gradient = lambda y, a, delta=1.0: np.where(abs(a - y) < delta, a - y, delta * np.sign(a - y))\n",
    "huber target minus output": HUBER.replace("np.clip(a - y,", "np.clip(y - a,"),
    "huber integer array": HUBER
    + """
def huber_gradient(y, a, delta=1.0):
    e = a - y
    e[e > delta] = delta
    e[e < -delta] = -delta
    return e / e.size
""",
    "huber one number at a time": """
        def huber(y, a, delta=1.0):
            if abs(y - a) <= delta:
                return 0.5 * (y - a) ** 2
            return delta * (abs(y - a) - 0.5 * delta)

        def huber_gradient(y, a, delta=1.0):
            if abs(y - a) <= delta:
                return a - y
            return delta * np.sign(a - y)
        """,
    "poisson_loss the factorial kept": """
        def poisson_loss(y, a):
            from scipy.stats import poisson
            from scipy.special import gammaln
            return np.mean(a - y * np.log(a) + gammaln(np.add(y, 1)))
        """,
    "label_smoothing shared out among the others": """
        def label_smoothing(labels, k, epsilon):
            rows = np.full((len(labels), k), epsilon / (k - 1))
            rows[range(len(labels)), labels] = 1 - epsilon
            return rows
        """,
    "kl_divergence zero times infinity": "kl_divergence = lambda p, q: (p * (np.log(p) - np.log(q))).sum() / len(q)",
    "kl_divergence the other direction": """
        def kl_divergence(p, q):
            from scipy.special import rel_entr
            return rel_entr(q, p).sum(axis=1).mean()
        """,
    "categorical_hinge the zero of the true class forgotten": """
        def categorical_hinge(y, a):
            total = 0
            for target, row in zip(y, a):
                m = target.argmax()
                total += max(0, np.delete(row, m).max() - row[m] + 1)
            return total / len(y)
        """,
    "log_sum_exp overflow": "log_sum_exp = lambda s, axis=-1: np.log(np.exp(s).sum(axis))",
    "log_sum_exp one maximum for all slices": """
        def log_sum_exp(s, axis=-1):
            return s.max() + np.log(np.exp(s - s.max()).sum(axis=axis))
        """,
    "bce_with_logits probabilities on the way": """
        def bce_with_logits(s, y):
            a = 1 / (1 + np.exp(-s))
            return np.mean(-y * np.log(a) - (1 - y) * np.log(1 - a))

        def bce_with_logits_gradient(s, y):
            a = 1 / (1 + np.exp(-s))
            return (a - y) / a.size
        """,
    "bce_with_logits overflow on one side": BCE
    + """
def bce_with_logits(s, y):
    return np.mean(np.log1p(np.exp(-s)) + s - y * s)
""",
    "bce_with_logits gradient of the sum": BCE
    + "bce_with_logits_gradient = lambda s, y: np.exp(-np.logaddexp(0, -s)) - y\n",
    "softmax_cross_entropy zero times the logarithm of zero": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    (n, k), a = logits.shape, softmax(logits)
    return np.mean(-(rows(labels, k) * np.log(a)).sum(axis=1)), (a - rows(labels, k)) / n
""",
    "softmax_cross_entropy gradient of the sum": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    Y = rows(labels, logits.shape[1])
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.sum(Y * logits, axis=1)), softmax(logits) - Y
""",
    "softmax_cross_entropy classes counted from the labels": SOFTMAX
    + """
def softmax_cross_entropy(logits, labels):
    Y = np.identity(int(labels.max()) + 1)[labels] if labels.ndim < 2 else labels
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.sum(Y * logits, axis=1)), (softmax(logits) - Y) / len(Y)
""",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("log_sum_exp", "overflow"),
        ("bce_with_logits", "probabilities on the way"),
        ("softmax_cross_entropy", "overflow"),
        ("kl_divergence", "zero times infinity"),
    ],
)
def test_stability_is_worth_less_than_half(name: str, mistake: str) -> None:
    """An answer that overflows has understood the function."""
    question = SET.questions[name]
    source = next(source for known, source in question.misconceptions if known.name == mistake)
    assert question.points / 2 < question.grade_source(source).points < question.points


@pytest.mark.parametrize(("name", "both"), [("huber", HUBER), ("bce_with_logits", BCE)])
def test_loss_and_gradient_are_worth_the_same(name: str, both: str) -> None:
    question = SET.questions[name]
    for missing in question.names:
        assert question.grade_source(f"{both}\ndel {missing}\n").points == pytest.approx(question.points / 2, abs=0.01)


@pytest.mark.parametrize("name", [name for name in SET.questions if name != "label_smoothing"])
def test_cases_cover_whole_numbers_single_precision_and_protected_arrays(name: str) -> None:
    cases = SET.questions[name].cases
    inputs = [np.asarray(value) for case in cases for value in case.inputs.values()]
    assert any(array.dtype == np.float32 for array in inputs)
    assert any(array.dtype.kind == "i" and array.size > 1 for array in inputs)
    assert {case.layout for case in cases} == {"plain", "read-only", "strided"}


@pytest.mark.parametrize(
    ("name", "warnings"),
    [("log_sum_exp", "forbidden"), ("bce_with_logits", "allowed"), ("softmax_cross_entropy", "forbidden")],
)
def test_hidden_cases_reach_ten_thousand_and_say_whether_to_warn(name: str, warnings: str) -> None:
    """Where only a finite result is asked for, a warning on the way to it costs nothing."""
    hidden = [case for case in SET.questions[name].cases if case.hidden]
    largest = [max(np.abs(np.asarray(value)).max() for value in case.inputs.values()) for case in hidden]
    said = {case.warnings for case, size in zip(hidden, largest, strict=True) if 1e4 <= size < np.inf}
    assert said == {warnings}


def test_rows_of_every_distribution_add_up_to_one() -> None:
    soft = [case.inputs["labels"] for case in SET.questions["softmax_cross_entropy"].cases]
    given = [value for case in SET.questions["kl_divergence"].cases for value in case.inputs.values()]
    for array in given + [labels for labels in soft if labels.ndim == 2]:
        np.testing.assert_allclose(array.sum(axis=1), 1, rtol=1e-7 if array.dtype == np.float32 else 1e-12)


def test_borrowed_answer_is_refused() -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    namespace = run_source("from course_lib.reference.losses import log_sum_exp")
    message = checks.message(checks.questions["log_sum_exp"], namespace)
    assert message is not None and "write it yourself" in message


@pytest.mark.parametrize("name", list(SET.questions))
def test_forgotten_return_is_said_in_so_many_words(name: str) -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    message = checks.message(checks.questions[name], dict.fromkeys(SET.questions[name].names, lambda *_, **__: None))
    assert message is not None
    assert "is a return missing?" in message


RNG = np.random.default_rng(0)
S, A, Y = RNG.normal(scale=3, size=(3, 6, 4))
SOFT, OTHER = RNG.dirichlet(np.ones(4), (2, 6))
LABELS = RNG.integers(0, 4, 6)


def value_and_gradient(loss: Callable, a: np.ndarray) -> tuple[float, np.ndarray]:
    leaf = torch.tensor(a, requires_grad=True)
    value = loss(leaf)
    value.backward()
    return value.item(), leaf.grad.numpy()


def test_reference_huber_and_its_gradient_match_torch() -> None:
    value, gradient = value_and_gradient(lambda a: F.huber_loss(a, torch.tensor(Y), delta=1.7), A)
    assert the_reference(SET, "huber")(Y, A, 1.7) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(the_reference(SET, "huber", "huber_gradient")(Y, A, 1.7), gradient, rtol=1e-12)


def test_reference_bce_and_its_gradient_match_torch() -> None:
    value, gradient = value_and_gradient(lambda s: F.binary_cross_entropy_with_logits(s, torch.tensor(SOFT)), S)
    assert the_reference(SET, "bce_with_logits")(S, SOFT) == pytest.approx(value, rel=1e-12)
    ours = the_reference(SET, "bce_with_logits", "bce_with_logits_gradient")(S, SOFT)
    np.testing.assert_allclose(ours, gradient, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("labels", [LABELS, SOFT], ids=["hard", "soft"])
def test_reference_softmax_cross_entropy_and_its_gradient_match_torch(labels: np.ndarray) -> None:
    value, gradient = value_and_gradient(lambda s: F.cross_entropy(s, torch.tensor(labels)), S)
    loss, ours = the_reference(SET, "softmax_cross_entropy")(S, labels)
    assert loss == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(ours, gradient, rtol=1e-10, atol=1e-15)


def test_reference_label_smoothing_matches_torch() -> None:
    smoothed = the_reference(SET, "label_smoothing")(LABELS, 4, 0.3)
    ours = F.cross_entropy(torch.tensor(S), torch.tensor(smoothed)).item()
    assert ours == pytest.approx(F.cross_entropy(torch.tensor(S), torch.tensor(LABELS), label_smoothing=0.3).item())


def test_other_references_match_torch() -> None:
    a, y = torch.tensor(np.exp(A)), torch.tensor(np.floor(np.exp(Y)))
    poisson = F.poisson_nll_loss(a, y, log_input=False, eps=0).item()
    assert the_reference(SET, "poisson_loss")(y.numpy(), a.numpy()) == pytest.approx(poisson, rel=1e-12)
    kl = F.kl_div(torch.tensor(OTHER).log(), torch.tensor(SOFT), reduction="batchmean").item()
    assert the_reference(SET, "kl_divergence")(SOFT, OTHER) == pytest.approx(kl, rel=1e-12)
    np.testing.assert_allclose(
        the_reference(SET, "log_sum_exp")(S, 0), torch.tensor(S).logsumexp(0).numpy(), rtol=1e-12
    )


def test_reference_categorical_hinge_is_the_definition_of_keras() -> None:
    """Written from the source of keras.losses.categorical_hinge."""
    y = np.eye(4)[LABELS]
    pos, neg = np.sum(y * S, axis=-1), np.max((1.0 - y) * S, axis=-1)
    expected = np.mean(np.maximum(neg - pos + 1.0, 0.0))
    assert the_reference(SET, "categorical_hinge")(y, S) == pytest.approx(expected, rel=1e-12)


def softmax_regression(slopes: Callable, steps: int = 100) -> tuple[np.ndarray, list[np.ndarray]]:
    """Train on the digits as the last question says; return the share of right answers and the weights by step."""
    X, labels = load_digits(return_X_y=True)
    X, Y = X.astype(np.float32), np.eye(10, dtype=np.float32)[labels]
    W, path = np.zeros((64, 10), np.float32), []
    with np.errstate(all="ignore"):
        for _ in range(steps):
            s = X @ W
            a = np.exp(s - s.max(axis=1, keepdims=True))
            a /= a.sum(axis=1, keepdims=True)
            W = W - np.float32(0.1) * (X.T @ (slopes(a, Y) / len(X)))
            path.append(W)
        return np.mean((X @ W).argmax(axis=1) == labels), path


def in_two_factors(a: np.ndarray, Y: np.ndarray, floor: float = 0.0) -> np.ndarray:
    G = np.where(a < floor, 0, -Y / a)
    return a * (G - (G * a).sum(axis=1, keepdims=True))


def beyond_the_clip(W: np.ndarray) -> int:
    """Count the digits whose true class has a probability below the floor of the second program."""
    X, labels = load_digits(return_X_y=True)
    s = X @ W
    return np.sum(s[np.arange(len(s)), labels] - np.logaddexp.reduce(s, axis=1) < np.log(1e-7))


def test_numbers_named_in_the_last_question_are_true() -> None:
    _, path = softmax_regression(in_two_factors, steps=4)
    assert [np.isnan(W).any() for W in path[:3]] == [False] * 3 and np.isnan(path[3]).all()
    clipped, path = softmax_regression(lambda a, Y: in_two_factors(a, Y, 1e-7))
    fused, _ = softmax_regression(lambda a, Y: a - Y)
    assert np.isfinite(path[-1]).all() and beyond_the_clip(path[-1]) > 1000
    assert clipped == pytest.approx(0.40, abs=0.05) and fused == pytest.approx(0.98, abs=0.01)
