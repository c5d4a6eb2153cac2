"""Batch normalization, with the whole backward pass."""

from __future__ import annotations

import numpy as np

from course_lib.reference.layers.base import Layer, Shape
from course_lib.validation import check_number


class BatchNormalization(Layer):
    """Give each feature mean 0 and variance 1 over the batch, then scale and shift (Ioffe and Szegedy, 2015).

    x̂ = (X − mean)/√(var + ε), out = γx̂ + β, with the batch's mean and biased variance while training and the running
    ones while predicting. Backward, with G = dL/dout and sums over the n samples of the batch:
    dγ = Σ G x̂, dβ = Σ G, dX = γ/√(var + ε) · (G − dβ/n − x̂ dγ/n).

    | who | running ← | running variance | momentum | ε |
    |---|---|---|---|---|
    | here, PyTorch | (1−momentum)·running + momentum·batch | unbiased, n/(n−1) | 0.1 | 1e-5 |
    | Keras | momentum·running + (1−momentum)·batch | biased (`unbiased=False`) | 0.99 | 1e-3 |

    Parameters
    ----------
    momentum
        Share of the newest batch in the running statistics, 0 to 1.
    epsilon
        ε > 0.
    unbiased
        Whether the running variance is the unbiased one.

    Examples
    --------
    >>> layer = BatchNormalization()
    >>> layer.build((1,))
    (1,)
    >>> layer.forward(np.array([[1.0], [2.0], [3.0], [6.0]]), training=True).round(3).ravel()
    array([-1.069, -0.535,  0.   ,  1.604])
    >>> layer.running_mean, layer.running_var.round(4)            # 0.1·3, 0.9·1 + 0.1·14/3
    (array([0.3]), array([1.3667]))
    """

    gamma: np.ndarray
    beta: np.ndarray
    dgamma: np.ndarray
    dbeta: np.ndarray
    running_mean: np.ndarray
    running_var: np.ndarray

    def __init__(self, momentum: float = 0.1, epsilon: float = 1e-5, unbiased: bool = True) -> None:
        self.momentum = check_number("momentum", momentum, 0, 1)
        self.epsilon = check_number("epsilon", epsilon, 0, open_low=True)
        self.unbiased = bool(unbiased)

    def setup(self, input_shape: Shape) -> Shape:
        """Ask for γ and β, and for the running mean and variance, one number a feature."""
        if len(input_shape) != 1:
            raise ValueError(f"BatchNormalization takes samples of shape (features,), got {input_shape}")
        self.add("gamma", input_shape, np.ones)
        self.add("beta", input_shape, np.zeros)
        self.add_state("running_mean", np.zeros(input_shape))
        self.add_state("running_var", np.ones(input_shape))
        return input_shape

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return γx̂ + β and, while training, move the running statistics."""
        self.training = training
        if training:
            self.check_batch(len(X))
            mean, var = X.mean(axis=0), X.var(axis=0)
            self.move_statistics(mean, var, len(X))
        else:
            mean, var = self.running_mean, self.running_var
        self.scale = 1.0 / np.sqrt(var + self.epsilon)
        self.x_hat = (X - mean) * self.scale
        return self.gamma * self.x_hat + self.beta

    def check_batch(self, n: int) -> None:
        """Refuse a batch that has no mean or, where it is asked for, no unbiased variance."""
        if n < 1:
            raise ValueError("the batch is empty: a mean needs a sample")
        if n < 2 and self.unbiased:
            raise ValueError(
                "a batch of one sample has no unbiased variance: take batches of 2 or more "
                "(fit(..., drop_last=True) leaves out a short last batch) or unbiased=False"
            )

    def move_statistics(self, mean: np.ndarray, var: np.ndarray, n: int) -> None:
        """Let running ← (1−momentum)·running + momentum·batch."""
        if self.unbiased:
            var = var * (n / (n - 1))
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (var - self.running_var)

    def parameter_gradients(self, G: np.ndarray) -> None:
        """Write dL/dγ = Σ G x̂ and dL/dβ = Σ G."""
        np.sum(G * self.x_hat, axis=0, out=self.dgamma)
        np.sum(G, axis=0, out=self.dbeta)

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Return dL/dX; after a pass in prediction mode the statistics are constants and only γ/√(var + ε) is left."""
        self.parameter_gradients(G)
        if not self.training:
            return G * (self.gamma * self.scale)
        n = len(G)
        return self.gamma * self.scale * (G - self.dbeta / n - self.x_hat * (self.dgamma / n))
