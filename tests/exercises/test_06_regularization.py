"""Set 06, thought of as an enemy and as a friend, and as a gambler: how often would a right answer fail by bad luck?"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from problem_sets import ROOT, in_notebook, the_notebook, the_reference, the_set
from sklearn.datasets import load_digits
from sklearn.linear_model import Lasso

from autograder.questions import Question, run_source
from course_lib.callbacks import EarlyStopping, Run
from course_lib.checks import Case, load_checks, run_case
from course_lib.reference.layers import Activation, BatchNormalization, Dense, Dropout
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import Adam
from course_lib.training import fit

SET = the_set(ROOT / "solutions" / "06_regularization")
L2 = """
def l2_penalty(weights, lam):
    return lam * sum(np.vdot(w, w) for w in weights)

def l2_gradient(weights, lam):
    return [lam * w * 2 for w in weights]
"""
DROPOUT = """
def dropout_forward(x, rate, rng, training):
    mask = np.where(rng.random(np.shape(x)) < rate, 0, 1 / (1 - rate)) if training else np.ones(np.shape(x))
    return mask * x, mask

def dropout_backward(g, mask):
    return mask * g
"""
BATCHNORM = """
def batchnorm_forward(x, gamma, beta, eps):
    centred = x - np.mean(x, 0)
    root = np.sqrt(np.mean(centred**2, 0) + eps)
    return gamma * centred / root + beta, (centred / root, gamma, root)

def batchnorm_backward(g, cache):
    z, gamma, root = cache
    d_gamma, d_beta = np.sum(z * g, 0), np.sum(g, 0)
    return gamma / root / len(g) * (len(g) * g - d_beta - z * d_gamma), d_gamma, d_beta
