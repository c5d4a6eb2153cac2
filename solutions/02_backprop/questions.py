"""Problem set 02: what is asked, what is right, what goes wrong, and what is said about it.

Each block is one question: its cases (hidden ones draw from a seed of their own), the reference answer, other right
answers, and the mistakes that students really make. Where a question has several results, some cases look at one of
them only, so that a wrong bias gradient does not cost the credit for the weights.
"""

import numpy as np

from autograder.questions import ProblemSet

SET = ProblemSet(
    "02_backprop",
    title="Backpropagation",
    minutes=120,
    objectives=(
        "carry a gradient backward through a computation graph, node by node",
        "write the backward pass of a dense layer and of ReLU by matching shapes",
        "put them together into the loss and all gradients of a network of any depth, stable for large logits",
        "build automatic differentiation for scalars, and say why gradients add and why the order of nodes matters",
        "train with steps of gradient descent on shuffled mini-batches",
    ),
)


def layers(rng, *sizes):
    """Draw weights and biases of a network whose widths are `sizes`, with few digits."""
    pairs = zip(sizes[:-1], sizes[1:], strict=True)
    return [(rng.normal(size=(i, o)).round(2), rng.normal(size=o).round(2)) for i, o in pairs]


# --- graph_gradients -------------------------------------------------------------------------------------------------

q = SET.question("graph_gradients", points=3)

q.case("graph_gradients(x, y, z)", x=-2.0, y=5.0, z=-4.0)
q.case("graph_gradients(x, y, z)", x=3, y=1, z=2)
q.case("graph_gradients(x, y, z)", x=0.5, y=-0.5, z=7.0)
q.case("graph_gradients(x, y, z)", x=1.3, y=-3.7, z=0.9, hidden=True, about="signs mixed")
q.case("graph_gradients(x, y, z)", x=-7, y=4, z=-3, hidden=True, about="whole numbers")
q.case("graph_gradients(x, y, z)", x=6.5, y=2.25, z=0.0, hidden=True, about="a factor that is 0")
q.case("graph_gradients(x, y, z)", x=np.array(2.5), y=np.array(-1.0), z=np.array(3), layout="read-only",
       mutation="forbidden", hidden=True, about="arrays of shape ()", weight=0.5)  # fmt: skip
q.case("graph_gradients(x, y, z)", x=np.float32(0.1), y=np.float32(0.7), z=np.float32(-1.3), rtol=1e-5, hidden=True,
       about="single precision", weight=0.5)  # fmt: skip


@q.reference
def graph_gradients(x, y, z):
    x, y, z = float(x), float(y), float(z)
    return (x + y) * z, z, z, x + y


@q.accepts
def graph_gradients(x, y, z):
    """Node by node."""
    total = x + y
    f = total * z
    df = 1.0
    dtotal, dz = df * z, df * total
    dx, dy = 1.0 * dtotal, 1.0 * dtotal
    return f, dx, dy, dz


@q.accepts
def graph_gradients(x, y, z):
    """Multiplied out."""
    return [x * z + y * z, z, z, x + y]


@q.accepts
def graph_gradients(x, y, z):
    x, y, z = (np.array(value, dtype=float) for value in (x, y, z))
    return np.array([np.multiply(x + y, z), z, z, np.add(x, y)])


@q.misconception("local slopes only", "How much does f itself move when the sum moves by one?")
def graph_gradients(x, y, z):
    return (x + y) * z, 1.0, 1.0, x + y


@q.misconception(
    "each factor its own slope", "If one factor of a product grows, which number decides how fast the product grows?"
)
def graph_gradients(x, y, z):
    return (x + y) * z, x + y, x + y, z


@q.misconception("parentheses overlooked", "Which of the two operations comes first on the graph?")
def graph_gradients(x, y, z):
    return x + y * z, 1.0, z, y


@q.misconception("product of all three", "Which two operations does the graph have?")
def graph_gradients(x, y, z):
    return x * y * z, y * z, x * z, x * y


@q.misconception("gradient shared out at the sum", "Move only one of the two summands by one: how far does the sum go?")
def graph_gradients(x, y, z):
    return (x + y) * z, z / 2, z / 2, x + y


@q.misconception("value left out", "How many numbers are asked for, and which one comes first?")
def graph_gradients(x, y, z):
    return z, z, x + y


@q.misconception("value last", "In which order are the four numbers asked for?")
def graph_gradients(x, y, z):
    return z, z, x + y, (x + y) * z


@q.misconception("slope of the sum for z", "Hold the sum still and move z by one: how far does f go?")
def graph_gradients(x, y, z):
    return (x + y) * z, z, z, 1.0


# --- dense_backward --------------------------------------------------------------------------------------------------

q = SET.question("dense_backward", points=5)
rng = np.random.default_rng(202)


def dense_inputs(rng, n, fan_in, fan_out, whole=False):
    """Draw the four arguments, as whole numbers if asked for."""
    shapes = {"X": (n, fan_in), "W": (fan_in, fan_out), "b": (fan_out,), "G": (n, fan_out)}
    draw = (lambda shape: rng.integers(-5, 6, shape)) if whole else (lambda shape: rng.normal(size=shape).round(2))
    return {name: draw(shape) for name, shape in shapes.items()}


q.case("dense_backward(X, W, b, G)", X=np.array([[1.0, 2.0]]), W=np.array([[3.0, -1.0], [0.5, 2.0]]),
       b=np.array([0.0, 1.0]), G=np.array([[1.0, -2.0]]))  # fmt: skip
q.case("dense_backward(X, W, b, G)", inputs=dense_inputs(rng, 3, 3, 3), mutation="forbidden")
PUBLIC = dense_inputs(rng, 4, 2, 3)
q.case("dense_backward(X, W, b, G)[0]", inputs=PUBLIC)
q.case("dense_backward(X, W, b, G)[1]", inputs=PUBLIC)
q.case("dense_backward(X, W, b, G)[2]", inputs=PUBLIC)
HIDDEN = dense_inputs(rng, 7, 5, 4)
q.case("dense_backward(X, W, b, G)[0]", inputs=HIDDEN, layout="strided", hidden=True, about="dX alone, not contiguous")
q.case("dense_backward(X, W, b, G)[1]", inputs=HIDDEN, layout="strided", hidden=True, about="dW alone, not contiguous")
q.case("dense_backward(X, W, b, G)[2]", inputs=HIDDEN, layout="strided", hidden=True, about="db alone, not contiguous")
q.case("dense_backward(X, W, b, G)", inputs=dense_inputs(rng, 4, 4, 4), layout="read-only", mutation="forbidden",
       hidden=True, about="square matrices, not writable")  # fmt: skip
q.case("dense_backward(X, W, b, G)", inputs=dense_inputs(rng, 5, 3, 2, whole=True), hidden=True, about="whole numbers")
q.case(
    "dense_backward(X, W, b, G)", hidden=True, about="whole numbers in X and W, fractions in G", weight=0.5,
    inputs={**dense_inputs(np.random.default_rng(212), 4, 2, 3, whole=True), "G": np.arange(1, 13).reshape(4, 3) / 8},
)  # fmt: skip
q.case("dense_backward(X, W, b, G)", inputs=dense_inputs(rng, 6, 4, 1), hidden=True, about="one unit", weight=0.5)
q.case("dense_backward(X, W, b, G)", inputs=dense_inputs(rng, 5, 1, 3), hidden=True, about="one feature", weight=0.5)
q.case(
    "dense_backward(X, W, b, G)", rtol=1e-4, atol=1e-5, hidden=True, about="single precision", weight=0.5,
    inputs={name: value.astype(np.float32) for name, value in dense_inputs(rng, 3, 2, 4).items()},
)  # fmt: skip


@q.reference
def dense_backward(X, W, b, G):
    X, W, G = (np.asarray(array, dtype=float) for array in (X, W, G))
    return G @ W.T, X.T @ G, G.sum(axis=0)


