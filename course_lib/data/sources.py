"""Where each data set comes from, what its files must contain, and under which licence: a table.

The hash is that of the *unpacked* payload: mirrors pack the same bytes differently.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """One payload file of a data set.

    Attributes
    ----------
    name : str
        File name in ``COURSE_DATA/<folder>/`` (there plain or with ``.gz``).
    sha256 : str
        Hash of the unpacked payload.
    urls : tuple of str
        The source first, then its mirrors.
    """

    name: str
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """One data set: its folder, its files, who made it, and what one may do with it."""

    folder: str
    citation: str
    licence: str
    files: tuple[File, ...]


def _images(bases: tuple[str, ...], *hashes: str) -> tuple[File, ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    return tuple(
        File(f"{name}-ubyte", sha256, tuple(f"{base}/{name}-ubyte.gz" for base in bases))
        for name, sha256 in zip(names, hashes, strict=True)
    )


FASHION_MNIST = Source(
    folder="fashion_mnist",
    citation="Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017)",
    licence="MIT",
    files=_images(
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
        ),
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)

MNIST = Source(
    folder="mnist",
    citation="MNIST (LeCun, Cortes and Burges, 1998)",
    licence="CC BY-SA 3.0",
    files=_images(
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "https://storage.googleapis.com/cvdf-datasets/mnist",
        ),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

MOVIELENS = Source(
    folder="movielens_100k",
    citation="MovieLens 100K (Harper and Konstan, 2015; GroupLens, University of Minnesota)",
    licence="GroupLens: research and teaching, no redistribution, not commercial",
    files=(
        File(
            "u.data",
            "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
            ("https://files.grouplens.org/datasets/movielens/ml-100k.zip",),
        ),
    ),
)

OLD_FAITHFUL = Source(
    folder="old_faithful",
    citation="the table `faithful` of R's datasets (Azzalini and Bowman, 1990)",
    licence="GPL-2 | GPL-3 (R package datasets)",
    files=(
        File(
            "faithful.csv",
            "5043db1e2c51c8e8fd67e0868c768ae589770cc76ad0ac0c5b7afd1fca31fc57",
            (
                "https://raw.githubusercontent.com/vincentarelbundock/Rdatasets/master/csv/datasets/faithful.csv",
                "https://vincentarelbundock.github.io/Rdatasets/csv/datasets/faithful.csv",
            ),
        ),
    ),
)
