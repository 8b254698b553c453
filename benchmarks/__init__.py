"""Measurements: ratios side by side in one run. Never run as timed tests; ``make bench`` prints a table."""
