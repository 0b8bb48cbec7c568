"""The layouts of the embedded sets: which clips each has, and where they lie."""
