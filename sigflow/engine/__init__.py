"""The native engine: the scan over arrays, compiled by Numba.  Importing it imports neither NumPy nor Numba."""
