"""Measures ChatterLink and its peers in turn, and writes docs/performance.md. Run by `make bench`."""
