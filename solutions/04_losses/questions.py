"""Problem set 04: what is asked, what is right, what goes wrong, and what is said about it.

Each block is one question: its cases (hidden ones draw from a seed of their own), the reference answer, other right
answers, and the mistakes that students really make. A mistake is the right answer with one part put wrong, so each
question has a function that writes its source from parts. Loss and gradient go through the same cases.
"""

import numpy as np

from autograder.questions import PRELUDE, ProblemSet

SET = ProblemSet(
    "04_losses",
    title="Losses",
    minutes=110,
    objectives=(
        "write the losses of regression and classification, each with the mean that its definition asks for",
        "derive the gradient of a loss and give it the 1/n that belongs to it",
        "treat zeros, infinities and soft labels as the formula means them, not as the computer happens to",
        "compute cross-entropy from logits, so that neither overflow nor a rounded zero can reach it",
        "explain why the fused gradient is right where the product of two slopes is not a number",
    ),
)
IN_PLACE = "Whose array do you write into, and may you?"
SAME_TWICE = "Give every sample twice: should the result be the same, and is it?"
HALF = "How many numbers does your result average, and how many are there?"


def function(signature: str, expression: str) -> str:
    """Return the source of a function that returns an expression."""
    return f"def {signature}:\n    return {expression}\n"


# --- huber, huber_gradient -------------------------------------------------------------------------------------------

q = SET.question("huber", points=5, names=("huber", "huber_gradient"))
rng = np.random.default_rng(401)

for name, of in (("huber", "the loss"), ("huber_gradient", "the gradient")):
    call = f"{name}(y, a, delta)"
    q.case(f"{name}(y, a)", y=np.array([0.0, 0.0, 2.0]), a=np.array([0.5, 3.0, -1.0]), mutation="forbidden")
    q.case(call, y=np.array([[1, 2, 0], [3, 4, 5]]), a=np.array([[1, 4, 1], [0, 3, 5]]), delta=2.5)
    q.case(f"{name}(y, a, delta=0.5)", y=np.array([2.0]), a=np.array([1.75]))
    q.case(call, y=rng.normal(size=(2, 3, 2)).round(2), a=rng.normal(size=(2, 3, 2)).round(2), delta=0.75,
           layout="strided", mutation="forbidden", hidden=True,
           about=f"{of} in three dimensions, not contiguous")  # fmt: skip
    q.case(call, y=rng.integers(-9, 9, (4, 2)), a=rng.integers(-9, 9, (4, 2)), delta=2.5, layout="read-only",
           hidden=True, about=f"{of} at whole numbers, not writable")  # fmt: skip
    q.case(call, y=rng.normal(size=5), a=rng.normal(size=5), delta=100.0, hidden=True, weight=0.5,
           about=f"{of} where no error is beyond delta")  # fmt: skip
    q.case(call, y=rng.normal(size=(3, 1)), a=rng.normal(size=(3, 1)) + 9, delta=0.001, hidden=True, weight=0.5,
           about=f"{of} where every error is beyond delta")  # fmt: skip
    q.case(call, y=np.array([1.5, 0.0, -2.25]), a=np.array([4.0, -2.5, -2.25]), delta=2.5, hidden=True, weight=0.5,
           about=f"{of} where errors are 0 or exactly delta")  # fmt: skip
    q.case(call, y=np.float32([0.25, 3.5, -1.75]), a=np.float32([0.7, -1.3, -1.6]), delta=1.25, hidden=True, rtol=1e-5,
           about=f"{of} in single precision", weight=0.5)  # fmt: skip


def huber_as(
    value: str = "np.mean(np.where(np.abs(a - y) <= delta, (a - y) ** 2 / 2, delta * (np.abs(a - y) - delta / 2)))",
    slope: str = "np.where(np.abs(a - y) <= delta, a - y, delta * np.sign(a - y)) / np.size(a)",
    default: str = "delta=1.0",
) -> str:
    """Return the source of both functions, right unless an expression is given."""
    return function(f"huber(y, a, {default})", value) + function(f"huber_gradient(y, a, {default})", slope)


q.reference("""
    from course_lib.reference import losses

    def huber(y, a, delta=1.0):
        return losses.Huber(delta)(y, a)

    def huber_gradient(y, a, delta=1.0):
        return losses.Huber(delta).gradient(y, a)
    """)
q.accepts("""
    def huber(y, a, delta=1.0):
        '''Without cases: the error and its part below delta.'''
        size = np.abs(np.subtract(a, y, dtype=float))
        near = np.minimum(size, delta)
        return (near * (size - near / 2)).mean()

    def huber_gradient(y, a, delta=1.0):
        return np.clip(np.subtract(a, y), -delta, delta) / np.size(y)
    """)
q.accepts("""
    def huber(y, a, delta=1.0):
        '''Number by number.'''
        total = 0.0
        for target, output in zip(np.ravel(y), np.ravel(a)):
            e = abs(output - target)
            total += 0.5 * e * e if e <= delta else delta * (e - 0.5 * delta)
        return total / np.size(y)

    def huber_gradient(y, a, delta=1.0):
        pulls = [max(-delta, min(delta, output - target)) for target, output in zip(np.ravel(y), np.ravel(a))]
        return np.reshape(pulls, np.shape(a)) / len(pulls)
    """)
q.accepts("""
    def huber(y, a, delta=1.0):
        '''In place, on arrays of its own.'''
        e = np.array(a, dtype=np.float64)
        e -= y
        np.abs(e, out=e)
        far = e > delta
        e[far] = np.sqrt(delta * (2 * e[far] - delta))
        e *= e
        return np.einsum("i->", e.reshape(-1)) / (2 * e.size)

    def huber_gradient(y, a, delta=1.0):
        e = np.array(a, dtype=np.float64)
        e -= y
        e[e > delta] = delta
        e[e < -delta] = -delta
        e /= e.size
        return e
    """)
