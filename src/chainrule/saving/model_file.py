"""Models in one file: the structure as JSON, the weights and the optimizer's state as safetensors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core import files, memory
from ..core.arguments import at_least
from ..core.errors import ChainruleError, DTypeError, MissingFileError, ShapeError, ValueProblem
from ..dtype_policies import default_policy
from ..graph import as_dtype, spec_of
from ..layers.call_context import weights_from_file
from ..layers.layer import set_own_trainable
from ..models import Model
from ..models.cloning import build_from_specs, require_model
from ..serialization.names import custom_object_scope
from ..serialization.serialize import check_names, deserialize, serialize
from ..tensors import tree
from ..tensors.variable import Variable
from . import archive, safetensors
from .names import layers_of, variables_of

_REQUIRED = {"structure.json", "weights.safetensors"}
_OPTIONAL = {"compile.json", "optimizer.safetensors", "notes.json"}
_MODEL_SUFFIX = ".chainrule"
_WEIGHTS_SUFFIX = ".safetensors"
_FOREIGN = {
    ".keras": "Keras's own format, which this version does not read or write",
    ".h5": "HDF5, which this version does not read or write",
    ".pt": "PyTorch's format, a pickle that can run code",
    ".pkl": "a pickle, which can run code",
}


def _path(filepath: Any, suffix: str, overwrite: bool = True) -> Any:
    """Check the path of a file to be written or read; open files are returned unchanged."""
    if hasattr(filepath, "write") or hasattr(filepath, "read"):
        return filepath
    try:
        path = os.fsdecode(filepath)
    except TypeError:
        raise ValueProblem(f"{filepath!r} as a file", "a path, or an open binary file", "e.g. 'm.chainrule'") from None
    extension = os.path.splitext(path)[1]
    if extension != suffix:
        reason = f", {_FOREIGN[extension]}" if extension in _FOREIGN else ""
        stem = path[: -len(extension)] if extension else path
        passed = f"the file name {path!r}{reason}"
        raise ValueProblem(passed, f"a name that ends in {suffix}", f"e.g. {stem + suffix!r}")
    if not overwrite and os.path.exists(path):
        passed = f"the file {path!r}, which already exists"
        raise ValueProblem(passed, "a new name", "choose another, or pass overwrite=True")
    return path


def save_model(model: Model, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Write a model to one ``.chainrule`` file (``keras.saving.save_model``).

    Args:
        filepath: a path, or an open binary file. zipped: ``False``, a folder instead of a file, is refused.

    The file holds only data: classes by name, weights by their path in the model. It is written atomically.

    >>> import io
    >>> from chainrule.layers import Dense, Input
    >>> from chainrule.models import Sequential
    >>> file = io.BytesIO(); save_model(Sequential([Input((2,)), Dense(1)]), file)
    >>> load_model(io.BytesIO(file.getvalue())).count_params()
    3
    """
    if zipped is not None and not zipped:
        raise ValueProblem("zipped=False", "one file", "leave the argument out")
    path = _path(filepath, _MODEL_SUFFIX, overwrite)
    if not isinstance(model, Model):
        raise ValueProblem(f"saving a {type(model).__name__}", "a Model", "save the model that contains it")
    structure = {
        "model": serialize(model),
        "called_with": None if model.inputs is not None else _specs_as_data(model.input_specs),
        "frozen": [path for path, layer in layers_of(model).items() if not layer.trainable],
        "policy": model.dtype_policy.name,
    }
    members = {
        "metadata.json": archive.metadata("model"),
        "structure.json": archive.dump_json(structure),
        "weights.safetensors": _weights(model),
    }
    if model.notes is not None:
        members["notes.json"] = archive.dump_json(model.notes)
    if model.compiled:
        members["compile.json"] = archive.dump_json(model.get_compile_config())
        if model.optimizer is not None and model.optimizer.built:
            state = {str(i): v.numpy() for i, v in enumerate(model.optimizer.variables)}
            members["optimizer.safetensors"] = safetensors.dumps(state)
    archive.write(path, members)


def _weights(model: Model) -> bytes:
    """Return the weights of a model as the bytes of a safetensors file."""
    return safetensors.dumps({name: v.numpy() for name, v in variables_of(model).items()})


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True,
    limit: int | None = None,
) -> Any:  # fmt: skip
    """Read a model that `save_model` wrote (``keras.saving.load_model``).

    Args:
        custom_objects: your classes and functions that the file names. compile: whether to compile it as when saved.
        safe_mode: has no effect; reading is always safe.
        limit: the most bytes that building the model may take, for its description, and for weights, metrics and
            constants; default 256 MB and four times the file's size. A small file can describe a model that fills
            any memory; such a one is refused before the memory is taken.

    Raises:
        ValueProblem: for a file that is incomplete, or names an unknown class; before anything is built.
        MemoryProblem: for a model that would take more than `limit`.
    """
    where = archive.describe_source(filepath)
    _path(filepath, _MODEL_SUFFIX)
    if limit is None:
        limit = 256_000_000 + 4 * archive.file_size(filepath)
    at_least(1, limit=limit)
    with memory.memory_limit(limit, "if you trust the file, pass a larger load_model(..., limit=bytes)"):
        return _load_model(filepath, where, custom_objects, compile)


