"""The array API namespace: names, signatures, constants and what it says of itself, as `array_api_strict` has them."""

import inspect

import array_api_strict as strict
import numpy as np
import pytest

import chainrule as cr
from array_api_cases import FUNCTIONS, KINDS
from chainrule import array_api as xp
from chainrule.core.errors import ValueProblem

NOT_OURS = {"fft": "an extension", "linalg": "an extension", "__version__": "of the oracle's package"}


def test_names():
    names = {n for n in strict.__all__ if n not in NOT_OURS and "strict_flags" not in n.lower()}
    names -= {"ArrayAPIStrictFlags", "Device", "broadcast_shapes", "isin"}
    assert [n for n in sorted(names) if not hasattr(xp, n)] == []
    assert names - set(xp.__all__) == set()
    assert [n for n in xp.__all__ if not hasattr(strict, n)] == []
    assert len(FUNCTIONS) > 130


def test_namespace():
    x = cr.tensor([1.0])
    assert x.__array_namespace__() is xp
    for version in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
        assert x.__array_namespace__(api_version=version) is xp
    with pytest.raises(ValueProblem, match="2030"):
        x.__array_namespace__(api_version="2030.12")
    assert xp.__array_api_version__ == "2024.12"


def test_signatures():
    """Every argument of the oracle's functions, by the same name where it can be named, with the same default."""
    keyword, either = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    for name in sorted(FUNCTIONS):
        mine = inspect.signature(getattr(xp, name)).parameters
        expected = inspect.signature(getattr(strict, name)).parameters
        for p in expected.values():
            if p.kind is keyword:
                assert mine[p.name].kind in (keyword, either), name
                undefined = type(p.default).__name__ == "Undef"  # the oracle's mark for "not given"
                assert undefined or mine[p.name].default == p.default, name
        places = [[p for p in side.values() if p.kind is not keyword] for side in (mine, expected)]
        if name == "expand_dims":  # the oracle takes the axis by its place too, and without a default
            continue
        assert len(places[0]) >= len(places[1]), name
        for p, q in zip(*places, strict=False):
            assert q.kind is not either or p.name == q.name, name
            assert p.default == q.default, name


def test_constants():
    for name in ("e", "inf", "pi"):
        assert getattr(xp, name) == getattr(strict, name)
    assert np.isnan(xp.nan)
    assert xp.newaxis is None


def test_info():
    info, other = xp.__array_namespace_info__(), strict.__array_namespace_info__()
    assert set(info.capabilities()) == set(other.capabilities())
    assert info.capabilities()["max dimensions"] == other.capabilities()["max dimensions"]
    assert info.default_device() in info.devices()
    assert {k: v.name for k, v in info.default_dtypes(device="cpu").items()} == {
        "real floating": "float32", "complex floating": "complex64", "integral": "int32", "indexing": "int32",
    }  # fmt: skip
    for kind in [None, *KINDS, ("bool", "integral"), ()]:
        result, expected = info.dtypes(kind=kind), other.dtypes(kind=kind)
        assert list(result) == list(expected) or set(result) == set(expected)
        assert all(getattr(xp, name) == dtype for name, dtype in result.items())
    with pytest.raises(ValueError, match="gpu"):
        info.dtypes(device="gpu")


def test_default_dtypes_follow_floatx():
    cr.set_floatx("float64")
    try:
        defaults = xp.__array_namespace_info__().default_dtypes()
        assert defaults["real floating"] == xp.float64 == xp.asarray(1.0).dtype == xp.ones(1).dtype
        assert defaults["complex floating"] == xp.complex128 == xp.asarray(1j).dtype
    finally:
        cr.set_floatx("float32")
