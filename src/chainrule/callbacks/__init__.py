"""Callbacks of a training loop, under Keras's names: stopping, saving, learning rates, logs, progress.

They reach everything else through the model that the loop sets.
"""

from ..core.missing_names import lookup
from .backup import BackupAndRestore
from .callback import Callback
from .callback_list import CallbackList
from .checkpoint import ModelCheckpoint
from .early_stopping import EarlyStopping, TerminateOnNaN
from .lambda_callback import LambdaCallback
from .learning_rate import LearningRateScheduler, ReduceLROnPlateau
from .logs import CSVLogger, History, RemoteMonitor
from .progbar import Progbar, ProgbarLogger
from .tensorboard import TensorBoard

__getattr__ = lookup("callbacks")

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback",
    "LearningRateScheduler", "ModelCheckpoint", "Progbar", "ProgbarLogger", "ReduceLROnPlateau", "RemoteMonitor",
    "TensorBoard", "TerminateOnNaN",
]  # fmt: skip
