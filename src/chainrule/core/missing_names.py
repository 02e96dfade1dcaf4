"""Keras's names that this library does not have, each with what to use instead: using one raises with that advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from .errors import HabitError

_RECURRENT = "recurrent layers are not here yet; a causal Conv1D, or a loop in a Layer of your own, may do"
_ATTENTION = "use ops.dot_product_attention in a Layer of your own: attention layers are not here yet"
_TEXT = "turn words into whole numbers with Python's dict before training: words never enter the graph"
_AUDIO = "compute spectrograms with scipy.signal, and give them to the model as images"
_AUGMENT = "write a Layer whose call uses ops.image and ops.where with random.uniform"
_BACKEND = "layers of other frameworks are not run inside this graph"
_QUANTIZED = "quantised weights are not here; use a dtype policy such as mixed_bfloat16"
_ONE_AXIS = "use DataParallel: batches are split over devices, weights are not"
_FOURIER = "matmul with tables of cos and sin, or numpy.fft on t.numpy(), without gradient"


def _advise(names: str, advice: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), advice)


MISSING_NAMES: Mapping[str, Mapping[str, str]] = {
    "chainrule": {**_advise("SymbolicScope", "use chainrule.symbolic"), **_advise("Quantizer", _QUANTIZED)},
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
