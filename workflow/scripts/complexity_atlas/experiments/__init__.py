"""Experiments beside the main path: each makes its own population, and stands alone."""
