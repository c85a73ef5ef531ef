"""The command line, one module per group of commands; each adds its parsers and stays thin."""
