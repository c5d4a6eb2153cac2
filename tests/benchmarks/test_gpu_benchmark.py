"""The GPU benchmark: what it says where there is no GPU, and the arithmetic of its floors and verdicts."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from course_lib.accelerated.devices import no_cuda
from tests.benchmarks import gpu


@pytest.mark.skipif(not no_cuda(), reason="there is a CUDA device: the benchmark would run")
def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path):
    path = tmp_path / "gpu.json"
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.gpu", "--data", "digits", "--json", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "no record is written: " in run.stderr and "CUDA" in run.stderr
    assert not path.exists()


def test_no_record_is_there_that_no_gpu_has_written():
    for path in gpu.RECORDS.glob("gpu-*.json"):
        assert '"launch_seconds"' in path.read_text()


def test_the_floor_is_the_largest_of_its_three_parts():
    device = {"launch_seconds": 1e-6, "peak_flops": 1e13, "bandwidth": 1e12}
    found = gpu.floors(32, 784, device, kernels=10)
    assert found["launches"] == pytest.approx(10e-6)
    assert found["arithmetic"] == pytest.approx(2 * 32 * (2 * 784 * 128 + 3 * 128 * 10) / 1e13)
    assert found["traffic"] == pytest.approx((28 * 101_770 + 32 * 784) / 1e12)
    assert found["floor"] == found["launches"]


def test_verdicts_compare_with_the_aims():
    row = {"captured_over_eager": 25.0, "captured_over_floor": 1.6}
    ensemble = {"1": {"seconds": 1.0}, "256": {"seconds": 5.0}}
    assert gpu.verdicts({"training": {"32": row}, "ensemble": ensemble}) == {
        "captured_over_eager": True,
        "captured_over_floor": False,
        "ensemble_256_over_1": True,
    }


def test_ways_that_end_differently_are_refused():
    losses = {"numpy": 0.5, "plain": 0.5, "captured": 0.6}
    with pytest.raises(AssertionError, match="different losses"):
        gpu.same_results(losses)
    gpu.same_results(dict.fromkeys(losses, np.float32(0.5)))


def test_the_ways_of_training_agree_where_they_can_be_tried_on_the_cpu(monkeypatch):
    """What the benchmark compares must agree in the first place: same weights, same batches, same optimizer."""
    monkeypatch.setattr(torch.Tensor, "cuda", lambda self: self)
    monkeypatch.setattr(torch.nn.Module, "cuda", lambda self: self)
    zeros = torch.zeros
    monkeypatch.setattr(torch, "zeros", lambda *shape, **options: zeros(*shape, **options | {"device": "cpu"}))
    own = gpu.Network
    monkeypatch.setattr(gpu, "Network", lambda *a, **options: own(*a, **options | {"device": "cpu", "compiled": False}))
    X, y = gpu.images("digits")
    losses = {name: gpu.WAYS[name](X, y, 64)() for name in ("numpy", "eager", "plain", "captured")}
    gpu.same_results(losses)
