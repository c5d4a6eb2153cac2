"""The table of optimizers: every row is true of the optimizer it names. Oracles: the optimizers, PyTorch."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from course_lib.filters import Filter, nesterov, unit_dc_ar1
from course_lib.filters.table import NAMES, TABLE, Row, row
from course_lib.reference.optimizers import OPTIMIZERS

PLAIN = [each.name for each in TABLE if not each.beyond]
GRADIENTS = np.random.default_rng(1).normal(1.0, 2.0, size=200)


def steps_of(each: Row, gradients: np.ndarray, **values: float) -> np.ndarray:
    """Return the changes of a weight."""
    optimizer, w, places = each.make(**values), np.zeros(1), [0.0]
    for g in gradients:
        optimizer.step(w, np.array([g]))
        places.append(float(w[0]))
    return np.diff(places)


def framed(each: Row, gradients: np.ndarray, **values: float) -> np.ndarray:
    """Return −η F(g)/(√V(g²) + ε)."""
    filters = each.filters(**values)
    assert filters is not None
    run: Callable[[Filter, np.ndarray], np.ndarray] = Filter.compensated if each.compensated else Filter.__call__
    below = np.sqrt(run(filters.variance, gradients**2)) + 1e-8 if filters.variance else 1.0
    return -each.values(**values)["lr"] * run(filters.gradient, gradients) / below


def test_every_optimizer_of_the_library_has_a_row() -> None:
    assert {each.kind for each in TABLE} == set(OPTIMIZERS.values())
    assert len(NAMES) == len(set(NAMES)) == 12


@pytest.mark.parametrize("each", TABLE, ids=lambda each: each.name)
def test_row_keeps_as_many_vectors_as_it_says(each: Row) -> None:
    assert len(each.make().slots) == each.slots


@pytest.mark.parametrize("each", TABLE, ids=lambda each: each.name)
def test_defaults_are_among_the_choices_and_choices_can_be_made(each: Row) -> None:
    for setting in each.settings:
        assert setting.default in setting.choices
        assert list(setting.choices) == sorted(setting.choices)
        for choice in (setting.choices[0], setting.choices[-1]):
            each.make(**{setting.key: choice})


def test_defaults_are_those_of_the_library() -> None:
    for each in TABLE:
        if each.name not in ("Momentum", "Nesterov"):  # SGD's own momentum is 0
            assert repr(each.make()) == repr(each.kind())


@pytest.mark.parametrize("name", PLAIN)
def test_frame_predicts_every_step_of_a_plain_row(name: str) -> None:
    each = row(name)
    np.testing.assert_allclose(framed(each, GRADIENTS), steps_of(each, GRADIENTS), rtol=1e-9)


def test_frame_predicts_other_settings_too() -> None:
    np.testing.assert_allclose(
        framed(row("Adam"), GRADIENTS, lr=0.1, beta1=0.5, beta2=0.99),
        steps_of(row("Adam"), GRADIENTS, lr=0.1, beta1=0.5, beta2=0.99),
        rtol=1e-9,
    )


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(PLAIN)))
def test_rows_with_something_beyond_are_not_the_plain_frame(name: str) -> None:
    """What stands under "beyond" is needed: Adam's or RMSprop's frame alone misses their steps."""
    each = row(name)
    plain = row("RMSprop" if name == "Adadelta" else "Adam")
    values = {"lr": each.values()["lr"]}
    weights = np.ones(1)
    optimizer = each.make()
    places = [1.0]
    for g in GRADIENTS:
        optimizer.step(weights, np.array([g]))
        places.append(float(weights[0]))
    assert not np.allclose(np.diff(places), framed(plain, GRADIENTS, **values), rtol=1e-3, atol=0)


def test_adams_averages_have_unit_dc_gain_in_torch() -> None:
    for kind in (torch.optim.Adam, torch.optim.NAdam):
        w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        optimizer = kind([w])
        for _ in range(50):
            w.grad = torch.ones(1, dtype=torch.float64)
            optimizer.step()
        held = [optimizer.state[w][key].item() for key in ("exp_avg", "exp_avg_sq")]
        expected = [unit_dc_ar1(memory).step_response(50)[-1] for memory in (0.9, 0.999)]
        np.testing.assert_allclose(held, expected, rtol=1e-12)
        assert held[1] != pytest.approx(0.001 * nesterov(0.999).step_response(50)[-1], rel=1e-3)


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="unknown optimizer 'Adan'"):
        row("Adan")
    with pytest.raises(ValueError, match="unknown setting of Adam 'beta'"):
        row("Adam").make(beta=0.5)
