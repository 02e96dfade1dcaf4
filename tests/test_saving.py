"""Models in files: what comes back is what was saved, bit for bit; what is no whole file is refused with its reason."""

import io
import json
import pathlib
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule
from chainrule import (
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    saving,
)
from chainrule.core.errors import ChainruleError, ShapeError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential, clone_model, model_from_json
from chainrule.ops.random import set_random_seed
from chainrule.saving import load_model, save_model
from chainrule.saving.safetensors import dumps, loads

DATA = pathlib.Path(__file__).parent / "data"
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 4)).astype("float32"), RNG.normal(size=(24, 2)).astype("float32")
LABELS = RNG.integers(0, 2, 24)


@saving.register_keras_serializable("tests")
def doubled(x):
    return 2 * x


@saving.register_keras_serializable("tests")
def cubic(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


def halves(y_true, y_pred):
    return 0.5 * ops.mean(ops.square(y_true - y_pred), axis=-1)


@saving.register_keras_serializable("tests")
class Scaled(layers.Layer):
    def __init__(self, first=1.0, **kwargs):
        super().__init__(**kwargs)
        self.first = first

    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
        self.seen = self.add_weight((), "zeros", dtype="int32", trainable=False, name="seen")

    def call(self, inputs, training=False):
        if training:
            self.seen.assign_add(1)
        return inputs * self.factor * self.first


@saving.register_keras_serializable("tests")
class Registered(Model):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [Dense(units, activation="tanh"), Dense(units + 1)]
        self.by_name = {"out": Dense(2), "drop": layers.Dropout(0.2)}

    def call(self, inputs, training=False):
        x = inputs
        for block in self.blocks:
            x = block(x)
        return self.by_name["out"](self.by_name["drop"](x, training=training))


class Plain(Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = Dense(3, activation="relu"), Dense(2)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


def sequential():
    return Sequential([Input((4,)), Dense(5, "relu"), layers.Dropout(0.3), layers.BatchNormalization(), Dense(2)])


def without_input():
    model = Sequential([Dense(3, kernel_regularizer="l2"), layers.Activation("gelu"), Scaled(0.5), Dense(2)])
    model(X[:2])
    return model


def functional():
    """A layer called twice, operations between layers, constants, a model within, a list of arguments."""
    x = Input((4,), name="x")
    shared = Dense(4, kernel_initializer="he_uniform", kernel_constraint="unit_norm")
    inner = Sequential([Input((4,)), Dense(3, "sigmoid"), layers.GaussianNoise(0.1)])
    a = shared(shared(x)) * 2.0 + ops.sin(x) @ (np.arange(16, dtype="float32").reshape(4, 4) / 64)
    b = layers.Concatenate()([inner(a), 1 - x[:, :2], ops.reshape(ops.sum(a, axis=1), (-1, 1))])
    return Model(x, Dense(2)(layers.Lambda(doubled)(b)), name="whole")


def registered():
    model = Registered(3)
    model(X[:2])
    return model


def plain():
    model = Plain()
    model(X[:2])
    return model


KINDS = {f.__name__: f for f in (sequential, without_input, functional, registered, plain)}
CUSTOM = {"Plain": Plain, "halves": halves}


def again(model, **kwargs):
    file = io.BytesIO()
    save_model(model, file)
    return load_model(io.BytesIO(file.getvalue()), custom_objects=CUSTOM, **kwargs)


def same(a, b):
    """Equal to the bit, dtype and place."""
    a, b = saving.names.variables_of(a), saving.names.variables_of(b)
    assert list(a) == list(b)
    for name in a:
        one, other = a[name].numpy(), b[name].numpy()
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes(), name


def trained(model, x=X, y=Y, epochs=2):
    set_random_seed(7)
    return model.fit(x, y, epochs=epochs, batch_size=10, verbose=0).history


def goes_on_alike(model, other, x=X, y=Y):
    same(model, other)
    assert np.array_equal(model.predict(x, verbose=0), other.predict(x, verbose=0), equal_nan=True)
    assert trained(model, x, y) == trained(other, x, y)
    same(model, other)
    for a, b in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()


# ---- what comes back


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [0, 2])
def test_every_kind_of_model_comes_back(kind, steps):
    model = KINDS[kind]()
    if not steps:
        same(model, again(model))
        assert not again(model).compiled
    model.compile("adam", "mse", metrics=["mae"])
    if steps:
        trained(model, epochs=steps)
    goes_on_alike(model, again(model))


OPTIMIZERS = {
    "name": lambda: "rmsprop",
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0),
    "schedule": lambda: optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 20)),
    "decay": lambda: optimizers.AdamW(0.01, weight_decay=0.1, use_ema=True, ema_overwrite_frequency=3),
    "gathered": lambda: optimizers.Adagrad(0.1, gradient_accumulation_steps=2),
    "scaled": lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1), dynamic_growth_steps=2),
    "nadam": lambda: optimizers.Nadam(0.01),
    "ftrl": lambda: optimizers.Ftrl(0.01),
    "lion": lambda: optimizers.Lion(0.001),
    "adafactor": lambda: optimizers.Adafactor(0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("steps", [0, 1])
def test_every_kind_of_optimizer_comes_back(name, steps):
    model = sequential()
    model.compile(OPTIMIZERS[name](), "mse")
    if steps:
        trained(model, epochs=steps)
    goes_on_alike(model, again(model))


def test_a_rate_set_by_hand_comes_back():
    model = sequential()
    model.compile(optimizers.SGD(0.5), "mse")
    model.optimizer.learning_rate = 0.125
    assert float(again(model).optimizer.learning_rate.numpy()) == 0.125
    trained(model)
    model.optimizer.learning_rate = 0.25
    assert float(again(model).optimizer.learning_rate.numpy()) == 0.25


LOSSES = {
    "object": (losses.Huber(delta=0.5), [metrics.MeanSquaredError(name="m"), "mae"]),
    "function": (losses.mean_absolute_error, [metrics.mean_squared_error]),
    "registered": (cubic, [cubic]),
    "mine": (halves, [halves, metrics.RootMeanSquaredError()]),
    "list": (["mse"], [["mae"]]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_kind_of_loss_and_metric_comes_back(name):
    loss, measured = LOSSES[name]
    model = sequential()
    model.compile("sgd", loss, metrics=measured, weighted_metrics=["mse"])
    trained(model)
    other = again(model)
    goes_on_alike(model, other)
    assert other.metrics_names == model.metrics_names


@pytest.mark.parametrize("by", ["name", "place"])
def test_losses_of_several_outputs_come_back(by):
    x = Input((4,))
    h = Dense(3, "relu")(x)
    model = Model(x, {"a": Dense(2, name="a")(h), "b": Dense(1, "sigmoid", name="b")(h)} if by == "name" else
                  [Dense(2, name="a")(h), Dense(1, "sigmoid", name="b")(h)])  # fmt: skip
    if by == "name":
        model.compile("adam", {"a": "mse", "b": "binary_crossentropy"}, {"a": 0.5}, {"b": ["accuracy"]})
        y = {"a": Y, "b": LABELS}
    else:
        model.compile("adam", ["mse", losses.BinaryCrossentropy()], [0.5, 1.0], [["mae"], ["accuracy"]])
        y = [Y, LABELS]
    trained(model, y=y)
    other = again(model)
    assert trained(model, y=y) == trained(other, y=y)
    same(model, other)


@pytest.mark.parametrize("policy", ["float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", ["sequential", "functional", "registered"])
def test_policies_come_back_where_another_one_holds(policy, kind):
    if "bfloat16" in policy:
        pytest.importorskip("ml_dtypes", reason="the extra `bfloat16` installs it")
    before = chainrule.dtype_policies.dtype_policy()
    chainrule.dtype_policies.set_dtype_policy(policy)
    try:
        model = KINDS[kind]()
        model.compile(optimizers.SGD(1e-3), "mse")
        trained(model, epochs=1)
    finally:
        chainrule.dtype_policies.set_dtype_policy(before)
    other = again(model)
    assert other.dtype_policy == model.dtype_policy
    goes_on_alike(model, other)


def test_frozen_layers_stay_frozen():
    whole = plain()
    whole.trainable = False
    assert not again(whole).trainable_weights
    for make, layer in ((sequential, lambda m: m.layers[0]), (plain, lambda m: m.hidden)):
        model = make()
        layer(model).trainable = False
        model.compile("adam", "mse")
        trained(model)
        other = again(model)
        assert not layer(other).trainable
        assert len(other.trainable_weights) == len(model.trainable_weights)
        goes_on_alike(model, other)
    inner = sequential()
    inner.trainable = False
    inner.layers[0].trainable = True  # one layer of a frozen model
    model = Sequential([Input((4,)), inner, Dense(1)])
    assert [layer.trainable for layer in again(model).layers[0].layers] == [True, False, False, False]


def test_loading_draws_nothing():
    model = sequential()
    data = io.BytesIO()
    save_model(model, data)
    set_random_seed(3)
    want = Dense(2)
    want.build((None, 3))
    set_random_seed(3)
    load_model(io.BytesIO(data.getvalue()))
    got = Dense(2)
    got.build((None, 3))
    assert np.array_equal(want.kernel.numpy(), got.kernel.numpy())


def test_the_same_model_makes_the_same_bytes(tmp_path):
    model = functional()
    model.compile("adam", "mse")
    trained(model)
    model.save(tmp_path / "a.chainrule")
    model.save(tmp_path / "b.chainrule")
    assert (tmp_path / "a.chainrule").read_bytes() == (tmp_path / "b.chainrule").read_bytes()
    again(model).save(tmp_path / "c.chainrule")
    assert (tmp_path / "a.chainrule").read_bytes() == (tmp_path / "c.chainrule").read_bytes()


def test_structure_alone(tmp_path):
    for make in (sequential, functional):
        model = make()
        copy = model_from_json(model.to_json())
        copy.set_weights(model.get_weights())
        assert np.array_equal(model.predict(X, verbose=0), copy.predict(X, verbose=0))
        assert clone_model(model).count_params() == model.count_params()


def test_lambda_layers():
    with pytest.raises(ChainruleError, match="register_keras_serializable"):
        save_model(Sequential([Input((2,)), layers.Lambda(lambda x: x + 1)]), io.BytesIO())
    model = Sequential([Input((2,)), layers.Lambda(doubled)])
    assert np.array_equal(again(model).predict(X[:, :2], verbose=0), 2 * X[:, :2])
    file = io.BytesIO()
    save_model(Sequential([Input((2,)), layers.Lambda(halves, arguments={"y_pred": 1.0})]), file)
    with pytest.raises(ValueProblem, match="'halves'"):
        load_model(io.BytesIO(file.getvalue()))


# ---- names of files, weights alone


@pytest.mark.parametrize("name", ["m.h5", "m.keras", "m.pt", "m.pkl", "m", "m.txt"])
def test_wrong_suffixes_teach(name, tmp_path):
    path = tmp_path / name
    with pytest.raises(ValueProblem, match=r"m\.chainrule"):
        sequential().save(path)
    with pytest.raises(ValueProblem, match=r"\.chainrule"):
        load_model(path)
    with pytest.raises(ValueProblem, match=r"\.safetensors"):
        sequential().save_weights(path)
    with pytest.raises(ValueProblem, match=r"\.safetensors"):
        sequential().load_weights(path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [None, 3, "a\0b.chainrule", "gone/m.chainrule", ["m.chainrule"]])
def test_names_that_are_no_files(path):
    with pytest.raises(ChainruleError):
        sequential().save(path)
    with pytest.raises(ChainruleError):
        load_model(path)
    weights = path.replace(".chainrule", ".safetensors") if isinstance(path, str) else path
    with pytest.raises(ChainruleError):
        sequential().save_weights(weights)
    with pytest.raises(ChainruleError):
        sequential().load_weights(weights)


def test_a_file_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "m.chainrule"
    sequential().save(path)
    before = path.read_bytes()
    with pytest.raises(ValueProblem, match="overwrite=True"):
        sequential().save(path, overwrite=False)
    assert path.read_bytes() == before
    plain().save_weights(tmp_path / "w.safetensors")
    with pytest.raises(ValueProblem, match="overwrite=True"):
        plain().save_weights(tmp_path / "w.safetensors", overwrite=False)


def test_open_files_take_a_part_at_a_time_or_are_refused(tmp_path):
    class Slow(io.BytesIO):
        def write(self, data):
            return super().write(bytes(data[:100]))

    slow, whole = Slow(), io.BytesIO()
    model = sequential()
    save_model(model, slow)
    save_model(model, whole)
    assert slow.getvalue() == whole.getvalue()
    with pytest.raises(ValueProblem, match="cannot be written"):
        save_model(model, io.StringIO())


def test_weights_alone(tmp_path):
    path = tmp_path / "m.weights.safetensors"
    model, other = sequential(), sequential()
    trained_model = sequential()
    trained_model.compile("sgd", "mse")
    trained(trained_model)
    for source, reader in ((model, other), (trained_model, model)):
        source.save_weights(path)
        reader.load_weights(path)
        same(source, reader)
        whole = tmp_path / "m.chainrule"
        source.save(whole)
        fresh = sequential()
        fresh.load_weights(whole)
        same(source, fresh)
        with open(path, "rb") as file:
            fresh.load_weights(file)
    wider = Sequential([Input((4,)), Dense(5, "relu"), layers.Dropout(0.1), layers.BatchNormalization(), Dense(3)])
    before = wider.get_weights()
    with pytest.raises(ShapeError, match="dense_1"):
        wider.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, wider.get_weights(), strict=True))
    wider.load_weights(path, skip_mismatch=True)
    assert np.array_equal(wider.layers[0].kernel.numpy(), model.layers[0].kernel.numpy())
    assert np.array_equal(wider.layers[-1].kernel.numpy(), before[-2])
    with pytest.raises(ValueProblem, match="lacks"):
        registered().load_weights(path)
    with pytest.raises(ValueProblem, match="call it once"):
        Plain().load_weights(path)


# ---- a file of format version 1, kept for ever


def kept():
    """The model in tests/data/model_v1.chainrule, its weights made by a rule; running this module wrote it."""
    x = Input((3,), name="x")
    h = layers.BatchNormalization(name="norm")(Dense(4, "tanh", name="hidden")(x))
    out = Dense(2, name="out")(layers.Dropout(0.5, seed=1, name="drop")(ops.concatenate([h, 2 * x[:, 1:]], axis=1)))
    model = Model(x, out, name="kept")
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.set_weights([by_rule(i, w.shape) for i, w in enumerate(model.get_weights())])
    model.optimizer.build(model.trainable_weights)
    return model


def by_rule(i, shape):
    return (np.arange(np.prod(shape)).reshape(shape) % 5 + i + 1).astype("float32") / 8


def test_the_kept_file_loads_for_ever():
    model = load_model(DATA / "model_v1.chainrule")
    x = np.array([[0.0, 1.0, -1.0], [0.5, 0.25, 2.0]])
    kernel, bias, gamma, beta, mean, variance, kernel2, bias2 = (
        by_rule(i, shape)
        for i, shape in enumerate([(3, 4), (4,), (4,), (4,), (4,), (4,), (6, 2), (2,)])
    )  # fmt: skip
    h = (np.tanh(x @ kernel + bias) - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    want = np.concatenate([h, 2 * x[:, 1:]], 1) @ kernel2 + bias2
    assert np.allclose(model.predict(x, verbose=0), want, rtol=1e-5)
    assert isinstance(model.optimizer, optimizers.Adam)
    assert model.evaluate(x, want, verbose=0)[0] < 1e-8
    set_random_seed(0)
    model.fit(x, want, verbose=0)


# ---- safetensors


ARRAYS = {
    "b": RNG.normal(size=(3, 2)),
    "a": np.arange(5, dtype="int8"),
    "scalar": np.array(2.5, "float16"),
    "empty": np.zeros((0, 3), "uint64"),
    "yes": np.array([True, False]),
    "long name é": np.arange(6, dtype=">i4").reshape(1, 2, 3),
}


def test_the_safetensors_package_reads_and_writes_the_same():
    oracle = pytest.importorskip("safetensors.numpy", reason="install safetensors to compare with it")
    theirs = oracle.load(dumps(ARRAYS, {"format": "np"}))
    ours, _ = loads(oracle.save({k: v.astype(v.dtype.newbyteorder("=")) for k, v in ARRAYS.items()}))
    assert set(theirs) == set(ours) == set(ARRAYS)
    for name, array in ARRAYS.items():
        for result in (theirs[name], ours[name]):
            assert result.dtype == array.dtype.newbyteorder("=")
            assert result.shape == array.shape
            assert np.array_equal(result, array)


def test_the_safetensors_package_refuses_what_we_refuse():
    oracle = pytest.importorskip("safetensors", reason="install safetensors to compare with it")
    for why, data in MALFORMED.items():
        if why not in ("a name twice", "an axis too long"):  # where readers differ, we refuse
            with pytest.raises(oracle.SafetensorError):
                oracle.deserialize(data)


def header(entries, body=b"", length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


EIGHT = bytes(8)
MALFORMED = {
    "nothing": b"",
    "a header beyond the end": header({"a": entry()}, EIGHT, length=10_000),
    "a header of all there is": header({"a": entry()}, EIGHT, length=2**64 - 1),
    "a list": header([1]),
    "not JSON": header(b"{'a': 1}"),
    "not text": header(b"\xff\xfe{}"),
    "deep": header(b'{"a":' * 100_000),
    "an overlap": header({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
    "the same place": header({"a": entry(), "b": entry()}, EIGHT),
    "a gap": header({"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20)),
    "a late start": header({"a": entry(offsets=(8, 16))}, bytes(16)),
    "more data": header({"a": entry()}, bytes(9)),
    "less data": header({"a": entry()}, bytes(7)),
    "a wrong size": header({"a": entry(shape=(3,))}, EIGHT),
    "a negative place": header({"a": entry(offsets=(-8, 0))}, EIGHT),
    "a place of a float": header({"a": entry(offsets=(0.0, 8.0))}, EIGHT),
    "places turned round": header({"a": entry(offsets=(8, 0))}, EIGHT),
    "one place": header({"a": entry(offsets=(8,))}, EIGHT),
    "a negative shape": header({"a": entry(shape=(-2,))}, EIGHT),
    "two negative sizes": header({"a": entry(shape=(-2, -1))}, EIGHT),
    "a size of a float": header({"a": entry(shape=(2.0,))}, EIGHT),
    "a size that is a truth": header({"a": entry(shape=(True, 2))}, EIGHT),
    "an unknown dtype": header({"a": entry("F33")}, EIGHT),
    "a dtype that is a list": header({"a": entry(["F32"])}, EIGHT),
    "no dtype": header({"a": {"shape": [2], "data_offsets": [0, 8]}}, EIGHT),
    "an entry that is a word": header({"a": "F32"}, EIGHT),
    "a name twice": header(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' * 1
                           + b'"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT),
    "a shape that overflows to its size": header({"a": entry(shape=(2**62, 4), offsets=(0, 0))}),
    "a huge shape": header({"a": entry(shape=(10**12,))}, EIGHT),
    "an axis too long": header({"a": entry(shape=(0, 2**63), offsets=(0, 0))}),
    "words in metadata": header({"__metadata__": {"a": {"b": 1}}, "a": entry()}, EIGHT),
}  # fmt: skip


@pytest.mark.parametrize("why", MALFORMED)
def test_malformed_safetensors_are_refused(why):
    with pytest.raises(ValueProblem, match="not complete safetensors data"):
        loads(MALFORMED[why])


def test_every_truncation_of_safetensors_is_refused():
    data = dumps(ARRAYS)
    for n in range(len(data)):
        with pytest.raises(ValueProblem):
            loads(data[:n])
    assert set(loads(data)[0]) == set(ARRAYS)


def test_arrays_without_entries_and_scalars():
    entries = {"z": entry(shape=(0, 10**12), offsets=(0, 0)), "s": entry(shape=(), offsets=(0, 4))}
    result, metadata = loads(header(entries, struct.pack("<f", 2.5)))
    assert result["z"].shape == (0, 10**12)
    assert result["s"].shape == ()
    assert float(result["s"]) == 2.5
    assert metadata == {}


# ---- files that are not as they were written


def parts(model=None):
    file = io.BytesIO()
    save_model(model or trained_one(), file)
    with zipfile.ZipFile(file) as z:
        return {n: z.read(n) for n in z.namelist()}


def trained_one():
    model = sequential()
    model.compile("adam", "mse")
    trained(model, epochs=1)
    return model


def packed(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as z:
        for name, data in members.items() if isinstance(members, dict) else members:
            z.writestr(name, data)
    return file.getvalue()


def refused(data, match=None, **kwargs):
    with pytest.raises(ChainruleError, match=match):
        load_model(io.BytesIO(data), **kwargs)


@pytest.fixture(scope="module")
def whole():
    return parts()


def test_members_that_do_not_belong(whole):
    listed = list(whole.items())
    for name in ("more.json", "../../etc/passwd", "/etc/passwd", "..\\structure.json", "structure.json/", "a" * 500):
        refused(packed([*listed, (name, b"{}")]), "unknown member")
    for name in ("metadata.json", "structure.json", "weights.safetensors"):
        with pytest.warns(UserWarning, match="Duplicate name"):
            data = packed([*listed, (name, whole[name])])
        refused(data, "repeated member")
        refused(packed({n: d for n, d in listed if n != name}), f"lacks {name}")
    encrypted = bytearray(packed(listed))
    with zipfile.ZipFile(io.BytesIO(encrypted)) as z:
        at = z.start_dir
    encrypted[at + 8] |= 1
    refused(bytes(encrypted), "encrypted")


@pytest.mark.parametrize("name", ["structure.json", "weights.safetensors"])
def test_bombs_are_not_unpacked(whole, name):
    data = packed({**whole, name: bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(data) < 300_000
    refused(data, "compressed")


def test_kinds_and_versions(whole, tmp_path):
    def of(**changes):
        members = {**whole, "metadata.json": json.dumps({**json.loads(whole["metadata.json"]), **changes}).encode()}
        return packed(members)

    load_model(io.BytesIO(of()))
    refused(of(format_version=2), "update chainrule")
    for version in (0, -1, 1.5, True, "1", None, [1], 10**30):
        refused(of(format_version=version), "version")
    refused(of(format="zip"), "does not name the format")
    refused(of(kind="checkpoint"), "checkpoint, not a model")
    for data in (b"", b"null", b"[]", b"\xff", b"[" * 100_000):
        refused(packed({**whole, "metadata.json": data}))
    model = trained_one()
    model.save_checkpoint(tmp_path / "c.chainrule")
    with pytest.raises(ValueProblem, match="checkpoint, not a model"):
        load_model(tmp_path / "c.chainrule")
    model.save(tmp_path / "m.checkpoint.chainrule")
    with pytest.raises(ValueProblem, match="model, not a checkpoint"):
        model.load_checkpoint(tmp_path / "m.checkpoint.chainrule")
    (tmp_path / "folder.chainrule").mkdir()
    for name in ("folder.chainrule", "gone.chainrule"):
        with pytest.raises(ValueProblem, match="check the path"):
            load_model(tmp_path / name)


def test_files_cut_off_or_damaged(whole):
    data = packed(whole)
    for n in range(0, len(data), 10):
        refused(data[:n])


@settings(max_examples=300)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_harmless(place, bit):
    data = bytearray(FLIPPED)
    data[int(place * len(data))] ^= 1 << bit
    try:
        model = load_model(io.BytesIO(bytes(data)))
    except ChainruleError:
        return
    same(model, FLIPPED_MODEL)  # times, attributes of members and the like


FLIPPED_MODEL = Sequential([Input((2,)), Dense(2)])
FLIPPED = packed(parts(FLIPPED_MODEL))


@settings(max_examples=300)
@given(data=st.binary(max_size=300), member=st.sampled_from(["metadata.json", "structure.json", "weights.safetensors"]))
def test_any_bytes_as_a_member_are_refused(data, member):
    refused(packed({**parts(FLIPPED_MODEL), member: data}))


def described(change, make=sequential, compiled=False):
    """A file whose description was changed after it was written."""
    model = make()
    if compiled:
        model.compile("adam", "mse", metrics=["mae"])
    members = parts(model)
    name = "compile.json" if compiled else "structure.json"
    result = json.loads(members[name])
    result = change(result if compiled else result["model"]["config"]) or result
    return packed({**members, name: json.dumps(result).encode()})


def setting(*path):
    """A change of what stands at `path`, the value last."""

    def change(config):
        for key in path[:-2]:
            config = config[key]
        config[path[-2]] = path[-1]

    return change


def thing(name, module="layers", **config):
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


NAMED = {"class_name": "function", "module": "", "config": "os.system", "registered_name": None}
WRONG = {
    "an unknown class": (setting("layers", 1, thing("Dence", units=5)), "unknown name 'Dence'"),
    "a module's name": (setting("layers", 1, thing("system", "os")), "unknown name 'system'"),
    "a name that is a list": (setting("layers", 1, "registered_name", ["a"]), None),
    "a function of Python's": (setting("layers", 1, "config", "activation", NAMED), "os.s"),
    "a loss for a layer": (setting("layers", 1, thing("MeanSquaredError", "losses")), "MeanSquaredError"),
    "a layer for an initializer": (setting("layers", 1, "config", "kernel_initializer", thing("Flatten")), "Flatten"),
    "a loss for a regularizer": (
        setting("layers", 1, "config", "kernel_regularizer", thing("MeanSquaredError", "losses")), "MeanSquaredError"),
    "a function for a class": (setting("layers", 1, thing("relu", "activations")), "relu"),
    "a class for a function": (setting("layers", 1, "config", "activation", "Dense"), "activation 'Dense'"),
    "an object of no config": (setting("layers", 1, "config", None), None),
    "a word for a number": (setting("layers", 1, "config", "units", "five"), None),
    "a negative size": (setting("layers", 1, "config", "units", -5), None),
    "a float for a size": (setting("layers", 1, "config", "units", 5.5), None),
    "an unknown argument": (setting("layers", 1, "config", "colour", 1), "colour"),
    "huge units": (setting("layers", 1, "config", "units", 10**12), "too few numbers"),
    "units beyond every machine": (setting("layers", 1, "config", "units", 10**400), "too few numbers"),
    "more units than numbers": (setting("layers", 1, "config", "units", 1000), "too few numbers"),
    "a huge input": (setting("layers", 0, "config", "batch_shape", [None, 10**12]), "too few numbers"),
    "a negative input": (setting("layers", 0, "config", "batch_shape", [None, -4]), None),
    "other units": (setting("layers", 1, "config", "units", 4), None),
    "an unknown policy": (setting("dtype", "float31"), None),
    "layers that are a word": (setting("layers", "Dense"), None),
    "layers that are a number": (setting("layers", 5), None),
    "an unknown dtype of an array": (
        setting("layers", 1, "config", "units", thing("__numpy__", "", value=1, dtype="U999999")), "dtype"),
    "no layers": (lambda config: config.clear(), None),
}  # fmt: skip


@pytest.mark.parametrize("why", WRONG)
def test_wrong_descriptions_are_refused(why):
    change, match = WRONG[why]
    refused(described(change), match)


FUNCTIONAL_WRONG = {
    "a reference ahead": (setting("nodes", 1, "inputs", [7]), "number 7"),
    "a reference to itself": (setting("nodes", 1, "inputs", [1]), "number 1"),
    "a reference from the end": (setting("nodes", 1, "inputs", [-1]), "number -1"),
    "a reference that is a word": (setting("nodes", 1, "inputs", ["a"]), "number 'a'"),
    "a reference that is a truth": (setting("nodes", 1, "inputs", [False]), "number False"),
    "an output that is not there": (setting("output_layers", 1000), "number 1000"),
    "an input that is not there": (setting("input_layers", -3), "number -3"),
    "a layer that is not there": (setting("nodes", 1, "layer", 99), "number 99"),
    "an argument that is not there": (setting("nodes", 1, "args", [{"tensor": 3}]), "number 3"),
    "no nodes": (setting("nodes", []), None),
    "nodes that are a word": (setting("nodes", "abc"), None),
    "an unknown operation": (setting("nodes", 1, {"operation": "system", "inputs": [0], "attributes": {}}), "system"),
    "a wrong attribute": (
        setting("nodes", 1, {"operation": "sum", "inputs": [0], "attributes": {"axis": "x"}}), None),
    "an operation of constants": (
        lambda config: config["nodes"].__setitem__(slice(1, 1), [
            {"constant": {"class_name": "__numpy__", "config": {"value": 1.0, "dtype": "float32"}}, "weak": False},
            {"operation": "broadcast_to", "inputs": [1], "attributes": {"shape": [10**12]}},
        ]), "constants only"),
    "a loss among the layers": (setting("layers", 1, thing("MeanSquaredError", "losses")), "MeanSquaredError"),
}  # fmt: skip


def two_dense():
    x = Input((4,))
    return Model(x, Dense(2)(Dense(3)(x)))


@pytest.mark.parametrize("why", FUNCTIONAL_WRONG)
def test_wrong_graphs_are_refused(why):
    change, match = FUNCTIONAL_WRONG[why]
    refused(described(change, two_dense), match)


COMPILE_WRONG = {
    "an unknown loss": setting("loss", "mean_square_error"),
    "a layer for a loss": setting("loss", thing("Flatten")),
    "a layer for an optimizer": setting("optimizer", thing("Flatten")),
    "another optimizer": setting("optimizer", thing("SGD", "optimizers", learning_rate=0.1, momentum=0.9)),
    "an unknown argument": setting("colour", 1),
    "an unknown engine": setting("engine", "steam"),
    "a rate that is a word": setting("optimizer", "config", "learning_rate", "fast"),
    "a list": lambda config: [1],
}


@pytest.mark.parametrize("why", COMPILE_WRONG)
def test_wrong_ways_to_compile_are_refused(why):
    members = parts(trained_one())
    result = json.loads(members["compile.json"])
    result = COMPILE_WRONG[why](result) or result
    data = packed({**members, "compile.json": json.dumps(result).encode()})
    refused(data)
    load_model(io.BytesIO(data), compile=False)


def test_structures_nested_without_end():
    members = parts(FLIPPED_MODEL)
    for deep in (900, 100_000):
        nested = b'{"model":' + b'{"class_name":"Sequential","module":"models","config":{"layers":[' * deep
        refused(packed({**members, "structure.json": nested + b"]}}" * deep + b"}"}))
    shared = {"class_name": "Sequential", "module": "models", "config": {"layers": []}}
    for _ in range(300):
        shared = {"class_name": "Sequential", "module": "models", "config": {"layers": [shared]}}
    refused(packed({**members, "structure.json": json.dumps({"model": shared}).encode()}))


@settings(max_examples=150)
@given(data=st.data())
def test_any_value_anywhere_in_a_description_is_refused_or_harmless(data):
    members = parts(FLIPPED_MODEL)
    result = json.loads(members["structure.json"])
    places = list(walk(result))
    holder, key = data.draw(st.sampled_from(range(len(places))).map(places.__getitem__))
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["class_name", "config"]), inner),
        max_leaves=5,
    )  # fmt: skip
    holder[key] = data.draw(anything)
    try:
        model = load_model(io.BytesIO(packed({**members, "structure.json": json.dumps(result).encode()})))
    except ChainruleError:
        return
    same(model, FLIPPED_MODEL)


def walk(x):
    for key, value in x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ():
        yield x, key
        yield from walk(value)


def test_a_constructor_of_the_callers_that_fails_is_named():
    class Broken(layers.Layer):
        def __init__(self, size=3, **kwargs):
            super().__init__(**kwargs)
            if size != 3:
                raise RuntimeError("only 3")

        def call(self, inputs):
            return inputs

    file = packed(parts(Sequential([Input((4,)), Broken(), Dense(2)])))
    load_model(io.BytesIO(file), custom_objects={"Broken": Broken})
    broken = described(setting("layers", 1, "config", "size", 4), lambda: Sequential([Input((4,)), Broken(), Dense(2)]))
    with pytest.raises(ValueProblem, match="only 3") as caught:
        load_model(io.BytesIO(broken), custom_objects={"Broken": Broken})
    assert isinstance(caught.value.__cause__, RuntimeError)


if __name__ == "__main__":  # writes what is kept: to be run for a new format version, never over an old file
    kept().save(DATA / f"model_v{saving.archive.VERSION}.chainrule", overwrite=False)
