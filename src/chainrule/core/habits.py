"""Other frameworks' names and functions where they meet this library's objects, each with our word for it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from .errors import FrameworkError, HabitError

FRAMEWORKS = {"jax": "JAX", "jaxlib": "JAX", "keras": "Keras", "tensorflow": "TensorFlow", "torch": "PyTorch"}

_MODE = "pass training=True or False to the model; fit, evaluate and predict do"
_STATELESS = "weights are variables that change in place: call {} itself; chainrule.compile compiles functions of them"
_WEIGHTS_BY_NAME = "use model.get_weights() and set_weights(...), or save_weights(path) and load_weights(path)"
_PLACED = "no call is needed: the engine that runs the graph places its arrays"

LAYER_HABITS: Mapping[str, str] = {
    "parameters": "use model.trainable_variables, a list and not a function",
    "named_parameters": "use {v.path: v for v in model.trainable_variables}",
    "buffers": "use model.non_trainable_variables",
    "children": "use model.layers",
    "modules": "use model.layers",
    "named_modules": "use {layer.name: layer for layer in model.layers}",
    "zero_grad": "nothing accumulates: each chainrule.gradients call starts from zero",
    "backward": "call chainrule.gradients(loss, model.trainable_variables)",
    "forward": "call the model itself, and define call(self, inputs)",
    "train": _MODE,
    "eval": _MODE,
    "state_dict": _WEIGHTS_BY_NAME,
    "load_state_dict": _WEIGHTS_BY_NAME,
    "to": _PLACED,
    "cuda": _PLACED,
    "cpu": _PLACED,
    "half": 'make the layers with dtype="mixed_float16"',
    "requires_grad_": "set layer.trainable",
    "register_parameter": "use add_weight",
    "register_buffer": "use add_weight(..., trainable=False)",
    "init": "weights are made at the first call, or with model.build(input_shape)",
    "stateless_call": _STATELESS.format("the model"),
    "stateless_compute_loss": _STATELESS.format("compute_loss"),
    "add_variable": "use add_weight",
    "add_metric": "give metrics to compile, or hold them as attributes and list them in `metrics`",
    "make_train_function": "override train_step: fit traces and compiles it",
    "train_function": "override train_step: fit traces and compiles it",
    "metrics_variables": "use [v for m in model.metrics for v in m.variables]",
    "get_state_tree": _WEIGHTS_BY_NAME,
    "set_state_tree": _WEIGHTS_BY_NAME,
    "export": "use model.save, and chainrule.models.load_model",
    "quantize": "quantised weights are not here; use a dtype policy such as mixed_bfloat16",
    "enable_lora": "freeze the layer and add a product of two small ones",
    "fit_generator": "use fit, which takes generators",
    "evaluate_generator": "use evaluate, which takes generators",
    "predict_generator": "use predict, which takes generators",
    "predict_classes": "use model.predict(x).argmax(-1), or > 0.5 for one output",
    "predict_proba": "use model.predict",
}
OPTIMIZER_HABITS: Mapping[str, str] = {
    "zero_grad": "nothing accumulates: each chainrule.gradients call starts from zero",
    "step": "use optimizer.apply(gradients, variables)",
    "minimize": "use optimizer.apply(chainrule.gradients(loss, variables), variables)",
    "get_gradients": "use chainrule.gradients(loss, variables)",
    "param_groups": "use optimizers.MultiOptimizer for parts of a model",
    "state_dict": "use optimizer.variables; model.save writes them",
    "load_state_dict": "use optimizer.variables; models.load_model reads them",
    "lr": "use optimizer.learning_rate",
    "init": "use optimizer.build(variables)",
    "update": "use optimizer.apply(gradients, variables)",
    "stateless_apply": _STATELESS.format("optimizer.apply"),
}
METRIC_HABITS: Mapping[str, str] = {
    "reset_states": "use reset_state",
    "reset": "use reset_state",
    "compute": "use result",
    "stateless_update_state": _STATELESS.format("update_state"),
    "stateless_result": _STATELESS.format("result"),
    "stateless_reset_state": _STATELESS.format("reset_state"),
}


def no_attribute(owner: Any, name: str, habits: Mapping[str, str], label: str = "") -> AttributeError:
    """Return the error for an attribute that an object lacks, with advice if another framework has it.

    >>> print(no_attribute(print, "zero_grad", OPTIMIZER_HABITS, "an optimizer"))
    Got the attribute .zero_grad of an optimizer; expected chainrule's name for it. To mend it: nothing accumulates: \
each chainrule.gradients call starts from zero.
    """
    described = label or type(owner).__name__
    if advice := habits.get(name):
        return HabitError(f"the attribute .{name} of {described}", "chainrule's name for it", advice)
    return AttributeError(f"{described} has no attribute {name!r}")


def no_call(layer: Any) -> NotImplementedError:
    """Return the error for a layer or model without ``call``."""
    text = f"{type(layer).__name__} must define call(self, inputs)"
    renamed = "; it has forward(), as PyTorch's modules: rename that to call"
    return NotImplementedError(text + (renamed if "forward" in dir(type(layer)) else ""))


def framework_of(module: str) -> str:
    """Return the framework that a module belongs to, or an empty string.

    >>> framework_of("jax.numpy"), framework_of("numpy")
    ('JAX', '')
    """
    return FRAMEWORKS.get(module.split(".")[0], "")


def calling_framework() -> str:
    """Return the framework that the nearest caller outside of NumPy and of this library belongs to, if it is one."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.split(".")[0] not in (__name__.split(".")[0], "numpy"):
            return framework_of(module)
        frame = frame.f_back
    return ""


def is_operator_call() -> bool:
    """Return whether the caller was called by JAX's operators, which leave the work to the other operand's class."""
    return "_op" in sys._getframe(2).f_code.co_name  # deferring_binary_op, _operator_add


def refuse_function(framework: str, name: str, what: str, where: str = "") -> NoReturn:
    """Raise the error for a function of another framework that was given a tensor of this library.

    Args:
        framework: its name. name: the function's, if known. what: the tensor. where: the user's line that made it.
    """
    function = f"{framework}'s function {name}" if name else f"a function of {framework}"
    mend = "use chainrule.ops, whose functions have Keras's names; t.numpy() leaves the graph once there are numbers"
    raise FrameworkError(f"{what}, passed to {function}", "a function of chainrule.ops", mend, where)