"""

NEARLY_RIGHT = {
    "l2_penalty that leaves out a single number": L2
    + "l2_penalty = lambda weights, lam: lam * sum(np.vdot(w, w) for w in weights if np.size(w) > 1)\n",
    "l2_penalty with a gradient in single precision": L2
    + "l2_gradient = lambda weights, lam: [np.float32(2 * lam) * np.float32(w) for w in weights]\n",
    "l2_penalty without its gradient": L2 + "del l2_gradient\n",
    "l2_penalty with gradients of the last axis": L2
    + "l2_gradient = lambda weights, lam: [2 * lam * np.sum(w, axis=-1, keepdims=True) for w in weights]\n",
    "elastic_net_gradient with a soft sign": """
        def elastic_net_gradient(w, l1, l2):
            return l1 * np.tanh(1e4 * w) + 2 * l2 * w
        """,
    "elastic_net_gradient with tiny weights taken for zero": """
        def elastic_net_gradient(w, l1, l2):
            return l1 * np.sign(np.round(w, 8)) + 2 * l2 * w
        """,
    "elastic_net_gradient that warns at zero": """
        def elastic_net_gradient(w, l1, l2):
            return l1 * np.nan_to_num(w / np.abs(w)) + 2 * l2 * w
        """,
    "soft_threshold that keeps the size of the largest": """
        def soft_threshold(w, t):
            out = np.sign(w) * np.maximum(np.abs(w) - t, 0)
            return out * np.max(np.abs(w)) / max(np.max(np.abs(out)), 1e-12)
        """,
    "soft_threshold of a whole threshold": """
        def soft_threshold(w, t):
            return np.sign(w) * np.maximum(np.abs(w) - int(t), 0)
        """,
    "soft_threshold with a smooth corner": """
        def soft_threshold(w, t):
            return np.sign(w) * np.logaddexp(0, 50 * (np.abs(w) - t)) / 50
        """,
    "dropout_forward with a factor a little too large": DROPOUT.replace("1 / (1 - rate)", "1 / (1 - rate - 1e-6)"),
    "dropout_forward with a rate a little too high": DROPOUT.replace("< rate", "< rate + 0.04 * (rate > 0)"),
    "dropout_forward with one coin for two neighbours": DROPOUT.replace(
        "rng.random(np.shape(x)) < rate", "rng.random(np.shape(x)).repeat(2, axis=-1)[..., :np.shape(x)[-1]] < rate"
    ),
    "dropout_forward seeded by its input": DROPOUT.replace(
        "rng.random(", "np.random.default_rng(int(abs(np.sum(x)))).random("
    ),
    "dropout_forward that counts its calls": """
        calls = []
        def dropout_forward(x, rate, rng, training):
            calls.append(1)
            coins = np.random.default_rng(len(calls)).random(x.shape)
            mask = (coins >= rate) / (1 - rate) if training else np.ones(x.shape)
            return x * mask, mask

        def dropout_backward(g, mask):
            return g * mask
        """,
    "dropout_forward with the mean put right": """
        def dropout_forward(x, rate, rng, training):
            kept = rng.random(x.shape) >= rate
            mask = kept / max(kept.mean(), 1e-9) if training else np.ones(x.shape)
            return x * mask, mask

        def dropout_backward(g, mask):
            return g * mask
        """,
    "dropout_forward without its backward pass": DROPOUT + "del dropout_backward\n",
    "early_stopping that eats up the losses": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            left = val_losses if isinstance(val_losses, list) else list(val_losses)
            best, best_epoch, epoch = left.pop(0), 0, 0
            while left and epoch < best_epoch + patience:
                loss, epoch = left.pop(0), epoch + 1
                if loss < best - min_delta:
                    best, best_epoch = loss, epoch
            return epoch, best_epoch
        """,
    "early_stopping that needs two epochs": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            best = 0
            for epoch in range(1, len(val_losses)):
                if val_losses[epoch] < val_losses[best] - min_delta:
                    best = epoch
                if epoch == best + patience:
                    break
            return epoch, best
        """,
    "early_stopping on windows": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            for epoch in range(patience, len(val_losses)):
                middle = epoch - patience + 1
                if min(val_losses[middle:epoch + 1]) >= min(val_losses[:middle]) - min_delta:
                    return epoch, epoch - patience
            return len(val_losses) - 1, int(np.argmin(val_losses))
        """,
    "early_stopping with NaN for an improvement": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            best, best_epoch = val_losses[0], 0
            for epoch, loss in enumerate(val_losses):
                if not loss >= best - min_delta:
                    best, best_epoch = loss, epoch
                elif epoch - best_epoch >= patience:
                    return epoch, best_epoch
            return len(val_losses) - 1, best_epoch
        """,
    "batchnorm_forward with a floor for eps": BATCHNORM.replace("+ eps)", "+ max(eps, 1e-3))"),
    "batchnorm_forward with the root of eps taken apart": BATCHNORM.replace(
        "np.sqrt(np.mean(centred**2, 0) + eps)", "np.sqrt(np.mean(centred**2, 0)) + np.sqrt(eps)"
    ),
    "batchnorm_forward with a cache that finds x_hat by the output": """
        def batchnorm_forward(x, gamma, beta, eps):
            r = 1 / np.sqrt(np.var(x, axis=0) + eps)
            out = gamma * (x - np.mean(x, axis=0)) * r + beta
            return out, (out, gamma, beta, r)

        def batchnorm_backward(g, cache):
            out, gamma, beta, r = cache
            z = (out - beta) / gamma
            dx = gamma * r * (g - np.mean(g, 0) - z * np.mean(g * z, 0))
            return dx, np.sum(g * z, 0), np.sum(g, 0)
        """,
    "batchnorm_forward without its backward pass": BATCHNORM + "del batchnorm_backward\n",
    "batchnorm_forward with a derivative that forgets eps": BATCHNORM.replace(
        "z, gamma, root = cache", "z, gamma, root = cache\n    z = z / np.maximum(np.std(z, 0), 1e-12)"
    ),
    "batchnorm_update in single precision": """
        def batchnorm_update(running_mean, running_var, x, momentum):
            x = np.asarray(x, dtype=np.float32)
            old = 1 - momentum
            return old * running_mean + momentum * x.mean(0), old * running_var + momentum * x.var(0, ddof=1)
        """,
    "batchnorm_update with the variance about the new running mean": """
        def batchnorm_update(running_mean, running_var, x, momentum):
            mean = (1 - momentum) * running_mean + momentum * np.mean(x, axis=0)
            spread = np.sum((x - mean) ** 2, axis=0) / (len(x) - 1)
            return mean, (1 - momentum) * running_var + momentum * spread
        """,
    "batchnorm_update of the pooled data": """
        def batchnorm_update(running_mean, running_var, x, momentum):
            old, m = 1 - momentum, np.mean(x, axis=0)
            between = old * momentum * (running_mean - m) ** 2
            return old * running_mean + momentum * m, old * running_var + momentum * np.var(x, 0, ddof=1) + between
        """,
}  # fmt: skip

UNUSUAL_BUT_RIGHT = {
    "l2_penalty by torch": """
        import torch

        def both(weights, lam):
            leaves = [torch.tensor(np.array(w, dtype=np.float64), requires_grad=True) for w in weights]
            penalty = lam * sum((leaf**2).sum() for leaf in leaves)
            penalty.backward()
            return penalty.detach(), [leaf.grad for leaf in leaves]

        def l2_penalty(weights, lam):
            return both(weights, lam)[0]

        def l2_gradient(weights, lam):
            return both(weights, lam)[1]
        """,
    "l2_penalty by norms": L2
    + "l2_penalty = lambda weights, lam: lam * np.linalg.norm([np.linalg.norm(np.ravel(w)) for w in weights]) ** 2\n",
    "elastic_net_gradient by np.select": """
        def elastic_net_gradient(w, l1, l2):
            return np.select([w > 0, w < 0], [l1, -l1], default=0.0) + np.multiply(2.0 * l2, w)
        """,
    "elastic_net_gradient in place, by masks": """
        def elastic_net_gradient(w, l1, l2):
            out = 2.0 * l2 * w
            out[w > 0] += l1
            out[w < 0] -= l1
            return out
        """,
    "elastic_net_gradient by copysign": """
        def elastic_net_gradient(w, l1, l2):
            return np.where(w == 0, 0.0, np.copysign(l1 + 2 * l2 * np.abs(w), w))
        """,
    "soft_threshold in place": """
        def soft_threshold(w, t):
            left = np.abs(w) - t
            left[left < 0] = 0
            return np.sign(w) * left
        """,
    "soft_threshold by torch": """
        import torch

        def soft_threshold(w, t):
            return torch.nn.functional.softshrink(torch.from_numpy(np.array(w, dtype=np.float64)), float(t))
        """,
    "soft_threshold by two ReLUs and a factor": """
        def soft_threshold(w, t):
            size = np.abs(np.asarray(w, dtype=float))
            return w * np.divide(np.maximum(size - t, 0), size, out=np.zeros(size.shape), where=size > 0)
        """,
    "dropout_forward by torch": """
        import torch

        def dropout_forward(x, rate, rng, training):
            x = torch.tensor(np.array(x, dtype=np.float64))
            source = torch.Generator().manual_seed(int(rng.integers(2**62)))
            kept = torch.full(x.shape, 1.0 - rate * bool(training), dtype=torch.float64)
            mask = torch.bernoulli(kept, generator=source) / kept
            return x * mask, mask

        def dropout_backward(g, mask):
            return torch.tensor(np.array(g, dtype=np.float64)) * torch.tensor(np.array(mask))
        """,
    "dropout_forward by choice": """
        def dropout_forward(x, rate, rng, training):
            values = [0.0, 1 / (1 - rate)]
            mask = rng.choice(values, np.shape(x), p=[rate, 1 - rate]) if training else np.full(np.shape(x), 1.0)
            return np.asarray(x) * mask, mask

        def dropout_backward(g, mask):
            return np.asarray(mask) * g
        """,
    "dropout_forward by integers and whole-number ones": """
        def dropout_forward(x, rate, rng, training):
            if not training:
                return x, np.ones_like(x)
            coins = rng.integers(0, 10**9, x.shape) >= round(rate * 10**9)
            mask = np.divide(coins, 1 - rate)
            return mask * x, mask

        def dropout_backward(g, mask):
            out = np.zeros(g.shape)
            out[mask > 0] = g[mask > 0] * mask[mask > 0]
            return out
        """,
    "dropout_forward by normal draws, column by column": """
        from statistics import NormalDist

        def dropout_forward(x, rate, rng, training):
            mask = np.ones(x.shape)
            if training and rate > 0:
                limit = NormalDist().inv_cdf(rate)
                flat = rng.standard_normal(x.size).reshape(x.shape, order="F")
                mask = (flat > limit).astype(float) / (1 - rate)
            return x * mask, mask

        def dropout_backward(g, mask):
            return g * mask
        """,
    "early_stopping with running minima and a list": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            improved = [0]
            for epoch in range(1, len(val_losses)):
                if val_losses[epoch] < val_losses[improved[-1]] - min_delta:
                    improved.append(epoch)
                if epoch - improved[-1] == patience:
                    return epoch, improved[-1]
            return len(val_losses) - 1, improved[-1]
        """,
    "early_stopping with the patience that is left, and numbers of NumPy": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            left, best, where = patience, np.inf, np.int64(0)
            for epoch in np.arange(len(val_losses)):
                left -= 1
                if val_losses[epoch] < best - min_delta:
                    left, best, where = patience, val_losses[epoch], epoch
                if not left:
                    break
            return np.array([epoch, where])
        """,
    "batchnorm_forward by torch": """
        import torch

        def batchnorm_forward(x, gamma, beta, eps):
            leaves = [torch.tensor(np.array(a, dtype=np.float64), requires_grad=True) for a in (x, gamma, beta)]
            z = leaves[0]
            centred = z - z.mean(0)
            out = leaves[1] * centred / ((centred**2).mean(0) + eps).sqrt() + leaves[2]
            return out.detach().numpy(), (out, leaves)

        def batchnorm_backward(g, cache):
            out, leaves = cache
            return torch.autograd.grad(out, leaves, torch.tensor(np.array(g, dtype=np.float64)))
        """,
    "batchnorm_forward that keeps its arguments only": BATCHNORM
    + """
