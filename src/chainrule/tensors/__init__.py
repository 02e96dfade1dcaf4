"""Tensors, the user's handles on nodes of the graph; variables; and nested structures of both."""
