r"""The summary of all optimizers as data: book, study, widgets and tests read the same rows.

Every row is held against one frame, deck C's "general optimizer structure":

.. math:: Δ_t = −η \, \frac{F(g)_t}{\sqrt{V(g^2)_t} + ε}

F filters the gradient, V its square; both are divided by their step responses where the row says *compensated*.

>>> adam = row("Adam")
>>> adam.gradient, adam.variance, adam.compensated
('AR1, unit DC gain', 'AR1, unit DC gain', True)
>>> adam.make(lr=0.01)                                    # doctest: +ELLIPSIS
Adam(beta_1=0.9, beta_2=0.999, ...learning_rate=0.01)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course_lib.filters.first_order import OptimizerFilters, optimizer_filters
from course_lib.reference import optimizers
from course_lib.reference.optimizers import Optimizer
from course_lib.validation import unknown_name


@dataclass(frozen=True)
class Setting:
    """One number that a user may turn.

    Attributes
    ----------
    key, symbol : str
        Its name in this table and in formulas.
    argument : str
        Its name as an argument of the optimizer.
    default : float
    choices : tuple of float
        A range to explore, the default among it.
    """

    key: str
    symbol: str
    argument: str
    default: float
    choices: tuple[float, ...]


@dataclass(frozen=True)
class Row:
    """One optimizer.

    Attributes
    ----------
    name, year : str, int
    kind : type
        Its class in `course_lib.reference.optimizers`.
    gradient, variance : str
        Deck C's columns: what filters the gradient, and its square ("–": nothing does).
    compensated : bool
        Whether the filters' start is compensated.
    beyond : str
        What it does that the frame does not say; empty if the frame says all.
    slots : int
        Vectors as long as the parameters that it keeps.
    settings : tuple of Setting
        The learning rate first.
    fixed : mapping
        Further arguments of the class.
    """

    name: str
    year: int
    kind: type[Optimizer]
    gradient: str
    variance: str
    compensated: bool
    beyond: str
    slots: int
    settings: tuple[Setting, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def make(self, **values: float) -> Optimizer:
        """Return a fresh optimizer; `values` by key, defaults for the others."""
        known = {setting.key: setting for setting in self.settings}
        for key in values:
            if key not in known:
                raise unknown_name(f"setting of {self.name}", key, known)
        chosen = self.values(**values)
        return self.kind(**{each.argument: chosen[each.key] for each in self.settings}, **self.fixed)

    def values(self, **values: float) -> dict[str, float]:
        """Return all settings by key, defaults where `values` has none."""
        return {setting.key: values.get(setting.key, setting.default) for setting in self.settings}

    def filters(self, **values: float) -> OptimizerFilters | None:
        """Return F and V at the given settings; None where they are not two linear filters."""
        at = self.values(**values)
        memories = at.get("mu", at.get("beta1", 0.0)), at.get("rho", at.get("beta2", 0.0))
        return optimizer_filters(*memories).get("Adam" if self.name == "AdamW" else self.name)


_RATES = tuple(float(f"{10 ** (k / 4):.2g}") for k in range(-16, 5))  # 0.0001 … 10, four a decade
_MEMORY = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


def _rate(default: float) -> Setting:
    return Setting("lr", "η", "learning_rate", default, tuple(sorted({*_RATES, default})))


def _memory(key: str, symbol: str, argument: str, default: float, low: float = 0.0) -> Setting:
    return Setting(key, symbol, argument, default, tuple(m for m in _MEMORY if m >= low))


_BETAS = (_memory("beta1", "β₁", "beta_1", 0.9), _memory("beta2", "β₂", "beta_2", 0.999))
_DC, _NONE = "AR1, unit DC gain", "–"

TABLE: tuple[Row, ...] = (
    Row("SGD", 1951, optimizers.SGD, "none", _NONE, False, "", 0, (_rate(0.01),)),
    Row("Momentum", 1964, optimizers.SGD, "AR1, unit input gain", _NONE, False, "", 1,
        (_rate(0.01), _memory("mu", "μ", "momentum", 0.9))),
    Row("Nesterov", 1983, optimizers.SGD, "ARMA1: a pole and a zero", _NONE, False, "", 1,
        (_rate(0.01), _memory("mu", "μ", "momentum", 0.9, low=0.5)), {"nesterov": True}),
    Row("Adagrad", 2011, optimizers.Adagrad, "none", "sum", False, "", 1, (_rate(0.01),)),
    Row("RMSprop", 2012, optimizers.RMSprop, "none", _DC, False, "", 1,
        (_rate(0.001), _memory("rho", "ρ", "rho", 0.9))),
    Row("Adadelta", 2012, optimizers.Adadelta, "none", _DC, False,
        "times the root of the mean square of past steps", 2, (_rate(1.0), _memory("rho", "ρ", "rho", 0.95))),
    Row("Adam", 2015, optimizers.Adam, _DC, _DC, True, "", 2, (_rate(0.001), *_BETAS)),
    Row("AdamW", 2019, optimizers.AdamW, _DC, _DC, True, "shrinks the weights by the factor 1 − ηλ", 2,
        (_rate(0.001), *_BETAS, Setting("decay", "λ", "weight_decay", 0.01, (0.0, 0.001, 0.01, 0.1, 0.5)))),
    Row("AMSGrad", 2018, optimizers.AMSGrad, _DC, _DC, False, "takes the largest V so far", 3,
        (_rate(0.001), *_BETAS)),
    Row("Nadam", 2016, optimizers.Nadam, "ARMA1, unit DC gain", _DC, True,
        "μ warms up; its two terms are compensated apart", 2, (_rate(0.001), *_BETAS)),
    Row("Adamax", 2015, optimizers.Adamax, _DC, "fading maximum of |g|", True,
        "not a mean square under a root", 2, (_rate(0.002), *_BETAS)),
    Row("QHAdam", 2019, optimizers.QHAdam, "ARMA1, unit DC gain", "g² mixed with AR1", True,
        "compensates the averages before it mixes", 2,
        (_rate(0.001), _memory("beta1", "β₁", "beta_1", 0.995), _memory("beta2", "β₂", "beta_2", 0.999),
         Setting("nu1", "ν₁", "nu_1", 0.7, (0.0, 0.3, 0.5, 0.7, 0.9, 1.0)),
         Setting("nu2", "ν₂", "nu_2", 1.0, (0.5, 0.7, 0.9, 1.0)))),
)  # fmt: skip

NAMES: tuple[str, ...] = tuple(each.name for each in TABLE)


def row(name: str) -> Row:
    """Return the row of one optimizer.

    Examples
    --------
    >>> row("Adagrad").variance, row("Adagrad").slots
    ('sum', 1)
    """
    for each in TABLE:
        if each.name == name:
            return each
    raise unknown_name("optimizer", name, NAMES)
