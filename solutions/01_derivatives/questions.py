"""Problem set 01: what is asked, what is right, what goes wrong, and what is said about it.

Each block is one question: its cases (hidden ones draw from a seed of their own), the reference answer, other right
answers, and the mistakes that students really make. Steps h are powers of two and f is often a cubic, so that a
difference quotient with the right h is exact and one with another h is far off.
"""

import numpy as np

from autograder.questions import ProblemSet

SET = ProblemSet(
    "01_derivatives",
    title="Derivatives",
    minutes=90,
    objectives=(
        "measure a gradient with difference quotients and with the complex step, and say how far to trust it",
        "differentiate with the rules, and check a formula against a measurement",
        "derive the gradients that training needs: squared error, sigmoid, softmax, binary cross-entropy",
        "write them so that they neither overflow nor change their arguments",
        "fit a line by gradient descent",
    ),
)

# --- numerical_gradient ----------------------------------------------------------------------------------------------

q = SET.question("numerical_gradient", points=6)
rng = np.random.default_rng(101)

q.case("numerical_gradient(lambda v: v**3, x, h=0.5)", x=np.array(2.0))
q.case("numerical_gradient(lambda v: v[0] * v[1] ** 2 + v[2] ** 3, x, h=0.5)", x=np.array([1.0, -2.0, 0.5]),
       layout="read-only")  # fmt: skip
q.case("numerical_gradient(lambda v: v[0, 0] * v[0, 1] ** 2 + v[1, 0] ** 3, x, h=0.25)", x=np.array([[1, 2], [3, 4]]))
q.case("numerical_gradient(lambda v: 0.5 * v**3 - v, x, h=0.25)", x=np.array(-3), hidden=True, about="x of shape ()")
q.case(
    "numerical_gradient(lambda v: float(v[0] * v[1] * v[2] + np.sum(v**3)), x, h=0.125)",
    x=np.array([5, -1, 2]), hidden=True, about="integers, another step",
)  # fmt: skip
q.case(
    "numerical_gradient(lambda v: np.sum(v[0] ** 3 * v[1]), x, h=0.5)",
    x=rng.integers(-8, 9, (2, 3)) / 4, layout="strided", mutation="forbidden", hidden=True,
    about="a matrix that is not contiguous",
)  # fmt: skip
q.case(
    "numerical_gradient(lambda v: np.prod(v) + np.sum(v) ** 3, x, h=0.25)",
    x=rng.integers(1, 9, (2, 1, 2)) / 4, layout="read-only", hidden=True, about="three dimensions, x not writable",
)  # fmt: skip
q.case(
    "numerical_gradient(lambda v: np.sum(v) * np.sum(v**2), x, h=0.5)",
    x=rng.integers(-8, 9, 4).astype(np.float32) / 2, hidden=True, about="x in single precision", weight=0.5,
)  # fmt: skip
q.case(
    "numerical_gradient(lambda v: np.sum(np.exp(v)) ** 2, x, h=0.01)",
    x=rng.normal(size=5), rtol=1e-8, hidden=True, about="a function that is no polynomial",
)  # fmt: skip
q.case(
    "numerical_gradient(lambda v: np.sin(1000 * v), x)",
    x=np.array(0.3), rtol=1e-7, hidden=True, about="h left at its default", weight=0.5,
)  # fmt: skip


@q.reference
def numerical_gradient(f, x, h=1e-5):
    from course_lib.reference.derivatives import central_difference

    return central_difference(f, np.asarray(x, dtype=float), h)


@q.accepts
def numerical_gradient(f, x, h=1e-5):
    """One array that is moved and put back."""
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        below = f(x)
        x[i] = kept
        gradient[i] = (above - below) / (2 * h)
    return gradient


@q.accepts
def numerical_gradient(f, x, h=1e-5):
    """Unit directions, one for each entry, and the true distance between the two points."""
    x = np.asarray(x, dtype=float)
    slopes = []
    for direction in np.eye(x.size):
        right, left = x + h * direction.reshape(x.shape), x - h * direction.reshape(x.shape)
        slopes.append((f(right) - f(left)) / np.sum(right - left))
    return np.array(slopes).reshape(x.shape)


@q.accepts
def numerical_gradient(f, x, h=1e-5):
    """The mean of the quotients to the right and to the left."""
    x = np.array(x, dtype=float)

    def quotient(i, step):
        moved = x.copy()
        moved.flat[i] += step
        return (f(moved) - f(x)) / step

    flat = [0.5 * (quotient(i, h) + quotient(i, -h)) for i in range(x.size)]
    return np.reshape(flat, x.shape) if x.ndim else float(flat[0])


@q.misconception("one-sided difference", "Your quotient looks in one direction only: where else can you look?")
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    gradient = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        moved = x.copy()
        moved[i] += h
        gradient[i] = (f(moved) - f(x)) / h
    return gradient


@q.misconception("one-sided difference, backward", "Your quotient looks back only: where else can you look?")
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    gradient = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        moved = x.copy()
        moved[i] -= h
        gradient[i] = (f(x) - f(moved)) / h
    return gradient


