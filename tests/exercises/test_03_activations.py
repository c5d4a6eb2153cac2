"""Set 03, thought of as an enemy and as a friend: wrong answers that nearly pass, and right ones that nearly fail."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from problem_sets import ROOT, the_reference, the_set

from autograder.questions import run_source
from course_lib.checks import load_checks

SET = the_set(ROOT / "solutions" / "03_activations")
LEAKY = """
def leaky_relu(z, slope=0.1):
    return np.where(z > 0, z, slope * z)

def leaky_relu_derivative(z, slope=0.1):
    return np.where(z > 0, 1.0, slope)
"""
ELU = """
def elu(z, alpha=1.0):
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))

def elu_derivative(z, alpha=1.0):
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))
"""
SIGMA = "sigma = lambda t: 0.5 + 0.5 * np.tanh(t / 2)\n"

NEARLY_RIGHT = {
    "leaky_relu with the derivative by a quotient": LEAKY
    + """
def leaky_relu_derivative(z, slope=0.1):
    return (leaky_relu(z + 1e-6, slope) - leaky_relu(z - 1e-6, slope)) / 2e-6
""",
    "leaky_relu with a derivative between the two at 0": LEAKY
    + """
def leaky_relu_derivative(z, slope=0.1):
    return slope + (1 - slope) * np.heaviside(z, 0.5)
""",
    "leaky_relu flat": LEAKY + "leaky_relu = lambda z, slope=0.1: np.maximum(z, slope * z).ravel()\n",
    "leaky_relu without its derivative": "leaky_relu = lambda z, slope=0.1: np.maximum(z, slope * z)",
    "leaky_relu with the derivative by the value over z": LEAKY
    + """
def leaky_relu_derivative(z, slope=0.1):
    with np.errstate(invalid="ignore"):
        return leaky_relu(z, slope) / z
""",
    "elu that clips its input at 700": ELU
    + """
def elu(z, alpha=1.0):
    z = np.clip(z, -700, 700)
    return np.where(z > 0, z, alpha * np.expm1(z))
""",
    "elu with NaN replaced": ELU
    + """
def elu(z, alpha=1.0):
    with np.errstate(all="ignore"):
        right = (z > 0) * 1.0
        return np.nan_to_num(right * z + (1 - right) * alpha * np.expm1(z))
""",
    "elu with the derivative of SELU": ELU
    + """
def elu_derivative(z, alpha=1.0):
    return 1.0507 * np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))
