"""Keras's names that are not here, each with what to use instead; asked for, they raise with that advice.

May import: `errors`.
"""

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


def _each(names: str, advice: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), advice)


MISSING_NAMES: Mapping[str, Mapping[str, str]] = {
    "chainrule": {
        **_each("SymbolicScope", "use chainrule.symbolic"),
        **_each("Quantizer", _QUANTIZED),
    },
    "layers": {
        **_each(
            "RNN LSTM GRU SimpleRNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional TimeDistributed "
            "ConvLSTM1D ConvLSTM2D ConvLSTM3D",
            _RECURRENT,
        ),
        **_each("Attention AdditiveAttention MultiHeadAttention GroupQueryAttention", _ATTENTION),
        **_each("EinsumDense", "use ops.einsum with a weight of add_weight in a Layer of your own"),
        **_each("ReversibleEmbedding", "use Embedding, and ops.matmul with its transposed table"),
        **_each("Wrapper", "hold the layer as an attribute of a Layer of your own"),
        **_each("SpectralNormalization", "write a Constraint that divides by the largest singular value"),
        **_each(
            "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
            "AdaptiveMaxPooling2D AdaptiveMaxPooling3D",
            "choose pool_size = size // output_size, or use RoIPooling over the whole image",
        ),
        **_each("Hashing HashedCrossing StringLookup IntegerLookup TextVectorization", _TEXT),
        **_each("MelSpectrogram STFTSpectrogram", _AUDIO),
        **_each(
            "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes "
            "MixUp RandAugment RandomColorDegeneration RandomColorJitter RandomElasticTransform RandomErasing "
            "RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization "
            "RandomSaturation RandomSharpness RandomShear Solarization",
            _AUGMENT,
        ),
        **_each("FlaxLayer JaxLayer TorchModuleWrapper TFSMLayer", _BACKEND),
    },
    "callbacks": {
        **_each("OrbaxCheckpoint", "use BackupAndRestore or ModelCheckpoint"),
        **_each("SwapEMAWeights", "with use_ema=True the weights become their averages at the end of fit"),
    },
    "distribution": {
        **_each("DeviceMesh LayoutMap ModelParallel TensorLayout distribute_tensor", _ONE_AXIS),
    },
    "initializers": _each("STFT STFTInitializer stft", _AUDIO),
    "random": _each("beta binomial gamma", "draw with numpy.random.Generator, and pass the numbers in"),
    "saving": _each("KerasFileEditor", "saving.load_model, or any safetensors reader, shows what a file holds"),
    "utils": {
        **_each("Config", "use types.SimpleNamespace, or a dictionary"),
        **_each("FeatureSpace", "scale and encode columns with NumPy or pandas; `chainrule train FILE.csv` does it"),
        **_each("audio_dataset_from_directory", _AUDIO),
        **_each("text_dataset_from_directory", _TEXT),
        **_each("model_to_dot", "use utils.plot_model, which draws SVG itself"),
        **_each("get_source_inputs", "use model.inputs"),
    },
    "ops": {
        **_each("custom_gradient", "write a record (CONTRIBUTING.md), or use stop_gradient"),
        **_each("jvp", "use chainrule.jvp"),
        **_each("eig", "eigh for symmetric matrices, else numpy.linalg.eig on t.numpy(), without gradient"),
        **_each("lu_factor", "use solve, det or slogdet"),
        **_each("fft fft2 ifft2 rfft irfft", _FOURIER),
        **_each("stft istft", "extract_sequences(x, n, step) * hanning(n), then matmul with tables of cos and sin"),
        **_each("view_as_complex view_as_real", "keep the two parts on a last axis of size 2"),
        **_each("polar", "stack([r * cos(a), r * sin(a)], -1)"),
    },
}


def lookup(room: str, lazy: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """A module's ``__getattr__``: names that live elsewhere are fetched, absent ones raise with advice.

    Args:
        lazy: names and the modules, from the library's root, that hold them.
    """
    module = "chainrule" if room == "chainrule" else f"chainrule.{room}"

    def find(name: str) -> Any:
        if lazy and name in lazy:
            return getattr(import_module(f"chainrule.{lazy[name]}"), name)
        advice = MISSING_NAMES.get(room, {}).get(name)
        if advice is not None:
            raise HabitError(f"{module}.{name}, which Keras has and this library has not", "what there is", advice)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find
