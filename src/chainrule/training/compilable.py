"""What `compile` is called with, and one step of each kind: losses, metrics, train, test and predict steps."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from .. import optimizers
from ..core import arguments
from ..core.errors import GraphError, ValueProblem
from ..engines.engine import engine as engine_named
from ..engines.protocol import Engine
from ..layers import Layer
from ..layers.layer import NOT_SUBLAYERS, find_instances
from ..layers.signatures import parameter_names
from ..metrics import Mean, Metric
from ..tensors import tree
from ..transforms.differentiate import gradients
from .batch import unpack
from .compile_utils import CompiledLoss, CompiledMetrics, outputs_of, total
from .state import TrainingState


class CompilableLayer(Layer):
    """A layer with a loss, metrics and an optimizer; `Trainer` adds the loops over data.

    Attributes:
        optimizer, compiled_loss, compiled_metrics, run_eagerly: what `compile` made of its arguments; ``None`` before.
        output_names: the names of a model's outputs, if they have any.
    """

    output_names: list[str] | None = None
    optimizer: Any = None
    loss: Any = None
    run_eagerly = False
    steps_per_execution = 1
    jit_compile: Any = "auto"
    compiled_loss: CompiledLoss | None = None
    compiled_metrics: CompiledMetrics | None = None
    _compiled: dict[str, Any] | None = None
    _tracker: Mean | None = None
    _engine: Engine = engine_named()

    # ---- the state of training

    @cached_property
    def training_state(self) -> TrainingState:
        """The model's progress in training: the position in the data, the last results, the traced steps."""
        return TrainingState()

    @property
    def stop_training(self) -> bool:
        """Whether training is to stop after the step or epoch in progress; callbacks set it."""
        return self.training_state.stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.training_state.stop_training = value

    @property
    def history(self) -> Any:
        """The `callbacks.History` of the last `fit`; ``None`` before."""
        return self.training_state.history

    @history.setter
    def history(self, value: Any) -> None:
        self.training_state.history = value

    # ---- compile

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
        weighted_metrics: Any = None, run_eagerly: bool = False, steps_per_execution: int = 1,
        jit_compile: Any = "auto", auto_scale_loss: bool = True, engine: str | None = None,
        ignore_missing_targets: bool = False,
    ) -> None:  # fmt: skip
        """Configure the model for training (``keras.Model.compile``).

        Args:
            optimizer: a name such as ``"adam"``, or an optimizer. loss: a name, function or loss; for several outputs
                a list or dictionary of them. loss_weights: likewise. metrics: a list, such as ``["accuracy"]``.
            weighted_metrics: metrics that take the sample weights too.
            run_eagerly: run `train_step` as plain Python, so that prints and breakpoints work.
            steps_per_execution, jit_compile: Keras's, without effect: the engine decides both itself.
            auto_scale_loss: with a float16 policy, scale the loss (`optimizers.LossScaleOptimizer`).
            engine: ``"numpy"``, or ``"xla"`` (the extra ``chainrule[fast]``); default XLA where it is installed and
                the work is worth a compilation.
            ignore_missing_targets: whether targets that are nan do not count, in losses and metrics: alone where a
                loss is a mean over entries, such as of a regression's columns, else with their row.
        """
        arguments.at_least(1, steps_per_execution=steps_per_execution)
        resolved = optimizers.get(optimizer)
        if resolved is not None and not isinstance(resolved, optimizers.Optimizer):
            raise ValueProblem(f"optimizer={optimizer!r}", "a name or an optimizer", 'e.g. optimizer="adam"')
        scaled = self.dtype_policy.name == "mixed_float16" and auto_scale_loss
        if scaled and resolved is not None and not isinstance(resolved, optimizers.LossScaleOptimizer):
            resolved = optimizers.LossScaleOptimizer(resolved)
        self.optimizer = resolved
        self._engine = engine_named(engine)
        self.run_eagerly = run_eagerly
        self.steps_per_execution, self.jit_compile = steps_per_execution, jit_compile
        self.compiled_loss = CompiledLoss(loss, loss_weights, ignore_missing_targets) if loss is not None else None
        self.loss = loss
        self.compiled_metrics = CompiledMetrics(metrics, weighted_metrics, ignore_missing_targets)
        self._tracker = Mean(name="loss")
        self.training_state.steps = {}
        self.stop_training = False
        self._compiled = {"optimizer": optimizer, "loss": loss, "loss_weights": loss_weights, "metrics": metrics}
        self._compiled |= {"weighted_metrics": weighted_metrics, "run_eagerly": run_eagerly}
        self._compiled |= {"auto_scale_loss": auto_scale_loss, "engine": engine}
        self._compiled |= {"ignore_missing_targets": ignore_missing_targets}

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    @property
    def compile_arguments(self) -> dict[str, Any]:
        """The arguments that `compile` was called with, by name; none before."""
        return dict(self._compiled or {})

    # ---- losses and metrics

    @property
    def metrics(self) -> list[Metric]:
        """The loss's tracker, the metrics of `compile`, and those held by the model and its layers."""
        metrics: list[Metric] = [self._tracker] if self._tracker is not None else []
        if self.compiled_loss is not None:
            metrics += self.compiled_loss.trackers.values()
        metrics += self._attributes_of_type(Metric)
        metrics += self.compiled_metrics.metrics if self.compiled_metrics is not None else []
        return list({id(m): m for m in metrics}.values())

    def _attributes_of_type(self, kind: type) -> list[Any]:
        """Return the instances of a class that the model and its layers hold as attributes, also inside containers."""
        instances: list[Any] = []
        for layer in self._flatten_layers():
            for key, value in vars(layer).items():
                if key not in NOT_SUBLAYERS and key != "_tracker":
                    instances += find_instances(value, (kind,))
        return instances

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        names = self.compiled_metrics.names if self.compiled_metrics is not None else {}
        return [names.get(id(m), m.name) for m in self.metrics]

    def reset_metrics(self) -> None:
        """Reset all metrics to their initial state."""
        for m in self.metrics:
            m.reset_state()

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the loss of a batch: that of `compile`, and those of layers and regularizers. May be overridden."""
        parts = list(self.losses)
        if self.compiled_loss is not None:
            value = self.compiled_loss(y, outputs_of(y_pred, self.output_names), sample_weight)
            if value is not None:
                parts.insert(0, value)
        if not parts:
            expected = "a loss in compile, or add_loss in a layer"
            raise GraphError("no loss", expected, 'e.g. model.compile("adam", loss="mse")')
        return total(parts)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the metrics with a batch, and return all results by name."""
        if self.compiled_metrics is not None:
            self.compiled_metrics.update(y, outputs_of(y_pred, self.output_names), sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the metrics' results by name."""
        results: dict[str, Any] = {}
        for name, m in zip(self.metrics_names, self.metrics, strict=True):
            result = m.result()
            results.update(result if isinstance(result, dict) else {name: result})
        return results

    # ---- one step of each kind, which may be overridden

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take one training step on a batch: forward, loss, gradients, update, metrics. May be overridden."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=True)
        loss = loss_of_batch(self, x, y, y_pred, sample_weight, training=True)
        self._track(loss, x)
        weights = self.trainable_weights
        if weights and self.optimizer is not None:
            grads = gradients(self.optimizer.scale_loss(loss), weights, unconnected="zero")
            self.optimizer.apply(grads, weights)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Return the loss and metrics, by name, after one batch of evaluation. May be overridden."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        if self.compiled_loss is not None or self.losses:
            self._track(loss_of_batch(self, x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the outputs of one batch. May be overridden."""
        return self(unpack(data)[0], training=False)

    def _track(self, loss: Any, x: Any) -> None:
        if self._tracker is not None:
            self._tracker.update_state(loss, sample_weight=tree.flatten(x)[0][0].shape[0])


def loss_of_batch(model: CompilableLayer, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
    """Return `compute_loss` of a batch, called by the arguments' names; an override need not take ``training``."""
    arguments = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
    names = parameter_names(type(model).compute_loss)
    if "training" in names or "**" in names:
        arguments["training"] = training
    return model.compute_loss(**arguments)