@q.accepts
def dense_backward(X, W, b, G):
    """Indices instead of transposes."""
    dX = np.einsum("no,io->ni", G, W)
    dW = np.einsum("ni,no->io", X, G)
    return [dX, dW, np.einsum("no->o", G)]


@q.accepts
def dense_backward(X, W, b, G):
    """Three loops, every product by itself."""
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(b.shape)
    for n in range(X.shape[0]):
        for o in range(W.shape[1]):
            db[o] += G[n, o]
            for i in range(W.shape[0]):
                dX[n, i] += G[n, o] * W[i, o]
                dW[i, o] += X[n, i] * G[n, o]
    return dX, dW, db


@q.accepts
def dense_backward(X, W, b, G):
    """One sample at a time."""
    dX = np.array([W @ g for g in G])
    dW = sum(np.outer(x, g) for x, g in zip(X, G, strict=True))
    return dX, dW, np.ones(len(G)) @ G


@q.accepts
def dense_backward(X, W, b, G):
    """The bias as the weight of an input that is always one."""
    extended = np.c_[X, np.ones(len(X))]
    both = extended.T @ G
    return np.dot(G, np.transpose(W)), both[:-1], both[-1]


@q.misconception("mean instead of sum", "The upstream gradient already knows of the mean: what would a second one do?")
def dense_backward(X, W, b, G):
    return G @ W.T, X.T @ G / len(X), G.mean(axis=0)


@q.misconception("everything averaged", "If G is given and no sample sees another, does dX depend on their number?")
def dense_backward(X, W, b, G):
    G = G / len(X)
    return G @ W.T, X.T @ G, G.sum(axis=0)


@q.misconception(
    "mean in the bias only", "The bias acts on every sample, as a weight does: do you treat the two alike?"
)
def dense_backward(X, W, b, G):
    return G @ W.T, X.T @ G, np.mean(G, axis=0)


@q.misconception("W not transposed", "Which shape must dX have, and which shape does your product have?")
def dense_backward(X, W, b, G):
    return G @ W, X.T @ G, G.sum(axis=0)


@q.misconception("X not transposed", "Over which axis must the product for the weights sum, samples or features?")
def dense_backward(X, W, b, G):
    return G @ W.T, X @ G, G.sum(axis=0)


@q.misconception("dW transposed", "Is your dW of the shape of W, with fan_in rows?")
def dense_backward(X, W, b, G):
    return G @ W.T, G.T @ X, G.sum(axis=0)


@q.misconception("bias not summed over the samples", "One bias serves all samples: how many numbers is its gradient?")
def dense_backward(X, W, b, G):
    return G @ W.T, X.T @ G, G


@q.misconception("bias summed over the units", "Which axis of G are the samples, and which the units?")
def dense_backward(X, W, b, G):
    return G @ W.T, X.T @ G, G.sum(axis=1)


@q.misconception("one number for all biases", "Each unit has a bias of its own: how many numbers is the gradient?")
def dense_backward(X, W, b, G):
    return G @ W.T, X.T @ G, G.sum()


@q.misconception("bias as a row matrix", "Compare the shapes of b and of its gradient: how many axes has each?")
def dense_backward(X, W, b, G):
    return G @ W.T, X.T @ G, G.sum(axis=0, keepdims=True)


@q.misconception("other order", "In which order are the three gradients asked for?")
def dense_backward(X, W, b, G):
    return X.T @ G, G.sum(axis=0), G @ W.T


@q.misconception("no upstream gradient", "What do you get for another G: does your answer notice?")
def dense_backward(X, W, b, G):
    ones = np.ones(G.shape)
    return ones @ W.T, X.T @ ones, ones.sum(axis=0)


# --- relu_backward ---------------------------------------------------------------------------------------------------

q = SET.question("relu_backward", points=3)
rng = np.random.default_rng(203)

q.case("relu_backward(Z, G)", Z=np.array([[-1.0, 2.0], [3.0, -0.5]]), G=np.array([[10.0, 20.0], [-30.0, -40.0]]))
q.case("relu_backward(Z, G)", Z=np.array([0.0, -0.0, 1.5]), G=np.array([5.0, -6.0, 7.0]))
q.case("relu_backward(Z, G)", Z=np.array([[2, -3, 0]]), G=np.array([[-4, 5, 6]]), mutation="forbidden")
q.case("relu_backward(Z, G)", Z=rng.normal(size=(4, 3)), G=rng.normal(size=(4, 3)), layout="strided",
       mutation="forbidden", hidden=True, about="matrices that are not contiguous")  # fmt: skip
q.case("relu_backward(Z, G)", Z=rng.normal(size=(3, 5)), G=rng.normal(size=(3, 5)), layout="read-only", hidden=True,
       mutation="forbidden", about="matrices that are not writable")  # fmt: skip
q.case("relu_backward(Z, G)", Z=rng.integers(-1, 2, (3, 4)), G=rng.normal(size=(3, 4)), hidden=True,
       about="whole numbers in Z, zeros among them")  # fmt: skip
q.case("relu_backward(Z, G)", Z=np.array([[1e-12, -1e-12], [5e3, -5e3]]), G=np.array([[3.0, 2.0], [1.0, 4.0]]),
       hidden=True, about="very small and very large entries")  # fmt: skip
q.case("relu_backward(Z, G)", Z=rng.normal(size=(2, 3, 2)), G=rng.normal(size=(2, 3, 2)), hidden=True,
       about="three dimensions", weight=0.5)  # fmt: skip
q.case("relu_backward(Z, G)", Z=rng.normal(size=6).astype(np.float32), G=rng.normal(size=6).astype(np.float32),
       rtol=1e-5, hidden=True, about="single precision", weight=0.5)  # fmt: skip


@q.reference
def relu_backward(Z, G):
    from course_lib.reference.activations import relu

    Z = np.asarray(Z, dtype=float)
    return relu.backward(Z, relu(Z), np.asarray(G, dtype=float))


@q.accepts
def relu_backward(Z, G):
    return np.where(Z > 0, G, 0.0)


@q.accepts
def relu_backward(Z, G):
    """Entry by entry."""
    dZ = np.zeros(Z.shape)
    for i in np.ndindex(*Z.shape):
        if Z[i] > 0:
            dZ[i] = G[i]
    return dZ


@q.accepts
def relu_backward(Z, G):
    """A copy that is changed in place."""
    dZ = np.array(G, dtype=float)
    dZ[Z <= 0] = 0
    return dZ


@q.accepts
def relu_backward(Z, G):
    return np.heaviside(Z, 0) * G


@q.misconception("mask from the upstream gradient", "Which of the two arrays did ReLU see on the way forward?")
def relu_backward(Z, G):
    return G * (G > 0)


@q.misconception("slope one at zero", "What was agreed on for the slope exactly at the kink?")
def relu_backward(Z, G):
    return G * (Z >= 0)


@q.misconception("half a slope at zero", "Which of the slopes to the left and to the right of the kink was agreed on?")
def relu_backward(Z, G):
    return G * np.heaviside(Z, 0.5)


@q.misconception("the output for the slope", "How steep is ReLU where its argument is 3, and how steep where it is 6?")
def relu_backward(Z, G):
    return G * np.maximum(Z, 0)


@q.misconception("no upstream gradient", "What do you get for another G: does your answer notice?")
def relu_backward(Z, G):
    return (Z > 0).astype(float)


@q.misconception("everything passed on", "Does a unit that is switched off let anything through on the way back?")
def relu_backward(Z, G):
    return G.copy()


@q.misconception("mask upside down", "Which units did let their argument through on the way forward?")
def relu_backward(Z, G):
    return G * (Z < 0)


@q.misconception("work in the caller's array", "Whose array do you write into, and may you?")
def relu_backward(Z, G):
    G[Z <= 0] = 0
    return G


# --- mlp_loss_and_gradients ------------------------------------------------------------------------------------------

