"""Programs written for Keras run with the import changed, and come to the same names, shapes and numbers."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

import chainrule

SCRIPTS = dict(
    re.findall(
        r"^# === \d+ ([^\n]+)\n(.*?)(?=^# === |\Z)",
        Path(__file__).with_name("keras_scripts.txt").read_text(),
        re.M | re.S,
    )
)


def run(code, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {"__name__": "script"}
    exec(compile(code, "script", "exec"), names)
    return names["RESULT"]


def changed(code):
    """The script with its import changed, and the endings of its files."""
    code = code.replace("import keras\n", "import chainrule as keras\n").replace("from keras", "from chainrule")
    return code.replace('.keras"', '.chainrule"').replace('.weights.h5"', '.weights.safetensors"')


def like(a, b):
    """Whether results are the same, numbers but for rounding."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(like(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(like, a, b))
    if isinstance(a, float):
        return bool(np.isclose(a, b, rtol=1e-3, atol=2e-4))
    return a == b


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs(name, tmp_path, monkeypatch):
    assert run(changed(SCRIPTS[name]), tmp_path, monkeypatch)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_comes_to_keras_results(name, tmp_path, monkeypatch):
    os.environ["KERAS_BACKEND"] = "jax"
    keras = pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")
    folders = [tmp_path / "ours", tmp_path / "theirs"]
    for folder in folders:
        folder.mkdir()
    for package in (chainrule, keras):  # automatic names count from the beginning
        package.utils.clear_session()
    ours = run(changed(SCRIPTS[name]), folders[0], monkeypatch)
    theirs = run(SCRIPTS[name], folders[1], monkeypatch)
    assert like(ours, theirs), (ours, theirs)