@q.misconception("one-sided denominator", "How far apart are the two points at which you evaluate f?")
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    gradient = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        right, left = x.copy(), x.copy()
        right[i] += h
        left[i] -= h
        gradient[i] = (f(right) - f(left)) / h
    return gradient


@q.misconception(
    "all entries moved at once",
    "A partial derivative holds every other entry still, so how many entries may move between your two calls of f?",
)
def numerical_gradient(f, x, h=1e-5):
    x = np.asarray(x, dtype=float)
    return (f(x + h) - f(x - h)) / (2 * h)


@q.misconception("a step of its own", "Try two very different values of h: does your answer notice?")
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    h = 1e-5
    gradient = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        right, left = x.copy(), x.copy()
        right[i] += h
        left[i] -= h
        gradient[i] = (f(right) - f(left)) / (2 * h)
    return gradient


@q.misconception("entries not put back", "When the loop reaches its second entry, where does the first one stand?")
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    gradient = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        below = f(x)
        gradient[i] = (above - below) / (2 * h)
    return gradient


@q.misconception("integer array", "What becomes of 2.5 when it is stored in an array of whole numbers?")
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x)
    gradient = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        right, left = x.copy(), x.copy()
        right[i] = right[i] + h
        left[i] = left[i] - h
        gradient[i] = (f(right) - f(left)) / (2 * h)
    return gradient


@q.misconception("work in the caller's array", "Whose array do you write into, and may you?")
def numerical_gradient(f, x, h=1e-5):
    gradient = np.zeros(np.shape(x))
    for i in np.ndindex(*np.shape(x)):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        below = f(x)
        x[i] = kept
        gradient[i] = (above - below) / (2 * h)
    return gradient


# --- complex_step ----------------------------------------------------------------------------------------------------

q = SET.question("complex_step", points=3)

q.case("complex_step(lambda v: v**3, x, h=0.5)", x=2.0)
q.case("complex_step(np.exp, x)", x=1.0)
q.case("complex_step(lambda v: np.exp(-v) / np.sqrt(np.sin(v) ** 3 + np.cos(v) ** 3), x)", x=0.25)
q.case("complex_step(lambda v: v**5 - 4 * v, x, h=0.25)", x=-3, hidden=True, about="an integer x, a large step")
q.case("complex_step(lambda v: v * np.sin(v), x, h=0.125)", x=np.array(2.5), layout="read-only",
       mutation="forbidden", hidden=True, about="x of shape ()")  # fmt: skip
q.case(
    "complex_step(lambda v: 1 / (1 + np.exp(-v)), x, h=1e-100)", x=-0.75, hidden=True, about="an extremely small step"
)
q.case("complex_step(lambda v: np.cos(v) ** 2, x)", x=np.float32(0.5), hidden=True, about="x in single precision",
       rtol=1e-5, weight=0.5)  # fmt: skip
q.case("complex_step(lambda v: np.sin(1e9 * v), x)", x=0.25, hidden=True, about="h left at its default", weight=0.5)


@q.reference
def complex_step(f, x, h=1e-20):
    from course_lib.reference.derivatives import complex_step as derivative

    return derivative(f, float(x), h)


@q.accepts
def complex_step(f, x, h=1e-20):
    return f(complex(x, h)).imag / h


@q.accepts
def complex_step(f, x, h=1e-20):
    """A difference along the imaginary axis: its real part is the same number."""
    ih = 1j * h
    return np.real((f(x + ih) - f(x - ih)) / (2 * ih))


@q.accepts
def complex_step(f, x, h=1e-20):
    z = np.array(x, dtype=np.complex128)
    z += 1j * h
    return np.imag(np.asarray(f(z))) / h


@q.misconception("real part", "A complex number has two parts: in which of them does the derivative appear?")
def complex_step(f, x, h=1e-20):
    return np.real(f(x + 1j * h)) / h


@q.misconception("complex result", "You return a complex number: which part of it carries the derivative?")
def complex_step(f, x, h=1e-20):
    return f(x + 1j * h) / h


@q.misconception("not divided by the step", "Halve h and your result halves as well: what is missing for a rate?")
def complex_step(f, x, h=1e-20):
    return np.imag(f(x + 1j * h))


@q.misconception("real difference", "What does a computer keep of 1 + 1e-20?")
def complex_step(f, x, h=1e-20):
    return (f(x + h) - f(x - h)) / (2 * h)


@q.misconception(
    "step along the real axis", "Where in the complex plane do you evaluate f, and what is imaginary there?"
)
def complex_step(f, x, h=1e-20):
    return np.imag(f(x + h)) / h


@q.misconception("a step of its own", "Try two very different values of h: does your answer notice?")
def complex_step(f, x, h=1e-20):
    return np.imag(f(x + 1e-20j)) / 1e-20


@q.misconception("modulus", "A length is never negative: can a derivative be?")
def complex_step(f, x, h=1e-20):
    return abs(f(x + 1j * h) - f(x)) / h


# --- mse_gradient ----------------------------------------------------------------------------------------------------

q = SET.question("mse_gradient", points=3)
rng = np.random.default_rng(103)