def batchnorm_forward(x, gamma, beta, eps):
    out = np.empty(np.shape(x))
    for j, column in enumerate(np.transpose(x)):
        out[:, j] = (column - column.mean()) / (column.var() + eps) ** 0.5 * gamma[j] + beta[j]
    return out, dict(x=np.copy(x), gamma=gamma, eps=eps)

def batchnorm_backward(g, cache):
    x, gamma = cache["x"], cache["gamma"]
    centre = np.eye(len(x)) - np.full((len(x), len(x)), 1 / len(x))
    c = centre @ x
    v = (c * c).mean(0) + cache["eps"]
    dx = centre @ (g * gamma * v**-0.5) - c * (g * gamma * c).mean(0) * v**-1.5
    return dx, (g * c).sum(0) * v**-0.5, np.ones(len(x)) @ g
""",
    "batchnorm_update by the covariance": """
        def batchnorm_update(running_mean, running_var, x, momentum):
            spread = np.diag(np.atleast_2d(np.cov(x, rowvar=False)))
            keep = np.array([1 - momentum, momentum])
            return keep @ [running_mean, np.mean(x, 0)], keep @ [running_var, spread]
        """,
    "batchnorm_update by torch": """
        import torch

        def batchnorm_update(running_mean, running_var, x, momentum):
            m, v, x = (torch.tensor(np.array(a, dtype=np.float64)) for a in (running_mean, running_var, x))
            torch.nn.functional.batch_norm(x, m, v, training=True, momentum=float(momentum))
            return m, v
        """,
}  # fmt: skip

OTHER_HANDWRITING = {
    "l2_penalty half the penalty": """
        def l2_penalty(weights, lam):
            total = 0
            for w in weights:
                total += 0.5 * lam * np.sum(np.square(w))
            return total

        def l2_gradient(weights, lam):
            return [w * lam for w in weights]
        """,
    "l2_penalty gradient without its two": L2
    + "l2_gradient = lambda weights, lam: [np.multiply(lam, w) for w in weights]\n",
    "l2_penalty length not squared": """
        def l2_penalty(weights, lam):
            return lam * np.linalg.norm(np.concatenate([w.ravel() for w in weights]))

        def l2_gradient(weights, lam):
            return [w * lam / np.linalg.norm(np.concatenate([v.ravel() for v in weights])) for w in weights]
        """,
    "l2_penalty last array only": L2
    + """
