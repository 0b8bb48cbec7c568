"""A trained model as SavedModel or TFLite: converted, quantised, compared, reported."""