""",
    "softplus by the sigmoid": "softplus = lambda z: -np.log(1 / (1 + np.exp(z)))",
    "softplus smoothed at another scale": "softplus = lambda z: np.logaddexp(0, 10 * z) / 10",
    "softplus with threshold 15": "softplus = lambda z: np.where(z > 15, z, np.log1p(np.exp(np.clip(z, -9e2, 15))))",
    "softplus with threshold 17": "softplus = lambda z: np.where(z > 17, z, np.logaddexp(0, z))",
    "softplus that is zero from -20 on": "softplus = lambda z: np.where(z < -20, 0.0, np.logaddexp(0, z))",
    "softplus that repairs infinities": """
        def softplus(z):
            with np.errstate(over="ignore"):
                return np.nan_to_num(np.log1p(np.exp(z)), posinf=1000.0)
        """,
    "softplus to base 2": "softplus = lambda z: np.logaddexp2(0, z)",
    "softplus minus its value at 0": "softplus = lambda z: np.logaddexp(0, z) - np.log(2)",
    "maxout of the first two pieces": "maxout = lambda X, W, b: (X @ W[:2] + b[:2, None]).max(axis=0)",
    "maxout, smooth": "maxout = lambda X, W, b: np.log(np.sum(np.exp(X @ W + b[:, None]), axis=0))",
    "maxout, transposed": "maxout = lambda X, W, b: (X @ W + b[:, None]).max(axis=0).T",
    "maxout with the biases of the first piece": "maxout = lambda X, W, b: (X @ W + b[0]).max(axis=0)",
    "maxout_backward where the loser of two learns": """
        def maxout_backward(X, W, b, G):
            s = X @ W + b[:, None]
            dS = (s == s.min(axis=0)) * G
            return np.einsum("pnu,pdu->nd", dS, W), np.einsum("nd,pnu->pdu", X, dS), dS.sum(axis=1)
        """,
    "maxout_backward with the first unit's winner for all": """
        def maxout_backward(X, W, b, G):
            s = X @ W + b[:, None]
            dS = (s == s.max(axis=0))[:, :, :1] * G
            return np.einsum("pnu,pdu->nd", dS, W), np.einsum("nd,pnu->pdu", X, dS), dS.sum(axis=1)
        """,
    "maxout_backward with mean for db only": """
        def maxout_backward(X, W, b, G):
            s = X @ W + b[:, None]
            dS = (s == s.max(axis=0)) * G
            return np.einsum("pnu,pdu->nd", dS, W), np.einsum("nd,pnu->pdu", X, dS), dS.mean(axis=1)
        """,
    "bump of piecewise lines": """
        def bump(x, left, right, height, steepness):
            step = lambda t: np.clip(0.2 * t + 0.5, 0, 1)
            return height * (step(steepness * (x - left)) - step(steepness * (x - right)))
        """,
    "bump with its argument clipped at 10": """
        def bump(x, left, right, height, steepness):
            step = lambda t: 1 / (1 + np.exp(-np.clip(t, -10, 10)))
            return height * (step(steepness * (x - left)) - step(steepness * (x - right)))
        """,
    "bump that is NaN far away": """
        def bump(x, left, right, height, steepness):
            step = lambda t: np.exp(t) / (1 + np.exp(t))
            return height * (step(steepness * (x - left)) - step(steepness * (x - right)))
        """,
    "bump twice as steep": SIGMA + "bump = lambda x, left, right, height, steepness: "
    "height * (sigma(2 * steepness * (x - left)) - sigma(2 * steepness * (x - right)))",
    "riemann_network of half the steepness": SIGMA
    + """
def riemann_network(f, n_bumps, steepness):
    w, k = 1 / n_bumps, steepness / 2
    heights = [f((i + 0.5) * w) for i in range(n_bumps)]
    return lambda x: sum(h * (sigma(k * (x - i * w)) - sigma(k * (x - i * w - w))) for i, h in enumerate(heights))
