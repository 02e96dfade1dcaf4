"""Keras's answers to the cases of unknown sizes, and where they are not to be followed.

    KERAS_BACKEND=jax python tests/symbolic/symbolic_keras.py   # writes keras_refuses.json

Keras's JAX backend infers shapes with 83 and with 89 in place of every unknown size, or by rules of its own.
"""

import functools
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import symbolic_function_cases
import symbolic_layer_cases
from symbolic_cases import Case, Cases, Unknown, described, leaves
from symbolic_judge import quiet

TABLES: list[Cases] = [
    symbolic_function_cases.CASES,
    symbolic_function_cases.RANDOM,
    symbolic_layer_cases.CASES,
    symbolic_layer_cases.FUNCTIONS,
]
FILE = Path(__file__).with_name("keras_refuses.json")

# by function: what Keras records is not what Keras, or we, compute on arrays
WRONG = {
    "adaptive_average_pool": "Keras takes channels for sizes when the channels come last",
    "adaptive_max_pool": "Keras takes channels for sizes when the channels come last",
    "bincount": "the size depends on values",
    "categorical_crossentropy": "Keras removes the last axis, whichever has the classes",
    "corrcoef": "Keras records the shape of the input",
    "cross": "Keras takes an unknown number of coordinates for 3, which NumPy's rule does not",
    "dot_product_attention": "Keras records the query's depth, where the result has the value's",
    "kron": "Keras adds no axes in front of the shorter shape",
    "multi_hot": "Keras removes an axis in the middle and adds none; and records int32 for the float that it computes",
    "rot90": "Keras swaps the axes whatever the number of turns",
    "select": "Keras records the shape of the first choice",
    "separable_conv": "Keras takes the second kernel's window for 1",
    "slogdet": "Keras forgets the batch of the sign",
    "split": "Keras takes parts that an axis may be too short for as whole",
    "hsplit": "Keras takes parts that an axis may be too short for as whole",
    "unravel_index": "Keras records a list for the tuple that it computes",
    "vstack": "Keras adds no axis to vectors",
}
# by function: Keras records None for a size that follows from the others
INEXACT = {
    "bincount": "the size depends on values",
    "corrcoef": "Keras records the shape of the input",
    "get_item": "Keras takes a slice of an unknown axis as unknown",
    "image.affine_transform": "Keras records the shape of the images",
    "multi_hot": "Keras removes an axis in the middle",
    **dict.fromkeys(
        "Add Average Maximum Minimum Multiply".split(), "Keras takes an unknown size that meets a known one as unknown"
    ),
    "searchsorted": "Keras takes an axis of unknown size for a long one, which needs int64",
    "Rescaling": "Keras records the shape of the input, whatever the scale's",
}
# by function: what Keras records and we refuse
REFUSED = {
    "bincount": "the result's size depends on values",
    "cross": "vectors of two coordinates give numbers, of three vectors",
    "fold": "the columns follow from the output's size, which Keras does not check",
    "image.affine_transform": "a transform has eight numbers, which Keras does not check",
    "image.perspective_transform": "the transform is solved for, which needs the points' numbers",
    "scatter": "the last axis of indices has as many numbers as they name axes",
    "view": "bits are read, which needs numbers",
}
# by function: Keras records sizes that follow from its arguments, where all others are unknown or an axis may be empty
VAGUE = {"image.pad_images", "image.rgb_to_grayscale", "scatter", "split"}


class KerasAnswer(NamedTuple):
    """What Keras recorded: shapes, dtypes and nesting."""

    shapes: list[Any]
    dtypes: list[str]
    nesting: Any


def nesting(tree: Any) -> Any:
    """The nesting without its leaves, lists and tuples alike."""
    if isinstance(tree, dict):
        return {key: nesting(value) for key, value in tree.items()}
    return [nesting(part) for part in tree] if isinstance(tree, list | tuple) else None


def has(keras: Any, case: Case) -> bool:
    """Whether Keras has a function or layer of this name."""
    owner = keras
    for part in case.name.split("."):
        owner = getattr(owner, part, None)
    return owner is not None


def answer(keras: Any, case: Case, unknown: Unknown) -> KerasAnswer | Exception:
    """What Keras records, or the error it ends in."""
    try:
        inputs = [
            keras.Input(batch_shape=shape, dtype=x.dtype)
            for x, shape in zip(case.inputs, case.shapes(unknown), strict=True)
        ]
        with quiet():
            outputs = case.evaluate(keras, inputs)
        flat = leaves(outputs)
        return KerasAnswer([tuple(t.shape) for t in flat], [str(t.dtype) for t in flat], nesting(outputs))
    except Exception as error:  # whatever it is, Keras has no answer
        return error


def refusals(keras: Any) -> dict[str, list[str]]:
    """For each case, the unknown axes at which Keras has no answer."""
    result: dict[str, list[str]] = {}
    for cases in TABLES:
        for key, case in cases.items():
            if has(keras, case):
                texts = [
                    described(case.shapes(unknown))
                    for unknown in case.unknowns
                    if isinstance(answer(keras, case, unknown), Exception)
                ]
                if texts:
                    result[f"{cases.package}.{key}"] = texts
    return result


@functools.cache
def _file() -> dict[str, list[str]]:
    return json.loads(FILE.read_text())


def may_refuse(cases: Cases, key: str, unknown: Unknown) -> bool:
    """Whether Keras has no answer either, by the file."""
    return described(cases[key].shapes(unknown)) in _file().get(f"{cases.package}.{key}", ())


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    FILE.write_text(json.dumps(refusals(keras), indent=0) + "\n")
