"""Which families stop getting better with size, although their loss still falls?

After arXiv 2510.21866, where capability is bounded while risk goes on falling. Read there: the
idea that a task has a ceiling. Derived here: the rule (`statistics.ceilings`), which needs a slope
of the score that is equivalent to 0 and a loss that falls, the flag for families at chance, and how
often the rule is right for the sizes, level and number of items at hand.

Every protocol of a benchmark is a line of its own: scores by several protocols are never put on one
line. p values are those of single lines, not corrected for their number.

`lines` makes a line of every family, benchmark and protocol; `tables` has its contracts.
"""