""",
    "riemann_network by linear interpolation": """
        def riemann_network(f, n_bumps, steepness):
            edges = np.linspace(0, 1, n_bumps + 1)
            values = [f(edge) for edge in edges]
            return lambda x: np.interp(x, edges, values)
        """,
    "riemann_network that forgets its last bump": """
        def riemann_network(f, n_bumps, steepness):
            w = 1 / n_bumps
            heights = [f((i + 0.5) * w) for i in range(n_bumps - 1)]
            return lambda x: 0 * x + sum(bump(x, i * w, i * w + w, h, steepness) for i, h in enumerate(heights))
        """,
    "riemann_network that is one bump late": """
        def riemann_network(f, n_bumps, steepness):
            w = 1 / n_bumps
            heights = [f((i - 1) * w) for i in range(n_bumps)]
            return lambda x: sum(bump(x, i * w, i * w + w, h, steepness) for i, h in enumerate(heights))
        """,
    "riemann_network with a fixed number of bumps": """
        def riemann_network(f, n_bumps, steepness):
            heights = [f((i + 0.5) / 100) for i in range(100)]
            return lambda x: sum(bump(x, i / 100, (i + 1) / 100, h, steepness) for i, h in enumerate(heights))
        """,
    "riemann_network that can be called once": """
        def riemann_network(f, n_bumps, steepness):
            w = 1 / n_bumps
            columns = ((i * w, f((i + 0.5) * w)) for i in range(n_bumps))
            columns = iter([(left, h) for left, h in columns])
            return lambda x: sum((bump(x, left, left + w, h, steepness) for left, h in columns), 0 * x)
        """,
    "riemann_network that shares its heights": """
        HEIGHTS = []
        def riemann_network(f, n_bumps, steepness):
            w = 1 / n_bumps
            HEIGHTS[:] = [f((i + 0.5) * w) for i in range(n_bumps)]
            return lambda x: sum(bump(x, i * w, i * w + w, h, steepness) for i, h in enumerate(HEIGHTS))
        """,
    "gradient_norms without the first layer": """
        def gradient_norms(weights, derivative, activation, x, g):
            a, sums = x, []
            for W in weights:
                sums.append(a @ W)
                a = activation(sums[-1])
            norms = []
            for W, s in list(zip(weights, sums))[:0:-1]:
                norms.insert(0, np.linalg.norm(g * derivative(s)))
                g = (g * derivative(s)) @ W.T
            return norms
        """,
    "gradient_norms by absolute values": """
        def gradient_norms(weights, derivative, activation, x, g):
            a, sums = x, []
            for W in weights:
                sums.append(a @ W)
                a = activation(sums[-1])
            norms = []
            for W, s in zip(weights[::-1], sums[::-1]):
                g = g * derivative(s)
                norms.insert(0, np.abs(g).sum())
                g = g @ W.T
            return norms
        """,
    "gradient_norms of the first sample": """
        def gradient_norms(weights, derivative, activation, x, g):
            a, sums = x[:1], []
            for W in weights:
                sums.append(a @ W)
                a = activation(sums[-1])
            norms, g = [], g[:1]
            for W, s in zip(weights[::-1], sums[::-1]):
                g = g * derivative(s)
                norms.insert(0, np.linalg.norm(g))
                g = g @ W.T
            return norms
        """,
    "gradient_norms that turns the list round": """
        def gradient_norms(weights, derivative, activation, x, g):
            a, sums = x, []
            for W in weights:
                sums.insert(0, a @ W)
                a = activation(sums[0])
            weights.reverse()
            norms = []
            for W, s in zip(weights, sums):
                g = g * derivative(s)
                norms.insert(0, np.linalg.norm(g))
                g = g @ W.T
            return norms
        """,
}

UNUSUAL_BUT_RIGHT = {
    "leaky_relu by select": LEAKY
    + """
def leaky_relu(z, slope=0.1):
    z = np.asarray(z)
    return np.select([z > 0, z <= 0], [z, np.multiply(z, slope)])
""",
    "leaky_relu as nested lists": LEAKY
    + """
leaky = np.frompyfunc(lambda s, slope: float(s if s > 0 else slope * s), 2, 1)
def leaky_relu(z, slope=0.1):
    return np.asarray(leaky(z, slope), dtype=float).tolist()
""",
    "leaky_relu by absolute values": LEAKY
    + """
def leaky_relu(z, slope=0.1):
    return 0.5 * (1 + slope) * z + 0.5 * (1 - slope) * abs(z)
""",
    "leaky_relu on a product that is its own": LEAKY
    + """
def leaky_relu(z, slope=0.1):
    a = z * 1.0
    a[a < 0] *= slope
    return a
""",
    "leaky_relu by recursion through the rows": LEAKY
    + """
def leaky_relu(z, slope=0.1):
    return [leaky_relu(row, slope) for row in z] if isinstance(z, np.ndarray) else max(z, slope * z)
""",
    "elu with the warnings silenced": """
        def elu(z, alpha=1.0):
            with np.errstate(over="ignore"):
                return np.where(z > 0, z, alpha * (np.exp(z * 1.0) - 1))

        def elu_derivative(z, alpha=1.0):
            with np.errstate(over="ignore"):
                return np.where(z > 0, 1.0, alpha * np.exp(z * 1.0))
        """,
    "elu by np.piecewise": ELU
    + """
def elu(z, alpha=1.0):
    z = np.asarray(z, dtype=float)
    return np.piecewise(z, [z > 0, z <= 0], [lambda s: s, lambda s: alpha * np.expm1(s)])
""",
    "elu by the where argument of a ufunc": ELU
    + """
def elu_derivative(z, alpha=1.0):
    z = np.asarray(z, dtype=float)
    d = np.zeros_like(z)
    np.exp(z, out=d, where=z <= 0)
    return np.where(z > 0, 1, alpha * d)
