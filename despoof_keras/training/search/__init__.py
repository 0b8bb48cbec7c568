"""Searches for settings by keras-tuner: the space, the run, its report, its workers."""
