"""The fast step: an epoch cut into pieces of several steps, each piece one program.

=========  =======================================  ==========================================================
where      a piece                                  a program
=========  =======================================  ==========================================================
CPU        `compiled` steps (1 or more)             one compiled graph: gather, forward, backward, update
GPU        the whole epoch, up to 2048 steps        one CUDA graph of the compiled step; one for the last batch
=========  =======================================  ==========================================================

What does not fill a piece goes through the plain loop. The results are those of the plain loop: same batches, same
masks, same scalars, the same function `one_step`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.accelerated.capturing import Capture
from course_lib.accelerated.compiling import compile_steps
from course_lib.accelerated.step import Work, one_step
from course_lib.accelerated.trouble import Checkpoint
from course_lib.reference.optimizers.base import FLUSH_EVERY

__all__ = ["Epochs", "pieces"]

LONGEST_CAPTURE = 2048  # steps: a graph's memory and the time to make it grow with their number


class Epochs:
    """Runs epochs of one network and keeps the graphs that were captured for them.

    Examples
    --------
    >>> Epochs().captured
    {}
    """

    def __init__(self) -> None:
        self.place: tuple = ()
        self.captured: dict[tuple[int, int], Callable] = {}

    def run(self, work: Work, batches: Sequence[np.ndarray]) -> tuple[Tensor, float]:
        """Make one step for each batch of rows; return all outputs, in order, and the mean penalty."""
        before = Checkpoint(work)
        outputs, penalties, done = [], [], 0
        cut = pieces([len(rows) for rows in batches], self.longest(work))
        programs = {piece: self.program(work, *piece, usual=len(batches[0])) for piece in dict.fromkeys(cut)}
        for count, size in cut:
            rows = torch.as_tensor(np.stack(batches[done : done + count])).to(work.X.device)
            a, penalty = programs[count, size](work, rows)
            outputs.append(a.reshape(-1, *a.shape[2:]))
            penalties.append(penalty)
            flush(work, count)
            done += count
        everything = torch.cat(outputs)
        before.check(everything, batches)
        return everything, float(torch.cat(penalties).mean()) if work.network.regularized else 0.0

    def longest(self, work: Work) -> int:
        """Return how many steps a piece has at most."""
        if not work.network.compiled:
            return 1
        return LONGEST_CAPTURE if work.network.device.type == "cuda" else work.network.compiled

    def program(self, work: Work, count: int, size: int, usual: int) -> Callable:
        """Return the program of a piece, made when it is first asked for, or the plain loop."""
        if not work.network.compiled:
            return plain_steps
        if work.network.device.type == "cpu":  # making a program takes seconds: only for the piece that is repeated
            repeated = size == usual and count == work.network.compiled
            return compile_steps(work, count, size) or plain_steps if repeated else plain_steps
        # a captured graph knows its tensors by their addresses
        place = (*work.signature(), *(tensor.data_ptr() for tensor in work.tensors()))
        if place != self.place:
            self.place, self.captured = place, {}
        if (count, size) not in self.captured:
            self.captured[count, size] = Capture(work, count, size)
        return self.captured[count, size]


def pieces(sizes: Sequence[int], longest: int) -> list[tuple[int, int]]:
    """Return (steps, batch size) of each piece of an epoch whose batches have these sizes.

    Examples
    --------
    >>> pieces([4, 4, 4, 3], longest=2)
    [(2, 4), (1, 4), (1, 3)]
    """
    found: list[tuple[int, int]] = []
    for size in sizes:
        if found and found[-1][1] == size and found[-1][0] < longest:
            found[-1] = (found[-1][0] + 1, size)
        else:
            found.append((1, size))
    return found


def plain_steps(work: Work, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Make one step for each row of `rows`, each operation by itself; return outputs and penalties."""
    outputs, penalties = [], []
    for batch in rows:
        at = work.position()
        step = one_step(work, at, *work.batch(batch), work.constants(1)[0], work.network.draw_masks(len(batch)))
        at.move(step.after)
        work.network.gradient.copy_(step.gradient)
        outputs.append(step.outputs)
        penalties.append(step.penalty)
    return torch.stack(outputs), torch.stack(penalties)


def flush(work: Work, count: int) -> None:
    """Every so many steps, set faded optimizer state to 0; GPUs need no help with small numbers."""
    t = work.optimizer.t
    if work.network.device.type == "cpu" and t // FLUSH_EVERY != (t - count) // FLUSH_EVERY:
        work.optimizer.flush()
