"""The scene before the camera: light, background, motion, and the head rendered in it."""