q.case("mse_gradient(w_hat, x, y)", w_hat=8.0, x=np.array([3.0]), y=np.array([30.0]))
q.case("mse_gradient(w_hat, x, y)", w_hat=8, x=np.array([2, 3, 4]), y=np.array([20, 30, 40]))
q.case("mse_gradient(w_hat, x, y)", w_hat=0.5, x=np.array([-1.0, 0.0, 2.5, 4.0]), y=np.array([1.0, -2.0, 0.5, 3.0]),
       mutation="forbidden")  # fmt: skip
q.case("mse_gradient(w_hat, x, y)", w_hat=-1.25, x=rng.normal(size=9), y=rng.normal(size=9), layout="strided",
       mutation="forbidden", hidden=True, about="arrays that are not contiguous")  # fmt: skip
q.case("mse_gradient(w_hat, x, y)", w_hat=3.0, x=rng.normal(size=6), y=rng.normal(size=6), layout="read-only",
       hidden=True, about="arrays that are not writable")  # fmt: skip
q.case("mse_gradient(w_hat, x, y)", w_hat=1.5, x=rng.integers(-9, 9, 5), y=rng.integers(-9, 9, 5), hidden=True,
       about="integers")  # fmt: skip
q.case("mse_gradient(w_hat, x, y)", w_hat=np.array(2.0), x=rng.normal(size=40), y=rng.normal(size=40), hidden=True,
       about="many samples, w_hat of shape ()")  # fmt: skip
q.case("mse_gradient(w_hat, x, y)", w_hat=0.5, x=np.arange(1, 6, dtype=np.float32), y=np.ones(5, np.float32),
       hidden=True, about="single precision", rtol=1e-5, weight=0.5)  # fmt: skip


@q.reference
def mse_gradient(w_hat, x, y):
    from course_lib.reference.losses import MeanSquaredError

    return MeanSquaredError().gradient(y, np.asarray(w_hat, dtype=float) * x) @ x


@q.accepts
def mse_gradient(w_hat, x, y):
    """A plain loop."""
    total = 0.0
    for i in range(len(x)):
        total -= 2 * x[i] * (y[i] - w_hat * x[i])
    return total / len(x)


@q.accepts
def mse_gradient(w_hat, x, y):
    """Two moments: 2 (ŵ mean x² − mean xy)."""
    return 2 * (w_hat * np.einsum("i,i->", x, x) - np.einsum("i,i->", x, y)) / np.size(x)


@q.accepts
def mse_gradient(w_hat, x, y):
    """In place, on an array of its own."""
    work = np.multiply(x, w_hat, dtype=float)
    work -= y
    work *= x
    return 2 * work.mean()


@q.misconception(
    "lost sign", "The prediction carries a minus sign inside the square: what does the chain rule say of it?"
)
def mse_gradient(w_hat, x, y):
    return np.mean(2 * (y - w_hat * x) * x)


@q.misconception("lost factor", "What does the power rule put in front when you differentiate a square?")
def mse_gradient(w_hat, x, y):
    return np.mean((w_hat * x - y) * x)


@q.misconception("sum instead of mean", "Give the same samples twice: should the gradient double?")
def mse_gradient(w_hat, x, y):
    return np.sum(2 * (w_hat * x - y) * x)


@q.misconception("lost inner derivative", "How fast does the prediction itself move when the weight does?")
def mse_gradient(w_hat, x, y):
    return np.mean(2 * (w_hat * x - y))


@q.misconception("derivative by the data", "Which of the letters may training turn, and which ones are data?")
def mse_gradient(w_hat, x, y):
    return np.mean(2 * (w_hat * x - y) * w_hat)


@q.misconception("no mean", "One weight has one slope: how many numbers do you return?")
def mse_gradient(w_hat, x, y):
    return 2 * (w_hat * x - y) * x


@q.misconception("work in the caller's array", "Whose array do you write into, and may you?")
def mse_gradient(w_hat, x, y):
    y -= w_hat * x
    return np.mean(-2 * y * x)


@q.misconception("the loss itself", "Your value is never negative: can a slope be?")
def mse_gradient(w_hat, x, y):
    return np.mean((y - w_hat * x) ** 2)


# --- sigmoid_derivative ----------------------------------------------------------------------------------------------

q = SET.question("sigmoid_derivative", points=4)
rng = np.random.default_rng(104)

q.case("sigmoid_derivative(z)", z=np.array(0.0))
q.case("sigmoid_derivative(z)", z=np.array([-2.0, 0.0, 1.5]), mutation="forbidden")
q.case("sigmoid_derivative(z)", z=np.array([[0, 1], [-3, 4]]))
q.case("sigmoid_derivative(z)", z=np.array([-1000.0, -800.0, 0.5]), warnings="forbidden")
q.case("sigmoid_derivative(z)", z=np.array([1000.0, 720.0, -0.5]), warnings="forbidden")
q.case("sigmoid_derivative(z)", z=np.array(-745), warnings="forbidden", hidden=True, about="a very negative integer")
q.case("sigmoid_derivative(z)", z=np.linspace(-1000, 1000, 8).reshape(2, 4), warnings="forbidden", layout="read-only",
       hidden=True, about="large |z| of both signs, not writable")  # fmt: skip
