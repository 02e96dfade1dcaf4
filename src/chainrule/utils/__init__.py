"""Helpers for data and the seed, under the names of ``keras.utils``.

Images are read and written by Pillow, the extra ``chainrule[images]``; Parquet files by pyarrow, the extra
``chainrule[parquet]``.
"""

from ..core.missing_names import lookup
from .arrays import normalize, pad_sequences, to_categorical
from .batches import PyDataset, Sequence, timeseries_dataset_from_array
from .directory import image_dataset_from_directory
from .download import get_file
from .images import array_to_img, img_to_array, load_img, save_img
from .parquet import table_dataset_from_parquet
from .splitting import split_dataset

# names that Keras has here and this library in other modules, imported on first use
_KERAS_NAMES = {
    "layers": "clear_session",
    "layers.layer_call": "is_keras_tensor",
    "serialization.names": "CustomObjectScope custom_object_scope get_custom_objects get_registered_name "
    "get_registered_object register_keras_serializable",
    "saving": "deserialize_keras_object serialize_keras_object",
    "training": "pack_x_y_sample_weight unpack_x_y_sample_weight",
    "config": "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled",
    "figures.model_plot": "plot_model",
    "callbacks": "Progbar",
    "ops.random": "set_random_seed",
    "dtype_policies": "standardize_dtype",
}
LAZY = {name: module for module, names in _KERAS_NAMES.items() for name in names.split()}
__getattr__ = lookup("utils", LAZY)

__all__ = [
    "PyDataset", "Sequence", "array_to_img", "get_file", "image_dataset_from_directory", "img_to_array", "load_img",
    "normalize", "pad_sequences", "save_img", "split_dataset", "table_dataset_from_parquet",
    "timeseries_dataset_from_array", "to_categorical",
]  # fmt: skip
