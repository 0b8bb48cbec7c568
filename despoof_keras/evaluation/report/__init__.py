"""The report: one HTML page and one JSON file about one or several systems."""
