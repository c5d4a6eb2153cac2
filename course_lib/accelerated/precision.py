"""Mixed precision: products in 16 bits, weights and sums in 32, and a loss that is scaled where 16 bits underflow.

=========  ===============  =================  ==================================================
type       bits (exponent)  smallest, largest  what it needs
=========  ===============  =================  ==================================================
float32    32 (8)           1e-38, 3e38        nothing
bfloat16   16 (8)           1e-38, 3e38        nothing: the range of float32, 2 to 3 digits
float16    16 (5)           6e-8, 65504        small gradients become 0: the loss is scaled up
=========  ===============  =================  ==================================================

The scale is that of `torch.amp.GradScaler` (Micikevicius et al. 2018): it doubles after 2000 good steps and is halved
after a gradient that is not finite, whose step is left out. Here it is part of the step, two numbers on the device:
`GradScaler` waits for the device at every step, and a wait cannot be compiled or captured. A step that is left out
counts as a step for schedules and bias corrections.
"""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch import Tensor

from course_lib.validation import unknown_name

TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
FIRST_SCALE, GOOD_STEPS = 2.0**16, 2000
SMALLEST_SCALE = 2.0**-10  # below it every step overflows, whatever the scale


class Precision:
    """The type that products are computed in, and the scale of the loss.

    Parameters
    ----------
    name
        None, "bfloat16" or "float16".
    device
        Where the network lives.

    Examples
    --------
    >>> half = Precision("float16", torch.device("cpu"))
    >>> half.state
    [tensor(65536.), tensor(0.)]
    >>> with Precision("bfloat16", torch.device("cpu")).context():
    ...     (torch.ones(1, 1) @ torch.ones(1, 1)).dtype
    torch.bfloat16
    """

    def __init__(self, name: str | None, device: torch.device) -> None:
        if name is not None and name not in TYPES:
            raise unknown_name("precision", name, ["None", *TYPES])
        self.name, self.device = name, device
        scaled = name == "float16"
        self.state = [torch.tensor(x, device=device) for x in (FIRST_SCALE, 0.0)] if scaled else []

    def context(self) -> Any:
        """Return the context in which the layers compute."""
        if self.name is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, TYPES[self.name], cache_enabled=False)

    def settle(self, at: Any, after: Any, gradient: Tensor) -> Any:
        """Return the position `after` the step with the next scale, or `at` with half of it after an overflow."""
        if not at.scaling:
            return after
        scale, good = at.scaling
        finite = torch.isfinite(gradient).all()
        grown = good + 1 >= GOOD_STEPS
        kept = [torch.where(finite, new, old) for old, new in zip(at.flat()[:-2], after.flat()[:-2], strict=True)]
        scale = torch.where(finite, torch.where(grown, 2 * scale, scale), scale / 2)
        good = torch.where(finite & ~grown, good + 1, 0.0)
        return at.like([*kept, scale, good])

    def exhausted(self) -> bool:
        """Whether the scale has become so small that no step is ever going to fit."""
        return bool(self.state) and float(self.state[0]) < SMALLEST_SCALE
