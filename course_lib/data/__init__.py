"""The data sets of the course, each behind one function, each checked before it is used.

>>> from course_lib import data
>>> digits = data.digits()
>>> digits.X.shape, digits.y.shape, digits.synthetic
((1797, 64), (1797,), False)

`digits` ships with scikit-learn and needs no network. The others are looked for in the folder that the
variable ``COURSE_DATA`` names (``<name>/<file>`` or ``<name>/<file>.gz``), then in the cache, then downloaded
into the cache.
"""

from course_lib.data.fetch import DamagedData, MissingData, cache_folder
from course_lib.data.sets import (
    Dataset,
    Geyser,
    Images,
    Ratings,
    Table,
    digits,
    fashion_mnist,
    mnist,
    movielens,
    old_faithful,
)

__all__ = [
    "DamagedData",
    "Dataset",
    "Geyser",
    "Images",
    "MissingData",
    "Ratings",
    "Table",
    "cache_folder",
    "digits",
    "fashion_mnist",
    "mnist",
    "movielens",
    "old_faithful",
]