q.case("sigmoid_derivative(z)", z=rng.normal(scale=3, size=(2, 3, 2)), layout="strided", mutation="forbidden",
       hidden=True, about="three dimensions, not contiguous")  # fmt: skip
q.case("sigmoid_derivative(z)", z=np.array(-7), hidden=True, about="an integer of shape ()")
q.case("sigmoid_derivative(z)", z=rng.normal(size=5).astype(np.float32), hidden=True, about="single precision",
       rtol=1e-5, weight=0.5)  # fmt: skip


@q.reference
def sigmoid_derivative(z):
    from course_lib.reference.activations import sigmoid

    return sigmoid.derivative(np.asarray(z, dtype=float))


@q.accepts
def sigmoid_derivative(z):
    return (1 - np.tanh(np.divide(z, 2)) ** 2) / 4


@q.accepts
def sigmoid_derivative(z):
    """Two halves, each where its exponential is small, in an array of floats."""
    z = np.array(z, dtype=float)
    a = np.empty_like(z)
    right = z >= 0
    a[right] = 1 / (1 + np.exp(-z[right]))
    e = np.exp(z[~right])
    a[~right] = e / (1 + e)
    a *= 1 - a
    return a


@q.accepts
def sigmoid_derivative(z):
    """Entry by entry."""
    import math

    def slope(s):
        e = math.exp(-abs(s))
        return e / (1 + e) ** 2

    return np.vectorize(slope, otypes=[float])(z)


@q.accepts
def sigmoid_derivative(z):
    a = 1 / (1 + np.exp(-np.clip(z, -600, 600)))
    return a * (1 - a)


@q.accepts
def sigmoid_derivative(z):
    from scipy.special import expit

    return expit(z) * expit(np.negative(z))


@q.misconception("overflow", "What is np.exp(1000), and for which z does your formula ask for it?")
def sigmoid_derivative(z):
    a = 1 / (1 + np.exp(-np.asarray(z, dtype=float)))
    return a * (1 - a)


@q.misconception(
    "infinity over infinity", "What is np.exp(1000), and what do you get when you divide it by its square?"
)
def sigmoid_derivative(z):
    e = np.exp(-np.asarray(z, dtype=float))
    return e / (1 + e) ** 2


@q.misconception("overflow on the right", "What is np.exp(1000), and which z asks for it in your formula?")
def sigmoid_derivative(z):
    e = np.exp(np.asarray(z, dtype=float))
    return e / (1 + e) ** 2


@q.misconception("both branches computed", "Which of its two branches does np.where compute at an entry?")
def sigmoid_derivative(z):
    z = np.asarray(z, dtype=float)
    a = np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))
    return a * (1 - a)


@q.misconception("z taken for the output", "The short formula holds for the output of the sigmoid: what is z?")
def sigmoid_derivative(z):
    z = np.asarray(z, dtype=float)
    return z * (1 - z)


@q.misconception("the sigmoid itself", "Draw the sigmoid: how steep is it far out to the right?")
def sigmoid_derivative(z):
    return 0.5 + 0.5 * np.tanh(np.divide(z, 2))


@q.misconception("lost sign", "The sigmoid rises everywhere: which sign must its slope have?")
def sigmoid_derivative(z):
    e = np.exp(-np.abs(np.asarray(z, dtype=float)))
    return -e / (1 + e) ** 2


@q.misconception(
    "the rule of tanh", "That rule belongs to a function with values from −1 to 1: which values has yours?"
)
def sigmoid_derivative(z):
    a = 0.5 + 0.5 * np.tanh(np.divide(z, 2))
    return 1 - a**2


@q.misconception("integer array", "Which dtype has the array that you fill, when z holds whole numbers?")
def sigmoid_derivative(z):
    z = np.asarray(z)
    a = np.zeros_like(z)
    right = z >= 0
    a[right] = 1 / (1 + np.exp(-z[right]))
    e = np.exp(z[~right])
    a[~right] = e / (1 + e)
    return a * (1 - a)


# --- softmax_jacobian ------------------------------------------------------------------------------------------------

q = SET.question("softmax_jacobian", points=5)
rng = np.random.default_rng(105)

q.case("softmax_jacobian(z)", z=np.array([2.0, 1.0, 0.0]), mutation="forbidden")
q.case("softmax_jacobian(z)", z=np.array([1, 3, -2, 0]))
q.case("softmax_jacobian(z)", z=np.array([1000.0, 1001.0, 998.5]), warnings="forbidden")
q.case(
    "softmax_jacobian(z)", z=np.array([-1000.0, -1001.0]), warnings="forbidden", hidden=True, about="very negative z"
)
q.case("softmax_jacobian(z)", z=np.array([-900, 999, 1000, 0]), warnings="forbidden", hidden=True,
       about="large integers, far apart")  # fmt: skip
