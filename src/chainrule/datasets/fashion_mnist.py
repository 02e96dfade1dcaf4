"""Fashion-MNIST: 70,000 images of articles of clothing, 28 by 28, in MNIST's layout.

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", arXiv:1708.07747 (2017); Zalando SE. Licence: MIT. Checksums: `DATASET.sha256s`, of the four files
unpacked. Debian's package ``dataset-fashion-mnist`` has all of it.
"""

from __future__ import annotations

from .files import Dataset, Remote, Split, find
from .mnist import read_parts

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
DATASET = Dataset(
    "fashion_mnist",
    "70,000 images of clothing in 10 classes, grey",
    "x (60000, 28, 28) and (10000, 28, 28) uint8, 0 to 255; y (60000,) and (10000,) uint8, 0 to 9",
    "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv:1708.07747 (2017), Zalando SE",
    "MIT",
    {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
)
BASE = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"
REMOTES = (
    Remote(BASE + "train-images-idx3-ubyte.gz", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    Remote(BASE + "train-labels-idx1-ubyte.gz", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    Remote(BASE + "t10k-images-idx3-ubyte.gz", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    Remote(BASE + "t10k-labels-idx1-ubyte.gz", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
)


def load_data() -> Split:
    """Load the images as ``keras.datasets.fashion_mnist.load_data`` does.

    They are looked for in the folders of `chainrule.datasets.files`, as the four IDX files, plain or .gz.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: x of shape (60000, 28, 28) and (10000, 28, 28), uint8, 0 to 255; y of
        shape (60000,) and (10000,), uint8, an index into `CLASSES`.

    Raises:
        ValueProblem: when the data is found nowhere, with all the places searched.

    >>> CLASSES[7], DATASET.licence
    ('Sneaker', 'MIT')
    """
    mend = "on Debian and Ubuntu: apt install dataset-fashion-mnist"
    return find(DATASET, lambda path: read_parts(path, DATASET), remotes=REMOTES, mend=mend)
