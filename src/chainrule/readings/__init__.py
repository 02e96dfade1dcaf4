"""Readings: one verb a file, each a loop over the graph that looks into the operations' records.

May import: `graph`, `tensor`, `ops`, `errors`, and another reading's output, never its internals.
"""
