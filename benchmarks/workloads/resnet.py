"""W6: the residual network of 20 layers for CIFAR-10 (He et al., arXiv:1512.03385, 4.2), `applications.ResNet20`."""

from contestants import NETS

from .net import SGD, Conv, Dense, Mean, Norm, Relu, Residual, Training


def block(filters: int, stride: int) -> tuple[Residual, Relu]:
    """Return a residual block of two convolutions."""
    first = Conv(filters, 3, stride, bias=False)
    return Residual((first, Norm(), Relu(), Conv(filters, 3, bias=False), Norm()), stride, filters), Relu()


def blocks() -> tuple[Residual | Relu, ...]:
    """Return the nine blocks, in three stages."""
    sizes = [(16 * 2**stage, 2 if stage and not n else 1) for stage in range(3) for n in range(3)]
    return tuple(layer for size in sizes for layer in block(*size))


NET = (Conv(16, 3, bias=False), Norm(), Relu(), *blocks(), Mean(), Dense(10))

WORKS = (
    Training(
        key="W6",
        name="resnet",
        title="ResNet-20 on 32×32×3, batch 128, SGD with momentum",
        net=NET,
        shape=(32, 32, 3),
        rows=128 * 2,
        batch=128,
        loss="classes",
        optimizer=SGD(0.01, momentum=0.9),
        bar=0.7,
        floor=True,
        contestants=NETS,
    ),
)
