"""Hooks against the NumPy reference's own forward and backward arrays; that they leave no trace."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.accelerated.hooks import Recorder, first_non_finite
from course_lib.accelerated.modules import as_module
from course_lib.accelerated.network import Network
from course_lib.reference import layers
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network as Reference

LOGITS = SparseCategoricalCrossentropy(from_logits=True)


def stack():
    return [layers.Dense(6), layers.Activation("tanh"), layers.Dense(3)]


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(7, 4)), rng.integers(0, 3, 7)


def test_outputs_and_gradients_of_every_layer_are_those_of_the_reference():
    X, y = data()
    reference = Reference(stack(), 4, seed=3, dtype=np.float64)
    outputs, gradients, a = [], [], X
    for layer in reference.layers:
        a = layer.forward(a, True)
        outputs.append(a)
    G = LOGITS.gradient(y, a)
    for layer in reversed(reference.layers):
        gradients.append(G)  # dL/d(output) of this layer
        G = layer.backward(G)
    module = as_module(Network(stack(), 4, seed=3, dtype="float64", device="cpu"))
    with Recorder(module) as record:
        nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y)).backward()
    assert list(record.outputs) == ["0", "1", "2"]
    for place in range(3):
        np.testing.assert_allclose(record.outputs[str(place)], outputs[place], rtol=0, atol=1e-12)
        np.testing.assert_allclose(record.gradients[str(place)], gradients[2 - place], rtol=0, atol=1e-12)


def test_only_the_layers_that_were_named_are_recorded():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))
    with Recorder(model, ["1.0", "1"]) as record:
        model(torch.ones(2, 2)).sum().backward()
    assert set(record.outputs) == set(record.gradients) == {"1.0", "1"}


def test_a_shared_layer_is_recorded_once_for_each_use():
    shared = nn.Linear(2, 2)
    with Recorder(shared, [""]):
        pass
    model = nn.Sequential(shared, nn.Tanh(), shared)
    with Recorder(model) as record:
        model(torch.ones(1, 2)).sum().backward()
        model(torch.zeros(1, 2)).sum().backward()
    assert set(record.outputs) == set(record.gradients) == {"0", "0#2", "1"}
    np.testing.assert_allclose(record.outputs["0"][0], shared.bias.detach(), rtol=1e-6)


def test_nothing_is_recorded_afterwards_and_no_hook_is_left():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    with Recorder(model) as record:
        pass
    model(torch.ones(1, 2)).sum().backward()
    assert record.outputs == {} and record.gradients == {}
    assert all(not part._forward_hooks and not part._forward_pre_hooks for part in model.modules())


def test_hooks_are_taken_off_after_an_error_too():
    model = nn.Sequential(nn.Linear(2, 3))
    with pytest.raises(RuntimeError), Recorder(model):
        model(torch.ones(1, 5))
    assert not model[0]._forward_hooks


def test_recording_changes_no_number():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    X = torch.linspace(-1, 1, 15).reshape(5, 3)
    plain = torch.autograd.grad(model(X).sum(), list(model.parameters()))
    with Recorder(model, history=True):
        watched = torch.autograd.grad(model(X).sum(), list(model.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(plain, watched, strict=True))


def test_a_validation_pass_keeps_the_gradients_of_the_last_training_pass():
    model = nn.Sequential(nn.Linear(2, 1))
    with Recorder(model) as record:
        model(torch.ones(3, 2)).sum().backward()
        with torch.no_grad():
            model(torch.zeros(4, 2))
    assert record.outputs["0"].shape == (4, 1) and record.gradients["0"].shape == (3, 1)


def test_the_history_shows_vanishing_gradients():
    # Ten sigmoid layers: each passes on at most a quarter of the gradient.
    torch.manual_seed(0)
    parts = [part for _ in range(10) for part in (nn.Linear(8, 8), nn.Sigmoid())]
    model = nn.Sequential(*parts)
    with Recorder(model, history=True) as record:
        for _ in range(3):
            model(torch.randn(16, 8)).sum().backward()
    first, last = (record.series(name, "gradient", "std") for name in ("1", "17"))
    assert len(first) == len(last) == 3
    assert max(first) < 1e-3 * min(last)


def test_the_first_layer_that_is_not_finite_is_named():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with Recorder(model) as record:
        model(torch.ones(1, 2)).sum().backward()
    assert first_non_finite(record) is None
    with torch.no_grad():
        model[2].weight[0, 0] = torch.nan
    with Recorder(model) as record:
        model(torch.ones(1, 2)).sum().backward()
    assert first_non_finite(record) == "output of 2"


def test_a_gradient_that_is_not_finite_is_named():
    class Root(nn.Module):
        def forward(self, x):
            return x.sqrt()

    model = nn.Sequential(nn.Identity(), Root())
    with Recorder(model) as record:
        model(torch.zeros(1, requires_grad=True)).sum().backward()  # the root has an infinite slope at 0
    assert first_non_finite(record) == "gradient of 0"


def test_half_precision_is_recorded_as_numbers_numpy_has():
    model = nn.Sequential(nn.Linear(2, 2)).to(torch.bfloat16)
    with Recorder(model) as record:
        model(torch.ones(1, 2, dtype=torch.bfloat16))
    assert record.outputs["0"].dtype == np.float32


class Pair(nn.Module):
    def forward(self, x):
        return x, x


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Recorder(nn.Sequential(nn.Linear(1, 1)), ["1"]), ValueError, "unknown layer '1'.*Known: 0"),
        (lambda: Recorder(nn.Identity()).series("", "output", "mean"), ValueError, "history=True"),
        (lambda: _run(nn.Sequential(Pair())), TypeError, "layer '0' returns tuple, not a tensor"),
    ],
)
def test_wrong_use_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def _run(model):
    with Recorder(model):
        model(torch.ones(1))
