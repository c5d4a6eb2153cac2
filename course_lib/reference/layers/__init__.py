"""Layers: forward and backward side by side, in the notation of the book.

| layer | output | parameters |
|---|---|---|
| `Dense` | XW + b | W, b |
| `Activation` | f(s) | – |
| `Dropout` | X · mask, inverted or classic | – |
| `BatchNormalization` | γx̂ + β | γ, β (and running mean and variance) |
| `Maxout` | maxₚ (XWₚ + bₚ) | W, b |
| `Flatten` | X as rows | – |
| `Rescaling` | scale·X + offset | – |
| `SparseDense` | rows of W summed, + b | W, b |
| `Embedding` | rows of W | W |
"""

from __future__ import annotations

from course_lib.reference.layers.base import Layer, Parameter, Shape
from course_lib.reference.layers.dense import Activation, Dense, Flatten
from course_lib.reference.layers.dropout import Dropout
from course_lib.reference.layers.maxout import Maxout
from course_lib.reference.layers.normalization import BatchNormalization
from course_lib.reference.layers.rescaling import Rescaling
from course_lib.reference.layers.sparse import Embedding, SparseDense

__all__ = [
    "Activation",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Layer",
    "Maxout",
    "Parameter",
    "Rescaling",
    "Shape",
    "SparseDense",
]
