"""Lessons in the command line, with models of their own."""
