"""Problem set 05: what is asked, what is right, what goes wrong, and what is said about it.

Answers draw at random, so most cases compare a statistic of many draws: a standard deviation, the largest weight, the
share within one standard deviation. Which numbers an answer takes from `rng` is free. The seeds are fixed, and each
tolerance is at least six standard deviations of its statistic wide on either side (a largest weight, whose tail is
exponential, 25): all cases together fail a right answer with a probability below 1e-6. The tests measure it.
"""

import numpy as np

from autograder.questions import ProblemSet

SET = ProblemSet(
    "05_initialization",
    title="Initialization",
    minutes=100,
    objectives=(
        "recognise a start from which units cannot become different, and prove that they cannot",
        "turn a variance into a standard deviation or into the limits of a uniform distribution",
        "measure how a signal grows or shrinks from layer to layer",
        "draw from a truncated normal distribution and from the uniform distribution on orthogonal matrices",
        "start a classifier with the frequencies of its classes",
    ),
)
OWN = "Draw twice in a row from the same generator: should you get the same numbers?"
GLOBAL = "Two runs with the same seed: does your function know of the seed at all?"
RNG = "np.random.default_rng(seed)"


def function(signature: str, expression: str, *before: str) -> str:
    """Return the source of a function: some lines, and the expression that it returns."""
    return f"def {signature}:\n" + "".join(f"    {line}\n" for line in (*before, f"return {expression}"))


def draws(call: str) -> str:
    """Return code that draws three times by `call`, which names its generator {rng}: only seeds may matter."""
    once = call.format(rng=RNG)
    return f"""
rng = {RNG}
first, next_one, again = map(np.asarray, ({call.format(rng="rng")}, {call.format(rng="rng")}, {once}))
result = {{"they are finite numbers": bool(np.all(np.isfinite(np.array(first, dtype=float))))}}
result["the same seed gives the same numbers"] = np.array_equal(first, again)
result["the next draw gives other numbers"] = not np.array_equal(first, next_one)
result["no number comes twice"] = np.unique(first).size == first.size
# two draws from one generator, and one from another with the same seed
"""


# --- is_symmetric ----------------------------------------------------------------------------------------------------

q = SET.question("is_symmetric", points=3)
rng = np.random.default_rng(501)
CALL = "is_symmetric(W)"

q.case(CALL, W=np.array([[0.5, 0.5, 0.5], [-1.0, -1.0, -1.0]]), mutation="forbidden")
q.case(CALL, W=np.array([[0.5, -1.0, 2.0], [0.5, -1.0, 2.0]]))
q.case(CALL, W=np.array([[1.0, 1.0, 2.0], [3.0, 3.0, -1.0]]))
q.case(CALL, W=np.array([[2.0], [-7.0], [0.0]]))
q.case(CALL, W=np.array([[1, 2], [2, 1]]))
q.case(CALL, W=np.array([[4, 3], [1, 2]]))
q.case(CALL, W=np.full((4, 3), 0.01), layout="read-only", hidden=True, about="one number everywhere, not writable")
q.case(CALL, W=np.zeros((3, 5)), hidden=True, about="zeros")
q.case(CALL, W=rng.normal(size=(5, 1)) @ np.ones((1, 6)), layout="strided", hidden=True, about="equal, not contiguous")
q.case(CALL, W=1e-11 * np.array([[1.0, 2.0, 1.5], [3.0, -1.0, 2.0]]), hidden=True, about="tiny and different")
q.case(CALL, W=1e9 * np.array([[1.0, 1.0], [2.0, 2.002]]), hidden=True, about="large, one weight different")
q.case(CALL, W=rng.permuted(np.repeat(rng.normal(size=(4, 1)), 3, axis=1), axis=0), mutation="forbidden", hidden=True,
       about="the same numbers in another order")  # fmt: skip
q.case(CALL, W=np.array([[1.0, 2.5, 1.0], [4.0, 4.0, 4.0]]), hidden=True, about="one weight different, in the middle")
q.case(CALL, W=np.array([[0.5, -0.5], [-1.0, 1.0]]), hidden=True, about="opposite signs", weight=0.5)
q.case(CALL, W=np.array([[3, 3, 3, 3]]), hidden=True, about="one input, equal weights", weight=0.5)
q.case(CALL, W=np.array([[3, 3, 3, 4]]), hidden=True, about="one input, different weights", weight=0.5)
q.case(CALL, W=np.array([[1, 2], [2, 4], [-1, -2]]), hidden=True, about="columns with one direction")


@q.reference
def is_symmetric(W):
    return bool((W == W[:, :1]).all())


@q.accepts
def is_symmetric(W):
    """Column by column, with a relative tolerance."""
    return all(np.allclose(column, W[:, 0], rtol=1e-6, atol=0) for column in W.T)


@q.accepts
def is_symmetric(W):
    """Largest and smallest weight of each input."""
    return np.array_equal(np.max(W, axis=1), np.min(W, axis=1))


@q.accepts
def is_symmetric(W):
    """How many different columns?"""
    return len({tuple(column) for column in np.transpose(W)}) == 1


