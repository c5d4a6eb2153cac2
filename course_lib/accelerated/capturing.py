"""A whole epoch as one CUDA graph: the GPU runs from step to step without waiting for Python.

A step of a small network is some ten kernels of a few microseconds each, and starting a kernel from Python costs as
much as running it. A CUDA graph is recorded once and started as a whole. Recorded is what happens to addresses, so
everything that changes from epoch to epoch lies in tensors that stay where they are: the rows of each batch, and the
optimizer's scalars of each step (learning rate, bias corrections).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor

from course_lib.accelerated.compiling import compiled_function, copied
from course_lib.accelerated.step import Work, one_step

__all__ = ["Capture", "CudaRecorder"]

WARM_UP = 3  # steps on a side stream before a capture: libraries allocate their workspaces in them


class CudaRecorder:
    """Records what a function does on the GPU, and plays it back.

    Examples
    --------
    >>> x = torch.zeros(1, device="cuda")                 # doctest: +SKIP
    >>> recorder = CudaRecorder(torch.Generator("cuda"))  # doctest: +SKIP
    >>> one_more = recorder.record(lambda: x.add_(1))     # doctest: +SKIP
    >>> recorder.play()                                   # doctest: +SKIP
    """

    def __init__(self, generator: torch.Generator) -> None:
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(generator)

    def warm_up(self, function: Any) -> None:
        """Run the function a few times where nothing is recorded."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                function()
        torch.cuda.current_stream().wait_stream(stream)

    def record(self, function: Any) -> Any:
        """Return the tensors that the function returns; each `play` fills them anew."""
        with torch.cuda.graph(self.graph):
            return function()

    def play(self) -> None:
        """Run what was recorded."""
        self.graph.replay()


class Capture:
    """A program of `count` steps on batches of `size`, recorded once.

    Parameters
    ----------
    work
        What is trained; its tensors must stay where they are.
    recorder
        Makes the recorder; tests put one in that needs no GPU.

    Examples
    --------
    >>> program = Capture(work, count=1875, size=32)      # doctest: +SKIP
    >>> outputs, penalties = program(work, rows)          # doctest: +SKIP
    """

    def __init__(self, work: Work, count: int, size: int, recorder: Any = CudaRecorder) -> None:
        self.function = compiled_function(work, 1, size)
        at = work.position()
        saved = [tensor.clone() for tensor in at.flat()]
        drawn = work.network.generator.get_state()
        self.rows = torch.arange(size, device=work.X.device).remainder(len(work.X)).repeat(count, 1)
        self.constants = aligned_rows(dataclasses.replace(work, optimizer=copied(work.optimizer)).constants(count))
        self.recorder = recorder(work.network.generator)
        self.recorder.warm_up(lambda: self.steps(work, 1))
        self.outputs, self.penalties = self.recorder.record(lambda: self.steps(work, count))
        at.move(at.like(saved))
        work.network.generator.set_state(drawn)

    def steps(self, work: Work, count: int) -> tuple[Tensor, Tensor]:
        """Make steps on the first rows, all on the device."""
        outputs, penalties = [], []
        for i in range(count):
            a, penalty = self.step(work, self.rows[i : i + 1], self.constants[i : i + 1])
            outputs.append(a[0])
            penalties.append(penalty[0])
        return torch.stack(outputs), torch.stack(penalties)

    def step(self, work: Work, rows: Tensor, constants: Tensor) -> tuple[Tensor, Tensor]:
        """Make one step, compiled where there is a compiler, and move the tensors of `work`."""
        masks = work.network.draw_masks(rows.shape[1])
        if self.function is not None:
            a, penalty = self.function(rows, constants, *masks, *work.tensors())
            return a, penalty
        at = work.position()
        step = one_step(work, at, *work.batch(rows[0]), constants[0], masks)
        at.move(step.after)
        return step.outputs[None], step.penalty[None]

    def __call__(self, work: Work, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Make the steps on these rows; counts them."""
        self.rows.copy_(rows)
        self.constants.copy_(work.constants(len(rows)))
        self.recorder.play()
        return self.outputs.clone(), self.penalties.clone()


def aligned_rows(table: Tensor) -> Tensor:
    """Return a copy whose rows begin at multiples of 16 bytes: compiled kernels would copy others first.

    A row of an ensemble is a table itself, members and their scalars, and stays in one piece.

    Examples
    --------
    >>> aligned_rows(torch.ones(2, 3)).stride(), aligned_rows(torch.ones(2, 5, 3)).stride()
    ((4, 1), (16, 3, 1))
    """
    rows = table.flatten(1)
    width = rows.shape[1]
    padded = rows.new_zeros(len(rows), -(-width // 4) * 4)
    padded[:, :width] = rows
    return padded[:, :width].unflatten(1, table.shape[1:])
