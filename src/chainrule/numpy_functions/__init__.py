"""NumPy's functions on tensors: what ``np.sort(t, axis=None)`` and ``np.add.reduce(t)`` do (``__array_function__``).

A call is bound by NumPy's own signature of the function, so that its arguments mean what NumPy's documentation says,
and is then carried out by operations of `ops`, which keep the graph. `table` says which, for each function; `binding`
makes the call. What has no form is refused by an error that names the way out. ``docs/numpy.md`` lists that.

>>> import numpy as np, chainrule as cr
>>> np.sort(cr.tensor([[3.0, 1.0], [2.0, 4.0]]), axis=None)
tensor([1., 2., 3., 4.])
"""

from .binding import call_function
from .ufuncs import call_ufunc

__all__ = ["call_function", "call_ufunc"]
