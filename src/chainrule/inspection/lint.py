"""What is probably not as meant: the commonest mistakes, found in the model's graph, its loss and its data.

Each check looks at a `Case` and yields findings. The model is read as a graph, so that all three ways to a model are
looked at alike: which operation makes the output, which the input meets first.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from ..core.errors import ChainruleError, ValueProblem
from ..graph import Graph
from ..losses import Loss
from ..ops.record import GET_OUTPUT
from ..tensors.tensor import Tensor, recording, symbolic
from ..tensors.tree import flatten
from ..training.data_adapter import ArrayAdapter, data_adapter_for, specs_of
from ..training.nan_guard import TrainingWarning
from ..transforms.trace import StateRecorder

CROSS = ("BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy")
FUNCTIONS = {
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}
MOVES = {"reshape", "transpose", "squeeze", "expand_dims", "cast", "pad", "get_item", "broadcast_to", "positive"}


class Finding(NamedTuple):
    """One thing that is probably not as meant. ``level`` is ``"error"`` where training could not be meant so."""

    level: str
    name: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.level}: {self.what}. To mend it: {self.mend}."


class Report(list[Finding]):
    """The findings of `lint`; printed one a line."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) if self else "nothing found"

    __repr__ = __str__


class Case:
    """A model, its loss, and data: what the checks look at."""

    def __init__(self, model: Any, x: list[Any], y: Any, batch: Any) -> None:
        self.model, self.x, self.y = model, x, y
        self.rows = x[0] if x else None
        self.loss, self.logits, ignored = _loss_of(model)
        self.labels = y[y != ignored] if y is not None and ignored is not None else y
        self.output: Tensor | None = None
        self.inputs: list[Tensor] = []
        self.graph: Graph | None = None
        self.failed: ChainruleError | None = None
        if batch is not None:
            self._read(batch)

    def _read(self, batch: Any) -> None:
        specs, self.unflatten = flatten(specs_of(batch[0]))
        self.inputs = [symbolic(s.shape, s.dtype) for s in specs]
        try:
            with recording(StateRecorder()):
                outputs = self.model(self.unflatten(list(self.inputs)), training=False)
        except ChainruleError as error:
            self.failed = error
            return
        except NotImplementedError:  # a model without `call`, whose own step is all it has
            return
        finally:
            self.model._forget_losses()
        flat = [t for t in flatten(outputs)[0] if isinstance(t, Tensor)]
        self.graph = Graph(self.inputs, flat)
        self.output = flat[0] if len(flat) == 1 else None

    @property
    def made_by(self) -> str:
        """The operation that makes the output's numbers."""
        node: Any = self.output
        while node is not None and node.inputs:
            if node.operation is GET_OUTPUT:
                name: str = node.inputs[0].operation.name
                return name
            if node.operation.name not in MOVES:
                return str(node.operation.name)
            node = node.inputs[0]
        return ""


def _loss_of(model: Any) -> tuple[str, bool, Any]:
    """The name of the loss's class, whether it takes logits, the class it ignores; empty for several or none."""
    given = model._loss.given if model._loss is not None else None
    if isinstance(given, list | tuple | dict) and len(given) == 1:
        given = next(iter(given.values() if isinstance(given, dict) else given))
    if not isinstance(given, Loss):
        return "", False, None
    name = type(given).__name__
    if name == "LossFunctionWrapper":
        function = getattr(getattr(given, "fn", None), "__name__", "")
        name = FUNCTIONS.get(function, function)
    return name, bool(getattr(given, "from_logits", False)), getattr(given, "ignore_class", None)


# ---- the checks that cost little


def shapes(case: Case) -> Iterator[Finding]:
    """Data that does not go through the model."""
    if case.failed is not None:
        yield Finding("error", "shapes", f"the model cannot be called on this data: {case.failed}", case.failed.mend)


LARGE = 2**24  # bytes of an array that is looked at only once, however often it is fitted
_finite: dict[int, weakref.ref[Any]] = {}


def _all_finite(a: Any) -> bool:
    """By the sum, one quick pass without memory; one that is not finite may only have overflowed. What is written into
    a large array after its first fit is left to training, which finds it too."""
    key = id(a)
    if key in _finite and _finite[key]() is a:
        return True
    with np.errstate(all="ignore"):
        good = bool(np.isfinite(a.sum()) or np.isfinite(a).all())
    if good and a.nbytes >= LARGE:
        _finite[key] = weakref.ref(a, lambda gone: _finite.pop(key, None))
    return good


