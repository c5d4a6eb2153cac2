"""Reverse-mode automatic differentiation on arrays: a `Tensor` remembers how it was made.

Running the forward computation builds the graph; each operation stores, beside its value, one function a
parent that turns the upstream gradient G = dL/d(result) into dL/d(parent). `backward` walks the graph once
in reverse topological order and *adds* what arrives on several paths, because a change in a value that is
used twice reaches the loss along both.

===================  =========================  =======================================================
operation            value                      gradient for each parent
===================  =========================  =======================================================
``a + b, a - b``     a ± b                      G, ±G
``a * b``            a·b                        G·b, G·a
``a / b``            a/b                        G/b, -G·a/b²
``a ** b``           aᵇ                         G·b·aᵇ⁻¹, G·aᵇ·ln a (needs a > 0)
``A @ B``            AB                         G Bᵀ, Aᵀ G
``exp log tanh …``   f(a)                       G·f′(a)
``sum mean``         Σa, Σa/n                   G spread over the summed entries (over n)
``max``              max a                      G at the maximum, shared equally where several tie
``a[i]``             some entries               G put back there, added where an entry was taken twice
``reshape .T``       the same entries           G with the move undone
===================  =========================  =======================================================

Where NumPy stretched (broadcast) an operand, its gradient is summed over the stretched axes. The design
follows micrograd (Karpathy 2020) and autodidact (Johnson 2017); the sort here is a loop, so that a chain of
a hundred thousand nodes does not meet Python's recursion limit.

Examples
--------
The graph f = (x + y)·z of the Computing Lab II slides (2021), at x = -2, y = 5, z = -4:

>>> x, y, z = Tensor(-2.0, "x"), Tensor(5.0, "y"), Tensor(-4.0, "z")
>>> f = (x + y) * z
>>> f.backward()
>>> float(f.data), float(x.grad), float(y.grad), float(z.grad)
(-12.0, -4.0, -4.0, 3.0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.reference import activations
from course_lib.reference._broadcasting import Axis, restore_axes, sum_to_shape
from course_lib.validation import as_float

__all__ = ["Tensor", "topological_order"]

Pull = Callable[[np.ndarray], np.ndarray]  # dL/d(result) -> dL/d(one parent)


class Tensor:
    """An array that remembers how it was made, and its gradient.

    Parameters
    ----------
    data : array_like, any shape
    name : str, optional
        Shown by `repr` and by `course_lib.figures.graph.draw_graph`.

    Attributes
    ----------
    data : array
    grad : array of the same shape, dL/d(data), added to by every `backward`
    operation : str, what made it ("" for a leaf)
    parents : tuple of Tensor
    constant : bool, True for a plain number or array that met a Tensor; it gets no gradient

    Examples
    --------
    >>> w = Tensor([1.0, 2.0], "w")
    >>> loss = (w * w).sum()
    >>> loss.backward()
    >>> w.grad
    array([2., 4.])
    """

    __array_ufunc__ = None  # let `ndarray * Tensor` come to Tensor.__rmul__

    def __init__(self, data: Any, name: str = "") -> None:
        self.data = as_float(data, "data")
        self.grad = np.zeros_like(self.data)
        self.name = name
        self.operation = ""
        self.constant = False
        self.parents: tuple[Tensor, ...] = ()
        self._pulls: tuple[Pull, ...] = ()

    # arithmetic -----------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        other = self.meet(other)
        return node("+", self.data + other.data, (self, lambda G: G), (other, lambda G: G))

    def __sub__(self, other: Any) -> Tensor:
        other = self.meet(other)
        return node("−", self.data - other.data, (self, lambda G: G), (other, lambda G: -G))

    def __mul__(self, other: Any) -> Tensor:
        other = self.meet(other)
        a, b = self.data, other.data
        return node("×", a * b, (self, lambda G: G * b), (other, lambda G: G * a))

    def __truediv__(self, other: Any) -> Tensor:
        other = self.meet(other)
        a, b = self.data, other.data
        return node("÷", a / b, (self, lambda G: G / b), (other, lambda G: -G * a / b**2))

    def __pow__(self, other: Any) -> Tensor:
        other = self.meet(other)
        a, b = self.data, other.data
        power = a**b
        # at b = 0 the slope is 0 for every a; a**(b - 1) would divide by zero at a = 0
        slope = b * a ** np.where(b == 0, 1, b - 1)
        return node("**", power, (self, lambda G: G * slope), (other, lambda G: G * power * np.log(a)))

    def __matmul__(self, other: Any) -> Tensor:
        return matmul(self, self.meet(other))

    def __neg__(self) -> Tensor:
        return node("neg", -self.data, (self, lambda G: -G))

    def __radd__(self, other: Any) -> Tensor:
        return self.meet(other) + self

    def __rsub__(self, other: Any) -> Tensor:
        return self.meet(other) - self

    def __rmul__(self, other: Any) -> Tensor:
        return self.meet(other) * self

    def __rtruediv__(self, other: Any) -> Tensor:
        return self.meet(other) / self

    def __rpow__(self, other: Any) -> Tensor:
        return self.meet(other) ** self

    def __rmatmul__(self, other: Any) -> Tensor:
        return self.meet(other) @ self

    def meet(self, other: Any) -> Tensor:
        """Return `other` itself if it is a Tensor, else a constant; a plain number takes this dtype."""
        if isinstance(other, Tensor):
            return other
        plain = isinstance(other, (int, float))
        constant = Tensor(np.asarray(other, self.data.dtype) if plain else other)
        constant.constant = True
        return constant

    # functions, entry by entry --------------------------------------------------------------------------

    def exp(self) -> Tensor:
        """Return e to the power of each entry."""
        a = np.exp(self.data)
        return node("exp", a, (self, lambda G: G * a))

    def log(self) -> Tensor:
        """Return the natural logarithm of each entry."""
        return node("log", np.log(self.data), (self, lambda G: G / self.data))

    def tanh(self) -> Tensor:
        """Return the hyperbolic tangent of each entry."""
        return self._activation(activations.tanh)

    def sigmoid(self) -> Tensor:
        """Return 1/(1 + e⁻ˢ) of each entry."""
        return self._activation(activations.sigmoid)

    def relu(self) -> Tensor:
        """Return max(0, s) of each entry; the slope at 0 is 0."""
        return self._activation(activations.relu)

    def _activation(self, function: activations.ActivationFunction) -> Tensor:
        s, a = self.data, function(self.data)
        return node(function.name, a, (self, lambda G: function.backward(s, a, G)))

    # reductions -----------------------------------------------------------------------------------------

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the sum over `axis` (all axes by default)."""
        shape = self.data.shape

        def pull(G: np.ndarray) -> np.ndarray:
            return np.broadcast_to(restore_axes(G, shape, axis, keepdims), shape)

        return node("sum", self.data.sum(axis=axis, keepdims=keepdims), (self, pull))

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the mean over `axis` (all axes by default)."""
        shape, mean = self.data.shape, self.data.mean(axis=axis, keepdims=keepdims)
        count = self.data.size / mean.size

        def pull(G: np.ndarray) -> np.ndarray:
            return np.broadcast_to(restore_axes(G, shape, axis, keepdims), shape) / count

        return node("mean", mean, (self, pull))

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the maximum over `axis`; entries that tie share the gradient equally."""
        shape = self.data.shape
        top = self.data.max(axis=axis, keepdims=keepdims)
        ties = self.data == restore_axes(top, shape, axis, keepdims)
        share = ties.astype(top.dtype) / ties.sum(axis=axis, keepdims=True, dtype=top.dtype)
        return node("max", top, (self, lambda G: share * restore_axes(G, shape, axis, keepdims)))

    # moving entries about -------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor:
        def pull(G: np.ndarray) -> np.ndarray:
            gradient = np.zeros_like(self.data)
            np.add.at(gradient, index, G)
            return gradient

        return node("[ ]", self.data[index], (self, pull))

    def reshape(self, *shape: int) -> Tensor:
        """Return the same entries in a new shape; one length may be -1."""
        return node("reshape", self.data.reshape(*shape), (self, lambda G: G.reshape(self.data.shape)))

    def transpose(self, *axes: int) -> Tensor:
        """Return the axes in the order given (reversed by default)."""
        order = axes or tuple(range(self.data.ndim))[::-1]
        return node("T", self.data.transpose(order), (self, lambda G: G.transpose(np.argsort(order))))

    @property
    def T(self) -> Tensor:
        """The transpose."""
        return self.transpose()

    # backward -------------------------------------------------------------------------------------------

    def backward(self) -> None:
        """Add dself/dt to `t.grad` for every tensor t that this scalar was made from."""
        if self.data.size != 1:
            raise ValueError(
                f"backward starts at a scalar, this tensor has shape {self.data.shape}: take .sum() or .mean() first"
            )
        G = {id(self): np.ones_like(self.data)}  # this walk's gradients, so that a second walk starts fresh
        for tensor in reversed(topological_order(self)):
            if tensor.constant:
                continue
            upstream = G.pop(id(tensor))
            tensor.grad = tensor.grad + upstream
            for parent, pull in zip(tensor.parents, tensor._pulls, strict=True):
                if not parent.constant:
                    gradient = sum_to_shape(pull(upstream), parent.data.shape)
                    G[id(parent)] = G[id(parent)] + gradient if id(parent) in G else gradient

    def zero_grad(self) -> None:
        """Forget the gradient gathered so far."""
        self.grad = np.zeros_like(self.data)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data."""
        return self.data.shape

    def __repr__(self) -> str:
        label = f", name={self.name!r}" if self.name else ""
        return f"Tensor({np.array2string(self.data, precision=4, threshold=10)}{label})"


def node(operation: str, data: np.ndarray, *links: tuple[Tensor, Pull]) -> Tensor:
    """Return the result of an operation, linked to its parents by their backward rules."""
    result = Tensor(data)
    result.operation = operation
    result.parents = tuple(parent for parent, _ in links)
    result._pulls = tuple(pull for _, pull in links)
    return result


def matmul(A: Tensor, B: Tensor) -> Tensor:
    """Return A @ B with NumPy's rules: a vector on the left is a row, on the right a column."""
    if not A.data.ndim or not B.data.ndim or A.data.shape[-1] != B.data.shape[-2:][0]:
        raise ValueError(
            f"A @ B needs as many columns in A as rows in B, got shapes {A.data.shape} and {B.data.shape}"
            + (": write * for a number" if not (A.data.ndim and B.data.ndim) else "")
        )
    left = A.data[None, :] if A.data.ndim == 1 else A.data
    right = B.data[:, None] if B.data.ndim == 1 else B.data
    product = left @ right

    def pull_left(G: np.ndarray) -> np.ndarray:
        gradient = G.reshape(product.shape) @ np.swapaxes(right, -1, -2)
        return sum_to_shape(gradient, left.shape).reshape(A.data.shape)

    def pull_right(G: np.ndarray) -> np.ndarray:
        gradient = np.swapaxes(left, -1, -2) @ G.reshape(product.shape)
        return sum_to_shape(gradient, right.shape).reshape(B.data.shape)

    return node("@", A.data @ B.data, (A, pull_left), (B, pull_right))


def topological_order(tensor: Tensor) -> list[Tensor]:
    """Return all tensors that `tensor` was made from, each after its parents, `tensor` last.

    Examples
    --------
    >>> x = Tensor(3.0, "x")
    >>> square = x * x
    >>> [t.name or t.operation for t in topological_order(square + x)]
    ['x', '×', '+']
    """
    order: list[Tensor] = []
    seen: set[int] = set()
    stack = [(tensor, False)]
    while stack:
        current, parents_done = stack.pop()
        if parents_done:
            order.append(current)
        elif id(current) not in seen:
            seen.add(id(current))
            stack.append((current, True))
            stack.extend((parent, False) for parent in reversed(current.parents))
    return order