""",
    "softplus by SciPy": """
        def softplus(z):
            from scipy.special import expit
            return np.maximum(z, 0) - np.log(expit(np.abs(z)))
        """,
    "softplus in long double": """
        def softplus(z):
            return np.log1p(np.exp(np.asarray(z, dtype=np.longdouble))).astype(float)
        """,
    "softplus with the two exponentials balanced": """
        def softplus(z):
            half = np.abs(np.divide(z, 2))
            return np.divide(z, 2) + half + np.log1p(np.exp(-2 * half))
        """,
    "softplus with PyTorch's threshold": """
        def softplus(z):
            return np.where(np.asarray(z) > 20, z, np.log1p(np.exp(np.minimum(z, 20))))
        """,
    "maxout by one wide layer": """
        def maxout(X, W, b):
            p, d, u = W.shape
            s = X @ W.transpose(1, 0, 2).reshape(d, p * u) + b.reshape(p * u)
            return s.reshape(len(X), p, u).max(axis=1)
        """,
    "maxout by sorting": "maxout = lambda X, W, b: np.sort([X @ w + c for w, c in zip(W, b)], axis=0)[-1].tolist()",
    "maxout_backward with one-hot winners": """
        def maxout_backward(X, W, b, G):
            winner = np.argmax(np.tensordot(X, W, axes=(1, 1)) + b, axis=1)
            dS = np.eye(len(W))[winner].transpose(0, 2, 1) * G[:, None, :]
            return (np.tensordot(dS, W, axes=((1, 2), (0, 2))),
                    np.tensordot(dS, X, axes=(0, 0)).transpose(0, 2, 1), dS.sum(0))
        """,
    "maxout_backward by np.add.at": """
        def maxout_backward(X, W, b, G):
            winner = np.argmax(np.array([X @ w + c for w, c in zip(W, b)]), axis=0)
            db = np.zeros(b.shape)
            np.add.at(db, (winner, np.arange(G.shape[1])[None, :]), G)
            dW = np.zeros(W.shape)
            for j in range(G.shape[1]):
                np.add.at(dW[:, :, j], winner[:, j], X * G[:, j:j + 1])
            dX = sum(W[winner[:, j], :, j] * G[:, j:j + 1] for j in range(G.shape[1]))
            return dX, dW, db
        """,
    "bump with masks": """
        def sigmoid(t):
            a = np.zeros_like(t, dtype=float)
            a[t >= 0] = 1 / (1 + np.exp(-t[t >= 0]))
            a[t < 0] = np.exp(t[t < 0]) / (1 + np.exp(t[t < 0]))
            return a

        def bump(x, left, right, height, steepness):
            return height * (sigmoid(steepness * (x - left)) - sigmoid(steepness * (x - right)))
        """,
    "bump by SciPy": """
        def bump(x, left, right, height, steepness):
            from scipy.special import expit
            return height * expit(steepness * (x - left)) - height * expit(steepness * (x - right))
        """,
    "bump with the warnings silenced": """
        def bump(x, left, right, height, steepness):
            with np.errstate(over="ignore"):
                up, down = 1 / (1 + np.exp(-steepness * (x - left))), 1 / (1 + np.exp(-steepness * (x - right)))
            return height * (up - down)
        """,
    "riemann_network with a sigmoid that overflows": """
        def riemann_network(f, n_bumps, steepness):
            sigma = lambda t: 1 / (1 + np.exp(-t))
            edges = np.linspace(0, 1, n_bumps + 1)
            heights = [f(edge) for edge in edges[:-1]]
            return lambda x: sum(h * (sigma(steepness * (x - a)) - sigma(steepness * (x - b)))
                                 for h, a, b in zip(heights, edges[:-1], edges[1:]))
        """,
    "riemann_network with its outer steps far outside": SIGMA
    + """
def riemann_network(f, n_bumps, steepness):
    edges = np.linspace(0, 1, n_bumps + 1)
    heights = f((edges[:-1] + edges[1:]) / 2)
    edges[0], edges[-1] = -1, 2
    return lambda x: sum(
        h * (sigma(steepness * (x - a)) - sigma(steepness * (x - b))) for h, a, b in zip(heights, edges, edges[1:])
    )
