"""Problem set 07: what is asked, what is right, what goes wrong, and what is said about it.

Each block is one question: its cases (hidden ones draw from a seed of their own), the reference answer, other right
answers, and the mistakes that students really make. A mistake is the right answer with one part put wrong, so each
question has a function that writes its source from parts. A step is tried result by result: the weights may be right
while the state is not, and the other way round.
"""

import numpy as np

from autograder.questions import ProblemSet, Question

SET = ProblemSet(
    "07_optimizers",
    title="Optimizers",
    minutes=120,
    objectives=(
        "write a moving average that forgets, and compensate for its start at zero",
        "turn the update rules of momentum, Nesterov, RMSprop, Adagrad, Adadelta and Adam into code, each as one "
        "source defines it",
        "say where two definitions of the same optimizer differ, and what the difference does",
        "read an optimizer as a filter and compute its frequency response",
        "write learning rate schedules, Newton's step and the two loops of L-BFGS",
        "predict what a scaled loss or a missing compensation does to the steps of Adam",
    ),
)
IN_PLACE = "Whose array do you write into, and may you?"
INTEGER = "Which dtype do your results have when the weights are whole numbers?"
UPHILL = "The gradient points to where the loss grows: where do your weights go?"
ORDER = "In which order are the results asked for?"


def step_cases(q: Question, call: str, parts: tuple[str, ...], counted: bool = False, **settings: object) -> None:
    """Add one case for each result of a step, and a small one for all together if they are to be `counted`."""
    about = settings.pop("about", "")
    if counted:
        q.case(call, **{**settings, "weight": 0.5})
    for part, name in enumerate(parts):
        q.case(f"{call}[{part}]", about=f"{about}: {name}" if about else "", **settings)


def draws(seed: int, shape: tuple[int, ...], signed: str, positive: str = "") -> dict:
    """Draw an array for each letter of `signed` and of `positive`, the latter between 0.1 and 2."""
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(size=shape).round(2) for name in signed}
    return arrays | {name: rng.uniform(0.1, 2, shape).round(2) for name in positive}


# --- ewma ------------------------------------------------------------------------------------------------------------

q = SET.question("ewma", points=4)
rng = np.random.default_rng(701)
CALL = "ewma(values, alpha, compensate)"
WALK = rng.normal(3, 1, 9).round(2)

q.case(CALL, values=np.array([1.0, 2.0, 4.0]), alpha=0.5, compensate=False, mutation="forbidden")
q.case(CALL, values=np.array([1.0, 2.0, 4.0]), alpha=0.5, compensate=True, mutation="forbidden")
q.case(CALL, values=np.array([10, 0, 0, 5]), alpha=0.8, compensate=True)
q.case(CALL, values=WALK, alpha=0.9, compensate=False, layout="strided", mutation="forbidden", hidden=True,
       about="plain, not contiguous")  # fmt: skip
q.case(CALL, values=WALK, alpha=0.9, compensate=True, layout="strided", mutation="forbidden", hidden=True,
       about="compensated, not contiguous")  # fmt: skip
q.case(CALL, values=rng.integers(-9, 9, 6), alpha=0.75, compensate=False, layout="read-only", hidden=True,
       about="plain, whole numbers, not writable")  # fmt: skip
q.case(CALL, values=rng.integers(1, 9, 5), alpha=0.999, compensate=True, layout="read-only", hidden=True,
       about="compensated, a long memory")  # fmt: skip
q.case(CALL, values=np.array([3.5, -1.25, 2.75]), alpha=0, compensate=True, hidden=True, weight=0.5, about="alpha 0")
q.case(CALL, values=np.array([-2.5]), alpha=0.6, compensate=True, hidden=True, weight=0.5, about="a single value")
q.case(CALL, values=np.full(200, 1.5), alpha=0.95, compensate=False, hidden=True, weight=0.5, about="a long constant")
q.case(CALL, values=np.float32([0.7, 1.3, 2.6, 0.4]), alpha=0.5, compensate=True, hidden=True, weight=0.5, rtol=1e-5,
       about="single precision")  # fmt: skip


