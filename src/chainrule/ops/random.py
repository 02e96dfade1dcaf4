"""Random numbers from a counter, so that any entry of any step can be computed alone and in any order.

Threefry-2×32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
https://doi.org/10.1145/2063384.2063405): key = (seed, stream name), counter = (step, entry). Bits, integers,
uniforms and permutations are equal on every engine; normals to the last bits of log and cos.
"""

from __future__ import annotations

import math
import os
import zlib
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError, ValueProblem
from ..graph import Spec, as_dtype, floatx, spec_of
from ..graph.scope import state
from ..graph.spec import is_float
from ..tensor import Tensor, as_tensor, constant
from .elementwise import FLAT
from .record import Cost, Operation, Sample, namespace
from .rules import loop_batch, per_entry

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def _threefry(o: Any, key0: Any, key1: Any, x0: Any, x1: Any) -> tuple[Any, Any]:
    """Both words of the block cipher; all arguments are uint32 arrays with at least one axis."""
    keys = (key0, key1, key0 ^ key1 ^ o.uint32(0x1BD11BDA))
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for block in range(5):
        for r in _ROTATIONS[block % 2]:
            x0 = x0 + x1
            x1 = (x1 << o.uint32(r)) | (x1 >> o.uint32(32 - r))
            x1 = x1 ^ x0
        x0 = x0 + keys[(block + 1) % 3]
        x1 = x1 + keys[(block + 2) % 3] + o.uint32(block + 1)
    return x0, x1


