"""Keras, as a user would call it; the worker sets the backend before importing this module."""

from __future__ import annotations

from typing import Any

import keras

from .functional import Fit, Predict

VERSION = f"Keras {keras.__version__}"


def training(work: Any, backend: str) -> Fit:
    """Return the job of a training."""
    return Fit(keras, work)


def prediction(work: Any, backend: str) -> Predict:
    """Return the job of a prediction."""
    return Predict(keras, work)
