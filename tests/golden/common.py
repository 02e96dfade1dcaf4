"""What several sections need: files of text without paths and addresses, a clock that only counts, graphs as text."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.graph import CallNode, Graph
from chainrule.ops.calls import Composite
from chainrule.ops.record import Operation, registry
from chainrule.tensors.convert import symbolic
from chainrule.transforms.differentiate import gradients

HERE = Path(__file__).resolve().parent
PLACES = {  # what stands in the way of a path, the longest first
    str(Path.cwd().parent): "<tmp>",
    str(HERE.parent.parent): "<repo>",
    str(Path(sys.prefix)): "<python>",
    str(Path(sys.base_prefix)): "<python>",
}
OWN_LINES = re.compile(rf"\b({'|'.join(p.stem for p in HERE.glob('*.py') if p.stem != '__init__')})\.py:\d+")


def clean(text: str) -> str:
    """Without paths, addresses, the modules that classes live in, and the numbers of these files' own lines."""
    for path in sorted(PLACES, key=len, reverse=True):
        text = text.replace(path, PLACES[path])
    text = re.sub(r"<(class ')?chainrule\.[\w.]+\.(\w+)( object at|')", r"<\1\2\3", text)
    text = re.sub(r"\bat 0x[0-9a-f]+", "at 0x...", text)
    return OWN_LINES.sub(r"\1.py:N", text)


# The order in which operations are written: that of the files is not to depend on which module is imported first.
FIRST = """
    conv conv_transpose conv_kernel_gradient add subtract multiply divide floor_divide mod power negative positive
    stop_gradient reciprocal square absolute sign exp exp2 expm1 log log1p log2 log10 sqrt rsqrt cbrt logaddexp
    sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh hypot erf erfc erfinv sigmoid
    softplus relu maximum minimum clip where floor ceil trunc round equal not_equal less less_equal greater
    greater_equal logical_and logical_or logical_xor logical_not isnan isinf isfinite signbit bitwise_and
    bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift bitwise_invert gcd copysign nextafter cast
    reshape transpose expand_dims squeeze broadcast_to concatenate flip pad get_item add_at resize map_coordinates
    affine_transform sum mean prod logsumexp argmax argmin argsort all any cumsum cumprod max min var std norm
    softmax log_softmax log_sigmoid silu gelu leaky_relu elu celu selu relu6 softsign hard_sigmoid hard_silu
    hard_tanh tanh_shrink hard_shrink soft_shrink squareplus sparse_plus sparse_sigmoid sparsemax glu
    layer_normalization batch_normalization rms_normalization binary_crossentropy categorical_crossentropy
    sparse_categorical_crossentropy sort top_k dense convolution adam_update momentum_update max_pool_index
    max_pool window_sum window_spread average_pool solve inv pinv det log_absolute_determinant determinant_sign
    cholesky eigenvalues eigenvectors singular_values singular_vectors qr_left qr_right matmul einsum
    roi_pool_index roi_pool roi_align roi_warp after random_bits random_uniform random_normal random_permutation
""".split()


def operations() -> dict[str, Operation]:
    """The registry, in a fixed order: new operations come last."""
    order = {name: i for i, name in enumerate(FIRST)}
    return {name: registry[name] for name in sorted(registry, key=lambda name: order.get(name, len(order)))}


class Out:
    """A section's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, text: str) -> None:
        """Write a file."""
        (self.folder / name).write_text(clean(text).rstrip("\n") + "\n", encoding="utf-8", errors="backslashreplace")

    @contextmanager
    def lines(self, name: str) -> Iterator[Callable[..., None]]:
        """A function that takes a file's lines, written at the end."""
        saved: list[str] = []
        yield lambda *parts: saved.append(" ".join(map(str, parts)))
        self.put(name, "\n".join(saved))


class Clock(threading.local):
    """Counts how often a thread has asked for the time: each time a quarter of a second has gone by."""

    asked = 0

    def __call__(self) -> float:
        self.asked += 1
        return self.asked / 4


def stop_time() -> None:
    """From now on, what is timed takes as long as it asks for the time, on any machine."""
    for name in ("time", "perf_counter", "monotonic", "process_time"):
        setattr(time, name, Clock())


def sha(data: Any) -> str:
    """Of bytes, or of an array with its dtype and shape."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    array = np.ascontiguousarray(data)
    return f"{array.dtype}{list(np.shape(data))} {hashlib.sha256(array.tobytes()).hexdigest()}"


def caught(make: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """What comes of a call, as text: its result, or its error; before it, its warnings."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            result = str(make(*args, **kwargs))
        except BaseException as error:
            result = f"{type(error).__name__}: {error}"
    message = [f"{w.category.__name__}: {w.message}" for w in said]
    return "\n".join([*message, result])


def graphs_of(op: Operation, dtype: str | None = None) -> Iterator[tuple[str, Graph, list[Any]]]:
    """Each sample's forward graph, and that of its gradients by all float inputs, with arrays for them."""
    for k, sample in enumerate(op.samples):
        if sample.error is not None:
            continue
        arrays = [a.astype(dtype) if dtype and a.dtype == np.float64 else a for a in sample.arrays()]
        symbols = [symbolic(a.shape, a.dtype) for a in arrays]
        result = op(*symbols, **sample.attributes)
        results = list(result) if isinstance(result, list | tuple) else [result]
        yield f"{op.name} {k}", Graph(symbols, results), arrays
        first, floats = results[0], [x for x in symbols if x.spec.floating]
        if first.spec.floating and floats and (op.differentiable or isinstance(op, Composite)):
            upstream = symbolic(first.shape, first.dtype)
            drawn = np.random.default_rng(k).normal(size=first.shape).astype(first.dtype)
            actual = gradients(first, floats, upstream, unconnected="zero")
            yield f"{op.name} {k} gradient", Graph([*symbols, upstream], actual), [*arrays, drawn]


def graph_text(graph: Graph, indent: str = "") -> str:
    """A line for each place: the operation, the places it reads, attributes, spec; then bodies, further in."""
    lines = []
    for place, node in enumerate(graph.order):
        name = node.operation.name
        if place < len(graph.inputs):
            name = f"input {name}"
        reads = ", ".join(str(graph.position[n.serial]) for n in node.inputs) if place >= len(graph.inputs) else ""
        more = "".join(f" {k}={_shown(v)}" for k, v in node.attributes.items())
        value = f" value {_shown(node.value)}" if node.operation.leaf and node.value is not None else ""
        scope = f" in {node.scope}" if node.scope else ""
        spec = "its body's" if isinstance(node.spec, tuple) else repr(node.spec)
        lines.append(f"{indent}{place}: {name}({reads}){more}: {spec}{value}{scope}")
        if isinstance(node, CallNode):
            derives = node.body.derivative_of
            message = "" if derives is None else f" derives {derives}"
            lines += [f"{indent}  body{message}:", graph_text(node.body, indent + "    ")]
    lines.append(f"{indent}-> {', '.join(str(graph.position[n.serial]) for n in graph.outputs)}")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        return f"{array.dtype}{array.tolist()}" if array.size <= 8 else sha(array)
    return getattr(value, "__qualname__", repr(value)) if callable(value) else repr(value)


def in_folder(path: Path) -> dict[str, bytes]:
    """The files in a folder, by their paths inside it."""
    result = [Path(root, name) for root, _, names in os.walk(path) for name in names]
    return {str(f.relative_to(path)): f.read_bytes() for f in sorted(result)}
