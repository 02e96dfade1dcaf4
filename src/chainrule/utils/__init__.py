"""Helpers about data and the seed, under Keras's names in ``keras.utils``.

May import: `errors`, `graph`, `tensor`, `ops`, `datasets`. Pictures are read and written by Pillow, the extra
``chainrule[images]``.
"""

from ..ops.random import set_random_seed
from .arrays import normalize, pad_sequences, split_dataset, to_categorical
from .batches import PyDataset, Sequence, timeseries_dataset_from_array
from .directory import image_dataset_from_directory
from .download import get_file
from .images import array_to_img, img_to_array, load_img, save_img

__all__ = [
    "PyDataset",
    "Sequence",
    "array_to_img",
    "get_file",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "normalize",
    "pad_sequences",
    "save_img",
    "set_random_seed",
    "split_dataset",
    "timeseries_dataset_from_array",
    "to_categorical",
]
