"""The same numbers in every run: what decides about them, and a mode in which nothing is left to chance.

Two runs of one program agree to the bit if

1. all random numbers come from seeds (the library takes every seed as an argument; PyTorch's own generator is
   seeded by `deterministic`),
2. every operation adds its numbers in the same order. Sums of floats depend on the order, and a GPU that lets
   thousands of threads add to one place (`index_add_`, `scatter_add_`, the gradient of an embedding) takes them as
   they come. PyTorch has slower versions that do not, and refuses those operations of which it has none,
3. the libraries choose the same algorithm each time: cuDNN's benchmark mode times several and takes the fastest,
   cuBLAS splits its products by free memory unless `CUBLAS_WORKSPACE_CONFIG` forbids it,
4. machine, device, versions and number of threads are the same. This no setting can give: another processor has
   other vector units and adds in another order. Between machines expect 1e-7 (float32) or 1e-16 (float64) a step,
   growing as training amplifies it.

>>> def draw():
...     with deterministic(seed=3):
...         return torch.rand(2)
>>> torch.equal(draw(), draw())
True
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["deterministic"]

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def deterministic(seed: int = 0) -> Iterator[None]:
    """Run the body in PyTorch's deterministic mode, its generators seeded; then put back what was there before.

    Inside, an operation that has no deterministic version raises, and `torch.empty` is filled with NaN, so that
    a result cannot depend on what lay in memory. The generators of the CPU and of all CUDA devices go on
    afterwards from where they were.

    Parameters
    ----------
    seed
        For PyTorch's own generators (those of NumPy are arguments everywhere in the library).

    Raises
    ------
    RuntimeError
        If CUDA was used before `CUBLAS_WORKSPACE_CONFIG` was set: cuBLAS reads it once, when it starts.

    Examples
    --------
    >>> with deterministic():
    ...     torch.are_deterministic_algorithms_enabled(), bool(torch.empty(3).isnan().all())
    (True, True)
    >>> torch.are_deterministic_algorithms_enabled()
    False
    """
    _reserve_workspace()
    enabled, warn_only = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    cudnn, tuned = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn, tuned


def _reserve_workspace() -> None:
    """Give cuBLAS a workspace of fixed size, if it can still be told."""
    if WORKSPACE not in os.environ:
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            raise RuntimeError(
                f"CUDA is in use already and {WORKSPACE} is not set, so that cuBLAS may add in any order: "
                f"enter deterministic() before the first tensor goes to the GPU, or start with {WORKSPACE}=:4096:8"
            )
        os.environ[WORKSPACE] = ":4096:8"
