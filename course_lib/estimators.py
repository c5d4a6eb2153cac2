"""Networks as scikit-learn estimators: `GridSearchCV`, pipelines and `cross_val_score` work on them.

The only module of the library that imports scikit-learn.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from course_lib.callbacks import EarlyStopping
from course_lib.reference.layers import Activation, Dense, Dropout, Layer
from course_lib.reference.losses import Loss, MeanSquaredError, SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import Optimizer, get_optimizer
from course_lib.reference.regularizers import L2
from course_lib.training import fit
from course_lib.validation import check_number


class _NetworkEstimator(BaseEstimator):
    """What classifier and regressor share: the settings, the network, the training."""

    loss: Loss

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        optimizer: str | Optimizer = "adam",
        learning_rate: float | None = None,
        l2: float = 0.0,
        dropout: float = 0.0,
        batch_size: int = 32,
        epochs: int = 100,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.l2 = l2
        self.dropout = dropout
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    def _layers(self, outputs: int) -> list[Layer]:
        penalty = L2(self.l2) if self.l2 else None
        layers: list[Layer] = []
        for units in np.atleast_1d(self.hidden_layer_sizes).tolist():  # a number is one layer, as in scikit-learn
            layers += [Dense(units, kernel_regularizer=penalty), Activation(self.activation)]
            layers += [Dropout(self.dropout)] if self.dropout else []
        return [*layers, Dense(outputs, kernel_regularizer=penalty)]

    def _train(self, X: np.ndarray, y: np.ndarray, outputs: int) -> Self:
        """Train a new network on checked data; `y` as the loss wants it."""
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        optimizer = copy.deepcopy(get_optimizer(self.optimizer))  # the argument is not to be changed
        if self.learning_rate is not None:
            optimizer.learning_rate = check_number("learning_rate", self.learning_rate, 0)
        callbacks, share = [], 0.0
        if self.early_stopping:
            order = rng.permutation(len(X))  # the validation share is cut off the end
            X, y, share = X[order], y[order], self.validation_fraction
            callbacks = [EarlyStopping(patience=self.patience)]
        self.network_ = Network(self._layers(outputs), X.shape[1], rng, X.dtype)
        self.history_ = fit(
            self.network_,
            X,
            y,
            self.loss,
            optimizer,
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation_split=share,
            callbacks=callbacks,
            seed=rng,
            verbose=self.verbose,
        )
        return self

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return self.network_.predict(X)


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):
    """A multi-layer perceptron with softmax cross-entropy for scikit-learn.

    Parameters
    ----------
    hidden_layer_sizes, activation
        Units of each hidden layer (a number: of the only one), and their activation.
    optimizer, learning_rate
        Name or object; a rate of None leaves the optimizer its own.
    l2, dropout
        Strength λ of λΣw² on all weights but the biases; dropout rate behind each hidden layer.
    batch_size, epochs
        As in `course_lib.training.fit`.
    early_stopping, validation_fraction, patience
        Whether to keep a random share for validation, stop when it no longer improves, and restore the best weights.
    random_state
        int, `RandomState` or None, as everywhere in scikit-learn.
    verbose
        1 shows a progress bar.

    Attributes
    ----------
    network_, history_, classes_
        The trained network, the record of its training, the labels in the order of the outputs.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), NetworkClassifier((16,), learning_rate=0.01, random_state=0))
    >>> model.fit(X, y).score(X, y) > 0.95
    True
    """

    loss = SparseCategoricalCrossentropy(from_logits=True)

    def fit(self, X: Any, y: Any) -> Self:
        """Train on samples `X` (n, features) and labels `y` (n,)."""
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        return self._train(X, labels, len(self.classes_))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities (n, classes)."""
        return Activation("softmax").forward(self._outputs(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each row."""
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(axis=1)]


class NetworkRegressor(RegressorMixin, _NetworkEstimator):
    """A multi-layer perceptron with mean squared error for scikit-learn; several targets a sample are allowed.

    Parameters are those of `NetworkClassifier`. Targets are standardized while training.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> model = NetworkRegressor((32,), epochs=200, learning_rate=0.01, random_state=0)
    >>> model.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    loss = MeanSquaredError()

    def fit(self, X: Any, y: Any) -> Self:
        """Train on samples `X` (n, features) and targets `y` (n,) or (n, targets)."""
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32), multi_output=True, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = np.asarray(y, X.dtype).reshape(len(X), -1)
        self.mean_, spread = targets.mean(axis=0), targets.std(axis=0)
        self.scale_ = np.where(spread > 0, spread, 1.0).astype(X.dtype)
        self._flat = np.ndim(y) == 1
        return self._train(X, (targets - self.mean_) / self.scale_, targets.shape[1])

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions, of the shape of the targets."""
        outputs = self._outputs(X) * self.scale_ + self.mean_
        return outputs[:, 0] if self._flat else outputs
