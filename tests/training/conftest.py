"""A fixture of the tests of training."""

import pytest

from prefetch_cases import readers


@pytest.fixture
def no_thread_is_left():
    assert not readers()
    yield
    assert not readers()
