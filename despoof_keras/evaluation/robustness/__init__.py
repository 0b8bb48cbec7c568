"""How the score moves when the picture or the face box changes."""
