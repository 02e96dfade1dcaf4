"""Draw arrays and the documented arguments of groups of NumPy's functions; `numpy_call_table` has each function."""

import inspect

import numpy as np

FLOATS, WHOLE, ANY = ["float32", "float64"], ["int32", "int64"], ["float32", "float64", "int32", "int64", "bool"]


class Call:
    """One call: positional and named arguments, with arrays where tensors will be."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs


NARROW = {"float32": "float16", "float64": "float16", "int32": "int8", "int64": "uint8", "bool": "bool"}


class Draw:
    """Draws arrays and arguments.

    `smooth`: floats in general position, for derivatives. `narrow`: dtypes of 8 and 16 bits. `sizes`: of the axes.
    """

    def __init__(self, seed, smooth=False, narrow=False, sizes=(1, 2, 3, 4)):
        self.rng, self.smooth, self.narrow, self.sizes = np.random.default_rng(seed), smooth, narrow, sizes

    def flag(self):
        return bool(self.rng.integers(2))

    def dtype(self):
        return "float64" if self.smooth else self.pick(*FLOATS)

    def pick(self, *options):
        return options[self.rng.integers(len(options))]

    def whole(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def shape(self, low=0, high=3, sizes=None):
        return tuple(
            self.pick(*(self.sizes if 0 in self.sizes else sizes or self.sizes)) for _ in range(self.whole(low, high))
        )

    def x(self, shape=None, dtypes=ANY, low=0, high=3, nan=False, sizes=None):
        """Small numbers with ties and zeros; in general position if `smooth`."""
        shape = self.shape(low, high, sizes) if shape is None else shape
        if self.smooth and any(d.startswith("float") for d in dtypes):
            return np.asarray(self.rng.normal(size=shape))
        dtype = self.pick(*dtypes)
        dtype = NARROW[dtype] if self.narrow else dtype
        numbers = self.rng.integers(-5, 6, shape)
        if dtype == "bool":
            return np.asarray(numbers > 0)
        array = np.asarray(numbers / (2.0 if dtype.startswith("float") else 1)).astype(dtype)
        if nan and dtype.startswith("float"):
            array = np.asarray(np.where(self.rng.random(shape) < 0.3, np.nan, array)).astype(dtype)
        return array

    def f(self, *shape):
        """Floats."""
        return self.x(shape, FLOATS)

    def v(self, low=2, high=5, dtypes=FLOATS):
        """A vector."""
        return self.x((self.whole(low, high),), dtypes)

    def positive(self, *shape):
        """Numbers from 0.5 to 3."""
        return np.asarray(self.rng.uniform(0.5, 3, shape)).astype(self.dtype())

    def rising(self, n):
        """Strictly rising numbers."""
        return np.cumsum(self.positive(n)).astype("float64" if self.smooth else "float32")

    def matrices(self, n=None):
        """Well conditioned square matrices."""
        n = n or self.whole(1, 3)
        shape = (*self.pick((), (2,)), n, n)
        return (self.rng.normal(size=shape) + 3 * np.eye(n)).astype(self.dtype())

    def symmetric(self):
        a = self.matrices()
        return ((a + np.swapaxes(a, -1, -2)) / 2 + 3 * np.diag(np.arange(a.shape[-1]))).astype(a.dtype)

    def mask(self, a):
        """A condition of a's shape, or of its last axis."""
        shape = a.shape[self.whole(0, 1) :] if a.ndim else ()
        return np.asarray(self.rng.random(shape) < 0.6)

    def index(self, *shape, n):
        return self.rng.integers(-n, n, shape)

    def axis(self, a, none=True):
        options = [*range(-a.ndim, a.ndim), *([None] if none or not a.ndim else [])]
        return self.pick(*options)

    def axes(self, a):
        """An axis, several, or all."""
        if a.ndim > 1 and self.flag():
            return tuple(int(i) for i in self.rng.permutation(a.ndim)[: self.whole(1, a.ndim)])
        return self.axis(a)

    def some(self, **options):
        """Each option with a chance of a half."""
        return {k: v for k, v in options.items() if self.flag()}


# ---- groups of functions of one signature


