"""`ResNet50` and its preprocessing (``keras.applications.resnet50``)."""

from .resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
