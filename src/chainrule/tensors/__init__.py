"""The user's handle on a node of the graph, the variable, and nested structures of both."""
