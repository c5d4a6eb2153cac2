"""Problem set 06: what is asked, what is right, what goes wrong, and what is said about it.

Each block is one question: its cases (hidden ones draw from a seed of their own), the reference answer, other right
answers, and the mistakes that students really make. A mistake is the right answer with one part put wrong, so each
question has a function that writes its source from parts. Dropout draws at random: its cases compare what is certain,
such as the numbers that stand in a mask, or a share of many draws, with a tolerance at least six of its standard
deviations wide on either side, so that all cases together fail a right answer with a probability below 1e-6. The tests
measure it.
"""

import numpy as np

from autograder.questions import ProblemSet

SET = ProblemSet(
    "06_regularization",
    title="Regularization",
    minutes=110,
    objectives=(
        "charge weights for their size, and give each penalty its gradient",
        "find the exact zeros of L1 with a soft threshold",
        "leave out units at random, forward and backward, without changing what is expected",
        "stop training early by a rule that leaves nothing open",
        "normalize a batch, differentiate through its mean and its variance, and keep running averages of both",
        "explain what goes wrong when a network predicts in the mode that is meant for training",
    ),
)
IN_PLACE = "Whose array do you write into, and may you?"
INTEGERS = "Which dtype has the array that you fill, when the weights are whole numbers?"
SCALAR = "Can an array of weights answer a question with one yes or no?"
RNG = "np.random.default_rng(seed)"


def function(signature: str, expression: str, *before: str) -> str:
    """Return the source of a function: some lines, and the expression that it returns."""
    return f"def {signature}:\n" + "".join(f"    {line}\n" for line in (*before, f"return {expression}"))


# --- l2_penalty, l2_gradient -----------------------------------------------------------------------------------------

q = SET.question("l2_penalty", points=5, names=("l2_penalty", "l2_gradient"))
rng = np.random.default_rng(601)

for name, of in (("l2_penalty", "the penalty"), ("l2_gradient", "the gradient")):
    call = f"{name}(weights, lam)"
    q.case(call, weights=[np.array([[1.5, 0.0], [-2.0, 0.5]]), np.array([1.0, -3.0])], lam=0.25, mutation="forbidden")
    q.case(call, weights=[np.array([[1, 2, 0], [-3, 1, 2]]), np.array([4, 1, -1]), np.array([[2], [5], [3]])], lam=0.1)
    q.case(call, weights=[np.array([2.0, -0.5])], lam=3, weight=0.5)
    q.case(call, weights=[rng.normal(size=(4, 3)).round(2), rng.normal(size=3).round(2), rng.normal(size=(3, 2))],
           lam=0.02, layout="strided", mutation="forbidden", hidden=True,
           about=f"{of} of arrays that are not contiguous")  # fmt: skip
    q.case(call, weights=[rng.integers(-9, 9, (2, 2)), rng.integers(-9, 9, 5)], lam=0.3, layout="read-only",
           hidden=True, about=f"{of} at whole numbers, not writable")  # fmt: skip
    q.case(call, weights=[rng.normal(size=(2, 3, 2)), np.array([1.75])], lam=1.5, hidden=True, weight=0.5,
           about=f"{of} of arrays of three dimensions and of a single number")  # fmt: skip
    q.case(call, weights=[np.zeros((2, 2)), np.array([-0.5, 0.0])], lam=4.0, hidden=True, weight=0.5,
           about=f"{of} with many zeros")  # fmt: skip
    q.case(call, weights=[rng.normal(size=(2, 2)), rng.normal(size=2)], lam=0.0, hidden=True, weight=0.5,
           about=f"{of} without a price")  # fmt: skip
    q.case(call, weights=[np.float32([[0.7, -1.3]]), np.float32([2.6])], lam=0.75, hidden=True, rtol=1e-5, weight=0.5,
           about=f"{of} in single precision")  # fmt: skip


def l2_as(value: str = "lam * sum((w**2).sum() for w in weights)", slope: str = "2 * lam * w", slopes: str = "") -> str:
    """Return the source of both functions, right unless an expression is given; `slope` is one array's."""
    slopes = slopes or f"[{slope} for w in weights]"
    return function("l2_penalty(weights, lam)", value) + function("l2_gradient(weights, lam)", slopes)


q.reference("""
    from course_lib.reference.regularizers import L2

    def l2_penalty(weights, lam):
        return sum(L2(lam)(w) for w in weights)

    def l2_gradient(weights, lam):
        return [L2(lam).gradient(w) for w in weights]
    """)
q.accepts("""
    def l2_penalty(weights, lam):
        '''Number by number.'''
        total = 0.0
        for array in weights:
            for number in array.flat:
                total += float(number) ** 2
        return lam * total

    def l2_gradient(weights, lam):
        slopes = []
        for array in weights:
            slopes.append(lam * (array + array))
        return tuple(slopes)
    """)
q.accepts("""
    def l2_penalty(weights, lam):
        '''The squared norm of one long vector.'''
        flat = np.concatenate([np.ravel(w) for w in weights]).astype(float)
        return lam * flat @ flat

    def l2_gradient(weights, lam):
        return list(map(lambda w: np.multiply(w, 2 * lam, dtype=float), weights))
    """)
q.accepts("""
    def l2_penalty(weights, lam):
        '''In place, on arrays of its own.'''
        squares = [np.array(w, dtype=float) for w in weights]
        for s in squares:
            s *= s
        return lam * np.sum([s.sum() for s in squares])

    def l2_gradient(weights, lam):
        slopes = [np.array(w, dtype=float) for w in weights]
        for s in slopes:
            s *= lam
            s *= 2
        return slopes
    """)
