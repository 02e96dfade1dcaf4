"""W5: an Inception block (Szegedy et al., arXiv:1409.4842, block 3a); W5n: the same without the 1×1 bottlenecks."""

from contestants import NETS

from .net import SGD, Conv, Dense, Join, Mean, Pool, Training


def block(bottlenecks: bool) -> Join:
    """Return the Inception block 3a, with or without 1×1 convolutions before the larger ones."""

    def bottleneck(filters: int) -> tuple[Conv, ...]:
        return (Conv(filters, 1, relu=True),) if bottlenecks else ()

    return Join(
        (
            (Conv(64, 1, relu=True),),
            (*bottleneck(96), Conv(128, 3, relu=True)),
            (*bottleneck(16), Conv(32, 5, relu=True)),
            (Pool(3, 1), Conv(32, 1, relu=True)),
        )
    )


def work(key: str, name: str, bottlenecks: bool, bar: float) -> Training:
    """Return the workload of one of the two blocks."""
    return Training(
        key=key,
        name=name,
        title=f"Inception block on 28×28×192, {'with' if bottlenecks else 'without'} 1×1 bottlenecks, batch 32",
        net=(block(bottlenecks), Mean(), Dense(10)),
        shape=(28, 28, 192),
        rows=32 * 4,
        batch=32,
        loss="classes",
        optimizer=SGD(0.01),
        bar=bar,
        floor=True,
        contestants=NETS,
    )


WORKS = (work("W5", "inception", True, 0.7), work("W5n", "inception-naive", False, 0.75))
