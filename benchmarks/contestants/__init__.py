"""The contestants: for each name its module and the options. chainrule is the first.

A module has a function for each kind of workload that it can run, such as `training(work, **options)`. It returns a job
with `first_step()` and `next_steps()`, which return lists of numbers that must agree with those of the others; and
`run(times)`, which does `times` times `steps_per_run` steps and returns when they are done.
"""

from __future__ import annotations

from typing import Any

OURS = "chainrule"

CONTESTANTS: dict[str, tuple[str, dict[str, Any]]] = {
    OURS: ("ours", {}),
    "chainrule float32": ("ours", {"policy": "float32"}),
    "NumPy by hand": ("by_hand", {}),
    "PyTorch eager": ("torch", {"mode": "eager"}),
    "PyTorch tuned": ("torch", {"mode": "tuned"}),
    "torch.compile": ("torch", {"mode": "compiled"}),
    "torchvision": ("torch", {"mode": "torchvision"}),
    "JAX eager": ("jax", {"mode": "eager"}),
    "JAX step": ("jax", {"mode": "step"}),
    "JAX scan": ("jax", {"mode": "scan"}),
    "JAX einsum": ("jax", {"mode": "einsum"}),
    "Keras on JAX": ("keras", {"backend": "jax"}),
    "Keras on PyTorch": ("keras", {"backend": "torch"}),
    "tinygrad": ("tinygrad", {}),
    "scikit-learn": ("sklearn", {}),
}

TORCH = ("PyTorch eager", "PyTorch tuned", "torch.compile")
NETS = (OURS, *TORCH, "JAX step", "JAX scan", "Keras on JAX", "Keras on PyTorch", "tinygrad")
