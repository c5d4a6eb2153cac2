"""Backward passes that are wrong in ways that really occur; the gradient checker must reject every one.

A row: what is wrong, the forward pass, the right backward pass, the wrong one, the inputs by name, and words
that the diagnosis must contain. Forward functions take the inputs, backward functions the inputs and G.
"""

from typing import NamedTuple

import numpy as np

RNG = np.random.default_rng(20)
X, W, B = RNG.normal(size=(5, 4)), RNG.normal(size=(4, 4)), RNG.normal(size=4)
S = RNG.normal(size=(6, 4)) * 2


class Wrong(NamedTuple):
    what: str
    forward: object
    right: object
    wrong: object
    inputs: dict
    cause: str


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_backward(s, G):
    a = softmax(s)
    return a * (G - (G * a).sum(-1, keepdims=True))


def dense(X, W, b):
    return X @ W + b


def dense_backward(X, W, b, G):
    return G @ W.T, X.T @ G, G.sum(0)


def normalize(x):
    return (x - x.mean(0)) / x.std(0)


def normalize_backward(x, G):
    a = normalize(x)
    return (G - G.mean(0) - a * (G * a).mean(0)) / x.std(0)


def corner(gradient, index, by):
    """A gradient that is right everywhere but at one index."""
    wrong = np.array(gradient)
    wrong[index] *= by
    return wrong


def changes_its_argument(s, G):
    G = G * np.cos(s)
    s += 1
    return G


def changes_the_upstream_gradient(s, G):
    G *= np.cos(s)
    return G.copy()


class Accumulates:
    """Adds to what the last call left behind."""

    def __init__(self):
        self.gradient = np.zeros_like(S)

    def __call__(self, s, G):
        self.gradient += G * np.cos(s)
        return self.gradient


def sine_backward(s, G):
    return G * np.cos(s)


def relu(s):
    return np.maximum(s, 0)


def power(x, n):
    return x**n


def power_backward(x, n, G):
    return G * n * x ** (n - 1), G * x**n * np.log(x)


POSITIVE = RNG.uniform(0.5, 2, (3, 2))
EXPONENT = RNG.uniform(0.5, 3, (3, 2))

