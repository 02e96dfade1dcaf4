"""Dtype policies: by name, by configuration, and the global one."""

import numpy as np
import pytest

from chainrule import dtype_policies
from chainrule.core.errors import ChainruleError


def test_policies():
    assert dtype_policies.get("float16").variable_dtype == "float16"
    mixed = dtype_policies.get("mixed_float16")
    assert (mixed.compute_dtype, mixed.variable_dtype) == ("float16", "float32")
    assert mixed == dtype_policies.get({"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}})
    assert dtype_policies.get(np.float64).name == dtype_policies.get("float").name == "float64"
    assert dtype_policies.get(mixed) is mixed
    try:
        dtype_policies.set_dtype_policy("mixed_bfloat16")
        assert dtype_policies.get(None).compute_dtype == "bfloat16"
    finally:
        dtype_policies.set_dtype_policy(None)
    assert dtype_policies.dtype_policy().name == "float32"
    for wrong in ("mixed_float32", "floaty", "mixed_", 5, {}, {"config": {}}, [1]):
        with pytest.raises(ChainruleError):
            dtype_policies.get(wrong)
