"""Set 05, thought of as an enemy and as a friend, and as a gambler: how often would a right answer fail by bad luck?"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from problem_sets import ROOT, Answer, right_answers, the_reference, the_set
from scipy import stats
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from autograder.questions import Question, run_source
from course_lib.checks import Case, load_checks, run_case

SET = the_set(ROOT / "solutions" / "05_initialization")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small matrices, many of them: threads would only wait for each other. (A grader has one, too.)"""
    with threadpool_limits(1):
        yield


NAMED = """
def glorot_uniform(fan_in, fan_out, rng):
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, (fan_in, fan_out))

def he_normal(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))

def lecun_normal(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(1 / fan_in), (fan_in, fan_out))
"""

NEARLY_RIGHT = {
    "is_symmetric by the first row": "is_symmetric = lambda W: len(set(np.asarray(W)[0].tolist())) == 1",
    "is_symmetric up to the sign": "is_symmetric = lambda W: bool((np.abs(W) == np.abs(W[:, :1])).all())",
    "is_symmetric by the last row": "is_symmetric = lambda W: len(set(np.asarray(W)[-1].tolist())) == 1",
    "is_symmetric by the rows' means": "is_symmetric = lambda W: np.allclose(W.mean(1), W[:, 0], rtol=1e-9, atol=0)",
    "is_symmetric with a tolerance of 1e-8": "is_symmetric = lambda W: bool(np.ptp(W, axis=1).max() < 1e-8)",
    "glorot_uniform rounded to three digits": NAMED
    + "rounded = glorot_uniform\nglorot_uniform = lambda i, o, rng: np.round(rounded(i, o, rng), 3)\n",
    "glorot_uniform 4 % too wide": NAMED.replace("6 / (", "6.5 / ("),
    "glorot_uniform, he_normal 4 % too wide": NAMED.replace("2 / fan_in", "2.17 / fan_in"),
    "glorot_uniform, lecun_normal with Student's distribution": NAMED
    + """
def lecun_normal(fan_in, fan_out, rng):
    return rng.standard_t(6, (fan_in, fan_out)) * np.sqrt(4 / 6 / fan_in)
""",
    "glorot_uniform, he_normal with a Laplace distribution": NAMED
    + "he_normal = lambda fan_in, fan_out, rng: rng.laplace(0, np.sqrt(1 / fan_in), (fan_in, fan_out))\n",
    "glorot_uniform with two values": NAMED
    + """
def glorot_uniform(fan_in, fan_out, rng):
    return rng.choice([-1.0, 1.0], (fan_in, fan_out)) * np.sqrt(2 / (fan_in + fan_out))
""",
    "glorot_uniform, he_normal seeded by its shape": NAMED
    + """
def he_normal(fan_in, fan_out, rng):
    return np.random.default_rng(fan_in * fan_out).normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))
""",
    "forward_variances with uniform inputs": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = np.sqrt(12) * (rng.random((900, width)) - 0.5), []
            for _ in range(depth):
                a = activation(a @ rng.normal(0, weight_std, (width, width)))
                out.append(a.var())
            return out
        """,
    "forward_variances with a constant added": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.normal(size=(900, width)), []
            for _ in range(depth):
                a = activation(a @ rng.normal(0, weight_std, (width, width)) + 0.01)
                out.append(a.var())
            return out
        """,
    "forward_variances unit by unit, in each row": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.normal(size=(900, width)), []
            for _ in range(depth):
                a = activation(a @ rng.normal(0, weight_std, (width, width)))
                out.append(a.var(axis=1).mean())
            return out
        """,
    "forward_variances with 100 rows": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.normal(size=(100, width)), []
            for _ in range(depth):
                a = activation(a @ rng.normal(0, weight_std, (width, width)))
                out.append(a.var())
            return out
        """,
    "forward_variances by the rule of the slide": """
        def forward_variances(depth, width, weight_std, activation, rng):
            return [(width * weight_std**2) ** l for l in range(1, depth + 1)]
        """,
    "forward_variances with two matrices in turn": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.normal(size=(900, width)), []
            W = rng.normal(0, weight_std, (width, width))
            for _ in range(depth):
                a = activation(a @ W)
                out.append(a.var())
            return out
        """,
    "forward_variances with weights of the transposed kind of scale": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.normal(size=(900, width)), []
            for _ in range(depth):
                a = activation(a @ rng.uniform(-weight_std, weight_std, (width, width)))
                out.append(a.var())
            return out
        """,
    "truncated_normal cut at three": """
        def truncated_normal(shape, std, rng):
            return stats.truncnorm.rvs(-3, 3, size=shape, random_state=rng) * std / 0.98658
        from scipy import stats
        """,
    "truncated_normal cut at two after all": """
        from scipy import stats
        def truncated_normal(shape, std, rng):
            return np.clip(rng.normal(0, std, shape), -2.2737 * std, 2.2737 * std)
        """,
    "truncated_normal triangular": """
        def truncated_normal(shape, std, rng):
            return std * np.sqrt(1.5) * (rng.random(shape) + rng.random(shape) - 1) * 2
        """,
    "truncated_normal with outliers folded back": """
        def truncated_normal(shape, std, rng):
            return np.fmod(rng.standard_normal(shape), 2) * std / 0.8796
        """,
    "truncated_normal with outliers drawn uniformly": """
        def truncated_normal(shape, std, rng):
            z = np.array(rng.standard_normal(shape))
            z[np.abs(z) > 2] = rng.uniform(-2, 2, np.sum(np.abs(z) > 2))
            return z * std / 0.8796
        """,
    "truncated_normal of a flat shape": """
        def truncated_normal(shape, std, rng):
            from scipy.stats import norm
            size = np.prod(shape, dtype=int)
            return norm.ppf(rng.uniform(norm.cdf(-2), norm.cdf(2), size)) * (std / 0.8796)
        """,
    "orthogonal with one random sign for all": """
        def orthogonal(shape, rng):
            Q, R = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
            Q = Q * np.sign(R[0, 0])
            return Q if shape[0] >= shape[1] else Q.T
        """,
    "orthogonal by a product of two rotations": """
        def orthogonal(shape, rng):
            n = max(shape)
            Q = np.eye(n)
            if n > 1:
                c, s = np.cos(t := rng.uniform(0, 2 * np.pi)), np.sin(t)
                Q[:2, :2] = [[c, -s], [s, c]]
            return Q[: shape[0], : shape[1]]
        """,
    "orthogonal with singular vectors of a positive matrix": """
        def orthogonal(shape, rng):
            U, _, V = np.linalg.svd(rng.random(shape), full_matrices=False)
            return U @ V
        """,
    "orthogonal up to 1e-3": """
        def orthogonal(shape, rng):
            U, _, V = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
            return (U @ V).round(3)
        """,
    "output_bias with a floor of 1e-5": """
        def output_bias(labels, k):
            return np.log(np.maximum(np.bincount(labels, minlength=k) / len(labels), 1e-5))
        """,
    "output_bias with a floor of half a count": """
        def output_bias(labels, k):
            return np.log(np.maximum(np.bincount(labels, minlength=k), 0.5))
        """,
    "output_bias with NaN for absent classes": """
        def output_bias(labels, k):
            f = np.bincount(labels, minlength=k) / len(labels)
            return np.where(f > 0, np.log(np.where(f > 0, f, 1)), np.nan)
        """,
    "output_bias as a column": """
        def output_bias(labels, k):
            return np.log(np.maximum(np.bincount(labels, minlength=k) / len(labels), 1e-9))[:, None]
        """,
}