def _load_model(filepath: Any, where: str, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    members = archive.read(filepath, "model", _REQUIRED, _OPTIONAL)
    structure = archive.parse_json(members["structure.json"], "structure.json", where)
    weights, _ = safetensors.loads(members["weights.safetensors"], f"the weights of {where}")
    optimizer_data = members.get("optimizer.safetensors", safetensors.dumps({}))
    optimizer_state, _ = safetensors.loads(optimizer_data, f"the optimizer of {where}")
    compile_config = archive.parse_json(members.get("compile.json", b"null"), "compile.json", where)
    if not isinstance(structure, dict) or not isinstance(structure.get("model"), dict):
        raise ValueProblem(f"{where}, whose structure is not a model", "a file as it was saved", "save it again")
    with custom_object_scope(custom_objects or {}):
        with _converting_errors(f"{where}, whose structure cannot be built"):
            check_names([structure["model"], compile_config])
            count = sum(a.size for a in weights.values())
            with weights_from_file(count), default_policy(str(structure["policy"])):
                model = require_model(deserialize(structure["model"]), where)
                called_with = structure.get("called_with")
                if called_with is not None and model.inputs is None:
                    build_from_specs(model, _data_as_specs(called_with))
            _restore_frozen_layers(model, structure.get("frozen"))
            assign(variables_of(model), weights, where, exact=True)
        model.notes = archive.parse_json(members.get("notes.json", b"null"), "notes.json", where)
        if compile and compile_config:
            with _converting_errors(f"{where}, whose compilation cannot be restored"):
                model.compile_from_config(compile_config)
                if optimizer_state and model.optimizer is not None:
                    model.optimizer.build(model.trainable_weights)
                    slots = {str(i): v for i, v in enumerate(model.optimizer.variables)}
                    assign(slots, optimizer_state, f"the optimizer of {where}", exact=True)
    return model


@contextmanager
def _converting_errors(what: str) -> Iterator[None]:
    """Convert any error while a file is interpreted to a ValueProblem about the file."""
    try:
        yield
    except ChainruleError:
        raise
    except MemoryError as error:
        raise memory.no_memory(error) from error
    except Exception as error:  # with its cause, which may be in a class of the caller
        why = f"{what} ({type(error).__name__}: {error})"
        raise ValueProblem(why, "a file as it was saved", "save it again") from error


def _restore_frozen_layers(model: Model, paths: Any) -> None:
    """Freeze exactly the layers at these paths, regardless of what their constructors did."""
    if not isinstance(paths, list):
        raise ValueProblem("a structure without the list of frozen layers", "such a list", "save the model again")
    for path, layer in layers_of(model).items():
        set_own_trainable(layer, path not in paths)


def _specs_as_data(specs: Any) -> Any:
    """Return specs as plain data."""
    if specs is None:
        return None
    return tree.map(lambda s: {"shape": list(s.shape), "dtype": s.dtype.name}, specs)


def _data_as_specs(data: Any) -> Any:
    """Undo `_specs_as_data`."""
    if isinstance(data, dict) and set(data) == {"shape", "dtype"}:
        return spec_of(tuple(data["shape"]), as_dtype(data["dtype"]))
    if isinstance(data, dict):
        return {k: _data_as_specs(v) for k, v in data.items()}
    return [_data_as_specs(v) for v in data]


def assign(
    variables: dict[str, Variable], arrays: dict[str, Any], where: str, skip: bool = False, exact: bool = False
) -> None:
    """Assign to each variable the array of its name; nothing changes unless all match, with `exact` also in dtype.

    Raises:
        ValueProblem: for missing or extra arrays. ShapeError: for another shape. DTypeError: for another dtype.
    """
    missing = [n for n in variables if n not in arrays]
    extra = [n for n in arrays if n not in variables]
    if (missing or extra) and not skip:
        faults = [f"lacks {', '.join(missing[:5])}"] if missing else []
        faults += [f"has {', '.join(extra[:5])}, which the model does not have"] if extra else []
        passed = f"{where}, which {' and '.join(faults)}"
        expected = "the weights of a model of the same structure"
        raise ValueProblem(passed, expected, "build the model first (call it once), and check that it is the same")
    assignments = []
    for name, v in variables.items():
        if name not in arrays:
            continue
        array = arrays[name]
        if array.shape != v.shape:
            if skip:
                continue
            raise ShapeError(f"{where}, where {name} has shape {array.shape}", f"shape {v.shape}", "check the model")
        if exact and array.dtype != v.dtype:
            passed = f"{where}, where {name} is {array.dtype}"
            raise DTypeError(passed, f"{v.dtype}", "set the dtype policy of the layer")
        assignments.append((v, array))
    for v, array in assignments:
        v.hold(np.array(array, dtype=v.dtype))


def save_weights(
    model: Model, filepath: Any, overwrite: bool = True, max_shard_size: Any = None, **kwargs: Any
) -> None:
    """Write a model's weights to one ``.safetensors`` file, such as ``"m.weights.safetensors"``.

    Args:
        max_shard_size: refused: there is one file.
    """
    if max_shard_size is not None:
        raise ValueProblem(f"max_shard_size={max_shard_size!r}", "one file", "leave the argument out")
    files.write(_path(filepath, _WEIGHTS_SUFFIX, overwrite), [_weights(model)])


def load_weights(model: Model, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Read weights that `save_weights` or `save_model` wrote.

    Args:
        skip_mismatch: leave weights unchanged that the file lacks or has in another shape.
    """
    where = archive.describe_source(filepath)
    if hasattr(filepath, "read"):
        data = filepath.read()
    elif str(filepath).endswith(_MODEL_SUFFIX):
        data = archive.read(filepath, "model", _REQUIRED, _OPTIONAL)["weights.safetensors"]
    else:
        path = _path(filepath, _WEIGHTS_SUFFIX)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            raise MissingFileError(f"{where}, which does not exist", "a file that exists") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise ValueProblem(f"{where} ({why})", "a file that can be read", "check the path") from None
    arrays, _ = safetensors.loads(data, where)
    assign(variables_of(model), arrays, where, skip_mismatch)
