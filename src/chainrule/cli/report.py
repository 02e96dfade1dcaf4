"""Shared by the training commands: the run, which may be interrupted, its curves and its saved model."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..core.errors import ValueProblem
from ..core.terminal import echo
from ..draw.curves import Line, Panel
from ..draw.locale import translator
from ..draw.text import pad
from .pictures import check_picture, check_writable, write_curves


class Run:
    """One training run of a command: the paths of its files are checked first, and the files are written last."""

    def __init__(self, name: str, plot: str | None, out: str | None) -> None:
        self.name = name
        self.plot = f"chainrule-{name}.svg" if plot is None else plot
        self.out = out or f"chainrule-{name}.chainrule"
        if not self.out.endswith(".chainrule"):
            expected = "a name that ends in .chainrule"
            raise ValueProblem(f"--out {self.out[:80]}", expected, f"e.g. --out {name}.chainrule")
        check_writable(self.out, "--out")
        if self.plot:
            check_picture(self.plot)
        self.interrupted = False
        self.seconds = 0.0

    def fit(self, model: Any, *data: Any, **options: Any) -> dict[str, list[float]]:
        """Train and return the history by name; Ctrl-C ends the training and keeps the weights."""
        start = time.perf_counter()
        try:
            model.fit(*data, **options)
        except KeyboardInterrupt:
            self.interrupted = True
            translate = translator()
            echo("\n" + translate("interrupted: the results below are for the weights so far"))
        self.seconds = time.perf_counter() - start
        return model.history.history if model.history is not None else {}

    def finish(self, model: Any, history: dict[str, list[float]], metric: str) -> int:
        """Save the model, draw the curves and return the exit status."""
        model.save(self.out)
        translate = translator()
        echo("\n" + translate("model saved in {path}; look at it with: chainrule summary {path}", path=self.out))
        names = {"": translate("training"), "val_": translate("validation")}
        panels = []
        for key in ("loss", metric):
            curves = [(label, history.get(prefix + key)) for prefix, label in names.items()]
            lines = [Line(label, range(1, len(values) + 1), values) for label, values in curves if values]
            panels.append(Panel(key, translate("epochs"), key, lines))
        if self.plot and any(p.lines for p in panels):
            write_curves(self.plot, panels, translate("{name}: training", name=self.name))
        return 130 if self.interrupted else 0


def confusion_table(truth: Any, predicted: Any, names: list[str]) -> str:
    """Return a confusion matrix as text: rows are the true classes, columns the predicted ones."""
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (truth, predicted), 1)
    width = max(4, *(len(n) + 1 for n in names), len(str(counts.max())) + 1)
    translate = translator()
    head = pad(translate("true \\ predicted"), 16) + "".join(n[: width - 1].rjust(width) for n in names)
    lines = [f"{head}  {translate('recall')}"]
    for i, name in enumerate(names):
        share = counts[i, i] / max(counts[i].sum(), 1)
        lines.append(name[:15].ljust(16) + "".join(str(c).rjust(width) for c in counts[i]) + f"{share:>8.1%}")
    return "\n".join(lines)
