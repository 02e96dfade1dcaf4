"""A folder of its own for a command."""

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder is a new one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