def reduction(*names, **of):
    """A reduction with these options."""

    def draw(d):
        a = d.x(**of)
        values = {
            "axis": d.axes(a), "keepdims": True, "where": d.mask(a), "dtype": d.dtype(),
            "initial": d.pick(2, -1), "ddof": 1, "mean": None, "overwrite_input": True,
        }  # fmt: skip
        kwargs = d.some(**{n: values[n] for n in names if n in values})
        if "correction" in names and "ddof" not in kwargs:
            kwargs |= d.some(correction=d.pick(1, 0.5))
        if "mean" in kwargs:
            kwargs["mean"] = np.asarray(0.5 * np.sum(np.nan_to_num(a), axis=kwargs.get("axis"), keepdims=True))
        if "where" in kwargs and "initial" in names and "dtype" not in names:
            kwargs["initial"] = values["initial"]
        return Call(a, **kwargs)

    return draw


def one_axis(*names, **of):
    """A function along one axis."""

    def draw(d):
        a = d.x(**of)
        values = {
            "axis": d.axis(a), "keepdims": True, "dtype": d.dtype(),
            "include_initial": True,
        }  # fmt: skip
        kwargs = d.some(**{n: values[n] for n in names if n in values})
        if "sorting" in names:
            kwargs |= d.pick({"kind": "mergesort"}, {"stable": True})  # so that equal entries keep their order
        if a.ndim > 1 and "include_initial" in names:
            kwargs["axis"] = d.axis(a, none=False)
        return Call(a, **kwargs)

    return draw


_NAN_METHODS = ("linear", "lower", "higher", "midpoint")
METHODS = (
    *_NAN_METHODS, "nearest", "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
    "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased",
)  # fmt: skip


def quantile(scale, nan=False):
    def draw(d):
        a = d.x(dtypes=["float32", "float64", "int32"], nan=nan)
        q = d.pick(0.3, 0.5, 0.0, 1.0, [0.1, 0.9], 0.625 if nan else [[0.25, 0.5], [0.75, 0.625]])
        kwargs = d.some(axis=d.axes(a), keepdims=True, overwrite_input=True)
        kwargs |= d.some(method=d.pick(*(_NAN_METHODS if nan else METHODS)))
        return Call(a, np.multiply(q, scale).tolist(), **kwargs)

    return draw


def each(dtypes=ANY, **options):
    return lambda d: Call(d.x(dtypes=dtypes, **options))


def two(dtypes=ANY, **options):
    return lambda d: Call(*pair(d, dtypes), **d.some(**options))


def pair(d, dtypes=ANY):
    """Two arrays whose shapes broadcast."""
    shape = d.shape()
    other = tuple(d.pick(n, 1) for n in shape[d.whole(0, len(shape)) if shape else 0 :])
    arrays = [d.x(shape, dtypes), d.x(other, dtypes)]
    return arrays if d.flag() else arrays[::-1]


def joined(rank_low, **options):
    """Arrays that can be joined along axis 0."""

    def draw(d):
        shape = d.shape(rank_low, 3)
        arrays = [d.x(shape) for _ in range(d.whole(1, 3))]
        return Call(arrays, **d.some(**{k: v(shape) if callable(v) else v for k, v in options.items()}))

    return draw


def any_axis(extra=0):
    return lambda shape: len(shape) - 1 + extra if len(shape) + extra > 1 else 0


def splitting(low, axis=False):
    def draw(d):
        shape = tuple(d.pick(2, 4) for _ in range(d.whole(low, 3)))
        where = d.pick(2, [1], [1, 3], np.array([2]))
        return Call(d.x(shape), where, **(d.some(axis=d.whole(-len(shape), len(shape) - 1)) if axis else {}))

    return draw


def like(*leading, **options):
    return lambda d: Call(
        d.x(), *leading, **d.some(dtype=d.pick("float32", "int32"), shape=(2, 3), order="F", subok=False, device="cpu")
    )


def cov(d):
    x = d.x((d.whole(2, 3), 5), FLOATS) if d.flag() else d.x((5,), FLOATS)
    kwargs = d.some(rowvar=False) if x.ndim == 2 else {}
    kwargs |= d.some(bias=True, ddof=0, dtype="float64", y=d.x(x.shape, FLOATS))
    n = x.shape[0 if x.ndim == 1 or "rowvar" in kwargs else 1]
    return Call(x, **kwargs, **d.some(fweights=d.rng.integers(1, 4, n), aweights=d.positive(n)))


def average(d):
    a = d.x(dtypes=FLOATS, low=1)
    axis = d.axes(a)
    kwargs = d.some(keepdims=True, returned=True) | {"axis": axis}
    if axis is None or (isinstance(axis, tuple) and d.flag()):
        shape = a.shape if axis is None else tuple(a.shape[i] for i in axis)
    else:
        shape = (a.shape[axis],) if isinstance(axis, int) else tuple(a.shape[i] for i in axis)
    return Call(a, weights=d.positive(*shape), **kwargs)


