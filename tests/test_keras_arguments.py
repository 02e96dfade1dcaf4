"""Every documented argument of Keras's names is taken with a value other than its default, and heeded.

`argument_cases` has the values. What has no effect, and what is refused, is listed there with the reason, and in
docs/keras.md.
"""

import json
import os
import re
from pathlib import Path

import jax
import numpy as np
import pytest

import argument_cases as cases
import chainrule
from chainrule.core.errors import ChainruleError
from parity import state

HERE = Path(__file__).parent
SIGNATURES = json.loads((HERE / "keras_signatures.json").read_text())


def owner(package, module):
    for part in module.split("."):
        package = getattr(package, part)
    return package


def optional(module, name):
    """The documented arguments that have a default."""
    return [n for n, default in SIGNATURES[f"keras.{module}"][name] or [] if default is not None]


def numbers(result, package):
    """What a call returned, as arrays."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        return [a for part in result for a in numbers(part, package)]
    return [np.asarray(package.ops.convert_to_numpy(result))]


def fingerprint(parts):
    """Something that is equal for what shows no difference."""
    return [(p.shape, str(p.dtype), p.tobytes()) if isinstance(p, np.ndarray) else p for p in parts]


def call(package, module, name, required, passed):
    """Call a function, its required arguments by name where it takes names."""
    function = getattr(owner(package, module), name)
    if name == "vectorize":
        return numbers(function(*required, **passed)(cases.X, cases.V[:3]), package)
    names = [n for n, _ in SIGNATURES[f"keras.{module}"][name] if not n.startswith("*")]
    if len(required) > len(names):  # meshgrid takes any number
        return numbers(function(*required, **passed), package)
    return numbers(function(**{**dict(zip(names, required, strict=False)), **passed}), package)


def layer(package, name, x, required, passed):
    package.utils.set_random_seed(0)
    made = getattr(package.layers, name)(*required, **passed)
    if (name == "Discretization" and passed.get("num_bins")) or (name == "Normalization" and "mean" not in passed):
        made.adapt(np.asarray(x))
    parts = []
    for training in (False, True):
        try:
            output = made(x, training=training)
        except TypeError:  # a layer that has no such mode
            output = made(x)
        parts += numbers(output, package)
    mask = getattr(output, "_keras_mask" if package is not chainrule else "_mask", None)
    parts += [] if mask is None else numbers(mask, package)
    for v in made.weights:
        parts += [v.name, np.asarray(v), v.trainable, v.regularizer is None, v.constraint is None]
    return [*parts, *map(float, made.losses), made.name if "name" in passed else "", str(made.dtype)]


def loss(package, name, data, required, passed):
    made = getattr(package.losses, name)(*required, **passed)
    result = made(*data)
    return [*numbers(result, package), made.name, str(made.dtype)]


def metric(package, name, data, required, passed):
    data = list(data)
    for i, argument in enumerate(("y_true", "y_pred")):
        if argument in passed:
            data[i] = passed[argument]
    made = getattr(package.metrics, name)(*required, **{k: v for k, v in passed.items() if not k.startswith("y_")})
    made.update_state(*data)
    return [*numbers(made.result(), package), made.name if "name" in passed else "", str(made.dtype)]


def optimizer(package, name, data, required, passed):
    made = getattr(package.optimizers, name)(**passed)
    initial = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
    variables = [package.Variable(initial, name="kernel"), package.Variable(initial[:2] * 3, name="embeddings")]
    for v in variables:
        v.path = f"layer/{v.name}"
    made.build(variables)
    for step in range(6):
        slopes = [np.cos(v * (step + 1.5)) * (1 + step % 3) for v in (initial, initial[:2])]
        made.apply([package.ops.convert_to_tensor(g.astype("float32")) for g in slopes], variables)
    made.finalize_variable_values(variables)
    scaled = numbers(made.scale_loss(package.ops.convert_to_tensor(3.0)), package)
    return [*(np.asarray(package.ops.convert_to_numpy(v)) for v in variables), *scaled, made.name]


def schedule(package, name, data, required, passed):
    made = getattr(package.optimizers.schedules, name)(*required, **passed)
    rates = [numbers(made(step), package)[0] for step in range(7)]
    return [*rates, made.name if "name" in passed else ""]


def initializer(package, name, data, required, passed):
    package.utils.set_random_seed(0)
    return numbers(
        getattr(package.initializers, name)(**passed)((4, 4, 6) if "axes" in str(passed) else (4, 6)), package
    )


def penalty(package, name, data, required, passed):
    module, name = name.split(".")
    thing = getattr(getattr(package, module), name)
    if module == "activations":
        return numbers(thing(**{"x": cases.X, **passed}), package)
    return numbers(thing(**passed)(package.ops.convert_to_tensor(3 * cases.X)), package)


def trials():
    """(module, name, argument, text of its value and what goes with it, a function from package and keywords)."""
    for default, table in (
        ("ops", cases.TABLES["OPS"]),
        ("random", cases.TABLES["RANDOM"]),
        ("", cases.TABLES["FUNCTIONS"]),
    ):
        for full, (required, tried) in cases.parsed(table).items():
            module, name = (default, full) if default else full.split(".")
            values = {text.split("=")[0]: text for text in tried}

            def run(package, passed, module=module, name=name, required=required):
                return call(package, module, name, cases.positional(required, package), passed)

            yield module, name, values, run
    tables = [
        ("layers", cases.TABLES["LAYERS"], layer),
        ("losses", cases.TABLES["LOSSES"], loss),
        ("metrics", cases.TABLES["METRICS"], metric),
    ]
    tables += [
        ("optimizers", cases.TABLES["OPTIMIZERS"], optimizer),
        ("optimizers.schedules", cases.TABLES["SCHEDULES"], schedule),
    ]
    tables += [("initializers", cases.TABLES["INITIALIZERS"], initializer), ("", cases.TABLES["PENALTIES"], penalty)]
    for module, table, probe in tables:
        for line in table.strip().splitlines():
            full, _, rest = line.partition(":")
            data, *columns = [column.strip() for column in rest.split("|")]
            if probe in (schedule,):
                data, columns = "", [data, *columns]
            required = columns.pop(0) if columns and not re.match(r"\w+=", columns[0]) else ""
            values = {text.split("=")[0]: text for text in columns}
            owner_name, _, name = full.rpartition(".")
            for argument in optional(module or owner_name, name):
                if argument not in values and argument in cases.COMMON:
                    values[argument] = f"{argument}={cases.COMMON[argument]}"

            def run(package, passed, probe=probe, full=full, data=data, required=required):
                names = {**cases.NAMES, "k": package}
                arrays = eval(data, names) if data else None
                if probe in (loss, metric) and not isinstance(arrays, tuple):
                    arrays = (arrays,)
                return probe(package, full, arrays, cases.positional(required, package) if required else [], passed)

            yield module or owner_name, name, values, run


TRIALS = {f"{module}.{name}": (values, run) for module, name, values, run in trials()}
SINGLE = [(name, argument) for name, (values, _) in TRIALS.items() for argument in values]


def split(name, argument, package):
    """The keywords of a trial, with the argument and without it."""
    passed = cases.arguments(TRIALS[name][0][argument], package)
    return passed, {k: v for k, v in passed.items() if k != argument}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "argument"), SINGLE)
def test_an_argument_is_heeded(name, argument):
    passed, others = split(name, argument, chainrule)
    run = TRIALS[name][1]
    if argument in cases.REFUSED.get(name, ()):
        with pytest.raises(ChainruleError, match="To mend it"):
            run(chainrule, passed)
        return
    result = fingerprint(run(chainrule, passed))
    try:
        before = fingerprint(run(chainrule, others))
    except ChainruleError:  # it was needed
        before = None
    assert (result == before) == (argument in cases.INERT.get(name, ()))


MODULES = """ops random layers losses metrics optimizers optimizers.schedules initializers regularizers constraints
activations""".split()
FOLDERS = {"callbacks": "callbacks", "utils": "utils", "saving": "saving", "models": "models"}


def documented():
    """(module, name, argument) of all that Keras documents and that is here, each object once."""
    objects = set()
    for module in [*MODULES, *FOLDERS]:
        for name in sorted(SIGNATURES[f"keras.{module}"], key=lambda n: f"{module}.{n}" not in TRIALS):
            thing = getattr(owner(chainrule, module), name, None)
            if thing is not None and id(thing) not in objects and name not in ("deserialize", "serialize"):
                objects.add(id(thing))
                yield from ((module, name, argument) for argument in optional(module, name))


def test_every_documented_argument_is_tried():
    """Here, or by its name in the tests of its package."""
    texts = {
        module: "".join(
            p.read_text()
            for folder in (name, "callbacks", "serialization", "training", "draw")
            for p in (HERE / folder).glob("*.py")
        )
        for module, name in FOLDERS.items()
    }
    untried = []
    for module, name, argument in documented():
        full = f"{module}.{name}"
        here = argument in TRIALS.get(full, ({},))[0] or argument in cases.SHOWN.get(full, ())
        listed = any(argument in table.get(full, ()) for table in (cases.REFUSED, cases.INERT))
        there = module in texts and re.search(rf"\b{argument}(=|\"|\b.*\.split\(\))", texts[module])
        if not (here or listed or there):
            untried.append(f"{full}({argument})")
    assert untried == []


SHOWN = [(name, argument) for name in cases.SHOWN for argument in cases.SHOWN[name]]


@pytest.mark.parametrize(("name", "argument"), SHOWN)
def test_an_argument_is_shown(name, argument):
    assert eval(cases.SHOWN[name][argument], {**cases.NAMES, "k": chainrule})


REFUSED = [(n, a) for n in cases.REFUSED for a in cases.REFUSED[n] if a not in TRIALS.get(n, ({},))[0]]


@pytest.mark.parametrize(("name", "argument"), REFUSED)
def test_what_is_refused_is_named(name, argument):
    module, _, thing = name.rpartition(".")
    model = chainrule.Sequential([chainrule.Input((2,)), chainrule.layers.Dense(1)])
    required = {
        "Dense": {"units": 2}, "Embedding": {"input_dim": 2, "output_dim": 2}, "clone_model": {"model": model},
        "save_model": {"model": model, "filepath": "m"}, "save_weights": {"model": model, "filepath": "m"},
        "deserialize_keras_object": {"config": {}},
    }.get(thing, {"shape": (3,)})  # fmt: skip
    with pytest.raises((ChainruleError, TypeError), match=f"To mend it|{argument}"):
        getattr(owner(chainrule, module), thing)(**required, **{argument: False if argument == "zipped" else 1})


def test_what_is_refused_is_different_on_the_page():
    for full in cases.REFUSED:
        module, _, name = full.rpartition(".")
        assert state(f"keras.{module}", name, SIGNATURES[f"keras.{module}"][name])[0] == "different", full


# ---- beside Keras

# the trials whose values are not Keras's, and why
OTHERWISE = {
    "ops.svd": "the largest entry of each vector is positive",
    "ops.multi_hot": "labels of an example are joined along any axis",
    "ops.sparsemax": "along the axis that is asked for",
    "activations.sparsemax": "along the axis that is asked for",
    "metrics.SparseCategoricalCrossentropy": "entries of the ignored class do not count in the mean",
    "ops.empty": "no values are promised", "ops.empty_like": "no values are promised",
}  # fmt: skip


# layers and optimizers are compared in their own tests, and take Keras long
BESIDE_KERAS = [
    (name, argument)
    for name, argument in SINGLE
    if not name.startswith(("layers.", "random.", "optimizers.")) or name.startswith("optimizers.schedules.")
]


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    result = pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")
    jax.config.update("jax_enable_x64", False)  # as Keras runs it
    yield result
    jax.config.update("jax_enable_x64", True)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "argument"), BESIDE_KERAS)
def test_values_are_keras(keras, name, argument):
    if argument in cases.REFUSED.get(name, ()) or name in OTHERWISE:
        pytest.skip("refused, or otherwise on purpose")
    run = TRIALS[name][1]
    try:
        theirs = run(keras, split(name, argument, keras)[0])
    except Exception as error:  # some arguments are not supported on JAX
        pytest.skip(f"Keras refuses it: {error!r:.80}")
    ours = run(chainrule, split(name, argument, chainrule)[0])
    random = name.startswith(("initializers", "layers")) and not name.startswith(
        ("initializers.Con", "initializers.Id")
    )
    assert len(ours) == len(theirs)
    if "IoU" in name:  # whose state is of whole numbers in Keras
        ours, theirs = ours[:-1], theirs[:-1]
    for a, b in zip(ours, theirs, strict=True):
        if not isinstance(a, np.ndarray):
            assert a == b
            continue
        assert a.shape == b.shape
        if not random:
            half = "float16" in (str(a.dtype), str(b.dtype))
            a, b = a.astype("float64"), b.astype("float64")
            rounding = a.size * 2.0**-11 * np.abs(b).max(initial=0.0)  # Keras adds float16 in float16
            np.testing.assert_allclose(a, b, rtol=5e-3 if half else 2e-4, atol=rounding if half else 1e-5)
