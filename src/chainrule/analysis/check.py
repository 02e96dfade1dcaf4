"""Check a gradient: numeric against analytic, as CS231n teaches it (https://cs231n.github.io/neural-networks-3/#gradcheck).

Everything is computed in float64. The numeric slope is the centred difference; the error is relative; the
worst entry is named; at a kink, where no slope exists, the entry is said to be at a kink instead of failed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.display import Displayable
from ..core.errors import ChainruleError, DTypeError, ValueProblem
from ..core.messages import LazyMessage
from ..draw.table import to_dataframe
from ..graph.spec import is_float
from ..ops.random import SeedGenerator, normal, permutation
from ..tensors.tensor import Tensor, Variable, as_tensor, tensor
from ..tensors.tree import flatten, plain
from ..transforms.differentiate import grad

Function = Callable[..., Any]

ALL_ZERO = "the gradient of {name} is 0: a path is missing, or was overwritten instead of added to"
SOME_ZERO = "some entries of the gradient of {name} are 0: a path is missing, or was overwritten instead of added to"
TURNED = "the gradient of {name} is right with {matrix} transposed in the backward"
FIRST = "only the first example's upstream reaches the gradient of {name}: the sum over the batch is missing"
SCALED = (
    "the gradient of {name} is {ratio:.4g} times what it should be: a factor, or a sum or mean over the batch, is "
    "missing"
)


@dataclass
class Entry:
    """One compared entry: its input, index, both slopes and their relative error; `kind` is ok, kink, jump or wrong."""

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
        return self.kind in ("ok", "wrong")

    @property
    def where(self) -> str:
        return self.input + (f"[{', '.join(map(str, self.index))}]" if self.index else "")


@dataclass(repr=False)
class Report(Displayable):
    """What `check` found. True when the gradient is right; print it for the verdict in words."""

    entries: list[Entry]
    tolerance: float
    problems: list[LazyMessage] = field(default_factory=list)
    hints: list[LazyMessage] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)  # those with a gradient to be right about

    _renderer_module = "check"

    @property
    def wrong(self) -> list[Entry]:
        """The entries whose gradient is wrong, the worst first."""
        return sorted((e for e in self.entries if e.kind == "wrong"), key=lambda e: -e.error)

    @property
    def kinks(self) -> list[Entry]:
        """The entries at which no slope exists."""
        return [e for e in self.entries if not e.compared]

    @property
    def worst(self) -> Entry | None:
        """The compared entry with the largest relative error."""
        compared = [e for e in self.entries if e.compared]
        return max(compared, key=lambda e: e.error, default=None)

    @property
    def ok(self) -> bool:
        return not self.wrong and not self.problems

    @property
    def points(self) -> tuple[int, int]:
        """For graders: how many inputs have a right gradient, of how many. One that could not be compared has not."""
        compared = {e.input for e in self.entries}
        wrong = {e.input for e in self.entries if e.kind == "wrong"}
        return len([name for name in self.inputs if name in compared - wrong]), len(self.inputs)

    @property
    def exit_status(self) -> int:
        """0 when right, 1 when wrong: for graders."""
        return 0 if self.ok else 1

    def __bool__(self) -> bool:
        return self.ok

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data; nan and infinities as text, which any JSON reader takes."""
        rows = [plain(e.__dict__) for e in self.entries]
        found = {"ok": self.ok, "verdict": self.verdict, "tolerance": self.tolerance, "entries": rows}
        found |= {"points": self.points[0], "of": self.points[1]}
        return {**found, "problems": self.problems, "hints": self.hints}

    def to_pandas(self) -> Any:
        """A row an entry. Needs pandas."""
        return to_dataframe([{**vars(e), "where": e.where} for e in self.entries])

    @property
    def verdict(self) -> LazyMessage:
        """One sentence."""
        if self.problems:
            return LazyMessage("WRONG: {problem}.", problem=self.problems[0])
        if self.wrong:
            return LazyMessage(
                "WRONG: {count} of {every} entries differ by more than {tolerance:.0e}; the worst is {where}.",
                count=len(self.wrong),
                every=len(self.entries),
                tolerance=self.tolerance,
                where=self.wrong[0].where,
            )
        if not self.entries:
            return LazyMessage("NOTHING TO CHECK: no input has an entry of a float dtype.")
        found = {"count": len(self.entries), "error": self.worst.error if self.worst else 0.0}
        if not self.kinks:
            return LazyMessage("RIGHT: {count} entries checked, relative error at most {error:.1e}.", **found)
        return LazyMessage(
            "RIGHT: {count} entries checked, relative error at most {error:.1e}, {kinks} at kinks, where any slope "
            "between the two sides will do.",
            kinks=len(self.kinks),
            **found,
        )


