"""The data sets: what they hold, and what happens when a file is missing, damaged or hard to fetch."""

import gzip
import hashlib
import io
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from course_lib import data
from course_lib.data import fetch, sets, sources
from course_lib.data.sources import File, Source

LOADERS = {
    "fashion_mnist": (data.fashion_mnist, sources.FASHION_MNIST),
    "mnist": (data.mnist, sources.MNIST),
    "movielens": (data.movielens, sources.MOVIELENS),
    "old_faithful": (data.old_faithful, sources.OLD_FAITHFUL),
}


def real(name):
    """Load a real data set without touching the network, or skip and say why."""
    loader, source = LOADERS[name]
    root = Path(os.environ.get("COURSE_DATA") or "/nonexistent")
    folders = [root / source.folder, fetch.cache_folder() / source.folder]
    if not all(any(list(f.glob(f"{file.name}*")) for f in folders) for file in source.files):
        pytest.skip(f"{name}: COURSE_DATA does not hold it and it was never downloaded")
    return loader()


# What the sets hold


@pytest.mark.parametrize("name", ["fashion_mnist", "mnist"])
def test_images_have_the_shapes_and_classes_of_their_papers(name):
    images = real(name)
    assert images.X_train.shape == (60000, 28, 28) and images.X_test.shape == (10000, 28, 28)
    assert images.X_train.dtype == np.uint8 and images.y_train.dtype == np.int64
    assert images.y_train.shape == (60000,) and images.y_test.shape == (10000,)
    assert set(images.y_train) == set(range(10)) and len(images.class_names) == 10
    assert not images.synthetic


def test_fashion_mnist_has_6000_training_images_a_class_and_starts_with_a_boot():
    images = real("fashion_mnist")
    assert (np.bincount(images.y_train) == 6000).all() and (np.bincount(images.y_test) == 1000).all()
    assert images.class_names[images.y_train[0]] == "Ankle boot"


def test_mnist_mean_and_deviation_are_the_known_ones():
    # 0.1307 and 0.3081: the constants of PyTorch's MNIST example.
    counts = sum(np.bincount(part.ravel(), minlength=256) for part in np.split(real("mnist").X_train, 20))
    grey, share = np.arange(256) / 255, counts / counts.sum()
    mean = share @ grey
    assert round(mean, 4) == 0.1307 and round(np.sqrt(share @ (grey - mean) ** 2), 4) == 0.3081


def test_movielens_matches_the_counts_of_its_readme():
    # README of ml-100k: 100000 ratings, 943 users, 1682 items, at least 20 ratings a user.
    ratings = real("movielens")
    assert ratings.users.shape == ratings.items.shape == ratings.ratings.shape == (100000,)
    assert set(ratings.users) == set(range(1, 944)) and set(ratings.items) == set(range(1, 1683))
    assert np.bincount(ratings.users)[1:].min() == 20
    assert set(ratings.ratings) == {1, 2, 3, 4, 5}
    assert (ratings.users[0], ratings.items[0], ratings.timestamps[0]) == (196, 242, 881250949)


def test_old_faithful_matches_the_summary_of_r():
    # summary(faithful) in R: means 3.488 and 70.9, maxima 5.1 and 96; cor = 0.9008.
    geyser = real("old_faithful")
    assert geyser.eruptions.shape == geyser.waiting.shape == (272,)
    assert round(geyser.eruptions.mean(), 3) == 3.488 and round(geyser.waiting.mean(), 1) == 70.9
    assert geyser.eruptions.max() == 5.1 and geyser.waiting.max() == 96
    assert round(np.corrcoef(geyser.eruptions, geyser.waiting)[0, 1], 4) == 0.9008


def test_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    digits = data.digits()
    X, y = load_digits(return_X_y=True)
    np.testing.assert_array_equal(digits.X, X)
    np.testing.assert_array_equal(digits.y, y)
    assert digits.X.dtype == np.float64 and digits.y.dtype == np.int64


def test_arrays_may_be_written_to():
    digits = data.digits()
    digits.X[0] = 0


# Where the bytes come from

PAYLOAD = np.random.default_rng(0).bytes(200_000)


class Server(ThreadingHTTPServer):
    """A local web server: files in memory, Range requests, and transfers that break on demand."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.break_after = []  # bytes after which the next transfers break off, one entry each
        self.seen = []  # (path, Range header) of each request
        self.ranges = True

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    """Answer a GET; `server` says how."""

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.seen.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = start + self.server.break_after.pop(0) if self.server.break_after else len(content)
        self.wfile.write(content[start:stop])

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(fetch, "PAUSE", 0.001)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def empty_machine(monkeypatch, tmp_path):
    """A machine with an empty cache and no COURSE_DATA."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(fetch, "cache_folder", lambda: cache)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    return cache


