"""Bytes of a file, from ``COURSE_DATA``, the cache or the network, never unchecked.

Whatever the way, the payload is unpacked in memory and its sha256 compared with the table in `sources`. A
download goes through `pooch` (which moves a finished file into the cache in one step) with a downloader that
picks up a broken transfer where it stopped.
"""

import fcntl
import gzip
import hashlib
import io
import logging
import os
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from course_lib.data.sources import File, Source

ATTEMPTS = 3  # rounds over all mirrors
PAUSE = 1.0  # seconds before the second round; doubled before each later one
TIMEOUT = (5, 60)  # seconds to connect, seconds without a byte


class MissingData(OSError):
    """A file of a data set is neither in ``COURSE_DATA`` nor in the cache, and no mirror gave it.

    Examples
    --------
    >>> issubclass(MissingData, OSError)  # so that one `except OSError` covers both
    True
    """


class DamagedData(OSError):
    """A file is there, but its content is not what the course expects.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from course_lib.data.sources import OLD_FAITHFUL
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "faithful.csv"
    ...     size = file.write_text("eruptions,waiting")
    ...     verified(file, OLD_FAITHFUL.files[0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    course_lib.data.fetch.DamagedData: ...faithful.csv holds 17 bytes with sha256 ...: it is damaged ...
    """


def cache_folder() -> Path:
    """Return the folder where downloads are kept: `pooch` chooses, ``XDG_CACHE_HOME`` moves it on Linux.

    Examples
    --------
    >>> cache_folder().name
    'descent-course'
    """
    import pooch

    return Path(pooch.os_cache("descent-course"))


def payload(source: Source, file: File) -> bytes:
    """Return the unpacked, verified content of one file of a data set.

    Raises
    ------
    DamagedData
        A file in ``COURSE_DATA`` has another content (it is never replaced; a damaged cache entry is).
    MissingData
        The file is nowhere and cannot be downloaded. The message names file, folders and variable.
    """
    given = _in_course_data(source, file)
    if given is not None:
        return verified(given, file)
    cached = cache_folder() / source.folder / f"{file.name}{Path(file.urls[0]).suffix}"
    content = _in_cache(cached, file)
    if content is None:
        with _alone(cached.parent):
            content = _in_cache(cached, file) or _download(source, file, cached)
    return content


def _in_course_data(source: Source, file: File) -> Path | None:
    root = os.environ.get("COURSE_DATA")
    if not root:
        return None
    places = [Path(root).expanduser() / source.folder / f"{file.name}{end}" for end in ("", ".gz")]
    return next((place for place in places if place.is_file()), None)


def _in_cache(cached: Path, file: File) -> bytes | None:
    """Return the payload of a cached file; throw a damaged one away."""
    if not cached.exists():
        return None
    try:
        return verified(cached, file)
    except DamagedData:
        cached.unlink()
        return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time download into a folder; the next finds the file there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError:  # a folder that cannot be written to: the download will say so
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def verified(path: Path, file: File) -> bytes:
    """Return the payload of the plain, gzip or zip file at `path`, or raise `DamagedData`."""
    try:
        content = _unpack(path.read_bytes(), file.name)
    except (EOFError, KeyError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DamagedData(f"{path} cannot be unpacked ({error}): delete it, so that it can be fetched again") from error
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise DamagedData(
            f"{path} holds {len(content)} bytes with sha256 {found[:12]}…, expected {file.sha256[:12]}…: "
            "it is damaged or another version; delete it, so that it can be fetched again"
        )
    return content


def _unpack(packed: bytes, name: str) -> bytes:
    if packed.startswith(b"\x1f\x8b"):
        return gzip.decompress(packed)
    if packed.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            return archive.read(next((m for m in archive.namelist() if Path(m).name == name), name))
    return packed


def _download(source: Source, file: File, target: Path) -> bytes:
    """Try every mirror, `ATTEMPTS` times, and return the first payload with the right hash."""
    reasons: dict[str, str] = {}
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        for url in file.urls:
            try:
                _retrieve(url, target)
                return verified(target, file)
            except OSError as error:  # requests' errors are OSErrors too
                reasons[url] = str(error)
                if isinstance(error, DamagedData):
                    target.unlink()
    root = os.environ.get("COURSE_DATA") or "not set"
    tried = "".join(f"\n  {url}: {reason}" for url, reason in reasons.items())
    raise MissingData(
        f"{source.folder}: no {file.name}. COURSE_DATA is {root}, the cache is {target.parent}, "
        f"and downloading failed:{tried}\nGo online, or set COURSE_DATA to a folder that holds "
        f"{source.folder}/{file.name} (or .gz), or pass fallback=True for a synthetic stand-in."
    )


def _retrieve(url: str, target: Path) -> None:
    import pooch

    with _quiet(pooch.get_logger()):
        pooch.retrieve(url, known_hash=None, fname=target.name, path=target.parent, downloader=_resume)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Hide pooch's advice to store the hash of the archive: ours is the hash of the payload."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _resume(url: str, output_file: str, pooch: Any) -> None:
    """Download `url`, going on from what an earlier, broken transfer of the same URL left behind."""
    import requests

    part = Path(output_file).parent / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.part"
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, stream=True, timeout=TIMEOUT, headers=headers) as response:
        if response.status_code == 416:  # nothing beyond what we have: start over
            part.unlink()
        response.raise_for_status()
        resumed = response.status_code == 206
        _stream(response, part, "ab" if resumed else "wb", have if resumed else 0)
    part.replace(output_file)


def _stream(response: Any, part: Path, mode: str, have: int) -> None:
    from tqdm import tqdm

    length = response.headers.get("Content-Length")
    total = have + int(length) if length else None
    name = Path(response.url).name
    with part.open(mode) as out, tqdm(desc=name, total=total, initial=have, unit="B", unit_scale=True) as bar:
        for chunk in response.iter_content(1 << 16):
            bar.update(out.write(chunk))
