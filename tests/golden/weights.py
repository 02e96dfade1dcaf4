"""Weights and losses of the benchmarks' trainings after 20 steps (of large nets by NumPy: 3), to the bit."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import chainrule as cr
from contestants.functional import Builder, loss, optimizer
from workloads import all_workloads

from .common import Out, sha

SMALLER = {"W2": 512, "W4": 16, "W5": 4, "W5n": 4, "W6": 8}  # rows a batch
LARGE = ("W4", "W5", "W5n", "W6")
STEPS = 5  # an epoch's


def record(out: Out) -> None:
    with out.lines("weights.txt") as put:
        for work in all_workloads().values():
            if work.kind == "training" and (work.policy == "float32" or find_spec("ml_dtypes")):
                for engine in ("numpy", "xla"):
                    _trained(put, work, engine)


def _trained(put: Any, work: Any, engine: str) -> None:
    plain = work.key.removesuffix("b")
    batch = SMALLER.get(plain, work.batch)
    short = engine == "numpy" and plain in LARGE
    rows = batch * (3 if short else STEPS)
    work = replace(work, batch=batch, rows=rows)
    cr.config.set_dtype_policy(work.policy)
    cr.set_random_seed(1)
    builder = Builder(cr)
    model = builder.model(work)
    builder.load(work.weights())
    model.compile(optimizer(cr, work.optimizer), loss(cr, work.loss), engine=engine)
    x, y = work.data()
    if plain == "W1":  # the last batch is shorter
        x, y = x[:-3], y[:-3]
    epochs = 1 if short else 4
    history = model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=work.shuffle, verbose=0).history
    put(f"== {work.key} {work.name} on {engine}: {history}")
    put("first row:", sha(model.predict_on_batch(x[:1])))
    for variable in (*model.weights, *model.optimizer.variables):
        put("  ", variable.name, sha(variable.numpy()))
    cr.config.set_dtype_policy("float32")
