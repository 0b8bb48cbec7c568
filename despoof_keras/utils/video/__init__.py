"""A video file to its frames, as a player shows them."""
