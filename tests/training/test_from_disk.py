"""Data that lies on a disk: mapped arrays, Parquet and pictures are never in memory whole."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from chainrule import callbacks
from chainrule.core.errors import IndexProblem, ShapeError, ValueProblem
from chainrule.layers import Flatten, Input
from chainrule.models import Sequential
from chainrule.ops.random import set_random_seed
from chainrule.training.arrays import OnDisk
from chainrule.training.data_adapter import data_adapter_for
from chainrule.training.prefetch import prefetching
from chainrule.utils import image_dataset_from_directory, table_dataset_from_parquet
from prefetch_cases import RNG, Detached, X, Y, net, weights

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


# ---- memory-mapped arrays


def mapped(folder, array, name="x.npy"):
    np.save(folder / name, array)
    return np.load(folder / name, mmap_mode="r")


@pytest.mark.parametrize("dtype", ["float64", "float32", "uint8", "int64", "bool"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_mapped_arrays_give_what_arrays_give(dtype, shuffle, tmp_path):
    x = (RNG.normal(size=(26, 3)) * 9).astype(dtype)
    classes = (np.arange(26) % 3).astype("int64")[:, None]
    passed = mapped(tmp_path, x), mapped(tmp_path, classes, "y.npy")
    models, result = [], []
    more = {"shuffle": shuffle, "verbose": 0, "epochs": 2, "batch_size": 4, "class_weight": {1: 3.0}}
    for data in ((x, classes), passed):
        models.append(net())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of inputs that are not scaled, and the like
            result.append(models[-1].fit(*data, validation_split=0.3, **more).history)
    assert result[0] == result[1]
    assert weights(models[0]) == weights(models[1])
    assert models[0].evaluate(x, classes, verbose=0) == models[1].evaluate(*passed, verbose=0)
    assert models[0].predict(x, verbose=0).tobytes() == models[1].predict(passed[0], verbose=0).tobytes()


def test_rows_on_disk_are_read_by_batch_in_the_files_order(tmp_path):
    x = RNG.normal(size=(26, 3))
    rows = OnDisk(mapped(tmp_path, x), "x", "float32")
    requested = []

    class Spy:
        dtype = x.dtype

        def __getitem__(self, rows):
            requested.append(rows)
            return x[rows]

    rows.array = Spy()
    np.testing.assert_array_equal(rows[np.array([9, 3, 20, 3])], x[[9, 3, 20, 3]].astype("float32"))
    np.testing.assert_array_equal(rows[24:30], x[24:30].astype("float32"))
    assert requested[0].tolist() == [3, 3, 9, 20]
    assert requested[1] == slice(24, 30)
    assert rows[2:4].dtype == np.float32


def test_what_lies_on_disk_is_known(tmp_path):
    on_disk = mapped(tmp_path, X)
    for x, lazy in [(on_disk, 1), (on_disk[3:], 1), (np.asarray(on_disk), 1), (on_disk[[1, 2]], 0), (on_disk + 1, 0)]:
        assert isinstance(data_adapter_for(x).arrays[0], OnDisk) == lazy
    with pytest.raises(ShapeError, match="26 examples in x and 20 in y"):
        data_adapter_for(on_disk, Y[:20])
    with pytest.raises(ValueProblem, match="dtype <U1"):
        net().predict(mapped(tmp_path, np.array([["a"]]), "words.npy"), verbose=0)


def test_images_stay_bytes_until_their_batch(tmp_path):
    source = data_adapter_for(mapped(tmp_path, np.zeros((9, 4, 4), "uint8")), batch_size=4)
    assert [batch[0].dtype for batch in source.batches(0)] == [np.uint8] * 3


# ---- Parquet


@pytest.fixture
def parquet(tmp_path):
    """A folder of two files in groups of 4 rows, and its columns."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    n = 26
    columns = {
        "a": np.arange(n, dtype="int32"),
        "b": RNG.normal(size=n),
        "v": RNG.normal(size=(n, 2)).astype("float32"),
        "flag": np.arange(n) % 3 == 0,
        "y": RNG.normal(size=n).astype("float32"),
        "w": RNG.uniform(size=n).astype("float32"),
    }
    table = pa.table({k: pa.array(list(v) if v.ndim > 1 else v) for k, v in columns.items()})
    folder = tmp_path / "parts"
    folder.mkdir()
    pq.write_table(table[:10], folder / "0.parquet", row_group_size=4)
    pq.write_table(table[10:], folder / "1.parquet", row_group_size=4)
    return folder, columns


