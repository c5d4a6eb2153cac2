"""The data sets: one small frozen record per kind, one function per set."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from course_lib.data import sources, synthetic
from course_lib.data.fetch import MissingData, payload
from course_lib.data.sources import Source

FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
DIGIT_CLASSES = tuple(str(digit) for digit in range(10))


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Dataset:
    """What every data set carries.

    Attributes
    ----------
    source : str
        Who made it, and when.
    licence : str
        What one may do with it.
    synthetic : bool
        True for a stand-in made by `fallback=True`.

    Examples
    --------
    >>> digits().licence, digits().synthetic
    ('CC BY 4.0', False)
    """

    source: str
    licence: str
    synthetic: bool = False

    def __repr__(self) -> str:
        shown = {f.name: getattr(self, f.name) for f in fields(self)}
        text = (
            f"{name}={value.dtype}{value.shape}" if isinstance(value, np.ndarray) else f"{name}={value!r}"
            for name, value in shown.items()
        )
        return f"{type(self).__name__}({', '.join(text)})"


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Images(Dataset):
    """Grey images in ten classes, as stored: bytes, not scaled.

    Attributes
    ----------
    X_train, X_test : ndarray of uint8, (60000, 28, 28) and (10000, 28, 28)
        Grey values 0..255. ``X.reshape(len(X), -1) / 255`` is what a dense network reads.
    y_train, y_test : ndarray of int64, (60000,) and (10000,)
        Labels 0..9.
    class_names : tuple of str
        ``class_names[label]`` is what the image shows.

    Examples
    --------
    >>> images = mnist(fallback=True)
    >>> images.X_train.shape, images.X_train.dtype, images.class_names[images.y_train[0]] in "0123456789"
    ((60000, 28, 28), dtype('uint8'), True)
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Table(Dataset):
    """Rows of numbers with a label each.

    Attributes
    ----------
    X : ndarray of float64, (n, features)
    y : ndarray of int64, (n,)
    class_names : tuple of str

    Examples
    --------
    >>> digits()  # doctest: +ELLIPSIS
    Table(source=..., X=float64(1797, 64), y=int64(1797,), class_names=('0', '1', ...))
    """

    X: np.ndarray
    y: np.ndarray
    class_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Ratings(Dataset):
    """Who rated what, how, and when; one entry a rating, in file order.

    Attributes
    ----------
    users, items : ndarray of int64, (n,)
        Numbers as in the file: users 1..943, items 1..1682, each of them present.
    ratings : ndarray of int64, (n,)
        Stars 1..5.
    timestamps : ndarray of int64, (n,)
        Seconds since 1970.

    Examples
    --------
    >>> films = movielens(fallback=True)
    >>> int(films.users.max()), int(films.items.max()), set(films.ratings.tolist())
    (943, 1682, {1, 2, 3, 4, 5})
    """

    users: np.ndarray
    items: np.ndarray
    ratings: np.ndarray
    timestamps: np.ndarray


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Geyser(Dataset):
    """Eruptions of a geyser, in the order of the table.

    Attributes
    ----------
    eruptions : ndarray of float64, (n,)
        Length of an eruption in minutes.
    waiting : ndarray of float64, (n,)
        Minutes until the next one.

    Examples
    --------
    >>> geyser = old_faithful(fallback=True)
    >>> len(geyser.eruptions) == len(geyser.waiting) == 272
    True
    """

    eruptions: np.ndarray
    waiting: np.ndarray


Kind = TypeVar("Kind", bound=Dataset)


def _load(
    kind: type[Kind],
    source: Source,
    read: Callable[..., dict[str, Any]],
    invent: Callable[[], dict[str, Any]],
    fallback: bool,
) -> Kind:
    """Read a data set from its files; where they are missing and `fallback` allows it, invent one."""
    try:
        contents = [payload(source, file) for file in source.files]
    except MissingData:
        if not fallback:
            raise
        label = f"synthetic stand-in for {source.citation}"
        return kind(source=label, licence="CC0", synthetic=True, **invent())
    return kind(source=source.citation, licence=source.licence, **read(*contents))


