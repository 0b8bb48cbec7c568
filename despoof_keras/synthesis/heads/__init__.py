"""The synthetic subjects: their identity, and the shape and texture of their heads."""
