"""All that knows of several devices: strategies, machines, XLA, repeatability."""