def _idx(content: bytes) -> np.ndarray:
    """Read the IDX format: two zero bytes, type 8 (bytes), rank, big-endian sizes, values."""
    rank = content[3]
    shape = np.frombuffer(content, ">i4", rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape).copy()


def _images(source: Source, class_names: tuple[str, ...], fallback: bool) -> Images:
    def named(X_train: Any, y_train: Any, X_test: Any, y_test: Any) -> dict[str, Any]:
        labels = {"y_train": y_train.astype(np.int64), "y_test": y_test.astype(np.int64)}
        return {"X_train": X_train, "X_test": X_test, "class_names": class_names} | labels

    def read(*contents: bytes) -> dict[str, Any]:
        return named(*map(_idx, contents))

    return _load(Images, source, read, lambda: named(*synthetic.images(60000, 10000)), fallback)


def fashion_mnist(fallback: bool = False) -> Images:
    """Return 70 000 photographs of clothes in ten classes (Xiao, Rasul and Vollgraf, 2017).

    Parameters
    ----------
    fallback : bool
        Where the files cannot be had, return a synthetic stand-in (`synthetic` is True) instead of raising.

    Raises
    ------
    MissingData, DamagedData
        See `course_lib.data.fetch.payload`.

    Examples
    --------
    >>> clothes = fashion_mnist(fallback=True)
    >>> clothes.X_test.shape, clothes.class_names[9]
    ((10000, 28, 28), 'Ankle boot')
    """
    return _images(sources.FASHION_MNIST, FASHION_CLASSES, fallback)


def mnist(fallback: bool = False) -> Images:
    """Return 70 000 handwritten digits (LeCun, Cortes and Burges, 1998); else as `fashion_mnist`.

    Examples
    --------
    >>> sorted(set(mnist(fallback=True).y_test.tolist()))
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    return _images(sources.MNIST, DIGIT_CLASSES, fallback)


def movielens(fallback: bool = False) -> Ratings:
    """Return 100 000 film ratings (MovieLens 100K; Harper and Konstan, 2015); else as `fashion_mnist`.

    Its licence forbids to pass the file on: everyone downloads their own.

    Examples
    --------
    >>> movielens(fallback=True).ratings.shape
    (100000,)
    """
    names = ("users", "items", "ratings", "timestamps")

    def read(content: bytes) -> dict[str, Any]:
        columns = np.array(content.split(), dtype=np.int64).reshape(-1, 4).T
        return dict(zip(names, columns.copy(), strict=True))

    def invent() -> dict[str, Any]:
        return dict(zip(names, synthetic.ratings(100000, 943, 1682), strict=True))

    return _load(Ratings, sources.MOVIELENS, read, invent, fallback)


def old_faithful(fallback: bool = False) -> Geyser:
    """Return 272 eruptions of Old Faithful (Azzalini and Bowman, 1990); else as `fashion_mnist`.

    Examples
    --------
    >>> geyser = old_faithful(fallback=True)
    >>> bool(geyser.waiting[geyser.eruptions > 3].mean() > geyser.waiting[geyser.eruptions < 3].mean())
    True
    """
    names = ("eruptions", "waiting")

    def read(content: bytes) -> dict[str, Any]:
        rows = np.loadtxt(content.decode().splitlines(), delimiter=",", skiprows=1)
        return dict(zip(names, rows.T[1:].copy(), strict=True))

    def invent() -> dict[str, Any]:
        return dict(zip(names, synthetic.geyser(272), strict=True))

    return _load(Geyser, sources.OLD_FAITHFUL, read, invent, fallback)


def digits() -> Table:
    """Return 1797 handwritten digits of 8 by 8 pixels, 0..16, from scikit-learn: no network needed.

    Examples
    --------
    >>> float(digits().X.max())
    16.0
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    source = "scikit-learn's digits: the test part of UCI's Optical Recognition (Alpaydin and Kaynak, 1998)"
    return Table(source=source, licence="CC BY 4.0", X=X, y=y.astype(np.int64), class_names=DIGIT_CLASSES)
