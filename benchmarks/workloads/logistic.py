"""W2: logistic regression by full-batch gradient descent; limited by memory, as X has 400 MB."""

from contestants import NETS

from .net import SGD, Dense, Training

WORKS = (
    Training(
        key="W2",
        name="logistic",
        title="logistic regression, full batch, 100,000 × 1,000",
        net=(Dense(1),),
        shape=(1000,),
        rows=100_000,
        batch=100_000,
        loss="logistic",
        optimizer=SGD(0.1),
        bar=0.75,
        contestants=(*NETS, "NumPy by hand", "scikit-learn"),
    ),
)
