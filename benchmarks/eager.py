"""Eager forward and backward of a chain of 100 small operations, beside PyTorch's eager autograd.

    python benchmarks/eager.py --peer PYTHON

PYTHON is an interpreter whose environment has PyTorch (see tests/peers.txt); default: this one. Each round starts a
fresh process for each side, one thread; a side's number is the fastest of 300 repetitions, in µs per operation.
"""

from __future__ import annotations

import argparse
import sys
import time

from rounds import fresh, interleave, interval, machine

SIZE, CHAIN, REPEATS = 16, 100, 300


def ours() -> float:
    import numpy as np

    import chainrule as cr
    from chainrule import ops

    x = cr.Variable(np.random.default_rng(0).normal(size=(SIZE, SIZE)).astype("float32"))
    w, one = cr.tensor(np.full((SIZE, SIZE), 0.9, "float32")), cr.tensor(np.ones((SIZE, SIZE), "float32"))

    def step() -> None:
        t = x.value
        for _ in range(CHAIN // 4):
            t = ops.tanh(t * w + w) - w
        cr.gradients(t, x, upstream=one)

    return best(step)


def torch_eager() -> float:
    import torch

    torch.set_num_threads(1)
    x = torch.randn(SIZE, SIZE, requires_grad=True)
    w, one = torch.full((SIZE, SIZE), 0.9), torch.ones(SIZE, SIZE)

    def step() -> None:
        t = x
        for _ in range(CHAIN // 4):
            t = torch.tanh(t * w + w) - w
        torch.autograd.grad(t, x, one)

    return best(step)


def best(step: object) -> float:
    for _ in range(20):
        step()  # type: ignore[operator]
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        step()  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return min(times) / CHAIN * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--side", choices=["ours", "torch"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(ours() if args.side == "ours" else torch_eager())
        return
    found = interleave(
        {
            "chainrule": lambda: fresh([sys.executable, __file__, "--side", "ours"]),
            "PyTorch": lambda: fresh([args.peer, __file__, "--side", "torch"]),
        },
        args.rounds,
    )
    print(machine())
    for name, values in found.items():
        print(f"{name:<10} {interval(values)[0]:6.2f} µs per operation, forward and backward, {SIZE}×{SIZE} float32")
    middle, low, high = interval([a / b for a, b in zip(found["chainrule"], found["PyTorch"], strict=True)])
    print(f"ratio      {middle:6.2f} (90 % of {args.rounds} paired rounds: {low:.2f} to {high:.2f})")
    print("wanted: at most 1; aim: 0.7")


if __name__ == "__main__":
    main()
