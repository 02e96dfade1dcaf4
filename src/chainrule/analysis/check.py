"""Check a gradient: numeric against analytic, as CS231n teaches it (https://cs231n.github.io/neural-networks-3/#gradcheck).

Everything is computed in float64. The numeric slope is the centred difference; the error is relative; the
worst entry is named; an entry at a kink, where no slope exists, is reported as a kink and does not fail.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.display import Displayable, to_dataframe
from ..core.errors import ChainruleError, DTypeError, ValueProblem
from ..core.messages import LazyMessage
from ..graph.spec import is_float
from ..ops.random import SeedGenerator, normal, permutation
from ..tensors.convert import as_tensor, tensor
from ..tensors.tensor import Tensor
from ..tensors.tree import flatten, to_json_data
from ..tensors.variable import Variable
from ..transforms.differentiate import grad

Function = Callable[..., Any]

ALL_ZERO = "the gradient of {name} is 0: a path is missing, or was overwritten instead of added to"
SOME_ZERO = "some entries of the gradient of {name} are 0: a path is missing, or was overwritten instead of added to"
TRANSPOSED = "the gradient of {name} is right with {matrix} transposed in the backward"
# fmt: off
FIRST_ONLY = "only the first example's upstream reaches the gradient of {name}: the sum over the batch is missing"
SCALED = ("the gradient of {name} is {ratio:.4g} times what it should be: a factor, or a sum or mean over the batch, "
          "is missing")
WRONG = "WRONG: {count} of {every} entries differ by more than {tolerance:.0e}; the worst is {where}."
UNCLEAR = ("UNCLEAR: {count} of {every} entries cannot be compared to {tolerance:.0e}: rounding of the function's "
           "values, about {scale:.0e}, hides their slopes. The worst is {where}, off by {error:.1e}. Subtract from the "
           "function what does not change, or pass a larger rtol.")
KINKS = ("RIGHT: {count} entries checked, relative error at most {error:.1e}, {kinks} at kinks, where any slope "
         "between the two sides will do.")
# fmt: on


@dataclass
class Entry:
    """One compared entry: its input, index, both slopes and their relative error.

    Attributes:
        kind: ``"ok"``, ``"wrong"``, ``"kink"``, ``"jump"``, or ``"unclear"`` where the slopes differ by more than the
            tolerance, but by no more than rounding may move the numeric one.
        left, right: the one-sided slopes, where the entry is not ok.
    """

    input: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    kind: str
    left: float = 0.0
    right: float = 0.0

    @property
    def compared(self) -> bool:
        """Whether there is a slope to compare with: not at kinks and jumps."""
        return self.kind not in ("kink", "jump")

    @property
    def ratio(self) -> float | None:
        """The analytic slope over the numeric one; ``None`` where the numeric one is 0."""
        return self.analytic / self.numeric if self.numeric else None

    @property
    def where(self) -> str:
        """The input and the index, as ``w[0, 1]``."""
        return self.input + (f"[{', '.join(map(str, self.index))}]" if self.index else "")


@dataclass(repr=False)
class Report(Displayable):
    """The result of `check`. True when the gradient is right; print it for the verdict in words.

    Attributes:
        scale: the size of the function's values, whose rounding limits what can be compared.
    """

    entries: list[Entry]
    tolerance: float
    problems: list[LazyMessage] = field(default_factory=list)
    hints: list[LazyMessage] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)  # those of a float dtype
    scale: float = 0.0

    _renderer_module = "check"

    @property
    def wrong(self) -> list[Entry]:
        """The entries whose gradient is wrong, the worst first."""
        return sorted((e for e in self.entries if e.kind == "wrong"), key=lambda e: -e.error)

    @property
    def unclear(self) -> list[Entry]:
        """The entries that rounding does not let be compared to the tolerance, the worst first."""
        return sorted((e for e in self.entries if e.kind == "unclear"), key=lambda e: -e.error)

    @property
    def kinks(self) -> list[Entry]:
        """The entries at which no slope exists."""
        return [e for e in self.entries if not e.compared]

    @property
    def worst(self) -> Entry | None:
        """The compared entry with the largest relative error."""
        compared = [e for e in self.entries if e.compared]
        return max(compared, key=lambda e: e.error, default=None)

    def of_input(self, name: str) -> list[Entry]:
        """Return the entries of one input."""
        return [e for e in self.entries if e.input == name]

    def worst_of(self, name: str) -> Entry | None:
        """Return the compared entry of one input with the largest relative error."""
        return max((e for e in self.of_input(name) if e.compared), key=lambda e: e.error, default=None)

    @property
    def ok(self) -> bool:
        """Whether every compared entry is right."""
        return not self.wrong and not self.unclear and not self.problems

    @property
    def points(self) -> tuple[int, int]:
        """For graders: how many inputs have a right gradient, of how many. An input that was not compared has none."""
        compared = {e.input for e in self.entries}
        wrong = {e.input for e in self.entries if e.kind in ("wrong", "unclear")}
        return len([name for name in self.inputs if name in compared - wrong]), len(self.inputs)

    @property
    def exit_status(self) -> int:
        """0 when right, 1 when wrong: for graders."""
        return 0 if self.ok else 1

    def __bool__(self) -> bool:
        return self.ok

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; nan and infinities as text, which any JSON reader takes."""
        rows = [to_json_data(e.__dict__) for e in self.entries]
        data = {"ok": self.ok, "verdict": self.verdict, "tolerance": self.tolerance, "entries": rows}
        data |= {"points": self.points[0], "of": self.points[1]}
        return {**data, "problems": self.problems, "hints": self.hints}

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each entry."""
        return to_dataframe([{**vars(e), "where": e.where} for e in self.entries])

    @property
    def verdict(self) -> LazyMessage:
        """The result in one sentence."""
        if self.problems:
            return LazyMessage("WRONG: {problem}.", problem=self.problems[0])
        if self.wrong:
            sizes = {"count": len(self.wrong), "every": len(self.entries), "tolerance": self.tolerance}
            return LazyMessage(WRONG, where=self.wrong[0].where, **sizes)
        if self.unclear:
            worst = self.unclear[0]
            sizes = {"count": len(self.unclear), "every": len(self.entries), "tolerance": self.tolerance}
            return LazyMessage(UNCLEAR, where=worst.where, error=worst.error, scale=self.scale, **sizes)
        if not self.entries:
            return LazyMessage("NOTHING TO CHECK: no input has an entry of a float dtype.")
        counts = {"count": len(self.entries), "error": self.worst.error if self.worst else 0.0}
        if not self.kinks:
            return LazyMessage("RIGHT: {count} entries checked, relative error at most {error:.1e}.", **counts)
        return LazyMessage(KINKS, kinks=len(self.kinks), **counts)


def check(
    f: Function, *args: Any, backward: Function | None = None, rtol: float = 1e-6, max_entries: int = 200,
    seed: int = 0, **kwargs: Any,
) -> Report:  # fmt: skip
    """Compare the gradient of `f` at `args` with numeric slopes.

    Args:
        f: a function of tensors that returns a tensor of any shape (or several): its entries are weighted
            with fixed random numbers and summed, so one pass checks them all.
        args: where to check; floats are cast to float64, integers are held fixed.
        backward: a backward function of the user's, checked instead of the library's: ``backward(upstream, *args)``
            returns the gradient of each float argument (one, or a tuple). It may compute with NumPy.
        rtol: the largest relative error. A gradient wrong by 0.05 % is five hundred times that. Where rounding hides
            whether an entry is as close, since the function's values are large and their slopes small, the report
            says so and is not true.
        max_entries: how many entries of each input are checked, drawn at random if it has more.
        seed: the seed of the random weights and entries.

    Raises:
        ValueProblem: if an argument or result is not finite, or f gives two results for one input.

    >>> import chainrule as cr
    >>> print(check(cr.ops.tanh, 0.5).verdict)
    RIGHT: 1 entries checked, relative error at most ...
    >>> check(cr.ops.tanh, [0.5], backward=lambda u, x: u * (1 + cr.ops.tanh(x) ** 2)).ok
    False
    """
    names = _names(f, len(args))
    points = [_to_point(a, n) for a, n in zip(args, names, strict=True)]
    outputs = _check_outputs(_call(f, points, kwargs))
    stream = SeedGenerator(seed, "check")
    if len(outputs) == 1 and outputs[0].size == 1:
        weights = [np.ones(outputs[0].shape)]
    else:
        weights = [np.asarray(normal(y.shape, dtype="float64", seed=stream)) for y in outputs]
    measure = _WeightedEntries(f, kwargs, weights)
    if not np.array_equal(measure(points), measure(points)):
        passed, expected = "a function that gives two results for one input", "a function without fresh randomness"
        raise ValueProblem(passed, expected, "fix the seed inside it")
    float_inputs = [i for i, p in enumerate(points) if is_float(p.dtype)]
    report = Report([], rtol, inputs=[names[i] for i in float_inputs])
    analytic = _analytic(f, points, float_inputs, kwargs, weights, backward, report)
    for i, gradient in zip(float_inputs, analytic, strict=False):
        if gradient is not None:
            report.entries += _compare(measure, points, i, names[i], gradient, rtol, max_entries, stream)
    report.scale = measure.scale
    report.hints += _hints(report, names, points)
    if backward is not None and not report.ok:
        rerun = lambda points, weights: _analytic(f, points, float_inputs, kwargs, weights, backward, Report([], rtol))
        report.hints += _hints_of_reruns(report, float_inputs, points, weights, analytic, rerun)
    return report


def _call(f: Function, points: list[Tensor], kwargs: dict[str, Any]) -> Any:
    """Return f's result. Whatever it raises becomes a ValueProblem; the library's own errors pass unchanged."""
    try:
        return f(*points, **kwargs)
    except ChainruleError:
        raise
    except (Exception, SystemExit) as error:
        what = "a sys.exit" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"
        mend = "call it yourself at this point first"
        raise ValueProblem(f"a function that raises {what}", "a function that returns", mend) from error


def _names(f: Function, count: int) -> list[str]:
    """Return the names of f's first `count` positional arguments."""
    try:
        parameters = inspect.signature(f).parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        names = []
    return [names[i] if i < len(names) else f"argument {i}" for i in range(count)]


