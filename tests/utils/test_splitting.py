"""Data sets split in two, and their order in a loop of one's own."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import utils
from chainrule.core.errors import ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Sequential

NUMBERS = np.arange(23, dtype="float32")


class Examples:
    def __len__(self):
        return 10

    def __getitem__(self, i):
        if not 0 <= i < 10:
            raise IndexError(i)
        return np.full(2, i, "float32"), np.float32(i)


class OwnBatches(utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        rows = np.arange(3 * i, min(3 * i + 3, 10), dtype="float32")
        return {"a": rows[:, None]}, rows


def windows(**options):
    return utils.timeseries_dataset_from_array(NUMBERS, NUMBERS, 3, batch_size=4, **options)


def firsts(data):
    """The target of each example."""
    return [float(v) for batch in data for v in np.ravel(batch[1])]


def test_a_data_set_of_examples():
    left, right = utils.split_dataset(Examples(), left_size=0.7)
    assert (len(left), len(right)) == (7, 3)
    assert [float(left[i][1]) for i in range(7)] == list(range(7))
    assert [float(right[i][1]) for i in range(3)] == [7, 8, 9]
    left, right = utils.split_dataset(Examples(), right_size=4, shuffle=True, seed=1)
    again, _ = utils.split_dataset(Examples(), right_size=4, shuffle=True, seed=1)
    numbers = [float(part[i][1]) for part in (left, right) for i in range(len(part))]
    assert sorted(numbers) == list(range(10))
    assert numbers != list(range(10))
    assert numbers[:6] == [float(again[i][1]) for i in range(6)]
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(left, validation_data=right, batch_size=4, verbose=0)


@pytest.mark.parametrize("make", [OwnBatches, lambda: windows()], ids=["own", "ours"])
def test_a_data_set_of_batches(make):
    whole = firsts(make())
    left, right = utils.split_dataset(make(), left_size=7)
    assert firsts(left) == whole[:7]
    assert firsts(right) == whole[7:]
    size = len(make()[0][1])
    assert [len(batch[1]) for batch in left] == [size] * (7 // size) + [7 % size]
    left, right = utils.split_dataset(make(), left_size=0.5, shuffle=True, seed=2)
    assert sorted(firsts(left) + firsts(right)) == sorted(whole)
    assert firsts(left) != whole[: len(firsts(left))]
    assert isinstance(left[0][0], dict) == (make is OwnBatches)


def test_parts_of_shuffled_batches_are_shuffled():
    left, _ = utils.split_dataset(windows(shuffle=True, seed=5), left_size=0.5)
    orders = [firsts(left) for _ in range(3)]
    assert orders[0] != orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2])


def test_what_has_no_number_of_examples_is_refused():
    class Endless(utils.PyDataset):
        num_batches = None

        def __getitem__(self, i):
            return np.zeros((2, 1)), np.zeros(2)

    with pytest.raises(ValueProblem, match="without an end"):
        utils.split_dataset(Endless(), 0.5)
    with pytest.raises(ValueProblem, match="neither left_size nor right_size"):
        utils.split_dataset(Examples())


def test_each_loop_of_ones_own_has_another_order():
    data, fitted = windows(shuffle=True, seed=3), windows(shuffle=True, seed=3)
    looked = [float(v) for batch in data.take(2) for v in batch[1]]
    own = [firsts(data) for _ in range(3)]
    assert own[0][: len(looked)] == looked  # a look does not begin an epoch
    for order in own:
        assert [float(v) for i in range(len(fitted)) for v in fitted[i][1]] == order  # as in fit
        fitted.on_epoch_end()
    assert own[0] != own[1] != own[2]
    assert sorted(own[0]) == sorted(own[1]) == sorted(own[2])
    plain = windows()
    assert firsts(plain) == firsts(plain)


def test_targets_read_in_a_loop_are_those_of_predict():
    data = windows(shuffle=True, seed=3)
    model = Sequential([Input((3,)), Dense(1, kernel_initializer=lambda shape, dtype: np.array([[1.0], [0], [0]]))])
    targets = firsts(data)
    assert model.predict(data, verbose=0)[:, 0].tolist() == targets


def test_an_order_continues_after_a_checkpoint():
    data, resumed = windows(shuffle=True, seed=3), windows(shuffle=True, seed=3)
    firsts(data), firsts(data)
    resumed.set_state(data.get_state())
    assert [v for i in range(len(data)) for v in resumed[i][1]] == [v for i in range(len(data)) for v in data[i][1]]
    assert cr.utils.split_dataset is utils.split_dataset
