"""Training on data larger than memory: samples stay in a file, and only the rows of a batch are read.

A memory map lets a file look like an array. Who reads a row gets a whole block of the file with it (Linux maps what it
already has in its cache, up to 2 MiB around), and keeps it until told otherwise: a process that has touched every row
*holds* the whole file. `Samples` gives the blocks back before they exceed a limit, so that what it holds stays small
whatever the size of the file.

>>> import tempfile, pathlib
>>> from course_lib.accelerated.layers import Dense
>>> from course_lib.accelerated.network import Network
>>> from course_lib.training import fit
>>> path = pathlib.Path(tempfile.mkdtemp()) / "samples.npy"
>>> write_samples(path, (np.full((10, 3), i, np.uint8) for i in range(5)))
(50, 3)
>>> samples = Samples(path, scale=1 / 4)
>>> samples.shape, samples[[0, 49]].tolist()
((50, 3), [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
>>> model = FromFile(Network([Dense(1)], 3, seed=0, device="cpu"))
>>> history = fit(model, samples, np.repeat(np.arange(5.0), 10), "mse", "sgd", epochs=200, batch_size=10)
>>> history["loss"][-1] < 0.1
True

What else makes it fast: keep bytes as bytes (`scale` makes numbers of them batch
by batch), and read the rows of a batch in the order of the file, as is done here. Shuffled single rows of a spinning
disk will always be slow: shuffle once, when the file is written.
"""

from __future__ import annotations

import copy
import mmap
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.accelerated.wrapped import Wrapped
from course_lib.training.batches import Batches
from course_lib.validation import check_number

__all__ = ["FromFile", "Samples", "write_samples"]

BLOCK = 2**21  # bytes of a file that may come with a single one


def write_samples(path: str | PathLike[str], parts: Iterable[np.ndarray]) -> tuple[int, ...]:
    """Write samples that come in parts (n_i, …) into one `.npy` file, never holding more than one; return its shape.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "samples.npy"
    >>> write_samples(path, [np.zeros((2, 3)), np.ones((1, 3))]), np.load(path)[1:].tolist()
    ((3, 3), [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    """
    path, rows, first = Path(path), 0, None
    partial = path.with_name(f"{path.name}.partial")
    with open(partial, "wb") as file:
        for part in parts:
            part = np.ascontiguousarray(part)
            if first is None:
                first = part[:0]
                _write_header(file, first, 0)
            if part.shape[1:] != first.shape[1:] or part.dtype != first.dtype:
                raise ValueError(
                    f"all parts must have one shape and dtype, got {first.dtype}{first.shape[1:]} and then "
                    f"{part.dtype}{part.shape[1:]}"
                )
            file.write(part.data)
            rows += len(part)
        if first is None:
            raise ValueError("there is nothing to write: parts gave no array")
        file.seek(0)
        _write_header(file, first, rows)
    partial.replace(path)
    return (rows, *first.shape[1:])


def _write_header(file: Any, sample: np.ndarray, rows: int) -> None:
    """Write the header of a `.npy` file; its length does not depend on `rows` (NumPy leaves room for it to grow)."""
    description = np.lib.format.header_data_from_array_1_0(sample) | {"shape": (rows, *sample.shape[1:])}
    np.lib.format.write_array_header_1_0(file, description)