def finite(case: Case) -> Iterator[Finding]:
    """nan or infinity in the data."""
    for name, arrays in (("x", case.x), ("y", [case.y] if case.y is not None else [])):
        for a in arrays:
            if a.dtype.kind == "f" and not _all_finite(a):
                bad = np.argwhere(~np.isfinite(a))
                yield Finding(
                    "error",
                    "not-finite",
                    f"{len(bad):,} entries of {name} are not finite, the first at {tuple(map(int, bad[0]))}",
                    "fill them in, or leave those rows out (np.isfinite(x).all(axis=1) keeps the good ones)",
                )


def logits_and_probabilities(case: Case) -> Iterator[Finding]:
    """A softmax before a loss that takes logits, or logits before one that wants probabilities."""
    made, loss = case.made_by, case.loss
    if loss not in CROSS or case.output is None:
        return
    binary = loss == "BinaryCrossentropy"
    fitting = "sigmoid" if binary else "softmax"
    if case.logits and made in ("softmax", "sigmoid"):
        yield Finding(
            "warning",
            "probabilities-as-logits",
            f"the model ends with {made}, and the loss {loss}(from_logits=True) applies one again",
            "leave the last activation out, or set from_logits=False",
        )
    elif not case.logits and made not in ("softmax", "sigmoid", "hard_sigmoid", "clip", "divide", ""):
        yield Finding(
            "warning",
            "logits-as-probabilities",
            f"the model ends with {made}, and the loss {loss} wants probabilities",
            f'end the model with activation="{fitting}", or use {loss}(from_logits=True)',
        )
    elif not case.logits and binary and made == "softmax" and case.output.shape[-1] != 1:
        yield Finding(
            "warning",
            "softmax-with-binary",
            "the model ends with softmax, and the binary loss takes each output for a question of its own",
            'use "categorical_crossentropy" (one-hot) or "sparse_categorical_crossentropy" (whole numbers)',
        )


def one_softmax(case: Case) -> Iterator[Finding]:
    """A softmax over a single output, which is always 1."""
    if case.output is not None and case.made_by == "softmax" and case.output.shape[-1] == 1:
        yield Finding(
            "warning",
            "softmax-of-one",
            "the model ends with a softmax over one output, which is always 1",
            'use activation="sigmoid" for yes or no, or as many outputs as classes',
        )


def _whole(y: Any) -> bool:
    return y is not None and y.size > 0 and (y.dtype.kind in "biu" or bool(np.all(y == np.round(y))))


def labels(case: Case) -> Iterator[Finding]:
    """One-hot labels with the sparse loss, the reverse, and labels beyond the outputs."""
    y, out = case.labels, case.output
    if y is None or out is None:
        return
    width = out.shape[-1] if out.ndim else 1
    one_hot = y.ndim == out.ndim and y.ndim > 1 and y.shape[-1] > 1 and _is_one_hot(y)
    if case.loss == "SparseCategoricalCrossentropy":
        if one_hot:
            yield Finding(
                "error",
                "one-hot-labels",
                f"the labels are one-hot, of shape {y.shape}, and the sparse loss takes whole numbers",
                'use loss="categorical_crossentropy", or y.argmax(-1)',
            )
        elif y.size and y.dtype.kind in "biuf" and (y.min() < 0 or y.max() >= width):
            yield Finding(
                "error",
                "labels-beyond-outputs",
                f"the labels run from {y.min():g} to {y.max():g}, and the model ends with {width} outputs, for labels "
                f"from 0 to {width - 1}",
                f"end the model with {int(y.max()) + 1} outputs, or number the classes from 0",
            )
        elif y.dtype.kind == "f" and not _whole(y):
            yield Finding(
                "error", "labels-not-whole", "the labels are not whole numbers", "use a regression loss such as 'mse'"
            )
    if case.loss == "CategoricalCrossentropy" and not one_hot and _whole(y) and (y.ndim == 1 or y.shape[-1] == 1):
        yield Finding(
            "error",
            "sparse-labels",
            f"the labels are whole numbers, of shape {y.shape}, and the loss takes one-hot rows",
            'use loss="sparse_categorical_crossentropy", or utils.to_categorical(y)',
        )
    if case.loss == "BinaryCrossentropy" and y.size and (y.min() < 0 or y.max() > 1):
        yield Finding(
            "error",
            "labels-not-binary",
            f"the labels run from {y.min():g} to {y.max():g}, and the binary loss takes 0 and 1",
            "map them to 0 and 1, or use a sparse_categorical loss for more classes",
        )