def source_of(*urls, name="numbers", payload=PAYLOAD):
    file = File(name, hashlib.sha256(payload).hexdigest(), urls)
    return Source("things", "somebody, 2000", "none", (file,))


def get(source):
    return fetch.payload(source, source.files[0])


def put(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder.parent


@pytest.mark.parametrize(("end", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_course_data_is_read_plain_or_gzipped(end, pack, empty_machine, monkeypatch, tmp_path):
    root = put(tmp_path / "given" / "things", f"numbers{end}", pack(PAYLOAD))
    monkeypatch.setenv("COURSE_DATA", str(root))
    assert get(source_of("http://127.0.0.1:9/numbers.gz")) == PAYLOAD


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"something else"), "14 bytes with sha256"),
        (gzip.compress(PAYLOAD)[:-5000], "cannot be unpacked"),
        (gzip.compress(PAYLOAD)[:-9], "cannot be unpacked"),
        (b"\x1f\x8b" + b"no gzip at all", "cannot be unpacked"),
        (b"PK\x03\x04 no zip", "cannot be unpacked"),
        (b"", "0 bytes with sha256"),
        (PAYLOAD[:-1], "199999 bytes with sha256"),
        (PAYLOAD[:-1] + bytes([PAYLOAD[-1] ^ 1]), "200000 bytes with sha256"),
    ],
    ids=[
        "other",
        "truncated",
        "cut checksum",
        "bad gzip",
        "bad zip",
        "empty",
        "one byte short",
        "one bit off",
    ],
)
def test_a_damaged_file_in_course_data_is_refused_and_left_alone(
    content, message, empty_machine, monkeypatch, tmp_path
):
    root = put(tmp_path / "given" / "things", "numbers.gz", content)
    monkeypatch.setenv("COURSE_DATA", str(root))
    with pytest.raises(data.DamagedData, match=message) as caught:
        get(source_of("http://127.0.0.1:9/numbers.gz"))
    assert str(root / "things" / "numbers.gz") in str(caught.value)
    assert (root / "things" / "numbers.gz").read_bytes() == content


def test_a_corrupted_deflate_stream_is_refused(empty_machine, monkeypatch, tmp_path):
    packed = bytearray(gzip.compress(b"all work and no play " * 1000))
    packed[20] ^= 0xFF
    root = put(tmp_path / "given" / "things", "numbers.gz", bytes(packed))
    monkeypatch.setenv("COURSE_DATA", str(root))
    with pytest.raises(data.DamagedData, match="delete it"):
        get(source_of("http://127.0.0.1:9/numbers.gz"))


def test_a_download_is_kept_and_not_repeated(server, empty_machine, capsys):
    server.files["/numbers.gz"] = gzip.compress(PAYLOAD)
    source = source_of(server.url("/numbers.gz"))
    assert get(source) == PAYLOAD
    assert get(source) == PAYLOAD
    assert len(server.seen) == 1
    assert [p.name for p in (empty_machine / "things").glob("[!.]*")] == ["numbers.gz"]
    assert "100%" in capsys.readouterr().err  # the progress bar


def test_a_file_inside_a_zip_is_found(server, empty_machine):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ml-100k/README", "read me")
        archive.writestr("ml-100k/numbers", PAYLOAD)
    server.files["/set.zip"] = buffer.getvalue()
    assert get(source_of(server.url("/set.zip"))) == PAYLOAD


def test_a_zip_without_the_file_is_a_reason_to_try_the_mirror(server, empty_machine):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("README", "read me")
    server.files = {"/a.zip": buffer.getvalue(), "/b.gz": gzip.compress(PAYLOAD)}
    assert get(source_of(server.url("/a.zip"), server.url("/b.gz"))) == PAYLOAD


def test_a_missing_or_wrong_file_makes_way_for_the_mirror(server, empty_machine):
    server.files = {"/wrong.gz": gzip.compress(b"advertisement"), "/right.gz": gzip.compress(PAYLOAD)}
    urls = [server.url(path) for path in ("/gone.gz", "/wrong.gz", "/right.gz")]
    assert get(source_of(*urls)) == PAYLOAD
    assert [path for path, _ in server.seen] == ["/gone.gz", "/wrong.gz", "/right.gz"]


def test_a_broken_transfer_goes_on_where_it_stopped(server, empty_machine):
    packed = gzip.compress(PAYLOAD)
    server.files["/numbers.gz"] = packed
    server.break_after = [70_000, 80_000]  # read in chunks of 65536 bytes: whole chunks are kept
    assert get(source_of(server.url("/numbers.gz"))) == PAYLOAD
    assert [wanted for _, wanted in server.seen] == [None, "bytes=65536-", "bytes=131072-"]
    assert [p.name for p in (empty_machine / "things").glob("[!.]*")] == ["numbers.gz"]


