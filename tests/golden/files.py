"""Models, weights and checkpoints as files, configurations as data, and what the models compute."""

from __future__ import annotations

import inspect
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import chainrule as cr
from chainrule import constraints, initializers, layers, losses, metrics, optimizers, regularizers
from chainrule.saving import load_model, save_checkpoint

from .common import Out, caught, sha
from .names import public
from .nets import NETS, data_of, doubled

SCHEDULE = {"initial_learning_rate": 0.1, "decay_steps": 10}
ARGUMENTS: dict[str, dict[str, Any]] = {  # of those that cannot be made without
    "Activation": {"activation": "relu"},
    "CategoryEncoding": {"num_tokens": 4},
    "CenterCrop": {"height": 4, "width": 5},
    "Dense": {"units": 3, "activation": "gelu", "kernel_regularizer": "l2", "bias_constraint": "non_neg"},
    "Discretization": {"bin_boundaries": [0.0, 1.0]},
    "Dot": {"axes": 1},
    "Embedding": {"input_dim": 5, "output_dim": 3},
    "Input": {"shape": (3,)},
    "InputLayer": {"shape": (3,)},
    "Lambda": {"function": doubled},
    "Permute": {"dims": (2, 1)},
    "Pipeline": {"layers": [layers.Rescaling(0.5)]},
    "RandomBrightness": {"factor": 0.1},
    "RandomContrast": {"factor": 0.1},
    "RandomCrop": {"height": 4, "width": 5},
    "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.1},
    "RepeatVector": {"n": 3},
    "Rescaling": {"scale": 0.5},
    "Reshape": {"target_shape": (2, -1)},
    "Resizing": {"height": 4, "width": 5},
    "CosineDecay": SCHEDULE,
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    "ExponentialDecay": {**SCHEDULE, "decay_rate": 0.5},
    "InverseTimeDecay": {**SCHEDULE, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [5], "values": [0.1, 0.01]},
    "PolynomialDecay": SCHEDULE,
    "LossFunctionWrapper": {"fn": losses.mean_squared_error},
    "MeanMetricWrapper": {"fn": metrics.binary_accuracy},
    "MeanIoU": {"num_classes": 3},
    "OneHotMeanIoU": {"num_classes": 3},
    "IoU": {"num_classes": 3, "target_class_ids": [0]},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0]},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "LossScaleOptimizer": {"inner_optimizer": optimizers.SGD(0.1)},
    "MultiOptimizer": {"optimizer_map": optimizers.OptimizerMap(optimizers.SGD(0.1))},
    "OptimizerMap": {"default_optimizer": optimizers.SGD(0.1)},
}
MODULES = {
    "layers": layers,
    "losses": losses,
    "metrics": metrics,
    "optimizers": optimizers,
    "schedules": optimizers.schedules,
    "initializers": initializers,
    "regularizers": regularizers,
    "constraints": constraints,
}


def record(out: Out) -> None:
    for name, make in NETS.items():
        with out.lines(f"{name}.txt") as put:
            cr.set_random_seed(1)
            _model(put, make())
    for module_name, module in MODULES.items():
        with out.lines(f"configs_{module_name}.txt") as put:
            for name, thing in public(module).items():
                if inspect.isclass(thing) and hasattr(thing, "get_config"):
                    put(f"{name}: {caught(_config, thing, name)}")


def _config(cls: Any, name: str) -> str:
    """The configuration, and whether what is made of it says the same."""
    created = cls(**(ARGUMENTS.get(name) or ARGUMENTS.get(cls.__name__) or _guessed(cls)))
    config = created.get_config()
    again = cls.from_config(config).get_config()
    return json.dumps(config, default=repr, ensure_ascii=False) + ("" if again == config else f" again {again}")


def _guessed(cls: Any) -> dict[str, Any]:
    """Sizes for what has no default."""
    sizes = {"filters": 4, "kernel_size": 3, "pool_size": 2, "rate": 0.5, "stddev": 0.1, "output_size": 2}
    expected = [
        p for p in inspect.signature(cls).parameters.values() if p.default is p.empty and p.kind < p.VAR_KEYWORD
    ]
    return {p.name: sizes.get(p.name, 2) for p in expected if p.kind is not p.VAR_POSITIONAL}


def _model(put: Any, model: Any) -> None:
    x, y = data_of(model)
    put(caught(_summary, model))
    put("json:", caught(lambda: json.dumps(json.loads(model.to_json()), indent=1)))
    put("before:", sha(model.predict(x, verbose=0)))
    put("history:", model.fit(x, y, batch_size=10, epochs=2, verbose=0, validation_split=0.2).history)
    put("after:", sha(model.predict(x, verbose=0)), model.evaluate(x, y, verbose=0))
    model.save("m.chainrule")
    put("model file:", _archive(Path("m.chainrule").read_bytes()))
    save_checkpoint(model, "m.checkpoint")
    put("checkpoint:", _archive(Path("m.checkpoint").read_bytes()))
    model.save_weights("m.weights.safetensors")
    put("weights:", _tensors(Path("m.weights.safetensors").read_bytes()))
    again = load_model("m.chainrule")
    put("loaded:", sha(again.predict(x, verbose=0)), again.fit(x, y, batch_size=10, verbose=0).history)


def _summary(model: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lambda line, **kwargs: lines.append(str(line)))
    return "\n".join(lines)


def _archive(data: bytes) -> str:
    """Each member: JSON as it is and laid out, tensors by their header."""
    message = [sha(data)]
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        for info in file.infolist():
            member = file.read(info)
            message.append(f"- {info.filename} {info.date_time} {info.file_size} {sha(member)}")
            if info.filename.endswith(".json"):
                message += [member.decode(), json.dumps(json.loads(member), indent=1)]
            else:
                message.append(_tensors(member))
    return "\n".join(message)


def _tensors(data: bytes) -> str:
    """The whole, the header, and each tensor."""
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    message = [f"{sha(data)} {data[8 : 8 + length].decode().strip()}"]
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            message.append(f"  {name} {entry['dtype']} {entry['shape']} {sha(body[start:end])}")
    return "\n".join(message)
