"""A small file cannot make reading it take much memory: sizes in it are refused, by name, before anything is made."""

import io
import json
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers, metrics, ops, utils
from chainrule.core import memory
from chainrule.errors import ChainruleError, MemoryProblem, ShapeError, ValueProblem
from chainrule.layers import Dense, Input
from chainrule.models import Model, Sequential
from chainrule.saving import load_model, save_model


def members_of(model):
    file = io.BytesIO()
    save_model(model, file)
    with zipfile.ZipFile(file) as z:
        return {name: z.read(name) for name in z.namelist()}


def packed(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        for name, data in members.items():
            z.writestr(name, data)
    return file.getvalue()


def walk(x):
    for key, value in x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ():
        yield x, key
        yield from walk(value)


def with_numbers(model, numbers, member="structure.json"):
    """Every file in which one number, list or null of the description is another one."""
    members = members_of(model)
    for i in range(len(list(walk(json.loads(members[member]))))):
        for number in numbers:
            description = json.loads(members[member])
            holder, key = list(walk(description))[i]
            if not isinstance(holder[key], dict | str | bool):
                holder[key] = number
                yield packed({**members, member: json.dumps(description).encode()})


def on(shape, function, batch=None, dtype=None):
    x = Input(shape, batch_size=batch, dtype=dtype)
    return Model(x, function(x))


IMAGE, ROW = (6, 5, 3), (6,)
DESCRIBED = {
    "RepeatVector": lambda: on(ROW, layers.RepeatVector(3)),
    "UpSampling2D": lambda: on(IMAGE, layers.UpSampling2D(2, interpolation="bilinear")),
    "nearest": lambda: on(IMAGE, layers.UpSampling2D(2)),
    "AveragePooling2D": lambda: on(IMAGE, layers.AveragePooling2D(2, padding="same")),
    "MaxPooling1D": lambda: on((6, 3), layers.MaxPooling1D(2)),
    "GlobalMaxPooling1D": lambda: on((6, 3), layers.GlobalMaxPooling1D()),
    "Embedding": lambda: on((6,), layers.Embedding(7, 4), dtype="int32"),
    "CategoryEncoding": lambda: on((3,), layers.CategoryEncoding(4, output_mode="multi_hot"), dtype="int32"),
    "Normalization": lambda: on((3,), layers.Normalization(mean=0.0, variance=1.0)),
    "Resizing": lambda: on(IMAGE, layers.Resizing(3, 4)),
    "repeat": lambda: on(ROW, lambda x: ops.repeat(x, 3, axis=1), 2),
    "tile": lambda: on(ROW, lambda x: ops.tile(x, (1, 3)), 2),
    "one_hot": lambda: on(ROW, lambda x: ops.one_hot(x, 4), dtype="int32"),
    "pad": lambda: on(ROW, lambda x: ops.pad(x, ((0, 0), (1, 1)), constant_values=2.0)),
    "reflected": lambda: on(ROW, lambda x: ops.pad(x, ((0, 0), (1, 1)), mode="reflect"), 2),
    "roll": lambda: on(ROW, lambda x: ops.roll(x, 2, axis=1), 2),
    "tril": lambda: on((3, 3), lambda x: ops.tril(x, 1)),
    "bicubic": lambda: on(IMAGE, lambda x: ops.image.resize(x, (3, 4), interpolation="bicubic")),
    "patches": lambda: on(IMAGE, lambda x: ops.image.extract_patches(x, 2)),
    "bordered": lambda: on(IMAGE, lambda x: ops.image.pad_images(x, 1, 1, 1, 1)),
    "blurred": lambda: on(IMAGE, lambda x: ops.image.gaussian_blur(x, (3, 3), (1.0, 1.0))),
    "sequences": lambda: on(ROW, lambda x: ops.extract_sequences(x, 3, 1)),
    "adaptive": lambda: on(IMAGE, lambda x: ops.adaptive_average_pool(x, 3)),
    "unfold": lambda: on((3, 6, 5), lambda x: ops.unfold(x, 2)),
    "fold": lambda: on((4, 2), lambda x: ops.fold(x, (2, 3), 2)),
    "slice": lambda: on(ROW, lambda x: x[:, 1:3]),
    "histogram": lambda: on(ROW, lambda x: ops.histogram(x, 3)[0], 2),
}
COMPILED = {
    "AUC": lambda: metrics.AUC(num_thresholds=7),
    "columns": lambda: metrics.AUC(num_thresholds=7, multi_label=True, num_labels=3),
    "PrecisionAtRecall": lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=7),
    "MeanIoU": lambda: metrics.MeanIoU(num_classes=3),
    "TopKCategoricalAccuracy": lambda: metrics.TopKCategoricalAccuracy(2),
}


def compiled(metric):
    model = Sequential([Input((3,)), Dense(3)])
    model.compile("adam", "mse", metrics=[metric])
    return model