def _to_point(a: Any, name: str) -> Tensor:
    """Return an argument as a tensor: floats in float64, all other dtypes as they are."""
    value = as_tensor(a) if isinstance(a, Tensor | Variable) else tensor(_numbers_to_array(a))
    if value.dtype.kind == "c":
        mend = "check the real and imaginary parts apart"
        raise DTypeError(f"{name} of dtype {value.dtype.name}", "real numbers", mend)
    array = np.array(value.numpy())
    if is_float(array.dtype) or (isinstance(a, float | int) and not isinstance(a, bool)):
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            mend = "remove nan and inf from the input"
            raise ValueProblem(f"{name} with entries that are not finite", "finite numbers", mend)
    return tensor(array)


def _numbers_to_array(a: Any) -> Any:
    """Return Python numbers as an array; floats become float64 directly, never by way of float32."""
    return np.asarray(a) if isinstance(a, int | float | list | tuple) and not _holds_tensors(a) else a


def _holds_tensors(a: Any) -> bool:
    return isinstance(a, Tensor | Variable) or (isinstance(a, list | tuple) and any(map(_holds_tensors, a)))


def _check_outputs(result: Any) -> list[Tensor]:
    """Return the outputs as tensors, checked to be finite floats."""
    if result is None:
        raise ValueProblem("a function that returns None", "a tensor", "add the missing `return`")
    outputs = [as_tensor(y) for y in flatten(result, lists_are_arrays=True)[0]]
    for y in outputs:
        if not is_float(y.dtype):
            mend = "check a function whose result changes with its input"
            raise DTypeError(f"a result of dtype {y.dtype.name}", "a real float", mend)
        if not np.isfinite(y.numpy()).all():
            expected, mend = "finite numbers at the point checked", "choose another point, or mend the function there"
            raise ValueProblem("a result that is not finite", expected, mend)
    return outputs