def _is_one_hot(y: Any) -> bool:
    return bool(np.isin(y, (0, 1)).all() and (y.sum(-1) == 1).all())


def spare_outputs(case: Case) -> Iterator[Finding]:
    """Many more outputs than classes."""
    if case.loss == "SparseCategoricalCrossentropy" and case.output is not None and _whole(case.labels):
        width, classes = case.output.shape[-1], int(case.labels.max()) + 1
        if case.labels.size >= 100 and width > classes > 0 and width >= 2 * classes:
            yield Finding(
                "warning",
                "more-outputs-than-classes",
                f"the model ends with {width} outputs, and the labels name {classes} classes",
                f"end the model with {classes} outputs, or check that all classes are in the data",
            )


def targets(case: Case) -> Iterator[Finding]:
    """Targets that do not fit the outputs, before the loss says so."""
    y, out = case.y, case.output
    if y is None or out is None or case.loss in ("SparseCategoricalCrossentropy", ""):
        return
    a, b = y.shape[1:], tuple(out.shape[1:])
    if a == b or (*a, 1) == b or a == (*b, 1):
        return
    if len(b) > len(a) + 1 or (len(b) >= 3 and len(a) <= 1):
        mend = "put a Flatten() or GlobalAveragePooling2D() before the last Dense layers"
    elif len(a) == len(b) == 1 or not a:
        mend = f"end the model with Dense({a[-1] if a else 1})"
    else:
        mend = "give one target for each output"
    yield Finding(
        "error", "targets", f"the targets have shape {y.shape}, and the model's outputs {tuple(out.shape)}", mend
    )


def unflattened(case: Case) -> Iterator[Finding]:
    """A Dense layer on images, which mixes the channels of each pixel alone."""
    if case.graph is None or case.output is None or case.y is None or case.output.ndim < 3 or case.y.ndim >= 3:
        return
    for node in case.graph.nodes:
        if node.operation.name in ("matmul", "dense") and len(node.inputs[0].spec.shape) >= 4:
            yield Finding(
                "error",
                "unflattened",
                f"the layer at {node.scope!r} is a Dense on images of shape {tuple(node.inputs[0].spec.shape)}: it "
                "mixes the channels of each pixel alone",
                "put a Flatten() or a GlobalAveragePooling2D() before it",
            )
            return


def pixels(case: Case) -> Iterator[Finding]:
    """Images left at 0 to 255."""
    if case.rows is None or case.rows.ndim < 3 or not case.inputs or case.graph is None:
        return
    sample = case.rows[:256]
    if sample.size and 50 < sample.max() <= 255 and sample.min() >= 0 and _meets_weights(case.graph, case.inputs[0]):
        yield Finding(
            "warning",
            "pixels",
            f"the pixels run from {sample.min():g} to {sample.max():g}",
            "divide them by 255, or begin the model with layers.Rescaling(1 / 255)",
        )


def _meets_weights(graph: Graph, x: Tensor) -> bool:
    """Whether x reaches a product with weights before anything scales it."""
    raw = {x.serial}
    for node in graph.nodes:
        if any(p.serial in raw for p in node.inputs):
            name = node.operation.name
            if name in ("matmul", "conv", "einsum", "dense", "convolution"):
                return True
            if name in MOVES or node.operation is GET_OUTPUT:
                raw.add(node.serial)
    return False


def columns(case: Case) -> Iterator[Finding]:
    """Columns of very different size, which one learning rate cannot serve."""
    if (
        case.rows is None
        or case.rows.ndim != 2
        or case.rows.dtype.kind not in "iuf"
        or case.graph is None
        or not case.inputs
    ):
        return
    if len(case.rows) < 10 or case.rows.shape[1] < 2 or not _meets_weights(case.graph, case.inputs[0]):
        return
    size = np.abs(case.rows[:1000].astype(np.float64)).max(axis=0)
    size = size[np.isfinite(size) & (size > 0)]
    if size.size > 1 and size.max() > 100 and size.max() / size.min() > 1000:
        yield Finding(
            "warning",
            "unscaled-columns",
            f"the columns' largest entries run from {size.min():.3g} to {size.max():.3g}",
            "bring each to mean 0 and deviation 1, e.g. with layers.Normalization and its adapt(x)",
        )


def constant_targets(case: Case) -> Iterator[Finding]:
    """Targets that are all the same."""
    if case.y is not None and len(case.y) >= 10 and case.y.size and np.all(case.y == case.y[:1]):
        yield Finding("warning", "constant-targets", "all targets are the same", "check how y was loaded")


