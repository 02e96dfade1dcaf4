"""A recorded fit: its moments have the numbers of the model, which learns as without it."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import ValueProblem
from pages import read
from small_models import network


def plane_model():
    cr.set_random_seed(5)
    model = cr.Sequential(
        [layers.Input((2,)), layers.Dense(6, "relu", name="h"), layers.Dense(1, "sigmoid", name="o")], name="plane"
    )
    model.compile(cr.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    x = np.random.default_rng(0).normal(size=(50, 2))
    return model, x, (x[:, 0] * x[:, 1] > 0).astype("float32")


@pytest.mark.parametrize(("epochs", "record"), [(30, True), (12, 5), (3, 9), (1, 2)])
def test_recording_changes_nothing_and_ends_with_the_end(epochs, record):
    plain, x, y = plane_model()
    recorded, _, _ = plane_model()
    cr.set_random_seed(6)
    a = plain.fit(x, y, batch_size=20, epochs=epochs, verbose=0)
    cr.set_random_seed(6)
    b = recorded.fit(x, y, batch_size=20, epochs=epochs, verbose=0, record=record)
    assert not hasattr(a, "recording")
    for v, w in zip(plain.get_weights(), recorded.get_weights(), strict=True):
        np.testing.assert_array_equal(v, w)
    moments = b.recording.moments
    assert len(moments) == 1 + (24 if record is True else record)
    assert [m.step for m in moments] == sorted({m.step for m in moments})
    assert (moments[0].step, moments[-1].step) == (0, 3 * epochs)
    np.testing.assert_array_equal(moments[-1].weights["h/kernel"], recorded.get_weights()[0])
    assert moments[-1].logs["loss"] == pytest.approx(b.history["loss"][-1], rel=1e-5)


def test_a_moments_numbers_are_the_models():
    model, x, y = plane_model()
    first = model.gradients(x[:20], y[:20])
    recording = model.fit(x, y, batch_size=20, epochs=4, verbose=0, shuffle=False, record=4).recording
    start, end = recording.moments[0], recording.moments[-1]
    for path in ("h/kernel", "o/bias"):
        assert start.sizes[path][1] == pytest.approx(np.linalg.norm(first[path]), rel=1e-4)
        assert end.sizes[path][0] == pytest.approx(np.linalg.norm(end.weights[path]))
        np.testing.assert_allclose(start.gradients[path], first[path], rtol=1e-4, atol=1e-7)
    hidden = model.values(x[:20])["h"]
    assert end.activations["h"][2] == pytest.approx((hidden == 0).mean())
    xs, ys = recording.plane
    point = np.array([[xs[7], ys[30]]], "float32")
    assert end.boundary[30, 7] == pytest.approx(model.predict(point, verbose=0)[0, 0], rel=1e-4)
    assert recording.points[0].shape == (50, 2)
    assert len(recording.to_pandas()) == 5 * 4
    read(recording.to_html("ko"))


def test_single_steps_are_recorded_with_what_the_whole_epoch_tells():
    model = cr.Sequential([layers.Input((3,)), layers.Dense(1)], name="line")
    model.compile("sgd", "mse")
    x, y = np.ones((6, 3), "float32"), np.ones((6, 1), "float32")
    history = model.fit(x, y, batch_size=2, epochs=2, validation_data=(x, y), verbose=0, record=6)
    logs = {m.step: m.logs for m in history.recording.moments}
    assert [step for step, message in logs.items() if "val_loss" in message] == [3, 6]
    assert [logs[step]["val_loss"] for step in (3, 6)] == history.history["val_loss"]
    assert logs[6]["loss"] == history.history["loss"][1]
    assert "val_loss" in str(history.recording).splitlines()[1]


@pytest.mark.parametrize(("epochs", "record"), [(5, 7), (3, 24), (1, 2), (6, 6)])
def test_the_validation_is_recorded_after_each_epoch(epochs, record):
    model, x, y = plane_model()
    fitted = model.fit(x, y, batch_size=7, epochs=epochs, validation_split=0.2, verbose=0, record=record)
    moments = fitted.recording.moments
    assert len(moments) == 1 + min(record, 6 * epochs)
    assert [m.logs["val_loss"] for m in moments if "val_loss" in m.logs] == fitted.history["val_loss"]


def test_losses_and_accuracies_have_axes_of_their_own():
    model, x, y = plane_model()
    recording = model.fit(x, y, epochs=1, validation_split=0.2, verbose=0, record=2).recording
    for moment in recording.moments[1:]:
        moment.logs |= {"loss": 50.0, "accuracy": 0.25, "learning_rate": 1e-3}
    space = "{http://www.w3.org/2000/svg}"
    panels = [g for g in ET.fromstring(recording.to_svg()) if g.tag == f"{space}g"]
    curves_of = [[e.text for e in g.iter(f"{space}title")] for g in panels]
    assert curves_of == [["loss", "val_loss"], ["accuracy", "val_accuracy"], ["learning_rate"]]
    # a curve of one point is a dot
    assert len(panels[0].findall(f"{space}circle")) == len(recording.moments[1:]) + 1
    page = recording.to_html()
    assert page.count('<svg class="chart"') == 3
    read(page)


def test_moments_count_the_updates_of_this_fit():
    model, x, y = plane_model()
    model.fit(x, y, batch_size=20, epochs=2, verbose=0)
    later = model.fit(x, y, batch_size=20, initial_epoch=2, epochs=4, verbose=0, record=1).recording
    assert [m.step for m in later.moments] == [0, 6]
    endless = ((x[k : k + 10], y[k : k + 10]) for _ in range(9) for k in (0, 10, 20))
    result = model.fit(endless, steps_per_epoch=3, epochs=3, verbose=0, record=3).recording
    assert [m.step for m in result.moments] == [0, 3, 6, 9]


def test_a_recorded_network_of_images():
    model, x, y = network()
    recording = model.fit(x, y, epochs=2, verbose=0, record=2).recording
    assert recording.plane is None
    assert recording.moments[-1].maps["conv"].shape == (4, 3, 3)
    page = recording.to_html()
    assert "conv/kernel" in page
    assert len(page) < 200_000
    with pytest.raises(ValueProblem, match=r"record=0\.5"):
        model.fit(x, y, verbose=0, record=0.5)
    with pytest.raises(ValueProblem, match="1 to 100"):
        model.fit(x, y, verbose=0, record=101)


def test_two_columns_without_one_target_are_recorded_without_a_plane():
    x = layers.Input((2,))
    model = cr.Model(x, [layers.Dense(1, name="p")(x), layers.Dense(1, name="q")(x)])
    model.compile("sgd", loss=["mse", "mse"])
    data = np.random.default_rng(0).normal(size=(8, 2))
    recording = model.fit(data, [data[:, 0], data[:, 1]], verbose=0, record=2).recording
    assert recording.plane is None
    assert recording.to_html()
