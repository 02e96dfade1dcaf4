"""Training: data into batches, the traced step, the loop.

May import: everything that makes a step: `layers`, `losses`, `metrics`, `optimizers`, `callbacks`, `engine`.
"""

from .trainer import Trainer, TrainingWarning

__all__ = ["Trainer", "TrainingWarning"]
