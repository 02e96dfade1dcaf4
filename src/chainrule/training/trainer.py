"""fit, evaluate, predict: the loops over data, written once for all engines."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from .. import config
from ..callbacks import CallbackList
from ..core import arguments
from ..core.errors import GraphError, ShapeError
from ..distribution import all_gather
from ..ops.random import fork_seed
from ..tensors import tree
from ..tensors.tree import Unflatten
from .adapter_base import DataAdapter
from .array_adapter import ArrayAdapter
from .class_weight import ClassWeights, weigh_by_class
from .compilable import CompilableLayer
from .data_adapter import data_adapter_for, one_batch, split, validation_adapter
from .epochs import Epochs
from .interrupt import Interrupts
from .loop import Loop, resume
from .prefetch import prefetching
from .preparation import float_dtype_of, output_shapes, prepare, prepare_optimizer, require_compiled
from .replicas import check_replicas_in_sync
from .step_cache import is_traced, steps_of
from .steps import structure, to_numbers


class Trainer(CompilableLayer):
    """A layer that can be trained; `models.Model` inherits it. Follows ``keras.Model``'s methods."""

    # ---- the engine of a call

    @contextmanager
    def _engine_for(self, runs: int | None) -> Iterator[None]:
        """Run steps on the engine that suits this number of them; inside a fit, on the fit's."""
        state = self.training_state
        outer = state.engine
        self._refuse_prefetch_thread()
        state.engine = outer or self._engine.with_expected_runs(runs, state.work)
        try:
            yield
        finally:
            state.engine = outer

    def _refuse_prefetch_thread(self) -> None:
        """Refuse a call by the data of a fit in progress while it is prefetched: its weights would be chance."""
        if self.training_state.engine is not None and prefetching():
            passed = "a call of the model by the data it runs on, from the thread that prefetches"
            expected = "data that is read between the steps"
            raise GraphError(passed, expected, "give the data an attribute workers that is 0")

    # ---- fit

    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: bool = True,
        class_weight: Any = None, sample_weight: Any = None, initial_epoch: int = 0,
        steps_per_epoch: int | None = None, validation_steps: int | None = None,
        validation_batch_size: int | None = None, validation_freq: Any = 1, record: Any = False,
    ) -> Any:  # fmt: skip
        """Train the model (``keras.Model.fit``).

        Args:
            x: arrays, a table, tensors, lists or dictionaries of them; a generator or data set of batches; anything
                with a length and an index that gives one example. What is not in memory is read batch by batch, the
                next one by another thread while the step is computed: arrays in files (``np.load(path,
                mmap_mode="r")``) too. Data with an attribute ``workers`` that is 0 is read between the steps; this is
                needed if it calls the model, or anything that must stay in one thread.
            y: targets, in the same number; the name of a column for a data set of dictionaries.
            batch_size: examples a step, default 32. One: stochastic descent; ``len(x)``: full-batch descent.
            epochs: passes over the data. verbose: 0 silent, 1 a progress line, 2 one line an epoch.
            validation_split: the share of the arrays, from their end, that is used for validation only.
            validation_data: (x, y) or (x, y, sample_weight), or data that gives batches.
            shuffle: whether each epoch has a new order.
            class_weight: weights by class, such as ``{0: 1.0, 1: 5.0}``; 1 for others. Each label is weighted by its
                class: of an example, or of each pixel or token, whether y holds whole numbers or one-hot rows. With a
                binary loss and several columns, each a yes or no, class k is column k. For several outputs a
                dictionary by output name, or a list, of such dictionaries.
            sample_weight: each example's weight, or each label's. With `class_weight` too, the two are multiplied; an
                example's weight holds for all of its labels. A weighted loss is divided by the number of labels, not by
                the sum of the weights, unless its reduction is ``"mean_with_sample_weight"``.
            initial_epoch: the number of the first epoch, which begins at the start of the data. steps_per_epoch: steps
                that make an epoch, for data without an end; other data are gone through again and again.
            record: ``True``, or a number of moments: samples losses, weights, gradients, activations, filters and, for
                two columns, the decision boundary into ``history.recording``; its ``to_html()`` is a page with a
                slider.

        Returns:
            A `callbacks.History`, whose ``history`` holds each epoch's numbers by name. Ctrl-C stops after the step
            in progress, with the weights it has then, and raises KeyboardInterrupt.
        """
        require_compiled(self, "fit")
        epochs = arguments.at_least(1, epochs=epochs)
        initial_epoch = arguments.at_least(0, initial_epoch=initial_epoch)
        steps_per_epoch = _count_or_none(steps_per_epoch=steps_per_epoch)
        validation_steps = _count_or_none(validation_steps=validation_steps)
        validation_batch_size = _count_or_none(validation_batch_size=validation_batch_size)
        if not isinstance(validation_freq, Sequence):
            validation_freq = arguments.at_least(1, validation_freq=validation_freq)
        dtype = float_dtype_of(self)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split(x, y, sample_weight, validation_split)
        source = data_adapter_for(
            x, y, sample_weight, batch_size=batch_size, shuffle=bool(shuffle), stream=fork_seed("fit"),
            float_dtype=dtype,
        )  # fmt: skip
        if class_weight:
            source = weigh_by_class(source, lambda batch: self._class_weights(class_weight, batch))
        if validation_data is not None:
            validation_data = validation_adapter(validation_data, validation_batch_size or batch_size, dtype)
        loop = Epochs(source, steps_per_epoch, initial_epoch)
        batch = loop.peek(initial_epoch)  # errors come before any training
        prepare(self, batch, training=True)
        prepare_optimizer(self)
        self._check_targets(source)
        self._check_fit(source, batch, validation_data)
        validated = validation_data is not None
        hooks = self._hooks(callbacks, verbose, loop, epochs, add_history=True, do_validation=validated)
        if record:
            hooks.append(self._recorder(record, batch, (x, y), range(initial_epoch, epochs), loop.steps))
        hooks.callbacks.sort(key=lambda c: bool(getattr(c, "runs_last", False)))
        state = self.training_state
        state.stop_training = False
        state.sources = [source] if validation_data is None else [source, validation_data]
        state.callbacks, state.position, state.logs = hooks, [initial_epoch, 0], {}
        state.first_epoch = initial_epoch
        all_gather([0])  # the first of several processes may still be writing files of an earlier fit
        hooks.on_train_begin()
        resumed = resume(self, hooks, loop)
        check_replicas_in_sync(self, batch, state.position)
        validate = None
        if validation_data is not None:
            validate = lambda epoch: self._validate(epoch, validation_data, validation_steps, validation_freq)
        state.work.before_fit = state.work.saved_by_xla
        with self._engine_for(None if loop.steps is None else loop.steps * (epochs - initial_epoch)):
            logs = Loop(self, loop, hooks, validate, resumed).run(initial_epoch, epochs)
        if self.optimizer is not None:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        hooks.on_train_end(logs)
        state.sources, state.callbacks = (), None
        return self.history

    def _check_targets(self, source: DataAdapter) -> None:
        """Let the losses check all targets in memory; those of other data are checked batch by batch."""
        loss = self.compiled_loss
        if loss is not None and loss.checks_targets and isinstance(source, ArrayAdapter) and source.in_memory:
            loss.check_targets(source.unflatten(source.arrays)[1])

    def _check_fit(self, source: DataAdapter, batch: Any, validation: Any) -> None:
        """Do the cheap checks of `lint`; models override it."""

    def _recorder(self, record: Any, batch: Any, data: Any, epochs: range, steps: int | None) -> Any:
        """Return the callback that records; models override it."""
        raise NotImplementedError

    def _validate(self, epoch: int, data: DataAdapter, steps: int | None, frequency: Any) -> dict[str, Any]:
        """Return the validation results of an epoch; none if it is not one to validate after."""
        due = epoch + 1 in frequency if isinstance(frequency, Sequence) else (epoch + 1) % frequency == 0
        if not due:
            return {}
        logs = self.evaluate(data, steps=steps, callbacks=self.training_state.callbacks, return_dict=True, verbose=0)
        return {f"val_{k}": v for k, v in logs.items()}

    # ---- evaluate and predict

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto",
        sample_weight: Any = None, steps: int | None = None, callbacks: Any = None, return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Return the loss and metrics on data, by name or in a list (``keras.Model.evaluate``)."""
        require_compiled(self, "evaluate")
        if kwargs:
            raise TypeError(f"evaluate has no argument {', '.join(map(repr, kwargs))}")
        if not isinstance(x, DataAdapter):
            x = data_adapter_for(x, y, sample_weight, batch_size=batch_size, float_dtype=float_dtype_of(self))
        loop = Epochs(x, _count_or_none(steps=steps))
        prepare(self, loop.peek(), training=False)
        self._check_targets(x)
        hooks = self._hooks(callbacks, verbose, loop)
        self.reset_metrics()
        hooks.on_test_begin()
        logs: dict[str, Any] = {}
        with self._engine_for(loop.steps), Interrupts() as interrupts:
            test_steps = steps_of(self, "test")
            one_by_one = hooks.needs_batches("test") or test_steps.engine is None
            with closing(loop.chunks(0, 0, test_steps, one_by_one)) as chunks:
                for chunk in chunks:
                    hooks.on_test_batch_begin(chunk.first)
                    logs = to_numbers(chunk.run())
                    hooks.on_test_batch_end(chunk.last - 1, logs)
                    interrupts.raise_if_requested()
        hooks.on_test_end(logs)
        return _results(logs, return_dict)

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:  # fmt: skip
        """Return the outputs for data, as NumPy arrays, for any batch size the same (``keras.Model.predict``)."""
        source = data_adapter_for(x, batch_size=batch_size, float_dtype=float_dtype_of(self))
        loop = Epochs(source, _count_or_none(steps=steps))
        hooks = self._hooks(callbacks, verbose, loop)
        hooks.on_predict_begin()
        batches: list[list[Any]] = []
        unflatten: Unflatten | None = None
        with (
            self._engine_for(loop.steps),
            Interrupts() as interrupts,
            closing(loop.chunks(0, 0, steps_of(self, "predict"), True)) as chunks,
        ):
            for chunk in chunks:
                hooks.on_predict_batch_begin(chunk.first)
                outputs, unflatten = tree.flatten(chunk.run())
                batches.append([np.asarray(a) for a in outputs])
                hooks.on_predict_batch_end(chunk.last - 1, {"outputs": unflatten(batches[-1])})
                interrupts.raise_if_requested()
        hooks.on_predict_end()
        if unflatten is None:
            raise ShapeError("no batch to predict", "data", "check the generator")
        return unflatten([np.concatenate(parts) for parts in zip(*batches, strict=True)])

    def _hooks(
        self, callbacks: Any, verbose: Any, loop: Epochs, epochs: int = 1, add_history: bool = False,
        do_validation: bool = False,
    ) -> CallbackList:  # fmt: skip
        if isinstance(callbacks, CallbackList):
            return callbacks
        if verbose == "auto":  # a progress line, or one line an epoch where `config` has switched those off
            verbose = 1 if config.is_interactive_logging_enabled() else 2
        params = {"verbose": verbose, "epochs": epochs, "steps": loop.steps, "do_validation": do_validation}
        return CallbackList(callbacks, add_history, add_progbar=verbose != 0, model=self, **params)

    # ---- one batch at a time

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Take one training step (``keras.Model.train_on_batch``).

        Args:
            class_weight: as in `fit`. return_dict: whether to return the results by name.

        Returns:
            The batch's own loss, or with metrics a list as `metrics_names`: what other batches gave does not count.
        """
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return the loss and metrics of one batch alone (``keras.Model.test_on_batch``)."""
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(self, kind: str, x: Any, y: Any, weight: Any, class_weight: Any, return_dict: bool) -> Any:
        require_compiled(self, f"{kind}_on_batch")
        self._refuse_prefetch_thread()
        batch = one_batch(x, y, weight, float_dtype_of(self))
        if not is_traced(self, kind, batch):
            prepare(self, batch, training=kind == "train")
            if kind == "train":
                prepare_optimizer(self)
        steps = steps_of(self, kind)
        if class_weight:
            key = structure(batch)
            if key not in steps.class_weights or steps.class_weights[key][0] != class_weight:
                steps.class_weights[key] = copy.deepcopy(class_weight), self._class_weights(class_weight, batch)
            batch = (*batch[:2], steps.class_weights[key][1].weigh(*batch[1:]))
        if type(self).reset_metrics is CompilableLayer.reset_metrics:
            for metric in steps.metrics:
                metric.reset_state()
        else:
            self.reset_metrics()
        return _results(to_numbers(steps.run(batch)), return_dict)

    def _class_weights(self, class_weight: Any, batch: Any) -> ClassWeights:
        """Return the weights of classes, checked for outputs of a batch."""
        return ClassWeights(class_weight, output_shapes(self, batch[0]), self.compiled_loss, float_dtype_of(self))

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch, as NumPy arrays."""
        self._refuse_prefetch_thread()
        batch = one_batch(x, float_dtype=float_dtype_of(self))
        return tree.map(np.array, steps_of(self, "predict").run(batch))


def _count_or_none(**argument: Any) -> int | None:
    """Check an argument, passed by name: a whole number from 1 up, or ``None``."""
    (value,) = argument.values()
    return None if value is None else arguments.at_least(1, **argument)


def _results(logs: dict[str, Any], return_dict: bool) -> Any:
    """Return results by name, or their values in a list, or the only value."""
    values = list(logs.values())
    return logs if return_dict else values[0] if len(values) == 1 else values
