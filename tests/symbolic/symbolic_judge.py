"""The judge of unknown sizes: what was recorded without sizes, against the same function on arrays of several sizes."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

import chainrule as cr
from chainrule import Tensor, layers
from chainrule.core.errors import ChainruleError
from symbolic_cases import Case, Shapes, Unknown, described, leaves, structure
from symbolic_layer_cases import LayerCase


class Answer(NamedTuple):
    """The outputs of a concrete call, and their nesting."""

    arrays: list[np.ndarray[Any, Any]]
    structure: Any


class Recorded(NamedTuple):
    """The inputs and outputs of a call on tensors without values, and the layer if it is one's."""

    inputs: list[Tensor]
    outputs: Any
    layer: Any = None

    @property
    def shapes(self) -> list[Any]:
        return [leaf.shape for leaf in leaves(self.outputs)]


def is_refusal(error: Exception) -> bool:
    """Whether an error is one of the library's own, and not Python's about None in its words."""
    return isinstance(error, ChainruleError) and "NoneType" not in str(error)


def record(case: Case, unknown: Unknown) -> Recorded:
    """Call the function on inputs whose `unknown` axes have no size."""
    inputs = [
        layers.Input(batch_shape=shape, dtype=x.dtype)
        for x, shape in zip(case.inputs, case.shapes(unknown), strict=True)
    ]
    if isinstance(case, LayerCase):
        layer = case.build(cr)
        return Recorded(inputs, case.apply(layer, list(inputs)), layer)
    return Recorded(inputs, case.evaluate(cr, list(inputs)))


