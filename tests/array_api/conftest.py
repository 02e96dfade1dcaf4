"""Shared by the tests of the array API."""

import numpy as np
import pytest

pytest.register_assert_rewrite("array_api_cases")


@pytest.fixture(autouse=True)
def quiet():
    """1 / 0 and its kind are NumPy's to warn of, on both sides."""
    with np.errstate(all="ignore"):
        yield
