"""Problem set 03: what is asked, what is right, what goes wrong, and what is said about it.

Each block is one question: its cases (hidden ones draw from a seed of their own), the reference answer, other right
answers, and the mistakes that students really make. Where a question asks for a function and its derivative, `pair`
writes both from their bodies, so that a mistake in one of them shows beside the right form of the other.
"""

import textwrap

import numpy as np

from autograder.questions import PRELUDE, ProblemSet

SET = ProblemSet(
    "03_activations",
    title="Activations and expressiveness",
    minutes=110,
    objectives=(
        "write activations and their derivatives so that they are right at the bend and silent far out",
        "rewrite a formula whose exponential overflows as one whose exponential cannot",
        "run a maxout layer forward and backward, and say which weights a sample can teach",
        "build a network by hand that follows a given function, from steps to bumps to a Riemann sum",
        "measure how a gradient shrinks or grows from layer to layer, and explain why",
    ),
)


def pair(name: str, option: str, value: str, derivative: str) -> str:
    """Return the source of the functions `name` and `name`_derivative of ``(z, option)`` with the given bodies."""
    bodies = [textwrap.indent(textwrap.dedent(body).strip(), "    ") for body in (value, derivative)]
    return f"def {name}(z, {option}):\n{bodies[0]}\n\n\ndef {name}_derivative(z, {option}):\n{bodies[1]}\n"


# --- leaky_relu, leaky_relu_derivative -------------------------------------------------------------------------------

q = SET.question("leaky_relu", points=4, names=("leaky_relu", "leaky_relu_derivative"))
rng = np.random.default_rng(301)

q.case("leaky_relu(z)", z=np.array([-2.0, -0.5, 0.0, 1.5]), mutation="forbidden")
q.case("leaky_relu(z, slope)", z=np.array([[-3, 2], [0, -1]]), slope=0.25)
q.case("leaky_relu(z, slope=0.5)", z=np.array([-4.0]))
q.case("leaky_relu_derivative(z)", z=np.array([-3.0, 0.0, 2.0]), mutation="forbidden")
q.case("leaky_relu_derivative(z, slope)", z=np.array([-7, 0, 4]), slope=0.25)
q.case("leaky_relu(z)", z=rng.integers(-9, 9, (2, 3)), layout="read-only", hidden=True,
       about="whole numbers, not writable")  # fmt: skip
q.case("leaky_relu(z, slope=0.3)", z=rng.normal(scale=50, size=(2, 3, 2)), layout="strided", mutation="forbidden",
       hidden=True, about="three dimensions, not contiguous")  # fmt: skip
q.case("leaky_relu(z, slope)", z=rng.normal(size=5), slope=0, hidden=True, about="slope 0", weight=0.5)
q.case("leaky_relu(z, slope)", z=rng.normal(size=5), slope=1, hidden=True, about="slope 1", weight=0.5)
q.case("leaky_relu(z, slope=0.125)", z=rng.normal(size=6).astype(np.float32), hidden=True, about="single precision",
       rtol=1e-5, weight=0.5)  # fmt: skip
q.case("leaky_relu_derivative(z)", z=rng.normal(size=(3, 2)) * np.array([[1], [0], [1]]), layout="read-only",
       hidden=True, about="the derivative of a matrix with zeros, not writable")  # fmt: skip
q.case("leaky_relu_derivative(z, slope=0.75)", z=rng.normal(size=(2, 2, 2)), layout="strided", mutation="forbidden",
       hidden=True, about="the derivative in three dimensions, not contiguous")  # fmt: skip
q.case("leaky_relu_derivative(z, slope=0.25)", z=np.array([[0]]), hidden=True, weight=0.5,
       about="the derivative at 0 alone")  # fmt: skip
q.case("leaky_relu_derivative(z, slope)", z=np.array([-1.5, 0.0, 2.5]), slope=0, hidden=True,
       about="the derivative with slope 0", weight=0.5)  # fmt: skip
q.case("leaky_relu_derivative(z, slope=0.125)", z=rng.normal(size=6).astype(np.float32), hidden=True, rtol=1e-5,
       about="the derivative in single precision", weight=0.5)  # fmt: skip


def leaky(
    value: str = "return np.where(z > 0, z, slope * z)",
    derivative: str = "return np.where(z > 0, 1.0, slope)",
    option: str = "slope=0.1",
) -> str:
    """Return the source of both functions, right unless a body is given."""
    return pair("leaky_relu", option, value, derivative)


q.reference(
    leaky(
        """
        from course_lib.reference.activations import LeakyReLU
        return LeakyReLU(slope)(z)
        """,
        """
        from course_lib.reference.activations import LeakyReLU
        return LeakyReLU(slope).derivative(z)
        """,
    )
)
q.accepts(leaky("return np.maximum(z, slope * z)", "return slope + (1 - slope) * (z > 0)"))
q.accepts(
    leaky(
        '''
        """In place, on arrays of its own."""
        a = np.array(z, dtype=float)
        a[a < 0] *= slope
        return a
        ''',
        """
        d = np.full(np.shape(z), slope, dtype=np.float64)
        d[np.asarray(z) > 0] = 1
        return d
        """,
    )
)
q.accepts(
    leaky(
        '''
        """The positive part and a share of the negative one."""
        return np.clip(z, 0, None) + slope * np.clip(z, None, 0)
        ''',
        '''
        """Entry by entry."""
        return np.array([1.0 if s > 0 else slope for s in np.ravel(z)]).reshape(np.shape(z))
        ''',
    )
)
q.misconception(
    "the slope at 0", "To which side does the convention of this question count the point 0 itself?",
    leaky(derivative="return np.where(z >= 0, 1.0, slope)"),
)  # fmt: skip
q.misconception(
    "plain ReLU", "What is left of a negative input after your function, and what should be left of it?",
    leaky("return np.maximum(z, 0.0)", "return np.where(z > 0, 1.0, 0.0)"),
)  # fmt: skip
q.misconception(
    "the argument slope is not used", "Call your function with two very different slopes: does it notice?",
    leaky("return np.where(z > 0, z, 0.1 * z)"),
)  # fmt: skip
q.misconception(
    "another default slope", "Libraries disagree on the slope when none is given: which one does the text ask for?",
    leaky(option="slope=0.01"),
)  # fmt: skip
q.misconception(
    "integer array", "Which dtype has the array that you fill, when z holds whole numbers?",
    leaky(
        """
        z = np.asarray(z)
        a = np.zeros_like(z)
        a[z > 0] = z[z > 0]
        a[z <= 0] = slope * z[z <= 0]
        return a
        """
    ),
)  # fmt: skip
q.misconception(
    "work in the caller's array", "Whose array do you write into, and may you?",
    leaky(
        """
        z = np.asarray(z, dtype=float)
        z[z < 0] *= slope
        return z
        """
    ),
)  # fmt: skip
q.misconception(
    "function value for slope", "On the left the function is a straight line: can its slope depend on where you stand?",
    leaky(derivative="return np.where(z > 0, 1.0, slope * z)"),
)  # fmt: skip
q.misconception(
    "left side folded up", "Does a small step to the right raise or lower your function on the left of 0?",
    leaky("return np.where(z > 0, z, -slope * z)", "return np.where(z > 0, 1.0, -slope)"),
)  # fmt: skip
q.misconception(
    "the smaller of the two", "Draw both lines: which of them is on top for positive z?",
    leaky("return np.minimum(z, slope * z)"),
)  # fmt: skip
q.misconception(
    "leak on both sides", "What does your function make of a large positive input, and what did you expect?",
    leaky("return np.maximum(z, 0) + slope * z", "return np.where(z > 0, 1.0, 0.0) + slope"),
)  # fmt: skip
q.misconception(
    "one number at a time", "Is an array with entries of both signs larger than zero, yes or no?",
    leaky("return z if z > 0 else slope * z", "return 1.0 if z > 0 else slope"),
)  # fmt: skip

