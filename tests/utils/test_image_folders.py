"""Batches from a folder of pictures: order, labels, splits, as in Keras."""

from pathlib import Path

import numpy as np
import pytest

from chainrule import utils
from chainrule.core.errors import ChainruleError, ValueProblem


@pytest.fixture
def folder(pil, tmp_path):
    """Three classes of 4, 5 and 3 pictures, each of one grey, a nested one, and what does not count."""
    root = tmp_path / "pets"
    grey = 0
    for name, count in (("cats", 4), ("dogs", 5), ("ants", 3)):
        (root / name / "more").mkdir(parents=True)
        for i in range(count):
            grey += 1
            path = root / name / ("more" if i == 1 else "") / f"{chr(101 - i)}{i}.{'PNG' if i == 2 else 'png'}"
            pil.fromarray(np.full((6 + i, 9, 3), grey, "uint8")).save(path)
    (root / ".hidden").mkdir()
    (root / "cats" / "notes.txt").write_text("no picture")
    return root


def greys(made):
    """The colour and label of each picture, in order."""
    return [(int(x[i, 0, 0, 0]), int(np.argmax(y[i]) if y.ndim > 1 and y.shape[1] > 1 else y[i])) for x, y in made
            for i in range(len(x))]  # fmt: skip


def test_folder_in_order(folder, capsys):
    created = utils.image_dataset_from_directory(folder, shuffle=False, batch_size=5, image_size=(4, 3))
    assert capsys.readouterr().out == "Found 12 files belonging to 3 classes.\n"
    assert created.class_names == ["ants", "cats", "dogs"]
    assert len(created) == 3
    names = [str(Path(p).relative_to(folder)) for p in created.file_paths]
    assert names[:3] == ["ants/c2.PNG", "ants/e0.png", "ants/more/d1.png"]
    x, y = created[0]
    assert x.shape == (5, 4, 3, 3)
    assert (x.dtype, y.dtype) == (np.float32, np.int32)
    assert [label for _, label in greys(created)] == [0] * 3 + [1] * 4 + [2] * 5
    assert [grey for grey, _ in greys(created)][:3] == [12, 10, 11]
    assert created[2][0].shape[0] == 2


def test_links_are_followed_if_asked_for(folder):
    (folder / "cats" / "elsewhere").symlink_to(folder / "dogs", target_is_directory=True)
    counts = {}
    for follow in (False, True):
        created = utils.image_dataset_from_directory(folder, image_size=(4, 3), follow_links=follow)
        counts[follow] = len(created.file_paths)
    assert counts == {False: 12, True: 17}


def test_label_modes_and_formats(folder):
    def make(**arguments):
        fixed = {"shuffle": False, "image_size": 4, "verbose": False, "batch_size": 12}
        return utils.image_dataset_from_directory(folder, **fixed | arguments)

    assert make(label_mode="categorical")[0][1].tolist() == np.repeat(np.eye(3), [3, 4, 5], axis=0).tolist()
    x, y = make(label_mode="binary", class_names=["dogs", "ants"])[0]
    assert y.tolist() == [[0.0]] * 5 + [[1.0]] * 3
    assert y.dtype == np.float32
    for bare in (make(label_mode=None), make(labels=None)):
        assert bare[0].shape == (12, 4, 4, 3)
        assert bare.class_names is None
    passed = make(labels=[3, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2, 2])
    assert passed.class_names == ["0", "1", "2", "3"]
    assert passed[0][1].tolist() == [3, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2, 2]
    assert make(color_mode="grayscale", data_format="channels_first")[0][0].shape == (12, 1, 4, 4)
    assert (make(color_mode="rgba")[0][0][..., 3] == 255).all()
    x, y = make(batch_size=None)[1]
    assert x.shape == (4, 4, 3)
    assert int(y) == 0
    edges = make(pad_to_aspect_ratio=True, image_size=(9, 3))[0][0]
    assert (edges[:, 0] == 0).all()
    assert (edges[:, 4] != 0).all()
    assert (make(crop_to_aspect_ratio=True, image_size=(9, 3))[0][0] != 0).all()


