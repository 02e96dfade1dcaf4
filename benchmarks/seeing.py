"""The cost of looking at a model: for its later training steps, and for the page of a large network.

    python benchmarks/seeing.py [--rounds 9] [--chromium /usr/bin/chromium]

A training step is timed for a model that was only trained, and for one that was also explained, whose values and
gradients were computed, and that recorded a run: pairs in one process, A B A B, the median of their ratio and its 90 %
interval. Then ResNet-50: the time to explain it and to write its page, the page's size, and, with Playwright and a
browser, the time from requesting the file to the end of its load event.
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
from chainrule.core.clock import median_seconds
from harness import interval


def network() -> tuple[cr.Model, np.ndarray, np.ndarray]:
    """Return W3's network and its data."""
    cr.set_random_seed(0)
    dense = layers.Dense(512, "relu"), layers.Dense(256, "relu"), layers.Dense(10, "softmax")
    model = cr.Sequential([layers.Input((784,)), *dense])
    model.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(640, 784)).astype("float32"), rng.integers(0, 10, 640)


def training(rounds: int, seconds: float) -> None:
    """Print the ratio of the step of an inspected model to that of one that was only trained."""
    plain, x, y = network()
    inspected, _, _ = network()

    def fit(model: cr.Model) -> float:
        return median_seconds(lambda count: model.fit(x, y, batch_size=64, epochs=count, verbose=0), seconds) / 10

    fit(plain)
    fit(inspected)
    inspected.explain(x[:8], y[:8]).to_html()
    inspected.values(x[:8])
    inspected.gradients(x[:8], y[:8])
    inspected.fit(x, y, verbose=0, record=4)
    times = [(fit(plain), fit(inspected)) for _ in range(rounds)]
    ratios = [b / a for a, b in times]
    median, low, high = interval(ratios)
    print(f"a step of the model that was only trained: {1e6 * np.median([a for a, _ in times]):,.0f} µs")
    print(f"of the inspected one, over that: {median:.3f} ({low:.3f} to {high:.3f})")


def page(chromium: str | None) -> None:
    """Print the times of explaining ResNet-50, and of writing and opening its page."""
    model = applications.ResNet50(weights=None, input_shape=(224, 224, 3), classes=1000)
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).normal(size=(1, 224, 224, 3)).astype("float32")
    start = time.perf_counter()
    explanation = model.explain(x, np.array([3]))
    explain_seconds = time.perf_counter() - start
    start = time.perf_counter()
    html = explanation.to_html()
    write_seconds = time.perf_counter() - start
    count = sum(w.size for w in model.weights)
    print(
        f"ResNet-50, {count:,} weights: explained in {explain_seconds:.2f} s, the page written in {write_seconds:.2f} s"
    )
    size, steps, edges = len(html.encode()) / 1e6, len(explanation.steps), len(explanation.edges)
    print(f"the page: {size:.2f} MB, {steps:,} operations, {edges:,} edges")
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
    args = parser.parse_args()
    training(args.rounds, args.seconds)
    page(args.chromium)
