"""A value other than the default for every documented argument of Keras's names: argument_cases.txt, and here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4)).astype("float32")
Y = RNG.normal(size=(3, 4)).astype("float32")
V = RNG.normal(size=6).astype("float32")
P = (np.abs(X) + 0.5).astype("float32")
SUM_1 = P / P.sum(-1, keepdims=True)
PROB = (1 / (1 + np.exp(-X - Y))).astype("float32")
MANY = RNG.random((60, 4)).astype("float32")
HITS = RNG.random((60, 4)) < MANY
HOLED = np.where(np.arange(4) == [[1], [3], [0]], np.nan, X).astype("float32")
ODD = np.array([[np.nan, 1.0], [np.inf, -np.inf]], "float32")
SQUARE = (X[:, :3] + 2 * np.eye(3)).astype("float32")
DEFINITE = (SQUARE @ SQUARE.T).astype("float32")
FLAT = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.001], [0.0, 1.0, 1.0]], "float32")  # nearly of rank 2
I = np.array([[3, 0, 2], [1, 1, 5]], "int32")
LABELS = np.array([0, 2, 1], "int32")
IMAGE = RNG.normal(size=(2, 6, 6, 4)).astype("float32")
KERNEL = RNG.normal(size=(3, 3, 4, 2)).astype("float32")
QUERY = RNG.normal(size=(2, 3, 2, 4)).astype("float32")
CTC = RNG.normal(size=(2, 5, 4)).astype("float32")
TABLES = {
    title: "\n".join(lines)
    for title, *lines in (
        section.strip().splitlines() for section in Path(__file__).with_suffix(".txt").read_text().split("\n## ")[1:]
    )
}
NAMES = {name: value for name, value in vars().items() if name.isupper() and name != "TABLES"} | {"np": np}

# what is taken and has no effect here, and why
INERT = {
    "ops.scan": {"unroll": "the engine chooses"},
    "ops.unstack": {"num": "the size of the axis, which is known"},
    **{f"ops.segment_{name}": {"sorted": "a hint"} for name in ("max", "min", "prod", "sum")},
    "ops.top_k": {"sorted": "permits any order; they are sorted"},
    "ops.dot_product_attention": {"flash_attention": "the engine chooses"},
    "ops.moments": {"synchronized": "each process computes its own"},
    "ops.isin": {"assume_unique": "a hint"},
    "ops.ctc_decode": {"beam_width": "of the beam search", "top_paths": "of the beam search"},
    "layers.Lambda": {"output_shape": "shapes are found by running the function"},
    "layers.BatchNormalization": {"synchronized": "devices of one process share a batch's statistics"},
    "layers.Discretization": {"epsilon": "the boundaries that `adapt` finds are exact"},
    "layers.Resizing": {"fill_mode": "`constant` is the only value"},
    "callbacks.TensorBoard": {
        "write_graph": "`explain` and `summary` show a model's graph",
        "profile_batch": "`model.cost(measure=True)` measures",
    },
    "utils.clear_session": {"free_memory": "nothing is kept"},
    "utils.PyDataset": dict.fromkeys(("use_multiprocessing", "max_queue_size"), "one thread reads the next batch"),
    "utils.split_dataset": {"preferred_backend": "there is one kind of data set"},
    "utils.plot_model": {"splines": "arrows are curves", "dpi": "of PNG alone"},
    "saving.load_model": {"safe_mode": "no file holds code"},
    "metrics.AUC": {"num_labels": "read from the data"},
    "optimizers.Adafactor": {"relative_step": "the rate is bounded by 1 / sqrt(step) in any case, as in Keras"},
    "ops.unique": {"sorted": "permits any order; they are sorted"},
}
# what is refused, and why
REFUSED = {
    "ops.convert_to_tensor": {"ragged": "no ragged tensors", "sparse": "no sparse tensors"},
    "ops.ctc_decode": {"strategy": "no beam search"},
    "ops.multi_hot": {"sparse": "no sparse tensors"},
    "ops.one_hot": {"sparse": "no sparse tensors"},
    "saving.save_model": {"zipped": "a model is one file"},
    "saving.save_weights": {"max_shard_size": "weights are one file"},
    "utils.deserialize_keras_object": {"safe_mode": "no configuration holds code"},
    "models.clone_model": dict.fromkeys(("input_tensors", "call_function"), "the clone is called on the tensors"),
    "ops.bincount": {"sparse": "no sparse tensors"},
    "layers.CategoryEncoding": {"sparse": "no sparse tensors"},
    "layers.Input": {
        **dict.fromkeys(("sparse", "ragged"), "no sparse or ragged tensors"),
        "tensor": "the model is called on the tensor",
        "optional": "an input is always given",
    },
    "layers.InputLayer": {
        **dict.fromkeys(("sparse", "ragged"), "no sparse or ragged tensors"),
        "input_tensor": "the model is called on the tensor",
        "optional": "an input is always given",
    },
    **dict.fromkeys(
        ("layers.Dense", "layers.Embedding"),
        dict.fromkeys(("lora_rank", "lora_alpha", "quantization_config"), "no LoRA, no quantisation"),
    ),
    "layers.Discretization": {"sparse": "no sparse tensors"},
    "layers.BatchNormalization": dict.fromkeys(("renorm", "renorm_clipping", "renorm_momentum"), "no renormalisation"),
}


def parsed(table: str) -> dict[str, tuple[str, list[str]]]:
    """The lines of a table: the required arguments, and each tried argument with what is passed beside it."""
    result = {}
    for line in table.strip().splitlines():
        name, _, rest = line.partition(": ")
        required, *tried = [part.strip() for part in rest.split(" | ")]
        result[name] = required, tried
    return result


def arguments(text: str, package: Any) -> dict[str, Any]:
    """The keyword arguments of a text such as ``axis=1, keepdims=True``."""
    return eval(f"dict({text})", {**NAMES, "k": package})


def positional(text: str, package: Any) -> list[Any]:
    """The arguments of a text such as ``X, 2``."""
    return list(eval(f"({text},)", {**NAMES, "k": package}))


# ---- classes

# the values that arguments of these names are tried with, unless the class's own line has others
COMMON = {
    "activation": "'relu'",
    "use_bias": "False",
    "data_format": "'channels_first'",
    "padding": "'same'",
    "strides": "2",
    "dilation_rate": "2",
    "depth_multiplier": "2",
    "activity_regularizer": "'l2'",
    "seed": "7",
    "name": "'other'",
    "dtype": "'float64'",
    "keepdims": "True",
    "epsilon": "0.5",
    "center": "False",
    "scale": "False",
    "noise_shape": "(2, 1, 1)",
    "from_logits": "True",
    "label_smoothing": "0.25",
    "reduction": "'sum'",
    "num_thresholds": "3",
    "class_id": "1",
    "learning_rate": "0.5",
    "beta_1": "0.5",
    "beta_2": "0.5",
    "weight_decay": "0.1",
    "clipnorm": "0.01",
    "clipvalue": "0.01",
    "global_clipnorm": "0.01",
    "use_ema": "True",
    "ema_momentum": "0.5, use_ema=True",
    "ema_overwrite_frequency": "2, use_ema=True",
    "loss_scale_factor": "4.0",
    "gradient_accumulation_steps": "2",
    "input_axes": "(0,)",
    "output_axes": "(0,)",
    **{
        f"{role}_initializer": "'ones'"
        for role in "kernel bias depthwise pointwise embeddings beta alpha moving_mean".split()
    },
    **{f"{role}_initializer": "'zeros'" for role in ("gamma", "moving_variance")},
    **{f"{role}_regularizer": "'l2'" for role in "kernel bias depthwise pointwise embeddings beta gamma alpha".split()},
    **{
        f"{role}_constraint": "'non_neg'"
        for role in "kernel bias depthwise pointwise embeddings beta gamma alpha".split()
    },
}

# what shows that an argument is heeded, where no call of the same form does
SEQUENTIAL = "k.Sequential([k.Input((2,)), k.layers.Dense(1, name='only')], name='net')"
NESTED = f"k.Sequential([k.Input((2,)), {SEQUENTIAL}])"
SHOWN = {
    "callbacks.LambdaCallback": {
        name: f"k.callbacks.LambdaCallback({name}=lambda *given: 7).{name}(0) == 7"
        for name in (
            "on_epoch_begin",
            "on_epoch_end",
            "on_train_begin",
            "on_train_end",
            "on_train_batch_begin",
            "on_train_batch_end",
        )
    },
    "callbacks.RemoteMonitor": {
        "path": "k.callbacks.RemoteMonitor(path='/there').path == '/there'",
        "field": "k.callbacks.RemoteMonitor(field='other').field == 'other'",
    },
    "utils.get_registered_object": {
        "custom_objects": "k.utils.get_registered_object('f', custom_objects={'f': 1}) == 1",
        "module_objects": "k.utils.get_registered_object('f', module_objects={'f': 1}) == 1",
    },
    "utils.deserialize_keras_object": {
        "custom_objects": "k.utils.deserialize_keras_object({'module': None, 'class_name': 'function', 'config': 'f', "
        "'registered_name': 'f'}, custom_objects={'f': len}) is len"
    },
    "utils.split_dataset": {
        "left_size": "len(k.utils.split_dataset(np.arange(10), left_size=0.8)[0]) == 8",
        "right_size": "len(k.utils.split_dataset(np.arange(10), right_size=0.8)[0]) == 2",
    },
    "utils.plot_model": {
        "to_file": f"k.utils.plot_model({SEQUENTIAL}, to_file=None)",
        "show_layer_names": f"'only' not in k.utils.plot_model({SEQUENTIAL}, None, show_layer_names=False)",
        "expand_nested": f"'net/only' in k.utils.plot_model({NESTED}, None, expand_nested=True)",
        "show_trainable": f"'trainable' in k.utils.plot_model({NESTED}, None, show_trainable=True)",
        "rankdir": f"k.utils.plot_model({NESTED}, None, rankdir='LR') != k.utils.plot_model({NESTED}, None)",
    },
    "models.clone_model": {
        "recursive": f"k.models.clone_model({NESTED}, clone_function=lambda l: k.layers.Dense(1, name='new'), "
        "recursive=True).layers[0].layers[0].name == 'new'"
    },
    "layers.Input": {
        "shape": "k.Input(shape=(3,)).shape == (None, 3)",
        "batch_size": "k.Input((3,), batch_size=2).shape == (2, 3)",
        "dtype": "'int32' in str(k.Input((3,), dtype='int32').dtype)",
        "batch_shape": "k.Input(batch_shape=(2, 3)).shape == (2, 3)",
        "name": "k.Input((3,), name='other').name == 'other'",
    },
    "layers.InputLayer": {
        "shape": "k.layers.InputLayer(shape=(3,)).batch_shape == (None, 3)",
        "batch_size": "k.layers.InputLayer((3,), batch_size=2).batch_shape == (2, 3)",
        "dtype": "'int32' in str(k.layers.InputLayer((3,), dtype='int32').output.dtype)",
        "batch_shape": "k.layers.InputLayer(batch_shape=(2, 3)).batch_shape == (2, 3)",
        "name": "k.layers.InputLayer((3,), name='other').name == 'other'",
    },
    "layers.InputSpec": {
        "dtype": "k.InputSpec(dtype='int32').dtype == 'int32'",
        "shape": "k.InputSpec(shape=(None, 3)).ndim == 2",
        "ndim": "k.InputSpec(ndim=2).ndim == 2",
        "max_ndim": "k.InputSpec(max_ndim=2).max_ndim == 2",
        "min_ndim": "k.InputSpec(min_ndim=2).min_ndim == 2",
        "axes": "k.InputSpec(axes={-1: 3}).axes == {-1: 3}",
        "allow_last_axis_squeeze": "k.InputSpec(allow_last_axis_squeeze=True).allow_last_axis_squeeze",
        "name": "k.InputSpec(name='other').name == 'other'",
        "optional": "k.InputSpec(optional=True).optional",
    },
    "layers.Layer": {
        "activity_regularizer": "k.layers.Layer(activity_regularizer='l2').activity_regularizer is not None",
        "trainable": "not k.layers.Layer(trainable=False).trainable",
        "dtype": "k.layers.Layer(dtype='float64').dtype == 'float64'",
        "autocast": "not k.layers.Layer(autocast=False).autocast",
        "name": "k.layers.Layer(name='other').name == 'other'",
    },
    "layers.Pipeline": {"name": "k.layers.Pipeline([k.layers.Rescaling(2.0)], name='other').name == 'other'"},
    "layers.concatenate": {"axis": "k.layers.concatenate([X, Y], axis=0).shape == (6, 4)"},
    "layers.dot": {"axes": "k.layers.dot([IMAGE[0], IMAGE[0]], axes=1).shape == (6, 4, 4)"},
    "losses.Loss": {
        "name": "k.Loss(name='other').name == 'other'",
        "reduction": "k.Loss(reduction='sum').reduction == 'sum'",
        "dtype": "k.Loss(dtype='float64').dtype == 'float64'",
    },
    "metrics.Metric": {
        "name": "k.Metric(name='other').name == 'other'",
        "dtype": "k.Metric(dtype='float64').dtype == 'float64'",
    },
    "metrics.MeanMetricWrapper": {
        "name": "k.metrics.MeanMetricWrapper(lambda y, p: p, name='other').name == 'other'",
        "dtype": "k.metrics.MeanMetricWrapper(lambda y, p: p, dtype='float64').dtype == 'float64'",
    },
    "random.SeedGenerator": {
        "seed": "int(np.asarray(k.random.SeedGenerator(seed=7).state)[0]) == 7",
        "name": "k.random.SeedGenerator(seed=7, name='other').name == 'other'",
    },
    "optimizers.LossScaleOptimizer": {
        "initial_scale": "k.optimizers.LossScaleOptimizer(k.optimizers.SGD(), initial_scale=4.0).initial_scale == 4",
        "dynamic_growth_steps": "k.optimizers.LossScaleOptimizer(k.optimizers.SGD(), dynamic_growth_steps=4)"
        ".dynamic_growth_steps == 4",
        "name": "k.optimizers.LossScaleOptimizer(k.optimizers.SGD(), name='other').name == 'other'",
    },
    "optimizers.MultiOptimizer": {
        "loss_scale_factor": "k.optimizers.MultiOptimizer(k.optimizers.OptimizerMap(k.optimizers.SGD()), "
        "loss_scale_factor=4.0).loss_scale_factor == 4",
        "name": "k.optimizers.MultiOptimizer(k.optimizers.OptimizerMap(k.optimizers.SGD()), "
        "name='other').name == 'other'",
    },
    "optimizers.OptimizerMap": {
        "optimizer_map": "k.optimizers.OptimizerMap(k.optimizers.SGD(), {'a': k.optimizers.Adam()}) is not None"
    },
}
