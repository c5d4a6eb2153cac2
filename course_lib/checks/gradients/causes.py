"""What a wrong gradient looks like, and what usually made it so."""

from __future__ import annotations

import numpy as np

LIKE = 1e-6  # relative agreement that makes a cause likely


def likely_cause(analytic: np.ndarray, numeric: np.ndarray, measured: np.ndarray) -> str:
    """Return a sentence on the likely cause of the difference.

    Parameters
    ----------
    analytic, numeric : arrays of one shape
    measured : boolean array of the same shape
        False where nothing was measured (kinks, entries that were not drawn).

    Examples
    --------
    >>> right = np.array([[1.0, -2.0], [3.0, 4.0]])
    >>> everywhere = np.ones((2, 2), bool)
    >>> likely_cause(-right, right, everywhere)
    'the sign is wrong: every entry is -1 times what it should be'
    >>> likely_cause(right.T, right, everywhere)
    'the matrix is transposed'
    """
    a, n = analytic[measured], numeric[measured]
    if not np.isfinite(a).all():
        return "the backward pass computes NaN or inf: look for 0/0, log 0 or an overflow"
    if not a.any():
        return "it is 0 everywhere: the gradient is not passed on, or not stored"
    if agree(a, n):
        return "it is right to 6 digits and no further: a constant was rounded, or a step was made in lower precision"
    return _constant_factor(a, n) or _moved(analytic, numeric, measured) or _place(analytic, numeric, measured)


def _constant_factor(a: np.ndarray, n: np.ndarray) -> str:
    factor = float((a @ n) / (n @ n)) if n.any() else 0.0
    if not factor or not agree(a, factor * n):
        return ""
    if factor < 0 and agree(a, -n):
        return "the sign is wrong: every entry is -1 times what it should be"
    shown = f"{factor:.6g}" if abs(factor) >= 1 or factor == 0 else f"1/{1 / factor:.6g}"
    return (
        f"every entry is {shown} times what it should be: a constant factor such as 2, the 1/n of a mean, "
        "or a term added twice"
    )


def _moved(analytic: np.ndarray, numeric: np.ndarray, measured: np.ndarray) -> str:
    if not measured.all():
        return ""
    if analytic.ndim == 2 and analytic.shape[0] == analytic.shape[1] and agree(analytic.T, numeric):
        return "the matrix is transposed"
    if agree(np.sort(analytic, axis=None), np.sort(numeric, axis=None)):
        return "the right numbers stand in the wrong places: look at reshape, transpose and the order of axes"
    for axis in range(analytic.ndim):
        if (
            analytic.shape[axis] > 1
            and np.abs((analytic - numeric).sum(axis=axis)).max() <= LIKE * np.abs(numeric).max()
        ):
            return (
                f"the sums along axis {axis} are right and their parts are not: a mean or variance along that axis "
                "was taken for a constant, or the gradient was averaged along it"
            )
    return ""


def _place(analytic: np.ndarray, numeric: np.ndarray, measured: np.ndarray) -> str:
    scale = np.maximum(np.abs(analytic), np.abs(numeric))
    wrong = measured & (np.abs(analytic - numeric) > LIKE * np.maximum(scale, np.finfo(float).tiny))
    if wrong.sum() < measured.sum():
        if not analytic[wrong].any():
            return f"{wrong.sum()} of {measured.sum()} entries are 0 and should not be: is a mask too strict?"
        if not numeric[wrong].any():
            return f"{wrong.sum()} of {measured.sum()} entries should be 0 and are not: is a mask missing?"
        where = _shared_index(wrong)
        return (
            f"only {wrong.sum()} of {measured.sum()} entries are wrong{where}: "
            "look for a special case, an edge or an index"
        )
    return "no entry is right and no simple factor explains it: check the formula, term by term"


def _shared_index(wrong: np.ndarray) -> str:
    """Say which row, column or other slice holds all wrong entries, if one does."""
    places = np.argwhere(wrong)
    shared = [
        f"index {places[0, axis]} of axis {axis}"
        for axis in range(wrong.ndim)
        if wrong.shape[axis] > 1 and (places[:, axis] == places[0, axis]).all()
    ]
    return f", all at {' and '.join(shared)}" if shared and len(places) > 1 else ""


def agree(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether two arrays agree to `LIKE`, relative to the largest entry."""
    return bool(np.abs(a - b).max(initial=0) <= LIKE * max(np.abs(a).max(initial=0), np.abs(b).max(initial=0)))
