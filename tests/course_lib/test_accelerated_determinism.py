"""The deterministic mode: same numbers in every run, everything put back afterwards."""

import os
import subprocess
import sys

import pytest
import torch

from course_lib.accelerated.determinism import WORKSPACE, deterministic


def settings():
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
    )


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    monkeypatch.setenv(WORKSPACE, ":4096:8")


def test_same_seed_same_numbers_another_seed_others():
    def draw(seed):
        with deterministic(seed):
            return torch.randn(5)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_generators_outside_go_on_as_if_nothing_had_been():
    torch.manual_seed(0)
    expected = torch.rand(4)
    torch.manual_seed(0)
    first = torch.rand(2)
    with deterministic(9):
        torch.rand(100)
    assert torch.equal(torch.cat([first, torch.rand(2)]), expected)


@pytest.mark.parametrize("warn_only", [True, False])
def test_settings_are_put_back_also_after_an_error(warn_only):
    torch.use_deterministic_algorithms(True, warn_only=warn_only)
    torch.backends.cudnn.benchmark = True
    before = settings()
    try:
        with deterministic():
            assert settings() == (True, False, True, False)
        assert settings() == before
        with pytest.raises(ZeroDivisionError), deterministic():
            1 / 0  # noqa: B018
        assert settings() == before
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = False


def test_an_operation_without_a_deterministic_version_is_refused():
    place, values = torch.tensor([0, 0]), torch.tensor([1.0, 2.0])
    with deterministic(), pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        torch.zeros(2).put_(place, values)


def test_memory_that_nobody_has_written_is_visible_as_nan():
    with deterministic():
        assert torch.empty(1000).isnan().all()


def test_two_processes_train_to_the_same_bits():
    program = (
        "import hashlib, torch\n"
        "from course_lib.accelerated.determinism import deterministic\n"
        "with deterministic(5):\n"
        "    torch.set_num_threads(1)\n"
        "    model = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.Dropout(0.5), torch.nn.Linear(30, 1))\n"
        "    adam = torch.optim.Adam(model.parameters())\n"
        "    X = torch.randn(64, 20)\n"
        "    for _ in range(20):\n"
        "        adam.zero_grad(); model(X).square().mean().backward(); adam.step()\n"
        "bits = b''.join(p.detach().numpy().tobytes() for p in model.parameters())\n"
        "print(hashlib.sha256(bits).hexdigest())\n"
    )
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in "ab"]
    assert len(runs[0].stdout.strip()) == 64
    assert runs[0].stdout == runs[1].stdout


def test_cublas_gets_its_workspace(monkeypatch):
    monkeypatch.delenv(WORKSPACE)
    with deterministic():
        assert os.environ[WORKSPACE] == ":4096:8"


def test_too_late_for_cublas_is_an_error_with_the_way_out(monkeypatch):
    monkeypatch.delenv(WORKSPACE)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with pytest.raises(RuntimeError, match=f"start with {WORKSPACE}=:4096:8"), deterministic():
        pass


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_sums_of_many_threads_are_the_same_every_time_on_a_gpu():
    place = torch.randint(0, 10, (100_000,), device="cuda")
    values = torch.randn(100_000, device="cuda")
    with deterministic():
        sums = [torch.zeros(10, device="cuda").index_add_(0, place, values) for _ in range(5)]
    assert all(torch.equal(sums[0], other) for other in sums)
