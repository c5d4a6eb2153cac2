"""The fast step and what surrounds it: without a compiler, captured, in 16 bits, saved, stopped, and gone wrong."""

import copy
import pickle

import numpy as np
import pytest
import torch

from course_lib.accelerated import capturing, compiling
from course_lib.accelerated import epochs as epochs_module
from course_lib.accelerated.devices import DeviceMemoryError, check_device, explained, no_cuda
from course_lib.accelerated.layers import Activation, BatchNormalization, Dense, Dropout, Layer, Rescaling
from course_lib.accelerated.losses import SparseCategoricalCrossentropy, get_loss
from course_lib.accelerated.network import Network
from course_lib.accelerated.optimizers import KINDS, SGD, Adam, as_torch, get_optimizer
from course_lib.accelerated.precision import FIRST_SCALE
from course_lib.accelerated.regularizers import Regularizer
from course_lib.accelerated.step import Work
from course_lib.accelerated.trouble import NonFiniteError
from course_lib.callbacks import EarlyStopping, LearningRateScheduler, ModelCheckpoint, TerminateOnNaN
from course_lib.reference import layers as reference_layers
from course_lib.reference import losses as reference_losses
from course_lib.reference import optimizers as reference_optimizers
from course_lib.reference.network import Network as ReferenceNetwork
from course_lib.training import evaluate, fit

LOGITS = SparseCategoricalCrossentropy(from_logits=True)
RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)


def network(layers=None, dtype=np.float64, **options):
    layers = layers or [Dense(6), Activation("tanh"), Dense(3)]
    return Network(copy.deepcopy(layers), 4, 1, dtype, device="cpu", **options)


def trained(model, optimizer, epochs=4, X=X, **options):
    history = fit(model, X, Y, LOGITS, optimizer, epochs=epochs, batch_size=8, **options)
    return model.get_weights()["parameters"], history


def test_without_a_compiler_the_plain_loop_gives_the_same_and_says_so_once(monkeypatch):
    monkeypatch.setattr(compiling, "compiler", lambda: None)
    monkeypatch.setattr(compiling, "_said", False, raising=False)
    with pytest.warns(compiling.NotCompiledNotice, match=r"apt install g\+\+") as notices:
        parameters, _ = trained(network(compiled=True), Adam(0.01))
    assert len(notices) == 1
    np.testing.assert_array_equal(parameters, trained(network(), Adam(0.01))[0])


@pytest.mark.skipif(compiling.compiler() is None, reason="compiled: no C++ compiler")
def test_several_compiled_steps_and_one_share_nothing_but_the_result():
    expected, _ = trained(network(), Adam(0.01))
    found, _ = trained(network(compiled=3), Adam(0.01))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.skipif(compiling.compiler() is None, reason="compiled: no C++ compiler")
def test_a_second_network_of_the_same_shape_does_not_compile_again(monkeypatch):
    trained(network(compiled=True), Adam(0.01), epochs=1)
    monkeypatch.setattr(compiling, "traced", lambda *_: pytest.fail("compiled again"))
    other = Network([Dense(6), Activation("tanh"), Dense(3)], 4, 99, np.float64, "cpu", compiled=True)
    trained(other, Adam(0.3), epochs=1)


class Pretended:
    """A recorder that needs no GPU: what is recorded is run again, into the tensors that were returned first."""

    def __init__(self, generator):
        pass

    def warm_up(self, function):
        function()

    def record(self, function):
        self.function, self.tensors = function, function()
        return self.tensors

    def play(self):
        for old, new in zip(self.tensors, self.function(), strict=True):
            old.copy_(new)


def test_a_captured_epoch_is_the_plain_loop(monkeypatch):
    """The control flow of the CUDA graphs on the CPU: static tensors, warm-up undone, a graph for the last batch."""
    layers = [Dense(6), BatchNormalization(), Activation("tanh"), Dropout(0.3), Dense(3)]
    expected, _ = trained(network(layers), Adam(0.01))
    model, made = network(layers), []

    def program(self, work, count, size, usual):
        key = (count, size)
        if key not in self.captured:
            self.captured[key] = capturing.Capture(work, count, size, Pretended)
            made.append(key)
        return self.captured[key]

    monkeypatch.setattr(capturing, "compiled_function", lambda *_: None)
    monkeypatch.setattr(epochs_module.Epochs, "program", program)
    monkeypatch.setattr(epochs_module.Epochs, "longest", lambda self, work: 2048)
    found, _ = trained(model, Adam(0.01))
    assert made == [(7, 8), (1, 4)]  # 60 samples: seven batches of 8 in one graph, and one of 4
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_fit_with_callbacks_on_batches_goes_batch_by_batch_to_the_same_place():
    callbacks = [TerminateOnNaN(), LearningRateScheduler(lambda epoch: 0.01 / (1 + epoch))]
    found, history = trained(network(), Adam(0.01), callbacks=callbacks)
    expected, other = trained(network(), Adam(0.01), callbacks=callbacks[1:])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert history["learning_rate"] == other["learning_rate"] == [0.01, 0.005, 0.01 / 3, 0.0025]


