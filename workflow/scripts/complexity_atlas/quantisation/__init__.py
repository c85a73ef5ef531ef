"""Weights rounded to the codes of a quantised type: the codes, and their complexity."""
