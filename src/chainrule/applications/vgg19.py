"""`VGG19` and its preprocessing (``keras.applications.vgg19``)."""

from .imagenet_utils import decode_predictions
from .imagenet_utils import preprocess_caffe as preprocess_input
from .vgg import VGG19

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]
