"""What things cost, measured side by side in one run: ``make bench``.

Nothing here asserts a time. The figures are medians and ratios: the machine's own speed drifts, a ratio does not.
"""
