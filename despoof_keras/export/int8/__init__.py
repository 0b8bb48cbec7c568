"""Static int8: the choice of layers, ranges and rounding."""