class Samples:
    """The samples of a `.npy` file, read row by row when they are asked for.

    Parameters
    ----------
    path
        The file, (n, …).
    scale
        What each entry is multiplied by as it is read (1/255 for images of bytes); the result is float32.
        None: entries stay as they are.
    keep
        Megabytes of the file that may be held at a time; one that is not larger is never given back.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no `.npy` file of numbers, or has been cut off.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "samples.npy"
    >>> np.save(path, np.arange(6).reshape(3, 2))
    >>> samples = Samples(path)
    >>> samples[[2, 0]], samples[1:].shape
    (array([[4, 5],
           [0, 1]]), (2, 2))
    """

    def __init__(self, path: str | PathLike[str], scale: float | None = None, keep: float = 32.0) -> None:
        self.array = _mapped(path)
        self.scale = None if scale is None else np.float32(check_number("scale", scale))
        self.room = int(check_number("keep", keep, 0) * 2**20)
        self.shape, self.ndim = self.array.shape, self.array.ndim
        self.dtype = self.array.dtype if scale is None else np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: Any) -> Any:
        """Return the rows with these numbers as an array; a slice gives `Samples` again, of which nothing is read."""
        if isinstance(rows, slice):
            part = copy.copy(self)
            part.array = self.array[rows]
            part.shape = part.array.shape
            return part
        rows = np.asarray(rows, None if np.size(rows) else int)
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise TypeError(
                f"rows must be a list of row numbers or a slice, got {rows.dtype} of shape {rows.shape}: "
                "np.flatnonzero makes numbers of a mask, samples[[i]] reads a single row"
            )
        array = self.read(rows)
        return array if self.scale is None else array * self.scale

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows with these numbers as they are in the file, read in its order."""
        part = np.empty((len(rows), *self.shape[1:]), self.array.dtype)
        for places in self._groups(rows):
            part[places] = self.array[rows[places]]
            self.release()
        return part

    def _groups(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return the places in `rows` in the order of the file, cut where the blocks read exceed the limit."""
        order = np.argsort(rows, kind="stable")
        size = self.array[:1].nbytes
        blocks = rows[order] * size // BLOCK
        opened = np.cumsum(np.diff(blocks, prepend=-1) != 0) * (1 + size // BLOCK)
        full = (opened - 1) // max(1, self.room // BLOCK)
        return np.split(order, np.flatnonzero(np.diff(full)) + 1)

    def release(self) -> None:
        """Give the blocks read so far back to the system, if the file is larger than the limit."""
        if self.array._mmap.size() > self.room and hasattr(mmap, "MADV_DONTNEED"):  # Windows does it on its own
            self.array._mmap.madvise(mmap.MADV_DONTNEED)


def _mapped(path: str | PathLike[str]) -> Any:  # a memmap, whose map NumPy has no public name for
    """Return the array of a `.npy` file, of which nothing is read yet."""
    try:
        array = np.load(path, mmap_mode="r")
    except (EOFError, ValueError) as error:
        raise ValueError(f"{path} is no .npy file of numbers, or part of it is missing ({error})") from error
    if not isinstance(array, np.memmap):
        raise ValueError(f"{path} holds several arrays: write one with write_samples or np.save")
    return array


class FromFile(Wrapped):
    """A network that is trained on `Samples`; `fit` sees an ordinary model.

    A batch is read, scaled and moved to the network's device when it is needed. Predictions go through the file in
    the same way. Labels and outputs are held in memory.

    Parameters
    ----------
    network
        The network; `fit(FromFile(network), samples, y, …)` trains it.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.network import Network
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "samples.npy"
    >>> np.save(path, np.ones((4, 2)))
    >>> FromFile(Network([Dense(1, kernel_initializer="ones")], device="cpu")).predict(Samples(path)).ravel()
    array([2., 2., 2., 2.], dtype=float32)
    """

    def prepare(self, X: Any) -> Any:
        """Return the samples themselves: what is in a file is checked batch by batch."""
        if isinstance(X, Samples):
            if self.network.input_shape is None:
                self.network.build(X.shape[1:])
            return X
        return super().prepare(X)

    def take(self, X: Any, rows: np.ndarray) -> Any:
        """Return a batch, read from the file."""
        return self.network.prepare(X[rows]) if isinstance(X, Samples) else super().take(X, rows)

    def predict(self, X: Any, batch_size: int = 1024) -> np.ndarray:
        """Return the outputs for all samples, read batch by batch."""
        X = self.prepare(X)
        if not isinstance(X, Samples):
            return super().predict(X, batch_size)
        if not len(X):
            return self.collect([])
        batches = Batches(len(X), batch_size, shuffle=False)
        return np.concatenate([self.network.predict(X[rows]) for rows in batches])
