"""Optimizers and learning-rate schedules under Keras's names.

May import: `ops`, `readings`, `initializers`, `configurable`.
"""

from ..serialization.registry import Registry
from . import schedules
from .multi import MultiOptimizer, OptimizerMap
from .muon import Muon
from .optimizer import LossScaleOptimizer, Optimizer
from .rules import (
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Nadam,
    RMSprop,
    ScheduleFreeAdamW,
)

room = Registry(
    "optimizers",
    "optimizer",
    Optimizer,
    {c.__name__.lower(): c.__name__ for c in (SGD, AdamW, RMSprop, ScheduleFreeAdamW)},
    functions=False,
)
get, serialize, deserialize = room.get, room.serialize, room.deserialize

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
