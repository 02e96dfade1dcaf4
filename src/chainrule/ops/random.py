"""Random numbers from a counter, so that any entry of any step can be computed alone and in any order.

Threefry-2×32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
https://doi.org/10.1145/2063384.2063405): key = (seed, stream name), counter = (step, entry). Bits, integers,
uniforms and permutations are equal on every engine; normals to the last bits of log and cos.
"""

from __future__ import annotations

import math
import os
import zlib
from collections import Counter
from typing import Any

import numpy as np

from ..core.arguments import at_least, between, whole_number
from ..core.errors import DTypeError, ShapeError, ValueProblem
from ..core.messages import LazyMessage
from ..core.missing_names import lookup
from ..graph import Spec, as_dtype, floatx, spec_of
from ..graph.source_info import state
from ..graph.spec import is_float
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor, constant
from ..tensors.variable import Variable, current_recorder
from .error_function import QUANTILE_MIDDLE, QUANTILE_TAIL, ratio
from .record import Cost, Operation, namespace
from .rules import NO_GRADIENT, as_shape, loop_batch, per_entry
from .sample import Sample

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_BLOCK_ENTRIES = 32768  # 128 KB for each word


def _threefry(xp: Any, key0: Any, key1: Any, x0: Any, x1: Any) -> tuple[Any, Any]:
    """Compute both words of the block cipher; all arguments are uint32 arrays with one axis, of one size or 1."""
    keys = (key0, key1, key0 ^ key1 ^ xp.uint32(0x1BD11BDA))
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for block in range(5):
        for r in _ROTATIONS[block % 2]:
            x0 = x0 + x1
            x1 = (x1 << xp.uint32(r)) | (x1 >> xp.uint32(32 - r))
            x1 = x1 ^ x0
        x0 = x0 + keys[(block + 1) % 3]
        x1 = x1 + keys[(block + 2) % 3] + xp.uint32(block + 1)
    return x0, x1


