"""Shared by all tests: 64-bit JAX, which serves as an oracle only, and a command typed in this process."""

import os
from typing import NamedTuple

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")  # read when a test first imports JAX
os.environ.setdefault("JAX_ENABLE_X64", "1")


class Typed(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def typed(capsys):
    """Type a command; argparse leaves by SystemExit, which a shell sees as a status all the same."""
    from chainrule.cli import main

    def run(*argv):
        try:
            status = main(list(argv))
        except SystemExit as leaving:
            status = leaving.code
        return Typed(status, *capsys.readouterr())

    return run