def _arrays(outputs: Any) -> Answer:
    return Answer([np.asarray(leaf) for leaf in leaves(outputs)], structure(outputs))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """1 / 0 and its kind are NumPy's to warn of."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


_eager: dict[tuple[Case, Shapes], Answer | Exception] = {}


def eager(case: Case, shapes: Shapes, layer: Any = None) -> Answer | Exception:
    """The answer of the function on arrays of these shapes, or the error it ends in.

    Args:
        layer: has the weights that a new layer gets.
    """
    key = (case, shapes)
    if layer is None and key in _eager:
        return _eager[key]
    more = {} if layer is None else {"like": layer}
    try:
        with quiet():
            answer = _arrays(case.evaluate(cr, [cr.tensor(array) for array in case.arrays(shapes)], **more))
    except Exception as error:  # whatever it is, these sizes are refused
        answer = error
    if layer is None:
        _eager[key] = answer
    return answer


def answers(case: Case, unknown: Unknown, layer: Any = None) -> dict[Shapes, Answer | Exception]:
    """The answer at each attempt at sizes for the unknown axes."""
    return {shapes: eager(case, shapes, layer) for shapes in case.attempts(unknown)}


def exact_shapes(accepted: dict[Shapes, Answer]) -> list[tuple[int | None, ...]]:
    """The shape of each output as the sizes tell it: None where it varies. The answers have outputs of equal ranks."""
    result = []
    for shapes in zip(*[[a.shape for a in answer.arrays] for answer in accepted.values()], strict=True):
        result.append(tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True)))
    return result


def ranks(shapes: list[Any]) -> list[int]:
    """The number of axes of each output."""
    return [len(shape) for shape in shapes]


def of_ranks(accepted: dict[Shapes, Answer], expected: list[int]) -> dict[Shapes, Answer]:
    """The answers whose outputs have these ranks: those of `squeeze` depend on the sizes."""
    return {s: answer for s, answer in accepted.items() if ranks([a.shape for a in answer.arrays]) == expected}


def is_tried(unknown: Unknown, accepted: dict[Shapes, Answer]) -> bool:
    """Whether every unknown axis had several sizes that the function accepts."""
    return all(len({shapes[i][j] for shapes in accepted}) > 1 for i, j in unknown)


def shape_problems(
    recorded: list[Any], unknown: Unknown, accepted: dict[Shapes, Answer], vague: bool = False
) -> list[str]:
    """What is wrong with recorded shapes.

    Args:
        accepted: the answers at several sizes, of the recorded ranks.
        vague: whether None is an answer where the size does not vary.
    """
    problems = []
    for index, (shape, exact) in enumerate(zip(recorded, exact_shapes(accepted), strict=True)):
        tried = sorted({answer.arrays[index].shape for answer in accepted.values()})
        message = f"output {index} is recorded as {tuple(shape)}, and has the shapes {tried}"
        for axis, (n, size) in enumerate(zip(shape, exact, strict=True)):
            if n is not None and n != size:
                problems.append(f"wrong number on axis {axis}: {message}")
            elif n is None and size is not None and not vague and is_tried(unknown, accepted):
                problems.append(f"None on axis {axis}, which does not vary: {message}")
    return problems


def depends_on(outputs: list[Tensor], inputs: list[Tensor]) -> list[Tensor]:
    """Those of the inputs on which outputs depend."""
    todo, reached = list(outputs), set()
    while todo:
        node = todo.pop()
        if id(node) not in reached:
            reached.add(id(node))
            todo.extend(node.inputs)
    return [x for x in inputs if id(x) in reached]


class Runner:
    """The recorded graph, run on arrays as a model."""

    def __init__(self, recorded: Recorded) -> None:
        self.leaves = leaves(recorded.outputs)
        self.symbolic = [leaf for leaf in self.leaves if leaf.value is None]
        used = {id(x) for x in depends_on(self.symbolic, recorded.inputs)}
        self.positions = [i for i, x in enumerate(recorded.inputs) if id(x) in used]
        inputs = [recorded.inputs[i] for i in self.positions]
        self.model = cr.Model(inputs, self.symbolic) if self.symbolic else None

    def __call__(self, arrays: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
        """The outputs; those with a value already are not computed again."""
        results = iter(leaves(self.model([arrays[i] for i in self.positions])) if self.model else [])
        return [np.asarray(next(results) if leaf.value is None else leaf) for leaf in self.leaves]


def value_problems(
    case: Case, runner: Runner, tried: dict[Shapes, Answer | Exception], fitting: dict[Shapes, Answer]
) -> list[str]:
    """Where the recorded graph, run on arrays, does other than the function.

    Args:
        fitting: the answers that must be given; others, of other ranks than recorded, may be refused.
    """
    problems = []
    for shapes, answer in tried.items():
        try:
            results = runner(case.arrays(shapes))
        except Exception as error:
            if shapes in fitting or not is_refusal(error):
                problems.append(f"run at {described(shapes)}: {type(error).__name__}: {str(error)[:200]}")
            continue
        if not isinstance(answer, Answer):
            message = [result.shape for result in results]
            problems.append(f"run at {described(shapes)}: {message}, where the function refuses: {str(answer)[:150]}")
            continue
        for index, (result, expected) in enumerate(zip(results, answer.arrays, strict=True)):
            message = f"run at {described(shapes)}: output {index} is"
            if (result.shape, result.dtype) != (expected.shape, expected.dtype):
                problems.append(f"{message} {result.dtype}{result.shape}, not {expected.dtype}{expected.shape}")
            elif not case.random and not np.array_equal(result, expected, equal_nan=result.dtype.kind in "fc"):
                difference = np.abs(result.astype(complex) - expected.astype(complex)).max()
                problems.append(f"{message} of other values than the function's, by up to {difference:.3g}")
    return problems


def judge(case: Case, unknown: Unknown, may_refuse: bool = False) -> list[str]:
    """What is wrong with a case when these axes are unknown; empty if nothing is.

    An error of the library's is an answer where the case needs an axis, or where it `may_refuse`.
    """
    try:
        recorded = record(case, unknown)
    except Exception as error:
        if is_refusal(error):
            needed = any(case.is_needed(axis) for axis in unknown)
            return [] if needed or may_refuse else [f"refused: {type(error).__name__}: {str(error)[:300]}"]
        return [f"{type(error).__name__} instead of an answer or an error of the library's: {str(error)[:200]}"]
    tried = answers(case, unknown, recorded.layer)
    accepted = {shapes: answer for shapes, answer in tried.items() if isinstance(answer, Answer)}
    sample = accepted[case.shapes()]
    if structure(recorded.outputs) != sample.structure:
        return [f"recorded as {structure(recorded.outputs)}, and is {sample.structure}"]
    dtypes = [str(leaf.dtype) for leaf in leaves(recorded.outputs)]
    if dtypes != [str(array.dtype) for array in sample.arrays]:
        return [f"recorded as {dtypes}, and is {[str(array.dtype) for array in sample.arrays]}"]
    fitting = of_ranks(accepted, ranks(recorded.shapes))
    if not fitting:
        return [f"recorded as {recorded.shapes}, and has the shapes {[a.shape for a in sample.arrays]}"]
    vague = case.vague or case.meets_known(unknown)
    problems = shape_problems(recorded.shapes, unknown, fitting, vague)
    try:
        runner = Runner(recorded)
    except Exception as error:
        return [*problems, f"no model of it: {type(error).__name__}: {str(error)[:200]}"]
    with quiet():
        return problems + value_problems(case, runner, tried, fitting)


def check_cases(cases: Any) -> None:
    """Assert that each case is a call that works, and that its letters have different sizes."""
    for key, case in cases.items():
        sizes = {case.letter(axis): case.size(axis) for axis in case.axes if case.letter(axis).isalpha()}
        assert len(set(sizes.values())) == len(sizes), key
        answer = eager(case, case.shapes())
        assert isinstance(answer, Answer), (key, answer)