def _words(xp: Any, key: Any, step: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Compute two random words for each entry."""
    n = math.prod(shape)
    entries, step = xp.arange(n, dtype=xp.uint32), xp.reshape(step, (1,))
    # NumPy stores the result of every step: in blocks that fit into the processor's cache it is several times faster
    size = _BLOCK_ENTRIES if xp is np else max(n, 1)
    blocks = [_threefry(xp, key[:1], key[1:], step, entries[i : i + size]) for i in range(0, max(n, 1), size)]
    w0, w1 = (xp.concatenate(words) for words in zip(*blocks, strict=True))
    return xp.reshape(w0, shape), xp.reshape(w1, shape)


def _uniform(xp: Any, key: Any, step: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """Take 24 bits of a word in float32 (11 and 8 in the half formats), 53 of two in float64; never 1."""
    w0, w1 = _words(xp, key, step, shape)
    if dtype == "float64":
        return ((w0 >> xp.uint32(5)).astype(dtype) * 67108864.0 + (w1 >> xp.uint32(6)).astype(dtype)) * 2.0**-53
    bits = {"float32": 24, "float16": 11, "bfloat16": 8}[dtype]
    return ((w0 >> xp.uint32(32 - bits)).astype("float32") * 2.0**-bits).astype(dtype)


def _normal(xp: Any, key: Any, step: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """Apply Box and Muller's transform to the two words."""
    w0, w1 = _words(xp, key, step, shape)
    compute_dtype = "float64" if dtype == "float64" else "float32"
    u0 = (w0.astype(compute_dtype) + 0.5) * 2.0**-32
    u1 = w1.astype(compute_dtype) * 2.0**-32
    return (xp.sqrt(xp.maximum(-2.0 * xp.log(u0), xp.zeros_like(u0))) * xp.cos(2.0 * math.pi * u1)).astype(dtype)


def _key_dtypes(specs: tuple[Spec, ...]) -> tuple[np.dtype[Any], ...]:
    """Check the shapes of a key and a step, and cast them to uint32."""
    if specs[0].shape != (2,) or specs[1].shape != ():
        passed = f"a key of shape {specs[0].shape} and a step of shape {specs[1].shape}"
        raise ShapeError(passed, "a key of shape (2,) and a step of shape ()", "make them with SeedGenerator")
    return (np.dtype("uint32"),) * 2


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


def _draw(name: str, value: Any, doc: str, **options: Any) -> Operation:
    """Make the record of a draw from a key and a step."""
    return Operation.define(
        name,
        value,
        casts=_key_dtypes,
        batch=loop_batch,
        gradient_note=NO_GRADIENT,
        format=name + "({0}, {1})",
        doc=doc,
        **options,
    )


random_bits = _draw(
    "random_bits",
    lambda xp, key, step, shape=(): _words(xp, key, step, shape)[0],
    "32 random bits for each entry, as uint32, from a key of two words and a step.\n\n"
    ">>> ops.random.random_bits([0, 0], 0, shape=(1,)).tolist() == [0x6b200159]\nTrue",
    spec=lambda specs, shape: spec_of(tuple(shape), np.dtype("uint32")),
    cost=_ROUNDS,
    samples=_SAMPLES,
)
_FLOATS: dict[str, Any] = {
    "spec": lambda specs, shape, dtype: spec_of(tuple(shape), as_dtype(dtype)),
    "cost": _ROUNDS,
    "samples": [*_SAMPLES, Sample(_KEY, _STEP, shape=(3,), dtype="float64")],
}
random_uniform = _draw(
    "random_uniform",
    lambda xp, key, step, shape=(), dtype="float32": _uniform(xp, key, step, shape, dtype),
    "Numbers from 0 to below 1.\n\n>>> ops.random.random_uniform([0, 0], 0, shape=(2,)).shape\n(2,)",
    **_FLOATS,
)
random_normal = _draw(
    "random_normal",
    lambda xp, key, step, shape=(), dtype="float32": _normal(xp, key, step, shape, dtype),
    "Standard normal numbers (mean 0, standard deviation 1).\n\n"
    ">>> ops.random.random_normal([0, 0], 0, shape=(2,)).shape\n(2,)",
    **_FLOATS,
)


def _permutation_cost(specs: tuple[Spec, ...], out: Spec, n: int) -> Cost:
    steps = n * (math.ceil(math.log2(n)) if n > 1 else 1)
    count = 100 * n + steps
    formula = LazyMessage("{n} entries × 100 + {steps:,} comparisons = {count:,}", n=n, steps=steps, count=count)
    return Cost(other=count, formula=formula)


random_permutation = _draw(
    "random_permutation",
    lambda xp, key, step, n=0: xp.argsort(_words(xp, key, step, (n,))[0], stable=True).astype(xp.int32),
    "The numbers 0 to n-1 in random order, as int32.\n\n"
    ">>> sorted(ops.random.random_permutation([0, 0], 0, n=3).tolist())\n[0, 1, 2]",
    spec=lambda specs, n: spec_of((n,), np.dtype("int32")),
    cost=_permutation_cost,
    samples=[Sample(_KEY, _STEP, n=7), Sample(_KEY, _STEP, n=1), Sample(_KEY, _STEP, n=0)],
)

# ---- the public functions (`keras.random`)


class SeedGenerator:
    """A stream of random numbers: a seed, a name, and a step that each draw advances (``keras.random.SeedGenerator``).

    Args:
        seed: any whole number; default: drawn from the system.
        name: streams of different names are independent.

    Attributes:
        state: a variable of three words, the key's two and the step. A traced step advances it; a checkpoint saves it.

    >>> a, b = SeedGenerator(1), SeedGenerator(1)
    >>> bool((normal((3,), seed=a) == normal((3,), seed=b)).all())
    True
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.seed = int.from_bytes(os.urandom(4), "little") if seed is None else _check_seed(seed)
        self.name = name or ""
        self.state = Variable(_first_state(self.seed, self.name), trainable=False, name="seed_generator_state")

    def next(self) -> tuple[Tensor, Tensor]:
        """Return the key, two words, and this draw's step, and advance the step."""
        state = self.state.value
        if current_recorder() is not None:  # in a traced step
            self.state.assign(state + constant(np.array([0, 0, 1], np.uint32)))
            xp = namespace()
            return xp.get_item(state, slice(0, 2)), xp.get_item(state, 2)
        words = np.array(state.value)
        words[2] += np.uint32(1)
        self.state.hold(words)
        return constant(words[:2]), constant(words[2] - np.uint32(1))

    def get_config(self) -> dict[str, Any]:
        """Return the seed and the name."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Make a stream from its configuration."""
        return cls(**config)


def _check_seed(seed: Any) -> int:
    number = whole_number(seed)
    if number is None:
        raise DTypeError(f"the seed {seed!r}", "a whole number", "e.g. seed=0")
    return number


def _first_state(seed: int, name: str) -> np.ndarray[Any, Any]:
    """Return the seed's low half, its high half mixed with the stream's name, and step 0."""
    low, high = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    return np.array([low, high ^ zlib.crc32(name.encode()), 0], np.uint32)


def _environment_seed() -> int | None:
    """Return the environment's ``CHAINRULE_SEED``, which all processes of a launched run share."""
    value = os.environ.get("CHAINRULE_SEED")
    if value is not None and not value.isdecimal():
        raise ValueProblem(f"CHAINRULE_SEED={value!r}", "a whole number from 0 up", "set another, or none")
    return None if value is None else int(value)


_global = SeedGenerator(_environment_seed())
_forks: Counter[str] = Counter()  # how many streams of each name were forked since the seed was set


def set_random_seed(seed: int) -> None:
    """Seed all draws that have no seed of their own (``keras.utils.set_random_seed``).

    As in Keras, Python's ``random`` and NumPy's global generator are seeded too.

    >>> set_random_seed(3); a = uniform((2,)); set_random_seed(3); bool((uniform((2,)) == a).all())
    True
    """
    seed = between(0, 2**32 - 1, seed=seed)
    import random  # which takes a millisecond to import, and is not needed otherwise

    random.seed(seed)
    np.random.seed(seed)
    _global.seed = seed
    _global.state.hold(_first_state(seed, ""))
    _forks.clear()


def get_state() -> dict[str, Any]:
    """Return the state of the streams of `set_random_seed` as plain data."""
    return {"seed": _global.seed, "words": _global.state.numpy().tolist(), "derived": dict(_forks)}


def set_state(state: dict[str, Any]) -> None:
    """Restore a state that `get_state` returned."""
    _global.seed = int(state["seed"])
    _global.state.hold(np.array(state["words"], np.uint32))
    _forks.clear()
    _forks.update(state["derived"])


def fork_seed(name: str) -> SeedGenerator:
    """Make a stream for the next object of this name that has no seed: a Dropout, a kernel, a shuffle.

    It depends on the seed set last and on how many streams of this name were made since, not on those of other names:
    adding a Dropout to a model does not change the initial weights of any other layer.
    """
    _forks[name] += 1
    return SeedGenerator(_global.seed, f"{name}/{_forks[name]}")


def _key_and_step(seed: int | SeedGenerator | None) -> tuple[Tensor, Tensor]:
    """Return the key and step of a draw. Raise `ValueProblem` in a vectorized function."""
    if state.one_example:
        passed = "a random draw inside a vectorized function, which would be one draw for all examples"
        mend = "draw for the whole batch outside, and pass the numbers in"
        raise ValueProblem(passed, "random numbers that differ between examples", mend)
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if seed is None:
        return _global.next()
    words = _first_state(_check_seed(seed), "")  # a whole number gives the same numbers each time
    return constant(words[:2]), constant(words[2])


def _float_name(dtype: Any) -> str:
    """Return the name of a float dtype; default floatx."""
    dtype = as_dtype(dtype or floatx())
    if not is_float(dtype):
        raise DTypeError(f"dtype {dtype.name}", "a float dtype", "use randint for whole numbers")
    return dtype.name


def _scale(x: Tensor, width: Any, start: Any) -> Tensor:
    """Compute x * width + start in x's dtype."""
    if isinstance(width, int | float) and isinstance(start, int | float) and (width, start) == (1, 0):
        return x
    xp = namespace()
    return x * xp.cast(as_tensor(width), x.dtype) + xp.cast(as_tensor(start), x.dtype)


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Draw numbers evenly from `minval` to below `maxval` (``keras.random.uniform``).

    From 0 to 1 the result is always below 1; other upper bounds may be reached by rounding.

    Args:
        shape: of the result.
        dtype: default floatx.
        seed: a whole number, a `SeedGenerator`, or ``None`` for the stream of `set_random_seed`.

    >>> uniform((2, 3), seed=1).shape
    (2, 3)
    """
    x = random_uniform(*_key_and_step(seed), shape=as_shape(shape), dtype=_float_name(dtype))
    numbers = isinstance(minval, int | float) and isinstance(maxval, int | float)
    return _scale(x, maxval - minval if numbers else as_tensor(maxval) - as_tensor(minval), minval)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Draw numbers from the normal distribution (``keras.random.normal``).

    >>> normal((2, 3), seed=1).shape
    (2, 3)
    """
    return _scale(random_normal(*_key_and_step(seed), shape=as_shape(shape), dtype=_float_name(dtype)), stddev, mean)


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Draw whole numbers from `minval` to below `maxval` (``keras.random.randint``).

    32 random bits modulo the range: ranges above a few million are slightly uneven.

    >>> bool((randint((100,), 3, 5, seed=1) < 5).all())
    True
    """
    if not maxval > minval:
        raise ValueProblem(f"minval {minval} and maxval {maxval}", "maxval above minval", "swap or widen them")
    xp = namespace()
    bits = random_bits(*_key_and_step(seed), shape=as_shape(shape))
    width = constant(np.array(maxval - minval, np.uint32))
    return xp.cast(xp.mod(bits, width), dtype) + xp.cast(minval, dtype)


def permutation(n: int, seed: Any = None) -> Tensor:
    """Return the numbers 0 to n-1 in random order, as int32 (``numpy.random.permutation``).

    >>> sorted(permutation(4, seed=1).tolist())
    [0, 1, 2, 3]
    """
    return random_permutation(*_key_and_step(seed), n=at_least(0, n=n))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """Put the entries of x along `axis` in random order (``keras.random.shuffle``).

    >>> sorted(shuffle([3, 1, 2], seed=1).tolist())
    [1, 2, 3]
    """
    x = as_tensor(x)
    return namespace().take(x, permutation(x.shape[axis], seed), axis=axis)


def _normal_quantile(p: Tensor) -> Tensor:
    """Compute the quantile p of the standard normal distribution, for p from 1e-6 to 1 - 1e-6."""
    xp = namespace()
    q = p - 0.5
    middle = q * ratio(0.180625 - q * q, QUANTILE_MIDDLE)
    tail_probability = xp.minimum(p, 1 - p)
    tail = xp.sign(q) * ratio(xp.sqrt(-xp.log(tail_probability)) - 1.6, QUANTILE_TAIL)
    return xp.where(xp.absolute(q) <= 0.425, middle, tail)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Draw normal numbers within two standard deviations of the mean (``keras.random.truncated_normal``).

    >>> bool((abs(truncated_normal((100,), seed=1)) <= 2).all())
    True
    """
    below = 0.02275013194817921  # the probability of a standard normal number below -2
    dtype = _float_name(dtype)
    compute_dtype = "float64" if dtype == "float64" else "float32"
    u = random_uniform(*_key_and_step(seed), shape=as_shape(shape), dtype=compute_dtype)
    xp = namespace()
    return _scale(xp.cast(xp.clip(_normal_quantile(below + u * (1 - 2 * below)), -2.0, 2.0), dtype), stddev, mean)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: int | SeedGenerator | None = None) -> Tensor:
    """Set each entry to 0 with probability `rate` and divide the others by 1 - rate (``keras.random.dropout``).

    Args:
        noise_shape: the shape of the mask, 1 along axes whose entries share it; default the inputs' shape.

    Source: Srivastava et al., JMLR 15 (2014).

    >>> set(dropout([1.0] * 100, 0.5, seed=1).tolist())
    {0.0, 2.0}
    """
    xp, x = namespace(), as_tensor(inputs)
    if not 0 <= rate <= 1:
        raise ValueProblem(f"rate {rate}", "a number from 0 to 1", "e.g. 0.5 to drop half")
    if rate == 1:
        return xp.zeros_like(x)
    sizes = (None,) * x.ndim if noise_shape is None else tuple(noise_shape)
    if len(sizes) != x.ndim or any(m not in (None, 1, n) for m, n in zip(sizes, x.shape, strict=True)):
        raise ShapeError(f"noise_shape {noise_shape} for inputs of shape {x.shape}", "1 or the size", "e.g. (None, 1)")
    mask_shape = tuple(n if m is None else m for m, n in zip(sizes, x.shape, strict=True))
    mask = uniform(mask_shape, dtype="float32", seed=seed) >= rate  # bfloat16 would round the rate to 1 in 256
    return xp.where(mask, x / (1 - rate), xp.zeros_like(x))


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None) -> Tensor:
    """Draw classes by their unnormalised log-probabilities, by Gumbel's trick (``keras.random.categorical``).

    Args:
        logits: (rows, classes).
        num_samples: draws for each row.

    >>> categorical([[0.0, 50.0]], 3, seed=1).tolist()
    [[1, 1, 1]]
    """
    xp, x = namespace(), as_tensor(logits)
    if x.ndim != 2:
        raise ShapeError(f"logits of shape {x.shape}", "(rows, classes)", "add the missing axis with expand_dims")
    epsilon = 1e-7
    shape = (x.shape[0], num_samples, x.shape[1])
    noise = -xp.log(-xp.log(uniform(shape, minval=epsilon, maxval=1 - epsilon, seed=seed)))
    return xp.cast(xp.argmax(xp.expand_dims(x, 1) + noise, axis=-1), dtype)


__getattr__ = lookup("random")
__path__: list[str] = []  # so that imports of missing names look for a module, and so for advice
