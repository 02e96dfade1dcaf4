"""Calls of functions that move entries or select them by their indices, for the tests of unknown sizes."""

from symbolic_cases import WHOLE, Cases, X

CASES = Cases("ops")
add = CASES.add

# ---- movements

for shape in ((-1, 4), (2, -1), (-1,), (4, 3, 2), (2, 3, 2, 2)):
    add("reshape", X("b t c"), shape)
add("reshape", X("b t 8"), (-1, 4))
add("ravel", X("b t c"))
add("transpose", X("b t c"))
add("transpose", X("b t c"), (0, 2, 1))
add("transpose", X("b t c"), (-1, 0, 1))
add("swapaxes", X("b t c"), 0, -1)
add("moveaxis", X("b t c"), 0, -1)
add("moveaxis", X("b t c"), (0, 1), (-1, 0))
add("expand_dims", X("b t"), 1)
add("expand_dims", X("b t"), -1)
add("expand_dims", X("b t"), (0, 2))
add("squeeze", X("b 1 t"), 1)
add("squeeze", X("b 1 1"), (-1, 1))
add("squeeze", X("b 1 t"))
add("flip", X("b t c"))
add("flip", X("b t c"), 1)
add("flip", X("b t c"), (0, -1))
add("fliplr", X("b t c"))
add("flipud", X("b t c"))
add("roll", X("b t"), 1)
add("roll", X("b t c"), -2, 1)
add("roll", X("b t c"), (1, 2), (0, 2))
add("rot90", X("b t c"))
add("rot90", X("b t c"), 2, (1, 2))
add("rot90", X("b t c"), 3, (0, 2))
add("rearrange", X("b t c"), "b t c -> b c t")
add("rearrange", X("b t c"), "b t c -> (b t) c")
add("rearrange", X("b t 6"), "b t (h d) -> b h t d", h=2)
add("rearrange", X("6 t"), "(b two) t -> b t two", two=2)
add("concatenate", [X("b t"), X("b d")], 1)
add("concatenate", [X("b t c"), X("b t c")])
add("concatenate", [X("b t c"), X("b d c"), X("b 1 c")], axis=-2)
add("append", X("b t"), X("c"))
add("append", X("b t"), X("b d"), 1)
for axis in (0, 1, -1):
    add("stack", [X("b t"), X("b t"), X("b t")], axis)
add("hstack", [X("b t"), X("b d")])
add("hstack", [X("t"), X("d")])
add("vstack", [X("b t"), X("d t")])
add("vstack", [X("t"), X("t")])
add("dstack", [X("b t c"), X("b t d")])
add("dstack", [X("b t"), X("b t")])
add("split", X("b 6 c"), 3, 1)
add("split", X("4 t"), 2)
add("split", X("b 6"), [1, 4], 1, vague=True)  # the first part of an axis that may be empty
add("split", X("6 b"), [2, 5])
add("array_split", X("b 5"), 2, 1)
add("array_split", X("5 b"), 3)
add("hsplit", X("b 6 c"), 2)
add("hsplit", X("b 6"), [2, 3])
add("vsplit", X("6 b"), 3)
add("dsplit", X("b t 4"), 2)
add("unstack", X("b 3 c"), axis=1)
add("unstack", X("3 b"))
add("unstack", X("b t 3"), 3, -1)
add("broadcast_to", X("b 1 c"), (2, 3, 4))
add("broadcast_to", X("c"), (2, 3, 4))
add("repeat", X("b t"), 2)
add("repeat", X("b t"), 2, 0)
add("repeat", X("b t c"), 3, axis=1)
add("repeat", X("b t"), [1, 2, 0], 1)
add("tile", X("b t"), 2)
add("tile", X("b t"), (2, 3))
add("tile", X("b t"), (2, 1, 3))
add("tile", X("b t c"), (1, 2))
add("meshgrid", X("t"), X("c"))
add("meshgrid", X("t"), X("c"), X("d"), indexing="ij")
add("pad", X("b t"), 1)
add("pad", X("b t"), ((1, 2), (0, 3)))
add("pad", X("b t c"), ((0, 0), (2, 1), (0, 0)), constant_values=2.0)
add("pad", X("b 3 4"), ((0, 0), (1, 2), (1, 0)), mode="reflect")
add("pad", X("b 3 4"), ((0, 0), (1, 2), (1, 0)), mode="symmetric")
add("extract_sequences", X("b k"), 4, 2)
add("extract_sequences", X("b k"), 3, 1)

# ---- entries by their indices

add("take", X("b t"), [0, 0], 1)
add("take", X("b t c"), WHOLE("d e", below=1), 1)
add("take", X("b t"), WHOLE("d", below=1))
add("take", X("t c"), WHOLE("b d", below=1), axis=0)
add("gather", X("b t"), WHOLE("d", below=1), 1)
add("gather", X("b t"), WHOLE("d e", below=1))
add("take_along_axis", X("b t"), WHOLE("b d", below=1), 1)
add("take_along_axis", X("b t c"), WHOLE("b t 1", below=1), axis=-1)
add("take_along_axis", X("b t"), WHOLE("d", below=1))
for key in (
    (slice(None), 0),
    (Ellipsis, slice(1, None)),
    (slice(None), slice(None, None, -1)),
    (slice(None), slice(None, -1), 0),
    (slice(None), None, slice(0, 1)),
    (slice(None, None, 2),),
    (slice(None), slice(-2, None)),
    (slice(None), slice(1, 10, 3)),
    -1,
):
    trials = dict.fromkeys("bt", (0, 1, 3, 5, 7))  # a slice is shorter on an axis that is shorter
    add("get_item", X("b t c"), key, trials=trials)
    add("get_item", X("b t c"), key, trials=trials, call=lambda f, x, key: x[key])
add("slice", X("b t c"), (0, 0, 1), (1, 1, 2))
add("slice", X("b 5"), WHOLE("2", below=1), (1, 2))
add("slice_update", X("b 5"), (0, 1), X("1 2"))
add("scatter", WHOLE("d 1", below=3), X("d"), (6,))
add("scatter", WHOLE("d 2", below=2), X("d t"), (2, 2, 3), needs="0:1 t")
add("scatter_update", X("3 c"), WHOLE("d 1", below=1), X("d c"))
add("scatter_update", X("3 c"), WHOLE("d 2", below=1), X("d"))
add("scatter_update", X("3 c"), WHOLE("d 1", below=1), X("d c"), "add")
add("scatter_add", X("3 c"), WHOLE("d 1", below=1), X("d c"))
add("one_hot", WHOLE("b t"), 5)
add("one_hot", WHOLE("b t"), 5, axis=1)
add("one_hot", WHOLE("b"), 5, axis=0, dtype="int32")
add("multi_hot", WHOLE("b t"), 5)
add("multi_hot", WHOLE("b t c"), 5, axis=1)
add("multi_hot", WHOLE("t"), 5)
for k in (0, 1, -1):
    add("tril", X("b t c"), k)
    add("triu", X("b t c"), k)
    add("diag", X("t"), k)
    add("diag", X("t c"), k)
    add("diagflat", X("b t"), k)
    add("diagonal", X("t c"), k)
    add("trace", X("t c"), k)
add("diagonal", X("b t c"), 0, 1, 2)
add("diagonal", X("b t c"), 1, 0, -1)
add("trace", X("b t c"), 0, 1, 2)
for name in "segment_sum segment_max segment_min segment_prod".split():
    add(name, X("t c"), WHOLE("t"), 4)
    add(name, X("t"), WHOLE("t"), 4)
add("unravel_index", WHOLE("b t", below=6), (2, 3))
