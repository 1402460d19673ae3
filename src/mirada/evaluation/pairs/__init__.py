"""Benchmarks of single pictures and statements: is the true caption told from a false one?"""