CHILD = """
import io, resource, struct, sys
from chainrule.errors import ChainruleError
from chainrule.saving import load_model
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 2**30,) * 2)  # the system's refusal would be a MemoryError of its own
read = sys.stdin.buffer.read
while header := read(8):
    try:
        load_model(io.BytesIO(read(*struct.unpack("<Q", header))))
    except ChainruleError as error:
        assert "Unable to allocate" not in str(error), error
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a process's memory is read from /proc")
def test_any_number_anywhere_in_a_description_stays_within_a_gigabyte():
    """No number in a file makes its reading ask the system for more than it may have, whether it loads or not."""
    files = [f for make in DESCRIBED.values() for f in with_numbers(make(), (10**9, 30_000, [30_000, 30_000]))]
    for make in COMPILED.values():
        files += with_numbers(compiled(make()), (10**9, 3 * 10**7), "compile.json")
    stream = b"".join(struct.pack("<Q", len(f)) + f for f in files)
    run = subprocess.run([sys.executable, "-c", CHILD], input=stream, capture_output=True, check=False)
    assert (run.returncode, run.stderr.decode()) == (0, "")


def changed(model, change, member="structure.json"):
    members = members_of(model)
    description = json.loads(members[member])
    change(description)
    return io.BytesIO(packed({**members, member: json.dumps(description).encode()}))


def test_the_error_names_the_layer_the_bytes_and_the_limit():
    def repeated(description):
        description["model"]["config"]["layers"][1]["config"]["n"] = 10**9

    file = changed(Sequential([Input((3,)), layers.RepeatVector(2, name="copies")]), repeated)
    with pytest.raises(MemoryProblem, match=r"4 GB; expected at most 256 MB.*limit=bytes.*'copies'") as caught:
        load_model(file)
    assert isinstance(caught.value, ValueProblem)
    assert isinstance(caught.value, MemoryError)

    def many(description):
        description["metrics"][0]["config"]["num_thresholds"] = 10**9

    with pytest.raises(MemoryProblem, match=r"1000000000 thresholds, 40 GB"):
        load_model(changed(compiled(metrics.AUC(7)), many, "compile.json"))


def test_a_limit_of_the_callers_own():
    model = Sequential([Input((1000,)), Dense(1000), layers.Softmax()])
    members = members_of(model)
    for limit, fits in ((10**5, False), (10**7, True)):
        if fits:
            load_model(io.BytesIO(packed(members)), limit=limit)
        else:
            with pytest.raises(MemoryProblem, match="at most 100 kB"):
                load_model(io.BytesIO(packed(members)), limit=limit)
    for wrong in (0, -1, 2.5, "much"):
        with pytest.raises(ValueProblem, match="limit="):
            load_model(io.BytesIO(packed(members)), limit=wrong)
    memory.require(10**7, "the limit holds only while a file is read")


def test_large_models_load_within_the_default():
    model = Sequential([Input((3000,)), Dense(3000), layers.RepeatVector(1000)])  # 36 MB of weights
    model.compile("adam", "mse", metrics=[metrics.AUC(num_thresholds=10_000)])
    x = np.ones((2, 3000), "float32")
    again = load_model(io.BytesIO(packed(members_of(model))))
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_weights_are_counted_together():

    with memory.memory_limit(1000, "ask for more"):
        layer = layers.Layer(name="counted")
        for _ in range(2):
            layer.add_weight((100,), "zeros", name="w")
        with pytest.raises(MemoryProblem, match=r"'w' of .*, 400 bytes.* 200 bytes are left.*counted"):
            layer.add_weight((100,), "zeros", name="w")


@pytest.mark.parametrize("many", [b"[],", b"{},", b"0,", b'"",', b'{"a":1},', b"[[[[1]]]],"])
def test_brackets_are_refused_before_they_are_parsed(many, monkeypatch):
    members = members_of(Sequential([Input((2,)), Dense(1)]))
    text = b'{"model":{},"more":[' + many * (20_000_000 // len(many)) + b"0]}"
    monkeypatch.setattr(json, "loads", lambda text, **options: pytest.fail("parsed") if len(text) > 10**6 else {})
    with pytest.raises(ValueProblem, match="metadata"):  # the pretended `loads` gives no metadata either
        load_model(io.BytesIO(packed({**members, "structure.json": text})))
    monkeypatch.undo()
    with pytest.raises(MemoryProblem, match=r"structure\.json of 20,0"):
        load_model(io.BytesIO(packed({**members, "structure.json": text})))


def test_parsed_json_takes_no_more_than_was_asked_for():
    import tracemalloc

    for many in (b"[],", b"{},", b"1.5,", b'"a",', b'{"a":1},', b"[[[[1]]]],", b'{"%d":{}},', b"[1,2,3],", b"null,"):
        text = b"[" + b"".join(many.replace(b"%d", b"%d" % i) for i in range(20_000)) + b"0]"
        asked = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(memory, "require", lambda nbytes, what, asked=asked: asked.append(nbytes))
            memory.require_json(text, "text")
        tracemalloc.start()
        data = json.loads(text)
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(data) == 20_001
        assert taken < asked[0]


def test_a_long_list_of_members_is_not_read():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        for i in range(66_000):  # so many need the records of large files
            z.writestr(zipfile.ZipInfo(f"{i}"), b"")
    with pytest.raises(ValueProblem, match="too many members"):
        load_model(file)
    with pytest.raises(ChainruleError):
        load_model(io.BytesIO(file.getvalue() + b"more"))


@pytest.mark.parametrize("kind", ["layer", "function"])
def test_a_call_on_plain_data_is_not_computed(kind):
    x = Input((3,))
    model = Model(x, layers.Softmax()(ops.tile(layers.Softmax()(x), (1, 2))))

    def plain(description):
        node = next(n for n in description["model"]["config"]["nodes"] if kind in n)
        node["args"] = [[[1.0, 2.0], [3.0, 4.0]]]

    with pytest.raises(ValueProblem, match="constants only"):
        load_model(changed(model, plain))


# ---- giant shapes elsewhere

GIANT = {
    "weights": (lambda: Dense(10**12, name="wide").build((None, 10)), r"'kernel' of shape \(10, 10{12}\), 40 TB.*wide"),
    "an embedding": (lambda: layers.Embedding(10**12, 8, name="words").build((None, 3)), "32 TB.*words"),
    "a call": (lambda: layers.UpSampling1D(10**7, name="up")(np.ones((10**3, 10**3, 1))), "up"),
    "a layer's operation": (lambda: layers.RepeatVector(10**14, name="copies")(np.ones((1, 2))), "400 TB.*copies"),
    "zeros": (lambda: ops.zeros((10**7, 10**7)), "400 TB"),
    "a range": (lambda: ops.arange(10**15), "8 PB"),
    "an outer sum": (lambda: ops.add(np.ones((10**7, 1)), np.ones(10**7)), "add with a result of shape .* 800 TB"),
    "a product": (lambda: ops.matmul(np.ones((10**7, 1)), np.ones((1, 10**7))), "matmul with a result .* 800 TB"),
    "one-hot": (lambda: ops.one_hot([1, 2], 10**15), "a one-hot array of .* 2 PB"),
    "a jacobian": (lambda: cr.jacobian(lambda x: x * 2)(np.ones(10**7)), "a jacobian of shape .* 800 TB"),
    "one-hot vectors": (lambda: utils.to_categorical([0, 1], 10**15), "16 PB"),
    "padded sequences": (lambda: utils.pad_sequences([[1], [2]], maxlen=10**14), "200 TB"),
    "random numbers": (lambda: cr.random.normal((10**7, 10**7)), "400 TB"),
    "a padded image": (lambda: layers.ZeroPadding2D(10**7, name="border")(np.ones((1, 3, 3, 1))), "1.6 PB.*border"),
    "a metric": (lambda: metrics.MeanIoU(num_classes=10**7), "TB"),
}  # fmt: skip


@pytest.mark.parametrize("what", GIANT)
def test_giant_shapes_are_named_with_their_bytes(what):
    make, match = GIANT[what]
    with pytest.raises(MemoryProblem, match=match):
        make()


def test_a_giant_step_on_numpy_names_the_layer():
    model = Sequential([Input((10**6,)), layers.RepeatVector(10**6, name="copies")])
    with pytest.raises(MemoryProblem, match=r"TB.*copies"):
        model(np.ones((10, 10**6), "float32"))


def test_a_giant_program_on_xla_names_its_largest_value():
    pytest.importorskip("jax", reason="XLA is not installed")

    @cr.compile
    def two_of_many(x):
        return ops.take(ops.reshape(ops.broadcast_to(x, (10**6, 10**6)), (-1,)), [0, 1]).sum()

    with pytest.raises(MemoryProblem, match="largest value, of broadcast_to, takes 4 TB"):
        two_of_many(np.ones(10**6, "float32"))


def test_views_of_any_size_take_no_memory():
    assert ops.broadcast_to(1.0, (10**7, 10**7)).shape == (10**7, 10**7)
    assert Input((10**12,)).shape == (None, 10**12)


def test_numbers_of_bytes_in_words():
    cases = {0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 2_500_000: "2.5 MB", 10**18: "1 EB"}
    assert {n: memory.format_bytes(n) for n in cases} == cases
    assert memory.format_bytes(10**400) == "more bytes than any machine has"


def test_unknown_sizes_of_weights_are_still_refused_by_shape():
    with pytest.raises(ShapeError, match="all known"):
        layers.Layer().add_weight((3, None))
