"""Tensors in place of the numbers among a function's arguments: their gradient arrives, or an error says why not."""

import itertools

import numpy as np
import pytest

import chainrule as cr
import symbolic_function_cases
from chainrule import ops
from chainrule.core.errors import ChainruleError
from symbolic_cases import Cases, leaves, put_in
from symbolic_parameters import QUICK

PAIR, OTHERS = np.array([0.5, 2.0]), np.array([3.0, 4.5])
IMAGE, RANDOM = np.linspace(0.0, 1.0, 9).reshape(3, 3, 1), np.random.default_rng(0)
SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
TRANSFORM = np.array([1.0, 0.1, 0.2, 0.1, 1.0, 0.1, 0.0, 0.0])
DOUBLE = {"dtype": "float64"}

# functions that make numbers, and arguments that the other cases leave at their defaults
CASES = Cases("ops")
CASES.add("linspace", 0.5, 2.0, 3, **DOUBLE)
CASES.add("linspace", 0.5, 2.0, 4, endpoint=False, retstep=True, **DOUBLE)
CASES.add("linspace", PAIR, OTHERS, 3, axis=-1, **DOUBLE)
CASES.add("linspace", PAIR, 2.0, 1, **DOUBLE)
CASES.add("logspace", 0.5, 2.0, 3, base=3.0, **DOUBLE)
CASES.add("logspace", PAIR, OTHERS, 3, **DOUBLE)
CASES.add("geomspace", 0.5, 2.0, 3, **DOUBLE)
CASES.add("geomspace", -0.5, -2.0, 3, endpoint=False, **DOUBLE)
CASES.add("geomspace", PAIR, OTHERS, 3, axis=1, **DOUBLE)
CASES.add("arange", 0.5, 4.2, 0.7, **DOUBLE)
CASES.add("full", (2,), 0.75, **DOUBLE)
CASES.add("full_like", PAIR, 0.75)
CASES.add("kaiser", 5, 2.5)
CASES.add("meshgrid", PAIR, OTHERS)
for name in "bartlett blackman hamming hanning".split():
    CASES.add(name, 4)
for name in "eye identity tri".split():
    CASES.add(name, 3)
CASES.add("zeros", (2, 3))
CASES.add("ones", (2, 3))
for name in "leaky_relu elu celu".split():
    CASES.add(name, -PAIR, 0.3)
    CASES.add(name, -PAIR, 0.0 if name == "leaky_relu" else 1.0)
CASES.add("squareplus", PAIR, 3.0)
CASES.add("layer_normalization", PAIR, epsilon=0.1)
CASES.add("rms_normalization", PAIR, epsilon=0.1)
CASES.add("batch_normalization", PAIR[None], OTHERS, OTHERS, -1, epsilon=0.1)
CASES.add("norm", PAIR, 3.5)
CASES.add("norm", PAIR, 2.0)
CASES.add("normalize", PAIR, order=3.0, epsilon=1e-3)
CASES.add("clip", PAIR, 0.75, 1.5)
CASES.add("nan_to_num", np.array([np.nan, np.inf, -np.inf]), nan=0.5, posinf=1.5, neginf=2.5)
CASES.add("threshold", PAIR, 1.0, 0.3)
CASES.add("hard_shrink", PAIR, 1.0)
CASES.add("soft_shrink", PAIR, 1.0)
CASES.add("quantile", PAIR, 0.3)
CASES.add("percentile", PAIR, 30.0)
CASES.add("trapezoid", PAIR, dx=0.3)
CASES.add("pad", PAIR, 1, constant_values=0.3)
CASES.add("average", PAIR, weights=OTHERS)
CASES.add("isclose", PAIR, OTHERS, rtol=0.5, atol=0.2)
CASES.add("max", PAIR, initial=3.5)
CASES.add("min", PAIR, initial=0.3)
CASES.add("psnr", PAIR, OTHERS, max_val=2.0)
CASES.add("pinv", np.array([[1.0, 2.0], [0.0, 3.0]]), rcond=1e-3)
CASES.add("lstsq", np.array([[1.0, 2.0], [0.0, 3.0], [1.0, 1.0]]), np.ones(3), rcond=1e-3)
CASES.add("histogram", PAIR, 3, (-0.5, 0.75))
CASES.add("dot_product_attention", *RANDOM.normal(size=(3, 1, 2, 1, 3)), scale=0.7)
CASES.add("adam_update", PAIR, OTHERS, OTHERS, OTHERS, 0.1, 0.2, 0.3, 0.4)
CASES.add("momentum_update", PAIR, OTHERS, OTHERS, 0.1, 0.3)
CASES.add("image.affine_transform", IMAGE, TRANSFORM, fill_value=0.5)
CASES.add("image.perspective_transform", IMAGE, SQUARE, SQUARE + RANDOM.normal(size=(4, 2)) / 9, fill_value=0.5)
CASES.add("image.resize", IMAGE, (4, 5), pad_to_aspect_ratio=True, fill_value=0.5)
CASES.add("image.map_coordinates", IMAGE[..., 0], [[-0.5, 1.2], [0.3, 0.8]], 1, "constant", fill_value=0.5)
CASES.add("image.gaussian_blur", IMAGE, kernel_size=(3, 3), sigma=(0.7, 0.9))
CASES.add("image.pad_images", IMAGE, 1, 1, target_height=5, target_width=5)
CASES.add("image.ssim", *RANDOM.uniform(size=(2, 1, 12, 12, 1)), max_val=1.5)