""",
    "riemann_network with default arguments against late binding": """
        def riemann_network(f, n_bumps, steepness):
            w = 1.0 / n_bumps
            bumps = [lambda x, i=i, h=f((i + 0.3) * w): bump(x, i * w, (i + 1) * w, h, steepness)
                     for i in range(n_bumps)]
            return lambda x: np.sum([b(np.asarray(x)) for b in bumps], axis=0)
        """,
    "riemann_network by a partial": """
        def riemann_network(f, n_bumps, steepness):
            from functools import partial
            edges = np.arange(n_bumps + 1) / n_bumps
            def network(edges, heights, x):
                steps = 0.5 + 0.5 * np.tanh(steepness * np.subtract.outer(x, edges) / 2)
                return -np.diff(steps, axis=-1) @ heights
            return partial(network, edges, np.array([f(e) for e in edges[1:]]))
        """,
    "gradient_norms by np.vectorize of functions": """
        def gradient_norms(weights, derivative, activation, x, g):
            sums = [x @ weights[0]]
            for W in weights[1:]:
                sums += [activation(sums[-1]) @ W]
            deltas = [g * derivative(sums[-1])]
            for l in range(len(weights) - 1, 0, -1):
                deltas = [deltas[0] @ weights[l].T * derivative(sums[l - 1]), *deltas]
            return np.array([np.sqrt(np.trace(delta @ delta.T)) for delta in deltas])
        """,
    "gradient_norms by hypot": """
        def gradient_norms(weights, derivative, activation, x, g):
            slopes, a = [], x
            for W in weights:
                a = a @ W
                slopes.append(derivative(a))
                a = activation(a)
            norms = {}
            for l in range(len(weights))[::-1]:
                g = np.multiply(g, slopes[l], dtype=float)
                norms[l] = np.hypot.reduce(g, axis=None)
                g = np.matmul(g, np.transpose(weights[l]))
            return [norms[l] for l in sorted(norms)]
        """,
}

OTHER_HANDWRITING = {
    "leaky_relu the slope at 0": LEAKY
    + "leaky_relu_derivative = lambda z, slope=0.1: slope + (1 - slope) * (z >= 0)\n",
    "leaky_relu plain ReLU": """
        def leaky_relu(z, slope=0.1):
            return z * (z > 0)

        def leaky_relu_derivative(z, slope=0.1):
            return np.heaviside(z, 0.0)
        """,
    "leaky_relu one number at a time": """
        def leaky_relu(z, slope=0.1):
            return max(z, slope * z)

        def leaky_relu_derivative(z, slope=0.1):
            if z > 0:
                return 1.0
            else:
                return slope
        """,
    "leaky_relu integer array": """
        def leaky_relu(z, slope=0.1):
            out = np.empty_like(z)
            np.copyto(out, np.where(z > 0, z, slope * z), casting="unsafe")
            return out

        def leaky_relu_derivative(z, slope=0.1):
            return np.where(z > 0, 1, slope).astype(z.dtype)
        """,
    "leaky_relu work in the caller's array": LEAKY
    + """
def leaky_relu(z, slope=0.1):
    z[z <= 0] = slope * z[z <= 0]
    return z
""",
    "elu integer array": ELU
    + """
def elu(z, alpha=1.0):
    a = z.copy()
    for index in np.ndindex(z.shape):
        if z[index] <= 0:
            a[index] = alpha * (np.exp(z[index]) - 1)
    return a
