"""Training from a file: same numbers as from memory, and a peak that does not grow with the file."""

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from course_lib.accelerated.memory_map import FromFile, Samples, write_samples
from course_lib.accelerated.network import Network
from course_lib.accelerated.optimizers import Adam
from course_lib.reference import layers
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.training import evaluate, fit

LINUX = sys.platform == "linux"


def images(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 8), dtype=np.uint8), rng.integers(0, 3, n)


def model(dtype="float64"):
    return Network([layers.Dense(6), layers.Activation("relu"), layers.Dense(3)], 8, seed=1, dtype=dtype, device="cpu")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "samples.npy"
    np.save(path, images()[0])
    return path


def test_parts_make_the_file_that_numpy_would_make(tmp_path):
    X, _ = images(1000)
    path = tmp_path / "parts.npy"
    shape = write_samples(path, (X[i : i + 300] for i in range(0, 1000, 300)))
    assert shape == (1000, 8)
    np.testing.assert_array_equal(np.load(path), X)
    assert np.load(path).flags.c_contiguous


@pytest.mark.parametrize("shape", [(5, 3), (5, 2, 2)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", ">f8", "int64"])
def test_any_shape_and_dtype_can_be_written(shape, dtype, tmp_path):
    X = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    write_samples(tmp_path / "x.npy", [X[:2], X[2:]])
    again = np.load(tmp_path / "x.npy")
    np.testing.assert_array_equal(again, X)
    assert again.dtype == X.dtype


def test_rows_are_those_of_the_array_in_any_order(file):
    X, _ = images()
    rows = np.array([5, 3, 59, 5, 0])
    np.testing.assert_array_equal(Samples(file)[rows], X[rows])
    scaled = Samples(file, scale=1 / 255)[rows]
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, X[rows] / 255, rtol=1e-6)


def test_slices_are_samples_again_and_read_nothing(file):
    X, _ = images()
    part = Samples(file)[10:50][5:]
    assert isinstance(part, Samples) and part.shape == (35, 8) and len(part) == 35
    np.testing.assert_array_equal(part[[0, 34]], X[[15, 49]])


def test_the_numbers_survive_that_pages_are_given_back(file):
    X, _ = images()
    samples = Samples(file, keep=0.0)  # after every read
    for _ in range(3):
        np.testing.assert_array_equal(samples[np.arange(60)], X)


def test_training_from_a_file_equals_training_from_memory(file):
    X, y = images()
    from_file, from_memory = model(), model()
    samples = Samples(file, scale=1 / 255)
    settings = {"epochs": 4, "batch_size": 16, "validation_split": 0.25, "metrics": ["accuracy"]}
    loss = SparseCategoricalCrossentropy(from_logits=True)
    history = fit(FromFile(from_file), samples, y, loss, Adam(0.01), **settings)
    expected = fit(from_memory, X.astype(np.float32) * np.float32(1 / 255), y, loss, Adam(0.01), **settings)
    for name, values in expected.history.items():
        np.testing.assert_allclose(history[name], values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(from_file.parameters, from_memory.parameters, rtol=0, atol=1e-12)
    scores = evaluate(FromFile(from_file), samples, y, loss, ["accuracy"])
    assert scores["accuracy"] == pytest.approx(
        evaluate(from_memory, X.astype(np.float32) * np.float32(1 / 255), y, loss, ["accuracy"])["accuracy"]
    )


@pytest.mark.parametrize("n", [0, 1])
def test_files_of_one_row_and_of_none(n, tmp_path):
    X, y = images(n)
    np.save(tmp_path / "x.npy", X)
    samples = Samples(tmp_path / "x.npy", scale=1 / 255)
    np.testing.assert_allclose(FromFile(model()).predict(samples), model().predict(X / 255), rtol=1e-6)
    if n:
        history = fit(FromFile(model()), samples, y, SparseCategoricalCrossentropy(from_logits=True), epochs=2)
        assert history["loss"][1] < history["loss"][0]


def test_samples_are_no_sequence_that_ends_at_once(file):
    with pytest.raises(TypeError, match="rows must be a list"):
        np.asarray(Samples(file))


@pytest.mark.parametrize("rows", [3, np.arange(60) < 5, [[1, 2], [3, 4]], [1.0]])
def test_rows_that_are_no_numbers_of_rows_are_named(rows, file):
    with pytest.raises(TypeError, match=r"rows must be a list of row numbers or a slice, got .*flatnonzero"):
        Samples(file)[rows]


def test_files_that_cannot_be_mapped_are_named(file, tmp_path):
    whole = file.read_bytes()
    for content in (whole[:-100], whole[:20], b"", b"hello"):
        (tmp_path / "cut.npy").write_bytes(content)
        with pytest.raises(ValueError, match=r"cut\.npy is no \.npy file of numbers, or part of it is missing"):
            Samples(tmp_path / "cut.npy")
    np.savez(tmp_path / "several.npz", X=images()[0])
    with pytest.raises(ValueError, match="holds several arrays"):
        Samples(tmp_path / "several.npz")


def test_a_network_takes_its_shape_from_the_file(file):
    network = Network([layers.Dense(3)], device="cpu")
    FromFile(network).prepare(Samples(file))
    assert network.input_shape == (8,)


PEAK = """
    import json, resource, sys, threading, time
    import numpy as np
    from course_lib.accelerated.layers import Dense
    from course_lib.accelerated.memory_map import FromFile, Samples
    from course_lib.accelerated.network import Network
    from course_lib.accelerated.optimizers import SGD
    from course_lib.training import fit

    def held():
        lines = [line.split() for line in open("/proc/self/status")]
        return sum(int(words[1]) for words in lines if words[0] in ("RssAnon:", "RssFile:")) / 1024

    path, how = sys.argv[1:]
    shape = np.load(path, mmap_mode="r").shape
    model = Network([Dense(1)], shape[1:], device="cpu")
    small = np.zeros((64, *shape[1:]), np.float32)
    fit(model, small, np.zeros((64, 1)), "mse", SGD(0.0), batch_size=32)    # all libraries are loaded now
    start, peak, done = held(), [0.0], threading.Event()
    def watch():
        while not done.is_set():
            peak[0] = max(peak[0], held())
            time.sleep(0.002)
    watcher = threading.Thread(target=watch)
    watcher.start()
    X = Samples(path, scale=1 / 255, keep=8.0) if how == "file" else np.load(path)
    fit(FromFile(model), X, np.zeros((len(X), 1)), "mse", SGD(0.0), batch_size=32)
    done.set(); watcher.join()
    print(json.dumps({"megabytes": peak[0] - start}))
"""


def peak_of(path, how):
    program = textwrap.dedent(PEAK)
    run = subprocess.run([sys.executable, "-c", program, str(path), how], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["megabytes"]


@pytest.mark.skipif(not LINUX, reason="reads what a process holds from /proc, which Linux alone has")
def test_the_peak_of_memory_is_far_below_the_size_of_the_file(tmp_path):
    path = tmp_path / "large.npy"
    part = np.zeros((512, 8192), np.uint8)  # 4 MiB
    write_samples(path, (part + np.uint8(i) for i in range(40)))
    assert path.stat().st_size > 160 * 2**20
    assert peak_of(path, "file") < 60
    assert peak_of(path, "memory") > 150  # the measurement sees what it should see


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda path: write_samples(path, []), ValueError, "nothing to write"),
        (lambda path: write_samples(path, [np.ones((1, 2)), np.ones((1, 3))]), ValueError, "one shape and dtype"),
        (lambda path: write_samples(path, [np.ones((1, 2)), np.ones((1, 2), int)]), ValueError, "one shape and dtype"),
        (lambda path: Samples(path), FileNotFoundError, "samples.npy"),
    ],
)
def test_wrong_use_is_named(call, error, message, tmp_path):
    path = tmp_path / "samples.npy"
    with pytest.raises(error, match=message):
        call(path)
    assert not path.exists()
