"""The default rules, and what numpy calls those that it has too."""

from complexity_atlas.complexity.binning import DEFAULT_RULES

RULES = {rule.name: rule for rule in DEFAULT_RULES}
NUMPY_BINS = {
    "proposal": 100,
    "fixed1000": 1000,
    "rice": "rice",
    "freedman_diaconis": "fd",
    "scott": "scott",
    "sturges": "sturges",
    "doane": "doane",
}
