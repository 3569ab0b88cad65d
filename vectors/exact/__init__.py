"""The right answers, by exact arithmetic and as the papers define them.

Nothing here is fast, and nothing of anon_dagster is used. A bound is the decimal number that is
written: 0.1 is one tenth. Shares are fractions; entropies and logarithms are compared by whole
powers, or enclosed between two fractions until the answer is certain.
"""
