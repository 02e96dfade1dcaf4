"""Shared by the tests of operations."""

import numpy as np
import pytest

pytest.register_assert_rewrite("functions_cases")


@pytest.fixture(scope="module")
def quiet():
    """1 / 0 and its kind are NumPy's to warn of."""
    with np.errstate(all="ignore"):
        yield
