"""Settings under Keras's names (``keras.config``)."""

from __future__ import annotations

from .core.errors import ValueProblem
from .dtype_policies import dtype_policy, set_dtype_policy
from .graph import floatx, set_floatx

_interactive = True


def backend() -> str:
    """Return the library's own name, where Keras returns that of the framework below it.

    >>> backend()
    'chainrule'
    """
    return "chainrule"


def epsilon() -> float:
    """Return the small number that keeps logarithms and quotients finite: always 1e-7.

    >>> epsilon()
    1e-07
    """
    return 1e-7


def set_epsilon(value: float) -> None:
    """Accept only 1e-7: losses and layers have arguments of their own for other values."""
    if value != 1e-7:
        raise ValueProblem(f"epsilon {value}", "1e-7", "pass epsilon to the layer or optimizer that needs another")


def image_data_format() -> str:
    """Return the default position of channels: always ``"channels_last"``.

    >>> image_data_format()
    'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accept only ``"channels_last"``: layers have an argument `data_format` for the other."""
    if data_format != "channels_last":
        passed = f"data_format {data_format!r} for everything"
        raise ValueProblem(passed, "'channels_last'", "pass data_format to each layer")


def enable_interactive_logging() -> None:
    """Let ``verbose="auto"`` show progress lines, which is the default."""
    global _interactive
    _interactive = True


def disable_interactive_logging() -> None:
    """Let ``verbose="auto"`` show one line an epoch."""
    global _interactive
    _interactive = False


def is_interactive_logging_enabled() -> bool:
    """Return whether ``verbose="auto"`` shows progress lines.

    >>> is_interactive_logging_enabled()
    True
    """
    return _interactive


__all__ = [
    "backend", "disable_interactive_logging", "dtype_policy", "enable_interactive_logging", "epsilon", "floatx",
    "image_data_format", "is_interactive_logging_enabled", "set_dtype_policy", "set_epsilon", "set_floatx",
    "set_image_data_format",
]  # fmt: skip