q = SET.question("mlp_loss_and_gradients", points=8)
rng = np.random.default_rng(204)
BOTH, LOSS, GRADIENTS = (f"mlp_loss_and_gradients(params, X, labels){part}" for part in ("", "[0]", "[1]"))


def network_inputs(rng, n, *sizes):
    """Draw a network whose widths are `sizes`, n samples and their labels."""
    X, labels = rng.normal(size=(n, sizes[0])).round(2), rng.integers(0, sizes[-1], n)
    return {"params": layers(rng, *sizes), "X": X, "labels": labels}


def whole_network(rng, scale=1):
    """Draw whole numbers; some pre-activations of the hidden layer are exactly 0."""
    weights = [(rng.integers(-3, 4, (i, o)), np.zeros(o, dtype=int)) for i, o in ((3, 4), (4, 3))]
    X = np.array([[1, 0, -1], [0, 0, 0], [2, -1, 1], [0, 1, 0]])
    return {"params": [(scale * W, b) for W, b in weights], "X": X, "labels": np.array([2, 0, 1, 1])}


FAR = {
    "params": [(np.array([[1000.0, -1000.0, 0.0], [0.0, 500.0, -500.0]]), np.array([0.0, 100.0, -100.0]))],
    "X": np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 2.0], [0.5, -0.5]]),
    "labels": np.array([1, 2, 0, 0]),
}
FARTHER = {
    "params": [(np.array([[100.0, -60.0], [20.0, 80.0]]), np.zeros(2)),
               (np.array([[50.0, -40.0, 10.0, 0.0], [-30.0, 90.0, 5.0, 20.0]]), np.array([1.0, 2.0, 3.0, 4.0]))],
    "X": np.array([[1.0, 0.5], [-1.0, 1.0], [0.25, -1.0]]),
    "labels": np.array([1, 0, 3]),
}  # fmt: skip

q.case(BOTH, inputs=network_inputs(rng, 2, 2, 3))
DEEPER = network_inputs(rng, 4, 2, 4, 3)
q.case(LOSS, inputs=DEEPER)
q.case(GRADIENTS, inputs=DEEPER, mutation="forbidden")
q.case(GRADIENTS, inputs=network_inputs(rng, 5, 3, 3, 3, 3))
q.case(LOSS, inputs=FAR, warnings="forbidden")
q.case(GRADIENTS, inputs=FAR, warnings="forbidden")
FOUR = network_inputs(rng, 6, 3, 6, 5, 4, 3)
q.case(LOSS, inputs=FOUR, layout="strided", mutation="forbidden", hidden=True, about="the loss of four layers")
q.case(GRADIENTS, inputs=FOUR, layout="strided", mutation="forbidden", hidden=True,
       about="the gradients of four layers")  # fmt: skip
q.case(BOTH, inputs=network_inputs(rng, 7, 4, 2), layout="read-only", hidden=True, about="one layer, not writable")
q.case(BOTH, inputs=network_inputs(rng, 5, 3, 8, 2), layout="read-only", mutation="forbidden", hidden=True,
       about="two layers, not writable")  # fmt: skip
q.case(BOTH, inputs=network_inputs(rng, 1, 3, 5, 4), hidden=True, about="a single sample")
q.case(BOTH, inputs={**network_inputs(rng, 4, 2, 5, 4), "labels": np.array([1, 0, 1, 1])}, hidden=True,
       about="classes that no label names", weight=0.5)  # fmt: skip
q.case(BOTH, inputs=whole_network(rng), hidden=True, about="whole numbers, arguments of ReLU that are exactly 0")
q.case(LOSS, inputs=FARTHER, warnings="forbidden", hidden=True, about="the loss for logits up to 10000")
q.case(GRADIENTS, inputs=FARTHER, warnings="forbidden", hidden=True, about="the gradients for logits up to 10000")
GENERAL = network_inputs(rng, 3, 2, 3, 2)
q.case(
    BOTH, inputs={**GENERAL, "params": [list(pair) for pair in GENERAL["params"]]}, mutation="forbidden",
    hidden=True, about="each pair a list", weight=0.5,
)  # fmt: skip
THIN = {"params": [(np.array([[0.75]]), np.array([0.5])), (np.array([[1.5, -0.5, 0.25]]), np.array([0.0, 1.0, -1.0]))],
        "X": np.array([[2.0], [-3.0], [0.5], [1.25]]), "labels": np.array([1, 0, 2, 0])}  # fmt: skip
q.case(BOTH, inputs=THIN, hidden=True, about="one feature, one hidden unit", weight=0.5)
SINGLE = network_inputs(rng, 4, 3, 4, 3)
q.case(
    BOTH, X=SINGLE["X"].astype(np.float32), labels=SINGLE["labels"].astype(np.uint8), rtol=1e-4, atol=1e-5,
    params=[(W.astype(np.float32), b.astype(np.float32)) for W, b in SINGLE["params"]],
    hidden=True, about="single precision, labels of another whole type", weight=0.5,
)  # fmt: skip


@q.reference
def mlp_loss_and_gradients(params, X, labels):
    from course_lib.reference.activations import relu
    from course_lib.reference.losses import SparseCategoricalCrossentropy

    inputs, pre = [np.asarray(X, dtype=float)], []
    for W, b in params:
        pre.append(inputs[-1] @ W + b)
        inputs.append(relu(pre[-1]))
    loss = SparseCategoricalCrossentropy(from_logits=True)
    delta, grads = loss.gradient(labels, pre[-1]), []
    for layer in reversed(range(len(params))):
        grads.insert(0, (inputs[layer].T @ delta, delta.sum(axis=0)))
        if layer:
            delta = relu.backward(pre[layer - 1], inputs[layer], delta @ params[layer][0].T)
    return loss(labels, pre[-1]), grads


@q.accepts
def mlp_loss_and_gradients(params, X, labels):
    """Recursion: a layer asks the layers above it for its upstream gradient."""
    n = len(labels)

    def top(s):
        shifted = s - s.max(axis=1, keepdims=True)
        total = np.exp(shifted).sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total[:, 0]) - shifted[np.arange(n), labels])
        G = np.exp(shifted) / total
        G[np.arange(n), labels] -= 1
        return loss, G / n

    def through(layer, a):
        W, b = params[layer]
        s = a @ W + b
        if layer == len(params) - 1:
            (loss, G), above = top(s), []
        else:
            loss, above, G = through(layer + 1, np.maximum(s, 0))
            G = np.where(s > 0, G, 0)
        return loss, [(a.T @ G, G.sum(axis=0)), *above], G @ W.T

    return through(0, X)[:2]


@q.accepts
def mlp_loss_and_gradients(params, X, labels):
    """One sample at a time, gradients summed up, divided at the end."""
    grads = [[np.zeros(np.shape(W)), np.zeros(np.shape(b))] for W, b in params]
    total = 0.0
    for x, label in zip(X, labels, strict=True):
        activations = [np.asarray(x, dtype=float)]
        for i, (W, b) in enumerate(params):
            s = activations[-1] @ W + b
            activations.append(s if i == len(params) - 1 else s * (s > 0))
        top = max(activations[-1])
        log_sum = top + np.log(sum(np.exp(s - top) for s in activations[-1]))
        total += log_sum - activations[-1][label]
        delta = np.exp(activations[-1] - log_sum)
        delta[label] -= 1
        for i in range(len(params) - 1, -1, -1):
            grads[i][0] += np.outer(activations[i], delta)
            grads[i][1] += delta
            delta = (params[i][0] @ delta) * (activations[i] > 0)
    return total / len(X), [(dW / len(X), db / len(X)) for dW, db in grads]


