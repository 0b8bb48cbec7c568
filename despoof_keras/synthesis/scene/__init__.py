"""Where a head is seen: light, background, motion, and the picture of it."""
