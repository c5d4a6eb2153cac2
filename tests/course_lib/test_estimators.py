"""The scikit-learn estimators against scikit-learn's own rules and its own perceptron."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from course_lib.estimators import NetworkClassifier, NetworkRegressor
from course_lib.reference.optimizers import SGD


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([NetworkClassifier((20,), epochs=60), NetworkRegressor((20,), epochs=60)])
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


def test_cross_validated_accuracy_equals_that_of_mlpclassifier():
    X, y = load_iris(return_X_y=True)
    ours = make_pipeline(StandardScaler(), NetworkClassifier((16,), learning_rate=0.01, random_state=0))
    theirs = make_pipeline(
        StandardScaler(), MLPClassifier(hidden_layer_sizes=(16,), learning_rate_init=0.01, max_iter=500, random_state=0)
    )
    assert cross_val_score(ours, X, y).mean() >= cross_val_score(theirs, X, y).mean() - 0.02


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_cross_validated_r2_equals_that_of_mlpregressor():
    X, y = load_diabetes(return_X_y=True)
    ours = make_pipeline(
        StandardScaler(), NetworkRegressor((8,), l2=0.03, learning_rate=0.01, epochs=30, random_state=0)
    )
    theirs = make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.1, max_iter=200, random_state=0)
    )
    assert cross_val_score(ours, X, y).mean() >= cross_val_score(theirs, X, y).mean() - 0.05


def test_grid_search_reaches_parameters_through_a_pipeline():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), NetworkClassifier(epochs=50, learning_rate=0.01, random_state=0))
    grid = {"networkclassifier__hidden_layer_sizes": [(2,), (16,)], "networkclassifier__l2": [0.0, 10.0]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_params_["networkclassifier__l2"] == 0.0
    assert search.best_score_ > 0.9


def test_same_random_state_same_result_and_other_state_another():
    X, y = load_iris(return_X_y=True)
    first, second, other = (NetworkClassifier(epochs=3, random_state=s).fit(X, y).predict_proba(X) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_early_stopping_keeps_a_share_for_validation():
    X, y = load_iris(return_X_y=True)
    model = NetworkClassifier(early_stopping=True, epochs=500, patience=5, learning_rate=0.01, random_state=0)
    history = model.fit(X, y).history_
    assert len(history.epoch) < 500
    assert history.best("val_loss")[0] == history.epoch[-1] - 5


def test_optimizer_object_is_used_but_not_changed():
    X, y = load_iris(return_X_y=True)
    optimizer = SGD(0.05, momentum=0.9)
    model = clone(NetworkClassifier(optimizer=optimizer, epochs=30, random_state=0))
    assert model.fit(X, y).score(X, y) > 0.9
    assert optimizer.t == 0 and model.optimizer.t == 0


def test_regressor_keeps_the_shape_of_the_targets():
    X = np.linspace(-1, 1, 40)[:, None]
    model = NetworkRegressor(epochs=2, random_state=0)
    assert model.fit(X, X[:, 0]).predict(X).shape == (40,)
    assert model.fit(X, np.hstack([X, -X])).predict(X).shape == (40, 2)


def test_float32_stays_float32():
    X, y = load_iris(return_X_y=True)
    model = NetworkClassifier(epochs=1, random_state=0).fit(X.astype(np.float32), y)
    assert model.network_.parameters.dtype == np.float32
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32


def test_a_number_of_units_is_one_hidden_layer():
    X, y = load_iris(return_X_y=True)
    one, listed = (NetworkClassifier(units, epochs=2, random_state=0).fit(X, y) for units in (5, (5,)))
    np.testing.assert_array_equal(one.network_.parameters, listed.network_.parameters)
