"""Patience: what a busy machine takes from a student's process does not count against it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import wall
from autograder.forked_kernel import ForkedKernel
from autograder.isolation import offers
from autograder.kernel import Limits, Setting
from autograder.patience import PATIENCE, Waiting

linux = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the kernel does not count waiting times")


@pytest.fixture
def crowd() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Three busy processes a core."""
    count = 3 * (os.cpu_count() or 1)
    busy = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(count)]
    yield busy
    for process in busy:
        process.kill()
        process.wait()


@linux
def test_processes_that_share_a_core_are_seen_to_wait(crowd: list[subprocess.Popen[bytes]]) -> None:
    waiting = Waiting(os.getpid())
    waiting.since_last()
    began = time.monotonic()
    time.sleep(0.5)
    waited, passed = waiting.since_last(), time.monotonic() - began
    assert 0.05 < waited <= 2 * passed


def test_a_process_that_does_nothing_does_not_wait() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as idle:
        waiting = Waiting(os.getpid())
        time.sleep(0.3)
        waiting.since_last()
        time.sleep(0.2)
        assert waiting.since_last() < 0.01
        idle.communicate(b"\n")


class Starved(Waiting):
    """Says that the process waited all the time since it was asked last."""

    then = 0.0

    def since_last(self) -> float:
        waited, self.then = time.monotonic() - self.then, time.monotonic()
        return waited


def replying(kernel: ForkedKernel, seconds: float) -> float:
    """Wait for an answer that never comes; return for how long that was."""
    began = time.monotonic()
    with pytest.raises(wall.WallTimeout):
        kernel._reply(-1, seconds)
    return time.monotonic() - began


def test_patience_with_a_starved_process_ends() -> None:
    if not offers("limits"):
        pytest.skip("this machine does not offer isolation level 'limits'")
    with ForkedKernel("limits", Setting(Limits(start=30))) as kernel:
        kernel.waiting = Starved(kernel.pid)
        kernel.waiting.then = time.monotonic()
        assert PATIENCE * 0.2 <= replying(kernel, 0.2) < 20
