"""Targets that are missing or wrong: not counted if asked for, refused where a loss says so, of no weight."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses
from chainrule.core.errors import ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential

NAN = float("nan")
RNG = np.random.default_rng(31)
X = RNG.normal(size=(12, 3)).astype("float32")
NUMBERS = RNG.normal(size=(12, 2)).astype("float32")
MISSING = RNG.uniform(size=(12, 2)) < 0.3
LABELS = np.arange(12) % 3


def regression(**options):
    model = Sequential([Input((3,)), Dense(2, kernel_initializer="ones")])
    model.compile(cr.optimizers.SGD(0.1), "mse", metrics=["mae"], **options)
    return model


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_missing_targets_do_not_count(engine):
    assert MISSING.any(0).all()
    y = np.where(MISSING, NAN, NUMBERS).astype("float32")
    model = regression(ignore_missing_targets=True, engine=engine)
    error = (model.predict(X, verbose=0) - NUMBERS).astype("float64")
    expected = [(error[~MISSING] ** 2).mean(), abs(error[~MISSING]).mean()]
    np.testing.assert_allclose(model.test_on_batch(X, y), expected, rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(X, y, batch_size=12, verbose=0), expected, rtol=1e-5)
    gradient = np.where(MISSING, 0, 2 * error) / (~MISSING).sum()
    kernel = model.get_weights()[0] - 0.1 * X.T @ gradient
    model.fit(X, y, batch_size=12, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5)
    filled = regression(engine=engine)
    assert filled.evaluate(X, NUMBERS, verbose=0)[0] != pytest.approx(expected[0])


def test_missing_labels_and_rows():
    labels = np.where(np.arange(12) % 4 == 1, NAN, LABELS)
    kept = ~np.isnan(labels)
    for loss, y, metric in [
        ("sparse_categorical_crossentropy", labels, "accuracy"),
        ("categorical_crossentropy", np.where(kept[:, None], np.eye(3)[LABELS], NAN), "accuracy"),
    ]:
        model = Sequential([Input((3,)), Dense(3, activation="softmax")])
        model.compile(cr.optimizers.SGD(0.0), loss, metrics=[metric], ignore_missing_targets=True)
        p = model.predict(X, verbose=0)
        expected = [-np.log(p[kept, LABELS[kept]]).mean(), (p.argmax(1) == LABELS)[kept].mean()]
        history = model.fit(X, y, batch_size=12, verbose=0).history
        np.testing.assert_allclose([history["loss"][0], history["accuracy"][0]], expected, rtol=1e-5)
        assert model.compile_arguments["ignore_missing_targets"] is True


def test_missing_targets_of_one_output_of_several():
    inputs = Input((3,))
    model = Model(inputs, {"a": Dense(1, name="a")(inputs), "b": Dense(1, name="b")(inputs)})
    model.compile(cr.optimizers.SGD(0.0), "mse", ignore_missing_targets=True)
    outputs = model.predict(X, verbose=0)
    y = {"a": NUMBERS[:, :1], "b": np.where(MISSING[:, 1:], NAN, NUMBERS[:, 1:])}
    logs = model.test_on_batch(X, y, return_dict=True)
    squares = {k: (outputs[k] - NUMBERS[:, i : i + 1]) ** 2 for i, k in enumerate("ab")}
    assert logs["a_loss"] == pytest.approx(squares["a"].mean(), rel=1e-5)
    assert logs["b_loss"] == pytest.approx(squares["b"][~MISSING[:, 1:]].mean(), rel=1e-5)


def test_unless_asked_for_a_missing_target_is_an_error():
    y = np.where(MISSING, NAN, NUMBERS)
    with pytest.raises(ValueProblem, match=r"ignore_missing_targets=True"):
        regression().fit(X, y, verbose=0)
    with pytest.raises(ValueProblem, match="not finite"):
        regression(ignore_missing_targets=True).fit(X, np.where(MISSING, np.inf, NUMBERS), verbose=0)
    counted = ~MISSING.any(1)
    model = regression()
    model.fit(X, y, sample_weight=counted.astype(float), verbose=0)  # nan where the weight is 0
    assert np.isfinite(model.get_weights()[0]).all()
    with pytest.raises(ValueProblem, match="not finite"):
        regression().fit(X, y, sample_weight=np.ones(12), verbose=0)


STEPS = RNG.normal(size=(6, 5, 4)).astype("float32")
GOOD = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 1], [2, 0, 0], [3, 2, 1], [1, 0, 0]])
BAD = np.where(np.arange(6)[:, None] == 4, [[3, 0, 1]], GOOD)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_ctc_refuses_a_blank_inside_when_data_are_fed(engine):
    model = Sequential([Input((5, 4)), Dense(4)])
    model.compile("sgd", losses.CTC(), engine=engine)
    model.fit(STEPS, GOOD, batch_size=2, verbose=0)
    assert np.isfinite(model.evaluate(STEPS, GOOD, verbose=0))
    batches = lambda: iter([(STEPS[i : i + 2], BAD[i : i + 2]) for i in (0, 2, 4)])
    for feed in (
        lambda: model.fit(STEPS, BAD, batch_size=2, verbose=0),
        lambda: model.fit(batches(), steps_per_epoch=3, verbose=0),
        lambda: model.evaluate(STEPS, BAD, batch_size=2, verbose=0),
        lambda: model.evaluate(batches(), verbose=0),
        lambda: model.train_on_batch(STEPS, BAD),
        lambda: model.test_on_batch(STEPS, BAD),
    ):
        with pytest.raises(ValueProblem, match=r"\[3, 0, 1\] in row \d, with the blank 0 before another label"):
            feed()


@pytest.mark.parametrize("loss", ["ctc", "circle", losses.CategoricalGeneralizedCrossEntropy(0.5), losses.Circle()])
def test_losses_of_labels_can_be_fitted(loss):
    sequences = loss == "ctc"
    model = Sequential([Input((5, 4) if sequences else (3,)), Dense(4, activation="softmax")])
    model.compile("sgd", loss)
    x, y = (STEPS, GOOD) if sequences else (X, LABELS)
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()
