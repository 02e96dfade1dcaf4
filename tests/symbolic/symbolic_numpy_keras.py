"""Keras's answers, by its NumPy backend, on axes of 0 and 1, beside ours: prints how many, and those that differ.

    KERAS_BACKEND=numpy python tests/symbolic/symbolic_numpy_keras.py

Where ours is an error, `test_empty_one_and_dtypes` requires one that says what to do.
"""

import json
import warnings
from typing import Any

import keras
import numpy as np

import chainrule as cr
from chainrule import tensor
from chainrule.core.errors import ChainruleError
from symbolic_cases import Case, leaves
from symbolic_keras import has
from symbolic_layer_cases import LayerCase
from symbolic_variants import KEYS, sizes

# by function: why Keras's answer is not to be compared
DIFFERENT = {
    "RandomCrop": "Keras takes one or no channel for a format of its own",
    "Softmax": "Keras gives 0 for one class that is masked",
    "affine_transform": "compared with Keras's JAX backend in test_image_keras; its NumPy backend differs",
    "cholesky_inverse": "Keras removes a batch of 1",
    "corrcoef": "a constant row counts as 0, and a single row keeps its axes",
    "ctc_loss": "target lengths beyond the targets",
    "eigh": "signs of the vectors",
    "empty_like": "the entries are not defined",
    "multi_hot": "Keras removes an axis in the middle",
    "nanpercentile": "NumPy forgets the axis of q where there are no entries",
    "nanquantile": "NumPy forgets the axis of q where there are no entries",
    "sobel_edges": "compared with SciPy in test_image, as Keras's JAX backend has it; its NumPy backend differs",
    "svd": "signs of the vectors",
}


def both(case: Case, arrays: list[Any]) -> tuple[Any, Any] | None:
    """Our results and Keras's, `None` if either refuses."""
    weights = None
    try:
        if isinstance(case, LayerCase):
            layer, peer = case.build(cr), case.build(keras)
            case.apply(layer, [tensor(a) for a in arrays])
            case.apply(peer, [keras.ops.convert_to_tensor(a) for a in arrays])
            weights = layer.get_weights()
            if len(weights) == len(peer.get_weights()):  # Keras counts seeds too
                peer.set_weights(weights)
            ours = case.apply(layer, [tensor(a) for a in arrays])
            theirs = case.apply(peer, [keras.ops.convert_to_tensor(a) for a in arrays])
        else:
            ours = case.evaluate(cr, [tensor(a) for a in arrays])
            theirs = case.evaluate(keras, [keras.ops.convert_to_tensor(a) for a in arrays])
    except ChainruleError:
        return None
    except Exception as error:  # whatever it is, Keras has no answer
        if type(error).__module__.startswith("chainrule"):
            raise
        return None
    return [np.asarray(a) for a in leaves(ours)], [np.asarray(keras.ops.convert_to_numpy(a)) for a in leaves(theirs)]


def compare() -> tuple[int, list[str]]:
    """How many calls both answered, and where our shapes or values are not Keras's."""
    compared, different = 0, []
    for cases, key in KEYS:
        case = cases[key]
        if (
            case.random
            or cases.package == "random"
            or case.name.rpartition(".")[2] in DIFFERENT
            or not has(keras, case)
        ):
            continue
        for label, arrays in sizes(case):
            results = both(case, arrays)
            compared += results is not None
            for ours, theirs in zip(*results, strict=True) if results else ():
                same = ours.shape == theirs.shape and np.allclose(
                    ours.astype(float), np.real(theirs).astype(float), 1e-3, 1e-3, equal_nan=True
                )
                if not same:
                    different.append(
                        f"{cases.package}.{key} {label}: {ours.shape} for Keras's {theirs.shape}, or values"
                    )
    return compared, different


if __name__ == "__main__":
    np.seterr(all="ignore")
    warnings.simplefilter("ignore")
    print(json.dumps(compare()))
