"""Numbers about a model: values, cost, summary, lint, descent, recordings; and about single operations."""
