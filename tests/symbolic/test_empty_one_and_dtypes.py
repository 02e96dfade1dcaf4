"""Every function and layer on axes of 0 and 1, and on bool, small and large integers and half precision.

The answer is NumPy's where NumPy has a function of that name, or an error that says what to do.
"""

import json
import os
import subprocess
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, tensor
from chainrule.core.errors import ChainruleError
from chainrule.graph import Graph, run_values
from chainrule.tensors.convert import symbolic
from chainrule.transforms.differentiate import gradients
from symbolic_cases import leaves
from symbolic_variants import FIRST, KEYS, variants

pytest.importorskip("ml_dtypes", reason="bfloat16 is one of the dtypes")

# by function: where NumPy's answer is not ours, and why. None stands for all variants.
DIFFERENT = {
    "argpartition": (None, "the order of the other entries is not defined"),
    "corrcoef": (None, "a constant row counts as 0, and a single row keeps its axes"),
    "einsum": ({"bool", "uint8"}, "small integers are counted in 32 bits, as in Keras"),
    "empty_like": (None, "the entries are not defined"),
    "i0": ({"uint8"}, "NumPy computes in float64, in which it does not overflow"),
    "nanpercentile": (None, "NumPy forgets the axis of q where there are no entries"),
    "nanquantile": (None, "NumPy forgets the axis of q where there are no entries"),
    "nextafter": ({"int8", "uint8"}, "NumPy takes small integers for float16"),
    "reciprocal": ({"int8", "uint8", "int64"}, "NumPy divides whole numbers without a remainder"),
    "take": ({"all=0"}, "an index outside an empty axis is an error, as in x[:, i]"),
    **dict.fromkeys(
        ("cumsum", "cumprod", "nancumsum", "nancumprod"), ({"uint8"}, "it stays in uint8, as in Keras; in NumPy not")
    ),
}
PARAMETERS = [pytest.param(cases[key], id=f"{cases.package}.{key}") for cases, key in KEYS]


@pytest.fixture(autouse=True)
def quiet():
    """1 / 0 and its kind, and means of nothing, are NumPy's to warn of."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def check_taught(error):
    """Check that an error of ours tells what was passed, what was expected and what to do, in words of its own."""
    if "negative integer powers" not in error.passed:
        assert error.passed
        assert error.expected
        assert error.mend
        assert "which NumPy refused" not in error.passed
        assert "its shape rule" not in error.passed


def results_of(case, tensors):
    return [t for t in leaves(case.evaluate(cr, tensors)) if isinstance(t, cr.Tensor)]


def answer(case, arrays):
    """The results, or `None` if they are refused in words of ours."""
    try:
        results_of(case, [tensor(a) for a in arrays])
        return results_of(case, [tensor(a) for a in arrays])  # again: plans are looked up now
    except ChainruleError as error:
        check_taught(error)
        return None


def check_gradients(case, arrays):
    """Those of the sum of all results have the inputs' shapes and dtypes."""
    inputs = [tensor(a, watch=is_float(a)) for a in arrays]
    watched = [t for t in inputs if t.tracked]
    try:
        total = sum_of(results_of(case, inputs))
        if total is not None and watched:
            for g, x in zip(gradients(total, watched, unconnected="zero"), watched, strict=True):
                assert (g.numpy().shape, g.numpy().dtype) == (x.shape, x.dtype)
    except ChainruleError as error:
        check_taught(error)


def is_float(array):
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


def sum_of(results):
    """The sum of the results that are floats, `None` if none is."""
    floats = [ops.cast(y, "float32").sum() for y in results if y.spec.floating]
    return sum(floats[1:], start=floats[0]) if floats else None


def by_numpy(case, arrays):
    """What NumPy's function of this name makes of the same, `None` if it is refused or there is none."""
    package, _, name = case.name.rpartition(".")
    if package != "ops" or not hasattr(np, name):
        return None
    try:
        return [np.asarray(leaf) for leaf in leaves(case.evaluate(type("numpy", (), {"ops": np}), list(arrays)))]
    except Exception:  # whatever it is, NumPy has no answer
        return None


@pytest.mark.parametrize("case", PARAMETERS)
def test_answers(case):
    different, _ = DIFFERENT.get(case.name.rpartition(".")[2], (set(), ""))
    wrong = defaultdict(list)
    for label, arrays in variants(case).items():
        try:
            got = answer(case, arrays)
            check_gradients(case, arrays)
            want = by_numpy(case, arrays)
            if want is not None and different is not None and label not in different and not case.random:
                assert got is not None, f"refused, where NumPy has {want}"
                check_equal([g.numpy() for g in got], want)
        except Exception as error:  # told with the variant
            wrong[f"{type(error).__name__}: {error}"].append(label)
    assert not wrong, wrong