def _words(o: Any, key: Any, step: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    entries = o.arange(math.prod(shape), dtype=o.uint32)
    steps = o.zeros_like(entries) + o.reshape(step, (1,))
    w0, w1 = _threefry(o, key[:1], key[1:], steps, entries)
    return o.reshape(w0, shape), o.reshape(w1, shape)


def _bits(o: Any, key: Any, step: Any, shape: tuple[int, ...]) -> Any:
    return _words(o, key, step, shape)[0]


def _uniform(o: Any, key: Any, step: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """24 bits of one word in float32 (11 and 8 in the half formats), 53 of two in float64; never 1."""
    w0, w1 = _words(o, key, step, shape)
    if dtype == "float64":
        return ((w0 >> o.uint32(5)).astype(dtype) * 67108864.0 + (w1 >> o.uint32(6)).astype(dtype)) * 2.0**-53
    bits = {"float32": 24, "float16": 11, "bfloat16": 8}[dtype]
    return ((w0 >> o.uint32(32 - bits)).astype("float32") * 2.0**-bits).astype(dtype)


def _normal(o: Any, key: Any, step: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """Box and Muller's transform of the two words."""
    w0, w1 = _words(o, key, step, shape)
    inside = "float64" if dtype == "float64" else "float32"
    u0 = (w0.astype(inside) + 0.5) * 2.0**-32
    u1 = w1.astype(inside) * 2.0**-32
    return (o.sqrt(o.maximum(-2.0 * o.log(u0), o.zeros_like(u0))) * o.cos(2.0 * math.pi * u1)).astype(dtype)


def _permutation(o: Any, key: Any, step: Any, n: int) -> Any:
    return o.argsort(_words(o, key, step, (n,))[0], stable=True).astype(o.int32)


def _keyed(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    if specs[0].shape != (2,) or specs[1].shape != ():
        raise ShapeError(
            f"a key of shape {specs[0].shape} and a step of shape {specs[1].shape}",
            "two words and one number",
            "make them with SeedGenerator",
        )
    return (np.dtype("uint32"),) * 2


def _spec(dtype: str | None) -> Any:
    return lambda specs, shape, **more: spec_of(tuple(shape), as_dtype(more.get("dtype", dtype)))


_KEY = np.array([7, 11], np.uint32)
_STEP = np.array(3, np.uint32)
_SAMPLES = [
    Sample(_KEY, _STEP, shape=(5,)),
    Sample(_KEY, _STEP, shape=(2, 3)),
    Sample(_KEY, _STEP, shape=()),
    Sample(_KEY, _STEP, shape=(0, 2)),
    Sample([1.0, 2.0, 3.0], _STEP, shape=(2,), error=ShapeError),
]
_ROUNDS = per_entry(other=100)

random_bits = Operation(
    "random_bits",
    lambda o, key, step, shape=(): _bits(o, key, step, shape),
    spec=_spec("uint32"),
    casts=_keyed,
    batch=loop_batch,
    cost=_ROUNDS,
    says=FLAT,
    written="random_bits({0}, {1})",
    samples=_SAMPLES,
    doc="32 random bits an entry, as uint32, from a key of two words and a step.\n\n"
    ">>> ops.random_bits([0, 0], 0, shape=(1,)).tolist() == [0x6b200159]\nTrue",
)
random_uniform = Operation(
    "random_uniform",
    lambda o, key, step, shape=(), dtype="float32": _uniform(o, key, step, shape, dtype),
    spec=_spec(None),
    casts=_keyed,
    batch=loop_batch,
    cost=_ROUNDS,
    says=FLAT,
    written="random_uniform({0}, {1})",
    samples=[*_SAMPLES, Sample(_KEY, _STEP, shape=(3,), dtype="float64")],
    doc="Numbers from 0 up to, never reaching, 1.\n\n>>> ops.random_uniform([0, 0], 0, shape=(2,)).shape\n(2,)",
)
random_normal = Operation(
    "random_normal",
    lambda o, key, step, shape=(), dtype="float32": _normal(o, key, step, shape, dtype),
    spec=_spec(None),
    casts=_keyed,
    batch=loop_batch,
    cost=_ROUNDS,
    says=FLAT,
    written="random_normal({0}, {1})",
    samples=[*_SAMPLES, Sample(_KEY, _STEP, shape=(3,), dtype="float64")],
    doc="Standard normal numbers (mean 0, standard deviation 1).\n\n"
    ">>> ops.random_normal([0, 0], 0, shape=(2,)).shape\n(2,)",
)


def _permutation_cost(specs: tuple[Spec, ...], out: Spec, n: int) -> Cost:
    steps = n * (math.ceil(math.log2(n)) if n > 1 else 1)
    return Cost(other=100 * n + steps, formula=f"{n} entries × 100 + {steps:,} comparisons = {100 * n + steps:,}")


random_permutation = Operation(
    "random_permutation",
    lambda o, key, step, n=0: _permutation(o, key, step, n),
    spec=lambda specs, n: spec_of((n,), np.dtype("int32")),
    casts=_keyed,
    batch=loop_batch,
    cost=_permutation_cost,
    says=FLAT,
    written="random_permutation({0}, {1})",
    samples=[Sample(_KEY, _STEP, n=7), Sample(_KEY, _STEP, n=1), Sample(_KEY, _STEP, n=0)],
    doc="The numbers 0 to n-1 in random order, as int32.\n\n"
    ">>> sorted(ops.random_permutation([0, 0], 0, n=3).tolist())\n[0, 1, 2]",
)

# ---- what users call (Keras's `keras.random`)


class SeedGenerator:
    """A stream of random numbers: a seed, a name, and a step that each draw moves on (``keras.random.SeedGenerator``).

    Args:
        seed: any whole number; default: drawn from the system.
        name: streams of other names are independent of this one.

    >>> a, b = SeedGenerator(1), SeedGenerator(1)
    >>> bool((normal((3,), seed=a) == normal((3,), seed=b)).all())
    True
    """

    def __init__(self, seed: int | None = None, name: str = "") -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
            raise DTypeError(f"the seed {seed!r}", "a whole number", "e.g. seed=0")
        self.seed = int.from_bytes(os.urandom(4), "little") if seed is None else int(seed)
        self.name = name
        self.step = 0

    @property
    def key(self) -> Tensor:
        """The two words of the key: the seed's low half, and its high half mixed with the stream's name."""
        low, high = self.seed & 0xFFFFFFFF, (self.seed >> 32) & 0xFFFFFFFF
        return constant(np.array([low, high ^ zlib.crc32(self.name.encode())], np.uint32))

    def next(self) -> tuple[Tensor, Tensor]:
        """The key and this draw's step."""
        step = constant(np.array(self.step & 0xFFFFFFFF, np.uint32))
        self.step += 1
        return self.key, step


_global = SeedGenerator()


def set_random_seed(seed: int) -> None:
    """Seed the stream that draws without a seed of their own take (``keras.utils.set_random_seed``)."""
    global _global
    _global = SeedGenerator(seed)


def _stream(seed: int | SeedGenerator | None) -> tuple[Tensor, Tensor]:
    if state.one_example:
        raise ValueProblem(
            "a random draw inside a vectorized function, which would be one draw for all examples",
            "randomness that differs by example",
            "draw for the whole batch outside, and pass the numbers in",
        )
    if isinstance(seed, SeedGenerator):
        return seed.next()
    return _global.next() if seed is None else SeedGenerator(seed).next()


def _shape(shape: Any) -> tuple[int, ...]:
    found = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if any(n < 0 for n in found):
        raise ShapeError(f"shape {shape}", "sizes from 0 up", "give the sizes of the axes")
    return found


def _float(dtype: Any) -> str:
    found = as_dtype(dtype or floatx())
    if not is_float(found):
        raise DTypeError(f"dtype {found.name}", "a float dtype", "use randint for whole numbers")
    return found.name


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers drawn evenly from `minval` up to, never reaching, `maxval` (``keras.random.uniform``).

    Args:
        shape: of the result. dtype: default floatx. seed: a whole number, a `SeedGenerator`, or none for
            the stream of `set_random_seed`.

    >>> uniform((2, 3), seed=1).shape
    (2, 3)
    """
    drawn = random_uniform(*_stream(seed), shape=_shape(shape), dtype=_float(dtype))
    return drawn * (as_tensor(maxval) - minval) + minval if (minval, maxval) != (0.0, 1.0) else drawn


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers drawn from the normal distribution (``keras.random.normal``).

    >>> normal((2, 3), seed=1).shape
    (2, 3)
    """
    drawn = random_normal(*_stream(seed), shape=_shape(shape), dtype=_float(dtype))
    return drawn * stddev + mean if (mean, stddev) != (0.0, 1.0) else drawn


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Whole numbers from `minval` up to, never reaching, `maxval` (``keras.random.randint``).

    32 random bits modulo the range: ranges above a few million are slightly uneven.

    >>> bool((randint((100,), 3, 5, seed=1) < 5).all())
    True
    """
    if not maxval > minval:
        raise ValueProblem(f"minval {minval} and maxval {maxval}", "maxval above minval", "swap or widen them")
    o = namespace()
    drawn = random_bits(*_stream(seed), shape=_shape(shape))
    width = constant(np.array(maxval - minval, np.uint32))
    return o.cast(o.mod(drawn, width), dtype) + o.cast(minval, dtype)


def permutation(n: int, seed: Any = None) -> Tensor:
    """The numbers 0 to n-1 in random order, as int32 (``numpy.random.permutation``).

    >>> sorted(permutation(4, seed=1).tolist())
    [0, 1, 2, 3]
    """
    if not isinstance(n, int) or n < 0:
        raise ValueProblem(f"{n!r} entries to be shuffled", "a whole number from 0 up", "give the number of entries")
    return random_permutation(*_stream(seed), n=n)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """x with its entries along `axis` in random order (``keras.random.shuffle``).

    >>> sorted(shuffle([3, 1, 2], seed=1).tolist())
    [1, 2, 3]
    """
    x = as_tensor(x)
    return namespace().take(x, permutation(x.shape[axis], seed), axis=axis)
