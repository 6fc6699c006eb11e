"""Statistics shared by comparison, calibration, search, sensitivity and report.

Pure functions of NumPy arrays: intervals, paired differences, rank correlation, risk
measures, and Pareto sets. They know no market and no policy.
"""