def test_parquet_in_the_files_order(parquet):
    folder, c = parquet
    data = table_dataset_from_parquet(folder, target="y", sample_weight="w", batch_size=7, shuffle=False)
    assert data.feature_names == ["a", "b", "v", "flag"]
    assert [len(x) for x, _, _ in data] == [7, 7, 7, 5]
    x, y, w = (np.concatenate(part) for part in zip(*data, strict=True))
    np.testing.assert_array_equal(x, np.column_stack([c["a"], c["b"], c["v"], c["flag"]]))
    np.testing.assert_array_equal(y, c["y"])
    np.testing.assert_array_equal(w, c["w"])
    np.testing.assert_array_equal(data[-1][1], c["y"][21:])
    alone = table_dataset_from_parquet(folder / "0.parquet", "v", batch_size=99, shuffle=False)
    np.testing.assert_array_equal(alone[0], c["v"][:10])
    assert alone[0].dtype == np.float32
    two = table_dataset_from_parquet(folder, ["flag"], ["y", "b"], batch_size=26, shuffle=False)
    np.testing.assert_array_equal(two[0][1], np.column_stack([c["y"], c["b"]]))
    np.testing.assert_array_equal(two[0][0], c["flag"][:, None])


def test_parquet_shuffled_by_group_and_within(parquet):
    folder, _ = parquet
    data = table_dataset_from_parquet(folder, "a", batch_size=5, seed=4)
    same = table_dataset_from_parquet(folder, "a", batch_size=5, seed=4)
    epochs = []
    groups = [range(4), range(4, 8), range(8, 10), range(10, 14), range(14, 18), range(18, 22), range(22, 26)]
    for _ in range(3):
        epochs.append(np.concatenate(list(data)).tolist())
        assert np.concatenate(list(same)).tolist() == epochs[-1]
        rest = list(epochs[-1])
        while rest:  # whole groups, one after the other, each in an order of its own
            group = next(g for g in groups if rest[0] in g)
            assert sorted(rest[: len(group)]) == list(group)
            del rest[: len(group)]
        np.testing.assert_array_equal(data[3], epochs[-1][15:20])  # any batch, in any order
        np.testing.assert_array_equal(data[1], epochs[-1][5:10])
        data.on_epoch_end(), same.on_epoch_end()
    assert len({tuple(e) for e in epochs}) == 3
    assert epochs[0] != sorted(epochs[0])
    set_random_seed(1)
    one, two = (table_dataset_from_parquet(folder, "a") for _ in range(2))
    assert one[0].tolist() != two[0].tolist()
    set_random_seed(1)
    assert table_dataset_from_parquet(folder, "a")[0].tolist() == one[0].tolist()


