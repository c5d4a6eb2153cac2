"""Networks in files: every layer comes back, nothing in the file runs, damaged or foreign files are refused."""

import json
import os

import numpy as np
import pytest

from course_lib.reference import activations, initializers, regularizers
from course_lib.reference.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    Maxout,
    SparseDense,
)
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import OPTIMIZERS, SGD, Adam, get_optimizer
from course_lib.reference.regularizers import L1, L2, ElasticNet, MaxNorm
from course_lib.reference.saving import decode, encode, known_classes
from course_lib.training import fit

LOGITS = SparseCategoricalCrossentropy(from_logits=True)
CASES = {
    "perceptron": (
        [
            Flatten(),
            Dense(6, kernel_initializer="he_normal", kernel_regularizer=L2(0.1), kernel_constraint=MaxNorm(2.0)),
            BatchNormalization(momentum=0.2, unbiased=False),
            Activation(activations.LeakyReLU(0.3)),
            Dropout(0.2, inverted=False),
            Maxout(5, 3, kernel_regularizer=ElasticNet(0.1, 0.2)),
            Dense(3, use_bias=False),
        ],
        (2, 2),
        np.random.default_rng(0).normal(size=(20, 2, 2)),
    ),
    "sparse": (
        [SparseDense(4, 9, kernel_regularizer=L1(0.1)), Activation("relu"), Dense(3)],
        (2,),
        np.random.default_rng(0).integers(0, 9, (20, 2)),
    ),
    "embedding": ([Embedding(9, 4), Flatten(), Dense(3)], (2,), np.random.default_rng(0).integers(0, 9, (20, 2))),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loaded_network_predicts_trains_and_describes_itself_alike(case, dtype, tmp_path):
    layers, shape, X = CASES[case]
    network = Network(decode([encode(layer) for layer in layers], known_classes()), shape, 1, dtype)
    y = np.arange(20) % 3
    fit(network, X, y, LOGITS, epochs=2)
    network.save(tmp_path / "network.npz")
    loaded = Network.load(tmp_path / "network.npz")
    np.testing.assert_array_equal(loaded.predict(X), network.predict(X))
    assert loaded.parameters.dtype == dtype
    assert repr(loaded) == repr(network) and loaded.summary() == network.summary()
    for one in (network, loaded):
        one.loss_and_gradient(X, y, LOGITS)
        SGD(0.1).step(one.parameters, one.gradient)
    np.testing.assert_array_equal(loaded.parameters, network.parameters)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_from_a_file_as_if_it_had_not_been_interrupted(name, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 4)), rng.integers(0, 3, 12)
    network, optimizer = Network([Dense(5), Activation("tanh"), Dense(3)], 4), get_optimizer(name)
    for _ in range(3):
        network.train_batch(X, y, LOGITS, optimizer)
    network.save(tmp_path / "half.npz", optimizer)
    restored = get_optimizer(name)
    loaded = Network.load(tmp_path / "half.npz", restored)
    for _ in range(3):
        network.train_batch(X, y, LOGITS, optimizer)
        loaded.train_batch(X, y, LOGITS, restored)
    np.testing.assert_allclose(loaded.parameters, network.parameters, rtol=1e-6)
    assert restored.t == optimizer.t == 6


@pytest.mark.parametrize("module", [activations, initializers, regularizers])
def test_every_named_object_survives_encoding(module):
    registries = [value for value in vars(module).values() if isinstance(value, dict) and value]
    objects = [item for registry in registries for item in registry.values() if type(item).__name__ in known_classes()]
    assert len(objects) >= 4
    for item in objects:
        text = json.dumps(encode(item))
        assert repr(decode(json.loads(text), known_classes())) == repr(item)


def test_layer_of_ones_own_is_loaded_when_its_class_is_given(tmp_path):
    class Shift(Layer):
        def __init__(self, by=1.0):
            self.by = by

        def forward(self, X, training=False):
            return X + self.by

        def backward(self, G):
            return G

    Network([Shift(2.0), Dense(1)], 2).save(tmp_path / "own.npz")
    with pytest.raises(ValueError, match=r"unknown class 'Shift'.*custom=\[Shift\]"):
        Network.load(tmp_path / "own.npz")
    assert Network.load(tmp_path / "own.npz", custom=[Shift]).layers[0].by == 2.0


def test_file_holds_no_pickle_and_keeps_its_name(tmp_path):
    path = tmp_path / "network.model"
    Network([Dense(1)], 2).save(path, Adam())
    assert os.listdir(tmp_path) == ["network.model"]
    with np.load(path, allow_pickle=False) as file:
        assert {name: file[name].dtype.kind for name in file.files}["description"] == "U"


def test_pickled_arrays_are_refused(tmp_path):
    path = tmp_path / "evil.npz"
    np.savez(path, description=np.array([{"class": "Dense"}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Network.load(path)


def test_file_that_names_another_class_makes_nothing(tmp_path):
    path = tmp_path / "network.npz"
    Network([Dense(1)], 2).save(path)
    with np.load(path) as file:
        arrays = dict(file)
    description = json.loads(str(arrays["description"]))
    description["layers"][0]["class"] = "Popen"
    arrays["description"] = json.dumps(description)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="unknown class 'Popen'"):
        Network.load(path)


def test_other_files_are_named(tmp_path):
    np.savez(tmp_path / "arrays.npz", x=np.ones(3))
    with pytest.raises(ValueError, match="holds no network"):
        Network.load(tmp_path / "arrays.npz")
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "absent.npz")
    Network([Dense(1)], 2).save(tmp_path / "whole.npz")
    whole = dict(np.load(tmp_path / "whole.npz"))
    (tmp_path / "torn.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:400])
    (tmp_path / "text.npz").write_text("not an archive")
    np.savez(tmp_path / "list.npz", **(whole | {"description": "[]"}))
    np.savez(tmp_path / "text in it.npz", **(whole | {"description": "{"}))
    np.savez(tmp_path / "no weights.npz", description=whole["description"])
    for name in ("torn", "text", "list", "text in it", "no weights"):
        with pytest.raises(ValueError, match=f"{name}.npz holds no network"):
            Network.load(tmp_path / f"{name}.npz")
    Network([Dense(1)], 2).save(tmp_path / "bare.npz")
    with pytest.raises(ValueError, match=r"holds no optimizer: save it with network.save\(path, optimizer\)"):
        Network.load(tmp_path / "bare.npz", Adam())


def test_newer_format_is_refused(tmp_path, monkeypatch):
    from course_lib.reference import saving

    monkeypatch.setattr(saving, "FORMAT", 99)
    Network([Dense(1)], 2).save(tmp_path / "new.npz")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"has format 99, this version reads up to 1: update it"):
        Network.load(tmp_path / "new.npz")