def check(
    f: Function,
    *args: Any,
    backward: Function | None = None,
    rtol: float = 1e-6,
    max_entries: int = 200,
    seed: int = 0,
    **kwargs: Any,
) -> Report:
    """Compare the gradient of `f` at `args` with numeric slopes.

    Args:
        f: a function of tensors that returns a tensor of any shape (or several): its entries are weighted
            with fixed random numbers and summed, so one pass checks them all.
        args: where to check; floats are taken to float64, integers are held fixed.
        backward: a hand-written backward to be checked instead of ours: ``backward(upstream, *args)``
            returns the gradient of each float argument (one, or a tuple). It may compute with NumPy.
        rtol: the largest relative error, beyond the rounding noise of the difference itself. A gradient
            wrong by 0.05 % is five hundred times that.
        max_entries: of each input, drawn at random if it has more.
        seed: of the random weights and entries.

    Raises:
        ValueProblem: if an argument or result is not finite, or f gives two results for one input.

    >>> import chainrule as cr
    >>> print(check(cr.ops.tanh, 0.5).verdict)
    RIGHT: 1 entries checked, relative error at most ...
    >>> check(cr.ops.tanh, [0.5], backward=lambda u, x: u * (1 + cr.ops.tanh(x) ** 2)).ok
    False
    """
    names = _names(f, len(args))
    points = [_point(a, n) for a, n in zip(args, names, strict=True)]
    first = _outputs(_called(f, points, kwargs))
    stream = SeedGenerator(seed, "check")
    weights = [
        np.ones(y.shape)
        if y.size == 1 and len(first) == 1
        else np.asarray(normal(y.shape, dtype="float64", seed=stream))
        for y in first
    ]
    measure = _Measure(f, points, kwargs, weights)
    again = measure(points)
    if again != measure(points):
        raise ValueProblem(
            "a function that gives two results for one input",
            "a function without fresh randomness",
            "fix the seed inside it",
        )
    moving = [i for i, p in enumerate(points) if is_float(p.dtype)]
    report = Report([], rtol, inputs=[names[i] for i in moving])
    analytic = _analytic(f, points, moving, kwargs, weights, backward, report)
    for i, given in zip(moving, analytic, strict=False):
        if given is None:
            continue
        report.entries += _compare(measure, points, i, names[i], given, rtol, max_entries, stream)
    report.hints += _hints(report, names, points)
    if backward is not None and not report.ok:

        def once_more(points: list[Tensor], weights: list[Any]) -> list[Any]:
            return _analytic(f, points, moving, kwargs, weights, backward, Report([], rtol))

        report.hints += _tried(report, [names[i] for i in moving], moving, points, weights, analytic, once_more)
    return report


def _called(f: Function, points: list[Any], kwargs: dict[str, Any]) -> Any:
    """f's result; whatever it raises is said in a line, and our own errors pass as they are."""
    try:
        return f(*points, **kwargs)
    except ChainruleError:
        raise
    except (Exception, SystemExit) as error:
        what = "a sys.exit" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"
        raise ValueProblem(
            f"a function that raises {what}", "a function that returns", "call it yourself at this point first"
        ) from error


