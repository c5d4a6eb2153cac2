"""Numbers of another size: pixels between 0 and 1 instead of 0 and 255, as part of the network."""

from __future__ import annotations

import numpy as np

from course_lib.reference.layers.base import Layer
from course_lib.validation import check_number


class Rescaling(Layer):
    """scale·X + offset, with nothing to learn (the name is Keras's).

    In front of a network it lets the samples stay what they are, bytes for example: a quarter of the memory of
    float32, and a batch is brought to size when it is used.

    Parameters
    ----------
    scale
        Factor, such as 1/255.
    offset
        Added afterwards.

    Examples
    --------
    >>> layer = Rescaling(1 / 255)
    >>> layer.forward(np.array([[0.0, 51.0, 255.0]]))
    array([[0. , 0.2, 1. ]])
    >>> layer.backward(np.array([[255.0, 0.0, 0.0]]))
    array([[1., 0., 0.]])
    """

    def __init__(self, scale: float, offset: float = 0.0) -> None:
        self.scale = check_number("scale", scale)
        self.offset = check_number("offset", offset)

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return scale·X + offset."""
        return X * self.scale + self.offset if self.offset else X * self.scale

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Return scale·G."""
        return G * self.scale