""",
    "elu both branches computed": """
        def elu(z, alpha=1.0):
            return np.where(z <= 0, alpha * np.expm1(z), z)

        def elu_derivative(z, alpha=1.0):
            return np.where(z <= 0, alpha * np.exp(z), np.ones_like(z))
        """,
    "elu slope without alpha": ELU + "elu_derivative = lambda z, alpha=1.0: np.exp(np.minimum(z, 0))\n",
    "elu value plus one": ELU + "elu_derivative = lambda z, alpha=1.0: np.where(z > 0, 1, 1 + elu(z, alpha))\n",
    "softplus overflow": "softplus = lambda z: np.log1p(np.exp(z))",
    "softplus both branches computed": "softplus = lambda z: np.where(z < 50, np.log(1 + np.exp(z)), z)",
    "softplus even function": "softplus = lambda z: np.logaddexp(0, np.abs(z))",
    "maxout biases laid along the samples": "maxout = lambda X, W, b: np.max(np.matmul(X, W) + b, axis=0)",
    "maxout cut off at zero": """
        def maxout(X, W, b):
            best = np.zeros((len(X), W.shape[2]))
            for p in range(len(W)):
                best = np.maximum(best, X @ W[p] + b[p])
            return best
        """,
    "maxout lost bias": "maxout = lambda X, W, b: np.max([X @ w for w in W], axis=0)",
    "maxout_backward every piece learns": """
        def maxout_backward(X, W, b, G):
            return sum(G @ w.T for w in W), np.array([X.T @ G for _ in W]), np.array([G.sum(0) for _ in W])
        """,
    "maxout_backward mean over the batch": """
        def maxout_backward(X, W, b, G):
            winner = np.argmax([X @ w + c for w, c in zip(W, b)], axis=0)
            masks = [(winner == p) * G for p in range(len(W))]
            return (sum(m @ w.T for m, w in zip(masks, W)), np.array([X.T @ m / len(X) for m in masks]),
                    np.array([m.mean(0) for m in masks]))
        """,
    "maxout_backward winner chosen without the bias": """
        def maxout_backward(X, W, b, G):
            winner = np.argmax([X @ w for w in W], axis=0)
            masks = [(winner == p) * G for p in range(len(W))]
            return (sum(m @ w.T for m, w in zip(masks, W)), [X.T @ m for m in masks], [m.sum(0) for m in masks])
        """,
    "bump steps in the wrong place": SIGMA + "bump = lambda x, left, right, height, steepness: "
    "height * sigma(-left + steepness * x) - height * sigma(-right + steepness * x)",
    "bump two steps up": """
        def bump(x, left, right, height, steepness):
            return height * (1 + np.tanh(steepness * (x - left) / 2) / 2 + np.tanh(steepness * (x - right) / 2) / 2)
        """,
    "bump hard edges": "bump = lambda x, left, right, height, steepness: height * (1.0 * (left < x) - (right < x))",
    "riemann_network every bump is the last one": """
        def riemann_network(f, n_bumps, steepness):
            w = 1 / n_bumps
            parts = [lambda x: bump(x, i * w, (i + 1) * w, f(i * w + w / 2), steepness) for i in range(n_bumps)]
            return lambda x: sum(part(x) for part in parts)
        """,
    "riemann_network area instead of height": """
        def riemann_network(f, n_bumps, steepness):
            edges = np.linspace(0, 1, n_bumps + 1)
            areas = np.diff(edges) * [f((a + b) / 2) for a, b in zip(edges, edges[1:])]
            return lambda x: sum(bump(x, a, b, h, steepness) for a, b, h in zip(edges, edges[1:], areas))
        """,
    "riemann_network f called again later": """
        def riemann_network(f, n_bumps, steepness):
            def network(x):
                middles = (np.arange(n_bumps) + 0.5) / n_bumps
                return sum(bump(x, m - 0.5 / n_bumps, m + 0.5 / n_bumps, h, steepness)
                           for m, h in zip(middles, f(middles)))
            return network
        """,
    "riemann_network edges too sharp": SIGMA
    + """
def riemann_network(f, n_bumps, steepness):
    w = 1 / n_bumps
    heights = [f(i * w) for i in range(n_bumps)]
    return lambda x: sum(h * (sigma(1e6 * (x - i * w)) - sigma(1e6 * (x - i * w - w))) for i, h in enumerate(heights))
