"""From scores to error rates, tables and figures."""
