"""One class a library: the same network, 784-128-10 with ReLU and Adam(0.001), trained the way its users do.

Each has `train(batch_size, epochs, seed)`, which starts from new weights, and `accuracy()` on the test set. Libraries
are imported in `__init__`, so that a worker process holds its own library only.
"""

from __future__ import annotations

import os
import warnings

import numpy as np

HIDDEN, CLASSES, RATE = 128, 10, 0.001


class Data:
    """Images as float32 rows between 0 and 1, made without a second copy of the training set."""

    def __init__(self, name):
        from course_lib import data

        raw = getattr(data, name)()
        if name == "digits":  # small, for a quick look at whether all of this runs
            X, X_test, y, y_test, white = raw.X[:1400], raw.X[1400:], raw.y[:1400], raw.y[1400:], 16
        else:
            X, X_test, y, y_test, white = raw.X_train, raw.X_test, raw.y_train, raw.y_test, 255
        self.X, self.X_test = (np.divide(x.reshape(len(x), -1), white, dtype=np.float32) for x in (X, X_test))
        self.y, self.y_test = y.astype(np.int64), y_test.astype(np.int64)


class Reference:
    """course_lib.reference."""

    def __init__(self, data):
        from course_lib.reference.layers import Activation, Dense
        from course_lib.reference.losses import SparseCategoricalCrossentropy
        from course_lib.reference.network import Network
        from course_lib.reference.optimizers import Adam
        from course_lib.training import fit

        self.data, self.fit, self.adam = data, fit, Adam
        self.loss = SparseCategoricalCrossentropy(from_logits=True)
        self.network = lambda seed: Network(
            [Dense(HIDDEN), Activation("relu"), Dense(CLASSES)], input_shape=data.X.shape[1], seed=seed
        )

    def train(self, batch_size, epochs, seed):
        self.model = self.network(seed)
        self.fit(
            self.model,
            self.data.X,
            self.data.y,
            self.loss,
            self.adam(RATE),
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
        )

    def accuracy(self):
        return float((self.model.predict(self.data.X_test).argmax(axis=1) == self.data.y_test).mean())


class Accelerated:
    """course_lib.accelerated on the CPU: the same `fit`, its compiled step, several in one graph if a step is short."""

    def __init__(self, data):
        import torch

        from course_lib.accelerated.layers import Activation, Dense
        from course_lib.accelerated.losses import SparseCategoricalCrossentropy
        from course_lib.accelerated.network import Network
        from course_lib.accelerated.optimizers import Adam
        from course_lib.training import fit

        torch.set_num_threads(1)
        self.data, self.fit, self.adam = data, fit, Adam
        self.loss = SparseCategoricalCrossentropy(from_logits=True)
        self.network = lambda seed, steps: Network(
            [Dense(HIDDEN), Activation("relu"), Dense(CLASSES)],
            input_shape=data.X.shape[1],
            seed=seed,
            device="cpu",
            compiled=steps,
        )

    def train(self, batch_size, epochs, seed):
        self.model = self.network(seed, 4 if batch_size <= 128 else 1)
        self.fit(
            self.model,
            self.data.X,
            self.data.y,
            self.loss,
            self.adam(RATE),
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
        )

    def accuracy(self):
        return float((self.model.predict(self.data.X_test).argmax(axis=1) == self.data.y_test).mean())