ACTIVATIONS = Cases("activations")
ACTIVATIONS.add("relu", -PAIR, 0.3, 6.0, 0.1)
ACTIVATIONS.add("relu", -PAIR, 0.0)
ACTIVATIONS.add("relu", PAIR, 0.1, 1.0)
ACTIVATIONS.add("elu", -PAIR, alpha=0.3)
ACTIVATIONS.add("threshold", PAIR, 1.0, 0.3)

TRUE, PREDICTED = np.array([[0.25, 0.75], [0.9, 0.1]]), np.array([[0.2, 0.7], [0.6, 0.3]])
LOSSES = Cases("losses")
LOSSES.add("binary_crossentropy", TRUE, PREDICTED, label_smoothing=0.1)
LOSSES.add("binary_focal_crossentropy", TRUE, PREDICTED, True, alpha=0.3, gamma=1.5, label_smoothing=0.1)
LOSSES.add("categorical_crossentropy", TRUE, PREDICTED, label_smoothing=0.1)
LOSSES.add("categorical_focal_crossentropy", TRUE, PREDICTED, alpha=0.3, gamma=1.5, label_smoothing=0.1)
LOSSES.add("categorical_generalized_cross_entropy", np.array([1, 0]), PREDICTED, 0.3)
LOSSES.add("huber", TRUE, 3 * PREDICTED, delta=0.3)
LOSSES.add("tversky", TRUE, PREDICTED, alpha=0.3, beta=0.6)
LOSSES.add("dice", TRUE, PREDICTED)
LOSSES.add("poisson", TRUE, PREDICTED)
LOSSES.add("log_cosh", TRUE, PREDICTED)

DRAWS = Cases("random")
DRAWS.add("normal", (2,), 0.3, 0.8, dtype="float64", seed=1)
DRAWS.add("uniform", (2,), 0.3, 0.8, dtype="float64", seed=1)
DRAWS.add("truncated_normal", (2,), 0.3, 0.8, dtype="float64", seed=1)
DRAWS.add("dropout", PAIR, 0.3, seed=1)

STEP = 1e-5
NO_DIFFERENCE = {"get_item": "its cases index an array of NumPy's", "while_loop": "the number of iterations jumps"}


def paths(tree, path=()):
    """The path and value of each leaf of nested arguments."""
    if isinstance(tree, dict | list | tuple):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from paths(value, (*path, key))
    else:
        yield path, tree


def replaced(tree, path, value):
    """The nested arguments with another value for one leaf."""
    if not path:
        return value
    if isinstance(tree, dict):
        return {k: replaced(v, path[1:], value) if k == path[0] else v for k, v in tree.items()}
    return type(tree)(replaced(v, path[1:], value) if i == path[0] else v for i, v in enumerate(tree))


def weighted_sum(result):
    """A number that depends on every entry of the result that varies."""
    tensors = [ops.convert_to_tensor(leaf) for leaf in leaves(result)]
    floats = [t for t in tensors if t.dtype.kind == "f"]
    weights = [np.random.default_rng(i).normal(size=t.shape).astype(t.dtype) for i, t in enumerate(floats)]
    return sum((ops.sum(t * w) for t, w in zip(floats, weights, strict=True)), ops.zeros((), "float64"))


def arguments(case):
    """The arguments of a case with arrays in float64 for its inputs."""
    arrays = case.arrays(case.shapes())
    wide = [x.astype("float64") if x.dtype == "float32" else x for x in arrays]
    return put_in([list(case.args), case.options], iter(wide))


def numbers():
    """Each number among the arguments of each case: the case, the path, its value."""
    tables = [symbolic_function_cases.CASES, symbolic_function_cases.RANDOM, CASES, ACTIVATIONS, LOSSES, DRAWS]
    for table in tables:
        for key, case in table.items():
            name, _, number = key.rpartition("-")
            if name in NO_DIFFERENCE or (table is symbolic_function_cases.CASES and int(number) >= QUICK):
                continue
            for path, value in paths([list(case.args), case.options]):
                is_number = isinstance(value, int | float | np.ndarray) and np.asarray(value).dtype.kind in "if"
                is_number = is_number and not (isinstance(value, np.ndarray) and value.dtype.kind == "i")  # labels
                if is_number and path != (1, "seed"):
                    yield pytest.param(case, path, value, id=f"{case.name}-{number}-{path[-1]}")