@q.accepts
def mlp_loss_and_gradients(params, X, labels):
    """One-hot labels, SciPy's log-sum-exp, work in place on arrays of its own."""
    from scipy.special import log_softmax

    outputs = [X]
    for W, b in params[:-1]:
        s = np.einsum("ni,io->no", outputs[-1], W) + b
        np.maximum(s, 0, out=s)
        outputs.append(s)
    W, b = params[-1]
    logp = log_softmax(np.asarray(outputs[-1] @ W + b, dtype=float), axis=1)
    onehot = np.eye(logp.shape[1])[labels]
    loss = -np.einsum("nk,nk->", onehot, logp) / len(X)
    G = np.exp(logp)
    G -= onehot
    G /= len(X)
    grads = []
    for a, (W, _) in zip(outputs[::-1], params[::-1], strict=True):
        grads.append([np.einsum("ni,no->io", a, G), np.add.reduce(G)])
        G = np.einsum("no,io->ni", G, W)
        G[np.asarray(a) <= 0] = 0
    return loss, grads[::-1]


MLP = """
def mlp_loss_and_gradients(params, X, labels):
    n, last = len(labels), len(params) - 1
    inputs, pre = [X], []
    for i, (W, b) in enumerate(params):
        s = inputs[i] @ W + b
        pre.append(s)
        inputs.append(np.maximum(s, 0) if i < last else s)
    s = inputs[-1]
    s = s - s.max(axis=1, keepdims=True)
    P = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(n), labels].mean()
    G = P.copy()
    G[np.arange(n), labels] -= 1
    G = G / n
    grads = []
    for i in range(last, -1, -1):
        W, b = params[i]
        grads.append((inputs[i].T @ G, G.sum(axis=0)))
        G = G @ W.T
        if i > 0:
            G = G * (pre[i - 1] > 0)
    return loss, grads[::-1]
"""
q.accepts(MLP)


def changed(source, *pairs):
    """Return `source` with each piece replaced by another; every piece must stand there exactly once."""
    for old, new in pairs:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} stands {source.count(old)} times in the source")
        source = source.replace(old, new)
    return source


q.misconception(
    "gradients never averaged",
    "Give every sample twice: your loss stays the same, but do your gradients?",
    changed(MLP, ("    G = G / n\n", "")),
)
q.misconception(
    "averaged twice",
    "At how many places does the number of samples enter your gradients?",
    changed(MLP, ("(inputs[i].T @ G, G.sum(axis=0))", "(inputs[i].T @ G / n, G.mean(axis=0))")),
)
q.misconception(
    "sum instead of mean",
    "Give every sample twice: should the loss double?",
    changed(MLP, ("labels].mean()", "labels].sum()"), ("    G = G / n\n", "")),
)
q.misconception(
    "softmax overflows",
    "What is np.exp(1000), and what do you get when you divide it by itself?",
    changed(MLP, ("    s = s - s.max(axis=1, keepdims=True)\n", "")),
)
q.misconception(
    "logarithm of zero",
    "A probability may be too small for a float: is its logarithm too large for one?",
    changed(MLP, ("logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))", "logp = np.log(P)")),
)
q.misconception(
    "an extra epsilon",
    "For a sample that is sure and wrong, how large can your loss become at most?",
    changed(MLP, ("logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))", "logp = np.log(P + 1e-12)")),
)
q.misconception(
    "shifted by the largest logit of the batch",
    "One sample may have far larger logits than another: what becomes of the smaller ones?",
    changed(
        MLP,
        ("s = s - s.max(axis=1, keepdims=True)", "s = s - s.max()"),
    ),
)
q.misconception(
    "ReLU on the last layer",
    "Can a logit of your network be negative?",
    changed(MLP, ("np.maximum(s, 0) if i < last else s", "np.maximum(s, 0)")),
)
q.misconception(
    "backward without the mask",
    "What does a hidden unit that is switched off pass back, and what does yours?",
    changed(MLP, ("        if i > 0:\n            G = G * (pre[i - 1] > 0)\n", "")),
)
q.misconception(
    "mask from the upstream gradient",
    "Does the sign of what comes back decide what is let through, or something that you saw on the way forward?",
    changed(MLP, ("(pre[i - 1] > 0)", "(G > 0)")),
)
q.misconception(
    "label not subtracted",
    "If the network is sure and right, what should the gradient in the logits be?",
    changed(MLP, ("    G[np.arange(n), labels] -= 1\n", "")),
)
q.misconception(
    "lost sign",
    "If the logit of the right class grows, does the loss grow?",
    changed(MLP, ("    G = G / n\n", "    G = -G / n\n")),
)
q.misconception(
    "last layer first",
    "In which order does the loop backward meet the layers, and which order is asked for?",
    changed(MLP, ("grads[::-1]", "grads")),
)
q.misconception(
    "W not transposed",
    "Which axis of the weights belongs to the outputs, over which the gradient is summed on its way back?",
    changed(MLP, ("G @ W.T", "G @ W")),
)
q.misconception(
    "arguments of ReLU as inputs",
    "By what exactly were the weights of this layer multiplied on the way forward?",
    changed(MLP, ("(inputs[i].T @ G,", "((pre[i - 1] if i else X).T @ G,")),
)
q.misconception(
    "bias not summed over the samples",
    "One bias serves all samples: how many numbers is its gradient?",
    changed(MLP, ("G.sum(axis=0)))", "G))")),
)
q.misconception(
    "work in the caller's array",
    "Whose arrays do you write into, and may you?",
    changed(
        MLP,
        ("    grads = []\n", "    grads, lr = [], 0.1\n"),
        (
            "        G = G @ W.T\n",
            "        W -= lr * grads[-1][0]\n        b -= lr * grads[-1][1]\n        G = G @ W.T\n",
        ),
    ),
)

# --- Value -----------------------------------------------------------------------------------------------------------

q = SET.question("Value", points=10)


def graph(statements, about="", *, leaves, **settings):
    """Add a case: build the graph of `statements`, go backward from f, look at f and at the gradients of `leaves`."""
    shown = ", ".join(["f.data", *(f"{leaf}.grad" for leaf in leaves.split())])
    said = "" if about else f"  # {statements}"
    code = "\n".join([*statements.split("; "), "f.backward()", f"result = [{shown}]{said}"])
    q.case(code, hidden=bool(about), about=about, **settings)


LEFT = """
a = Value(4.0)
right = [a + 2, a - 2, a * 2, a / 2, a**2]
left = {"2 + a": lambda: 2 + a, "2 - a": lambda: 2 - a, "2 * a": lambda: 2 * a, "2 / a": lambda: 2 / a,
        "2**a": lambda: 2**a}
refused = []
for operation, attempt in left.items():
    try:
        attempt()
    except TypeError:
        refused.append(operation)
result = ", ".join(refused) or "none"  # which of 2 + a, 2 - a, 2 * a, 2 / a and 2**a are refused?
"""
graph("x = Value(-2.0); y = Value(5.0); z = Value(-4.0); q = x + y; f = q * z", leaves="x y z q")
graph("a = Value(3.0); f = a * a + a", leaves="a")
graph("a = Value(2.0); b = a - 5.0; c = b * a; f = b * c", leaves="a b c")
graph("a = Value(2.0); b = Value(5.0); f = (a - b) / a - (-b)", leaves="a b")
graph("a = Value(4.0); f = 2 + 3 * a + (1 - a) + 8 / a", leaves="a")
q.case(LEFT)
graph("a = Value(-1.5); f = a**3", leaves="a")
graph("a = Value(3.0); b = Value(2.0); f = 2**a + a**b", leaves="a b")
graph("a = Value(0.5); b = Value(-0.25); f = a.exp() * 2.0 + b.tanh()", leaves="a b")
graph("a = Value(0.0); b = Value(1.5); c = Value(-3.0); f = a.relu() + b.relu() * 4.0 + c.relu()", leaves="a b c")

graph("a = Value(1.25); b = Value(-0.5); c = Value(3.0); f = -(a - b) * c - a", "differences and signs", leaves="a b c")
graph("a = Value(3.0); b = Value(-0.8); f = a / b", "a quotient", leaves="a b")
graph("a = Value(1.5); f = (a * 3 + 1 - a) / 4", "numbers on the right", leaves="a")
graph("a = Value(-0.5); b = Value(2.5); f = (5 - a) * (3 / b) + (2.0 + a) * (-1 * b)", "numbers on the left",
      leaves="a b")  # fmt: skip
