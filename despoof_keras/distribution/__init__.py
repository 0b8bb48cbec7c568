"""Training on several devices and machines, compilation with XLA, repeatability."""

# Names of the strategies that `strategy.distribute` makes; here, because scripts list them before
# TensorFlow is imported.
STRATEGIES = ("auto", "one", "mirrored", "multi-worker")
