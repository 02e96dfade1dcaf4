"""compile, fit, evaluate, predict: the training loop, written once against the engine's protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from .. import config, optimizers
from ..callbacks import CallbackList
from ..core.errors import GraphError, ShapeError, ValueProblem
from ..distribution import all_gather
from ..engines.engine import Engine
from ..engines.engine import engine as engine_named
from ..graph import Spec, floatx
from ..layers import Layer
from ..layers.layer import NOT_SUBLAYERS, find_instances
from ..losses import Loss
from ..metrics import Mean, Metric
from ..ops.random import fork_seed
from ..tensors.tensor import recording, symbolic
from ..tensors.tree import flatten
from ..transforms.differentiate import gradients
from ..transforms.trace import StateRecorder
from .compile_utils import CompiledLoss, CompiledMetrics, outputs_of, total
from .data_adapter import (
    DataAdapter,
    data_adapter_for,
    one_batch,
    pack,
    specs_of,
    split,
    unpack,
)
from .epochs import Epochs
from .interrupt import Interrupts
from .loop import Loop
from .nan_guard import TrainingWarning
from .prefetch import prefetching
from .replicas import check_replicas_in_sync
from .steps import Steps, numbers
from .trace_cache import Fingerprint


class Trainer(Layer):
    """A layer that can be trained; `models.Model` inherits it. Follows ``keras.Model``'s methods."""

    output_names: list[str] | None = None

    optimizer: Any = None
    stop_training = False
    history: Any = None
    _compiled: dict[str, Any] | None = None
    _loss: CompiledLoss | None = None
    _metrics: CompiledMetrics | None = None
    _tracker: Mean | None = None
    _steps: dict[str, Steps]
    _resume: Any = None  # the `saving.checkpoint.Checkpoint` that the next fit goes on from
    _position: Sequence[int] = (0, 0)  # the epoch, and the step in it, that come next
    _logs: dict[str, Any] | None = None  # of the step before, if it was of the same epoch
    _sources: Sequence[DataAdapter] = ()
    _hooks_now: CallbackList | None = None
    _engine: Engine = engine_named()
    _engine_now: Engine | None = None  # of the fit in progress: validation runs where training does

    # ---- compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        engine: str | None = None,
    ) -> None:
        """Say how the model is to be trained (``keras.Model.compile``).

        Args:
            optimizer: a name such as ``"adam"``, or an optimizer. loss: a name, function or loss; for several outputs
                a list or dictionary of them. loss_weights: likewise. metrics: a list, such as ``["accuracy"]``.
            weighted_metrics: metrics that take the sample weights too.
            run_eagerly: run `train_step` as plain Python, so that prints and breakpoints work.
            steps_per_execution, jit_compile: Keras's; the engine decides both itself.
            auto_scale_loss: with a float16 policy, scale the loss (`optimizers.LossScaleOptimizer`).
            engine: ``"numpy"``, or ``"xla"`` (the extra ``chainrule[fast]``); default XLA where it is installed and
                the work is worth a compilation.
        """
        found = optimizers.get(optimizer)
        if found is not None and not isinstance(found, optimizers.Optimizer):
            raise ValueProblem(f"optimizer={optimizer!r}", "a name or an optimizer", 'e.g. optimizer="adam"')
        half = self.dtype_policy.name == "mixed_float16" and auto_scale_loss
        if half and found is not None and not isinstance(found, optimizers.LossScaleOptimizer):
            found = optimizers.LossScaleOptimizer(found)
        self.optimizer = found
        self._engine = engine_named(engine)
        self.run_eagerly = run_eagerly
        self._loss = CompiledLoss(loss, loss_weights) if loss is not None else None
        self.loss = loss
        self._metrics = CompiledMetrics(metrics, weighted_metrics)
        self._tracker = Mean(name="loss")
        self._steps = {}
        self.stop_training = False
        self._compiled = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "auto_scale_loss": auto_scale_loss,
            "engine": engine,
        }

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    def _must_be_compiled(self, what: str) -> None:
        if not self.compiled:
            raise GraphError(
                f"{what} of a model that was not compiled", "compile to come first", 'e.g. model.compile("adam", "mse")'
            )

    # ---- losses and metrics

    @property
    def metrics(self) -> list[Metric]:
        """The loss's tracker, the metrics of `compile`, and those held by the model and its layers."""
        found: list[Metric] = [self._tracker] if self._tracker is not None else []
        if self._loss is not None:
            found += self._loss.trackers.values()
        found += self._held(Metric)
        found += self._metrics.metrics if self._metrics is not None else []
        return list({id(m): m for m in found}.values())

    def _held(self, kind: type) -> list[Any]:
        """What of this kind the model and its layers hold as attributes, or in lists and dictionaries of theirs."""
        found: list[Any] = []
        for layer in self._flatten_layers():
            for key, value in vars(layer).items():
                if key not in NOT_SUBLAYERS and key != "_tracker":
                    found += find_instances(value, (kind,))
        return found

    @property
    def _optimizers(self) -> list[Any]:
        """The optimizer of `compile`, and those that the model holds besides."""
        given = [self.optimizer] if self.optimizer is not None else []
        return list({id(o): o for o in (*given, *self._held(optimizers.Optimizer))}.values())

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        names = self._metrics.names if self._metrics is not None else {}
        return [names.get(id(m), m.name) for m in self.metrics]

    def reset_metrics(self) -> None:
        """Start all metrics from zero."""
        for m in self.metrics:
            m.reset_state()

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch: that of `compile`, and what layers and regularizers add. Override it for your own."""
        parts = list(self.losses)
        if self._loss is not None:
            value = self._loss(y, outputs_of(y_pred, self.output_names), sample_weight)
            if value is not None:
                parts.insert(0, value)
        if not parts:
            raise GraphError(
                "no loss", "a loss in compile, or add_loss in a layer", 'e.g. model.compile("adam", loss="mse")'
            )
        return total(parts)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Take a batch into the metrics, and give all results by name."""
        if self._metrics is not None:
            self._metrics.update(y, outputs_of(y_pred, self.output_names), sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics' results by name."""
        found: dict[str, Any] = {}
        for name, m in zip(self.metrics_names, self.metrics, strict=True):
            result = m.result()
            found.update(result if isinstance(result, dict) else {name: result})
        return found

    # ---- one step of each kind; override them for your own

    def train_step(self, data: Any) -> dict[str, Any]:
        """One update from one batch: forward, loss, gradients, update, metrics. Override it for your own."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
        self._track(loss, x)
        weights = self.trainable_weights
        if weights and self.optimizer is not None:
            grads = gradients(self.optimizer.scale_loss(loss), weights, unconnected="zero")
            self.optimizer.apply(grads, weights)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Loss and metrics of one batch."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        if self._loss is not None or self.losses:
            self._track(self.compute_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs of one batch."""
        return self(unpack(data)[0], training=False)

    def _track(self, loss: Any, x: Any) -> None:
        if self._tracker is not None:
            self._tracker.update_state(loss, sample_weight=flatten(x)[0][0].shape[0])

    # ---- getting ready

    def _float_dtype(self) -> str:
        own: str = self.variable_dtype
        return own if own == "float64" else floatx()

    def _of_kind(self, kind: str) -> Steps:
        """The steps of this kind, on the engine of the call in progress; traced anew when something they depend on
        was changed by hand."""
        if "_steps" not in self.__dict__:
            self._steps = {}
        kept = self._steps.get(kind)
        eager = getattr(self, "run_eagerly", False)
        used = (
            None
            if eager
            else self._engine_now or (kept.engine if kept is not None else self._engine.with_expected_runs(None))
        )
        if kept is not None and self._stands(kept, kind):
            kept.engine = used
            return kept
        function = {"train": self.train_step, "test": self.test_step, "predict": self.predict_step}[kind]

        def after() -> None:  # what `call` itself has changed while it was traced is no change by hand
            self._forget_losses()
            steps.mark = self._mark(kind)

        steps = self._steps[kind] = Steps(lambda x, y, w: function(pack(x, y, w)), used, after)
        steps.mark = self._mark(kind)
        return steps

    def _stands(self, kept: Steps, kind: str) -> bool:
        """Whether nothing was changed that these steps were traced from: first at a glance, where that shows all."""
        plain = all(getattr(type(self), name) is word for name, word in _SEEN.items())
        if kept.mark is None or (plain and kept.mark.untouched()):
            return kept.mark is not None
        mark = self._mark(kind)
        same = kept.mark.same(mark)
        if same:
            kept.mark = mark
        return same

    @contextmanager
    def _engine_for(self, runs: int | None) -> Iterator[None]:
        """Run steps on the engine that fits so many of them; inside a fit, on the fit's."""
        outer = self._engine_now
        self._not_by_its_own_data()
        self._engine_now = outer or self._engine.with_expected_runs(runs)
        try:
            yield
        finally:
            self._engine_now = outer

    def _not_by_its_own_data(self) -> None:
        """What a model in training answers to a batch that is read ahead hangs on which of the two is faster."""
        if self._engine_now is not None and prefetching():
            raise GraphError(
                "a call of the model by the data it runs on, from the thread that reads ahead",
                "data that is read between the steps",
                "let the data be an object with an attribute workers that is 0",
            )

    def _mark(self, kind: str) -> Fingerprint:
        parts = [*self._flatten_layers(), *(self._optimizers if kind == "train" else []), *self.metrics]
        if self._loss is not None:
            parts += find_instances(self._loss.given, (Loss,))
        besides = [thing for thing in (self._loss, self._metrics) if thing is not None]
        return Fingerprint(parts, self.trainable_weights, self.weights, besides)

    def _all_built(self) -> bool:
        return self.built and all(layer.built for layer in self._flatten_layers())

    def _forget_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses = []

    def _prepare(self, batch: tuple[Any, Any, Any], training: bool) -> None:
        """Make weights, losses and metrics, as far as a batch's shapes decide them."""
        x, y, _ = (_symbols(specs_of(part)) for part in batch)
        y_pred = None
        waiting = self._loss is not None and self._loss.by_output is None
        waiting = waiting or (self._metrics is not None and self._metrics.by_output is None and y is not None)
        if not self._all_built() or waiting:
            try:
                with recording(StateRecorder()):
                    y_pred = self(x, training=training)
            except NotImplementedError:  # no `call`: a GAN or the like, whose own step calls its parts
                if type(self).train_step is Trainer.train_step:
                    raise
                return
            finally:
                self._forget_losses()
        if y_pred is None:
            return
        outputs = outputs_of(y_pred, self.output_names)
        if self._loss is not None and self._loss.by_output is None:
            self._loss.build(list(outputs))
        if self._metrics is not None and self._metrics.by_output is None and y is not None:
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
                mmap_mode="r")``) too. Data with an attribute ``workers`` that is 0 is read between the steps, as it
                must be if it asks the model, or anything that holds to one thread.
            y: targets, in as many; the name of a column for a data set of dictionaries.
            batch_size: examples a step, default 32. One: stochastic descent; ``len(x)``: full-batch descent.
            epochs: passes over the data. verbose: 0 silent, 1 a progress line, 2 one line an epoch.
            validation_split: the last share of the arrays, kept for validation. validation_data: (x, y) or
                (x, y, sample_weight), or a source of batches.
            shuffle: a new order each epoch. class_weight: each class's weight. sample_weight: each example's.
            initial_epoch: where to go on. steps_per_epoch: steps that make an epoch, for data without an end.
            record: ``True``, or how many moments: samples losses, weights, gradients, activations, filters and, for
                two columns, the decision boundary into ``history.recording``, whose ``to_html()`` is a page to scrub.

        Returns:
            A `callbacks.History`, whose ``history`` holds each epoch's numbers by name. Ctrl-C stops after the step
            in progress, with the weights of that moment, and raises KeyboardInterrupt.
        """
        self._must_be_compiled("fit")
        _whole(epochs=epochs, initial_epoch=initial_epoch)
        if not isinstance(validation_freq, Sequence):
            _whole(validation_freq=validation_freq)
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
        batch = self._ready_to_train(source, loop, initial_epoch, validation_data)
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
        self._hooks_now, self._position, self._logs = hooks, [initial_epoch, 0], {}
        all_gather([0])  # the first of several processes may be at the files of a fit before
        hooks.on_train_begin()
        resumed = self._resumed(hooks, loop)
        check_replicas_in_sync(self, batch, self._position)
        validate = None
        if validation_data is not None:
            validate = lambda epoch: self._validated(epoch, validation_data, validation_steps, validation_freq)
        with self._engine_for(None if loop.steps is None else loop.steps * (epochs - initial_epoch)):
            logs = Loop(self, loop, hooks, validate, resumed).run(initial_epoch, epochs)
        if self.optimizer is not None:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        hooks.on_train_end(logs)
        self._sources, self._hooks_now = (), None
        return self.history

    @property
    def _resets_metrics_as_documented(self) -> bool:
        """Whether no subclass has a `reset_metrics` of its own, so that an engine may reset them between epochs."""
        return type(self).reset_metrics is Trainer.reset_metrics

    def _ready_to_train(self, source: DataAdapter, loop: Epochs, epoch: int, validation: Any) -> Any:
        """Look at the first batch, which is given back: what does not fit is said before anything is learnt."""
        batch = loop.peek(epoch)
        self._prepare(batch, training=True)
        self._prepare_optimizer()
        self._check_fit(source, batch, validation)
        return batch

    def _check_fit(self, source: DataAdapter, batch: Any, validation: Any) -> None:
        """The cheap checks of `lint`; models say which."""

    def _recorder(self, record: Any, batch: Any, data: Any, epochs: range, steps: int | None) -> Any:
        """The callback that records; models make it."""
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

    def _resumed(self, hooks: CallbackList, loop: Epochs) -> Any:
        """The checkpoint that a callback, or the user, has loaded, taken up; ``None`` without one."""
        found, self._resume = self._resume, None
        if found is None:
            return None
        loop.forget()
        for source, state in zip(self._sources, found.sources, strict=False):
            if source.stream is not None and found.stream is not None:
                source.stream.state.hold(found.stream)
            if state is not None or not source.resumable:
                source.set_state(state)
        self._take_up(found, hooks)
        return found

    def _take_up(self, found: Any, hooks: CallbackList) -> None:
        found.restore(self)
        hooks.set_state(found.callbacks)
        self.stop_training = found.stop_training
        self._position, self._logs = list(found.position), dict(found.logs)

    def _validated(self, epoch: int, data: DataAdapter, steps: int | None, frequency: Any) -> dict[str, Any]:
        """The validation results of an epoch, if it is one to validate after."""
        if not _validates(epoch, frequency):
            return {}
        found = self.evaluate(data, steps=steps, callbacks=self._hooks_now, return_dict=True, verbose=0)
        return {f"val_{k}": v for k, v in found.items()}

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
        """The loss and metrics on data, by name or in a list (``keras.Model.evaluate``)."""
        self._must_be_compiled("evaluate")
        _no_more(kwargs, "evaluate")
        source = (
            x
            if isinstance(x, DataAdapter)
            else data_adapter_for(x, y, sample_weight, batch_size=batch_size, float_dtype=self._float_dtype())
        )
        loop = Epochs(source, steps)
        self._prepare(loop.peek(), training=False)
        hooks = self._hooks(callbacks, verbose, loop)
        self.reset_metrics()
        hooks.on_test_begin()
        logs: dict[str, Any] = {}
        with self._engine_for(loop.steps), Interrupts() as interrupts:
            kind = self._of_kind("test")
            with closing(loop.chunks(0, 0, kind, hooks.needs_batches("test") or kind.engine is None)) as chunks:
                for chunk in chunks:
                    hooks.on_test_batch_begin(chunk.first)
                    logs = numbers(chunk.run())
                    hooks.on_test_batch_end(chunk.last - 1, logs)
                    interrupts.stop_here()
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
        """The outputs for data, as NumPy arrays (``keras.Model.predict``); the batch size is of no effect on them."""
        source = data_adapter_for(x, batch_size=batch_size, float_dtype=self._float_dtype())
        loop = Epochs(source, steps)
        hooks = self._hooks(callbacks, verbose, loop)
        hooks.on_predict_begin()
        parts: list[list[Any]] = []
        build: Any = None
        with self._engine_for(loop.steps), Interrupts() as interrupts:
            kind = self._of_kind("predict")
            with closing(loop.chunks(0, 0, kind, True)) as chunks:
                for chunk in chunks:
                    hooks.on_predict_batch_begin(chunk.first)
                    flat, build = flatten(chunk.run())
                    parts.append([np.asarray(a) for a in flat])
                    hooks.on_predict_batch_end(chunk.last - 1, {"outputs": build(parts[-1])})
                    interrupts.stop_here()
        hooks.on_predict_end()
        if build is None:
            raise ShapeError("no batch to predict", "data", "check the generator")
        return build([np.concatenate(column) for column in zip(*parts, strict=True)])

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
        """One update from one batch; the loss, or a list as `metrics_names` (``keras.Model.train_on_batch``)."""
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and metrics of one batch, added to those so far (``keras.Model.test_on_batch``)."""
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(self, kind: str, x: Any, y: Any, weight: Any, class_weight: Any, return_dict: bool) -> Any:
        self._must_be_compiled(f"{kind}_on_batch")
        self._not_by_its_own_data()
        batch = one_batch(x, y, weight, class_weight, self._float_dtype())
        self._prepare(batch, training=kind == "train")
        if kind == "train":
            self._prepare_optimizer()
        logs = numbers(self._of_kind(kind).run(batch))
        values = list(logs.values())
        return logs if return_dict else values[0] if len(values) == 1 else values

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        self._not_by_its_own_data()
        batch = one_batch(x, float_dtype=self._float_dtype())
        flat, build = flatten(self._of_kind("predict").run(batch))
        return build([np.array(a) for a in flat])


# words that say what a model consists of: overridden, they may say it of things that are not the model's attributes
_SEEN = {"metrics": Trainer.metrics, "trainable_weights": Layer.trainable_weights}


def _symbols(specs: Any) -> Any:
    flat, build = flatten(specs)
    return build([symbolic(s.shape, s.dtype) if isinstance(s, Spec) else None for s in flat])


def _verbosity(verbose: Any) -> Any:
    """0, 1 or 2: ``"auto"`` is a progress line, or one line an epoch where `config` has switched those off."""
    return verbose if verbose != "auto" else 1 if config.is_interactive_logging_enabled() else 2


def _whole(**given: Any) -> None:
    for name, value in given.items():
        least = 0 if name == "initial_epoch" else 1
        if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
            raise ValueProblem(f"{name}={value!r}", f"a whole number from {least} up", f"e.g. {name}=10")


def _no_more(kwargs: dict[str, Any], what: str) -> None:
    if kwargs:
        raise TypeError(f"{what} has no argument {', '.join(map(repr, kwargs))}")


def _validates(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, Sequence):
        return epoch + 1 in frequency
    return (epoch + 1) % int(frequency) == 0


__all__ = ["Trainer", "TrainingWarning"]
