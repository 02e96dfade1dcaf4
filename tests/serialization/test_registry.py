"""Objects by name, as data and back, beside Keras: the registries of all modules, and names of one's own."""

import json
import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import activations, constraints, dtype_policies, initializers, losses, optimizers, regularizers
from chainrule.core.errors import ChainruleError, ValueProblem
from chainrule.serialization import names as registered
from chainrule.serialization.names import custom_object_scope, register_keras_serializable
from chainrule.serialization.serialize import deserialize, serialize


@pytest.fixture
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    return pytest.importorskip("keras")


MODULES = {
    "activations": activations,
    "initializers": initializers,
    "regularizers": regularizers,
    "constraints": constraints,
    "losses": losses,
}
ABSTRACT = {"Initializer", "Regularizer", "Constraint", "Loss"}
NOT_YET = {"STFT", "CTC", "ctc"}  # no layer for spectra, no connectionist loss


@pytest.mark.heavy
@pytest.mark.parametrize("registry", MODULES)
def test_every_name_of_keras(keras, registry):
    import importlib

    words = importlib.import_module(f"keras.src.{registry}").ALL_OBJECTS_DICT
    ours, missing = MODULES[registry].registry.names(), {}
    for word, thing in words.items():
        if thing.__name__ not in ABSTRACT | NOT_YET and getattr(ours.get(word), "__name__", None) != thing.__name__:
            missing[word] = (thing.__name__, ours.get(word))
    assert missing == {}


@pytest.mark.heavy
def test_every_optimizer_of_keras(keras):
    from keras.src.optimizers import ALL_OBJECTS_DICT

    left = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}  # not by a name alone
    for word, cls in ALL_OBJECTS_DICT.items():
        if cls.__name__ not in left:
            for spelled in (word, cls.__name__):
                assert type(optimizers.get(spelled)).__name__ == type(keras.optimizers.get(spelled)).__name__


def test_names_and_what_they_give():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get(np.tanh) is np.tanh
    assert type(initializers.get("normal")) is initializers.RandomNormal
    assert type(initializers.get(initializers.HeNormal)) is initializers.HeNormal
    assert initializers.get(None) is regularizers.get(None) is constraints.get(None) is None
    created = regularizers.L2(0.5)
    assert regularizers.get(created) is created
    assert regularizers.get("l2").l2 == 0.01
    for registry, near, right in (
        (initializers, "glorot_unifrom", "glorot_uniform"),
        (activations, "Relu", "relu"),
        (optimizers, "addam", "adam"),
        (constraints, "nonneg", "non_neg"),
        (losses, "mean_square_error", "mean_squared_error"),
    ):
        with pytest.raises(ValueProblem, match=f"did you mean '{right}'"):
            registry.get(near)
    for registry, wrong in ((optimizers, 5), (optimizers, np.tanh), (initializers, [1]), (optimizers, "CosineDecay")):
        with pytest.raises(ValueProblem):
            registry.get(wrong)
    with pytest.raises(ValueProblem, match="inner_optimizer"):
        optimizers.get("LossScaleOptimizer")
    with pytest.raises(ValueProblem):
        regularizers.get({"class_name": "Adam", "module": "optimizers", "config": {}})


EVERYTHING = [
    initializers.Constant([1.0, 2.0]), initializers.Identity(2.0), initializers.GlorotNormal(seed=4),
    initializers.VarianceScaling(2.0, "fan_avg", "uniform", 3, (0, 1), (2,)), initializers.Orthogonal(0.5, 7),
    regularizers.L1(0.5), regularizers.L1L2(0.1, 0.2), regularizers.OrthogonalRegularizer(0.5, "columns"),
    constraints.MaxNorm(3.0, (0, 1)), constraints.MinMaxNorm(0.5, 2.0, 0.25, 1), constraints.NonNeg(),
    dtype_policies.DTypePolicy("mixed_bfloat16"), losses.get("mse"),
]  # fmt: skip


@pytest.mark.parametrize("made", EVERYTHING, ids=lambda v: type(v).__name__)
def test_objects_through_json(made):
    written = json.dumps(serialize(made))
    again = deserialize(json.loads(written))
    assert type(again) is type(made)
    assert json.dumps(serialize(again)) == written
    if not isinstance(made, dtype_policies.DTypePolicy) and callable(made) and made in EVERYTHING[:2]:
        np.testing.assert_array_equal(again((2, 2)).numpy(), made((2, 2)).numpy())