def interp(d):
    kwargs = d.some(left=-7.0, right=7.0)
    if d.flag():
        kwargs["period"] = 20.0
    n = d.whole(2, 5)
    return Call(d.x(dtypes=FLOATS), d.rising(n) - 2, d.f(n), **kwargs)


def gradient(d):
    shape = tuple(d.pick(3, 4) for _ in range(d.whole(1, 3)))
    a, steps = d.x(shape, FLOATS), d.pick("none", "one", "each", "positions")
    widths = {"none": [], "one": [0.5], "each": [0.5, 2.0, 1.5][: len(shape)]}.get(steps)
    kwargs = d.some(edge_order=2)
    if steps in ("none", "one"):
        kwargs |= d.some(axis=d.pick(0, -1, tuple(range(len(shape)))))
    return Call(a, *([d.rising(n) for n in shape] if widths is None else widths), **kwargs)


def histogram(d):
    a = d.x(dtypes=FLOATS)
    kwargs = d.some(bins=d.pick(3, [-1.0, 0.0, 0.5, 2.0], "sturges"), range=(-2.0, 2.5), density=True)
    if kwargs.get("bins") != "sturges":
        kwargs |= d.some(weights=d.positive(*a.shape))
    return Call(a, **kwargs)


def edges_of(d):
    kwargs = histogram(d).kwargs
    kwargs.pop("density", None)
    a = d.x(dtypes=FLOATS)
    if "weights" in kwargs:
        kwargs["weights"] = d.positive(*a.shape)
    return Call(a, **kwargs)


def insert(d):
    a = d.x(low=1, dtypes=FLOATS)
    axis = d.axis(a)
    n = a.size if axis is None else a.shape[axis]
    obj = d.pick(d.whole(0, n), -1, [0, n], [n], slice(0, n), d.index(n, n=n))
    return Call(a, obj, d.pick(7.0, d.f()), axis=axis)


def delete(d):
    a = d.x(low=1)
    axis = d.axis(a)
    n = a.size if axis is None else a.shape[axis]
    return Call(a, d.pick(0, -1, [0], slice(0, 1), d.index(2, n=n), d.rng.random(n) < 0.5), axis=axis)


def choose(d):
    choices = [d.x((3,), FLOATS) for _ in range(3)]
    index, mode = d.index(2, 3, n=3), d.pick("wrap", "clip", "raise")
    return Call(index % 3 if mode == "raise" else index * 2, choices, mode=mode)


def take(d):
    a = d.x(low=1)
    axis = d.axis(a)
    n = a.size if axis is None else a.shape[axis]
    mode = d.pick("raise", "wrap", "clip")
    return Call(a, d.index(*d.shape(0, 2), n=n) * (1 if mode == "raise" else 3), axis=axis, mode=mode)


def along(d):
    a = d.x(low=1)
    axis = d.axis(a)
    if axis is None:
        return Call(a, d.index(4, n=a.size), axis=None)
    shape = list(a.shape)
    shape[axis] = 3
    index = d.index(*shape, n=a.shape[axis])
    return Call(a, index, axis=axis) if axis != a.ndim - 1 or d.flag() else Call(a, index)


PAD_ARGUMENTS = {
    "constant": {"constant_values": [3, (1, 2)]},
    "linear_ramp": {"end_values": [2, (1, -2)]},
    "maximum": {"stat_length": [2, (1, 2)]},
    "reflect": {"reflect_type": ["odd", "even"]},
}
PAD_ARGUMENTS["minimum"] = PAD_ARGUMENTS["mean"] = PAD_ARGUMENTS["median"] = PAD_ARGUMENTS["maximum"]
PAD_ARGUMENTS["symmetric"] = PAD_ARGUMENTS["reflect"]


def pad(d):
    a = d.x(low=1, dtypes=["float32", "float64", "int32"], sizes=(2, 3, 4))
    mode = d.pick("constant", "edge", "wrap", *PAD_ARGUMENTS)
    kwargs = d.some(**{name: d.pick(*values) for name, values in PAD_ARGUMENTS.get(mode, {}).items()})
    width = d.pick(1, (1, 0), (0, 3), [(1, 2)] * a.ndim, {-1: (0, 1)})
    return Call(a, width, mode=mode, **kwargs) if mode != "constant" or d.flag() else Call(a, width, **kwargs)


