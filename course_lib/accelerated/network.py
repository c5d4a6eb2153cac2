"""A network on tensors: one flat parameter vector on any device, pure functions of it, and the model that `fit` trains.

Nothing is computed in here that the pure functions do not compute: `flat.FlatFunctions` (outputs, loss, penalty) and
`step.one_step` (gradient and update). The plain loop calls them one batch at a time, the fast step compiles or
captures them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.accelerated.devices import check_device, explained
from course_lib.accelerated.epochs import Epochs, flush
from course_lib.accelerated.flat import FlatFunctions, Masks
from course_lib.accelerated.layers import check_first, get_layer
from course_lib.accelerated.losses import get_loss
from course_lib.accelerated.optimizers import get_optimizer
from course_lib.accelerated.precision import Precision
from course_lib.accelerated.step import Work, one_step
from course_lib.reference import network as reference
from course_lib.reference.layers import Shape
from course_lib.validation import as_generator

TORCH = {"float32": torch.float32, "float64": torch.float64}


class Network(FlatFunctions, reference.Network):
    """A chain of layers on tensors; the constructor's first four arguments are those of the reference.

    Parameters
    ----------
    layers
        Layers of either backend: reference layers are turned into their twins.
    input_shape, seed, dtype
        As in `course_lib.reference.network.Network`; the same seed draws the same first weights.
    device
        "cpu", "cuda", "cuda:1", …; None: a GPU if there is one.
    compiled
        Whether `fit` trains with the fast step: several steps as one compiled graph on the CPU, a whole epoch as
        CUDA graphs on a GPU. A number is that of the steps a graph on the CPU has (True is 1): a few steps in one graph
        are worth it at batches of 32 and below. The first epoch then takes some seconds longer.
    precision
        None, or "bfloat16" or "float16": products in that type, weights in float32; float16 scales its loss.

    Attributes
    ----------
    parameters, gradient, state
        The flat tensors. The fast step leaves `gradient` alone: compiled, it never exists as a vector.

    Notes
    -----
    Where the reference goes on with NaN, `fit` here ends with a `course_lib.accelerated.trouble.NonFiniteError` that
    names the step and the layer. `TerminateOnNaN` works as everywhere.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Activation, Dense
    >>> from course_lib.accelerated.losses import SparseCategoricalCrossentropy
    >>> from course_lib.accelerated.optimizers import SGD
    >>> from course_lib.training import fit
    >>> network = Network([Dense(16), Activation("relu"), Dense(3)], input_shape=2, seed=0, device="cpu")
    >>> network.parameters.shape                          # 2·16 + 16 + 16·3 + 3
    torch.Size([99])
    >>> X, y = np.eye(3, 2), np.arange(3)
    >>> loss = SparseCategoricalCrossentropy(from_logits=True)
    >>> history = fit(network, X, y, loss, SGD(0.5), epochs=100)
    >>> network.predict(X).argmax(axis=1)
    array([0, 1, 2])
    """

    def __init__(
        self,
        layers: Sequence[Any],
        input_shape: int | Shape | None = None,
        seed: int | np.random.Generator = 0,
        dtype: Any = np.float32,
        device: Any = None,
        compiled: bool | int = False,
        precision: str | None = None,
    ) -> None:
        self.device = check_device(device)
        self.compiled = int(compiled)
        self.precision = Precision(precision, self.device)
        self.epochs = Epochs()
        self._twins: list[list[Any]] = []  # optimizer, its twin, its learning rate when it was last seen
        self._targets: tuple[Any, ...] = ()
        super().__init__([get_layer(layer) for layer in layers], input_shape, seed, dtype)
        if precision is not None and self.dtype != np.float32:
            raise ValueError(f"precision={precision!r} needs dtype float32: {self.dtype} is never computed in 16 bits")

    def _lay_out(self) -> None:
        """Move the flat vectors to the device and make every layer's arrays views into them."""
        kind = dict(dtype=TORCH[self.dtype.name], device=self.device)
        self.parameters = torch.tensor(np.asarray(self.parameters), **kind)
        self.state = torch.tensor(np.asarray(self.state), **kind)
        self.gradient = torch.zeros_like(self.parameters)
        self.generator = torch.Generator(self.device).manual_seed(seed_of(self.seed))
        self.shapes = [{name: tuple(p.value.shape) for name, p in layer.parameters.items()} for layer in self.layers]
        self.state_shapes = [{name: tuple(a.shape) for name, a in layer.state.items()} for layer in self.layers]
        sizes = [math.prod(shape) for shapes in self.shapes for shape in shapes.values()]
        ends = np.cumsum(sizes).tolist()
        self.segments = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        self.dropped = [i for i, layer in enumerate(self.layers) if layer.draw_mask(1, self.parameters) is not None]
        penalized = [(i, p) for i, layer in enumerate(self.layers) for p in layer.parameters.values()]
        self.regularized = [(i, p) for i, p in penalized if p.regularizer is not None]
        self.constrained = [(i, p) for i, p in penalized if p.constraint is not None]
        values, gradients = self.split(self.parameters), self.split(self.gradient)
        for layer, own, slopes, kept in zip(self.layers, values, gradients, self.split_state(self.state), strict=True):
            for name, value in own.items():
                layer.bind(name, value, slopes[name])
            for name, value in kept.items():
                layer.bind_state(name, value)

    def __getstate__(self) -> dict[str, Any]:
        # compiled steps and generators stay behind; a copy makes its own
        own = ("epochs", "generator", "_targets", "_pull")
        kept = {name: value for name, value in vars(self).items() if name not in own}
        return kept | {"parameters": self.parameters.cpu(), "state": self.state.cpu(), "_twins": []}

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        vars(self).update(attributes, epochs=Epochs(), _targets=())
        if self.input_shape is not None:
            self._lay_out()

    # What `training.fit` asks of a model

    def prepare(self, X: Any) -> Any:
        """Return the samples on the device: bytes stay bytes, all else becomes the network's dtype; checked once."""
        if isinstance(X, Tensor):
            if self.input_shape is None:
                self.build(tuple(X.shape[1:]))
            if X.device == self.device and X.dtype in (torch.uint8, torch.int64, self.parameters.dtype):
                return self.check_shape(X)
            X = X.cpu().numpy()
        X = np.asarray(X)
        if X.dtype != np.uint8 or self.layers[0].takes_indices:
            X = check_first(self.layers[0], super().prepare(X))
        elif self.input_shape is None:
            self.build(X.shape[1:])
        with explained(self):
            return self.check_shape(torch.as_tensor(np.ascontiguousarray(X)).to(self.device))

    def check_shape(self, X: Tensor) -> Tensor:
        """Return a tensor of samples if it has the right shape and lies on the network's device."""
        if tuple(X.shape[1:]) != self.input_shape or X.device != self.device:
            expected = ", ".join(["n", *map(str, self.input_shape or ("features",))])
            raise ValueError(
                f"X must have shape ({expected}) and lie on {self.device}, got {tuple(X.shape)} on {X.device}: "
                "X = network.prepare(X) brings samples where they belong"
            )
        return X

    def take(self, X: Tensor, rows: np.ndarray) -> Tensor:
        """Return those rows of the prepared samples."""
        return X.index_select(0, torch.as_tensor(rows, device=X.device))

    def floats(self, X: Tensor) -> Tensor:
        """Return a batch as the layers want it: bytes become numbers, indices stay what they are."""
        return X.long() if self.layers[0].takes_indices else X.to(self.parameters.dtype)

    def forward(self, X: Any, training: bool = False, masks: Masks | None = None) -> Tensor:
        """Return the outputs of a batch, a tensor, and keep what `backward` needs; nothing is trained."""
        X = self.floats(self.prepare(X))
        masks = self.draw_masks(len(X)) if training and masks is None else masks or ()
        run = lambda w: self.walk(w, X, self.state, training, masks)  # noqa: E731
        a, self._pull, moved = torch.func.vjp(run, self.parameters, has_aux=True)
        if training:
            self.state.copy_(moved)
        return a

    def backward(self, G: Any) -> None:
        """Fill `gradient` for the last batch from G = dL/d(outputs), penalties included."""
        (gradient,) = self._pull(torch.as_tensor(G).to(self.parameters))
        self.gradient.copy_(gradient)
        if self.regularized:
            self.gradient += torch.func.grad(self.penalty_of)(self.parameters)

    def penalty(self) -> float:
        """Return the sum of all regularizers' penalties."""
        return float(self.penalty_of(self.parameters)) if self.regularized else 0.0

    def adopt(self, loss: Any, optimizer: Any) -> tuple[Any, Any]:
        """Return loss and optimizer as this backend computes them.

        The same optimizer gets the same twin again, which takes over a learning rate that was set since.
        """
        for known in self._twins:
            original, own, rate = known
            if original is optimizer:
                if optimizer.learning_rate != rate:
                    own.learning_rate = known[2] = optimizer.learning_rate
                return get_loss(loss), own
        own = get_optimizer(optimizer)
        self._twins = [*self._twins[-3:], [optimizer, own, own.learning_rate]]
        return get_loss(loss), own

    def targets(self, y: Any, weights: Any, loss: Any) -> tuple[Tensor, Tensor | None]:
        """Return targets and weights on the device, checked and brought there once as long as they stay the same."""
        if isinstance(y, Tensor):
            return y, weights
        given = (y, weights, repr(loss))
        if not self._targets or not all(map(same, self._targets[0], given)):
            k = max(self.output_shape[-1], 1)
            loss.prepare(y, np.broadcast_to(self.dtype.type(1 / k), (len(y), *self.output_shape)))
            floats = y.dtype.kind == "f" or y.shape == (len(y), *self.output_shape)
            dtype = self.parameters.dtype if floats else torch.int64
            ready = torch.as_tensor(np.ascontiguousarray(y)).to(self.device, dtype)
            factors = None if weights is None else torch.as_tensor(weights).to(self.parameters)
            self._targets = copy.deepcopy(given), (ready, factors)  # a caller may change the arrays
        return self._targets[1]

    def train_batch(
        self, X: Any, y: Any, loss: Any, optimizer: Any, weights: Any = None, masks: Masks | None = None
    ) -> Tensor:
        """Make one step on one batch; return the outputs from before the step. Masks are drawn if none are given."""
        loss, optimizer = self.adopt(loss, optimizer)
        X = self.check_shape(X) if isinstance(X, Tensor) else self.prepare(X)
        with torch.no_grad(), explained(self, len(X)):
            work = Work(self, X, *self.targets(y, weights, loss), loss, optimizer)
            at = work.position()
            masks = self.draw_masks(len(X)) if masks is None else masks
            step = one_step(work, at, X, work.y, work.weights, work.constants(1)[0], masks)
            at.move(step.after)
            self.gradient.copy_(step.gradient)
            flush(work, 1)
        return step.outputs

    def train_epoch(
        self, X: Tensor, y: Any, batches: Sequence[np.ndarray], loss: Any, optimizer: Any, weights: Any = None
    ) -> tuple[Tensor, float]:
        """Make one step for each batch of rows; return all outputs from before them, in order, and the mean penalty.

        `fit` calls this where nobody wants to look at single batches.
        """
        loss, optimizer = self.adopt(loss, optimizer)
        with torch.no_grad(), explained(self, len(batches[0])):
            work = Work(self, X, *self.targets(y, weights, loss), loss, optimizer)
            return self.epochs.run(work, batches)

    def predict(self, X: Any, batch_size: int = 1024) -> np.ndarray:
        """Return the outputs for `X` in prediction mode, a NumPy array."""
        X = self.prepare(X)
        with torch.no_grad(), explained(self, batch_size):
            parts = [
                self.apply(self.parameters, self.floats(X[i : i + batch_size]), self.state)
                for i in range(0, len(X), batch_size)
            ]
            return self.collect(parts)

    def collect(self, outputs: Sequence[Any]) -> np.ndarray:
        """Return the outputs of several batches as one NumPy array."""
        if not outputs:
            return np.zeros((0, *self.output_shape), self.dtype)
        return torch.cat([torch.as_tensor(part) for part in outputs]).cpu().numpy()

    def get_weights(self) -> dict[str, np.ndarray]:
        """Return a copy of all that training changes, as NumPy arrays: either backend can take them."""
        return {"parameters": self.parameters.cpu().numpy().copy(), "state": self.state.cpu().numpy().copy()}

    def set_weights(self, weights: Mapping[str, Any]) -> None:
        """Go back to what `get_weights` of either backend returned."""
        own = {"parameters": self.parameters, "state": self.state}
        new = {name: torch.as_tensor(weights[name]) for name in own}
        for name, vector in own.items():
            if new[name].shape != vector.shape:
                raise ValueError(f"this network has {vector.numel()} {name}, got {new[name].numel()}")
        for name, vector in own.items():
            vector.copy_(new[name])

    def loss_and_gradient(
        self, X: Any, y: Any, loss: Any, weights: Any = None, training: bool = False, masks: Masks | None = None
    ) -> tuple[float, np.ndarray]:
        """Return the loss with its penalties and the gradient by the flat parameters, without a step."""
        loss, X = get_loss(loss), self.floats(self.prepare(X))
        y, weights = self.targets(np.asarray(y), weights, loss)
        masks = self.draw_masks(len(X)) if training and masks is None else masks or ()
        run = lambda w: self.objective(w, X, y, loss, weights, self.state, training, masks)[0]  # noqa: E731
        gradient, value = torch.func.grad_and_value(run)(self.parameters)
        self.gradient.copy_(gradient)
        return float(value), gradient.cpu().numpy()

    @staticmethod
    def load(path: str | PathLike[str], optimizer: Any = None, custom: Sequence[type] = (), **options: Any) -> Network:
        """Return the network that `save` of either backend wrote; `options` are device, compiled and precision."""
        plain = reference.Network.load(path, optimizer, custom)
        network = Network(plain.layers, plain.input_shape, plain.seed, plain.dtype, **options)
        network.set_weights(plain.get_weights())
        return network


def same(old: Any, new: Any) -> bool:
    """Whether two arrays, texts or Nones are the same, dtypes included.

    Examples
    --------
    >>> same(np.ones(2), np.ones(2)), same(np.ones(2), np.ones(2, int)), same(None, None)
    (True, False, True)
    """
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        return old.dtype == new.dtype and np.array_equal(old, new)
    return type(old) is type(new) and not isinstance(old, np.ndarray) and old == new


def seed_of(seed: int | np.random.Generator) -> int:
    """Return a number for the device's own generator; a NumPy generator is asked for one.

    Examples
    --------
    >>> seed_of(3)
    3
    """
    return int(seed) if not isinstance(seed, np.random.Generator) else int(as_generator(seed).integers(2**31))
