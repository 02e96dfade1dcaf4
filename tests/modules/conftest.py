"""Shared by the tests of single modules."""

import os

import pytest


@pytest.fixture
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    return pytest.importorskip("keras")
