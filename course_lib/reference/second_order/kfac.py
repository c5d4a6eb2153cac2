r"""K-FAC: natural gradient with one small matrix for the inputs of a layer and one for its outputs.

The Fisher matrix of a dense layer is E[(aaᵀ) ⊗ (gg^T)]: a its input (with a 1 for the bias), g = d(−log p)/ds
for a label drawn from the model. K-FAC takes the expectations apart, F ≈ A ⊗ S with A = E[aaᵀ], S = E[ggᵀ], so
that its inverse is A⁻¹ ⊗ S⁻¹ and the step of a layer is A⁻¹ dW S⁻¹. Source: Martens and Grosse, 2015.
"""

from dataclasses import dataclass

import numpy as np

from course_lib.reference.layers import Dense
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.validation import as_generator, check_number


@dataclass
class Factors:
    """What is known about one dense layer: A (inputs, bias last) and S (outputs)."""

    layer: Dense
    A: np.ndarray
    S: np.ndarray


def kronecker_factors(network: Network, X: np.ndarray, labels: np.ndarray) -> list[Factors]:
    """Return A = mean aaᵀ and S = mean ggᵀ of each dense layer for given labels.

    Parameters
    ----------
    network : Network
        Its outputs are logits.
    X : ndarray, (n, features)
    labels : ndarray of int, (n,)
        Drawn from the model for the Fisher matrix; the true ones give the *empirical* Fisher.

    Returns
    -------
    list of Factors
        In the order of the layers. The network's gradient is overwritten.

    Examples
    --------
    >>> network = Network([Dense(2, kernel_initializer="zeros")], input_shape=1, dtype="float64")
    >>> (factors,) = kronecker_factors(network, np.array([[3.0]]), np.array([0]))
    >>> factors.A, factors.S
    (array([[9., 3.],
           [3., 1.]]), array([[ 0.25, -0.25],
           [-0.25,  0.25]]))
    """
    logits = network.forward(X, training=True)
    G = SparseCategoricalCrossentropy(from_logits=True).gradient(labels, logits) * len(X)  # by sample, not mean
    factors = []
    for layer in reversed(network.layers):
        if isinstance(layer, Dense):
            factors.append(Factors(layer, _second_moment(_inputs(layer)), _second_moment(G)))
        G = layer.backward(G)
    return factors[::-1]


def _inputs(layer: Dense) -> np.ndarray:
    """Return the layer's last inputs, with a column of ones if it has a bias."""
    return np.hstack([layer.X, np.ones((len(layer.X), 1))]) if layer.use_bias else layer.X


def _second_moment(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return rows.T @ rows / len(rows)


class KFAC:
    """Train a network of dense layers for classification by Kronecker-factored natural gradient.

    Parameters
    ----------
    learning_rate : float
        Of the natural gradient.
    damping : float
        λ > 0, shared between the factors: A + π√λ·I and S + (√λ/π)·I, π² = mean diag A / mean diag S.
    decay : float
        Memory of the running averages of A and S, in [0, 1).
    seed : int or Generator
        For the labels that are drawn from the model.

    Examples
    --------
    >>> X, labels = np.eye(3), np.arange(3)
    >>> network = Network([Dense(3)], input_shape=3, dtype="float64")
    >>> optimizer = KFAC(learning_rate=0.5)
    >>> losses = [optimizer.train_batch(network, X, labels) for _ in range(20)]
    >>> losses[-1] < 0.2 * losses[0]
    True
    """

    def __init__(
        self,
        learning_rate: float = 0.1,
        damping: float = 1e-2,
        decay: float = 0.95,
        seed: int | np.random.Generator = 0,
    ) -> None:
        self.learning_rate = check_number("learning_rate", learning_rate, 0)
        self.damping = check_number("damping", damping, 0, open_low=True)
        self.decay = check_number("decay", decay, 0, 1, open_high=True)
        self.rng = as_generator(seed)
        self.loss = SparseCategoricalCrossentropy(from_logits=True)
        self.factors: list[Factors] = []
        self.t = 0

    def train_batch(self, network: Network, X: np.ndarray, labels: np.ndarray) -> float:
        """Make one step on one batch, in place; return the loss before it."""
        self._update_factors(network, X)
        logits = network.forward(X, training=True)
        network.backward(self.loss.gradient(labels, logits))
        for factors in self.factors:
            self.precondition(factors)
        network.parameters -= self.learning_rate * network.gradient
        return self.loss(labels, logits)

    def _update_factors(self, network: Network, X: np.ndarray) -> None:
        """Let the running averages see a batch whose labels are drawn from the model."""
        logits = network.forward(X, training=True).astype(np.float64)
        gumbel = self.rng.gumbel(size=logits.shape)
        new = kronecker_factors(network, X, (logits + gumbel).argmax(axis=1))
        self.t += 1
        weight = max(1 / self.t, 1 - self.decay)  # a plain mean until the memory is full
        for old, latest in zip(self.factors or new, new, strict=True):
            old.A += weight * (latest.A - old.A)
            old.S += weight * (latest.S - old.S)
        self.factors = self.factors or new

    def precondition(self, factors: Factors) -> None:
        """Replace a layer's gradient [dW; db] by A⁻¹ [dW; db] S⁻¹, both factors damped."""
        layer, A, S = factors.layer, *self.damped(factors)
        gradient = np.vstack([layer.dW, layer.db]) if layer.use_bias else layer.dW
        natural = np.linalg.solve(S, np.linalg.solve(A, gradient.astype(np.float64)).T).T
        layer.dW[...] = natural[: len(layer.dW)]
        if layer.use_bias:
            layer.db[...] = natural[-1]

    def damped(self, factors: Factors) -> tuple[np.ndarray, np.ndarray]:
        """Return A + π√λ·I and S + (√λ/π)·I."""
        A, S = factors.A, factors.S
        scale = np.diag(A).mean() / max(np.diag(S).mean(), np.finfo(float).tiny)
        pi, root = np.sqrt(scale) or 1.0, np.sqrt(self.damping)
        return A + pi * root * np.eye(len(A)), S + root / pi * np.eye(len(S))