def test_a_server_without_ranges_starts_over(server, empty_machine):
    server.files["/numbers.gz"] = gzip.compress(PAYLOAD)
    server.break_after, server.ranges = [70_000], False
    assert get(source_of(server.url("/numbers.gz"))) == PAYLOAD
    assert len(server.seen) == 2


def test_a_partial_file_longer_than_the_source_is_thrown_away(server, empty_machine):
    server.files["/numbers.gz"] = gzip.compress(PAYLOAD)
    url = server.url("/numbers.gz")
    part = hashlib.sha256(url.encode()).hexdigest()[:16] + ".part"
    put(empty_machine / "things", part, bytes(300_000))
    assert get(source_of(url)) == PAYLOAD


def test_a_partial_file_of_another_version_is_noticed_by_the_hash_and_fetched_again(server, empty_machine):
    server.files["/numbers.gz"] = gzip.compress(PAYLOAD)
    url = server.url("/numbers.gz")
    part = hashlib.sha256(url.encode()).hexdigest()[:16] + ".part"
    put(empty_machine / "things", part, bytes(1000))
    assert get(source_of(url)) == PAYLOAD
    assert [wanted for _, wanted in server.seen] == ["bytes=1000-", None]


def test_a_damaged_cache_entry_is_replaced(server, empty_machine):
    server.files["/numbers.gz"] = gzip.compress(PAYLOAD)
    put(empty_machine / "things", "numbers.gz", gzip.compress(PAYLOAD)[:-100])
    assert get(source_of(server.url("/numbers.gz"))) == PAYLOAD
    assert len(server.seen) == 1


def test_two_who_need_a_file_at_once_download_it_once(server, empty_machine):
    server.files["/numbers.gz"] = gzip.compress(PAYLOAD)
    source = source_of(server.url("/numbers.gz"))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: get(source), range(4))) == [PAYLOAD] * 4
    assert len(server.seen) == 1


def test_a_cache_that_cannot_be_written_is_named(server, empty_machine):
    server.files["/numbers.gz"] = gzip.compress(PAYLOAD)
    empty_machine.write_text("a file where the folder should be")
    with pytest.raises(data.MissingData, match=r"numbers\.gz: .*cache"):
        get(source_of(server.url("/numbers.gz")))


def test_offline_without_a_cache_one_error_names_file_folder_and_variable(empty_machine, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "/nonexistent/data")
    with pytest.raises(data.MissingData) as caught:
        get(source_of("http://127.0.0.1:9/numbers.gz", "http://127.0.0.1:9/mirror.gz"))
    message = str(caught.value)
    for part in ("numbers", "COURSE_DATA", "/nonexistent/data", str(empty_machine / "things"), "mirror.gz"):
        assert part in message
    assert "fallback=True" in message


# Stand-ins


@pytest.fixture
def offline(empty_machine, monkeypatch):
    """No file of any set can be had."""

    def refuse(url, target):
        raise OSError("offline")

    monkeypatch.setattr(fetch, "_retrieve", refuse)


@pytest.mark.parametrize("name", LOADERS)
def test_without_data_a_loader_raises_unless_a_fallback_is_asked_for(name, offline):
    loader, _ = LOADERS[name]
    with pytest.raises(data.MissingData):
        loader()
    stand_in = loader(fallback=True)
    assert stand_in.synthetic is True
    assert "synthetic" in stand_in.source and "synthetic=True" in repr(stand_in)


@pytest.mark.parametrize("name", LOADERS)
def test_a_stand_in_has_the_shapes_and_dtypes_of_the_real_set(name, monkeypatch, tmp_path):
    genuine = real(name)
    monkeypatch.setattr(sets, "payload", raise_missing)
    stand_in = LOADERS[name][0](fallback=True)
    for field, value in vars(genuine).items():
        if isinstance(value, np.ndarray):
            other = getattr(stand_in, field)
            assert (field, other.shape, other.dtype) == (field, value.shape, value.dtype)
            assert value.min() <= other.min() and other.max() <= value.max()


def raise_missing(source, file):
    raise data.MissingData("none here")


def test_a_damaged_file_is_never_replaced_by_a_stand_in(empty_machine, monkeypatch, tmp_path):
    root = put(tmp_path / "given" / "old_faithful", "faithful.csv", b"rownames,eruptions,waiting\n1,2,3\n")
    monkeypatch.setenv("COURSE_DATA", str(root))
    with pytest.raises(data.DamagedData):
        data.old_faithful(fallback=True)


def test_stand_ins_are_the_same_every_time_and_can_be_learned(offline):
    first, second = data.mnist(fallback=True), data.mnist(fallback=True)
    np.testing.assert_array_equal(first.X_test, second.X_test)
    X, y = first.X_train[:2000].reshape(2000, -1), first.y_train[:2000]
    centres = np.stack([X[y == k].mean(axis=0) for k in range(10)])
    flat = first.X_test[:200].reshape(200, -1)
    nearest = ((flat[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == first.y_test[:200]).mean() > 0.95