def l2_penalty(weights, lam):
    for w in weights:
        total = np.sum(w * w)
    return lam * total
""",
    "elastic_net_gradient L2 without its two": "elastic_net_gradient = lambda w, l1, l2: np.sign(w) * l1 + w * l2",
    "elastic_net_gradient zero counted as positive": """
        def elastic_net_gradient(w, l1, l2):
            sign = np.ones(w.shape)
            sign[w < 0] = -1
            return 2 * l2 * w + l1 * sign
        """,
    "elastic_net_gradient zero divided by zero": """
        def elastic_net_gradient(w, l1, l2):
            return 2 * l2 * w + l1 * (np.abs(w) / w)
        """,
    "soft_threshold hard threshold": """
        def soft_threshold(w, t):
            out = np.array(w, dtype=float)
            out[np.abs(out) <= t] = 0
            return out
        """,
    "soft_threshold one number at a time": """
        def soft_threshold(w, t):
            if w > t:
                return w - t
            elif w < -t:
                return w + t
            return 0.0
        """,
    "soft_threshold sign lost": """
        def soft_threshold(w, t):
            size = abs(w)
            return np.where(size > t, size - t, 0.0)
        """,
    "dropout_forward classic instead of inverted": """
        def dropout_forward(x, rate, rng, training):
            mask = rng.binomial(1, 1 - rate, x.shape).astype(float) if training else np.ones(x.shape)
            return x * mask, mask

        def dropout_backward(g, mask):
            return g * mask
        """,
    "dropout_forward rate taken for the probability of being kept": """
        def dropout_forward(x, rate, rng, training):
            if not training:
                return x, np.ones(x.shape)
            mask = rng.binomial(1, rate, x.shape) / max(rate, 1e-9)
            return x * mask, mask

        def dropout_backward(g, mask):
            return g * mask
        """,
    "dropout_forward also in prediction": """
        def dropout_forward(x, rate, rng, training):
            mask = (rng.random(x.shape) >= rate) * (1 / (1 - rate))
            return mask * x, mask

        def dropout_backward(g, mask):
            return mask * g
        """,
    "dropout_forward one mask for all samples": DROPOUT.replace(
        "np.where(rng.random(np.shape(x)) < rate, 0, 1 / (1 - rate))",
        "np.tile((rng.random(x.shape[1:]) >= rate) / (1 - rate), (len(x),) + (1,) * (x.ndim - 1)).reshape(x.shape)",
    ),
    "dropout_forward gradient of all units": DROPOUT + "dropout_backward = lambda g, mask: np.array(g)\n",
    "early_stopping one epoch too late": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            best, wait, where = np.inf, 0, 0
            for i, loss in enumerate(val_losses):
                if loss < best - min_delta:
                    best, wait, where = loss, 0, i
                else:
                    if wait >= patience:
                        return i, where
                    wait += 1
            return len(val_losses) - 1, where
        """,
    "early_stopping equal counts as better": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            best, wait, where = val_losses[0], 0, 0
            for i, loss in enumerate(val_losses[1:], 1):
                wait += 1
                if best - loss >= min_delta:
                    best, wait, where = loss, 0, i
                if wait >= patience:
                    return i, where
            return len(val_losses) - 1, where
        """,
    "early_stopping compared with the epoch before": """
        def early_stopping(val_losses, patience, min_delta=0.0):
            where, wait = 0, 0
            for i in range(1, len(val_losses)):
                if val_losses[i] < val_losses[i - 1] - min_delta:
                    where, wait = i, 0
                else:
                    wait += 1
                if wait == patience:
                    return i, where
            return len(val_losses) - 1, where
        """,
    "batchnorm_forward mean and variance taken for constants": BATCHNORM
    + """
