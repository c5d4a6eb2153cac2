"""Data-parallel training in processes of their own, against one process; processes that die or hang."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import data_parallel_worker as worker
import numpy as np
import pytest
import torch

from course_lib.accelerated.distributed import DataParallel, Group, Part
from course_lib.accelerated.optimizers import SGD
from course_lib.accelerated.processes import WorkerLost, process_group, share

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(__file__).with_name("data_parallel_worker.py"))
LIMIT = 240  # seconds for a group of processes, on a busy machine


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**more):
    clean = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
    return clean | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


def start(size, *arguments):
    """Run a group of processes to its end; return exit codes and what each wrote to its standard error."""
    common = environment(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port()), WORLD_SIZE=str(size))
    processes = [
        subprocess.Popen(
            [sys.executable, PROGRAM, *map(str, arguments)], env=common | {"RANK": str(rank)}, stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]  # fmt: skip
    try:
        if arguments[2:] == ("hangs",):
            errors = [processes[rank].communicate(timeout=LIMIT)[1] for rank in (0, 2)]
            return [processes[rank].returncode for rank in (0, 2)], errors
        errors = [process.communicate(timeout=LIMIT)[1] for process in processes]
        return [process.returncode for process in processes], errors
    finally:
        for process in processes:
            process.kill()
            with process:  # closes the pipe and waits
                pass


def found(folder, rank):
    with np.load(folder / f"{rank}.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process finds, by `fit` of the network itself."""
    network = worker.build()
    history, _, outputs = worker.train(network, 0, tmp_path_factory.mktemp("alone"), 4)
    return {"parameters": network.parameters.numpy().copy(), "outputs": outputs, **history.history}


def assert_like(results, alone):
    for name, expected in alone.items():
        np.testing.assert_allclose(results[name], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [2, 3])
def test_several_processes_equal_one_uneven_shards_included(size, alone, tmp_path):
    # 43 training samples in batches of 10, the last of 3: shards of 5+5, 4+3+3 and 1+1+1; 53 predictions.
    codes, errors = start(size, tmp_path, 4)
    assert codes == [0] * size, errors
    for rank in range(size):
        assert_like(found(tmp_path, rank), alone)


def test_more_processes_than_samples_in_a_batch(tmp_path, alone):
    # Seven processes share a last batch of three: four of them have nothing to do and still take part.
    class Alone(Group):
        def sum(self, x):
            return x

        def copy_from_first(self, x):
            return x

    X, y = worker.data()
    total = 0
    for rank in range(7):
        model = DataParallel(worker.build(), Alone(rank, 7, torch.device("cpu")))
        prepared = model.prepare(X)
        part = model.train_batch(model.take(prepared, np.arange(3)), y[:3], worker.LOGITS, SGD(0.0))
        assert isinstance(part, Part) and len(part.outputs) == (1 if rank < 3 else 0) and part.n == 3
        total = total + model.network.gradient
    one = worker.build()
    one.train_batch(one.prepare(X)[:3], y[:3], worker.LOGITS, SGD(0.0))
    np.testing.assert_allclose(total, one.gradient, rtol=0, atol=1e-14)


def test_torchrun_starts_it(alone, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", PROGRAM]
    run = subprocess.run(
        [*command, str(tmp_path), "4"], env=environment(), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert run.returncode == 0, run.stderr
    assert_like(found(tmp_path, 1), alone)


def test_a_process_that_dies_ends_the_others_with_words_and_the_run_can_go_on(alone, tmp_path):
    codes, errors = start(3, tmp_path, 4, "dies")
    assert codes[1] == 17 and codes[0] != 0 and codes[2] != 0
    for rank in (0, 2):
        assert f"WorkerLost: process {rank} of 3 waited in" in errors[rank]
        assert "it goes on from the last checkpoint" in errors[rank]
    assert not list(tmp_path.glob("*.npz"))
    codes, errors = start(3, tmp_path, 4)
    assert codes == [0, 0, 0], errors
    results = found(tmp_path, 2)
    assert results["start"] == 2  # two whole epochs were in the checkpoint
    np.testing.assert_allclose(results["parameters"], alone["parameters"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(results["loss"], alone["loss"][2:], rtol=0, atol=1e-12)


def test_a_process_that_hangs_is_noticed(tmp_path):
    codes, errors = start(3, tmp_path, 4, "hangs")
    assert 0 not in codes
    assert all("WorkerLost: process" in error and "for one that died or hangs" in error for error in errors)


def test_batch_normalization_is_refused_before_it_goes_wrong(tmp_path):
    codes, errors = start(2, tmp_path, 1, "norm")
    assert 0 not in codes
    assert all("layer 1 is a BatchNormalization" in error for error in errors)


def test_processes_that_do_not_come_are_missed(monkeypatch):
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_PORT", str(free_port()))
    with pytest.raises(WorkerLost, match="process 0 of 2 waited 2 s for the others"), process_group("cpu", timeout=2):
        pass


@pytest.mark.parametrize("n", [0, 1, 7, 64])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_shares_are_those_of_array_split(n, size):
    expected = np.array_split(np.arange(n), size)
    for rank in range(size):
        np.testing.assert_array_equal(np.arange(n)[share(n, rank, size)], expected[rank])


def test_a_rank_outside_the_group_is_named():
    with pytest.raises(ValueError, match=r"rank must lie in 0..2 \(3 processes\), got 3"):
        share(5, 3, 3)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices for NCCL")
def test_nccl_equals_one_process(alone, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", PROGRAM]
    run = subprocess.run([*command, str(tmp_path), "4"], env=environment(), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert_like(found(tmp_path, 0), alone)