def accuracy_of_numbers(case: Case) -> Iterator[Finding]:
    """Accuracy asked of a regression."""
    if case.loss.lower().replace("_", "") not in ("meansquarederror", "meanabsoluteerror", "huber", "logcosh"):
        return
    asked = flatten([case.model._metrics.given, case.model._metrics.weighted_given])[0]
    names = [m if isinstance(m, str) else type(m).__name__ for m in asked]
    if any(n == "acc" or n.lower().endswith("accuracy") for n in names) and not _whole(case.y):
        yield Finding(
            "warning",
            "accuracy-of-regression",
            "accuracy counts equal numbers, and these targets are not classes",
            'use metrics=["mae"] or ["r2_score"]',
        )


def nothing_to_train(case: Case) -> Iterator[Finding]:
    """No weight that training changes."""
    if not case.model.trainable_weights and (case.graph is not None or not case.x):
        yield Finding(
            "warning", "nothing-to-train", "no weight is trainable", "set trainable = True on some layer, then compile"
        )


CHEAP: list[Callable[[Case], Iterator[Finding]]] = [
    shapes,
    finite,
    unflattened,
    labels,
    targets,
    logits_and_probabilities,
    one_softmax,
    spare_outputs,
    pixels,
    columns,
    constant_targets,
    accuracy_of_numbers,
    nothing_to_train,
]

# ---- the checks that run the model


def dead_units(case: Case) -> Iterator[Finding]:
    """Relu units that are 0 for all of the data."""
    if case.rows is None or case.graph is None or len(case.rows) < 20:
        return
    from ..transforms.run import run

    step = 500
    units: list[Any] = []
    alive: list[Any] = []
    for start in range(0, min(len(case.rows), 2000), step):
        part = [a[start : start + step] for a in case.x]
        symbols = [symbolic(a.shape, a.dtype) for a in part]
        units = _relus(case, symbols)
        if not units:
            return
        arrays = [v.numpy() for v in run(units, dict(zip(symbols, part, strict=True)))]
        seen = [(a > 0).any(axis=tuple(range(a.ndim - 1))) for a in arrays]
        alive = [old | new for old, new in zip(alive or seen, seen, strict=True)]
    for node, seen_alive in zip(units, alive, strict=True):
        dead = int((~seen_alive).sum())
        if seen_alive.size >= 4 and dead >= 0.5 * seen_alive.size:
            yield Finding(
                "warning",
                "dead-units",
                f"{dead} of {seen_alive.size} units of {node.scope!r} are 0 for all of the data, and cannot learn",
                "lower the learning rate, use he_normal initial weights, or leaky_relu",
            )


def _relus(case: Case, symbols: list[Tensor]) -> list[Any]:
    """What the relus of the model give for these inputs."""
    outputs = case.model(case.unflatten(list(symbols)), training=False)
    flat = [t for t in flatten(outputs)[0] if isinstance(t, Tensor)]
    found = []
    for node in Graph(symbols, flat).nodes:
        maker = node.inputs[0] if node.operation is GET_OUTPUT else node
        if "body" in maker.attributes and maker is node:  # the call itself, whose result is picked
            continue
        if maker.operation.name in ("relu", "relu6") or maker.attributes.get("activation") == "relu":
            found.append(node)
    return found


def learning_rate(case: Case) -> Iterator[Finding]:
    """A learning rate under which the loss rises: ten steps on one batch, which are then undone."""
    model = case.model
    if case.rows is None or case.y is None or model.optimizer is None:
        return
    x, y = case.unflatten([a[:128] for a in case.x]), case.y[:128]
    found = []
    with _undone(model, (x, y, None)):
        for _ in range(10):
            model.reset_metrics()
            found.append(model.train_on_batch(x, y, return_dict=True).get("loss", 0.0))
    first, last = found[0], float(np.median(found[-3:]))
    if not np.isfinite(found).all() or last > 2 * first + 1e-6:
        shown = " ".join(f"{v:.3g}" for v in found)
        yield Finding(
            "warning",
            "loss-rises",
            f"the loss rises over ten steps on one batch: {shown}",
            "use a smaller learning rate: try a tenth",
        )


@contextmanager
def _undone(model: Any, batch: Any) -> Iterator[None]:
    """Whatever is trained inside, all variables have their values again afterwards."""
    model._prepare(batch, training=True)
    model._prepare_optimizer()
    parts = [model, *model._optimizers, *model.metrics]
    held = [(v, v._leaf) for part in parts for v in part.variables]
    try:
        yield
    finally:
        for v, leaf in held:
            v.hold(leaf.value)