# --- elu, elu_derivative ---------------------------------------------------------------------------------------------

q = SET.question("elu", points=4, names=("elu", "elu_derivative"))
rng = np.random.default_rng(302)

q.case("elu(z)", z=np.array([-2.0, 0.0, 1.5]), mutation="forbidden")
q.case("elu(z, alpha)", z=np.array([[-1, 2], [0, -3]]), alpha=0.5)
q.case("elu(z)", z=np.array([-1000.0, -0.25, 720.0, 1000.0]), warnings="forbidden")
q.case("elu_derivative(z)", z=np.array([-1.0, 0.0, 2.0]), mutation="forbidden")
q.case("elu_derivative(z, alpha)", z=np.array([-2, 0, 3]), alpha=1.5)
q.case("elu_derivative(z)", z=np.array([-1000.0, -0.25, 720.0, 1000.0]), warnings="forbidden")
q.case("elu(z, alpha=2.0)", z=rng.integers(-4, 4, (2, 3)), layout="read-only", hidden=True,
       about="whole numbers, not writable")  # fmt: skip
q.case("elu(z, alpha=0.75)", z=rng.normal(scale=2, size=(2, 3, 2)), layout="strided", mutation="forbidden",
       hidden=True, about="three dimensions, not contiguous")  # fmt: skip
q.case("elu(z, alpha=0.25)", z=np.array([[-2]]), hidden=True, about="a single integer", weight=0.5)
q.case("elu(z, alpha=3)", z=np.array([-100000, 5, 100000]), warnings="forbidden", hidden=True,
       about="huge whole numbers", weight=0.5)  # fmt: skip
q.case("elu(z)", z=rng.normal(size=6).astype(np.float32), hidden=True, about="single precision", rtol=1e-5,
       atol=1e-6, weight=0.5)  # fmt: skip
q.case("elu_derivative(z, alpha=2.0)", z=np.array([[-2, 0], [3, -1], [0, 1]]), layout="read-only", hidden=True,
       about="the derivative at whole numbers, not writable")  # fmt: skip
q.case("elu_derivative(z, alpha=0.75)", z=rng.normal(scale=2, size=(2, 2, 2)), layout="strided",
       mutation="forbidden", hidden=True, about="the derivative in three dimensions, not contiguous")  # fmt: skip
q.case("elu_derivative(z, alpha=0.5)", z=np.array([0.0]), hidden=True, about="the derivative at 0 alone",
       weight=0.5)  # fmt: skip
q.case("elu_derivative(z, alpha=3)", z=np.array([-100000, -3, 100000]), warnings="forbidden", hidden=True,
       about="the derivative at huge whole numbers", weight=0.5)  # fmt: skip
q.case("elu_derivative(z)", z=rng.normal(size=6).astype(np.float32), hidden=True, rtol=1e-5,
       about="the derivative in single precision", weight=0.5)  # fmt: skip


def elu_pair(
    value: str = "return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))",
    derivative: str = "return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))",
) -> str:
    """Return the source of both functions, right unless a body is given."""
    return pair("elu", "alpha=1.0", value, derivative)


q.reference(
    elu_pair(
        """
        from course_lib.reference.activations import ELU
        return ELU(alpha)(z)
        """,
        """
        from course_lib.reference.activations import ELU
        return ELU(alpha).derivative(z)
        """,
    )
)
q.accepts(
    elu_pair(
        '''
        """The exponential only where it is asked for, in an array of floats."""
        a = np.array(z, dtype=float)
        left = a <= 0
        a[left] = alpha * (np.exp(a[left]) - 1)
        return a
        ''',
        """
        d = np.ones(np.shape(z))
        left = np.asarray(z) <= 0
        d[left] = alpha * np.exp(np.asarray(z, dtype=float)[left])
        return d
        """,
    )
)
q.accepts(
    elu_pair(
        '''
        """Two parts that are never both different from 0."""
        return np.maximum(z, 0) + alpha * (np.exp(-np.maximum(np.negative(z), 0)) - 1)
        ''',
        '''
        """By the value: where z is not positive, the slope is the value plus alpha."""
        return np.where(z > 0, 1.0, elu(z, alpha) + alpha)
        ''',
    )
)
q.accepts(
    elu_pair(
        '''
        """Entry by entry."""
        import math
        return np.vectorize(lambda s: s if s > 0 else alpha * math.expm1(s), otypes=[float])(z)
        ''',
        """
        import math
        return np.vectorize(lambda s: 1 if s > 0 else alpha * math.exp(s), otypes=[float])(z)
        """,
    )
)
q.misconception(
    "both branches computed", "Which of its two branches does np.where compute at an entry that is large?",
    elu_pair(
        "return np.where(z > 0, z, alpha * (np.exp(z) - 1))", "return np.where(z > 0, 1.0, alpha * np.exp(z))"
    ),
)  # fmt: skip
q.misconception(
    "the slope at 0", "To which side does the convention of this question count the point 0 itself?",
    elu_pair(derivative="return np.where(z >= 0, 1.0, alpha * np.exp(np.minimum(z, 0)))"),
)  # fmt: skip
q.misconception(
    "slope without alpha", "If the left branch is twice as tall, is it still as steep as before?",
    elu_pair(derivative="return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))"),
)  # fmt: skip
q.misconception(
    "value plus one", "Your shortcut from the value to the slope holds for one alpha only: for which one?",
    elu_pair(derivative="return np.where(z > 0, 1.0, elu(z, alpha) + 1)"),
)  # fmt: skip
q.misconception(
    "the constant is not differentiated away", "Far out on the left the curve is flat: is your slope close to 0 there?",
    elu_pair(derivative="return np.where(z > 0, 1.0, alpha * np.expm1(np.minimum(z, 0)))"),
)  # fmt: skip
q.misconception(
    "lost constant", "Does your curve pass through the origin?",
    elu_pair("return np.where(z > 0, z, alpha * np.exp(np.minimum(z, 0)))"),
)  # fmt: skip
q.misconception(
    "the argument alpha is not used", "Call your functions with two very different values of alpha: do they notice?",
    elu_pair("return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))"),
)  # fmt: skip
q.misconception(
    "alpha in the exponent", "Far out on the left, how deep should the curve go, and how deep does yours go?",
    elu_pair(
        "return np.where(z > 0, z, np.expm1(alpha * np.minimum(z, 0)))",
        "return np.where(z > 0, 1.0, alpha * np.exp(alpha * np.minimum(z, 0)))",
    ),
)  # fmt: skip
q.misconception(
    "exponent with the wrong sign", "Does your curve level off on the left, or does it shoot away?",
    elu_pair(
        "return np.where(z > 0, z, alpha * (np.exp(-z) - 1))", "return np.where(z > 0, 1.0, alpha * np.exp(-z))"
    ),
)  # fmt: skip
q.misconception(
    "integer array", "Which dtype has the array that you fill, when z holds whole numbers?",
    elu_pair(
        """
        a = np.array(z)
        a[a < 0] = alpha * np.expm1(a[a < 0])
        return a
        """
    ),
)  # fmt: skip
q.misconception(
    "work in the caller's array", "Whose array do you write into, and may you?",
    elu_pair(
        """
        z = np.asarray(z, dtype=float)
        z[z < 0] = alpha * np.expm1(z[z < 0])
        return z
        """
    ),
)  # fmt: skip

# --- softplus --------------------------------------------------------------------------------------------------------

q = SET.question("softplus", points=4)
rng = np.random.default_rng(303)

