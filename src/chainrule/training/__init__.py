"""Training: data into batches, the traced step, the loop."""

from ..core.messages import TrainingWarning
from .batch import pack as pack_x_y_sample_weight
from .batch import unpack as unpack_x_y_sample_weight
from .trainer import Trainer

__all__ = ["Trainer", "TrainingWarning", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
