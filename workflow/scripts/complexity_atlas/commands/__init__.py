"""The command line, one module per group of commands; each adds its parsers and stays thin."""

RESULTS = "folder of the study's results, results if not given"
"""Help of every `--results`."""
