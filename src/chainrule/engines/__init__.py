"""What runs graphs: the protocol of an engine, NumPy, XLA, and compiled functions."""
