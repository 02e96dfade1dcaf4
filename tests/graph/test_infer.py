"""Specs inferred for unknown sizes: with symbolic sizes, and from several sets of numbers."""

import numpy as np
import pytest

from chainrule.errors import ShapeError
from chainrule.graph import infer, spec_of

F32 = np.dtype("float32")


def shape_of(rule, *shapes):
    """The shape that a rule from shapes to a shape gives."""
    specs = [spec_of(s, F32) for s in shapes]
    (result,) = infer(lambda specs, sizes: [spec_of(tuple(rule(*[s.shape for s in specs])), F32)], specs)
    return result.shape


def needs_numbers(rule):
    """The rule, which refuses symbolic sizes."""
    return lambda *shapes: rule(*[tuple(range(n)[-1] + 1 if n else 0 for n in s) for s in shapes])


@pytest.mark.parametrize("form", [lambda rule: rule, needs_numbers], ids=["symbolic", "numbers"])
@pytest.mark.parametrize(
    ("rule", "shapes", "expected"),
    [
        (lambda a: a, [(None, 3)], (None, 3)),
        (lambda a: (a[0] * a[1], 7), [(None, 3)], (None, 7)),
        (lambda a: (a[0] - a[0], a[0] * 4 // a[0]), [(None, 3)], (0, 4)),
        (lambda a: (a[1] + a[2],), [(5, None, None)], (None,)),
        (lambda a, b: (a[1] - b[1] + 99, 2), [(1, None), (1, None)], (None, 2)),  # two sizes, which may differ
    ],
)
def test_what_depends_on_an_unknown_size_is_unknown(form, rule, shapes, expected):
    assert shape_of(form(rule), *shapes) == expected


def test_a_number_that_only_large_sizes_give_is_no_number():
    assert shape_of(lambda a: (min(a[0], 5),), (None,)) == (None,)
    assert shape_of(lambda a: (max(a[0], 3),), (None,)) == (None,)
    assert shape_of(lambda a: (5 if a[0] > 2 else 2,), (None,)) == (None,)


def test_rules_that_take_some_sizes_only():
    def halves(a):
        if range(a[0])[-1] % 2 == 0:
            raise ShapeError("an odd size", "an even one", "pad it")
        return (a[0] // 2, 4)

    assert shape_of(halves, (None,)) == (None, 4)


def test_the_error_of_a_rule_that_takes_no_size():
    def refuse(a):
        raise ShapeError("a shape", "another", "reshape it")

    def refuse_its_size(a):
        raise ShapeError(f"an axis of {a[0]}", "another", "reshape it")

    with pytest.raises(ShapeError, match="Got a shape"):
        shape_of(refuse, (None, 3))
    with pytest.raises(ShapeError, match=r"an axis of 24 \(with 24 for sizes that are not known\); expected"):
        shape_of(needs_numbers(refuse_its_size), (None, 3))
    with pytest.raises(ZeroDivisionError):
        shape_of(lambda a: (range(a[0])[0] // 0,), (None, 3))


def test_a_size_that_must_be_that_of_another_axis():
    def joined(a, b):
        if range(a[1])[-1] + 1 != b[0]:
            raise ShapeError("unequal sizes", "equal ones", "transpose one")
        return (a[0], a[1] + b[0], b[1])

    assert shape_of(joined, (5, None), (7, 4)) == (5, 14, 4)
    assert shape_of(joined, (5, 7), (None, 4)) == (5, 14, 4)
    assert shape_of(joined, (5, None), (None, 4)) == (5, None, 4)


def test_the_number_of_results_may_not_depend_on_a_size():
    specs = [spec_of((None, 2), F32)]
    with pytest.raises(ShapeError, match="number or the ranks"):
        infer(lambda specs, sizes: [spec_of((2,), F32) for _ in range(specs[0].shape[0])], specs)


def test_known_sizes_are_not_touched():
    assert shape_of(lambda a: a, (2, 3)) == (2, 3)
