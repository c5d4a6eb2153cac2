"""A static graph: what a network computes, written down once, to be read, checked, optimized or run elsewhere.

PyTorch is dynamic: Python runs, and the graph is what happened. `trace` lets it run once with stand-ins for the
inputs, of which only shape and dtype are known, and keeps the operations (`torch.export`). The result is a list, and
this is how it prints:

>>> from torch import nn
>>> torch_network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
>>> print(trace(torch_network, torch.ones(3, 4)))
input     : input                             (n, 4)
linear    = linear(input, 0.weight, 0.bias)   (n, 8)
relu      = relu(linear)                      (n, 8)
linear_1  = linear(relu, 2.weight, 2.bias)    (n, 2)
return linear_1

A network of the course is traced as a module: ``trace(as_module(network), X)``. A graph that is known before it runs is
what compilers need; what it cannot hold is a decision that depends on numbers:

>>> def clipped(x):
...     return x if x.norm() < 1 else x / x.norm()
>>> trace(clipped, torch.ones(3, 4))
Traceback (most recent call last):
...
ValueError: this function decides by the value of a tensor (if, while, float(...)), which a graph that is written down \
before it runs cannot know: use torch.where, or leave it dynamic
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Operation", "Trace", "trace"]


@dataclass(frozen=True)
class Operation:
    """One line of a traced graph.

    Attributes
    ----------
    name : str
        Of its result.
    function : str
        What is computed, in PyTorch's names; "input" for an input.
    arguments : tuple of str
        Names of results, names of parameters, numbers.
    shape : tuple
        Of the result, "n" for the number of samples.

    Examples
    --------
    >>> Operation("h", "relu", ("s",), ("n", 8)).expression
    'relu(s)'
    """

    name: str
    function: str
    arguments: tuple[str, ...]
    shape: tuple[Any, ...]

    @property
    def expression(self) -> str:
        """The right-hand side of the line."""
        return self.function if self.function == "input" else f"{self.function}({', '.join(self.arguments)})"


@dataclass(frozen=True)
class Trace:
    """The operations of a function in the order in which they run, and the names of its results.

    Examples
    --------
    >>> traced = trace(lambda x, y: x @ y.T, torch.ones(2, 3), torch.ones(2, 3))
    >>> [operation.function for operation in traced.operations], traced.results
    (['input', 'input', 'numpy_T', 'matmul'], ('matmul',))
    """

    operations: tuple[Operation, ...]
    results: tuple[str, ...]

    def __str__(self) -> str:
        names = max(len(o.name) for o in self.operations) + 1
        width = max(len(o.expression) for o in self.operations)
        lines = [
            f"{o.name:<{names}} {':' if o.function == 'input' else '='} {o.expression:<{width}}   {_shape(o.shape)}"
            for o in self.operations
        ]
        return "\n".join([*lines, f"return {', '.join(self.results)}"])


def trace(function: nn.Module | Callable[..., Any], *examples: Tensor) -> Trace:
    """Return the graph of a module or function, found with stand-ins that look like the `examples`.

    Parameters
    ----------
    function
        What is called with the examples. A module is traced as it is (call `eval` before if dropout is to be left out).
    examples
        Tensors whose first axis counts samples, at least two: the graph is then good for any number of them.

    Raises
    ------
    ValueError
        If it decides by the value of a tensor, or works for one number of samples only.

    Examples
    --------
    >>> print(trace(lambda x: 2 * x.tanh(), torch.ones(2, 5)))
    x     : input          (n, 5)
    tanh  = tanh(x)        (n, 5)
    mul   = mul(tanh, 2)   (n, 5)
    return mul
    """
    for place, example in enumerate(examples):
        if not isinstance(example, Tensor) or example.ndim == 0 or len(example) < 2:
            raise ValueError(f"examples must be tensors with two samples or more, got {example!r} at {place}")
    if len({len(example) for example in examples}) > 1:
        raise ValueError(f"examples must hold equally many samples, got {[len(example) for example in examples]}")
    n = torch.export.Dim("n", min=2)
    with _quiet():
        try:
            program = torch.export.export(
                _Called(function), examples, dynamic_shapes=(tuple({0: n} for _ in examples),)
            )
        except torch.fx.experimental.symbolic_shapes.GuardOnDataDependentSymNode as error:
            raise ValueError(
                "this function decides by the value of a tensor (if, while, float(...)), which a graph that is written "
                "down before it runs cannot know: use torch.where, or leave it dynamic"
            ) from error
        except torch._dynamo.exc.UserError as error:
            raise ValueError(
                f"this function works for {len(examples[0])} samples only (it asks how many there are: len(x), a loop "
                "over them, a shape written down): write x.shape[0] and -1 instead"
            ) from error
    return _read(program, _names(function, len(examples)))


def _names(function: Callable[..., Any], count: int) -> list[str]:
    """Return what the function calls its arguments, or x1, x2, … if it takes any number of them."""
    called = function.forward if isinstance(function, nn.Module) else function
    names = [p.name for p in inspect.signature(called).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    return names[:count] if len(names) >= count else [f"x{i + 1}" for i in range(count)]


def _read(program: Any, inputs: list[str]) -> Trace:
    """Return the operations of an exported program; parameters go by the names that the module has for them."""
    signature = program.graph_signature
    own = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    own = {name: long.removeprefix("function.") for name, long in own.items()}
    given = dict(zip(signature.user_inputs, inputs, strict=True))
    known = {**own, **given}
    operations, results = [], ()
    for node in program.graph.nodes:
        if node.op == "output":
            results = tuple(known.get(str(x), str(x)) for x in node.args[0])
        elif node.name not in own:
            called = "input" if node.op == "placeholder" else str(node.target).removeprefix("aten.").split(".")[0]
            arguments = tuple(_word(x, known) for x in (*node.args, *node.kwargs.values()))
            operations.append(
                Operation(given.get(node.name, node.name), called, arguments, _sizes(node.meta.get("val")))
            )
    return Trace(tuple(operations), results)


def _word(argument: Any, known: dict[str, str]) -> str:
    """Return how an argument is written: by its name, as a number, or as a list of these."""
    if isinstance(argument, (list, tuple)):
        return f"[{', '.join(_word(x, known) for x in argument)}]"
    return known.get(str(argument), str(argument))


def _sizes(value: Any) -> tuple[Any, ...]:
    """Return the shape of a stand-in, with "n" for the size that is left open."""
    return tuple(size if isinstance(size, int) else "n" for size in getattr(value, "shape", ()))


def _shape(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


class _Called(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *x: Tensor) -> Any:
        return self.function(*x)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let no warning of the tracer out: what goes wrong is raised."""
    logger = logging.getLogger("torch.fx.experimental.symbolic_shapes")
    before, logger.level = logger.level, logging.CRITICAL
    try:
        yield
    finally:
        logger.level = before