for name, hint, source in (
    ("half the penalty", "Which definition is yours, the one in the text or the one of another library?",
     l2_as("lam / 2 * sum((w**2).sum() for w in weights)", "lam * w")),
    ("gradient without its two", "Does your gradient belong to your penalty, or to half of it?",
     l2_as(slope="lam * w")),
    ("mean instead of sum", "Should a layer with ten times as many weights of the same size cost more?",
     l2_as("lam * sum((w**2).mean() for w in weights)", "2 * lam * w / np.size(w)")),
    ("length not squared", "What should become of the penalty when all weights are doubled?",
     l2_as("lam * np.sqrt(sum((w**2).sum() for w in weights))",
           "lam * w / np.sqrt(sum((w**2).sum() for w in weights))")),
    ("lengths of the arrays added", "Does it matter to the penalty how the weights are divided into arrays?",
     l2_as("lam * sum(np.sqrt((w**2).sum()) for w in weights)")),
    ("square of the sum", "Can a weight of 3 and one of -3 make up for each other?",
     l2_as("lam * sum(w.sum() for w in weights) ** 2")),
    ("L1 for L2", "Which of the two penalties takes absolute values?",
     l2_as("lam * sum(np.abs(w).sum() for w in weights)", "lam * np.sign(w)")),
    ("last array only", "What becomes of the sum when the next array comes?",
     l2_as("lam * (weights[-1] ** 2).sum()")),
    ("first array only", "How many arrays are in the list?",
     l2_as("lam * (weights[0] ** 2).sum()", slopes="[2 * lam * weights[0]]")),
    ("only matrices charged", "Does the function know which arrays are biases, and is it asked to?",
     l2_as("lam * sum((w**2).sum() for w in weights if np.ndim(w) > 1)",
           "(2 * lam * w if np.ndim(w) > 1 else np.zeros(np.shape(w)))")),
    ("strength squared", "What should become of the penalty when its strength is doubled?",
     l2_as("sum(((lam * w) ** 2).sum() for w in weights)", "2 * lam**2 * w")),
    ("weights after a step", "Is the gradient asked for, or where it leads?", l2_as(slope="w - 2 * lam * w")),
    ("gradient with the wrong sign", "In which direction does the penalty grow?", l2_as(slope="-2 * lam * w")),
    ("one flat gradient", "Which shape must a gradient have, to be subtracted from its weights?",
     l2_as(slopes="2 * lam * np.concatenate([np.ravel(w) for w in weights])")),
    ("penalty of each array", "How many numbers is the penalty?", l2_as("[lam * (w**2).sum() for w in weights]")),
    ("integer array", INTEGERS, l2_as(slope="(2 * lam * w).astype(np.asarray(w).dtype)")),
    ("work in the caller's array", IN_PLACE,
     l2_as(slope="np.multiply(w, 2 * lam, out=w, casting='unsafe')")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- elastic_net_gradient --------------------------------------------------------------------------------------------

q = SET.question("elastic_net_gradient", points=4)
rng = np.random.default_rng(602)
CALL = "elastic_net_gradient(w, l1, l2)"

q.case(CALL, w=np.array([2.0, -0.5, 1.5]), l1=0.5, l2=0.25, mutation="forbidden")
q.case(CALL, w=np.array([[3, 0], [-2, 5]]), l1=0.75, l2=0.1)
q.case(CALL, w=np.array([0.0, -4.0, 0.0]), l1=2, l2=1, warnings="forbidden")
q.case(CALL, w=rng.normal(size=(2, 3, 2)).round(2), l1=0.3, l2=0.7, layout="strided", mutation="forbidden", hidden=True,
       about="three dimensions, not contiguous")  # fmt: skip
q.case(CALL, w=rng.integers(-5, 6, (3, 4)), l1=0.2, l2=0.45, layout="read-only", hidden=True,
       about="whole numbers, not writable")  # fmt: skip
q.case(CALL, w=np.zeros((2, 2)), l1=1.25, l2=3.0, hidden=True, warnings="forbidden", about="nothing but zeros")
q.case(CALL, w=np.array([1e-9, -1e-12, 1e-5]), l1=0.4, l2=0.4, hidden=True, about="tiny weights")
q.case(CALL, w=rng.normal(size=6), l1=0.9, l2=0.0, hidden=True, weight=0.5, about="only L1")
q.case(CALL, w=rng.normal(size=(2, 3)), l1=0.0, l2=0.9, hidden=True, weight=0.5, about="only L2")
q.case(CALL, w=np.array([-1.5]), l1=0.3, l2=0.1, hidden=True, weight=0.5, about="a single weight")
q.case(CALL, w=np.float32([0.7, 0.0, -1.3]), l1=0.35, l2=0.15, hidden=True, rtol=1e-5, weight=0.5,
       about="single precision")  # fmt: skip


@q.reference
def elastic_net_gradient(w, l1, l2):
    from course_lib.reference.regularizers import ElasticNet

    return ElasticNet(l1, l2).gradient(w)


@q.accepts
def elastic_net_gradient(w, l1, l2):
    """By cases."""
    w = np.asarray(w, dtype=float)
    return np.where(w > 0, l1, np.where(w < 0, -l1, 0)) + w * l2 * 2


@q.accepts
def elastic_net_gradient(w, l1, l2):
    """Entry by entry."""
    slopes = []
    for number in np.ravel(w):
        sign = 0 if number == 0 else number / abs(number)
        slopes.append(l1 * sign + 2 * l2 * number)
    return np.reshape(slopes, np.shape(w))


@q.accepts
def elastic_net_gradient(w, l1, l2):
    """In place, on an array of its own."""
    total = np.array(w, dtype=float)
    total *= 2 * l2
    total += l1 * ((w > 0).astype(float) - (w < 0))
    return total


for name, hint, expression in (
    ("L2 without its two", "What is the derivative of a square?", "l1 * np.sign(w) + l2 * w"),
    ("two on both", "Which of the two terms has a square in it?", "2 * (l1 * np.sign(w) + l2 * w)"),
    ("zero counted as positive", "In which direction should a weight be pulled that is zero already?",
     "l1 * np.where(w >= 0, 1, -1) + 2 * l2 * w"),
    ("zero counted as negative", "What is the slope at zero by the convention in the text?",
     "l1 * np.where(w > 0, 1, -1) + 2 * l2 * w"),
    ("zero divided by zero", "What does your way to the sign make of a weight that is zero?",
     "l1 * w / np.abs(w) + 2 * l2 * w"),
    ("a small number added to the divisor", "How large is your sign, when the weight is as small as your safety?",
     "l1 * w / (np.abs(w) + 1e-7) + 2 * l2 * w"),
    ("strengths swapped", "Which of the two strengths belongs to the absolute values?", "l2 * np.sign(w) + 2 * l1 * w"),
    ("size for sign", "Does the slope of the absolute value grow with the weight?", "l1 * np.abs(w) + 2 * l2 * w"),
    ("no sign at all", "In which direction does L1 pull a negative weight?", "l1 + 2 * l2 * w"),
    ("L2 with a sign of its own", "Is the slope of a parabola positive on both sides?",
     "np.sign(w) * (l1 + 2 * l2 * w)"),
    ("penalty for gradient", "Is the price asked for, or how it changes?",
     "l1 * np.abs(w).sum() + l2 * (w**2).sum()"),
    ("penalty of each weight", "Is the price of each weight asked for, or how it changes?",
     "l1 * np.abs(w) + l2 * w**2"),
    ("a mixing ratio", "Are the two strengths independent, or is one a share of the other?",
     "l1 * (l2 * np.sign(w) + (1 - l2) * w)"),
    ("mean instead of sum", "Is the penalty in the text divided by anything?",
     "(l1 * np.sign(w) + 2 * l2 * w) / np.size(w)"),
    ("only L2", "What has become of the first of the two strengths?", "2 * l2 * np.asarray(w)"),
    ("only L1", "What has become of the second of the two strengths?", "l1 * np.sign(w)"),
    ("gradient with the wrong sign", "In which direction does the penalty grow?", "-l1 * np.sign(w) - 2 * l2 * w"),
    ("integer array", INTEGERS, "(l1 * np.sign(w) + 2 * l2 * w).astype(np.asarray(w).dtype)"),
    ("work in the caller's array", IN_PLACE,
     "l1 * np.sign(w) + np.multiply(w, 2 * l2, out=w, casting='unsafe')"),
):  # fmt: skip
    q.misconception(name, hint, function(CALL, expression))

# --- soft_threshold --------------------------------------------------------------------------------------------------

q = SET.question("soft_threshold", points=4)
rng = np.random.default_rng(603)
CALL = "soft_threshold(w, t)"

q.case(CALL, w=np.array([3.0, -0.5, 0.25, -2.0, 0.0]), t=0.75, mutation="forbidden")
q.case(CALL, w=np.array([[4, -1], [0, -6]]), t=1.5)
q.case(CALL, w=np.array([0.5, -1.25]), t=2.0, weight=0.5)
q.case(CALL, w=rng.normal(size=(2, 3, 2)).round(2), t=0.4, layout="strided", mutation="forbidden", hidden=True,
       about="three dimensions, not contiguous")  # fmt: skip
q.case(CALL, w=rng.integers(-5, 6, (3, 4)), t=2.25, layout="read-only", hidden=True,
       about="whole numbers, not writable")  # fmt: skip
q.case(CALL, w=rng.integers(-9, 9, 8), t=3, hidden=True, about="whole numbers, the threshold too")
q.case(CALL, w=np.array([0.5, -0.5, 2.0]), t=0.5, hidden=True, weight=0.5, about="weights as large as the threshold")
q.case(CALL, w=np.array([0.75, -2.5, 0.0]), t=0.0, hidden=True, weight=0.5, about="a threshold of 0")
q.case(CALL, w=rng.normal(size=5), t=50.0, hidden=True, weight=0.5, about="a threshold beyond all weights")
q.case(CALL, w=rng.normal(size=(4, 1)) + 9, t=0.1, hidden=True, weight=0.5, about="no weight below the threshold")
q.case(CALL, w=np.array([-1.5]), t=0.3, hidden=True, weight=0.5, about="a single weight")
q.case(CALL, w=np.float32([0.7, 0.0, -1.3]), t=0.35, hidden=True, rtol=1e-5, atol=1e-6, weight=0.5,
       about="single precision")  # fmt: skip


@q.reference
def soft_threshold(w, t):
    from course_lib.reference import regularizers

    return regularizers.soft_threshold(w, t)


@q.accepts
def soft_threshold(w, t):
    """Sign and size apart."""
    return np.sign(w) * np.maximum(np.abs(w) - t, 0.0)


@q.accepts
def soft_threshold(w, t):
    """Each side by itself."""
    return np.maximum(np.subtract(w, t), 0) - np.maximum(np.subtract(-1 * w, t), 0)


@q.accepts
def soft_threshold(w, t):
    """Entry by entry."""
    moved = []
    for number in np.asarray(w, dtype=float).ravel().tolist():
        if number > t:
            moved.append(number - t)
        elif number < -t:
            moved.append(number + t)
        else:
            moved.append(0.0)
    return np.array(moved).reshape(np.shape(w))


@q.accepts
def soft_threshold(w, t):
    """In place, on an array of its own."""
    out = np.array(w, dtype=float)
    small = np.abs(out) <= t
    out -= t * np.sign(out)
    out[small] = 0
    return out


for name, hint, expression in (
    ("hard threshold", "What becomes of a weight just above the threshold?", "np.where(np.abs(w) > t, w, 0.0)"),
    ("positive side only", "What becomes of a large negative weight?", "np.maximum(w - t, 0.0)"),
    ("no stop at zero", "Where should a weight go that is closer to zero than the threshold?", "w - t * np.sign(w)"),
    ("what is taken away", "Do you return what is left, or what was removed?", "np.clip(w, -t, t) * 1.0"),
    ("sign lost", "What is the sign of what is left of a negative weight?", "np.maximum(np.abs(w) - t, 0.0)"),
    ("divided as by L2", "Which of the two penalties divides weights, and which subtracts from them?",
     "w / (1 + 2 * t)"),
    ("shrunk in proportion", "Does a weight lose a part of itself, or a fixed amount?",
     "np.where(np.abs(w) > t, w * (1.0 - t), 0.0)"),
    ("twice the threshold", "By how much does a weight move, and up to which size does it become zero?",
     "np.sign(w) * np.maximum(np.abs(w) - 2.0 * t, 0)"),
    ("moved outwards", "Are your weights larger or smaller than before?",
     "np.where(np.abs(w) > t, w + t * np.sign(w), 0.0)"),
    ("large weights removed", "Which weights should L1 remove, the small or the large ones?",
     "np.where(np.abs(w) < t, w - t * np.sign(w), 0.0)"),
    ("length of the whole vector", "Is the size of one weight compared with the threshold, or that of all together?",
     "w * max(1 - t / np.sqrt(np.sum(w**2.0)), 0.0)"),
    ("decided for all at once", "Must all weights be on the same side of the threshold?",
     "w - t * np.sign(w) if np.any(np.abs(w) > t) else w * 0.0"),
    ("one number at a time", SCALAR, "w - t * np.sign(w) if abs(w) > t else w * 0.0"),
    ("zeros left out", "How many weights do you return?", "(w - t * np.sign(w))[np.abs(w) > t]"),
    ("integer array", INTEGERS, "(np.sign(w) * np.maximum(np.abs(w) - t, 0)).astype(np.asarray(w).dtype)"),
    ("work in the caller's array", IN_PLACE, "np.subtract(w, np.clip(w, -t, t), out=w, casting='unsafe')"),
):  # fmt: skip
    q.misconception(name, hint, function(CALL, expression))

# --- dropout_forward, dropout_backward -------------------------------------------------------------------------------
# 120 000 coins: a share has a standard deviation of at most 0.0015; of 4000 counts, their spread has one of 1.2 %.

q = SET.question("dropout_forward", points=7, names=("dropout_forward", "dropout_backward"))
rng = np.random.default_rng(604)
GIVEN = "dropout_forward(x, rate, np.random.default_rng(seed), {})"
DRAWN = f"out, mask = map(np.asarray, {GIVEN.format(True)})\n"
MANY = f"x = np.ones(shape)\n{DRAWN}"
VALUES = "result = np.unique(np.round(mask, 9))  # the different numbers in the mask"
PRODUCT = "result = np.max(np.abs(out - x * mask))  # is out the product of x and mask?"
SHARE = "result = np.mean(mask == 0)  # share of zeros in the mask"
MEAN = "result = np.mean(out)  # mean output for inputs that are all 1"
ROWS = "result = len(np.unique(mask, axis=0)), len(np.unique(mask, axis=1))  # different rows and columns"
AGAIN = """
rng, x = np.random.default_rng(seed), np.ones(shape)
(_, first), (_, second) = dropout_forward(x, rate, rng, True), dropout_forward(x, rate, rng, True)
_, again = dropout_forward(x, rate, np.random.default_rng(seed), True)
first, second, again = map(np.asarray, (first, second, again))
result = {"the same seed gives the same mask": np.array_equal(first, again)}
result["the next mask is another one"] = not np.array_equal(first, second)
# two masks from one generator, and one from another with the same seed
"""
COUNTS = """
rng, x = np.random.default_rng(seed), np.ones((1, 100))
counts = [np.sum(np.asarray(dropout_forward(x, rate, rng, True)[1]) == 0) for _ in range(runs)]
result = [np.mean(counts), np.std(counts)]  # the number of dropped outputs of 100: mean and spread over many masks
"""
ADJOINT = f"{DRAWN}result = np.sum(g * out) - np.sum(x * np.asarray(dropout_backward(g, mask)))  # out is linear in x"

q.case(GIVEN.format(False), x=np.array([[1.5, -2.0, 0.5], [3.0, 0.0, -1.0]]), rate=0.25, seed=1, mutation="forbidden")
q.case(f"[np.shape(part) for part in {GIVEN.format(True)}]", x=np.ones((2, 3, 2)), rate=0.5, seed=2, weight=0.5)
q.case(MANY + VALUES, shape=(50, 40), rate=0.2, seed=3)
q.case(MANY + SHARE, shape=(300, 400), rate=0.2, seed=4, atol=0.012)
q.case(MANY + ROWS, shape=(30, 50), rate=0.5, seed=5)
q.case(DRAWN + PRODUCT, x=rng.normal(size=(8, 5)).round(2), rate=0.5, seed=6, mutation="forbidden")
q.case(AGAIN, shape=(20, 30), rate=0.5, seed=7)
q.case(COUNTS, rate=0.2, runs=4000, seed=8, rtol=0.12)
q.case(GIVEN.format(False), x=rng.normal(size=(2, 3, 2)), rate=0.75, seed=9, layout="strided", hidden=True,
       about="prediction, three dimensions")  # fmt: skip
q.case(GIVEN.format(True), x=rng.integers(-5, 6, (3, 4)), rate=0.0, seed=10, layout="read-only", hidden=True,
       about="training with rate 0, whole numbers")  # fmt: skip
q.case(MANY + VALUES, shape=(9, 30, 20), rate=0.75, seed=11, hidden=True, about="the numbers in a mask")
q.case(MANY + SHARE, shape=(120000,), rate=0.9, seed=12, atol=0.009, hidden=True,
       about="the share of zeros, one dimension")  # fmt: skip
q.case(MANY + MEAN, shape=(400, 300), rate=0.6, seed=13, atol=0.03, hidden=True, about="the mean output")
q.case(f"x = np.zeros(shape)\n{DRAWN}{VALUES}", shape=(30, 30), rate=0.5, seed=14, hidden=True, about="inputs of zero",
       weight=0.5)  # fmt: skip
q.case(DRAWN + PRODUCT, x=rng.integers(1, 9, (6, 7)), rate=0.3, seed=15, layout="read-only", hidden=True,
       about="whole numbers, not writable")  # fmt: skip
q.case(DRAWN + PRODUCT, x=np.float32(rng.normal(size=(6, 7))), rate=0.4, seed=16, atol=1e-5, hidden=True, weight=0.5,
       about="single precision")  # fmt: skip
BACK = "dropout_backward(g, mask)"
q.case(BACK, g=np.array([[1.0, -2.0], [0.5, 3.0]]), mask=np.array([[0.0, 1.25], [1.25, 0.0]]), mutation="forbidden",
       weight=2)  # fmt: skip
q.case(BACK, g=np.array([3, -1, 2]), mask=np.ones(3))
q.case(BACK, g=rng.normal(size=(2, 3, 2)), mask=2.5 * rng.integers(0, 2, (2, 3, 2)), layout="strided", hidden=True,
       mutation="forbidden", weight=2, about="backward in three dimensions, not contiguous")  # fmt: skip
q.case(BACK, g=rng.integers(-9, 9, (4, 3)), mask=4.0 * rng.integers(0, 2, (4, 3)), layout="read-only", hidden=True,
       about="backward at whole numbers, not writable")  # fmt: skip
q.case(ADJOINT, x=rng.normal(size=(7, 6)), g=rng.normal(size=(7, 6)), rate=0.4, seed=17, atol=1e-9, hidden=True,
       about="forward and backward together")  # fmt: skip


def dropout_as(
    kept: str = "rng.random(x.shape) >= rate",
    mask: str = "kept / (1 - rate)",
    out: str = "x * mask",
    idle: str = "x * 1.0, np.ones(x.shape)",
    result: str = "out, mask",
    back: str = "g * mask",
    training: str = "training",
) -> str:
    """Return the source of both functions, right unless a part is given."""
    return f"""
def dropout_forward(x, rate, rng, training):
    if not {training}:
        return {idle}
    kept = {kept}
    mask = {mask}
    out = {out}
    return {result}

{function("dropout_backward(g, mask)", back)}"""


q.reference("""
    def dropout_forward(x, rate, rng, training):
        mask = (rng.random(x.shape) >= rate) / (1 - rate) if training else np.ones(x.shape)
        return x * mask, mask

    def dropout_backward(g, mask):
        return g * mask
    """)
q.accepts("""
    def dropout_forward(x, rate, rng, training):
        '''Coins from a binomial distribution.'''
        if training:
            mask = rng.binomial(1, 1 - rate, size=np.shape(x)) / (1.0 - rate)
        else:
            mask = np.ones(np.shape(x))
        return np.multiply(mask, x), mask

    def dropout_backward(g, mask):
        return np.multiply(mask, g, dtype=float)
    """)
q.accepts("""
    def dropout_forward(x, rate, rng, training):
        '''Holes made in an array of factors; the same array is handed back while predicting.'''
        factors = np.full(x.shape, 1.0)
        if not training:
            return x, factors
        factors /= 1 - rate
        factors[rng.uniform(0, 1, x.shape) < rate] = 0
        return np.einsum("...,...->...", factors, x), factors

    def dropout_backward(g, mask):
        out = np.array(g, dtype=float)
        out *= mask
        return out
    """)
q.accepts("""
    def dropout_forward(x, rate, rng, training):
        '''Number by number.'''
        x = np.asarray(x, dtype=float)
        out, mask = np.zeros(x.size), np.ones(x.size)
        for i, value in enumerate(x.flat):
            if training:
                mask[i] = 0.0 if rng.random() < rate else 1 / (1 - rate)
            out[i] = value * mask[i]
        return out.reshape(x.shape), mask.reshape(x.shape)

    def dropout_backward(g, mask):
        return np.where(mask == 0, 0.0, mask * g)
    """)
OWN = "Draw twice in a row from the same generator: should you get the same mask?"
GLOBAL = "Two runs with the same seed: does your function know of the seed at all?"
for name, hint, source in (
    ("classic instead of inverted", "Where do the two forms of dropout put the factor, and which one is asked for?",
     dropout_as(mask="kept * 1.0")),
    ("classic with its factor in prediction", "In which of the two modes does inverted dropout change nothing?",
     dropout_as(mask="kept * 1.0", idle="x * (1 - rate), np.full(x.shape, 1 - rate)")),
    ("both scalings", "The outputs were made larger in training: what is left to do in prediction?",
     dropout_as(idle="x * (1 - rate), np.full(x.shape, 1 - rate)")),
    ("rate taken for the probability of being kept", "With a rate of 0.9, should much or little be left?",
     dropout_as("rng.random(x.shape) < rate", "kept / rate if rate else kept * 0.0")),
    ("kept with the wrong probability", "Count the zeros of your mask: how many should there be?",
     dropout_as("rng.random(x.shape) < rate")),
    ("divided by the rate", "What must an output be divided by, so that its mean stays what it was?",
     dropout_as(mask="kept / rate if rate else kept * 1.0")),
    ("scaled down", "Some outputs are gone: should the others become larger or smaller?",
     dropout_as(mask="kept * (1 - rate)")),
    ("factor not in the mask", "What does the backward pass know of the factor, if it sees the mask alone?",
     dropout_as(mask="kept * 1.0", out="x * mask / (1 - rate)")),
    ("True and False", "Which numbers should stand in the mask?",
     dropout_as(mask="kept", out="x * kept / (1 - rate)", idle="x * 1.0, np.ones(x.shape, dtype=bool)")),
    ("also in prediction", "What is the last argument for?", dropout_as(training="True")),
    ("never", "In which of the two modes should something be dropped?", dropout_as(training="False")),
    ("modes mixed up", "In which of the two modes should something be dropped, and in which nothing?",
     dropout_as(training="(not training)")),
    ("one mask for all samples", "Does each sample of the batch have a mask of its own?",
     dropout_as("np.broadcast_to(rng.random(x.shape[1:]) >= rate, x.shape)")),
    ("whole samples dropped", "What does your mask look like along one row?",
     dropout_as("np.broadcast_to(rng.random((len(x),) + (1,) * (x.ndim - 1)) >= rate, x.shape)")),
    ("exactly so many dropped", "If every coin is thrown by itself, is the number of heads always the same?",
     dropout_as("rng.permutation(np.arange(x.size) >= round(rate * x.size)).reshape(x.shape)")),
    ("two masks drawn", "How often may you draw, if output and mask are to fit together?",
     dropout_as(out="x * ((rng.random(x.shape) >= rate) / (1 - rate))")),
    ("mask read off the output", "If an input is zero, what can its output say about the mask?",
     dropout_as(out="x * (kept / (1 - rate))", result="out, (out != 0) / (1 - rate)")),
    ("no mask in prediction", "What should the backward pass multiply by when nothing was dropped?",
     dropout_as(idle="x * 1.0, None")),
    ("zeros for a mask in prediction", "What would your gradient be, when nothing is dropped?",
     dropout_as(idle="x * 1.0, np.zeros(x.shape)")),
    ("output alone", "How many results are asked for?", dropout_as(idle="x * 1.0", result="out")),
    ("results swapped", "In which order are the two results asked for?",
     dropout_as(idle="(np.ones(x.shape), x * 1.0)", result="mask, out")),
    ("a generator of its own", OWN, dropout_as("np.random.default_rng(0).random(x.shape) >= rate")),
    ("the global generator", GLOBAL, dropout_as("np.random.random(x.shape) >= rate")),
    ("gradient of all units", "Does a unit that was left out learn anything from this sample?",
     dropout_as(back="g * 1.0")),
    ("no factor on the way back", "By what was the output multiplied on the way there?",
     dropout_as(back="g * (mask > 0)")),
    ("factor twice on the way back", "How often was the output multiplied on the way there?",
     dropout_as(back="g * mask * mask")),
    ("work in the caller's array", IN_PLACE, dropout_as(out="np.multiply(x, mask, out=x, casting='unsafe')")),
    ("work in the caller's gradient", "Whose gradient do you write into, and may you?",
     dropout_as(back="np.multiply(g, mask, out=g, casting='unsafe')")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- early_stopping --------------------------------------------------------------------------------------------------

q = SET.question("early_stopping", points=5)
CALL = "early_stopping(val_losses, patience)"
DELTA = "early_stopping(val_losses, patience, min_delta)"
LONG = 2 + np.cos(np.arange(40) * 0.7) * np.exp(-np.arange(40) / 30) + 0.002 * (np.arange(40) - 25.0) ** 2

q.case(CALL, val_losses=[3.0, 2.0, 2.5, 2.25, 1.0], patience=2, mutation="forbidden")
q.case(CALL, val_losses=[3.0, 2.0, 2.5, 1.5, 1.75, 1.25, 1.5], patience=3)
q.case(CALL, val_losses=[3.0, 2.5, 2.0, 1.0], patience=1)
q.case(DELTA, val_losses=[4.0, 3.75, 3.5, 3.25, 3.0], patience=2, min_delta=0.5)
q.case(DELTA, val_losses=[4.0, 3.75, 3.25, 3.5, 3.0, 2.75, 2.5], patience=2, min_delta=0.5)
q.case(DELTA, val_losses=[16.0, 14.0, 12.0, 10.0], patience=2, min_delta=0.5)
q.case(DELTA, val_losses=[4.0, 4.25, 4.5, 3.0], patience=2, min_delta=0.5)
q.case(CALL, val_losses=np.array([2.0, 2.0, 1.5, 1.5, 1.5]), patience=3, mutation="forbidden")
q.case(CALL, val_losses=[5, 4, 6, 7, 3, 8, 9, 9, 1], patience=3, hidden=True, about="whole numbers")
q.case(CALL, val_losses=[1.0], patience=1, hidden=True, about="a single epoch", weight=0.5)
q.case(CALL, val_losses=[2.0, 2.0, 2.0, 2.0], patience=2, hidden=True, about="a loss that stands still")
q.case(CALL, val_losses=[1.0, 2.0, 3.0, 4.0, 0.5], patience=1, hidden=True, about="patience 1")
q.case(CALL, val_losses=[1.0, 2.0, 1.75, 1.5, 1.25, 1.125], patience=4, hidden=True,
       about="better than the epoch before, not than the best")  # fmt: skip
q.case(CALL, val_losses=[3.0, 3.5, 2.5, 3.0, 2.0, 2.5, 1.5, 2.0], patience=2, hidden=True,
       about="every other epoch better")  # fmt: skip
q.case(CALL, val_losses=[3.0, 2.0, 2.5, 2.5], patience=9, hidden=True, about="patience that is not used up")
q.case(CALL, val_losses=[3.0, 2.0, 2.5, 2.5, 2.5], patience=3, hidden=True, about="stopped at the last epoch")
q.case(CALL, val_losses=[-1.0, -3.0, -2.0, -2.5, -4.0], patience=3, hidden=True, about="negative losses")
q.case(CALL, val_losses=[3.0, 2.0, float("nan"), float("nan"), 1.0, 0.5], patience=2, hidden=True, weight=0.5,
       about="losses that are not numbers")  # fmt: skip
q.case(DELTA, val_losses=[8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0, 4.5, 4.0], patience=3, min_delta=1.25, hidden=True,
       about="many small steps that add up")  # fmt: skip
q.case(DELTA, val_losses=[32.0, 30.0, 28.5, 27.0, 26.0], patience=2, min_delta=0.75, mutation="forbidden", hidden=True,
       about="large losses")  # fmt: skip
q.case(DELTA, val_losses=[2.0, 1.5, 1.0, 0.75, 0.5, 0.25], patience=2, min_delta=0.5, hidden=True,
       about="better by exactly min_delta")  # fmt: skip
q.case(DELTA, val_losses=[1.0, 1.125, 1.25, 1.375, 1.5], patience=2, min_delta=0.25, hidden=True,
       about="a loss that rises slowly")  # fmt: skip
q.case(DELTA, val_losses=[1.0, 3.0, 1.5, 4.0, 0.25], patience=3, min_delta=0.5, hidden=True,
       about="large jumps upwards")  # fmt: skip
q.case(DELTA, val_losses=LONG, patience=6, min_delta=0.0625, layout="read-only", hidden=True, about="forty epochs")


def stopping_as(
    better: str = "loss < best - min_delta",
    improved: str = "best, best_epoch, waited = loss, epoch, 0",
    worse: str = "waited += 1",
    enough: str = "waited >= patience",
    stopped: str = "epoch, best_epoch",
    ended: str = "len(val_losses) - 1, best_epoch",
    best: str = "float('inf')",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    return f"""
def early_stopping(val_losses, patience, min_delta=0.0):
    best, best_epoch, waited, before = {best}, 0, 0, float('inf')
    for epoch, loss in enumerate(val_losses):
        if {better}:
            {improved}
        else:
            {worse}
        before = loss
        if {enough}:
            return {stopped}
    return {ended}
"""


q.reference("""
    def early_stopping(val_losses, patience, min_delta=0.0):
        best_epoch = 0
        for epoch, loss in enumerate(val_losses):
            if loss < val_losses[best_epoch] - min_delta:
                best_epoch = epoch
            elif epoch - best_epoch >= patience:
                return epoch, best_epoch
        return len(val_losses) - 1, best_epoch
    """)
q.accepts("""
    def early_stopping(val_losses, patience, min_delta=0.0):
        '''With a counter.'''
        best, best_epoch, waited, epoch = np.inf, -1, 0, -1
        for loss in val_losses:
            epoch += 1
            waited += 1
            if loss < best - min_delta:
                best, best_epoch, waited = loss, epoch, 0
            if waited == patience:
                break
        return [epoch, best_epoch]
    """)
q.accepts("""
    def early_stopping(val_losses, patience, min_delta=0.0):
        '''From one improvement to the next.'''
        best, last = 0, len(val_losses) - 1
        while True:
            rows = range(best + 1, min(best + patience, last) + 1)
            better = [i for i in rows if val_losses[i] < val_losses[best] - min_delta]
            if not better:
                return min(best + patience, last), best
            best = better[0]
    """)
q.accepts("""
    def early_stopping(val_losses, patience, min_delta=0.0):
        '''By recursion on what is left.'''
        def go(best, epoch):
            if epoch == len(val_losses):
                return epoch - 1, best
            if val_losses[epoch] < val_losses[best] - min_delta:
                return go(epoch, epoch + 1)
            return (epoch, best) if epoch - best == patience else go(best, epoch + 1)

        return go(0, 1)
    """)
for name, hint, source in (
    ("one epoch too late", "With patience 1, how many epochs without an improvement may pass?",
     stopping_as(enough="waited > patience")),
    ("one epoch too early", "Is the epoch of the improvement itself one of those that are waited for?",
     stopping_as(enough="waited >= patience - 1 and waited > 0")),
    ("compared with the epoch before", "Compared with which loss does an epoch have to be better?",
     stopping_as("loss < before - min_delta")),
    ("not in a row", "What should an improvement do to the epochs that have been waited for so far?",
     stopping_as(improved="best, best_epoch = loss, epoch")),
    ("equal counts as better", "Is an epoch that is only as good as asked for already better than that?",
     stopping_as("loss <= best - min_delta")),
    ("smallest step not used", "Is every improvement, however small, worth going on for?", stopping_as("loss < best")),
    ("smallest step on the wrong side", "May an epoch count as better although its loss has risen?",
     stopping_as("loss < best + min_delta")),
    ("best moved without an improvement", "With which loss is an epoch compared, after one that was hardly better?",
     stopping_as(worse="waited, best = waited + 1, min(best, loss)")),
    ("smallest step as a share", "Is the smallest improvement a number, or a percentage of the loss?",
     stopping_as("loss < best - abs(best if epoch else 0) * min_delta")),
    ("lowest loss for the last improvement", "Which epoch is the best by the rule, if its successor was hardly better?",
     stopping_as(stopped="epoch, int(np.nanargmin(val_losses[:epoch + 1]))",
                 ended="len(val_losses) - 1, int(np.nanargmin(val_losses))")),
    ("best of the epochs that never ran", "Do you know the losses of the epochs after the stop?",
     stopping_as(stopped="epoch, int(np.nanargmin(val_losses))",
                 ended="len(val_losses) - 1, int(np.nanargmin(val_losses))")),
    ("any change counts", "Is an epoch better if its loss has jumped upwards?",
     stopping_as("abs(loss - best) > min_delta")),
    ("only rising losses counted", "Is a loss that stands still an improvement?",
     stopping_as(worse="waited += loss > before")),
    ("larger is better", "Is the number a loss or an accuracy?",
     stopping_as("loss > best + min_delta", best="-float('inf')")),
    ("starts at zero", "With what is the first epoch compared?", stopping_as(best="0.0")),
    ("counted from one", "Which number does the first epoch have?",
     stopping_as(stopped="epoch + 1, best_epoch + 1", ended="len(val_losses), best_epoch + 1")),
    ("one past the end", "Which number does the last epoch have?", stopping_as(ended="len(val_losses), best_epoch")),
    ("stop reckoned from the best", "What if the training ends before the patience does?",
     stopping_as(stopped="best_epoch + patience, best_epoch", ended="best_epoch + patience, best_epoch")),
    ("best reckoned from the stop", "What if the training ends before the patience does?",
     stopping_as(ended="len(val_losses) - 1, max(len(val_losses) - 1 - patience, 0)")),
    ("nothing at the end", "What do you return if the patience never runs out?", stopping_as(ended="None")),
    ("never stops", "What is the patience for?", stopping_as(enough="False")),
    ("results swapped", "In which order are the two epochs asked for?",
     stopping_as(stopped="best_epoch, epoch", ended="best_epoch, len(val_losses) - 1")),
    ("losses for epochs", "Are the losses asked for, or the epochs at which they occur?",
     stopping_as(stopped="loss, best", ended="loss, best")),
    ("stop alone", "How many results are asked for?", stopping_as(stopped="epoch", ended="len(val_losses) - 1")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- batchnorm_forward, batchnorm_backward ---------------------------------------------------------------------------

q = SET.question("batchnorm_forward", points=8, names=("batchnorm_forward", "batchnorm_backward"))
rng = np.random.default_rng(606)
FORWARD = "batchnorm_forward(x, gamma, beta, eps)"
OUT, DX, REST = f"{FORWARD}[0]", f"batchnorm_backward(g, {FORWARD}[1])[0]", f"batchnorm_backward(g, {FORWARD}[1])[1:]"
THREE = f"batchnorm_backward(g, {FORWARD}[1])"
TWO_LAYERS = f"""
_, cache = {FORWARD}
batchnorm_forward(g, beta, gamma, eps)  # another layer's turn
result = batchnorm_backward(g, cache)
"""


def batch(n: int, d: int, integers: bool = False) -> dict:
    """Draw a batch, its parameters, and a gradient of the loss by the output."""
    if integers:
        return {"x": rng.integers(-9, 10, (n, d)), "gamma": rng.integers(1, 4, d), "beta": rng.integers(-3, 4, d),
                "g": rng.integers(-5, 6, (n, d))}  # fmt: skip
    return {"x": rng.normal(3, 2, (n, d)).round(2), "gamma": rng.uniform(0.5, 2, d).round(2),
            "beta": rng.normal(size=d).round(2), "g": rng.normal(size=(n, d)).round(2)}  # fmt: skip


def gives(code: str, given: dict, **settings: object) -> None:
    """Add a case with those of the arrays that it names; weights so that forward gets as much as backward."""
    used = {name: value for name, value in given.items() if name != "g" or "backward" in code}
    q.case(code, inputs=used, **settings)


first = {"x": np.array([[1.0], [2.0], [3.0], [6.0]]), "gamma": np.array([2.0]), "beta": np.array([-1.0]),
         "g": np.array([[1.0], [0.0], [-0.5], [0.25]])}  # fmt: skip
small, same = batch(5, 3), batch(4, 3)
same["x"][:, 1] = 2.5
gives(OUT, first, eps=0.5, mutation="forbidden", weight=2)
gives(OUT, small, eps=1e-5, weight=2)
gives(OUT, same, eps=0.25)
gives(DX, first, eps=0.5, mutation="forbidden")
gives(DX, small, eps=1e-5)
gives(REST, small, eps=1e-5)
gives(TWO_LAYERS, batch(4, 4), eps=0.01, weight=0.5)
gives(OUT, batch(9, 2), eps=0.1, layout="strided", mutation="forbidden", hidden=True, weight=2,
      about="forward, not contiguous")  # fmt: skip
gives(OUT, batch(6, 4, integers=True), eps=1e-3, layout="read-only", hidden=True,
      about="forward at whole numbers, not writable")  # fmt: skip
gives(OUT, batch(2, 5), eps=1.5, hidden=True, about="forward with a large eps")
gives(OUT, batch(1, 3), eps=0.04, hidden=True, weight=0.5, about="forward, a batch of one sample")
gives(OUT, batch(5, 5), eps=0.0, hidden=True, about="forward without eps, as many samples as features")
gives(OUT, {name: np.float32(value) for name, value in batch(6, 2).items()}, eps=0.01, hidden=True, rtol=1e-4,
      atol=1e-5,
      weight=0.5, about="forward in single precision")  # fmt: skip
tall, whole, flat = batch(9, 2), batch(7, 3, integers=True), batch(5, 3)
flat["x"][:, 2], flat["gamma"][0] = -1.5, 0.0
gives(DX, tall, eps=0.1, layout="strided", mutation="forbidden", hidden=True, about="dx, not contiguous")
gives(REST, tall, eps=0.1, layout="strided", mutation="forbidden", hidden=True,
      about="dgamma and dbeta, not contiguous")  # fmt: skip
gives(DX, whole, eps=1e-3, layout="read-only", hidden=True, about="dx at whole numbers, not writable")
gives(REST, whole, eps=1e-3, layout="read-only", hidden=True, about="dgamma and dbeta at whole numbers, not writable")
gives(THREE, flat, eps=0.25, hidden=True, weight=0.5, about="backward, a constant feature and a gamma of zero")
gives(THREE, batch(1, 3), eps=0.04, hidden=True, weight=0.5, about="backward, a batch of one sample")
gives(DX, batch(2, 6), eps=2.0, hidden=True, about="dx with a large eps")
gives(THREE, batch(6, 6), eps=0.0, hidden=True, about="backward without eps, as many samples as features")


def batchnorm_as(
    mu: str = "x.mean(axis=0)",
    var: str = "x.var(axis=0)",
    r: str = "1 / np.sqrt(var + eps)",
    out: str = "gamma * x_hat + beta",
    result: str = "out, cache",
    dx: str = "gamma * r * (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0))",
    dgamma: str = "(g * x_hat).sum(axis=0)",
    dbeta: str = "g.sum(axis=0)",
    back: str = "dx, dgamma, dbeta",
    cached: str = "cache",
    x_hat: str = "(x - mu) * r",
) -> str:
    """Return the source of both functions, right unless a part is given."""
    return f"""
def batchnorm_forward(x, gamma, beta, eps):
    mu = {mu}
    var = {var}
    r = {r}
    x_hat = {x_hat}
    out = {out}
    cache = x_hat, gamma, r, x
    batchnorm_forward.last = cache
    return {result}

def batchnorm_backward(g, cache):
    x_hat, gamma, r, x = {cached}
    n = len(g)
    dgamma = {dgamma}
    dbeta = {dbeta}
    dx = {dx}
    return {back}
"""


q.reference("""
    def batchnorm_forward(x, gamma, beta, eps):
        r = 1 / np.sqrt(np.var(x, axis=0) + eps)
        x_hat = (x - np.mean(x, axis=0)) * r
        return gamma * x_hat + beta, (x_hat, gamma * r)

    def batchnorm_backward(g, cache):
        x_hat, factor = cache
        dgamma, dbeta = np.sum(g * x_hat, axis=0), np.sum(g * 1.0, axis=0)
        return factor * (g - dbeta / len(g) - x_hat * dgamma / len(g)), dgamma, dbeta
    """)
q.accepts("""
    def batchnorm_forward(x, gamma, beta, eps):
        '''Step by step, and every step backwards again.'''
        centred = x - x.mean(axis=0)
        variance = (centred**2).mean(axis=0)
        deviation = np.sqrt(variance + eps)
        normal = centred / deviation
        return normal * gamma + beta, {"centred": centred, "deviation": deviation, "normal": normal, "gamma": gamma}

    def batchnorm_backward(g, cache):
        n = g.shape[0]
        d_normal = g * cache["gamma"]
        d_deviation = -(d_normal * cache["centred"]).sum(axis=0) / cache["deviation"] ** 2
        d_variance = d_deviation / (2 * cache["deviation"])
        d_centred = d_normal / cache["deviation"] + 2 * cache["centred"] * d_variance / n
        dx = d_centred - d_centred.mean(axis=0)
        return [dx, (g * cache["normal"]).sum(axis=0), g.sum(axis=0)]
    """)
q.accepts("""
    def batchnorm_forward(x, gamma, beta, eps):
        '''Feature by feature, with a matrix of derivatives for each.'''
        columns, matrices = [], []
        for j in range(x.shape[1]):
            c = x[:, j] - np.mean(x[:, j])
            r = (np.dot(c, c) / len(c) + eps) ** -0.5
            columns.append(c * r)
            matrices.append(r * (np.eye(len(c)) - 1 / len(c) - np.outer(c * r, c * r) / len(c)))
        x_hat = np.stack(columns, axis=1)
        return gamma * x_hat + beta, (x_hat, np.array(matrices), gamma)

    def batchnorm_backward(g, cache):
        x_hat, matrices, gamma = cache
        dx = np.einsum("jik,kj,j->ij", matrices, g, gamma)
        return dx, np.einsum("ij,ij->j", g, x_hat), np.einsum("ij->j", g)
    """)
q.accepts("""
    def batchnorm_forward(x, gamma, beta, eps):
        '''In place, on arrays of its own.'''
        out = np.array(x, dtype=float)
        out -= out.mean(0)
        scale = np.sqrt(np.mean(out * out, 0) + eps)
        out /= scale
        x_hat = out.copy()
        out *= gamma
        out += beta
        return out, [x_hat, np.array(gamma), scale]

    def batchnorm_backward(g, cache):
        x_hat, gamma, scale = cache
        dx = np.array(g, dtype=float)
        dgamma, dbeta = np.sum(dx * x_hat, 0), np.sum(dx, 0)
        dx -= dx.mean(0)
        dx -= x_hat * np.mean(g * x_hat, 0)
        dx *= gamma
        dx /= scale
        return dx, dgamma, dbeta
    """)
for name, hint, source in (
    ("unbiased variance", "Is the variance here that of these n numbers, or an estimate for others?",
     batchnorm_as(var="x.var(axis=0) * len(x) / max(len(x) - 1, 1)")),
    ("eps outside the root", "To what is eps added, the variance or the standard deviation?",
     batchnorm_as(r="1 / (np.sqrt(var) + eps)")),
    ("eps forgotten", "What happens to a feature that is the same for all samples?",
     batchnorm_as(r="1 / np.sqrt(var)")),
    ("divided by the variance", "In which unit is the spread of lengths, and in which their variance?",
     batchnorm_as(r="1 / (var + eps)")),
    ("samples normalized instead of features", "Over what does the mean run, over the batch or over the features?",
     batchnorm_as("x.mean(axis=1, keepdims=True)", "x.var(axis=1, keepdims=True)")),
    ("one mean for all features", "How many means has a batch with three features?",
     batchnorm_as("x.mean()", "x.var()")),
    ("mean not taken off", "What is the mean of your normalized feature?", batchnorm_as(x_hat="x * r")),
    ("mean square for variance", "Is the spread of a feature measured from zero?",
     batchnorm_as(var="(x**2).mean(axis=0)")),
    ("scale and shift forgotten", "What are the two parameters of each feature for?", batchnorm_as(out="x_hat")),
    ("scale and shift swapped", "Which of the two parameters multiplies, and which is added?",
     batchnorm_as(out="beta * x_hat + gamma")),
    ("shift scaled too", "Is the shift added before the scaling or after it?",
     batchnorm_as(out="gamma * (x_hat + beta)")),
    ("output alone", "What does the backward pass live on?", batchnorm_as(result="out")),
    ("mean and variance taken for constants", "If one sample moves, does it move the mean and the variance too?",
     batchnorm_as(dx="gamma * r * g")),
    ("variance taken for a constant", "If one sample moves away from the others, does the spread stay the same?",
     batchnorm_as(dx="gamma * r * (g - g.mean(axis=0))")),
    ("mean taken for a constant", "If you add 1 to all samples, what becomes of the output, and what of your gradient?",
     batchnorm_as(dx="gamma * r * (g - x_hat * (g * x_hat).mean(axis=0))")),
    ("scale missing on the way back", "What lies between the output and the normalized value?",
     batchnorm_as(dx="r * (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0))")),
    ("deviation missing on the way back", "A feature in millimetres or in metres: has it the same gradient?",
     batchnorm_as(dx="gamma * (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0))")),
    ("sums where means belong", "How large is your gradient if every sample is given twice?",
     batchnorm_as(dx="gamma * r * (g - g.sum(axis=0) - x_hat * (g * x_hat).sum(axis=0))")),
    ("n times too large", "Of your three terms, which ones need a factor of one over n?",
     batchnorm_as(dx="gamma * r * (n * g - g.sum(axis=0) - x_hat * (g * x_hat).sum(axis=0))")),
    ("variance added instead of removed", "Which sign has the way through the variance?",
     batchnorm_as(dx="gamma * r * (g - g.mean(axis=0) + x_hat * (g * x_hat).mean(axis=0))")),
    ("inputs for normalized inputs", "By what is the scale multiplied in the forward pass?",
     batchnorm_as(dgamma="(g * x).sum(axis=0)")),
    ("centred but not divided", "Is what you multiply the gradient by already normalized?",
     batchnorm_as(dgamma="(g * (x - x.mean(axis=0))).sum(axis=0)")),
    ("scale's gradient without the inputs", "If the scale grows a little, do all outputs grow alike?",
     batchnorm_as(dgamma="g.sum(axis=0)")),
    ("means over the batch for the parameters", "The gradient that comes in: is it already that of a mean?",
     batchnorm_as(dgamma="(g * x_hat).mean(axis=0)", dbeta="g.mean(axis=0)")),
    ("one gradient for all features", "How many scales and shifts has the layer?",
     batchnorm_as(dgamma="(g * x_hat).sum()", dbeta="g.sum()")),
    ("gradient of each sample", "Over what must be summed, if all samples share a parameter?",
     batchnorm_as(dgamma="g * x_hat", dbeta="g * 1.0")),
    ("parameters' gradients swapped", "In which order are the three results asked for?",
     batchnorm_as(back="dx, dbeta, dgamma")),
    ("gradient of the inputs alone", "How many results has the backward pass?", batchnorm_as(back="dx")),
    ("only the last batch remembered", "What if another layer runs between your two passes?",
     batchnorm_as(cached="batchnorm_forward.last")),
    ("work in the caller's array", IN_PLACE,
     batchnorm_as(x_hat="np.subtract(x, mu, out=x, casting='unsafe') * r")),
    ("work in the caller's gradient", "Whose gradient do you write into, and may you?",
     batchnorm_as(dx="gamma * r * (np.subtract(g, g.mean(axis=0), out=g, casting='unsafe') "
                     "- x_hat * (g * x_hat).mean(axis=0))")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- batchnorm_update ------------------------------------------------------------------------------------------------

q = SET.question("batchnorm_update", points=3)
rng = np.random.default_rng(607)
CALL = "batchnorm_update(running_mean, running_var, x, momentum)"


def statistics(n: int, d: int) -> dict:
    """Draw a pair of running statistics and a batch."""
    return {"running_mean": rng.normal(size=d).round(2), "running_var": rng.uniform(0.5, 4, d).round(2),
            "x": rng.normal(2, 3, (n, d)).round(2)}  # fmt: skip


q.case(CALL, running_mean=np.array([0.0]), running_var=np.array([1.0]), x=np.array([[1.0], [2.0], [3.0], [6.0]]),
       momentum=0.25, mutation="forbidden")  # fmt: skip
q.case(CALL, running_mean=np.array([1, -2]), running_var=np.array([3, 1]), x=np.array([[4, 0], [2, 5], [0, -2]]),
       momentum=0.1)  # fmt: skip
q.case(CALL, **statistics(2, 3), momentum=0.5)
q.case(CALL, **statistics(5, 4), momentum=0.3, layout="strided", mutation="forbidden", hidden=True,
       about="not contiguous")  # fmt: skip
q.case(CALL, running_mean=rng.integers(-5, 5, 3), running_var=rng.integers(1, 9, 3), x=rng.integers(-9, 9, (4, 3)),
       momentum=0.7, layout="read-only", hidden=True, about="whole numbers, not writable")  # fmt: skip
q.case(CALL, **statistics(6, 2), momentum=1.0, hidden=True, weight=0.5, about="momentum 1")
q.case(CALL, **statistics(3, 3), momentum=0.0, hidden=True, weight=0.5, about="momentum 0")
q.case(CALL, **statistics(2, 5), momentum=0.01, hidden=True, weight=0.5, about="two samples")
q.case(CALL, running_mean=np.array([4.0, 0.0]), running_var=np.array([0.0, 2.0]), x=np.array([[1.5, 3.0]] * 4),
       momentum=0.2, hidden=True, weight=0.5, about="a batch of equal samples")  # fmt: skip
q.case(CALL, **{name: np.float32(value) for name, value in statistics(7, 2).items()}, momentum=0.4, hidden=True,
       rtol=1e-4,
       atol=1e-6, weight=0.5, about="single precision")  # fmt: skip


def update_as(
    mean: str = "(1 - momentum) * running_mean + momentum * mu",
    var: str = "(1 - momentum) * running_var + momentum * v",
    mu: str = "x.mean(axis=0)",
    v: str = "x.var(axis=0, ddof=1)",
    result: str = "mean, var",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    return function(CALL, result, f"n, mu = len(x), {mu}", f"v = {v}", f"mean = {mean}", f"var = {var}")


@q.reference
def batchnorm_update(running_mean, running_var, x, momentum):
    mu, v = np.mean(x, axis=0), np.var(x, axis=0, ddof=1)
    return running_mean + momentum * (mu - running_mean), running_var + momentum * (v - running_var)


@q.accepts
def batchnorm_update(running_mean, running_var, x, momentum):
    """The unbiased variance from the biased one."""
    n = x.shape[0]
    biased = np.mean((x - x.mean(axis=0)) ** 2, axis=0)
    old, new = 1 - momentum, momentum
    return [old * running_mean + new * x.mean(axis=0), old * running_var + new * biased * n / (n - 1)]


@q.accepts
def batchnorm_update(running_mean, running_var, x, momentum):
    """Feature by feature."""
    pairs = []
    for m, s, column in zip(running_mean, running_var, np.transpose(x)):
        mean = sum(column) / len(column)
        spread = sum((value - mean) ** 2 for value in column) / (len(column) - 1)
        pairs.append((m - momentum * m + momentum * mean, s - momentum * s + momentum * spread))
    means, spreads = zip(*pairs)
    return np.array(means), np.array(spreads)


@q.accepts
def batchnorm_update(running_mean, running_var, x, momentum):
    """In place, on arrays of its own."""
    mean, var = np.array(running_mean, dtype=float), np.array(running_var, dtype=float)
    for array, of_batch in ((mean, np.mean(x, 0)), (var, np.std(x, 0, ddof=1) ** 2)):
        array *= 1 - momentum
        array += of_batch * momentum
    return mean, var


for name, hint, source in (
    ("biased variance", "From a batch of two, would you expect the spread of all data to be under-estimated?",
     update_as(v="x.var(axis=0)")),
    ("correction the wrong way round", "Is the unbiased variance larger or smaller than the biased one?",
     update_as(v="x.var(axis=0) * (n - 1) / n")),
    ("mean divided by one less too", "For which of the two statistics is n not the right divisor?",
     update_as(mu="x.sum(axis=0) / (n - 1)")),
    ("momentum of Keras", "With a small momentum, should the running statistics move little or much?",
     update_as("momentum * running_mean + (1 - momentum) * mu", "momentum * running_var + (1 - momentum) * v")),
    ("nothing forgotten", "What do your running statistics become after a thousand equal batches?",
     update_as("running_mean + momentum * mu", "running_var + momentum * v")),
    ("batch not weighted", "Do the two weights of your average add up to one?",
     update_as("(1 - momentum) * running_mean + mu", "(1 - momentum) * running_var + v")),
    ("statistics of the batch alone", "What has become of all the batches before?", update_as("mu", "v")),
    ("plain average", "What is the last argument for?", update_as("(running_mean + mu) / 2", "(running_var + v) / 2")),
    ("only the mean updated", "How many statistics does prediction need?", update_as(var="running_var * 1.0")),
    ("only the variance updated", "How many statistics does prediction need?", update_as("running_mean * 1.0")),
    ("deviation for variance", "Is the spread that is kept squared or not?", update_as(v="x.std(axis=0, ddof=1)")),
    ("spread about the running mean", "Around which mean is the variance of a batch measured?",
     update_as(v="((x - running_mean) ** 2).sum(axis=0) / (n - 1)")),
    ("deviations averaged", "Is it variances that are averaged, or their roots?",
     update_as(var="((1 - momentum) * np.sqrt(running_var) + momentum * np.sqrt(v)) ** 2")),
    ("one statistic for all features", "How many means has a batch with three features?",
     update_as(mu="x.mean()", v="x.var(ddof=1)")),
    ("results swapped", "In which order are the two results asked for?", update_as(result="var, mean")),
    ("mean alone", "How many results are asked for?", update_as(result="mean")),
    ("integer array", "Which dtype has the array that you fill, when the old statistics are whole numbers?",
     update_as(result="mean.astype(running_mean.dtype), var.astype(running_var.dtype)")),
    ("work in the caller's array", IN_PLACE,
     update_as("np.add(running_mean * (1 - momentum), momentum * mu, out=running_mean, casting='unsafe')")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- in words --------------------------------------------------------------------------------------------------------

SET.written(
    "wrong_mode",
    points=4,
    rubric=(
        (1, "The answers that change from call to call: dropout still draws a new mask each time, so some random "
            "part of the network answers; in prediction all units take part, and with the inverted form nothing is "
            "scaled."),
        (1, "The same answer for every image: a batch of one is its own mean, so each normalized value is exactly 0 "
            "and the layer's output is its shift, whatever the image shows."),
        (1, "The sorted images: mean and variance of the batch are those of one class, so what its images have in "
            "common, which is what tells the class, is subtracted; an answer depends on the company."),
        (1, "The first epochs: prediction uses the running averages, which start at 0 and 1 and forget them slowly; "
            "with momentum 0.001 they are still to 90 % the start after 100 batches. Cure: a larger momentum, more "
            "steps, or a pass over the data that only measures."),
    ),
    model_answer=(
        "The network was left in the mode for training. Dropout then goes on drawing a mask for each call, so each "
        "call asks another random part of the network, and images near the boundary between two classes change sides. "
        "In prediction nothing may be dropped; as the outputs that were kept have already been scaled up in training, "
        "nothing has to be scaled either. Batch normalization in this mode takes mean and variance from the batch at "
        "hand. If the batch is a single image, the mean of each feature is the image's own value: the difference is "
        "zero, the variance too, eps keeps the quotient at zero, and what is left is the shift. It does not depend on "
        "the image, so every image gets the same answer. If the batch consists of images of one class, then the mean "
        "is the mean of that class. What all its images have in common is taken away, and just this told them from "
        "the other classes. What is left are the differences within the class, blown up to variance one. In a mixed "
        "batch the same image is answered rightly: its answer depends on its company. In the mode for prediction, "
        "mean and variance are the running averages. They begin at 0 and 1, and with a momentum of 0.001 each batch "
        "replaces one thousandth: after 100 batches 90 percent of the start is left, after 2000 only 14 percent. The "
        "weights have been trained on the true statistics of the batches, so they meet wrong ones in prediction. Time "
        "alone heals this, as the start is forgotten; so does a larger momentum, or one pass over the training images "
        "that measures the statistics and leaves the weights alone."
    ),
)  # fmt: skip
