"""``chainrule predict MODEL DATA``: a saved model on a table or on arrays."""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a file that ends in .chainrule")
    parser.add_argument("data", help="a .csv table with the columns the model learnt from, or an .npy array")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write (default: the terminal)")


def command(args: argparse.Namespace) -> int:
    from ..saving import load_model
    from .pictures import check_place

    if args.out:
        check_place(args.out, "--out")
    model = load_model(args.model)
    header, rows = _predicted(model, args.data)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    if args.out:
        from ..core import files

        files.write(args.out, [text.getvalue().encode()])
        print(f"{len(rows)} rows written to {args.out}")
    else:
        sys.stdout.write(text.getvalue())
    return 0


def _predicted(model: Any, path: str) -> tuple[list[str], list[list[Any]]]:
    import numpy as np

    from ..core.errors import ValueProblem

    ending = os.path.splitext(path)[1].lower()
    notes = model.notes or {}
    if ending == ".csv" and "columns" in notes:
        from ..utils.table import Encoder, read_csv

        found = model.predict(Encoder(notes["columns"]).encode(read_csv(path)), verbose=0)
        return _named(found, notes["target"])
    if ending == ".csv":
        from ..utils.table import read_csv

        table = read_csv(path)
        try:
            x = np.array([[float(c) for c in row] for row in zip(*table.values(), strict=True)], np.float32)
        except ValueError as error:
            raise ValueProblem(f"{path!r} ({error})", "a table of numbers", "check the cells") from None
    elif ending == ".npy":
        try:
            x = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise ValueProblem(f"{path!r} ({error})", "an .npy file of numbers", "check the file") from None
    else:
        raise ValueProblem(f"the data {path!r}", "a file that ends in .csv or .npy", "convert it")
    found = model.predict(x, verbose=0)
    if not isinstance(found, np.ndarray):
        raise ValueProblem("a model with several outputs", "one output", "call model.predict in Python")
    flat = found.reshape(len(found), -1)
    return [f"output_{i}" for i in range(flat.shape[1])], [[f"{v:.6g}" for v in row] for row in flat]


def _named(found: Any, target: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Predictions of a table's model in the target's own words and units."""
    name = target["name"]
    if "classes" in target:
        chosen = found.argmax(-1)
        return [name, "probability"], [
            [target["classes"][k], f"{row[k]:.4f}"] for k, row in zip(chosen, found, strict=True)
        ]
    numbers = found[:, 0] * target["deviation"] + target["mean"]
    return [name], [[f"{v:.6g}"] for v in numbers]
