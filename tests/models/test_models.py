"""Models called by many threads, changed by hand, or shared; names of layers."""

import copy
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.core.errors import ValueProblem
from chainrule.layers import Conv2D, Dense, Input
from chainrule.models import Model, Sequential
from model_cases import KINDS, close, outputs

# ---- threads, names


@pytest.mark.parametrize("kind", ["sequential", "functional", "subclassed"])
def test_predict_from_several_threads(kind):
    make, _ = KINDS[kind]
    model = make()
    data = [KINDS[kind][1]() for _ in range(8)]
    outputs(model, data[0])
    result: list = [None] * 8

    def work(i):
        for _ in range(3):
            result[i] = model.predict(data[i], verbose=0)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for x, got in zip(data, result, strict=True):
        for a, b in zip(got if isinstance(got, list) else [got], outputs(model, x), strict=True):
            close(a, b)


def test_names_count_and_begin_again():
    cr.layers.clear_session()
    assert [Dense(1).name, Dense(1).name, Conv2D(1, 1).name] == ["dense", "dense_1", "conv2d"]
    assert Sequential().name == "sequential"
    assert layers.MaxPooling2D().name == "max_pooling2d"
    cr.layers.clear_session()
    assert Dense(1).name == "dense"
    for wrong in ("", "a/b", 3):
        with pytest.raises(ValueProblem):
            Dense(1, name=wrong)


# ---- what is changed by hand, shared, or called at once by many

DATA = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


def test_what_was_changed_by_hand_is_saved():
    layer = layers.Dropout(0.5)
    layer.rate = 0.2
    assert layer.get_config()["rate"] == 0.2
    model = Sequential([Input((3,)), layers.Dense(2, activation="softmax")])
    model.layers[0].activation = cr.activations.linear
    assert (copy.deepcopy(model).predict(DATA, verbose=0) == model.predict(DATA, verbose=0)).all()
    optimizer = cr.optimizers.Adam()
    optimizer.clipnorm = 1.0
    assert optimizer.get_config()["clipnorm"] == 1.0
    sizes = [3, 3]
    conv = layers.Conv2D(2, sizes)
    sizes[0] = 5
    assert conv.get_config()["kernel_size"] == [3, 3]


def test_whole_numbers_do_not_wrap_in_a_float_input():
    x = Input((2,))
    model = Model(x, layers.Add()([x, x]))
    result = model.predict(np.full((1, 2), 200, "uint8"), verbose=0)
    assert result.tolist() == [[400.0, 400.0]]
    assert result.dtype == model.output.dtype == np.float32


def test_a_new_model_called_by_many_threads():
    for _ in range(5):
        model = Sequential([layers.Dense(5), layers.Dense(1)])
        with ThreadPoolExecutor(4) as pool:
            result = list(pool.map(model.predict, [DATA] * 8))
        assert all((f == result[0]).all() for f in result)
        assert len(model.weights) == 4


def test_answers_are_nobody_elses_memory():
    model = Sequential([Input((3,)), layers.Identity()])
    result = model.predict_on_batch(DATA)
    result[:] = 99
    assert not (DATA == 99).any()


def test_functions_and_masks_are_forgotten():
    class Big:
        pass

    def made():
        big = Big()
        layers.Lambda(lambda x: (big, x)[1])(DATA)
        saved = layers.Masking()(np.ones((2, 3, 4), "float32"))
        return weakref.ref(big), weakref.ref(saved)

    refs = [r for _ in range(5) for r in made()]
    gc.collect()
    assert [r for r in refs if r() is not None] == []


def test_a_model_without_call_trains_by_its_own_step():
    class Pair(Model):
        def __init__(self):
            super().__init__()
            self.one, self.gaps = layers.Dense(1), [cr.metrics.Mean(name="gap")]
            self.second = cr.optimizers.SGD(0.1)

        def train_step(self, data):
            loss = cr.ops.mean(cr.ops.square(self.one(data[0]) - 1.0))
            self.second.apply(cr.gradients(loss, self.one.trainable_weights), self.one.trainable_weights)
            self.gaps[0].update_state(loss)
            return {"gap": self.gaps[0].result()}

    model = Pair()
    model.compile()
    history = model.fit(DATA, epochs=3, verbose=0).history["gap"]
    assert history[2] < history[1] < history[0], "the metric in a list begins anew each epoch"
    assert [m.name for m in model.metrics] == ["loss", "gap"]


def test_a_summary_of_unknown_sizes():
    x = Input((None,))
    y = layers.Dense(1)(layers.GlobalAveragePooling1D()(layers.Embedding(10, 4)(x)))
    seen = []
    Model(x, y).summary(print_fn=seen.append)
    assert "45 trainable" in seen[0]
    assert "?" in seen[0]


def test_adding_to_a_compiled_model_settles_it_anew():
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(DATA, np.ones((len(DATA), 2)), verbose=0)
    model.add(layers.Dense(1))
    model.compile("sgd", "mse", metrics=["mae"])
    assert set(model.fit(DATA, np.ones(len(DATA)), verbose=0).history) == {"loss", "mae"}
