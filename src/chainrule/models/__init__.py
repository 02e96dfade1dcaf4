"""Models: layers trained, saved and looked at together.

May import: everything below it; `saving` inside functions, at need.
"""

from .model import Model
from .sequential import Sequential
from .structure import clone_model, model_from_json

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "model_from_json",
]
