"""A picture file to an array: 8-bit RGB, upright."""
