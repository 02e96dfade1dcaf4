"""Keras as users write it; the worker has named the backend before this is imported."""

from __future__ import annotations

from typing import Any

import keras

from .functional import Fit, Predict

VERSION = f"Keras {keras.__version__}"


def training(work: Any, backend: str) -> Fit:
    return Fit(keras, work)


def prediction(work: Any, backend: str) -> Predict:
    return Predict(keras, work)