def test_one_row_group_has_an_order_for_each_epoch(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": np.arange(30)}), tmp_path / "t.parquet")
    data = table_dataset_from_parquet(tmp_path / "t.parquet", "a", batch_size=8, seed=0)
    first = np.concatenate(list(data)).tolist()
    data.on_epoch_end()
    second = np.concatenate(list(data)).tolist()
    assert first != second
    assert sorted(first) == sorted(second) == list(range(30))
    data.set_state(table_dataset_from_parquet(tmp_path / "t.parquet", "a", batch_size=8, seed=0).get_state())
    assert np.concatenate(list(data)).tolist() == first


def test_each_row_group_is_read_once_an_epoch_and_one_is_held(parquet, monkeypatch):
    from chainrule.utils import parquet as module

    folder, _ = parquet
    read = []
    real = module._read_group
    monkeypatch.setattr(
        module, "_read_group", lambda path, i, names: read.append((path[-9:], i)) or real(path, i, names)
    )
    data = table_dataset_from_parquet(folder, ["b", "v"], "y", batch_size=3, seed=1)
    model = net()
    model.fit(data, epochs=2, verbose=0)
    assert len(read) == 14
    assert len(set(read[:7])) == len(set(read[7:])) == 7
    assert read[:7] != read[7:]


def test_parquet_goes_on_from_a_checkpoint_bit_for_bit(parquet, tmp_path):
    """Without a seed of its own: the checkpoint holds the order."""
    folder, _ = parquet

    def fit(model, seed, *more):
        data = table_dataset_from_parquet(folder, ["b", "v"], "y", batch_size=5, seed=seed)
        return model.fit(data, epochs=3, verbose=0, callbacks=[*more]).history

    class Epoch(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if (self.epoch, batch) == (1, 2):
                raise Detached

    full, first, last = net(), net(), net()
    want = fit(full, 7)
    with pytest.raises(Detached):
        fit(first, 7, callbacks.BackupAndRestore(tmp_path / "b", save_freq=1), Epoch())
    assert fit(last, 99, callbacks.BackupAndRestore(tmp_path / "b", save_freq=1)) == want
    assert weights(last) == weights(full)


def test_parquet_that_does_not_fit(parquet, tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    folder, _ = parquet

    def written(**columns):
        pq.write_table(pa.table(columns), tmp_path / "t.parquet")
        return tmp_path / "t.parquet"

    (tmp_path / "none").mkdir()
    (tmp_path / "words.parquet").write_bytes(b"no such thing")
    for make, problem, words in [
        (lambda: table_dataset_from_parquet(tmp_path / "gone.parquet"), ValueProblem, "gone.parquet"),
        (lambda: table_dataset_from_parquet(tmp_path / "words.parquet"), ValueProblem, "words.parquet"),
        (lambda: table_dataset_from_parquet(tmp_path / "none"), ValueProblem, "no Parquet file"),
        (lambda: table_dataset_from_parquet(folder, "c"), ValueProblem, "the column 'c'"),
        (lambda: table_dataset_from_parquet(folder, []), ValueProblem, "no column for x"),
        (lambda: table_dataset_from_parquet(folder, "a", batch_size=0), ValueProblem, "batch_size=0"),
        (lambda: table_dataset_from_parquet(folder, "a", sample_weight="w"), ValueProblem, "without a target"),
        (lambda: table_dataset_from_parquet(folder, "a")[6], IndexProblem, "batch 6"),
        (lambda: table_dataset_from_parquet(written(a=["x"])), ValueProblem, "'a' of string"),
        (lambda: table_dataset_from_parquet(written(a=pa.array([], "float"))), ShapeError, "no rows"),
        (lambda: table_dataset_from_parquet(written(a=[1.0, None]))[0], ValueProblem, "1 missing values"),
        (lambda: table_dataset_from_parquet(written(a=[[1.0], [1.0, 2.0]]))[0], ShapeError, "1 to 2 entries"),
        (lambda: table_dataset_from_parquet(written(a=[[[1.0]]], b=[1]))[0], ShapeError, "'a' of lists of lists"),
    ]:
        with pytest.raises(problem, match=words):
            make()
    assert table_dataset_from_parquet(written(a=[[[1.0, 2.0]]]), "a")[0].shape == (1, 1, 2)


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ValueProblem, match=r"pip install chainrule\[parquet\]"):
        table_dataset_from_parquet(tmp_path / "t.parquet")


# ---- folders of pictures


def test_pictures_are_read_ahead_and_by_batch(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    for k in range(7):
        (tmp_path / str(k % 2)).mkdir(exist_ok=True)
        image.fromarray(np.full((3, 3, 3), k, "uint8")).save(tmp_path / str(k % 2) / f"{k}.png")
    from chainrule.utils import directory

    read, real = [], directory.load_img
    monkeypatch.setattr(directory, "load_img", lambda path, mode: read.append(prefetching()) or real(path, mode))
    data = image_dataset_from_directory(tmp_path, image_size=(3, 3), batch_size=2, shuffle=False, verbose=False)
    assert not read
    result = Sequential([Input((3, 3, 3)), Flatten()]).predict(data, verbose=0)
    assert result[:, 0].tolist() == [0, 2, 4, 6, 1, 3, 5]
    assert read == [False] * 2 + [True] * 5


# ---- with less memory than data

LIMITED = """
import resource, sys, warnings
import numpy as np
import chainrule as cr
from chainrule import layers, utils

def held():
    for line in open("/proc/self/status"):
        if line.startswith("VmData"):
            return 1024 * int(line.split()[1])

def used(x, y, **more):
    net = cr.Sequential([layers.Input({shape}), *{layers}, layers.Dense(1)])
    net.compile("sgd", "mse", engine={engine!r})
    net.fit(x, y, batch_size=128, verbose=0, **more)
    net.evaluate(x, y, batch_size=128, verbose=0)
    return net.predict(x, batch_size=128, verbose=0).shape

def whole(folder):
    {whole}

def data(folder):
    {data}

warnings.simplefilter("ignore")  # of targets that are all alike, and the like
whole(sys.argv[1]), used(*data(sys.argv[1]))  # a little, so that all is loaded that is loaded once
resource.setrlimit(resource.RLIMIT_DATA, (held() + 100 * 2**20,) * 2)
print(used(*data(sys.argv[2]), **{more}))
try:
    whole(sys.argv[2])
except MemoryError:
    print("too large")
"""


@pytest.fixture(params=["numpy", "xla"])
def limited(request, tmp_path):
    """Runs a program that may take 100 MB more for the data in ``large`` than it did for those in ``small``: to read
    them whole is too much, to train, evaluate and predict on them is not."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the limit is Linux's")
    if request.param == "xla":
        pytest.importorskip("jax")
    folders = [tmp_path / "small", tmp_path / "large"]

    def run(**parts):
        parts = {"layers": "[]", "more": "{}", "engine": request.param, **parts}
        program = [sys.executable, "-c", LIMITED.format(**parts), *map(str, folders)]
        plain = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}  # its own reserves far more than it uses
        done = subprocess.run(program, capture_output=True, text=True, timeout=100, env=plain)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.splitlines()

    for folder in folders:
        folder.mkdir()
    return run, folders


@pytest.mark.slow
def test_a_mapped_file_larger_than_memory(limited):
    """164 MB of float64, in a file of holes."""
    run, folders = limited
    for folder, n in zip(folders, (300, 5000), strict=True):
        np.lib.format.open_memmap(folder / "x.npy", "w+", "float64", (n, 4096)).flush()
        np.save(folder / "y.npy", np.zeros((n, 1), "float32"))
    result = run(
        shape="(4096,)",
        whole='np.load(folder + "/x.npy").sum()',
        data='return [np.load(f"{folder}/{n}.npy", mmap_mode="r") for n in "xy"]',
        more='{"validation_split": 0.2, "class_weight": {0: 2.0}}',
    )
    assert result == ["(5000, 1)", "too large"]


@pytest.mark.slow
def test_a_parquet_file_larger_than_memory(limited):
    """166 MB of float64, in groups of 6."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    run, folders = limited
    group = pa.table({name: np.zeros(100_000) for name in "abcdefgh"})
    for folder, groups in zip(folders, (2, 26), strict=True):
        with pq.ParquetWriter(folder / "t.parquet", group.schema) as file:
            for _ in range(groups):
                file.write_table(group)
    result = run(
        shape="(7,)",
        whole="import pyarrow.parquet as pq; pq.read_table(folder)",
        data='return utils.table_dataset_from_parquet(folder, target="h", batch_size=50_000), None',
    )
    assert result == ["(2600000, 1)", "too large"]


@pytest.mark.slow
def test_pictures_larger_than_memory(limited):
    """50 files of a few kB, which are 157 MB as float32."""
    image = pytest.importorskip("PIL.Image")
    run, folders = limited
    for folder, count in zip(folders, (4, 50), strict=True):
        for k in range(count):
            (folder / str(k % 2)).mkdir(exist_ok=True)
            image.new("RGB", (512, 512), (k, k, k)).save(folder / str(k % 2) / f"{k}.png")
    passed = "folder, image_size=(512, 512), interpolation='nearest', batch_size=2, verbose=False"
    result = run(
        shape="(512, 512, 3)",
        layers="[layers.Rescaling(1 / 255), layers.GlobalAveragePooling2D()]",
        whole=f"np.concatenate([x for x, y in utils.image_dataset_from_directory({passed})])",
        data=f"return utils.image_dataset_from_directory({passed}), None",
    )
    assert result == ["(50, 1)", "too large"]