for name, hint, source in (
    ("smooth L1", "Far out the slope of your loss does not depend on delta: should it?",
     huber_as("np.mean(np.where(abs(a - y) <= delta, (a - y) ** 2 / (2 * delta), abs(a - y) - delta / 2))",
              "np.clip((a - y) / delta, -1, 1) / np.size(a)")),
    ("sum instead of mean", SAME_TWICE,
     huber_as("np.sum(np.where(abs(a - y) <= delta, (a - y) ** 2 / 2, delta * (abs(a - y) - delta / 2)))",
              "np.clip(a - y, -delta, delta)")),
    ("gradient of the sum", "Your loss is a mean: how much does it move when a single output moves?",
     huber_as(slope="np.clip(a - y, -delta, delta)")),
    ("divided by the rows", HALF,
     huber_as("np.sum(np.where(abs(a - y) <= delta, (a - y) ** 2 / 2, delta * (abs(a - y) - delta / 2))) / len(a)",
              "np.clip(a - y, -delta, delta) / len(a)")),
    ("a jump at delta", "Do your two branches have the same value where they meet?",
     huber_as("np.mean(np.where(abs(a - y) <= delta, (a - y) ** 2 / 2, delta * abs(a - y)))")),
    ("no half in the middle", "Is the slope of your loss the one that you return, close to zero error?",
     huber_as("np.mean(np.where(abs(a - y) <= delta, (a - y) ** 2, delta * (abs(a - y) - delta / 2)))")),
    ("the argument delta is not used", "Call your functions with two very different values of delta: do they notice?",
     huber_as("np.mean(np.where(abs(a - y) <= 1, (a - y) ** 2 / 2, abs(a - y) - 1 / 2))")),
    ("target minus output", "If the output is too large, should your gradient be positive or negative?",
     huber_as(slope="np.clip(y - a, -delta, delta) / np.size(a)")),
    ("pull of one far out", "Just inside delta the slope is almost delta: and just outside?",
     huber_as(slope="np.where(abs(a - y) <= delta, a - y, np.sign(a - y)) / np.size(a)")),
    ("large errors squared", "Which of the two branches should a wild sample fall into?",
     huber_as("np.mean(np.where(abs(a - y) > delta, (a - y) ** 2 / 2, delta * (abs(a - y) - delta / 2)))",
              "np.where(abs(a - y) > delta, a - y, delta * np.sign(a - y)) / np.size(a)")),
    ("decided for all at once", "Must all errors of a batch lie on the same side of delta?",
     huber_as("np.mean((a - y) ** 2 / 2) if np.all(abs(a - y) <= delta) else np.mean(delta * (abs(a - y) - delta / 2))",
              "(a - y if np.all(abs(a - y) <= delta) else delta * np.sign(a - y)) / np.size(a)")),
    ("one number at a time", "Is an array of errors smaller than delta, yes or no?",
     huber_as("np.mean((a - y) ** 2 / 2 if abs(a - y) <= delta else delta * (abs(a - y) - delta / 2))",
              "(a - y if abs(a - y) <= delta else delta * np.sign(a - y)) / np.size(a)")),
    ("integer array", "Which dtype has the array that you fill, when the outputs are whole numbers?",
     huber_as(slope="np.clip(a - y, -delta, delta).astype(a.dtype) / np.size(a)")),
    ("work in the caller's array", IN_PLACE,
     "def huber(y, a, delta=1.0):\n    a -= y\n    near = np.minimum(abs(a), delta)\n"
     "    return np.mean(near * (abs(a) - near / 2))\n\n"
     "def huber_gradient(y, a, delta=1.0):\n    a -= y\n    return np.clip(a, -delta, delta) / np.size(a)\n"),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- poisson_loss ----------------------------------------------------------------------------------------------------

q = SET.question("poisson_loss", points=3)
rng = np.random.default_rng(402)
CALL = "poisson_loss(y, a)"

q.case(CALL, y=np.array([3.0, 0.0]), a=np.array([1.0, 2.0]))
q.case(CALL, y=np.array([[0, 1, 4], [2, 7, 1]]), a=np.array([[0.5, 1.5, 4.0], [2.5, 3.0, 0.25]]), mutation="forbidden")
q.case(CALL, y=np.array([2, 5, 1]), a=np.array([1, 4, 3]))
q.case(CALL, y=rng.poisson(3.0, (2, 3, 2)), a=rng.uniform(0.5, 6, (2, 3, 2)).round(2), layout="strided",
       mutation="forbidden", hidden=True, about="three dimensions, not contiguous")  # fmt: skip
q.case(CALL, y=rng.poisson(5.0, (4, 2)), a=rng.integers(1, 9, (4, 2)), layout="read-only", hidden=True,
       about="whole numbers, not writable")  # fmt: skip
q.case(CALL, y=np.array([2.0, 1.0, 3.0]), a=np.array([1e-5, 3e-4, 2e-3]), hidden=True, about="tiny expected counts")
q.case(CALL, y=np.array([1500.0, 2.0e5]), a=np.array([1498.5, 2.1e5]), hidden=True, about="large counts")
q.case(CALL, y=np.array([[4]]), a=np.array([[2.5]]), hidden=True, about="a single count", weight=0.5)
q.case(CALL, y=rng.uniform(0, 4, (5, 1)), a=rng.uniform(0.1, 4, (5, 1)), hidden=True, weight=0.5,
       about="targets between the counts")  # fmt: skip
q.case(CALL, y=np.float32([1, 0, 6]), a=np.float32([0.75, 1.3, 4.6]), hidden=True, about="single precision", rtol=1e-5,
       weight=0.5)  # fmt: skip


@q.reference
def poisson_loss(y, a):
    from course_lib.reference.losses import Poisson

    return Poisson()(y, a)


@q.accepts
def poisson_loss(y, a):
    """Number by number."""
    import math

    terms = [output - target * math.log(output) for target, output in zip(np.ravel(y), np.ravel(a))]
    return math.fsum(terms) / len(terms)


@q.accepts
def poisson_loss(y, a):
    """Two means, the second as a scalar product."""
    return np.mean(a) - np.einsum("i,i->", np.ravel(y), np.log(np.ravel(a))) / np.size(a)


@q.accepts
def poisson_loss(y, a):
    """In place, on an array of its own."""
    terms = np.array(a, dtype=float)
    np.log(terms, out=terms)
    terms *= -np.asarray(y)
    terms += a
    return terms.sum() / terms.size


for name, hint, expression in (
    ("the factorial kept", "Which terms of the surprise does the definition in the text leave out?",
     "np.mean(a - y * np.log(a) + np.vectorize(__import__('math').lgamma)(y + 1.0))"),
    ("Keras's small number", "What does a tiny number added for safety do to an output that is itself tiny?",
     "np.mean(a - y * np.log(a + 1e-7))"),
    ("sum instead of mean", SAME_TWICE, "np.sum(a - y * np.log(a))"),
    ("divided by the rows", HALF, "np.sum(a - y * np.log(a)) / len(a)"),
    ("output taken for its logarithm", "Is a the expected count, or is it the logit from which the count is computed?",
     "np.mean(np.exp(a) - y * a)"),
    ("arguments swapped", "Of which of the two do you take the logarithm, and can that one be zero?",
     "np.mean(y - a * np.log(np.maximum(y, 1e-300)))"),
    ("likelihood instead of loss", "Should the loss rise or fall when the observed count becomes more probable?",
     "np.mean(y * np.log(a) - a)"),
    ("output left out", "What keeps the outputs from growing for ever, in the loss that you have written?",
     "-np.mean(y * np.log(a))"),
    ("zero at the target", "Your loss is zero for a perfect output: is the one in the text?",
     "np.mean(a - y + y * np.log(np.maximum(y, 1e-300) / a))"),
    ("another base", "Which logarithm is the inverse of the exponential function?", "np.mean(a - y * np.log2(a))"),
    ("its slope", "Does your formula say how large the loss is, or how fast it changes?", "np.mean(1 - y / a)"),
    ("work in the caller's array", IN_PLACE, "np.mean(a) - np.mean(y * np.log(a, out=a))"),
):  # fmt: skip
    q.misconception(name, hint, function(CALL, expression))

# --- label_smoothing -------------------------------------------------------------------------------------------------

q = SET.question("label_smoothing", points=3)
rng = np.random.default_rng(403)
CALL = "label_smoothing(labels, k, epsilon)"

q.case(CALL, labels=np.array([2, 0]), k=4, epsilon=0.1, mutation="forbidden")
q.case(CALL, labels=np.array([0, 1, 0]), k=3, epsilon=0.3)
q.case(CALL, labels=np.array([1]), k=2, epsilon=0.0)
q.case(CALL, labels=rng.integers(0, 7, 9), k=7, epsilon=0.25, layout="strided", mutation="forbidden", hidden=True,
       about="seven classes, not contiguous")  # fmt: skip
q.case(CALL, labels=rng.integers(0, 5, 4), k=6, epsilon=0.05, layout="read-only", hidden=True,
       about="classes that do not occur, not writable")  # fmt: skip
q.case(CALL, labels=np.array([1, 0, 2]), k=3, epsilon=1, hidden=True, about="epsilon 1", weight=0.5)
q.case(CALL, labels=np.array([3, 1, 1]), k=5, epsilon=0, hidden=True, about="epsilon 0", weight=0.5)
q.case(CALL, labels=np.array([1, 0, 1, 1]), k=2, epsilon=0.2, hidden=True, about="two classes", weight=0.5)
q.case(CALL, labels=np.array([4, 0, 2], dtype=np.uint8), k=10, epsilon=0.1, hidden=True, about="labels of one byte",
       weight=0.5)  # fmt: skip


@q.reference
def label_smoothing(labels, k, epsilon):
    from course_lib.reference.losses import one_hot

    return (1 - epsilon) * one_hot(labels, k) + epsilon / k


@q.accepts
def label_smoothing(labels, k, epsilon):
    """Filled with what every class gets, and the rest put where it belongs."""
    rows = np.full((len(labels), k), epsilon / k)
    rows[np.arange(len(labels)), labels] += 1 - epsilon
    return rows


@q.accepts
def label_smoothing(labels, k, epsilon):
    """By comparison."""
    true = np.asarray(labels)[:, np.newaxis] == np.arange(k)
    return np.where(true, 1 - epsilon + epsilon / k, epsilon / k)


@q.accepts
def label_smoothing(labels, k, epsilon):
    """Entry by entry."""
    return [[epsilon / k + (1 - epsilon) * float(i == label) for i in range(k)] for label in labels]


for name, hint, expression in (
    ("shared out among the others", "Does the true class get a part of what is shared out, in the text and in yours?",
     "np.where(np.eye(k)[labels] == 1, 1 - epsilon, epsilon / (k - 1))"),
    ("rows that do not add up", "What do your rows add up to, and what should a distribution add up to?",
     "np.where(np.eye(k)[labels] == 1, 1 - epsilon, epsilon / k)"),
    ("nothing taken away", "Something is given to every class: where is it taken from?",
     "np.eye(k)[labels] + epsilon / k"),
    ("only taken away", "Something is taken from the true class: who gets it?", "(1 - epsilon) * np.eye(k)[labels]"),
    ("epsilon for each class", "What do your rows add up to, for many classes?",
     "(1 - epsilon) * np.eye(k)[labels] + epsilon"),
    ("the two shares mixed up", "With a small epsilon, should the true class keep much or little?",
     "epsilon * np.eye(k)[labels] + (1 - epsilon) / k"),
    ("half of epsilon", "Your share of each class is right for one number of classes: for which one?",
     "(1 - epsilon) * np.eye(k)[labels] + epsilon / 2"),
    ("classes counted from the labels", "Must every class occur among the labels that you are given?",
     "(1 - epsilon) * np.eye(max(labels) + 1)[labels] + epsilon / (max(labels) + 1)"),
    ("counted from one", "Which number does the first class have?",
     "(1 - epsilon) * np.eye(k)[labels - 1] + epsilon / k"),
    ("integer array", "Which dtype has the array that you fill?",
     "((1 - epsilon) * np.eye(k)[labels] + epsilon / k).astype(int)"),
    ("hard labels", "What has become of epsilon?", "np.eye(k)[labels]"),
    ("classes down, samples across", "Which axis runs over the samples?",
     "((1 - epsilon) * np.eye(k)[labels] + epsilon / k).T"),
):  # fmt: skip
    q.misconception(name, hint, function(CALL, expression))

# --- kl_divergence ---------------------------------------------------------------------------------------------------

q = SET.question("kl_divergence", points=5)
rng = np.random.default_rng(404)
CALL = "kl_divergence(p, q)"


def distributions(n: int, k: int) -> dict:
    """Draw two arrays of n distributions over k classes."""
    return {name: rng.dirichlet(np.ones(k), n) for name in "pq"}


q.case(CALL, p=np.array([[0.5, 0.5]]), q=np.array([[0.25, 0.75]]))
q.case(CALL, p=np.array([[0.7, 0.2, 0.1], [0.05, 0.9, 0.05]]), q=np.array([[0.6, 0.1, 0.3], [0.25, 0.5, 0.25]]),
       mutation="forbidden")  # fmt: skip
q.case(CALL, p=np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]), q=np.array([[0.125, 0.5, 0.375], [0.25, 0.5, 0.25]]),
       mutation="forbidden")  # fmt: skip