class _WeightedEntries:
    """The weighted entries of f's results, in float64, and the sum of their sizes, which bounds the rounding noise.

    They are subtracted one by one, and only then added, so that those that do not change add no noise.
    """

    def __init__(self, f: Function, kwargs: dict[str, Any], weights: list[Any]) -> None:
        self.f, self.kwargs, self.weights = f, kwargs, weights
        self.scale = 0.0

    def __call__(self, points: list[Tensor]) -> Any:
        ys = [as_tensor(y).numpy() for y in flatten(self.f(*points, **self.kwargs), lists_are_arrays=True)[0]]
        products = np.concatenate([np.ravel(y * w).astype(np.float64) for y, w in zip(ys, self.weights, strict=True)])
        self.scale = max(self.scale, float(np.abs(products).sum()))
        return products


def _analytic(
    f: Function, points: list[Tensor], float_inputs: list[int], kwargs: dict[str, Any], weights: list[Any],
    backward: Function | None, report: Report,
) -> list[Any]:  # fmt: skip
    """Return the gradient of each float input, by `backward` or by `grad`; problems of `backward` go to the report."""
    if backward is None:
        if not float_inputs:
            return []

        def weighted(*points: Any) -> Any:
            ys = [as_tensor(y) for y in flatten(f(*points, **kwargs), lists_are_arrays=True)[0]]
            return sum((y * w.reshape(y.shape)).sum() for y, w in zip(ys, weights, strict=True))

        return [np.asarray(g) for g in grad(weighted, tuple(float_inputs))(*points)]
    upstream = [tensor(w) for w in weights]
    name = getattr(backward, "__name__", "the backward")
    if not callable(backward):
        values = {"name": f"{getattr(f, '__name__', 'f')}_backward", "kind": type(backward).__name__}
        report.problems.append(LazyMessage("{name} is no function but {kind}", **values))
        return []
    try:
        result = backward(upstream[0] if len(upstream) == 1 else upstream, *points, **kwargs)
    except (Exception, SystemExit) as error:
        values = {"name": name, "kind": type(error).__name__, "error": error}
        report.problems.append(LazyMessage("{name} raised {kind}: {error}", **values))
        return []
    gradients = list(result) if isinstance(result, list | tuple) else [result]
    if len(gradients) == len(points) != len(float_inputs):
        gradients = [gradients[i] for i in float_inputs]
    if len(gradients) != len(float_inputs):
        values = {"name": name, "count": len(gradients), "inputs": len(float_inputs)}
        report.problems.append(LazyMessage("{name} returned {count} gradients for {inputs} float inputs", **values))
        return []
    names = _names(f, len(points))
    return [_gradient_array(g, points[i].shape, names[i], report) for i, g in zip(float_inputs, gradients, strict=True)]