graph("a = Value(-2.5); b = Value(9.0); f = a**-2 + b**0.5", "numbers as exponents", leaves="a b")
graph("a = Value(-1.75); f = 3**a", "a number as base", leaves="a")
graph("a = Value(1.7); b = Value(-2.2); f = a**b", "a Value to the power of a Value", leaves="a b")
graph("a = Value(1.3); f = a**a", "one Value as base and exponent", leaves="a", weight=0.5)
graph("a = Value(-0.75); b = a.exp(); f = b * b + a", "an exponential used twice", leaves="a b")
graph("a = Value(0.9); b = a * -2.0; f = b.tanh() * b", "tanh of something computed", leaves="a b")
graph("a = Value(2.0); b = a - 2.0; c = b.relu(); f = c * 3.0 + a", "relu at exactly 0, further on",
      leaves="a b c", weight=0.5)  # fmt: skip
graph("a = Value(-1.0); b = a + 0.5; c = b * b; d = c - a; f = b * d + c", "a graph whose order matters",
      leaves="a b c d", weight=2)  # fmt: skip
graph("a = Value(0.5); b = a.tanh(); c = b.exp(); d = b + c; e = d * c; f = b * e / d",
      "a longer graph whose order matters", leaves="a b c d e", weight=2)  # fmt: skip
graph("x = [Value(0.5), Value(-1.5), Value(2.0)]; w = [Value(1.0), Value(0.25), Value(-0.125)]; b = Value(0.1); "
      "f = (sum(u * v for u, v in zip(w, x)) + b).tanh(); a, c = w[1], x[2]", "a neuron", leaves="a b c")  # fmt: skip
graph("x = Value(0.5); f = Value(1.0)\nfor _ in range(100):\n    f = f * 0.9 + x", "a chain of 100 steps", leaves="x")
graph(
    "a = Value(1.5); f = a\nfor _ in range(8):\n    f = f + f",
    "a Value doubled again and again",
    leaves="a",
    weight=0.5,
)
graph("a = Value(2.0); g = a * a; g.backward(); a = Value(3.0); f = a * 4.0 * a", "a second graph after a first one",
      leaves="a", weight=0.5)  # fmt: skip
graph("a = Value(0.0); f = a**2 + 3 * a", "a base that is 0", leaves="a", weight=0.5)
graph("a = Value(0.75); b = Value(-0.5); c = Value(1.25); f = a.relu() + 3 * a.relu() + b.tanh() + 3 * b.tanh() + "
      "c.exp() + 3 * c.exp()", "each function twice of the same Value", leaves="a b c", weight=0.5)  # fmt: skip
graph("a = Value(-1.5); b = Value(2.5); c = Value(0.75); f = a**3 + 3 * a**3 + b**c + 3 * b**c",
      "each power twice of the same Values", leaves="a b c", weight=0.5)  # fmt: skip
graph("a = Value(np.int64(2)); b = Value(-3); f = a**-2 * b / a + b", "whole numbers, also NumPy's", leaves="a b",
      weight=0.5)  # fmt: skip

VALUE = """
class Value:
    def __init__(self, data, parents=()):
        self.data = float(data)
        self.grad = 0.0
        self.parents = parents

    def __add__(self, other):
        other = wrapped(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = wrapped(other)
        return Value(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = wrapped(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __truediv__(self, other):
        other = wrapped(other)
        return Value(self.data / other.data, ((self, 1 / other.data), (other, -self.data / other.data**2)))

    def __pow__(self, other):
        base = self.data
        if not isinstance(other, Value):
            return Value(base**other, ((self, other * base ** (other - 1)),))
        power = base**other.data
        return Value(power, ((self, other.data * base ** (other.data - 1)), (other, power * np.log(base))))

    def __neg__(self):
        return Value(-self.data, ((self, -1.0),))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return wrapped(other) - self

    def __rtruediv__(self, other):
        return wrapped(other) / self

    def __rpow__(self, other):
        return wrapped(other) ** self

    def exp(self):
        e = np.exp(self.data)
        return Value(e, ((self, e),))

    def tanh(self):
        t = np.tanh(self.data)
        return Value(t, ((self, 1 - t**2),))

    def relu(self):
        return Value(max(self.data, 0.0), ((self, float(self.data > 0)),))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


def wrapped(value):
    return value if isinstance(value, Value) else Value(value)
"""
q.reference(VALUE)


@q.accepts
class Value:
    """Each result keeps a function that hands its gradient on; the others are made from sum, product and power."""

    def __init__(self, data, children=()):
        self.data, self.grad = np.asarray(data, dtype=float), np.zeros(())
        self._children, self._backward = children, lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad = self.grad + out.grad
            other.grad = other.grad + out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad = self.grad + other.data * out.grad
            other.grad = other.grad + self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, other):
        if isinstance(other, Value):
            return (self.log() * other).exp()
        out = Value(self.data**other, (self,))

        def _backward():
            self.grad = self.grad + other * self.data ** (other - 1) * out.grad

        out._backward = _backward
        return out

    def function(self, value, slope):
        out = Value(value, (self,))

        def _backward():
            self.grad = self.grad + slope * out.grad

        out._backward = _backward
        return out

    def log(self):
        return self.function(np.log(self.data), 1 / self.data)

    def exp(self):
        return self.function(np.exp(self.data), np.exp(self.data))

    def tanh(self):
        return self.function(np.tanh(self.data), 1 / np.cosh(self.data) ** 2)

    def relu(self):
        return self.function(np.maximum(self.data, 0), 1.0 if self.data > 0 else 0.0)

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if id(v) not in visited:
                visited.add(id(v))
                for child in v._children:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = np.ones(())
        for v in topo[::-1]:
            v._backward()

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1 if isinstance(other, Value) else self * (1 / other)

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    def __rpow__(self, other):
        return Value(other) ** self


@q.accepts
class Value:
    """A tape: nodes are numbered as they are made, and the way back takes the highest number first."""

    made = 0

    def __init__(self, data, *parents):
        Value.made += 1
        self.number, self.data, self.grad, self.parents = Value.made, float(data), 0, parents

    @staticmethod
    def of(value):
        return value if isinstance(value, Value) else Value(value)

    def __add__(self, other):
        return Value(self.data + Value.of(other).data, (self, 1), (Value.of(other), 1))

    def __mul__(self, other):
        other = Value.of(other)
        return Value(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, other):
        value = self.data ** Value.of(other).data
        by_base = Value.of(other).data * self.data ** (Value.of(other).data - 1)
        if isinstance(other, Value):
            return Value(value, (self, by_base), (other, np.log(self.data) * value))
        return Value(value, (self, by_base))

    def __sub__(self, other):
        return self + -1 * Value.of(other)

    def __truediv__(self, other):
        return self * Value.of(other) ** -1

    def __neg__(self):
        return 0 - self

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return Value(other) - self

    def __rtruediv__(self, other):
        return Value(other) / self

    def __rpow__(self, other):
        return Value(other) ** self

    def exp(self):
        return np.e**self

    def tanh(self):
        return Value(np.tanh(self.data), (self, 1 - np.tanh(self.data) ** 2))

    def relu(self):
        return Value(self.data, (self, 1)) if self.data > 0 else Value(0.0, (self, 0))

    def backward(self):
        import heapq

        self.grad, waiting, found = 1, [(-self.number, self)], {self.number}
        while waiting:
            _, node = heapq.heappop(waiting)
            for parent, slope in node.parents:
                parent.grad += slope * node.grad
                if parent.number not in found:
                    found.add(parent.number)
                    heapq.heappush(waiting, (-parent.number, parent))


NUMBER_AS_EXPONENT = VALUE[VALUE.index("        if not isinstance(other") : VALUE.index("        power = base")]