q.case(CALL, p=np.array([[0.5, 0.5, 0.0]]), q=np.array([[1.0, 0.0, 0.0]]))
q.case(CALL, p=np.array([[1, 0], [0, 1]]), q=np.array([[1, 0], [0, 1]]), weight=0.5)
q.case(CALL, **distributions(5, 4), layout="strided", mutation="forbidden", hidden=True, about="not contiguous")
q.case(CALL, **distributions(3, 6), layout="read-only", hidden=True, about="not writable")
q.case(CALL, **distributions(1, 3), hidden=True, about="a single row", weight=0.5)
q.case(CALL, p=np.array([[0.0, 0.0, 1.0], [0.5, 0.5, 0.0], [0.25, 0.0, 0.75]]),
       q=np.array([[0.0, 0.5, 0.5], [0.125, 0.875, 0.0], [0.75, 0.0, 0.25]]), mutation="forbidden", hidden=True,
       about="zeros in both at the same place")  # fmt: skip
q.case(CALL, p=np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]]), q=np.array([[0.5, 0.5], [0.0, 1.0], [0.5, 0.5]]),
       hidden=True, about="one of three rows without limit")  # fmt: skip
q.case(CALL, p=np.array([[1, 0, 0], [0, 0, 1]]), q=np.array([[0.5, 0.25, 0.25], [0.5, 0.375, 0.125]]), hidden=True,
       about="whole numbers for p")  # fmt: skip
q.case(CALL, p=np.array([[0.5, 0.5], [0.875, 0.125]]), q=np.array([[1e-12, 1 - 1e-12], [1.0, 1e-300]]), hidden=True,
       about="q close to zero, but not zero")  # fmt: skip
q.case(CALL, p=np.float32([[0.5, 0.25, 0.25]]), q=np.float32([[0.1, 0.3, 0.6]]), hidden=True, rtol=1e-5, atol=1e-6,
       about="single precision", weight=0.5)  # fmt: skip


@q.reference
def kl_divergence(p, q):
    from course_lib.reference.losses import KLDivergence

    return KLDivergence()(p, np.asarray(q, dtype=float))


@q.accepts
def kl_divergence(p, q):
    """Entry by entry."""
    import math

    total = 0.0
    for p_row, q_row in zip(p, q):
        for pi, qi in zip(p_row, q_row):
            if pi > 0:
                total += pi * (math.log(pi) - math.log(qi)) if qi > 0 else math.inf
    return total / len(p)


@q.accepts
def kl_divergence(p, q):
    """Cross-entropy minus entropy, each with harmless ones where p is zero."""
    on = np.asarray(p) > 0
    cross = -np.einsum("ij,ij->i", p, np.log(np.where(on, q, 1.0)))
    entropy = -np.einsum("ij,ij->i", p, np.log(np.where(on, p, 1.0)))
    return np.mean(cross - entropy)


