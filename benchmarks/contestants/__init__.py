"""Who takes part: for each name the module here, and how it is run. Ours comes first.

A module has one function for each kind of work it takes, such as `training(work, **options)`. What that returns has
`first()`, the first step, and `more()`, the next ones, each a list of the numbers that must agree with the others';
and `run(times)`, which takes `unit` steps times `times` and returns when they are done.
"""

from __future__ import annotations

from typing import Any

OURS = "chainrule"

CONTESTANTS: dict[str, tuple[str, dict[str, Any]]] = {
    OURS: ("ours", {}),
    "chainrule float32": ("ours", {"policy": "float32"}),
    "NumPy by hand": ("by_hand", {}),
    "PyTorch eager": ("torch", {"way": "eager"}),
    "PyTorch tuned": ("torch", {"way": "tuned"}),
    "torch.compile": ("torch", {"way": "compiled"}),
    "torchvision": ("torch", {"way": "torchvision"}),
    "JAX eager": ("jax", {"way": "eager"}),
    "JAX step": ("jax", {"way": "step"}),
    "JAX scan": ("jax", {"way": "scan"}),
    "JAX einsum": ("jax", {"way": "einsum"}),
    "Keras on JAX": ("keras", {"backend": "jax"}),
    "Keras on PyTorch": ("keras", {"backend": "torch"}),
    "tinygrad": ("tinygrad", {}),
    "scikit-learn": ("sklearn", {}),
}

TORCH = ("PyTorch eager", "PyTorch tuned", "torch.compile")
NETS = (OURS, *TORCH, "JAX step", "JAX scan", "Keras on JAX", "Keras on PyTorch", "tinygrad")
