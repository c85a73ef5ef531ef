"""How often each value occurs in a tensor, exactly: all that complexity needs of the weights.

`value_counts` is the statistic and what can be asked of it, `counting` makes it from tensors (on
the CPU, or with `counting_torch` where the weights are), by way of `tallies`, and `saved` keeps
that of a measured model.
"""
