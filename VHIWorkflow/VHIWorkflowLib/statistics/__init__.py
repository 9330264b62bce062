"""Agreement, change and their uncertainty: numbers in, results with confidence intervals out (numpy and scipy)."""
