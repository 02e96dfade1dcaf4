"""Objects known by name and configuration: a closed registry, and objects as plain data and back."""