def spoilt(*pairs):
    """Return the right class with some pieces replaced."""
    return changed(VALUE, *pairs)


ORDERED = VALUE[VALUE.index("        order, seen = [], set()") : VALUE.index("\n\ndef wrapped")]

q.accepts(
    spoilt(
        (
            ORDERED,
            """        def along(node, gradient):
            node.grad += gradient
            for parent, slope in node.parents:
                along(parent, gradient * slope)

        along(self, 1.0)
""",
        )
    )
)

q.misconception(
    "gradients overwritten",
    "If a Value is used twice, which of its two contributions is left in the end?",
    spoilt(("parent.grad += slope", "parent.grad = slope")),
)
q.misconception(
    "a node before all of its users",
    "When a node hands its gradient on, have all the nodes that use it handed on theirs?",
    spoilt(
        (
            ORDERED,
            """        self.grad, queue, seen = 1.0, [self], {self}
        while queue:
            node = queue.pop(0)
            for parent, slope in node.parents:
                parent.grad += slope * node.grad
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)
""",
        )
    ),
)
q.misconception(
    "inputs first",
    "Which node knows its gradient from the start, and where does your loop begin?",
    spoilt(("reversed(order)", "order")),
)
q.misconception(
    "handed on along every path, again and again",
    "If a node is visited twice, how often does it hand on what it had received the first time?",
    spoilt(
        (
            ORDERED,
            """        self.grad = 1.0

        def back(node):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad
                back(parent)

        back(self)
""",
        )
    ),
)
q.misconception(
    "no upstream gradient",
    "A local slope says how a node moves its user: what says how that user moves f?",
    spoilt(("slope * node.grad", "slope")),
)
q.misconception(
    "nothing to start from",
    "What is the gradient of f by f, and where do you write it down?",
    spoilt(("        self.grad = 1.0\n", "")),
)
q.misconception(
    "numbers on the left refused",
    "In 2 + a the number is asked first and does not know your class: which method does Python try next?",
    VALUE[: VALUE.index("    def __radd__")] + VALUE[VALUE.index("    def exp") :],
)
q.misconception(
    "left and right exchanged",
    "When the number stands on the left, which of the two operands is self, and does the operation care?",
    spoilt(
        ("wrapped(other) - self", "self - other"),
        ("wrapped(other) / self", "self / other"),
        ("wrapped(other) ** self", "self**other"),
    ),
)
q.misconception(
    "difference: both signs alike",
    "If what is taken away grows, does the difference grow?",
    spoilt(("(other, -1.0)", "(other, 1.0)")),
)
q.misconception(
    "product: each factor its own slope",
    "If one factor of a product grows, which number decides how fast the product grows?",
    spoilt(("((self, other.data), (other, self.data)))", "((self, self.data), (other, other.data)))")),
)
q.misconception(
    "quotient: lost sign",
    "If the denominator grows and all is positive, does the quotient grow?",
    spoilt(("(other, -self.data /", "(other, self.data /")),
)
q.misconception(
    "power: lost factor",
    "What does the power rule put in front?",
    spoilt(
        ("((self, other * base ** (other - 1)),)", "((self, base ** (other - 1)),)"),
        ("(self, other.data * base", "(self, base"),
    ),
)
q.misconception(
    "power: exponent taken for a constant",
    "Which of the two operands may be a Value that moves?",
    spoilt(("power * np.log(base)", "0.0")),
)
q.misconception(
    "power by way of the logarithm",
    "What is the logarithm of a negative base, and does its square need one?",
    spoilt(
        (NUMBER_AS_EXPONENT, "        other = wrapped(other)\n"),
        ("power = base**other.data", "power = np.exp(other.data * np.log(base))"),
    ),
)
q.misconception(
    "exp: the argument as slope",
    "Which function is its own derivative?",
    spoilt(("((self, e),)", "((self, self.data),)")),
)
q.misconception(
    "tanh: the argument in place of the output",
    "The short rule for the slope of tanh holds for which number, the one that goes in or the one that comes out?",
    spoilt(("1 - t**2", "1 - self.data**2")),
)
q.misconception(
    "relu: slope one at zero",
    "What was agreed on for the slope exactly at the kink?",
    spoilt(("self.data > 0", "self.data >= 0")),
)
q.misconception(
    "relu: the output for the slope",
    "How steep is relu where its argument is 3, and how steep where it is 6?",
    spoilt(("float(self.data > 0)", "max(self.data, 0.0)")),
)
q.misconception(
    "whole numbers kept whole",
    "What does NumPy say to a negative power of one of its whole numbers?",
    spoilt(("float(data)", "data")),
)

# --- sgd_step --------------------------------------------------------------------------------------------------------

q = SET.question("sgd_step", points=3)
rng = np.random.default_rng(206)


def step_inputs(rng, lr, *sizes):
    """Draw parameters and gradients of a network whose widths are `sizes`."""
    return {"params": layers(rng, *sizes), "grads": layers(rng, *sizes), "lr": lr}


STEP = "sgd_step(params, grads, lr)"
q.case(
    STEP,
    params=[(np.array([[1.0, 2.0]]), np.array([3.0, 0.0]))],
    grads=[(np.array([[10.0, -10.0]]), np.array([0.5, 4.0]))],
    lr=0.1,
)
q.case(STEP, inputs=step_inputs(rng, 0.5, 2, 2, 2), mutation="forbidden")
q.case("[W for W, b in sgd_step(params, grads, lr)]", inputs=step_inputs(rng, 0.25, 2, 3, 1))
q.case(STEP, params=[(np.array([[1, 2]]), np.array([0, 3]))], grads=[(np.array([[1.0, 0.5]]), np.array([2.0, -1.0]))],
       lr=0.5)  # fmt: skip
q.case(STEP, inputs=step_inputs(rng, 0.125, 4, 5, 4, 3), layout="strided", mutation="forbidden", hidden=True,
       about="three layers, not contiguous")  # fmt: skip
q.case(
    STEP, inputs=step_inputs(rng, 0.3, 3, 3, 3), layout="read-only", hidden=True, about="arrays that are not writable"
)
q.case("[b for W, b in sgd_step(params, grads, lr)]", inputs=step_inputs(rng, 0.75, 3, 2, 2, 2), mutation="forbidden",
       hidden=True, about="the biases alone")  # fmt: skip
q.case(STEP, inputs=step_inputs(rng, 1, 4, 2), mutation="forbidden", hidden=True, about="one layer, lr = 1")
q.case(STEP, inputs=step_inputs(rng, 0.0, 2, 3, 2), hidden=True, about="lr = 0", weight=0.5)
q.case(STEP, lr=2, params=[(rng.integers(-4, 5, (3, 2)), rng.integers(-4, 5, 2))], hidden=True,
       grads=[(rng.integers(-4, 5, (3, 2)), rng.integers(-4, 5, 2))], about="whole numbers everywhere")  # fmt: skip
LISTS = step_inputs(rng, 0.2, 3, 2, 1)
q.case(
    STEP, params=[list(pair) for pair in LISTS["params"]], grads=[list(pair) for pair in LISTS["grads"]], lr=0.2,
    mutation="forbidden", hidden=True, about="each pair a list", weight=0.5,
)  # fmt: skip
SINGLE = step_inputs(rng, 0.1, 2, 3)
q.case(
    STEP, lr=0.1, rtol=1e-5, atol=1e-6, hidden=True, about="single precision", weight=0.5,
    params=[(W.astype(np.float32), b.astype(np.float32)) for W, b in SINGLE["params"]],
    grads=[(W.astype(np.float32), b.astype(np.float32)) for W, b in SINGLE["grads"]],
)  # fmt: skip


@q.reference
def sgd_step(params, grads, lr):
    return [(W - float(lr) * dW, b - float(lr) * db) for (W, b), (dW, db) in zip(params, grads, strict=True)]


