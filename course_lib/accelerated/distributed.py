"""Data-parallel training: several processes, each with a part of every batch, and one network.

Each process works out the gradient of the mean loss of its n_i samples. What one process alone would have found for
all n samples is their weighted mean, Σᵢ (nᵢ/n) gᵢ: one all-reduce of the flat gradient vector a step. Then every
process makes the same step, so that the networks stay equal without ever being sent around. Parts may be uneven;
nothing but the order of a sum differs from one process, so the results agree to rounding.

A program for it looks like one for a single process, with two lines more::

    # train.py
    import numpy as np
    from course_lib.accelerated import checkpoints, distributed, layers, network, optimizers
    from course_lib.training import fit

    with distributed.process_group() as group:
        model = network.Network([layers.Dense(32), layers.Activation("relu"), layers.Dense(10)], 64, seed=0)
        adam, rng = optimizers.Adam(1e-3), np.random.default_rng(0)
        checkpoint = checkpoints.Checkpoint("run.pt", rng, writes=group.rank == 0)
        start = checkpoint.resume(model, adam)
        fit(distributed.DataParallel(model, group), X, y, "sparse_categorical_crossentropy", adam, epochs=10,
            seed=rng, initial_epoch=start, callbacks=[checkpoint])

``python train.py`` runs it alone, ``torchrun --nproc-per-node 4 train.py`` in four processes on this machine; on
GPUs the sums go through NCCL, else through Gloo. If a process dies, the others end with `WorkerLost`, and the same
command goes on from the last checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_lib.accelerated.layers import BatchNormalization
from course_lib.accelerated.network import Network
from course_lib.accelerated.processes import Group, WorkerLost, process_group, share
from course_lib.accelerated.wrapped import Wrapped
from course_lib.reference.losses import Loss
from course_lib.reference.optimizers import Optimizer

__all__ = ["DataParallel", "Group", "WorkerLost", "process_group", "share"]


class Part(NamedTuple):
    """The outputs of a batch of `n` samples, as far as they are this process's."""

    outputs: Tensor
    n: int


class DataParallel(Wrapped):
    """A network that is trained by all processes of a group; `fit` sees an ordinary model.

    All processes call `fit` with the same data and seed. Of every batch each takes its `share` (only those rows are
    read, so the data may be a memory map), and after the all-reduce all make the same step. Losses, metrics and
    predictions are those of whole batches, in every process.

    Parameters
    ----------
    network
        Its weights are replaced by those of process 0.
    group
        From `process_group`.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.training import fit
    >>> X = np.linspace(-1, 1, 8)[:, None]
    >>> with process_group("cpu") as group:
    ...     model = DataParallel(Network([Dense(1)], 1, dtype="float64", device="cpu"), group)
    ...     history = fit(model, X, 3 * X + 1, "mse", "sgd", epochs=500, batch_size=8)
    >>> history["loss"][-1] < 1e-2
    True
    """

    def __init__(self, network: Network, group: Group) -> None:
        super().__init__(network)
        self.group = group
        for place, layer in enumerate(network.layers):
            if isinstance(layer, BatchNormalization) and group.size > 1:
                raise ValueError(
                    f"layer {place} is a BatchNormalization: it would normalize by the mean of a part of the batch, "
                    "which is not what one process does. Leave it out, or train in one process"
                )
        if len(network.precision.state) and group.size > 1:
            raise ValueError("float16 scales the loss of one process; several take bfloat16 or full precision")
        if network.input_shape is not None:
            group.copy_from_first(network.parameters)

    def part_of(self, n: int) -> slice:
        """Return which rows of a batch of `n` are this process's."""
        return share(n, self.group.rank, self.group.size)

    def take(self, X: Any, rows: np.ndarray) -> Any:
        """Return this process's rows of the batch."""
        return self.network.take(X, rows[self.part_of(len(rows))])

    def train_batch(
        self, X: Any, y: np.ndarray, loss: Loss, optimizer: Optimizer, weights: np.ndarray | None = None
    ) -> Part:
        """Make one step on this process's samples `X` and the whole batch's targets `y`; return its outputs."""
        network, n, part = self.network, len(y), self.part_of(len(y))
        loss, optimizer = network.adopt(loss, optimizer)
        masks = tuple(mask[part] for mask in network.draw_masks(n))  # those of the whole batch, in every process
        a = network.parameters.new_zeros((0, *network.output_shape))
        network.gradient.zero_()
        if len(y[part]):
            targets, factors = network.targets(y[part], None if weights is None else weights[part], loss)
            batch = network.floats(X)

            def objective(parameters: Tensor) -> tuple[Tensor, Tensor]:
                value, (a, *_) = network.objective(parameters, batch, targets, loss, factors, masks=masks)
                return value, a

            gradient, a = torch.func.grad(objective, has_aux=True)(network.parameters)
            torch.mul(gradient, len(targets) / n, out=network.gradient)
        self.group.sum(network.gradient)
        optimizer.step(network.parameters, network.gradient, network.segments)
        network.parameters.copy_(network.constrain(network.parameters))
        return Part(a, n)

    def predict(self, X: Any, batch_size: int = 1024) -> np.ndarray:
        """Return the outputs for `X`, each process having worked out its share of them."""
        n = len(X)
        own = torch.as_tensor(self.network.predict(X[self.part_of(n)], batch_size), device=self.group.device)
        return self.collect([Part(own, n)])

    def collect(self, outputs: Sequence[Any]) -> np.ndarray:
        """Return the outputs of several whole batches, in order: one all-gather for all of them."""
        if not outputs or not isinstance(outputs[0], Part):
            return self.network.collect(outputs)
        ranks = range(self.group.size)
        counts = [[len(range(n)[share(n, rank, len(ranks))]) for _, n in outputs] for rank in ranks]
        gathered = self.group.gather(torch.cat([part.outputs for part in outputs]), max(map(sum, counts)))
        pieces = [x.cpu()[: sum(count)].split(count) for x, count in zip(gathered, counts, strict=True)]
        return torch.cat([pieces[rank][batch] for batch in range(len(outputs)) for rank in ranks]).numpy()
