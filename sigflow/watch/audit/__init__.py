"""What went wrong in a stream, row by row, so that nobody can change one without its being seen.

rows     what events become which rows
chain    the hashes of rows, each over the one before
report   what rows say: totals, and windows of time
"""
