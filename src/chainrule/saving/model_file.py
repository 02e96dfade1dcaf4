"""A model in one file: its structure as JSON, its weights and its optimizer's state as safetensors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core import files
from ..core.errors import ChainruleError, DTypeError, ShapeError, ValueProblem
from ..dtype_policies import default_policy
from ..graph import Spec, as_dtype, spec_of
from ..layers.call_context import weights_from_file
from ..models import Model
from ..models.cloning import require_model
from ..serialization.registry import check_names, custom_object_scope, deserialize, serialize
from ..tensors.tensor import Variable, recording, symbolic
from ..tensors.tree import flatten
from ..transforms.trace import StateRecorder
from . import archive, safetensors
from .names import layers_of, variables_of

REQUIRED = {"structure.json", "weights.safetensors"}
OPTIONAL = {"compile.json", "optimizer.safetensors", "notes.json"}
SUFFIX = ".chainrule"
WEIGHTS = ".safetensors"
_FOREIGN = {
    ".keras": "Keras's own format, which this version does not read or write",
    ".h5": "HDF5, which this version does not read or write",
    ".pt": "PyTorch's format, a pickle that can run code",
    ".pkl": "a pickle, which can run code",
}


def _path(filepath: Any, suffix: str, overwrite: bool = True) -> Any:
    """The path, if it is one that can be written; open files pass."""
    if hasattr(filepath, "write") or hasattr(filepath, "read"):
        return filepath
    try:
        path = os.fsdecode(filepath)
    except TypeError:
        raise ValueProblem(f"{filepath!r} as a file", "a path, or an open binary file", "e.g. 'm.chainrule'") from None
    ending = os.path.splitext(path)[1]
    if ending != suffix:
        why = f", {_FOREIGN[ending]}" if ending in _FOREIGN else ""
        base = path[: -len(ending)] if ending else path
        raise ValueProblem(f"the file name {path!r}{why}", f"a name that ends in {suffix}", f"e.g. {base + suffix!r}")
    if not overwrite and os.path.exists(path):
        raise ValueProblem(f"the file {path!r}, which is there already", "a new name", "or pass overwrite=True")
    return path


def save_model(model: Model, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Write a model to one ``.chainrule`` file (``keras.saving.save_model``).

    Args:
        filepath: a path, or an open binary file.

    The file holds data alone: classes by name, weights by place. It is written whole or not at all.

    >>> import io
    >>> from chainrule.layers import Dense, Input
    >>> from chainrule.models import Sequential
    >>> file = io.BytesIO(); save_model(Sequential([Input((2,)), Dense(1)]), file)
    >>> load_model(io.BytesIO(file.getvalue())).count_params()
    3
    """
    path = _path(filepath, SUFFIX, overwrite)
    if not isinstance(model, Model):
        raise ValueProblem(f"{type(model).__name__} to be saved", "a Model", "save the model that holds it")
    structure = {
        "model": serialize(model),
        "called_with": _specs_as_data(model._called_with),
        "frozen": _frozen(model),
        "policy": model.dtype_policy.name,
    }
    members = {
        "metadata.json": archive.metadata("model"),
        "structure.json": archive.dumped(structure),
        "weights.safetensors": _weights(model),
    }
    if model.notes is not None:
        members["notes.json"] = archive.dumped(model.notes)
    if model.compiled:
        members["compile.json"] = archive.dumped(model.get_compile_config())
        if model.optimizer is not None and model.optimizer.built:
            state = {str(i): v.numpy() for i, v in enumerate(model.optimizer.variables)}
            members["optimizer.safetensors"] = safetensors.dumps(state)
    archive.write(path, members)


def _weights(model: Model) -> bytes:
    return safetensors.dumps({name: v.numpy() for name, v in variables_of(model).items()})


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Read a model that `save_model` wrote (``keras.saving.load_model``).

    Args:
        custom_objects: classes and functions of yours that the file names. compile: whether to compile it as it was.
        safe_mode: Keras's; reading is always safe here.

    Raises:
        ValueProblem: for a file that is not whole, or names what is not known; before anything is built.
    """
    where = archive.named(filepath)
    _path(filepath, SUFFIX)
    members = archive.read(filepath, "model", REQUIRED, OPTIONAL)
    structure = archive.parsed(members["structure.json"], "structure.json", where)
    weights, _ = safetensors.loads(members["weights.safetensors"], f"the weights of {where}")
    state, _ = safetensors.loads(
        members.get("optimizer.safetensors", safetensors.dumps({})), f"the optimizer of {where}"
    )
    compiled = archive.parsed(members.get("compile.json", b"null"), "compile.json", where)
    if not isinstance(structure, dict) or not isinstance(structure.get("model"), dict):
        raise ValueProblem(f"{where}, whose structure is no model", "a file as it was saved", "save it anew")
    with custom_object_scope(custom_objects or {}):
        with _refusing(f"{where}, whose structure cannot be built"):
            check_names([structure["model"], compiled])
            count = sum(a.size for a in weights.values())
            with weights_from_file(count), default_policy(str(structure["policy"])):
                model = require_model(deserialize(structure["model"]), where)
                _build(model, structure.get("called_with"))
            _freeze(model, structure.get("frozen"))
            assign(variables_of(model), weights, where, exact=True)
        model.notes = archive.parsed(members.get("notes.json", b"null"), "notes.json", where)
        if compile and compiled:
            with _refusing(f"{where}, which cannot be compiled as it says"):
                model.compile_from_config(compiled)
                if state and model.optimizer is not None:
                    model.optimizer.build(model.trainable_weights)
                    slots = {str(i): v for i, v in enumerate(model.optimizer.variables)}
                    assign(slots, state, f"the optimizer of {where}", exact=True)
    return model


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """A file may describe anything: whatever its description trips over is an error of the file's."""
    try:
        yield
    except ChainruleError:
        raise
    except Exception as error:  # with its cause, which may lie in a class of the caller's
        why = f"{what} ({type(error).__name__}: {error})"
        raise ValueProblem(why, "a file as it was saved", "save it anew") from error