""",
    "gradient_norms output side first": """
        def gradient_norms(weights, derivative, activation, x, g):
            a, sums = x, []
            for W in weights:
                sums.append(a @ W)
                a = activation(sums[-1])
            norms = []
            while sums:
                g = g * derivative(sums.pop())
                norms.append(np.sqrt((g**2).sum()))
                g = g @ weights[len(sums)].T
            return norms
        """,
    "gradient_norms no activation on the last layer": """
        def gradient_norms(weights, derivative, activation, x, g):
            a, sums = x, []
            for W in weights:
                sums.append(a @ W)
                a = activation(sums[-1])
            deltas = [g]
            for l in range(len(weights) - 2, -1, -1):
                deltas.insert(0, deltas[0] @ weights[l + 1].T * derivative(sums[l]))
            return [np.linalg.norm(delta) for delta in deltas]
        """,
    "gradient_norms slope taken at the output": """
        def gradient_norms(weights, derivative, activation, x, g):
            outputs = [x]
            for W in weights:
                outputs.append(activation(outputs[-1] @ W))
            norms = []
            for W, a in zip(weights[::-1], outputs[:0:-1]):
                g = g * derivative(a)
                norms.insert(0, np.linalg.norm(g))
                g = g @ W.T
            return norms
        """,
}


HEIGHTS = {
    "left": "f(a)",
    "right": "f(a + w)",
    "middle": "f(a + w / 2)",
    "somewhere": "f(a + 0.8137 * w)",
    "mean": "np.mean(f(np.linspace(a, a + w, 25)))",
    "integral": "__import__('scipy.integrate').integrate.quad(f, a, a + w)[0] / w",
    "largest": "np.max(f(np.linspace(a, a + w, 25)))",
    "smallest": "min(f(a + w * i / 24) for i in range(25))",
    "as an array": "f(np.array([a + w / 2]))[0]",
}


@pytest.mark.parametrize("point", HEIGHTS)
def test_height_at_any_point_of_a_bump_is_right(point: str) -> None:
    result = SET.questions["riemann_network"].grade_source(
        "def riemann_network(f, n_bumps, steepness):\n"
        "    w = 1 / n_bumps\n"
        f"    columns = [(a, {HEIGHTS[point]}) for a in np.arange(n_bumps) * w]\n"
        "    return lambda x: sum(bump(x, a, a + w, height, steepness) for a, height in columns)\n"
    )
    assert [case.message for case in result.cases if case.message] == []


@pytest.mark.parametrize("name", ["elu", "softplus", "bump"])
def test_stability_is_worth_less_than_half(name: str) -> None:
    """An answer that overflows has understood the function."""
    question = SET.questions[name]
    first = "both branches computed" if name == "elu" else "overflow"
    source = next(source for known, source in question.misconceptions if known.name == first)
    assert question.points / 2 < question.grade_source(source).points < question.points


@pytest.mark.parametrize(("name", "half"), [("leaky_relu", LEAKY), ("elu", ELU)])
def test_function_and_derivative_are_worth_the_same(name: str, half: str) -> None:
    """Give one of the two only: each earns about half of the points."""
    question = SET.questions[name]
    for missing in question.names:
        points = question.grade_source(f"{half}\ndel {missing}\n").points
        assert points == pytest.approx(question.points / 2, rel=0.15)


@pytest.mark.parametrize("name", ["leaky_relu", "elu", "softplus", "maxout", "maxout_backward", "bump"])
def test_cases_cover_whole_numbers_single_precision_and_protected_arrays(name: str) -> None:
    cases = SET.questions[name].cases
    inputs = [np.asarray(value) for case in cases for value in case.inputs.values()]
    assert any(array.dtype == np.float32 for array in inputs)
    assert any(array.dtype.kind == "i" and array.size > 1 for array in inputs)
    assert {case.layout for case in cases} == {"plain", "read-only", "strided"}


def test_no_piece_ties_in_any_maxout_case() -> None:
    for case in SET.questions["maxout_backward"].cases:
        X, W, b = (np.asarray(case.inputs[name], dtype=float) for name in "XWb")
        s = np.sort(X @ W + b[:, None], axis=0)
        assert len(s) == 1 or (s[-1] - s[-2]).min() > 1e-3


@pytest.mark.parametrize("name", ["softplus", "sigmoid"])
def test_borrowed_answer_is_refused(name: str) -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    namespace = run_source(f"from course_lib.reference import activations\nsoftplus = activations.{name}")
    message = checks.message(checks.questions["softplus"], namespace)
    assert message is not None and "write it yourself" in message


@pytest.mark.parametrize("name", list(SET.questions))
def test_forgotten_return_is_said_in_so_many_words(name: str) -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    message = checks.message(checks.questions[name], dict.fromkeys(SET.questions[name].names, lambda *_, **__: None))
    assert message is not None
    assert ("callable" if name == "riemann_network" else "is a return missing?") in message


Z = torch.tensor([[-30.0, -2.5, -1e-3, 0.0], [1e-3, 0.7, 3.0, 15.0]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("name", "theirs", "option"),
    [
        ("leaky_relu", torch.nn.functional.leaky_relu, 0.3),
        ("elu", torch.nn.functional.elu, 1.7),
    ],
)
def test_reference_and_its_derivative_match_torch(name: str, theirs: Callable, option: float) -> None:
    """PyTorch counts 0 to the left, as the set does."""
    z = Z.clone().requires_grad_()
    value = theirs(z, option)
    value.sum().backward()
    np.testing.assert_allclose(the_reference(SET, name)(Z.numpy(), option), value.detach().numpy(), rtol=1e-12)
    derivative = the_reference(SET, name, f"{name}_derivative")(Z.numpy(), option)
    np.testing.assert_allclose(derivative, z.grad.numpy(), rtol=1e-12)


def test_reference_softplus_matches_torch() -> None:
    expected = torch.nn.functional.softplus(Z, threshold=100).numpy()
    np.testing.assert_allclose(the_reference(SET, "softplus")(Z.numpy()), expected, rtol=1e-12)


def test_reference_maxout_and_its_gradients_match_torch_autograd() -> None:
    rng = np.random.default_rng(0)
    X, W, b, G = (rng.normal(size=shape) for shape in ((6, 4), (3, 4, 5), (3, 5), (6, 5)))
    leaves = [torch.tensor(array, requires_grad=True) for array in (X, W, b)]
    a = (torch.einsum("nd,pdu->pnu", *leaves[:2]) + leaves[2][:, None]).amax(dim=0)
    a.backward(torch.tensor(G))
    np.testing.assert_allclose(the_reference(SET, "maxout")(X, W, b), a.detach().numpy(), rtol=1e-12)
    for ours, leaf in zip(the_reference(SET, "maxout_backward")(X, W, b, G), leaves, strict=True):
        np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_reference_gradient_norms_match_torch_autograd() -> None:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=pair) for pair in ((3, 5), (5, 4), (4, 4), (4, 2))]
    x, g = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    a, sums = torch.tensor(x, requires_grad=True), []
    for W in weights:
        sums.append(a @ torch.tensor(W))
        sums[-1].retain_grad()
        a = torch.tanh(sums[-1])
    a.backward(torch.tensor(g))
    ours = the_reference(SET, "gradient_norms")(weights, lambda s: 1 - np.tanh(s) ** 2, np.tanh, x, g)
    np.testing.assert_allclose(ours, [s.grad.norm().item() for s in sums], rtol=1e-10)


ACTIVATIONS = {
    "sigmoid": (1.0, lambda s: 1 / (1 + np.exp(-s)), lambda s: 0.25 / np.cosh(s / 2) ** 2),
    "relu": (2.0, lambda s: np.maximum(s, 0), lambda s: (s > 0) * 1.0),
}


@pytest.mark.parametrize(("name", "low", "high"), [("sigmoid", 4e5, 6e5), ("relu", 0.7, 1.4)])
def test_ratios_named_in_the_last_question_are_true(name: str, low: float, high: float) -> None:
    rng = np.random.default_rng(0)
    gain, activation, derivative = ACTIVATIONS[name]
    weights = [rng.normal(scale=np.sqrt(gain / 64), size=(64, 64)) for _ in range(10)]
    x, g = rng.normal(size=(2, 100, 64))
    norms = the_reference(SET, "gradient_norms")(weights, derivative, activation, x, g)
    assert low < norms[-1] / norms[0] < high