UNUSUAL_BUT_RIGHT = {
    "is_symmetric by np.unique": "is_symmetric = lambda W: np.unique(W, axis=1).shape[1] == 1",
    "is_symmetric by neighbours": "is_symmetric = lambda W: not np.diff(W, axis=1).any()",
    "is_symmetric with math.isclose": """
        def is_symmetric(W):
            import math
            return all(math.isclose(w, row[0], rel_tol=1e-9) for row in W for w in row)
        """,
    "glorot_uniform in single precision": NAMED
    + """
def glorot_uniform(fan_in, fan_out, rng):
    limit = np.float32((6 / (fan_in + fan_out)) ** 0.5)
    return limit * (2 * rng.random((fan_in, fan_out), dtype=np.float32) - 1)
""",
    "glorot_uniform, he_normal from many uniform numbers": NAMED
    + """
def he_normal(fan_in, fan_out, rng):
    from scipy.special import ndtri
    return (2 / fan_in) ** 0.5 * ndtri(rng.random((fan_out, fan_in))).T
""",
    "glorot_uniform of a bit generator": NAMED
    + """
def glorot_uniform(fan_in, fan_out, rng):
    child = np.random.default_rng(rng.integers(2**63))
    limit = np.sqrt(6 / (fan_in + fan_out))
    return child.triangular(-1, 0, 1, (fan_in, fan_out)) * 0 + child.uniform(-limit, limit, (fan_in, fan_out))
""",
    "glorot_uniform by torch": """
        import torch
        def drawn(fill, fan_in, fan_out, rng, **settings):
            source = torch.Generator().manual_seed(int(rng.integers(2**62)))
            return fill(torch.empty(fan_in, fan_out, dtype=torch.float64), generator=source, **settings)

        def glorot_uniform(fan_in, fan_out, rng):
            limit = (6 / (fan_in + fan_out)) ** 0.5
            return drawn(torch.Tensor.uniform_, fan_in, fan_out, rng, **{"from": -limit, "to": limit})

        def he_normal(fan_in, fan_out, rng):
            return drawn(torch.Tensor.normal_, fan_in, fan_out, rng, std=(2 / fan_in) ** 0.5)

        def lecun_normal(fan_in, fan_out, rng):
            return drawn(torch.Tensor.normal_, fan_in, fan_out, rng, std=fan_in**-0.5)
        """,
    "forward_variances with 5000 rows": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.normal(size=(5000, width)), np.empty(depth)
            for l in range(depth):
                a = activation(a @ (rng.normal(size=(width, width)) * weight_std).T)
                out[l] = ((a - a.mean()) ** 2).mean()
            return out
        """,
    "forward_variances in single precision": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.standard_normal((512, width), dtype=np.float32), []
            for _ in range(depth):
                a = activation(a @ (np.float32(weight_std) * rng.standard_normal((width, width), dtype=np.float32)))
                out.append(a.var(ddof=1))
            return tuple(out)
        """,
    "forward_variances in two halves": """
        def forward_variances(depth, width, weight_std, activation, rng):
            halves, out = [rng.normal(size=(250, width)) for _ in range(2)], []
            for _ in range(depth):
                W = rng.normal(0, weight_std, (width, width))
                halves = [activation(half @ W) for half in halves]
                out.append(np.var(halves))
            return out
        """,
    "forward_variances sample by sample": """
        def forward_variances(depth, width, weight_std, activation, rng):
            rows, out = [rng.normal(size=width) for _ in range(500)], []
            for _ in range(depth):
                W = rng.normal(0, weight_std, (width, width))
                rows = [activation(row @ W) for row in rows]
                out.append(np.var(rows))
            return out
        """,
    "truncated_normal by SciPy": """
        def truncated_normal(shape, std, rng):
            from scipy.stats import truncnorm
            return std * truncnorm.rvs(-2, 2, size=shape, random_state=rng) / truncnorm.std(-2, 2)
        """,
    "truncated_normal all drawn again each time": """
        def truncated_normal(shape, std, rng):
            z = rng.normal(size=shape)
            while (np.abs(z) > 2).any():
                z = np.where(np.abs(z) > 2, rng.normal(size=shape), z)
            return z * std / 0.88
        """,
    "orthogonal by SciPy": """
        def orthogonal(shape, rng):
            from scipy.stats import ortho_group
            n = max(*shape, 2)
            if max(shape) == 1:
                return np.array([[rng.choice([-1.0, 1.0])]])
            return ortho_group.rvs(n, random_state=rng)[: shape[0], : shape[1]]
        """,
    "orthogonal in single precision": """
        def orthogonal(shape, rng):
            Q, R = np.linalg.qr(rng.standard_normal((max(shape), min(shape)), dtype=np.float32))
            Q *= np.sign(np.diag(R))
            return Q if shape[0] >= shape[1] else Q.T
        """,
    "orthogonal by torch": """
        import torch
        def orthogonal(shape, rng):
            Q, R = torch.linalg.qr(torch.from_numpy(rng.normal(size=(max(shape), min(shape)))))
            Q = Q * R.diagonal().sign()
            return Q if shape[0] >= shape[1] else Q.T
        """,
    "orthogonal by a polar decomposition": """
        def orthogonal(shape, rng):
            from scipy.linalg import polar
            return polar(rng.normal(size=shape))[0]
        """,
    "orthogonal with random signs for each column": """
        def orthogonal(shape, rng):
            Q, _ = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
            Q = Q * rng.choice([-1, 1], min(shape))
            return Q if shape[0] >= shape[1] else Q.T
        """,
    "output_bias with a shift": """
        def output_bias(labels, k):
            f = np.array([np.mean(np.asarray(labels) == c) for c in range(k)])
            return np.where(f > 0, np.log(np.maximum(f, 1e-300)), -40) + 17
        """,
    "output_bias by torch": """
        import torch
        def output_bias(labels, k):
            one_hot = torch.nn.functional.one_hot(torch.from_numpy(labels.astype(np.int64)), k)
            return one_hot.double().mean(0).clamp_min(1e-12).log()
        """,
    "output_bias by Counter": """
        from collections import Counter
        import math
        def output_bias(labels, k):
            counts = Counter(labels.tolist())
            return np.array([math.log(counts[c] / len(labels) + 1e-7) for c in range(k)], dtype=np.float32)
        """,
}

