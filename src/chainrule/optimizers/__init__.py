"""Optimizers and learning-rate schedules under Keras's names."""

from ..core.missing_names import lookup
from ..serialization.registry import Registry
from . import schedules
from .adam import Adafactor, Adam, Adamax, AdamW, Lamb, Nadam, ScheduleFreeAdamW
from .multi import MultiOptimizer, OptimizerMap
from .muon import Muon
from .optimizer import LossScaleOptimizer, Optimizer
from .rules import SGD, Adadelta, Adagrad, Ftrl, Lion, RMSprop

ALIASES = {c.__name__.lower(): c.__name__ for c in (SGD, AdamW, RMSprop, ScheduleFreeAdamW)}
registry = Registry("optimizers", "optimizer", Optimizer, ALIASES, functions=False)
get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize

__getattr__ = lookup("optimizers")

__all__ = [
    "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "LossScaleOptimizer",
    "MultiOptimizer", "Muon", "Nadam", "Optimizer", "OptimizerMap", "RMSprop", "ScheduleFreeAdamW", "deserialize",
    "get", "schedules", "serialize",
]  # fmt: skip
