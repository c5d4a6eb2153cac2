"""Stand-ins for machines without network: right shapes, dtypes and ranges, learnable, and not the real thing.

Each function is deterministic. A data set made from one says ``synthetic = True``.
"""

import numpy as np


def images(n_train: int, n_test: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (X_train, y_train, X_test, y_test), uint8 and int64: ten blurred random patterns under noise."""
    rng = np.random.default_rng(0)
    patterns = rng.uniform(0, 1, (10, 28, 28))
    for axis in (1, 2):  # blur, so that neighbouring pixels agree as they do in photographs
        patterns = np.mean([np.roll(patterns, shift, axis) for shift in range(-2, 3)], axis=0)
    low = patterns.min(axis=(1, 2), keepdims=True)
    patterns = (160 * (patterns - low) / (patterns - low).max(axis=(1, 2), keepdims=True)).astype(np.uint8)
    labels = rng.integers(0, 10, n_train + n_test)
    X = rng.integers(0, 96, (n_train + n_test, 28, 28), dtype=np.uint8)
    X += patterns[labels]
    return X[:n_train], labels[:n_train], X[n_train:], labels[n_train:]


def ratings(n: int, n_users: int, n_items: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (users, items, ratings, timestamps), int64: generous users, good items, shared tastes."""
    rng = np.random.default_rng(0)
    pairs = rng.choice(n_users * n_items, size=n, replace=False)
    users, items = np.divmod(pairs, n_items)
    tastes, themes = rng.normal(0, 0.7, (n_users, 2)), rng.normal(0, 0.7, (n_items, 2))
    score = 3.5 + rng.normal(0, 0.45, n_users)[users] + rng.normal(0, 0.55, n_items)[items]
    score += (tastes[users] * themes[items]).sum(axis=1) + rng.normal(0, 0.8, n)
    stars = np.clip(np.rint(score), 1, 5).astype(np.int64)
    return users + 1, items + 1, stars, rng.integers(874724710, 893286638, n)


def geyser(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (eruptions, waiting) in minutes, float64: after a long eruption a long wait."""
    rng = np.random.default_rng(0)
    long = np.arange(n) % 3 != 0
    eruptions = np.where(long, rng.normal(4.3, 0.4, n), rng.normal(2.0, 0.25, n))
    waiting = 33.0 + 10.7 * eruptions + rng.normal(0, 5.8, n)
    return np.clip(eruptions, 1.6, 5.1).round(3), np.clip(waiting, 43, 96).round()
