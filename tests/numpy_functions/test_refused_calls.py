"""What NumPy's functions refuse on tensors: docs/numpy.md lists it, and each error names the way out."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.numpy_functions.binding import WITHOUT_EFFECT, name_of
from chainrule.numpy_functions.table import FUNCTIONS, REFUSED
from chainrule.numpy_functions.ufuncs import UFUNCS
from numpy_calls import numpy_function

PAGE = (Path(__file__).parents[2] / "docs" / "numpy.md").read_text(encoding="utf-8")


def rows(title):
    """The cells of the table under a title."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def words(cell):
    """The names in backquotes."""
    return [word for quoted in re.findall(r"`([^`]*)`", cell) for word in quoted.split()]


def dispatched():
    """The names of NumPy's functions, and universal functions, that other arrays can take part in."""
    names = set()
    for module in (np, np.linalg, np.fft):
        for function in vars(module).values():
            if isinstance(function, np.ufunc):
                names.add(function.__name__)
            elif hasattr(function, "_implementation"):
                names.add(name_of(function))
    return names


def test_every_function_has_a_form_or_is_listed_as_refused():
    listed = {name for functions, _ in rows("Refused functions") for name in words(functions)}
    assert listed == set(REFUSED)
    refused = dispatched() - set(FUNCTIONS) - set(UFUNCS)
    assert refused <= listed
    assert not listed & (set(FUNCTIONS) | set(UFUNCS))


def test_every_argument_is_taken_or_is_listed_as_refused():
    listed = {}
    for arguments, functions, _ in rows("Refused arguments"):
        for name in words(functions):
            listed.setdefault(name, set()).update(words(arguments))
    refused = {}
    for name, form in FUNCTIONS.items():
        function = numpy_function(name)
        if function is not None and not form.takes_all:
            taken = {*form.parameters, *form.without_effect, *WITHOUT_EFFECT, "out"}
            variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
            parameters = inspect.signature(function).parameters.values()
            rest = {p.name for p in parameters if p.kind not in variadic} - taken
            if rest:
                refused[name] = rest
    assert refused == listed


CALLS = {  # a call that is refused, and what its error must say
    "weights": (lambda t: np.quantile(t, 0.5, weights=abs(t), method="inverted_cdf"), "weights="),
    "order": (lambda t: np.sort(t, order="x"), "order='x'"),
    "copy": (lambda t: np.nan_to_num(t, copy=False), "copy=False"),
    "method": (lambda t: np.nanquantile(t, 0.5, method="hazen"), "method"),
    "raw": (lambda t: np.linalg.qr(np.outer(t, t), mode="raw"), "mode"),
    "pad mode": (lambda t: np.pad(t, 1, mode=lambda *_: None), "mode"),
    "pad argument": (lambda t: np.pad(t, 1, mode="edge", stat_length=1), "stat_length"),
    "clip dtype": (lambda t: np.clip(t, 0, 1, dtype="float64"), "dtype"),
    "out": (lambda t: np.sum(t, out=np.zeros(())), "out="),
    "out by position": (lambda t: np.sum(t, None, None, np.zeros(())), "out="),
    "fft": (lambda t: np.fft.fft(t), "complex"),
    "eig": (lambda t: np.linalg.eig(np.outer(t, t)), "complex"),
    "dates": (lambda t: np.isnat(t), "dates"),
    "histogram2d": (lambda t: np.histogram2d(t, t), "counts"),
    "put": (lambda t: np.put(t, [0], 1.0), "scatter_update"),
    "fill_diagonal": (lambda t: np.fill_diagonal(np.outer(t, t), 1.0), "scatter_update"),
}


@pytest.mark.parametrize("name", CALLS)
def test_errors_name_the_argument_and_the_way_out(name):
    call, text = CALLS[name]
    with pytest.raises(cr.ChainruleError, match="To mend it") as caught:
        call(cr.tensor([1.0, -2.0, 3.0]))
    assert text in str(caught.value)