@q.accepts
def kl_divergence(p, q):
    """A sum that takes what is not a number for nothing."""
    return np.nansum(p * np.log(p / q)) / len(p)


@q.accepts
def kl_divergence(p, q):
    """In place, on an array of its own, only where p is not zero."""
    terms = np.zeros(np.shape(p))
    np.divide(p, q, out=terms, where=p != 0)
    np.log(terms, out=terms, where=p != 0)
    terms *= p
    return terms.sum(axis=1).mean()


LOG_P, LOG_Q = (f"np.log(np.where(p > 0, {name}, 1))" for name in "pq")
for name, hint, expression in (
    ("zero times infinity", "What is the limit of the term for a class whose p goes to zero, and what does NumPy say?",
     "np.mean(np.sum(p * np.log(p / q), axis=1))"),
    ("the other direction", "Which of the two distributions weighs the logarithms?",
     "np.sum(np.where(q > 0, q * (np.log(np.where(q > 0, q, 1)) - np.log(np.where(q > 0, p, 1))), 0)) / len(p)"),
    ("kept away from zero", "What should it cost to call something impossible that happens?",
     "np.sum(p * (np.log(np.maximum(p, 1e-7)) - np.log(np.maximum(q, 1e-7)))) / len(p)"),
    ("a small number added", "Is your result exact where nothing is zero?",
     "np.sum(p * np.log((p + 1e-10) / (q + 1e-10))) / len(p)"),
    ("infinite terms dropped", "Your sum leaves out some terms: should it leave out all of them?",
     "np.sum(p * np.log(np.where((p > 0) & (q > 0), p, 1) / np.where((p > 0) & (q > 0), q, 1))) / len(p)"),
    ("infinity replaced", "You replace what is not a number: what else is replaced at the same time?",
     "np.sum(np.nan_to_num(p * np.log(p / q))) / len(p)"),
    ("entropy not taken off", "How large should the divergence of a distribution from itself be?",
     f"-np.sum(p * {LOG_Q}) / len(p)"),
    ("sum over the rows", SAME_TWICE, f"np.sum(p * ({LOG_P} - {LOG_Q}))"),
    ("mean over all entries", "How many distributions are there, and by how many do you divide?",
     f"np.mean(p * ({LOG_P} - {LOG_Q}))"),
    ("negative", "Can a divergence be smaller than zero?", f"np.sum(p * ({LOG_Q} - {LOG_P})) / len(p)"),
    ("in bits", "Which base has the logarithm in the text?", f"np.sum(p * ({LOG_P} - {LOG_Q})) / len(p) / np.log(2)"),
    ("logarithms not weighted", "Does a class that hardly ever occurs count as much as a common one?",
     f"np.sum({LOG_P} - {LOG_Q}) / len(p)"),
    ("both directions averaged", "Is the divergence that is asked for the same in both directions?",
     "np.sum((p - q) * (np.log(np.where(p > 0, p, 1)) - np.log(np.where(p > 0, q, 1)))) / len(p) / 2"),
    ("work in the caller's array", IN_PLACE,
     "np.sum(p * (np.log(np.where(p > 0, p, 1)) - np.log(np.add(q, p == 0, out=q, casting='unsafe')))) / len(p)"),
):  # fmt: skip
    q.misconception(name, hint, function(CALL, expression))

# --- categorical_hinge -----------------------------------------------------------------------------------------------

q = SET.question("categorical_hinge", points=3)
rng = np.random.default_rng(405)
CALL = "categorical_hinge(y, a)"


def scores(n: int, k: int, lift: float = 0.0) -> dict:
    """Draw one-hot targets and scores around `lift`."""
    return {"y": np.eye(k)[rng.integers(0, k, n)], "a": (lift + rng.normal(size=(n, k))).round(2)}


q.case(CALL, y=np.array([[0, 1, 0]]), a=np.array([[0.5, 1.0, -2.0]]))
q.case(CALL, y=np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), a=np.array([[1.2, 0.9, 0.5], [2.5, -0.25, 1.0]]),
       mutation="forbidden")  # fmt: skip
q.case(CALL, y=np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]), a=np.array([[1, 2, 3], [5, 2, 1], [0, 4, 4]]))
q.case(CALL, y=np.array([[1.0, 0.0, 0.0]]), a=np.array([[0.5, -2.0, -3.0]]))
q.case(CALL, **scores(6, 4), layout="strided", mutation="forbidden", hidden=True, about="not contiguous")
q.case(CALL, **scores(4, 5, lift=3.0), layout="read-only", hidden=True, about="positive scores, not writable")
q.case(CALL, **scores(3, 3, lift=-4.0), hidden=True, about="negative scores")
q.case(CALL, y=np.eye(4, dtype=int)[[3, 0, 1]], a=rng.integers(-5, 6, (3, 4)), hidden=True, about="whole numbers")
q.case(CALL, y=np.eye(3), a=10 * np.eye(3) - 2, hidden=True, about="every margin wide enough")
q.case(CALL, y=np.eye(3)[[0, 1, 2, 0]], a=np.array([[7.5, -1, 0.5], [0.25, 3, -2], [1.5, 2.25, -0.5], [6, 5.75, 1]]),
       hidden=True, about="some margins wide enough, others not")  # fmt: skip
q.case(CALL, y=np.array([[0.0, 1.0]]), a=np.array([[3.25, -1.5]]), hidden=True, about="a single row", weight=0.5)
q.case(CALL, y=np.eye(3, dtype=np.float32), a=np.float32([[0.1, 0.7, -1.2], [2.3, 1.9, 0.4], [0.6, 0.8, 0.3]]),
       hidden=True, about="single precision", rtol=1e-5, weight=0.5)  # fmt: skip


@q.reference
def categorical_hinge(y, a):
    from course_lib.reference.losses import CategoricalHinge

    return CategoricalHinge()(y, np.asarray(a, dtype=float))


@q.accepts
def categorical_hinge(y, a):
    """Row by row, label by label."""
    total = 0.0
    for target, row in zip(y, a):
        true = int(np.argmax(target))
        rival = max(0 if i == true else score for i, score in enumerate(row))
        total += max(0.0, rival - row[true] + 1)
    return total / len(y)


@q.accepts
def categorical_hinge(y, a):
    """The true scores by einsum, the others in place on an array of its own."""
    others = np.array(a, dtype=float)
    others[np.asarray(y) == 1] = 0
    gap = 1 + others.max(axis=1) - np.einsum("ij,ij->i", y, a)
    return np.clip(gap, 0, None).mean()