@q.accepts
def sgd_step(params, grads, lr):
    """A loop over the layers, work in place on copies of floats."""
    stepped = []
    for layer in range(len(params)):
        pair = []
        for parameter, gradient in zip(params[layer], grads[layer], strict=True):
            moved = np.array(parameter, dtype=float)
            moved -= np.multiply(lr, gradient)
            pair.append(moved)
        stepped.append(tuple(pair))
    return stepped


@q.accepts
def sgd_step(params, grads, lr):
    """A deep copy first, then in place."""
    import copy

    new = copy.deepcopy([[1.0 * W, 1.0 * b] for W, b in params])
    for old, slope in zip(new, grads, strict=True):
        old[0] += -lr * slope[0]
        old[1] += -lr * slope[1]
    return tuple(map(tuple, new))


@q.misconception("uphill", "Does the loss fall if you follow the gradient, or if you turn your back on it?")
def sgd_step(params, grads, lr):
    return [(W + lr * dW, b + lr * db) for (W, b), (dW, db) in zip(params, grads)]


@q.misconception("learning rate forgotten", "Double the learning rate: does your step get longer?")
def sgd_step(params, grads, lr):
    return [(W - dW, b - db) for (W, b), (dW, db) in zip(params, grads)]


@q.misconception("bias never moved", "How many arrays does each layer have, and how many of them do you move?")
def sgd_step(params, grads, lr):
    return [(W - lr * dW, b) for (W, b), (dW, db) in zip(params, grads)]


@q.misconception("work in the caller's arrays", "Whose arrays do you write into, and may you?")
def sgd_step(params, grads, lr):
    for (W, b), (dW, db) in zip(params, grads):
        W -= lr * dW
        b -= lr * db
    return params


@q.misconception("work in the caller's list", "Which parameters does the caller's list hold after your step?")
def sgd_step(params, grads, lr):
    for layer, ((W, b), (dW, db)) in enumerate(zip(params, grads)):
        params[layer] = W - lr * dW, b - lr * db
    return params


@q.misconception(
    "names moved, list not", "Giving a name in a loop a new value changes the name: what does the list still hold?"
)
def sgd_step(params, grads, lr):
    for (W, b), (dW, db) in zip(params, grads):
        W = W - lr * dW
        b = b - lr * db
    return params


@q.misconception("first layer only", "How often does your loop run before it meets return?")
def sgd_step(params, grads, lr):
    for (W, b), (dW, db) in zip(params, grads):
        return [(W - lr * dW, b - lr * db)]


@q.misconception("one flat list", "Is an item of your list one array, or the pair of a layer?")
def sgd_step(params, grads, lr):
    new = []
    for (W, b), (dW, db) in zip(params, grads):
        new += [W - lr * dW, b - lr * db]
    return new


@q.misconception("steps instead of parameters", "Do you return where you stand after the step, or only the step?")
def sgd_step(params, grads, lr):
    return [(-lr * dW, -lr * db) for dW, db in grads]


@q.misconception("gradients of the last layer first", "In which order do the gradients come, as in params or reversed?")
def sgd_step(params, grads, lr):
    return [(W - lr * dW, b - lr * db) for (W, b), (dW, db) in zip(params, grads[::-1])]


@q.misconception("whole numbers stay whole", "Can an array of whole numbers hold the result of a step?")
def sgd_step(params, grads, lr):
    new = [(np.array(W), np.array(b)) for W, b in params]
    for (W, b), (dW, db) in zip(new, grads):
        W[:], b[:] = W - lr * dW, b - lr * db
    return new


# --- minibatches -----------------------------------------------------------------------------------------------------

q = SET.question("minibatches", points=4)
rng = np.random.default_rng(207)


def samples(rng, n, features=2):
    """Draw samples whose first column is their number; the label is that number plus 100."""
    X = np.column_stack([np.arange(n), rng.normal(size=(n, features - 1)).round(2)])
    return {"X": X, "y": np.arange(n) + 100}


def batches(last_line, *, size, seed=1, **settings):
    """Add a case; `last_line` looks at `batches`, and at the row numbers `ids` in the order in which they come."""
    call = f"minibatches(X, y, {size}, np.random.default_rng({seed}))"
    code = f"batches = [(np.array(Xb), np.array(yb)) for Xb, yb in {call}]\n"
    q.case(f"{code}ids = [int(row[0]) for Xb, yb in batches for row in Xb]\n{last_line}", **settings)


def calls(body, last_line, **settings):
    """Add a case on several calls; `order(rng)` gives the row numbers in the order of one call."""
    code = (
        "rows = lambda rng: np.concatenate([np.array(Xb) for Xb, yb in minibatches(X.copy(), y.copy(), 7, rng)])\n"
        f"order = lambda rng: rows(rng)[:, 0].tolist()\n{body}\n{last_line}"
    )
    q.case(code, **settings)


SHAPES = 'result = [f"X{Xb.shape} y{yb.shape}" for Xb, yb in batches]'
SIZES = "result = [len(Xb) for Xb, yb in batches]"
EVERY = "result = [len(ids), len(set(ids)) < len(ids)]"
WHOLE = "rows = np.concatenate([Xb for Xb, yb in batches])\nresult = np.array_equal(rows[np.argsort(rows[:, 0])], X)"
PAIRS = "result = all((yb.ravel() == Xb[:, 0] + 100).all() for Xb, yb in batches)"
OLD_ORDER = "result = ids == sorted(ids)"
OLD_LABELS = "result = bool((np.diff(batches[0][1], axis=0) > 0).all())"
BLOCKS = "result = max(np.ptp(Xb[:, 0]) - len(Xb) + 1 for Xb, yb in batches) == 0"
EVEN_STEPS = "steps = np.diff(ids)\nresult = max(np.mean(steps == step) for step in steps) > 0.5"
GLOBAL = "before = np.random.get_state()[1:3]\norder(np.random.default_rng(5))\nafter = np.random.get_state()[1:3]"
TOUCHED = "result = not np.array_equal(before[0], after[0]) or before[1] != after[1]"

TEN, FORTY = samples(rng, 10), samples(rng, 40, 1)
batches(f"{SHAPES}  # shapes of the batches of 10 samples, batch_size 4", size=4, inputs=TEN)
batches(f"{SIZES}  # sizes of the batches of 10 samples, batch_size 5", size=5, inputs=TEN)
batches(f"{EVERY}  # how many of the 10 samples come, and does one come twice?", size=4, inputs=TEN,
        mutation="forbidden", weight=2)  # fmt: skip
batches(f"{PAIRS}  # does every label stand with its sample?", size=3, inputs=TEN, weight=2)
batches(f"{OLD_ORDER}  # do the samples come in the order of X?", size=7, inputs=FORTY)
batches(f"{OLD_LABELS}  # do the labels come in the order of y?", size=40, inputs=FORTY)
calls("", "result = order(np.random.default_rng(3)) == order(np.random.default_rng(3))  # same seed, same order?",
      inputs=FORTY, weight=2)  # fmt: skip
calls("rng = np.random.default_rng(4)", "result = order(rng) == order(rng)  # two calls, same order?",
      inputs=FORTY, weight=2)  # fmt: skip
calls(GLOBAL, f"{TOUCHED}  # are NumPy's global random numbers used?", inputs=FORTY)

MANY, MORE, FEW, ONE = samples(rng, 57, 3), samples(rng, 24, 3), samples(rng, 5, 3), samples(rng, 1, 3)
batches(SIZES, size=8, seed=11, inputs=MANY, hidden=True, about="sizes with a smaller last batch")
batches(SIZES, size=6, seed=12, inputs=MORE, hidden=True, about="sizes without a rest")
batches(SIZES, size=100, seed=13, inputs=FEW, hidden=True, about="batch_size larger than the number of samples")
batches(SIZES, size=5, seed=14, inputs=FEW, hidden=True, about="all samples in one batch", weight=0.5)
batches("result = [(Xb[:, 0].tolist(), yb.tolist()) for Xb, yb in batches]", size=3, inputs=ONE, hidden=True,
        about="a single sample", weight=0.5)  # fmt: skip
