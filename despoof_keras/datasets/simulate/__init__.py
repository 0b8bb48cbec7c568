"""Simulated attacks as files: whole pictures and clips, for whoever trains elsewhere."""
