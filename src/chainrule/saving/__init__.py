"""Save models and training runs in files: pure data, a closed registry of names, atomic writes."""

from ..core.missing_names import lookup

from ..serialization.names import (  # isort: skip
    CustomObjectScope, custom_object_scope, get_custom_objects, get_registered_name, get_registered_object,
    register_keras_serializable,
)  # fmt: skip
from ..serialization.serialize import deserialize, serialize
from .checkpoint import load_checkpoint, save_checkpoint
from .model_file import load_model, load_weights, save_model, save_weights

deserialize_keras_object, serialize_keras_object = deserialize, serialize

__getattr__ = lookup("saving")

__all__ = [
    "CustomObjectScope", "custom_object_scope", "deserialize", "deserialize_keras_object", "get_custom_objects",
    "get_registered_name", "get_registered_object", "load_checkpoint", "load_model", "load_weights",
    "register_keras_serializable", "save_checkpoint", "save_model", "save_weights", "serialize",
    "serialize_keras_object",
]  # fmt: skip
