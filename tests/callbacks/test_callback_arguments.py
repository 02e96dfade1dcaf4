"""Arguments of callbacks: what is refused, and whole numbers of NumPy."""

import numpy as np
import pytest

from chainrule.callbacks import (
    BackupAndRestore,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    Progbar,
    ReduceLROnPlateau,
    RemoteMonitor,
    TensorBoard,
)
from chainrule.core.errors import ChainruleError


@pytest.mark.parametrize(
    "make",
    [
        lambda: EarlyStopping(patience=-1),
        lambda: EarlyStopping(patience=1.5),
        lambda: EarlyStopping(mode="up"),
        lambda: EarlyStopping(monitor=3),
        lambda: EarlyStopping(min_delta=float("nan")),
        lambda: EarlyStopping(baseline="low"),
        lambda: EarlyStopping(start_from_epoch=None),
        lambda: ReduceLROnPlateau(factor=1.0),
        lambda: ReduceLROnPlateau(factor=0),
        lambda: ReduceLROnPlateau(epsilon=0.1),
        lambda: ReduceLROnPlateau(cooldown=-2),
        lambda: ReduceLROnPlateau(min_lr="x"),
        lambda: ModelCheckpoint("m.keras"),
        lambda: ModelCheckpoint("m.weights.h5", save_weights_only=True),
        lambda: ModelCheckpoint("m.chainrule", save_weights_only=True),
        lambda: ModelCheckpoint("m.safetensors"),
        lambda: ModelCheckpoint(3),
        lambda: ModelCheckpoint("{epoch.chainrule"),
        lambda: ModelCheckpoint("m.chainrule", save_freq="batch"),
        lambda: ModelCheckpoint("m.chainrule", save_freq=0),
        lambda: BackupAndRestore("backup", save_freq="batch"),
        lambda: BackupAndRestore("backup", save_freq=2.5),
        lambda: ModelCheckpoint("m.chainrule", initial_value_threshold="best"),
        lambda: LearningRateScheduler(0.1),
        lambda: CSVLogger(""),
        lambda: CSVLogger("a.csv", separator="ab"),
        lambda: CSVLogger("a.csv", separator="\n"),
        lambda: RemoteMonitor("file:///etc"),
        lambda: RemoteMonitor(None),
        lambda: LambdaCallback(on_epoch_stop=print),
        lambda: LambdaCallback(on_epoch_end=3),
        lambda: Progbar(-1),
        lambda: Progbar(3, width=0),
        lambda: Progbar(3, verbose=3),
        lambda: Progbar(3, interval="fast"),
        lambda: Progbar(3, stateful_metrics=[], stateless_metrics=[]),
        lambda: TensorBoard(update_freq="never"),
        lambda: TensorBoard(update_freq=0),
        lambda: TensorBoard(histogram_freq=-1),
        lambda: TensorBoard(log_dir=None),
        lambda: TensorBoard(write_images=True),
        lambda: TensorBoard(embeddings_freq=1),
        lambda: CallbackList([EarlyStopping]),
        lambda: CallbackList([print]),
        lambda: CallbackList("EarlyStopping"),
        lambda: CallbackList(add_progbar=True, verbose="loud"),
        lambda: History().set_state({"epochs": []}),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(ChainruleError) as raised:
        make()
    assert raised.value.expected
    assert raised.value.mend


def test_whole_numbers_of_numpy_are_taken():
    assert EarlyStopping(patience=np.int64(3)).patience == 3
    assert TensorBoard(update_freq=np.int64(3)).update_freq == 3
    assert TensorBoard(update_freq="batch").update_freq == 1