q.case("softplus(z)", z=np.array([0.0]))
q.case("softplus(z)", z=np.array([-2.0, 0.5, 1.5]), mutation="forbidden")
q.case("softplus(z)", z=np.array([[0, 1], [-3, 12]]))
q.case("softplus(z)", z=np.array([1000.0, 800.0, 0.5]), warnings="forbidden")
q.case("softplus(z)", z=np.array([-1000.0, -800.0, -0.5]), warnings="forbidden")
q.case("softplus(z)", z=np.array([[-7]]), hidden=True, about="a single integer")
q.case("softplus(z)", z=rng.normal(scale=3, size=(2, 3, 2)), layout="strided", mutation="forbidden", hidden=True,
       about="three dimensions, not contiguous")  # fmt: skip
q.case("softplus(z)", z=rng.normal(scale=2, size=(3, 3)), layout="read-only", hidden=True, about="z not writable")
q.case("softplus(z)", z=np.array([11.0, 13.5, 17.75, -12.0, -20.25]), hidden=True, about="neither small nor large")
q.case("softplus(z)", z=np.linspace(-1000, 1000, 8).reshape(2, 4), warnings="forbidden", hidden=True,
       about="large |z| of both signs")  # fmt: skip
q.case("softplus(z)", z=np.array([-1000, 740, 3, 999]), warnings="forbidden", hidden=True, about="large integers")
q.case("softplus(z)", z=rng.normal(size=5).astype(np.float32), hidden=True, about="single precision", rtol=1e-5,
       atol=1e-6, weight=0.5)  # fmt: skip


@q.reference
def softplus(z):
    from course_lib.reference.activations import softplus as function

    return function(z)


@q.accepts
def softplus(z):
    return np.logaddexp(0, z)


@q.accepts
def softplus(z):
    """In place, on an array of its own."""
    a = np.array(np.abs(z), dtype=np.float64)
    a *= -1
    a[...] = np.log(1 + np.exp(a))
    a += np.where(z > 0, z, 0)
    return a


@q.accepts
def softplus(z):
    """From a threshold on the function is z itself; np.where sees no large exponent."""
    return np.where(z > 35, z, np.log1p(np.exp(np.minimum(z, 35.0))))


@q.accepts
def softplus(z):
    """Entry by entry, with the larger of the two exponents taken out."""
    import math

    def one(s):
        top = max(s, 0.0)
        return top + math.log(math.exp(-top) + math.exp(s - top))

    return np.vectorize(one, otypes=[float])(z)


@q.misconception("overflow", "What is np.exp(1000), and for which z does your formula ask for it?")
def softplus(z):
    return np.log(1 + np.exp(np.asarray(z, dtype=float)))


@q.misconception("both branches computed", "Which of its two branches does np.where compute at an entry that is large?")
def softplus(z):
    return np.where(z > 30, z, np.log1p(np.exp(z)))


@q.misconception(
    "overflow on the other side", "You have moved the large exponent away for one sign of z: what happens at the other?"
)
def softplus(z):
    return z + np.log1p(np.exp(-np.asarray(z, dtype=float)))


@q.misconception("clipping", "Your function stops growing somewhere: does the softplus?")
def softplus(z):
    return np.log1p(np.exp(np.clip(z, -500, 500)))


@q.misconception("ReLU instead", "How high is the curve above the bend, and how high is yours there?")
def softplus(z):
    return np.maximum(z, 0.0)


@q.misconception("threshold too low", "Just above your threshold, how far is z itself from the true value?")
def softplus(z):
    return np.where(z > 10, z, np.log1p(np.exp(np.minimum(z, 10))))


@q.misconception("one too many", "One of the functions that you use adds a 1 already: which one?")
def softplus(z):
    return np.log1p(1 + np.exp(z))


@q.misconception("even function", "Your function gives the same at z and at −z: does the softplus?")
def softplus(z):
    return np.abs(z) + np.log1p(np.exp(-np.abs(z)))


@q.misconception(
    "only the correction", "Far out to the right your function falls to 0: what did you split off and lose?"
)
def softplus(z):
    return np.log1p(np.exp(-np.abs(z)))