def _gradient_array(g: Any, shape: tuple[int, ...], name: str, report: Report) -> Any:
    """Return a user's gradient as float64 numbers in its input's shape; if it is wrong, add a problem to the report."""
    try:
        array = np.asarray(g.value if isinstance(g, Variable) else g)
        if array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):
        values = {"name": name, "kind": type(g).__name__}
        report.problems.append(LazyMessage("the gradient of {name} is no array of real numbers but {kind}", **values))
        return None
    if array.shape != shape:
        shapes = {"name": name, "found": array.shape, "shape": shape}
        problem = LazyMessage("the gradient of {name} has shape {found}, where {name} has {shape}", **shapes)
        if array.shape == shape[::-1]:
            problem = LazyMessage("{problem} (its transpose would fit)", problem=problem)
        elif array.ndim >= len(shape) and array.size > np.prod(shape):
            problem = LazyMessage("{problem} (sum over the broadcast axes, to un-broadcast)", problem=problem)
        report.problems.append(problem)
        return None
    return array.astype(np.float64)


def _compare(
    measure: _WeightedEntries, points: list[Tensor], i: int, name: str, analytic: Any, rtol: float, max_entries: int,
    stream: SeedGenerator,
) -> list[Entry]:  # fmt: skip
    """Compare the entries of input `i`, at most `max_entries` of them."""
    base = points[i].numpy()
    chosen: Any = range(base.size)
    if base.size > max_entries:
        chosen = sorted(permutation(base.size, seed=stream).tolist()[:max_entries])
    entries = []
    for flat in chosen:
        index = tuple(int(n) for n in np.unravel_index(flat, base.shape))
        entries.append(_compare_entry(measure, points, i, name, index, float(analytic[index]), rtol))
    return entries


