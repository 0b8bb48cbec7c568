"""`despoof calibrate`: a threshold for somebody's own cameras, in a new model file."""