TRUE = "np.sum(y * a, axis=1)"
RIVAL = "np.max((1 - y) * a, axis=1)"
for name, hint, expression in (
    ("the zero of the true class forgotten", "What takes part in the maximum at the place of the true class?",
     f"np.mean(np.maximum(0, np.max(np.where(y == 1, -np.inf, a), axis=1) - {TRUE} + 1))"),
    ("the true class as its own rival", "Can a score be ahead of itself?",
     f"np.mean(np.maximum(0, np.max(a, axis=1) - {TRUE} + 1))"),
    ("no margin", "Is it enough to be right, or should it be right by far?",
     f"np.mean(np.maximum(0, {RIVAL} - {TRUE}))"),
    ("never cut off", "What should a row cost that is right by more than the margin?",
     f"np.mean({RIVAL} - {TRUE} + 1)"),
    ("all rivals summed", "With how many of the wrong classes is the true one compared?",
     "np.mean(np.sum((1 - y) * np.maximum(0, a - np.sum(y * a, axis=1, keepdims=True) + 1), axis=1))"),
    ("sum of the wrong scores", "Do you compare with the best of the wrong classes, or with all of them together?",
     f"np.mean(np.maximum(0, np.sum((1 - y) * a, axis=1) - {TRUE} + 1))"),
    ("sum over the rows", SAME_TWICE, f"np.sum(np.maximum(0, {RIVAL} - {TRUE} + 1))"),
    ("mean over all entries", "How many samples are there, and by how many do you divide?",
     f"np.sum(np.maximum(0, {RIVAL} - {TRUE} + 1)) / np.size(a)"),
    ("one rival for the whole batch", "Whose scores take part in the maximum of a row?",
     f"np.mean(np.maximum(0, np.max((1 - y) * a) - {TRUE} + 1))"),
    ("the true class beaten on purpose", "Who should be ahead, the true class or its rival?",
     f"np.mean(np.maximum(0, {TRUE} - {RIVAL} + 1))"),
    ("hinge entry by entry", "Does each class have a margin of its own here, or is there one margin a row?",
     "np.mean(np.maximum(0, 1 - (2 * y - 1) * a))"),
    ("cut off after the mean", "May a row that is right by far make up for one that is wrong?",
     f"np.maximum(0, np.mean({RIVAL} - {TRUE} + 1))"),
    ("work in the caller's array", IN_PLACE,
     f"np.mean(np.maximum(0, 1 - {TRUE} + np.max(np.multiply(a, 1 - y, out=a, casting='unsafe'), axis=1)))"),
):  # fmt: skip
    q.misconception(name, hint, function(CALL, expression))

# --- log_sum_exp -----------------------------------------------------------------------------------------------------

q = SET.question("log_sum_exp", points=5)
rng = np.random.default_rng(406)
AXIS = "log_sum_exp(s, axis)"
FAR = np.array([[1e4, 1e4 - 1, 0.0], [-1e4, -1e4 - 2, -1e4], [5.0, 5.0, -300.0]])

q.case("log_sum_exp(s)", s=np.array([1.0, 2.0, 3.0]), mutation="forbidden")
q.case("log_sum_exp(s)", s=np.array([[0, 1, 2], [3, -1, 0]]))
q.case(AXIS, s=np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -2.0]]), axis=0)
q.case("log_sum_exp(s)", s=FAR, warnings="forbidden")
q.case(AXIS, s=rng.normal(size=(2, 3, 4)).round(2), axis=1, layout="strided", mutation="forbidden", hidden=True,
       about="the middle one of three axes, not contiguous")  # fmt: skip
q.case(AXIS, s=rng.integers(-4, 5, (3, 3, 2)), axis=-2, layout="read-only", hidden=True,
       about="axis -2 of whole numbers, not writable")  # fmt: skip
q.case("log_sum_exp(s, axis=0)", s=FAR[:, ::-1].T + 3, warnings="forbidden", mutation="forbidden", hidden=True,
       about="logits far away, along the first axis")  # fmt: skip
q.case("log_sum_exp(s)", s=np.array([[10000, -10000], [-10000, -9999], [-10000, 10000]]), warnings="forbidden",
       hidden=True, about="logits far away, whole numbers")  # fmt: skip
q.case("log_sum_exp(s)", s=np.array([-750.0, -745.5, -760.25]), warnings="forbidden", hidden=True,
       about="all exponentials tiny")  # fmt: skip
q.case("log_sum_exp(s)", s=np.array([[-np.inf, 1.5, -0.5], [2.5, -np.inf, -np.inf]]), hidden=True,
       about="some logits minus infinity", weight=0.5)  # fmt: skip
q.case("log_sum_exp(s)", s=rng.normal(size=(4, 1)), hidden=True, about="a single logit", weight=0.5)
q.case("log_sum_exp(s)", s=np.array([[0.25, -1.5, 2.0]]), hidden=True, about="a single row", weight=0.5)
q.case("log_sum_exp(s)", s=rng.normal(size=(2, 5)).astype(np.float32), hidden=True, about="single precision",
       rtol=1e-5, atol=1e-6, weight=0.5)  # fmt: skip


@q.reference
def log_sum_exp(s, axis=-1):
    from course_lib.reference import losses

    return losses.log_sum_exp(s, axis)


@q.accepts
def log_sum_exp(s, axis=-1):
    """The axis first, one number taken out, one exponential after the other added."""
    s = np.moveaxis(np.asarray(s, dtype=float), axis, 0)
    top, total = s.max(axis=0), np.zeros(s.shape[1:])
    for logits in s:
        total += np.exp(logits - top)
    return top + np.log(total)


@q.accepts
def log_sum_exp(s, axis=-1):
    """Two at a time."""
    return np.logaddexp.reduce(s, axis=axis)


@q.accepts
def log_sum_exp(s, axis=-1):
    """In place, on an array of its own."""
    e = np.array(s, dtype=np.float64)
    top = e.max(axis=axis)
    e -= np.expand_dims(top, axis)
    np.exp(e, out=e)
    total = e.sum(axis=axis)
    np.log(total, out=total) if total.ndim else None
    return (total if total.ndim else np.log(total)) + top


def log_sum_exp_as(
    shift: str = "np.max(s, axis=axis, keepdims=True)",
    result: str = "np.log(np.sum(np.exp(s - shift), axis=axis)) + np.squeeze(shift, axis)",
    start: str = "shift",
) -> str:
    """Return the source of an answer, right unless a part of it is given."""
    return f"def log_sum_exp(s, axis=-1):\n    {start} = {shift}\n    return {result}\n"