q.case("softmax_jacobian(z)", z=rng.normal(size=6), layout="read-only", hidden=True, about="z not writable")
q.case("softmax_jacobian(z)", z=rng.normal(scale=4, size=5), layout="strided", mutation="forbidden", hidden=True,
       about="z not contiguous")  # fmt: skip
q.case("softmax_jacobian(z)", z=np.array([7.0]), hidden=True, about="a single class", weight=0.5)
q.case("softmax_jacobian(z)", z=rng.normal(size=4).astype(np.float32), hidden=True, about="single precision",
       rtol=1e-5, atol=1e-6, weight=0.5)  # fmt: skip


@q.reference
def softmax_jacobian(z):
    from course_lib.reference.activations import softmax

    return softmax.jacobian(np.asarray(z, dtype=float))


@q.accepts
def softmax_jacobian(z):
    """Two loops and the two cases."""
    e = [np.exp(s - max(z)) for s in z]
    a = [part / sum(e) for part in e]
    k = len(a)
    return [[a[i] * (1 - a[i]) if i == j else -a[i] * a[j] for j in range(k)] for i in range(k)]


@q.accepts
def softmax_jacobian(z):
    a = np.exp(z - np.max(z))
    a /= a.sum()
    return np.einsum("i,ij->ij", a, np.eye(a.size) - a)


@q.accepts
def softmax_jacobian(z):
    """Logarithms first, then in place on the outer product."""
    shifted = np.asarray(z, dtype=float) - np.max(z)
    a = np.exp(shifted - np.log(np.sum(np.exp(shifted))))
    jacobian = np.multiply.outer(a, -a)
    jacobian[np.diag_indices_from(jacobian)] += a
    return jacobian


@q.misconception("diagonal only", "Raise one score: do the other outputs stay where they are?")
def softmax_jacobian(z):
    a = np.exp(z - np.max(z))
    a /= a.sum()
    return np.diag(a * (1 - a))


@q.misconception("a vector of slopes", "How many outputs depend on each of the k scores, and how many slopes is that?")
def softmax_jacobian(z):
    a = np.exp(z - np.max(z))
    a /= a.sum()
    return a * (1 - a)


@q.misconception("lost diagonal", "What is added where the output and the score belong to the same class?")
def softmax_jacobian(z):
    a = np.exp(z - np.max(z))
    a /= a.sum()
    return -np.outer(a, a)


@q.misconception("wrong sign off the diagonal", "The outputs always add up to 1, so what must each column add up to?")
def softmax_jacobian(z):
    a = np.exp(z - np.max(z))
    a /= a.sum()
    jacobian = np.outer(a, a)
    np.fill_diagonal(jacobian, a * (1 - a))
    return jacobian


@q.misconception("one case for all entries", "Does the numerator of one output contain the score of another class?")
def softmax_jacobian(z):
    a = np.exp(z - np.max(z))
    a /= a.sum()
    return np.outer(a, 1 - a)


@q.misconception(
    "overflow", "The softmax does not notice a constant added to all scores: which constant would help np.exp?"
)
def softmax_jacobian(z):
    a = np.exp(np.asarray(z, dtype=float))
    a /= a.sum()
    return np.diag(a) - np.outer(a, a)


@q.misconception("work in the caller's array", "Whose array do you write into, and may you?")
def softmax_jacobian(z):
    z -= z.max()
    a = np.exp(z)
    a /= a.sum()
    return np.diag(a) - np.outer(a, a)


# --- bce_gradient ----------------------------------------------------------------------------------------------------

q = SET.question("bce_gradient", points=4)
rng = np.random.default_rng(106)

q.case("bce_gradient(a, y)", a=np.array(0.75), y=np.array(1.0))
q.case("bce_gradient(a, y)", a=np.array([0.2, 0.9, 0.5, 0.7]), y=np.array([0, 1, 1, 0]), mutation="forbidden")
q.case("bce_gradient(a, y)", a=np.array([[0.3, 0.6], [0.8, 0.5]]), y=np.array([[0.1, 0.9], [0.5, 0.25]]))
q.case("bce_gradient(a, y)", a=np.array([1e-9, 1e-8, 0.5]), y=np.array([1.0, 0.0, 0.0]))
q.case("bce_gradient(a, y)", a=rng.uniform(0.05, 0.95, (3, 4)), y=rng.integers(0, 2, (3, 4)), layout="strided",
       mutation="forbidden", hidden=True, about="a batch of hard labels, not contiguous")  # fmt: skip
q.case("bce_gradient(a, y)", a=rng.uniform(0.05, 0.95, 6), y=rng.uniform(0, 1, 6), layout="read-only", hidden=True,
       about="soft labels, not writable")  # fmt: skip
q.case("bce_gradient(a, y)", a=np.array([1e-200, 3e-50, 1e-17]), y=np.array([1.0, 0.5, 0.0]), hidden=True,
       about="extremely close to 0")  # fmt: skip
q.case("bce_gradient(a, y)", a=1 - 2.0 ** np.array([-30, -32, -52]), y=np.array([0, 1, 0]), hidden=True, rtol=1e-6,
       about="very close to 1")  # fmt: skip
