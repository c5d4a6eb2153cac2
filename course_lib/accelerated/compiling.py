"""A few steps as one compiled graph on the CPU: gather, forward, backward and update, without Python in between.

The steps are traced once (`make_fx`) and given to TorchInductor, which writes them as C++ and hands the products to
the BLAS library. That takes a C++ compiler, and some seconds the first time.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from course_lib.accelerated.step import Work, many_steps

__all__ = ["NotCompiledNotice", "compiler"]

Program = Callable[[Work, Tensor], tuple[Tensor, Tensor]]
Function = Callable[..., Any]
NARROW = 16  # columns
FUNCTIONS: dict[tuple, Function] = {}  # of this process: networks that differ only in their numbers share a function


class NotCompiledNotice(UserWarning):
    """Said once when steps are not compiled because there is no compiler.

    Examples
    --------
    >>> issubclass(NotCompiledNotice, UserWarning)
    True
    """


def compiler() -> str | None:
    """Return the C++ compiler that TorchInductor will use, or None.

    Examples
    --------
    >>> compiler() is None or os.path.exists(compiler())
    True
    """
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++"]
    return next((found for name in names if (found := shutil.which(name))), None)


def compile_steps(work: Work, count: int, size: int) -> Program | None:
    """Return a program that makes `count` steps on batches of `size`; None, with a notice, without a compiler."""
    function = compiled_function(work, count, size)
    return None if function is None else lambda work, rows: function(*arguments(work, rows))


def compiled_function(work: Work, count: int, size: int) -> Function | None:
    """Return a compiled function of `arguments(work, rows)`, the same for all work of this kind.

    Several steps on a CPU are compiled without any Python between their kernels: that takes twice as long, and is
    worth it where speed is what is asked for.
    """
    if compiler() is None:
        say_once()
        return None
    key = (count, size, torch.get_num_threads(), work.network.device, work.signature())
    if key not in FUNCTIONS:
        graph, example = traced(work, count, size)
        if work.network.device.type == "cpu":
            turn_narrow_products(graph)
        options = {"cpp_wrapper": count > 1 and work.network.device.type == "cpu"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchInductor uses deprecated parts of PyTorch
            FUNCTIONS[key] = torch._inductor.compile(graph, example, options=options)
    return FUNCTIONS[key]


def arguments(work: Work, rows: Tensor) -> list[Tensor]:
    """Return all tensors that a program reads or writes, for the steps on `rows` (k, batch); counts the steps."""
    masks = [mask for batch in rows for mask in work.network.draw_masks(len(batch))]
    return [rows, work.constants(len(rows)), *masks, *work.tensors()]


def traced(work: Work, count: int, size: int) -> tuple[GraphModule, list[Tensor]]:
    """Return the graph of `count` steps, changes of the position included, and arguments to make it with."""
    twin = dataclasses.replace(work, optimizer=copied(work.optimizer))
    rows = torch.arange(size).remainder(len(work.X)).repeat(count, 1).to(work.X.device)
    before = work.network.generator.get_state()
    example = arguments(twin, rows)
    work.network.generator.set_state(before)
    drawn = len(work.network.dropped)

    def run(rows: Tensor, constants: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor]:
        masks = [rest[i * drawn : (i + 1) * drawn] for i in range(count)]
        data = iter(rest[count * drawn :])
        X, y = next(data), next(data)
        weights = None if work.weights is None else next(data)
        at = work.position().like(list(data))
        here = dataclasses.replace(work, X=X, y=y, weights=weights)
        after, outputs, penalties = many_steps(here, at, rows, constants, masks)
        at.move(after)
        return outputs, penalties

    changing = len(work.position().flat())
    spare = [*example[:-changing], *(tensor.clone() for tensor in example[-changing:])]
    return make_fx(run, tracing_mode="fake")(*spare), example


def turn_narrow_products(graph: GraphModule) -> None:
    """Compute products A B with few columns as (Bᵀ Aᵀ)ᵀ: the same sums, several times faster in some BLAS libraries.

    Examples
    --------
    >>> graph = make_fx(torch.addmm)(torch.ones(10), torch.ones(64, 3), torch.ones(3, 10))
    >>> turn_narrow_products(graph)
    >>> [node.name for node in graph.graph.find_nodes(op="call_function", target=torch.ops.aten.addmm.default)]
    []
    >>> graph(torch.ones(10), torch.ones(64, 3), torch.ones(3, 10))[63, 9]
    tensor(4.)
    """
    aten, nodes = torch.ops.aten, graph.graph
    for kind in (aten.mm.default, aten.addmm.default):
        for node in nodes.find_nodes(op="call_function", target=kind):
            rows, columns = node.meta["val"].shape
            if not columns < NARROW <= rows:
                continue
            *bias, a, b = node.args
            with nodes.inserting_before(node):
                turned = [nodes.call_function(aten.t.default, (factor,)) for factor in (b, a)]
                product = nodes.call_function(aten.mm.default, tuple(turned))
                result = nodes.call_function(aten.t.default, (product,))
                result = nodes.call_function(aten.clone.default, (result,), {"memory_format": torch.contiguous_format})
                if bias:
                    result = nodes.call_function(aten.add.Tensor, (result, *bias))
            node.replace_all_uses_with(result)
            nodes.erase_node(node)
    graph.recompile()


def copied(optimizer: Any) -> Any:
    """Return an optimizer that can count steps without the original noticing; the state is shared."""
    other = object.__new__(type(optimizer))
    vars(other).update(vars(optimizer))
    return other


def say_once() -> None:
    """Warn, the first time only, that the plain loop is used instead."""
    if not getattr(sys.modules[__name__], "_said", False):
        globals()["_said"] = True
        warnings.warn(
            "compiled=True needs a C++ compiler and found none: the plain loop is used, with the same results. Install "
            "one (Debian, Ubuntu: apt install g++; macOS: xcode-select --install) or name it in the variable CXX",
            NotCompiledNotice,
            stacklevel=2,
        )
