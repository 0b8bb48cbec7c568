"""Static int8: which layers, which ranges, which rounding."""
