"""Dropout: train a different thinned network on every batch."""

from __future__ import annotations

import numpy as np

from course_lib.reference.layers.base import Layer
from course_lib.validation import check_number


class Dropout(Layer):
    """Set each output to 0 with probability `rate` while training (Srivastava et al., 2014).

    | form | training | prediction | expectation |
    |---|---|---|---|
    | inverted (default; Keras, PyTorch) | X·mask/(1−rate) | X | equal |
    | classic (the paper) | X·mask | X·(1−rate) | equal |

    Scaling the outputs by 1−rate is the same as scaling the weights that read them, as the paper does.

    Parameters
    ----------
    rate
        Probability of being dropped, 0 <= rate < 1.
    inverted
        Whether to scale while training instead of while predicting.

    Examples
    --------
    >>> layer = Dropout(0.2)
    >>> layer.build((100,), seed=0)
    (100,)
    >>> kept = layer.forward(np.ones((1, 100)), training=True)
    >>> np.unique(kept), int((kept == 0).sum())
    (array([0.  , 1.25]), 20)
    >>> float(layer.forward(np.ones((1, 100))).mean())
    1.0
    """

    mask: np.ndarray | float

    def __init__(self, rate: float, inverted: bool = True) -> None:
        self.rate = check_number("rate", rate, 0, 1, open_high=True)
        self.inverted = bool(inverted)

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return X times the mask: drawn anew while training, one number while predicting."""
        keep = 1.0 - self.rate
        if not training:
            self.mask = 1.0 if self.inverted else keep
        else:
            drawn = self.rng.random(X.shape, np.float32) < keep
            self.mask = drawn.astype(X.dtype)
            if self.inverted:
                self.mask *= 1.0 / keep
        return X * self.mask

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Return G times the same mask: what was dropped has no gradient."""
        return G * self.mask