batches(WHOLE, size=8, seed=15, inputs=MANY, layout="strided", mutation="forbidden", hidden=True,
        about="whole rows, not contiguous")  # fmt: skip
batches(PAIRS, size=10, seed=16, inputs=MANY, layout="read-only", hidden=True, about="pairs, arrays not writable",
        weight=2)  # fmt: skip
batches("result = all(np.array_equal(yb, Xb @ np.array([[1, 0], [0, 2]])) for Xb, yb in batches)", size=4, seed=17,
        X=np.arange(22).reshape(11, 2), y=np.arange(22).reshape(11, 2) * np.array([1, 2]), hidden=True,
        mutation="forbidden", about="one row of labels for each sample, whole numbers")  # fmt: skip
batches(OLD_ORDER, size=57, seed=18, inputs=MANY, hidden=True, about="the order in one single batch")
batches(BLOCKS, size=6, seed=19, inputs=MORE, hidden=True, about="samples that stand side by side in X", weight=2)
batches(EVEN_STEPS, size=8, seed=20, inputs=MANY, hidden=True, about="samples at equal distances in X", weight=2)
calls("", "result = order(np.random.default_rng(21)) == order(np.random.default_rng(22))", inputs=MANY, hidden=True,
      about="two seeds", weight=2)  # fmt: skip
calls(GLOBAL, TOUCHED, inputs=MANY, hidden=True, about="NumPy's global random numbers", weight=2)


@q.reference
def minibatches(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X[rows], y[rows]


@q.accepts
def minibatches(X, y, batch_size, rng):
    """Shuffle copies of both, with one order; a list of slices."""
    rows = np.arange(X.shape[0])
    rng.shuffle(rows)
    X, y = X[rows], y[rows]
    count = -(-len(rows) // batch_size)
    return [(X[i * batch_size : (i + 1) * batch_size], y[i * batch_size : (i + 1) * batch_size]) for i in range(count)]


@q.accepts
def minibatches(X, y, batch_size, rng):
    """Random keys are sorted; the order is cut where a batch is full."""
    order = np.argsort(rng.random(len(y)))
    for rows in np.split(order, np.arange(batch_size, len(y), batch_size)):
        yield np.take(X, rows, axis=0), np.take(y, rows, axis=0)


@q.accepts
def minibatches(X, y, batch_size, rng):
    """Draw without replacement until nothing is left."""
    left = list(range(len(X)))
    while left:
        rows = [left.pop(int(rng.integers(len(left)))) for _ in range(min(batch_size, len(left)))]
        yield [np.stack([X[i] for i in rows]), np.stack([y[i] for i in rows])]


@q.misconception("rest dropped", "How many samples do your batches hold together if their size does not divide n?")
def minibatches(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for i in range(len(X) // batch_size):
        rows = order[i * batch_size : (i + 1) * batch_size]
        yield X[rows], y[rows]


@q.misconception("an empty batch at the end", "What is in your last batch if its size divides n exactly?")
def minibatches(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for i in range(len(X) // batch_size + 1):
        rows = order[i * batch_size : (i + 1) * batch_size]
        yield X[rows], y[rows]


@q.misconception("not shuffled", "In which order do your samples come, and what do you use rng for?")
def minibatches(X, y, batch_size, rng):
    for start in range(0, len(X), batch_size):
        yield X[start : start + batch_size], y[start : start + batch_size]


@q.misconception("X and y shuffled by different orders", "How often do you draw an order, and how many are needed?")
def minibatches(X, y, batch_size, rng):
    X, y = rng.permutation(X), rng.permutation(y)
    for start in range(0, len(X), batch_size):
        yield X[start : start + batch_size], y[start : start + batch_size]


@q.misconception("only X shuffled", "A sample has moved: has its label moved with it?")
def minibatches(X, y, batch_size, rng):
    X = X[rng.permutation(len(X))]
    for start in range(0, len(X), batch_size):
        yield X[start : start + batch_size], y[start : start + batch_size]


@q.misconception(
    "batches shuffled, samples not", "Can two samples that are not neighbours in X meet in a batch of yours?"
)
def minibatches(X, y, batch_size, rng):
    starts = np.arange(0, len(X), batch_size)
    starts[:-1] = rng.permutation(starts[:-1])
    for start in starts:
        yield X[start : start + batch_size], y[start : start + batch_size]


@q.misconception(
    "shuffled within each batch only", "Can the first sample of X and the last one meet in a batch of yours?"
)
def minibatches(X, y, batch_size, rng):
    for start in range(0, len(X), batch_size):
        rows = start + rng.permutation(min(batch_size, len(X) - start))
        yield X[rows], y[rows]


@q.misconception("drawn with replacement", "Can a sample come twice in one pass over the data, and another one never?")
def minibatches(X, y, batch_size, rng):
    n = len(X)
    for start in range(0, n, batch_size):
        rows = rng.integers(n, size=min(batch_size, n - start))
        yield X[rows], y[rows]


q.misconception(
    "NumPy's global random numbers",
    "Whose random numbers do you draw, the ones that are handed in or those of all of NumPy?",
    """
    def minibatches(X, y, batch_size, rng):
        order = np.random.permutation(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            yield X[rows], y[rows]
    """,
)


@q.misconception("a seed of its own", "Should the second epoch go through the samples in the same order as the first?")
def minibatches(X, y, batch_size, rng):
    order = np.random.default_rng(0).permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X[rows], y[rows]


@q.misconception("a generator of its own", "Can the caller repeat your order by handing in the same seed again?")
def minibatches(X, y, batch_size, rng):
    order = np.random.default_rng().permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X[rows], y[rows]


@q.misconception("first batch only", "How often does your loop run before it meets return?")
def minibatches(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        return [(X[rows], y[rows])]


@q.misconception("work in the caller's arrays", "In which order does the caller find X and y afterwards?")
def minibatches(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    X[:], y[:] = X[order], y[order]
    for start in range(0, len(X), batch_size):
        yield X[start : start + batch_size], y[start : start + batch_size]


# --- in words --------------------------------------------------------------------------------------------------------

SET.written(
    "order_and_sum",
    points=4,
    rubric=(
        (1, "Why gradients add: a small change of the shared value reaches the loss along each of its uses at once; "
            "to first order the effects add (chain rule for several variables: sum over the users)."),
        (1, "Why the order matters: a node may hand its gradient on only when the contributions of all its users are "
            "in, so users come before the node: reverse topological order."),
        (1, "What goes wrong otherwise, on a graph of the student's own that has a shared node: right numbers for the "
            "overwritten or the too early gradient beside the right one."),
        (1, "One consequence: gradients must be reset to zero before the next pass because they accumulate; or a bias, "
            "used by every sample, has the sum over the batch as gradient; or the cost stays that of one visit to each "
            "edge, where following every path by itself may take exponentially many."),
    ),
    model_answer=(
        "Take b = 3a, c = a + b and f = b times c at a = 2. So b is 6, c is 8, f is 48, and f = 12a² has the "
        "slope 24a = 48. A small change of b reaches f in two ways: as a factor of the product and through c. "
        "Both happen at the same time, and for small changes the effects add up: df/db = c + b = 14 is the sum "
        "over all users of b of the user's gradient times the local slope. If the second contribution replaced "
        "the first, b would be left with 8 or with 6. Order matters because b hands its gradient on to a, "
        "multiplied by 3. It may do so only when it has heard from all its users, from f and from c. If b is "
        "handled right after f, before c, it passes on 3 · 8 = 24; what c adds later never reaches a, which ends "
        "at 24 + 6 = 30 instead of 3 · 14 + 6 = 48. In reverse topological order every node comes after all its "
        "users, so each edge is walked once. For the same reason gradients are set back to zero before the next "
        "pass, or the old ones would be added to the new ones."
    ),
)  # fmt: skip