def test_early_stopping_brings_the_best_weights_back():
    model = network()
    stopping = EarlyStopping(patience=2)
    _, history = trained(model, SGD(2.0, 0.9), epochs=30, validation_split=0.3, callbacks=[stopping])
    assert evaluate(model, X[42:], Y[42:], LOGITS)["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-12)


def test_files_go_from_one_backend_to_the_other(tmp_path):
    model, optimizer = network([Dense(6), BatchNormalization(), Activation("elu"), Dense(3)]), Adam(0.01)
    trained(model, optimizer, callbacks=[ModelCheckpoint(tmp_path / "a.npz", with_optimizer=True)])
    plain = reference_optimizers.Adam()
    reference = ReferenceNetwork.load(tmp_path / "a.npz", plain)
    back, again = Network.load(tmp_path / "a.npz", restored := Adam(), device="cpu"), restored
    for other in (reference, back):
        np.testing.assert_allclose(other.predict(X), model.predict(X), rtol=0, atol=1e-12)
    curves = [
        fit(m, X, Y, LOGITS, o, epochs=3, seed=9)["loss"]
        for m, o in ((reference, plain), (back, again), (model, optimizer))
    ]
    np.testing.assert_allclose(curves[0], curves[1], rtol=0, atol=1e-10)
    np.testing.assert_allclose(curves[0], curves[2], rtol=0, atol=1e-10)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_is_independent_and_still_flat(duplicate):
    model = network()
    twin = duplicate(model)
    before = model.get_weights()["parameters"]
    expected, _ = trained(twin, Adam(0.01))
    np.testing.assert_array_equal(model.get_weights()["parameters"], before)
    assert twin.layers[0].W.data_ptr() == twin.parameters.data_ptr()
    np.testing.assert_array_equal(trained(model, Adam(0.01))[0], expected)


def test_a_reference_optimizer_goes_on_where_it_stopped():
    optimizer = reference_optimizers.Adam(0.01)
    model = network()
    for _ in range(2):
        fit(model, X, Y, LOGITS, optimizer, epochs=2, batch_size=8, shuffle=False)
    once, _ = trained(network(), Adam(0.01), epochs=4, shuffle=False)
    np.testing.assert_allclose(model.get_weights()["parameters"], once, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_targets_and_weights_that_were_changed_in_place_are_the_new_ones(dtype):
    ends = []
    for fresh in (False, True):
        model, labels, weights = network(dtype=np.float32), Y.astype(dtype), np.ones(60)
        fit(model, X, labels, LOGITS, SGD(0.1), sample_weight=weights)
        labels, weights = (labels.copy(), weights.copy()) if fresh else (labels, weights)
        labels[:] = (labels + 1) % 3
        weights[:20] = 3.0
        fit(model, X, labels, LOGITS, SGD(0.1), sample_weight=weights)
        ends.append(model.get_weights()["parameters"])
    np.testing.assert_array_equal(*ends)


def test_targets_go_to_the_device_once_as_long_as_they_are_equal():
    model = network()
    ready = model.targets(Y.astype(np.int32), None, LOGITS)
    assert model.targets(Y.astype(np.int32), None, LOGITS)[0] is ready[0]  # a captured graph knows it by its address
    with pytest.raises(ValueError, match=r"one-hot|shape"):
        model.targets(Y.astype(np.int32), None, get_loss("categorical_crossentropy"))


def test_a_rate_that_is_set_on_a_reference_optimizer_counts():
    model, optimizer = network(), reference_optimizers.Adam(0.1)
    before, _ = trained(model, optimizer)
    optimizer.learning_rate = 0.0
    np.testing.assert_array_equal(trained(model, optimizer)[0], before)


def test_a_network_can_be_pickled_between_forward_and_backward():
    model = network()
    model.forward(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_wrong_weights_change_nothing():
    model = network([Dense(6), BatchNormalization(), Dense(3)])
    before = model.get_weights()
    with pytest.raises(ValueError, match="this network has 12 state, got 7"):
        model.set_weights({"parameters": np.zeros(model.parameters.numel()), "state": np.zeros(7)})
    np.testing.assert_array_equal(model.get_weights()["parameters"], before["parameters"])


def test_samples_stay_bytes_and_count_as_numbers():
    images = RNG.integers(0, 256, (60, 4), dtype=np.uint8)
    layers = [Rescaling(1 / 255), Dense(6), Activation("tanh"), Dense(3)]
    model = network(layers)
    assert model.prepare(images).dtype == torch.uint8
    found, _ = trained(model, Adam(0.01), X=images)
    expected, _ = trained(network(layers), Adam(0.01), X=images.astype(float))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("precision", "bits"), [("bfloat16", 8), ("float16", 11)])
def test_mixed_precision_follows_float32_to_its_own_rounding(precision, bits):
    layers = [Dense(32), Activation("relu"), Dense(3)]
    runs = [
        trained(network(layers, np.float32, precision=name), SGD(0.1), epochs=20)[1]["loss"]
        for name in (None, precision)
    ]
    np.testing.assert_allclose(*runs, rtol=8 * 2.0**-bits)
    assert runs[1] != runs[0]


def test_sixteen_bits_need_weights_of_thirty_two():
    with pytest.raises(ValueError, match="precision='bfloat16' needs dtype float32"):
        network(precision="bfloat16")


def test_float16_leaves_a_step_out_that_overflows_and_halves_its_scale():
    model = network([Dense(3)], np.float32, precision="float16")
    optimizer = SGD(0.1)
    before = model.parameters.clone()
    model.train_batch(model.prepare(1e4 * X[:8]), Y[:8], LOGITS, optimizer)  # 65536 · 1e4 is more than 65504
    assert torch.equal(model.parameters, before)
    assert float(model.precision.state[0]) == FIRST_SCALE / 2
    model.train_batch(model.prepare(X[:8] / 100), Y[:8], LOGITS, optimizer)
    assert not torch.equal(model.parameters, before)
    assert [float(number) for number in model.precision.state] == [FIRST_SCALE / 2, 1.0]


def test_float16_that_never_fits_is_an_error():
    model = network([Dense(3)], np.float32, precision="float16")
    with pytest.raises(NonFiniteError, match="bfloat16"):
        trained(model, SGD(0.1), X=1e9 * X)


def test_a_loss_that_is_not_finite_names_step_and_layer_and_leaves_the_network_before_it():
    layers = [Dense(6), Activation("exponential"), Dense(3)]
    model = network(layers)
    with pytest.raises(
        NonFiniteError, match=r"step \d+ of this epoch: .* layer 1 \(Activation\).*learning rate"
    ) as error:
        trained(model, SGD(50.0), epochs=30)
    assert error.value.place == 1
    assert torch.isfinite(model.parameters).all()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000000 bytes"),
    ],
)
def test_out_of_memory_says_what_to_lower(error):
    rule = r"at 512 samples a batch .* smaller batch_size"
    with pytest.raises(DeviceMemoryError, match=rule), explained(network(), 512):
        raise error


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="something else"), explained(network()):
        raise RuntimeError("something else")