@q.misconception("its derivative", "Your values never exceed 1: is that the function, or its slope?")
def softplus(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


@q.misconception("integer array", "Which dtype has the array that you fill, when z holds whole numbers?")
def softplus(z):
    a = np.zeros_like(z)
    a[...] = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return a


@q.misconception("work in the caller's array", "Whose array do you write into, and may you?")
def softplus(z):
    positive = np.maximum(z, 0)
    z[z > 0] *= -1
    return positive + np.log1p(np.exp(z))


# --- maxout ----------------------------------------------------------------------------------------------------------

q = SET.question("maxout", points=3)
rng = np.random.default_rng(304)


def layer(n: int, pieces: int, d: int, units: int, **more: tuple) -> dict:
    """Draw the inputs of a maxout layer, and arrays of further shapes by name."""
    shapes = {"X": (n, d), "W": (pieces, d, units), "b": (pieces, units), **more}
    return {name: rng.normal(size=shape).round(2) for name, shape in shapes.items()}


q.case("maxout(X, W, b)", X=np.array([[3.0], [-4.0]]), W=np.array([[[1.0]], [[-1.0]]]), b=np.array([[0.0], [0.0]]))
q.case("maxout(X, W, b)", X=np.array([[1, 0], [-1, 2], [3, 1]]),
       W=np.array([[[1, -2, 0], [0, 1, 1]], [[-1, 0, 2], [2, 1, -1]]]),
       b=np.array([[-9, 1, -5], [-8, 0, -6]]))  # fmt: skip
q.case("maxout(X, W, b)", X=np.array([[0.5, -1.0], [2.0, 1.0]]),
       W=np.array([[[1.0, 0.5], [-2.0, 1.0]], [[0.0, -1.0], [1.0, 3.0]]]),
       b=np.array([[0.5, -4.0], [1.5, 2.0]]), mutation="forbidden")  # fmt: skip
q.case("maxout(X, W, b)", **layer(5, 3, 4, 2), mutation="forbidden", hidden=True, about="three pieces")
q.case("maxout(X, W, b)", **layer(3, 3, 2, 4), layout="read-only", hidden=True,
       about="as many samples as pieces, arrays not writable")  # fmt: skip
q.case("maxout(X, W, b)", **layer(4, 2, 3, 5), layout="strided", hidden=True, about="arrays that are not contiguous")
q.case("maxout(X, W, b)", **layer(1, 4, 3, 1), hidden=True, about="one sample, one unit", weight=0.5)
q.case("maxout(X, W, b)", **layer(4, 1, 3, 2), hidden=True, about="a single piece", weight=0.5)
q.case("maxout(X, W, b)", X=rng.integers(-5, 6, (4, 3)), W=rng.integers(-5, 6, (3, 3, 2)),
       b=rng.integers(-30, -20, (3, 2)), hidden=True, about="whole numbers")  # fmt: skip
q.case("maxout(X, W, b)", **{name: array.astype(np.float32) for name, array in layer(4, 3, 2, 3).items()}, hidden=True,
       about="single precision", rtol=1e-4, atol=1e-5, weight=0.5)  # fmt: skip


@q.reference
def maxout(X, W, b):
    from course_lib.reference.layers import Maxout

    pieces, d, units = W.shape
    layer = Maxout(units, pieces=pieces)
    layer.build((d,))
    layer.W[...] = np.transpose(W, (1, 2, 0)).reshape(d, units * pieces)
    layer.b[...] = np.transpose(b).reshape(units * pieces)
    return layer.forward(np.asarray(X, dtype=float))


@q.accepts
def maxout(X, W, b):
    """All pieces at once, then the maximum over them."""
    return (np.einsum("nd,pdu->pnu", X, W) + b[:, np.newaxis]).max(axis=0)


@q.accepts
def maxout(X, W, b):
    """One piece after the other, keeping the largest so far."""
    best = np.full((len(X), W.shape[2]), -np.inf)
    for piece in range(len(W)):
        np.maximum(best, X @ W[piece] + b[piece], out=best)
    return best


@q.accepts
def maxout(X, W, b):
    """Plain loops over samples and units."""
    n, units = len(X), W.shape[2]
    a = np.empty((n, units))
    for i in range(n):
        for j in range(units):
            a[i, j] = max(sum(X[i, k] * W[p, k, j] for k in range(X.shape[1])) + b[p, j] for p in range(len(W)))
    return a


@q.misconception(
    "biases laid along the samples",
    "Print the shapes of your products and of the biases: along which axis does NumPy lay the pieces of b?",
)
def maxout(X, W, b):
    return (X @ W + b).max(axis=0)


@q.misconception("maximum over the wrong axis", "Which two axes should be left once the maximum is taken?")
def maxout(X, W, b):
    return (X @ W + b[:, None, :]).max(axis=-1)


@q.misconception("sum of the pieces", "Each unit keeps one of its pieces: how many of them show in your result?")
def maxout(X, W, b):
    return (X @ W + b[:, None, :]).sum(axis=0)


@q.misconception("lost bias", "What does your layer give for an input of zeros?")
def maxout(X, W, b):
    return (X @ W).max(axis=0)


@q.misconception("bias after the maximum", "Can a bias decide which piece wins, in the way you have written it?")
def maxout(X, W, b):
    return (X @ W).max(axis=0) + b.max(axis=0)


@q.misconception("maximum of the weights", "Is the largest weight the best one for a negative input, too?")
def maxout(X, W, b):
    return X @ W.max(axis=0) + b.max(axis=0)


@q.misconception("cut off at zero", "If all pieces of a unit are negative, what is the largest of them?")
def maxout(X, W, b):
    return np.maximum((X @ W + b[:, None, :]).max(axis=0), 0)


@q.misconception("largest size instead of largest value", "Which is larger, −5 or 2?")
def maxout(X, W, b):
    s = X @ W + b[:, None, :]
    return np.take_along_axis(s, np.abs(s).argmax(axis=0)[None], axis=0)[0]


@q.misconception("the winner's number", "Do you return the largest value, or the place where it stands?")
def maxout(X, W, b):
    return np.argmax(X @ W + b[:, None, :], axis=0)


# --- maxout_backward -------------------------------------------------------------------------------------------------

q = SET.question("maxout_backward", points=6)
rng = np.random.default_rng(305)

SMALL = {
    "X": np.array([[0.5, -1.0], [2.0, 1.0], [-1.0, 3.0]]),
    "W": np.array([[[1.0, 0.5], [-2.0, 1.0]], [[0.5, -1.0], [1.0, 3.0]]]),
    "b": np.array([[0.5, -0.5], [1.5, 2.0]]),
    "G": np.array([[1.0, 2.0], [-3.0, 0.5], [2.0, -1.0]]),
}
q.case("maxout_backward(X, W, b, G)", X=np.array([[3.0], [-4.0]]), W=np.array([[[1.0]], [[-1.0]]]),
       b=np.array([[0.5], [0.0]]), G=np.array([[2.0], [5.0]]))  # fmt: skip
for part in range(3):
    q.case(f"maxout_backward(X, W, b, G)[{part}]", **SMALL, mutation="forbidden")
wide = layer(5, 3, 4, 2, G=(5, 2))
for part, title in enumerate(("dX", "dW", "db")):
    q.case(f"maxout_backward(X, W, b, G)[{part}]", **wide, hidden=True, about=f"{title} with three pieces")
q.case("maxout_backward(X, W, b, G)", **layer(3, 3, 2, 4, G=(3, 4)), layout="read-only", hidden=True,
       about="as many samples as pieces, arrays not writable")  # fmt: skip
q.case("maxout_backward(X, W, b, G)", **layer(4, 2, 3, 5, G=(4, 5)), layout="strided", mutation="forbidden",
       hidden=True, about="arrays that are not contiguous")  # fmt: skip
q.case("maxout_backward(X, W, b, G)", **layer(1, 4, 3, 1, G=(1, 1)), hidden=True, about="one sample, one unit",
       weight=0.5)  # fmt: skip
q.case("maxout_backward(X, W, b, G)", **layer(4, 1, 3, 2, G=(4, 2)), hidden=True, about="a single piece",
       weight=0.5)  # fmt: skip
q.case("maxout_backward(X, W, b, G)", X=np.array([[1, -2], [3, 1], [0, 4]]),
       W=np.array([[[2, 1], [1, -3]], [[-1, 2], [3, 1]]]), b=np.array([[-20, -31], [-21, -29]]),
       G=np.array([[1, -2], [3, 5], [-4, 1]]), hidden=True, about="whole numbers")  # fmt: skip
q.case("maxout_backward(X, W, b, G)",
       **{name: array.astype(np.float32) for name, array in layer(4, 3, 2, 3, G=(4, 3)).items()}, hidden=True,
       about="single precision", rtol=1e-4, atol=1e-5, weight=0.5)  # fmt: skip


@q.reference
def maxout_backward(X, W, b, G):
    from course_lib.reference.layers import Maxout

    pieces, d, units = W.shape
    layer = Maxout(units, pieces=pieces)
    layer.build((d,))
    layer.W[...] = np.transpose(W, (1, 2, 0)).reshape(d, units * pieces)
    layer.b[...] = np.transpose(b).reshape(units * pieces)
    layer.forward(np.asarray(X, dtype=float))
    dX = layer.backward(np.asarray(G, dtype=float))
    return dX, layer.dW.reshape(d, units, pieces).transpose(2, 0, 1), layer.db.reshape(units, pieces).T


@q.accepts
def maxout_backward(X, W, b, G):
    """A mask of winners, and einsum."""
    s = np.einsum("nd,pdu->pnu", X, W) + b[:, None]
    dS = (s == s.max(axis=0)) * G
    return np.einsum("pnu,pdu->nd", dS, W), np.einsum("nd,pnu->pdu", X, dS), dS.sum(axis=1)


@q.accepts
def maxout_backward(X, W, b, G):
    """Sample by sample, unit by unit: only the winner learns."""
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(b.shape)
    for i, x in enumerate(X):
        for j in range(W.shape[2]):
            winner = np.argmax([x @ W[p, :, j] + b[p, j] for p in range(len(W))])
            dX[i] += G[i, j] * W[winner, :, j]
            dW[winner, :, j] += G[i, j] * x
            db[winner, j] += G[i, j]
    return dX, dW, db


@q.accepts
def maxout_backward(X, W, b, G):
    """A dense layer's backward pass for each piece."""
    winner = np.argmax([X @ W_p + b_p for W_p, b_p in zip(W, b)], axis=0)
    parts = [np.where(winner == p, G, 0) for p in range(len(W))]
    dX = sum(part @ W[p].T for p, part in enumerate(parts))
    return [dX, np.stack([X.T @ part for part in parts]), np.stack([part.sum(axis=0) for part in parts])]


@q.misconception("every piece learns", "If a piece that lost is raised a little, does the output move?")
def maxout_backward(X, W, b, G):
    dS = np.broadcast_to(G, (len(W), *G.shape))
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, dS.sum(axis=1)


@q.misconception("mean over the batch", "Who divides by the number of samples, the loss or the layer?")
def maxout_backward(X, W, b, G):
    s = X @ W + b[:, None, :]
    dS = (s == s.max(axis=0)) * G
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS / len(X), dS.mean(axis=1)


@q.misconception("winner chosen without the bias", "What else, besides weights and inputs, decides which piece wins?")
def maxout_backward(X, W, b, G):
    s = X @ W
    dS = (s == s.max(axis=0)) * G
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, dS.sum(axis=1)


@q.misconception("one winner for the whole batch", "Must the same piece of a unit win for every sample?")
def maxout_backward(X, W, b, G):
    total = (X @ W + b[:, None, :]).sum(axis=1, keepdims=True)
    dS = (total == total.max(axis=0)) * G
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, dS.sum(axis=1)


@q.misconception("shared out among the pieces", "If a piece that lost is raised a little, does the output move?")
def maxout_backward(X, W, b, G):
    dS = np.broadcast_to(G / len(W), (len(W), *G.shape))
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, dS.sum(axis=1)


@q.misconception("the rule of ReLU", "Is the winner the piece that is positive, or the one that is largest?")
def maxout_backward(X, W, b, G):
    dS = (X @ W + b[:, None, :] > 0) * G
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, dS.sum(axis=1)


@q.misconception("G is lost", "Does the loss care equally about all outputs, and where would your code learn it?")
def maxout_backward(X, W, b, G):
    s = X @ W + b[:, None, :]
    dS = (s == s.max(axis=0)) * 1.0
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, dS.sum(axis=1)


@q.misconception(
    "value of the winner as its slope", "How fast does a maximum grow when its largest argument grows by 1?"
)
def maxout_backward(X, W, b, G):
    s = X @ W + b[:, None, :]
    dS = (s == s.max(axis=0)) * s * G
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, dS.sum(axis=1)


@q.misconception("db keeps the samples", "A bias is one number for all samples: what becomes of their gradients?")
def maxout_backward(X, W, b, G):
    s = X @ W + b[:, None, :]
    dS = (s == s.max(axis=0)) * G
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, dS


@q.misconception("wins counted", "Does a bias feel how often its piece wins, or what the winners are told?")
def maxout_backward(X, W, b, G):
    s = X @ W + b[:, None, :]
    wins = s == s.max(axis=0)
    dS = wins * G
    return (dS @ W.transpose(0, 2, 1)).sum(axis=0), X.T @ dS, wins.sum(axis=1)


@q.misconception("dX by the first piece", "Through which piece did each entry of the output look at X?")
def maxout_backward(X, W, b, G):
    s = X @ W + b[:, None, :]
    dS = (s == s.max(axis=0)) * G
    return G @ W[0].T, X.T @ dS, dS.sum(axis=1)


@q.misconception("swapped results", "In which order are the three gradients asked for?")
def maxout_backward(X, W, b, G):
    s = X @ W + b[:, None, :]
    dS = (s == s.max(axis=0)) * G
    return X.T @ dS, dS.sum(axis=1), (dS @ W.transpose(0, 2, 1)).sum(axis=0)


# --- bump ------------------------------------------------------------------------------------------------------------

q = SET.question("bump", points=3)
rng = np.random.default_rng(306)
BUMP = "bump(x, left, right, height, steepness)"

q.case(BUMP, x=np.array([0.5]), left=0.25, right=1.0, height=2.0, steepness=4.0)
q.case(BUMP, x=np.linspace(0, 1, 5), left=0.4, right=0.6, height=3.0, steepness=20.0, mutation="forbidden")
q.case(BUMP, x=np.array([[-2, 0], [1, 3]]), left=-1, right=2, height=-3, steepness=2)
q.case(BUMP, x=np.array([0.1, 0.5, 0.9]), left=0.4, right=0.6, height=3.0, steepness=100000.0, warnings="forbidden")
q.case(BUMP, x=rng.uniform(-1, 2, (2, 3, 2)), left=-0.25, right=0.75, height=1.5, steepness=6.5, layout="strided",
       mutation="forbidden", hidden=True, about="three dimensions, not contiguous")  # fmt: skip
q.case(BUMP, x=rng.uniform(-3, 3, 6), left=-1.5, right=0.5, height=-0.75, steepness=1.5, layout="read-only",
       hidden=True, about="soft steps, x not writable")  # fmt: skip
q.case(BUMP, x=np.array([[3]]), left=1, right=4, height=2, steepness=1, hidden=True, about="whole numbers only")
q.case(BUMP, x=np.array([-100.0, -25.5, 0.25, 99.5]), left=-2.0, right=1.0, height=4.0, steepness=1000.0,
       warnings="forbidden", hidden=True, about="x far away on both sides")  # fmt: skip
q.case(BUMP, x=np.array([-1, 0, 1, 2]), left=0.5, right=1.5, height=-2, steepness=50000, warnings="forbidden",
       hidden=True, about="whole numbers, very steep", weight=0.5)  # fmt: skip
q.case(BUMP, x=rng.uniform(0, 1, 5).astype(np.float32), left=0.25, right=0.75, height=2.0, steepness=5.0, hidden=True,
       about="single precision", rtol=1e-4, atol=1e-5, weight=0.5)  # fmt: skip


@q.reference
def bump(x, left, right, height, steepness):
    from course_lib.reference.activations import sigmoid

    x = np.asarray(x, dtype=float)
    return height * (sigmoid(steepness * (x - left)) - sigmoid(steepness * (x - right)))


@q.accepts
def bump(x, left, right, height, steepness):
    """The sigmoid as a hyperbolic tangent; its two constants cancel."""
    return 0.5 * height * (np.tanh(steepness * (x - left) / 2) - np.tanh(steepness * (x - right) / 2))


@q.accepts
def bump(x, left, right, height, steepness):
    """A network: weights, biases, an output layer; clipped where nothing changes any more."""
    weights, biases = np.array([steepness, steepness]), -steepness * np.array([left, right], dtype=float)
    s = np.asarray(x)[..., None] * weights + biases
    return (1 / (1 + np.exp(-np.clip(s, -500, 500)))) @ np.array([height, -height])


@q.accepts
def bump(x, left, right, height, steepness):
    """Entry by entry."""
    import math

    def step(s):
        e = math.exp(-abs(s))
        return 1 / (1 + e) if s >= 0 else e / (1 + e)

    one = lambda t: height * (step(steepness * (t - left)) - step(steepness * (t - right)))
    return np.vectorize(one, otypes=[float])(x)


def bump_as(formula: str, sigma: str = "0.5 + 0.5 * np.tanh(t / 2)") -> str:
    """Return the source of a bump that is `formula`, with a sigmoid `sigma` at hand."""
    return f"def bump(x, left, right, height, steepness):\n    sigma = lambda t: {sigma}\n    return {formula}\n"


q.misconception(
    "overflow", "What is np.exp(1000), and for which x does your formula ask for it?",
    bump_as("height * (sigma(steepness * (x - left)) - sigma(steepness * (x - right)))",
            sigma="1 / (1 + np.exp(-t))"),
)  # fmt: skip
q.misconception(
    "steps in the wrong place", "At which x is the argument of each of your sigmoids zero?",
    bump_as("height * (sigma(steepness * x - left) - sigma(steepness * x - right))"),
)  # fmt: skip
q.misconception(
    "two steps up", "Far out to the right, on what level does your curve end?",
    bump_as("height * (sigma(steepness * (x - left)) + sigma(steepness * (x - right)))"),
)  # fmt: skip
q.misconception(
    "upside down", "Give it a positive height: does your bump rise or sink?",
    bump_as("height * (sigma(steepness * (x - right)) - sigma(steepness * (x - left)))"),
)  # fmt: skip
q.misconception(
    "height on the first step only", "Far out to the right, do your two steps cancel?",
    bump_as("height * sigma(steepness * (x - left)) - sigma(steepness * (x - right))"),
)  # fmt: skip
q.misconception(
    "the argument steepness is not used", "Call your function with a small and a large steepness: does it notice?",
    bump_as("height * (sigma(x - left) - sigma(x - right))"),
)  # fmt: skip
q.misconception(
    "hard edges", "A sigmoid of finite steepness needs some way to climb: how much way do your edges need?",
    bump_as("np.where((x > left) & (x < right), height, 0.0)"),
)  # fmt: skip
q.misconception(
    "product of two steps", "How does the output layer of a network combine its hidden units?",
    bump_as("height * sigma(steepness * (x - left)) * sigma(steepness * (right - x))"),
)  # fmt: skip
q.misconception(
    "tanh for the sigmoid", "From which level to which does one of your steps climb, and from where should it?",
    bump_as("height * (np.tanh(steepness * (x - left)) - np.tanh(steepness * (x - right)))"),
)  # fmt: skip
q.misconception(
    "height inside the sigmoid", "How high can a sigmoid get, whatever you put into it?",
    bump_as("sigma(height * steepness * (x - left)) - sigma(height * steepness * (x - right))"),
)  # fmt: skip
q.misconception(
    "work in the caller's array", "Whose array do you write into, and may you?",
    """
    def bump(x, left, right, height, steepness):
        x = np.asarray(x, dtype=float)
        first = np.tanh(steepness * (x - left) / 2)
        x -= right
        return 0.5 * height * (first - np.tanh(steepness * x / 2))
    """,
)  # fmt: skip

# --- riemann_network -------------------------------------------------------------------------------------------------
# Wherever the heights may be taken (left, middle, mean, right), an answer is right. So f is flat on every other bump
# and judged there; or it is smooth, with its largest slope / (2 n_bumps) as the tolerance; or it is a straight line, of
# which only differences are looked at. The points lie away from the edges, at which a step is half done.

A_BUMP = bump_as("height * (sigma(steepness * (x - left)) - sigma(steepness * (x - right)))")
q = SET.question("riemann_network", points=6, prelude=PRELUDE + A_BUMP)  # students may use their bump
rng = np.random.default_rng(307)
FLAT = "riemann_network(lambda t: np.interp(t, np.linspace(0, 1, levels.size), levels), n_bumps, steepness)(x)"
RISE = """
network = riemann_network(lambda t: slope * t, n_bumps, steepness)
result = network(x + gap) - network(x)  # with f(t) = slope * t
"""
LATER = """
level = [1.0]
network = riemann_network(lambda t: level[0] + 0 * t, n_bumps, steepness)
level[0] = 7.0
result = network(x)  # f was 1 everywhere while the network was built, and is 7 since
"""
CALLS = """
calls = []
network = riemann_network(lambda t: calls.append(t) or np.cos(t), n_bumps, steepness)
calls.clear()
network(x)
result = len(calls) > 0
"""
TWICE = """
network = riemann_network(lambda t: np.interp(t, np.linspace(0, 1, levels.size), levels), n_bumps, steepness)
other = riemann_network(lambda t: 5 - t, n_bumps + 3, steepness / 2)
result = [network(x), network(x)]
"""


def flat(*levels: float) -> dict:
    """Return the values at the edges of a function that is flat on bumps 0, 2, 4, … and a line on those between."""
    return {"levels": np.repeat(levels, 2), "n_bumps": 2 * len(levels) - 1}


def middles(n: int, first: int, last: int) -> np.ndarray:
    """Return the middles of some of n bumps."""
    return (np.arange(first, last + 1) + 0.5) / n


q.case("callable(riemann_network(np.cos, n_bumps, steepness))", n_bumps=4, steepness=100.0, weight=0.25)
q.case(FLAT, **flat(1.0, -2.0, 3.0), steepness=1000.0, x=np.array([0.1, 0.45, 0.5, 0.55, 0.9]))
q.case("riemann_network(lambda t: 0.2 + 0.4 * t**2 + 0.3 * t * np.sin(15 * t), n_bumps, steepness)(x)", n_bumps=100,
       steepness=10000.0, x=middles(100, 5, 94)[::11], atol=5.6 / 200, mutation="forbidden")  # fmt: skip
q.case(RISE, slope=3.0, n_bumps=8, steepness=80.0, x=middles(8, 3, 5) - 1 / 32, gap=1 / 16, rtol=1e-6,
       weight=2)  # fmt: skip
q.case(LATER, n_bumps=6, steepness=2000.0, x=np.array([0.2, 0.4, 0.75]))
q.case(FLAT, **flat(*rng.normal(size=6).round(1)), steepness=20000.0, hidden=True, about="eleven bumps, x a matrix",
       x=(np.arange(6) * 2 + 0.5 + 0.4 * rng.uniform(-1, 1, 6)).reshape(3, 2) / 11, layout="strided",
       mutation="forbidden")  # fmt: skip
q.case(FLAT, **flat(2, -1, 4, 0), steepness=1500, hidden=True, about="a single x", x=np.array([[2.5 / 7]]), weight=0.5)
q.case(FLAT, **flat(-4), steepness=200, hidden=True, about="a single bump", x=np.array([0.25, 0.5, 0.75]), weight=0.5)
q.case("riemann_network(lambda t: np.sin(2 * np.pi * t), n_bumps, steepness)(x)", n_bumps=1000, steepness=100000.0,
       x=middles(1000, 50, 949)[rng.permutation(900)[:60]], atol=np.pi / 1000 + 1e-9, hidden=True,
       about="a thousand bumps", layout="read-only")  # fmt: skip
q.case(RISE, slope=-5.0, n_bumps=10, steepness=60.0, x=middles(10, 4, 5) - 0.02, gap=0.04, rtol=1e-6, hidden=True,
       about="soft steps", weight=2)  # fmt: skip
q.case(RISE, slope=2.0, n_bumps=4, steepness=4000, x=middles(4, 1, 2) - 0.05, gap=0.1, atol=1e-9, hidden=True,
       about="flat tops of steep bumps", weight=2)  # fmt: skip
q.case(CALLS, n_bumps=12, steepness=5000.0, x=np.array([0.3, 0.6]), hidden=True, about="when f is called")
q.case(TWICE, **flat(1.5, -0.5, 2.5), steepness=3000.0, x=np.array([0.48, 0.53]), hidden=True,
       about="two networks side by side, called again", weight=0.5)  # fmt: skip
q.case(FLAT, **flat(3.0, 1.0, -1.0), steepness=900.0, x=np.array([0.1, 0.5, 0.9], np.float32), hidden=True, rtol=1e-5,
       about="single precision", weight=0.5)  # fmt: skip


@q.reference
def riemann_network(f, n_bumps, steepness):
    from course_lib.reference.activations import sigmoid

    edges = np.linspace(0, 1, n_bumps + 1)
    heights = np.array([f(middle) for middle in (edges[:-1] + edges[1:]) / 2])

    def network(x):
        steps = sigmoid(steepness * (np.asarray(x, dtype=float)[..., np.newaxis] - edges))
        return (steps[..., :-1] - steps[..., 1:]) @ heights

    return network


@q.accepts
def riemann_network(f, n_bumps, steepness):
    """Bump after bump, f at the left end of each."""
    lefts = [i / n_bumps for i in range(n_bumps)]
    heights = [float(f(left)) for left in lefts]

    def network(x):
        total = np.zeros(np.shape(x))
        for left, height in zip(lefts, heights):
            total += bump(x, left, left + 1 / n_bumps, height, steepness)
        return total

    return network


@q.accepts
def riemann_network(f, n_bumps, steepness):
    """One step an edge, as high as the jump there; f at the right end of each bump."""
    values = [f((i + 1) / n_bumps) for i in range(n_bumps)]
    jumps = np.diff(np.concatenate([[0.0], values, [0.0]]))
    sigma = lambda t: 0.5 * (1 + np.tanh(t / 2))

    def network(x):
        x = np.asarray(x, dtype=np.float64)
        s = np.multiply.outer(steepness, x.reshape(-1, 1) * np.ones(n_bumps + 1) - np.arange(n_bumps + 1) / n_bumps)
        return (sigma(s) @ jumps).reshape(x.shape)

    return network


@q.accepts
def riemann_network(f, n_bumps, steepness):
    """The mean of f over each bump by Simpson's rule; a list of functions, each with its own numbers."""
    w = 1 / n_bumps

    def make(a):
        height = (f(a) + 4 * f(a + w / 2) + f(a + w)) / 6
        return lambda x: bump(x, a, a + w, height, steepness)

    bumps = [make(i * w) for i in range(n_bumps)]
    return lambda x: sum(one(x) for one in bumps)


@q.accepts
class riemann_network:
    """A network as an object: one matrix product before the sigmoids and one after them."""

    def __init__(self, f, n_bumps, steepness):
        edges = np.arange(n_bumps + 1) / n_bumps
        heights = np.vectorize(f, otypes=[float])(edges[:-1] + 0.5 / n_bumps)
        self.W1, self.b1 = np.full((1, n_bumps + 1), float(steepness)), -steepness * edges
        self.W2 = np.append(heights, 0) - np.append(0, heights)

    def __call__(self, x):
        s = np.ravel(x)[:, None] @ self.W1 + self.b1
        return (1 / (1 + np.exp(-np.clip(s, -700, 700))) @ self.W2).reshape(np.shape(x))


@q.misconception("every bump is the last one", "When your small functions are called at last, what is the value of i?")
def riemann_network(f, n_bumps, steepness):
    bumps = []
    for i in range(n_bumps):
        left, height = i / n_bumps, f((i + 0.5) / n_bumps)
        bumps.append(lambda x: bump(x, left, left + 1 / n_bumps, height, steepness))
    return lambda x: sum(one(x) for one in bumps)


@q.misconception("one edge too few", "How many posts does a fence of n fields need?")
def riemann_network(f, n_bumps, steepness):
    edges = np.linspace(0, 1, n_bumps)
    heights = [f((a + b) / 2) for a, b in zip(edges, edges[1:])]
    return lambda x: sum(
        (bump(x, a, b, height, steepness) for a, b, height in zip(edges, edges[1:], heights)), np.zeros(np.shape(x))
    )


@q.misconception("area instead of height", "Do you want the area under f or its height?")
def riemann_network(f, n_bumps, steepness):
    lefts = np.arange(n_bumps) / n_bumps
    heights = [f(left + 0.5 / n_bumps) / n_bumps for left in lefts]
    return lambda x: sum(bump(x, a, a + 1 / n_bumps, height, steepness) for a, height in zip(lefts, heights))


@q.misconception("steps never taken back", "What brings your curve down again where a bump ends?")
def riemann_network(f, n_bumps, steepness):
    lefts = np.arange(n_bumps) / n_bumps
    heights = [f(left + 0.5 / n_bumps) for left in lefts]
    step = lambda s: 0.5 + 0.5 * np.tanh(s / 2)
    return lambda x: sum(height * step(steepness * (x - a)) for a, height in zip(lefts, heights))


@q.misconception("f itself", "If f could no longer be called once your network is built, would the network still work?")
def riemann_network(f, n_bumps, steepness):
    return lambda x: f(x)


@q.misconception("f called again later", "If f changes once your network is built, should the network change with it?")
def riemann_network(f, n_bumps, steepness):
    lefts = [i / n_bumps for i in range(n_bumps)]
    return lambda x: sum(bump(x, a, a + 1 / n_bumps, f(a + 0.5 / n_bumps), steepness) for a in lefts)


@q.misconception("edges too sharp", "Draw your network with a small steepness and with a large one: does it differ?")
def riemann_network(f, n_bumps, steepness):
    heights = np.array([f((i + 0.5) / n_bumps) for i in range(n_bumps)], dtype=float)
    return lambda x: heights[np.clip(np.floor(np.multiply(x, n_bumps)).astype(int), 0, n_bumps - 1)]


@q.misconception("steps in the wrong place", "At which x is the argument of each of your sigmoids zero?")
def riemann_network(f, n_bumps, steepness):
    lefts = np.arange(n_bumps) / n_bumps
    heights = [f(left + 0.5 / n_bumps) for left in lefts]
    step = lambda s: 0.5 + 0.5 * np.tanh(s / 2)
    return lambda x: sum(
        height * (step(steepness * x - a) - step(steepness * x - a - 1 / n_bumps)) for a, height in zip(lefts, heights)
    )


@q.misconception("bumps that stick out", "Where does your first bump begin, and where does f?")
def riemann_network(f, n_bumps, steepness):
    centres, half = np.linspace(0, 1, n_bumps), 0.5 / n_bumps
    heights = [f(c) for c in centres]
    return lambda x: sum(bump(x, c - half, c + half, height, steepness) for c, height in zip(centres, heights))


@q.misconception("work in the caller's array", "Whose array do you write into, and may you?")
def riemann_network(f, n_bumps, steepness):
    edges = np.linspace(0, 1, n_bumps + 1)
    heights = np.array([f((a + b) / 2) for a, b in zip(edges, edges[1:])])
    jumps = np.append(heights, 0) - np.append(0, heights)

    def network(x):
        total = 0
        for jump in jumps:
            total = total + jump * (0.5 + 0.5 * np.tanh(steepness * x / 2))
            x -= 1 / n_bumps
        return total

    return network


# --- gradient_norms --------------------------------------------------------------------------------------------------

q = SET.question("gradient_norms", points=6)
rng = np.random.default_rng(308)
TANH = "lambda s: 1 - np.tanh(s) ** 2, np.tanh"
SQUARE = "lambda s: 2 * s, lambda s: s**2"
RELU = "lambda s: (s > 0) * 1.0, lambda s: np.maximum(s, 0)"
SIGMOID = "lambda s: 0.25 / np.cosh(s / 2) ** 2, lambda s: 1 / (1 + np.exp(-s))"
LINEAR = "lambda s: np.ones(s.shape), lambda s: s"


def norms_with(functions: str, weights: str = "weights") -> str:
    """Return the call with a derivative and an activation."""
    return f"gradient_norms({weights}, {functions}, x, g)"


def chain(n: int, *widths: int, scale: float = 1.0) -> dict:
    """Draw a batch, the weights of layers of the given widths, and a gradient at the outputs."""
    weights = [scale * rng.normal(size=pair).round(2) for pair in zip(widths, widths[1:])]
    return {"weights": weights, "x": rng.normal(size=(n, widths[0])).round(2),
            "g": rng.normal(size=(n, widths[-1])).round(2)}  # fmt: skip


q.case(norms_with(SQUARE, "[W1, W2]"), W1=np.array([[2.0]]), W2=np.array([[0.5]]), x=np.array([[1.0]]),
       g=np.array([[3.0]]))  # fmt: skip
q.case(norms_with(TANH, "[W1, W2]"), W1=np.array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5]]),
       W2=np.array([[1.0, -1.0], [0.5, 2.0], [-1.5, 1.0]]), x=np.array([[1.0, -0.5], [0.25, 2.0], [-1.0, 0.5]]),
       g=np.array([[1.0, -2.0], [0.5, 1.0], [3.0, -1.0]]), mutation="forbidden")  # fmt: skip
