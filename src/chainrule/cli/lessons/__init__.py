"""Commands that are lessons, each with its own model."""
