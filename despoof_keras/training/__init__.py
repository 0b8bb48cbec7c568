"""From a configuration to a trained model: configuration, fit, a whole run, a search."""
