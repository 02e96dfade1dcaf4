"""Fast CPU kernels for chainrule: convolution, matrix products, pooling, optimizers and more as XLA FFI handlers."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

NAMES = (
    "chainrule_adam",
    "chainrule_average_pool",
    "chainrule_average_pool_gradient",
    "chainrule_channel_sums",
    "chainrule_conv",
    "chainrule_conv_kernel",
    "chainrule_conv_pool",
    "chainrule_conv_pool_kernel",
    "chainrule_conv_transpose",
    "chainrule_dense_adam",
    "chainrule_logistic",
    "chainrule_matmul",
    "chainrule_max_pool",
    "chainrule_max_pool_gradient",
    "chainrule_moments",
    "chainrule_momentum",
    "chainrule_order",
    "chainrule_relu_gradient",
    "chainrule_roi_align",
    "chainrule_roi_align_gradient",
)

_MEND = "pip install --no-cache-dir --force-reinstall chainrule-kernels"


@functools.cache
def targets() -> dict[str, Any]:
    """Return the handlers by name, each a PyCapsule for ``jax.ffi.register_ffi_target(name, capsule, platform="cpu")``.

    Raises an ImportError, with a remedy, if the compiled library, oneDNN or JAX is missing.
    """
    try:
        from jax.ffi import pycapsule
    except ImportError as error:
        raise ImportError("the kernels need JAX 0.4.35 or newer: pip install 'jax>=0.5'") from error
    library = _library()
    return {name: pycapsule(getattr(library, name)) for name in NAMES}


@functools.cache
def register() -> None:
    """Register the handlers with JAX, once a process; raise the same errors as `targets`."""
    import jax

    for name, capsule in targets().items():
        jax.ffi.register_ffi_target(name, capsule, platform="cpu")


def call(name: str, results: Any, *operands: Any, aliases: dict[int, int] | None = None, **attributes: Any) -> Any:
    """Call a handler on arrays, inside or outside ``jax.jit``.

    `results` is a ``jax.ShapeDtypeStruct`` or a list of them; `aliases` maps the index of an operand to that of the
    result that may use its memory. Attributes are converted to the types that handlers take: a sequence to an int64
    array, an integer or boolean to int64, any other number to float32.
    """
    import jax
    import numpy as np

    def convert(value: Any) -> Any:
        if isinstance(value, float | np.floating):
            return np.float32(value)
        return np.asarray(value, np.int64) if np.ndim(value) else np.int64(value)

    register()
    handler = jax.ffi.ffi_call(name, results, input_output_aliases=aliases)
    return handler(*operands, **{key: convert(value) for key, value in attributes.items()})


def _library() -> ctypes.CDLL:
    """Load the compiled library."""
    path = Path(__file__).parent / "libchainrule_kernels.so"
    if not path.exists():
        raise ImportError(
            "chainrule-kernels was installed without its compiled library, because there was no C++ compiler or no "
            f"oneDNN when it was built: install a compiler (GCC 11 or newer), then {_MEND}"
        )
    _load_onednn()
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise ImportError(f"the compiled library of chainrule-kernels does not load ({error}): {_MEND}") from error


def _load_onednn() -> None:
    """Load oneDNN globally, so that the kernels find its symbols: that of the installed wheel, else the system's."""
    failures = []
    for path in (*_installed_onednn(), "libdnnl.so.3"):
        try:
            ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
            return
        except OSError as error:
            failures.append(str(error))
    raise ImportError(
        f"oneDNN 3 does not load ({'; '.join(failures)}): pip install onednn-cpu-gomp==2023.2.0 "
        "(it needs the system's libgomp, in Debian's package libgomp1)"
    )


def _installed_onednn() -> list[str]:
    """Return the path of the installed wheel's library, if there is one."""
    try:
        files = importlib.metadata.files("onednn-cpu-gomp") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [str(file.locate().resolve()) for file in files if file.name == "libdnnl.so.3"]
