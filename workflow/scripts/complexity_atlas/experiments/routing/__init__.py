"""Routing by task complexity: send a task to the least capable model that solves it.

After arXiv 2312.11511 (ComplexityNet), in which a classifier reads a task and names the model that
it needs. Read there: the five-trial label with its five classes, which model each class goes to,
and 27 of 34 tasks classified rightly. Derived here: labels for other numbers of trials, "none" as a
class of its own, splits by problem instead of by row, intervals, and every comparison with what
needs no router: the majority class, the best single model, models mixed at random, the oracle.

`ladder` lays items, models and trials out as one array; `labels` names the model that an item
needs; `classifier` predicts that from its text; `curves` measures cost against quality; `evaluate`
puts it all to the test; `repeated` says what labelling by several trials buys.
"""