def test_an_argument_that_numpy_does_not_know_is_its_own_error():
    with pytest.raises(TypeError, match="unexpected"):
        np.sum(cr.tensor([1.0]), dim=0)


def test_tensors_can_be_written_into_arrays():
    array = np.zeros(3)
    np.copyto(array, cr.tensor([1.0, 2.0, 3.0]))
    np.put(array, [0], cr.Variable([7.0]))
    np.testing.assert_array_equal(array, [7.0, 2.0, 3.0])
    np.testing.assert_array_equal(np.full_like(array, cr.tensor(2.0)), [2.0, 2.0, 2.0])


def test_files_are_written(tmp_path):
    t = cr.Variable([[1.0, 2.5]])
    np.save(tmp_path / "a.npy", t)
    np.savez(tmp_path / "a.npz", t=t)
    np.savetxt(tmp_path / "a.txt", t)
    for again in (np.load(tmp_path / "a.npy"), np.load(tmp_path / "a.npz")["t"], [np.loadtxt(tmp_path / "a.txt")]):
        np.testing.assert_array_equal(again, [[1.0, 2.5]])


def test_questions_about_dtypes():
    whole, small, wide = cr.tensor([1]), cr.tensor([1.0], dtype="float16"), cr.tensor([1.0], dtype="float64")
    assert np.result_type(whole, small) == (whole + small).dtype == "float16"
    assert np.result_type(whole, "float32", 1.0) == "float32"
    assert np.common_type(whole) is np.float32
    assert np.common_type(whole, wide) is np.float64
    assert np.min_scalar_type(cr.tensor(3)) == np.min_scalar_type(np.int32(3))
    symbol = cr.symbolic((2, 3))
    assert (np.shape(symbol), np.ndim(symbol), np.size(symbol), np.size(symbol, 1)) == ((2, 3), 2, 6, 3)


def test_calls_work_on_symbolic_tensors_and_variables():
    x = np.array([[3.0, 1.0], [2.0, 5.0]])
    s = cr.symbolic((2, 2), "float64")
    for call in (
        lambda t: np.sort(t, axis=None), lambda t: np.var(t, axis=0, where=x > 0.5, correction=1), np.gradient,
        lambda t: np.interp(t, [0.0, 4.0], [1.0, 2.0]), lambda t: np.maximum.accumulate(t), lambda t: np.tril(t, -1),
        lambda t: np.concatenate([t, x], axis=None), np.linalg.cond,
    ):  # fmt: skip
        for ours, theirs in zip(as_list(call(s)), as_list(call(x)), strict=True):
            np.testing.assert_allclose(cr.run(ours, {s: x}).numpy(), theirs, rtol=1e-12)
        for ours, theirs in zip(as_list(call(cr.Variable(x))), as_list(call(x)), strict=True):
            np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12)


def as_list(result):
    return list(result) if isinstance(result, tuple | list) else [result]


def test_lists_beside_float64_keep_their_digits():
    t = cr.tensor(np.array([0.1, 0.2]))
    assert np.add(t, [0.1, 0.7])[0].item() == 0.1 + 0.1
    assert np.interp(t, [0.0, 1.0], [0.1, 0.7])[0].item() == np.interp(0.1, [0.0, 1.0], [0.1, 0.7])
    assert np.add(cr.tensor([0.5]), [0.1]).dtype == "float32"


def test_complex_numbers_are_computed():
    z = np.array([1 + 2j, -3j, 0j])
    t = cr.tensor(z)
    for function in (np.abs, np.conj, np.angle, np.real, np.imag, np.var, np.std, np.sum, np.exp, np.isreal):
        np.testing.assert_allclose(np.asarray(function(t)), function(z), rtol=1e-12)
    assert np.vdot(t, t).item() == np.vdot(z, z)
    assert np.var(t, where=[True, True, False]).item() == pytest.approx(np.var(z, where=[True, True, False]))