def _names(f: Function, count: int) -> list[str]:
    try:
        found = [
            p.name
            for p in inspect.signature(f).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        found = []
    return [found[i] if i < len(found) else f"argument {i}" for i in range(count)]


def _point(a: Any, name: str) -> Tensor:
    given = as_tensor(a) if isinstance(a, Tensor | Variable) else tensor(_plain_array(a))
    if given.dtype.kind == "c":
        raise DTypeError(
            f"{name} of dtype {given.dtype.name}", "real numbers", "check the real and imaginary parts apart"
        )
    array = np.array(given.numpy())
    if is_float(array.dtype) or (isinstance(a, float | int) and not isinstance(a, bool)):
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            raise ValueProblem(
                f"{name} with entries that are not finite", "finite numbers", "remove nan and inf from the input"
            )
    return tensor(array)


def _plain_array(a: Any) -> Any:
    """Python floats are float64 here, never by way of float32."""
    return np.asarray(a) if isinstance(a, int | float | list | tuple) and not _holds_tensors(a) else a


def _holds_tensors(a: Any) -> bool:
    return isinstance(a, Tensor | Variable) or (isinstance(a, list | tuple) and any(map(_holds_tensors, a)))


def _outputs(result: Any) -> list[Tensor]:
    if result is None:
        raise ValueProblem("a function that returns None", "a tensor", "add the missing `return`")
    found = [as_tensor(y) for y in flatten(result, lists_are_arrays=True)[0]]
    for y in found:
        if not is_float(y.dtype):
            raise DTypeError(
                f"a result of dtype {y.dtype.name}",
                "a real float",
                "check a function whose result moves with its input",
            )
        if not np.isfinite(y.numpy()).all():
            raise ValueProblem(
                "a result that is not finite",
                "finite numbers at the point checked",
                "choose another point, or mend the function there",
            )
    return found


class _Measure:
    """The weighted sum of f's results, in float64, and its scale, which bounds the rounding noise."""

    def __init__(self, f: Function, points: list[Tensor], kwargs: dict[str, Any], weights: list[Any]) -> None:
        self.f, self.kwargs, self.weights = f, kwargs, weights
        self.scale = 0.0

    def __call__(self, points: list[Any]) -> float:
        ys = [as_tensor(y).numpy() for y in flatten(self.f(*points, **self.kwargs), lists_are_arrays=True)[0]]
        products = [y * w for y, w in zip(ys, self.weights, strict=True)]
        self.scale = max(self.scale, float(sum(np.abs(p).sum() for p in products)))
        return float(sum(p.sum() for p in products))


def _analytic(
    f: Function,
    points: list[Tensor],
    moving: list[int],
    kwargs: dict[str, Any],
    weights: list[Any],
    backward: Function | None,
    report: Report,
) -> list[Any]:
    if backward is None:
        if not moving:
            return []

        def weighted(*points: Any) -> Any:
            ys = [as_tensor(y) for y in flatten(f(*points, **kwargs), lists_are_arrays=True)[0]]
            return sum((y * w.reshape(y.shape)).sum() for y, w in zip(ys, weights, strict=True))

        return [np.asarray(g) for g in grad(weighted, tuple(moving))(*points)]
    upstream = [tensor(w) for w in weights]
    name = getattr(backward, "__name__", "the backward")
    if not callable(backward):
        found = {"name": f"{getattr(f, '__name__', 'f')}_backward", "kind": type(backward).__name__}
        report.problems.append(LazyMessage("{name} is no function but {kind}", **found))
        return []
    try:
        given = backward(upstream[0] if len(upstream) == 1 else upstream, *points, **kwargs)
    except (Exception, SystemExit) as error:
        report.problems.append(
            LazyMessage("{name} raised {kind}: {error}", name=name, kind=type(error).__name__, error=error)
        )
        return []
    found = list(given) if isinstance(given, list | tuple) else [given]
    if len(found) == len(points) != len(moving):
        found = [found[i] for i in moving]
    if len(found) != len(moving):
        counts = {"count": len(found), "inputs": len(moving)}
        report.problems.append(
            LazyMessage("{name} returned {count} gradients for {inputs} float inputs", name=name, **counts)
        )
        return []
    names = _names(f, len(points))
    return [_gradient_array(g, points[i].shape, names[i], report) for i, g in zip(moving, found, strict=True)]


def _gradient_array(g: Any, shape: tuple[int, ...], name: str, report: Report) -> Any:
    """A hand-written gradient as float64 numbers in its input's shape; what is wrong with it becomes a problem."""
    try:
        array = np.asarray(g.value if isinstance(g, Variable) else g)
        if array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):
        what = {"name": name, "kind": type(g).__name__}
        report.problems.append(LazyMessage("the gradient of {name} is no array of real numbers but {kind}", **what))
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
    measure: _Measure,
    points: list[Tensor],
    i: int,
    name: str,
    analytic: Any,
    rtol: float,
    most: int,
    stream: SeedGenerator,
) -> list[Entry]:
    base = points[i].numpy()
    chosen = range(base.size) if base.size <= most else sorted(permutation(base.size, seed=stream).tolist()[:most])
    entries = []
    for flat in chosen:
        index = tuple(int(n) for n in np.unravel_index(flat, base.shape))
        entries.append(_entry(measure, points, i, name, index, float(analytic[index]), rtol))
    return entries


