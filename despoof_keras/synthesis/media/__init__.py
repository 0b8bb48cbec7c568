"""Attack media and cameras: printers, displays, how they are presented, what a camera makes."""
