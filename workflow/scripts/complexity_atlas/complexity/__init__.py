"""From the value counts of a model to its statistical complexity.

`binning` chooses bins, `measures` are pure functions of a histogram, `nulls` say what noise of the
same size has, `outcomes` is one set of counts under every binning, `scopes` are the parts of a
network, and `complexities` makes the tables of a study. `count_error` is what counting by keys
costs in complexity.
"""
