"""A process forked after XLA has started gets an error that names `spawn`, and does not wait for ever."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

PROGRAM = """
import multiprocessing, os, sys, warnings
import numpy as np
warnings.simplefilter("ignore")  # JAX's and Python's own, about forks
import chainrule as cr
from chainrule.layers import Dense, Input
from chainrule.models import Sequential

def net(engine):
    model = Sequential([Input((3,)), Dense(2, "relu"), Dense(1)])
    model.compile("sgd", "mse", engine=engine)
    return model

x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
compiled = cr.compile(lambda x: (x * x).sum(), engine="xla")

def try_all(started):
    done = []
    actions = {
        "predict": lambda: model.predict(x, verbose=0),
        "fit": lambda: model.fit(x, y, verbose=0),
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "another model": lambda: net("xla").fit(x, y, verbose=0),
        "compiled": lambda: compiled(x),
    }
    for name, act in actions.items():
        try:
            act()
            assert not started, name
        except cr.GraphError as error:
            assert started, (name, error)
            assert "spawn" in str(error)
        done.append(name)
    # what needs no XLA goes on
    assert np.isfinite(model(x).numpy()).all()
    assert np.isfinite(net("numpy").fit(x, y, verbose=0).history["loss"]).all()
    assert float(cr.grad(lambda a: a * a)(3.0)) == 6.0
    return done

def in_fork(started):
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if len(try_all(started)) == 5 else 3)
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

model = net("xla")
model.build((None, 3))
in_fork(started=False)  # before XLA has started the child starts its own
model.fit(x, y, verbose=0)
compiled(x)
in_fork(started=True)
with multiprocessing.get_context("fork").Pool(1) as pool:
    assert len(pool.apply(try_all, (True,))) == 5
assert np.isfinite(model.predict(x, verbose=0)).all()  # the parent goes on
print("all well")
"""


def test_a_fork_after_xla_has_started(tmp_path):
    pytest.importorskip("jax", reason="XLA is not installed")
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=tmp_path, timeout=240, check=False
    )
    assert (run.stdout, run.returncode) == ("all well\n", 0), run.stderr[-2000:]