OTHER_HANDWRITING = {
    "is_symmetric rows for columns": "is_symmetric = lambda W: all((row == W[0]).all() for row in W)",
    "is_symmetric absolute tolerance": "is_symmetric = lambda W: all(np.allclose(c, W[:, 0]) for c in W.T)",
    "is_symmetric symmetric as a matrix": """
        def is_symmetric(W):
            return W.shape[0] == W.shape[1] and bool((W == W.T).all())
        """,
    "glorot_uniform variance for standard deviation": """
        def glorot_uniform(fan_in, fan_out, rng):
            return (2 * rng.random((fan_in, fan_out)) - 1) * 6 / (fan_in + fan_out)

        def he_normal(fan_in, fan_out, rng):
            return rng.standard_normal((fan_in, fan_out)) * 2 / fan_in

        def lecun_normal(fan_in, fan_out, rng):
            return rng.standard_normal((fan_in, fan_out)) / fan_in
        """,
    "glorot_uniform limits as wide as one standard deviation": NAMED
    + """
def glorot_uniform(fan_in, fan_out, rng):
    std = np.sqrt(2 / (fan_in + fan_out))
    return std * (1 - 2 * rng.random((fan_in, fan_out)))
""",
    "glorot_uniform He without his two": NAMED
    + "he_normal = lambda fan_in, fan_out, rng: rng.standard_normal((fan_out, fan_in)).T / np.sqrt(fan_in)\n",
    "glorot_uniform the other fan": NAMED
    + """
def he_normal(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_out)

def lecun_normal(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_out)
""",
    "forward_variances before the activation": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.normal(size=(600, width)), []
            for _ in range(depth):
                s = a @ (weight_std * rng.standard_normal((width, width)))
                out.append(np.var(s))
                a = activation(s)
            return out
        """,
    "forward_variances mean square": """
        def forward_variances(depth, width, weight_std, activation, rng):
            a, out = rng.normal(size=(700, width)), []
            for _ in range(depth):
                a = activation(a @ (weight_std * rng.standard_normal((width, width))))
                out.append(np.linalg.norm(a) ** 2 / a.size)
            return out
        """,
    "forward_variances every layer fed with the input": """
        def forward_variances(depth, width, weight_std, activation, rng):
            x = rng.standard_normal((800, width))
            return [activation(x @ rng.normal(0, weight_std, (width, width))).var() for _ in range(depth)]
        """,
    "truncated_normal clipped": """
        def truncated_normal(shape, std, rng):
            return std / 0.8796 * np.maximum(-2, np.minimum(2, rng.normal(size=shape)))
        """,
    "truncated_normal not scaled": """
        def truncated_normal(shape, std, rng):
            from scipy.stats import truncnorm
            return truncnorm.rvs(-2, 2, scale=std, size=shape, random_state=rng)
        """,
    "orthogonal signs left to the routine": """
        def orthogonal(shape, rng):
            if shape[0] < shape[1]:
                return orthogonal(shape[::-1], rng).T
            return np.linalg.qr(rng.normal(0, 2, shape)).Q
        """,
    "orthogonal always tall": """
        def orthogonal(shape, rng):
            Q, R = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
            return Q @ np.diag(np.sign(np.diag(R)))
        """,
    "output_bias minus infinity": """
        def output_bias(labels, k):
            return np.log([np.mean(np.asarray(labels) == c) for c in range(k)])
        """,
    "output_bias classes counted from the labels": """
        def output_bias(labels, k):
            f = np.array([max(np.sum(np.asarray(labels) == c), 1e-9) for c in range(max(labels) + 1)]) / len(labels)
            return np.log(f)
        """,
}


# --- bad luck --------------------------------------------------------------------------------------------------------

BY_LUCK = [(q, case) for q in SET.questions.values() for case in q.cases if "seed" in case.inputs]
JUDGED = [(q, case) for q, case in BY_LUCK if (case.rtol, case.atol) != (Case.rtol, Case.atol)]
LARGEST = ("np.max(", "np.min(")  # their tail is exponential, not normal


def by_label(rows: list[tuple[Question, Case]]) -> list:
    return [pytest.param(*row, id=f"{row[0].name} {row[1].inputs['seed']}") for row in rows]


def numbers(value: object) -> list[float]:
    """All numbers of a case's value, whatever it is made of."""
    if isinstance(value, dict | list | tuple):
        parts = value.values() if isinstance(value, dict) else value
        return [number for part in parts for number in numbers(part)]
    return np.ravel(value).astype(float).tolist()


def outcomes_over_seeds(answer: Answer, case: Case, seeds: range) -> np.ndarray:
    """The statistic of a case for other seeds, a row a seed."""
    namespace = run_source(answer.question.prelude + answer.source)
    runs = [run_case(replace(case, inputs={**case.inputs, "seed": seed}), namespace) for seed in seeds]
    assert [run.error for run in runs if run.error] == []
    return np.array([numbers(run.value) for run in runs])


def right_answer(asked: Question, label: str) -> Answer:
    answers = right_answers(ROOT / "solutions" / SET.name)
    return next(answer for answer in answers if answer.question == asked and answer.label == label)


@pytest.mark.parametrize(("asked", "case"), by_label(JUDGED))
def test_right_answer_fails_by_bad_luck_less_than_once_in_a_million(asked: Question, case: Case) -> None:
    """Measured over 40 seeds, for the answer in the notebook: each tolerance is at least six standard deviations wide.

    A normal variable is farther out with a probability of 2e-9, and there are about a hundred numbers. A largest draw
    is too small by 20 of its standard deviations with a probability of e^-20 = 2e-9.
    """
    found = outcomes_over_seeds(right_answer(asked, "notebook"), case, range(1000, 1040))
    expected = np.array(numbers(asked.expected[asked.cases.index(case)]))
    room = case.atol + case.rtol * np.abs(expected) - np.abs(found.mean(axis=0) - expected)
    least = 20 if any(name in case.code for name in LARGEST) else 6
    assert (room / found.std(axis=0)).min() >= least


@pytest.mark.parametrize(("asked", "case"), by_label([row for row in BY_LUCK if row not in JUDGED]))
def test_other_cases_leave_nothing_to_luck(asked: Question, case: Case) -> None:
    """Shapes, identities, and whether two draws are equal: the same for every seed."""
    for label in ("notebook", "accepted 1"):
        found = outcomes_over_seeds(right_answer(asked, label), case, range(1000, 1010))
        assert np.ptp(found, axis=0).max() < 1e-7


# --- oracles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("glorot_uniform", stats.uniform(-np.sqrt(6 / 500), 2 * np.sqrt(6 / 500))),
        ("he_normal", stats.norm(0, np.sqrt(2 / 200))),
        ("lecun_normal", stats.norm(0, np.sqrt(1 / 200))),
    ],
)
def test_reference_has_the_distribution_of_its_name(name: str, distribution: stats.rv_continuous) -> None:
    W = the_reference(SET, "glorot_uniform", name)(200, 300, np.random.default_rng(0))
    assert stats.kstest(W.ravel(), distribution.cdf).pvalue > 1e-3


