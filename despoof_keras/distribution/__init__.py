"""Training on several devices and machines, compilation with XLA, repeatability."""
