"""Figures of results, as text, HTML and SVG. They lay out and draw; the numbers are computed by `analysis` and
`inspection`. Sentences in other languages are in `draw.locale`.
"""