def _compare_entry(
    measure: _WeightedEntries,
    points: list[Tensor],
    i: int,
    name: str,
    index: tuple[int, ...],
    analytic: float,
    rtol: float,
) -> Entry:
    """Compare one entry. If the first difference disagrees, smaller steps tell a kink or a strong bend from a wrong
    gradient."""
    base = points[i].numpy()

    def values_at(step: float) -> Any:
        shifted = base.copy()
        shifted[index] += step
        return measure([tensor(shifted) if j == i else p for j, p in enumerate(points)])

    def slopes(h: float) -> tuple[float, float, float, float]:
        x = float(base[index])
        up, down = (x + h) - x, x - (x - h)  # the steps as they round
        center, above, below = values_at(0.0), values_at(up), values_at(-down)
        differences = (center - below) / down, (above - center) / up, (above - below) / (up + down)
        left, right, numeric = [float(d.sum()) for d in differences]
        return left, right, numeric, h

    def agreeing(numeric: float, h: float) -> Entry:
        """Return the entry of a slope that agrees up to rounding noise, which is looked at more closely."""
        if abs(analytic - numeric) > rtol * max(abs(analytic), abs(numeric)):
            entry = Entry(name, index, analytic, numeric, 0.0, "ok")
            return _beyond_noise(entry, slopes, h, _noise(h, measure), measure, rtol)
        return Entry(name, index, analytic, numeric, _error(analytic, numeric), "ok")

    h = 6e-6 * max(1.0, abs(float(base[index])))
    left, right, numeric, _ = slopes(h)
    if not np.isfinite(analytic):
        return Entry(name, index, analytic, numeric, float("inf"), "wrong", left, right)
    gap = abs(right - left)  # of a smooth function the curvature times h, so tiny
    bent = gap > 1e-3 * max(abs(left), abs(right)) + 64 * _noise(h, measure)
    if not bent and _agree(analytic, numeric, h, measure, rtol):
        return agreeing(numeric, h)
    half = slopes(h / 2)
    shrinks = abs(half[1] - half[0]) < 0.75 * gap + _noise(h, measure)
    refined = (4 * half[2] - numeric) / 3  # Richardson: strong curvature leaves no error of the second order
    if shrinks and _agree(analytic, refined, h / 2, measure, rtol):
        return agreeing(refined, h / 2)
    small = slopes(h / 64)
    small_gap = abs(small[1] - small[0])
    rounding = 16 * _measured_noise(lambda step: float(values_at(step).sum()), h)  # of an entry that may be wrong
    noise = max(64 * _noise(h / 64, measure), 64 * rounding / h)
    if max(map(abs, small[:2])) > 8 * max(abs(left), abs(right)) + noise:  # a quotient that grows as the step shrinks
        return Entry(name, index, analytic, small[2], 0.0, "jump", small[0], small[1])
    if small_gap > 0.25 * gap and small_gap > noise + 1e-4 * max(abs(small[0]), abs(small[1])):
        low, high = min(small[:2]), max(small[:2])
        slack = 1e-3 * gap + noise
        if low - slack <= analytic <= high + slack:
            return Entry(name, index, analytic, small[2], 0.0, "kink", small[0], small[1])
    if _agree(analytic, small[2], h / 64, measure, rtol):  # a kink nearby, but not here
        return agreeing(small[2], h / 64)
    entry = Entry(name, index, analytic, numeric, _error(analytic, numeric), "wrong", left, right)
    if abs(analytic - numeric) <= rounding / h:  # of rounding inside the function: (x + 1e10) - 1e10
        return _beyond_noise(Entry(name, index, analytic, numeric, 0.0, "ok"), slopes, h, rounding / h, measure, rtol)
    return entry