def batchnorm_backward(g, cache):
    z, gamma, root = cache
    return g * gamma / root, np.einsum("ij,ij->j", g, z), g.sum(0)
""",
    "batchnorm_forward unbiased variance": BATCHNORM.replace(
        "np.mean(centred**2, 0)", "np.sum(centred**2, 0) / (max(len(x), 2) - 1)"
    ),
    "batchnorm_forward scale missing on the way back": BATCHNORM.replace(
        "return gamma / root / len(g)", "return 1 / root / len(g)"
    ),
    "batchnorm_forward parameters' gradients swapped": BATCHNORM.replace(", d_gamma, d_beta\n", ", d_beta, d_gamma\n"),
    "batchnorm_update biased variance": """
        def batchnorm_update(running_mean, running_var, x, momentum):
            m = x.mean(0)
            v = ((x - m) ** 2).mean(0)
            return running_mean + momentum * (m - running_mean), running_var + momentum * (v - running_var)
        """,
    "batchnorm_update momentum of Keras": """
        def batchnorm_update(running_mean, running_var, x, momentum):
            m, v = np.mean(x, 0), np.var(x, 0, ddof=1)
            return m + momentum * (running_mean - m), v + momentum * (running_var - v)
        """,
}  # fmt: skip


# --- what a case is worth --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "both", "least"), [("l2_penalty", L2, 0.5), ("batchnorm_forward", BATCHNORM, 0.4)])
def test_first_function_alone_is_worth_about_half(name: str, both: str, least: float) -> None:
    question = SET.questions[name]
    earned = question.grade_source(f"{both}\ndel {question.names[1]}\n").points
    assert least * question.points - 0.01 <= earned <= 0.6 * question.points


def test_dropout_forward_is_worth_more_than_its_backward_pass() -> None:
    question = SET.questions["dropout_forward"]
    forward = question.grade_source(f"{DROPOUT}\ndel dropout_backward\n").points
    backward = question.grade_source(f"{DROPOUT}\ndel dropout_forward\n").points
    assert question.points / 2 < forward < 0.8 * question.points
    assert question.points / 6 < backward < question.points / 3


@pytest.mark.parametrize("name", [name for name in SET.questions if name != "early_stopping"])
def test_cases_cover_whole_numbers_single_precision_and_protected_arrays(name: str) -> None:
    cases = SET.questions[name].cases
    given = [value for case in cases for value in case.inputs.values()]
    given += [item for value in given if isinstance(value, list) for item in value]
    arrays = [value for value in given if isinstance(value, np.ndarray)]
    assert any(array.dtype == np.float32 for array in arrays)
    assert any(array.dtype.kind == "i" and array.size > 1 for array in arrays)
    assert {case.layout for case in cases} == {"plain", "read-only", "strided"}


def test_noise_without_zeros_is_not_taken_for_a_fixed_number_of_zeros() -> None:
    """Gaussian dropout drops nothing: it is wrong here, and in a way of its own."""
    noise = DROPOUT.replace(
        "np.where(rng.random(np.shape(x)) < rate, 0, 1 / (1 - rate))",
        "rng.normal(1, (rate / (1 - rate)) ** 0.5, x.shape)",
    )
    result = SET.questions["dropout_forward"].grade_source(noise)
    assert result.points < result.max_points and result.misconceptions == ()


def test_borrowed_answer_is_refused() -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    namespace = run_source("from course_lib.reference.regularizers import soft_threshold")
    message = checks.message(checks.questions["soft_threshold"], namespace)
    assert message is not None and "write it yourself" in message


# --- bad luck --------------------------------------------------------------------------------------------------------

DROPPED = SET.questions["dropout_forward"]
BY_LUCK = [case for case in DROPPED.cases if "seed" in case.inputs]
JUDGED = [case for case in BY_LUCK if max(case.rtol, case.atol) > 1e-4]


def labelled(cases: list[Case]) -> list:
    return [pytest.param(case, id=f"seed {case.inputs['seed']}") for case in cases]


def numbers(value: object) -> list[float]:
    """All numbers of a case's value, whatever it is made of."""
    if isinstance(value, dict | list | tuple):
        parts = value.values() if isinstance(value, dict) else value
        return [number for part in parts for number in numbers(part)]
    return np.ravel(value).astype(float).tolist()


