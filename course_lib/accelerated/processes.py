"""The processes that train together: who they are, and the few things they say to each other.

`torchrun` starts them and tells each its number by environment variables; `process_group` reads those and connects
them, by NCCL between GPUs and by Gloo elsewhere. Without `torchrun` the group has one member, and every line of a
program works the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from course_lib.accelerated.devices import check_device

__all__ = ["Group", "WorkerLost", "process_group", "share"]


class WorkerLost(RuntimeError):
    """Another process of the group has died or hangs; this one cannot go on alone.

    Examples
    --------
    >>> issubclass(WorkerLost, RuntimeError)
    True
    """


def share(n: int, rank: int, size: int) -> slice:
    """Return which of n samples belong to process `rank` of `size`: parts in order, their sizes at most one apart.

    Examples
    --------
    >>> [share(10, rank, 4) for rank in range(4)]
    [slice(0, 3, None), slice(3, 6, None), slice(6, 8, None), slice(8, 10, None)]
    """
    if not 0 <= rank < size:
        raise ValueError(f"rank must lie in 0..{size - 1} ({size} processes), got {rank}")
    whole, rest = divmod(n, size)
    start = rank * whole + min(rank, rest)
    return slice(start, start + whole + (rank < rest))


@dataclass(frozen=True)
class Group:
    """The processes that train together, as one of them sees it.

    Attributes
    ----------
    rank, size
        Number of this process, from 0, and how many there are.
    device
        Where its tensors live.

    Examples
    --------
    >>> alone = Group(0, 1, torch.device("cpu"))
    >>> alone.sum(torch.tensor([2.0])), alone.gather(torch.tensor([[1.0]]), 1)
    (tensor([2.]), [tensor([[1.]])])
    """

    rank: int
    size: int
    device: torch.device

    def sum(self, x: Tensor) -> Tensor:
        """Replace `x` by its sum over all processes, in place, and return it."""
        if self.size > 1:
            self._together("all_reduce", lambda: dist.all_reduce(x))
        return x

    def copy_from_first(self, x: Tensor) -> Tensor:
        """Replace `x` by that of process 0, in place, and return it."""
        if self.size > 1:
            self._together("broadcast", lambda: dist.broadcast(x, 0))
        return x

    def gather(self, part: Tensor, most: int) -> list[Tensor]:
        """Return the parts of all processes, each padded to `most` rows, first rank first."""
        if self.size == 1:
            return [part]
        padded = part.new_zeros((most, *part.shape[1:]))
        padded[: len(part)] = part
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        self._together("all_gather", lambda: dist.all_gather(parts, padded))
        return parts

    def _together(self, what: str, call: Callable[[], Any]) -> None:
        try:
            call()
        except RuntimeError as error:
            raise WorkerLost(
                f"process {self.rank} of {self.size} waited in {what} for one that died or hangs ({error}). Its own "
                "message stands above or in its log. Start the same command again: it goes on from the last checkpoint"
            ) from error


@contextmanager
def process_group(device: str | torch.device | None = None, timeout: float = 60.0) -> Iterator[Group]:
    """Join the processes that `torchrun` has started; without it, be a group of one.

    Parameters
    ----------
    device
        Where this process computes; None: the GPU with its number on this machine if there is one, else the CPU.
    timeout
        Seconds to wait for the others, at the start and in every sum.

    Raises
    ------
    WorkerLost
        If not all processes come.
    ValueError
        If there is no such device here.

    Examples
    --------
    >>> with process_group("cpu") as group:
    ...     group.rank, group.size
    (0, 1)
    """
    place = check_device(device) if device is not None else _own_device()
    if "RANK" not in os.environ:
        yield Group(0, 1, place)
        return
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    backend = "nccl" if place.type == "cuda" else "gloo"
    if backend == "nccl":  # which else ends the process where it should raise an error
        os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    try:
        dist.init_process_group(backend, rank=rank, world_size=size, timeout=timedelta(seconds=timeout))
    except RuntimeError as error:
        raise WorkerLost(
            f"process {rank} of {size} waited {timeout:g} s for the others to start ({error}): look at their messages, "
            "and whether MASTER_ADDR and MASTER_PORT name a place that all of them reach"
        ) from error
    try:
        yield Group(rank, size, place)
    finally:
        dist.destroy_process_group()


def _own_device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    torch.cuda.set_device(device)
    return device