q.case("bce_gradient(a, y)", a=np.array(0.25), y=np.array(0), hidden=True, about="shape ()")
q.case("bce_gradient(a, y)", a=rng.uniform(0.2, 0.8, 5).astype(np.float32), y=np.ones(5, np.float32), hidden=True,
       rtol=1e-5, about="single precision", weight=0.5)  # fmt: skip


@q.reference
def bce_gradient(a, y):
    a, y = np.asarray(a, dtype=float), np.asarray(y, dtype=float)
    return (1 - y) / (1 - a) - y / a


@q.accepts
def bce_gradient(a, y):
    return (a - y) / (a - a**2)


@q.accepts
def bce_gradient(a, y):
    """In place, on an array of its own."""
    gradient = np.array(a, dtype=float)
    gradient -= y
    gradient /= a
    gradient /= 1 - np.asarray(a)
    return gradient


@q.accepts
def bce_gradient(a, y):
    """Entry by entry."""
    return np.vectorize(lambda p, t: -(t / p - (1 - t) / (1 - p)), otypes=[float])(a, y)


@q.misconception("derivative by the logit", "Does your result come before the sigmoid in the chain or after it?")
def bce_gradient(a, y):
    return np.subtract(a, y, dtype=float)


@q.misconception("mean", "How many samples does the loss of one entry depend on?")
def bce_gradient(a, y):
    return (a - y) / (a * (1 - a)) / np.size(a)


@q.misconception("lost sign", "If y is 1 and a a little too small, should the gradient point up or down?")
def bce_gradient(a, y):
    return (y - a) / (a * (1 - a))


@q.misconception("lost inner derivative", "What is the inner derivative of the second logarithm?")
def bce_gradient(a, y):
    return -y / a - (1 - y) / (1 - a)


@q.misconception("first part only", "What does your formula say where the label is 0?")
def bce_gradient(a, y):
    return -y / a


@q.misconception("hard labels only", "What does your answer do with a label that is neither 0 nor 1?")
def bce_gradient(a, y):
    return np.where(np.asarray(y) == 1, -1 / np.asarray(a), 1 / (1 - np.asarray(a)))


@q.misconception("work in the caller's array", "Whose array do you write into, and may you?")
def bce_gradient(a, y):
    error = a - y
    a *= 1 - a
    return error / a


@q.misconception("clipping", "Your gradient stops growing close to 0: does the loss?")
def bce_gradient(a, y):
    a = np.clip(a, 1e-7, 1 - 1e-7)
    return (a - y) / (a * (1 - a))


@q.misconception("an extra epsilon", "Compare with the formula on paper: what did you add to the denominator?")
def bce_gradient(a, y):
    return (1 - y) / (1 - a + 1e-7) - y / (a + 1e-7)


# --- DERIVATIVES -----------------------------------------------------------------------------------------------------

q = SET.question("DERIVATIVES", points=6)
RIGHT = {
    "sqrt": "1/(2*sqrt(x))",
    "exp_a": "log(3)*3**x",
    "log_a": "1/(x*log(2))",
    "arctan": "1/(1 + x**2)",
    "quotient": "(x*cos(x) - sin(x))/x**2",
    "chain": "-2*x*exp(-x**2)",
}
for entry in RIGHT:
    q.case(f"DERIVATIVES[{entry!r}]", comparison="formula values")
for entry in RIGHT:
    q.case(f"DERIVATIVES[{entry!r}]", comparison="formula", hidden=True, about=f"{entry}, exactly")


def derivatives(**changed: str) -> str:
    """Return the source of the dictionary with some entries replaced."""
    return f"DERIVATIVES = { ({**RIGHT, **changed})!r}"