TABLE = [
    Wrong("sign flipped", np.sin, sine_backward, lambda s, G: -G * np.cos(s), {"s": S}, "the sign is wrong"),
    Wrong("sigmoid slope without 1 - a", sigmoid, lambda s, G: G * sigmoid(s) * (1 - sigmoid(s)),
          lambda s, G: G * sigmoid(s), {"s": S}, "check the formula"),
    Wrong("G ignored", sigmoid, lambda s, G: G * sigmoid(s) * (1 - sigmoid(s)),
          lambda s, G: sigmoid(s) * (1 - sigmoid(s)), {"s": S}, "check the formula"),
    Wrong("mean instead of sum", dense, dense_backward,
          lambda X, W, b, G: (G @ W.T, X.T @ G / len(X), G.sum(0)), {"X": X, "W": W, "b": B}, "1/5 times"),
    Wrong("bias gradient not summed", dense, dense_backward,
          lambda X, W, b, G: (G @ W.T, X.T @ G, G), {"X": X, "W": W, "b": B}, "sum over the axes"),
    Wrong("W not transposed", dense, dense_backward,
          lambda X, W, b, G: (G @ W, X.T @ G, G.sum(0)), {"X": X, "W": W, "b": B}, "check the formula"),
    Wrong("dW transposed", dense, dense_backward,
          lambda X, W, b, G: (G @ W.T, G.T @ X, G.sum(0)),
          {"X": X, "W": W, "b": B}, "transposed"),
    Wrong("softmax without its coupling", softmax, softmax_backward,
          lambda s, G: G * softmax(s) * (1 - softmax(s)), {"s": S}, "check the formula"),
    Wrong("softmax gradient of G = 1", softmax, softmax_backward, lambda s, G: 0 * s, {"s": S}, "0 everywhere"),
    Wrong("normalization with constant mean and variance", normalize, normalize_backward,
          lambda x, G: G / x.std(0), {"x": X}, "check the formula"),
    Wrong("normalization with constant variance", normalize, normalize_backward,
          lambda x, G: (G - G.mean(0)) / x.std(0), {"x": X}, "the sums along axis 0 are right"),
    Wrong("mask of ReLU missing", relu, lambda s, G: G * (s > 0), lambda s, G: G, {"s": S}, "is a mask missing"),
    Wrong("mask of ReLU too strict", relu, lambda s, G: G * (s > 0), lambda s, G: G * (s > 1), {"s": S}, "too strict"),
    Wrong("slope of leaky ReLU on the wrong side", lambda s: np.where(s > 0, s, 0.1 * s),
          lambda s, G: G * np.where(s > 0, 1, 0.1), lambda s, G: G * np.where(s > 0, 0.1, 1), {"s": S},
          "check the formula"),
    Wrong("factor 2 forgotten", lambda s: s**2, lambda s, G: 2 * G * s, lambda s, G: G * s, {"s": S}, "1/2 times"),
    Wrong("path counted once", lambda s: s * np.sin(s), lambda s, G: G * (np.sin(s) + s * np.cos(s)),
          lambda s, G: G * s * np.cos(s), {"s": S}, "check the formula"),
    Wrong("two columns exchanged", np.sin, sine_backward, lambda s, G: sine_backward(s, G)[:, [1, 0, 2, 3]], {"s": S},
          "wrong places"),
    Wrong("NaN where the argument is large", np.sin, sine_backward,
          lambda s, G: np.where(s > 1, np.nan, sine_backward(s, G)), {"s": S}, "NaN or inf"),
    Wrong("argument changed", np.sin, sine_backward, changes_its_argument, {"s": S}, "changes its argument s"),
    Wrong("upstream gradient changed", np.sin, sine_backward, changes_the_upstream_gradient, {"s": S},
          "changes its argument G"),
    Wrong("factor missing in one row", np.sin, sine_backward, lambda s, G: corner(sine_backward(s, G), 2, 0.5),
          {"s": S}, "only 4 of 24 entries are wrong, all at index 2 of axis 0"),
    Wrong("constant rounded to 7 digits", lambda s: np.pi * s, lambda s, G: np.pi * G, lambda s, G: 3.141592 * G,
          {"s": S}, "right to 6 digits"),
    Wrong("last sample left out of a sum", dense, dense_backward,
          lambda X, W, b, G: (G @ W.T, X[:-1].T @ G[:-1], G.sum(0)), {"X": X, "W": W, "b": B}, "check the formula"),
    Wrong("stretched axis averaged", lambda s, b: s * b, lambda s, b, G: (G * b, (G * s).sum(0)),
          lambda s, b, G: (G * b, (G * s).mean(0)), {"s": S, "b": B}, "1/6 times"),
    Wrong("gradient accumulates over calls", np.sin, sine_backward, Accumulates(), {"s": S}, "the second call"),
    Wrong("computed in half precision", np.sin, sine_backward,
          lambda s, G: sine_backward(s, G).astype(np.float16).astype(np.float64), {"s": S}, "check the formula"),
    # the four that checkers of other courses and libraries let pass
    Wrong("one entry wrong, the sampled one right", np.sin, sine_backward,
          lambda s, G: corner(sine_backward(s, G), (5, 3), 1.01), {"s": S}, "only 1 of 24 entries"),
    Wrong("all zero, within an absolute tolerance of 1e-2", lambda s: 1e-3 * np.sin(s),
          lambda s, G: 1e-3 * G * np.cos(s), lambda s, G: 0 * s, {"s": S}, "0 everywhere"),
    Wrong("power rule that holds for exponent 0 alone", power, power_backward,
          lambda x, n, G: (0 * x, G * x**n * np.log(x)), {"x": POSITIVE, "n": EXPONENT}, "0 everywhere"),
    Wrong("errors that cancel in the sum", np.sin, sine_backward,
          lambda s, G: sine_backward(s, G) + 1e-4 * np.array([1, -1, 1, -1]),
          {"s": S}, "the sums along axis 1 are right"),
]  # fmt: skip