def _beyond_noise(
    entry: Entry, slopes: Callable[[float], tuple[float, ...]], h: float, noise_at_h: float, measure: _WeightedEntries,
    rtol: float,
) -> Entry:  # fmt: skip
    """Compare an entry, of which rounding hides the slope, by larger steps.

    Rounding moves a quotient less the larger its step, and curvature more; the latter is removed by extrapolation from
    three steps (Richardson), and what is left of it shows in the difference from the extrapolation of larger steps.
    """
    scale = measure.scale  # of values near the point, not of those many steps away
    zero = max(64 * float(np.finfo(np.float64).eps) * scale, noise_at_h * h)
    quotients: list[float] = []
    best, doubt = entry.numeric, noise_at_h
    previous = None
    with np.errstate(all="ignore"):
        for k in range(16):
            left, right, numeric, _ = slopes(h * 4**k)
            measure.scale = scale
            if not np.isfinite([left, right, numeric]).all():
                break
            quotients.append(numeric)
            if len(quotients) < 3:
                continue
            a, b, c = quotients[-3:]
            first, second = (16 * a - b) / 15, (16 * b - c) / 15
            extrapolated = (256 * first - second) / 255
            if previous is not None:
                noise, change = noise_at_h / 4 ** (k - 2), abs(extrapolated - previous)
                if change + noise < doubt:
                    best, doubt = extrapolated, change + noise
                if change > 8 * noise:  # curvature counts for more than rounding from here on
                    break
            previous = extrapolated
    difference = abs(entry.analytic - best)
    entry.numeric, entry.error = best, _error(entry.analytic, best)
    if difference > rtol * max(abs(entry.analytic), abs(best)):
        if (
            abs(entry.analytic) <= zero and abs(best) <= max(zero, doubt) and doubt <= rtol
        ):  # both are 0, as far as float64 can tell
            entry.error = 0.0
        else:
            entry.kind = "unclear" if difference <= 8 * doubt else "wrong"
    return entry


def _measured_noise(value: Callable[[float], float], h: float) -> float:
    """Return the rounding noise of a function of a step, measured by differences of high order.

    A smooth function has next to none over such small steps, so that what is left is noise. Each side is measured
    apart: the point may be a kink. Where a function does not change at all, the steps are too small for its digits, and
    larger ones are taken. Source: Hamming, Introduction to Applied Numerical Analysis (1971), chapter 6; Moré and Wild,
    SIAM J. Sci. Comput. 33 (2011).
    """
    for k in range(6):
        noises = [_noise_of([value(side * h * 8**k * i) for i in range(1, 9)]) for side in (1, -1)]
        if any(noises):
            return max(noises)
    return 0.0


def _noise_of(values: list[float]) -> float:
    """Return the noise in values at equal distances: the least that a difference of order 3 to 6 shows."""
    least = math.inf
    for order in range(3, 7):
        differences = np.diff(values, order)
        share = math.factorial(order) ** 2 / math.factorial(2 * order)
        least = min(least, math.sqrt(share * float(np.mean(differences**2))))
    return least


def _noise(h: float, measure: _WeightedEntries) -> float:
    """Return how far rounding alone may move a difference quotient."""
    return 8 * float(np.finfo(np.float64).eps) * measure.scale / h


