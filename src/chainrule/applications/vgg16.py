"""`VGG16` and its preprocessing (``keras.applications.vgg16``)."""

from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_caffe as preprocess_input
from .vgg import VGG16

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]
