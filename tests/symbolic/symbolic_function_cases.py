"""Calls of every function of `chainrule.ops` that takes tensors, for the tests of unknown sizes."""

import symbolic_entry_cases
import symbolic_movement_cases
import symbolic_window_cases
from symbolic_cases import Cases, X

CASES = Cases("ops")
for part in (symbolic_entry_cases, symbolic_movement_cases, symbolic_window_cases):
    assert not CASES.names() & part.CASES.names()
    CASES.update(part.CASES)

EXCEPTIONS = {
    **dict.fromkeys(
        """arange bartlett blackman empty eye full geomspace hamming hanning identity kaiser linspace logspace ones tri
        zeros""".split(),
        "makes a tensor of numbers",
    ),
    **dict.fromkeys("dtype is_tensor ndim shape size".split(), "answers with a number, a name or a tuple"),
    "convert_to_numpy": "needs values",
    "nonzero": "the result's size depends on values",
    "unique": "the result's size depends on values",
    "image": "a module, whose functions are here",
}

RANDOM = Cases("random")
RANDOM.add("dropout", X("b t c"), 0.3, seed=1, random=True)
RANDOM.add("dropout", X("b t c"), 0.3, noise_shape=(None, 1, None), seed=1, random=True)
RANDOM.add("categorical", X("b t"), 5, seed=1, random=True)
RANDOM.add("shuffle", X("b t"), seed=1, random=True)
RANDOM.add("shuffle", X("b t"), axis=1, seed=1, random=True)
