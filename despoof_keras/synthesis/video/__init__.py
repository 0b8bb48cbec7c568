"""Writing videos."""