def _entry(
    measure: _Measure, points: list[Tensor], i: int, name: str, index: tuple[int, ...], analytic: float, rtol: float
) -> Entry:
    """One entry. If the plain difference disagrees, smaller steps tell a kink or strong bend from a wrong gradient."""
    base = points[i].numpy()

    def at(step: float) -> float:
        moved = base.copy()
        moved[index] += step
        return measure([tensor(moved) if j == i else p for j, p in enumerate(points)])

    def slopes(h: float) -> tuple[float, float, float, float]:
        x = float(base[index])
        up, down = (x + h) - x, x - (x - h)  # the steps as they round
        here, above, below = at(0.0), at(up), at(-down)
        return (here - below) / down, (above - here) / up, (above - below) / (up + down), h

    h = 6e-6 * max(1.0, abs(float(base[index])))
    left, right, numeric, _ = slopes(h)
    if not np.isfinite(analytic):
        return Entry(name, index, analytic, numeric, float("inf"), "wrong", left, right)
    gap = abs(right - left)  # of a smooth function it is the curvature times h, so tiny
    bent = gap > 1e-3 * max(abs(left), abs(right)) + 64 * _noise(h, measure)
    if not bent and _agree(analytic, numeric, h, measure, rtol):
        return Entry(name, index, analytic, numeric, _error(analytic, numeric, h, measure), "ok")
    half = slopes(h / 2)
    shrinks = abs(half[1] - half[0]) < 0.75 * gap + _noise(h, measure)
    refined = (4 * half[2] - numeric) / 3  # Richardson: strong curvature leaves no error of the second order
    if shrinks and _agree(analytic, refined, h / 2, measure, rtol):
        return Entry(name, index, analytic, refined, _error(analytic, refined, h / 2, measure), "ok")
    small = slopes(h / 64)
    small_gap = abs(small[1] - small[0])
    noise = 64 * _noise(h / 64, measure)
    if max(map(abs, small[:2])) > 8 * max(abs(left), abs(right)) + noise:  # a quotient that grows as the step shrinks
        return Entry(name, index, analytic, small[2], 0.0, "jump", small[0], small[1])
    if small_gap > 0.25 * gap and small_gap > noise + 1e-4 * max(abs(small[0]), abs(small[1])):
        low, high = min(small[:2]), max(small[:2])
        slack = 1e-3 * gap + noise
        if low - slack <= analytic <= high + slack:
            return Entry(name, index, analytic, small[2], 0.0, "kink", small[0], small[1])
    if _agree(analytic, small[2], h / 64, measure, rtol):  # a kink nearby, but not here
        return Entry(name, index, analytic, small[2], _error(analytic, small[2], h / 64, measure), "ok")
    return Entry(name, index, analytic, numeric, _error(analytic, numeric, h, measure), "wrong", left, right)


