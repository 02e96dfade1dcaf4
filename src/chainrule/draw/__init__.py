"""Pictures as SVG text, with no library and no script. What is shown comes from elsewhere; here it is drawn.

May import: `errors`, NumPy.
"""
