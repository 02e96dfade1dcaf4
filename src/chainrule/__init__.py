from . import ops
from .tensor import Tensor, Variable, symbolic, tensor
from .graph import scope, set_floatx, floatx
from .readings.differentiate import *
from .readings.run import run