q.case(norms_with(RELU, "[W1, W2, W3]"), W1=np.array([[1, -2], [3, 1]]), W2=np.array([[2, 1], [-1, 3]]),
       W3=np.array([[1, 2], [1, -1]]), x=np.array([[1, 2], [-1, 3], [2, -2]]),
       g=np.array([[1, -1], [2, 1], [0, 3]]))  # fmt: skip
q.case(norms_with(TANH), **chain(4, 3, 5, 2, 3), hidden=True, layout="read-only",
       about="three layers, arrays not writable")  # fmt: skip
q.case(norms_with(SQUARE), **chain(3, 4, 3, 5, 1, scale=0.5), hidden=True, layout="strided", mutation="forbidden",
       about="squares as activation, arrays that are not contiguous")  # fmt: skip
q.case(norms_with(SIGMOID), **chain(6, *[4] * 13), hidden=True, about="twelve sigmoid layers", atol=1e-18)
q.case(norms_with(SIGMOID), **chain(5, 3, 2), hidden=True, about="a single layer", weight=0.5)
q.case(norms_with(RELU), **chain(1, 3, 6, 4), hidden=True, about="a single sample", weight=0.5)
q.case(norms_with(LINEAR), weights=[rng.integers(-3, 4, (2, 3)), rng.integers(-3, 4, (3, 4))],
       x=rng.integers(-3, 4, (4, 2)), g=rng.integers(-3, 4, (4, 4)), hidden=True, weight=0.5,
       about="a linear network of whole numbers")  # fmt: skip
