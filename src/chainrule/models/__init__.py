"""Models: layers trained, saved and looked at together.

May import: everything below it; `saving` inside functions, at need.
"""

from ..absent import lookup
from .model import Model
from .sequential import Sequential
from .structure import clone_model, model_from_json

__getattr__ = lookup("models", {"load_model": "saving", "save_model": "saving"})

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "model_from_json",
]
