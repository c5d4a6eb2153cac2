"""Checkpoints: a training run in a file, from which it goes on as if it had never been stopped.

What a run is made of besides its weights is easily forgotten, and each omission shows as a kink in the loss curve:
the optimizer's averages and step number, the running means of batch normalization, where every random generator
stands (order of the samples, dropout), and the number of epochs done. All of it goes into the file, which is
written beside the old one and then put in its place, so that a run killed while saving still has the old one.

The file is PyTorch's own format and is read with ``weights_only=True``: tensors, numbers and text. Pickle files in
general can run any program when they are opened; these cannot.

>>> import tempfile, pathlib
>>> from torch import nn
>>> network = nn.Linear(3, 1)
>>> adam = torch.optim.Adam(network.parameters())
>>> path = pathlib.Path(tempfile.mkdtemp()) / "run.pt"
>>> save_checkpoint(path, network, adam, epoch=7)
>>> load_checkpoint(path, network, adam)["epoch"]
7
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib.callbacks import Callback, Logs

__all__ = ["Checkpoint", "load_checkpoint", "save_checkpoint"]

FORMAT = 1  # goes up when an older version could not read the file


def save_checkpoint(
    path: str | PathLike[str],
    model: Any,
    optimizer: Any,
    epoch: int = 0,
    rngs: Mapping[str, np.random.Generator] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Write all that a run needs to go on: `model`, `optimizer`, epochs done, and where the generators stand.

    Parameters
    ----------
    path
        The file; one that is there is replaced in a single step.
    model, optimizer
        Those of the course, or a `torch.nn.Module` and a `torch.optim.Optimizer`.
    epoch
        How many epochs are done.
    rngs
        The run's NumPy generators by name. PyTorch's own generators always go in.
    extra
        Numbers, text, tensors, and lists and dicts of them.

    Examples
    --------
    >>> import tempfile
    >>> model = torch.nn.Linear(2, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/run.pt", model, torch.optim.SGD(model.parameters()))
    ...     os.listdir(folder)
    ['run.pt']
    """
    path = Path(path)
    content = {
        "format": FORMAT,
        "epoch": int(epoch),
        "model": _tensors(_state(model)),
        "optimizer": _tensors(_state(optimizer)),
        "kinds": _kinds(model, optimizer),
        "random": _random_states(_generators(model, rngs)),
        "extra": dict(extra or {}),
    }
    partial = path.with_name(f"{path.name}.partial")
    with open(partial, "wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_checkpoint(
    path: str | PathLike[str],
    model: Any,
    optimizer: Any,
    rngs: Mapping[str, np.random.Generator] | None = None,
) -> dict[str, Any]:
    """Put a run back to where `save_checkpoint` saw it; return its ``{"epoch": …, **extra}``.

    The generators in `rngs` are set, not replaced: whoever holds them draws on from there.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no checkpoint, is damaged, is from a newer version, or belongs to another network or optimizer.

    Examples
    --------
    >>> import tempfile
    >>> model = torch.nn.Linear(2, 1)
    >>> sgd = torch.optim.SGD(model.parameters())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/run.pt", model, sgd, epoch=3, extra={"best": 0.25})
    ...     load_checkpoint(f"{folder}/run.pt", model, sgd)
    {'epoch': 3, 'best': 0.25}
    """
    content = _read(Path(path))
    _check_kinds(content.get("kinds", {}), _kinds(model, optimizer), path)
    _set_state(model, content["model"])
    _set_state(optimizer, content["optimizer"])
    _set_random_states(content["random"], _generators(model, rngs), path)
    return {"epoch": content["epoch"], **content["extra"]}


class Checkpoint(Callback):
    """Write a checkpoint after every epoch, and take a run up again from it.

    Parameters
    ----------
    path
        The file.
    rng
        The generator that is given to `fit` as `seed`: it decides about the order of the samples.
    every
        Epochs between two checkpoints; the last epoch always has one.
    writes
        Whether this process writes the file: of several that train together one does, and all read it.

    Attributes
    ----------
    history : dict of lists
        The numbers of all epochs, those before the interruption included.

    Examples
    --------
    The same lines start a run and go on with it:

    >>> import tempfile, pathlib
    >>> from course_lib.reference.layers import Dense
    >>> from course_lib.reference.network import Network
    >>> from course_lib.reference.optimizers import Adam
    >>> from course_lib.training import fit
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "run.pt"
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> def run(epochs):
    ...     network, adam, rng = Network([Dense(1)], input_shape=1), Adam(0.1), np.random.default_rng(0)
    ...     checkpoint = Checkpoint(path, rng)
    ...     start = checkpoint.resume(network, adam)
    ...     fit(network, X, 2 * X, "mse", adam, epochs=epochs, seed=rng, initial_epoch=start, callbacks=[checkpoint])
    ...     return start, len(checkpoint.history["loss"])
    >>> run(epochs=3), run(epochs=5)
    ((0, 3), (3, 5))
    """

    def __init__(
        self, path: str | PathLike[str], rng: np.random.Generator, every: int = 1, writes: bool = True
    ) -> None:
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"rng must be the numpy.random.Generator that fit gets as seed, got {rng!r}")
        self.path, self.rng, self.every, self.writes = Path(path), rng, every, writes
        self.history: dict[str, list[float]] = {}

    def resume(self, model: Any, optimizer: Any) -> int:
        """Return the number of the epoch to start with: 0, or where the file says, everything put back."""
        if not self.path.exists():
            return 0
        found = load_checkpoint(self.path, model, optimizer, {"fit": self.rng})
        self.history = found["history"]
        return found["epoch"]

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Take note of the numbers and save."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        if self.writes and ((epoch + 1) % self.every == 0 or epoch + 1 == self.run.epochs):
            extra = {"history": self.history}
            save_checkpoint(self.path, self.run.model, self.run.optimizer, epoch + 1, {"fit": self.rng}, extra)