@pytest.fixture
def double():
    """float64 is the default, so that differences are exact enough."""
    cr.config.set_floatx("float64")
    yield
    cr.config.set_floatx("float32")


@pytest.mark.usefixtures("double")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("case", "path", "value"), list(numbers()))
def test_a_tensor_for_a_number_has_its_gradient_or_is_refused(case, path, value):
    given = arguments(case)
    number = np.asarray(value, "float64")
    direction = np.random.default_rng(7).normal(size=number.shape)

    def evaluate(leaf):
        args, options = replaced(given, path, leaf)
        function = cr
        for part in case.name.split("."):
            function = getattr(function, part)
        return weighted_sum(case.call(function, *args, **options) if case.call else function(*args, **options))

    try:
        gradient = cr.grad(evaluate)(cr.tensor(number)).numpy()
    except ChainruleError:
        return
    after, before = (float(evaluate(number + sign * STEP * direction)) for sign in (1, -1))
    expected = (after - before) / (2 * STEP)
    assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [  # by hand: each with a number in place of an argument that must not become a constant
        (lambda x: (x * ops.linspace(0.0, x, 3)).sum(), 3.0, 9.0),  # x (0 + x/2 + x)
        (lambda x: ops.logspace(0.0, x, 2, base=2.0).sum(), 3.0, 8 * np.log(2)),
        (lambda x: ops.geomspace(1.0, x, 3).sum(), 4.0, 0.25 + 1),  # 1 + sqrt(x) + x
        (lambda x: ops.arange(0.0, 1.0, x).sum(), 0.4, 3.0),  # 0 + x + 2x
        (lambda x: ops.full((3,), x).sum(), 2.0, 3.0),
        (lambda x: ops.leaky_relu(-2.0, x), 0.0, -2.0),
        (lambda x: cr.activations.relu(-2.0, x), 0.0, -2.0),
        (lambda x: ops.elu(-1.0, x), 1.0, np.expm1(-1)),
        (lambda x: ops.squareplus(0.0, x), 4.0, 0.125),  # sqrt(x)/2
        (lambda x: ops.clip(5.0, 0.0, x), 2.0, 1.0),
        (lambda x: ops.clip(5.0, x, 9.0), 2.0, 0.0),
    ],
)
@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_gradients_of_arguments(function, value, expected, engine):
    gradient = cr.grad(function)
    if engine == "compiled":
        gradient = cr.compile(gradient)
        if "arange" in function.__code__.co_names:
            with pytest.raises(ChainruleError, match="symbolic"):  # how many points there are depends on it
                gradient(cr.tensor(value))
            return
    assert float(gradient(cr.tensor(value, "float64"))) == pytest.approx(expected, rel=1e-6)
    assert float(cr.grad(lambda x: function(x))(cr.tensor(value, "float64"))) == pytest.approx(expected, rel=1e-6)


def test_a_variable_as_slope_is_trained():
    slope = cr.Variable(0.3)
    y = ops.sum(ops.leaky_relu([-1.0, 2.0, -4.0], negative_slope=slope))
    assert cr.gradients(y, [slope])[0].item() == -5.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: ops.norm([1.0, 2.0], t), "order of a norm"),
        (lambda t: ops.softmax([1.0, 2.0], axis=t), "no operand"),
        (lambda t: ops.pinv([[1.0]], t), "'rcond' of pinv"),
        (lambda t: ops.histogram([1.0, 2.0], 2, (0.0, t)), "range of a histogram"),
        (lambda t: ops.reshape([1.0, 2.0], (t, 1)), "shape"),
    ],
)
def test_arguments_without_a_gradient_refuse_a_tensor_that_has_one(call, words):
    with pytest.raises(ChainruleError, match=words):
        cr.grad(lambda x: ops.sum(call(x)) * x)(cr.tensor(2.0))


def test_a_tensor_without_a_gradient_is_a_number():
    assert ops.norm([3.0, 4.0], cr.tensor(2.0)).item() == 5.0
    assert ops.reshape([1.0, 2.0], (cr.tensor(2), 1)).shape == (2, 1)
    stopped = lambda x: x * ops.norm([3.0, 4.0], ops.stop_gradient(x))
    assert cr.grad(stopped)(cr.tensor(2.0)).item() == 5.0


def test_every_function_with_arguments_is_in_a_table():
    names = set(itertools.chain(symbolic_function_cases.CASES.names(), CASES.names()))
    answers = {"convert_to_numpy", "dtype", "is_tensor", "ndim", "shape", "size", "image", "nonzero", "unique", "empty"}
    assert set(ops.__all__) - names <= answers