single = chain(4, 3, 4, 2)
q.case(norms_with(TANH), weights=[W.astype(np.float32) for W in single["weights"]], x=single["x"].astype(np.float32),
       g=single["g"].astype(np.float32), hidden=True, about="single precision", rtol=1e-4, weight=0.5)  # fmt: skip


@q.reference
def gradient_norms(weights, derivative, activation, x, g):
    outputs, sums = [np.asarray(x, dtype=float)], []
    for W in weights:
        sums.append(outputs[-1] @ W)
        outputs.append(activation(sums[-1]))
    norms, G = [], np.asarray(g, dtype=float)
    for W, s in zip(reversed(weights), reversed(sums)):
        delta = G * derivative(s)
        norms.append(np.linalg.norm(delta))
        G = delta @ W.T
    return norms[::-1]


@q.accepts
def gradient_norms(weights, derivative, activation, x, g):
    """Slopes are taken on the way forward; einsum on the way back, into an array of norms."""
    a, slopes = x, []
    for W in weights:
        s = np.einsum("nd,du->nu", a, W)
        a = activation(s)
        slopes.append(derivative(s))
    norms = np.zeros(len(weights))
    delta = slopes[-1] * g
    norms[-1] = np.sqrt(np.sum(delta**2))
    for l in range(len(weights) - 2, -1, -1):
        delta = np.einsum("nu,du->nd", delta, weights[l + 1]) * slopes[l]
        norms[l] = np.sqrt(np.sum(delta**2))
    return norms