@pytest.mark.skipif(not no_cuda(), reason="there is a CUDA device: it is not missing")
def test_a_missing_gpu_is_explained():
    with pytest.raises(ValueError, match=r"device 'cuda' cannot be used: .*; device='cpu' works everywhere"):
        Network([Dense(1)], 2, device="cuda")


def test_without_a_number_the_gpu_in_use_is_taken(monkeypatch):
    """`torchrun` starts a process a GPU, and `process_group` chooses its GPU with `torch.cuda.set_device`."""
    monkeypatch.setattr(torch.version, "cuda", "12.0")
    for name, value in {"is_available": True, "device_count": 4, "current_device": 2}.items():
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    assert [str(check_device(name)) for name in (None, "cuda", "cuda:0")] == ["cuda:2", "cuda:2", "cuda:0"]


def test_unknown_devices_precisions_and_layers_are_named():
    with pytest.raises(ValueError, match="device must be a name such as 'cpu'"):
        check_device("gpu-7")
    with pytest.raises(ValueError, match="unknown precision 'float8'"):
        network(precision="float8")

    class Own(reference_layers.Layer):
        pass

    with pytest.raises(TypeError, match=r"unknown layer 'Own'.*derives from accelerated\.layers\.Layer"):
        Network([Own()], 2)

    class OwnLoss(reference_losses.Loss):
        pass

    with pytest.raises(TypeError, match=r"accelerated\.losses\.OnTensors too"):
        get_loss(OwnLoss())


def test_samples_on_the_wrong_device_or_of_the_wrong_shape_are_named():
    model = network()
    with pytest.raises(ValueError, match=r"X must have shape \(n, 4\) and lie on cpu, got \(2, 5\) on cpu"):
        model.train_batch(torch.zeros(2, 5, dtype=torch.float64), np.zeros(2, int), LOGITS, SGD())
    with pytest.raises(ValueError, match=r"and lie on cpu, got .* on meta"):
        model.train_batch(torch.zeros(2, 4, device="meta"), np.zeros(2, int), LOGITS, SGD())


