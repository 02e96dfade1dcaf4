"""Networks from the literature as models, with random initial weights, and Keras's names where it has them.

Each cites its source, and its parameters and multiplies are tested against the published numbers.
"""

from ..core.missing_names import lookup
from . import (
    densenet,
    imagenet_utils,
    inception,
    inception_v3,
    lenet,
    mobilenet,
    resnet,
    resnet50,
    vgg16,
    vgg19,
    xception,
)
from .densenet import DenseNet121, DenseNet169, DenseNet201
from .inception import GoogLeNet, inception_block
from .inception_v3 import InceptionV3
from .lenet import LeNet5
from .mobilenet import MobileNet
from .resnet import ResNet20, ResNet50, ResNet101, ResNet152, ResNetCIFAR
from .vgg16 import VGG16
from .vgg19 import VGG19
from .xception import Xception

__getattr__ = lookup("applications")

__all__ = [
    "VGG16", "VGG19", "DenseNet121", "DenseNet169", "DenseNet201", "GoogLeNet", "InceptionV3", "LeNet5", "MobileNet",
    "ResNet20", "ResNet50", "ResNet101", "ResNet152", "ResNetCIFAR", "Xception", "densenet", "imagenet_utils",
    "inception", "inception_block", "inception_v3", "lenet", "mobilenet", "resnet", "resnet50", "vgg16", "vgg19",
    "xception",
]  # fmt: skip
