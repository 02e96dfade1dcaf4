"""Every function and layer on tensors of unknown sizes, beside Keras's own answers.

Where Keras records a number we record that number, and None where Keras records None. Where it is wrong or inexact,
named in `symbolic_keras` with the reason, what the function gives on arrays decides.
"""

import os

import jax
import pytest

from chainrule.core.errors import ChainruleError
from symbolic_cases import leaves
from symbolic_judge import Answer, answers, exact_shapes, is_tried, of_ranks, ranks, record
from symbolic_keras import INEXACT, REFUSED, TABLES, VAGUE, WRONG, KerasAnswer, answer, has, may_refuse, nesting
from symbolic_parameters import parameters

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "jax"
    result = pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)  # as Keras runs it
    yield result
    jax.config.update("jax_enable_x64", before)


def differences(case, unknown, theirs, recorded):
    """Where we differ from Keras without a reason."""
    name = case.name.partition(".")[2]
    both = list(zip(recorded.shapes, theirs.shapes, strict=True))
    if all(tuple(ours) == expected for ours, expected in both):
        return []
    accepted = {s: a for s, a in answers(case, unknown, recorded.layer).items() if isinstance(a, Answer)}
    fitting = of_ranks(accepted, ranks(recorded.shapes))
    if not fitting or ranks(recorded.shapes) != ranks(theirs.shapes):
        return [] if fitting and name in WRONG else [f"{recorded.shapes}, where Keras records {theirs.shapes}"]
    may_be_exact = name in WRONG | INEXACT or case.meets_known(unknown) or not is_tried(unknown, fitting)
    problems = []
    for (ours, expected), exact in zip(both, exact_shapes(fitting), strict=True):
        for axis, (n, m, size) in enumerate(zip(ours, expected, exact, strict=True)):
            is_vague = n is None and (case.meets_known(unknown) or name in VAGUE)
            is_right = n == size or is_vague
            may_differ = may_be_exact if m is None else m != size and name in WRONG
            if n != m and not (is_right and (may_differ or is_vague)):
                problems.append(f"{tuple(ours)} on axis {axis}, where Keras records {expected}; on arrays {exact}")
    return problems


@pytest.mark.parametrize(("cases", "key", "unknown"), parameters(*TABLES))
def test_beside_keras(keras, cases, key, unknown):
    case = cases[key]
    if not has(keras, case):
        pytest.skip("Keras has no such name")
    theirs = answer(keras, case, unknown)
    assert isinstance(theirs, Exception) == may_refuse(cases, key, unknown), "write keras_refuses.json again"
    if not isinstance(theirs, KerasAnswer):
        return  # what we do then is judged in test_symbolic_functions and test_symbolic_layers
    name = key.rpartition("-")[0]
    try:
        recorded = record(case, unknown)
    except ChainruleError:
        assert name in REFUSED
        return
    if name not in WRONG:
        assert nesting(recorded.outputs) == theirs.nesting
        dtypes = [str(leaf.dtype) for leaf in leaves(recorded.outputs)]
        assert dtypes == theirs.dtypes or name in INEXACT
    assert differences(case, unknown, theirs, recorded) == []