def _noise(h: float, measure: _Measure) -> float:
    """How far rounding alone may move a difference quotient."""
    return 8 * float(np.finfo(np.float64).eps) * measure.scale / h


def _agree(analytic: float, numeric: float, h: float, measure: _Measure, rtol: float) -> bool:
    return abs(analytic - numeric) <= rtol * max(abs(analytic), abs(numeric)) + _noise(h, measure)


def _error(analytic: float, numeric: float, h: float, measure: _Measure) -> float:
    """Relative to the larger slope, or to the noise where both are smaller than it."""
    return abs(analytic - numeric) / max(abs(analytic), abs(numeric), 1e3 * _noise(h, measure), 1e-300)


def _hints(report: Report, names: list[str], points: list[Tensor]) -> list[LazyMessage]:
    """The usual faults, recognised by the pattern of the wrong entries."""
    hints: list[LazyMessage] = []
    for name in dict.fromkeys(e.input for e in report.wrong):
        mine = [e for e in report.entries if e.input == name and e.compared and e.numeric]
        if not mine:
            continue
        ratios = np.array([e.analytic / e.numeric for e in mine])
        even = np.allclose(ratios, ratios[0], rtol=1e-5)
        if np.allclose(ratios, -1, rtol=1e-3):
            hints.append(LazyMessage("the gradient of {name} has the wrong sign", name=name))
        elif any(np.isclose(e.analytic, 0, atol=1e-12) for e in mine):
            hints.append(LazyMessage(ALL_ZERO if even else SOME_ZERO, name=name))
        elif len(mine) > 1 and even and abs(ratios[0] - 1) > 0.01:
            hints.append(LazyMessage(SCALED, name=name, ratio=ratios[0]))
        else:
            shape = next(p.shape for n, p in zip(names, points, strict=True) if n == name)
            square = len(shape) == 2 and shape[0] == shape[1]
            table = {e.index: e for e in mine}
            if square and all(
                np.isclose(e.analytic, table[e.index[::-1]].numeric, rtol=1e-3) for e in mine if e.index[::-1] in table
            ):
                hints.append(LazyMessage("the gradient of {name} is transposed", name=name))
    return hints


def _tried(
    report: Report,
    names: list[str],
    moving: list[int],
    points: list[Tensor],
    weights: list[Any],
    analytic: list[Any],
    again: Callable[[list[Tensor], list[Any]], list[Any]],
) -> list[LazyMessage]:
    """Faults that show when the backward is called once more: with a matrix transposed, with one example's upstream."""
    hints: list[LazyMessage] = []
    wrong = {e.input for e in report.wrong}
    slopes = {name: [e for e in report.entries if e.input == name and e.compared] for name in names}
    for j, matrix in zip(moving, names, strict=True):
        if len(points[j].shape) != 2:
            continue
        turned = [tensor(p.numpy().T.copy()) if i == j else p for i, p in enumerate(points)]
        found = dict(zip(names, again(turned, weights), strict=False))
        for name in names:
            right = name in wrong and found.get(name) is not None and name != matrix
            if right and all(np.isclose(found[name][e.index], e.numeric, rtol=1e-4, atol=1e-8) for e in slopes[name]):
                hints.append(LazyMessage(TURNED, name=name, matrix=matrix))
        if not analytic and found and all(g is not None for name, g in found.items() if name != matrix):
            hints.append(LazyMessage("the backward would run with {matrix} transposed in it", matrix=matrix))
    batch = weights[0].shape[:1]
    if len(weights) == 1 and batch > (1,):
        alone = np.where(np.arange(batch[0]).reshape(-1, *[1] * (weights[0].ndim - 1)) == 0, weights[0], 0.0)
        for i, name, before, after in zip(moving, names, analytic, again(points, [alone]), strict=False):
            summed = name in wrong and len(points[i].shape) < weights[0].ndim
            if summed and before is not None and after is not None and np.any(before) and np.allclose(before, after):
                hints.append(LazyMessage(FIRST, name=name))
    return hints
