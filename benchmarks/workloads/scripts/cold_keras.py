"""The script in Keras, as a user would write it."""

import sys

import keras
import numpy as np

table = np.load(sys.argv[1])
x, y = table[:, :-1], table[:, -1:]
model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="zeros")])
model.compile(keras.optimizers.SGD(0.01), "mse")
model.fit(x, y, batch_size=32, epochs=100, shuffle=False, verbose=0)
print(float(np.mean((model.predict(x, verbose=0) - y) ** 2)))