@q.accepts
def gradient_norms(weights, derivative, activation, x, g):
    """By recursion: each layer hands back its input's gradient and the norms from it on."""

    def below(a, layers):
        if not layers:
            return g, []
        s = a @ layers[0]
        G, norms = below(activation(s), layers[1:])
        delta = G * derivative(s)
        return delta @ layers[0].T, [float(np.linalg.norm(delta)), *norms]

    return tuple(below(x, list(weights))[1])


@q.accepts
def gradient_norms(weights, derivative, activation, x, g):
    """Sample by sample, with the full Jacobian of each layer; the squares add up over the batch."""
    total = np.zeros(len(weights))
    for sample, upstream in zip(np.asarray(x, dtype=float), np.asarray(g, dtype=float)):
        a, sums = sample, []
        for W in weights:
            sums.append(W.T @ a)
            a = activation(sums[-1])
        row = upstream @ np.diag(derivative(sums[-1]))
        total[-1] += row @ row
        for l in reversed(range(len(weights) - 1)):
            row = row @ (weights[l + 1].T * derivative(sums[l]))
            total[l] += row @ row
    return list(total**0.5)


def norms_as(
    last: str = "g * derivative(sums[-1])",
    before: str = "(delta @ weights[l].T) * derivative(sums[l - 1])",
    norm: str = "np.linalg.norm(delta)",
    result: str = "norms[::-1]",
    keep: str = "sums.append(a @ W)",
) -> str:
    """Return the source of an answer, right unless a part of it is given."""
    return f"""
def gradient_norms(weights, derivative, activation, x, g):
    outputs, sums, a = [x], [], x
    for W in weights:
        {keep}
        a = activation(a @ W)
        outputs.append(a)
    l = len(weights)
    delta = {last}
    norms = [{norm}]
    for l in range(len(weights) - 1, 0, -1):
        delta = {before}
        norms.append({norm})
    return {result}
"""