def _frozen(model: Model) -> list[str]:
    return [path for path, layer in layers_of(model).items() if not layer._trainable]


def _freeze(model: Model, paths: Any) -> None:
    """Freeze the layers at these places and no others, whatever their constructors made of it."""
    if not isinstance(paths, list):
        raise ValueProblem("a structure that does not list the frozen layers", "such a list", "save the model anew")
    for path, layer in layers_of(model).items():
        layer._trainable = path not in paths


def _specs_as_data(specs: Any) -> Any:
    if specs is None:
        return None
    flat, build = flatten(specs)
    return build([{"shape": list(s.shape), "dtype": s.dtype.name} for s in flat])


def _specs_from(data: Any) -> Any:
    if isinstance(data, dict) and set(data) == {"shape", "dtype"}:
        return spec_of(tuple(data["shape"]), as_dtype(data["dtype"]))
    if isinstance(data, dict):
        return {k: _specs_from(v) for k, v in data.items()}
    return [_specs_from(v) for v in data]


def _build(model: Any, called_with: Any) -> None:
    """Make the weights of a model that was never given an Input, by calling it on symbols as it was called once."""
    if called_with is None or model._functional is not None:
        return
    flat, build = flatten(_specs_from(called_with))
    symbols = [symbolic(tuple(2 if n is None else n for n in s.shape), s.dtype) for s in flat if isinstance(s, Spec)]
    with recording(StateRecorder()):
        model(build(symbols))
    model._called_with = _specs_from(called_with)
    model._forget_losses()


def assign(
    variables: dict[str, Variable], arrays: dict[str, Any], where: str, skip: bool = False, exact: bool = False
) -> None:
    """Give each variable the array of its name; nothing changes unless all fit, with `exact` in dtype, too.

    Raises:
        ValueProblem: naming what is missing or too much. ShapeError: naming what has another shape.
    """
    missing = [n for n in variables if n not in arrays]
    extra = [n for n in arrays if n not in variables]
    if (missing or extra) and not skip:
        raise ValueProblem(
            f"{where}, which "
            + " and ".join(
                part
                for part in (
                    f"lacks {', '.join(missing[:5])}" if missing else "",
                    f"holds {', '.join(extra[:5])}, which the model has not" if extra else "",
                )
                if part
            ),
            "the weights of a model of the same structure",
            "build the model first (call it once), and check that it is the same",
        )
    fitting = []
    for name, v in variables.items():
        if name not in arrays:
            continue
        array = arrays[name]
        if array.shape != v.shape:
            if skip:
                continue
            raise ShapeError(f"{where}, where {name} has shape {array.shape}", f"shape {v.shape}", "check the model")
        if exact and array.dtype != v.dtype:
            raise DTypeError(f"{where}, where {name} is {array.dtype}", f"{v.dtype}", "give the layer its dtype policy")
        fitting.append((v, array))
    for v, array in fitting:
        v.hold(np.array(array, dtype=v.dtype))


def save_weights(
    model: Model, filepath: Any, overwrite: bool = True, max_shard_size: Any = None, **kwargs: Any
) -> None:
    """Write a model's weights to one ``.safetensors`` file, such as ``"m.weights.safetensors"``."""
    files.write(_path(filepath, WEIGHTS, overwrite), [_weights(model)])


def load_weights(model: Model, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Read weights that `save_weights`, or `save_model`, wrote.

    Args:
        skip_mismatch: leave weights alone that the file lacks or has in another shape.
    """
    where = archive.named(filepath)
    whole = not hasattr(filepath, "read") and str(filepath).endswith(SUFFIX)
    path = filepath if whole else _path(filepath, WEIGHTS)
    if whole:
        data = archive.read(path, "model", REQUIRED, OPTIONAL)["weights.safetensors"]
    elif hasattr(path, "read"):
        data = path.read()
    else:
        try:
            with open(path, "rb") as file:
                data = file.read()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise ValueProblem(f"{where} ({why})", "a file that can be read", "check the path") from None
    arrays, _ = safetensors.loads(data, where)
    assign(variables_of(model), arrays, where, skip_mismatch)
