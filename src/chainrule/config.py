"""Settings under Keras's names (``keras.config``).

May import: `graph`, `dtype_policies`.
"""

from __future__ import annotations

from .core.errors import ValueProblem
from .dtype_policies import dtype_policy, set_dtype_policy
from .graph import floatx, set_floatx

_interactive = True


def backend() -> str:
    """The library's own name, where Keras names the framework below it.

    >>> backend()
    'chainrule'
    """
    return "chainrule"


def epsilon() -> float:
    """The small number that keeps logarithms and quotients finite: always 1e-7.

    >>> epsilon()
    1e-07
    """
    return 1e-7


def set_epsilon(value: float) -> None:
    """Only 1e-7 is taken: losses and layers have arguments of their own for other values."""
    if value != 1e-7:
        raise ValueProblem(f"epsilon {value}", "1e-7", "pass epsilon to the layer or optimizer that needs another")


def image_data_format() -> str:
    """Where channels are unless a layer is told otherwise: always ``"channels_last"``.

    >>> image_data_format()
    'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Only ``"channels_last"`` is taken: layers have an argument `data_format` for the other."""
    if data_format != "channels_last":
        raise ValueProblem(
            f"data_format {data_format!r} for everything", "'channels_last'", "pass data_format to each layer"
        )


def enable_interactive_logging() -> None:
    """``verbose="auto"`` shows progress lines; so it is from the start."""
    global _interactive
    _interactive = True


def disable_interactive_logging() -> None:
    """``verbose="auto"`` shows one line an epoch."""
    global _interactive
    _interactive = False


def is_interactive_logging_enabled() -> bool:
    """Whether ``verbose="auto"`` shows progress lines.

    >>> is_interactive_logging_enabled()
    True
    """
    return _interactive


__all__ = [
    "backend",
    "disable_interactive_logging",
    "dtype_policy",
    "enable_interactive_logging",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_interactive_logging_enabled",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]