def test_reference_truncated_normal_has_the_distribution_of_scipy() -> None:
    c = stats.truncnorm.std(-2, 2)
    W = the_reference(SET, "truncated_normal")((300, 200), 0.5, np.random.default_rng(0))
    assert stats.kstest(W.ravel(), stats.truncnorm(-2, 2, scale=0.5 / c).cdf).pvalue > 1e-3


def test_reference_orthogonal_agrees_with_the_haar_measure_of_scipy() -> None:
    """By three entries of many matrices and by the determinant's sign."""
    rng = np.random.default_rng(0)
    ours = np.array([the_reference(SET, "orthogonal")((3, 3), rng) for _ in range(4000)])
    theirs = stats.ortho_group.rvs(3, size=4000, random_state=1)
    for place in ((0, 0), (1, 2), (2, 1)):
        assert stats.ks_2samp(ours[:, *place], theirs[:, *place]).pvalue > 1e-3
    assert abs(np.mean(np.linalg.det(ours))) < 0.1


def test_reference_output_bias_gives_the_frequencies() -> None:
    labels = np.repeat([0, 2, 3], [5, 3, 2])
    b = the_reference(SET, "output_bias")(labels, 5)
    np.testing.assert_allclose(np.exp(b) / np.exp(b).sum(), [0.5, 0, 0.3, 0.2, 0], atol=1e-9)


