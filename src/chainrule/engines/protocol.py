"""The protocols of an engine: what it is given, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from ..tensors.variable import Variable
from ..transforms.trace import Step

Array = NDArray[Any]


class Batches(Protocol):
    """Rows of data in the order in which they are taken.

    Batch k is rows ``order[k*size:(k+1)*size]`` of each array, or ``[k*size:(k+1)*size]`` where there is no order.
    """

    @property
    def arrays(self) -> Sequence[Array]:
        """The arrays, of equal length."""

    @property
    def order(self) -> Array | None:
        """The order of the rows; ``None``: as they are."""

    @property
    def size(self) -> int:
        """Rows a batch; the last may be shorter."""

    def batch(self, k: int) -> list[Array]:
        """Return the rows of batch k of each array."""


class EpochBatches(Protocol):
    """Whole epochs over the same rows, each in an order of its own."""

    @property
    def arrays(self) -> Sequence[Array]:
        """The arrays, of equal length."""

    @property
    def size(self) -> int:
        """Rows a batch; the last of an epoch may be shorter."""

    @property
    def max_epochs(self) -> int:
        """The largest number of epochs in one call."""

    @property
    def key(self) -> Array | None:
        """Two words, of which `random_permutation` makes the order of each epoch; ``None``: the rows as they are."""

    @property
    def resets(self) -> Sequence[tuple[Variable, Array]]:
        """Variables that start each epoch from these values."""

    def epoch(self, e: int) -> Batches:
        """Return the batches of epoch e."""


class KernelCall(NamedTuple):
    """Operations of a step that one kernel computes, or that might have been.

    Attributes:
        scope: the scope in which they were made: the layer's path. operations: their names.
        kernel: the kernel's name, ``None`` where the engine's compiler has them. reason: why it has.
    """

    scope: str
    operations: tuple[str, ...]
    kernel: str | None
    reason: str = ""


class KernelReport(NamedTuple):
    """What kernels compute in a program.

    Attributes:
        absence: why there are no kernels; empty where there are.
    """

    calls: tuple[KernelCall, ...]
    absence: str = ""


class Program(Protocol):
    """One step, ready to run: it reads its variables, runs, and assigns them. Results are in the step's order."""

    @property
    def seconds(self) -> float:
        """The time spent on compiling so far."""

    @property
    def kernel_report(self) -> KernelReport:
        """What kernels compute."""

    def __call__(self, batch: Sequence[Array]) -> list[Array]:
        """Take one step on a batch, and return its results."""

    def run_batches(self, batches: Batches, first: int, last: int) -> list[Array]:
        """Take steps `first` up to, not including, `last`, and return the results of the last one."""

    def run_epochs(self, rest: Any, data: EpochBatches, first: int, last: int) -> list[Array]:
        """Run epochs `first` up to, not including, `last`, and return each one's last results, stacked.

        Args:
            rest: this engine's program for an epoch's last, shorter batch; ``None`` if there is none.
        """


@dataclass
class Work:
    """The work that a model has been given so far in this process.

    Attributes:
        saved_by_xla: of its steps, the seconds that XLA saves. before_fit: the same before the last `fit`.
    """

    saved_by_xla: float = 0.0
    before_fit: float = 0.0


class Engine(Protocol):
    """Turns a step into a program."""

    name: str

    def program(self, step: Step) -> Program:
        """Return the step's program."""

    def with_expected_runs(self, runs: int | None, work: Work) -> Engine:
        """Return the engine for a step that will run `runs` times (``None``: not known) after the work done before."""

    def resolved_for(self, step: Step) -> Engine:
        """Return the engine that this step runs on."""


__all__ = ["Array", "Batches", "Engine", "EpochBatches", "KernelCall", "KernelReport", "Program", "Work"]
