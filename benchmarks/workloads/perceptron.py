"""W1: one linear unit on as many rows as Boston's training set, plain SGD, many epochs."""

from contestants import NETS

from .net import SGD, Dense, Training

WORKS = (
    Training(
        key="W1",
        name="perceptron",
        title="perceptron 404×13, batch 32, SGD, many epochs",
        net=(Dense(1),),
        shape=(13,),
        rows=404,
        batch=32,
        loss="mse",
        optimizer=SGD(0.01),
        shuffle=True,
        bar=0.1,
        contestants=(*NETS, "NumPy by hand", "scikit-learn"),
    ),
)
