"""The statistical complexity of neural-network weights, and what it says about capability.

Everything here works on plain arguments, arrays and frames, and knows nothing of Snakemake.
"""

__version__ = "0.1.0"

METHOD_VERSION = "1"
"""Version of what a measured model's files hold.

It is a parameter of the measuring rule: raising it measures every model again. A test with known
values fails when the numbers change and this does not.
"""
