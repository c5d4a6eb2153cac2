"""One process of a data-parallel run, started by the tests: ``python data_parallel_worker.py folder epochs [what]``.

It trains on samples that it draws itself and writes what it found to ``folder/<rank>.npz``. `what` may be "dies"
(process 1 ends without a word in its third epoch), "hangs" (it sleeps instead), or "norm" (a batch normalization).
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from course_lib.accelerated.checkpoints import Checkpoint
from course_lib.accelerated.distributed import DataParallel, process_group
from course_lib.accelerated.network import Network
from course_lib.accelerated.optimizers import Adam
from course_lib.callbacks import Callback
from course_lib.reference import layers
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.regularizers import L2, MaxNorm
from course_lib.training import fit

LOGITS = SparseCategoricalCrossentropy(from_logits=True)


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(53, 6)), rng.integers(0, 3, 53)


def build(rank=0, what=""):
    """Each process begins with weights of its own: those of process 0 must win."""
    first = layers.Dense(8, kernel_regularizer=L2(0.01), kernel_constraint=MaxNorm(1.5))
    extra = [layers.BatchNormalization()] if what == "norm" else []
    stack = [first, *extra, layers.Activation("tanh"), layers.Dropout(0.25), layers.Dense(3)]
    network = Network(stack, 6, seed=rank, dtype="float64", device="cpu")
    network.generator.manual_seed(5)
    return network


class Trouble(Callback):
    def __init__(self, what):
        self.what = what

    def on_batch_begin(self, batch):
        if self.what and self.epoch == 2 and batch == 1:
            time.sleep(600) if self.what == "hangs" else os._exit(17)

    def on_epoch_begin(self, epoch):
        self.epoch = epoch


def train(model, group_rank, folder, epochs, trouble=""):
    X, y = data()
    adam, rng = Adam(0.02), np.random.default_rng(3)
    checkpoint = Checkpoint(folder / "run.pt", rng, writes=group_rank == 0)
    start = checkpoint.resume(model, adam)
    history = fit(
        model, X, y, LOGITS, adam, epochs=epochs, batch_size=10, seed=rng, initial_epoch=start, metrics=["accuracy"],
        validation_split=0.2, sample_weight=np.linspace(0.5, 2, 53), callbacks=[checkpoint, Trouble(trouble)],
    )  # fmt: skip
    return history, start, model.predict(X)


def main():
    folder, epochs, what = Path(sys.argv[1]), int(sys.argv[2]), (*sys.argv[3:], "")[0]
    with process_group("cpu", timeout=8 if what == "hangs" else 60) as group:
        model = DataParallel(build(group.rank, what), group)
        trouble = what if group.rank == 1 and what in ("dies", "hangs") else ""
        history, start, outputs = train(model, group.rank, folder, epochs, trouble)
    parameters = model.network.parameters.numpy()
    np.savez(folder / f"{group.rank}.npz", parameters=parameters, outputs=outputs, start=start, **history.history)


if __name__ == "__main__":
    main()
