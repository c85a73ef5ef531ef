"""How many features can a network compute that has fewer neurons than features?

After Adler and Shavit, "On the Complexity of Neural Computation in Superposition" (arXiv
2409.15318). Read there: computing m' features takes Ω(m' log m') parameters and Ω(√(m' log m'))
neurons, and pairwise ANDs can be had with O(√m' log m') neurons. Derived here: the constants of the
counting argument (`bound`), and a construction from the lines of an affine plane that can be
checked input by input (`construction`, `verify`).
"""
