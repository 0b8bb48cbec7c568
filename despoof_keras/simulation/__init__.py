"""Printers, displays, light and cameras: what makes a face an attack, and a picture of either."""

# Kinds of media.
PRINT, REPLAY = KINDS = ("print", "replay")