DEAR: list[Callable[[Case], Iterator[Finding]]] = [dead_units, learning_rate]


def shared_rows(train: Any, validation: Any) -> Iterator[Finding]:
    """Validation rows that are also training rows."""
    if not len(validation) or train.shape[1:] != validation.shape[1:] or train.dtype != validation.dtype:
        return
    if _repeats_by_chance(train):
        return
    known = {r.tobytes() for r in train[:20_000]}
    sample = validation[:2000]
    shared = sum(r.tobytes() in known for r in sample)
    if sample[0].size > 2 and shared > max(5, 0.2 * len(sample)):
        yield Finding(
            "warning",
            "shared-rows",
            f"{shared} of {len(sample)} validation rows looked at are also training rows",
            "split the data before anything is repeated or augmented, so that validation says something",
        )


def _repeats_by_chance(rows: Any) -> bool:
    """Whether there are so few different rows, as in a table of yes and no, that some must come twice."""
    possible = 1
    for column in rows[:500].reshape(min(len(rows), 500), -1).T:
        possible *= len(np.unique(column))
        if possible > 100 * len(rows):
            return False
    return True


def one_sided(case: Case, validation: Any) -> Iterator[Finding]:
    """Sorted labels, whose last part holds few classes, or such as training never sees."""
    if case.loss not in CROSS or case.y is None or not isinstance(validation, np.ndarray) or len(validation) < 10:
        return
    train, held = _classes(case.y), _classes(validation)
    if train is None or held is None:
        return
    known, new = np.unique(train), np.unique(held)
    in_order = bool((np.diff(np.concatenate([train, held])) >= 0).all())
    if not np.isin(new, known).any() or (in_order and len(new) < len(known)):
        yield Finding(
            "warning",
            "sorted-labels",
            f"the rows are sorted by class: validation sees {len(new)} of {len(np.union1d(known, new))} classes",
            "shuffle the rows before you split them",
        )


def _classes(y: Any) -> Any:
    """One class for each row, if these are labels."""
    if not _whole(y):
        return None
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(-1) if _is_one_hot(y) else None
    return y.ravel() if y.size == len(y) else None


def _in_memory(source: Any) -> TypeGuard[ArrayAdapter]:
    return isinstance(source, ArrayAdapter) and source.fits


def check_fit(model: Any, source: Any, batch: Any, validation: Any) -> None:
    """The cheap checks, before anything is learnt: errors raise, the rest warns."""
    arrays = _in_memory(source)
    x = source.arrays[: source.parts[0][0]] if arrays else flatten(batch[0])[0]
    targets_ = source.unflatten(source.arrays)[1] if arrays else batch[1]
    y = targets_ if isinstance(targets_, np.ndarray) else None
    case = Case(model, x, y, batch)
    found = _checked(case, CHEAP)
    if arrays and _in_memory(validation):
        found += shared_rows(source.arrays[0], validation.arrays[0])
        found += one_sided(case, validation.unflatten(validation.arrays)[1])
    for finding in found:
        if finding.level == "error":
            raise ValueProblem(finding.what, "", finding.mend)
        warnings.warn(f"{finding.what}. To mend it: {finding.mend}.", TrainingWarning, stacklevel=5)


def _checked(case: Case, checks: list[Callable[[Case], Iterator[Finding]]]) -> Report:
    found = Report()
    for check in checks:
        found += check(case)
        if any(f.level == "error" for f in found):
            break  # what follows from an error is no news
    return found


def lint(model: Any, x: Any = None, y: Any = None, validation_data: Any = None) -> Report:
    """All checks; what those that run the model change is undone."""
    if x is None:
        return _checked(Case(model, [], None, None), [nothing_to_train])
    model._must_be_compiled("lint")
    source = data_adapter_for(x, y, batch_size=32, float_dtype=model._float_dtype())
    batch = next(source.batches(0))
    arrays = _in_memory(source)
    held = source.arrays[: source.parts[0][0]] if _in_memory(source) else flatten(batch[0])[0]
    targets_ = source.unflatten(source.arrays)[1] if _in_memory(source) else batch[1]
    case = Case(model, held, targets_ if isinstance(targets_, np.ndarray) else None, batch)
    found = _checked(case, CHEAP)
    if not any(f.level == "error" for f in found):
        found += _checked(case, DEAR)
        if arrays and validation_data is not None:
            other = model._validation(validation_data, None)
            if _in_memory(other):
                found += shared_rows(held[0], other.arrays[0])
                found += one_sided(case, other.unflatten(other.arrays)[1])
    return found
