"""Experiments: a grid of systems over datasets, computed once, told in one report."""