def _agree(analytic: float, numeric: float, h: float, measure: _WeightedEntries, rtol: float) -> bool:
    """Whether two slopes agree to `rtol`, rounding noise aside."""
    return abs(analytic - numeric) <= rtol * max(abs(analytic), abs(numeric)) + _noise(h, measure)


def _error(analytic: float, numeric: float) -> float:
    """Return the error relative to the larger slope."""
    return abs(analytic - numeric) / max(abs(analytic), abs(numeric), 1e-300)


def _hints(report: Report, names: list[str], points: list[Tensor]) -> list[LazyMessage]:
    """Recognise the usual faults by the pattern of the wrong entries."""
    hints: list[LazyMessage] = []
    for name in dict.fromkeys(e.input for e in report.wrong):
        entries = [e for e in report.of_input(name) if e.compared and e.numeric]
        if not entries:
            continue
        ratios = np.array([e.ratio for e in entries])
        constant = np.allclose(ratios, ratios[0], rtol=1e-5)
        if np.allclose(ratios, -1, rtol=1e-3):
            hints.append(LazyMessage("the gradient of {name} has the wrong sign", name=name))
        elif any(np.isclose(e.analytic, 0, atol=1e-12) for e in entries):
            hints.append(LazyMessage(ALL_ZERO if constant else SOME_ZERO, name=name))
        elif len(entries) > 1 and constant and abs(ratios[0] - 1) > 0.01:
            hints.append(LazyMessage(SCALED, name=name, ratio=ratios[0]))
        else:
            shape = next(p.shape for n, p in zip(names, points, strict=True) if n == name)
            square = len(shape) == 2 and shape[0] == shape[1]
            by_index = {e.index: e for e in entries}
            pairs = [(e.analytic, by_index[e.index[::-1]].numeric) for e in entries if e.index[::-1] in by_index]
            if square and all(np.isclose(*pair, rtol=1e-3) for pair in pairs):
                hints.append(LazyMessage("the gradient of {name} is transposed", name=name))
    return hints


def _hints_of_reruns(
    report: Report, float_inputs: list[int], points: list[Tensor], weights: list[Any], analytic: list[Any],
    rerun: Callable[[list[Tensor], list[Any]], list[Any]],
) -> list[LazyMessage]:  # fmt: skip
    """Recognise faults by calling the backward again: with a matrix transposed, with one example's upstream."""
    hints: list[LazyMessage] = []
    names = report.inputs
    wrong = {e.input for e in report.wrong}
    compared = {name: [e for e in report.of_input(name) if e.compared] for name in names}
    for j, matrix in zip(float_inputs, names, strict=True):
        if len(points[j].shape) != 2:
            continue
        transposed = [tensor(p.numpy().T.copy()) if i == j else p for i, p in enumerate(points)]
        gradients: dict[str, Any] = dict(zip(names, rerun(transposed, weights), strict=False))
        for name in names:
            right = name in wrong and gradients.get(name) is not None and name != matrix
            pairs = [(gradients[name][e.index], e.numeric) for e in compared[name]] if right else []
            if right and all(np.isclose(*pair, rtol=1e-4, atol=1e-8) for pair in pairs):
                hints.append(LazyMessage(TRANSPOSED, name=name, matrix=matrix))
        if not analytic and gradients and all(g is not None for name, g in gradients.items() if name != matrix):
            hints.append(LazyMessage("the backward would run with {matrix} transposed in it", matrix=matrix))
    batch = weights[0].shape[:1]
    if len(weights) == 1 and batch > (1,):
        first_only = np.where(np.arange(batch[0]).reshape(-1, *[1] * (weights[0].ndim - 1)) == 0, weights[0], 0.0)
        for i, name, before, after in zip(float_inputs, names, analytic, rerun(points, [first_only]), strict=False):
            is_summed = name in wrong and len(points[i].shape) < weights[0].ndim
            if is_summed and before is not None and after is not None and np.any(before) and np.allclose(before, after):
                hints.append(LazyMessage(FIRST_ONLY, name=name))
    return hints