def clip(d):
    a = d.x(dtypes=["float32", "float64", "int32"])
    low, high = d.pick(-1, 0, None), d.pick(1, 2, None)
    return d.pick(Call(a, low, high), Call(a, min=low, max=high), Call(a, a_min=low, a_max=high), Call(a, max=high))


def einsum(d):
    a, b, kwargs = d.f(2, 3), d.f(3, 4), d.some(optimize=d.pick(True, "greedy"), dtype="float64", order="F")
    return d.pick(
        Call("ij,jk", a, b, **kwargs), Call("ij,jk->ki", a, b, **kwargs), Call("ij->j", a, **kwargs),
        Call(a, [0, 1], b, [1, 2], [2, 0], **kwargs), Call(a, [0, 1], b, [1, 2], **kwargs),
        Call("...j,j...->...", d.f(2, 3), d.f(3, 2), **kwargs), Call("ii", d.f(3, 3), **kwargs),
    )  # fmt: skip


def tensordot(d):
    return d.pick(
        Call(d.f(2, 3), d.f(3, 4), axes=1), Call(d.f(2, 3, 4), d.f(3, 4, 2)), Call(d.f(2), d.f(3), axes=0),
        Call(d.f(2, 3), d.f(3, 2), axes=([0, 1], [1, 0])), Call(d.f(2, 3), d.f(4, 3), axes=(1, 1)),
    )  # fmt: skip


def products(d):
    return d.pick(
        Call(d.f(3), d.f(3)), Call(d.f(2, 3), d.f(3, 4)), Call(d.f(2, 3), d.f(3)), Call(d.f(3), d.f(3, 2)),
        Call(d.f(2, 2, 3), d.f(3, 4)), Call(d.f(), d.f(2)), Call(d.f(2, 2, 3), d.f(2, 3, 4)),
    )  # fmt: skip


def matmul(d):
    return d.pick(Call(d.f(2, 3), d.f(3, 4)), Call(d.f(2, 2, 3), d.f(3, 4)), Call(d.f(4, 2, 3), d.f(4, 3, 1)))


def cross(d):
    axes = d.pick({}, {"axis": 0}, {"axisa": 0, "axisb": 0, "axisc": 0}, {"axisa": 0}, {"axisc": 0}, {"axisb": 0})
    shapes = [(3, 3), (3, 3)] if axes else [(2, 3), (2, 3)]
    return Call(*[d.f(*shape) for shape in shapes], **axes)


def piecewise(d):
    x = d.v()
    functions = [lambda v, a=2.0, b=0.0: v * a + b, lambda v, a=2.0, b=1.0: v + a * b, 5.0]
    conditions = [x < 0, x > 1]
    return Call(x, conditions, functions[: d.whole(2, 3)], *d.pick([], [3.0]), **d.pick({}, {"b": 1.0}))


def select(d):
    shape = d.shape()
    return Call([d.x(shape, ["bool"]) for _ in range(2)], [d.x(shape, FLOATS) for _ in range(2)], **d.some(default=7.0))


def norms(*orders, ranks=(1, 2)):
    def draw(d):
        a = d.x(low=ranks[0], high=ranks[1], dtypes=FLOATS)
        axis = d.axis(a)
        kwargs = {"axis": axis, "ord": d.pick(*orders)} if axis is not None or a.ndim == 1 else {}
        return Call(a, **kwargs, **d.some(keepdims=True))

    return draw


def roll(d):
    a = d.x(low=1)
    axis = d.axes(a)
    several = isinstance(axis, tuple) and d.flag()
    return Call(a, [d.whole(-3, 3) for _ in axis] if several else d.whole(-5, 5), axis=axis)


def repeat(d):
    a = d.x(low=1)
    axis = d.axis(a)
    n = a.size if axis is None else a.shape[axis]
    return Call(a, d.pick(2, 0, d.rng.integers(0, 3, n)), axis=axis)


def diff(d):
    a = d.x(low=1)
    return Call(a, **d.some(n=d.pick(0, 2), axis=d.axis(a, none=False), prepend=1, append=d.pick(0, a)))


def trapezoid(d):
    y = d.x(low=1, dtypes=FLOATS)
    axis = d.axis(y, none=False)
    x = d.pick({}, {"dx": 0.5}, {"x": d.rising(y.shape[axis])}, {"x": d.x(y.shape, FLOATS)})
    return Call(y, axis=axis, **x)


def meshgrid(d):
    return Call(*[d.v(1, 3) for _ in range(d.whole(1, 3))], **d.some(sparse=True, indexing="ij", copy=False))


