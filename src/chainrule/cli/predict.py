"""``chainrule predict MODEL DATA``: the predictions of a saved model for a table or an array."""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from typing import Any

import numpy as np

from ..core import files
from ..core.errors import ValueProblem
from ..core.terminal import echo
from ..draw.locale import translator
from .pictures import check_writable


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``chainrule predict`` to its parser."""
    parser.add_argument("model", help="a saved model, a file that ends in .chainrule")
    parser.add_argument("data", help="a .csv table with the columns that the model was trained on, or an .npy array")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the predictions (default: the terminal)")


def command(args: argparse.Namespace) -> int:
    """Run ``chainrule predict`` and return the exit status."""
    from ..saving import load_model

    if args.out:
        check_writable(args.out, "--out")
    model = load_model(args.model)
    header, rows = _predict(model, args.data)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    if args.out:
        files.write(args.out, [text.getvalue().encode()])
        translate = translator()
        echo(translate("{count} rows written to {path}", count=len(rows), path=args.out))
    else:
        if sys.stdout.isatty():
            echo(text.getvalue(), end="")
        else:  # as it would be in a file
            sys.stdout.write(text.getvalue())
    return 0


def _predict(model: Any, path: str) -> tuple[list[str], list[list[Any]]]:
    """Return the header and the rows of the predictions."""
    from ..datasets.files import read_npy
    from ..utils.table import Encoder, read_csv

    ending = os.path.splitext(path)[1].lower()
    notes = model.notes or {}
    if ending == ".csv" and "columns" in notes:
        outputs = model.predict(Encoder(notes["columns"]).encode(read_csv(path)), verbose=0)
        return _decode_target(outputs, notes["target"])
    if ending == ".csv":
        table = read_csv(path)
        try:
            x = np.array([[float(c) for c in row] for row in zip(*table.values(), strict=True)], np.float32)
        except ValueError as error:
            raise ValueProblem(f"{path!r} ({error})", "a table of numbers", "check the cells") from None
    elif ending == ".npy":
        x = read_npy(path)
    else:
        raise ValueProblem(f"the data {path!r}", "a file that ends in .csv or .npy", "convert it")
    outputs = model.predict(x, verbose=0)
    if not isinstance(outputs, np.ndarray):
        raise ValueProblem("a model with several outputs", "one output", "call model.predict in Python")
    flat = outputs.reshape(len(outputs), -1)
    return [f"output_{i}" for i in range(flat.shape[1])], [[f"{v:.6g}" for v in row] for row in flat]


def _decode_target(outputs: Any, target: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Return the outputs of a table's model as class names and probabilities, or as numbers in the target's units."""
    name = target["name"]
    if "classes" in target:
        classes = zip(outputs.argmax(-1), outputs, strict=True)
        return [name, "probability"], [[target["classes"][k], f"{row[k]:.4f}"] for k, row in classes]
    numbers = outputs[:, 0] * target["deviation"] + target["mean"]
    return [name], [[f"{v:.6g}"] for v in numbers]
