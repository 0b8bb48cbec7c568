"""One change of the configuration at a time, over seeds and folds, tested on other data too."""