for name, hint, source in (
    ("overflow", "What is the exponential of a thousand, and does your formula ask for it?",
     log_sum_exp_as(result="np.log(np.sum(np.exp(s), axis=axis))")),
    ("one maximum for all slices", "A row far below the others: what is left of its exponentials?",
     log_sum_exp_as("np.max(s)", "np.log(np.sum(np.exp(s - shift), axis=axis)) + shift")),
    ("maximum not put back", "You have moved all logits down: does the result know?",
     log_sum_exp_as(result="np.log(np.sum(np.exp(s - shift), axis=axis))")),
    ("maximum put back with the wrong sign", "If all logits rise by one, how should the result move?",
     log_sum_exp_as(result="np.log(np.sum(np.exp(s - shift), axis=axis)) - np.squeeze(shift, axis)")),
    ("maximum laid along the wrong axis", "Print the shapes of the logits and of what you take from them: do they fit?",
     log_sum_exp_as("np.max(s, axis=axis)", "np.log(np.sum(np.exp(s - shift), axis=axis)) + shift")),
    ("the argument axis is not used", "Call your function on a matrix, once for each axis: does it notice?",
     log_sum_exp_as("np.max(s, axis=-1)", "np.log(np.sum(np.exp(s - shift[..., None]), axis=-1)) + shift")),
    ("sum over everything", "How many numbers should come out for a matrix?",
     log_sum_exp_as("np.max(s)", "np.log(np.sum(np.exp(s - shift))) + shift")),
    ("axis kept", "The result should have one axis less than the logits: does it?",
     log_sum_exp_as(result="np.log(np.sum(np.exp(s - shift), axis=axis, keepdims=True)) + shift")),
    ("the plain maximum", "If two logits are equal, how far is the result above them?",
     log_sum_exp_as(result="np.squeeze(shift, axis) * 1.0")),
    ("softmax", "Should the result be a distribution, or one number a slice?",
     log_sum_exp_as(result="np.exp(s - shift) / np.sum(np.exp(s - shift), axis=axis, keepdims=True)")),
    ("logarithm of the mean", "What do three equal logits give, and what do three hundred?",
     log_sum_exp_as(result="np.log(np.mean(np.exp(s - shift), axis=axis)) + np.squeeze(shift, axis)")),
    ("clipped", "Do logits that differ give results that differ, however large they are?",
     log_sum_exp_as(result="np.log(np.sum(np.exp(np.clip(s, -700, 700)), axis=axis))")),
    ("shifted by the mean", "Is the number that you take out always at least as large as every logit?",
     log_sum_exp_as("np.mean(s, axis=axis, keepdims=True)")),
    ("shifted by the largest size", "Is the number that you take out one of the logits, if all of them are negative?",
     log_sum_exp_as("np.max(np.abs(s), axis=axis, keepdims=True)")),
    ("infinity repaired afterwards", "Is what you put in place of infinity the right number, or only a finite one?",
     log_sum_exp_as(result="np.nan_to_num(np.log(np.sum(np.exp(s), axis=axis)))")),
    ("work in the caller's array", IN_PLACE,
     log_sum_exp_as(result="np.squeeze(shift, axis) + "
                    "np.log(np.sum(np.exp(np.subtract(s, shift, out=s)), axis=axis))")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- bce_with_logits, bce_with_logits_gradient -----------------------------------------------------------------------

q = SET.question("bce_with_logits", points=5, names=("bce_with_logits", "bce_with_logits_gradient"))
rng = np.random.default_rng(407)

for name, of in (("bce_with_logits", "the loss"), ("bce_with_logits_gradient", "the gradient")):
    call = f"{name}(s, y)"
    q.case(call, s=np.array([0.0, 2.0, -1.0]), y=np.array([1.0, 0.0, 1.0]), mutation="forbidden")
    q.case(call, s=np.array([[0.5, -1.5, 1.0], [3.0, 0.0, -2.0]]), y=np.array([[0.25, 0.0, 1.0], [0.9, 0.7, 0.4]]))
    q.case(call, s=np.array([[3, -2], [0, 5], [-4, 1]]), y=np.array([[1, 0], [0, 1], [1, 0]]))
    q.case(call, s=np.array([1e4, -1e4, 50.0, -800.0]), y=np.array([0.0, 1.0, 0.0, 0.0]))
    q.case(call, s=rng.normal(scale=2, size=(2, 3, 2)).round(2), y=rng.uniform(size=(2, 3, 2)).round(2),
           layout="strided", mutation="forbidden", hidden=True,
           about=f"{of} in three dimensions, not contiguous")  # fmt: skip
    q.case(call, s=rng.integers(-6, 7, (4, 2)), y=rng.integers(0, 2, (4, 2)), layout="read-only", hidden=True,
           about=f"{of} at whole numbers, not writable")  # fmt: skip
    q.case(call, s=np.array([[-1e4, 1e4], [9000.5, -1e4]]), y=np.array([[0.0, 1.0], [0.25, 0.625]]),
           hidden=True, about=f"{of} at logits far away, soft labels")  # fmt: skip
    q.case(call, s=np.array([10000, -750, 38, -10000]), y=np.array([1, 0, 0, 1]), hidden=True,
           about=f"{of} at large whole numbers")  # fmt: skip
    q.case(call, s=np.array([17.75, -20.25, 13.5, -12.0]), y=np.array([1.0, 0.0, 1.0, 0.0]), hidden=True,
           about=f"{of} at logits neither small nor large")  # fmt: skip
    q.case(call, s=np.array([[-1.25]]), y=np.array([[0.75]]), hidden=True, about=f"{of} of a single logit", weight=0.5)
    q.case(call, s=rng.normal(size=5).astype(np.float32), y=np.float32([0, 1, 1, 0, 1]), hidden=True, rtol=1e-5,
           atol=1e-6, about=f"{of} in single precision", weight=0.5)  # fmt: skip


def bce_as(
    value: str = "np.mean(np.maximum(s, 0) - y * s + np.log1p(np.exp(-np.abs(s))))",
    slope: str = "(sigma - y) / np.size(s)",
    sigma: str = "0.5 + 0.5 * np.tanh(s / 2)",
    arguments: str = "s, y",
) -> str:
    """Return the source of both functions, right unless a part is given; both parts may use the sigmoid `sigma`."""
    parts = {"bce_with_logits": value, "bce_with_logits_gradient": slope}
    return "\n".join(
        f"def {name}({arguments}):\n    sigma = {sigma}\n    return {part}\n" for name, part in parts.items()
    )


q.reference("""
    from course_lib.reference.losses import BinaryCrossentropy

    def bce_with_logits(s, y):
        return BinaryCrossentropy(from_logits=True)(y, s)

    def bce_with_logits_gradient(s, y):
        return BinaryCrossentropy(from_logits=True).gradient(y, s)
    """)
q.accepts("""
    def bce_with_logits(s, y):
        '''By max*.'''
        return np.mean(np.logaddexp(0, s) - y * s)

    def bce_with_logits_gradient(s, y):
        return (np.exp(-np.logaddexp(0, np.negative(s))) - y) / np.size(y)
    """)
q.accepts("""
    def bce_with_logits(s, y):
        '''The two surprises, weighted; each exponent is never positive.'''
        rest = np.log(1 + np.exp(-np.abs(s)))
        return np.mean(y * (np.maximum(np.negative(s), 0) + rest) + (1 - y) * (np.maximum(s, 0) + rest))

    def bce_with_logits_gradient(s, y):
        e = np.exp(-np.abs(s))
        return (np.where(s >= 0, 1, e) / (1 + e) - y) / np.size(s)
    """)
q.accepts("""
    import math

    def bce_with_logits(s, y):
        '''Number by number.'''
        terms = [max(z, 0.0) - t * z + math.log1p(math.exp(-abs(z))) for z, t in zip(np.ravel(s), np.ravel(y))]
        return sum(terms) / len(terms)

    def bce_with_logits_gradient(s, y):
        '''In place, on an array of its own.'''
        G = np.array(s, dtype=float)
        G /= 2
        np.tanh(G, out=G)
        G += 1
        G /= 2
        G -= y
        G /= G.size
        return G
    """)
for name, hint, source in (
    ("probabilities on the way", "What is left of a probability very close to 0 or 1 once it has been rounded?",
     bce_as("-np.mean(y * np.log(sigma) + (1 - y) * np.log(1 - sigma))", sigma="1 / (1 + np.exp(-s))")),
    ("clipped", "Beyond which logit does your loss stop growing, and should it?",
     bce_as("-np.mean(y * np.log(np.clip(sigma, 1e-7, 1)) + (1 - y) * np.log(np.clip(1 - sigma, 1e-7, 1)))")),
    ("overflow on one side", "Your formula is safe on one side of zero: what happens on the other?",
     bce_as("np.mean(np.log(1 + np.exp(s)) - y * s)")),
    ("sum instead of mean", SAME_TWICE,
     bce_as("np.sum(np.maximum(s, 0) - y * s + np.log1p(np.exp(-np.abs(s))))", "sigma - y")),
    ("gradient of the sum", "Your loss is a mean: how much does it move when a single logit moves?",
     bce_as(slope="sigma - y")),
    ("divided by the rows", HALF,
     bce_as("np.sum(np.maximum(s, 0) - y * s + np.log1p(np.exp(-np.abs(s)))) / len(s)", "(sigma - y) / len(s)")),
    ("arguments swapped", "Which of the two arguments comes first here?", bce_as(arguments="y, s")),
    ("soft labels rounded", "Can a target lie between no and yes, and does your code allow it?",
     bce_as("np.mean(np.maximum(s, 0) - (y > 0.5) * s + np.log1p(np.exp(-np.abs(s))))",
            "(sigma - (y > 0.5)) / np.size(s)")),
    ("formula for hard labels", "For which targets is the short formula with plus and minus one true?",
     bce_as("np.mean(np.logaddexp(0, -(2 * y - 1) * s))",
            "(1 - 2 * y) * (0.5 + 0.5 * np.tanh((1 - 2 * y) * s / 2)) / s.size")),
    ("the opposite label", "Is your loss small when a large positive logit meets the label 1?",
     bce_as("np.mean(np.logaddexp(0, -(1 - 2 * y) * s))", "(sigma - (1 - y)) / np.size(s)")),
    ("output in place of the target", "Which of the two weighs the second logarithm, target or output?",
     bce_as("np.mean(y * np.logaddexp(0, -s) + (1 - sigma) * np.logaddexp(0, s))")),
    ("logits taken for probabilities", "May a logit be larger than one, and what do you do with it then?",
     bce_as("-np.mean(y * np.log(np.clip(s, 1e-7, 1)) + (1 - y) * np.log(np.clip(1 - s, 1e-7, 1)))",
            "(s - y) / np.size(s)")),
    ("only for a yes", "What does your loss say when the label is 0?", bce_as("np.mean(y * np.logaddexp(0, -s))")),
    ("target minus output", "If the logit is too large, should your gradient be positive or negative?",
     bce_as(slope="(y - sigma) / np.size(s)")),
    ("slope of the sigmoid once more", "By which variable do you differentiate, and what cancels on the way there?",
     bce_as(slope="(sigma - y) * sigma * (1 - sigma) / np.size(s)")),
    ("two factors, one of them infinite", "Is zero times infinity the number that you want?",
     bce_as(slope="(sigma - y) / (sigma * (1 - sigma)) * (sigma * (1 - sigma)) / np.size(s)")),
    ("gradient by the probability", "By which variable do you differentiate, by the logit or by the output?",
     bce_as(slope="(sigma - y) * (np.exp(s / 2) + np.exp(-s / 2)) ** 2 / np.size(s)")),
    ("work in the caller's array", IN_PLACE,
     bce_as("np.mean(np.maximum(s, 0) - y * s) + np.mean(np.log1p(np.exp(-np.abs(s, out=s))))")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- softmax_cross_entropy -------------------------------------------------------------------------------------------

q = SET.question("softmax_cross_entropy", points=7, prelude=PRELUDE + log_sum_exp_as())  # students may use theirs
rng = np.random.default_rng(408)
MIXED = np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -9998.0], [0.0, 9.0, 8.0]])

q.case("softmax_cross_entropy(logits, labels)", logits=np.array([[0.0, 1.0, -1.0]]), labels=np.array([2]), weight=0.5)
for part, of in enumerate(("the loss", "the gradient")):
    call = f"softmax_cross_entropy(logits, labels)[{part}]"
    q.case(call, logits=np.array([[1.0, 2.0, 0.5, -1.0], [0.0, -0.5, 1.5, 3.0]]), labels=np.array([1, 2]),
           mutation="forbidden")  # fmt: skip
    q.case(call, logits=np.array([[0.5, -1.0, 2.0], [1.0, 0.0, -2.0]]), mutation="forbidden",
           labels=np.array([[0.25, 0.0, 0.75], [0.5, 0.3, 0.2]]))  # fmt: skip
    q.case(call, logits=np.array([[0, 2, -1], [3, 1, 1], [0, 0, 4]]), labels=np.array([2, 0, 1]))
    q.case(call, logits=MIXED, labels=np.array([1, 1, 0]), warnings="forbidden")
    q.case(call, logits=rng.normal(scale=2, size=(6, 4)).round(2), labels=rng.integers(0, 4, 6), layout="strided",
           mutation="forbidden", hidden=True, about=f"{of}, not contiguous")  # fmt: skip
    q.case(call, logits=rng.normal(size=(3, 3)).round(2), labels=rng.dirichlet(np.ones(3), 3), layout="read-only",
           hidden=True, about=f"{of}, soft labels, as many samples as classes, not writable")  # fmt: skip
    q.case(call, logits=rng.integers(-5, 6, (4, 3)), labels=np.eye(3, dtype=int)[rng.integers(0, 3, 4)],
           layout="strided", hidden=True, about=f"{of}, rows of zeros and ones")  # fmt: skip
    q.case(call, logits=MIXED[:, ::-1] + 1, labels=np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.125, 0.0, 0.875]]),
           warnings="forbidden", hidden=True, about=f"{of}, logits far away, soft labels")  # fmt: skip
    q.case(call, logits=np.array([[10000, -10000], [-10000, 10000], [9999, 10000]]), labels=np.array([1, 1, 0]),
           warnings="forbidden", hidden=True, about=f"{of}, large whole numbers")  # fmt: skip
    q.case(call, logits=rng.normal(size=(5, 6)).round(2), labels=np.array([0, 3, 1, 1, 2], dtype=np.uint8), hidden=True,
           about=f"{of}, labels of one byte, classes that do not occur")  # fmt: skip
    q.case(call, logits=rng.normal(size=(1, 5)), labels=np.array([4]), hidden=True, about=f"{of}, a single sample",
           weight=0.5)  # fmt: skip
    q.case(call, logits=rng.normal(size=(3, 4)).astype(np.float32), labels=np.array([3, 0, 0]), hidden=True, rtol=1e-5,
           atol=1e-6, about=f"{of} in single precision", weight=0.5)  # fmt: skip