q.reference(derivatives())
q.accepts(
    """
    DERIVATIVES = {"sqrt": "0.5*x^-0.5", "exp_a": "3^x * ln(3)", "log_a": "1/x/ln(2)", "arctan": "(x^2 + 1)^(-1)",
                   "quotient": "cos(x)/x - sin(x)/x^2", "chain": "exp(-x^2)*(-2*x)"}
    """
)
q.accepts(
    """
    DERIVATIVES = dict(sqrt="x**Rational(-1, 2)/2", exp_a="exp(x*log(3))*log(3)", log_a="log(E, 2)/x")
    DERIVATIVES |= {"arctan": "cos(atan(x))**2", "quotient": "(cos(x) - sin(x)/x)/x", "chain": "-(x + x)/E**(x*x)"}
    """
)
q.accepts(
    """
    import sympy
    x = sympy.Symbol("x", positive=True)
    f = {"sqrt": sympy.sqrt(x), "exp_a": 3**x, "log_a": sympy.log(x, 2), "arctan": sympy.atan(x),
         "quotient": sympy.sin(x) / x, "chain": sympy.exp(-(x**2))}
    DERIVATIVES = {name: str(sympy.diff(g, x)) for name, g in f.items()}
    """
)
q.misconception(
    "sqrt: lost factor",
    "Write the root as a power: what does the power rule do with the exponent before lowering it?",
    derivatives(sqrt="1/sqrt(x)"),
)
q.misconception(
    "sqrt: exponent not lowered",
    "How steep is the root far out to the right, and how steep is your formula?",
    derivatives(sqrt="sqrt(x)/2"),
)
q.misconception(
    "exp_a: power rule for an exponential",
    "Where does the variable stand, in the base or in the exponent?",
    derivatives(exp_a="x*3**(x - 1)"),
)
q.misconception(
    "exp_a: lost factor",
    "Only one base gives an exponential function that is its own derivative: which one?",
    derivatives(exp_a="3**x"),
)
q.misconception(
    "log_a: lost factor",
    "That is the slope of the natural logarithm: what does the other base change?",
    derivatives(log_a="1/x"),
)
q.misconception(
    "log_a: factor upside down",
    "Is the logarithm to this base steeper than the natural one, or flatter?",
    derivatives(log_a="log(2)/x"),
)
q.misconception(
    "arctan: inverse taken for reciprocal",
    "Does the −1 in tan⁻¹ stand for one divided by the tangent?",
    derivatives(arctan="-1/sin(x)**2"),
)
q.misconception(
    "quotient: part by part",
    "Try your rule on x·x / x, whose derivative you know: does it hold?",
    derivatives(quotient="cos(x)"),
)
q.misconception(
    "quotient: order reversed",
    "The numerator is a difference: which function's derivative comes first?",
    derivatives(quotient="(sin(x) - x*cos(x))/x**2"),
)
q.misconception(
    "chain: lost inner derivative",
    "How fast does the exponent itself move when x does?",
    derivatives(chain="exp(-x**2)"),
)
q.misconception(
    "chain: lost sign",
    "Does this function rise or fall for positive x?",
    derivatives(chain="2*x*exp(-x**2)"),
)
q.misconception(
    "chain: derivative put inside",
    "At which point is the outer derivative taken?",
    derivatives(chain="exp(-2*x)"),
)

# --- fit_line --------------------------------------------------------------------------------------------------------

q = SET.question("fit_line", points=5)
rng = np.random.default_rng(108)

q.case("fit_line(x, y, lr, steps)", x=np.array([0.0, 1.0, 2.0]), y=np.array([1.0, 3.0, 5.0]), lr=0.1, steps=1)
q.case("fit_line(x, y, lr, steps)", x=np.array([1, 2, 4]), y=np.array([3, 2, 7]), lr=0.05, steps=3)
q.case("fit_line(x, y, lr, steps)", x=np.linspace(-1, 1, 5), y=np.array([0.5, -1.0, 0.0, 2.0, 1.5]), lr=0.2, steps=40,
       mutation="forbidden")  # fmt: skip
q.case("fit_line(x, y, lr, steps)", x=rng.normal(size=7), y=rng.normal(size=7), lr=0.1, steps=0, hidden=True,
       about="no step at all", weight=0.5)  # fmt: skip
q.case("fit_line(x, y, lr, steps)", x=rng.uniform(-1, 2, 8), y=rng.normal(size=8), lr=0.15, steps=10, layout="strided",
       mutation="forbidden", hidden=True, about="arrays that are not contiguous")  # fmt: skip
q.case("fit_line(x, y, lr, steps)", x=rng.uniform(-1, 2, 6), y=rng.normal(size=6), lr=0.1, steps=25, hidden=True,
       layout="read-only", about="arrays that are not writable")  # fmt: skip
q.case("fit_line(x, y, lr, steps)", x=rng.integers(-3, 4, 6), y=rng.integers(-9, 9, 6), lr=0.02, steps=200,
       hidden=True, about="integers, many steps")  # fmt: skip
q.case("fit_line(x, y, lr, steps)", x=np.array([1.5]), y=np.array([-2.0]), lr=0.1, steps=4, hidden=True,
       about="one sample", weight=0.5)  # fmt: skip
q.case("fit_line(x, y, lr, steps)", x=np.array([1.0, 2.0, 3.0]), y=np.array([2.0, 4.0, 7.0]), lr=1, steps=5,
       hidden=True, about="a learning rate that is too large", weight=0.5)  # fmt: skip
q.case("fit_line(x, y, lr, steps)", x=np.array([0.0, 1.0, 3.0]), y=np.array([2e-7, -1e-7, 4e-7]), lr=0.1, steps=30,
       hidden=True, about="very small targets", weight=0.5)  # fmt: skip
q.case("fit_line(x, y, lr, steps)", x=rng.uniform(0, 1, 6).astype(np.float32), y=np.ones(6, np.float32), lr=0.1,
       steps=10, hidden=True, about="single precision", rtol=1e-4, weight=0.5)  # fmt: skip


@q.reference
def fit_line(x, y, lr, steps):
    X = np.stack([x, np.ones(len(x))], axis=1).astype(float)
    theta = np.zeros(2)
    for _ in range(steps):
        theta -= lr * 2 / len(y) * X.T @ (X @ theta - y)
    return theta[0], theta[1]


@q.accepts
def fit_line(x, y, lr, steps):
    """A plain loop over steps and samples."""
    w, b, n = 0.0, 0.0, len(x)
    for _ in range(steps):
        by_w = by_b = 0.0
        for s, t in zip(x, y, strict=True):
            error = w * s + b - t
            by_w += 2 * error * s / n
            by_b += 2 * error / n
        w, b = w - lr * by_w, b - lr * by_b
    return [w, b]


