"""Writing Python, whatever it computes: names, literals, docstrings, line breaks, and what is cut out of real modules.

Knows neither torch nor numpy, and no graph. What is written parses and means what it should for any text in a spec.
"""
