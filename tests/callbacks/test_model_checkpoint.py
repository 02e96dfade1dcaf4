"""ModelCheckpoint saves by batches as Keras does, across epochs and resumed runs."""

import itertools

import pytest

from callback_cases import OURS, REASON, THEIRS, Model
from chainrule.callbacks import CallbackList, ModelCheckpoint
from chainrule.core.errors import ValueProblem


@pytest.mark.heavy
@pytest.mark.parametrize("stride", [1, 3])
def test_saving_by_batches_is_keras_saving(stride, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras", reason=REASON)
    for freq, steps in itertools.product([1, 2, 5, 7], [3, 4, 7, 12]):
        saved = []
        for cls, suffix in ((ModelCheckpoint, OURS[0]), (keras.callbacks.ModelCheckpoint, THEIRS[0])):
            callback, model = cls(f"{tmp_path}/{{epoch}}-{{batch}}-{{loss:.2f}}{suffix}", save_freq=freq), Model()
            callback.set_model(model)
            for epoch in range(4):
                callback.on_epoch_begin(epoch)
                for batch in range(min(stride, steps) - 1, steps, stride):
                    callback.on_train_batch_end(batch, {"loss": batch / 2})
                callback.on_epoch_end(epoch, {"loss": 1.0})
            saved.append([path.replace(suffix, "") for _, path in model.saved])
        assert saved[0] == saved[1]
        assert saved[0] or freq > 4 * steps


def test_saving_by_batches_resumes_inside_an_epoch(tmp_path):
    batches = [(epoch, batch) for epoch in range(3) for batch in range(5)]

    def run(model, part, state=None):
        message = CallbackList([ModelCheckpoint(f"{tmp_path}/{{epoch}}-{{batch}}.chainrule", save_freq=4)], model=model)
        if state:
            message.set_state(state)
        message.on_train_begin()
        for k, (epoch, batch) in enumerate(part):
            if batch == 0 or k == 0:
                message.on_epoch_begin(epoch)
            message.on_train_batch_end(batch)
        return message.get_state()

    full = Model()
    run(full, batches)
    assert [path[-13:-10] for _, path in full.saved] == ["1-4", "2-3", "3-2"]
    for cut in range(1, 15):
        model = Model()
        run(model, batches[cut:], run(model, batches[:cut]))
        assert model.saved == full.saved


def test_our_suffixes_are_named():
    with pytest.raises(ValueProblem, match=r"\.chainrule.*\.weights\.safetensors"):
        ModelCheckpoint("m.keras")
