"""Stores: the crops of a whole data set, prepared once, on one machine or many."""
