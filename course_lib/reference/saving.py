"""Networks in files: an `.npz` archive of plain arrays, the layers as JSON text. Loading runs no code from the file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.reference import activations, initializers, layers, regularizers
from course_lib.validation import unknown_name

if TYPE_CHECKING:
    import course_lib.reference.network
    from course_lib.reference.optimizers import Optimizer

FORMAT = 1  # goes up when an older version could not read the file


def save_network(
    network: course_lib.reference.network.Network, path: str | PathLike[str], optimizer: Optimizer | None = None
) -> None:
    """Write `network` and, if given, the optimizer's state.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from course_lib.reference.network import Network
    >>> network = Network([layers.Dense(3), layers.Activation("relu")], input_shape=2, seed=1)
    >>> with TemporaryDirectory() as folder:
    ...     save_network(network, Path(folder) / "network.npz")
    ...     with np.load(Path(folder) / "network.npz", allow_pickle=False) as file:
    ...         file.files
    ['description', 'parameters', 'state']
    """
    description = {
        "format": FORMAT,
        "input_shape": network.input_shape,
        "dtype": network.dtype.name,
        "layers": [encode(layer) for layer in network.layers],
    }
    arrays: dict[str, Any] = {"description": json.dumps(description), **network.get_weights()}
    if optimizer is not None:
        arrays |= {f"optimizer.{name}": array for name, array in optimizer.get_state().items()}
    with open(path, "wb") as file:  # np.savez would add .npz to a name that lacks it
        np.savez(file, **arrays)


def load_network(
    path: str | PathLike[str], optimizer: Optimizer | None = None, custom: Sequence[type] = ()
) -> course_lib.reference.network.Network:
    """Return the network in the file.

    Raises
    ------
    ValueError
        If the file is no network, is from a newer version, or names a class that is not known.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from course_lib.reference.network import Network
    >>> network = Network([layers.Dense(3), layers.Activation("relu")], input_shape=2, seed=1)
    >>> with TemporaryDirectory() as folder:
    ...     save_network(network, Path(folder) / "network.npz")
    ...     again = load_network(Path(folder) / "network.npz")
    >>> bool(np.all(again.parameters == network.parameters)), again.layers[1]
    (True, Activation(function=ReLU()))
    """
    from course_lib.reference.network import Network

    if not zipfile.is_zipfile(path) and Path(path).exists():
        raise ValueError(f"{path} holds no network: it is not an .npz archive, or only a part of one")
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if not {"description", "parameters", "state"} <= set(arrays):
        raise ValueError(f"{path} holds no network: it was not written by Network.save")
    description = read_description(str(arrays.pop("description")), path)
    if description["format"] > FORMAT:
        raise ValueError(f"{path} has format {description['format']}, this version reads up to {FORMAT}: update it")
    known = known_classes(custom)
    network = Network([decode(layer, known) for layer in description["layers"]], dtype=description["dtype"])
    network.build(tuple(description["input_shape"]))
    network.set_weights(arrays)
    if optimizer is not None:
        state = {name[10:]: array for name, array in arrays.items() if name.startswith("optimizer.")}
        if not state:
            raise ValueError(f"{path} holds no optimizer: save it with network.save(path, optimizer)")
        optimizer.set_state(state)
    return network


def read_description(text: str, path: str | PathLike[str]) -> dict[str, Any]:
    """Return what the JSON text of a file says, if it has what a network needs.

    Examples
    --------
    >>> read_description('{"format": 1}', "other.npz")
    Traceback (most recent call last):
    ValueError: other.npz holds no network: its description must name dtype, format, input_shape, layers
    """
    try:
        description = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} holds no network: its description is not JSON ({error})") from error
    wanted = {"format", "input_shape", "dtype", "layers"}
    if not isinstance(description, dict) or not wanted <= set(description):
        raise ValueError(f"{path} holds no network: its description must name {', '.join(sorted(wanted))}")
    return description


def encode(value: Any) -> Any:
    """Return `value` as JSON can hold it: a layer becomes its class and its settings, another object its attributes.

    Examples
    --------
    >>> encode(layers.Dropout(0.5))
    {'class': 'Dropout', 'settings': {'rate': 0.5, 'inverted': True}}
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple, np.ndarray)):
        return [encode(item) for item in (value.tolist() if isinstance(value, np.ndarray) else value)]
    kind, parts = ("settings", value.settings()) if isinstance(value, layers.Layer) else ("attributes", vars(value))
    return {"class": type(value).__name__, kind: {name: encode(item) for name, item in parts.items()}}


def decode(value: Any, known: dict[str, type]) -> Any:
    """Return what `encode` was given; only classes in `known` are made.

    Examples
    --------
    >>> decode({"class": "Dropout", "settings": {"rate": 0.5}}, known_classes())
    Dropout(rate=0.5, inverted=True)
    """
    if isinstance(value, list):
        return [decode(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    if value["class"] not in known:
        error = unknown_name("class", value["class"], known)
        raise ValueError(f"{error}. For a class of your own write Network.load(path, custom=[{value['class']}])")
    kind = known[value["class"]]
    if "settings" in value:
        return kind(**{name: decode(item, known) for name, item in value["settings"].items()})
    made: Any = object.__new__(kind)
    vars(made).update({name: decode(item, known) for name, item in value["attributes"].items()})
    return made


def known_classes(custom: Sequence[type] = ()) -> dict[str, type]:
    """Return the classes a file may name: layers, activations, initializers, regularizers, and `custom` ones.

    Examples
    --------
    >>> "Dense" in known_classes(), "Scale" in known_classes()
    (True, False)
    """
    modules = (activations, initializers, layers, regularizers)
    own = {name: item for module in modules for name, item in vars(module).items() if isinstance(item, type)}
    return own | {kind.__name__: kind for kind in custom}
