"""Metrics under Keras's names.

May import: `ops`, `readings`, `losses`, `initializers`, `configurable`; of `layers` the masks alone.
"""

from .metric import Mean, MeanMetricWrapper, Metric, Sum

__all__ = [
    "Mean",
    "MeanMetricWrapper",
    "Metric",
    "Sum",
]
