"""How often each value occurs in a tensor, exactly: all that complexity needs of the weights.

`formats` says how the bits of a number type are laid out. `key_counts` is what is stored: how often
each bit pattern occurs; `value_counts` is what is asked: the same counts over real numbers.
`counting` makes them from tensors (on the CPU with the loops of `kernels`, or with `counting_torch`
where the weights are), by way of `tallies`, and `saved` keeps those of a measured model.
"""
