"""fit, evaluate, predict: the loops over data, written once for all engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from .. import config
from ..callbacks import CallbackList
from ..core import arguments
from ..core.errors import GraphError, ShapeError, ValueProblem
from ..distribution import all_gather
from ..engines.protocol import Engine
from ..graph import Spec, floatx
from ..layers import Layer
from ..layers.layer import find_instances
from ..losses import Loss
from ..ops.random import fork_seed
from ..tensors import tree
from ..tensors.convert import symbolic
from ..tensors.tree import Unflatten
from ..tensors.variable import recording
from ..transforms.trace import StateRecorder
from .adapter_base import DataAdapter
from .batch import pack, specs_of, unpack
from .compilable import CompilableLayer
from .compile_utils import outputs_of
from .data_adapter import data_adapter_for, one_batch, split
from .epochs import Epochs
from .interrupt import Interrupts
from .loop import Loop
from .nan_guard import TrainingWarning
from .prefetch import prefetching
from .replicas import check_replicas_in_sync
from .steps import Steps, to_numbers
from .trace_cache import Fingerprint


class Trainer(CompilableLayer):
    """A layer that can be trained; `models.Model` inherits it. Follows ``keras.Model``'s methods."""

    history: Any = None
    _resume: Any = None  # the `saving.checkpoint.Checkpoint` that the next fit continues from
    _position: Sequence[int] = (0, 0)  # the epoch, and the step in it, that come next
    _logs: dict[str, Any] | None = None  # of the step before, if it was of the same epoch
    _sources: Sequence[DataAdapter] = ()
    _current_callbacks: CallbackList | None = None
    _engine_now: Engine | None = None  # of the fit in progress: validation runs where training does

    # ---- preparation

    def _float_dtype(self) -> str:
        own: str = self.variable_dtype
        return own if own == "float64" else floatx()

    def _steps_of(self, kind: str) -> Steps:
        """Return the steps of a kind, on the engine of the call in progress; new ones if what they were traced from
        has changed."""
        if "_steps" not in self.__dict__:
            self._steps = {}
        cached = self._steps.get(kind)
        engine: Engine | None = None
        if not getattr(self, "run_eagerly", False):
            last = cached.engine if cached is not None else self._engine.with_expected_runs(None)
            engine = self._engine_now or last
        if cached is not None and self._is_fresh(cached, kind):
            cached.engine = engine
            return cached
        function = {"train": self.train_step, "test": self.test_step, "predict": self.predict_step}[kind]

        def after_trace() -> None:  # what `call` itself changes while it is traced is no change by the user
            self._forget_losses()
            steps.fingerprint = self._fingerprint(kind)

        steps = self._steps[kind] = Steps(lambda x, y, w: function(pack(x, y, w)), engine, after_trace)
        steps.fingerprint = self._fingerprint(kind)
        return steps

    def _is_fresh(self, steps: Steps, kind: str) -> bool:
        """Whether nothing has changed that these steps were traced from; by the quick check where it is enough."""
        if steps.fingerprint is None:
            return False
        quick = all(getattr(type(self), name) is own for name, own in _LISTS_OF_PARTS.items())
        if quick and steps.fingerprint.is_unchanged():
            return True
        fingerprint = self._fingerprint(kind)
        fresh = steps.fingerprint.matches(fingerprint)
        if fresh:
            steps.fingerprint = fingerprint
        return fresh

    @contextmanager
    def _engine_for(self, runs: int | None) -> Iterator[None]:
        """Run steps on the engine that suits this number of them; inside a fit, on the fit's."""
        outer = self._engine_now
        self._refuse_prefetch_thread()
        self._engine_now = outer or self._engine.with_expected_runs(runs)
        try:
            yield
        finally:
            self._engine_now = outer

    def _refuse_prefetch_thread(self) -> None:
        """Refuse a call by the data of a fit in progress while it is prefetched: its weights would be chance."""
        if self._engine_now is not None and prefetching():
            raise GraphError(
                "a call of the model by the data it runs on, from the thread that prefetches",
                "data that is read between the steps",
                "give the data an attribute workers that is 0",
            )

    def _fingerprint(self, kind: str) -> Fingerprint:
        parts = [*self._flatten_layers(), *(self._optimizers if kind == "train" else []), *self.metrics]
        if self._loss is not None:
            parts += find_instances(self._loss.user_losses, (Loss,))
        containers = [part for part in (self._loss, self._metrics) if part is not None]
        return Fingerprint(parts, self.trainable_weights, self.weights, containers)

    def _all_built(self) -> bool:
        return self.built and all(layer.built for layer in self._flatten_layers())

    def _forget_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses = []

    def _prepare(self, batch: tuple[Any, Any, Any], training: bool) -> None:
        """Unflatten weights, losses and metrics, for which a batch's shapes are needed."""
        x, y, _ = (_to_symbols(specs_of(part)) for part in batch)
        y_pred = None
        unbuilt = self._loss is not None and self._loss.per_output is None
        unbuilt = unbuilt or (self._metrics is not None and self._metrics.per_output is None and y is not None)
        if not self._all_built() or unbuilt:
            try:
                with recording(StateRecorder()):
                    y_pred = self(x, training=training)
            except NotImplementedError:  # without `call`: a GAN, for example, whose own step calls its parts
                if type(self).train_step is Trainer.train_step:
                    raise
                return
            finally:
                self._forget_losses()
        if y_pred is None:
            return
        outputs = outputs_of(y_pred, self.output_names)
        if self._loss is not None and self._loss.per_output is None:
            self._loss.build(list(outputs))
        if self._metrics is not None and self._metrics.per_output is None and y is not None:
            self._metrics.build(y, outputs)

    def _prepare_optimizer(self) -> None:
        if self.optimizer is not None and not self.optimizer.built and self.trainable_weights:
            self.optimizer.build(self.trainable_weights)

    # ---- fit

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        record: Any = False,
    ) -> Any:
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
            shuffle: whether each epoch has a new order. class_weight: each class's weight. sample_weight: each
                example's.
            initial_epoch: the number of the first epoch. steps_per_epoch: steps that make an epoch, for data without
                an end.
            record: ``True``, or a number of moments: samples losses, weights, gradients, activations, filters and, for
                two columns, the decision boundary into ``history.recording``; its ``to_html()`` is a page with a
                slider.

        Returns:
            A `callbacks.History`, whose ``history`` holds each epoch's numbers by name. Ctrl-C stops after the step
            in progress, with the weights it has then, and raises KeyboardInterrupt.
        """
        self._must_be_compiled("fit")
        epochs = arguments.at_least(1, epochs=epochs)
        initial_epoch = arguments.at_least(0, initial_epoch=initial_epoch)
        if steps_per_epoch is not None:
            steps_per_epoch = arguments.at_least(1, steps_per_epoch=steps_per_epoch)
        if validation_steps is not None:
            validation_steps = arguments.at_least(1, validation_steps=validation_steps)
        if validation_batch_size is not None:
            validation_batch_size = arguments.at_least(1, validation_batch_size=validation_batch_size)
        if not isinstance(validation_freq, Sequence):
            validation_freq = arguments.at_least(1, validation_freq=validation_freq)
        dtype = self._float_dtype()
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split(x, y, sample_weight, validation_split)
        source = data_adapter_for(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            shuffle=bool(shuffle),
            stream=fork_seed("fit"),
            class_weight=class_weight,
            float_dtype=dtype,
        )
        if validation_data is not None:
            validation_data = self._validation(validation_data, validation_batch_size or batch_size)
        loop = Epochs(source, steps_per_epoch)
        batch = self._prepare_training(source, loop, initial_epoch, validation_data)
        verbose = _verbosity(verbose)
        hooks = callbacks
        if not isinstance(callbacks, CallbackList):
            hooks = CallbackList(
                callbacks,
                add_history=True,
                add_progbar=verbose != 0,
                verbose=verbose,
                epochs=epochs,
                steps=loop.steps,
                model=self,
            )
        if record:
            hooks.append(self._recorder(record, batch, (x, y), range(initial_epoch, epochs), loop.steps))
        hooks.callbacks.sort(key=lambda c: bool(getattr(c, "runs_last", False)))
        self.stop_training = False
        self._sources = [source] if validation_data is None else [source, validation_data]
        self._current_callbacks, self._position, self._logs = hooks, [initial_epoch, 0], {}
        all_gather([0])  # the first of several processes may still be writing files of an earlier fit
        hooks.on_train_begin()
        resumed = self._resume_from_checkpoint(hooks, loop)
        check_replicas_in_sync(self, batch, self._position)
        validate = None
        if validation_data is not None:
            validate = lambda epoch: self._validate(epoch, validation_data, validation_steps, validation_freq)
        with self._engine_for(None if loop.steps is None else loop.steps * (epochs - initial_epoch)):
            logs = Loop(self, loop, hooks, validate, resumed).run(initial_epoch, epochs)
        if self.optimizer is not None:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        hooks.on_train_end(logs)
        self._sources, self._current_callbacks = (), None
        return self.history

    @property
    def _resets_metrics_as_documented(self) -> bool:
        """Whether `reset_metrics` is not overridden, so that an engine may reset metrics between epochs."""
        return type(self).reset_metrics is Trainer.reset_metrics

    def _prepare_training(self, source: DataAdapter, loop: Epochs, epoch: int, validation: Any) -> Any:
        """Unflatten and check the model with the first batch, which is returned: errors come before any training."""
        batch = loop.peek(epoch)
        self._prepare(batch, training=True)
        self._prepare_optimizer()
        self._check_fit(source, batch, validation)
        return batch

    def _check_fit(self, source: DataAdapter, batch: Any, validation: Any) -> None:
        """Do the cheap checks of `lint`; models override it."""

    def _recorder(self, record: Any, batch: Any, data: Any, epochs: range, steps: int | None) -> Any:
        """Return the callback that records; models override it."""
        raise NotImplementedError

    def _validation(self, data: Any, batch_size: int | None) -> DataAdapter:
        if isinstance(data, DataAdapter):
            return data
        if not isinstance(data, list | tuple) and (hasattr(data, "__array__") or hasattr(data, "to_numpy")):
            raise ValueProblem(
                f"validation_data of type {type(data).__name__}", "(x, y), or (x, y, sample_weight)", "pass a tuple"
            )
        parts = tuple(data) if isinstance(data, list) and len(data) in (2, 3) else data
        x, y, weight = unpack(parts)
        return data_adapter_for(x, y, weight, batch_size=batch_size, float_dtype=self._float_dtype())

    def _resume_from_checkpoint(self, hooks: CallbackList, loop: Epochs) -> Any:
        """Restore the checkpoint that a callback, or the user, has loaded, and return it; ``None`` without one."""
        checkpoint, self._resume = self._resume, None
        if checkpoint is None:
            return None
        loop.forget()
        for source, state in zip(self._sources, checkpoint.sources, strict=False):
            if source.stream is not None and checkpoint.stream is not None:
                source.stream.state.hold(checkpoint.stream)
            if state is not None or not source.resumable:
                source.set_state(state)
        self._restore(checkpoint, hooks)
        return checkpoint

    def _restore(self, checkpoint: Any, hooks: CallbackList) -> None:
        checkpoint.restore(self)
        hooks.set_state(checkpoint.callbacks)
        self.stop_training = checkpoint.stop_training
        self._position, self._logs = list(checkpoint.position), dict(checkpoint.logs)

    def _validate(self, epoch: int, data: DataAdapter, steps: int | None, frequency: Any) -> dict[str, Any]:
        """Return the validation results of an epoch; none if it is not one to validate after."""
        if not _is_validation_epoch(epoch, frequency):
            return {}
        logs = self.evaluate(data, steps=steps, callbacks=self._current_callbacks, return_dict=True, verbose=0)
        return {f"val_{k}": v for k, v in logs.items()}

    # ---- evaluate and predict

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the loss and metrics on data, by name or in a list (``keras.Model.evaluate``)."""
        self._must_be_compiled("evaluate")
        if kwargs:
            raise TypeError(f"evaluate has no argument {', '.join(map(repr, kwargs))}")
        source = (
            x
            if isinstance(x, DataAdapter)
            else data_adapter_for(x, y, sample_weight, batch_size=batch_size, float_dtype=self._float_dtype())
        )
        loop = Epochs(source, None if steps is None else arguments.at_least(1, steps=steps))
        self._prepare(loop.peek(), training=False)
        hooks = self._hooks(callbacks, verbose, loop)
        self.reset_metrics()
        hooks.on_test_begin()
        logs: dict[str, Any] = {}
        with self._engine_for(loop.steps), Interrupts() as interrupts:
            test_steps = self._steps_of("test")
            one_by_one = hooks.needs_batches("test") or test_steps.engine is None
            with closing(loop.chunks(0, 0, test_steps, one_by_one)) as chunks:
                for chunk in chunks:
                    hooks.on_test_batch_begin(chunk.first)
                    logs = to_numbers(chunk.run())
                    hooks.on_test_batch_end(chunk.last - 1, logs)
                    interrupts.raise_if_requested()
        hooks.on_test_end(logs)
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the outputs for data, as NumPy arrays, for any batch size the same (``keras.Model.predict``)."""
        source = data_adapter_for(x, batch_size=batch_size, float_dtype=self._float_dtype())
        loop = Epochs(source, None if steps is None else arguments.at_least(1, steps=steps))
        hooks = self._hooks(callbacks, verbose, loop)
        hooks.on_predict_begin()
        batches: list[list[Any]] = []
        unflatten: Unflatten | None = None
        with self._engine_for(loop.steps), Interrupts() as interrupts:
            predict_steps = self._steps_of("predict")
            with closing(loop.chunks(0, 0, predict_steps, True)) as chunks:
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

    def _hooks(self, callbacks: Any, verbose: Any, loop: Epochs) -> CallbackList:
        if isinstance(callbacks, CallbackList):
            return callbacks
        verbose = _verbosity(verbose)
        return CallbackList(
            callbacks, add_progbar=verbose != 0, verbose=verbose, epochs=1, steps=loop.steps, model=self
        )

    # ---- one batch at a time

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Take one training step; return the loss, or a list as `metrics_names` (``keras.Model.train_on_batch``)."""
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return the loss and metrics of one batch and those before (``keras.Model.test_on_batch``)."""
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(self, kind: str, x: Any, y: Any, weight: Any, class_weight: Any, return_dict: bool) -> Any:
        self._must_be_compiled(f"{kind}_on_batch")
        self._refuse_prefetch_thread()
        batch = one_batch(x, y, weight, class_weight, self._float_dtype())
        self._prepare(batch, training=kind == "train")
        if kind == "train":
            self._prepare_optimizer()
        logs = to_numbers(self._steps_of(kind).run(batch))
        values = list(logs.values())
        return logs if return_dict else values[0] if len(values) == 1 else values

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch, as NumPy arrays."""
        self._refuse_prefetch_thread()
        batch = one_batch(x, float_dtype=self._float_dtype())
        return tree.map(np.array, self._steps_of("predict").run(batch))


# properties that list a model's parts: if overridden, they may list what the quick check of a fingerprint does not see
_LISTS_OF_PARTS = {"metrics": Trainer.metrics, "trainable_weights": Layer.trainable_weights}


def _to_symbols(specs: Any) -> Any:
    return tree.map(lambda s: symbolic(s.shape, s.dtype) if isinstance(s, Spec) else None, specs)


def _verbosity(verbose: Any) -> Any:
    """Return 0, 1 or 2: ``"auto"`` is a progress line, or one line an epoch where `config` has switched those off."""
    return verbose if verbose != "auto" else 1 if config.is_interactive_logging_enabled() else 2


def _is_validation_epoch(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, Sequence):
        return epoch + 1 in frequency
    return (epoch + 1) % frequency == 0


__all__ = ["Trainer", "TrainingWarning"]
