"""Devices: which there are, and errors that say what to do when there is none, or too little of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch


def check_device(device: str | torch.device | None = None) -> torch.device:
    """Return the device of that name; None: the GPU in use (`torch.cuda.set_device`; else the first), or the CPU.

    Raises
    ------
    ValueError
        If there is no such device here, with the reason and the way out.

    Examples
    --------
    >>> check_device("cpu")
    device(type='cpu')
    >>> check_device("cuda:99")                           # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: device 'cuda:99' cannot be used: ...
    """
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device must be a name such as 'cpu', 'cuda' or 'cuda:1', got {device!r}") from error
    if found.type == "cuda":
        if reason := no_cuda(found.index or 0):
            raise ValueError(f"device {str(device)!r} cannot be used: {reason}; device='cpu' works everywhere")
        return torch.device("cuda", torch.cuda.current_device() if found.index is None else found.index)
    return found


def no_cuda(index: int = 0) -> str:
    """Return why CUDA device `index` cannot be used, or an empty text if it can.

    Examples
    --------
    >>> no_cuda(99) != ""
    True
    """
    if torch.version.cuda is None:
        return f"this PyTorch ({torch.__version__}) is built without CUDA: install one from pytorch.org that has it"
    if not torch.cuda.is_available():
        return "PyTorch finds no CUDA device: is there a GPU, and does nvidia-smi list it?"
    count = torch.cuda.device_count()
    return "" if index < count else f"there are {count} CUDA devices, cuda:0 to cuda:{count - 1}"


class DeviceMemoryError(MemoryError):
    """The device has too little memory; the message says what to lower.

    Examples
    --------
    >>> issubclass(DeviceMemoryError, MemoryError)
    True
    """


@contextlib.contextmanager
def explained(network: Any, batch: int | None = None, members: int = 1) -> Iterator[None]:
    """Run what follows on the network's device; out of memory becomes an error that says what to lower.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.network import Network
    >>> with explained(Network([Dense(1)], 2, device="cpu"), batch=64):
    ...     raise torch.OutOfMemoryError("CUDA out of memory")
    Traceback (most recent call last):
    ...
    course_lib.accelerated.devices.DeviceMemoryError: cpu is out of memory at 64 samples a batch (the network has 3 \
parameters, 12 bytes, and as many again for each state of the optimizer): take a smaller batch_size, fewer units, \
precision="bfloat16", or keep the samples as uint8 or in a memory-mapped file
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        size = network.parameters.numel()
        raise DeviceMemoryError(
            f"{network.device} is out of memory"
            + (f" at {batch} samples a batch" if batch else "")
            + (f" of each of {members} networks at once" if members > 1 else "")
            + f" (the network has {size} parameters, {size * network.parameters.element_size()} bytes, and as many "
            "again for each state of the optimizer): take "
            + ("a smaller at_once, " if members > 1 else "")
            + 'a smaller batch_size, fewer units, precision="bfloat16", '
            "or keep the samples as uint8 or in a memory-mapped file"
        ) from error
