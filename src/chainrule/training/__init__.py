"""Training: data into batches, the traced step, the loop.

May import: everything that makes a step: `layers`, `losses`, `metrics`, `optimizers`, `callbacks`, `engine`.
"""

from .data_adapter import pack as pack_x_y_sample_weight
from .data_adapter import unpack as unpack_x_y_sample_weight
from .trainer import Trainer, TrainingWarning

__all__ = ["Trainer", "TrainingWarning", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