def lstsq(d):
    n = d.pick(2, 4)
    return Call(d.f(n, 2) + 3 * np.eye(n, 2), d.f(n) if d.flag() else d.f(n, 3), **d.some(rcond=1e-6))


def polyfit(d):
    n, kwargs = 6, d.pick({"full": True}, {"cov": True}, {"cov": "unscaled"}, {})
    kwargs |= d.some(w=d.positive(n), rcond=1e-6)
    return Call(d.rising(n), d.f(n) if d.flag() else d.f(n, 2), d.whole(1, 2), **kwargs)


def unique(d):
    a = d.x(dtypes=["float32", "int32"], nan=True)
    kwargs = d.some(return_index=True, return_counts=True, sorted=True)
    kwargs |= d.pick({"return_inverse": True}, {"equal_nan": False}, {})  # distinct nans stand in any order
    return Call(a, **kwargs) if a.ndim < 2 or d.flag() else Call(np.nan_to_num(a), axis=d.whole(0, 1), **kwargs)


def sets(**options):
    return lambda d: Call(d.v(1, 5, ["float32", "int32"]), d.v(1, 5, ["float32", "int32"]), **d.some(**options))


def distinct(**options):
    """Sets of distinct entries, so that ``assume_unique`` is true."""
    return lambda d: Call(
        d.rng.permutation(6)[: d.whole(1, 5)], d.rng.permutation(6)[: d.whole(1, 5)], **d.some(**options)
    )


def searchsorted(d):
    row = np.sort(d.v())
    if d.flag():
        order = d.rng.permutation(row.size)
        shuffled = np.empty_like(row)
        shuffled[order] = row
        return Call(shuffled, d.x(dtypes=FLOATS), sorter=order, side=d.pick("left", "right"))
    return Call(row, d.x(dtypes=FLOATS), **d.some(side="right"))


def spaced(d, **options):
    kwargs = d.some(**options, num=4, endpoint=False, dtype="float64", axis=-1)
    return Call(d.positive(2), d.pick(d.positive(2) + 3, 5.0), **kwargs)


def block(d):
    a = d.f(2, 2)
    return Call(d.pick([a, a], [[a, a], [a, d.f(2, 2)]], [[d.f(2, 1), d.f(2, 3)], [d.f(1, 4)]], [d.v(), d.v()], a))


def nan_to_num(d):
    a = np.where(d.rng.random(4) < 0.5, d.f(4), [np.nan, 2, 3, 1] if d.smooth else [np.nan, np.inf, -np.inf, 1]).astype(
        d.dtype()
    )
    return Call(a, **d.some(copy=True, nan=3.0, posinf=4.0, neginf=-5.0))


def correlated(d):
    return Call(d.v(1, 5), d.v(1, 5), **d.some(mode=d.pick("valid", "same", "full")))


def shift(d):
    a = d.x(low=1)
    return Call(a, **d.some(axes=d.axes(a)))


def reshape(d):
    kwargs = d.some(order=d.pick("C", "F"), copy=True)
    return Call(d.x((2, 3, 4)), d.pick((4, 6), -1, (3, -1), (2, 2, 6)), **kwargs)


def tensorsolve(d):
    a = (d.f(2, 3, 6).reshape(6, 6) + 5 * np.eye(6)).reshape(2, 3, 6)
    return Call(a, d.f(2, 3)) if d.flag() else Call(np.moveaxis(a, 2, 0), d.f(2, 3), axes=(0,))


def numpy_function(name):
    """NumPy's function of this name, ``None`` where this version of NumPy has none."""
    function = np
    for part in name.split("."):
        function = getattr(function, part, None)
    return function


def by_position(function, call):
    """The same call with as many arguments by position as its signature allows."""
    try:
        signature = inspect.signature(function)
        bound = signature.bind(*call.args, **call.kwargs)
    except (TypeError, ValueError):  # an earlier version of NumPy, with fewer arguments or without a signature
        return call
    if any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        return call
    args, kwargs, passed = [], {}, list(bound.arguments)
    bound.apply_defaults()
    last = max((list(signature.parameters).index(name) for name in passed), default=-1)
    by_name = False
    for i, (name, parameter) in enumerate(signature.parameters.items()):
        value = bound.arguments[name]
        by_name = by_name or parameter.kind is parameter.KEYWORD_ONLY or "no value" in repr(value)
        if parameter.kind is parameter.VAR_KEYWORD:
            kwargs |= value
        elif not by_name and i <= last:
            args.append(value)
        elif name in passed:
            kwargs[name] = value
    return Call(*args, **kwargs)