def ewma_as(
    start: str = "0.0",
    update: str = "alpha * s + (1 - alpha) * value",
    result: str = "s / (1 - alpha**t) if compensate else s",
    empty: str = "np.zeros(len(values))",
    returned: str = "out",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    return f"""
def ewma(values, alpha, compensate):
    s, out = {start}, {empty}
    for t, value in enumerate(values, 1):
        s = {update}
        out[t - 1] = {result}
    return {returned}
"""


q.reference(ewma_as())


@q.accepts
def ewma(values, alpha, compensate):
    """All weights in one triangle."""
    age = np.subtract.outer(np.arange(len(values)), np.arange(len(values)))
    weights = np.where(age >= 0, (1 - alpha) * float(alpha) ** np.maximum(age, 0), 0.0)
    if compensate:
        weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ values


@q.accepts
def ewma(values, alpha, compensate):
    """A list, and the weights that have been given out so far."""
    s, given, averages = 0.0, 0.0, []
    for value in values:
        s += (1 - alpha) * (value - s)
        given += (1 - alpha) * (1 - given)
        averages.append(s / given if compensate else s)
    return averages


@q.accepts
def ewma(values, alpha, compensate):
    from scipy.signal import lfilter

    out = lfilter([1 - alpha], [1, -alpha], np.asarray(values, dtype=float))
    if compensate:
        out /= 1 - alpha ** np.arange(1, len(out) + 1.0)
    return out


for name, hint, source in (
    ("starts at the first value", "What does your average hold before it has seen anything, and what should it hold?",
     ewma_as(start="values[0]")),
    ("alpha on the new value", "With alpha close to 1, should the average react quickly or slowly?",
     ewma_as(update="(1 - alpha) * s + alpha * value", result="s / (1 - (1 - alpha)**t) if compensate else s")),
    ("two weights mixed up", "Which of the two weights does your compensation belong to, and which one the recursion?",
     ewma_as(update="(1 - alpha) * s + alpha * value")),
    ("steps counted from 0", "How many values has the first average seen?",
     ewma_as(result="s / (1 - alpha**(t - 1)) if compensate else s")),
    ("steps counted from 2", "What should the compensated average of a single value be?",
     ewma_as(result="s / (1 - alpha**(t + 1)) if compensate else s")),
    ("compensated value fed back", "Does the next step go on from the average, or from what you made of it?",
     ewma_as(result="(s := s / (1 - alpha**t)) if compensate else s")),
    ("always compensated", "What does your function do with its third argument?", ewma_as(result="s / (1 - alpha**t)")),
    ("never compensated", "The start at zero pulls the first averages down: what lifts them?", ewma_as(result="s")),
    ("compensated by a constant", "How long does the start at zero matter, and how long does your correction act?",
     ewma_as(result="s / (1 - alpha) if compensate else s")),
    ("no weight on the new value", "What do the weights of all values add up to?",
     ewma_as(update="alpha * s + value")),
    ("zero handed out, too", "How many averages are there for three values?",
     ewma_as(returned="np.concatenate([[0.0], out])")),
    ("one step late", "Does your first result know the first value?",
     ewma_as(returned="np.concatenate([[0.0], out[:-1]])")),
    ("last average only", "How many numbers are asked for?", ewma_as(returned="out[-1]")),
    ("plain mean", "Does your average forget?", ewma_as(update="s + (value - s) / t", result="s")),
    ("integer array", "Which dtype has the array that you fill, when the values are whole numbers?",
     ewma_as(empty="np.zeros_like(values)")),
    ("work in the caller's array", IN_PLACE, ewma_as(empty="values")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- momentum_step, nesterov_step ------------------------------------------------------------------------------------

q = SET.question("momentum_step", points=5, names=("momentum_step", "nesterov_step"))
rng = np.random.default_rng(702)
PARTS = ("the weights", "the velocity")

for name in q.names:
    call = f"{name}(w, g, v, lr, mu)"
    step_cases(q, call, PARTS, w=np.array([1.0, -2.0]), g=np.array([0.5, 3.0]), v=np.array([0.25, -1.0]), lr=0.1,
               mu=0.9, mutation="forbidden", counted=True)  # fmt: skip
    step_cases(q, call, PARTS, w=np.array([[1, 2], [0, -3]]), g=np.array([[4, 0], [-2, 1]]), v=np.zeros((2, 2), int),
               lr=0.5, mu=0.8)  # fmt: skip
    of = name.removesuffix("_step")
    step_cases(q, call, PARTS, **draws(7021, (2, 3, 2), "wgv"), lr=0.03, mu=0.95, layout="strided",
               mutation="forbidden", hidden=True, about=f"{of} in three dimensions, not contiguous")  # fmt: skip
    step_cases(q, call, PARTS, w=rng.integers(-9, 9, (3, 2)), g=rng.integers(-9, 9, (3, 2)), lr=0.25, mu=0.5,
               v=rng.integers(-9, 9, (3, 2)), layout="read-only", hidden=True,
               about=f"{of} of whole numbers, not writable")  # fmt: skip
    step_cases(q, call, PARTS, **draws(7022, (3,), "wgv"), lr=0.7, mu=0.0, hidden=True, weight=0.5,
               about=f"{of} with mu 0")  # fmt: skip
    step_cases(q, call, PARTS, w=np.float32([2.5, 3.75]), g=np.float32([1.3, 2.1]), v=np.float32([-0.6, -0.7]), lr=0.1,
               mu=0.9, hidden=True, weight=0.5, rtol=1e-5, about=f"{of} in single precision")  # fmt: skip


def momentum_as(
    velocity: str = "mu * v - lr * g",
    step: str = "v_new",
    look: str = "mu * v_new - lr * g",
    result: str = "w + step, v_new",
    other: str = "",
) -> str:
    """Return the source of both functions, right unless a part is given; `other` is the result of Nesterov's."""
    return f"""
def momentum_step(w, g, v, lr, mu):
    v_new = {velocity}
    step = {step}
    return {result}

def nesterov_step(w, g, v, lr, mu):
    v_new = {velocity}
    step = {look}
    return {other or result}
"""


q.reference(momentum_as())
q.accepts("""
    def momentum_step(w, g, v, lr, mu):
        '''On arrays of its own, in place.'''
        v = np.array(v, dtype=float)
        v *= mu
        v -= np.multiply(lr, g)
        return v + w, v

    def nesterov_step(w, g, v, lr, mu):
        there, v_new = momentum_step(w, g, v, lr, mu)
        return there + mu * (v_new - v), v_new
    """)
q.accepts("""
    def momentum_step(w, g, v, lr, mu):
        '''Number by number.'''
        velocity = np.array([mu * old - lr * slope for old, slope in zip(np.ravel(v), np.ravel(g))])
        return (np.ravel(w) + velocity).reshape(np.shape(w)), velocity.reshape(np.shape(v))

    def nesterov_step(w, g, v, lr, mu):
        _, new = momentum_step(w, g, v, lr, mu)
        return [np.add(w, (1 + mu) * new) - mu * v, new]
    """)
q.accepts("""
    def momentum_step(w, g, v, lr, mu):
        '''With the place where one really is, and the place that one looks at.'''
        velocity = np.multiply(mu, v) - np.multiply(lr, g)
        return np.add(w, velocity), velocity

    def nesterov_step(w, g, v, lr, mu):
        here = np.subtract(w, np.multiply(mu, v))
        here, velocity = momentum_step(here, g, v, lr, mu)
        return here + mu * velocity, velocity
    """)
for name, hint, source in (
    ("velocity uphill", "A ball starts at rest: does your velocity point along the gradient or against it?",
     momentum_as("mu * v + lr * g", look="mu * v_new + lr * g")),
    ("velocity of PyTorch", "In which unit is your velocity: that of a gradient or that of a step?",
     momentum_as("mu * v + g", step="-lr * v_new", look="-lr * (g + mu * v_new)")),
    ("average of gradients", "How fast does the ball become on a steady slope, and how much does yours gain?",
     momentum_as("mu * v - (1 - mu) * lr * g", look="mu * v_new - (1 - mu) * lr * g")),
    ("step with the old velocity", "Does this step know this gradient?", momentum_as(step="v", look="mu * v - lr * g")),
    ("no memory", "What is left of the old velocity?",
     momentum_as("-lr * g", look="-(1 + mu) * lr * g")),
    ("Nesterov like momentum", "For the same arguments, should your two functions differ?", momentum_as(look="v_new")),
    ("gradient counted once", "Nesterov's step contains the gradient twice: in which two places?",
     momentum_as(look="mu * v_new")),
    ("old velocity kept in Nesterov's step", "If the velocity does not change, by how much should Nesterov's step "
     "differ from that of momentum?", momentum_as(look="(1 + mu) * v_new")),
    ("Nesterov's step kept as velocity", "Which of the two goes on to the next step: the velocity, or the step?",
     momentum_as(other="w + step, step")),
    ("mu and rate swapped", "Which of the two numbers belongs to the gradient?",
     momentum_as("lr * v - mu * g", look="lr * v_new - mu * g")),
    ("step added to nothing", "Is the new place asked for, or the way to it?", momentum_as(result="step, v_new")),
    ("swapped results", ORDER, momentum_as(result="v_new, w + step")),
    ("velocity left out", "How many results are asked for?", momentum_as(result="w + step")),
    ("integer array", INTEGER, momentum_as(result="(w + step).astype(w.dtype), v_new.astype(w.dtype)")),
    ("work in the caller's array", IN_PLACE,
     "def momentum_step(w, g, v, lr, mu):\n    v *= mu\n    v -= lr * g\n    w += v\n    return w, v\n\n"
     "def nesterov_step(w, g, v, lr, mu):\n    v *= mu\n    v -= lr * g\n    w += mu * v - lr * g\n    return w, v\n"),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- rmsprop_step, adagrad_step --------------------------------------------------------------------------------------

q = SET.question("rmsprop_step", points=4, names=("rmsprop_step", "adagrad_step"))
rng = np.random.default_rng(703)
PARTS = ("the weights", "the state")

for name, call, more in (
    ("RMSprop", "rmsprop_step(w, g, s, lr, rho, eps)", {"rho": 0.75}),
    ("Adagrad", "adagrad_step(w, g, s, lr, eps)", {}),
):
    step_cases(q, call, PARTS, w=np.array([1.0, -2.0, 0.5]), g=np.array([0.5, 3.0, 0.0]), s=np.array([0.25, 4.0, 0.0]),
               lr=0.1, eps=0.01, **more, mutation="forbidden", counted=True)  # fmt: skip
    step_cases(q, call, PARTS, w=np.array([[1, 2], [0, -3]]), g=np.array([[4, 1], [-2, 3]]), s=np.zeros((2, 2), int),
               lr=0.5, eps=0.1, **more)  # fmt: skip
    step_cases(q, call, PARTS, **draws(7031, (2, 3, 2), "wg", "s"), lr=0.03, eps=0.2, **more, layout="strided",
               mutation="forbidden", hidden=True, about=f"{name} in three dimensions, not contiguous")  # fmt: skip
    step_cases(q, call, PARTS, w=rng.integers(-9, 9, (3, 2)), g=rng.integers(1, 9, (3, 2)), lr=1, eps=1, **more,
               s=rng.integers(0, 9, (3, 2)), layout="read-only", hidden=True,
               about=f"{name} of whole numbers, not writable")  # fmt: skip
    step_cases(q, call, PARTS, w=np.array([1.5, 2.5]), g=np.array([1e-6, 0.0]), s=np.zeros(2), lr=0.01, eps=1e-7,
               **more, warnings="forbidden", hidden=True, weight=0.5,
               about=f"{name} with gradients near 0")  # fmt: skip
    step_cases(q, call, PARTS, w=np.float32([2.5, 3.75]), g=np.float32([1.3, 2.1]), s=np.float32([0.6, 0.7]), lr=0.1,
               eps=0.01, **more, hidden=True, weight=0.5, rtol=1e-5, about=f"{name} in single precision")  # fmt: skip


def adaptive_as(
    mean: str = "rho * s + (1 - rho) * g**2",
    total: str = "s + g**2",
    step: str = "lr * g / (np.sqrt(s_new) + eps)",
    result: str = "w - step, s_new",
) -> str:
    """Return the source of both functions, right unless a part is given."""
    return f"""
def rmsprop_step(w, g, s, lr, rho, eps):
    s_new = {mean}
    step = {step}
    return {result}

def adagrad_step(w, g, s, lr, eps):
    s_new = {total}
    step = {step}
    return {result}
"""


q.reference(adaptive_as())
q.accepts("""
    def adagrad_step(w, g, s, lr, eps):
        '''On arrays of its own, in place; RMSprop is Adagrad with two factors.'''
        s = np.array(s, dtype=float)
        s += np.square(g)
        step = np.sqrt(s)
        step += eps
        np.divide(g, step, out=step)
        step *= -lr
        step += w
        return step, s

    def rmsprop_step(w, g, s, lr, rho, eps):
        state = np.multiply(rho, s) + (1 - rho) * np.square(g)
        return adagrad_step(w, g, state - np.square(g), lr, eps)[0], state
    """)
q.accepts("""
    def one(w, g, s, lr, eps):
        return w - lr * g / (s**0.5 + eps)

    def rmsprop_step(w, g, s, lr, rho, eps):
        '''Number by number.'''
        s_new = np.array([s_i + (1 - rho) * (g_i * g_i - s_i) for s_i, g_i in zip(np.ravel(s), np.ravel(g))])
        moved = [one(w_i, g_i, s_i, lr, eps) for w_i, g_i, s_i in zip(np.ravel(w), np.ravel(g), s_new)]
        return np.reshape(moved, np.shape(w)), s_new.reshape(np.shape(w))

    def adagrad_step(w, g, s, lr, eps):
        s_new = np.array([s_i + g_i * g_i for s_i, g_i in zip(np.ravel(s), np.ravel(g))], dtype=float)
        moved = [one(w_i, g_i, s_i, lr, eps) for w_i, g_i, s_i in zip(np.ravel(w), np.ravel(g), s_new)]
        return np.reshape(moved, np.shape(w)), s_new.reshape(np.shape(w))
    """)
for name, hint, source in (
    ("epsilon under the root", "The state is a square: is your epsilon added to the square, or to its root?",
     adaptive_as(step="lr * g / np.sqrt(s_new + eps)")),
    ("epsilon left out", "What does your code do with a weight whose gradient has always been 0?",
     adaptive_as(step="lr * g / np.sqrt(s_new)")),
    ("epsilon as a floor", "Does your epsilon do anything where the state is large?",
     adaptive_as(step="lr * g / np.maximum(np.sqrt(s_new), eps)")),
    ("two weights mixed up", "With rho close to 1, should the average react quickly or slowly?",
     adaptive_as("(1 - rho) * s + rho * g**2")),
    ("gradient not squared", "Can your state become negative?",
     adaptive_as("rho * s + (1 - rho) * g", "s + g")),
    ("state before the gradient", "Does the root know the gradient that it divides?",
     adaptive_as(step="lr * g / (np.sqrt(s) + eps)")),
    ("no root", "If all gradients were twice as large, how much longer or shorter should the steps be?",
     adaptive_as(step="lr * g / (s_new + eps)")),
    ("RMSprop that never forgets", "Your RMSprop and your Adagrad: which of them forgets?", adaptive_as("s + g**2")),
    ("new square with full weight", "What does the average of a constant come to, and should it?",
     adaptive_as("rho * s + g**2")),
    ("one state for all weights", "Must a weight with small gradients pay for one with large gradients?",
     adaptive_as("rho * s + (1 - rho) * np.mean(g**2)", "s + np.sum(g**2)")),
    ("multiplied by the root", "Should a weight with large gradients get a larger or a smaller rate?",
     adaptive_as(step="lr * g * (np.sqrt(s_new) + eps)")),
    ("root kept as state", "What is averaged: squares, or their roots?",
     adaptive_as(result="w - step, np.sqrt(s_new)")),
    ("uphill", UPHILL, adaptive_as(result="w + step, s_new")),
    ("swapped results", ORDER, adaptive_as(result="s_new, w - step")),
    ("integer array", INTEGER, adaptive_as(result="(w - step).astype(w.dtype), s_new.astype(w.dtype)")),
    ("work in the caller's array", IN_PLACE,
     "def rmsprop_step(w, g, s, lr, rho, eps):\n    s *= rho\n    s += (1 - rho) * g**2\n"
     "    w -= lr * g / (np.sqrt(s) + eps)\n    return w, s\n\n"
     "def adagrad_step(w, g, s, lr, eps):\n    s += g**2\n    w -= lr * g / (np.sqrt(s) + eps)\n    return w, s\n"),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- adam_step -------------------------------------------------------------------------------------------------------

q = SET.question("adam_step", points=6)
rng = np.random.default_rng(704)
CALL = "adam_step(w, g, m, v, t, lr, beta1, beta2, eps)"
PARTS = ("the weights", "the average of gradients", "the average of squares")
USUAL = {"lr": 0.01, "beta1": 0.9, "beta2": 0.99}

step_cases(q, CALL, PARTS, w=np.array([1.0, -2.0, 0.5]), g=np.array([0.5, 3.0, 0.0]), m=np.zeros(3), v=np.zeros(3), t=1,
           **USUAL, eps=0.1, mutation="forbidden", counted=True)  # fmt: skip
step_cases(q, CALL, PARTS, w=np.array([1.5, -0.5]), g=np.array([2.0, -0.25]), m=np.array([0.5, 0.25]), lr=0.5,
           v=np.array([1.0, 0.5]), t=3, beta1=0.5, beta2=0.75, eps=0.1)  # fmt: skip
step_cases(q, CALL, PARTS, w=np.array([[3, 1], [0, -2]]), g=np.array([[1, -4], [2, 5]]), m=np.array([[1, 0], [2, -1]]),
           v=np.array([[2, 9], [4, 1]]), t=2, lr=1, beta1=0.5, beta2=0.5, eps=1)  # fmt: skip
step_cases(q, CALL, PARTS, **draws(7041, (2, 3, 2), "wgm", "v"), t=7, **USUAL, eps=0.2, layout="strided",
           mutation="forbidden", hidden=True, about="three dimensions, not contiguous")  # fmt: skip
step_cases(q, CALL, PARTS, w=rng.integers(-9, 9, (3, 2)), g=rng.integers(-9, 9, (3, 2)), t=4, eps=0.5, lr=0.25,
           m=rng.integers(-3, 3, (3, 2)), v=rng.integers(1, 9, (3, 2)), beta1=0.8, beta2=0.9, layout="read-only",
           hidden=True, about="whole numbers, not writable")  # fmt: skip
step_cases(q, CALL, PARTS, w=np.array([0.5, 1.5]), g=np.array([1e-9, 0.0]), m=np.zeros(2), v=np.zeros(2), t=1,
           **USUAL, eps=1e-8, warnings="forbidden", hidden=True, weight=0.5, about="gradients near 0")  # fmt: skip
step_cases(q, CALL, PARTS, **draws(7042, (4,), "wgm", "v"), t=5000, **USUAL, eps=1e-8, hidden=True, weight=0.5,
           about="after a long time")  # fmt: skip
step_cases(q, CALL, PARTS, w=np.float32([2.5, 3.75]), g=np.float32([1.3, 2.1]), m=np.float32([0.6, 0.7]), t=5,
           v=np.float32([1.2, 3.4]), **USUAL, eps=0.1, hidden=True, weight=0.5, rtol=1e-5,
           about="single precision")  # fmt: skip


def adam_as(
    first: str = "beta1 * m + (1 - beta1) * g",
    second: str = "beta2 * v + (1 - beta2) * g**2",
    m_hat: str = "m_new / (1 - beta1**t)",
    v_hat: str = "v_new / (1 - beta2**t)",
    step: str = "lr * m_hat / (np.sqrt(v_hat) + eps)",
    result: str = "w - step, m_new, v_new",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    return f"""
def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
    m_new = {first}
    v_new = {second}
    m_hat = {m_hat}
    v_hat = {v_hat}
    step = {step}
    return {result}
"""


q.reference(adam_as())


@q.accepts
def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
    """The compensation moved into the rate, with the epsilon that this needs."""
    m_new = m + (1 - beta1) * np.subtract(g, m)
    v_new = v + (1 - beta2) * (np.square(g) - v)
    root = (1 - beta2**t) ** 0.5
    return w - lr * root / (1 - beta1**t) * m_new / (v_new**0.5 + eps * root), m_new, v_new


@q.accepts
def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
    """On arrays of its own, in place."""
    m, v = np.array(m, dtype=float), np.array(v, dtype=float)
    m *= beta1
    m += np.multiply(1 - beta1, g)
    v *= beta2
    v += (1 - beta2) * np.square(g)
    step = np.sqrt(v / (1 - beta2**t))
    step += eps
    np.divide(m, step, out=step)
    step *= lr / (1 - beta1**t)
    return np.subtract(w, step), m, v


@q.accepts
def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
    """Number by number."""
    from math import sqrt

    shape, rows = np.shape(w), []
    for w_i, g_i, m_i, v_i in zip(np.ravel(w), np.ravel(g), np.ravel(m), np.ravel(v)):
        m_i, v_i = beta1 * m_i + (1 - beta1) * g_i, beta2 * v_i + (1 - beta2) * g_i**2
        rows.append([w_i - lr * (m_i / (1 - beta1**t)) / (sqrt(v_i / (1 - beta2**t)) + eps), m_i, v_i])
    return [np.reshape(column, shape) for column in zip(*rows)]


for name, hint, source in (
    ("no compensation", "Both averages start at 0: how long is your first step, for a gradient as small as you like?",
     adam_as(m_hat="m_new", v_hat="v_new")),
    ("squares not compensated", "How long is your very first step, in units of the rate?", adam_as(v_hat="v_new")),
    ("gradients not compensated", "By which factor is your very first step too short?", adam_as(m_hat="m_new")),
    ("steps counted from 0", "Which number does the very first step have here?",
     adam_as(m_hat="m_new / (1 - beta1**(t + 1))", v_hat="v_new / (1 - beta2**(t + 1))")),
    ("compensated by a constant", "Does your compensation fade as time goes by?",
     adam_as(m_hat="m_new / (1 - beta1)", v_hat="v_new / (1 - beta2)")),
    ("epsilon under the root", "Is your epsilon added to an average of squares, or to its root?",
     adam_as(step="lr * m_hat / np.sqrt(v_hat + eps)")),
    ("epsilon hat", "Your rearranged form has an epsilon of its own: how large must it be in the first steps?",
     adam_as(step="lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m_new / (np.sqrt(v_new) + eps)")),
    ("compensated averages kept", "Does the next step go on from the averages, or from what you made of them?",
     adam_as(result="w - step, m_hat, v_hat")),
    ("gradient not squared", "Can your second average become negative?",
     adam_as(second="beta2 * v + (1 - beta2) * g")),
    ("square of the average", "Is an average of squares the square of an average?",
     adam_as(second="beta2 * v + (1 - beta2) * m_new**2")),
    ("no root", "If all gradients were twice as large, how much longer or shorter should the steps be?",
     adam_as(step="lr * m_hat / (v_hat + eps)")),
    ("two memories swapped", "Which of the two averages should have the longer memory?",
     adam_as("beta2 * m + (1 - beta2) * g", "beta1 * v + (1 - beta1) * g**2", "m_new / (1 - beta2**t)",
             "v_new / (1 - beta1**t)")),
    ("weights of old and new mixed up", "With a beta close to 1, should an average react quickly or slowly?",
     adam_as("(1 - beta1) * m + beta1 * g", "(1 - beta2) * v + beta2 * g**2")),
    ("gradient in place of its average", "Where does your step remember the direction of the steps before?",
     adam_as(step="lr * g / (np.sqrt(v_hat) + eps)")),
    ("averages of yesterday", "Does this step know this gradient?",
     adam_as(m_hat="m / (1 - beta1**t)", v_hat="v / (1 - beta2**t)")),
    ("uphill", UPHILL, adam_as(result="w + step, m_new, v_new")),
    ("swapped results", ORDER, adam_as(result="w - step, v_new, m_new")),
    ("integer array", INTEGER,
     adam_as(result="(w - step).astype(w.dtype), m_new.astype(w.dtype), v_new.astype(w.dtype)")),
    ("work in the caller's array", IN_PLACE,
     "def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):\n    m *= beta1\n    m += (1 - beta1) * g\n    v *= beta2\n"
     "    v += (1 - beta2) * g**2\n    w -= lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)\n"
     "    return w, m, v\n"),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- adadelta_step ---------------------------------------------------------------------------------------------------

q = SET.question("adadelta_step", points=3)
rng = np.random.default_rng(705)
CALL = "adadelta_step(w, g, s, d, lr, rho, eps)"
PARTS = ("the weights", "the average of squared gradients", "the average of squared steps")

step_cases(q, CALL, PARTS, w=np.array([1.0, -2.0, 0.5]), g=np.array([0.5, 3.0, 0.0]), s=np.array([0.25, 4.0, 0.0]),
           d=np.array([0.5, 1.0, 0.0]), lr=0.5, rho=0.75, eps=0.01, mutation="forbidden", counted=True)  # fmt: skip
step_cases(q, CALL, PARTS, w=np.array([[1, 2], [0, -3]]), g=np.array([[4, 1], [-2, 3]]), s=np.zeros((2, 2), int),
           d=np.zeros((2, 2), int), lr=1, rho=0.9, eps=0.1)  # fmt: skip
step_cases(q, CALL, PARTS, **draws(7051, (2, 3, 2), "wg", "sd"), lr=0.3, rho=0.95, eps=0.2, layout="strided",
           mutation="forbidden", hidden=True, about="three dimensions, not contiguous")  # fmt: skip
step_cases(q, CALL, PARTS, w=rng.integers(-9, 9, (3, 2)), g=rng.integers(1, 9, (3, 2)), s=rng.integers(0, 9, (3, 2)),
           d=rng.integers(1, 9, (3, 2)), lr=2, rho=0.5, eps=1, layout="read-only", hidden=True,
           about="whole numbers, not writable")  # fmt: skip
step_cases(q, CALL, PARTS, w=np.array([2.5]), g=np.array([-0.75]), s=np.zeros(1), d=np.zeros(1), lr=1.0, rho=0.95,
           eps=1e-6, hidden=True, weight=0.5, about="the very first step")  # fmt: skip
step_cases(q, CALL, PARTS, w=np.float32([2.5, 3.75]), g=np.float32([1.3, 2.1]), s=np.float32([0.6, 0.7]), lr=0.5,
           d=np.float32([0.8, 0.9]), rho=0.9, eps=0.01, hidden=True, weight=0.5, rtol=1e-5,
           about="single precision")  # fmt: skip


def adadelta_as(
    mean: str = "rho * s + (1 - rho) * g**2",
    step: str = "np.sqrt(d + eps) / np.sqrt(s_new + eps) * g",
    steps: str = "rho * d + (1 - rho) * step**2",
    result: str = "w - lr * step, s_new, d_new",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    return f"""
def adadelta_step(w, g, s, d, lr, rho, eps):
    s_new = {mean}
    step = {step}
    d_new = {steps}
    return {result}
"""


q.reference(adadelta_as())


@q.accepts
def adadelta_step(w, g, s, d, lr, rho, eps):
    """One root."""
    s_new = s + (1 - rho) * (np.square(g) - s)
    step = g * ((d + eps) / (s_new + eps)) ** 0.5
    return np.subtract(w, lr * step), s_new, d + (1 - rho) * (step * step - d)


@q.accepts
def adadelta_step(w, g, s, d, lr, rho, eps):
    """On arrays of its own, in place."""
    s, d = np.array(s, dtype=float), np.array(d, dtype=float)
    s *= rho
    s += (1 - rho) * np.square(g)
    step = np.sqrt(d + eps)
    step /= np.sqrt(s + eps)
    step *= g
    d *= rho
    d += (1 - rho) * step**2
    step *= -lr
    step += w
    return [step, s, d]


for name, hint, source in (
    ("epsilon outside the roots", "Where does Zeiler put epsilon: before or after the root is taken?",
     adadelta_as(step="(np.sqrt(d) + eps) / (np.sqrt(s_new) + eps) * g")),
    ("epsilon outside the lower root", "Do your two roots treat epsilon alike?",
     adadelta_as(step="np.sqrt(d + eps) / (np.sqrt(s_new) + eps) * g")),
    ("epsilon only below", "Both averages start at 0: how long is your very first step?",
     adadelta_as(step="np.sqrt(d) / np.sqrt(s_new + eps) * g")),
    ("squares of the gradient averaged twice", "In which unit is your second average?",
     adadelta_as(steps="rho * d + (1 - rho) * g**2")),
    ("steps counted with the rate", "Does your second average change when only the rate changes, and should it?",
     adadelta_as(steps="rho * d + (1 - rho) * (lr * step)**2")),
    ("step not squared", "Can your second average become negative?",
     adadelta_as(steps="rho * d + (1 - rho) * step")),
    ("gradient not squared", "Can your first average become negative?", adadelta_as("rho * s + (1 - rho) * g")),
    ("gradients before this one", "Does the lower root know the gradient that it divides?",
     adadelta_as(step="np.sqrt(d + eps) / np.sqrt(s + eps) * g")),
    ("upside down", "In which unit is your step, if the weights are metres?",
     adadelta_as(step="np.sqrt(s_new + eps) / np.sqrt(d + eps) * g")),
    ("rate left out", "What does your function do with the argument that Zeiler's paper does not have?",
     adadelta_as(result="w - step, s_new, d_new")),
    ("RMSprop", "Where do the earlier steps enter into the length of this one?",
     adadelta_as(step="g / np.sqrt(s_new + eps)")),
    ("no roots", "An average of squares is no length: what makes it one?",
     adadelta_as(step="(d + eps) / (s_new + eps) * g")),
    ("two weights mixed up", "With rho close to 1, should an average react quickly or slowly?",
     adadelta_as("(1 - rho) * s + rho * g**2", steps="(1 - rho) * d + rho * step**2")),
    ("uphill", UPHILL, adadelta_as(result="w + lr * step, s_new, d_new")),
    ("swapped results", ORDER, adadelta_as(result="w - lr * step, d_new, s_new")),
    ("integer array", INTEGER,
     adadelta_as(result="[x.astype(w.dtype) for x in (w - lr * step, s_new, d_new)]")),
    ("work in the caller's array", IN_PLACE,
     "def adadelta_step(w, g, s, d, lr, rho, eps):\n    s *= rho\n    s += (1 - rho) * g**2\n"
     "    step = np.sqrt(d + eps) / np.sqrt(s + eps) * g\n    d *= rho\n    d += (1 - rho) * step**2\n"
     "    w -= lr * step\n    return w, s, d\n"),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- frequency_response ----------------------------------------------------------------------------------------------

q = SET.question("frequency_response", points=4)
rng = np.random.default_rng(706)
CALL = "frequency_response(b, a, omega)"

q.case(CALL, b=np.array([0.25]), a=np.array([1.0, -0.75]), omega=np.array([0.0, 1.0, 3.0]), mutation="forbidden")
q.case(CALL, b=np.array([0.5, 0.25, 0.125]), a=np.array([1.0]), omega=0.5)
q.case(CALL, b=np.array([1.9, -0.9]), a=np.array([2.0, -1.5, 0.25]), omega=np.array([0.25, 2.0]))
q.case(CALL, b=rng.normal(size=3).round(2), a=np.array([1.6, 0.4, -0.3, 0.1]), omega=rng.uniform(0, 3, 5).round(2),
       layout="strided", mutation="forbidden", hidden=True, about="not contiguous")  # fmt: skip
q.case(CALL, b=np.array([3, 1]), a=np.array([4, -2, 1]), omega=np.array([0, 1, 2]), layout="read-only", hidden=True,
       about="whole numbers, not writable")  # fmt: skip
q.case(CALL, b=np.array([0.7, 0.2]), a=np.array([1.25, 0.6]), omega=1.75, hidden=True, about="one frequency")
q.case(CALL, b=np.array([1.0, -0.4]), a=np.array([1.0, -0.9]), omega=np.array([[-1.5, 4.0], [7.5, -0.3]]),
       hidden=True, weight=0.5, about="frequencies below 0 and beyond pi, in two dimensions")  # fmt: skip
q.case(CALL, b=np.float32([0.3, 0.6, 0.4]), a=np.float32([1.5, 0.7]), omega=np.float32([0.2, 0.9]), hidden=True,
       weight=0.5, rtol=1e-5, about="single precision")  # fmt: skip


def response_as(
    z: str = "np.exp(-1j * omega)",
    top: str = "sum(c * z**k for k, c in enumerate(b))",
    bottom: str = "sum(c * z**k for k, c in enumerate(a))",
    result: str = "top / bottom",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    return f"""
def frequency_response(b, a, omega):
    z = {z}
    top = {top}
    bottom = {bottom}
    return {result}
"""


q.reference(response_as())


@q.accepts
def frequency_response(b, a, omega):
    """All powers at once, as a table with one more axis."""
    z = np.exp(-1j * np.asarray(omega, dtype=float))[..., np.newaxis]
    return (z ** np.arange(len(b)) @ b) / (z ** np.arange(len(a)) @ a)


@q.accepts
def frequency_response(b, a, omega):
    """Real and imaginary part, by cosine and sine."""

    def polynomial(c):
        angles = np.multiply.outer(np.arange(len(c)), omega)
        return np.tensordot(c, np.cos(angles), 1) - 1j * np.tensordot(c, np.sin(angles), 1)

    return polynomial(b) / polynomial(a)


@q.accepts
def frequency_response(b, a, omega):
    """Horner's rule, number by number."""
    import cmath

    def one(w):
        z, top, bottom = cmath.exp(-1j * w), 0, 0
        for c in b[::-1]:
            top = top * z + c
        for c in a[::-1]:
            bottom = bottom * z + c
        return top / bottom

    return np.reshape([one(w) for w in np.ravel(omega)], np.shape(omega))


for name, hint, source in (
    ("delay turned into advance", "By which angle does a delay of one sample turn a wave, and in which direction?",
     response_as("np.exp(1j * omega)")),
    ("first of a taken for 1", "What does your result do when b and a are both doubled, and what should it do?",
     response_as(bottom="1 + sum(c * z**k for k, c in enumerate(a) if k)")),
    ("feedback with the other sign", "On which side of the difference equation do the coefficients in a stand?",
     response_as(bottom="a[0] - sum(c * z**k for k, c in enumerate(a) if k)")),
    ("all of a taken for feedback", "Which delay belongs to the first coefficient in a?",
     response_as(bottom="1 + sum(c * z**(k + 1) for k, c in enumerate(a))")),
    ("powers counted from the far end", "Does your result stay the same when a zero is added at the end of b?",
     response_as(top="np.polyval(b, 1 / z)", bottom="np.polyval(a, 1 / z)")),
    ("coefficients back to front", "Which delay belongs to the first coefficient in b?",
     response_as(top="np.polyval(b, z)", bottom="np.polyval(a, z)")),
    ("magnitude alone", "How large is the gain, and by how much is the wave delayed: which of the two is missing?",
     response_as(result="abs(top / bottom)")),
    ("real part alone", "What has become of the part that says how much a wave is delayed?",
     response_as(result="np.real(top / bottom)")),
    ("turned over", "Which of the two polynomials makes the output infinite where it is 0?",
     response_as(result="bottom / top")),
    ("cycles for radians", "In which unit is omega given?", response_as("np.exp(-2j * np.pi * omega)")),
    ("shares of the highest frequency", "Is the highest frequency 1 here, or is it pi?",
     response_as("np.exp(-1j * np.pi * omega)")),
    ("off the circle", "On which curve in the complex plane does one read the response to a steady wave?",
     response_as("-1j * omega")),
    ("numerator alone", "Where does your filter remember its own output?", response_as(result="top")),
    ("one frequency at a time", "Does your product pair each frequency with each delay?",
     response_as(top="np.dot(b, np.exp(-1j * omega * np.arange(len(b))))",
                 bottom="np.dot(a, np.exp(-1j * omega * np.arange(len(a))))")),
    ("arrays alone", "Can one loop over a single number?",
     response_as(result="np.array([one for one in top / bottom])")),
    ("work in the caller's array", IN_PLACE,
     "def frequency_response(b, a, omega):\n    b /= a[0]\n    a /= a[0]\n    z = np.exp(-1j * omega)\n"
     "    return sum(c * z**k for k, c in enumerate(b)) / sum(c * z**k for k, c in enumerate(a))\n"),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- cosine_restarts, triangular, linear_to --------------------------------------------------------------------------

q = SET.question("cosine_restarts", points=4, names=("cosine_restarts", "triangular", "linear_to"))
COSINE = "[cosine_restarts(k, period, lr_max, lr_min) for k in steps]"
TRIANGLE = "[triangular(k, half_period, lr_max, lr_min) for k in steps]"
LINEAR = "[linear_to(k, tau, lr0) for k in steps]"

q.case(COSINE, steps=[0, 1, 2, 3, 4, 5], period=4, lr_max=0.5, lr_min=0.1)
q.case(COSINE, steps=[3, 10, 17], period=10, lr_max=1, lr_min=0)
q.case(TRIANGLE, steps=[0, 1, 2, 3, 4, 5, 6, 7, 8], half_period=3, lr_max=0.5, lr_min=0.1)
q.case(TRIANGLE, steps=[5, 12, 31], half_period=10, lr_max=1, lr_min=0)
q.case(LINEAR, steps=[0, 1, 4, 5, 6, 12], tau=5, lr0=0.5)
q.case(LINEAR, steps=[3, 99, 100, 101], tau=100, lr0=2)
q.case(COSINE, steps=[0, 7, 13, 14, 20, 45], period=14, lr_max=0.3, lr_min=0.02, hidden=True,
       about="cosine over several periods")  # fmt: skip
q.case(COSINE, steps=[999, 1000, 1500, 123456], period=1000, lr_max=3e-4, lr_min=1e-6, hidden=True,
       about="cosine after a long time")  # fmt: skip
q.case(COSINE, steps=[0, 1, 2], period=1, lr_max=0.7, lr_min=0.2, hidden=True, weight=0.5,
       about="cosine with a period of 1")  # fmt: skip
q.case(TRIANGLE, steps=[2, 6, 7, 8, 14, 17, 25], half_period=7, lr_max=0.3, lr_min=0.02, hidden=True,
       about="triangles, several of them")  # fmt: skip
q.case(TRIANGLE, steps=[1000, 2000, 123456], half_period=1000, lr_max=3e-3, lr_min=1e-5, hidden=True,
       about="triangles after a long time")  # fmt: skip
q.case(TRIANGLE, steps=[0, 1, 2, 3], half_period=1, lr_max=0.7, lr_min=0.2, hidden=True, weight=0.5,
       about="triangles with a half period of 1")  # fmt: skip
q.case(LINEAR, steps=[0, 3, 6, 7, 8, 80], tau=7, lr0=0.04, hidden=True, about="linear, a small rate")
q.case(LINEAR, steps=[500, 998, 999, 1000, 50000], tau=1000, lr0=10.0, hidden=True, about="linear, a large rate")
q.case(LINEAR, steps=[0, 1, 2], tau=1, lr0=0.6, hidden=True, weight=0.5, about="linear, over at once")


def schedules_as(
    cosine: str = "lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * (step % period) / period)) / 2",
    triangle: str = "lr_min + (lr_max - lr_min) * (1 - abs(step % (2 * half_period) / half_period - 1))",
    line: str = "lr0 * (1 - 0.99 * min(step / tau, 1))",
    before: str = "",
) -> str:
    """Return the source of all three functions, right unless a part is given; `before` is done first in each."""
    return f"""
def cosine_restarts(step, period, lr_max, lr_min):
    {before}
    return {cosine}

def triangular(step, half_period, lr_max, lr_min):
    {before}
    return {triangle}

def linear_to(step, tau, lr0):
    {before}
    return {line}
"""


q.reference(schedules_as())
q.accepts("""
    import math

    def cosine_restarts(step, period, lr_max, lr_min):
        '''With the periods taken away one by one, and a square for the half angle.'''
        while step >= period:
            step -= period
        share = math.cos(math.pi * step / (2 * period)) ** 2
        return share * lr_max + (1 - share) * lr_min

    def triangular(step, half_period, lr_max, lr_min):
        place = step % (2 * half_period)
        rising = place < half_period
        share = place / half_period if rising else 2 - place / half_period
        return share * lr_max + (1 - share) * lr_min

    def linear_to(step, tau, lr0):
        if step >= tau:
            return 0.01 * lr0
        return (1 - step / tau) * lr0 + (step / tau) * 0.01 * lr0
    """)
q.accepts("""
    def cosine_restarts(step, period, lr_max, lr_min):
        '''By NumPy, interpolating where the curve is straight.'''
        return np.add(lr_min, 0.5 * (lr_max - lr_min) * (1 + np.cos(np.pi * np.mod(step, period) / period)))

    def triangular(step, half_period, lr_max, lr_min):
        return np.interp(step, [0, half_period, 2 * half_period], [lr_min, lr_max, lr_min], period=2 * half_period)

    def linear_to(step, tau, lr0):
        return np.interp(step, [0, tau], [lr0, lr0 / 100])
    """)
for name, hint, source in (
    ("no restart", "What is the rate of your cosine one step after the period is over?",
     schedules_as("lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * step / period)) / 2")),
    ("cosine held at its end", "What should happen when the period is over: rest, or start afresh?",
     schedules_as("lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * min(step, period) / period)) / 2")),
    ("a whole wave in one period", "Where is your cosine at half of the period, and where should it be?",
     schedules_as("lr_min + (lr_max - lr_min) * (1 + np.cos(2 * np.pi * (step % period) / period)) / 2")),
    ("restart one step late", "How many steps has your period?",
     schedules_as("lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * (step % (period + 1)) / period)) / 2")),
    ("half of the wave forgotten", "Between which two numbers does one plus a cosine lie?",
     schedules_as("lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * (step % period) / period))")),
    ("a line for the cosine", "How steep should the curve be right after a restart?",
     schedules_as("lr_min + (lr_max - lr_min) * (1 - (step % period) / period)")),
    ("cosine from below", "What should the rate of the cosine be at step 0?",
     schedules_as("lr_min + (lr_max - lr_min) * (1 - np.cos(np.pi * (step % period) / period)) / 2")),
    ("lowest rate left out", "What is the lowest rate that your curves ever reach?",
     schedules_as("lr_max * (1 + np.cos(np.pi * (step % period) / period)) / 2",
                  "lr_max * (1 - abs(step % (2 * half_period) / half_period - 1))")),
    ("lowest rate on top", "What is the highest rate that your curves ever reach?",
     schedules_as("lr_min + lr_max * (1 + np.cos(np.pi * (step % period) / period)) / 2",
                  "lr_min + lr_max * (1 - abs(step % (2 * half_period) / half_period - 1))")),
    ("triangle from above", "Does the first triangle begin with its tip?",
     schedules_as(triangle="lr_min + (lr_max - lr_min) * abs(step % (2 * half_period) / half_period - 1)")),
    ("half period taken for the whole", "At which step does your triangle have its tip?",
     schedules_as(triangle="lr_min + (lr_max - lr_min) * (1 - abs(2 * (step % half_period) / half_period - 1))")),
    ("a saw", "Does your triangle come down as slowly as it went up?",
     schedules_as(triangle="lr_min + (lr_max - lr_min) * (step % half_period) / half_period")),
    ("one triangle alone", "What happens after the first triangle?",
     schedules_as(triangle="lr_min + (lr_max - lr_min) * max(0, 1 - abs(step / half_period - 1))")),
    ("triangles that shrink", "How high is the second triangle, in the text and in yours?",
     schedules_as(triangle="lr_min + (lr_max - lr_min) * (1 - abs(step % (2 * half_period) / half_period - 1))"
                           " / 2 ** (step // (2 * half_period))")),
    ("line down to zero", "What is left of the rate at the end of the line?",
     schedules_as(line="lr0 * (1 - min(step / tau, 1))")),
    ("line not held", "What is your rate long after tau?", schedules_as(line="lr0 * (1 - 0.99 * step / tau)")),
    ("floor under a line to zero", "Is your line straight all the way to tau?",
     schedules_as(line="max(lr0 * (1 - step / tau), 0.01 * lr0)")),
    ("a hundredth of nothing", "Twice the first rate: does it double the last one, too?",
     schedules_as(line="lr0 + (0.01 - lr0) * min(step / tau, 1)")),
    ("line that starts afresh", "Is the straight line one that comes back?",
     schedules_as(line="lr0 * (1 - 0.99 * (step % tau) / tau)")),
    ("first step counted as 1", "Which number does the first step have here?", schedules_as(before="step = step + 1")),
    ("whole number division", "What does your quotient of two whole numbers come to, halfway?",
     schedules_as("lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * ((step % period) // period))) / 2",
                  "lr_min + (lr_max - lr_min) * (1 - abs(step % (2 * half_period) // half_period - 1))",
                  "lr0 * (1 - 0.99 * min(step // tau, 1))")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- newton_step -----------------------------------------------------------------------------------------------------

q = SET.question("newton_step", points=2)
rng = np.random.default_rng(708)
QUADRATIC = "newton_step(lambda p: A @ p - c, lambda p: A, w)"
QUARTIC = """newton_step(
    lambda p: np.array([p[0] ** 3 - p[1], p[1] ** 3 - p[0]]),
    lambda p: np.array([[3.0 * p[0] ** 2, -1.0], [-1.0, 3.0 * p[1] ** 2]]),
    w,
)"""
WAVE = "newton_step(lambda p: np.cos(p) + B @ p, lambda p: B - np.diag(np.sin(p)), w)"
INDEFINITE = np.array([[1.0, 2.0, 0.5], [2.0, -3.0, 1.0], [0.5, 1.0, 2.0]])

q.case(QUADRATIC, A=np.array([[4.0, 1.0], [1.0, 3.0]]), c=np.array([1.0, 2.0]), w=np.array([2.0, -1.0]),
       mutation="forbidden")  # fmt: skip
q.case(QUARTIC, w=np.array([2.0, 1.5]), mutation="forbidden")
q.case(QUADRATIC, A=np.array([[2, 0], [0, -1]]), c=np.array([3, 1]), w=np.array([3, 4]))
q.case(QUADRATIC, A=INDEFINITE, c=rng.normal(size=3).round(2), w=rng.normal(size=3).round(2), layout="strided",
       mutation="forbidden", hidden=True, about="a saddle, not contiguous")  # fmt: skip
q.case(QUARTIC, w=np.array([-2, 3]), layout="read-only", hidden=True, about="whole numbers, not writable")
q.case(WAVE, B=np.diag([2.0, -2.5, 3.0, 1.5]) + 0.25, w=rng.normal(size=4).round(2), mutation="forbidden", hidden=True,
       about="a curved function of four variables")  # fmt: skip
q.case(WAVE, B=np.array([[2.0]]), w=np.array([0.75]), hidden=True, weight=0.5, about="one variable")
q.case(QUADRATIC, A=np.float32([[2, 1], [1, 3]]), c=np.float32([0.3, 0.9]), w=np.float32([1.5, 2.5]), hidden=True,
       weight=0.5, rtol=1e-5, atol=1e-6, about="single precision")  # fmt: skip


def newton_as(way: str = "np.linalg.solve(hessian(w), gradient(w))", result: str = "w - way") -> str:
    """Return the source of an answer, right unless a part is given."""
    return f"def newton_step(gradient, hessian, w):\n    way = {way}\n    return {result}\n"


q.reference(newton_as())


@q.accepts
def newton_step(gradient, hessian, w):
    """By the inverse."""
    return w - np.linalg.inv(hessian(w)) @ gradient(w)


@q.accepts
def newton_step(gradient, hessian, w):
    """The linear equation for the new place itself."""
    H = np.asarray(hessian(w), dtype=float)
    return np.linalg.solve(H, H @ w - gradient(w))


@q.accepts
def newton_step(gradient, hessian, w):
    """Eigenvector by eigenvector, of the Hessian as it is."""
    curvature, Q = np.linalg.eigh(hessian(w))
    new = np.array(w, dtype=float)
    for value, direction in zip(curvature, Q.T):
        new -= (direction @ gradient(w)) / value * direction
    return new


for name, hint, source in (
    ("away from the stationary point", "Where on a parabola does your step end: at its lowest point?",
     newton_as(result="w + way")),
    ("Hessian not inverted", "Where the curvature is large, should the step be long or short?",
     newton_as("hessian(w) @ gradient(w)")),
    ("reciprocal of each entry", "Is the inverse of a matrix made of the inverses of its entries?",
     newton_as("(1 / hessian(w)) @ gradient(w)")),
    ("diagonal alone", "What does your step know of valleys that run across the axes?",
     newton_as("gradient(w) / np.diag(hessian(w))")),
    ("plain gradient step", "Where does the curvature enter?", newton_as("gradient(w)")),
    ("curvatures made positive", "Newton's step goes to the stationary point of the quadratic model: does yours, where "
     "this point is a saddle?",
     newton_as("(lambda v, Q: Q @ (Q.T @ gradient(w) / abs(v)))(*np.linalg.eigh(hessian(w)))")),
    ("Cholesky", "For which matrices does the decomposition exist that you use?",
     newton_as("(lambda L: np.linalg.solve(L.T, np.linalg.solve(L, gradient(w))))(np.linalg.cholesky(hessian(w)))")),
    ("something added to the diagonal", "Is your step exact on a parabola?",
     newton_as("np.linalg.solve(hessian(w) + 1e-3 * np.eye(len(w)), gradient(w))")),
    ("curvature of another place", "At which place should the Hessian be taken?",
     newton_as("np.linalg.solve(hessian(0 * w), gradient(w))")),
    ("half a step", "Differentiate the quadratic model: what becomes of its one half?",
     newton_as("np.linalg.solve(2 * hessian(w), gradient(w))")),
    ("step alone", "Is the new place asked for, or the way to it?", newton_as(result="-way")),
    ("integer array", INTEGER, newton_as(result="(w - way).astype(w.dtype)")),
    ("work in the caller's array", IN_PLACE,
     "def newton_step(gradient, hessian, w):\n    w -= np.linalg.solve(hessian(w), gradient(w))\n    return w\n"),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- lbfgs_direction -------------------------------------------------------------------------------------------------

q = SET.question("lbfgs_direction", points=4)
CALL = "lbfgs_direction(g, s_list, y_list)"


def history(seed: int, n: int, pairs: int) -> dict:
    """Draw a gradient and pairs of steps and changes whose products s·y are positive."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n))
    A = root @ root.T + np.eye(n)
    steps = [rng.normal(size=n).round(2) for _ in range(pairs)]
    return {"g": rng.normal(size=n).round(2), "s_list": steps, "y_list": [(A @ s).round(2) for s in steps]}


q.case(CALL, g=np.array([1.0, -2.0]), s_list=[], y_list=[], mutation="forbidden")
q.case(CALL, g=np.array([1.0, -2.0]), s_list=[np.array([1.0, 0.5])], y_list=[np.array([2.0, 3.0])],
       mutation="forbidden")  # fmt: skip
q.case(CALL, g=np.array([1, -2, 3]), s_list=[np.array([1, 0, 2]), np.array([0, 1, -1])],
       y_list=[np.array([3, 1, 4]), np.array([-1, 2, -2])])  # fmt: skip
q.case(CALL, **history(7091, 6, 4), layout="strided", mutation="forbidden", hidden=True,
       about="four pairs, not contiguous")  # fmt: skip
q.case(CALL, g=np.array([5, 4]), s_list=[np.array([2, 1]), np.array([-1, 3]), np.array([1, 1])],
       y_list=[np.array([3, 2]), np.array([1, 5]), np.array([4, 1])], layout="read-only", hidden=True,
       about="whole numbers, not writable")  # fmt: skip
q.case(CALL, **history(7092, 3, 8), hidden=True, about="more pairs than variables")
q.case(CALL, g=np.array([4, 0, -3]), s_list=[], y_list=[], layout="read-only", hidden=True, weight=0.5,
       about="no pairs, whole numbers")  # fmt: skip
q.case(CALL, g=np.float32([1.5, 2.5]), s_list=[np.float32([1.2, 0.7])], y_list=[np.float32([1.6, 1.3])], hidden=True,
       weight=0.5, rtol=1e-5, about="single precision")  # fmt: skip


def lbfgs_as(
    first: str = "pairs[::-1]",
    second: str = "pairs",
    alpha: str = "(s @ r) / (s @ y)",
    beta: str = "(y @ r) / (s @ y)",
    gamma: str = "(s @ y) / (y @ y)",
    newest: str = "pairs[-1]",
    taken: str = "alphas.pop()",
    change: str = "taken - beta",
    result: str = "-r",
    empty: str = "-g",
) -> str:
    """Return the source of an answer, right unless a part is given."""
    return f"""
def lbfgs_direction(g, s_list, y_list):
    pairs = list(zip(s_list, y_list))
    if not pairs:
        return {empty}
    r, alphas = np.array(g, dtype=float), []
    for s, y in {first}:
        alphas.append({alpha})
        r = r - alphas[-1] * y
    s, y = {newest}
    r = r * {gamma}
    for s, y in {second}:
        taken, beta = {taken}, {beta}
        r = r + ({change}) * s
    return {result}
"""


q.reference(lbfgs_as())


@q.accepts
def lbfgs_direction(g, s_list, y_list):
    """The whole matrix, pair by pair, as BFGS has it."""
    H = np.eye(len(g))
    if len(s_list):
        H *= s_list[-1] @ y_list[-1] / (y_list[-1] @ y_list[-1])
    for s, y in zip(s_list, y_list):
        V = np.eye(len(g)) - np.outer(y, s) / (s @ y)
        H = V.T @ H @ V + np.outer(s, s) / (s @ y)
    return -H @ g


@q.accepts
def lbfgs_direction(g, s_list, y_list, gamma=None):
    """By recursion: the newest pair around what the older ones give."""
    if gamma is None:
        gamma = s_list[-1] @ y_list[-1] / (y_list[-1] @ y_list[-1]) if s_list else 1.0
    if not s_list:
        return -gamma * np.asarray(g, dtype=float)
    s, y = s_list[-1], y_list[-1]
    alpha = s @ g / (s @ y)
    inner = lbfgs_direction(g - alpha * y, s_list[:-1], y_list[:-1], gamma)
    return inner - (alpha + y @ inner / (s @ y)) * s


@q.accepts
def lbfgs_direction(g, s_list, y_list):
    """Two loops over indices, on an array of its own."""
    r, k = np.array(g, dtype=float), len(s_list)
    alphas = np.zeros(k)
    for i in range(k - 1, -1, -1):
        alphas[i] = np.dot(s_list[i], r) / np.dot(s_list[i], y_list[i])
        r -= alphas[i] * y_list[i]
    if k:
        r *= np.dot(s_list[-1], y_list[-1]) / np.dot(y_list[-1], y_list[-1])
    for i in range(k):
        r += s_list[i] * (alphas[i] - np.dot(y_list[i], r) / np.dot(s_list[i], y_list[i]))
    return np.negative(r, out=r)


for name, hint, source in (
    ("oldest pair first", "Which pair wraps around all the others: the oldest, or the newest?",
     lbfgs_as("pairs", "pairs[::-1]")),
    ("both loops in the same order", "The second loop undoes the first one: in which order does one undo things?",
     lbfgs_as(second="pairs[::-1]", taken="alphas.pop(0)")),
    ("alphas of other pairs", "Which alpha belongs to which pair in your second loop?",
     lbfgs_as(taken="alphas.pop(0)")),
    ("no scaling", "How long is your direction before the first pair has said anything of the curvature?",
     lbfgs_as(gamma="1")),
    ("scaling by the oldest pair", "Which pair knows the curvature of the place where you are?",
     lbfgs_as(newest="pairs[0]")),
    ("scaling upside down", "Where the curvature is large, should the direction be long or short?",
     lbfgs_as(gamma="(y @ y) / (s @ y)")),
    ("the other quotient", "Two quotients estimate the inverse curvature: which one does the text ask for?",
     lbfgs_as(gamma="(s @ s) / (s @ y)")),
    ("beta with the wrong sign", "With a single pair, does your matrix send y to s?",
     lbfgs_as(change="taken + beta")),
    ("beta left out", "With a single pair, does your matrix send y to s, and is it symmetric?",
     lbfgs_as(change="taken")),
    ("second loop left out", "Is your matrix symmetric?", lbfgs_as(second="[]")),
    ("all alphas from the gradient", "Does the second alpha know what the first one has taken away?",
     lbfgs_as(alpha="(s @ g) / (s @ y)")),
    ("divided by the square of y", "By which product is each pair normalized?",
     lbfgs_as(alpha="(s @ r) / (y @ y)", beta="(y @ r) / (y @ y)")),
    ("steps and changes swapped", "Do you want to multiply by the curvature, or to divide by it?",
     lbfgs_as("[(y, s) for s, y in pairs[::-1]]", "[(y, s) for s, y in pairs]", gamma="(s @ y) / (s @ s)")),
    ("newest pair alone", "What does your direction know of the older pairs?", lbfgs_as("pairs[-1:]", "pairs[-1:]")),
    ("history not used", "What do the two lists change in your result?", lbfgs_as("[]", "[]", gamma="1")),
    ("uphill", "The product of a gradient and a direction of descent: which sign does it have?",
     lbfgs_as(result="r", empty="g")),
    ("uphill without pairs", "With empty lists, does your direction lead down?", lbfgs_as(empty="g")),
    ("empty lists not provided for", "What does your code do in the very first step?",
     lbfgs_as(empty="-g * pairs[-1]")),
    ("nothing to do without pairs", "Without any pairs, is there no way down?", lbfgs_as(empty="0 * g")),
    ("integer array", "Which dtype has your result when the gradient is made of whole numbers?",
     lbfgs_as(result="-r.astype(g.dtype)")),
    ("work in the caller's array", IN_PLACE,
     lbfgs_as().replace("np.array(g, dtype=float)", "g").replace("r = r - alphas[-1] * y", "r -= alphas[-1] * y")
     .replace("-g", "np.negative(g, out=g)")),
):  # fmt: skip
    q.misconception(name, hint, source)

# --- in words --------------------------------------------------------------------------------------------------------

SET.written(
    "first_steps",
    points=4,
    rubric=(
        (1, "The factor 3.16: after one step the averages hold 0.1 g and 0.001 g², the quotient of the first and the "
            "root of the second is 0.1 / 0.0316, whatever g is; with compensation it is exactly 1."),
        (1, "Why it gets worse and then better: the average of gradients fills within some ten steps, that of squares "
            "within some thousand; in between the divisor is far too small. In the end both sums of weights are 1."),
        (1, "The factor 1000: the step of gradient descent becomes a thousand times as long (it diverges or needs a "
            "new rate); in Adam the factor is in both averages, under the root squared, and cancels."),
        (1, "The factor 10 to the minus 9: now the root is no longer large beside epsilon; the divisor is almost "
            "epsilon alone, the steps shrink with the gradients, and Adam is momentum with a large constant rate."),
    ),
    model_answer=(
        "Both averages start at 0. After one step that of the gradients holds a tenth of the gradient and that of the "
        "squares a thousandth of its square, so the quotient is 0.1 divided by the root of 0.001, which is 3.16, and "
        "the gradient itself has dropped out. Divided by the weights given out so far, 0.1 and 0.001, the averages "
        "would be the gradient and its square, and the quotient 1. The average of gradients forgets its zero after "
        "some ten steps, the average of squares after some thousand. In between the numerator is nearly complete, "
        "while the root is still far too small: after a dozen steps the step is more than six times too long. Much "
        "later both averages are full and the factor is 1 again, but by then the wild beginning has done its harm. A "
        "loss times 1000 has gradients times 1000. Gradient descent multiplies its step by the same 1000 and "
        "diverges unless its rate is divided by it. Adam has the factor above and, out of the root of squares, below "
        "the line: it cancels, and epsilon, tiny beside the root before, is even less important now. A loss times "
        "a billionth is another matter. The root is then of the size of 1e-11, far below epsilon, which is 1e-8. The "
        "divisor is practically epsilon, and the step is the average gradient times the rate divided by epsilon: "
        "momentum with a constant rate, whose steps shrink with the loss. They are a thousandth of what they were."
    ),
)  # fmt: skip