q.misconception(
    "slope taken at the output", "Of which quantity is the derivative a function, of a or of s?",
    norms_as(keep="sums.append(activation(a @ W))"),
)  # fmt: skip
q.misconception(
    "output side first", "Which layer does the first of your numbers belong to?",
    norms_as(result="norms"),
)  # fmt: skip
q.misconception(
    "no activation on the last layer", "With respect to what is g the gradient, and with respect to what the last δ?",
    norms_as(last="g"),
)  # fmt: skip
q.misconception(
    "slopes forgotten on the way", "What does the backward pass do where the forward pass applied the activation?",
    norms_as(before="delta @ weights[l].T"),
)  # fmt: skip
q.misconception(
    "weights not transposed", "Layers with different widths would show it: which shape must δ have before each layer?",
    norms_as(before="(delta @ weights[l]) * derivative(sums[l - 1])"),
)  # fmt: skip
q.misconception(
    "gradient of the outputs", "Is that the gradient before the activation's slope is applied, or after it?",
    norms_as(last="g", before="(delta * derivative(sums[l])) @ weights[l].T"),
)  # fmt: skip
q.misconception(
    "gradient of the weights", "The norms of which quantity are asked for: of δ, or of the gradient of W?",
    norms_as(norm="np.linalg.norm(outputs[l - 1].T @ delta)"),
)  # fmt: skip
q.misconception(
    "mean over the batch", "Give every sample twice: should the norm of the batch grow or shrink?",
    norms_as(norm="np.linalg.norm(delta) / len(x)"),
)  # fmt: skip
q.misconception(
    "mean of the samples' norms", "Is the norm of the whole batch the mean of the norms of its rows?",
    norms_as(norm="np.linalg.norm(delta, axis=1).mean()"),
)  # fmt: skip
q.misconception(
    "largest singular value", "Which norm does NumPy give for a matrix if you ask it for order 2?",
    norms_as(norm="np.linalg.norm(delta, 2)"),
)  # fmt: skip
q.misconception(
    "norm squared", "If all of δ doubles, by which factor should its norm grow?",
    norms_as(norm="np.sum(delta**2)"),
)  # fmt: skip
q.misconception(
    "work in the caller's array", "Whose array do you write into, and may you?",
    norms_as(last="np.multiply(g, derivative(sums[-1]), out=g)"),
)  # fmt: skip

# --- in words --------------------------------------------------------------------------------------------------------

SET.written(
    "deep_sigmoids",
    points=4,
    rubric=(
        (1, "Product: by the chain rule the gradient is multiplied, for each layer on its way back, by weights and by "
            "the slopes of the activation; from the tenth layer to the first, nine times."),
        (1, "Sigmoid: its slope is at most 1/4, and less where it saturates, so the product shrinks exponentially with "
            "depth (nine factors of 1/4 are 1 in 260 000, the true ones are smaller); early layers hardly learn."),
        (1, "ReLU: the slope is exactly 1 wherever a unit is on, so active paths lose nothing to the activation; what "
            "is left are the weights (their scale decides; twice the variance makes up for the half that is off)."),
        (1, "A price of ReLU and its remedy: a unit that is off for every sample gets gradient 0 and stays off (it is "
            "dead); leaky ReLU, ELU or maxout keep a slope that is not 0."),
    ),
    model_answer=(
        "Going back through one layer multiplies the gradient by the transposed weights and by the slope of the "
        "activation at each unit, so between the tenth layer and the first there are nine such factors. The sigmoid's "
        "slope is never larger than 1/4, and where a unit saturates it is nearly 0. Weights of this size leave the "
        "norm about as it is, so every layer makes it at least four times as small; four to the power of nine is "
        "about 260 000, and as most slopes are a little below 1/4 it becomes half a million. The layers near the input "
        "hardly move. Larger weights are no way out, because they push the sums into saturation, where the slope is "
        "smaller still. A ReLU that is on has slope 1 exactly, whatever its input: along the active units the "
        "activation takes nothing away. It stops the gradient at the units that are off, about half of them, and the "
        "scale of the weights decides whether they make up for it: a variance twice as large just does. The price is a "
        "unit whose sum is negative for all samples: it has slope 0 everywhere, gets no gradient and stays as it is. "
        "Leaky ReLU gives that side a small slope, so such a unit still learns; smaller steps help as well."
    ),
)  # fmt: skip
