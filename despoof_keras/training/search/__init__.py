"""The search for settings with keras-tuner: its space, its run, its report, its workers."""