# What a thing consists of, and back


def _state(thing: Any) -> Mapping[str, Any]:
    """Return what the course's networks and optimizers, or PyTorch's, say of themselves."""
    for method in ("get_weights", "get_state", "state_dict"):
        if hasattr(thing, method):
            return getattr(thing, method)()
    raise TypeError(f"{type(thing).__name__} has neither get_weights, get_state nor state_dict: it cannot be saved")


def _set_state(thing: Any, state: Mapping[str, Any]) -> None:
    if hasattr(thing, "load_state_dict") and not hasattr(thing, "set_weights") and not hasattr(thing, "set_state"):
        thing.load_state_dict(state)
        return
    arrays = {name: value.numpy() if isinstance(value, torch.Tensor) else value for name, value in state.items()}
    (thing.set_weights if hasattr(thing, "set_weights") else thing.set_state)(arrays)


def _tensors(state: Any) -> Any:
    """Return a copy in which NumPy arrays are tensors: all that the file may hold besides numbers and text."""
    if isinstance(state, Mapping):
        return {name: _tensors(value) for name, value in state.items()}
    if isinstance(state, (np.ndarray, np.generic)):
        return torch.from_numpy(np.array(state))
    return state


def _kinds(model: Any, optimizer: Any) -> dict[str, list[str]]:
    """Return of what the states are: weights of other layers may be as many numbers."""
    found = {"optimizer": [type(optimizer).__name__]}
    layers = getattr(getattr(model, "network", model), "layers", None)
    if isinstance(layers, list):
        found["layers"] = [
            " ".join([type(layer).__name__, *(f"{n}{tuple(p.value.shape)}" for n, p in layer.parameters.items())])
            for layer in layers
        ]
    return found


def _check_kinds(saved: Mapping[str, list[str]], own: Mapping[str, list[str]], path: str | PathLike[str]) -> None:
    for name in saved.keys() & own.keys():
        if saved[name] != own[name]:
            raise ValueError(
                f"{path} was saved with the {name} {', '.join(saved[name])}, this run has {', '.join(own[name])}: "
                "give those it was saved with"
            )


# Random generators


def _generators(model: Any, rngs: Mapping[str, np.random.Generator] | None) -> dict[str, Any]:
    """Return all generators of a run by name, each once: those of dropout and those that were named."""
    model = getattr(model, "network", model)
    if isinstance(getattr(model, "generator", None), torch.Generator):
        return {"dropout": model.generator, **(rngs or {})}
    drawn = {id(layer.rng): layer.rng for layer in getattr(model, "layers", []) if hasattr(layer, "rng")}
    return {f"layers.{i}": rng for i, rng in enumerate(drawn.values())} | dict(rngs or {})


def _random_states(generators: Mapping[str, Any]) -> dict[str, Any]:
    own = {
        name: rng.get_state() if isinstance(rng, torch.Generator) else _tensors(rng.bit_generator.state)
        for name, rng in generators.items()
    }
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"torch": torch.get_rng_state(), "cuda": cuda, "own": own}


def _set_random_states(states: Mapping[str, Any], generators: Mapping[str, Any], path: str | PathLike[str]) -> None:
    if set(states["own"]) != set(generators):
        raise ValueError(
            f"{path} knows the generators {sorted(states['own'])}, this run has {sorted(generators)}: "
            "give the ones it was saved with"
        )
    for name, rng in generators.items():
        if isinstance(rng, torch.Generator):
            rng.set_state(states["own"][name])
        else:
            rng.bit_generator.state = states["own"][name]
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available() and states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])


# The file


def _read(path: Path) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds more than tensors, numbers and text, so it was not opened: such a file can run any program. "
            "If you trust whoever made it, read it with torch.load and save_checkpoint it anew"
        ) from error
    except (RuntimeError, EOFError) as error:
        raise ValueError(f"{path} is damaged or no checkpoint ({error}): go back to an older one") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise ValueError(f"{path} is no checkpoint of this library: it was not written by save_checkpoint")
    if content["format"] > FORMAT:
        raise ValueError(f"{path} has format {content['format']}, this version reads up to {FORMAT}: update it")
    if missing := {"epoch", "model", "optimizer", "random", "extra"} - content.keys():
        raise ValueError(f"{path} is damaged: it has no {', '.join(sorted(missing))}")
    return content
