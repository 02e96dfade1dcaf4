"""Optimizers against Keras: each rule, the options of all, rates by schedule."""

from functools import partial

import pytest

from chainrule import optimizers
from chainrule.optimizers import schedules
from optimizer_cases import keras_of, same_as_keras

ALONE = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.8, "epsilon": 1e-3}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.25, "amsgrad": True}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5}),
    ("Adadelta", {"rho": 0.8}),
    ("Ftrl", {}),
    (
        "Ftrl",
        {
            "learning_rate_power": -0.7,
            "initial_accumulator_value": 0.2,
            "l1_regularization_strength": 0.5,
            "l2_regularization_strength": 0.25,
            "l2_shrinkage_regularization_strength": 0.125,
            "beta": 0.3,
        },
    ),
    ("Lion", {"beta_1": 0.8}),
    ("Lamb", {}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "ns_steps": 3, "adam_lr_ratio": 0.5, "weight_decay": 0.25}),
    ("Muon", {"exclude_layers": ["kern"], "adam_weight_decay": 0.5}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 4, "weight_decay": 0.1, "beta_1": 0.5}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False, "beta_2_decay": -0.5, "clip_threshold": 0.5, "epsilon_2": 0.5}),
]
SHARED = [
    {"weight_decay": 0.25},
    {"clipnorm": 2.0},
    {"clipvalue": 0.75},
    {"global_clipnorm": 3.0},
    {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 3},
    {"use_ema": True, "ema_momentum": 0.5},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 2, "clipnorm": 2.0, "weight_decay": 0.25},
    {"loss_scale_factor": 8.0},
]


def words(value):
    return (
        f"{value[0]} {words(value[1])}" if isinstance(value, tuple) else " ".join(f"{k}={v}" for k, v in value.items())
    )


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "options"), ALONE, ids=lambda v: v if isinstance(v, str) else words(v))
def test_rules_like_keras(name, options):
    # keras.ops.mean and norm round to float32 on their way
    rtol = {"Adafactor": 1e-5, "Muon": 1e-6}.get(name, 1e-10)
    same_as_keras(keras_of(), lambda m: getattr(m, name)(learning_rate=0.1, **options), rtol=rtol)


@pytest.mark.heavy
@pytest.mark.parametrize("options", SHARED, ids=words)
def test_shared_options_like_keras(options):
    limits = "gradient_accumulation_steps" not in options  # Keras applies constraints between updates too
    same_as_keras(keras_of(), lambda m: m.SGD(0.1, momentum=0.9, **options), steps=7, limits=limits)


def spared(first, names, optimizer, variables):
    optimizer.exclude_from_weight_decay(variables[:1] if first else None, names)


@pytest.mark.heavy
def test_spared_variables_like_keras():
    for first, names in ((False, ["bias", "gai"]), (True, None), (True, ["kern"])):
        spare = partial(spared, first, names)
        same_as_keras(keras_of(), lambda m: m.AdamW(0.1, weight_decay=0.5), steps=4, prepare=spare)


@pytest.mark.heavy
def test_schedules_as_rates_like_keras():
    keras = keras_of()

    def rate(m):
        kind = schedules if m is optimizers else keras.optimizers.schedules
        return kind.CosineDecay(0.0, 6, alpha=0.25, warmup_target=0.5, warmup_steps=3)

    # a rate of float32, whose last digits depend on the machine's cosine
    same_as_keras(keras, lambda m: m.SGD(rate(m), momentum=0.5), rtol=1e-5)
    same_as_keras(keras, lambda m: m.Adam(rate(m)), rtol=1e-5, steps=5)
    same_as_keras(keras, lambda m: m.SGD(lambda: 0.25), steps=2)


@pytest.mark.heavy
def test_float32_like_keras():
    for name in ("Adam", "Adafactor"):
        same_as_keras(keras_of(), lambda m, name=name: getattr(m, name)(0.1), "float32", 2e-5, 6)