@q.reference
def softmax_cross_entropy(logits, labels):
    from course_lib.reference.losses import CategoricalCrossentropy, SparseCategoricalCrossentropy

    kind = SparseCategoricalCrossentropy if np.ndim(labels) == 1 else CategoricalCrossentropy
    loss = kind(from_logits=True)
    return loss(labels, logits), loss.gradient(labels, logits)


@q.accepts
def softmax_cross_entropy(logits, labels):
    """Labels turned into rows by comparison; the loss by log-sum-exp."""
    n, k = np.shape(logits)
    Y = labels if np.ndim(labels) == 2 else np.asarray(labels).reshape(n, 1) == np.arange(k)
    K = np.logaddexp.reduce(logits, axis=1)
    loss = np.mean(K - np.einsum("ij,ij->i", np.multiply(Y, 1.0), logits))
    return loss, (np.exp(logits - K[:, None]) - Y) / n


@q.accepts
def softmax_cross_entropy(logits, labels):
    """Sample by sample."""
    n, k = logits.shape
    total, gradient = 0.0, []
    for row, label in zip(logits, labels):
        target = label if labels.ndim == 2 else np.eye(k)[label]
        top = max(row)
        e = [np.exp(s - top) for s in row]
        total += sum(t * (np.log(sum(e)) + top - s) for t, s in zip(target, row))
        gradient.append([(part / sum(e) - t) / n for t, part in zip(target, e)])
    return total / n, gradient


