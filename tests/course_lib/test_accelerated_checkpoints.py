"""Checkpoints: a run that was stopped goes on to the same bits; files are safe to open and safe to be killed at."""

import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

from course_lib.accelerated.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from course_lib.accelerated.network import Network
from course_lib.callbacks import LambdaCallback
from course_lib.reference import layers, losses, optimizers
from course_lib.reference.network import Network as Reference
from course_lib.schedules import CosineDecay
from course_lib.training import fit

LOGITS = losses.SparseCategoricalCrossentropy(from_logits=True)


def stack():
    return [
        layers.Dense(16),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dropout(0.3),
        layers.Dense(3),
    ]


def accelerated():
    return Network(stack(), 5, seed=1, device="cpu")


def reference():
    return Reference(stack(), 5, seed=1)


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(70, 5)), rng.integers(0, 3, 70)


def run(path, make, optimizer, epochs, resumed=None):
    network, rng = make(), np.random.default_rng(4)
    checkpoint = Checkpoint(path, rng)
    start = checkpoint.resume(network, optimizer)
    if resumed is not None:
        assert start == resumed
    fit(network, *data(), LOGITS, optimizer, epochs=epochs, seed=rng, initial_epoch=start, callbacks=[checkpoint])
    return network, optimizer, checkpoint


def assert_same_bits(first, second):
    for name, array in first.items():
        assert np.asarray(array).tobytes() == np.asarray(second[name]).tobytes(), name


