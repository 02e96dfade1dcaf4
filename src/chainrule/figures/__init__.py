"""Figures: what the readings found, made to be looked at. Each takes data and gives text, HTML, SVG or a table.

May import: the readings, `draw`, and what stands above them. Sentences are in `words`, in each language once.
"""
