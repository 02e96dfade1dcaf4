"""Real data that comes with the library.

May import: `errors`, NumPy. Each data set is a module with `load`, which says where its figures come from.
"""
