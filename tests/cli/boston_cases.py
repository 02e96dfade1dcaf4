"""Files of Boston housing, the shortest run of `train boston`, what stands in its tables, and
its gradient descent by NumPy.
"""

import csv
import io
import re
from importlib.resources import files

import numpy as np

SHIPPED = files("chainrule.datasets").joinpath("boston.csv").read_text()
TABLE = [row for row in csv.reader(io.StringIO(SHIPPED)) if row]
NUMBER = r"(-?\d+\.\d+|nan)"


def learn(typed, *argv, columns="RM", epochs=1):
    """The shortest run there is, without a picture unless one is asked for."""
    return typed("train", "boston", "--columns", columns, "--epochs", str(epochs), "--plot", "", *argv)


def small(path, rows=13, change=lambda table: table, text=lambda t: t):
    """The first rows as a file of one's own, changed."""
    table = change([list(row) for row in TABLE[:rows]])
    path.write_bytes(text("\n".join(",".join(row) for row in table) + "\n").encode())
    return str(path)


def method_rows(out):
    """By method: what follows its name in the table."""
    result = re.findall(r"^(full-batch|stochastic|mini-batch|least squares)  +(?=[\d ])(.*)$", out, re.M)
    return {name: cells for name, cells in result if "R²" not in cells}


def weight_rows(out):
    """By column: the weights of each method, least squares last."""
    lines = out.split("\nweights ")[1].splitlines()
    return {
        line.split()[0]: [float(n) for n in line.split()[1:]]
        for line in lines[1 : lines.index("", 1)]
        if "=" not in line
    }


def descended(x, y, rate, epochs, batches=None):
    """Gradient descent by hand; the weights and, last, the bias."""
    x, w = np.c_[x, np.ones(len(y))], np.zeros(x.shape[1] + 1)
    for _ in range(epochs):
        for chosen in batches or [slice(None)]:
            w = w - rate * 2 * x[chosen].T @ (x[chosen] @ w - y[chosen]) / len(y[chosen])
    return w
