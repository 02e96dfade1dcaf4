"""Model files that are not as they were written are refused with the reason."""

import io
import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import layers, ops
from chainrule.core.errors import ChainruleError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential
from chainrule.saving import load_model, save_model
from saving_cases import same, sequential, trained


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


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["class_name", "config"]), inner),
    max_leaves=5,
)


def with_any_value(data, members):
    """The file with something else somewhere in its description."""
    result = json.loads(members["structure.json"])
    places = list(walk(result))
    holder, key = data.draw(st.sampled_from(range(len(places))).map(places.__getitem__))
    holder[key] = data.draw(ANYTHING)
    return packed({**members, "structure.json": json.dumps(result).encode()})


@settings(max_examples=150)
@given(data=st.data())
def test_any_value_anywhere_in_a_description_is_refused_or_harmless(data):
    try:
        model = load_model(io.BytesIO(with_any_value(data, parts(FLIPPED_MODEL))))
    except ChainruleError:
        return
    same(model, FLIPPED_MODEL)


def calling_functions():
    x = Input((6,))
    first, second = ops.split(ops.softmax(ops.tile(x, (1, 2))), 2, axis=1)
    return Model(x, Dense(2)(ops.concatenate([ops.max(first, axis=1, keepdims=True), second[:, 1:]], axis=1)))


@settings(max_examples=150)
@given(data=st.data())
def test_any_value_in_a_call_of_a_function_is_refused_or_makes_a_model(data):
    try:
        model = load_model(io.BytesIO(with_any_value(data, parts(calling_functions()))))
    except ChainruleError:
        return
    assert isinstance(model, Model)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("function", "eval"),
        ("function", "__import__"),
        ("function", ["tile"]),
        ("function", None),
        ("composite", "tanh"),
        ("composite", "no such operation"),
        ("inputs", [7]),
        ("inputs", [-1]),
        ("args", [{"tensor": 5}]),
        ("args", [1]),
        ("kwargs", {"nonsense": 1}),
    ],
)
def test_wrong_calls_of_functions_are_refused(kind, value):
    members = parts(calling_functions())
    result = json.loads(members["structure.json"])
    node = next(n for n in nodes_of(result) if "function" in n)
    node[kind] = value
    if kind == "composite":
        del node["function"]
    refused(packed({**members, "structure.json": json.dumps(result).encode()}))


def nodes_of(x):
    nodes = x.get("nodes") if isinstance(x, dict) else None
    if nodes is not None:
        return nodes
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, list) else ()
    return [node for part in parts for node in nodes_of(part)]


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
