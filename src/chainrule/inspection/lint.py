"""Find what is probably a mistake in a model, its loss and its data.

Each check looks at a `Case` and yields findings. The model is checked as a graph, so that sequential, functional and
subclassed models are treated alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

import numpy as np

from ..core.errors import ValueProblem
from ..core.messages import TrainingWarning, warn
from ..core.progress import progress
from ..tensors import tree
from ..training.array_adapter import ArrayAdapter
from ..training.data_adapter import data_adapter_for, validation_adapter
from ..training.preparation import float_dtype_of, require_compiled
from .lint_case import Case, Finding
from .lint_data import columns, finite, pixels, shared_rows, sorted_labels

from .lint_outputs import (  # isort: skip
    accuracy_of_numbers, broadcast_targets, constant_targets, labels, logits_and_probabilities, nothing_to_train,
    one_softmax, shapes, spare_outputs, targets, unflattened,
)  # fmt: skip
from .lint_training import dead_units, learning_rate, saturated

Check = Callable[[Case], Iterator[Finding]]

CHEAP_CHECKS: list[Check] = [
    shapes, finite, unflattened, labels, targets, broadcast_targets, logits_and_probabilities, one_softmax,
    spare_outputs, pixels, columns, constant_targets, accuracy_of_numbers, nothing_to_train,
]  # fmt: skip
COSTLY_CHECKS: list[Check] = [dead_units, saturated, learning_rate]  # which run the model


class Report(list[Finding]):
    """The findings of `lint`; printed one a line."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) if self else "nothing found"

    __repr__ = __str__

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.level == "error" for finding in self)


@progress("looking for faults of the model and its data")
def lint(model: Any, x: Any = None, y: Any = None, validation_data: Any = None) -> Report:
    """Run all checks (see `Model.lint`). The model's variables have the same values afterwards."""
    if x is None:
        return _run(Case(model, [], None, None), [nothing_to_train])
    require_compiled(model, "lint")
    float_dtype = float_dtype_of(model)
    adapter = data_adapter_for(x, y, batch_size=32, float_dtype=float_dtype)
    case = _case(model, adapter, next(adapter.batches(0)))
    report = _run(case, CHEAP_CHECKS)
    if not report.has_errors:
        report += _run(case, COSTLY_CHECKS)
        if _in_memory(adapter) and validation_data is not None:
            validation = validation_adapter(validation_data, None, float_dtype)
            if _in_memory(validation):
                report += _check_split(case, adapter, validation)
    return report


def check_fit(model: Any, adapter: Any, batch: Any, validation: Any) -> None:
    """Run the cheap checks before a fit: errors are raised, warnings are warned."""
    case = _case(model, adapter, batch)
    report = _run(case, CHEAP_CHECKS)
    if _in_memory(adapter) and _in_memory(validation):
        report += _check_split(case, adapter, validation)
    for finding in report:
        if finding.level == "error":
            raise ValueProblem(finding.what, "", finding.mend)
        warn(f"{finding.what}. To mend it: {finding.mend}.", TrainingWarning)


def _case(model: Any, adapter: Any, batch: Any) -> Case:
    """Return the case of all data, if it is in memory, else of one batch."""
    if _in_memory(adapter):
        x = adapter.arrays[: adapter.parts[0][0]]
        _, y, weights = adapter.unflatten(adapter.arrays)
    else:
        x, y, weights = tree.leaves(batch[0]), batch[1], batch[2]
    return Case(model, x, y if isinstance(y, np.ndarray) else None, batch, weights)


def _in_memory(adapter: Any) -> TypeGuard[ArrayAdapter]:
    return isinstance(adapter, ArrayAdapter) and adapter.in_memory


def _check_split(case: Case, train: ArrayAdapter, validation: ArrayAdapter) -> Iterator[Finding]:
    """Run the checks that compare training and validation data."""
    yield from shared_rows(train.arrays[0], validation.arrays[0])
    yield from sorted_labels(case, validation.unflatten(validation.arrays)[1])


def _run(case: Case, checks: list[Check]) -> Report:
    """Run checks up to the first that finds an error, since others may find only what follows from it."""
    report = Report()
    for check in checks:
        report += check(case)
        if report.has_errors:
            break
    return report