class Sklearn:
    """scikit-learn's MLPClassifier without its L2 penalty."""

    def __init__(self, data):
        from sklearn.neural_network import MLPClassifier

        self.data, self.kind = data, MLPClassifier

    def train(self, batch_size, epochs, seed):
        self.model = self.kind(
            (HIDDEN,),
            alpha=0.0,
            batch_size=batch_size,
            learning_rate_init=RATE,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "maximum iterations reached" is what is asked for
            self.model.fit(self.data.X, self.data.y)

    def accuracy(self):
        return float(self.model.score(self.data.X_test, self.data.y_test))


class Torch:
    """PyTorch, eager mode, tensors indexed by a permutation."""

    def __init__(self, data):
        import torch

        torch.set_num_threads(1)
        self.torch = torch
        self.X, self.y = torch.from_numpy(data.X), torch.from_numpy(data.y)
        self.X_test, self.y_test = torch.from_numpy(data.X_test), torch.from_numpy(data.y_test)

    def train(self, batch_size, epochs, seed):
        nn = self.torch.nn
        self.torch.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(self.X.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
        optimizer = self.torch.optim.Adam(self.model.parameters(), RATE)
        for _ in range(epochs):
            for rows in self.torch.randperm(len(self.X)).split(batch_size):
                optimizer.zero_grad()
                nn.functional.cross_entropy(self.model(self.X[rows]), self.y[rows]).backward()
                optimizer.step()

    def accuracy(self):
        with self.torch.no_grad():
            return float((self.model(self.X_test).argmax(1) == self.y_test).float().mean())


class Jax:
    """JAX and optax, an epoch as one compiled `lax.scan` over whole batches."""

    def __init__(self, data):
        os.environ["JAX_PLATFORMS"] = "cpu"
        import jax
        import jax.numpy as jnp
        import optax

        self.jax, self.jnp, self.data = jax, jnp, data
        self.X, self.y = jnp.asarray(data.X), jnp.asarray(data.y)
        self.optimizer = optax.adam(RATE)

        def loss(params, X, y):
            return optax.softmax_cross_entropy_with_integer_labels(self.logits(params, X), y).mean()

        def step(carry, rows):
            params, state = carry
            value, gradient = jax.value_and_grad(loss)(params, self.X[rows], self.y[rows])
            updates, state = self.optimizer.update(gradient, state, params)
            return (optax.apply_updates(params, updates), state), value

        self.epoch = jax.jit(lambda carry, order: jax.lax.scan(step, carry, order), donate_argnums=0)

    def logits(self, params, X):
        (W1, b1), (W2, b2) = params
        return self.jnp.maximum(X @ W1 + b1, 0) @ W2 + b2

    def train(self, batch_size, epochs, seed):
        rng, n = np.random.default_rng(seed), len(self.X)
        sizes = ((self.X.shape[1], HIDDEN), (HIDDEN, CLASSES))
        draw = self.jax.nn.initializers.glorot_uniform()
        keys = self.jax.random.split(self.jax.random.key(seed))
        self.params = tuple((draw(key, size), self.jnp.zeros(size[1])) for key, size in zip(keys, sizes, strict=True))
        carry = self.params, self.optimizer.init(self.params)
        for _ in range(epochs):
            order = rng.permutation(n)[: n - n % batch_size].reshape(-1, batch_size)
            carry, _ = self.epoch(carry, self.jnp.asarray(order))
        self.params = self.jax.block_until_ready(carry)[0]

    def accuracy(self):
        labels = np.asarray(self.logits(self.params, self.jnp.asarray(self.data.X_test))).argmax(axis=1)
        return float((labels == self.data.y_test).mean())


class Keras:
    """Keras on JAX, the fastest of its backends here, by compile and fit."""

    def __init__(self, data):
        os.environ["JAX_PLATFORMS"], os.environ["KERAS_BACKEND"] = "cpu", "jax"
        import keras

        self.keras, self.data = keras, data

    def train(self, batch_size, epochs, seed):
        layers = self.keras.layers
        self.keras.utils.set_random_seed(seed)
        self.model = self.keras.Sequential(
            [self.keras.Input((self.data.X.shape[1],)), layers.Dense(HIDDEN, "relu"), layers.Dense(CLASSES)]
        )
        loss = self.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(self.keras.optimizers.Adam(RATE), loss)
        self.model.fit(self.data.X, self.data.y, batch_size=batch_size, epochs=epochs, verbose=0)

    def accuracy(self):
        outputs = self.model.predict(self.data.X_test, batch_size=1000, verbose=0)
        return float((outputs.argmax(axis=1) == self.data.y_test).mean())


class Floor:
    """What no NumPy code can go below: the matrix products, one gather a batch and one Adam pass in compiled code.

    No loss, no activation, no bias; with a rate of 0 nothing is learned and nothing overflows.
    """

    def __init__(self, data):
        import torch

        torch.set_num_threads(1)
        self.torch, self.data = torch, data

    def train(self, batch_size, epochs, seed):
        rng, (n, features) = np.random.default_rng(seed), self.data.X.shape
        size, first = (features + 1) * HIDDEN + (HIDDEN + 1) * CLASSES, features * HIDDEN
        vectors = rng.random((4, size), np.float32)
        (W1, W2), (dW1, dW2) = (
            (a[:first].reshape(features, HIDDEN), a[-HIDDEN * CLASSES :].reshape(HIDDEN, CLASSES)) for a in vectors[:2]
        )
        w, g, m, v = ([self.torch.from_numpy(a)] for a in vectors)
        step = [self.torch.tensor(10.0)]
        for _ in range(epochs):
            order = rng.permutation(n)
            for start in range(0, n, batch_size):
                X = self.data.X[order[start : start + batch_size]]
                H = X @ W1
                S = H @ W2
                np.matmul(H.T, S, out=dW2)
                np.matmul(X.T, S @ W2.T, out=dW1)
                self.torch._fused_adam_(
                    w, g, m, v, [], step, lr=0.0, beta1=0.9, beta2=0.999, weight_decay=0.0, eps=1e-8,
                    amsgrad=False, maximize=False,
                )  # fmt: skip

    def accuracy(self):
        return float("nan")


TRAINERS = {
    "reference": Reference,
    "accelerated": Accelerated,
    "sklearn": Sklearn,
    "torch": Torch,
    "jax": Jax,
    "keras": Keras,
    "floor": Floor,
}