@q.accepts
def softmax_cross_entropy(logits, labels):
    """In place, on an array of its own; hard labels as indices."""
    a = np.array(logits, dtype=np.float64)
    n, rows = len(a), np.arange(len(a))
    a -= a.max(axis=1, keepdims=True)
    if labels.ndim == 1:
        chosen = a[rows, labels]
    else:
        chosen = np.sum(a * labels, axis=1)
    np.exp(a, out=a)
    total = a.sum(axis=1)
    a /= total[:, np.newaxis]
    if labels.ndim == 1:
        a[rows, labels] -= 1
    else:
        a -= labels
    a /= n
    return [(np.log(total) - chosen).sum() / n, a]


def entropy_as(
    Y: str = "np.eye(k)[labels] if labels.ndim == 1 else labels",
    shift: str = "s - s.max(axis=1, keepdims=True)",
    norm: str = "np.exp(z).sum(axis=1, keepdims=True)",
    loss: str = "np.sum(Y * (np.log(norm) - z)) / n",
    gradient: str = "(a - Y) / n",
    result: str = "loss, gradient",
    logits: str = "logits",
) -> str:
    """Return the source of an answer, right unless a part of it is given."""
    return f"""
def softmax_cross_entropy(logits, labels):
    s, (n, k) = {logits}, logits.shape
    Y = {Y}
    z = {shift}
    norm = {norm}
    a = np.exp(z) / norm
    loss = {loss}
    gradient = {gradient}
    return {result}
"""


PICKED = "-np.log(a[np.arange(n), labels]) if labels.ndim == 1 else -np.sum(Y * np.log(a), axis=1)"
for name, hint, source in (
    ("overflow", "What is the exponential of a thousand, and does your code ask for it?", entropy_as(shift="s * 1.0")),
    ("one maximum for all rows", "A row far below the others: what is left of its exponentials?",
     entropy_as(shift="s - s.max()")),
    ("logarithm of a rounded zero", "The softmax may round a probability to zero: can the logarithm bring it back?",
     entropy_as(loss=f"np.mean({PICKED})")),
    ("zero times the logarithm of zero", "What does NumPy make of zero times minus infinity?",
     entropy_as(loss="-np.sum(Y * np.log(a)) / n")),
    ("clipped", "Beyond which logits does your loss stop growing, and should it?",
     entropy_as(loss="-np.sum(Y * np.log(np.maximum(a, 1e-12))) / n")),
    ("gradient of the sum", "Your loss is a mean: how much does it move when a single logit moves?",
     entropy_as(gradient="a - Y")),
    ("sum instead of mean", SAME_TWICE, entropy_as(loss="np.sum(Y * (np.log(norm) - z))", gradient="a - Y")),
    ("mean over all entries", "How many samples are there, and by how many do you divide?",
     entropy_as(loss="np.mean(Y * (np.log(norm) - z))", gradient="(a - Y) / (n * k)")),
    ("target minus output", "The logit of a wrong class should fall: which sign must its gradient have?",
     entropy_as(gradient="(Y - a) / n")),
    ("target forgotten", "What should the gradient be when the output equals the target?",
     entropy_as(gradient="a / n")),
    ("gradient by the probabilities", "By which variable do you differentiate, by the logits or by the outputs?",
     entropy_as(gradient="-Y / np.maximum(a, 1e-300) / n")),
    ("only the true class moves", "The outputs of a row add up to one: can one of them rise alone?",
     entropy_as(gradient="Y * (a - Y) / n")),
    ("softmax down the batch", "Along which axis should the outputs add up to one?",
     entropy_as(shift="s - s.max(axis=0)", norm="np.exp(z).sum(axis=0)")),
    ("softmax applied twice", "How close to zero can your loss come, for logits as large as you like?",
     entropy_as(logits="np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])")),
    ("sigmoids instead", "Do your outputs of a row add up to one?",
     entropy_as(loss="np.sum(np.logaddexp(0, s) - Y * s) / n", gradient="(0.5 + 0.5 * np.tanh(s / 2) - Y) / n")),
    ("soft labels rounded", "Three experts disagree: what becomes of the minority in your code?",
     entropy_as("np.eye(k)[labels if labels.ndim == 1 else labels.argmax(axis=1)]")),
    ("soft labels not provided for", "What does your code do with labels that have two dimensions?",
     entropy_as("np.eye(k)[labels]")),
    ("hard labels not provided for", "What does your code do with labels that have one dimension?",
     entropy_as("labels.reshape(n, k)")),
    ("classes counted from the labels", "Must every class occur among the labels of a batch?",
     entropy_as("np.eye(max(labels) + 1)[labels] if labels.ndim == 1 else labels")),
    ("counted from one", "Which number does the first class have?",
     entropy_as("np.eye(k)[labels - 1] if labels.ndim == 1 else labels")),
    ("the true logit not subtracted", "What should the loss be when the network is right and very sure?",
     entropy_as(loss="np.mean(np.log(norm) + s.max(axis=1, keepdims=True))")),
    ("loss alone", "How many results are asked for?", entropy_as(result="loss")),
    ("swapped results", "In which order are the two results asked for?", entropy_as(result="gradient, loss")),
    ("work in the caller's array", IN_PLACE,
     entropy_as(shift="np.subtract(s, s.max(axis=1, keepdims=True), out=s)")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- in words --------------------------------------------------------------------------------------------------------

SET.written(
    "two_factors",
    points=4,
    rubric=(
        (1, "Where the NaN comes from: for some sample the logits lie so far apart that the softmax rounds the true "
            "class's probability to 0 (or its reciprocal overflows); 1/0 is infinite, and infinity times 0, the "
            "softmax's own slope, is not a number."),
        (1, "How it spreads: the gradient of each weight sums over the batch, so one sample of one step is enough to "
            "make every weight NaN, and nothing recovers from it."),
        (1, "Why the clip is no cure: the number is saved, but where the clip acts the loss is constant and its "
            "gradient 0; the samples that are most wrong teach nothing, and their loss is reported too low."),
        (1, "Why the third program works: the reciprocal cancels on paper and leaves output minus target, between -1 "
            "and 1 for any logits; the loss comes from log-sum-exp, the largest logit taken out, without overflow."),
    ),
    model_answer=(
        "The first three steps are far too long for pixels up to 16, so in the fourth one some sample has logits "
        "about a hundred apart and its true class is the one far below. In single precision the softmax rounds its "
        "probability to 0 (or to a number so small that the reciprocal overflows). The slope of the loss by the "
        "probability is then minus infinity, and backpropagation multiplies it by the softmax's own slope, which has "
        "the same probability as a factor and is 0. Zero times infinity is not a number. The gradient of a weight is "
        "a sum over the batch, so this one sample makes all of it NaN, the update carries it into all weights, and "
        "from then on every output is NaN. The clip keeps reciprocal and logarithm finite, but beyond it the loss no "
        "longer changes with the logits: its slope there is 0. More than a thousand of the 1797 images end up in that "
        "place. They are the ones that the network gets most wrong, they no longer teach it anything, and each of "
        "them reports a loss of 16.1 however large it really is. In the third program logarithm and exponential "
        "cancel on paper, before any number is rounded. The loss is log-sum-exp minus the true logit; with the "
        "largest logit taken out no exponential exceeds 1. The gradient is output minus target. It lies between -1 "
        "and 1, and for exactly the samples that were clipped it is close to -1 at the true class: they pull hardest, "
        "and the run recovers from its wild start."
    ),
)  # fmt: skip