for name, hint, expression in (
    ("rows for columns", "Where in W stand the weights that lead into one unit?", "bool((W == W[:1]).all())"),
    ("one number everywhere", "Must a unit treat all its inputs alike to be like the other units?",
     "bool((W == W[0, 0]).all())"),
    ("symmetric as a matrix", "Is it the matrix that is to be symmetric here, or the units?",
     "np.array_equal(W, W.T)"),
    ("absolute tolerance", "If all weights are tiny, what counts as equal for your comparison?",
     "bool(np.allclose(W, W[:, :1]))"),
    ("first two only", "How many units has the layer, and how many do you compare?",
     "bool((W[:, :1] == W[:, 1:2]).all())"),
    ("first and last only", "How many units has the layer, and which of them do you look at?",
     "bool((W[:, 0] == W[:, -1]).all())"),
    ("any in place of all", "How many weights must agree for two units to be equal?",
     "bool((W[:, 1:] == W[:, :1]).any())"),
    ("sums compared", "Can two different columns have the same sum?",
     "bool(np.ptp(np.sum(W, axis=0)) <= 1e-9 * np.abs(W).max())"),
    ("sorted columns compared", "Does it matter to which input a weight belongs?",
     "bool((np.sort(W, axis=0) == np.sort(W, axis=0)[:, :1]).all())"),
    ("proportional columns", "Do two units compute the same if one has twice the weights of the other?",
     "bool(np.linalg.matrix_rank(W) <= 1)"),
    ("the opposite", "What should the answer be for a matrix of zeros?", "not (W == W[:, :1]).all()"),
    ("one answer for each input", "How many answers are asked for?", "(W == W[:, :1]).all(axis=1)"),
    ("never for one unit", "Is there another unit that a single one could differ from?",
     "W.shape[1] > 1 and bool((W == W[:, :1]).all())"),
):  # fmt: skip
    q.misconception(name, hint, function(CALL, expression))

# --- glorot_uniform, he_normal, lecun_normal -------------------------------------------------------------------------
# 120 000 weights: the standard deviation has itself one of 0.2 %, the share within it 0.0013, the mean 0.003 of it.

q = SET.question("glorot_uniform", points=7, names=("glorot_uniform", "he_normal", "lecun_normal"))
PAIRS = f"""
rng = {RNG}
W = np.array([{{name}}(fan_in, fan_out, rng) for _ in range(draws)])
result = [np.std(W), np.mean(W**4) ** 0.25]  # spread and tails of many small draws together
"""

for seed, name in enumerate(q.names):
    call = f"np.asarray({name}(fan_in, fan_out, {RNG}))"
    wide, tall = {"fan_in": 200, "fan_out": 600, "seed": 10 + seed}, {"fan_in": 500, "fan_out": 240, "seed": 20 + seed}
    within = f"W = {call}\nresult = np.mean(np.abs(W) < np.std(W)).round(6)  # share within one standard deviation"
    q.case(f"0 * {call}", fan_in=3, fan_out=2, seed=30 + seed)
    q.case(f"np.std({call}).round(6)", **wide, rtol=0.025, weight=2)
    q.case(draws(f"{name}(fan_in, fan_out, {{rng}})"), fan_in=6, fan_out=8, seed=40 + seed)
    if name == "glorot_uniform":
        q.case(f"np.max(np.abs({call})).round(6)", **wide, rtol=5e-4)
        q.case(f"np.max({call}).round(6)", **tall, rtol=5e-4, hidden=True, about=f"{name}: the largest weight")
    else:
        q.case(within, **wide, atol=0.012)
    q.case(f"np.std({call}).round(6)", **tall, rtol=0.025, hidden=True, about=f"{name}: the spread", weight=2)
    q.case(within, **tall, atol=0.012, hidden=True, about=f"{name}: the form of the distribution")
    q.case(f"W = {call}\nresult = np.mean(W) / np.std(W)", **tall, atol=0.025, hidden=True, about=f"{name}: the mean")
    q.case(f"np.std({call}).round(6)", fan_in=1, fan_out=90000, seed=50 + seed, rtol=0.025, hidden=True, weight=0.5,
           about=f"{name}: the spread, one input")  # fmt: skip
    q.case(PAIRS.format(name=name), fan_in=1, fan_out=2, draws=5000, seed=60 + seed, rtol=0.1, hidden=True, weight=0.5,
           about=f"{name}: many pairs of weights")  # fmt: skip


def named_as(
    limit: str = "np.sqrt(6 / (fan_in + fan_out))",
    he: str = "np.sqrt(2 / fan_in)",
    lecun: str = "np.sqrt(1 / fan_in)",
    uniform: str = "rng.uniform(-limit, limit, (fan_in, fan_out))",
    normal: str = "rng.normal(0, std, (fan_in, fan_out))",
) -> str:
    """Return the source of the three functions, right unless a part is given."""
    return (
        function("glorot_uniform(fan_in, fan_out, rng)", uniform, f"limit = {limit}")
        + function("he_normal(fan_in, fan_out, rng)", normal, f"std = {he}")
        + function("lecun_normal(fan_in, fan_out, rng)", normal, f"std = {lecun}")
    )


q.reference("""
    from course_lib.reference.initializers import get_initializer

    def glorot_uniform(fan_in, fan_out, rng):
        return get_initializer("glorot_uniform")((fan_in, fan_out), rng)

    def he_normal(fan_in, fan_out, rng):
        return get_initializer("he_normal")((fan_in, fan_out), rng)

    def lecun_normal(fan_in, fan_out, rng):
        return get_initializer("lecun_normal")((fan_in, fan_out), rng)
    """)
q.accepts("""
    def glorot_uniform(fan_in, fan_out, rng):
        '''From numbers between 0 and 1, in place.'''
        W = rng.random((fan_in, fan_out))
        W -= 0.5
        W *= 2 * (6 / (fan_in + fan_out)) ** 0.5
        return W

    def he_normal(fan_in, fan_out, rng):
        W = rng.standard_normal((fan_in, fan_out))
        W /= (fan_in / 2) ** 0.5
        return W

    def lecun_normal(fan_in, fan_out, rng):
        return rng.standard_normal((fan_in, fan_out)) * fan_in**-0.5
    """)
q.accepts("""
    def glorot_uniform(fan_in, fan_out, rng):
        '''Unit by unit.'''
        r = np.sqrt(3) * np.sqrt(2 / (fan_in + fan_out))
        return np.stack([rng.uniform(-r, r, fan_in) for _ in range(fan_out)], axis=1)

    def he_normal(fan_in, fan_out, rng):
        return np.sqrt(2) * lecun_normal(fan_in, fan_out, rng)

    def lecun_normal(fan_in, fan_out, rng):
        return np.array([rng.normal(scale=1 / np.sqrt(fan_in), size=fan_out) for _ in range(fan_in)])
    """)
