"""What seeing costs: nothing to a fit that is not looked at; the page of a large network.

    python benchmarks/seeing.py [--rounds 9] [--chromium /usr/bin/chromium]

A fit's step is timed before anything was looked at and after the model was explained, its values and gradients asked
for, and a run recorded: pairs of the same fit in one process, A B A B, the ratio's median and its 90 % interval. Then
ResNet-50: the time to explain it and to write its page, the page's size, and, with Playwright and a browser, the time
from asking for the file to the end of its load event.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

import chainrule as cr
from chainrule import applications, layers
from chainrule.core.clock import timed
from harness import interval


def network() -> tuple[cr.Model, np.ndarray, np.ndarray]:
    """W3's network."""
    cr.set_random_seed(0)
    dense = layers.Dense(512, "relu"), layers.Dense(256, "relu"), layers.Dense(10, "softmax")
    model = cr.Sequential([layers.Input((784,)), *dense])
    model.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(640, 784)).astype("float32"), rng.integers(0, 10, 640)


def training(rounds: int, seconds: float) -> None:
    """The step of a model that was looked at, over that of one that was not."""
    unseen, x, y = network()
    seen, _, _ = network()

    def fit(model: cr.Model) -> float:
        return timed(lambda count: model.fit(x, y, batch_size=64, epochs=count, verbose=0), seconds) / 10

    fit(unseen)
    fit(seen)
    seen.explain(x[:8], y[:8]).to_html()
    seen.values(x[:8])
    seen.gradients(x[:8], y[:8])
    seen.fit(x, y, verbose=0, record=4)
    times = [(fit(unseen), fit(seen)) for _ in range(rounds)]
    ratios = [b / a for a, b in times]
    middle, low, high = interval(ratios)
    print(f"a step not looked at: {1e6 * np.median([a for a, _ in times]):,.0f} µs")
    print(f"after it was looked at, over that: {middle:.3f} ({low:.3f} to {high:.3f})")


def page(chromium: str | None) -> None:
    """ResNet-50's ledger."""
    model = applications.ResNet50(weights=None, input_shape=(224, 224, 3), classes=1000)
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).normal(size=(1, 224, 224, 3)).astype("float32")
    start = time.perf_counter()
    found = model.explain(x, np.array([3]))
    explained = time.perf_counter() - start
    start = time.perf_counter()
    html = found.to_html()
    written = time.perf_counter() - start
    count = sum(w.size for w in model.weights)
    print(f"ResNet-50, {count:,} weights: explained in {explained:.2f} s, the page written in {written:.2f} s")
    print(f"the page: {len(html.encode()) / 1e6:.2f} MB, {len(found.steps):,} operations, {len(found.edges):,} edges")
    path = chromium or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        print("opened: not measured, there is no browser")
        return
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "page.html")
        file.write_text(html, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        times, unfolded = [], []
        for _ in range(5):
            tab = browser.new_page()
            start = time.perf_counter()
            tab.goto(file.as_uri(), wait_until="load")
            times.append(time.perf_counter() - start)
            unfolded.append(
                tab.evaluate(
                    """() => { const start = performance.now();
                    document.querySelector('details.part:not([open])').open = true;
                    document.body.getBoundingClientRect(); return (performance.now() - start) / 1000; }"""
                )
            )
            tab.close()
        browser.close()
    print(
        f"opened, to the end of the load event: {np.median(times):.2f} s; a scope unfolded: {np.median(unfolded):.3f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--chromium")
    given = parser.parse_args()
    training(given.rounds, given.seconds)
    page(given.chromium)
