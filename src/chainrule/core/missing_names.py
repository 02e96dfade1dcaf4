"""Keras's names that this library does not have, each with what to use instead.

Using one raises with that advice, as an attribute (``layers.LSTM``) and in an import (``from chainrule.layers import
LSTM``, ``import chainrule.preprocessing``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.abc import MetaPathFinder
from typing import Any

from .errors import HabitError, ImportProblem

_RECURRENT = "recurrent layers are not here yet; a causal Conv1D, or a loop in a Layer of your own, may do"
_ATTENTION = "use ops.dot_product_attention in a Layer of your own: attention layers are not here yet"
_TEXT = "turn words into whole numbers with Python's dict before training: words never enter the graph"
_AUDIO = "compute spectrograms with scipy.signal, and give them to the model as images"
_AUGMENT = "write a Layer whose call uses ops.image and ops.where with random.uniform"
_BACKEND = "layers of other frameworks are not run inside this graph"
_QUANTIZED = "quantised weights are not here; use a dtype policy such as mixed_bfloat16"
_ONE_AXIS = "use DataParallel: batches are split over devices, weights are not"
_PREPROCESSING = (
    "use chainrule.utils: load_img, img_to_array, pad_sequences, image_dataset_from_directory, "
    "timeseries_dataset_from_array"
)
_NETWORK = "build it from layers, or take one of those here: dir(chainrule.applications)"
_DATASET = "read it with NumPy or pandas, or take one of those here: chainrule.datasets.names()"
_FOURIER = "matmul with tables of cos and sin, or numpy.fft on t.numpy(), without gradient"


def _advise(names: str, advice: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), advice)


MISSING_NAMES: Mapping[str, Mapping[str, str]] = {
    "chainrule": {
        **_advise("SymbolicScope", "use chainrule.symbolic"),
        **_advise("Quantizer quantizers", _QUANTIZED),
        **_advise("preprocessing", _PREPROCESSING),
        **_advise("mixed_precision", 'use chainrule.config.set_dtype_policy("mixed_bfloat16")'),
        **_advise("tree", "use chainrule.tensors.tree, or a comprehension"),
        **_advise("legacy experimental api src", "the names of Keras 3's public modules are here directly"),
        **_advise("distillation", "write a Model whose compute_loss compares with a second model's outputs"),
        **_advise("export", "use Model.save, and chainrule.models.load_model"),
        **_advise("visualization", "use chainrule.look, or utils.plot_model"),
        **_advise("wrappers", "call fit and predict of a model in a class of your own"),
    },
    "applications": {
        **_advise("ResNet50V2 ResNet101V2 ResNet152V2 resnet_v2", _NETWORK),
        **_advise("MobileNetV2 MobileNetV3Small MobileNetV3Large mobilenet_v2 mobilenet_v3", _NETWORK),
        **_advise("InceptionResNetV2 inception_resnet_v2 NASNetLarge NASNetMobile nasnet", _NETWORK),
        **_advise("efficientnet efficientnet_v2 convnext", _NETWORK),
        **_advise(" ".join(f"EfficientNetB{i}" for i in range(8)), _NETWORK),
        **_advise(" ".join(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")), _NETWORK),
        **_advise(" ".join(f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")), _NETWORK),
    },
    "datasets": {**_advise("imdb reuters", _TEXT), **_advise("california_housing", _DATASET)},
    "optimizers": _advise("legacy experimental", "the optimizers of this module have Keras 3's arguments"),
    "backend": {
        **_advise("int_shape", "use t.shape"),
        **_advise("get_value eval", "use t.numpy()"),
        **_advise("set_value update", "use variable.assign(value)"),
        **_advise("batch_get_value batch_set_value", "use model.get_weights(), model.set_weights(...)"),
        **_advise("variable", "use chainrule.Variable"),
        **_advise("placeholder", "use chainrule.Input"),
        **_advise("gradients", "use chainrule.gradients"),
        **_advise("function", "use chainrule.compile, or chainrule.Model(inputs, outputs)"),
        **_advise("random_normal random_uniform truncated_normal", "use chainrule.random"),
        **_advise("ctc_batch_cost", "use ops.ctc_loss, or losses.CTC"),
        **_advise("learning_phase set_learning_phase", "pass training=True or False to the model"),
        **_advise("get_session set_session", "there are no sessions: operations run at once, fit compiles its step"),
    },
    "layers": {
        **_advise(
            "RNN LSTM GRU SimpleRNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional TimeDistributed "
            "ConvLSTM1D ConvLSTM2D ConvLSTM3D",
            _RECURRENT,
        ),
        **_advise("Attention AdditiveAttention MultiHeadAttention GroupQueryAttention", _ATTENTION),
        **_advise("EinsumDense", "use ops.einsum with a weight of add_weight in a Layer of your own"),
        **_advise("ReversibleEmbedding", "use Embedding, and ops.matmul with its transposed table"),
        **_advise("Wrapper", "hold the layer as an attribute of a Layer of your own"),
        **_advise("SpectralNormalization", "write a Constraint that divides by the largest singular value"),
        **_advise(
            "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
            "AdaptiveMaxPooling2D AdaptiveMaxPooling3D",
            "choose pool_size = size // output_size, or use RoIPooling over the whole image",
        ),
        **_advise("Hashing HashedCrossing StringLookup IntegerLookup TextVectorization", _TEXT),
        **_advise("MelSpectrogram STFTSpectrogram", _AUDIO),
        **_advise(
            "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes "
            "MixUp RandAugment RandomColorDegeneration RandomColorJitter RandomElasticTransform RandomErasing "
            "RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization "
            "RandomSaturation RandomSharpness RandomShear Solarization",
            _AUGMENT,
        ),
        **_advise("FlaxLayer JaxLayer TorchModuleWrapper TFSMLayer", _BACKEND),
    },
    "callbacks": {
        **_advise("OrbaxCheckpoint", "use BackupAndRestore or ModelCheckpoint"),
        **_advise("SwapEMAWeights", "with use_ema=True the weights become their averages at the end of fit"),
    },
    "distribution": {**_advise("DeviceMesh LayoutMap ModelParallel TensorLayout distribute_tensor", _ONE_AXIS)},
    "initializers": _advise("STFT STFTInitializer stft", _AUDIO),
    "random": _advise("beta binomial gamma", "draw with numpy.random.Generator, and pass the numbers in"),
    "saving": _advise("KerasFileEditor", "saving.load_model, or any safetensors reader, shows what a file holds"),
    "utils": {
        **_advise("Config", "use types.SimpleNamespace, or a dictionary"),
        **_advise("FeatureSpace", "scale and encode columns with NumPy or pandas; `chainrule train FILE.csv` does it"),
        **_advise("audio_dataset_from_directory", _AUDIO),
        **_advise("text_dataset_from_directory", _TEXT),
        **_advise("model_to_dot", "use utils.plot_model, which draws SVG itself"),
        **_advise("get_source_inputs", "use model.inputs"),
    },
    "ops": {
        **_advise("nn numpy linalg math core", "its functions are chainrule.ops' own, such as chainrule.ops.softmax"),
        **{
            f"reduce_{name}": f"use chainrule.ops.{name}"
            for name in ("sum", "mean", "max", "min", "prod", "all", "any")
        },
        **_advise("custom_gradient", "write a record (CONTRIBUTING.md), or use stop_gradient"),
        **_advise("jvp", "use chainrule.jvp"),
        **_advise("eig", "eigh for symmetric matrices, else numpy.linalg.eig on t.numpy(), without gradient"),
        **_advise("lu_factor", "use solve, det or slogdet"),
        **_advise("fft fft2 ifft2 rfft irfft", _FOURIER),
        **_advise("stft istft", "extract_sequences(x, n, step) * hanning(n), then matmul with tables of cos and sin"),
        **_advise("view_as_complex view_as_real", "keep the two parts on a last axis of size 2"),
        **_advise("polar", "stack([r * cos(a), r * sin(a)], -1)"),
    },
}


def lookup(package: str, lazy: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``, which imports lazy names, and raises with advice for missing ones.

    Args:
        package: the module's name, such as ``"layers"``, or ``"chainrule"``.
        lazy: names, and the modules below ``chainrule`` that have them.
    """
    module = "chainrule" if package == "chainrule" else f"chainrule.{package}"

    def find(name: str) -> Any:
        if lazy and name in lazy:
            return getattr(import_module(f"chainrule.{lazy[name]}"), name)
        if advice := MISSING_NAMES.get(package, {}).get(name):
            passed = f"{module}.{name}, which Keras has and this library has not"
            raise HabitError(passed, "a name of this library", advice)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find


class _AdviceFinder(MetaPathFinder):
    """Looked at last when a module is imported: raises where the name, as an attribute, would raise with advice."""

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> None:
        """Return ``None``: no module is found here.

        Raises:
            ImportProblem: with the advice for a name that this library has not.
        """
        package, _, name = fullname.rpartition(".")
        if package.split(".")[0] != __name__.split(".")[0] or package not in sys.modules:
            return
        try:
            getattr(sys.modules[package], name)
        except HabitError as error:
            raise ImportProblem(error.passed, error.expected, error.mend) from None
        except AttributeError:
            return


def advise_imports() -> None:
    """Let imports of missing names raise with their advice, too."""
    sys.meta_path.append(_AdviceFinder())