q.accepts("""
    def by_box_and_muller(shape, rng):
        radius = np.sqrt(-2 * np.log(1 - rng.random(shape)))
        return radius * np.cos(2 * np.pi * rng.random(shape))

    def glorot_uniform(fan_in, fan_out, rng):
        '''Uniform numbers of two signs; normal ones by Box and Muller.'''
        signs = rng.choice([-1, 1], (fan_in, fan_out))
        return signs * rng.uniform(0, np.sqrt(6 / (fan_in + fan_out)), (fan_in, fan_out))

    def he_normal(fan_in, fan_out, rng):
        return by_box_and_muller((fan_in, fan_out), rng) * np.sqrt(2 / fan_in)

    def lecun_normal(fan_in, fan_out, rng):
        return np.einsum("ij,->ij", by_box_and_muller((fan_in, fan_out), rng), 1 / np.sqrt(fan_in))
    """)
CUT = "__import__('scipy.stats').stats.truncnorm.rvs(-2, 2, size=(fan_in, fan_out), random_state=rng)"
for name, hint, source in (
    ("variance for standard deviation", "Which of the two does NumPy expect as the width of a normal distribution?",
     named_as("6 / (fan_in + fan_out)", "2 / fan_in", "1 / fan_in")),
    ("limits as wide as one standard deviation", "Is a uniform weight as often at its limit as it is near zero?",
     named_as("np.sqrt(2 / (fan_in + fan_out))")),
    ("sum of the fans for their mean", "If both fans are equal, which rule should yours agree with, and does it?",
     named_as("np.sqrt(3 / (fan_in + fan_out))")),
    ("Glorot by the inputs alone", "Whose wishes does Glorot's rule make a compromise of?",
     named_as("np.sqrt(3 / fan_in)")),
    ("the other fan", "How many terms has the sum that a unit computes?",
     named_as(he="np.sqrt(2 / fan_out)", lecun="np.sqrt(1 / fan_out)")),
    ("mean of the fans everywhere", "Which of the three rules looks at both fans?",
     named_as(he="np.sqrt(4 / (fan_in + fan_out))", lecun="np.sqrt(2 / (fan_in + fan_out))")),
    ("He without his two", "Half of what goes into a ReLU is lost: who makes up for it?",
     named_as(he="np.sqrt(1 / fan_in)")),
    ("two outside the root", "By how much must the variance grow, and by how much does yours?",
     named_as(he="2 / np.sqrt(fan_in)")),
    ("He and LeCun mixed up", "Which of the two was made for ReLU?",
     named_as(he="np.sqrt(1 / fan_in)", lecun="np.sqrt(2 / fan_in)")),
    ("transposed", "Which of the two comes first in the shape of W, inputs or outputs?",
     named_as(uniform="rng.uniform(-limit, limit, (fan_out, fan_in))",
              normal="rng.normal(0, std, (fan_out, fan_in))")),
    ("positive weights only", "What is the mean of your weights, and what does the argument need it to be?",
     named_as(uniform="rng.uniform(0, limit, (fan_in, fan_out))",
              normal="np.abs(rng.normal(0, std, (fan_in, fan_out)))")),
    ("normal for uniform", "Has the distribution in the name of the first function any limits?",
     named_as(uniform="rng.normal(0, limit / np.sqrt(3), (fan_in, fan_out))")),
    ("uniform for normal", "Which distribution do the names of the last two functions ask for?",
     named_as(normal="rng.uniform(-np.sqrt(3) * std, np.sqrt(3) * std, (fan_in, fan_out))")),
    ("tails cut off", "Plain or truncated: which normal distribution does the text ask for?",
     named_as(normal=f"{CUT} * std / 0.8796")),
    ("all units alike", "How many different columns have your weights?",
     named_as(uniform="rng.uniform(-limit, limit, (fan_in, 1)) * np.ones(fan_out)",
              normal="rng.normal(0, std, (fan_in, 1)) * np.ones(fan_out)")),
    ("divided by the sample's spread", "If only two weights are drawn, may both be small?",
     named_as(uniform="(W := rng.uniform(-limit, limit, (fan_in, fan_out))) / (np.std(W) or 1) * limit / np.sqrt(3)",
              normal="(W := rng.normal(0, std, (fan_in, fan_out))) / (np.std(W) or 1) * std")),
    ("a generator of its own", OWN,
     named_as(uniform="(rng := np.random.default_rng(0)).uniform(-limit, limit, (fan_in, fan_out))",
              normal="(rng := np.random.default_rng(0)).normal(0, std, (fan_in, fan_out))")),
    ("the global generator", GLOBAL,
     named_as(uniform="np.random.uniform(-limit, limit, (fan_in, fan_out))",
              normal="np.random.normal(0, std, (fan_in, fan_out))")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- forward_variances -----------------------------------------------------------------------------------------------
# A single network scatters, deep and with ReLU most of all, so there the typical one of several is compared.

q = SET.question("forward_variances", points=8)
NET = "forward_variances(depth, width, weight_std, {h}, {rng})"
TANH, RELU = NET.format(h="np.tanh", rng=RNG), NET.format(h="lambda s: np.maximum(s, 0)", rng=RNG)
LINEAR = NET.format(h="lambda s: s", rng=RNG)
RATIOS = f"""
v = np.array({LINEAR}, dtype=float)
result = {{"every variance is a number above 0": bool(np.all((0 < v) & (v < np.inf)))}}
result["each layer has a factor of its own"] = bool(np.ptp(v[1:] / v[:-1]) > 1e-6)
# the variances of layers with one linear unit each
"""
SILENT = """
sums = []
def silence(s):
    sums.append(np.array(s, dtype=float))
    return 0 * sums[-1]
forward_variances(depth, width, weight_std, silence, np.random.default_rng(seed))
count = sum(map(np.count_nonzero, sums)) * depth - sum(map(np.size, sums))
result = count == 0  # if the activation gives zeros, are all sums after the first layer zero?
"""
NORMAL = f"""
rng, weights, inputs = {RNG}, [], []
for _ in range(runs):
    seen = []
    v = np.array(forward_variances(depth, width, weight_std, lambda s: seen.append(np.ravel(s)) or s, rng))
    weights.append(np.mean(v[1:] / v[:-1] < weight_std**2))
    s = np.concatenate(seen)[: sum(map(np.size, seen)) // depth]  # the sums of the first layer
    inputs.append(np.mean(np.abs(s) < np.std(s)))
result = [np.mean(weights), np.mean(inputs)]  # shares within one standard deviation
"""
WATCHED = """
seen = []
def watched_tanh(s):
    seen.append(np.size(s))
    return np.tanh(s)
forward_variances(depth, width, weight_std, watched_tanh, np.random.default_rng(seed))
result = {"the activation is used": sum(seen) > 0}
result["it sees 500 rows in each layer"] = sum(seen) >= 500 * depth * width
# what the activation is called with
"""


def typical(h: str) -> str:
    """Return code for the geometric mean of several networks with activation `h`."""
    return (
        f"rng = {RNG}\nruns = [{NET.format(h=h, rng='rng')} for _ in range(runs)]\n"
        "result = np.exp(np.mean(np.log(runs), axis=0))  # the typical one of several networks"
    )


q.case(f"0 * np.asarray({TANH})", depth=5, width=4, weight_std=0.5, seed=1)
q.case(f"np.round({TANH}, 6)", depth=3, width=200, weight_std=0.1, seed=2, rtol=0.07)
q.case(f"np.round({RELU}[0], 6)", depth=1, width=200, weight_std=0.1, seed=3, rtol=0.1)
q.case(RATIOS, depth=6, width=1, weight_std=1.0, seed=4, weight=2)
q.case(WATCHED, depth=3, width=6, weight_std=0.5, seed=5)
q.case(draws(NET.format(h="np.tanh", rng="{rng}")), depth=4, width=5, weight_std=0.5, seed=6)
q.case(f"0 * np.asarray({RELU})", depth=1, width=1, weight_std=1, seed=7, hidden=True, about="one unit", weight=0.5)
q.case(f"{LINEAR}[0]", depth=2, width=250, weight_std=0.04, seed=8, rtol=0.09, hidden=True, about="one linear layer")
q.case(f"{RELU}[0]", depth=2, width=200, weight_std=0.5, seed=9, rtol=0.1, hidden=True, about="one layer of ReLU")
q.case(f"{TANH}[-1]", depth=6, width=120, weight_std=1, seed=10, rtol=0.03, hidden=True, about="saturated layers")
q.case(typical("lambda s: np.maximum(s, 0)"), depth=3, width=60, weight_std=0.18, runs=20, seed=15, rtol=0.32,
       hidden=True, about="three layers of ReLU")  # fmt: skip
q.case(typical("np.tanh"), depth=6, width=50, weight_std=0.06, runs=8, seed=12, rtol=0.4, atol=0, hidden=True,
       about="a signal that fades")  # fmt: skip
q.case(typical("lambda s: s"), depth=6, width=30, weight_std=0.5, runs=12, seed=13, rtol=0.5, hidden=True,
       about="a signal that explodes")  # fmt: skip
q.case(SILENT, depth=3, width=4, weight_std=0.5, seed=14, hidden=True, about="an activation that gives zeros")
q.case(NORMAL, depth=50, width=1, weight_std=1.9, runs=40, seed=16, atol=0.075, hidden=True,
       about="the form of the distributions of weights and inputs")  # fmt: skip


def variances_as(
    measure: str = "np.var(a)",
    weights: str = "rng.normal(0, weight_std, (width, width))",
    inputs: str = "rng.normal(size=(1000, width))",
    layer: str = "activation(a @ W)",
    result: str = "variances",
    start: str = "variances = []",
    fixed: str = "",
) -> str:
    """Return the source of an answer, right unless a part is given; `fixed` are weights drawn before the loop."""
    return f"""
def forward_variances(depth, width, weight_std, activation, rng):
    x = a = {inputs}
    {f"W = {fixed}" if fixed else "W = None"}
    {start}
    for _ in range(depth):
        W = {"W" if fixed else weights}
        s = a @ W
        a = {layer}
        variances.append({measure})
    return {result}
"""


@q.reference
def forward_variances(depth, width, weight_std, activation, rng):
    from course_lib.reference.initializers import RandomNormal

    a, variances = rng.standard_normal((1000, width)), []
    for _ in range(depth):
        a = activation(a @ RandomNormal(stddev=weight_std)((width, width), rng))
        variances.append(a.var())
    return variances


@q.accepts
def forward_variances(depth, width, weight_std, activation, rng):
    """All weights at once, the variance by its two moments."""
    weights = weight_std * rng.standard_normal((depth, width, width))
    a = rng.standard_normal((500, width))
    result = np.zeros(depth)
    for l, W in enumerate(weights):
        a = activation(np.einsum("nd,du->nu", a, W))
        result[l] = np.mean(np.square(a)) - np.mean(a) ** 2
    return result


@q.accepts
def forward_variances(depth, width, weight_std, activation, rng):
    """By recursion, from weights drawn first; in place on arrays of its own."""
    weights = [rng.normal(scale=weight_std, size=(width, width)) for _ in range(depth)]

    def through(a, rest):
        if not rest:
            return ()
        a = activation(a.dot(rest[0]))
        centred = a - a.mean()
        centred *= centred
        return (centred.mean(), *through(a, rest[1:]))

    return through(rng.normal(size=(2000, width)), weights)


@q.accepts
def forward_variances(depth, width, weight_std, activation, rng):
    """A batch as columns, unit after unit."""
    a, variances = rng.normal(0, 1, (width, 600)), []
    for _ in range(depth):
        a = np.stack([activation(rng.normal(0, weight_std, width) @ a) for _ in range(width)])
        variances += [float(np.var(a))]
    return variances


for name, hint, source in (
    ("before the activation", "Of which quantity is the variance asked for, of s or of what the layer hands on?",
     variances_as("np.var(s)")),
    ("standard deviation", "If the signal becomes twice as large, by which factor should your number grow?",
     variances_as("np.std(a)")),
    ("mean square", "Are the outputs of a ReLU zero on average?", variances_as("np.mean(a**2)")),
    ("unit by unit", "Do you look at all entries together, or at the entries of one unit at a time?",
     variances_as("np.var(a, axis=0).mean()")),
    ("a variance for each unit", "How many numbers are asked for in each layer?", variances_as("np.var(a, axis=0)")),
    ("the same weights in each layer", "How many weight matrices has the network, and how many do you draw?",
     variances_as(fixed="rng.normal(0, weight_std, (width, width))")),
    ("standard deviation squared", "Is weight_std a variance, and does NumPy want one?",
     variances_as(weights="rng.normal(0, weight_std**2, (width, width))")),
    ("root taken once more", "Is weight_std a variance, and does NumPy want one?",
     variances_as(weights="rng.normal(0, np.sqrt(weight_std), (width, width))")),
    ("scaled by the width", "Who chooses the scale of the weights here, your function or its caller?",
     variances_as(weights="rng.normal(0, weight_std / np.sqrt(width), (width, width))")),
    ("biases added", "If the activation gives nothing but zeros, what should the next layer make of them?",
     variances_as(layer="activation(a @ W + rng.normal(0, weight_std, width))")),
    ("uniform weights", "From which distribution should the weights be drawn?",
     variances_as(weights="rng.uniform(-1, 1, (width, width)) * np.sqrt(3) * weight_std")),
    ("unscaled weights", "Does your function notice the argument weight_std?",
     variances_as(weights="rng.normal(size=(width, width))")),
    ("every layer fed with the input", "What goes into the second layer?", variances_as(layer="activation(x @ W)")),
    ("no activation", "Call your function with two different activations: does it notice?",
     variances_as(layer="a @ W")),
    ("the input counted as a layer", "How many numbers are asked for, and which one comes first?",
     variances_as(start="variances = [np.var(x)]")),
    ("only the last layer", "How many numbers are asked for?", variances_as(result="variances[-1]")),
    ("uniform input", "Which mean and which variance should the input have?",
     variances_as(inputs="rng.random((1000, width))")),
    ("input scaled like the weights", "Which variance should the input have?",
     variances_as(inputs="rng.normal(0, weight_std, (1000, width))")),
    ("a small batch", "How many rows does the text ask for at least?",
     variances_as(inputs="rng.normal(size=(100, width))")),
    ("a generator of its own", OWN,
     variances_as(inputs="(rng := np.random.default_rng(0)).normal(size=(1000, width))")),
    ("the global generator", GLOBAL,
     variances_as(weights="np.random.normal(0, weight_std, (width, width))",
                  inputs="np.random.normal(size=(1000, width))")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- truncated_normal ------------------------------------------------------------------------------------------------
# 100 000 draws: the standard deviation has itself one of 0.2 %; the largest misses the cut by more than 0.2 % with a
# probability of e^-45. The quantiles have standard deviations up to 0.004.

q = SET.question("truncated_normal", points=6)
CALL = f"np.asarray(truncated_normal(shape, std, {RNG}))"
LARGE = {"shape": (250, 400), "std": 0.05}
POOLED = f"""
rng = {RNG}
W = np.array([np.asarray(truncated_normal(shape, std, rng)) for _ in range(draws)])
result = [np.std(W), np.mean(W**4) ** 0.25]  # spread and tails of many small draws together
"""
QUANTILES = f"np.quantile(np.abs({CALL}), [0.25, 0.5, 0.75, 0.95]).round(6)"

q.case(f"0 * {CALL}", shape=(3, 4), std=1.0, seed=1)
q.case(f"np.std({CALL}).round(6)", **LARGE, seed=2, rtol=0.02)
q.case(f"np.max(np.abs({CALL})).round(6)", **LARGE, seed=2, rtol=0.002)
q.case(QUANTILES, shape=(250, 400), std=1.0, seed=3, atol=0.03)
q.case(draws("truncated_normal(shape, std, {rng})"), shape=(4, 6), std=0.5, seed=4)
q.case(f"[np.shape({CALL.replace('shape', 'one')}) for one in shapes]", shapes=[(7,), (2, 3, 4), (1, 1), ()], std=0.2,
       seed=5, hidden=True, about="one axis, three, none", weight=0.5)  # fmt: skip
q.case(f"np.std({CALL}).round(6)", shape=(400000,), std=3, seed=6, rtol=0.008, hidden=True, about="spread")
q.case(f"np.max({CALL}).round(6)", shape=(50, 50, 40), std=3, seed=7, rtol=0.003, hidden=True, about="largest")
q.case(f"np.min({CALL}).round(9)", shape=(400, 250), std=1e-3, seed=8, rtol=0.003, hidden=True, about="smallest")
q.case(f"np.mean({CALL})", shape=(250, 400), std=1.0, seed=9, atol=0.025, hidden=True, about="the mean")
q.case(QUANTILES, shape=(400, 250), std=2.0, seed=10, atol=0.06, hidden=True, about="the form of the distribution")
q.case(POOLED, shape=(2,), std=1.0, draws=5000, seed=11, rtol=0.06, hidden=True, about="many small draws")


def truncated_as(
    tails: str = "rng.standard_normal(np.sum(np.abs(z) > 2))",
    result: str = "z * std / 0.87962566",
    loop: str = "while np.any(np.abs(z) > 2)",
    z: str = "rng.standard_normal(shape)",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    body = f"z = np.array({z})\n    {loop}:\n        z[np.abs(z) > 2] = {tails}\n    return {result}"
    return f"def truncated_normal(shape, std, rng):\n    {body}\n"


@q.reference
def truncated_normal(shape, std, rng):
    from course_lib.reference.initializers import TruncatedNormal

    return TruncatedNormal(stddev=std)(shape, rng)


@q.accepts
def truncated_normal(shape, std, rng):
    """By the inverse of the distribution function, without drawing again."""
    from scipy.stats import norm

    return norm.ppf(rng.uniform(norm.cdf(-2), norm.cdf(2), shape)) * (std / 0.8796)


@q.accepts
def truncated_normal(shape, std, rng):
    """More than needed, and the first that are good."""
    size = int(np.prod(shape))
    kept = np.zeros(0)
    while kept.size < size:
        z = rng.normal(size=2 * size + 8)
        kept = np.concatenate([kept, z[np.abs(z) <= 2]])
    phi = np.exp(-2) / np.sqrt(2 * np.pi)
    kept /= np.sqrt(1 - 4 * phi / 0.9544997361)
    return std * kept[:size].reshape(shape)


@q.accepts
def truncated_normal(shape, std, rng):
    """Draw by draw, in the scale of the result."""
    width = std / 0.87962566

    def one():
        w = rng.normal(0, width)
        return w if abs(w) <= 2 * width else one()

    return np.array([one() for _ in range(int(np.prod(shape)))]).reshape(shape)


for name, hint, source in (
    ("clipped", "How many of your draws sit exactly at the cut?",
     function("truncated_normal(shape, std, rng)", "np.clip(rng.standard_normal(shape), -2, 2) * std / 0.87962566")),
    ("clipped, without scaling", "How many of your draws sit exactly at the cut, and what is their spread?",
     function("truncated_normal(shape, std, rng)", "np.clip(rng.normal(0, std, shape), -2 * std, 2 * std)")),
    ("not scaled", "What is left of the spread once the tails are gone?", truncated_as(result="z * std")),
    ("scaled the wrong way", "Does cutting make a distribution wider or narrower, and which way must you correct?",
     truncated_as(result="z * std * 0.87962566")),
    ("scaled by the variance", "Is 0.8796 the standard deviation of the cut distribution, or its variance?",
     truncated_as(result="z * std / 0.87962566**2")),
    ("cut after scaling", "Where is the cut, in the scale of the result?",
     truncated_as(z="rng.standard_normal(shape) / 0.8796", result="z * std",
                  tails="rng.standard_normal(np.sum(np.abs(z) > 2)) / 0.8796")),
    ("drawn again only once", "Can a draw that replaces an outlier be an outlier itself?",
     truncated_as(loop="if True")),
    ("outliers set to zero", "What should take the place of a draw that lies too far out?", truncated_as(tails="0")),
    ("outliers left out", "How many numbers are asked for, and how many are left?",
     truncated_as(loop="z = z[np.abs(z) <= 2]\n    while False")),
    ("plain normal", "How large is your largest draw, in standard deviations?", truncated_as(loop="while False")),
    ("cut at one", "At how many standard deviations is the cut?",
     function("truncated_normal(shape, std, rng)", "kept[: int(np.prod(shape))].reshape(shape) * std / 0.53956",
              "kept = rng.standard_normal(4 * int(np.prod(shape)) + 50)", "kept = kept[np.abs(kept) <= 1]")),
    ("one side only", "May a draw be negative, and how far?",
     truncated_as(result="np.abs(z) * std / 0.87962566")),
    ("tail cut on one side", "How far may a negative draw lie from zero?",
     truncated_as(loop="while np.any(z > 2)", tails="rng.standard_normal(np.sum(np.abs(z) > 2))")),
    ("divided by the sample's spread", "What would your function return for a single number?",
     truncated_as(result="z / (np.std(z) or 1) * std")),
    ("a generator of its own", OWN, truncated_as(z="(rng := np.random.default_rng(0)).standard_normal(shape)")),
    ("the global generator", GLOBAL,
     truncated_as(z="np.random.standard_normal(shape)", tails="np.random.standard_normal(np.sum(np.abs(z) > 2))")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- orthogonal ------------------------------------------------------------------------------------------------------
# Means over thousands of small matrices show whether all directions are equally likely.

q = SET.question("orthogonal", points=6)
CALL = f"orthogonal(shape, {RNG})"
COLUMNS = f"Q = np.array({CALL})\nresult = np.round(Q.T @ Q, 5) + 0.0  # lengths and angles of the columns"
ROWS = COLUMNS.replace("Q.T @ Q", "Q @ Q.T").replace("columns", "rows")
MEAN = f"""
rng = {RNG}
result = np.mean([np.asarray(orthogonal(shape, rng)) for _ in range(draws)], axis=0).round(4)  # mean matrix
"""
ANGLES = f"""
rng = {RNG}
Q = np.array([np.asarray(orthogonal(shape, rng)) for _ in range(draws)])
t = np.arctan2(Q[:, 1, 0], Q[:, 0, 0])  # the first column's angle
result = [np.mean(wave(n * t)).round(4) for n in (1, 2, 4) for wave in (np.cos, np.sin)]
result += [np.mean(np.linalg.det(Q)).round(4)]  # rotations and reflections
"""

q.case(f"0 * np.asarray({CALL})", shape=(2, 4), seed=3)
q.case(COLUMNS, shape=(4, 3), seed=1)
q.case(ROWS, shape=(2, 4), seed=2)
q.case(MEAN, shape=(3, 3), draws=1500, seed=4, atol=0.17, weight=2)
q.case(draws("orthogonal(shape, {rng})"), shape=(5, 3), seed=5)
q.case(COLUMNS, shape=(60, 40), seed=6, hidden=True, about="many inputs: columns")
q.case(ROWS, shape=(30, 50), seed=7, hidden=True, about="many outputs: rows")
q.case(ROWS, shape=(25, 25), seed=8, hidden=True, about="a square matrix: rows")
q.case(COLUMNS, shape=(6, 1), seed=9, hidden=True, about="a single unit", weight=0.5)
q.case(ROWS, shape=(1, 6), seed=10, hidden=True, about="a single input", weight=0.5)
q.case(MEAN, shape=(4, 2), draws=1500, seed=11, atol=0.15, hidden=True, about="the mean of many matrices, more inputs")
q.case(MEAN, shape=(2, 4), draws=1500, seed=12, atol=0.15, hidden=True, about="the mean of many matrices, more outputs")
q.case(ANGLES, shape=(2, 2), draws=6000, seed=13, atol=0.1, hidden=True, about="directions in the plane")


def orthogonal_as(
    A: str = "rng.standard_normal((max(shape), min(shape)))",
    factor: str = "Q * np.sign(np.diag(R))",
    result: str = "Q if shape[0] >= shape[1] else Q.T",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    return function("orthogonal(shape, rng)", result, f"Q, R = np.linalg.qr({A})", f"Q = {factor}")


@q.reference
def orthogonal(shape, rng):
    from course_lib.reference.initializers import get_initializer

    return get_initializer("orthogonal")(shape, rng)


@q.accepts
def orthogonal(shape, rng):
    """The nearest orthogonal matrix, by singular values."""
    U, _, V = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    return U @ V


@q.accepts
def orthogonal(shape, rng):
    """Gram and Schmidt, one vector after the other, twice against rounding."""
    vectors = []
    for v in rng.standard_normal((min(shape), max(shape))):
        for _ in range(2):
            for u in vectors:
                v -= (u @ v) * u
        vectors.append(v / np.linalg.norm(v))
    return np.array(vectors) if shape[0] <= shape[1] else np.array(vectors).T


@q.accepts
def orthogonal(shape, rng):
    """A square one, with the signs of R as a diagonal matrix, cut to size."""
    n = max(shape)
    Q, R = np.linalg.qr(rng.normal(0, 3, (n, n)))
    return np.einsum("ij,jk->ik", Q, np.diag(np.diag(R) / np.abs(np.diag(R))))[: shape[0], : shape[1]]


for name, hint, source in (
    ("signs left to the routine", "Look at the first entry over many draws: which signs does it have?",
     orthogonal_as(factor="Q")),
    ("signs of the factor itself", "Which of the two factors of the decomposition tells you the signs?",
     orthogonal_as(factor="Q * np.sign(np.diag(Q))")),
    ("uniform draws decomposed", "Does the distribution that you start from favour some directions?",
     orthogonal_as("rng.random((max(shape), min(shape)))")),
    ("draws from a square decomposed", "Is every direction as long as every other in the square that you draw from?",
     orthogonal_as("rng.uniform(-1, 1, (max(shape), min(shape)))")),
    ("wide matrices cut short", "Which shape has your result if there are more outputs than inputs?",
     orthogonal_as("rng.standard_normal(shape)", result="Q")),
    ("always tall", "Which shape has your result if there are more outputs than inputs?", orthogonal_as(result="Q")),
    ("always square", "Which shape is asked for, and which one do you return?",
     orthogonal_as("rng.standard_normal((max(shape), max(shape)))", result="Q")),
    ("lengths only", "Are your columns at right angles to each other?",
     function("orthogonal(shape, rng)", "W / np.linalg.norm(W, axis=0)", "W = rng.standard_normal(shape)")),
    ("nothing random", "Where does your function use its generator?",
     function("orthogonal(shape, rng)", "np.eye(*shape)")),
    ("shuffled identity", "How many directions can the first column of your matrix have?",
     function("orthogonal(shape, rng)", "np.eye(max(shape))[rng.permutation(max(shape))][: shape[0], : shape[1]]")),
    ("the triangular factor", "Which of the two factors has orthonormal columns?", orthogonal_as(factor="R")),
    ("a normal matrix", "Are your columns at right angles, and how long are they?",
     function("orthogonal(shape, rng)", "rng.normal(0, 1 / np.sqrt(shape[0]), shape)")),
    ("with the gain of ReLU", "How long should a column be?",
     orthogonal_as(factor="np.sqrt(2) * Q * np.sign(np.diag(R))")),
    ("scaled by the fan-in", "How long should a column be?",
     orthogonal_as(factor="Q * np.sign(np.diag(R)) / np.sqrt(shape[0])")),
    ("a generator of its own", OWN,
     orthogonal_as("np.random.default_rng(0).standard_normal((max(shape), min(shape)))")),
    ("the global generator", GLOBAL, orthogonal_as("np.random.standard_normal((max(shape), min(shape)))")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- output_bias -----------------------------------------------------------------------------------------------------
# Any additive constant is right, so the softmax is compared; a class that is absent may have up to 1e-6 of it.

q = SET.question("output_bias", points=5)
rng = np.random.default_rng(506)
SOFTMAX = """
b = np.array(output_bias(labels, k), dtype=float)
e = np.exp(b - np.max(b))
result = np.round(e / np.sum(e), 9)  # the softmax of the bias
"""
FINITE = """
b = np.array(output_bias(labels, k), dtype=float)
result = {"no bias is NaN": not np.any(np.isnan(b)), "no bias is infinite": not np.any(np.isinf(b))}
"""
BELOW = SOFTMAX.replace("np.round(e / np.sum(e), 9)  # the softmax of the bias",
                        "bool(np.all((e / np.sum(e))[absent] < 1e-6))  # is the softmax there below 1e-6?")  # fmt: skip
ABSENT = {"labels": np.array([3, 1, 1, 3, 3, 1, 1, 1]), "k": 5}

q.case("0 * np.asarray(output_bias(labels, k))", labels=np.array([0, 1, 1]), k=2)
q.case(SOFTMAX, labels=np.array([0, 0, 0, 1]), k=2, atol=2e-6, mutation="forbidden")
q.case(SOFTMAX, labels=np.array([2, 0, 1, 2, 2, 0, 2, 2]), k=3, atol=2e-6)
q.case(FINITE, **ABSENT, weight=0.5)
q.case(SOFTMAX, **ABSENT, atol=5e-6)
q.case(BELOW, **ABSENT, absent=[0, 2, 4])
q.case(SOFTMAX, labels=rng.choice(6, 500, p=[0.4, 0.3, 0.15, 0.1, 0.04, 0.01]), k=6, atol=2e-6, layout="strided",
       mutation="forbidden", hidden=True, about="six classes, not contiguous")  # fmt: skip
q.case(SOFTMAX, labels=np.repeat([0, 1], [9990, 10]), k=2, atol=2e-6, layout="read-only", hidden=True,
       about="one in a thousand, not writable")  # fmt: skip
q.case(SOFTMAX, labels=np.tile(np.arange(10, dtype=np.uint8), 3), k=10, atol=2e-6, hidden=True,
       about="balanced labels of one byte")  # fmt: skip
q.case(SOFTMAX, labels=np.array([2, 2, 2]), k=4, atol=5e-6, hidden=True, about="a single class")
q.case(FINITE, labels=np.array([1, 1, 0]), k=4, hidden=True, about="the last classes absent: finite", weight=0.5)
q.case(SOFTMAX, labels=np.array([1, 1, 0]), k=4, atol=5e-6, hidden=True, about="the last classes absent: frequencies")
q.case(BELOW, labels=np.array([1, 1, 0, 4]), k=6, absent=[2, 3, 5], hidden=True, about="absent classes: hardly ever")


@q.reference
def output_bias(labels, k):
    from course_lib.reference import initializers

    return initializers.output_bias(labels, k)


@q.accepts
def output_bias(labels, k):
    """Counts do as well as frequencies; an absent class counts for a billionth."""
    counts = np.bincount(labels, minlength=k).astype(float)
    counts[counts == 0] = 1e-9
    return np.log(counts)


@q.accepts
def output_bias(labels, k):
    """Class by class."""
    import math

    shares = [sum(1 for label in labels if label == c) / len(labels) for c in range(k)]
    return [math.log(share) if share else -50.0 for share in shares]


@q.accepts
def output_bias(labels, k):
    """From one-hot rows, mean zero, and a tiny number in the logarithm."""
    frequencies = np.mean(np.asarray(labels)[:, None] == np.arange(k), axis=0)
    b = np.log(frequencies + 1e-8)
    b -= b.mean()
    return b


COUNTS = "np.bincount(labels, minlength=k)"
for name, hint, expression in (
    ("minus infinity", "What is the logarithm of the frequency of a class that never occurs?",
     f"np.log({COUNTS} / len(labels))"),
    ("frequencies for their logarithms", "What does softmax do to the numbers that you give it?",
     f"{COUNTS} / len(labels)"),
    ("log odds", "Is the last layer a sigmoid or a softmax?",
     f"np.log(np.maximum({COUNTS}, 1e-9) / (len(labels) + 1e-9 - {COUNTS}))"),
    ("rare classes favoured", "Which class should have the largest bias, the commonest or the rarest?",
     f"-np.log(np.maximum({COUNTS} / len(labels), 1e-9))"),
    ("one added to every count", "Does your softmax give the frequencies exactly, for a small batch?",
     f"np.log(({COUNTS} + 1) / (len(labels) + k))"),
    ("a floor too high", "How rarely may a class be predicted that never occurs?",
     f"np.log(np.maximum({COUNTS} / len(labels), 1e-4))"),
    ("zero for absent classes", "Which other class has the bias zero, and how frequent is that one?",
     f"np.log(np.maximum({COUNTS}, 1))"),
    ("classes counted from the labels", "Must the last class occur among the labels?",
     "np.log(np.maximum(np.bincount(labels), 1e-9) / len(labels))"),
    ("only the classes that occur", "How many classes are there, and how many biases do you return?",
     "np.log(np.unique(labels, return_counts=True)[1] / len(labels))"),
    ("base two", "Which logarithm does the exponential of the softmax undo?",
     f"np.log2(np.maximum({COUNTS} / len(labels), 1e-9))"),
    ("counts themselves", "What does softmax do to a bias of a hundred?", f"{COUNTS} * 1.0"),
    ("zeros", "Which frequencies does softmax give if all biases are equal?", "np.zeros(k)"),
    ("standardized frequencies", "What does softmax do to the numbers that you give it?",
     f"({COUNTS} - np.mean({COUNTS})) / (np.std({COUNTS}) or 1)"),
):  # fmt: skip
    q.misconception(name, hint, function("output_bias(labels, k)", expression))

# --- in words --------------------------------------------------------------------------------------------------------

SET.written(
    "equal_for_ever",
    points=5,
    rubric=(
        (1, "Forward: equal columns and equal biases give equal sums, so equal outputs, for every sample."),
        (1, "Backward: with equal outgoing weights, equal slopes times equal weighted sums of the upper deltas give "
            "equal deltas, so equal gradients of incoming weights, bias and outgoing weights."),
        (1, "Induction: equal numbers minus equal steps are equal, and so after every step; an optimizer with state, "
            "such as momentum, changes nothing, for its state is equal too. So is the size of the step or the data."),
        (1, "What the network is worth: all units of the layer together do what a single one can do; zeros are worse, "
            "for there no gradient reaches the hidden weights at all (or only the output bias moves)."),
        (1, "The way out, and what is not needed: random weights, in one of the two layers at least; biases may be "
            "zero; the second network learns because outgoing weights that differ give deltas that differ."),
    ),
    model_answer=(
        "Take two units of the hidden layer. Their incoming weights are equal columns and their biases are equal, so "
        "for every sample they compute the same sum and the same output. Going back, the delta of a unit is the slope "
        "of its activation times the sum of its outgoing weights with the deltas above. Slopes and outgoing weights "
        "are the same for both, so are the deltas, and so are the gradients: the input times delta for the incoming "
        "weights, delta for the bias, the unit's output times the delta above for the outgoing weights. Equal numbers "
        "minus the same step remain equal, so after one step everything is as it was at the start, and by induction "
        "after every step. Momentum or Adam do not help, since what they remember of the two units is the same. The "
        "fifty units compute what a single one computes, fifty times over, and that is all the first network can ever "
        "learn. In the second one the incoming weights are equal, too, but the outgoing ones are not: the deltas "
        "differ in the first step, and after it the columns differ. With zeros everywhere it is even worse than with "
        "equal weights, as the deltas of the hidden layer pass through outgoing weights that are zero: only the "
        "output bias learns. So it is enough to draw the weights of one of the two layers at random. Biases may start "
        "at zero."
    ),
)  # fmt: skip
