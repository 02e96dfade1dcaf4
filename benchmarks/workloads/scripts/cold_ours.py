"""The script in chainrule, as a user would write it."""

import sys

import numpy as np

import chainrule as cr

table = np.load(sys.argv[1])
x, y = table[:, :-1], table[:, -1:]
model = cr.Sequential([cr.layers.Dense(1, kernel_initializer="zeros")])
model.compile(cr.optimizers.SGD(0.01), "mse", engine=sys.argv[2] if len(sys.argv) > 2 else None)
model.fit(x, y, batch_size=32, epochs=100, shuffle=False, verbose=0)
print(float(np.mean((model.predict(x, verbose=0) - y) ** 2)))
