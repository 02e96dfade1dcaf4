"""Networks of the literature as models, with random first weights, under Keras's names where it has them.

Each comes with its source, and its parameters and multiplies are tested against what was published.

May import: `layers`, `models`, and what stands above them.
"""

from . import imagenet_utils, inception, lenet, resnet, resnet50, vgg16, vgg19
from .inception import GoogLeNet, inception_block
from .lenet import LeNet5
from .resnet import ResNet20, ResNet50, ResNet101, ResNet152, ResNetCIFAR
from .vgg16 import VGG16
from .vgg19 import VGG19

__all__ = [
    "VGG16",
    "VGG19",
    "GoogLeNet",
    "LeNet5",
    "ResNet20",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "ResNetCIFAR",
    "imagenet_utils",
    "inception",
    "inception_block",
    "lenet",
    "resnet",
    "resnet50",
    "vgg16",
    "vgg19",
]
