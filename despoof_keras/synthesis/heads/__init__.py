"""The synthetic people: identity, shape, texture, and the head they make."""
