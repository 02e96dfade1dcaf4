"""Composites for which engines have kernels: product, bias and activation of a layer, an optimizer's update.

Opened, they are the operations of which they are made, as all composites.
"""

from __future__ import annotations

from typing import Any

from .calls import Composite
from .convolution import CONV_ATTRIBUTES
from .rules import promote_inputs, promote_to_float
from .sample import Draw, Sample


def _activate(xp: Any, out: Any, activation: str | None) -> Any:
    """Apply the activation of a fused operation: ``"relu"`` or none."""
    return xp.relu(out) if activation == "relu" else out


def _dense(xp: Any, x: Any, kernel: Any, *bias: Any, activation: str | None) -> Any:
    out = xp.matmul(x, kernel)
    return _activate(xp, out + bias[0] if bias else out, activation)


def _convolution(xp: Any, x: Any, kernel: Any, *bias: Any, activation: str | None, **window: Any) -> Any:
    out = xp.conv_record(x, kernel, **window)
    return _activate(xp, out + bias[0] if bias else out, activation)


dense_record = Composite.define(
    "dense",
    lambda xp, *inputs, activation=None: _dense(xp, *inputs, activation=activation),
    casts=promote_inputs,
    gradient_note="dense sends each input the upstream times the weights, and each weight the upstream times its input",
    format="dense({0}, {1})",
    samples=[
        Sample(Draw(3, 5), Draw(5, 4), Draw(4)),
        Sample(Draw(3, 5), Draw(5, 4), Draw(4), activation="relu"),
        Sample(Draw(2, 3, 5), Draw(5, 4), activation="relu"),
        Sample(Draw(1, 1), Draw(1, 1)),
    ],
    doc="Product, bias and activation by frozen arguments.",
)
convolution_record = Composite.define(
    "convolution",
    lambda xp, *inputs, strides=1, padding="valid", dilation=1, groups=1, activation=None: _convolution(
        xp, *inputs, strides=strides, padding=padding, dilation=dilation, groups=groups, activation=activation
    ),
    casts=promote_inputs,
    gradient_note="convolution sends the input the upstream spread by the kernel, the kernel the upstream against "
    "the windows",
    format="convolution({0}, {1})",
    samples=[
        *[
            Sample(Draw(2, 6, 7, 4), Draw(3, 2, 4 // a.get("groups", 1), 6), Draw(6), activation="relu", **a)
            for a in CONV_ATTRIBUTES
        ],
        Sample(Draw(2, 9, 3), Draw(4, 3, 2), strides=2),
        Sample(Draw(1, 5, 5, 1), Draw(5, 5, 1, 2), Draw(2)),
    ],
    doc="Convolution, bias and activation by frozen arguments.",
)


def _adam(xp: Any, g: Any, p: Any, m: Any, v: Any, rate: Any, beta_1: float, beta_2: float, epsilon: float) -> Any:
    m = m + (g - m) * (1 - beta_1)
    v = v + (xp.square(g) - v) * (1 - beta_2)
    return p - m * rate / (xp.sqrt(v) + epsilon), m, v


def _momentum(xp: Any, g: Any, p: Any, m: Any, rate: Any, momentum: float, nesterov: bool) -> Any:
    step = g * rate
    m = m * momentum - step
    return p + (m * momentum - step if nesterov else m), m


adam_update = Composite.define(
    "adam_update",
    lambda xp, gradient, weight, mean, square, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7: _adam(
        xp, gradient, weight, mean, square, rate, beta_1, beta_2, epsilon
    ),
    casts=promote_to_float,
    gradient_note="an update is differentiated like any other arithmetic",
    format="adam({1})",
    samples=[],  # several results: tests/optimizers/test_update_rules.py
    doc="One step of Adam: the new weight, mean and mean square (Kingma and Ba, arXiv:1412.6980).\n\n"
    "Args:\n    rate: a number, the learning rate with both bias corrections applied.\n\n"
    ">>> [round(float(t), 4) for t in ops.adam_update(2.0, 1.0, 0.0, 0.0, 0.1, beta_2=0.75)]\n[0.98, 0.2, 1.0]",
)
momentum_update = Composite.define(
    "momentum_update",
    lambda xp, gradient, weight, velocity, rate, momentum=0.9, nesterov=False: _momentum(
        xp, gradient, weight, velocity, rate, momentum, nesterov
    ),
    casts=promote_to_float,
    gradient_note="an update is differentiated like any other arithmetic",
    format="momentum({1})",
    samples=[],  # several results: tests/optimizers/test_update_rules.py
    doc="One step of descent with momentum: the new weight and velocity.\n\n"
    ">>> [round(float(t), 4) for t in ops.momentum_update(2.0, 1.0, 0.5, 0.1)]\n[1.25, 0.25]",
)
