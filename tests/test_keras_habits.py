"""What programs written for Keras rely on, beyond names and signatures, works with the import changed."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as keras
from chainrule import layers, ops
from chainrule.core.errors import FrameworkError, HabitError, MissingFileError, ShapeError
from chainrule.core.missing_names import MISSING_NAMES

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
Y = X[:, :1] * 2


@pytest.mark.parametrize("wrap", [lambda t: [t], lambda t: (t,)])
def test_a_list_of_one_output_is_that_output(wrap):
    i = keras.Input((4,))
    model = keras.Model(inputs=wrap(i), outputs=wrap(layers.Dense(1)(i)))
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    for outputs in (model(X), model.predict(X, verbose=0), model.predict_on_batch(X)):
        assert outputs.shape == (6, 1)
    assert isinstance(model.predict(X, verbose=0), np.ndarray)
    assert keras.Model(i, model(i) * 2).predict(X, verbose=0).shape == (6, 1)
    assert type(model.output) is type(wrap(i))  # the structure is remembered, as in Keras


def test_dictionaries_and_lists_of_several_keep_their_structure():
    i = keras.Input((4,))
    a, b = layers.Dense(1)(i), layers.Dense(2)(i)
    assert set(keras.Model(i, {"a": a}).predict(X, verbose=0)) == {"a"}
    assert [p.shape for p in keras.Model(i, [a, b]).predict(X, verbose=0)] == [(6, 1), (6, 2)]


def test_a_declared_batch_size_does_not_bind_the_data():
    i = keras.Input((8, 8, 1), batch_size=16)
    model = keras.Model(i, layers.Dense(2)(layers.Flatten()(layers.Conv2D(3, 3)(i))))
    model.compile("sgd", "mse")
    images = np.random.default_rng(0).normal(size=(20, 8, 8, 1))
    lines = []
    model.summary(print_fn=lambda line, **_: lines.append(line))
    assert any("conv2d" in line for line in lines)
    model.fit(images, np.ones((20, 2)) * images[:, 0, 0], batch_size=16, verbose=0)  # a last batch of 4
    assert model.predict(images[:3], verbose=0).shape == (3, 2)
    assert (model.input_shape, model.output_shape) == ((16, 8, 8, 1), (16, 2))
    with pytest.raises(ShapeError, match="8, 8, 1"):
        model(images[:, :7])


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: layers.Dense(3, activation="softmax"), (2, 4)),
        (lambda: layers.Conv2D(3, 2, activation="relu"), (2, 5, 5, 1)),
        (lambda: layers.Conv1DTranspose(3, 2, activation="tanh"), (2, 5, 1)),
        (lambda: layers.SeparableConv2D(3, 2, activation="relu"), (2, 5, 5, 1)),
        (lambda: layers.DepthwiseConv2D(2, activation="relu"), (2, 5, 5, 1)),
        (lambda: layers.Activation("relu"), (2, 4)),
    ],
)
def test_an_activation_may_be_assigned_later(layer, shape):
    layer, x = layer(), np.random.default_rng(1).normal(size=shape)
    model = keras.Sequential([keras.Input(shape[1:]), layer])
    before = model.predict(x, verbose=0)
    layer.activation = None
    plain = model.predict(x, verbose=0)
    assert not np.allclose(before, plain)
    layer.activation = "sigmoid"
    np.testing.assert_allclose(model.predict(x, verbose=0), 1 / (1 + np.exp(-plain)), rtol=1e-5)
    copy = type(layer).from_config(layer.get_config())
    assert copy.activation is layer.activation


def test_compute_loss_may_be_overridden_without_training():
    class Squares(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return ops.mean(ops.square(y - y_pred)) * 3

    class Reordered(keras.Model):
        def compute_loss(self, y_pred, y, **others):
            assert others["training"] in (True, False)
            return ops.mean(ops.square(y - y_pred)) * 3

    for cls in (Squares, Reordered):
        i = keras.Input((4,))
        model = cls(i, layers.Dense(1, kernel_initializer="zeros")(i))
        model.compile("sgd", "mse")
        np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), 3 * np.mean(Y**2), rtol=1e-5)
        model.fit(X, Y, verbose=0)
        assert set(model.gradients(X, Y)) >= {"x"}


class Scaled(layers.Dense):
    def __init__(self, scale, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.scale = scale

    def call(self, inputs):
        return super().call(inputs) * self.scale

    def get_config(self):
        return dict(scale=self.scale, **super().get_config())


class Linear(layers.Layer):
    def __init__(self, units=32, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones")

    def call(self, inputs):
        return ops.matmul(inputs, self.w)

    def get_config(self):
        return dict(units=self.units, **super().get_config())


class Shifted(Linear):  # without a get_config of its own
    def __init__(self, units=32, shift=1.0, **kwargs):
        super().__init__(units, **kwargs)
        self.shift = shift

    def call(self, inputs):
        return super().call(inputs) + self.shift


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, first):
        self.first = first

    def __call__(self, step):
        return self.first / (1 + ops.cast(step, "float32"))

    def get_config(self):
        return dict(first=self.first, **keras.Loss.get_config(keras.losses.MeanSquaredError()))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: Scaled(2.0, 5, activation="relu", name="s"), {"scale": 2.0, "units": 5, "activation": "relu"}),
        (lambda: Linear(4, name="l"), {"units": 4, "name": "l", "trainable": True, "dtype": "float32"}),
        (lambda: Shifted(4, 3.0), {"units": 4, "shift": 3.0}),
    ],
)
def test_get_config_of_a_subclass_adds_to_that_of_its_base(layer, expected):
    layer = layer()
    config = layer.get_config()
    assert {key: config[key] for key in expected} == expected
    copy = type(layer).from_config(config)
    copy(X), layer(X)
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(X).numpy(), layer(X).numpy())


def test_the_base_does_not_repeat_what_the_subclass_adds():
    assert "scale" not in layers.Dense.get_config(Scaled(2.0, 5))
    assert "units" in layers.Dense.get_config(Scaled(2.0, 5))
    assert "units" not in layers.Layer.get_config(Linear(4))


def test_variables_by_the_name_of_an_initializer():
    assert keras.Variable("zeros", shape=(2,)).numpy().tolist() == [0, 0]
    variable = keras.Variable(shape=(2, 3), initializer="ones", dtype="float64", name="w")
    assert variable.numpy().tolist() == [[1, 1, 1], [1, 1, 1]]
    assert variable.dtype == "float64"
    drawn = keras.Variable(initializer="random_normal", shape=(50,))
    assert 0 < drawn.numpy().std() < 0.2
    with pytest.raises(ShapeError, match="shape="):
        keras.Variable("zeros")
    with pytest.raises(ValueError, match="no_such"):
        keras.Variable("no_such", shape=(2,))


def test_class_labels_may_be_floats():
    labels = np.array([0.0, 2.0, 1.0, 2.0, 0.0, 1.0])
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    floats = model.evaluate(X, labels, verbose=0)
    assert floats == model.evaluate(X, labels.astype(int), verbose=0)
    assert floats == model.evaluate(X, labels[:, None], verbose=0)
    model.fit(X, labels, class_weight={0: 1.0, 1: 2.0, 2: 0.5}, verbose=0)
    assert keras.utils.to_categorical(labels, 3).argmax(1).tolist() == labels.tolist()
    np.testing.assert_array_equal(ops.one_hot(labels, 3), np.eye(3)[labels.astype(int)])
    p = np.full((6, 3), 1 / 3)
    loss = ops.sparse_categorical_crossentropy(labels, p)
    np.testing.assert_allclose(loss, np.full(6, np.log(3)), rtol=1e-6)


def test_arguments_of_older_programs():
    layer = layers.LeakyReLU(alpha=0.25)
    assert layer([[-4.0, 2.0]]).tolist() == [[-1, 2]]
    assert layer.get_config()["negative_slope"] == 0.25
    for first in (layers.InputLayer(input_shape=(4,)), layers.InputLayer(batch_input_shape=(None, 4))):
        assert keras.Sequential([first, layers.Dense(2)]).output_shape == (None, 2)
    keras.callbacks.TensorBoard("logs", profile_batch=(2, 4))


def test_a_depthwise_kernel_has_two_names():
    layer = layers.DepthwiseConv2D(3)
    layer.build((None, 8, 8, 2))
    assert layer.kernel is layer.depthwise_kernel
    assert layer.kernel.shape == (3, 3, 2, 1)


def test_missing_files_are_file_not_found_errors(tmp_path):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    calls = [
        lambda: keras.utils.load_img(str(tmp_path / "a.png")),
        lambda: keras.utils.image_dataset_from_directory(tmp_path / "images"),
        lambda: keras.models.load_model(tmp_path / "m.chainrule"),
        lambda: model.load_weights(tmp_path / "w.safetensors"),
        lambda: model.load_checkpoint(tmp_path / "c.chainrule"),
    ]
    for call in calls:
        with pytest.raises(FileNotFoundError, match="does not exist") as raised:
            call()
        assert isinstance(raised.value, MissingFileError | ValueError)
        assert str(tmp_path) in str(raised.value)


def test_a_loss_of_ones_own_takes_any_targets():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    two_columns = np.c_[Y, np.ones_like(Y)]
    model.compile("sgd", loss=lambda y, p: ops.mean(y[:, 1:] * ops.square(y[:, :1] - p)))
    history = model.fit(X, two_columns, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert not model.lint(X, two_columns).has_errors


# ---- names that are absent, in imports too

IMPORTS = {
    "from chainrule.layers import LSTM": "recurrent",
    "from chainrule.layers import Dense, GRU": "recurrent",
    "import chainrule.preprocessing": "chainrule.utils",
    "from chainrule.preprocessing.image import load_img": "chainrule.utils",
    "from chainrule.mixed_precision import set_global_policy": "set_dtype_policy",
    "from chainrule import GradientTape": "chainrule.gradients",
    "from chainrule.initializers import STFT": "scipy.signal",
    "from chainrule.distribution import DeviceMesh": "DataParallel",
    "from chainrule.random import beta": "numpy.random.Generator",
    "from chainrule.backend import mean": "chainrule.ops.mean",
    "from chainrule.backend import int_shape": "t.shape",
    "from chainrule.applications import MobileNetV2": "layers",
    "from chainrule.applications.efficientnet import EfficientNetB0": "layers",
    "from chainrule.datasets import imdb": "dict",
    "from chainrule.optimizers.legacy import Adam": "arguments",
    "from chainrule.ops.nn import relu": "chainrule.ops",
}


@pytest.mark.parametrize("statement", IMPORTS)
def test_an_import_of_an_absent_name_says_what_to_use(statement):
    with pytest.raises(ImportError, match="To mend it") as raised:
        exec(statement, {})
    assert IMPORTS[statement] in raised.value.mend


@pytest.mark.parametrize(("package", "name"), [(p, n) for p in MISSING_NAMES for n in MISSING_NAMES[p]])
def test_every_advice_reaches_imports(package, name):
    package = "chainrule" if package == "chainrule" else f"chainrule.{package}"
    with pytest.raises(ImportError, match="To mend it"):
        exec(f"from {package} import {name}", {})


def test_other_imports_are_pythons():
    exec("import chainrule.random; from chainrule.random import normal; from chainrule.layers import *", {})
    for statement in ("import chainrule.nonsense", "from chainrule.layers import Nonsense", "from chainrule import x"):
        with pytest.raises(ImportError) as raised:
            exec(statement, {})
        assert not isinstance(raised.value, keras.errors.ChainruleError)
    assert not hasattr(layers, "LSTM")
    assert not hasattr(keras, "preprocessing")
    assert getattr(keras.backend, "mean", None) is None


# ---- other frameworks' habits


@pytest.mark.parametrize(
    ("thing", "names"),
    [
        (lambda: layers.Dense(1), "parameters zero_grad forward eval train state_dict to stateless_call"),
        (lambda: keras.Sequential([layers.Dense(1)]), "parameters backward children fit_generator predict_classes"),
        (lambda: keras.optimizers.SGD(), "zero_grad step minimize lr stateless_apply param_groups"),
        (lambda: keras.metrics.Mean(), "reset_states compute stateless_update_state"),
    ],
)
def test_attributes_of_other_frameworks(thing, names):
    thing = thing()
    for name in names.split():
        with pytest.raises(HabitError, match="To mend it"):
            getattr(thing, name)
        assert not hasattr(thing, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        thing.nonsense  # noqa: B018


def test_forward_is_called_call():
    class Net(keras.Model):
        def forward(self, x):
            return x

    class Block(layers.Layer):
        def forward(self, x):
            return x

    for cls in (Net, Block):
        with pytest.raises(NotImplementedError, match="rename"):
            cls()(X)


def test_a_train_step_written_for_jax_is_refused():
    class Net(keras.Model):
        def train_step(self, state, data):
            return {}, state

    i = keras.Input((4,))
    model = Net(i, layers.Dense(1)(i))
    model.compile("sgd", "mse")
    with pytest.raises(FrameworkError, match=r"JAX.*train_step\(self, data\).*chainrule\.gradients"):
        model.fit(X, Y, verbose=0)


def test_functions_of_jax_refuse_symbolic_tensors_by_name():
    symbol = keras.Input((4,))
    for call in (jnp.sin, jnp.asarray, jax.jit(lambda a: a), lambda t: jnp.concatenate([t, t])):
        with pytest.raises(FrameworkError, match=r"JAX.*chainrule\.ops"):
            call(symbol)
    assert (jnp.ones((3, 4)) + symbol).shape == (3, 4)  # an operator is ours
    np.testing.assert_array_equal(jnp.asarray(keras.tensor([1.0, 2.0])), [1, 2])


@pytest.mark.parametrize("framework", ["tensorflow.python.ops", "torch._tensor"])
def test_a_conversion_of_a_symbolic_tensor_names_the_framework(framework):
    """TensorFlow and PyTorch convert what they are given by its ``__array__``."""
    module = types.ModuleType(framework)
    exec("import numpy\ndef convert(x): return numpy.asarray(x)", module.__dict__)
    with pytest.raises(FrameworkError, match=r"(TensorFlow|PyTorch).*chainrule\.ops"):
        module.convert(keras.Input((4,)))
    with pytest.raises(keras.SymbolicError, match="asked for its numbers"):
        np.asarray(keras.Input((4,)))


def test_tracers_of_jax_are_refused_by_name():
    for transform in (jax.grad, jax.jit, jax.vmap):
        with pytest.raises(FrameworkError, match=r"JAX.*chainrule\.grad"):
            transform(lambda x: ops.sum(ops.square(x)))(jnp.ones(3))


@pytest.mark.heavy
def test_functions_of_pytorch_are_refused_by_name():
    torch = pytest.importorskip("torch", reason="install tests/peers.txt to compare with PyTorch")
    for tensor in (keras.Input((2,)), keras.tensor([[1.0, 2.0]]), keras.Variable([[1.0, 2.0]])):
        for call in (torch.sin, torch.nn.functional.relu, torch.nn.Linear(2, 2), lambda t: torch.stack([t, t])):
            with pytest.raises(FrameworkError, match=r"PyTorch.*chainrule\.ops"):
                call(tensor)
        assert isinstance(torch.ones(2) + tensor, keras.Tensor)
    with pytest.raises(FrameworkError, match="PyTorch"):
        torch.as_tensor(keras.Input((2,)))
    assert torch.as_tensor(keras.tensor([1.0, 2.0])).tolist() == [1, 2]
    assert torch.from_dlpack(keras.tensor([1.0, 2.0])).tolist() == [1, 2]
    with pytest.raises(FrameworkError, match="PyTorch"):
        ops.square(torch.ones(2, requires_grad=True))
