"""Any model file to spoof scores: the parts of `despoof score`."""
