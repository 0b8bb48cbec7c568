"""The media that attacks present (prints and displays) and the cameras that record them."""
