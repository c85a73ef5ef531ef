"""Singular values of weight matrices, and what follows from them: the rivals of complexity.

`singular_values` takes them, `measures` and `power_law` say what one spectrum tells, `nulls` what
noise of the same shape would, `saved` reads those of a measured model, and `complexities` makes the
tables of a study.
"""
