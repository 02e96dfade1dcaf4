"""Loss scales, and several optimizers for one model."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import optimizers
from chainrule.core.errors import GraphError, ShapeError, ValueProblem
from chainrule.serialization.serialize import deserialize, serialize
from optimizer_cases import GRADS, START, STEPS, cells, keras_of, pair, run, same_as_keras


def test_loss_scales():
    w = cr.Variable([1.0, 1.0])
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(0.5), initial_scale=4.0, dynamic_growth_steps=2)
    assert float(optimizer.scale_loss(cr.tensor(3.0))) == 12.0
    seen = []
    for g in ([4.0, 4.0], [np.inf, 0.0], [2.0, 2.0], [2.0, 2.0], [0.0, np.nan], [4.0, 4.0], [4.0, 0.0]):
        optimizer.apply([g], [w])
        seen.append((*w.numpy().tolist(), float(optimizer.dynamic_scale), int(optimizer.step_counter)))
    assert seen == [
        (0.5, 0.5, 4.0, 1),
        (0.5, 0.5, 2.0, 0),  # an overflow halves the scale, and the count begins again
        (0.0, 0.0, 2.0, 1),
        (-0.5, -0.5, 4.0, 0),
        (-0.5, -0.5, 2.0, 0),
        (-1.5, -1.5, 2.0, 1),
        (-2.5, -1.5, 4.0, 0),
    ]
    assert int(optimizer.iterations) == 5
    with pytest.raises(TypeError):
        optimizers.LossScaleOptimizer(optimizers.SGD(), weight_decay=0.1)
    assert (
        optimizers.LossScaleOptimizer(optimizers.SGD(loss_scale_factor=4.0)).inner_optimizer.loss_scale_factor is None
    )


@pytest.mark.heavy
def test_loss_scales_like_keras():
    keras = keras_of()
    w, v = cr.Variable([1.0, 1.0]), keras.Variable([1.0, 1.0])
    mine = optimizers.LossScaleOptimizer(optimizers.Adam(0.5), 4.0, 3)
    theirs = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.5), 4.0, 3)
    theirs.build([v])
    state, value = [x.value for x in theirs.variables], v.value
    for i in range(9):
        g = np.array([np.inf if i in (2, 6) else 1.0 + i, np.nan if i == 7 else -1.0], "float32")
        mine.apply([g], [w])
        (value,), state = theirs.stateless_apply(state, [keras.ops.convert_to_tensor(g)], [value])
        np.testing.assert_allclose(w.numpy(), np.asarray(value), rtol=1e-5, atol=2e-5)
        assert [x.shape for x in mine.variables] == [x.shape for x in state]
        for x, y in zip(mine.variables[2:], state[2:], strict=True):  # the first two are of no use
            np.testing.assert_allclose(x.numpy(), np.asarray(y), rtol=1e-5, err_msg=x.path)


def test_several_optimizers():
    variables, alone = cells(), cells()
    multi = pair(optimizers)
    run(multi, variables)
    singles = [optimizers.SGD(0.1, 0.9), optimizers.Adam(0.1), optimizers.RMSprop(0.1), optimizers.RMSprop(0.1)]
    for i, single in enumerate(singles):
        run(single, alone[i : i + 1], [step[i : i + 1] for step in GRADS])
    for a, b in zip(variables, alone, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert int(multi.iterations) == STEPS
    assert [type(o).__name__ for o in multi.optimizers] == ["Adam", "RMSprop", "SGD"]
    again = deserialize(serialize(multi))
    assert again.get_config() == multi.get_config()
    assert [v.shape for v in multi.variables][:2] == [(), ()]
    store = {}
    multi.save_own_variables(store)
    again.build(cells())
    again.load_own_variables(store)
    assert not hasattr(multi, "learning_rate")
    with pytest.raises(AttributeError):
        multi.learning_rate = 0.1


def test_several_optimizers_without_some_gradients():
    variables = cells()
    chosen = {v.name: optimizers.SGD(1.0, use_ema=True, loss_scale_factor=2.0) for v in variables}
    multi = optimizers.MultiOptimizer(lambda v: chosen[v.name], loss_scale_factor=4.0)
    multi.apply([None, GRADS[0][1], None, None], variables)
    np.testing.assert_allclose(variables[1].numpy(), START[1] - GRADS[0][1] / 4)
    assert (variables[0].numpy() == START[0]).all()
    assert float(multi.scale_loss(cr.tensor(1.0))) == 4.0
    multi.finalize_variable_values(variables[1:2])
    with pytest.raises(GraphError, match="no gradient"):
        multi.apply([None] * 4, variables)
    with pytest.raises(GraphError, match="not built for"):
        multi.apply([1.0], [cr.Variable(1.0)])
    with pytest.raises(ShapeError):
        multi.apply([GRADS[0][0], GRADS[0][0], None, None], variables)


def test_wrong_maps():
    result = optimizers.OptimizerMap(optimizers.SGD(), {"a/.*": optimizers.Adam()})
    result[".*/b"] = optimizers.Lion()
    assert (type(result["a/x"]).__name__, type(result["c/b"]).__name__, type(result["c"]).__name__) == (
        "Adam",
        "Lion",
        "SGD",
    )
    del result["a/.*"]
    assert (len(result), list(result), type(result["a/b"])) == (1, [".*/b"], optimizers.Lion)
    result["a/.*"] = optimizers.Adam()
    result["a/b"] = optimizers.SGD()
    assert type(result["a/b"]) is optimizers.SGD
    for wrong in (
        lambda: result["a/c/b"],
        lambda: result.__setitem__(".*/b", optimizers.SGD()),
        lambda: result.__setitem__(5, optimizers.SGD()),
        lambda: result.__setitem__("(", optimizers.SGD()),
        lambda: result.__setitem__("x", "sgd"),
        lambda: result.__setitem__("x", optimizers.MultiOptimizer(result)),
        lambda: result.__setitem__("x", optimizers.LossScaleOptimizer(optimizers.SGD())),
        lambda: optimizers.OptimizerMap("sgd"),
        lambda: optimizers.OptimizerMap(optimizers.SGD(), [1]),
        lambda: optimizers.MultiOptimizer("sgd"),
        lambda: optimizers.MultiOptimizer(lambda v: None).apply([1.0], [cr.Variable(1.0)]),
    ):
        with pytest.raises(ValueProblem):
            wrong()


@pytest.mark.heavy
def test_several_optimizers_like_keras():
    same_as_keras(keras_of(), pair, steps=4)