def over_seeds(question: Question, source: str, case: Case, seeds: range) -> np.ndarray:
    """The value of a case for other seeds, a row a seed."""
    namespace = run_source(question.prelude + source)
    runs = [run_case(replace(case, inputs={**case.inputs, "seed": seed}), namespace) for seed in seeds]
    assert [run.error for run in runs if run.error] == []
    return np.array([numbers(run.value) for run in runs])


def test_four_cases_are_judged_by_distribution() -> None:
    """Two shares of zeros, a mean, and the spread of a number of zeros; all others compare what is certain."""
    assert len(JUDGED) == 4


@pytest.mark.parametrize("case", labelled(JUDGED))
def test_right_answer_fails_by_bad_luck_less_than_once_in_a_million(case: Case) -> None:
    """Measured over 40 seeds: each tolerance is at least six standard deviations wide, on either side.

    A normal variable is farther out with a probability of 2e-9, and there are four such numbers.
    """
    solution = in_notebook(the_notebook(ROOT / "solutions" / SET.name), DROPPED)
    found = over_seeds(DROPPED, solution, case, range(1000, 1040))
    expected = np.array(numbers(DROPPED.expected[DROPPED.cases.index(case)]))
    room = case.atol + case.rtol * np.abs(expected) - np.abs(found.mean(axis=0) - expected)
    assert (room / found.std(axis=0)).min() >= 6


