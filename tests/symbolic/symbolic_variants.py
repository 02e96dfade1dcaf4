"""Each case on axes of 0 and of 1, one letter at a time and all at once, and on inputs of other dtypes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import symbolic_function_cases
import symbolic_layer_cases
from chainrule.graph import as_dtype
from symbolic_cases import Case, Cases, In

TABLES: list[Cases] = [
    symbolic_function_cases.CASES,
    symbolic_function_cases.RANDOM,
    symbolic_layer_cases.CASES,
    symbolic_layer_cases.FUNCTIONS,
]
KEYS = [(cases, key) for cases in TABLES for key in cases]
FIRST = [(cases, key) for cases, key in KEYS if key.endswith("-0")]
DTYPES = "bool int8 uint8 int64 float16 bfloat16".split()
Arrays = list[np.ndarray[Any, Any]]


def sizes(case: Case) -> Iterator[tuple[str, Arrays]]:
    """Inputs with axes of 0 and of 1; ``b=0`` says which letter has which size."""
    letters = list(dict.fromkeys(map(case.letter, case.axes)))
    for letter in [*letters, "all"] if letters else []:
        for n in (0, 1):
            unknown = frozenset(a for a in case.axes if letter in ("all", case.letter(a)))
            yield f"{letter}={n}", case.arrays(case.shapes(unknown, dict.fromkeys(unknown, n)))


def dtypes(case: Case) -> Iterator[tuple[str, Arrays]]:
    """Inputs of each of `DTYPES`; indices and labels stay whole numbers, masks stay booleans."""
    arrays = case.arrays(case.shapes())
    for name in DTYPES:
        with np.errstate(invalid="ignore"):  # negative numbers as uint8
            yield name, [_as(array, x, as_dtype(name)) for array, x in zip(arrays, case.inputs, strict=True)]


def _as(array: np.ndarray[Any, Any], x: In, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    keeps = x.kind == "bool" or (x.kind == "whole" and dtype.kind not in "iu")
    return array if keeps else array.astype(dtype)


def variants(case: Case) -> dict[str, Arrays]:
    """All of them, by what is special about each."""
    return dict([*sizes(case), *dtypes(case)])
