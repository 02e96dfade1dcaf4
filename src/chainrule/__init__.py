"""Deep learning you can see through: one explicit graph, many readings.

>>> import chainrule as cr
>>> x = cr.Variable(3.0, name="x")
>>> y = x * x + 2 * x
>>> cr.gradients(y, x)
tensor(8.0)
"""

from .core import command as _command  # noqa: F401  # isort: skip  # first: Ctrl-C during the other imports

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import errors, ops
from .core.errors import ChainruleError, DTypeError, GraphError, HabitError, ShapeError, SymbolicError
from .core.missing_names import advise_imports, lookup
from .core.providers import register as register_providers
from .graph import floatx, scope, set_floatx
from .ops import random
from .ops.random import set_random_seed
from .tensors.convert import symbolic, tensor
from .tensors.tensor import Tensor
from .tensors.variable import Variable
from .transforms.differentiate import grad, gradients, hessian, hvp, jacobian, jvp, value_and_grad
from .transforms.run import run
from .transforms.vectorize import vectorize

if TYPE_CHECKING:  # imported when they are first used, like the names below
    from .analysis.check import check
    from .analysis.explain import explain
    from .analysis.price import price

__version__ = "0.1.0"

__all__ = [
    "ChainruleError", "DTypeError", "GraphError", "ShapeError", "SymbolicError", "Tensor", "Variable", "check",
    "errors", "explain", "floatx", "grad", "gradients", "hessian", "hvp", "jacobian", "jvp", "ops", "price", "random",
    "run", "scope", "set_floatx", "set_random_seed", "symbolic", "tensor", "value_and_grad", "vectorize",
]  # fmt: skip

# Keras's modules and names, imported at their first use, so that a program that only differentiates starts fast
_MODULES = (
    "activations applications array_api backend callbacks config constraints datasets distribution dtype_policies "
    "initializers layers losses metrics models optimizers regularizers saving utils"
).split()
_NAMES = {
    "check": "analysis.check",
    "explain": "analysis.explain",
    "price": "analysis.price",
    "DTypePolicy": "dtype_policies",
    "FloatDTypePolicy": "dtype_policies",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "SeedGenerator": "ops.random",
    "Sequential": "models",
    "TrainingWarning": "training",
    "compare": "inspection.cost",
    "compile": "engines.compile",
    "descent": "inspection.descent",
    "how": "inspection.how",
    "look": "inspection.arrays",
    "operation": "transforms.custom_rule",
    "regions": "inspection.regions",
    "slide": "inspection.sliding_window",
    "RematScope": "layers.rematerialization",
    "remat": "layers.rematerialization",
    "set_language": "draw.locale",
}

_HABITS = {
    "GradientTape": "no tape is needed: call chainrule.gradients(loss, variables) afterwards, or chainrule.grad(f)",
    "function": "use chainrule.compile; fit compiles its steps itself",
    "Module": "inherit from chainrule.Model, make layers in __init__ and define call",
    "nn": "layers are in chainrule.layers, functions in chainrule.ops, losses in chainrule.losses",
    "optim": "use chainrule.optimizers",
    "Parameter": "use chainrule.Variable",
    "from_numpy": "use chainrule.tensor",
    "no_grad": "only variables and watched tensors are recorded; use chainrule.ops.stop_gradient",
    "vmap": "use chainrule.vectorize",
    "jit": "use chainrule.compile",
    "custom_gradient": "write @chainrule.operation, and its backward under @name.backward",
    "convert_to_tensor": "use chainrule.tensor, or chainrule.ops.convert_to_tensor",
    "as_tensor": "use chainrule.tensor",
    "array": "use chainrule.tensor",
    "KerasTensor": "use chainrule.Input(shape) for a model's input, or chainrule.symbolic(shape)",
    "Operation": "write a layers.Layer, or a function of tensors",
    "Function": "use chainrule.Model(inputs, outputs)",
    "StatelessScope": "chainrule.transforms.trace.trace gives a step whose variables are inputs and outputs",
    "name_scope": "use chainrule.scope",
    "device": "no call is needed: the engine that runs the graph places its arrays",
}


register_providers({
    "array_namespace": "chainrule.array_api",
    "array_view": "chainrule.inspection.arrays",
    "devices": "chainrule.engines.xla.devices",
    "gradient_check": "chainrule.analysis.check",
    "initializers": "chainrule.initializers",
    "model_files": "chainrule.saving",
    "numpy_functions": "chainrule.numpy_functions",
    "renderers": "chainrule.figures",
    "xla": "chainrule.engines.xla",
})  # fmt: skip

_find = lookup("chainrule", _NAMES)
advise_imports()
sys.modules[f"{__name__}.random"] = random  # `import chainrule.random`, as Keras's


def version() -> str:
    """Return the library's version (``keras.version``)."""
    return __version__


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HABITS:
        raise HabitError(f"chainrule.{name}", "chainrule's name for it", _HABITS[name])
    return _find(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})
