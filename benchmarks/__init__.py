"""Timings. `python -m benchmarks [NAME ...]` runs every bench_*.py here, or the named ones.

A benchmark is a module with a function `run()` that returns rows (mappings, in the order in which they are printed). A
row may carry `within`: False says that a bound is not kept, and the command exits 1. Where a peer exists, the row
holds the ratio to it from the same run: seconds alone say more about the machine than about the code.
"""