def test_data_through_json():
    data = {"a": [1, 2.5, None, True, "x"], "b": {"c": np.float32(0.5), "d": np.dtype("int8")}, "e": (1, (2,))}
    assert deserialize(json.loads(json.dumps(serialize(data)))) == {
        "a": [1, 2.5, None, True, "x"], "b": {"c": 0.5, "d": "int8"}, "e": [1, [2]],
    }  # fmt: skip
    for array in (np.arange(6, dtype="int16").reshape(2, 3), np.zeros((2, 0)), np.array(3.5)):
        again = deserialize(json.loads(json.dumps(serialize(array))))
        np.testing.assert_array_equal(again, array)
        assert again.dtype == array.dtype
    half = deserialize(json.loads(json.dumps(serialize(cr.tensor([1.5, 2.0], "bfloat16")))))
    assert np.asarray(half, "float64").tolist() == [1.5, 2.0]


@register_keras_serializable("tests")
class Doubled(initializers.Initializer):
    def __init__(self, by=2.0):
        self.by = by

    def __call__(self, shape, dtype=None):
        return self.by * initializers.Ones()(shape, dtype)


@register_keras_serializable("tests", "third")
def cube(x):
    return x * x * x


def not_registered(x):
    return x


class NotRegistered(regularizers.L2):
    pass


def test_names_of_ones_own():
    config = json.loads(json.dumps(serialize(Doubled(3.0))))
    assert config["registered_name"] == "tests>Doubled"
    assert deserialize(config).by == 3.0
    assert type(initializers.get("tests>Doubled")) is Doubled
    assert activations.get("tests>third") is cube
    assert activations.get(activations.serialize(cube)) is cube
    assert activations.serialize(activations.tanh) == "tanh"
    assert registered.get_registered_name(cube) == "tests>third"
    assert registered.get_registered_object("tests>third") is cube
    assert registered.get_registered_object("nothing") is None
    for own in (NotRegistered(0.5), not_registered):
        config = serialize(own)
        with pytest.raises(ValueProblem, match="unknown name"):
            deserialize(config)
        name = getattr(own, "__name__", type(own).__name__)
        kind = own if callable(own) and hasattr(own, "__name__") else type(own)
        assert deserialize(config, {name: kind}) is own or deserialize(config, {name: kind}).l2 == 0.5
        with custom_object_scope({name: kind}):
            assert type(deserialize(config)) is type(own)
        with pytest.raises(ValueProblem):
            deserialize(config)
    with custom_object_scope({"twice": not_registered}), custom_object_scope({"thrice": cube}):
        assert (activations.get("twice"), activations.get("thrice")) == (not_registered, cube)
    with pytest.raises(ValueProblem):
        activations.get("twice")


def test_what_cannot_be_written_or_read():
    with pytest.raises(ValueProblem, match="lambda"):
        serialize(lambda x: x)
    with pytest.raises(ValueProblem, match="object of type"):
        serialize(object())
    with pytest.raises(ValueProblem, match="get_config"):
        register_keras_serializable("tests")(type("Bare", (), {}))
    with pytest.raises(ValueProblem, match="package"):
        register_keras_serializable(not_registered)
    for config in (
        {"class_name": "system", "module": "os", "config": {}},
        {"class_name": "function", "module": "os", "config": "system"},
        {"class_name": "function", "module": "builtins", "config": "eval", "registered_name": "eval"},
        {"class_name": "GlorotUniform", "module": "initializers", "config": {"gain": 1.0}},
        {"class_name": "GlorotUniform", "module": "initializers", "config": 5},
        {"class_name": "__numpy__", "config": {}},
        {"class_name": "__numpy__", "config": {"value": [[1], [1, 2]], "dtype": "float32"}},
        {"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "object"}},
        {"class_name": "relu", "module": "activations", "config": {}},
        {"class_name": "L2", "module": "regularizers", "config": {"l2": "much"}},
    ):
        with pytest.raises(ChainruleError):
            deserialize(config)


@pytest.mark.heavy
def test_configurations_of_keras_are_read(keras):
    for registry in ("initializers", "regularizers", "constraints"):
        ours, theirs = MODULES[registry], getattr(keras, registry)
        for created in (m for m in EVERYTHING if registered.module_name_of(type(m)) == registry):
            if isinstance(created, initializers.Constant | initializers.Identity):
                continue  # Keras leaves their arguments out, or writes arrays in a form of its own
            other = getattr(theirs, type(created).__name__).from_config(created.get_config())
            config = json.loads(json.dumps(keras.saving.serialize_keras_object(other)))
            assert ours.get(config).get_config() == created.get_config(), config