@pytest.mark.parametrize("case", labelled([case for case in BY_LUCK if case not in JUDGED]))
def test_other_cases_leave_nothing_to_luck(case: Case) -> None:
    """Shapes, identities, the numbers in a mask, and whether two draws are equal: the same for every seed."""
    for source in (DROPOUT, DROPPED.accepted[0]):
        found = over_seeds(DROPPED, source, case, range(1000, 1020))
        assert np.ptp(found, axis=0).max() <= max(1e-9, case.atol)


# --- oracles ---------------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
W, V = RNG.normal(size=(4, 3)), RNG.normal(size=5)
X, G = RNG.normal(2, 3, (7, 3)), RNG.normal(size=(7, 3))
GAMMA, BETA = RNG.uniform(0.5, 2, 3), RNG.normal(size=3)


def test_reference_l2_and_its_gradient_match_torch() -> None:
    leaves = [torch.tensor(W, requires_grad=True), torch.tensor(V, requires_grad=True)]
    penalty = 0.3 * sum(leaf.square().sum() for leaf in leaves)
    penalty.backward()
    assert the_reference(SET, "l2_penalty")([W, V], 0.3) == pytest.approx(penalty.item(), rel=1e-12)
    for ours, leaf in zip(the_reference(SET, "l2_penalty", "l2_gradient")([W, V], 0.3), leaves, strict=True):
        np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=1e-12)


def test_reference_elastic_net_gradient_matches_torch() -> None:
    """Its slope of the absolute value at zero is 0, too."""
    w = torch.tensor(np.append(V, 0.0), requires_grad=True)
    (0.7 * w.abs().sum() + 0.2 * w.square().sum()).backward()
    ours = the_reference(SET, "elastic_net_gradient")(np.append(V, 0.0), 0.7, 0.2)
    np.testing.assert_allclose(ours, w.grad.numpy(), rtol=1e-12)


def test_reference_soft_threshold_matches_torch_and_the_lasso() -> None:
    """On orthonormal inputs the lasso is a soft threshold of least squares."""
    ours = the_reference(SET, "soft_threshold")
    np.testing.assert_allclose(ours(W, 0.4), torch.nn.functional.softshrink(torch.tensor(W), 0.4).numpy(), atol=1e-15)
    Q = np.linalg.qr(np.random.default_rng(1).normal(size=(12, 5)))[0]
    lasso = Lasso(alpha=0.5 / 12, fit_intercept=False, tol=1e-12).fit(Q, Q @ V)
    np.testing.assert_allclose(ours(V, 0.5), lasso.coef_, atol=1e-10)


