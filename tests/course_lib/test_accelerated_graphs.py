"""Networks that are no chain, against a hand-written torch module and the NumPy chain; traces; the drawing."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.accelerated.graphs import GraphNetwork, concatenate
from course_lib.accelerated.modules import LayerModule, as_module
from course_lib.accelerated.network import Network
from course_lib.accelerated.traces import trace
from course_lib.figures.architecture import draw_architecture
from course_lib.figures.style import to_svg
from course_lib.reference.layers import Activation, BatchNormalization, Dense, Dropout, Flatten
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network as Reference


def two_inputs(**options):
    shared = Dense(4)
    nodes = {
        "h1": (shared, "x1"),
        "h2": (shared, "x2"),
        "a1": (Activation("relu"), "h1"),
        "a2": (Activation("relu"), "h2"),
        "h": (concatenate, "a1", "a2"),
        "first": (Dense(2), "h"),
        "second": (Dense(3), "h"),
    }
    return GraphNetwork({"x1": 5, "x2": 5}, nodes, ["first", "second"], dtype=torch.float64, **options)


class ByHand(nn.Module):
    """The same network in plain PyTorch."""

    def __init__(self, graph):
        super().__init__()
        weights = {name: p.detach().clone() for name, p in graph.named_parameters()}
        self.shared, self.first, self.second = nn.Linear(5, 4), nn.Linear(8, 2), nn.Linear(8, 3)
        for linear, name in ((self.shared, "h1"), (self.first, "first"), (self.second, "second")):
            linear.weight = nn.Parameter(weights[f"parts.{name}.W"].T.contiguous())
            linear.bias = nn.Parameter(weights[f"parts.{name}.b"])

    def forward(self, x1, x2):
        h = torch.cat([self.shared(x1).relu(), self.shared(x2).relu()], dim=1)
        return self.first(h), self.second(h)


def batch(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(6, 5, dtype=torch.float64, generator=generator) for _ in range(2)]


def test_outputs_and_gradients_are_those_of_plain_pytorch_shared_weights_included():
    graph = two_inputs(seed=3)
    hand, inputs = ByHand(graph), batch()
    for first, second in zip(graph(*inputs), hand(*inputs), strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=1e-12)
    for network in (graph, hand):
        first, second = network(*inputs)
        (first.square().mean() + second.sin().sum()).backward()
    torch.testing.assert_close(graph.parts["h1"].W.grad, hand.shared.weight.grad.T, rtol=0, atol=1e-12)
    torch.testing.assert_close(graph.parts["second"].b.grad, hand.second.bias.grad, rtol=0, atol=1e-12)


def test_the_gradient_of_a_shared_layer_is_the_sum_over_its_uses():
    graph, (x1, x2) = two_inputs(), batch()
    W = graph.parts["h1"].W

    def gradient(*inputs):
        return torch.autograd.grad(graph(*inputs)[0].sum(), W)[0]

    both = gradient(x1, x2)
    zero = torch.zeros_like(x1)
    assert sum(p.numel() for p in graph.parameters()) == 24 + 18 + 27
    torch.testing.assert_close(gradient(x1, zero) + gradient(zero, x2), both, rtol=0, atol=1e-12)
    assert not torch.allclose(gradient(x1, zero), both)


def test_it_learns_with_an_optimizer_of_pytorch():
    graph, inputs = two_inputs(seed=1), batch()
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    adam = torch.optim.Adam(graph.parameters(), 0.05)
    for _ in range(200):
        adam.zero_grad()
        loss = nn.functional.cross_entropy(graph(*inputs)[1], labels)
        loss.backward()
        adam.step()
    assert loss.item() < 0.01


def test_a_chain_is_the_reference_network():
    layers = {"s": (Dense(6), "x"), "a": (Activation("tanh"), "s"), "y": (Dense(3), "a")}
    graph = GraphNetwork({"x": 4}, layers, ["y"], seed=5, dtype=torch.float64)
    chain = Reference([Dense(6), Activation("tanh"), Dense(3)], 4, seed=5, dtype=np.float64)
    X = np.random.default_rng(0).normal(size=(7, 4))
    outputs = graph(torch.from_numpy(X))
    np.testing.assert_allclose(outputs.detach(), chain.forward(X), rtol=0, atol=1e-12)
    y = np.arange(7) % 3
    nn.functional.cross_entropy(outputs, torch.from_numpy(y)).backward()
    _, gradient = chain.loss_and_gradient(X, y, SparseCategoricalCrossentropy(from_logits=True))
    own = torch.cat([p.grad.ravel() for p in graph.parameters()])
    np.testing.assert_allclose(own, gradient, rtol=0, atol=1e-12)


def test_nodes_may_be_given_in_any_order_and_use_any_module():
    lstm = nn.Linear(3, 3)
    nodes = {"y": (torch.add, "skip", "x"), "skip": (nn.Sequential(lstm, nn.ReLU()), "x")}
    graph = GraphNetwork({"x": 3}, nodes, ["y"])
    assert graph.order == ["skip", "y"]
    x = torch.ones(2, 3)
    torch.testing.assert_close(graph(x), lstm(x).relu() + x)


def test_dropout_and_batch_normalization_know_training_from_prediction():
    nodes = {"n": (BatchNormalization(), "x"), "y": (Dropout(0.5), "n")}
    graph = GraphNetwork({"x": 3}, nodes, ["y"], dtype=torch.float64)
    x = torch.randn(200, 3, dtype=torch.float64)
    mean = graph.parts["n"].running_mean
    assert mean.tolist() == [0, 0, 0]  # finding the shapes has not moved it
    graph.eval()
    assert torch.equal(graph(x), graph(x)) and (graph(x) != 0).all()
    graph.train()
    share = (graph(x) == 0).double().mean()
    assert 0.4 < share < 0.6
    torch.testing.assert_close(mean, graph.parts["n"].layer.momentum * x.mean(0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("inputs", "nodes", "outputs", "message"),
    [
        ({"x": 2}, {"y": (Dense(1), "z")}, ["y"], "unknown parent of 'y', 'z'"),
        ({"x": 2}, {"a": (Dense(1), "b"), "b": (Dense(1), "a")}, ["a"], "form a circle"),
        ({"x": 2}, {"y": (Dense(1), "x"), "z": (Dense(1), "x")}, ["y"], "'z' leads to no output"),
        ({"x": 2, "u": 2}, {"y": (Dense(1), "x")}, ["y"], "'u' leads to no output"),
        ({"x": 2}, {"y": (Dense(1), "x")}, ["z"], "unknown parent of 'outputs', 'z'; did you mean|unknown parent"),
        ({"x": 2}, {"x": (Dense(1), "x")}, ["x"], "needs a name of its own"),
        ({"x": 2}, {"values": (Dense(1), "x")}, ["values"], "needs a name of its own.*that modules have no use for"),
        ({"x": 2}, {"y": (Dense(1),)}, ["y"], "'y' has no parents"),
        ({"x": 2, "u": 3}, {"y": (torch.add, "x", "u")}, ["y"], r"'y' \(add\) cannot take x \(n, 2\), u \(n, 3\)"),
        ({"x": (2, 2)}, {"y": (Dense(3), "x")}, ["y"], "put Flatten"),
    ],
)
def test_wrong_graphs_are_named(inputs, nodes, outputs, message):
    with pytest.raises(ValueError, match=message):
        GraphNetwork(inputs, nodes, outputs)


def test_a_shared_layer_needs_inputs_of_one_shape():
    shared = Dense(2)
    nodes = {"a": (shared, "x"), "b": (shared, "u"), "y": (concatenate, "a", "b")}
    with pytest.raises(
        ValueError, match=r"'b' \(Dense\) cannot take u \(n, 4\).*a shared layer needs inputs of one shape"
    ):
        GraphNetwork({"x": 3, "u": 4}, nodes, ["y"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device: it is not missing")
def test_a_missing_gpu_is_explained():
    with pytest.raises(ValueError, match=r"device 'cuda' cannot be used: .*; device='cpu' works everywhere"):
        GraphNetwork({"x": 2}, {"y": (Dense(1), "x")}, ["y"], device="cuda")


def test_wrong_calls_are_named():
    with pytest.raises(ValueError, match=r"there are 2 inputs \(x1 \(n, 5\), x2 \(n, 5\)\), got 1"):
        two_inputs()(torch.ones(1, 5))
    with pytest.raises(TypeError, match="starts with a layer, a module or a function of tensors, got 'relu'"):
        GraphNetwork({"x": 2}, {"y": ("relu", "x")}, ["y"])


# Layers as modules


def test_a_network_and_its_module_are_one():
    network = Network([Flatten(), Dense(4), BatchNormalization(), Dense(2)], (2, 3), dtype="float64", device="cpu")
    module = as_module(network)
    X = np.random.default_rng(0).normal(size=(5, 2, 3))
    np.testing.assert_allclose(module(torch.from_numpy(X)).detach(), network.predict(X), rtol=0, atol=1e-14)
    with torch.no_grad():
        module[3].b.add_(7.0)
    np.testing.assert_allclose(module(torch.from_numpy(X)).detach(), network.predict(X), rtol=0, atol=1e-14)
    assert sum(p.numel() for p in module.parameters()) == network.parameters.numel()


def test_layers_as_modules_drop_and_scale():
    layer = LayerModule.build(Dropout(0.25), (1000,))
    outputs = layer(torch.ones(20, 1000))
    assert outputs.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert 0.24 < (outputs == 0).float().mean() < 0.26
    assert "rate=0.25" in repr(layer)


# Traces


def test_the_trace_of_a_network_with_two_inputs_shows_the_shared_weights_twice():
    graph = two_inputs()
    traced = trace(graph, *batch())
    assert [o.name for o in traced.operations[:2]] == ["x1", "x2"]
    uses = [o for o in traced.operations if "parts.h1.W" in o.arguments]
    assert len(uses) == 2 and all(o.shape == ("n", 4) for o in uses)
    assert len(traced.results) == 2
    for line in str(traced).splitlines()[:-1]:
        assert line.endswith(")")


def test_a_trace_holds_what_a_run_computes():
    # The oracle runs the operations by name and must come to the same numbers.
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = torch.randn(5, 3)
    values = {"input": x, **dict(model.named_parameters())}
    known = {"linear": nn.functional.linear, "tanh": torch.tanh}
    traced = trace(model, torch.ones(2, 3))
    for operation in traced.operations:
        if operation.function != "input":
            values[operation.name] = known[operation.function](*[values[name] for name in operation.arguments])
    torch.testing.assert_close(values[traced.results[0]], model(x))


@pytest.mark.parametrize(
    ("function", "examples", "message"),
    [
        (lambda x: x if x.sum() > 0 else -x, [torch.ones(2, 3)], "use torch.where"),
        (lambda x: x, [torch.ones(1, 3)], "two samples or more"),
        (lambda x: x, [torch.tensor(1.0)], "two samples or more"),
        (torch.add, [torch.ones(2, 3), torch.ones(4, 3)], r"equally many samples, got \[2, 4\]"),
    ],
)
def test_what_cannot_be_traced_is_said(function, examples, message):
    with pytest.raises(ValueError, match=message):
        trace(function, *examples)


# The drawing


def test_the_drawing_says_all_in_words():
    graph = two_inputs()
    figure = draw_architecture(graph)
    words = figure.get_label()
    for name in (*graph.input_shapes, *graph.order):
        assert f"{name}: " in words
    assert "h2: Dense (4) from x2, sharing its layer with h1" in words
    assert words.count("an output") == 2
    written = {text.get_text() for text in figure.axes[0].texts}
    assert {"x1", "input (5)", "h", "concatenate (8)", "second", "Dense (3)"} <= written
    arrows = [p for p in figure.axes[0].patches if type(p).__name__ == "FancyArrowPatch"]
    assert len(arrows) == sum(map(len, graph.parents.values())) == 8


def test_boxes_do_not_overlap_and_stay_inside():
    figure = draw_architecture(two_inputs())
    axes = figure.axes[0]
    boxes = [p.get_bbox() for p in axes.patches if type(p).__name__ == "Rectangle"]
    (low, high), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for i, a in enumerate(boxes):
        assert low <= a.x0 and a.x1 <= high and top <= a.y0 and a.y1 <= bottom
        for b in boxes[i + 1 :]:
            apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
            inside = a.x0 < b.x0 and b.x1 < a.x1 and a.y0 < b.y0 and b.y1 < a.y1
            assert apart or inside  # the second frame of an output


def test_a_drawing_is_reproducible_and_too_wide_a_one_is_refused():
    assert to_svg(draw_architecture(two_inputs())) == to_svg(draw_architecture(two_inputs()))
    nodes = {f"h{i}": (Dense(1), "x") for i in range(6)}
    graph = GraphNetwork({"x": 2}, nodes, list(nodes))
    with pytest.raises(ValueError, match="6 nodes side by side cannot be read"):
        draw_architecture(graph)
