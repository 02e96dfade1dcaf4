"""Models: layers that are trained, saved and inspected together."""

from ..core.missing_names import lookup
from .cloning import clone_model, model_from_json
from .model import Model
from .sequential import Sequential

__getattr__ = lookup("models", {"load_model": "saving", "save_model": "saving"})

__all__ = ["Model", "Sequential", "clone_model", "model_from_json"]
