"""Published benchmark scores: read from their sources, checked, and joined into one table."""
