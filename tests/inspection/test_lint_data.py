"""Lint of the data: numbers that are not finite, their scale, words, rows, how they were split."""

import functools
import gc

import numpy as np
import pytest

from chainrule.core.errors import ChainruleError
from chainrule.inspection import lint_data
from chainrule.layers import Dense, Flatten
from chainrule.models import Sequential
from chainrule.training import TrainingWarning
from lint_cases import (
    IMAGES,
    LABELS,
    LARGE_NUMBERS,
    YES,
    X,
    Y,
    assert_fails,
    assert_warns,
    categorical,
    cnn,
    compiled,
    mlp,
)


def with_one(data, value):
    data = data.copy()
    data[7, 2 if data.ndim > 1 and data.shape[1] > 2 else 0] = value
    return data


# name: (make the model, x, y, the finding's name, words of the message: cause and what mends it)
ERRORS = {
    "nan in x": (lambda: compiled(mlp(1)), with_one(X, np.nan), Y, "not-finite", ["1 entries of x", "(7, 2)"]),
    "inf in y": (lambda: compiled(mlp(1)), X, with_one(Y, np.inf), "not-finite", ["1 entries of y", "(7, 0)"]),
}

WARNINGS = {
    "pixels uint8": (
        lambda: compiled(cnn(), "sparse_categorical_crossentropy"),
        (IMAGES * 255).astype("uint8"),
        LABELS,
        "pixels",
        ["255", "Rescaling"],
    ),
    "pixels float": (
        lambda: compiled(cnn(), "sparse_categorical_crossentropy"),
        np.round(IMAGES * 255),
        LABELS,
        "pixels",
        ["255", "Rescaling"],
    ),
    "pixels flattened": (
        lambda: compiled(Sequential([Flatten(), Dense(3, activation="softmax")]), "sparse_categorical_crossentropy"),
        (IMAGES * 255).astype("uint8"),
        LABELS,
        "pixels",
        ["255"],
    ),
    "pixels without channels": (
        lambda: compiled(Sequential([Flatten(), Dense(3, activation="softmax")]), "sparse_categorical_crossentropy"),
        (IMAGES[..., 0] * 255).astype("uint8"),
        LABELS,
        "pixels",
        ["255"],
    ),
    "columns of other scale": (
        lambda: compiled(mlp(1)),
        X * np.array([1, 1, 1e5, 0.1]),
        Y,
        "unscaled-columns",
        ["columns", "Normalization"],
    ),
    "whole columns of other scale": (
        lambda: compiled(mlp(1)),
        np.c_[LARGE_NUMBERS, LABELS, LABELS, YES],
        Y,
        "unscaled-columns",
        ["columns"],
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_data(name):
    assert_fails(ERRORS[name])


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings_of_data(name):
    assert_warns(WARNINGS[name])


def test_rows_of_other_number():
    for x, y in ((X, Y[:50]), (X[:50], Y)):
        with pytest.raises(ChainruleError, match=r"50|120"):
            compiled(mlp(1)).fit(x, y)
        with pytest.raises(ChainruleError, match=r"50|120"):
            compiled(mlp(1)).lint(x, y)


def test_words_in_a_column():
    table = X.astype(object)
    table[5, 2] = "red"
    with pytest.raises(ChainruleError, match="'red' in column number 2 of x, row 5"):
        compiled(mlp(1)).fit(table, Y)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"]).assign(colour="red")
    with pytest.raises(ChainruleError, match="'colour'"):
        compiled(mlp(1)).fit(frame, Y)


def test_validation_rows_that_are_training_rows():
    model = compiled(mlp(1))
    report = model.lint(X, Y, validation_data=(X[:40], Y[:40]))
    assert [f.name for f in report] == ["shared-rows"]
    with pytest.warns(TrainingWarning, match="40 of the first 40 validation rows"):
        model.fit(X, Y, validation_data=(X[:40], Y[:40]), verbose=0)
    with pytest.warns(TrainingWarning, match="validation rows"):
        model.fit(np.r_[X, X], np.r_[Y, Y], validation_split=0.3, verbose=0)


@pytest.mark.parametrize("form", ["sparse", "one-hot"])
def test_sorted_labels(form):
    rows = np.sort(LABELS)
    y, loss = (rows, "sparse_categorical_crossentropy") if form == "sparse" else (np.eye(3)[rows], categorical())
    model = compiled(mlp(3, "softmax"), loss)
    with pytest.warns(TrainingWarning, match="sorted"):
        model.fit(X, y, validation_split=0.25, verbose=0)
    assert [f.name for f in model.lint(X[:90], y[:90], validation_data=(X[90:], y[90:]))] == ["sorted-labels"]


def test_a_large_array_is_looked_at_once():
    all_finite = functools.partial(lint_data._all_finite, min_cached_bytes=X.nbytes)
    before, large, small = len(lint_data._known_finite), X.copy(), X[:-1].copy()
    assert all_finite(large)
    assert all_finite(small)
    assert len(lint_data._known_finite) == before + 1
    large[3, 1] = small[3, 1] = np.nan
    assert all_finite(large)
    assert not all_finite(small)
    assert not all_finite(large.copy())
    del large
    gc.collect()
    assert len(lint_data._known_finite) == before
