"""What goes on inside a network while it trains: activations and gradients of every layer, recorded by hooks.

A hook is a function that a module calls with what passes through it. `Recorder` puts one on each layer, keeps
statistics or the arrays themselves, and takes its hooks off again; the network need not know of it.

>>> from torch import nn
>>> network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
>>> with Recorder(network) as record:
...     network(torch.ones(5, 4)).sum().backward()
>>> list(record.outputs), record.outputs["1"].shape, record.gradients["1"].shape
(['0', '1', '2'], (5, 8), (5, 8))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.validation import unknown_name

__all__ = ["Recorder", "first_non_finite", "statistics"]


def statistics(x: np.ndarray) -> dict[str, float]:
    """Return what the figures of a layer show: mean, standard deviation, largest size, share of zeros.

    Examples
    --------
    >>> statistics(np.array([0.0, 0.0, 3.0, -3.0]))
    {'mean': 0.0, 'std': 2.1213203435596424, 'largest': 3.0, 'zeros': 0.5}
    """
    return {
        "mean": float(x.mean()),
        "std": float(x.std()),
        "largest": float(np.abs(x).max()),
        "zeros": float((x == 0).mean()),
    }


class Recorder:
    """Records the output of each layer, and dL/d(output) on the way back, as NumPy arrays.

    Parameters
    ----------
    module
        The network.
    layers
        Names of the modules to listen to, as `named_modules` has them; None: all that have no parts themselves.
    history
        Whether to keep `statistics` of every pass (in `history`) besides the arrays of the last one.

    Attributes
    ----------
    outputs, gradients : dict of ndarray
        By name of the layer, of the last pass. A layer that is used twice in a pass (a shared one) has "name" and
        "name#2", in the order of use.
    history : list of (name, "output" or "gradient", dict)
        One entry a layer and pass, oldest first.

    Examples
    --------
    >>> relu = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> with Recorder(relu, ["1"], history=True) as record:
    ...     for scale in (1.0, 2.0):
    ...         relu(scale * torch.ones(4, 2)).sum().backward()
    >>> [(name, kind) for name, kind, _ in record.history]
    [('1', 'output'), ('1', 'gradient'), ('1', 'output'), ('1', 'gradient')]
    """

    def __init__(self, module: nn.Module, layers: Iterable[str] | None = None, history: bool = False) -> None:
        self.module, self.keep_history = module, history
        known = {name: part for name, part in module.named_modules() if name or part is module}
        leaves = [name for name, part in known.items() if not any(part.children())]
        self.layers = list(leaves if layers is None else layers)
        for name in self.layers:
            if name not in known:
                raise unknown_name("layer", name, [known_name for known_name in known if known_name])
        self.parts = {name: known[name] for name in self.layers}
        self.outputs: dict[str, np.ndarray] = {}
        self.gradients: dict[str, np.ndarray] = {}
        self.history: list[tuple[str, str, dict[str, float]]] = []
        self._handles: list[Any] = []
        self._used: dict[str, int] = {}

    def __enter__(self) -> Recorder:
        self._handles.append(self.module.register_forward_pre_hook(lambda *_: self._start()))
        for name, part in self.parts.items():
            self._handles.append(part.register_forward_hook(self._listener(name)))
        return self

    def __exit__(self, *error: object) -> None:
        while self._handles:
            self._handles.pop().remove()

    def _start(self) -> None:
        """Begin a new pass: called by the whole module before any of its layers."""
        self._used.clear()
        self.outputs.clear()
        if torch.is_grad_enabled():
            self.gradients.clear()

    def _listener(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hear(part: nn.Module, inputs: Any, output: Any) -> None:
            if not isinstance(output, Tensor):
                raise TypeError(f"layer {name!r} returns {type(output).__name__}, not a tensor: listen to its parts")
            self._used[name] = use = self._used.get(name, 0) + 1
            key = name if use == 1 else f"{name}#{use}"
            self._keep(self.outputs, key, "output", output)
            if output.requires_grad:
                output.register_hook(lambda G: self._keep(self.gradients, key, "gradient", G))

        return hear

    def _keep(self, where: dict[str, np.ndarray], key: str, kind: str, x: Tensor) -> None:
        x = x.detach().float() if x.dtype == torch.bfloat16 else x.detach()  # NumPy has no bfloat16
        where[key] = array = x.to("cpu", copy=True).numpy()
        if self.keep_history:
            self.history.append((key, kind, statistics(array)))

    def series(self, name: str, kind: str, statistic: str) -> list[float]:
        """Return one statistic of one layer over all passes, ready to be drawn; needs ``history=True``.

        Examples
        --------
        >>> layer = nn.Identity()
        >>> with Recorder(layer, [""], history=True) as record:
        ...     for value in (1.0, 3.0):
        ...         _ = layer(torch.tensor([value]))
        >>> record.series("", "output", "mean")
        [1.0, 3.0]
        """
        if not self.keep_history:
            raise ValueError("there is no history: write Recorder(module, history=True)")
        return [values[statistic] for key, which, values in self.history if (key, which) == (name, kind)]


def first_non_finite(record: Recorder) -> str | None:
    """Return where NaN or inf first appeared in the last pass ("output of 2", "gradient of 0"), None if nowhere.

    Outputs are looked through in the order in which they were computed, then gradients in theirs, which is backwards.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    >>> with Recorder(network) as record:
    ...     _ = network(torch.tensor([[float("inf")]]))
    >>> first_non_finite(record)
    'output of 0'
    """
    for kind, arrays in (("output", record.outputs), ("gradient", record.gradients)):
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                return f"{kind} of {name}"
    return None
