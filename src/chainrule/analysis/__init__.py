"""Numbers about a graph: gradients checked, prices, explanations."""