def test_reference_forward_variances_of_a_wide_relu_layer() -> None:
    """Half the mean square of s, minus the square of its mean: N Var(w) (1/2 - 1/(2π))."""
    expected = 600 * 0.05**2 * (0.5 - 0.5 / np.pi)
    measure = the_reference(SET, "forward_variances")
    (found,) = measure(1, 600, 0.05, lambda s: np.maximum(s, 0), np.random.default_rng(0))
    assert found == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("name", SET.questions)
@pytest.mark.parametrize("value", ["None", "float('nan')", "'text'"])
def test_value_that_is_no_answer_is_not_taken_for_a_misconception(name: str, value: str) -> None:
    """A forgotten return draws no numbers: nothing is wrong with its generator, nor with the size of its batch."""
    question = SET.questions[name]
    result = question.grade_source("\n".join(f"def {each}(*arguments):\n    return {value}" for each in question.names))
    assert result.misconceptions == ()
    assert not any(case.message is None for case in result.cases if not case.hidden)


def test_borrowed_answer_is_refused() -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    namespace = run_source("from course_lib.reference.initializers import output_bias")
    message = checks.message(checks.questions["output_bias"], namespace)
    assert message is not None and "write it yourself" in message


def by_unit(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return A B column by column: all units get the same rounding, which one product of BLAS does not promise."""
    return np.stack([A @ column for column in np.ascontiguousarray(B.T)], axis=1)


def trained(out: np.ndarray, steps: int = 300) -> tuple[np.ndarray, float]:
    """Train the network of the last question with Adam; return its first weights and the share of right answers."""
    X, labels = load_digits(return_X_y=True)
    X, Y = X / 16, np.eye(10)[labels]
    p = [np.full((64, 50), 0.01), np.zeros(50), out, np.zeros(10)]
    m, v = [np.zeros_like(each) for each in p], [np.zeros_like(each) for each in p]
    for t in range(1, steps + 1):
        a = np.tanh(by_unit(X, p[0]) + p[1])
        e = np.exp(a @ p[2] + p[3])
        delta = (e / e.sum(axis=1, keepdims=True) - Y) / len(X)
        below = by_unit(delta, p[2].T) * (1 - a * a)
        for i, g in enumerate((by_unit(X.T, below), below.sum(axis=0), by_unit(delta.T, a).T, delta.sum(axis=0))):
            m[i], v[i] = 0.9 * m[i] + 0.1 * g, 0.999 * v[i] + 0.001 * g * g
            p[i] = p[i] - 0.01 * m[i] / (1 - 0.9**t) / (np.sqrt(v[i] / (1 - 0.999**t)) + 1e-8)
    return p[0], np.mean(e.argmax(axis=1) == labels)


def test_numbers_named_in_the_last_question_are_true() -> None:
    W, right = trained(np.full((50, 10), 0.1))
    assert np.ptp(W, axis=1).max() < 1e-6 and right == pytest.approx(0.43, abs=0.03)
    W, right = trained(np.random.default_rng(0).normal(0, 0.1, (50, 10)))
    assert len(np.unique(W.round(6), axis=1).T) == 50 and right == 1
