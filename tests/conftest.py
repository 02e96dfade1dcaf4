"""Shared by all tests: 64-bit JAX, which serves as an oracle only."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")