def test_bad_targets_are_named_before_the_first_step():
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.2 \(3 logits\), got 7 at row 0"):
        fit(network(), X, np.full(60, 7), LOGITS, SGD())


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "AMSGrad", "Nadam"])
def test_as_torch_takes_the_same_steps(name):
    options = {"AMSGrad": {"bias_correction": True}, "SGD": {"momentum": 0.9, "nesterov": True}}
    ours = KINDS[name](0.05, **options.get(name, {}))
    w, theirs = torch.ones(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    optimizer = as_torch(ours, [theirs])
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # torch.optim.NAdam keeps its scalars in it
    try:
        for step in range(60):
            gradient = torch.tensor([1.0, 10.0, 0.01], dtype=torch.float64) * (w + np.cos(step))
            theirs.grad = gradient.clone()
            ours.step(w, gradient)
            optimizer.step()
    finally:
        torch.set_default_dtype(before)
    np.testing.assert_allclose(w, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["Adamax", "QHAdam"])
def test_as_torch_refuses_what_torch_defines_otherwise(name):
    with pytest.raises(ValueError, match=r"torch\.optim has no optimizer that takes the steps"):
        as_torch(get_optimizer(name.lower()), [torch.ones(1)])


def test_layers_on_their_own_have_the_reference_s_gradients():
    """`forward` and `backward` on tensors against the backward passes by hand."""
    G = RNG.normal(size=(7, 3))
    for make in (lambda m: m.Dense(3), lambda m: m.Maxout(3, 2), lambda m: m.BatchNormalization()):
        ours, theirs = make(reference_layers), make(__import__("course_lib.accelerated.layers", fromlist=["_"]))
        data = RNG.normal(size=(7, 3))
        for layer in (ours, theirs):
            layer.build((3,), seed=2)
        np.testing.assert_allclose(theirs.forward(torch.as_tensor(data), True), ours.forward(data, True), atol=1e-12)
        np.testing.assert_allclose(theirs.backward(torch.as_tensor(G)), ours.backward(G), atol=1e-12)
        for name in ours.parameters:
            np.testing.assert_allclose(getattr(theirs, "d" + name), getattr(ours, "d" + name), atol=1e-12)


def test_forward_backward_and_loss_and_gradient_are_the_reference_s():
    layers = [reference_layers.Dense(6, kernel_regularizer="l2"), reference_layers.Activation("tanh")]
    layers += [reference_layers.Dense(3)]
    plain, fast = ReferenceNetwork(copy.deepcopy(layers), 4, 1, np.float64), network(layers)
    expected = plain.loss_and_gradient(X, Y, LOGITS)
    found = fast.loss_and_gradient(X, Y, LOGITS)
    assert found[0] == pytest.approx(expected[0], abs=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=1e-12)
    outputs = fast.forward(X)
    fast.backward(LOGITS.gradient(torch.as_tensor(Y), outputs))
    np.testing.assert_allclose(fast.gradient, expected[1], rtol=0, atol=1e-12)
    assert fast.summary() == plain.summary()


def test_a_layer_of_one_s_own_trains_with_its_forward_pass_alone():
    class Scale(Layer):
        def setup(self, input_shape):
            self.add("gamma", input_shape, np.ones)
            return input_shape

        def outputs(self, X, values, training=False, mask=None):
            return X * values["gamma"]

    _, history = trained(network([Scale(), Dense(3)]), Adam(0.05), epochs=10)
    assert history["loss"][-1] < 0.7 * history["loss"][0]


def test_the_signature_changes_with_all_that_is_compiled_in():
    def of(layers, optimizer, loss=LOGITS, **options):
        model = network(layers, **options)
        return Work(model, torch.zeros(8, 4), torch.zeros(8), None, loss, optimizer).signature()

    base = of([Dense(3)], Adam())
    assert of([Dense(3)], Adam(0.5)) == base  # a rate is a number in a tensor
    for other in (
        of([Dense(3, kernel_regularizer="l2")], Adam()),
        of([Dense(3)], Adam(beta_1=0.5)),
        of([Dense(3)], Adam(clipvalue=1.0)),
        of([Dense(3)], SGD()),
        of([Dense(3)], Adam(), SparseCategoricalCrossentropy()),
        of([Dense(3)], Adam(), dtype=np.float32),
    ):
        assert other != base


def test_a_class_that_was_written_again_is_another_one():
    """In a notebook a class of one's own is changed under the same name: nothing compiled before may be used for it."""

    def make(power):
        class Own(Regularizer):
            def __call__(self, w):
                return w.abs().pow(power).sum()

        model = network([Dense(3, kernel_regularizer=Own())])
        return Work(model, torch.zeros(8, 4), torch.zeros(8), None, LOGITS, SGD()).signature()

    assert make(1) != make(2)