def check_equal(got, want):
    """To the last places of the coarser dtype of the two: NumPy computes small integers in float16."""
    assert [g.shape for g in got] == [w.shape for w in want]
    for g, w in zip(got, want, strict=True):
        narrow = any(x.dtype.itemsize <= 2 and is_float(x) for x in (g, w))
        tolerance = 2.0**-6 if narrow else 1e-5
        np.testing.assert_allclose(g.astype(float), np.real(w).astype(float), tolerance, tolerance)


# ---- compiled

NOT_UNIQUE = {
    "eigh": "vectors of equal eigenvalues may turn among themselves",
    "svd": "vectors of equal singular values may turn among themselves",
}
QUICK = {  # to compile, not to run
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
}


def compilable(case, some=None):
    """The graph of results and gradients for each variant that has one, with the inputs' arrays."""
    for label, arrays in variants(case).items():
        if some and label not in some:
            continue
        inputs = [symbolic(a.shape, a.dtype) for a in arrays]
        try:
            results = results_of(case, inputs)
            total, floats = sum_of(results), [x for x in inputs if x.spec.floating]
            slopes = gradients(total, floats, unconnected="zero") if total is not None and floats else []
        except ChainruleError as error:
            check_taught(error)
            continue
        yield label, Graph(inputs, [*results, *slopes]), arrays


FIRST_PARAMETERS = [pytest.param(cases[key], id=f"{cases.package}.{key}") for cases, key in FIRST]


@pytest.mark.parametrize("case", FIRST_PARAMETERS)
def test_traced_by_xla(case):
    """XLA's program has the shapes and dtypes of ours."""
    pytest.importorskip("jax", reason="the fast engine needs JAX")
    import jax

    from chainrule.engines.xla.calls import REPLACEMENTS
    from chainrule.engines.xla.lower import lower

    for label, graph, arrays in compilable(case, {"all=0", "b=0", "bool"}):
        with jax.enable_x64(True):
            traced = jax.eval_shape(lower(graph, REPLACEMENTS), arrays)
        got, want = [[(t.shape, t.dtype) for t in ts] for ts in (traced, graph.outputs)]
        assert got == want, label


@pytest.mark.slow
@pytest.mark.parametrize("case", FIRST_PARAMETERS)
def test_compiled_by_xla(case):
    """XLA's values are NumPy's."""
    pytest.importorskip("jax", reason="the fast engine needs JAX")
    import jax

    from chainrule.engines.xla.calls import REPLACEMENTS
    from chainrule.engines.xla.lower import lower

    name = case.name.rpartition(".")[2]
    if case.random or name in NOT_UNIQUE:
        pytest.skip(NOT_UNIQUE.get(name, "random numbers have tests of their own"))
    built = list(compilable(case))
    programs = [lower(graph, REPLACEMENTS) for _, graph, _ in built]
    with jax.enable_x64(True):
        run = jax.jit(lambda given: [f(arrays) for f, arrays in zip(programs, given, strict=True)])
        compiled = run.lower([arrays for *_, arrays in built]).compile(QUICK)
        results = compiled([arrays for *_, arrays in built])
    for (label, graph, arrays), theirs in zip(built, results, strict=True):
        try:
            values = run_values(graph, arrays)
        except (ValueError, IndexError):  # a singular matrix, an index outside: XLA cannot refuse
            continue
        for output, x in zip(graph.outputs, theirs, strict=True):
            ours, x = np.asarray(values[graph.position[output.serial]]), np.asarray(x)
            narrow = is_float(ours) and ours.dtype.itemsize == 2
            ours, x = (np.real(a).astype(float) for a in (ours, x))
            tolerance = 2.0**-5 if narrow else 1e-4
            scale = np.abs(ours[np.isfinite(ours)]).max(initial=1.0)
            np.testing.assert_allclose(x, ours, tolerance, tolerance * scale, err_msg=label)


@pytest.mark.heavy
def test_keras_on_axes_of_0_and_1():
    """In a process of its own: its NumPy backend, which computes no shape anew."""
    pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")
    script = Path(__file__).with_name("symbolic_numpy_keras.py")
    environment = {**os.environ, "KERAS_BACKEND": "numpy", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    compared, different = json.loads(run.stdout.splitlines()[-1])
    assert compared > 3000
    assert not different