def test_a_split_parts_the_files(folder):
    def make(subset, **arguments):
        return utils.image_dataset_from_directory(
            folder, image_size=4, verbose=False, validation_split=0.3, subset=subset, seed=5, **arguments
        )

    train, valid = make("training"), make("validation")
    assert (len(train.file_paths), len(valid.file_paths)) == (9, 3)
    assert len({*train.file_paths, *valid.file_paths}) == 12
    both = make("both")
    assert [b.file_paths for b in both] == [train.file_paths, valid.file_paths]
    before = greys(both[1])
    both[0].on_epoch_end()
    both[1].on_epoch_end()
    assert greys(both[1]) == before
    assert greys(both[0]) != greys(train)
    assert sorted(greys(both[0])) == sorted(greys(train))


def test_epochs_come_in_orders_of_the_seed(folder):
    def orders(seed):
        created = utils.image_dataset_from_directory(folder, image_size=4, seed=seed, verbose=False)
        result = []
        for _ in range(3):
            result.append(greys(created))
            created.on_epoch_end()
        return result

    first = orders(1)
    assert first == orders(1)
    assert first != orders(2)
    assert first[0] != first[1] != first[2]
    assert len({tuple(sorted(epoch)) for epoch in first}) == 1  # each picture keeps its label


@pytest.mark.heavy
@pytest.mark.parametrize(("labels", "names", "shuffle", "split"), [
    ("inferred", None, True, None), ("inferred", None, False, 0.3), ("inferred", ["dogs", "cats"], True, 0.4),
    (None, None, True, 0.25), ([5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 0], None, True, 0.3),
])  # fmt: skip
def test_listing_and_split_are_keras(folder, labels, names, shuffle, split):
    theirs = pytest.importorskip("keras.src.utils.dataset_utils")
    endings = pytest.importorskip("keras.src.utils.image_dataset_utils").ALLOWLIST_FORMATS
    passed = np.array(labels) if isinstance(labels, list) else labels
    paths, oracle, classes = theirs.index_directory(
        str(folder), list(labels) if isinstance(labels, list) else passed, endings, names, shuffle, 7, False, False
    )
    for subset in ("training", "validation") if split else (None,):
        created = utils.image_dataset_from_directory(
            folder,
            labels,
            class_names=names,
            shuffle=shuffle,
            seed=7,
            validation_split=split,
            subset=subset,
            verbose=False,
        )
        expected = theirs.get_training_or_validation_split(paths, oracle, split, subset)
        assert created.file_paths == [str(Path(p)) for p in expected[0]]
        assert created.class_names == classes
        if labels is None:
            assert created.labels is None
        else:
            assert created.labels.tolist() == list(expected[1])


@pytest.mark.parametrize("wrong", [
    {"directory": "nowhere"}, {"labels": "guessed"}, {"labels": [1, 2]}, {"labels": [0.5] * 12},
    {"label_mode": "one_hot"},
    {"class_names": ["cats", "birds"]}, {"class_names": ["cats", "cats"]}, {"labels": None, "class_names": ["cats"]},
    {"label_mode": "binary"}, {"color_mode": "bgr"}, {"batch_size": 0}, {"image_size": (0, 3)}, {"image_size": "4"},
    {"validation_split": 0.2}, {"subset": "training"}, {"validation_split": 1.5, "subset": "both", "seed": 1},
    {"validation_split": 0.2, "subset": "both"}, {"validation_split": 0.01, "subset": "validation", "seed": 1},
    {"interpolation": "area"}, {"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, {"data_format": "first"},
    {"format": "torch"}, {"seed": -1}, {"labels": [9] * 11 + [-1], "label_mode": "categorical"},
], ids=str)  # fmt: skip
def test_wrong_folders(folder, wrong):
    with pytest.raises(ChainruleError):
        utils.image_dataset_from_directory(**{"directory": folder, "verbose": False} | wrong)


def test_a_damaged_picture_is_named(folder, tmp_path):
    (folder / "cats" / "broken.png").write_bytes(b"\x89PNG")
    created = utils.image_dataset_from_directory(folder, shuffle=False, verbose=False)
    with pytest.raises(ValueProblem, match="broken"):
        created[0]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueProblem, match="no images"):
        utils.image_dataset_from_directory(tmp_path / "empty", verbose=False)
