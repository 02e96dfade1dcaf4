"""docs/keras.md says of every public name of Keras what is true of it."""

import pytest

import chainrule
from chainrule.core.errors import HabitError
from chainrule.core.missing_names import MISSING_NAMES
from parity import PAGE, arguments, difference, page, same_default, state


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == page(), "run python tests/parity.py"


def test_every_absent_name_says_what_to_use_instead():
    rows = [line for line in page().split("\n") if line.startswith("| `") and line.endswith("|  |")]
    assert rows == []


@pytest.mark.parametrize(("package", "name"), [(r, n) for r in MISSING_NAMES for n in MISSING_NAMES[r]])
def test_absent_names_raise_with_advice(package, name):
    owner = chainrule if package == "chainrule" else getattr(chainrule, package)
    with pytest.raises(HabitError, match="To mend it") as raised:
        getattr(owner, name)
    assert MISSING_NAMES[package][name] in str(raised.value)


def test_differences_are_seen():
    def ours(a, b=2, *, c=None):
        pass

    assert difference(ours, [["a", None], ["b", "2"], ["c", "None"]]) == ""
    assert difference(ours, [["b", "2"], ["a", None]]) == "another order of arguments"
    assert difference(ours, [["a", None], ["b", "3"]]) == "`b=2`, not `3`"
    assert difference(ours, [["a", None], ["d", "0"]]) == "no `d`"
    assert same_default((1, 1), "1") is False
    assert same_default(1, "(1, 1)")
    assert arguments(ours) == [("a", None), ("b", 2), ("c", None)]
    assert state("keras.layers", "LSTM", [])[0] == "absent"
    assert state("keras.layers", "Nonesuch", [])[0] == "absent"
