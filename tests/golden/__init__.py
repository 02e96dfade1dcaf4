"""What the library does, written down as plain text, so that two states of it can be compared to the byte."""