@q.accepts
def fit_line(x, y, lr, steps):
    """The five moments are computed once."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    A = np.array([[np.mean(x * x), np.mean(x)], [np.mean(x), 1.0]])
    c = np.array([np.mean(x * y), np.mean(y)])
    theta = np.zeros(2)
    for _ in range(steps):
        theta = theta - 2 * lr * (A @ theta - c)
    return theta


@q.accepts
def fit_line(x, y, lr, steps):
    """Work in place on an error of its own; w and b are 0-d arrays."""
    w, b = np.array(0.0), np.array(0.0)
    error = np.empty(len(x))
    for _ in range(steps):
        np.multiply(x, w, out=error)
        error += b
        error -= y
        w -= lr * 2 * np.mean(error * x)
        b -= lr * 2 * np.mean(error)
    return w, b


@q.misconception("one after the other", "Which w does the slope of b see, the one before the step or the one after?")
def fit_line(x, y, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        w = w - lr * 2 * np.mean((w * x + b - y) * x)
        b = b - lr * 2 * np.mean(w * x + b - y)
    return w, b


@q.misconception("one after the other, bias first", "Which b does the slope of w see, the old one or the new one?")
def fit_line(x, y, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        b = b - lr * 2 * np.mean(w * x + b - y)
        w = w - lr * 2 * np.mean((w * x + b - y) * x)
    return w, b


@q.misconception("lost factor", "What does the power rule put in front when you differentiate a square?")
def fit_line(x, y, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - lr * np.mean(error * x), b - lr * np.mean(error)
    return w, b


@q.misconception("sum instead of mean", "Give the same samples twice: should the first step be twice as long?")
def fit_line(x, y, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - lr * 2 * np.sum(error * x), b - lr * 2 * np.sum(error)
    return w, b


@q.misconception("uphill", "Print the loss after each step: does it fall?")
def fit_line(x, y, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w + lr * 2 * np.mean(error * x), b + lr * 2 * np.mean(error)
    return w, b


@q.misconception(
    "straight to the bottom", "Your answer knows nothing of lr and steps: after one small step, is one there?"
)
def fit_line(x, y, lr, steps):
    X = np.stack([x, np.ones(len(x))], axis=1)
    w, b = np.linalg.lstsq(X, y, rcond=None)[0]
    return w, b


@q.misconception("one step too few", "How many times does your loop run when steps is 1?")
def fit_line(x, y, lr, steps):
    w = b = 0.0
    for _ in range(1, steps):
        error = w * x + b - y
        w, b = w - lr * 2 * np.mean(error * x), b - lr * 2 * np.mean(error)
    return w, b


@q.misconception(
    "lost inner derivative", "If only one sample lies far from the origin, does turning w move all predictions alike?"
)
def fit_line(x, y, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - lr * 2 * np.mean(error), b - lr * 2 * np.mean(error)
    return w, b


@q.misconception("bias never moved", "Where does your line cross the vertical axis?")
def fit_line(x, y, lr, steps):
    w = 0.0
    for _ in range(steps):
        w = w - lr * 2 * np.mean((w * x - y) * x)
    return w, 0.0


@q.misconception("swapped results", "In which order are slope and intercept asked for?")
def fit_line(x, y, lr, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - lr * 2 * np.mean(error * x), b - lr * 2 * np.mean(error)
    return b, w


# --- in words --------------------------------------------------------------------------------------------------------

SET.written(
    "step_size",
    points=4,
    rubric=(
        (1, "Truncation: the quotient cuts off the Taylor series, an error of order h² that shrinks with h."),
        (1, "Rounding: f is known to about u·|f| only, the subtraction cancels the leading digits, and dividing by h "
            "makes what is left grow like u/h."),
        (1, "The total falls, then rises; it is smallest where the two are about equal, at h of about the cube root "
            "of u: near 1e-5 in double precision (any answer from 1e-6 to 1e-4 with this reason)."),
        (1, "One consequence: the best h scales with x or with f, or is larger in single precision, or the complex "
            "step subtracts nothing and so may take any tiny h."),
    ),
    model_answer=(
        "Two errors trade places. The quotient stands for a limit, and Taylor's formula says what it leaves out: "
        "h²/6 times the third derivative. This truncation error falls by a factor of 100 when h falls by 10. But a "
        "computer knows each of the two values of f only up to a relative error u, about 1e-16 in double precision. "
        "They are nearly equal, so their leading digits cancel in the subtraction while the rounding errors stay, and "
        "the division by a small h magnifies them to about u·|f|/h. So for large h truncation rules and the total "
        "falls as h shrinks; for small h rounding rules and it rises. It is smallest where both are about equal, at "
        "h of about the cube root of u, near 1e-5 times the scale of x. In single precision u is about 6e-8 and the "
        "best h near 4e-3. The complex step has no subtraction, so no rising branch, and h may be 1e-20."
    ),
)  # fmt: skip