def test_reference_dropout_keeps_the_mean_and_its_backward_pass_is_that_of_torch() -> None:
    out, mask = the_reference(SET, "dropout_forward")(np.ones((500, 400)), 0.3, np.random.default_rng(0), True)
    assert out.mean() == pytest.approx(1, abs=0.01)
    x = torch.ones(500, 400, dtype=torch.float64, requires_grad=True)
    (x * torch.tensor(mask)).backward(torch.tensor(out))
    ours = the_reference(SET, "dropout_forward", "dropout_backward")(out, mask)
    np.testing.assert_allclose(ours, x.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("seed", range(30))
def test_reference_early_stopping_agrees_with_the_callback(seed: int) -> None:
    rng = np.random.default_rng(seed)
    losses = (np.cumsum(rng.integers(-3, 3, 25)) / 4).tolist()
    patience, min_delta = int(rng.integers(1, 5)), float(rng.integers(0, 4)) / 4
    stopping = EarlyStopping("val_loss", min_delta=min_delta, patience=patience, restore_best_weights=False)
    stopping.run = Run(None, None, epochs=len(losses), steps=1)
    stopping.on_train_begin()
    for epoch, loss in enumerate(losses):
        stopping.on_epoch_end(epoch, {"val_loss": loss})
        if stopping.stopped_epoch is not None:
            break
    assert the_reference(SET, "early_stopping")(losses, patience, min_delta) == (epoch, stopping.best_epoch)


def test_reference_batchnorm_matches_torch_forward_and_backward() -> None:
    leaves = [torch.tensor(array, requires_grad=True) for array in (X, GAMMA, BETA)]
    theirs = torch.nn.functional.batch_norm(leaves[0], None, None, leaves[1], leaves[2], training=True, eps=0.01)
    theirs.backward(torch.tensor(G))
    out, cache = the_reference(SET, "batchnorm_forward")(X, GAMMA, BETA, 0.01)
    np.testing.assert_allclose(out, theirs.detach().numpy(), rtol=1e-10, atol=1e-13)
    ours = the_reference(SET, "batchnorm_forward", "batchnorm_backward")(G, cache)
    for gradient, leaf in zip(ours, leaves, strict=True):
        np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_reference_batchnorm_update_matches_torch() -> None:
    mean, var = torch.tensor(BETA), torch.tensor(GAMMA)
    torch.nn.functional.batch_norm(torch.tensor(X), mean, var, training=True, momentum=0.15)  # changes both
    ours = the_reference(SET, "batchnorm_update")(BETA, GAMMA, X, 0.15)
    np.testing.assert_allclose(ours, (mean.numpy(), var.numpy()), rtol=1e-12)


# --- the last question -----------------------------------------------------------------------------------------------

IMAGES, LABELS = load_digits(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(len(LABELS))
TRAIN, NEW = ORDER[:1200], ORDER[1200:]


def digits_network(momentum: float, epochs: int) -> Network:
    """The network of the last question, trained with 100 batches an epoch."""
    layers = []
    for _ in range(2):
        normal = BatchNormalization(momentum=momentum, unbiased=False)  # so that it takes a batch of one
        layers += [Dense(64), normal, Activation("relu"), Dropout(0.2)]
    network = Network([*layers, Dense(10)], input_shape=64, seed=0)
    loss = SparseCategoricalCrossentropy(from_logits=True)
    fit(network, IMAGES[TRAIN], LABELS[TRAIN], loss, Adam(0.01), epochs=epochs, batch_size=12, seed=0)
    return network


def answers(network: Network, rows: np.ndarray, batch: int, training: bool) -> np.ndarray:
    parts = [rows[i : i + batch] for i in range(0, len(rows), batch)]
    return np.concatenate([network.forward(IMAGES[part], training).argmax(axis=1) for part in parts])


def right(network: Network, rows: np.ndarray, training: bool) -> float:
    """Share of right answers in batches of 50."""
    return float(np.mean(answers(network, rows, 50, training) == LABELS[rows]))


def test_observations_of_the_last_question_are_true() -> None:
    network = digits_network(0.1, epochs=20)
    assert right(network, NEW, False) == pytest.approx(0.98, abs=0.015)
    first, second = answers(network, NEW, 50, True), answers(network, NEW, 50, True)
    assert 0 < np.mean(first != second) < 0.2
    for layer in network.layers:
        if isinstance(layer, Dropout):
            layer.rate = 0.0
    assert np.array_equal(answers(network, NEW, 50, True), answers(network, NEW, 50, True))
    assert len(np.unique(answers(network, NEW, 1, True))) == 1
    by_class = NEW[np.argsort(LABELS[NEW], kind="stable")]
    assert right(network, by_class, True) == pytest.approx(0.37, abs=0.08)
    assert right(network, NEW, True) == pytest.approx(0.97, abs=0.015)


def test_momentum_of_the_last_question_is_too_small_for_one_epoch() -> None:
    network = digits_network(0.001, epochs=1)
    assert right(network, NEW, False) == pytest.approx(0.77, abs=0.06)
    assert right(network, NEW, True) == pytest.approx(0.92, abs=0.03)
    assert right(digits_network(0.001, epochs=20), NEW, False) == pytest.approx(0.97, abs=0.015)
