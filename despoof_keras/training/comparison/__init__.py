"""Baselines and ablations beside DSNet, on the same crops and protocols."""
