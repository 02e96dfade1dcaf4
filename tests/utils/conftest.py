"""Fixtures of the tests of chainrule.utils."""

import pytest


@pytest.fixture
def pil():
    return pytest.importorskip("PIL.Image")