OPTIMIZERS = {
    "adam": lambda: optimizers.Adam(0.01),
    "scheduled": lambda: optimizers.SGD(CosineDecay(0.1, 20), momentum=0.9),
    "nadam": lambda: optimizers.Nadam(0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("make", [accelerated, reference])
def test_a_resumed_run_is_identical_to_the_bit(make, name, tmp_path):
    # Dropout, batch normalization, shuffling, momentum: all must go on from where they were.
    whole, _, log = run(tmp_path / "whole.pt", make, OPTIMIZERS[name](), 6)
    run(tmp_path / "parts.pt", make, OPTIMIZERS[name](), 2)
    run(tmp_path / "parts.pt", make, OPTIMIZERS[name](), 3, resumed=2)
    parts, _, parts_log = run(tmp_path / "parts.pt", make, OPTIMIZERS[name](), 6, resumed=3)
    assert_same_bits(whole.get_weights(), parts.get_weights())
    assert log.history == parts_log.history and len(log.history["loss"]) == 6


@pytest.mark.parametrize("forgotten", ["optimizer", "random"])
def test_each_part_of_the_file_is_needed(forgotten, tmp_path):
    whole, _, _ = run(tmp_path / "whole.pt", accelerated, optimizers.Adam(0.01), 4)
    path = tmp_path / "parts.pt"
    fresh = optimizers.Adam(0.01)
    save_checkpoint(tmp_path / "fresh.pt", accelerated(), fresh, rngs={"fit": np.random.default_rng(4)})
    run(path, accelerated, optimizers.Adam(0.01), 2)
    content = torch.load(path, weights_only=True)
    content[forgotten] = torch.load(tmp_path / "fresh.pt", weights_only=True)[forgotten]
    torch.save(content, path)
    parts, _, _ = run(path, accelerated, optimizers.Adam(0.01), 4, resumed=2)
    assert not np.array_equal(whole.get_weights()["parameters"], parts.get_weights()["parameters"])


def test_plain_modules_and_torch_optimizers_too(tmp_path):
    def train(model, adam, steps):
        for _ in range(steps):
            adam.zero_grad()
            model(torch.randn(8, 3)).square().mean().backward()
            adam.step()

    def make():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(), torch.nn.Linear(4, 1))
        return model, torch.optim.Adam(model.parameters())

    whole, adam = make()
    train(whole, adam, 10)
    first, adam = make()
    train(first, adam, 6)
    save_checkpoint(tmp_path / "run.pt", first, adam, extra={"note": "six", "curve": [1.0, 0.5]})
    second, adam = make()
    torch.manual_seed(99)
    assert load_checkpoint(tmp_path / "run.pt", second, adam) == {"epoch": 0, "note": "six", "curve": [1.0, 0.5]}
    train(second, adam, 4)
    assert_same_bits(whole.state_dict(), second.state_dict())


def test_a_run_killed_in_the_middle_goes_on_from_its_last_epoch(tmp_path):
    # The killed run is a process of its own that ends without warning in its third epoch.
    path = tmp_path / "run.pt"
    program = f"""
        import os, sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        import test_accelerated_checkpoints as t
        class Killer(t.Checkpoint):
            def on_batch_begin(self, batch):
                if len(self.history.get("loss", [])) == 2 and batch == 1:
                    os.kill(os.getpid(), 9)
        t.Checkpoint = Killer
        t.run({str(path)!r}, t.reference, t.optimizers.Adam(0.01), 5)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    whole, _, _ = run(tmp_path / "whole.pt", reference, optimizers.Adam(0.01), 5)
    parts, _, _ = run(path, reference, optimizers.Adam(0.01), 5, resumed=2)
    assert_same_bits(whole.get_weights(), parts.get_weights())


def test_a_run_killed_while_saving_still_has_the_file_before(tmp_path, monkeypatch):
    path, network, adam = tmp_path / "run.pt", reference(), optimizers.Adam(0.01)
    save_checkpoint(path, network, adam, epoch=1)

    def torn(content, file):
        file.write(b"half of")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, network, adam, epoch=2)
    assert load_checkpoint(path, network, adam)["epoch"] == 1


class Evil:
    def __reduce__(self):
        return (os.system, ("touch /tmp/evil-checkpoint-was-here",))


def test_a_file_that_would_run_a_program_is_not_opened(tmp_path):
    path = tmp_path / "evil.pt"
    torch.save({"format": 1, "model": Evil()}, path)
    with pytest.raises(ValueError, match="such a file can run any program"):
        load_checkpoint(path, reference(), optimizers.Adam())
    assert not os.path.exists("/tmp/evil-checkpoint-was-here")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged or no checkpoint"),
        (b"PK\x03\x04 torn", "damaged or no checkpoint"),
        (pickle.dumps([1, 2], protocol=2), "no checkpoint"),
    ],
)
def test_a_damaged_file_is_named(content, message, tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_checkpoint(path, reference(), optimizers.Adam())


def test_wrong_files_are_named(tmp_path):
    path = tmp_path / "run.pt"
    torch.save({"weights": torch.ones(1)}, path)
    with pytest.raises(ValueError, match="not written by save_checkpoint"):
        load_checkpoint(path, reference(), optimizers.Adam())
    torch.save({"format": 99}, path)
    with pytest.raises(ValueError, match="reads up to 1: update it"):
        load_checkpoint(path, reference(), optimizers.Adam())
    save_checkpoint(path, reference(), optimizers.Adam())
    with pytest.raises(ValueError, match=r"this run has \['fit'"):
        load_checkpoint(path, reference(), optimizers.Adam(), {"fit": np.random.default_rng()})
    with pytest.raises(ValueError, match=r"the layers Dense W\(5, 16\) b\(16,\), .*this run has Dense W\(5, 2\)"):
        load_checkpoint(path, Reference([layers.Dense(2), *stack()[1:]], 5), optimizers.Adam())
    with pytest.raises(ValueError, match="the optimizer Adam, this run has SGD"):
        load_checkpoint(path, reference(), optimizers.SGD())
    torch.save({"format": 1, "epoch": 0}, path)
    with pytest.raises(ValueError, match="damaged: it has no extra, model, optimizer, random"):
        load_checkpoint(path, reference(), optimizers.Adam())
    with pytest.raises(TypeError, match="neither get_weights, get_state nor state_dict"):
        save_checkpoint(path, object(), optimizers.Adam())
    with pytest.raises(TypeError, match=r"rng must be the numpy.random.Generator"):
        Checkpoint(path, 0)
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "none.pt", reference(), optimizers.Adam())


def test_as_many_weights_of_other_layers_are_not_taken_for_these(tmp_path):
    def chain(*units):
        return Network([layers.Dense(n, use_bias=False) for n in units], 4, seed=1, device="cpu")

    path, other = tmp_path / "run.pt", chain(9)
    before = other.get_weights()["parameters"]
    save_checkpoint(path, chain(6, 2), optimizers.SGD())  # 4·6 + 6·2 = 4·9
    with pytest.raises(ValueError, match="was saved with the layers"):
        load_checkpoint(path, other, optimizers.SGD())
    np.testing.assert_array_equal(other.get_weights()["parameters"], before)


def test_every_so_many_epochs_and_the_last(tmp_path):
    saved, path = [], tmp_path / "run.pt"
    network, rng = reference(), np.random.default_rng(0)
    look = LambdaCallback(
        on_epoch_end=lambda epoch, logs: path.exists() and saved.append((epoch, path.stat().st_mtime_ns))
    )
    fit(network, *data(), LOGITS, "adam", epochs=5, seed=rng, callbacks=[Checkpoint(path, rng, every=2), look])
    assert [epoch for epoch, _ in saved] == [1, 2, 3, 4]
    assert len({time for _, time in saved}) == 3  # after epochs 2, 4 and the last, 5
